"""The state of a page is its URL, so that a view can be sent to a colleague and the back button works.

Here: `Address`, from a URL and back. A choice on a page (metric, sort, ...) is an option here; filters are written by `queries.filters`.
Keep what
pages show out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, urlencode

from clv_platform.review.queries.filters import FILTER_KINDS, Filter, Filters, read_filters, write_filters

FRAMES = "frames"


@dataclass(frozen=True)
class Address:
    """Where somebody is.

    Attributes
    ----------
    page : str
        Name of the page; "frames" is the list at `/`.
    slug : str
        The frame, empty on pages that belong to none.
    filters : tuple of Filter
        Which rows.
    options : tuple of (str, str)
        Everything else, in order: v (version), by, metric, sort, show, ...
    problems : tuple of str
        What of the URL couldn't be used, a sentence each.
    """

    page: str
    slug: str = ""
    filters: Filters = ()
    options: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()

    def option(self, name: str, default: str = "") -> str:
        """Return the last value of an option."""
        values = self.all_of(name)
        return values[-1] if values else default

    def all_of(self, name: str) -> tuple[str, ...]:
        """Return all values of an option."""
        return tuple(value for key, value in self.options if key == name)

    def with_option(self, name: str, *values: str) -> Address:
        """Return the address with that option set to these values; without values it is gone."""
        rest = [(key, value) for key, value in self.options if key != name]
        return replace(self, options=(*rest, *((name, value) for value in values if value)))

    def with_filters(self, filters: Iterable[Filter]) -> Address:
        """Return the address with these filters."""
        return replace(self, filters=tuple(filters))

    def filtered(self, *added: Filter) -> Address:
        """Return the address with filters added; one on the same column and of the same kind gives way."""
        replaced = {(one.column, one.kind) for one in added}
        return self.with_filters([one for one in self.filters if (one.column, one.kind) not in replaced] + list(added))

    def without(self, gone: Filter) -> Address:
        """Return the address without a filter."""
        return self.with_filters(one for one in self.filters if one != gone)

    def on(self, page: str) -> Address:
        """Return the same view on another page of the frame; only the version goes along with the filters."""
        kept = tuple((key, value) for key, value in self.options if key in ("v", "show"))
        return replace(self, page=page, options=kept)

    @property
    def search(self) -> str:
        """The URL's query, with `?`, or empty."""
        parts = [part for part in (write_filters(self.filters), urlencode(self.options, errors="surrogatepass")) if part]
        return f"?{'&'.join(parts)}" if parts else ""

    @property
    def path(self) -> str:
        """The URL's path."""
        if self.slug:
            return f"/frames/{quote(self.slug, safe='')}" + ("" if self.page == "overview" else f"/{self.page}")
        return "/" if self.page == FRAMES else f"/{self.page}"

    @property
    def href(self) -> str:
        """Path and query."""
        return self.path + self.search


def read_address(pathname: str | None, search: str | None) -> Address:
    """Read a URL; whatever can't be read ends up in `problems` or on the page "unknown", never in an error."""
    query = (search or "").removeprefix("?")
    read = read_filters(query)
    options = tuple((key, value) for key, value in parse_qsl(query, errors="surrogatepass") if not _is_filter(key))
    parts = [unquote(part) for part in (pathname or "/").strip("/").split("/") if part]
    if not parts or parts == ["frames"]:
        return Address(FRAMES, "", read.filters, options, read.problems)
    if parts[0] == "frames" and len(parts) in (2, 3):
        return Address(parts[2] if len(parts) == 3 else "overview", parts[1], read.filters, options, read.problems)
    page = parts[0] if len(parts) == 1 and parts[0] != FRAMES else "unknown"
    return Address(page, "", read.filters, options, read.problems)


def _is_filter(key: str) -> bool:
    kind, dot, _ = key.partition(".")
    return bool(dot) and kind in FILTER_KINDS
