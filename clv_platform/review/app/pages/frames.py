"""The list of published frames: what there is to look at, and how to publish more."""

from __future__ import annotations

from typing import Any

from dash import html

from clv_platform.review.app.address import Address
from clv_platform.review.app.formats import moment
from clv_platform.review.app.parts import link
from clv_platform.review.app.scene import Page, Scene
from clv_platform.review.app.shell import KINDS
from clv_platform.review.feedback.store import open_feedback
from clv_platform.review.frames.catalogue import list_frames
from clv_platform.review.frames.info import FrameInfo

_HOW = """from clv_platform.review import publish
publish(frame, name="Spend and segment, March", y_true="segment", y_pred="predicted_segment", account_id="account_id")"""


def _view(scene: Scene) -> Any:
    found = list_frames(scene.sources.store)
    head = [
        html.H1("Published predictions"),
        html.P(
            (
                "Each entry holds predictions next to what really happened. Open one, look at the accounts you know, and say "
                "where it is wrong."
            ),
            className="lead",
        ),
    ]
    if not found:
        return [
            *head,
            html.P("Nothing is published yet. A data scientist publishes a table with:"),
            html.Pre(_HOW),
            html.P("or from the shell:"),
            html.Pre("clv publish predictions.parquet --name 'Spend and segment, March' --y-true segment --y-pred predicted_segment"),
        ]
    feedback = open_feedback(scene.sources.store)
    counts: dict[str, int] = {}
    for one in feedback.list():
        if one.state == "open":
            counts[one.frame] = counts.get(one.frame, 0) + 1
    return [*head, html.Ul([html.Li(_entry(one, counts.get(one.slug, 0))) for one in found], className="entries")]


def _entry(frame: FrameInfo, n_open: int) -> Any:
    address = Address("overview", frame.slug)
    facts = [
        f"{frame.n_rows:,} rows",
        f"predicts {KINDS[frame.kind]}",
        f"version {frame.version}",
        f"published {moment(frame.published_at)}",
    ]
    if frame.origin == "run":
        facts.append("from the monthly run")
    said = link(f"{n_open} open comment{'s' if n_open > 1 else ''}", address.on("feedback").href, className="tag") if n_open else None
    return [html.Div([link(frame.name, address.href, className="entry-name"), said]), html.Div(" · ".join(facts), className="dim small")]


PAGE = Page("frames", "Predictions", _view, has_filters=False)
