"""Delimited files (CSV and its kin) and plain text lines, read by DuckDB as text, one column a name.

Here: the header decides the columns, every value stays text, rows with a wrong number of fields are kept apart and don't stop the load.
Keep out: types and meaning of columns (that is `raw.casting`), encodings (`text_files`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clv_platform.config import Input
from clv_platform.raw.errors import RawDataError, first_line, listed
from clv_platform.raw.reading.relation import FILE_COLUMN, ROW_COLUMN, Relation, Workbench, materialised
from clv_platform.raw.reading.text_files import TextFile, open_text_file, read_header, truncated_gzip, wrong_encoding
from clv_platform.warehouse import WarehouseError, quote_name, quote_text

_REASONS = {
    "MISSING COLUMNS": "too few fields in this row",
    "TOO MANY COLUMNS": "too many fields in this row",
    "UNQUOTED VALUE": "a quote that is not closed or not doubled",
    "LINE SIZE OVER MAXIMUM": "a row of more than 16 megabytes",
}
_LINE_LIMIT = 16_000_000
_USUAL_LINE_LIMIT = 2_000_000


@dataclass(frozen=True)
class _Layout:
    text: TextFile
    names: list[str]
    delimiter: str
    has_mixed_ends: bool = False


def read_delimited(bench: Workbench, origin: Input, files: Sequence[tuple[Path, str]], label: str) -> Relation:
    """Read delimited files with the same or different columns; columns go together by name.

    Parameters
    ----------
    bench : Workbench
        Where to work.
    origin : Input
        Delimiter, header, encoding.
    files : sequence of (path, name)
        The files and what a row says it came from.
    label : str
        The origin in words.

    Raises
    ------
    RawDataError
        When a file is empty, damaged, in another encoding, or its header can't be used.
    """
    layouts = [_layout(bench, origin, path) for path, _ in files]
    names = list(dict.fromkeys(name for layout in layouts for name in layout.names))
    _refuse_case_twins(names, layouts)
    rows = bench.new_name()
    malformed = bench.new_name()
    declared = ", ".join(f"{quote_name(name)} varchar" for name in names)
    bench.connection.execute(f"create temp table {quote_name(rows)} ({declared}, {FILE_COLUMN} varchar, {ROW_COLUMN} bigint)")
    bench.connection.execute(
        f"create temp table {quote_name(malformed)} (source_file varchar, source_row bigint, value varchar, reason varchar)"
    )
    for layout, (_, name) in zip(layouts, files, strict=True):
        options = _options(layout, origin)
        _read_file(bench, layout, options, name, rows, malformed, 1 if origin.header and not origin.column_names else 0)
    relation = materialised(bench, rows, tuple((name, "VARCHAR") for name in names), label, malformed=malformed)
    n_malformed = bench.count(quote_name(malformed))
    if not relation.n_rows and not n_malformed and not origin.database:
        raise RawDataError(f"{label}: expected rows below the header, found the header only. Export the data again, or set `optional: true`"
                           " and remove the file until there are rows.")  # fmt: skip
    return Relation(**{**relation.__dict__, "n_malformed": n_malformed})


def read_copies(bench: Workbench, origin: Input, copies: Sequence[tuple[Path, str, str]], label: str) -> Relation:
    """Read temporary copies (path, name of rows, what people know it as): messages name what they know, not the copy."""
    try:
        return read_delimited(bench, origin.model_copy(update={"delimiter": ",", "encoding": "utf-8"}), [c[:2] for c in copies], label)
    except RawDataError as error:
        text = str(error)
        for copy, _, known_as in copies:
            text = text.replace(str(copy), known_as)
        raise RawDataError(text) from None


def read_lines(bench: Workbench, origin: Input, files: Sequence[tuple[Path, str]], label: str) -> Relation:
    """Read text files as one column `line`, every line as it is."""
    rows = bench.new_name()
    bench.connection.execute(f"create temp table {quote_name(rows)} (line varchar, {FILE_COLUMN} varchar, {ROW_COLUMN} bigint)")
    for path, name in files:
        text = open_text_file(bench, path, origin.encoding)
        # A delimiter that text doesn't hold, and no quotes: the whole line is the cell.
        reading = _read_csv(text, "auto_detect=false, delim='\x01', quote='', escape='', header=false, columns={'line': 'VARCHAR'}")
        try:
            bench.connection.execute(
                f"insert into {quote_name(rows)} select coalesce(line, ''), {quote_text(name)}, row_number() over () from {reading}"
            )
        except WarehouseError as error:
            raise _explain(text.original, error) from error
    return materialised(bench, rows, (("line", "VARCHAR"),), label)


def _layout(bench: Workbench, origin: Input, path: Path) -> _Layout:
    text = open_text_file(bench, path, origin.encoding)
    names, delimiter, has_mixed_ends = read_header(text, origin.delimiter)
    if origin.column_names:
        if len(names) != len(origin.column_names):
            raise RawDataError(
                f"{path}: expected {len(origin.column_names)} columns as in `column_names`, found {len(names)} in the first line. "
                "Correct `column_names` or `delimiter`."
            )
        names = list(origin.column_names)
    elif not origin.header:
        names = [f"column{number}" for number in range(1, len(names) + 1)]
    names = [name or f"column{number}" for number, name in enumerate(names, start=1)]
    doubled = sorted({name for name in names if [other.lower() for other in names].count(name.lower()) > 1})
    if doubled:
        raise RawDataError(
            f"{path}: expected every column once, found more than one called {listed(doubled)}. "
            "Rename the columns in the file (upper and lower case count as the same), or give `column_names`."
        )
    return _Layout(text, names, delimiter, has_mixed_ends)


def _refuse_case_twins(names: Sequence[str], layouts: Sequence[_Layout]) -> None:
    twins = sorted({name for name in names if [other.lower() for other in names].count(name.lower()) > 1})
    if twins:
        raise RawDataError(
            f"{layouts[0].text.original} and the files beside it: expected the same spelling of columns in every file, "
            f"found {listed(twins)}. Make the headers alike."
        )


def _options(layout: _Layout, origin: Input) -> str:
    columns = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in layout.names)
    # A header stays a row to skip even where `column_names` replaces it: `header: true` says so.
    has_header = str(origin.header and not origin.column_names).lower()
    # A database tells null from empty text by quoting; in files, quoted emptiness is usually just an exporter that quotes everything.
    quoted_nulls = "false" if origin.database else "true"
    line_end = ", new_line='\\r\\n'" if layout.has_mixed_ends else ""
    return (
        f"auto_detect=false, delim={quote_text(layout.delimiter)}, quote='\"', escape='\"', header={has_header}, "
        f"allow_quoted_nulls={quoted_nulls}, columns={{{columns}}}{line_end}"
    )


def _read_csv(text: TextFile, options: str) -> str:
    compression = "gzip" if text.is_gzip else "none"
    return f"read_csv({quote_text(_no_glob(text.path))}, compression='{compression}', {options})"


def _no_glob(path: Path) -> str:
    """DuckDB expands patterns; a file whose name holds `*`, `?` or `[` must stay one file."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


