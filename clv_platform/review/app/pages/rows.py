"""Rows: the filtered records in a table that loads as it is scrolled; one record with its reasons; export as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dash_ag_grid as dag
import pandas as pd
from dash import Dash, Input, Output, State, html, no_update

from clv_platform.reports.words import counted
from clv_platform.review.app.address import Address, read_address
from clv_platform.review.app.export import export_path
from clv_platform.review.app.formats import cell, column_label, number
from clv_platform.review.app.markup import lean
from clv_platform.review.app.parts import link, marks, note, select
from clv_platform.review.app.scene import Page, Scene, Sources
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.lookup import one_row
from clv_platform.review.queries.reasons import STEM, model_of, reasons_of
from clv_platform.review.queries.rows import added_names, rows

_BLOCK = 100  # rows per request while scrolling
_MOST_COLUMNS = 60  # shown at once; a frame may have thousands, and the browser draws a header for each
_ERROR = "error"
# The grid's look from the page's own colours, so that light and dark follow the switch.
_THEME = (
    "themeQuartz.withParams({backgroundColor: 'var(--mantine-color-body)', foregroundColor: 'var(--mantine-color-text)',"
    " fontFamily: 'inherit',"
    " headerBackgroundColor: 'var(--surface)', borderColor: 'var(--line)', rowHoverColor: 'var(--surface)', accentColor: '#2a78b5',"
    " chromeBackgroundColor: 'var(--surface)'})"
)


def _controls(scene: Scene) -> list[Any]:
    frame, address = scene.shown, scene.address
    data = [{"value": _ERROR, "label": "size of the error"}]
    data += [{"value": f"column:{c.name}", "label": column_label(c)} for c in frame.shown_columns[:_MOST_COLUMNS]]
    parts = [
        select("sort", "Sort by", data, address.option("sort") or _ERROR),
        select(
            "order",
            "Order",
            [{"value": "down", "label": "largest first"}, {"value": "up", "label": "smallest first"}],
            address.option("order") or "down",
        ),
    ]
    if len(frame.shown_columns) > _MOST_COLUMNS:
        choice = [{"value": "few", "label": f"the first {_MOST_COLUMNS}"}, {"value": "all", "label": "all of them"}]
        parts.append(select("columns", "Columns", choice, address.option("columns") or "few"))
    return parts


def _shown(frame: FrameInfo, address_columns: str) -> list[str]:
    """Names of the columns to show: keys, outcome and prediction first."""
    order = {"account_id": 0, "as_of_date": 1, "y_true": 2, "y_pred": 3, "score": 4, "slice": 5, "feature": 6}
    columns = sorted(frame.shown_columns, key=lambda c: order.get(c.role, 9))
    return [column.name for column in (columns if address_columns == "all" else columns[:_MOST_COLUMNS])]


def _view(scene: Scene) -> Any:
    frame, address = scene.shown, scene.address
    names = _shown(frame, address.option("columns"))
    hidden = len(frame.shown_columns) - len(names)
    labels = {column.name: column_label(column) for column in frame.shown_columns}
    is_number = {column.name: column.type == "number" for column in frame.shown_columns}
    # Fields are positions, so that a name with dots or brackets is no path; the grid shows cells as text, never as HTML.
    columns = [{"field": "error", "headerName": "error", "type": "rightAligned", "width": 105, "pinned": None}] + [
        {"field": f"v{i}", "headerName": labels[name], "width": 150, **({"type": "rightAligned"} if is_number[name] else {})}
        for i, name in enumerate(names)
    ]
    if has_reasons(frame, scene.sources.models):
        why = {"field": "why", "headerName": "why (strongest first)", "width": 380, "tooltipField": "why"}
        columns.insert(min(len(columns), 4), why)
    grid = dag.AgGrid(
        id="grid",
        columnDefs=columns,
        rowModelType="infinite",
        className="grid",
        defaultColDef={"sortable": False, "resizable": True, "suppressMovable": True},
        dashGridOptions={
            "theme": {"function": _THEME},
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            "cacheBlockSize": _BLOCK,
            "maxBlocksInCache": 20,
            "suppressFieldDotNotation": True,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "tooltipShowDelay": 300,
        },
        getRowId="params.data.row",
        style={"height": "min(60vh, 560px)", "width": "100%"},
    )
    page = rows(frame, address.filters, *sort_of(frame, address), offset=0, limit=1)
    more = " and why the model said so" if has_reasons(frame, scene.sources.models) else ""
    parts: list[Any] = [html.P(f"{counted(page.n, 'row')}. Choose one to see all of it{more}.", className="count", id="count")]
    if hidden:
        parts.append(note(f"{hidden:,} further columns are left out here; the CSV and a chosen row have all of them."))
    if scene.person.may("export"):
        parts.append(html.A("Download these rows as CSV", href=export_path(address), className="link", download=""))
    return [html.Div(parts), grid, html.Div(id="row-detail", **marks({"aria-live": "polite"}))]


def sort_of(frame: FrameInfo, address: Address) -> tuple[str, bool]:
    """Return what `rows` sorts by: a column's name, by default the size of the error."""
    is_descending = address.option("order") != "up"
    wanted = address.option("sort")
    name = wanted.removeprefix("column:") if wanted.startswith("column:") else ""
    return (name if any(c.name == name for c in frame.shown_columns) else added_names(frame)[1]), is_descending


