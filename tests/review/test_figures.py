"""Every figure that queries give equals the library's figure for the same rows, whatever the filters."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv_platform.metrics import BINARY_METRICS, VALUE_METRICS, ScoredRows
from clv_platform.metrics.classes import accuracy, confusion_counts, f1, macro_f1, precision, recall
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.store import ReviewStore
from clv_platform.review.queries.breakdown import breakdown
from clv_platform.review.queries.compare import compare, compare_by
from clv_platform.review.queries.distribution import distribution
from clv_platform.review.queries.filters import Filter
from clv_platform.review.queries.grouping import level_filter
from clv_platform.review.queries.menus import breakdown_columns, metric_choices
from clv_platform.review.queries.overview import overview
from clv_platform.review.queries.rows import rows

Mixed = dict[str, tuple[FrameInfo, pd.DataFrame]]
_SOME = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_TEXTS = st.sampled_from(["Germany", "France", "Österreich", "日本", "nowhere", None])
_NUMBERS = st.one_of(st.none(), st.integers(-1, 10).map(float), st.floats(0, 400, allow_nan=False))
_DAYS = st.one_of(st.none(), st.dates(pd.Timestamp("2025-01-01").date(), pd.Timestamp("2025-12-31").date()).map(str))
FILTERS = st.lists(
    st.one_of(
        st.builds(lambda v: Filter("country", "in", tuple(v)), st.lists(_TEXTS, min_size=1, max_size=3, unique=True)),
        st.builds(lambda v: Filter("city", "in", tuple(f"city {n}" for n in v)), st.lists(st.integers(0, 70), min_size=1, max_size=40)),
        st.builds(lambda a, b: Filter("revenue", "range", (a, b)), _NUMBERS, _NUMBERS),
        st.builds(lambda a, b: Filter("size", "range", (a, b)), _NUMBERS, _NUMBERS),
        st.builds(lambda a, b: Filter("seen_at", "date", (a, b)), _DAYS, _DAYS),
        st.builds(lambda t: Filter("note", "text", (t,)), st.sampled_from(["note", "NO. 1", "7", "%", "_"])),
        st.builds(lambda v: Filter("is_trial", "is_null", (v,)), st.booleans()),
        st.builds(lambda v: Filter("is_trial", "in", (v,)), st.sampled_from(["true", "false"])),
    ),
    max_size=3,
    unique_by=lambda one: (one.column, one.kind),
).map(tuple)


def apply(frame: pd.DataFrame, filters: tuple[Filter, ...]) -> pd.DataFrame:
    """The same filters in pandas, written from their description."""
    keep = pd.Series(True, index=frame.index)
    for one in filters:
        values = frame[one.column]
        if one.kind == "in":
            texts = values.map(lambda v: None if pd.isna(v) else str(v).lower() if isinstance(v, bool | np.bool_) else str(v))
            keep &= texts.isin([v for v in one.values if v is not None]) | (values.isna() if None in one.values else False)
        elif one.kind == "is_null":
            keep &= values.isna() == one.values[0]
        elif one.kind == "text":
            keep &= values.map(lambda v, t=str(one.values[0]): not pd.isna(v) and t.lower() in v.lower()).astype(bool)
        else:
            numbers = values.astype("Float64") if one.kind == "range" else values.dt.normalize()
            limits: list[Any] = [v if v is None or one.kind == "range" else pd.Timestamp(str(v)) for v in one.values]
            low, high = limits
            keep &= values.notna()
            keep &= True if low is None else (numbers >= low).fillna(False).astype(bool)
            keep &= True if high is None else (numbers <= high).fillna(False).astype(bool)
    return frame[keep]


def expected(kind: str, frame: pd.DataFrame) -> dict[str, float]:
    """The library's figures of some rows."""
    known = frame.dropna(subset=["y", "guess"])
    if kind == "regression":
        y, p = known["y"].to_numpy(float), known["guess"].to_numpy(float)
        return {name: metric(y, p) for name, metric in VALUE_METRICS.items()} if y.size else {}
    if kind == "binary":
        y, score = known["y"].to_numpy(float), known["guess"].to_numpy(float)
        sample = ScoredRows(y, score).weighted()
        actual, named = np.where(y == 1, "1", "0"), np.where(score >= 0.5, "1", "0")
        figures = {name: metric(sample) for name, metric in BINARY_METRICS.items() if name != "pr_auc_baseline"}
        per = {"precision": precision(actual, named, "1"), "recall": recall(actual, named, "1"), "f1": f1(actual, named, "1")}
        return figures | per | {"accuracy": accuracy(actual, named)} if y.size else {}
    y, p = known["y"].to_numpy(object), known["guess"].to_numpy(object)
    return {"accuracy": accuracy(y, p), "f1_macro": macro_f1(confusion_counts(y, p, ("low", "medium", "high")))}


