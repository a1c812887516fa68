"""The load: every raw table of a company from its sources into schema `raw`, in one transaction.

Here: the order of tables, what the data cover, the content hash, the summary.
Keep out: one table's SQL (`tables`), reading (`reading`).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from pathlib import Path

from clv_platform.config import CompanyConfig
from clv_platform.contracts.features import Feature, build_feature_catalogue, possible_features
from clv_platform.contracts.raw_tables import RAW_TABLES
from clv_platform.raw.errors import RawDataError, first_line, listed, suggestion
from clv_platform.raw.reading.origins import read_source
from clv_platform.raw.reading.relation import Workbench
from clv_platform.raw.review_feedback import create_absent_feedback
from clv_platform.raw.summary import RawLoad, TableLoad, write_raw_load
from clv_platform.raw.tables import ACCOUNT_IDS, create_absent_table, create_derived_accounts, create_log_tables, fill_table
from clv_platform.settings import CompanyPaths, Settings
from clv_platform.warehouse import Connection, WarehouseError, open_warehouse, quote_name

_LONELY_DAYS = 180  # the last hundredth of rows of an even history of 50 years spans as much


def load_raw(config: CompanyConfig, paths: CompanyPaths, settings: Settings) -> RawLoad:
    """Load all sources of a company into its warehouse, schema `raw`.

    The load is one transaction: whatever goes wrong, the raw tables of the load before stay as they were.

    Parameters
    ----------
    config : CompanyConfig
        Says where the data are.
    paths : CompanyPaths
        Where the warehouse and `raw_load.json` go.
    settings : Settings
        Threads and memory.

    Returns
    -------
    RawLoad
        Counts, dates, content hash, warnings.

    Raises
    ------
    RawDataError
        When a source can't be used; the message names file, column, what was expected, what was found and the remedy.
    """
    paths.root.mkdir(parents=True, exist_ok=True)
    with open_warehouse(paths.warehouse, settings) as connection, tempfile.TemporaryDirectory(prefix="clv_raw_") as folder:
        connection.execute("begin transaction")
        try:
            load = load_tables(connection, config, Path(folder))
            connection.execute("commit")
        except BaseException:
            # A connection that broke has nothing to roll back; the first error is the one to show.
            with contextlib.suppress(WarehouseError):
                connection.execute("rollback")
            raise
        write_raw_load(load, paths)
    return load


def load_tables(connection: Connection, config: CompanyConfig, folder: Path) -> RawLoad:
    """Load all sources into schema `raw` of an open database; the caller opens and ends the transaction."""
    _check_names(config)
    _check_derived(connection, config)
    connection.execute("create schema if not exists raw")
    create_log_tables(connection)
    create_absent_feedback(connection)
    bench = Workbench(connection, folder)
    given = [name for name in RAW_TABLES if name in config.sources]
    derived_from = _accounts_derived_from(config)
    counts: dict[str, TableLoad] = {}
    has_accounts = False
    for name in _loading_order(config, derived_from):
        table = RAW_TABLES[name]
        if name == "accounts":
            if derived_from:
                counts[name] = create_derived_accounts(connection, table, config, derived_from)
            else:
                counts[name] = _load_table(bench, name, config, has_accounts=False)
            _keep_account_ids(connection, config, counts[name])
            has_accounts = True
        elif name in given:
            counts[name] = _load_table(bench, name, config, has_accounts)
        else:
            create_absent_table(connection, table, config)
    tables = tuple(counts[name] for name in RAW_TABLES if name in counts)
    connection.executemany(
        "insert into raw.load_report values (?, ?, ?, ?, ?, ?)",
        [[t.name, t.source, t.n_read, t.n_accepted, t.n_rejected, t.n_excluded] for t in tables],
    )
    _write_catalogue(connection, config)
    data_hash, first, last = _summarise(connection, tables)
    observed_from, observed_until = _coverage(config, first, last)
    connection.execute("create or replace table raw.coverage (observed_from date, observed_until date, last_event_at timestamp)")
    connection.execute("insert into raw.coverage values (?, ?, ?)", [observed_from, observed_until, last])
    connection.execute(f"drop table if exists {ACCOUNT_IDS}")
    warnings = _warnings(connection, config, tables, last, observed_until)
    return RawLoad(tables, observed_from, observed_until, data_hash, warnings)


def _check_names(config: CompanyConfig) -> None:
    for name, source in config.sources.items():
        if name not in RAW_TABLES:
            raise RawDataError(
                f"sources.{name}: expected one of the raw tables {listed(list(RAW_TABLES))}, found {name!r}."
                f"{suggestion(name, list(RAW_TABLES))} Rename it."
            )
        if source.derive_from and name != "accounts":
            raise RawDataError(
                f"sources.{name}.derive_from: expected files, a database or a query, found `derive_from`. Only accounts can be derived."
            )
        for other in source.derive_from:
            if other not in config.sources or "account_id" not in RAW_TABLES[other].column_names:
                raise RawDataError(
                    f"sources.accounts.derive_from: expected tables with an account_id that the config gives, found {other!r}. "
                    "Name one of its other sources."
                )


def _check_derived(connection: Connection, config: CompanyConfig) -> None:
    """Try the SQL of derived features over empty columns: here a typo is one message, in dbt it would be a failed model."""
    features = build_feature_catalogue(config)
    types = {"number": "double", "boolean": "boolean", "category": "varchar"}
    columns = ", ".join(f"null::{types[feature.type]} as {quote_name(feature.name)}" for feature in features)
    for feature in features:
        if feature.sql is None:
            continue
        try:
            # A connection of its own: an error would end the load's transaction.
            empty = f"(select null::varchar as account_id, null::date as as_of_date, {columns})"
            connection.cursor().execute(f"select {feature.sql} from {empty}")
        except WarehouseError as error:
            said = first_line(error).rstrip("!")
            missing = re.search(r'column "([^"]+)" not found', said)
            if missing is None and "Parser Error" not in said:
                continue  # a matter of types, which the warehouse knows better
            raise RawDataError(
                f"derived_features.{feature.name}: expected SQL over the names of features, found an error: {said}."
                f"{suggestion(missing[1], [other.name for other in features]) if missing else ''} Correct the expression {feature.sql!r}."
            ) from error


def _accounts_derived_from(config: CompanyConfig) -> tuple[str, ...]:
    source = config.sources.get("accounts")
    if source is not None:
        return source.derive_from
    names = tuple(name for name in RAW_TABLES if name in config.sources and "account_id" in RAW_TABLES[name].required)
    if not names:
        raise RawDataError("sources: expected `accounts` or another table with an account_id, found none. Add a source for accounts.")
    return names


def _loading_order(config: CompanyConfig, derived_from: Sequence[str]) -> list[str]:
    rest = [name for name in RAW_TABLES if name != "accounts" and name not in derived_from]
    return [*derived_from, "accounts", *rest]


def _load_table(bench: Workbench, name: str, config: CompanyConfig, has_accounts: bool) -> TableLoad:
    source = config.sources[name]
    relation = read_source(bench, name, source)
    if relation is None:
        create_absent_table(bench.connection, RAW_TABLES[name], config)
        return TableLoad(name, "no file yet", 0, 0, 0, 0)
    load = fill_table(bench, RAW_TABLES[name], source, relation, config, has_accounts)
    bench.drop(relation)
    return load


def _keep_account_ids(connection: Connection, config: CompanyConfig, counts: TableLoad) -> None:
    connection.execute(f"create or replace temp table {ACCOUNT_IDS} as select distinct account_id from raw.accounts")
    if not counts.n_accepted:
        top = connection.execute(
            "select reason, column_name, count(*) from raw.rejected_rows where table_name = 'accounts' group by all order by 3 desc limit 1"
        ).fetchone()
        why = f" Most were rejected because of {top[1]}: {top[0]}." if top else ""
        raise RawDataError(
            f"{counts.source}: expected at least one account, found none among {counts.n_read} rows.{why} Correct the source of accounts."
        )


def _write_catalogue(connection: Connection, config: CompanyConfig) -> None:
    names = [field.name for field in fields(Feature)]
    types = {"is_point_in_time": "boolean"}
    declared = ", ".join(f"{quote_name(name)} {types.get(name, 'varchar')}" for name in ("position", *names))
    connection.execute(f"create or replace table raw.feature_catalogue ({declared.replace('varchar', 'integer', 1)})")
    rows = [[place, *(getattr(feature, name) for name in names)] for place, feature in enumerate(build_feature_catalogue(config), start=1)]
    if rows:
        row = f"({', '.join('?' for _ in range(len(names) + 1))})"
        connection.execute(
            f"insert into raw.feature_catalogue values {', '.join(row for _ in rows)}", [value for values in rows for value in values]
        )


def _summarise(connection: Connection, tables: Sequence[TableLoad]) -> tuple[str, datetime | None, datetime | None]:
    """Content hash, first and last event. The hash adds up hashes of rows, so that their order doesn't matter."""
    digest = hashlib.sha256()
    event_times: list[tuple[datetime, datetime]] = []
    snapshot_times: list[tuple[datetime, datetime]] = []
    for load in tables:
        columns = connection.execute(f"describe raw.{load.name}").fetchall()
        names = [row[0] for row in columns if row[0] not in {"_source_file", "_source_row"}]
        happens_at = RAW_TABLES[load.name].happens_at or "null::timestamp"
        row = connection.execute(
            f"select count(*), sum(hash({', '.join(map(quote_name, names))})), min({happens_at}), max({happens_at}) from raw.{load.name}"
        ).fetchone()
        assert row is not None
        digest.update(repr((load.name, sorted(names), row[0], str(row[1]))).encode())
        if row[2] is not None:
            (snapshot_times if load.name == "account_snapshots" else event_times).append((row[2], row[3]))
    # Snapshots date what was known, not what happened: they count only where there are no events.
    times = event_times or snapshot_times
    first = min((low for low, _ in times), default=None)
    last = max((high for _, high in times), default=None)
    return digest.hexdigest()[:12], first, last


