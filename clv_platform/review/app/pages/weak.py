"""Where it's weak: groups of rows in which the predictions are wrong, hard by nature, or recoverable, each one click from its rows."""

from __future__ import annotations

from typing import Any

from dash import html

from clv_platform.review.app.formats import filters_words, interval, number
from clv_platform.review.app.parts import link, note, section
from clv_platform.review.app.scene import Page, Scene
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
        "Few outcomes here can be foreseen from what is known. Expect errors; more data may help, another model won't.",
    ),
)


def _view(scene: Scene) -> Any:
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
    if not any(getattr(found, name) for name, _, _ in _LISTS):
        parts.insert(0, note("No group stands out beyond chance. That doesn't mean that every group is fine: small ones can't be judged."))
    return parts


def _entry(scene: Scene, group: WeakGroup) -> Any:
    there = scene.address.with_filters(group.filters)
    facts = [f"{group.n:,} rows", f"happened {number(group.observed, 'amount')}", f"predicted {number(group.expected, 'amount')}"]
    if span := interval(group.lo, group.hi, "amount"):
        facts.append(f"95 % sure {span}")
    words = filters_words(tuple(group.filters), scene.shown)
    return [
        html.Div([link(words, there.on("overview").href, className="entry-name")]),
        html.Div(group.sentence),
        html.Div(
            [" · ".join(facts), " · ", link("its rows", there.on("rows").href), " · ", link("comment on it", there.on("feedback").href)],
            className="dim small",
        ),
    ]


PAGE = Page("weak", "Where it's weak", _view, has_filters=False)
