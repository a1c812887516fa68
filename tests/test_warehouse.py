"""Opening, locking and exporting the warehouse."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from clv_platform.settings import Settings, load_settings
from clv_platform.warehouse import (
    WarehouseFileError,
    WarehouseLockedError,
    export_tables,
    open_memory,
    open_warehouse,
    quote_name,
    quote_text,
    read_parquet,
    table_exists,
    write_parquet,
)

HOLDER = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
connection.close()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"CLV_DATA_DIR": str(tmp_path), "CLV_THREADS": "1", "CLV_MEMORY_LIMIT": "512MB"})


def test_connection_has_the_threads_memory_and_time_zone_of_the_run(tmp_path, settings):
    with open_warehouse(tmp_path / "w.duckdb", settings) as connection:
        row = connection.execute(
            "select current_setting('threads'), current_setting('memory_limit'), current_setting('TimeZone')"
        ).fetchone()
    assert row == (1, "488.2 MiB", "UTC")


def test_warehouse_held_by_another_process_is_named_with_a_remedy(tmp_path, settings):
    path = tmp_path / "w.duckdb"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(WarehouseLockedError) as error, open_warehouse(path, settings, wait_seconds=0.5):
            pass
        assert str(error.value) == (
            f"{path}: another process is using this warehouse (waited 0 seconds). Wait until the other run has ended, or close the program "
            "that has the file open (a notebook, the DuckDB shell, dbt)."
        )
    finally:
        holder.communicate("done\n", timeout=20)
    with open_warehouse(path, settings, wait_seconds=0.5) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_file_that_is_no_database_is_named(tmp_path, settings):
    path = tmp_path / "w.duckdb"
    path.write_text("not a database, but long enough to look like something that could be one\n" * 100)
    with (
        pytest.raises(ValueError, match=r"w\.duckdb: expected a DuckDB database, found something that DuckDB can't open"),
        open_warehouse(path, settings),
    ):
        pass


def test_file_that_is_no_database_is_not_waited_for_when_its_path_speaks_of_locks(tmp_path, settings):
    path = tmp_path / "locksmith" / "w.duckdb"
    path.parent.mkdir()
    path.write_text("not a database\n" * 400)
    begun = time.monotonic()
    with pytest.raises(WarehouseFileError, match="Move the file away and run again"), open_warehouse(path, settings):
        pass
    assert time.monotonic() - begun < 2


def test_reading_a_warehouse_that_does_not_exist_says_what_to_run(tmp_path, settings):
    with (
        pytest.raises(FileNotFoundError, match=r"expected a warehouse, found no file\. Run `clv run`"),
        open_warehouse(tmp_path / "w", settings, True),
    ):
        pass


def test_frames_survive_parquet_and_columns_can_be_chosen(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.to_datetime(["2024-01-01", "2024-01-02"])})
    write_parquet(frame, tmp_path / "deep" / "f.parquet")
    back = read_parquet(tmp_path / "deep" / "f.parquet", ["c", "a"])
    assert list(back.columns) == ["c", "a"]
    assert back["a"].tolist() == [1, 2]
    assert len(read_parquet([tmp_path / "deep" / "f.parquet"] * 2)) == 4
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["f.parquet"]


def test_failed_export_leaves_the_earlier_file(tmp_path, settings):
    with open_memory(settings) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.t as select 1 as n")
        assert table_exists(connection, "marts", "t")
        assert not table_exists(connection, "marts", "u")
        written = export_tables(connection, ["marts.t"], tmp_path / "marts")
        connection.execute("create or replace view marts.t2 as select error('no') as n")
        connection.execute("drop table marts.t")
        connection.execute("create view marts.t as select * from marts.t2")
        with pytest.raises(Exception, match="no"):
            export_tables(connection, ["marts.t"], tmp_path / "marts")
    assert read_parquet(written["marts.t"])["n"].tolist() == [1]
    assert [path.name for path in (tmp_path / "marts").iterdir()] == ["t.parquet"]


def test_quoted_names_and_texts_are_harmless(settings):
    name, text = 'a"; drop table x; --', "it's; drop table x; --"
    with open_memory(settings) as connection:
        result = connection.execute(f"select {quote_text(text)} as {quote_name(name)}")
        assert result.fetchall() == [(text,)]
        assert result.description[0][0] == name
