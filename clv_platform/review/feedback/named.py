"""Groups that reviewers called wrong, as named groups of the next evaluation: the same rows, told by the columns of a frame in memory.

Here: which columns and rows a reviewer's filters mean. Figures are the evaluation's; the claims about them are in `slices`. Filters mean
what they mean in SQL (`queries.filters`), which a test holds. Keep figures out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.review.feedback.records import Feedback
from clv_platform.review.queries.filters import Filter, Filters, read_filters

OUTCOMES = ("y_true", "y_pred", "tier_true", "tier_pred")
"""Columns of the platform's own frames that hold outcomes: a group is told by the other columns."""


def called_wrong(said: Iterable[Feedback], target: str) -> tuple[Feedback, ...]:
    """Return the groups called wrong that a target is asked about: on its own frames, and on frames that no target made."""
    return tuple(one for one in said if one.scope == "slice" and one.verdict == "wrong" and one.target in (None, "", target))


def named_columns(said: Iterable[Feedback], target: str, available: Collection[str], private: Collection[str] = ()) -> tuple[str, ...]:
    """Return the columns that reviewers' groups are told by, as far as they are there and may be shown; each once, first named first."""
    names = (part.column for one in called_wrong(said, target) for part in read_filters(one.filters).filters)
    return tuple(dict.fromkeys(name for name in names if name in available and name not in private))


def name_groups(said: Sequence[Feedback], target: str, rows: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Find the rows of every group that reviewers called wrong.

    Parameters
    ----------
    said : sequence of Feedback
        Newest editions.
    target : str
        The target's name.
    rows : DataFrame of n rows
        With the columns that groups are told by.

    Returns
    -------
    dict of str to array of bool of shape (n,)
        By the group in words ("country: Germany"); a group whose columns aren't all there, or that is all rows, is left out.
    """
    found: dict[str, NDArray[np.bool_]] = {}
    for one in called_wrong(said, target):
        parts = tuple(part for part in read_filters(one.filters).filters if part.column not in OUTCOMES)
        if parts and all(part.column in rows.columns for part in parts):
            is_member = np.ones(len(rows), dtype=bool)
            for part in parts:
                is_member &= _holds(part, rows[part.column])
            found.setdefault(in_words(parts), is_member)
    return found


def in_words(filters: Filters, labels: dict[str, str] | None = None) -> str:
    """Filters in words, such as "country: Germany; employees: 10 to 50"."""
    return "; ".join(f"{(labels or {}).get(one.column, one.column)}: {_values(one)}" for one in filters)


def _holds(one: Filter, values: pd.Series) -> NDArray[np.bool_]:
    """Where a filter holds, as its SQL does."""
    missing = values.isna().to_numpy()
    if one.kind == "is_null":
        return missing if one.values[0] else ~missing
    if one.kind in ("in", "text"):
        texts = values.astype(object).map(lambda value: str(value).lower() if isinstance(value, bool | np.bool_) else str(value))
        if one.kind == "text":
            return texts.str.lower().str.contains(str(one.values[0]).lower(), regex=False).to_numpy(dtype=bool) & ~missing
        is_listed = texts.isin([str(value) for value in one.values if value is not None]).to_numpy(dtype=bool) & ~missing
        return is_listed | (missing & (None in one.values))
    low, high = one.values
    if one.kind == "range":
        numbers = pd.to_numeric(values.astype(object), errors="coerce").to_numpy(dtype=np.float64)
        first, last = (-np.inf if low is None else low), (np.inf if high is None else high)
    else:
        numbers = pd.to_datetime(values, errors="coerce").to_numpy().astype("datetime64[D]")
        first, last = np.datetime64(str(low or "0001-01-01"), "D"), np.datetime64(str(high or "9999-12-31"), "D")
    with np.errstate(invalid="ignore"):
        return np.asarray(numbers >= first) & np.asarray(numbers <= last) & ~missing


def _values(one: Filter) -> str:
    if one.kind in ("in", "text"):
        return ", ".join("(missing)" if value is None else str(value) for value in one.values)
    if one.kind == "is_null":
        return "(missing)" if one.values[0] else "known"
    low, high = ("" if value is None else f"{value:g}" if isinstance(value, float) else str(value) for value in one.values)
    return f"{low} to {high}".strip() if low and high else f"from {low}" if low else f"up to {high}"
