"""Where it's weak: groups of rows in which the predictions are wrong, hard by nature, or recoverable, each one click from its rows."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html

from clv_platform.reports.words import counted
from clv_platform.review.access import current_person
from clv_platform.review.app.address import read_address
from clv_platform.review.app.markup import lean
from clv_platform.review.app.parts import link, marks, note, section
from clv_platform.review.app.scene import Page, Scene, Sources
from clv_platform.review.frames.info import FrameError
from clv_platform.review.queries.weak import WeakGroup, weak_slices

_LISTS = (
    (
        "wrong_here",
        "Wrong here",
        "Beyond chance, predictions are off in these groups. If you know why, tell: a comment becomes a check on the next model.",
    ),
    ("recoverable", "A better model could do it", "Here another look at the same columns does better: worth the next model's time."),
    (
        "naturally_hard",
        "Hard by nature",
        "What happens here is less certain than elsewhere, and the predictions say so rightly. More data may help, another model won't.",
    ),
)


def _view(scene: Scene) -> Any:
    """Ask for the groups apart: a first search of a large frame takes a while, and the page should stand meanwhile."""
    del scene
    waiting = html.P("Looking for groups that stand out. The first time this may take half a minute …", className="dim")
    return html.Div([dcc.Store(id="weak-ask", data=True), html.Div(waiting, id="weak-found", **marks({"aria-live": "polite"}))])


def _lists(scene: Scene) -> list[Any]:
    found = weak_slices(scene.shown)
    parts: list[Any] = [html.P(found.note, className="lead")] if found.note else []
    for name, title, lead in _LISTS:
        groups: tuple[WeakGroup, ...] = getattr(found, name)
        body = (
            html.Ul([html.Li(_entry(scene, group)) for group in groups], className="entries")
            if groups
            else html.P("None found.", className="dim")
        )
        parts.append(section(title, body, lead=lead))
    return parts


def register(app: Dash, sources: Sources) -> None:
    """Search when the page is there."""
    from clv_platform.review.app.drawing import find_frame

    @app.callback(Output("weak-found", "children"), Input("weak-ask", "data"), State("url", "pathname"), State("url", "search"))
    def _search(_asked: bool, pathname: str, search: str) -> Any:
        address = read_address(pathname, search)
        try:
            return lean(_lists(Scene(sources, address, current_person(), find_frame(sources, address))))
        except FrameError as error:
            return note(str(error), "warning")


def _entry(scene: Scene, group: WeakGroup) -> list[Any]:
    """A group: what is the matter, in figures, and the ways on. Groups that filters can't name have no links."""
    facts = [counted(group.n, "row")]
    there = scene.address.with_filters(group.filters)
    ways: list[Any] = []
    if group.filters:
        ways = [" · ", link("its rows", there.on("rows").href), " · ", link("comment on it", there.on("feedback").href)]
    name = link(group.label, there.on("overview").href, className="entry-name") if group.filters else html.Strong(group.label)
    sentence = f"{group.sentence[:1].upper()}{group.sentence[1:]}."
    return [
        html.Div(name),
        html.Div(sentence),
        html.Div([" · ".join(facts), *ways], className="dim small"),
    ]


PAGE = Page("weak", "Where it's weak", _view, has_filters=False)
