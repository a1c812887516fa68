"""The filters of a frame: a control per column that matters, any other column by choice, and what is set as removable chips.

Here: which columns get a control, how a control is drawn from the filters of the URL, and how its value becomes a filter again. A new
type of column
gets a control in `_control` and its reading in `read_controls`. Keep SQL out (`queries.filters`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import html

from clv_platform.review.app.address import Address
from clv_platform.review.app.formats import amount, column_label, filter_words
from clv_platform.review.app.parts import CLEAR, link, marks
from clv_platform.review.frames.info import ColumnInfo, FrameInfo
from clv_platform.review.queries.filters import MISSING, Filter, Filters

N_QUICK = 4  # controls that are there from the start: one row on a desktop, two on a phone
MAX_OPTIONS = 2000  # columns offered by the menu; beyond, the browser becomes slow (3,000-column frames exist)
_MISSING_VALUE = "\x00missing"  # no text of a frame holds a NUL in a level list of a menu
# A part of a control: which kind of filter it writes.
_KIND_OF_PART = {"levels": "in", "low": "range", "high": "range", "days": "date", "text": "text"}


def quick_columns(frame: FrameInfo, address: Address) -> list[ColumnInfo]:
    """Return the columns with a control: filtered ones, chosen ones (`show` in the URL), then the handiest few."""
    filtered = {one.column for one in address.filters}
    chosen = set(address.all_of("show"))
    handy = sorted((c for c in frame.shown_columns if _is_handy(c)), key=lambda c: (_ROLE_ORDER.get(c.role, 9), len(c.levels)))
    quick = {column.name for column in handy[:N_QUICK]}
    return [column for column in frame.shown_columns if column.name in filtered | chosen | quick]


_ROLE_ORDER = {"slice": 0, "y_pred": 1, "y_true": 2, "feature": 3}


def _is_handy(column: ColumnInfo) -> bool:
    return column.type in ("category", "boolean") and 2 <= len(column.levels) <= 30 and column.role in _ROLE_ORDER


def filter_panel(frame: FrameInfo, address: Address) -> Any:
    """Return the controls, with a menu to add one for any other column."""
    columns = quick_columns(frame, address)
    shown = {column.name for column in columns}
    more = [{"value": c.name, "label": column_label(c)} for c in frame.shown_columns if c.name not in shown]
    adding = dmc.Select(
        id="add-filter",
        label="Filter by another column",
        placeholder="choose a column …",
        data=more[:MAX_OPTIONS],
        value=None,
        searchable=True,
        selectFirstOptionOnChange=True,  # so that Enter takes what is found first
        limit=200,
        size="sm",
        nothingFoundMessage="no such column",
        disabled=not more,
    )
    controls = [part for column in columns for part in _control(column, address.filters)]
    return html.Div([*controls, adding], className="filters", role="group", **marks({"aria-label": "Filters"}))


def chips(frame: FrameInfo, address: Address, n: int | None = None) -> Any:
    """Return what is filtered, as words: each chip is a link to the view without it."""
    del n
    if not address.filters:
        return html.Div("Showing all rows. Choose values above to look at a part of them.", className="chips dim")
    parts: list[Any] = [html.Span("Only rows where ", className="dim")]
    for one in address.filters:
        words = filter_words(one, frame)
        parts.append(
            link(
                [words, html.Span(" ✕", **marks({"aria-hidden": "true"}))],
                address.without(one).href,
                className="chip",
                title=f"Remove: {words}",
            )
        )
    parts.append(link("Clear all", address.with_filters(()).href, className="link small"))
    return html.Div(parts, className="chips", **marks({"aria-live": "polite"}))


def _control(column: ColumnInfo, filters: Filters) -> list[Any]:
    """Return the inputs of one column, set as the filters say."""
    mine = {one.kind: one for one in filters if one.column == column.name}
    if column.type in ("category", "boolean"):
        return [_levels(column, mine.get("in"))]
    if column.type == "number":
        low, high = mine["range"].values if "range" in mine else (None, None)
        ends = (column.low, column.high)
        return [
            html.Div(
                [
                    dmc.NumberInput(
                        id={"filter": column.field, "part": part},
                        label=label,
                        value=value if value is not None else "",
                        size="sm",
                        debounce=500,
                        placeholder=amount(end) if end is not None else "",
                        hideControls=True,
                    )
                    for part, label, value, end in (("low", f"{column_label(column)} from", low, ends[0]), ("high", "to", high, ends[1]))
                ],
                className="pair",
            )
        ]
    if column.type == "date":
        days = list(mine["date"].values) if "date" in mine else [None, None]
        return [
            dmc.DatePickerInput(
                id={"filter": column.field, "part": "days"},
                label=column_label(column),
                type="range",
                value=days,  # type: ignore[arg-type]
                size="sm",
                clearable=True,
                clearButtonProps=CLEAR,
                minDate=column.first,
                maxDate=column.last,
                valueFormat="D MMM YYYY",
                placeholder="any day",
                allowSingleDateInRange=True,
            )
        ]
    text = str(mine["text"].values[0]) if "text" in mine else ""
    return [
        dmc.TextInput(
            id={"filter": column.field, "part": "text"}, label=f"{column_label(column)} contains", value=text, size="sm", debounce=400
        )
    ]


def _levels(column: ColumnInfo, one: Filter | None) -> Any:
    data = [{"value": level, "label": level or "(empty text)"} for level in column.levels]
    known = set(column.levels)
    chosen = [_MISSING_VALUE if value is None else str(value) for value in one.values] if one else []
    if column.n_missing or _MISSING_VALUE in chosen:
        data.append({"value": _MISSING_VALUE, "label": MISSING})
    data += [{"value": value, "label": value} for value in chosen if value not in known and value != _MISSING_VALUE]
    return dmc.MultiSelect(
        id={"filter": column.field, "part": "levels"},
        label=column_label(column),
        data=data,
        value=chosen,
        searchable=len(data) > 6,
        clearable=True,
        clearButtonProps=CLEAR,
        limit=200,
        size="sm",
        placeholder="any" if not chosen else "",
        hidePickedOptions=False,
        selectFirstOptionOnChange=True,
        selectFirstOptionOnDropdownOpen=True,
        maxDropdownHeight=300,
    )


def read_controls(frame: FrameInfo, values: Mapping[tuple[str, str], Any], before: Filters) -> Filters:
    """Return the filters that the controls say; those that no control of the page can show (missing values, say) stay as they are.

    Parameters
    ----------
    frame : FrameInfo
        The frame.
    values : mapping of (field, part) to value
        What the browser sent: not to be trusted, anything odd counts as not set.
    before : tuple of Filter
        The filters of the URL.
    """
    by_field = {column.field: column for column in frame.shown_columns}
    governed = {(by_field[field].name, _KIND_OF_PART[part]) for field, part in values if field in by_field and part in _KIND_OF_PART}
    said: dict[tuple[str, str], Filter] = {}
    for (field, part), value in values.items():
        column = by_field.get(field)
        if column is None or part not in _KIND_OF_PART or part == "high":
            continue
        other = values.get((field, "high"))
        one = _as_filter(column.name, part, value, other)
        if one is not None:
            said[(column.name, one.kind)] = one
    # In the order in which they stood, so that a chip keeps its place; new ones last.
    kept: list[Filter] = []
    for one in before:
        key = (one.column, one.kind)
        if key not in governed:
            kept.append(one)
        elif key in said:
            kept.append(said.pop(key))
    return (*kept, *said.values())


def _as_filter(name: str, part: str, value: Any, other: Any) -> Filter | None:
    if part == "levels":
        levels = [None if level == _MISSING_VALUE else level for level in value or [] if isinstance(level, str)]
        return Filter(name, "in", tuple(levels)) if levels else None
    if part == "low":
        low, high = _number(value), _number(other)
        return Filter(name, "range", (low, high)) if low is not None or high is not None else None
    if part == "days":
        days = [day if isinstance(day, str) and len(day) >= 10 else None for day in (value or [])[:2]]
        if len(days) < 2 or days[0] is None or days[1] is None:  # half a range: the second day is still to be picked
            return None
        return Filter(name, "date", (days[0][:10], days[1][:10]))
    return Filter(name, "text", (value,)) if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value in (None, ""):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if found == found and abs(found) != float("inf") else None