def _coverage(config: CompanyConfig, first: datetime | None, last: datetime | None) -> tuple[date | None, date | None]:
    until = config.observed_until or (last.date() + timedelta(days=1) if last else None)
    return (first.date() if first else None), until


def _warnings(
    connection: Connection, config: CompanyConfig, tables: Sequence[TableLoad], last: datetime | None, observed_until: date | None
) -> tuple[str, ...]:
    warnings: list[str] = []
    absent = [name for name in RAW_TABLES if name not in config.sources and name != "accounts"]
    if absent:
        warnings.append(f"Not given: {listed(absent)}. Features that need them are left out.")
    if "accounts" not in config.sources:
        warnings.append("No source for accounts: they are the account ids of the other tables, without attributes.")
    for load in tables:
        if load.source == "no file yet":
            warnings.append(f"{load.name}: no file yet, so it is empty.")
        elif not load.n_read:
            warnings.append(f"{load.name}: {load.source} has no rows.")
        elif load.n_rejected > 0.05 * load.n_read:
            top = connection.execute(
                "select reason, column_name, count(*) from raw.rejected_rows where table_name = ? "
                "group by all order by 3 desc, 1, 2 limit 1",
                [load.name],
            ).fetchone()
            assert top is not None
            column = f"{top[1]}: " if top[1] else ""
            warnings.append(
                f"{load.name}: {load.n_rejected} of {load.n_read} rows were rejected, {top[2]} of them because of {column}{top[0]}."
            )
    warnings += [
        *_repeated_orders(connection, config, tables),
        *_names_without_effect(connection, config, tables),
        *_lonely_end(connection, config, tables, last),
    ]
    if last and observed_until and last.date() >= observed_until:
        warnings.append(f"Events reach until {last:%Y-%m-%d}, beyond observed_until {observed_until}: what lies there is not used.")
    return tuple(warnings)


