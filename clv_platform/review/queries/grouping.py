"""Groups of rows by the values of a column: what is grouped by in SQL, what a group is called, and the filter that leads to its rows.

Here: `find_grouping`. Values stay out of SQL: categories are grouped as they are and folded afterwards, numbers by the bins found when the
frame was published. Keep metrics out.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from clv_platform.review.frames.info import ColumnInfo, FrameError, FrameInfo
from clv_platform.review.frames.roles import order_classes
from clv_platform.review.queries.filters import MISSING, Filter

MAX_SHOWN = 30  # levels of a column; the rarer ones are one group
OTHER = "(other)"
_MOST_DAYS, _MOST_MONTHS = 45, 36


@dataclass(frozen=True)
class Level:
    """A group: what it is called, where it stands, the filter that leads to its rows (None for all rarer levels together)."""

    text: str
    place: int
    condition: Filter | None


@dataclass(frozen=True)
class Grouping:
    """How a column parts rows.

    Attributes
    ----------
    column : ColumnInfo
        The column.
    sql : str
        What is grouped by: its value is a key of `levels`, null for rows without a value.
    levels : mapping of key to Level
        Known beforehand; empty for dates, whose levels are made of the keys.
    missing, other : Level
        Rows without a value; levels that aren't shown.
    is_ordered : bool
        Whether levels have an order of their own; else they stand by how many rows they have.
    unit : str
        Of dates: day, month or year.
    """

    column: ColumnInfo
    sql: str
    levels: Mapping[Any, Level]
    missing: Level
    other: Level
    is_ordered: bool
    unit: str = ""

    def level(self, key: Any) -> Level:
        """Return the group of a key that SQL gave."""
        if pd.isna(key):
            return self.missing
        if self.unit:
            return _day_level(self.column.name, _start(key, self.unit), self.unit)
        return self.levels.get(key, self.other)


def find_grouping(info: FrameInfo, name: str) -> Grouping:
    """Return how the column of that name parts the rows of a frame.

    Raises
    ------
    FrameError
        When there is no such column, or it has too many different texts to break down by.
    """
    column = info.column(name)
    texts = set(column.levels)
    missing = Level(MISSING if MISSING not in texts else "(no value)", 10**9, Filter(name, "in", (None,)))
    other = Level(OTHER if OTHER not in texts else "(all other)", 10**8, None)
    if column.type == "number":
        levels = {place: Level(text, place, Filter(name, "range", limits)) for place, (text, limits) in enumerate(_bin_texts(column))}
        return Grouping(column, _bin_sql(column), levels, missing, other, True)
    if column.type == "date":
        unit = _unit(column)
        # Whole numbers group in half the time that `date_trunc` needs.
        months = {"day": "cast({0} as date)", "month": "year({0}) * 12 + month({0}) - 1", "year": "year({0})"}
        return Grouping(column, months[unit].format(column.field), {}, missing, other, True, unit)
    if column.type == "text":
        raise FrameError(
            f"break down: {name!r} has too many different texts ({column.n_distinct:,}). Choose another column, or search in it."
        )
    is_ordered = order_classes(column.levels) != tuple(sorted(column.levels)) or column.role in ("y_true", "y_pred")
    order = column.levels if column.role in ("y_true", "y_pred") else order_classes(column.levels) if is_ordered else column.levels
    shown = set(column.levels[:MAX_SHOWN]) if len(column.levels) > MAX_SHOWN else texts
    is_boolean = column.type == "boolean"  # grouped as it is: texts would be made for every row
    levels = {
        (text == "true" if is_boolean else text): Level(text, place, Filter(name, "in", (text,)))
        for place, text in enumerate(order)
        if text in shown
    }
    return Grouping(column, column.field if is_boolean else f"cast({column.field} as varchar)", levels, missing, other, is_ordered)


def level_filter(info: FrameInfo, column: str, level: str) -> Filter | None:
    """Return the filter that leads from a bar to its rows; None for the group of all rarer levels.

    Raises
    ------
    FrameError
        When the column has no such level.
    """
    grouping = find_grouping(info, column)
    if level == grouping.missing.text:
        return grouping.missing.condition
    if level == grouping.other.text:
        return None
    if grouping.unit:
        try:
            start = date.fromisoformat(f"{level}-01-01"[:10])
        except ValueError:
            raise FrameError(f"break down: expected a {grouping.unit} of {column!r}, found {level!r}.") from None
        return _day_level(column, start, grouping.unit).condition
    found = next((one for one in grouping.levels.values() if one.text == level), None)
    if found is None:
        raise FrameError(f"break down: {column!r} has no level {level!r}. Choose one of the bars.")
    return found.condition


def number_literal(value: float) -> str:
    """A number in SQL that is exactly this double (a bare .1 would be a decimal)."""
    return f"cast('{float(value)!r}' as double)"


def _bin_sql(column: ColumnInfo) -> str:
    if not column.bins:
        return "cast(null as integer)"
    return f"case when {column.field} is null then null else {_search_sql(column.field, [high for _, high in column.bins], 0)} end"


def _search_sql(field: str, highs: Sequence[float], first: int) -> str:
    """The place of the first limit that isn't below a value, by halves: three comparisons a row instead of up to nine."""
    if len(highs) == 1:
        return str(first)
    middle = (len(highs) - 1) // 2
    limit = highs[middle]
    # A whole limit is written so: whole numbers are then compared as they are, not as doubles.
    written = str(int(limit)) if limit.is_integer() and abs(limit) < 2**53 else number_literal(limit)
    below, above = _search_sql(field, highs[: middle + 1], first), _search_sql(field, highs[middle + 1 :], first + middle + 1)
    return f"case when {field} <= {written} then {below} else {above} end"


def span_text(low: float, high: float, digits: int = 6) -> str:
    """Two limits of a bin as people read them."""
    return _short(low, digits) if low == high else f"{_short(low, digits)} – {_short(high, digits)}"


def _bin_texts(column: ColumnInfo) -> list[tuple[str, tuple[float, float]]]:
    texts: list[str] = []
    for digits in (4, 6, 9, 17):
        texts = [span_text(low, high, digits) for low, high in column.bins]
        if len(set(texts)) == len(texts):
            break
    return list(zip(texts, column.bins, strict=True))


def _short(value: float, digits: int) -> str:
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:,.{digits}g}"


def _unit(column: ColumnInfo) -> str:
    if column.first is None or column.last is None:
        return "month"
    first, last = date.fromisoformat(column.first[:10]), date.fromisoformat(column.last[:10])
    if (last - first).days <= _MOST_DAYS:
        return "day"
    return "month" if (last.year - first.year) * 12 + last.month - first.month < _MOST_MONTHS else "year"


def _start(key: Any, unit: str) -> date:
    """The first day of a group, from its key."""
    if unit == "day":
        return pd.Timestamp(key).date()
    year, month = divmod(int(key), 12) if unit == "month" else (int(key), 0)
    return date(year, month + 1, 1)


def _day_level(column: str, start: date, unit: str) -> Level:
    length = {"day": 10, "month": 7, "year": 4}[unit]
    end = start
    if unit == "month":
        end = start.replace(day=calendar.monthrange(start.year, start.month)[1])
    elif unit == "year":
        end = start.replace(month=12, day=31)
    return Level(start.isoformat()[:length], start.toordinal(), Filter(column, "date", (start.isoformat(), end.isoformat())))
