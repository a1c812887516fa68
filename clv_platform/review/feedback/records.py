"""What a reviewer said: one frozen record, and the words it may use.

Add a field with a default here, a column in `feedback.tables` and in `contracts.review_feedback`, which has the words. Keep storing out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clv_platform.contracts.review_feedback import SCOPES, STATES, VERDICTS, Scope, State, Verdict

__all__ = ["SCOPES", "STATES", "VERDICTS", "Feedback", "FeedbackError", "Scope", "State", "Verdict"]


class FeedbackError(ValueError):
    """Feedback can't be stored or found; the message says what to change."""


@dataclass(frozen=True)
class Feedback:
    """One piece of feedback in its newest edition.

    Attributes
    ----------
    id : str
        Given when it is first stored ("" before); stays the same when it is edited.
    frame, version : str, int
        Slug and version of the frame that was looked at.
    scope : {"frame", "slice", "row"}
        What it speaks of.
    comment, author : str
        Any text; who said it.
    verdict : {"wrong", "right", "look"} or None
        "look": look into it.
    filters : str
        Of a slice: the filters as a URL query string (`queries.filters`).
    account_id, as_of_date : str or None
        Of a row: its key, so that it joins its snapshot.
    row : int or None
        Of a row of a frame without accounts: its place in the file.
    target, model_id : str or None
        Where the predictions came from.
    corrected_label : str or None
        What the outcome should have been.
    state : {"open", "taken_up", "closed"}
        Where it stands.
    answer : str
        What the data scientist answered.
    edition : int
        1, 2, ...: edits keep all earlier editions.
    created_at, edited_at : datetime or None
        UTC; set by the store.
    edited_by : str
        Who wrote this edition.
    """

    frame: str
    version: int
    scope: Scope
    comment: str
    author: str
    verdict: Verdict | None = None
    filters: str = ""
    account_id: str | None = None
    as_of_date: str | None = None
    row: int | None = None
    target: str | None = None
    model_id: str | None = None
    corrected_label: str | None = None
    state: State = "open"
    answer: str = ""
    id: str = ""
    edition: int = 1
    created_at: datetime | None = None
    edited_at: datetime | None = None
    edited_by: str = ""
