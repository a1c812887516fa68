"""Value targets as assets: too little history ends in words all the way to the page, and the graph has what amounts have."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from dagster import AssetKey, materialize

from assets.backtest_runs import plan_backtest
from assets.definitions import _build_checks, _builders
from assets.jobs import build_backtest_selection
from assets.partitions import register_cutoff
from assets.value_evaluation import _bias_within, _covers, _ranks
from assets.value_room import NOT_ENOUGH, ValueRoom, room_of
from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.datasets import NotEnoughHistory

CUTOFF = "2026-01-01"


@pytest.fixture
def shop(open_tiny):
    """A company with orders only, whose marts hold one date."""
    company = open_tiny(
        sources={"orders": {"files": "orders.parquet"}, "accounts": {"derive_from": "orders"}}, plans=None, usage_metrics={},
        interactions=[], derived_features={}, slices=[], targets=[{"name": "value", "kind": "value", "horizon_days": 180}],
    )  # fmt: skip
    write_marts(company, ["2025-12-01", CUTOFF])
    (company.paths.root / "raw_load.json").write_text(
        json.dumps({"tables": [], "observed_from": "2025-11-01", "observed_until": CUTOFF, "data_hash": "abc", "warnings": []})
    )
    return company


def write_marts(company, dates: list[str], n: int = 20) -> None:
    company.paths.marts.mkdir(parents=True)
    examples, summaries = [], []
    for day in dates:
        keys = {"account_id": [f"A{i:02d}" for i in range(n)], "as_of_date": pd.Timestamp(day)}
        features = {f.name: np.full(n, 1.0) if f.type != "category" else np.full(n, "x") for f in build_feature_catalogue(company.config)}
        examples.append(pd.DataFrame({**keys, "is_eligible": True, **features, "y_value_180d": np.nan, "n_value_180d": np.nan}))
        bought = {
            "frequency": 1.0,
            "recency_days": 5.0,
            "T_days": 9.0,
            "n_purchases": 2.0,
            "n_valued": 2.0,
            "mean_value": 3.0,
            "total_spend": 6.0,
        }
        summaries.append(pd.DataFrame({**keys, **bought}))
    pd.concat(examples).to_parquet(company.paths.marts / "fct_value_examples.parquet", index=False)
    pd.concat(summaries).to_parquet(company.paths.marts / "fct_purchase_summaries.parquet", index=False)


def test_too_little_history_ends_in_words_all_the_way(shop, instance):
    register_cutoff(instance, shop, CUTOFF)
    target = shop.config.targets[0]
    done = materialize([build(shop, target) for build in _builders(target)], instance=instance, partition_key=CUTOFF)
    assert done.success
    room = ValueRoom(shop, target)
    folder = room.report_folder(CUTOFF)
    assert json.loads((folder / "metrics.json").read_text())["verdict"] == NOT_ENOUGH
    page = (folder / "report.html").read_text()
    assert "There is too little history to say what accounts will bring." in page
    assert "the first snapshot is 2025-12-01" in page
    (scores,) = room.history.glob("*.parquet")
    assert len(pd.read_parquet(scores)) == 0
    verdicts = {
        event.asset_key.path[0]: event.materialization.metadata for event in done.get_asset_materialization_events() if event.asset_key
    }
    assert "Not enough history for a horizon of 180 days" in str(verdicts["models"]["why"].value)


def test_a_value_list_marks_who_has_left_and_nobody_who_upgraded(shop, monkeypatch):
    targets = [
        *shop.config.targets,
        *(t.model_copy(update={"name": name, "kind": name}) for t, name in zip(shop.config.targets * 2, ("churn", "upgrade"), strict=True)),
    ]
    company = replace(shop, config=shop.config.model_copy(update={"targets": targets}))
    snapshot = {"as_of_date": pd.Timestamp("2025-12-01")}
    events = pd.DataFrame({"target": ["churn", "upgrade"], "account_id": ["A00", "A01"], "happened_at": pd.Timestamp("2025-12-09")})
    events["undone_at"] = pd.Series(pd.NaT, index=events.index, dtype="datetime64[us]")
    events.assign(**snapshot).to_parquet(company.paths.marts / "fct_target_events.parquet")
    room = ValueRoom(company, company.config.targets[0])
    scores = pd.DataFrame({"account_id": ["A00", "A01"], "score": [2.0, 1.0], **snapshot})
    monkeypatch.setattr(ValueRoom, "read_scores", lambda *_: scores)
    now, before = room.read_list(CUTOFF), room.read_list("2025-12-09")
    assert now is not None
    assert before is not None
    assert now["happened_on"].notna().tolist() == [True, False]
    assert before["happened_on"].notna().tolist() == [False, False]


def test_a_backtest_of_too_short_a_history_says_what_is_needed(shop):
    with pytest.raises(NotEnoughHistory, match="180 days"):
        plan_backtest(shop, first=None, last=None, targets=())


def test_the_graph_has_one_set_of_stages_by_kind(demo, demo_defs):
    value = demo.config.target("value")
    assert isinstance(room_of(demo, value), ValueRoom)
    made = build_backtest_selection(demo).resolve(demo_defs.resolve_asset_graph())
    assert AssetKey(["reports", "value_report"]) in made
    assert {AssetKey(["reports", f"value_{noun}"]) for noun in ("outcomes", "backtest")} <= made
    names = {spec.name for check in _build_checks(demo, value) for spec in check.check_specs}
    assert {"total_is_about_right", "interval_covers_as_promised", "ranking_beats_past_spend", "no_confirmed_weak_slice"} <= names


@pytest.mark.parametrize(("bias", "passed"), [(0.1, True), (-0.15, True), (0.16, False), (None, False)])
def test_a_total_off_by_more_than_the_rule_is_said(bias, passed):
    assert _bias_within(0.15)({"bias": bias})[0] is passed


@pytest.mark.parametrize(("share", "passed"), [(0.9, True), (0.84, False), (0.96, False), (None, False)])
def test_an_interval_that_does_not_hold_is_said(share, passed):
    assert _covers({"coverage_90": share})[0] is passed


def test_a_list_worse_than_past_spend_is_said():
    assert _ranks({"top10_share": 0.5, "top10_share_past_spend_rate": 0.4})[0]
    assert not _ranks({"top10_share": 0.39, "top10_share_past_spend_rate": 0.4})[0]


def test_a_list_worse_than_present_subscriptions_is_said():
    passed, told = _ranks({"top10_share": 0.45, "top10_share_past_spend_rate": 0.4, "top10_share_present_subscriptions": 0.5})
    assert (passed, told) == (False, "The best tenth holds 45.0 %; ranked by present subscriptions it holds 50.0 %.")
    assert _ranks({"top10_share": 0.5})[0]
