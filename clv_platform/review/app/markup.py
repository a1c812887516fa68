"""What pages draw, made light for the browser: every part that only shows something becomes one piece of HTML.

Dash keeps a component of React for each cell of a table, and wakes all of them at every change of any: a page of 400 cells then answers a
click in 300 ms, of which the database takes 20. Here: `lean`, which turns runs of `html` components and links into `Markup`; what a
callback reads or writes (an id, a menu, a chart, the grid) stays a component. Texts are escaped in one place, `_Html.of`. Keep what pages
say out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

# Ids that name a place of the page and that no callback knows.
_PLAIN_IDS = frozenset({"count"})
_NAMES = {"className": "class", "tabIndex": "tabindex", "colSpan": "colspan", "rowSpan": "rowspan"}
_ATTRIBUTES = frozenset({"class", "title", "role", "href", "scope", "colspan", "rowspan", "tabindex", "id", "download", "hidden", "open"})
_STRICT = frozenset({"Details", "Ul", "Ol", "Dl", "Table", "Thead", "Tbody", "Tr"})
_WILD = re.compile(r"(?:aria|data)-[a-z-]+")
_STYLE = re.compile(r"--[a-z]+|[a-zA-Z]+")
_UPPER = re.compile(r"[A-Z]")


class Markup(Component):
    """A piece of HTML, drawn by `assets/markup.js`, which keeps the focus and what was opened where they were.

    Parameters
    ----------
    html : str
        Made by `lean` only: whatever stands in it is not escaped again.
    """

    _children_props: list[str] = []  # noqa: RUF012  (Dash reads it off the class)
    _base_nodes: list[str] = ["children"]  # noqa: RUF012
    _namespace = "clv_review"
    _type = "Markup"

    def __init__(self, html: str) -> None:  # pyright: ignore[reportMissingSuperCall]
        self._prop_names = ["html"]
        self._valid_wildcard_attributes: list[str] = []
        self.available_properties = ["html"]
        self.available_wildcard_properties: list[str] = []
        self.html = html  # Dash's own `__init__` would look for a package of the namespace's name, 2 ms each time


class _Html(str):
    """Text that is HTML already."""

    __slots__ = ()

    @classmethod
    def of(cls, text: object) -> _Html:
        """Escape a text; NUL, which no HTML may hold, is shown as its sign."""
        return cls(escape(str(text).replace("\x00", "\u2400"), quote=True))


def lean(drawn: Any) -> Any:
    """Return what a page drew with all that only shows something as `Markup`; components are changed in place.

    Parameters
    ----------
    drawn : component, text, number, None or list of these
        As a callback would return it.
    """
    if isinstance(drawn, list | tuple):
        return _as_components(_parts(drawn))
    if not isinstance(drawn, Component):
        return drawn
    found = _part(drawn)
    return Markup(found) if isinstance(found, _Html) else found


def _parts(drawn: Iterable[Any]) -> list[Any]:
    """HTML and components in turn, neighbouring HTML in one piece."""
    found: list[Any] = []
    for one in drawn:
        parts = _parts(one) if isinstance(one, list | tuple) else [_part(one)]
        for part in parts:
            if isinstance(part, _Html) and found and isinstance(found[-1], _Html):
                found[-1] = _Html(str.__add__(found[-1], part))
            elif not isinstance(part, _Html) or part:
                found.append(part)
    return found


def _part(one: Any) -> Any:
    if one is None or isinstance(one, bool):  # the browser shows neither
        return _Html()
    if not isinstance(one, Component):
        return _Html.of(one)
    if not (is_link := isinstance(one, dcc.Link)) and not _is_html(one):
        return one
    children = getattr(one, "children", None)
    parts = _parts(children if isinstance(children, list | tuple) else [children])
    properties = {name: getattr(one, name) for name in _names(one) if name != "children" and getattr(one, name) is not None}
    if (is_link or _is_plain(properties)) and all(isinstance(part, _Html) for part in parts):
        return _element("a" if is_link else type(one).__name__.lower(), properties, "".join(parts), is_link)
    if not is_link and isinstance(children, list | tuple | Component):
        # A list knows its entries, and what unfolds its summary, only as their own children: these stay what they are.
        one.children = children if type(one).__name__ in _STRICT else _as_components(parts)  # type: ignore[attr-defined]
    return one


def _as_components(parts: list[Any]) -> list[Any]:
    return [Markup(part) if isinstance(part, _Html) else part for part in parts]


def _is_html(one: Component) -> bool:
    return getattr(html, type(one).__name__, None) is type(one)


def _names(one: Component) -> Iterable[str]:
    """The properties that were set: wild ones (aria-label) are known by nothing but being there."""
    return (name for name in vars(one) if not name.startswith("_") and not name.startswith("available_"))


def _is_plain(properties: Mapping[str, Any]) -> bool:
    """Whether every property of a component is one that HTML has, too."""
    for name, value in properties.items():
        if name == "id" and (not isinstance(value, str) or value not in _PLAIN_IDS):
            return False
        if name != "style" and _NAMES.get(name, name) not in _ATTRIBUTES and not _WILD.fullmatch(name):
            return False
    return True


def _element(tag: str, properties: Mapping[str, Any], inner: str, is_link: bool) -> _Html:
    attributes = [_attribute(_NAMES.get(name, name), value) for name, value in sorted(properties.items())]
    go = " data-go" if is_link else ""  # the page's script follows it without a reload
    return _Html(f"<{tag}{''.join(attributes)}{go}>{inner}</{tag}>")


def _attribute(name: str, value: Any) -> str:
    if name == "style":
        pairs = [(key if key.startswith("--") else _UPPER.sub(lambda m: f"-{m[0].lower()}", key), item) for key, item in value.items()]
        return f' style="{_Html.of("; ".join(f"{key}: {item}" for key, item in pairs if _STYLE.fullmatch(key.replace("-", "x"))))}"'
    if name in ("hidden", "open"):
        return f" {name}" if value else ""
    if name == "href" and (not str(value).startswith(("/", "#")) or str(value).startswith(("//", "/\\"))):
        return ""  # pages link within the app only: nothing that a publisher wrote can become another address
    if name not in _ATTRIBUTES and not _WILD.fullmatch(name):
        return ""
    return f' {name}="{_Html.of(value)}"'
