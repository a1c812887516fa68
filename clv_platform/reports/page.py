"""Templates to one HTML page: environment, pictures inside the page.

Keep content out: a page gets ready-made words, tables and pictures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from clv_platform.reports import words

Links = tuple[tuple[str, str], ...]  # addresses relative to the page, and words
INDEX = ("../index.html", "all pages of this run")
_CODE = re.compile(r"`([a-z_]+(?: [a-z_]+)*)`")
BESIDE_TARGET: Links = (INDEX, ("report.html", "the report of this target"))


@dataclass(frozen=True)
class Picture:
    """An SVG inside the page with its title (read aloud) and the one-line reading beneath."""

    name: str
    svg: Markup
    title: str
    reading: str

    @classmethod
    def of(cls, name: str, svg: bytes, title: str, reading: str) -> Picture:
        """Make SVG bytes of `figures` part of a page: labelled, scalable, without declarations and ids that would repeat."""
        text = svg.decode()
        text = text[text.index("<svg") :]
        text = re.sub(r' id="[A-Za-z0-9.]+_\d+"', "", text)
        text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text, count=2)
        # Ids of clip paths and markers repeat between figures of one shape; prefixed, they are unique on the page.
        text = re.sub(r'id="([a-z][0-9a-f]{10})"', rf'id="{name}-\1"', text)
        text = re.sub(r'(url\(#|href="#)([a-z][0-9a-f]{10})', rf"\1{name}-\2", text)
        label = Markup.escape(f"{title}. {reading}")
        opening = f'<svg class="figure" role="img" aria-label="{label}"'
        text = re.sub(r'<svg width="[^"]*" height="[^"]*"', lambda _: opening, text, count=1)
        return cls(name, Markup(text), title, reading)  # matplotlib escapes every text it writes


def _show_code(value: object) -> object:
    """Set what a sentence has between backticks (a command, a key of the config) as code, as terminals and Dagster's UI show it."""
    if isinstance(value, str) and not isinstance(value, Markup) and "`" in value:
        return Markup(_CODE.sub(r"<code>\1</code>", str(Markup.escape(value))))
    return value


def render_page(template: str, **content: Any) -> str:
    """Render one template of the package; every value is escaped, an unknown name is an error."""
    environment = Environment(
        loader=PackageLoader("clv_platform.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_show_code,
    )
    environment.globals["words"] = words
    return environment.get_template(template).render(**content)
