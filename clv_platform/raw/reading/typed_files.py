"""Files that bring types of their own: Parquet, JSON, Excel.

Here: Parquet stays where it is and is scanned when it is needed; JSON and Excel are copied into a temporary table.
Keep out: delimited text (`delimited`).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

from clv_platform.config import Input
from clv_platform.raw.errors import RawDataError, first_line, listed
from clv_platform.raw.reading.delimited import read_copies
from clv_platform.raw.reading.relation import FILE_COLUMN, ROW_COLUMN, Relation, Workbench, materialised
from clv_platform.warehouse import WarehouseError, quote_name, quote_text

_PARQUET = b"PAR1"


def read_parquet_files(bench: Workbench, files: Sequence[tuple[Path, str]], label: str) -> Relation:
    """Scan Parquet files in place; the number of rows comes from their footers.

    Raises
    ------
    RawDataError
        When a file is empty, cut off, no Parquet, or its columns can't be brought together.
    """
    for path, _ in files:
        _check_parquet(path)
    paths = "[" + ", ".join(quote_text(str(path)) for path, _ in files) + "]"
    scan = f"read_parquet({paths}, file_row_number=true, filename='_clv_filename', union_by_name=true, hive_partitioning=false)"
    try:
        columns = bench.columns_of(f"select * exclude (_clv_filename, file_row_number) from {scan}")
        row = bench.connection.execute(f"select sum(num_rows) from parquet_file_metadata({paths})").fetchone()
    except WarehouseError as error:
        raise RawDataError(
            f"{label}: expected readable Parquet files with the same columns, found a problem ({first_line(error)}). Write the files again."
        ) from error
    # Bookkeeping of an earlier load that was exported: not data.
    columns = tuple((name, type_) for name, type_ in columns if name not in {"_source_file", "_source_row"})
    # Of several files, the part of the path after what all have in common; its length is known from the first.
    cut = len(str(files[0][0])) - len(files[0][1]) + 1
    file_sql = quote_text(files[0][1]) if len(files) == 1 else f"substr(_clv_filename, {cut})"
    return Relation(
        from_sql=scan, columns=columns, file_sql=file_sql, row_sql="file_row_number + 1", n_rows=int(row[0] or 0) if row else 0, label=label
    )


def read_json_files(bench: Workbench, files: Sequence[tuple[Path, str]], label: str) -> Relation:
    """Read JSON (an array of objects, or one object a line); types are found by looking at all rows.

    Raises
    ------
    RawDataError
        When a file is empty or is not JSON.
    """
    paths = "[" + ", ".join(quote_text(str(path)) for path, _ in files) + "]"
    for path, _ in files:
        if not path.stat().st_size:
            raise RawDataError(f"{path}: expected JSON objects, found an empty file (0 bytes). Export it again.")
    name = bench.new_name()
    scan = f"read_json({paths}, filename='_clv_filename', union_by_name=true, sample_size=-1, maximum_object_size=67108864)"
    cut = len(str(files[0][0])) - len(files[0][1]) + 1
    try:
        bench.connection.execute(
            f"create temp table {quote_name(name)} as select * exclude (_clv_filename), substr(_clv_filename, {cut}) as {FILE_COLUMN}, "
            f"row_number() over (partition by _clv_filename) as {ROW_COLUMN} from {scan}"
        )
    except WarehouseError as error:
        raise RawDataError(
            f"{label}: expected JSON (an array of objects, or one object a line), found something else ({first_line(error)}). "
            "Export the file again."
        ) from error
    columns = bench.columns_of(f"select * exclude ({FILE_COLUMN}, {ROW_COLUMN}) from {quote_name(name)}")
    if [column for column, _ in columns] == ["json"]:
        raise RawDataError(f"{label}: expected JSON objects with named values, found plain values. Export one object for each row.")
    return materialised(bench, name, columns, label)


def read_excel_files(bench: Workbench, origin: Input, files: Sequence[tuple[Path, str]], label: str) -> Relation:
    """Read one sheet of each Excel file: its first row names the columns.

    Raises
    ------
    RawDataError
        When a file is no workbook, or has no such sheet or no rows.
    """
    copies = [(_sheet_as_csv(bench, path, origin.sheet), name, str(path)) for path, name in files]
    return read_copies(bench, origin, copies, label)


def _check_parquet(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(4)
        stream.seek(max(size - 4, 0), os.SEEK_SET)
        tail = stream.read(4)
    if not size:
        raise RawDataError(f"{path}: expected a Parquet file, found an empty file (0 bytes). Export it again.")
    if head != _PARQUET:
        raise RawDataError(f"{path}: expected a Parquet file, found something else. Set `format` to what it is, or export it again.")
    if tail != _PARQUET or size < 12:
        raise RawDataError(f"{path}: expected a complete Parquet file, found one that is cut off. Copy or export it again.")


def _sheet_as_csv(bench: Workbench, path: Path, sheet: str | None) -> Path:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError, ValueError) as error:
        raise RawDataError(f"{path}: expected an Excel workbook, found something else ({first_line(error)}). Save it as .xlsx.") from error
    names = workbook.sheet_names
    if sheet is not None and sheet not in names:
        raise RawDataError(f"{path}: expected a sheet {sheet!r}, found {listed(names)}. Correct `sheet`.")
    chosen = workbook.get_sheet_by_name(sheet) if sheet is not None else workbook.get_sheet_by_index(0)
    rows = chosen.to_python(skip_empty_area=True)
    if not rows:
        raise RawDataError(f"{path}: expected rows in sheet {sheet or names[0]!r}, found none. Correct `sheet`, or export again.")
    copy = bench.folder / f"{bench.new_name()}.csv"
    with copy.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        for row in rows:
            writer.writerow([_cell(value) for value in row])
    return copy


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        # Excel knows no whole numbers: an id 12345 comes as 12345.0.
        return str(int(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    return "" if value is None else str(value)