def _repeated_orders(connection: Connection, config: CompanyConfig, tables: Sequence[TableLoad]) -> Iterator[str]:
    """Equal rows of orders without a key can be two purchases or a copy: both count, and somebody must know."""
    load = next((load for load in tables if load.name == "orders"), None)
    if load is None or not load.n_accepted or config.sources["orders"].key:
        return
    different = "select distinct * exclude (_source_file, _source_row) from raw.orders"
    row = connection.execute(f"select count(*) from ({different})").fetchone()
    n_repeated = load.n_accepted - (row[0] if row else 0)
    if n_repeated:
        columns = ", ".join(sorted(config.sources["orders"].columns) or RAW_TABLES["orders"].required)
        copies = "is an exact double of another one and counts" if n_repeated == 1 else "are exact doubles of another one and count"
        yield (
            f"orders: {n_repeated:,} of {load.n_accepted:,} rows {copies} as a purchase like it. If these are copies, give the source a "
            f"`key` (such as [{columns}]): of rows with the same key one stays."
        )


def _names_without_effect(connection: Connection, config: CompanyConfig, tables: Sequence[TableLoad]) -> Iterator[str]:
    """A typo in `private` would show what must not be shown: say so when a name is neither a column nor a feature."""
    columns = {row[0] for load in tables for row in connection.execute(f"describe raw.{load.name}").fetchall()}
    columns |= {name for table in RAW_TABLES.values() for name in table.column_names}
    features = {feature.name for feature in possible_features(config)}
    known = sorted(columns | features)
    for key, names in (("private", config.private), ("unused", config.unused), ("slices", config.slices)):
        for name in names:
            if name not in known:
                yield f"{key}: {name!r} is neither a column nor a feature, so it has no effect.{suggestion(name, known)}"


def _lonely_end(connection: Connection, config: CompanyConfig, tables: Sequence[TableLoad], last: datetime | None) -> Iterator[str]:
    """One wrong or planned date far ahead would move the end of the data, and labels would count as complete that aren't."""
    if last is None or config.observed_until:
        return
    for load in tables:
        happens_at = RAW_TABLES[load.name].happens_at
        if happens_at is None or load.name == "account_snapshots":
            continue
        row = connection.execute(f"select max({happens_at}), quantile_disc({happens_at}, 0.99) from raw.{load.name}").fetchone()
        if row and row[0] == last and last - row[1] > timedelta(days=_LONELY_DAYS):
            yield (
                f"{load.name}: the data would end at {last:%Y-%m-%d}, but 99 % of these rows are from {row[1]:%Y-%m-%d} or before. "
                "A wrong or planned date makes labels look complete that aren't: correct or exclude such rows, or set `observed_until`."
            )
