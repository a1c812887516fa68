"""The tables of feedback, and the two databases that can hold them: SQLite in the store's folder, PostgreSQL by address.

Here: SQL that both understand, opening, waiting. A row is an edition; nothing is ever changed or removed. Keep records out (`store`).
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from clv_platform.review.feedback.records import FeedbackError
from clv_platform.review.frames.store import ReviewStore

WAIT_SECONDS = 15.0
TABLE = "review_feedback"
COLUMNS: tuple[str, ...] = (
    "id", "edition", "frame", "version", "scope", "filters", "account_id", "as_of_date", "row_number", "target", "model_id", "verdict",
    "comment", "corrected_label", "author", "state", "answer", "created_at", "edited_at", "edited_by",
)  # fmt: skip
_NUMBERS = ("edition", "version", "row_number")
_KEY = "primary key (id, edition)"


class EditionTakenError(Exception):
    """Somebody wrote that edition first."""


class Database(Protocol):
    """What the store asks of a database; values are bound by `?`."""

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple]:
        """Return rows."""
        ...

    def insert(self, values: Sequence[Any]) -> None:
        """Add one edition, on disk when this returns. EditionTakenError when it is there already."""
        ...


def create_sql() -> str:
    """The table, for both databases."""
    columns = ", ".join(f"{name} {'integer' if name in _NUMBERS else 'text'}" for name in COLUMNS)
    return f"create table if not exists {TABLE} ({columns}, {_KEY})"


def open_database(store: ReviewStore) -> Database:
    """Open the database of a store; SQLite's file is made if missing.

    Raises
    ------
    FeedbackError
        When it can't be opened; the message never holds the address.
    """
    return PostgresDatabase(store.database) if store.database else SqliteDatabase(store.feedback_file)


class SqliteDatabase:
    """SQLite with a write-ahead log: readers never wait for the one writer, and a killed writer leaves whole editions only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        give_up_at = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self._prepare()
                return
            except (sqlite3.Error, OSError) as error:
                # Of several processes that make the file at the same time SQLite refuses all but one at once, without waiting.
                if "locked" not in str(error).lower() or time.monotonic() > give_up_at:
                    raise self._plain(error) from error
                time.sleep(0.02)

    def _prepare(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            if connection.execute("pragma journal_mode").fetchone()[0] != "wal":
                connection.execute("pragma journal_mode = wal")
            connection.execute(create_sql())

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple]:
        """Return rows."""
        try:
            with self._connection() as connection:
                return connection.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise self._plain(error) from error

    def insert(self, values: Sequence[Any]) -> None:
        """Add one edition, on disk when this returns."""
        marks = ", ".join("?" * len(COLUMNS))
        try:
            with self._connection() as connection:
                connection.execute("begin immediate")
                connection.execute(f"insert into {TABLE} ({', '.join(COLUMNS)}) values ({marks})", tuple(values))
                connection.commit()
        except sqlite3.IntegrityError as error:
            raise EditionTakenError from error
        except (sqlite3.Error, OSError) as error:
            raise self._plain(error) from error

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            connection.execute("pragma synchronous = full")  # what was said must survive a power cut, too
            yield connection
        finally:
            connection.close()

    def _plain(self, error: Exception) -> FeedbackError:
        text = str(error).lower()
        if "full" in text or getattr(error, "errno", None) == errno.ENOSPC:
            return FeedbackError(
                f"{self.path}: the disk is full, so the feedback was not stored. Keep your text, free some space, and send it again."
            )
        if "locked" in text or "busy" in text:
            return FeedbackError(f"{self.path}: another program holds the file (waited {WAIT_SECONDS:.0f} seconds). Send it again.")
        if "readonly" in text or "unable to open" in text or isinstance(error, PermissionError):
            return FeedbackError(f"{self.path}: the file can't be written to. Let the app write there, or set CLV_REVIEW_DIR.")
        return FeedbackError(
            f"{self.path}: the feedback can't be read or stored ({error}). Move the file away if it is no SQLite database."
        )


class PostgresDatabase:
    """PostgreSQL for teams; a connection per question, which its pooler may keep."""

    def __init__(self, address: str) -> None:
        self._address = address
        try:
            with self._connection() as connection:
                connection.execute(create_sql())
        except FeedbackError:
            # Of two that make the table at the same time PostgreSQL lets the second fail, "if not exists" or not: it is there then.
            self.read(f"select 1 from {TABLE} limit 0")

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple]:
        """Return rows."""
        with self._connection() as connection:
            return connection.execute(sql.replace("?", "%s"), tuple(values)).fetchall()

    def insert(self, values: Sequence[Any]) -> None:
        """Add one edition, committed when this returns."""
        import psycopg

        marks = ", ".join(["%s"] * len(COLUMNS))
        with self._connection() as connection:
            try:
                connection.execute(f"insert into {TABLE} ({', '.join(COLUMNS)}) values ({marks})", tuple(values))
            except psycopg.errors.UniqueViolation as error:
                raise EditionTakenError from error

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Any]:
        import psycopg

        try:
            with psycopg.connect(self._address, connect_timeout=10, autocommit=True) as connection:
                yield connection
        except psycopg.Error as error:
            # psycopg's own text may repeat parts of the address.
            raise FeedbackError(
                f"CLV_REVIEW_DATABASE: the database didn't do it ({type(error).__name__}). Check address and rights."
            ) from None
