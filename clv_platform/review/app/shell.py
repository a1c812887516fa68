"""What surrounds every page: header, navigation, theme, the frame's title and tabs. Keep what pages show out."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from clv_platform.review.access import Person
from clv_platform.review.app.address import FRAMES, Address
from clv_platform.review.app.formats import moment
from clv_platform.review.app.parts import link, marks, note
from clv_platform.review.app.scene import Page, Scene
from clv_platform.review.app.theme import THEME
from clv_platform.review.frames.info import FrameInfo

KINDS = {"binary": "yes or no", "multiclass": "one of several classes", "regression": "an amount"}


def build_layout() -> Any:
    """Return what is there before any page is: the browser's address decides the rest."""
    return dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="route"),
            dcc.Store(id="own"),
            html.A("Skip to the content", href="#page", className="skip"),
            html.Header(
                [
                    dcc.Link([html.Span("◧", className="logo", **marks({"aria-hidden": "true"})), " Review"], href="/", className="brand"),
                    html.Nav(id="nav", **marks({"aria-label": "Main"})),
                    html.Div(id="person", className="person"),
                    dmc.ColorSchemeToggle(
                        lightIcon="☾", darkIcon="☀", variant="default", size="lg", **marks({"aria-label": "Switch between light and dark"})
                    ),
                ],
                className="top",
            ),
            html.Main(html.Div("Loading …", className="dim"), id="page", tabIndex=-1),
            dmc.NotificationContainer(id="notices", position="bottom-right"),
        ],
        theme=THEME,
        defaultColorScheme="auto",
    )


def navigation(address: Address) -> list[Any]:
    """Return the links of the header, the present page marked."""
    parts = (
        ("Predictions", "/", bool(address.slug) or address.page == FRAMES),
        ("This month", "/month", address.page == "month"),
        ("Glossary", "/glossary", address.page == "glossary"),
    )
    return [_place(text, href, is_on) for text, href, is_on in parts]


def person_menu(person: Person, needs_login: bool) -> list[Any]:
    """Return who is logged in and the way out; nothing where nobody logs in."""
    if not needs_login:
        return []
    return [
        html.Span(f"{person.name} ({person.role})", className="dim small"),
        dmc.Button("Log out", id="log-out", size="compact-sm", variant="subtle"),
    ]


def tabs(scene: Scene, pages: tuple[Page, ...]) -> list[Any]:
    """Return the frame's pages as links that carry the filters along."""
    return [_place(page.label, scene.address.on(page.name).href, page.name == scene.address.page) for page in pages]


def frame_head(frame: FrameInfo, address: Address, versions: tuple[int, ...]) -> Any:
    """Return name, facts and version of a frame."""
    facts = [f"{frame.n_rows:,} rows", f"predicts {KINDS[frame.kind]}", f"published {moment(frame.published_at)}"]
    facts += [
        f"{label} {value}" for label, value in (("target", frame.target), ("model", frame.model_id), ("as of", frame.as_of_date)) if value
    ]
    newest = max(versions, default=frame.version)
    choose: list[Any] = []
    if len(versions) > 1:
        choose = [
            dmc.Select(
                id={"option": "v"},
                label="Version",
                value=str(frame.version),
                allowDeselect=False,
                size="sm",
                w=160,
                data=[{"value": str(v), "label": f"{v} (newest)" if v == newest else str(v)} for v in sorted(versions, reverse=True)],
            )
        ]
    parts = [html.Div([html.Div([html.H1(frame.name), html.P(" · ".join(facts), className="dim")]), *choose], className="head")]
    if frame.version < newest:
        parts.append(note([f"This is version {frame.version}. ", link("See the newest", address.with_option("v").href)], "info"))
    return html.Div(parts)


def _place(text: str, href: str, is_on: bool) -> Any:
    """A link of a menu; the one that is on says so to screen readers too."""
    current = {"aria-current": "page"} if is_on else {}
    return html.A(text, href=href, className="place place-on" if is_on else "place", **marks({"data-go": ""} | current))
