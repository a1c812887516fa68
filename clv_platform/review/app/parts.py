"""Building blocks of pages: tables, cards, bars with intervals, notes.

Every block is text first: what a chart shows stands there as words and figures too, so that a screen reader, a keyboard and a copy to
e-mail work.
Keep what a page says out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import dcc, html

from clv_platform.review.app.formats import NONE, cell, interval, number
from clv_platform.review.queries.results import MetricValue

CLEAR: Any = {"aria-label": "Clear"}  # the small cross of a menu has no name of its own


def marks(attributes: Mapping[str, str]) -> dict[str, Any]:
    """Attributes that aren't Python names (aria-label, data-level), to be handed on with `**`."""
    return dict(attributes)


def link(text: Any, href: str, **more: Any) -> Any:
    """A link within the app: no reload."""
    return dcc.Link(text, href=href, className=more.pop("className", "link"), **more)


def note(text: Any, kind: str = "info") -> Any:
    """A sentence that must be seen; kind is info or warning."""
    return html.Div(text, className=f"note note-{kind}", role="alert" if kind == "warning" else "note")


def section(title: str, *children: Any, lead: str = "") -> Any:
    """A part of a page with a heading."""
    head = [html.H2(title)] + ([html.P(lead, className="lead")] if lead else [])
    return html.Section([*head, *children], className="block")


def metric_card(metric: MetricValue, before: MetricValue | None, meaning: str = "") -> Any:
    """A figure with interval, sentence and, on filtered rows, what it is for all rows and whether that is better beyond doubt."""
    shown = metric.shown_as
    span = "" if "95 %" in metric.words else interval(metric.lo, metric.hi, shown)
    parts = [
        html.Div(metric.label, className="card-label", title=meaning or None),
        html.Div([html.Span(number(metric.value, shown), className="card-value"), *_verdict(metric, before)]),
        html.Div(f"95 % sure: {span}" if span else "", className="dim small"),
    ]
    if before is not None:
        parts.append(html.Div(f"All rows: {number(before.value, before.shown_as)}", className="card-before"))
    parts.append(html.Div(metric.words, className="card-words"))
    return html.Div(parts, className="card", **marks({"data-metric": metric.name}))


def _verdict(metric: MetricValue, before: MetricValue | None) -> list[Any]:
    """A badge where the interval leaves out the figure of all rows."""
    if before is None or metric.better not in ("higher", "lower") or not math.isfinite(before.value):
        return []
    if metric.lo <= before.value <= metric.hi or not math.isfinite(metric.lo):
        return []
    is_higher = metric.value > before.value
    is_good = is_higher == (metric.better == "higher")
    word = "better" if is_good else "worse"
    return [html.Span(f"{'▲' if is_higher else '▼'} {word} than all rows", className=f"tag tag-{word}")]


def plain_table(
    frame: pd.DataFrame,
    heads: Mapping[str, str],
    formats: Mapping[str, Callable[[Any], Any]] | None = None,
    caption: str = "",
    first_is_text: bool = True,
) -> Any:
    """A table of the columns in `heads` (column: heading), figures right-aligned; scrolls sideways on narrow screens."""
    formats = formats or {}
    is_figure = {
        name: pd.api.types.is_numeric_dtype(frame[name].dtype) and not pd.api.types.is_bool_dtype(frame[name].dtype) for name in heads
    }
    rows = []
    for record in frame[list(heads)].to_dict("records"):
        cells = []
        for position, (name, value) in enumerate(record.items()):
            shown = formats.get(str(name), cell)(value)
            kind = "num" if is_figure[str(name)] else ""
            cells.append(html.Th(shown, scope="row", className=kind) if position == 0 and first_is_text else html.Td(shown, className=kind))
        rows.append(html.Tr(cells))
    head = html.Thead(html.Tr([html.Th(label, scope="col", className="num" if is_figure[name] else "") for name, label in heads.items()]))
    top = [html.Caption(caption)] if caption else []
    return html.Div(
        html.Table([*top, head, html.Tbody(rows)], className="plain"),
        className="scroll",
        tabIndex=0,
        role="region",
        **marks({"aria-label": caption or "table"}),
    )


def interval_bar(value: float, lo: float, hi: float, overall: float, low_end: float, high_end: float, is_worse: bool = False) -> Any:
    """A bar from the nearer end of the axis to the value, a whisker for the interval, a line for the figure of all rows.

    It is decoration: the figures stand beside it as text.
    """
    width = (high_end - low_end) or 1.0

    def at(x: float) -> float:
        return round(100 * min(max((x - low_end) / width, 0.0), 1.0), 2)

    children = []
    if math.isfinite(value):
        zero = at(0.0)
        start, end = min(zero, at(value)), max(zero, at(value))
        children.append(
            html.Span(className="bar-fill bar-worse" if is_worse else "bar-fill", style={"left": f"{start}%", "width": f"{end - start}%"})
        )
    if math.isfinite(lo) and math.isfinite(hi):
        children.append(html.Span(className="bar-whisker", style={"left": f"{at(lo)}%", "width": f"{max(at(hi) - at(lo), 0.3)}%"}))
    if math.isfinite(overall):
        children.append(html.Span(className="bar-overall", style={"left": f"{at(overall)}%"}))
    return html.Span(children, className="bar", **marks({"aria-hidden": "true"}))


def heat_cell(text: str, share: float, hint: str = "", is_marked: bool = False) -> Any:
    """A cell whose shade says how large its share is; the text says it too."""
    strength = 0 if not math.isfinite(share) else round(100 * min(max(share, 0.0), 1.0))
    mark = " heat-marked" if is_marked else ""
    style = {"--heat": f"{strength}%"}
    return html.Td(text or NONE, className=f"num heat{' heat-strong' if strength > 55 else ''}{mark}", style=style, title=hint or None)


def chart(figure: Mapping[str, Any], words: str, table: Any = None, height: int = 280, **more: Any) -> Any:
    """A chart with its text alternative: one sentence, and the figures as a table that can be opened."""
    parts = [
        html.Div(
            dcc.Graph(figure=dict(figure), config={"displayModeBar": False, "responsive": True}, style={"height": f"{height}px"}, **more),
            role="img",
            **marks({"aria-label": words}),
        ),
        html.P(words, className="chart-words"),
    ]
    if table is not None:
        parts.append(html.Details([html.Summary("Show the figures as a table"), table]))
    return html.Div(parts, className="chart")


def select(name: str, label: str, data: Sequence[Any], value: str | None, **more: Any) -> Any:
    """A choice whose value goes into the URL under `name`."""
    return dmc.Select(
        id={"option": name},
        label=label,
        data=list(data),
        value=value,
        allowDeselect=more.pop("allowDeselect", False),
        size="sm",
        searchable=len(data) > 8,
        comboboxProps={"withinPortal": True},
        clearButtonProps=CLEAR,
        maxDropdownHeight=320,
        **more,
    )
