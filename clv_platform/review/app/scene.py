"""What a page is given, and what it offers. Add what all pages need to `Scene`; keep pages out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clv_platform.review.access import Person
from clv_platform.review.app.address import Address
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.frames.store import ReviewStore


@dataclass(frozen=True)
class Sources:
    """Where pages read: the review store and, where a company's runs are at hand, what they published.

    Attributes
    ----------
    store : ReviewStore
        Frames and feedback.
    published : Path or None
        `data/<name>/published`; the pointer `current` in it is followed anew for every page.
    title : str
        The company, for the headings of monthly pages.
    models : Path or None
        `data/<name>/models`: reasons of rows that were published with a model from there are computed as they are looked at.
    """

    store: ReviewStore
    published: Path | None = None
    title: str = ""
    models: Path | None = None


@dataclass(frozen=True)
class Scene:
    """One look at one page: where, by whom, at which frame."""

    sources: Sources
    address: Address
    person: Person
    frame: FrameInfo | None = None

    @property
    def shown(self) -> FrameInfo:
        """The frame, on pages that have one."""
        if self.frame is None:
            raise LookupError(f"page {self.address.page!r} was asked for without a frame")
        return self.frame


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes
    ----------
    name, label : str
        In the URL, and on its tab.
    view : callable
        Scene to components: what changes with filters and options.
    controls : callable
        Scene to components: menus that write options into the URL.
    has_filters : bool
        Whether the filters of the frame stand above it.
    """

    name: str
    label: str
    view: Callable[[Scene], Any]
    controls: Callable[[Scene], list[Any]] = lambda scene: []
    has_filters: bool = True
