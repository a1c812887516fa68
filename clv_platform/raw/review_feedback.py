"""What reviewers said as a raw table of the warehouse: from the file that a run takes from the review store.

Here: `load_review_feedback` and the empty table that dbt needs where nobody said anything. The file is the platform's own, so rows aren't
checked one by one as the user's are: the store has checked them, and dbt tests the accepted words. Keep reading the store out (it lies
in a room above, `clv_platform.review`).
"""

from __future__ import annotations

from pathlib import Path

from clv_platform.contracts.raw_tables import SQL_TYPES
from clv_platform.contracts.review_feedback import REVIEW_FEEDBACK
from clv_platform.settings import CompanyPaths, Settings
from clv_platform.warehouse import Connection, open_warehouse, quote_name, quote_text


def load_review_feedback(path: Path, paths: CompanyPaths, settings: Settings) -> int:
    """Fill `raw.review_feedback` from a Parquet file, in one transaction; return its rows.

    Parameters
    ----------
    path : Path
        Columns of `contracts.review_feedback`; others are left out, missing ones are null.
    paths, settings
        Where the warehouse lies; threads and memory.
    """
    paths.root.mkdir(parents=True, exist_ok=True)
    with open_warehouse(paths.warehouse, settings) as connection:
        given = {str(row[0]) for row in connection.execute(f"describe select * from {_file(path)}").fetchall()}
        outputs = ", ".join(
            f"cast({quote_name(c.name) if c.name in given else 'null'} as {SQL_TYPES[c.type]}) as {quote_name(c.name)}"
            for c in REVIEW_FEEDBACK.columns
        )
        connection.execute("create schema if not exists raw")
        connection.execute(f"create or replace table raw.{REVIEW_FEEDBACK.name} as select {outputs} from {_file(path)}")
        row = connection.execute(f"select count(*) from raw.{REVIEW_FEEDBACK.name}").fetchone()
    return int(row[0]) if row else 0


def create_absent_feedback(connection: Connection) -> None:
    """Make the table, empty and typed, unless a run has filled it: dbt compiles and runs without any feedback."""
    declared = ", ".join(f"{quote_name(column.name)} {SQL_TYPES[column.type]}" for column in REVIEW_FEEDBACK.columns)
    connection.execute(f"create table if not exists raw.{REVIEW_FEEDBACK.name} ({declared})")


def _file(path: Path) -> str:
    return f"read_parquet({quote_text(str(path))})"
