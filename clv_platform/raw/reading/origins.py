"""From what a config says about an origin to a relation: finds the files, chooses the reader, runs the query over several inputs.

Add a format here in one line, with its reader in a module of its own.
Keep out: the contract of the raw tables.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from clv_platform.config import Input, Source
from clv_platform.config.schema import SourceFormat
from clv_platform.raw.errors import RawDataError, first_line
from clv_platform.raw.reading.delimited import read_delimited, read_lines
from clv_platform.raw.reading.relation import ROW_COLUMN, Relation, Workbench
from clv_platform.raw.reading.typed_files import read_excel_files, read_json_files, read_parquet_files
from clv_platform.settings import load_settings
from clv_platform.warehouse import WarehouseError, quote_name, quote_text

_SUFFIXES: dict[str, SourceFormat] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet", ".json": "json", ".ndjson": "json",
    ".jsonl": "json", ".xlsx": "excel", ".xls": "excel", ".xlsm": "excel", ".xlsb": "excel", ".ods": "excel",
}  # fmt: skip


def read_source(bench: Workbench, table: str, source: Source) -> Relation | None:
    """Read what a raw table is made from.

    Parameters
    ----------
    bench : Workbench
        Where to work.
    table : str
        The raw table, for messages.
    source : Source
        Its block of the config; not one with `derive_from`.

    Returns
    -------
    Relation or None
        None when the source is optional and has no file yet.

    Raises
    ------
    RawDataError
        When the origin can't be read.
    """
    if source.query:
        return _read_query(bench, table, source)
    return read_input(bench, table, source, source.optional)


def read_input(bench: Workbench, table: str, origin: Input, is_optional: bool = False) -> Relation | None:
    """Read one input: files of one format, or a table of a database."""
    if origin.database:
        from clv_platform.raw.reading.database import read_database

        return read_database(bench, table, origin)
    files = find_files(table, origin, is_optional)
    if not files:
        return None
    format_ = origin.format or _format_of(table, files[0][0])
    label = _label(files)
    if format_ == "csv":
        return read_delimited(bench, origin, files, label)
    if format_ == "text":
        return read_lines(bench, origin, files, label)
    if format_ == "parquet":
        return read_parquet_files(bench, files, label)
    if format_ == "json":
        return read_json_files(bench, files, label)
    return read_excel_files(bench, origin, files, label)


def find_files(table: str, origin: Input, is_optional: bool = False) -> list[tuple[Path, str]]:
    """The files that the patterns match, in order of path, each with a short name that no other has.

    Raises
    ------
    RawDataError
        When a pattern matches no file, unless `is_optional`.
    """
    paths: list[Path] = []
    for pattern in origin.files:
        if "${" in pattern:
            raise RawDataError(
                f"sources.{table}.files: expected a path, found an unknown variable in {pattern!r}. Known are ${{CLV_DATA_DIR}} and "
                "${CLV_SAMPLE_DATA}; write other paths out."
            )
        literal = Path(pattern)
        # `glob`, not `Path.glob`: the pattern is a whole path, whose folders may be patterns, too.
        hits = [literal] if literal.is_file() else [Path(hit) for hit in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207
        found = [path for path in hits if path.is_file()]
        if not found and not is_optional:
            raise RawDataError(
                f"{pattern}: expected a file for sources.{table}, found none. Correct `files` (relative paths start at the config's "
                "folder), or set `optional: true` if it comes later." + _example_words(literal)
            )
        paths += [path for path in found if path not in paths]
    if len({path.name for path in paths}) == len(paths) and len({len(path.name) - len(str(path)) for path in paths}) == 1:
        return [(path, path.name) for path in paths]
    root = os.path.commonpath([path.parent for path in paths]) if paths else ""
    return [(path, str(path)[len(root) :].lstrip("/")) for path in paths]


def _example_words(pattern: Path) -> str:
    """What to set for the example companies, whose data lie outside the project."""
    folder = load_settings().sample_data
    if not pattern.is_relative_to(folder):
        return ""
    return (
        f" It belongs to the example data sets, which are looked for under CLV_SAMPLE_DATA (now {folder}): set that variable to the folder "
        "that holds them; the head of the config says where the public gets the data."
    )


def _read_query(bench: Workbench, table: str, source: Source) -> Relation:
    relations: list[tuple[str, Relation]] = []
    for name, origin in source.inputs.items():
        relation = read_input(bench, table, origin)
        assert relation is not None  # an input is never optional
        columns = ", ".join(quote_name(column) for column in relation.names)
        bench.connection.execute(f"create or replace temp view {quote_name(name)} as select {columns} from {relation.from_sql}")
        relations.append((name, relation))
    query = (source.query or "").strip().rstrip(";")
    rows = bench.new_name()
    label = f"query over {', '.join(relation.label for _, relation in relations)}"
    try:
        bench.connection.execute(
            f"create temp table {quote_name(rows)} as select *, row_number() over () as {ROW_COLUMN} from (\n{query}\n)"
        )
    except WarehouseError as error:
        raise RawDataError(
            f"sources.{table}.query: expected one SELECT over {', '.join(source.inputs) or 'its `inputs`'}, found an error "
            f"({first_line(error)}). Correct the query; it is DuckDB's dialect."
        ) from error
    columns = bench.columns_of(f"select * exclude ({ROW_COLUMN}) from {quote_name(rows)}")
    malformed, n_malformed = _malformed_of(bench, [relation for _, relation in relations])
    for name, relation in relations:
        bench.connection.execute(f"drop view if exists {quote_name(name)}")
        bench.drop(relation)
    return Relation(
        from_sql=quote_name(rows), columns=columns, file_sql=quote_text(f"query({', '.join(source.inputs)})"), row_sql=ROW_COLUMN,
        n_rows=bench.count(quote_name(rows)), label=label, malformed=malformed, n_malformed=n_malformed, temporary=(rows,),
    )  # fmt: skip


def _malformed_of(bench: Workbench, relations: Sequence[Relation]) -> tuple[str | None, int]:
    """Malformed rows of inputs count as read and rejected by the table that the query fills."""
    names = [relation.malformed for relation in relations if relation.malformed and relation.n_malformed]
    if not names:
        return None, 0
    together = bench.new_name()
    selects = " union all ".join(f"select * from {quote_name(name)}" for name in names)
    bench.connection.execute(f"create temp table {quote_name(together)} as {selects}")
    return together, bench.count(quote_name(together))


def _format_of(table: str, path: Path) -> SourceFormat:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    if suffixes and suffixes[-1] in _SUFFIXES:
        return _SUFFIXES[suffixes[-1]]
    raise RawDataError(
        f"{path}: expected a suffix that tells the format (.csv, .parquet, .json, .xlsx, each of the first also .gz), found "
        f"{''.join(path.suffixes) or 'none'}. Set `format` of sources.{table} to csv, parquet, json, excel or text."
    )


def _label(files: Sequence[tuple[Path, str]]) -> str:
    names = [name for _, name in files]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more files"
