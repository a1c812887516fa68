"""Explore: any figure by any column or two, as bars with intervals or a heat map; how a column is spread. Everything on the filtered
rows."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from dash import dcc, html

from clv_platform.review.app.figures import distribution_figure
from clv_platform.review.app.formats import column_label, filters_words, interval, number
from clv_platform.review.app.parts import chart, heat_cell, interval_bar, link, marks, note, plain_table, section, select
from clv_platform.review.app.scene import Page, Scene
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.breakdown import breakdown, cross_tab
from clv_platform.review.queries.distribution import distribution
from clv_platform.review.queries.filters import MISSING, Filter
from clv_platform.review.queries.grouping import level_filter
from clv_platform.review.queries.menus import breakdown_columns, metric_choices
from clv_platform.review.queries.results import Breakdown, MetricChoice

_VERDICTS = {
    False: "“Worse” and “better” are said only where the 95 % range leaves that line out.",
    True: "It rises and falls with how common the outcome is in a group, so no group is called better or worse by it: look at recall too.",
}
_FIRST = ("slice", "y_pred", "y_true", "feature")


def _controls(scene: Scene) -> list[Any]:
    frame, address = scene.shown, scene.address
    columns = [{"value": c.name, "label": column_label(c)} for c in breakdown_columns(frame)]
    metrics = [{"value": m.name, "label": m.label} for m in metric_choices(frame)]
    spread = [{"value": c.name, "label": column_label(c)} for c in frame.shown_columns if c.type != "text"]
    return [
        select("metric", "Show", metrics, _metric(scene).name),
        select("by", "by", columns, _by(scene)),
        select("by2", "and by", columns, address.option("by2") or None, allowDeselect=True, clearable=True, placeholder="nothing else"),
        select(
            "spread",
            "How is it spread?",
            spread,
            address.option("spread") or None,
            allowDeselect=True,
            clearable=True,
            placeholder="choose a column",
        ),
    ]


def _metric(scene: Scene) -> MetricChoice:
    choices = metric_choices(scene.shown)
    wanted = scene.address.option("metric")
    return next((choice for choice in choices if choice.name == wanted), choices[0])


def _by(scene: Scene) -> str | None:
    columns = breakdown_columns(scene.shown)
    wanted = scene.address.option("by")
    if any(column.name == wanted for column in columns):
        return wanted
    handy = sorted(
        (c for c in columns if c.role in _FIRST and len(c.levels or c.bins) > 1), key=lambda c: (_FIRST.index(c.role), len(c.levels) or 99)
    )
    return handy[0].name if handy else columns[0].name if columns else None


def _view(scene: Scene) -> Any:
    frame, address = scene.shown, scene.address
    by, metric = _by(scene), _metric(scene)
    parts: list[Any] = []
    if by is None:
        parts.append(note("No column has values to break figures down by."))
    else:
        other = address.option("by2")
        if other and other != by and any(c.name == other for c in breakdown_columns(frame)):
            parts.append(_heat_map(scene, cross_tab(frame, address.filters, by, other, metric.name), metric))
        else:
            parts.append(_bars(scene, breakdown(frame, address.filters, (by,), metric.name), metric))
    spread = address.option("spread")
    if any(column.name == spread for column in frame.shown_columns):
        parts.append(_spread(scene, spread))
    return parts


def _bars(scene: Scene, found: Breakdown, metric: MetricChoice) -> Any:
    """One bar per level, with interval, the line of all filtered rows, and a link to the level's rows."""
    frame = scene.shown
    table, overall = found.table, found.overall
    label = _label(frame, found.by[0])
    if table.empty:
        return note("No row fits these filters. Take one away to see figures.", "warning")
    low, high = _axis(table, overall.value, metric)
    rows = []
    for record in table.to_dict("records"):
        level, value, lo, hi = str(record["level_1"]), float(record["value"]), float(record["lo"]), float(record["hi"])
        is_worse, is_better = _apart(value, lo, hi, overall.value, "none" if metric.moves_with_share else metric.better)
        tag = html.Span(" ▼ worse" if is_worse else " ▲ better" if is_better else "", className="worse" if is_worse else "better")
        cells = [
            html.Th(_level_link(scene, found.by[0], level), scope="row"),
            html.Td(interval_bar(value, lo, hi, overall.value, low, high, is_worse), className="bar-cell"),
            html.Td([number(value, metric.shown_as), tag], className="num"),
            html.Td(interval(lo, hi, metric.shown_as), className="num dim"),
            html.Td(f"{record['n']:,.0f}", className="num"),
        ]
        rows.append(html.Tr(cells, **marks({"data-level": level})))
    heads = (label, "", metric.label, "95 % sure", "rows")
    head = html.Thead(html.Tr([html.Th(text, scope="col", className="num" if i > 1 else "") for i, text in enumerate(heads)]))
    words = (
        f"{metric.meaning} All rows shown here together: {number(overall.value, metric.shown_as)} (the line across the bars). "
        f"{_VERDICTS[metric.moves_with_share]} Select a name to look at its rows alone."
    )
    body = html.Div(
        html.Table([head, html.Tbody(rows)], className="plain bars"),
        className="scroll",
        tabIndex=0,
        role="region",
        **marks({"aria-label": f"{metric.label} by {label}"}),
    )
    return section(f"{metric.label} by {label}", body, lead=words)