def _read_file(bench: Workbench, layout: _Layout, options: str, name: str, rows: str, malformed: str, n_header: int) -> None:
    columns = ", ".join(quote_name(column) for column in layout.names)
    insert = f"insert into {quote_name(rows)} ({columns}, {FILE_COLUMN}, {ROW_COLUMN}) select {columns}"
    # Lines of more than DuckDB's usual two megabytes need larger buffers: only files that hold such lines pay for them.
    for limit in (_USUAL_LINE_LIMIT, _LINE_LIMIT):
        errors, scans = bench.new_name(), bench.new_name()
        rejecting = f"{options}, store_rejects=true, rejects_table={quote_text(errors)}, rejects_scan={quote_text(scans)}"
        reading = _read_csv(layout.text, f"{rejecting}, max_line_size={limit}")
        try:
            bench.connection.execute(f"{insert}, {quote_text(name)}, row_number() over () from {reading}")
        except WarehouseError as error:
            raise _explain(layout.text.original, error) from error
        problems = bench.connection.execute(
            f"select line, error_type, any_value(csv_line) from {quote_name(errors)} group by all order by line"
        ).fetchall()
        bench.connection.execute(f"drop table if exists {quote_name(errors)}")
        bench.connection.execute(f"drop table if exists {quote_name(scans)}")
        if limit == _LINE_LIMIT or not any(kind == "LINE SIZE OVER MAXIMUM" for _, kind, _ in problems):
            break
        bench.connection.execute(f"delete from {quote_name(rows)} where {FILE_COLUMN} = {quote_text(name)}")
    if any(kind == "INVALID ENCODING" for _, kind, _ in problems):
        raise wrong_encoding(layout.text.original)
    if problems:
        _keep_malformed(bench, problems, name, rows, malformed, n_header)


def _keep_malformed(
    bench: Workbench, problems: Sequence[tuple[int, str, str]], name: str, rows: str, malformed: str, n_header: int
) -> None:
    by_row: dict[int, tuple[str, str]] = {}
    for line, kind, text in problems:
        by_row.setdefault(int(line) - n_header, (_REASONS.get(kind, kind.lower()), (text or "").strip("\r\n")[:200]))
    ordered = sorted(by_row.items())
    bench.connection.executemany(
        f"insert into {quote_name(malformed)} values (?, ?, ?, ?)", [[name, row, value, reason] for row, (reason, value) in ordered]
    )
    # Readable rows were numbered without the malformed ones between them: shift each by the malformed rows before it.
    table = quote_name(rows)
    shifts = bench.new_name()
    bench.connection.execute(f"create temp table {quote_name(shifts)} (after bigint, shift bigint)")
    bench.connection.executemany(
        f"insert into {quote_name(shifts)} values (?, ?)", [[row - place - 1, place + 1] for place, (row, _) in enumerate(ordered)]
    )
    bench.connection.execute(
        f"update {table} set {ROW_COLUMN} = {ROW_COLUMN} + coalesce("
        f"(select max(shift) from {quote_name(shifts)} where after < {table}.{ROW_COLUMN}), 0) where {FILE_COLUMN} = {quote_text(name)}"
    )
    bench.connection.execute(f"drop table {quote_name(shifts)}")


def _explain(path: Path, error: WarehouseError) -> RawDataError:
    text = str(error)
    if "GZIP" in text:
        return truncated_gzip(path, error)
    if "nvalid unicode" in text or "utf-8" in text:
        return wrong_encoding(path)
    return RawDataError(
        f"{path}: expected a delimited text file, found something else ({first_line(error)}). Check `delimiter` and quotes."
    )