def register(app: Dash, sources: Sources) -> None:
    """Load rows while scrolling; show a chosen one."""
    from clv_platform.review.app.drawing import find_frame

    @app.callback(Output("grid", "getRowsResponse"), Input("grid", "getRowsRequest"), State("url", "pathname"), State("url", "search"))
    def _load(request: dict[str, Any] | None, pathname: str, search: str) -> Any:
        if not request:
            return no_update
        address = read_address(pathname, search)
        frame = find_frame(sources, address)
        start = max(int(request.get("startRow") or 0), 0)
        page = rows(frame, address.filters, *sort_of(frame, address), offset=start, limit=_BLOCK)
        data = records(page.table, _shown(frame, address.option("columns")), page.row_column, page.error_column, frame.kind)
        if has_reasons(frame, sources.models):
            words = reasons_words(frame, [int(one["row"]) for one in data], sources.models)
            data = [one | {"why": words.get(int(one["row"]), "")} for one in data]
        return {"rowData": data, "rowCount": page.n}

    @app.callback(
        Output("row-detail", "children"),
        Input("grid", "selectedRows"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def _detail(selected: list[dict[str, Any]] | None, pathname: str, search: str) -> Any:
        if not selected:
            return None
        address = read_address(pathname, search)
        frame = find_frame(sources, address)
        return lean(_row_detail(frame, int(selected[0]["row"]), address, sources.models))


def has_reasons(frame: FrameInfo, models: Path | None) -> bool:
    """Whether reasons were published with the rows, or can be computed by the model that they name."""
    return (frame.folder / f"{STEM}.parquet").is_file() or model_of(frame, models) is not None


def reasons_words(frame: FrameInfo, places: list[int], models: Path | None) -> dict[int, str]:
    """The three strongest reasons of each row on screen, in a few words; rows without reasons are left out."""
    table = reasons_of(frame, places, models, most=3)
    words: dict[int, list[str]] = {}
    for one in table.to_dict("records"):
        value = f" = {cell(one['value'])}" if cell(one["value"]) else ""
        words.setdefault(int(one["row"]), []).append(f"{'▲' if one['effect'] > 0 else '▼'} {one['feature']}{value}")
    return {row: "; ".join(parts) for row, parts in words.items()}


def records(table: pd.DataFrame, names: list[str], row_column: str, error_column: str, kind: str) -> list[dict[str, Any]]:
    """Rows as the grid wants them: texts, by position."""
    values = {f"v{i}": [cell(value) for value in table[name].tolist()] for i, name in enumerate(names)}
    values["error"] = [_error_words(value, kind) for value in table[error_column].tolist()]
    values["row"] = [str(int(value)) for value in table[row_column].tolist()]
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _error_words(value: float, kind: str) -> str:
    if pd.isna(value):
        return ""
    if kind == "multiclass":
        return "wrong" if value else "right"
    return number(float(value), "share" if kind == "binary" else "amount")


def _row_detail(frame: FrameInfo, row: int, address: Address, models: Path | None) -> Any:
    """One row in full, why the model said so, and the way to a comment on it."""
    record = one_row(frame, row)
    if record is None:
        return note("This row is gone.", "warning")
    pairs = [part for c in frame.shown_columns for part in (html.Dt(column_label(c)), html.Dd(cell(record[c.name]) or "–"))]
    reasons = reasons_of(frame, [row], models)
    why: list[Any] = []
    if len(reasons):
        items = [
            html.Li(
                f"{r['feature']}"
                + (f" = {cell(r['value'])}" if cell(r["value"]) else "")
                + f": {'raises' if r['effect'] > 0 else 'lowers'} it ({r['effect']:+.2f})"
            )
            for r in reasons.to_dict("records")
        ]
        why = [html.H3("Why the model said so"), html.Ul(items)]
    about = link("Comment on this row", address.on("feedback").with_option("row", str(row)).href, className="button")
    account = frame.column_of("account_id")
    name = cell(record[account.name]) if account else f"row {row + 1}"
    return html.Section([html.H2(f"Row: {name}"), about, *why, html.H3("All of it"), html.Dl(pairs, className="record")], className="block")


PAGE = Page("rows", "Rows", _view, _controls)
