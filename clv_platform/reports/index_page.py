"""The pages of one run on one page: where each is, and its answer in one sentence.

Here: `write_index`, called after every page that is written, so that it lists what is there. Pages link it (`page.INDEX`); an address
from page to page would lead nowhere where a run made only some of them. Keep what the pages say out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from clv_platform.reports.page import render_page
from clv_platform.warehouse import replacing

NAME = "index.html"
_LAST = ("segments", "exploration", "data")  # after the targets; other folders are targets
_OF_TARGET = ("report.html", "history.html", "backtest.html")


@dataclass(frozen=True)
class Entry:
    """One page: its address beside the index, its title and its headline."""

    address: str
    title: str
    headline: str


def write_index(folder: Path) -> Path:
    """Write `index.html` of a cutoff's report folder: every page that lies one folder below it.

    Parameters
    ----------
    folder : Path
        `reports/<cutoff>`.

    Returns
    -------
    Path
        The page; it appears all at once.
    """
    entries = [read_entry(path, f"{path.parent.name}/{path.name}") for path in sorted(folder.glob("[!.]*/[!.]*.html"), key=_order)]
    company, titles = _split([entry.title for entry in entries])
    shown = [Entry(entry.address, title, entry.headline) for entry, title in zip(entries, titles, strict=True)]
    html = render_page("index.html.j2", title=company or "Reports", cutoff=folder.name, entries=shown)
    with replacing(folder / NAME) as unfinished:
        unfinished.write_text(html, encoding="utf-8")
    return folder / NAME


def read_entry(path: Path, address: str) -> Entry:
    """Read title and headline back from a page that was made here."""
    html = path.read_text(encoding="utf-8")
    return Entry(address, _text(r"<h1>(.*?)</h1>", html) or address, _text(r'<p class="headline">(.*?)</p>', html))


def _text(pattern: str, html: str) -> str:
    found = re.search(pattern, html, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", found.group(1))).split()) if found else ""


def _order(path: Path) -> tuple[int, str, int, str]:
    place = _LAST.index(path.parent.name) + 1 if path.parent.name in _LAST else 0
    return place, path.parent.name, _OF_TARGET.index(path.name) if path.name in _OF_TARGET else len(_OF_TARGET), path.name


def _split(titles: list[str]) -> tuple[str, list[str]]:
    """Take off what all titles begin with, the company's: "Demo · upgrades", "Demo · the data"."""
    parts = [title.split(" · ") for title in titles]
    n = 0
    while parts and all(len(own) > n + 1 and own[n] == parts[0][n] for own in parts):
        n += 1
    return " · ".join(parts[0][:n]) if parts else "", [" · ".join(own[n:]) for own in parts]
