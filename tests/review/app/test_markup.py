"""Pages as HTML: what a publisher wrote stays text, what callbacks know stays a component, and nothing of a page is lost."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from dash import dcc, html
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_platform.review.app.markup import Markup, lean
from clv_platform.review.app.parts import marks


class _Reader(HTMLParser):
    """Elements with their attributes, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(drawn: Any) -> _Reader:
    found = lean(drawn)
    reader = _Reader()
    reader.feed(found.html if isinstance(found, Markup) else "".join(part.html for part in found))
    reader.close()
    return reader


@settings(max_examples=100)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=40))
def test_any_text_is_shown_as_it_is_and_makes_no_element(text: str) -> None:
    reader = _read([html.Div([html.P(text, title=text), dcc.Link(text, href="/frames/x")])])
    assert [tag for tag, _ in reader.elements] == ["div", "p", "a"]
    assert reader.text == text * 2
    assert reader.elements[1][1] == {"title": text}


def test_scripts_in_names_cells_and_attributes_are_text() -> None:
    evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
    found = lean(html.Td(evil, title=evil, style={"--heat": evil, "left;color": "red"}, **marks({"data-level": evil})))
    assert isinstance(found, Markup)
    assert "<script" not in found.html
    assert "<img" not in found.html
    assert [tag for tag, _ in _read([html.Td(evil, **marks({"data-level": evil}))]).elements] == ["td"]


def test_links_lead_within_the_app_only() -> None:
    for elsewhere in ("javascript:alert(1)", "https://evil.example/", "//evil.example", "/\\evil.example", " javascript:alert(1)"):
        assert "href" not in _read([dcc.Link("x", href=elsewhere), html.A("y", href=elsewhere)]).elements[0][1]
    tag, attributes = _read([dcc.Link("x", href="/frames/a?in.b=c&v=1", className="link", title="see")]).elements[0]
    assert (tag, attributes) == ("a", {"href": "/frames/a?in.b=c&v=1", "class": "link", "title": "see", "data-go": None})


def test_what_callbacks_know_stays_a_component_and_the_rest_becomes_one_piece() -> None:
    grid = html.Div(id="grid")
    chart = dcc.Graph(figure={})
    found = lean([html.H2("a"), html.P(["b", None, html.Strong(1)]), [html.Div([html.Span("c"), grid, "d"])], chart, "e"])
    assert [type(part).__name__ for part in found] == ["Markup", "Div", "Graph", "Markup"]
    assert found[0].html == "<h2>a</h2><p>b<strong>1</strong></p>"
    inner = found[1].children
    assert [getattr(part, "html", part) for part in inner] == ["<span>c</span>", grid, "d"]


def test_properties_are_written_as_html_has_them() -> None:
    found = lean([html.Div(html.Td("x", colSpan=2, tabIndex=0, className="num"), style={"--heat": "3%", "marginTop": "1px"}, hidden=True)])
    assert found[0].html == '<div hidden style="--heat: 3%; margin-top: 1px"><td class="num" colspan="2" tabindex="0">x</td></div>'


def test_nothing_and_plain_texts_stay_what_they_are() -> None:
    assert lean(None) is None
    assert lean("text") == "text"
    assert lean([]) == []
