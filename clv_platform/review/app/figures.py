"""Charts as plain dictionaries: Plotly's Python classes check every key and cost more than the query; the browser's library reads the same.

Text and grid take their colour from the page's style sheet, so light and dark need no second drawing. Everything a publisher wrote goes
through
`safe`: Plotly reads a little HTML in labels. Keep what charts mean out (pages say it in words beside them).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from clv_platform.review.app.theme import BLUE, GREY, ORANGE, SERIES

_LONGEST = 28
_PERCENT = {"ticksuffix": " %", "rangemode": "tozero"}  # Plotly's own percent has no space before its sign


def safe(text: Any) -> str:
    """Escape a text for Plotly and cut it; the whole text stands in the table below the chart."""
    shown = str(text)
    return escape(shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…")


def _percents(shares: Iterable[float]) -> list[float]:
    return [100 * float(share) for share in shares]


def _figure(
    data: list[dict[str, Any]], x: Mapping[str, Any], y: Mapping[str, Any], has_legend: bool = False, **more: Any
) -> dict[str, Any]:
    axis = {"gridcolor": "rgba(128,128,128,.25)", "zerolinecolor": "rgba(128,128,128,.5)", "automargin": True, "fixedrange": True}
    layout = {
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": axis | dict(x),
        "yaxis": axis | dict(y),
        "showlegend": has_legend,
        "legend": {"orientation": "h", "y": 1.12, "x": 0},
        "font": {"family": "system-ui, sans-serif"},
        "dragmode": False,
        "hovermode": "closest",
    }
    return {"data": data, "layout": layout | more}


def reliability_figure(table: pd.DataFrame) -> dict[str, Any]:
    """Promised chances against what happened: mean_score, observed, lo, hi."""
    top = 100 * float(max(table["mean_score"].max(), table["hi"].max()))
    line = {"type": "scatter", "mode": "lines", "x": [0, top], "y": [0, top], "line": {"color": GREY, "dash": "dash"}, "hoverinfo": "skip"}
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": _percents(table["mean_score"]),
        "y": _percents(table["observed"]),
        "marker": {"color": BLUE, "size": 9},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": _percents(table["hi"] - table["observed"]),
            "arrayminus": _percents(table["observed"] - table["lo"]),
            "color": BLUE,
        },
        "hovertemplate": "promised %{x:.1f} %<br>happened %{y:.1f} %<extra></extra>",
    }
    share = _PERCENT
    return _figure([line, points], share | {"title": {"text": "promised"}}, share | {"title": {"text": "happened"}})


def distribution_figure(levels: Sequence[Any], share: Sequence[float], overall: Sequence[float] | None, label: str) -> dict[str, Any]:
    """Shares of rows per level or bin; all rows as an outline behind."""
    names = [safe(level) for level in levels]
    # Positions, not names, on the axis: two levels may look the same once cut.
    places = list(range(len(names)))
    bars: list[dict[str, Any]] = []
    if overall is not None:
        bars.append(
            {
                "type": "bar",
                "name": "all rows",
                "x": places,
                "y": _percents(overall),
                "customdata": names,
                "marker": {"color": "rgba(139,149,161,.45)"},
                "hovertemplate": "%{customdata}: %{y:.1f} % of all rows<extra></extra>",
            }
        )
    bars.append(
        {
            "type": "bar",
            "name": "these rows",
            "x": places,
            "y": _percents(share),
            "customdata": names,
            "width": 0.55 if overall is not None else 0.85,
            "marker": {"color": BLUE},
            "hovertemplate": "%{customdata}: %{y:.1f} %<extra></extra>",
        }
    )
    step = max(1, len(names) // 8)
    ticks = {"tickmode": "array", "tickvals": places[::step], "ticktext": names[::step], "title": {"text": safe(label)}}
    return _figure(bars, ticks, _PERCENT, overall is not None, barmode="overlay")


def lines_figure(series: Mapping[str, tuple[Sequence[Any], Sequence[float]]], unit: str) -> dict[str, Any]:
    """Lines over time, each with its own mark, so that they can be told apart without colour."""
    marks = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": safe(name),
            "x": [str(day) for day in x],
            "y": [float(v) for v in y],
            "line": {"color": SERIES[i % len(SERIES)], "width": 2.5},
            "marker": {"symbol": marks[i % len(marks)], "size": 7},
        }
        for i, (name, (x, y)) in enumerate(series.items())
    ]
    return _figure(data, {"nticks": 6}, {"title": {"text": unit}, "rangemode": "tozero"}, len(series) > 1, hovermode="x unified")


def bars_figure(levels: Sequence[Any], values: Sequence[float], unit: str, marked: Sequence[bool] = ()) -> dict[str, Any]:
    """Plain bars; marked ones in the second colour."""
    names = [safe(level) for level in levels]
    places = list(range(len(names)))
    colours = [ORANGE if i < len(marked) and marked[i] else BLUE for i in places]
    bar = {
        "type": "bar",
        "x": places,
        "y": [float(v) for v in values],
        "customdata": names,
        "marker": {"color": colours},
        "hovertemplate": "%{customdata}: %{y:,.4~g}<extra></extra>",
    }
    return _figure([bar], {"tickmode": "array", "tickvals": places, "ticktext": names}, {"title": {"text": unit}, "rangemode": "tozero"})