def same(found: float, wanted: float) -> bool:
    return (math.isnan(found) and math.isnan(wanted)) or found == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("kind", ["regression", "binary", "multiclass"])
@_SOME
@given(filters=FILTERS)
def test_overview_equals_the_library_on_the_same_rows(mixed: Mixed, kind: str, filters: tuple[Filter, ...]) -> None:
    info, frame = mixed[kind]
    kept = apply(frame, filters)
    found = overview(info, filters)
    assert found.n == len(kept)
    assert found.n_known == len(kept.dropna(subset=["y", "guess"]))
    assert found.n_accounts == kept["account_id"].nunique()
    for name, wanted in expected(kind, kept).items():
        one = found.metric(name)
        assert one is not None
        assert same(one.value, wanted), (name, one.value, wanted)
        assert math.isnan(one.lo) or one.lo <= one.value <= one.hi
    if kind == "multiclass":
        known = kept.dropna(subset=["y", "guess"])
        for row in found.per_class.to_dict("records"):
            assert same(row["precision"], precision(known["y"], known["guess"], row["level"]))
            assert same(row["recall"], recall(known["y"], known["guess"], row["level"]))
            assert same(row["f1"], f1(known["y"], known["guess"], row["level"]))
        assert found.confusion["n"].sum() == len(known)


@pytest.mark.parametrize("kind", ["regression", "binary", "multiclass"])
@_SOME
@given(filters=FILTERS, data=st.data())
def test_every_bar_equals_the_overview_of_the_rows_it_leads_to(
    mixed: Mixed, kind: str, filters: tuple[Filter, ...], data: st.DataObject
) -> None:
    info, frame = mixed[kind]
    by = data.draw(st.sampled_from([column.name for column in breakdown_columns(info)]))
    metric = data.draw(st.sampled_from([choice.name for choice in metric_choices(info)]))
    found = breakdown(info, filters, (by,), metric)
    assert found.table["n"].sum() == len(apply(frame, filters))
    assert found.table["level_1"].is_unique
    for row in found.table.head(6).to_dict("records"):
        if row["condition_1"] is None:
            continue
        assert level_filter(info, by, row["level_1"]) == row["condition_1"]
        inside = breakdown(info, (*filters, row["condition_1"]), (by,), metric)
        assert int(inside.table["n"].sum()) == row["n"]
        if not math.isnan(row["value"]):
            assert same(inside.overall.value, row["value"])


@_SOME
@given(filters=FILTERS)
def test_means_sums_and_counts_equal_pandas(mixed: Mixed, filters: tuple[Filter, ...]) -> None:
    info, frame = mixed["regression"]
    kept = apply(frame, filters)
    groups = kept.groupby("country", dropna=False)
    for metric, wanted in (
        ("mean:revenue", groups["revenue"].mean()),
        ("sum:revenue", groups["revenue"].sum(min_count=1)),
        ("n", groups.size()),
    ):
        table = breakdown(info, filters, ("country",), metric).table
        shown = {("(missing)" if pd.isna(cast("Any", level)) else level): value for level, value in wanted.items()}
        assert set(table["level_1"]) == set(shown)
        for row in table.to_dict("records"):
            assert same(row["value"], float(shown[row["level_1"]]))


