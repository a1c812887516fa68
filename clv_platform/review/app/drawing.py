"""From an address to a page: find the frame, choose the page, draw it; whatever is wrong with the address becomes a sentence.

Keep what single pages show out (`pages`).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from dash import html

from clv_platform.review.access import Person
from clv_platform.review.app.address import Address
from clv_platform.review.app.filter_panel import chips, filter_panel
from clv_platform.review.app.markup import lean
from clv_platform.review.app.pages import FRAME_PAGES, OTHER_PAGES
from clv_platform.review.app.parts import link, marks, note
from clv_platform.review.app.scene import Page, Scene, Sources
from clv_platform.review.app.shell import frame_head, tabs
from clv_platform.review.frames.catalogue import list_versions, read_frame_info
from clv_platform.review.frames.info import FrameError, FrameInfo
from clv_platform.review.queries.filters import FilterError, read_filters, write_filters

_LOG = logging.getLogger(__name__)


def draw_page(sources: Sources, address: Address, person: Person) -> Any:
    """Return a whole page."""
    return lean(_page(sources, address, person))


def _page(sources: Sources, address: Address, person: Person) -> Any:
    if not address.slug:
        page = OTHER_PAGES.get(address.page)
        if page is None:
            return _unknown(address)
        scene = Scene(sources, address, person)
        return [html.Div(id="tabs", hidden=True), html.Div(page.controls(scene)), html.Div(id="chips", hidden=True), _view_of(page, scene)]
    try:
        frame = find_frame(sources, address)
    except FrameError as error:
        return [html.H1("No such frame"), note(str(error), "warning"), html.P(link("To the list of published predictions", "/"))]
    page = FRAME_PAGES.get(address.page)
    if page is None:
        return _unknown(address)
    scene = _checked(Scene(sources, address, person, frame))
    versions = tuple(one.version for one in list_versions(sources.store, frame.slug))
    return [
        frame_head(frame, address, versions),
        html.Nav(tabs(scene, tuple(FRAME_PAGES.values())), id="tabs", **marks({"aria-label": "Pages of this frame"})),
        html.Div(filter_panel(frame, scene.address)) if page.has_filters else None,
        html.Div(chips(frame, scene.address) if page.has_filters else None, id="chips"),
        html.Div(_controls_of(page, scene), className="controls"),
        _view_of(page, scene),
    ]


def draw_view(sources: Sources, address: Address, person: Person) -> tuple[Any, Any, Any]:
    """Return what changes with a control: the view, the chips, the tabs (their links carry the filters)."""
    view, marks, places = _changed(sources, address, person)
    return lean(view), lean(marks), lean(places)


def _changed(sources: Sources, address: Address, person: Person) -> tuple[Any, Any, Any]:
    if not address.slug:
        page = OTHER_PAGES.get(address.page)
        return (_safely(page, Scene(sources, address, person)) if page else _unknown(address)), None, None
    try:
        frame = find_frame(sources, address)
    except FrameError as error:
        return note(str(error), "warning"), None, None
    page = FRAME_PAGES.get(address.page)
    if page is None:
        return _unknown(address), None, None
    scene = _checked(Scene(sources, address, person, frame))
    marks = chips(frame, scene.address) if page.has_filters else None
    return _safely(page, scene), marks, tabs(scene, tuple(FRAME_PAGES.values()))


def find_frame(sources: Sources, address: Address) -> FrameInfo:
    """Return the frame and version that an address names.

    Raises
    ------
    FrameError
        When there is none.
    """
    wanted = address.option("v")
    if wanted and not (wanted.isascii() and wanted.isdecimal() and len(wanted) < 10):
        raise FrameError(
            f"version {wanted[:40]!r}: expected a whole number such as 2. Leave `v` out of the address for the newest version."
        )
    return read_frame_info(sources.store, address.slug, int(wanted) if wanted else None)


def _checked(scene: Scene) -> Scene:
    """Return the scene with filters that fit the frame; what doesn't fit is told."""
    read = read_filters(write_filters(scene.address.filters), scene.shown)
    problems = (*scene.address.problems, *read.problems)
    return replace(scene, address=replace(scene.address, filters=read.filters, problems=tuple(dict.fromkeys(problems))))


def _controls_of(page: Page, scene: Scene) -> Any:
    """Draw the menus of a page; what is wrong with the address is told by the view."""
    try:
        return page.controls(scene)
    except (FilterError, FrameError):
        return None


def _view_of(page: Page, scene: Scene) -> Any:
    return html.Div(_safely(page, scene), id="view")


def _safely(page: Page, scene: Scene) -> Any:
    """Draw a page; a question that can't be answered is told in place, the rest of the app stays usable."""
    warnings = [note(problem, "warning") for problem in scene.address.problems]
    try:
        drawn = page.view(scene)
        return [*warnings, *(drawn if isinstance(drawn, list) else [drawn])]  # the browser draws no list within a list
    except (FilterError, FrameError) as error:
        return [*warnings, note(str(error), "warning")]
    except Exception:  # the reader gets a sentence, the log the trace
        _LOG.exception("page %s of %s", page.name, scene.address.slug or "-")
        words = "This part could not be drawn. The server's log says why; the other pages and the address stay usable."
        return [*warnings, note(words, "warning")]


def _unknown(address: Address) -> Any:
    del address
    return [html.H1("No such page"), html.P(link("To the list of published predictions", "/"))]
