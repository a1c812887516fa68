"""Frames that somebody made to break the app, or that are just odd: every page is drawn, and texts stay texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from plotly.utils import PlotlyJSONEncoder

from clv_platform.review.access import Person
from clv_platform.review.app.address import Address, read_address
from clv_platform.review.app.drawing import draw_page
from clv_platform.review.app.figures import distribution_figure, safe
from clv_platform.review.app.pages import FRAME_PAGES
from clv_platform.review.app.pages.rows import records
from clv_platform.review.app.scene import Sources
from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.store import ReviewStore
from clv_platform.review.queries.filters import Filter

HOSTILE = (
    "<script>alert(1)</script>",
    "=HYPERLINK(1)",
    "'; drop table rows; --",
    "a.b[0]",
    "😀",
    "قديم",
    "x" * 300,
    "{{7*7}}",
    "in.country",
    '"quoted" & more',
)


def _draw(store: ReviewStore, path: str, search: str = "") -> str:
    drawn = draw_page(Sources(store), read_address(path, search), Person("x", "publisher"))
    return json.dumps(drawn, cls=PlotlyJSONEncoder, ensure_ascii=False)


def _publish(store: ReviewStore, frame: pd.DataFrame) -> str:
    return publish_frame(store, frame, "Odd <b>name</b>", roles={"y_true": "y", "y_pred": "guess"}).slug


def test_hostile_names_and_cells_are_drawn_as_text_on_every_page(store: ReviewStore) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({name: random.choice(HOSTILE, 200) for name in HOSTILE})
    frame["y"], frame["guess"] = random.choice(HOSTILE[:4], 200), random.choice(HOSTILE[:4], 200)
    slug = _publish(store, frame)
    chosen = Address(
        "explore", slug, (Filter(HOSTILE[0], "in", (HOSTILE[2],)),), (("by", HOSTILE[0]), ("by2", HOSTILE[3]), ("spread", HOSTILE[4]))
    )
    for page in FRAME_PAGES:
        text = _draw(store, chosen.on(page).path, chosen.search)
        assert "could not be drawn" not in text, page
        assert "No such" not in text, page


def test_chart_labels_are_escaped_because_plotly_reads_a_little_html() -> None:
    assert safe("<a href='https://evil.example'>x</a>") == "&lt;a href=&#x27;https://evil.examp…"
    figure = distribution_figure(["<b>x</b>"], [1.0], None, "<i>y</i>")
    assert "<b>" not in json.dumps(figure["layout"])
    assert figure["data"][0]["customdata"] == ["&lt;b&gt;x&lt;/b&gt;"]


def test_fields_of_the_grid_are_positions_so_that_no_name_is_a_path_or_code() -> None:
    table = pd.DataFrame({"a.b[0]": ["<img src=x onerror=alert(1)>"], "params.data": [np.nan], "row": [7], "error": [1.0]})
    assert records(table, ["a.b[0]", "params.data"], "row", "error", "multiclass") == [
        {"v0": "<img src=x onerror=alert(1)>", "v1": "", "error": "wrong", "row": "7"}
    ]


@pytest.mark.parametrize("page", list(FRAME_PAGES))
def test_a_frame_without_rows_gets_pages(store: ReviewStore, page: str) -> None:
    frame = pd.DataFrame({"country": pd.Series(dtype=object), "y": pd.Series(dtype=object), "guess": pd.Series(dtype=object)})
    slug = _publish(store, frame)
    assert "could not be drawn" not in _draw(store, f"/frames/{slug}/{page}")


def test_a_frame_of_3000_columns_is_drawn_without_3000_controls(store: ReviewStore) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(50, 3000)), columns=[f"feature {i}" for i in range(3000)])
    frame["y"], frame["guess"] = random.choice(["a", "b", "c"], 50), random.choice(["a", "b", "c"], 50)
    slug = _publish(store, frame)
    for page in ("overview", "explore", "rows"):
        text = _draw(store, Address(page, slug).path)
        assert "could not be drawn" not in text, page
        assert len(text) < 1_500_000, page


def test_a_frame_that_is_replaced_while_looked_at_keeps_its_version(store: ReviewStore) -> None:
    first = pd.DataFrame({"country": ["A", "B"] * 50, "y": ["a", "b"] * 50, "guess": ["a", "b"] * 50})
    slug = _publish(store, first)
    _publish(store, first.assign(guess="a"))
    assert "100 %" in _draw(store, f"/frames/{slug}", "?v=1")
    assert "This is version 1" in _draw(store, f"/frames/{slug}", "?v=1")
    assert "50 %" in _draw(store, f"/frames/{slug}")


def test_a_store_without_frames_says_how_to_publish(tmp_path: Path) -> None:
    text = _draw(ReviewStore(tmp_path), "/")
    assert "Nothing is published yet" in text
    assert "clv publish" in text


def test_a_month_without_a_published_run_says_so(tmp_path: Path) -> None:
    sources = Sources(ReviewStore(tmp_path / "review"), tmp_path / "published")
    drawn: Any = draw_page(sources, read_address("/month", ""), Person("x", "viewer"))
    assert "No run has been published yet" in json.dumps(drawn, cls=PlotlyJSONEncoder)