def test_two_columns_give_the_pairs_that_both_filters_give(mixed: Mixed) -> None:
    info, frame = mixed["multiclass"]
    table = breakdown(info, (), ("country", "is_trial"), "accuracy").table
    assert table["n"].sum() == len(frame)
    for row in table.to_dict("records"):
        assert same(row["value"], overview(info, (row["condition_1"], row["condition_2"])).metrics[0].value)


def test_levels_beyond_thirty_are_one_group_whose_rows_add_up(mixed: Mixed) -> None:
    table = breakdown(mixed["binary"][0], (), ("city",), "n").table
    assert len(table) == 32
    assert set(table["level_1"].tail(2)) == {"(other)", "(missing)"}
    assert table["n"].sum() == 900


def test_distribution_adds_up_and_its_shares_are_of_all_rows(mixed: Mixed) -> None:
    info, frame = mixed["regression"]
    few = (Filter("country", "in", ("Germany",)),)
    for column in ("revenue", "size", "country", "seen_at", "is_trial"):
        table = distribution(info, few, column)
        assert table["n"].sum() == (frame["country"] == "Germany").sum()
        assert table["share"].sum() == pytest.approx(1)
        everything = distribution(info, (), column)
        assert everything["n"].sum() == len(frame)
        assert everything["overall_share"].sum() == pytest.approx(1)


def test_rows_are_paged_without_gaps_and_sorted_by_error(mixed: Mixed) -> None:
    info, frame = mixed["regression"]
    pages = [rows(info, (), "error", True, offset, 100) for offset in range(0, 1000, 100)]
    table = pd.concat([page.table for page in pages])
    assert sorted(table["row"]) == list(range(len(frame)))
    wanted = (frame["guess"] - frame["y"].astype(float)).abs().sort_values(ascending=False, na_position="last").to_numpy()
    np.testing.assert_allclose(table["error"].to_numpy(), wanted)


def test_germany_is_where_the_planted_model_fails(store: ReviewStore, planted: ModuleType) -> None:
    info = publish_frame(store, planted.planted_frame(), "Planted", roles={"y_true": "segment", "y_pred": "predicted_segment"})
    germany = (Filter("country", "in", ("Germany",)),)
    whole, part = overview(info), overview(info, germany)
    assert (whole.metrics[0].name, whole.metrics[0].value) == ("accuracy", planted.ACCURACY)
    assert part.metrics[0].value == planted.ACCURACY_GERMANY
    high: Any = part.per_class.set_index("level").loc["very high"]
    assert high["precision"] == planted.PRECISION_VERY_HIGH_GERMANY
    assert high["precision_hi"] < whole.per_class.set_index("level").loc["very high", "precision_lo"]
    table: Any = breakdown(info, (), ("country",), "accuracy").table.set_index("level_1")
    assert table["value"].idxmin() == "Germany"
    assert table.drop("Germany")["lo"].min() > table.loc["Germany", "hi"]


def test_compared_versions_differ_where_they_were_changed(store: ReviewStore, planted: ModuleType) -> None:
    frame = planted.planted_frame()
    roles = {"y_true": "segment", "y_pred": "predicted_segment", "account_id": "account_id"}
    first = publish_frame(store, frame, "Planted", roles=roles)
    mended = frame.copy()
    is_germany = frame["country"] == "Germany"
    mended.loc[is_germany, "predicted_segment"] = frame.loc[is_germany, "segment"]
    second = publish_frame(store, mended.sample(frac=1, random_state=1), "Planted", roles=roles)
    found = compare(first, second)
    row: Any = found.table.set_index("metric").loc["accuracy"]
    assert found.is_paired
    assert (row["a"], row["b"]) == pytest.approx((0.69, 0.69 + 0.2 * 0.53))
    assert row["lo"] > 0
    assert compare(first, first).table["difference"].abs().max() == 0
    by = compare_by(first, second, (), "country", "accuracy").set_index("level")
    assert by.loc["Germany", "lo"] > 0.4  # type: ignore[operator]
    assert by.drop("Germany")["difference"].abs().max() == 0
