"""Dagster's history reuses its engines, and they outlive their files."""

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import NullPool, text

from assets.history import reuse_engine


def test_a_database_has_one_engine_for_each_way_to_open_it(tmp_path):
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = reuse_engine(url, poolclass=NullPool, connect_args={"timeout": 5})
    assert reuse_engine(url, connect_args={"timeout": 5}, poolclass=NullPool) is engine
    assert reuse_engine(url, poolclass=NullPool, connect_args={"timeout": 6}) is not engine
    assert reuse_engine(f"sqlite:///{tmp_path / 'b.db'}", poolclass=NullPool, connect_args={"timeout": 5}) is not engine


def test_an_engine_whose_file_is_gone_begins_a_new_one(tmp_path):
    path = tmp_path / "a.db"
    engine = reuse_engine(f"sqlite:///{path}", poolclass=NullPool)
    for _ in range(2):
        with engine.begin() as connection:
            connection.execute(text("create table t (n integer)"))  # fails where the old table is still there
        path.unlink()


def test_dagsters_own_storage_takes_these():
    assert sqlite_event_log.create_engine is reuse_engine  # pyright: ignore[reportPrivateImportUsage]
    assert sqlite_run_storage.create_engine is reuse_engine  # pyright: ignore[reportPrivateImportUsage]
