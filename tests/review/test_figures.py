"""Every figure that queries give equals the library's figure for the same rows, whatever the filters."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
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
from clv_platform.review.queries.breakdown import breakdown, cross_tab
from clv_platform.review.queries.compare import are_alike, compare, compare_by
from clv_platform.review.queries.distribution import distribution
from clv_platform.review.queries.export import BYTE_ORDER_MARK, csv_chunks
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


@_SOME
@given(filters=FILTERS)
def test_distributions_pairs_rows_and_files_hold_exactly_the_filtered_rows(mixed: Mixed, filters: tuple[Filter, ...]) -> None:
    info, frame = mixed["multiclass"]
    kept = apply(frame, filters)
    spread = distribution(info, filters, "revenue")
    known = kept["revenue"].dropna()
    for place, one in enumerate(spread[spread["low"].notna()].to_dict("records")):
        is_last = place == spread["low"].notna().sum() - 1
        inside = (known >= one["low"]) & ((known < one["high"]) if not is_last else (known <= one["high"]))
        assert one["n"] == inside.sum()
        assert one["n"] == 0 or one["share"] == pytest.approx(inside.sum() / len(kept))
    pairs = cross_tab(info, filters, "country", "is_trial", "recall:high").table
    found = {(row["level_1"], row["level_2"]): row for row in pairs.to_dict("records")}
    named = kept.assign(
        one=kept["country"].fillna("(missing)"), two=kept["is_trial"].map({True: "true", False: "false"}).fillna("(missing)")
    )
    for (one, two), group in named.groupby(["one", "two"]):
        row, rows_known = found.pop((one, two)), group.dropna(subset=["y", "guess"])
        assert row["n"] == len(group)
        assert same(row["value"], recall(rows_known["y"], rows_known["guess"], "high"))
    assert not found
    page = rows(info, filters, "revenue", False, 0, 1000)
    assert page.n == len(kept)
    assert sorted(page.table["row"]) == kept.index.tolist()
    sent = list(csv.reader(io.StringIO("".join(csv_chunks(info, filters)).removeprefix(BYTE_ORDER_MARK))))
    assert [line[0] for line in sent[1:]] == kept["account_id"].tolist()


@pytest.fixture(scope="module")
def twins(shared_store: ReviewStore, make_mixed: Callable[..., pd.DataFrame]) -> dict[str, tuple[FrameInfo, FrameInfo, pd.DataFrame]]:
    """Two models on the same accounts, each accounted once, and both predictions side by side."""
    found = {}
    for kind in ("regression", "binary", "multiclass"):
        frame = make_mixed(kind).assign(account_id=lambda rows: [f"A{number}" for number in range(len(rows))])
        other = frame.assign(guess=make_mixed(kind, seed=4)["guess"].to_numpy())
        roles = {"y_true": "y", "account_id": "account_id"} | ({"score": "guess"} if kind == "binary" else {"y_pred": "guess"})
        first, second = (publish_frame(shared_store, one, f"Twins {kind}", roles=roles) for one in (frame, other))
        found[kind] = (first, second, frame.assign(other=other["guess"]))
    return found


@pytest.mark.parametrize("kind", ["regression", "binary", "multiclass"])
@settings(_SOME, max_examples=3)
@given(filters=FILTERS)
def test_compared_figures_equal_the_library_on_the_rows_that_both_have(
    twins: dict[str, tuple[FrameInfo, FrameInfo, pd.DataFrame]], kind: str, filters: tuple[Filter, ...]
) -> None:
    first, second, frame = twins[kind]
    both = apply(frame, filters).dropna(subset=["y", "guess", "other"])
    if not len(both):
        return
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("clv_platform.review.queries.compare.N_DRAWS", 40)  # intervals as wide, a fifth of the time
        found = compare(first, second, filters)
    assert found.n == len(both)
    before, now = expected(kind, both), expected(kind, both.assign(guess=both["other"]))
    for row in found.table.to_dict("records"):
        if row["metric"] in before:
            assert same(row["a"], before[row["metric"]]), row["metric"]
            assert same(row["b"], now[row["metric"]]), row["metric"]
            assert math.isnan(row["lo"]) or row["lo"] <= row["difference"] <= row["hi"]


def test_no_group_is_called_better_by_a_figure_that_follows_the_outcomes_share(mixed: Mixed) -> None:
    silent = {kind: {one.name for one in metric_choices(mixed[kind][0]) if one.moves_with_share} for kind in mixed}
    assert silent["regression"] == set()
    assert {"accuracy", "precision", "f1", "pr_auc", "lift_at_10", "log_loss", "brier"} <= silent["binary"]
    assert not {"recall", "roc_auc", "share", "n", "calibration_error"} & silent["binary"]
    assert {"precision:high", "f1:low"} <= silent["multiclass"]
    assert not {"accuracy", "recall:high"} & silent["multiclass"]


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


def test_frames_of_other_outcomes_are_not_alike() -> None:
    upgrades = FrameInfo("Upgrades", "upgrades", 1, "binary", (), 10, datetime(2026, 1, 1), ("no", "upgraded"), "upgraded")
    assert are_alike(upgrades, replace(upgrades, slug="upgrades-of-mine", version=3))
    assert not are_alike(upgrades, replace(upgrades, classes=("no", "left"), positive="left"))
    assert not are_alike(upgrades, replace(upgrades, kind="regression", classes=(), positive=None))
