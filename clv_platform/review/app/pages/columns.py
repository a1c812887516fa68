"""Columns: what each one holds and how it is read; publishers correct what was guessed wrong, as a new version of the frame."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import Dash, Input, Output, State, html, no_update

from clv_platform.reports.words import counted
from clv_platform.review.access import current_person
from clv_platform.review.app.address import Address, read_address
from clv_platform.review.app.corrections import CORRECTABLE, publish_corrected
from clv_platform.review.app.formats import cell, column_label
from clv_platform.review.app.markup import lean
from clv_platform.review.app.parts import CLEAR, link, marks, note, plain_table, section
from clv_platform.review.app.scene import Page, Scene, Sources
from clv_platform.review.frames.info import COLUMN_TYPES, ColumnInfo, FrameError, FrameInfo

_MOST = 500  # columns listed; frames of thousands are looked through by the menus
_USES = {
    "account_id": "who",
    "as_of_date": "as of when",
    "y_true": "what happened",
    "y_pred": "what was predicted",
    "score": "the score",
    "slice": "to break down by first",
    "feature": "describes the row",
}
_TYPES = {"category": "one of a few values", "number": "a number", "date": "a date", "boolean": "yes or no", "text": "free text"}


def _controls(scene: Scene) -> list[Any]:
    if not scene.person.may("publish"):
        return []
    correctable = [c for c in scene.shown.shown_columns if c.role in CORRECTABLE]
    form = [
        dmc.Select(
            id="columns-name", label="Column", size="sm", searchable=True, limit=200, placeholder="choose a column …",
            data=[{"value": c.name, "label": column_label(c)} for c in correctable],
        ),
        dmc.Select(
            id="columns-type", label="Read it as", size="sm", clearable=True, clearButtonProps=CLEAR, placeholder="as now",
            data=[{"value": name, "label": _TYPES[name]} for name in COLUMN_TYPES],
        ),
        dmc.Select(
            id="columns-role", label="Use it", size="sm", clearable=True, clearButtonProps=CLEAR, placeholder="as now",
            data=[{"value": role, "label": _USES[role]} for role in CORRECTABLE],
        ),
        dmc.TextInput(id="columns-label", label="Call it", size="sm", placeholder="as now"),
    ]  # fmt: skip
    return [
        html.Details(
            [
                html.Summary("Correct a column"),
                html.Div(
                    [
                        html.P("The table is published again as a new version; the present one stays as it is.", className="dim"),
                        html.Div(form, className="filters"),
                        dmc.Button("Publish the corrected version", id="columns-save", size="sm"),
                        html.Div(id="columns-told", **marks({"aria-live": "assertive"})),
                    ],
                    className="feedback-form",
                    role="form",
                    **marks({"aria-label": "Correct a column"}),
                ),
            ]
        )
    ]


def _view(scene: Scene) -> Any:
    frame = scene.shown
    shown = [_row(column) for column in frame.columns[:_MOST]]
    heads = {"name": "column", "use": "what it is for", "type": "read as", "values": "what it holds", "missing": "without a value"}
    if any(column.description for column in frame.columns):
        heads["description"] = "what it means"
    table = plain_table(pd.DataFrame(shown), heads, caption="columns of this table")
    left = len(frame.columns) - len(shown)
    parts: list[Any] = [
        section("What the columns hold", table, lead="Types and uses are guessed from names and values when a table is published.")
    ]
    if left > 0:
        parts.append(note(f"{left:,} further columns are left out here."))
    if frame.notes:
        parts.append(section("What was guessed or changed", html.Ul([html.Li(text) for text in frame.notes])))
    return parts


def _row(column: ColumnInfo) -> dict[str, str]:
    if column.is_private:
        return {
            "name": column_label(column), "use": "private: its values were never written", "type": "", "values": "", "missing": "",
            "description": column.description,
        }  # fmt: skip
    share = counted(column.n_missing, "row") if column.n_missing else "none"
    return {
        "name": column_label(column), "use": _USES[column.role], "type": _TYPES[column.type], "values": _values(column),
        "missing": share, "description": column.description,
    }  # fmt: skip


def _values(column: ColumnInfo) -> str:
    if column.type == "number" and column.low is not None and column.high is not None:
        return f"{cell(column.low)} to {cell(column.high)}"
    if column.type == "date" and column.first and column.last:
        return f"{column.first[:10]} to {column.last[:10]}"
    if column.levels:
        few = ", ".join(level if len(level) <= 30 else f"{level[:29]}…" for level in column.levels[:4])
        return few + (f" and {len(column.levels) - 4:,} more" if len(column.levels) > 4 else "")
    return f"{column.n_distinct:,} different values"


def register(app: Dash, sources: Sources) -> None:
    """Publish a corrected version."""
    from clv_platform.review.app.drawing import find_frame

    @app.callback(
        Output("columns-told", "children"),
        Input("columns-save", "n_clicks"),
        State("columns-name", "value"),
        State("columns-type", "value"),
        State("columns-role", "value"),
        State("columns-label", "value"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
        running=[(Output("columns-save", "disabled"), True, False)],
    )
    def _correct(clicks: int | None, name: Any, type_: Any, role: Any, label: Any, pathname: str, search: str) -> Any:
        if not clicks:
            return no_update
        given = [value if isinstance(value, str) and value else None for value in (type_, role, label)]
        try:
            frame = find_frame(sources, read_address(pathname, search))
            if not isinstance(name, str) or not name:
                raise FrameError("choose a column first.")
            made = publish_corrected(sources.store, frame, current_person(), name, *given)
        except (FrameError, OSError) as error:
            return lean([note(f"Not published: {error}", "warning")])
        return lean([_told(made)])


def _told(made: FrameInfo) -> Any:
    there = Address("columns", made.slug, (), (("v", str(made.version)),))
    return note([f"Published as version {made.version}. ", link("Open it", there.href)])


PAGE = Page("columns", "Columns", _view, _controls, has_filters=False)
