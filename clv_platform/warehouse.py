"""DuckDB: opening the warehouse of a company, reading and writing Parquet; the only importer of duckdb.

Here: connections with the threads, memory and time zone of a run, waiting for a file that another process holds, Parquet in and out.
Add: another way into or out of DuckDB.
Keep out: what is stored (that is `raw` and dbt). Everything here works on DuckDB 1.5 and 2.0, whose Python interfaces differ:
`execute().fetchall()`, `execute().df()` and `sql()` behave the same on both.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clv_platform.settings import Settings

Connection = duckdb.DuckDBPyConnection
WarehouseError = duckdb.Error
"""What DuckDB raises for bad SQL or bad files: for rooms that turn it into a message for people."""

LOCK_WAIT_SECONDS = 15.0
_shared: dict[tuple[int, int, str], Connection] = {}  # by process, threads and memory limit
_shared_lock = threading.Lock()


class WarehouseLockedError(RuntimeError):
    """Another process holds the warehouse; the message says which file and what to do."""


class WarehouseFileError(ValueError):
    """The file is there and can't be opened as a warehouse; the message says which file, what DuckDB found and what to do."""


@contextlib.contextmanager
def open_warehouse(
    path: Path, settings: Settings, read_only: bool = False, wait_seconds: float = LOCK_WAIT_SECONDS
) -> Iterator[Connection]:
    """Open a company's DuckDB file for the time of a `with` block.

    Parameters
    ----------
    path : Path
        The file; it and its folder are created unless `read_only`.
    settings : Settings
        Gives threads and memory limit.
    read_only : bool
        Many readers may share a file; one writer excludes everybody else.
    wait_seconds : float
        How long to try while another process holds the file.

    Raises
    ------
    WarehouseLockedError
        When another process still holds the file after `wait_seconds`.
    FileNotFoundError
        When `read_only` and there is no such file.
    WarehouseFileError
        When the file is no DuckDB database.
    """
    if read_only and not path.is_file():
        raise FileNotFoundError(f"{path}: expected a warehouse, found no file. Run `clv run` with this company's config first.")
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(path, read_only, wait_seconds)
    try:
        _configure(connection, settings)
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def open_memory(settings: Settings) -> Iterator[Connection]:
    """Open a DuckDB without a file; what exceeds the memory limit goes to a temporary folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="clv_duckdb_") as spill:
        connection = duckdb.connect(":memory:")
        try:
            _configure(connection, settings)
            connection.execute(f"set temp_directory = {quote_text(spill)}")
            yield connection
        finally:
            connection.close()


@contextlib.contextmanager
def memory_cursor(settings: Settings) -> Iterator[Connection]:
    """Give a cursor on this process's own DuckDB without a file, opened once: for servers that ask many small questions.

    Cursors of different threads don't disturb each other. A forked process gets a database of its own.
    """
    key = (os.getpid(), settings.threads, settings.memory_limit)
    with _shared_lock:
        if key not in _shared:
            connection = duckdb.connect(":memory:")
            _configure(connection, settings)
            connection.execute(f"set temp_directory = {quote_text(str(Path(tempfile.gettempdir()) / f'clv_duckdb_{key[0]}'))}")
            _shared[key] = connection
        cursor = _shared[key].cursor()
    try:
        yield cursor
    finally:
        cursor.close()


def read_parquet(path: Path | Sequence[Path], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read Parquet files into a frame.

    Parameters
    ----------
    path : Path or sequence of Path
        One file or several of the same columns; row order is kept.
    columns : sequence of str, optional
        Only these, in this order.

    Raises
    ------
    FileNotFoundError
        When a file is missing.
    """
    paths = [path] if isinstance(path, Path) else list(path)
    for one in paths:
        if not one.is_file():
            raise FileNotFoundError(f"{one}: expected a Parquet file, found none. Run the step that writes it first.")
    tables = [pq.read_table(one, columns=None if columns is None else list(columns)) for one in paths]
    return pa.concat_tables(tables, promote_options="default").to_pandas()


def write_parquet(frame: pd.DataFrame | pa.Table, path: Path) -> None:
    """Write a frame to a Parquet file that appears all at once; the frame's index is not kept."""
    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    with replacing(path) as unfinished:
        pq.write_table(table, unfinished, compression="zstd")


def export_tables(connection: Connection, tables: Sequence[str], folder: Path, order_by: str | None = None) -> dict[str, Path]:
    """Write tables of the warehouse as Parquet, one file a table, each appearing all at once.

    Parameters
    ----------
    connection : Connection
        An open warehouse.
    tables : sequence of str
        `schema.table`; the file is called after the table.
    folder : Path
        Made if missing.
    order_by : str, optional
        SQL by which rows are sorted; by default they stay as they are stored.

    Returns
    -------
    dict
        Table to file.
    """
    written: dict[str, Path] = {}
    ordering = f" order by {order_by}" if order_by else ""
    for table in tables:
        path = folder / f"{table.rpartition('.')[2]}.parquet"
        relation = ".".join(quote_name(part) for part in table.split("."))
        with replacing(path) as unfinished:
            connection.execute(
                f"copy (select * from {relation}{ordering}) to {quote_text(str(unfinished))} (format parquet, compression zstd)"
            )
        written[table] = path
    return written


def count_rows(connection: Connection, tables: Sequence[str]) -> dict[str, int]:
    """Count the rows of those of the tables (`schema.table`) that are stored; a view isn't counted, because that would compute it."""
    found = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    stored = [table for table in tables if (table,) in found]
    counts = (f"select {quote_text(table)}, count(*) from {'.'.join(map(quote_name, table.split('.')))}" for table in stored)
    return dict(connection.execute(" union all ".join(counts)).fetchall()) if stored else {}


def table_exists(connection: Connection, schema: str, table: str) -> bool:
    """Whether the open database has that table or view."""
    query = "select count(*) from information_schema.tables where table_schema = ? and table_name = ?"
    row = connection.execute(query, [schema, table]).fetchone()
    return bool(row and row[0])


def column_exists(connection: Connection, schema: str, table: str, column: str) -> bool:
    """Whether the open database has that column of that table or view."""
    query = "select count(*) from information_schema.columns where table_schema = ? and table_name = ? and column_name = ?"
    row = connection.execute(query, [schema, table, column]).fetchone()
    return bool(row and row[0])


def quote_name(name: str) -> str:
    """Quote an identifier, so that any name of a column or table is harmless in SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(value: str) -> str:
    """Quote a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to; it is renamed to `path` when the block ends well and removed when it doesn't."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.parent / f".{path.name}.{uuid4().hex[:8]}.unfinished"
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _connect(path: Path, read_only: bool, wait_seconds: float) -> Connection:
    give_up_at = time.monotonic() + wait_seconds
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only)
        except duckdb.IOException as error:
            if "could not set lock" not in str(error).lower():  # the path, which may hold `lock`, is part of every message
                raise WarehouseFileError(
                    f"{path}: expected a DuckDB database, found something that DuckDB can't open ({_first_line(error)}). "
                    "Move the file away and run again: it is rebuilt from the raw files."
                ) from error
            if time.monotonic() >= give_up_at:
                raise WarehouseLockedError(
                    f"{path}: another process is using this warehouse (waited {wait_seconds:.0f} seconds). "
                    "Wait until the other run has ended, or close the program that has the file open (a notebook, the DuckDB shell, dbt)."
                ) from error
            time.sleep(0.25)


def _configure(connection: Connection, settings: Settings) -> None:
    connection.execute(f"set threads = {int(settings.threads)}")
    connection.execute(f"set memory_limit = {quote_text(settings.memory_limit)}")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
