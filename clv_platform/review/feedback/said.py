"""What was said about a target, as a table for its report.

Here: `list_said`. Accounts aren't named: the table is published beside the report. Keep sentences out (`reports.sections.reviewers`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pandas as pd

from clv_platform.review.feedback.named import in_words
from clv_platform.review.feedback.records import Feedback
from clv_platform.review.queries.filters import read_filters

COLUMNS = ("feedback_id", "scope", "about", "comment", "author", "verdict", "state", "answer", "proposes_label", "created_at", "edited_at")


def list_said(said: Iterable[Feedback], target: str, frames: Collection[str]) -> pd.DataFrame:
    """List what was said about a target: on its own frames, and groups called wrong on frames that no target made.

    Parameters
    ----------
    said : iterable of Feedback
        Newest editions.
    target : str
        The target's name.
    frames : collection of str
        Slugs of its frames.

    Returns
    -------
    DataFrame
        feedback_id, scope, about (the group in words, "one account" or "all accounts"), comment, author, verdict, state, answer,
        proposes_label (a label was proposed), created_at, edited_at; newest first.
    """
    own = [one for one in said if one.frame in frames or one.target == target or _is_of_any(one)]
    rows = [
        (one.id, one.scope, _about(one), one.comment, one.author, one.verdict, one.state, one.answer, bool(one.corrected_label),
         one.created_at, one.edited_at)
        for one in own
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    moments = {name: pd.to_datetime(table[name], utc=True) for name in ("created_at", "edited_at")}
    return table.assign(**moments).sort_values(["created_at", "feedback_id"], ascending=False, kind="stable").reset_index(drop=True)


def _is_of_any(one: Feedback) -> bool:
    return one.target is None and one.scope == "slice" and one.verdict == "wrong"


def _about(one: Feedback) -> str:
    if one.scope == "slice":
        return in_words(read_filters(one.filters).filters)
    return "one account" if one.scope == "row" else "all accounts"
