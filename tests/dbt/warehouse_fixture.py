"""Raw tables for tests: written into a DuckDB connection straight from the contracts, as the raw room writes them.

Add a table by giving its rows; columns that a row leaves out are null. Keep assertions out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import duckdb

from clv_platform.config import CompanyConfig
from clv_platform.contracts.features import Feature, build_feature_catalogue
from clv_platform.contracts.raw_tables import BOOKKEEPING, RAW_TABLES, SQL_TYPES
from clv_platform.contracts.review_feedback import REVIEW_FEEDBACK

Rows = Sequence[Mapping[str, Any]]

BESIDE_TABLES = {
    "rejected_rows": (
        "table_name varchar, source_file varchar, source_row bigint, column_name varchar, value varchar, reason varchar, kind varchar"
    ),
    "excluded_rows": "table_name varchar, source_file varchar, source_row bigint, rule varchar",
    "load_report": "table_name varchar, source varchar, n_read bigint, n_accepted bigint, n_rejected bigint, n_excluded bigint",
    "coverage": "observed_from date, observed_until date, last_event_at timestamp",
}


def create_raw_schema(connection: duckdb.DuckDBPyConnection, config: CompanyConfig) -> None:
    """Create every raw table, empty and typed, with the extra columns that the config names, and the tables beside them."""
    connection.execute("create schema if not exists raw")
    for table in (*RAW_TABLES.values(), REVIEW_FEEDBACK):
        columns = {column.name: SQL_TYPES[column.type] for column in table.columns}
        columns |= {name: "varchar" for name in _extra_columns(config, table.name) if name not in columns}
        columns |= {column.name: SQL_TYPES[column.type] for column in BOOKKEEPING}
        listed = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        connection.execute(f"create or replace table raw.{table.name} ({listed})")
    for name, listed in BESIDE_TABLES.items():
        connection.execute(f"create or replace table raw.{name} ({listed})")
    kinds = {"is_point_in_time": "boolean"}
    names = [field.name for field in fields(Feature)]
    connection.execute(
        "create or replace table raw.feature_catalogue (" + ", ".join(f'"{name}" {kinds.get(name, "varchar")}' for name in names) + ")"
    )
    features = build_feature_catalogue(config)
    if features:
        marks = ", ".join(f"({', '.join('?' * len(names))})" for _ in features)
        values = [getattr(feature, name) for feature in features for name in names]
        connection.execute(f"insert into raw.feature_catalogue values {marks}", values)


def insert_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Rows, source_file: str = "test.csv") -> None:
    """Append rows to a raw table in one statement and count them in the load report."""
    if rows:
        start = connection.execute(f"select coalesce(max(_source_row), 0) from raw.{table}").fetchall()[0][0]
        full = [{"_source_file": source_file, "_source_row": number, **row} for number, row in enumerate(rows, start + 1)]
        names = list(dict.fromkeys(name for row in full for name in row))
        listed = ", ".join(f'"{name}"' for name in names)
        marks = ", ".join(f"({', '.join('?' * len(names))})" for _ in full)
        connection.execute(f"insert into raw.{table} ({listed}) values {marks}", [row.get(name) for row in full for name in names])
    report_load(connection, table)


def report_load(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Write the table's line of the load report: everything in it was accepted."""
    n_rows = connection.execute(f"select count(*) from raw.{table}").fetchall()[0][0]
    connection.execute("delete from raw.load_report where table_name = ?", [table])
    connection.execute("insert into raw.load_report values (?, 'test.csv', ?, ?, 0, 0)", [table, n_rows, n_rows])


def _extra_columns(config: CompanyConfig, table: str) -> tuple[str, ...]:
    if table == "accounts":
        return tuple(config.account_columns)
    if table == "account_snapshots":
        labels = tuple(target.label_column for target in config.targets if target.label_column)
        return (*config.snapshot_columns, *labels)
    return ()
