"""The state of a page is its URL: there and back, whatever the values; controls and URL say the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_platform.review.access import Person
from clv_platform.review.app.address import Address, read_address
from clv_platform.review.app.filter_panel import read_controls
from clv_platform.review.app.formats import change, filters_words, number
from clv_platform.review.app.pages.feedback import build_feedback
from clv_platform.review.feedback.records import FeedbackError
from clv_platform.review.frames.info import ColumnInfo, FrameInfo
from clv_platform.review.queries.filters import Filter

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_FRAME = FrameInfo(
    name="F",
    slug="f",
    version=1,
    kind="multiclass",
    columns=(
        ColumnInfo("country", "c0", "country", levels=("Germany", "France"), n_missing=1),
        ColumnInfo("age", "c1", "age", type="number", low=0.0, high=90.0),
        ColumnInfo("seen", "c2", "seen", type="date", first="2025-01-01", last="2026-01-01"),
        ColumnInfo("note", "c3", "note", type="text"),
        ColumnInfo("secret", "", "secret", is_private=True),
    ),
    n_rows=10,
    published_at=datetime(2026, 1, 1, tzinfo=UTC),
    classes=("low", "high"),
)


@settings(max_examples=60, deadline=None)
@given(
    column=_TEXT,
    values=st.lists(st.one_of(st.none(), _TEXT), min_size=1, max_size=4, unique=True),
    option=_TEXT,
    slug=st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True),
)
def test_an_address_read_back_is_the_same(column: str, values: list[str | None], option: str, slug: str) -> None:
    address = Address("explore", slug, (Filter(column, "in", tuple(values)),), (("by", option), ("v", "2")))
    path, _, search = address.href.partition("?")
    assert read_address(path, f"?{search}") == address


@settings(max_examples=60)
@given(pathname=st.text(max_size=60), search=st.text(max_size=80))
def test_no_address_raises(pathname: str, search: str) -> None:
    address = read_address(pathname, search)
    assert address.page


@pytest.mark.parametrize("path", ["/frames/../../etc/passwd", "/frames/a/b/c", "/nothing/here", "/frames/%2e%2e/rows"])
def test_paths_that_lead_elsewhere_are_no_frame_of_another_folder(path: str) -> None:
    address = read_address(path, "")
    assert address.page == "unknown" or "/" not in address.slug


def test_other_pages_of_a_frame_keep_filters_and_version_and_leave_their_own_choices() -> None:
    address = Address("explore", "f", (Filter("country", "in", ("Germany",)),), (("v", "1"), ("by", "country"), ("show", "age")))
    assert address.on("rows").href == "/frames/f/rows?in.country=Germany&v=1&show=age"


def test_controls_become_filters_in_the_order_in_which_they_stood() -> None:
    before = (Filter("note", "is_null", (True,)), Filter("age", "range", (10.0, None)), Filter("country", "in", ("France",)))
    said = {
        ("c0", "levels"): ["Germany", "\x00missing"],
        ("c1", "low"): 20,
        ("c1", "high"): "",
        ("c2", "days"): ["2025-02-01", "2025-03-01"],
    }
    assert read_controls(_FRAME, said, before) == (
        Filter("note", "is_null", (True,)),  # no control shows it, so it stays
        Filter("age", "range", (20.0, None)),
        Filter("country", "in", ("Germany", None)),
        Filter("seen", "date", ("2025-02-01", "2025-03-01")),
    )


@pytest.mark.parametrize("value", [{"a": 1}, [1, 2], True, float("nan"), "x", None, ["2025-01-01"]])
def test_odd_values_of_controls_count_as_not_set(value: object) -> None:
    said = {("c1", "low"): value, ("c1", "high"): None, ("c2", "days"): value if isinstance(value, list) else None, ("c9", "levels"): ["x"]}
    assert read_controls(_FRAME, said, ()) == ()


def test_an_emptied_control_takes_its_filter_away() -> None:
    assert read_controls(_FRAME, {("c0", "levels"): []}, (Filter("country", "in", ("France",)),)) == ()


def test_filters_and_figures_are_words() -> None:
    filters = (Filter("country", "in", ("Germany", None)), Filter("age", "range", (18.0, None)), Filter("note", "text", ("demo",)))
    assert filters_words(filters, _FRAME) == "country is Germany or missing, age from 18.0, note contains “demo”"
    assert number(0.694, "share") == "69 %"
    assert number(0.0123, "share") == "1.2 %"
    assert number(float("nan"), "share") == "–"
    assert number(1234567.8, "amount") == "1,234,568"
    assert change(0.47, 0.69, "share") == "−22 points"


def test_feedback_on_filtered_rows_is_about_that_slice_and_on_all_rows_about_the_frame() -> None:
    anna = Person("anna", "reviewer")
    address = Address("feedback", "f", (Filter("country", "in", ("Germany",)),))
    made = build_feedback(_FRAME, address, anna, "wrong", " prices changed ", None, "somebody else")
    assert (made.scope, made.filters, made.comment, made.author, made.verdict) == (
        "slice",
        "in.country=Germany",
        "prices changed",
        "anna",
        "wrong",
    )
    assert build_feedback(_FRAME, Address("feedback", "f"), anna, "odd", "hm", None, None).scope == "frame"
    with pytest.raises(FeedbackError, match="write a comment"):
        build_feedback(_FRAME, address, anna, "wrong", "  ", None, None)
    with pytest.raises(FeedbackError, match="may look, not comment"):
        build_feedback(_FRAME, address, Person("vera", "viewer"), "wrong", "x", None, None)
