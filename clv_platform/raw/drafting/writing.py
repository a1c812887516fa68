"""The YAML text of a drafted config: what was guessed, and what people must decide as `# check:` comments.

Keep out: the guesses themselves (`guessing`).
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from clv_platform.contracts.raw_tables import RAW_TABLES
from clv_platform.raw.drafting.guessing import Guess, guess_tables
from clv_platform.raw.drafting.looking import ColumnLook, FileLook, look_at_folder
from clv_platform.raw.drafting.plans import draft_plans
from clv_platform.raw.drafting.slices import draft_slices
from clv_platform.raw.drafting.targets import draft_targets
from clv_platform.raw.drafting.vocabulary import MONTH_COLUMN, PRIVATE, plain
from clv_platform.raw.errors import RawDataError, listed
from clv_platform.raw.reading.relation import Workbench
from clv_platform.settings import load_settings
from clv_platform.warehouse import Connection, open_memory, quote_name

_MAX_LEVELS = 50
_IDS = ("order_id", "line_id", "subscription_id")  # optional, so that no contract makes them a key
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
# A name of a file or column may hold anything; in YAML a line break would end the comment or the query that it stands in.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def draft_config(folder: Path) -> str:
    """Draft a company config for a folder of CSV, Parquet, JSON and Excel files.

    Parameters
    ----------
    folder : Path
        The files lie directly in it; files with the same columns count as one table.

    Returns
    -------
    str
        YAML that loads as it is, with a `# check:` comment at every guess.

    Raises
    ------
    RawDataError
        When the folder holds nothing that can be read, or no file with account ids.
    """
    folder = folder.expanduser()
    folder = folder.resolve() if ".." in folder.parts else folder.absolute()
    with open_memory(load_settings()) as connection, tempfile.TemporaryDirectory(prefix="clv_init_") as work:
        looks, problems = look_at_folder(Workbench(connection, Path(work)), folder)
        guesses, spare = guess_tables(looks)
        if not any(guess.columns.get("account_id") for guess in guesses.values()):
            raise RawDataError(
                f"{folder}: expected a file with account ids (a column such as account_id, customer_id or user_id), found "
                f"{listed([look.paths[0].name for look in looks])}. Rename the column, or write the config by hand from config/demo.yaml."
                + "".join(f"\nNot readable: {problem}" for problem in problems)
            )
        return "\n".join(_CONTROL.sub(" ", line) for line in _lines(connection, folder, guesses, spare, problems)) + "\n"


def _lines(
    connection: Connection, folder: Path, guesses: dict[str, Guess], spare: Sequence[FileLook], problems: Sequence[str]
) -> Iterator[str]:
    name = re.sub(r"\W+", "_", folder.name.lower()).strip("_") or "company"
    name = name if _NAME.match(name) else f"company_{name}"
    yield f"# Drafted by `clv init {folder.name}`. Lines with `check:` are guesses: read them,"
    yield "# then run `clv check --config` with this file."
    yield f"name: {name[:63]}"
    yield f"title: {_text(folder.name)}"
    yield from _currency(guesses)
    yield ""
    yield "sources:"
    for table, guess in guesses.items():
        yield from _source(table, guess)
        yield from _key(connection, guess)
    if "accounts" not in guesses:
        yield "  # check: no file lists the accounts, so they are the account ids of the other files, without attributes."
        origins = [table for table in guesses if "account_id" in RAW_TABLES[table].required]
        yield f"  accounts: {{derive_from: [{', '.join(origins)}]}}"
    for look in spare:
        yield f"  # check: not used: {', '.join(path.name for path in look.paths)} (columns {listed([c.name for c in look.columns], 8)})."
    for problem in problems:
        yield f"  # check: not readable: {problem}"
    yield from draft_plans(connection, guesses)
    yield from _metrics(guesses)
    if "account_snapshots" in guesses:
        yield from _snapshot(guesses["account_snapshots"])
    yield from _unused(guesses)
    yield from draft_slices(guesses)
    yield from draft_targets(connection, guesses)


def _currency(guesses: dict[str, Guess]) -> Iterator[str]:
    orders = guesses.get("orders")
    found = orders.look.column(orders.columns["currency"]).values if orders and "currency" in orders.columns else ()
    if len(found) > 1:
        yield f"currency: {found[0].upper()}  # check: the currency of reports"
        rates = ", ".join(f"{code.upper()}: 1.0" for code in found[1:])
        yield f"exchange_rates: {{{rates}}}  # check: one unit of each in {found[0].upper()}; 1.0 is a placeholder"
    else:
        yield f"currency: {found[0].upper() if found else 'EUR'}" + ("" if found else "  # check: the currency of all amounts")


def _source(table: str, guess: Guess) -> Iterator[str]:
    look = guess.look
    yield f"  # check: {', '.join(path.name for path in look.paths)} looks like {table} ({look.n_rows:,} rows)."
    yield f"  {table}:"
    paths = [str(path) for path in look.paths]
    files = _text(paths[0]) if len(paths) == 1 else f"[{', '.join(map(_text, paths))}]"
    columns = dict(guess.columns)
    if guess.wide or guess.price:
        options = ", decimal: ','" if _has_comma(look) else ""
        yield f"    inputs: {{file: {{files: {files}{options}}}}}"
        yield "    query: >"
        yield from (f"      {line}" for line in (_wide_query(guess) if guess.wide else _price_query(guess)))
        if guess.wide:
            columns |= {"used_at": "used_at", "metric": "metric", "value": "value"}
        else:
            columns["amount"] = "amount"
    else:
        yield f"    files: {files}"
    yield f"    columns: {{{', '.join(f'{name}: {_text(source)}' for name, source in columns.items())}}}"
    if _has_comma(look):
        yield '    decimal: ","'
    if look.missing_marks:
        marks = ", ".join(map(_text, look.missing_marks))
        yield f"    null_values: [{marks}]  # check: texts that stand for no value"
    yield from _date_formats(table, guess)


def _key(connection: Connection, guess: Guess) -> Iterator[str]:
    """Declare the ids of rows as their key where each stands for one row, whole rows that are repeated aside: these are doubles then."""
    ids = [guess.columns[name] for name in _IDS if name in guess.columns]
    if not ids or guess.wide or guess.price:
        return
    listed_ids, rows = ", ".join(map(quote_name, ids)), guess.look.relation.from_sql
    complete = " and ".join(f"nullif(trim(cast({quote_name(name)} as varchar)), '') is not null" for name in ids)
    names = ", ".join(map(quote_name, guess.look.relation.names))
    different = f"count(distinct hash({listed_ids})), count(distinct hash({names}))"
    row = connection.execute(f"select count(*), count(*) filter (where {complete}), {different} from {rows}").fetchone()
    assert row is not None
    n_rows, n_complete, n_ids, n_different = row
    if n_complete == n_rows and n_ids == n_different:
        key = f"[{', '.join(name for name in _IDS if name in guess.columns)}]"
        note = f"  # check: {n_rows - n_different:,} rows are there twice; one of each is kept" if n_different < n_rows else ""
        yield f"    key: {key}{note}"


def _has_comma(look: FileLook) -> bool:
    return any(column.is_decimal_comma for column in look.columns)


def _date_formats(table: str, guess: Guess) -> Iterator[str]:
    dates = {column.name for column in RAW_TABLES[table].columns if column.type == "timestamp"}
    formats = {name: guess.look.column(source).date_formats for name, source in guess.columns.items() if name in dates}
    spelt = {name: found for name, found in formats.items() if found}
    if spelt:
        pairs = ", ".join(f'{name}: "{found[0]}"' for name, found in spelt.items())
        doubt = any(len(found) > 1 for found in spelt.values())
        yield f"    date_format: {{{pairs}}}" + ("  # check: day and month could be the other way round" if doubt else "")


def _wide_query(guess: Guess) -> Iterator[str]:
    account = quote_name(guess.columns["account_id"])
    if guess.has_month_columns:
        metric = _metric_name(guess.look.stem)
        months = [match for name in guess.wide if (match := MONTH_COLUMN.match(plain(name)))]
        readings = [f"('{m[1]}-{m[2]}-01', '{metric}', {quote_name(name)})" for m, name in zip(months, guess.wide, strict=True)]
        when = ""
    else:
        readings = [f"('', '{_metric_name(name)}', {quote_name(name)})" for name in guess.wide]
        when = quote_name(guess.columns["used_at"])
    rows = ", ".join(f"{{'used_at': {reading[0]}, 'metric': {reading[1]}, 'value': {reading[2]}}}" for reading in _parts(readings, when))
    yield "with readings as ("
    yield f"  select {account}, unnest([{rows}], recursive := true) from file"
    yield ")"
    yield "select * from readings where nullif(trim(cast(value as varchar)), '') is not null"


def _parts(readings: Sequence[str], when: str) -> Iterator[tuple[str, str, str]]:
    for reading in readings:
        used_at, metric, value = reading[1:-1].split(", ", 2)
        yield f"cast({when or used_at} as varchar)", metric, f"cast({value} as varchar)"


def _price_query(guess: Guess) -> Iterator[str]:
    assert guess.price is not None
    price, factor = quote_name(guess.price), f" * try_cast({quote_name(guess.quantity)} as double)" if guess.quantity else ""
    yield f"select *, try_cast({price} as double){factor} as amount from file"


def _metric_name(text: str) -> str:
    name = plain(text)[:60]
    return name if _NAME.match(name) else f"m_{name}"


def _metrics(guesses: dict[str, Guess]) -> Iterator[str]:
    guess = guesses.get("usage")
    if guess is None:
        return
    if guess.wide:
        names = [_metric_name(guess.look.stem)] if guess.has_month_columns else [_metric_name(name) for name in guess.wide]
    else:
        names = list(guess.look.column(guess.columns["metric"]).values)
    yield ""
    if not names:
        yield "# check: too many metrics to list; name those that should become features: `name: {label: ..., unit: ...}`."
        return
    yield "# check: labels and units; `aggregate` says how readings of one month are put together (sum, mean or max)."
    yield "usage_metrics:"
    for name in names:
        if _NAME.match(name):
            yield f"  {name}: {{label: {_text(name.replace('_', ' '))}, unit: {_text(name.replace('_', ' '))}}}"
        else:
            yield f"  # check: the metric {name!r} can't be used under this name; rename it in a query."


def _snapshot(guess: Guess) -> Iterator[str]:
    dated = "as_of_date" in guess.columns
    if not dated:
        yield ""
        yield "# check: the flat table has no dates, so splits are random and reports say so."
        yield "snapshots: {is_undated: true}"
    yield ""
    yield "# check: which columns models may use; none of them may hold what happened later than the snapshot."
    yield "snapshot_columns:"
    skipped = {*guess.columns.values(), *((guess.label.name,) if guess.label else ())}
    n_used = 0
    for column in guess.look.columns:
        if column.name in skipped:
            continue
        type_, problem = _snapshot_type(column)
        if problem:
            yield f"  # check: left out: {column.name} ({problem})"
            continue
        n_used += 1
        yield f"  {column.name}: {{type: {type_}}}"
    if not n_used:
        yield "  {}"


def _unused(guesses: dict[str, Guess]) -> Iterator[str]:
    names = [name for name in ("birth_date", "gender") if "accounts" in guesses and name in guesses["accounts"].columns]
    if "account_snapshots" in guesses:
        columns = guesses["account_snapshots"].look.columns
        names += [column.name for column in columns if PRIVATE.search(plain(column.name)) and _NAME.match(column.name)]
    if names:
        yield ""
        yield "# check: never used by models; remove a name to allow it."
        yield f"unused: [{', '.join(dict.fromkeys(names))}]"


def _snapshot_type(column: ColumnLook) -> tuple[str, str]:
    if not _NAME.match(column.name):
        return (
            "",
            f"give it a plain name: map it under `columns` of account_snapshots, such as {_metric_name(column.name)}: {column.name!r}",
        )
    if column.kind == "empty":
        return "", "it is empty"
    if column.n_distinct == 1:
        return "", "it has one value only"
    if column.kind == "date":
        return "", "a date; derive a number of days in a query"
    if column.kind == "text" and column.n_distinct > _MAX_LEVELS:
        return "", f"{column.n_distinct:,} different texts"
    return ("category" if column.kind == "text" else column.kind), ""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
