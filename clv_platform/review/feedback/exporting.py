"""From the review store to the raw layer and back: what a run knows of the reviewers is one file, written at its beginning.

Here: `export_feedback`, `read_exported`, and since when a proposed correction counts. Later stages read the file, not the store, so that
all of a run see the same. The columns are `contracts.review_feedback`'s. Keep storing out (`store`), and what is made of it (`slices`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clv_platform.contracts.review_feedback import REVIEW_FEEDBACK
from clv_platform.review.feedback.records import Feedback
from clv_platform.review.feedback.store import open_feedback
from clv_platform.review.frames.store import ReviewStore
from clv_platform.warehouse import write_parquet

_TYPES = {"text": pa.string(), "integer": pa.int64(), "timestamp": pa.timestamp("us")}
SCHEMA = pa.schema([(column.name, _TYPES[column.type]) for column in REVIEW_FEEDBACK.columns])
_FIELDS = {"feedback_id": "id", "row_number": "row"}  # column -> field of the record, where they differ


def export_feedback(store: ReviewStore, path: Path) -> int:
    """Write what was said, newest editions, to a Parquet file that appears all at once.

    Parameters
    ----------
    store : ReviewStore
        May be one in which nobody has ever said anything: nothing is made then, and the file has no rows.
    path : Path
        The file.

    Returns
    -------
    int
        Rows.

    Raises
    ------
    FeedbackError
        When the store is there and can't be read.
    """
    is_there = store.database is not None or store.feedback_file.is_file()
    return write_feedback(open_feedback(store).editions() if is_there else (), path)


def write_feedback(editions: Iterable[Feedback], path: Path) -> int:
    """Write the newest of the editions of each piece of feedback, oldest first; return how many."""
    by_id = sorted(editions, key=lambda one: (one.id, one.edition))
    histories = [tuple(own) for _, own in groupby(by_id, key=lambda one: one.id)]
    rows = [_row(own) for own in sorted(histories, key=lambda own: (own[-1].created_at or datetime.min.replace(tzinfo=UTC), own[-1].id))]
    write_parquet(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return len(rows)


def read_exported(path: Path) -> tuple[Feedback, ...]:
    """Return what a run has taken up from the store, oldest first; nothing when it hasn't looked yet."""
    if not path.is_file():
        return ()
    table = pq.read_table(path)
    names = {column.name: _FIELDS.get(column.name, column.name) for column in REVIEW_FEEDBACK.columns}
    known = {field.name for field in fields(Feedback)}
    rows: list[dict[str, Any]] = table.to_pylist()
    return tuple(_record({names[column]: value for column, value in row.items() if names.get(column) in known}) for row in rows)


def taken_up_since(history: Sequence[Feedback]) -> datetime | None:
    """Since when the correction that is proposed now counts: since it was taken up, until it is opened again.

    Parameters
    ----------
    history : sequence of Feedback
        All editions of one piece of feedback, oldest first.

    Returns
    -------
    datetime or None
        None: it never was taken up, or was opened again. What is closed after it was taken up goes on counting; what is closed without
        doesn't. Another label counts from the edition that brought it.
    """
    since, label = None, None
    for one in history:
        is_accepted = one.state == "taken_up" or (one.state == "closed" and since is not None)
        if not is_accepted:
            since = None
        elif since is None or one.corrected_label != label:
            since = one.edited_at
        label = one.corrected_label
    return since


def _row(history: Sequence[Feedback]) -> dict[str, Any]:
    newest = history[-1]
    values = {column.name: getattr(newest, _FIELDS.get(column.name, column.name), None) for column in REVIEW_FEEDBACK.columns}
    values["taken_up_at"] = taken_up_since(history)
    return {name: _plain_time(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _plain_time(value: datetime) -> datetime:
    """Raw tables hold UTC without saying so."""
    return value.astimezone(UTC).replace(tzinfo=None)


def _record(values: dict[str, Any]) -> Feedback:
    for name in ("created_at", "edited_at"):
        values[name] = None if values[name] is None else values[name].replace(tzinfo=UTC)
    return Feedback(**values)
