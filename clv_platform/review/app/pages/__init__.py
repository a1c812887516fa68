"""The pages: a module each, with a `Page` called PAGE and, where it has callbacks of its own, `register(app, sources)`.

Add a page as a module and a line below; its order here is its order on the tabs.
"""

from __future__ import annotations

from dash import Dash

from clv_platform.review.app.pages import columns, compare, explore, feedback, frames, glossary, month, overview, rows, weak
from clv_platform.review.app.scene import Page, Sources

FRAME_PAGES: dict[str, Page] = {page.PAGE.name: page.PAGE for page in (overview, explore, weak, rows, compare, feedback, columns)}
OTHER_PAGES: dict[str, Page] = {page.PAGE.name: page.PAGE for page in (frames, month, glossary)}


def register_pages(app: Dash, sources: Sources) -> None:
    """Register the callbacks that single pages bring."""
    for page in (feedback, rows, weak, columns, month):
        page.register(app, sources)


__all__ = ["FRAME_PAGES", "OTHER_PAGES", "register_pages"]