def _apart(value: float, lo: float, hi: float, overall: float, better: str) -> tuple[bool, bool]:
    """Whether a level is beyond doubt worse, or better, than all rows together."""
    if better not in ("higher", "lower", "zero") or not all(map(math.isfinite, (lo, hi, overall, value))) or lo <= overall <= hi:
        return False, False
    is_better = abs(value) < abs(overall) if better == "zero" else (value > overall) == (better == "higher")
    return not is_better, is_better


def _axis(table: pd.DataFrame, overall: float, metric: MetricChoice) -> tuple[float, float]:
    if metric.shown_as == "share" and metric.better != "none":
        return 0.0, 1.0
    ends = [x for x in (*table["value"], *table["lo"], *table["hi"], overall, 0.0) if x is not None and math.isfinite(x)]
    return min(ends), max(ends) or 1.0


def _heat_map(scene: Scene, found: Breakdown, metric: MetricChoice) -> Any:
    frame, table = scene.shown, found.table
    if table.empty:
        return note("No row fits these filters. Take one away to see figures.", "warning")
    first, second = found.by
    rows_in_order, columns_in_order = list(dict.fromkeys(table["level_1"])), list(dict.fromkeys(table["level_2"]))
    cells = {(record["level_1"], record["level_2"]): record for record in table.to_dict("records")}
    known = table["value"].dropna()
    low, width = (float(known.min()), float(known.max() - known.min()) or 1.0) if len(known) else (0.0, 1.0)
    body = []
    for level in rows_in_order:
        line = [html.Th(_level_link(scene, first, str(level)), scope="row")]
        for other in columns_in_order:
            record = cells.get((level, other))
            if record is None or not math.isfinite(record["value"]):
                line.append(heat_cell("", math.nan, "no rows" if record is None else f"{record['n']:,.0f} rows"))
                continue
            text: Any = number(record["value"], metric.shown_as)
            one, two = _filter_of(frame, first, str(level)), _filter_of(frame, second, str(other))
            if one is not None and two is not None:
                text = link(text, scene.address.filtered(one, two).href, className="heat-link", title=f"{record['n']:,.0f} rows")
            line.append(heat_cell(text, (record["value"] - low) / width, f"{record['n']:,.0f} rows", is_marked=record["n"] < 30))
        body.append(html.Tr(line))
    head = html.Thead(
        html.Tr(
            [
                html.Th(f"{_label(frame, first)} ↓  {_label(frame, second)} →", scope="col"),
                *(html.Th(str(c), scope="col", className="num") for c in columns_in_order),
            ]
        )
    )
    words = (
        f"{metric.meaning} The darker, the higher. A frame marks cells of fewer than 30 rows: read them with care. All "
        f"rows here together: {number(found.overall.value, metric.shown_as)}."
    )
    grid = html.Div(
        html.Table([head, html.Tbody(body)], className="plain confusion dashed"),
        className="scroll",
        tabIndex=0,
        role="region",
        **marks({"aria-label": "heat map"}),
    )
    return section(f"{metric.label} by {_label(frame, first)} and {_label(frame, second)}", grid, lead=words)


def _spread(scene: Scene, name: str) -> Any:
    frame, filters = scene.shown, scene.address.filters
    table = distribution(frame, filters, name)
    label = _label(frame, name)
    if table.empty:
        return note("No row fits these filters.", "warning")
    overall = table["overall_share"].tolist() if filters else None
    largest = table.nlargest(1, "share").iloc[0]
    words = (
        f"{label}, {filters_words(filters, frame)}: the largest part is {largest['level']}, "
        f"{number(float(largest['share']), 'share')} of these rows"
    )
    if overall is not None:
        words += f" ({number(float(largest['overall_share']), 'share')} of all rows)"
    heads = {"level": label, "n": "rows", "share": "share"} | ({"overall_share": "share of all rows"} if overall is not None else {})
    shown = plain_table(table, heads, {"share": _share, "overall_share": _share, "n": lambda v: f"{v:,.0f}"}, f"how {label} is spread")
    return section(
        f"How {label} is spread",
        chart(distribution_figure(table["level"].tolist(), table["share"].tolist(), overall, label), f"{words}.", shown),
    )


def _share(value: float) -> str:
    return number(float(value), "share")


def _label(frame: FrameInfo, name: str) -> str:
    return column_label(frame.column(name))


def _filter_of(frame: FrameInfo, column: str, level: str) -> Filter | None:
    """The filter of a level's rows; levels that stand for several have none."""
    return level_filter(frame, column, level)


def _level_link(scene: Scene, column: str, level: str) -> Any:
    one = _filter_of(scene.shown, column, level)
    shown = level if level != MISSING else "missing"
    return (
        shown
        if one is None
        else dcc.Link(shown, href=scene.address.filtered(one).href, className="link", title=f"Only these rows: {shown}")
    )


PAGE = Page("explore", "Explore", _view, _controls)
