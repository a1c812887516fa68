"""Keeping what reviewers say: add, edit, list.

Here: `open_feedback`, `FeedbackStore`. Every edit is a new edition beside the old ones, so nothing said is ever lost, and of two people who
edit the same one the slower is told. Keep databases (`tables`) and the way into the raw layer (`exporting`) out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from clv_platform.review.feedback.records import SCOPES, STATES, VERDICTS, Feedback, FeedbackError
from clv_platform.review.feedback.tables import COLUMNS, TABLE, Database, EditionTakenError, open_database
from clv_platform.review.frames.store import ReviewStore

MAX_COMMENT = 10_000
MAX_SHORT = 300
_EDITABLE = ("comment", "verdict", "corrected_label", "state", "answer")
_NEWEST = f"edition = (select max(edition) from {TABLE} as other where other.id = {TABLE}.id)"


class EditConflict(FeedbackError):
    """Somebody edited it meanwhile; `newest` is what they wrote."""

    def __init__(self, newest: Feedback) -> None:
        super().__init__(
            f"{newest.edited_by or 'Somebody'} has changed this since you opened it, so your edit was not stored. "
            "Read theirs, then edit again."
        )
        self.newest = newest


class FeedbackStore:
    """The feedback of one store; safe to share between threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, feedback: Feedback) -> Feedback:
        """Store a new piece of feedback; it is on disk when this returns.

        Parameters
        ----------
        feedback : Feedback
            `id`, `edition` and times are given here.

        Raises
        ------
        FeedbackError
            When it says nothing, uses an unknown word, is too long, or can't be stored.
        """
        now = datetime.now(UTC)
        stored = replace(_checked(feedback), id=uuid4().hex, edition=1, created_at=now, edited_at=now, edited_by=feedback.author)
        self._database.insert(_values(stored))
        return stored

    def edit(self, id: str, by: str, edition: int, **changes: Any) -> Feedback:
        """Store a new edition.

        Parameters
        ----------
        id : str
            Which one.
        by : str
            Who edits.
        edition : int
            The edition that was on the editor's screen.
        **changes
            comment, verdict, corrected_label, state, answer.

        Raises
        ------
        EditConflict
            When somebody stored that edition's successor first.
        FeedbackError
            When there is none of that id, or a change can't be made.
        """
        odd = [name for name in changes if name not in _EDITABLE]
        if odd:
            raise FeedbackError(f"edit: expected changes of {', '.join(_EDITABLE)}, found {odd[0]!r}.")
        newest = self.get(id)
        if newest.edition != edition:
            raise EditConflict(newest)
        edited = replace(_checked(replace(newest, **changes)), edition=edition + 1, edited_at=datetime.now(UTC), edited_by=_short(by, "by"))
        try:
            self._database.insert(_values(edited))
        except EditionTakenError:
            raise EditConflict(self.get(id)) from None
        return edited

    def get(self, id: str) -> Feedback:
        """Return the newest edition.

        Raises
        ------
        FeedbackError
            When there is none of that id.
        """
        history = self.history(id)
        if not history:
            raise FeedbackError(f"feedback: expected one of the list, found none with the id {id[:60]!r}.")
        return history[0]

    def history(self, id: str) -> tuple[Feedback, ...]:
        """Return all editions, the newest first."""
        return self._read("id = ?", [id], "edition desc")

    def list(
        self, frame: str | None = None, state: str | None = None, limit: int | None = None, account_id: str | None = None
    ) -> tuple[Feedback, ...]:
        """Return the newest editions, what was said last first.

        Parameters
        ----------
        frame, state, account_id : str, optional
            Only of this frame (slug), in this state, of this account.
        limit : int, optional
            At most so many.
        """
        chosen = {"frame": frame, "state": state, "account_id": account_id}
        there = {name: value for name, value in chosen.items() if value is not None}
        condition = " and ".join([_NEWEST, *(f"{name} = ?" for name in there)])
        return self._read(condition, [*there.values()], "created_at desc, id", limit)

    def editions(self) -> tuple[Feedback, ...]:
        """Return every edition of everything that was said, by id and edition: what the raw layer is made of (`exporting`)."""
        return self._read("1 = 1", [], "id, edition")

    def _read(self, condition: str, values: Sequence[Any], order: str, limit: int | None = None) -> tuple[Feedback, ...]:
        tail = "" if limit is None else f" limit {max(int(limit), 0)}"
        sql = f"select {', '.join(COLUMNS)} from {TABLE} where {condition} order by {order}{tail}"
        return tuple(_record(row) for row in self._database.read(sql, values))


def open_feedback(store: ReviewStore) -> FeedbackStore:
    """Open the feedback of a store: SQLite in its folder, or the database that it names.

    Raises
    ------
    FeedbackError
        When it can't be opened.
    """
    return FeedbackStore(open_database(store))


def _checked(one: Feedback) -> Feedback:
    for name, value, allowed in (("scope", one.scope, SCOPES), ("state", one.state, STATES), ("verdict", one.verdict, (*VERDICTS, None))):
        if value not in allowed:
            raise FeedbackError(f"{name}: expected one of {', '.join(str(word) for word in allowed if word)}, found {value!r}.")
    comment = _plain(one.comment)
    if not comment.strip() and one.verdict is None and not one.corrected_label:
        raise FeedbackError("feedback: expected a comment, a verdict or a corrected label, found none. Say something.")
    if len(comment) > MAX_COMMENT or len(one.answer) > MAX_COMMENT:
        raise FeedbackError(
            f"comment: expected at most {MAX_COMMENT:,} characters, found {max(len(comment), len(one.answer)):,}. Shorten it."
        )
    if one.scope == "row" and one.account_id is None and one.row is None:
        raise FeedbackError("feedback: expected the account or the row that it speaks of, found neither. Choose a row.")
    if one.scope == "slice" and not one.filters:
        raise FeedbackError("feedback: expected the filters of the slice, found none. Filter first, or speak of the whole frame.")
    if len(one.filters) > MAX_COMMENT:
        raise FeedbackError("filters: expected fewer values. Filter by fewer.")
    return replace(
        one,
        comment=comment,
        answer=_plain(one.answer),
        author=_short(one.author, "author"),
        filters=_plain(one.filters),
        account_id=None if one.account_id is None else _short(one.account_id, "account_id"),
        corrected_label=None if not one.corrected_label else _short(one.corrected_label, "corrected_label"),
    )


def _plain(text: str) -> str:
    """Text that every database can hold: without NUL and lone surrogates."""
    return str(text).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _short(text: str, name: str) -> str:
    plain = _plain(text)
    if not plain.strip() or len(plain) > MAX_SHORT:
        raise FeedbackError(f"{name}: expected 1 to {MAX_SHORT} characters, found {len(plain)}.")
    return plain


def _values(one: Feedback) -> tuple[Any, ...]:
    moments = {name: None if (at := getattr(one, name)) is None else at.isoformat() for name in ("created_at", "edited_at")}
    return tuple(moments[name] if name in moments else getattr(one, "row" if name == "row_number" else name) for name in COLUMNS)


def _record(row: Sequence[Any]) -> Feedback:
    values: dict[str, Any] = dict(zip(("row" if name == "row_number" else name for name in COLUMNS), row, strict=True))
    for name in ("created_at", "edited_at"):
        values[name] = None if values[name] is None else datetime.fromisoformat(values[name])
    return Feedback(**{field.name: values[field.name] for field in fields(Feedback)})
