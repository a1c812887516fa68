"""How figures, days and filters are written for people. Keep sentences about metrics out (`queries` and `reports.metric_glossary`)."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from clv_platform.review.frames.info import ColumnInfo, FrameInfo
from clv_platform.review.queries.filters import Filter

NONE = "–"
_WORDS = {"y_true": "what happened", "y_pred": "what was predicted", "account_id": "account", "as_of_date": "as of"}


def number(value: float | None, shown_as: str = "score") -> str:
    """Write a figure: share as 69 %, score as 0.690, times as 2.4 ×, counts and amounts with thousands; "–" when it can't be said."""
    if value is None or not math.isfinite(value):
        return NONE
    if shown_as == "share":
        return f"{100 * value:z.1f} %" if abs(value) < 0.1 else f"{100 * value:z.0f} %"
    if shown_as == "times":
        return f"{value:z.2f} ×"
    if shown_as == "count":
        return f"{value:z,.0f}"
    if shown_as == "amount":
        return amount(value)
    return f"{value:z.3f}"


def amount(value: float) -> str:
    """Write an amount with three or more digits that matter: 1,234; 56.7; 0.0123."""
    size = abs(value)
    if size >= 1000:
        return f"{value:z,.0f}"
    if size >= 10:
        return f"{value:z,.1f}"
    return f"{value:.3g}" if size < 0.01 and value else f"{value:z.2f}"


def interval(lo: float, hi: float, shown_as: str) -> str:
    """Write an interval: "68 % to 70 %"."""
    if not (math.isfinite(lo) and math.isfinite(hi)):
        return ""
    return f"{number(lo, shown_as)} to {number(hi, shown_as)}"


def change(value: float, before: float, shown_as: str) -> str:
    """Write a difference with its sign; shares in points."""
    if not (math.isfinite(value) and math.isfinite(before)):
        return ""
    gap = value - before
    sign = "+" if gap > 0 else "−" if gap < 0 else "±"
    if shown_as == "share":
        return f"{sign}{100 * abs(gap):.0f} points"
    return f"{sign}{number(abs(gap), shown_as)}"


def moment(at: datetime | None) -> str:
    """Write a moment, in UTC, to the minute."""
    if at is None:
        return ""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")


def cell(value: Any) -> str:
    """Write one value of a table."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):  # whole numbers with gaps are stored as floats
        return f"{value:z,.0f}" if value.is_integer() else amount(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, pd.Timestamp | datetime):
        return value.strftime("%Y-%m-%d") if value.hour == value.minute == 0 else value.strftime("%Y-%m-%d %H:%M")
    return str(value)


def column_label(column: ColumnInfo) -> str:
    """How a column is called before people: its label; a plain name without its underscores; names of programs in words."""
    if column.label == column.name and column.name in _WORDS:
        return _WORDS[column.name]
    return column.name.replace("_", " ").strip() or column.name if column.label == column.name else column.label


def filter_words(one: Filter, frame: FrameInfo | None = None) -> str:
    """Write a filter: "country is Germany or France"."""
    label = next((column_label(c) for c in frame.columns if c.name == one.column), one.column) if frame else one.column
    if one.kind == "in":
        values = [str(value) if value is not None else "missing" for value in one.values]
        shown = values if len(values) <= 4 else [*values[:3], f"{len(values) - 3} more"]
        return f"{label} is {' or '.join(shown)}"
    if one.kind == "is_null":
        return f"{label} is {'missing' if one.values[0] else 'known'}"
    if one.kind == "text":
        return f"{label} contains “{one.values[0]}”"
    low, high = (None if value is None else amount(value) if isinstance(value, float) else str(value) for value in one.values)
    if low and high:
        return f"{label} {low} to {high}" if low != high else f"{label} is {low}"
    return f"{label} from {low}" if low else f"{label} up to {high}" if high else f"{label} is known"


def filters_words(filters: tuple[Filter, ...], frame: FrameInfo | None = None) -> str:
    """Write filters as one phrase; "all rows" without any."""
    return ", ".join(filter_words(one, frame) for one in filters) or "all rows"
