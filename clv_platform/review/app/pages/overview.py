"""Overview: how good the predictions are on the rows at hand, beside all rows; which outcomes they get right; what is taken for what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from dash import html

from clv_platform.reports.metric_glossary import METRICS
from clv_platform.reports.words import counted
from clv_platform.review.app.figures import reliability_figure
from clv_platform.review.app.formats import change, interval, number
from clv_platform.review.app.pages.whole import whole_overview
from clv_platform.review.app.parts import chart, heat_cell, interval_bar, link, marks, metric_card, note, plain_table, section
from clv_platform.review.app.scene import Page, Scene
from clv_platform.review.queries.filters import Filter
from clv_platform.review.queries.menus import LEADING
from clv_platform.review.queries.overview import overview
from clv_platform.review.queries.results import MetricValue, Overview
from clv_platform.review.queries.wording import moves_with_share

# Figures that say little to those who don't build models; folded below the others.
_SPECIAL = frozenset(
    {"pr_auc", "roc_auc", "log_loss", "brier", "calibration_error", "lift_at_20", "f1", "rmse", "spearman", "ngini", "decile_wape"}
)


def _view(scene: Scene) -> Any:
    frame, filters = scene.shown, scene.address.filters
    whole = whole_overview(frame)
    found = overview(frame, filters) if filters else whole
    before = whole if filters else None
    if not found.n:
        return note("No row fits these filters. Take one away to see figures.", "warning")
    parts: list[Any] = [_count(found, before), _cards(scene, found, before)]
    if not found.per_class.empty:
        parts += [_classes(scene, found, before), _confusion(scene, found)]
    if not found.reliability.empty:
        parts.append(_reliability(found.reliability))
    return parts


def _count(found: Overview, before: Overview | None) -> Any:
    of = f" of {before.n:,} ({100 * found.n / max(before.n, 1):.0f} %)" if before else ""
    unknown = f"; of {found.n - found.n_known:,} the outcome isn't known, so figures leave them out" if found.n_known < found.n else ""
    few = found.n_known < 100
    words = f"{counted(found.n, 'row')}{of}{unknown}."
    parts: list[Any] = [html.P(words, className="count", id="count")]
    if few:
        parts.append(note(f"Only {counted(found.n_known, 'row')}: figures are rough. Look at the range behind “95 % sure”."))
    return html.Div(parts)


def _cards(scene: Scene, found: Overview, before: Overview | None) -> Any:
    silent: list[str] = []

    def draw(metric: MetricValue) -> Any:
        meaning = METRICS[metric.name].meaning if metric.name in METRICS else ""
        shown = metric
        if moves_with_share(scene.shown, metric.name):
            shown = replace(metric, better="none")  # no verdict against all rows
            silent.append(metric.label)
        return metric_card(shown, before.metric(metric.name) if before else None, meaning)

    cards, special = ([draw(metric) for metric in part] for part in split_metrics(found.metrics))
    parts: list[Any] = [html.Div(cards, className="cards")]
    if special:
        parts.append(html.Details([html.Summary("More figures, for specialists"), html.Div(special, className="cards")]))
    if silent and before is not None:
        words = f"No verdict on {', '.join(silent)}: where an outcome is rarer or commoner than among all rows, these change by that alone."
        parts.append(html.P(words, className="dim small"))
    return html.Div(parts)


def split_metrics(metrics: Sequence[MetricValue]) -> tuple[list[MetricValue], list[MetricValue]]:
    """Split figures into those that everybody sees, in order, and those for specialists.

    Chances of yes or no open with how good the order is and whether the chances hold; accuracy stands behind, because always saying "no"
    has a high one where the outcome is rare.
    """
    leading = LEADING if {metric.name for metric in metrics} >= set(LEADING) else ()
    first = [metric for name in leading for metric in metrics if metric.name == name]
    rest = [metric for metric in metrics if metric.name not in leading]
    special = [metric for metric in rest if metric.name in _SPECIAL or (leading and "accuracy" in metric.name)]
    return [*first, *(metric for metric in rest if metric not in special)], special


def _classes(scene: Scene, found: Overview, before: Overview | None) -> Any:
    """Precision and recall per outcome, with a bar, the interval and what they are for all rows."""
    old = {str(record["level"]): record for record in before.per_class.to_dict("records")} if before is not None else {}
    head = ["outcome", "rows", "when it says so, it is right", "of those, it finds"]
    rows = []
    predicted = scene.shown.column_of("y_pred")
    for record in found.per_class.to_dict("records"):
        level = str(record["level"])
        past = old.get(level)
        name: Any = level
        if predicted is not None and level in predicted.levels:
            name = link(level, scene.address.filtered(Filter(predicted.name, "in", (level,))).href, title=f"Only rows predicted as {level}")
        cells = [_rate(record, past, name) for name in ("precision", "recall")]
        rows.append(
            html.Tr([html.Th(name, scope="row"), html.Td(f"{record['n']:,.0f}", className="num"), *cells], **marks({"data-level": level}))
        )
    table = html.Table(
        [html.Thead(html.Tr([html.Th(text, scope="col", className="num" if text == "rows" else "") for text in head])), html.Tbody(rows)],
        className="plain classes",
    )
    lead = "“When it says so, it is right” is precision; “of those, it finds” is recall. The thin line marks 95 % certainty" + (
        "; the tick marks all rows. Precision rises and falls with how common an outcome is among the rows, so look at both."
        if before
        else "."
    )
    return section(
        "Which outcomes it gets right",
        html.Div(table, className="scroll", tabIndex=0, role="region", **marks({"aria-label": "by outcome"})),
        lead=lead,
    )


def _rate(record: dict[Any, Any], past: Any, name: str) -> Any:
    value, lo, hi = (float(record[key]) for key in (name, f"{name}_lo", f"{name}_hi"))
    old = float(past[name]) if past is not None else math.nan
    is_worse = name == "recall" and math.isfinite(old) and hi < old  # precision falls with the outcome's share alone
    words: list[Any] = [
        html.Span(number(value, "share"), className="figure"),
        html.Span(f" ({interval(lo, hi, 'share')})" if math.isfinite(lo) else "", className="dim small"),
    ]
    if math.isfinite(old):
        sign = change(value, old, "share")
        words.append(
            html.Div(
                [f"all rows {number(old, 'share')}", html.Span(f" {sign}", className="worse") if is_worse else f" {sign}"],
                className="dim small",
            )
        )
    return html.Td([html.Div(words), interval_bar(value, lo, hi, old, 0.0, 1.0, is_worse)], **marks({"data-rate": name}))


def _confusion(scene: Scene, found: Overview) -> Any:
    """What is taken for what: shares within each actual outcome, every cell a link to its rows."""
    frame = scene.shown
    levels = frame.classes
    counts = found.confusion["n"].to_numpy(dtype=float).reshape(len(levels), len(levels))  # every pair, in the order of the classes
    actual, predicted = frame.column_of("y_true"), frame.column_of("y_pred")
    rows = []
    worst = ("", "", 0.0)
    for level, row in zip(levels, counts, strict=True):
        total = float(row.sum())
        cells = []
        for other, n in zip(levels, row, strict=True):
            share = float(n) / total if total else math.nan
            if other != level and total and n > worst[2]:
                worst = (str(level), str(other), float(n))
            text: Any = f"{100 * share:.0f} %" if total else "–"
            if actual is not None and predicted is not None and n and str(level) in actual.levels and str(other) in predicted.levels:
                there = scene.address.filtered(Filter(actual.name, "in", (str(level),)), Filter(predicted.name, "in", (str(other),))).on(
                    "rows"
                )
                text = link(text, there.href, className="heat-link", title=f"See the {n:,.0f} rows")
            cells.append(heat_cell(text, share, f"{n:,.0f} rows", other == level))
        rows.append(html.Tr([html.Th(str(level), scope="row"), *cells, html.Td(f"{total:,.0f}", className="num dim")]))
    head = html.Tr(
        [
            html.Th("really was ↓  predicted →", scope="col"),
            *(html.Th(level, scope="col", className="num") for level in levels),
            html.Th("rows", scope="col", className="num"),
        ]
    )
    words = "A row adds up to 100 %. Right answers are framed. Select a figure to see its rows."
    if worst[2]:
        words += f" The commonest mistake: {worst[2]:,.0f} that really were “{worst[0]}” were predicted as “{worst[1]}”."
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="plain confusion")
    return section(
        "What is taken for what",
        html.Div(table, className="scroll", tabIndex=0, role="region", **marks({"aria-label": "what is taken for what"})),
        lead=words,
    )


def _reliability(table: pd.DataFrame) -> Any:
    gap = (table["mean_score"] - table["observed"]).abs().max()
    words = (
        "Where the model promises a chance of 30 %, 3 in 10 should happen: dots on the line. The largest gap here is "
        f"{100 * gap:.1f} points."
    )
    shown = plain_table(
        table,
        {"mean_score": "promised", "observed": "happened", "lo": "from", "hi": "to", "n": "rows"},
        {name: lambda v: number(v, "share") for name in ("mean_score", "observed", "lo", "hi")},
        "promised and happened",
    )
    return section("Do the chances hold?", chart(reliability_figure(table), words, shown))


PAGE = Page("overview", "Overview", _view)
