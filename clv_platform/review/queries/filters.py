"""Filters: which rows of a frame are looked at; to and from the URL, to SQL with bound parameters.

Here: `Filter`, the URL's form and the SQL's form. Add a kind of filter in `Filter`, in `_read`, `_written` and `_condition`, and in the
property test. A column's name never reaches SQL: its `field` does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args
from urllib.parse import parse_qsl, urlencode

from clv_platform.review.frames.info import ColumnInfo, FrameInfo

FilterKind = Literal["in", "range", "date", "text", "is_null"]
FILTER_KINDS: tuple[str, ...] = get_args(FilterKind)
MISSING = "(missing)"
_NONE = "~"  # how a missing value is written in the URL; a text that starts so is written with one more


class FilterError(ValueError):
    """A filter can't be read; the message says what was expected."""


@dataclass(frozen=True)
class Filter:
    """One condition on one column; several filters must all hold.

    Attributes
    ----------
    column : str
        The column's name.
    kind : {"in", "range", "date", "text", "is_null"}
        in: one of the values (texts as shown; None: missing). range: a number from values[0] to values[1], both included, None: no
        limit. date: a day from values[0] to values[1] (ISO), both included. text: contains values[0], upper or lower case.
        is_null: values[0] True: missing, False: there.
    values : tuple
        As above.
    """

    column: str
    kind: FilterKind
    values: tuple[str | float | bool | None, ...]


Filters = tuple[Filter, ...]


@dataclass(frozen=True)
class ReadFilters:
    """Filters of an address, and what couldn't be used of it, a sentence each: show these, since the rows are more than was asked for."""

    filters: Filters
    problems: tuple[str, ...]


def write_filters(filters: Sequence[Filter]) -> str:
    """Return filters as a URL query string such as `in.country=Germany&in.country=France&range.age=18~65`."""
    return urlencode([(f"{one.kind}.{one.column}", text) for one in filters for text in _written(one)], errors="surrogatepass")


def read_filters(query: str, frame: FrameInfo | None = None) -> ReadFilters:
    """Read filters back from a URL query string.

    Parameters
    ----------
    query : str
        With or without the leading `?`; parameters that are no filters (no `kind.` in front) are left alone.
    frame : FrameInfo, optional
        Then filters on columns that it hasn't, or that are private, are problems.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for key, text in parse_qsl(query.removeprefix("?"), keep_blank_values=True, errors="surrogatepass"):
        kind, dot, column = key.partition(".")
        if dot and kind in FILTER_KINDS:
            found.setdefault((kind, column), []).append(text)
    filters, problems = [], []
    for (kind, column), texts in found.items():
        try:
            one = _read(kind, column, texts)
            if frame is not None:
                check_filter(one, frame)
            filters.append(one)
        except FilterError as error:
            problems.append(str(error))
    return ReadFilters(tuple(filters), tuple(problems))


def check_filter(one: Filter, frame: FrameInfo) -> ColumnInfo:
    """Return the column that a filter is about.

    Raises
    ------
    FilterError
        When the frame has no such column, it is private, or the filter doesn't fit its type.
    """
    column = next((c for c in frame.shown_columns if c.name == one.column), None)
    if column is None:
        raise FilterError(f"There is no column {one.column!r} in {frame.name!r}: this filter is left out.")
    needed = {"range": "number", "date": "date"}.get(one.kind)
    if needed is not None and column.type != needed:
        raise FilterError(f"Column {one.column!r} is a {column.type}, not a {needed}: the filter by {one.kind} is left out.")
    return column


def filters_sql(filters: Sequence[Filter], frame: FrameInfo) -> tuple[str, list[object]]:
    """Return the condition for `where` and its parameters.

    Raises
    ------
    FilterError
        As `check_filter`.
    """
    parts, parameters = ["true"], []
    for one in filters:
        sql, values = _condition(one, check_filter(one, frame))
        parts.append(sql)
        parameters.extend(values)
    return " and ".join(parts), parameters


def _condition(one: Filter, column: ColumnInfo) -> tuple[str, list[object]]:
    name = column.field
    if one.kind == "in":
        texts = [str(value) for value in one.values if value is not None]
        options = [f"cast({name} as varchar) in ({', '.join('?' * len(texts))})"] if texts else []
        if None in one.values:
            options.append(f"{name} is null")
        return f"({' or '.join(options) or 'false'})", list(texts)
    if one.kind == "is_null":
        return f"{name} is {'' if one.values[0] else 'not '}null", []
    if one.kind == "text":
        return f"contains(lower(cast({name} as varchar)), lower(?))", [str(one.values[0])]
    low, high = one.values
    if one.kind == "range":
        limits = [(f"{name} >= ?", low), (f"{name} <= ?", high)]
    else:
        limits = [(f"cast({name} as date) >= cast(? as date)", low), (f"cast({name} as date) <= cast(? as date)", high)]
    there = [(sql, value) for sql, value in limits if value is not None]
    return f"({' and '.join(sql for sql, _ in there) or f'{name} is not null'})", [value for _, value in there]


def _written(one: Filter) -> list[str]:
    if one.kind == "in":
        return [_NONE if value is None else f"{_NONE}{value}" if str(value).startswith(_NONE) else str(value) for value in one.values]
    if one.kind == "is_null":
        return ["yes" if one.values[0] else "no"]
    if one.kind == "text":
        return [str(one.values[0])]
    return ["~".join("" if value is None else str(value) for value in one.values)]


def _read(kind: str, column: str, texts: list[str]) -> Filter:
    if kind == "in":
        return Filter(column, "in", tuple(None if text == _NONE else text[1:] if text.startswith(_NONE) else text for text in texts))
    text = texts[-1]
    if kind == "is_null":
        if text not in ("yes", "no"):
            raise FilterError(f"Filter {column!r}: expected yes or no after is_null, found {text!r}; it is left out.")
        return Filter(column, "is_null", (text == "yes",))
    if kind == "text":
        return Filter(column, "text", (text,))
    low, tilde, high = text.partition("~")
    if not tilde:
        raise FilterError(f"Filter {column!r}: expected two limits such as 10~20 (either may be empty), found {text!r}; it is left out.")
    if kind == "range":
        return Filter(column, "range", (_number(column, low), _number(column, high)))
    return Filter(column, "date", (_day(column, low), _day(column, high)))


def _number(column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FilterError(f"Filter {column!r}: expected a number, found {text!r}; it is left out.")
    return value


def _day(column: str, text: str) -> str | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise FilterError(f"Filter {column!r}: expected a day such as 2026-01-31, found {text!r}; it is left out.") from None
