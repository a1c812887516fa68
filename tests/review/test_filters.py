"""Filters go to the address and back unharmed, and bad addresses are told, not obeyed."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.store import ReviewStore
from clv_platform.review.queries.filters import Filter, read_filters, write_filters

_TEXT = st.text(max_size=12)
_NUMBER = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
_DAY = st.one_of(st.none(), st.dates().map(str))
_ANY = st.one_of(
    st.builds(lambda c, v: Filter(c, "in", tuple(v)), _TEXT, st.lists(st.one_of(st.none(), _TEXT), min_size=1, max_size=4)),
    st.builds(lambda c, a, b: Filter(c, "range", (a, b)), _TEXT, _NUMBER, _NUMBER),
    st.builds(lambda c, a, b: Filter(c, "date", (a, b)), _TEXT, _DAY, _DAY),
    st.builds(lambda c, t: Filter(c, "text", (t,)), _TEXT, _TEXT),
    st.builds(lambda c, v: Filter(c, "is_null", (v,)), _TEXT, st.booleans()),
)


@given(filters=st.lists(_ANY, max_size=5, unique_by=lambda one: (one.kind, one.column)).map(tuple))
def test_filters_survive_the_address(filters: tuple[Filter, ...]) -> None:
    read = read_filters(f"?view=explore&{write_filters(filters)}&by=x")
    assert read.filters == filters
    assert read.problems == ()


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("range.x=1", "two limits"),
        ("range.x=a~2", "number"),
        ("range.x=nan~2", "number"),
        ("date.d=2026-13-01~", "day"),
        ("is_null.x=maybe", "yes or no"),
        ("in.nowhere=1", "no column"),
        ("in.email=1", "no column"),
        ("range.d=1~2", "not a number"),
    ],
)
def test_what_cannot_be_used_of_an_address_is_told(store: ReviewStore, query: str, word: str) -> None:
    frame = pd.DataFrame({"y_true": [0, 1], "y_pred": [0, 1], "x": [1.5, 2], "d": pd.to_datetime(["2026-01-01"] * 2), "email": ["a", "b"]})
    info = publish_frame(store, frame, "Small", roles={}, private=["email"])
    read = read_filters(query, info)
    assert read.filters == ()
    assert len(read.problems) == 1
    assert word in read.problems[0]
