"""What a section of a page is, and a page made of sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from clv_platform.reports.page import INDEX, Links, Picture, render_page
from clv_platform.reports.tables import Table


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it, from top to bottom.

    Attributes
    ----------
    anchor : str
        Id of the heading, to be linked to.
    title : str
        The heading.
    blocks : tuple of str, Table, Picture or tuple of Picture
        A text is a paragraph, pictures of one tuple stand side by side.
    folded : tuple of (str, tuple)
        Blocks that open on a click: the line to click on, and what is under it.
    """

    anchor: str
    title: str
    blocks: tuple[str | Table | Picture | tuple[Picture, ...], ...]
    folded: tuple[tuple[str, tuple[str | Table | Picture | tuple[Picture, ...], ...]], ...] = field(default=())


def render_sections(title: str, headline: str, detail: str, sections: Sequence[Section], *, notice: str = "", nav: Links = (INDEX,)) -> str:
    """Render a page that is a headline and sections.

    Parameters
    ----------
    title : str
        Of the page.
    headline, detail : str
        The answer in one sentence, and what it rests on.
    notice : str
        A warning above everything, such as that the data are undated.
    nav : tuple of (address, words)
        Other pages, relative to this one; by default the list of the run's pages.

    Returns
    -------
    str
        HTML without any address outside the page.
    """
    return render_page("sections.html.j2", title=title, headline=headline, detail=detail, notice=notice, nav=nav, sections=sections)
