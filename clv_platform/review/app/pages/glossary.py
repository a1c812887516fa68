"""Glossary: what each figure and each column means, from the same source as the reports and dbt docs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import html

from clv_platform.reports.metric_glossary import METRICS, Metric
from clv_platform.review.app.parts import note, plain_table, section
from clv_platform.review.app.scene import Page, Scene
from clv_platform.review.queries.month import current_folder
from clv_platform.warehouse import read_parquet

_BETTER = {"higher": "higher is better", "lower": "lower is better", "zero": "best at 0", "none": ""}
_OWN = (
    Metric(
        "accuracy",
        "accuracy",
        "Of all rows, the share whose predicted outcome is what happened. Flatters where one outcome is common.",
        0,
        1,
        "higher",
        "share",
    ),
    Metric(
        "precision",
        "precision",
        "Of the rows predicted as an outcome, the share that really had it: how far its word can be taken.",
        0,
        1,
        "higher",
        "share",
    ),
    Metric(
        "recall",
        "recall",
        "Of the rows that really had an outcome, the share that was predicted so: how many it finds.",
        0,
        1,
        "higher",
        "share",
    ),
    Metric(
        "interval",
        "95 % sure",
        "The range in which the figure would lie 95 times in 100 if other rows of the same kind had been drawn. Few rows: wide range.",
        None,
        None,
        "none",
        "score",
    ),
)


def _view(scene: Scene) -> Any:
    wanted = scene.address.option("word").casefold()
    metrics = [m for m in (*_OWN, *METRICS.values()) if wanted in f"{m.label} {m.name} {m.meaning}".casefold()]
    figures = html.Dl([part for m in metrics for part in _entry(m)], className="terms") if metrics else note("No figure fits this word.")
    parts = [section("Figures", figures)]
    columns = _columns(scene.sources.published, wanted)
    if columns is not None:
        heads = {"label": "column", "meaning": "what it means", "window": "window", "unit": "unit", "source": "from"}
        shown = plain_table(columns, {k: v for k, v in heads.items() if k in columns}, caption="columns that models read")
        parts.append(
            section(
                "Columns",
                html.Details([html.Summary(f"{len(columns)} columns that models read"), shown], open=bool(wanted))
                if len(columns)
                else note("No column fits this word."),
            )
        )
    return parts


def _entry(metric: Metric) -> list[Any]:
    return [html.Dt([metric.label, html.Span(f" {_BETTER[metric.better]}", className="dim small")]), html.Dd(metric.meaning)]


def _columns(published: Path | None, wanted: str) -> pd.DataFrame | None:
    folder = current_folder(published)
    path = folder / "glossary" / "features.parquet" if folder else None
    if path is None or not path.is_file():
        return None
    table = read_parquet(path)
    if wanted:
        text = table[["name", "label", "meaning"]].fillna("").agg(" ".join, axis=1).str.casefold()
        table = table[text.str.contains(wanted, regex=False)]
    return table


def _controls(scene: Scene) -> list[Any]:
    return [
        html.H1("Glossary"),
        html.Div(
            dmc.TextInput(id={"option": "word"}, label="Look for a word", value=scene.address.option("word"), debounce=300, size="sm"),
            className="filters",
        ),
    ]


PAGE = Page("glossary", "Glossary", _view, _controls, has_filters=False)
