from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clv_platform.contracts.features import Feature
from clv_platform.datasets import Examples
from clv_platform.explain import tell_reasons, work_example
from clv_platform.explain.reasons import MIN_LOG_ODDS
from clv_platform.models import Calibrator


def _feature(name: str, label: str, type_: str = "number", group: str = "usage", unit: str = "") -> Feature:
    return Feature(name, type_, "m", group, label, "", "", unit, "usage")  # type: ignore[arg-type]


def test_reasons_name_the_known_drivers_in_plain_words(small_artifact, small_examples):
    rows = small_examples.take(np.arange(500))
    raw = small_artifact.raw_score(rows.X)
    best, worst = int(np.argmax(raw)), int(np.argmin(raw))
    told = tell_reasons(small_artifact, rows)
    assert len(told) == len(told.up) == len(told.down) == len(told.strongest) == 500
    assert any(reason.startswith("impressions on X") and "(highest" in reason for reason in told.up[best])
    assert any(reason.startswith("support cases in 90 days:") for reason in told.down[worst])
    assert all(reason.endswith(("raises the chance to upgrade", "lowers the chance to upgrade")) for reason in told.strongest[best])


def test_reasons_up_and_down_are_the_families_in_order_of_weight(small_artifact, small_examples):
    """Recomputed from the contributions: seven features, five families."""
    rows = small_examples.take(np.arange(200))
    contributions = small_artifact.contributions(rows.X)[:, :-1]
    groups = {"impressions": [0, 1, 2], "support cases": [3], "territory": [4], "on trial": [5], "noise": [6]}
    totals = {name: contributions[:, columns].sum(axis=1) for name, columns in groups.items()}
    told = tell_reasons(small_artifact, rows)
    for row in range(200):
        for sign, found in ((1, told.up[row]), (-1, told.down[row])):
            expected = sorted((name for name in groups if sign * totals[name][row] >= 0.01), key=lambda name: -sign * totals[name][row])[:3]
            assert len(found) == len(expected)
            assert all(name in reason for name, reason in zip(expected, found, strict=True))


def test_three_reasons_are_three_stories(small_artifact, small_examples):
    for told in tell_reasons(small_artifact, small_examples.take(np.arange(300))).strongest:
        assert len(told) <= 3
        assert sum("impressions" in reason for reason in told) <= 1


def test_batches_change_no_reason(small_artifact, small_examples):
    rows = small_examples.take(np.arange(50))
    assert tell_reasons(small_artifact, rows, batch_rows=7) == tell_reasons(small_artifact, rows)


def test_private_columns_never_become_reasons(small_artifact, small_examples):
    rows = small_examples.take(np.arange(300))
    private = ("territory", "n_cases_90d", "impressions_x_lag_1m")
    told = tell_reasons(small_artifact, rows, n=7, private=private)
    for reason in [reason for found in (told.strongest, told.up, told.down) for reasons in found for reason in reasons]:
        assert not any(word in reason for word in ("territory", "support cases", "last month"))
    steps = work_example(small_artifact, rows, private=private)
    assert not steps["text"].str.contains("territory|support cases").any()
    assert steps["text"].iloc[-1] == "columns not shown (private)"


def test_reasons_that_weigh_next_to_nothing_are_left_out(small_artifact, small_examples):
    few = small_examples.take(np.arange(50))
    told = tell_reasons(small_artifact, few, n=99)
    assert max(len(up) + len(down) for up, down in zip(told.up, told.down, strict=True)) <= 5  # five families
    assert np.abs(small_artifact.contributions(few.X)[:, :-1]).max() > 0.01


def test_contributions_that_do_not_add_up_stop_the_reasons(small_artifact, small_examples, monkeypatch):
    monkeypatch.setattr(type(small_artifact), "raw_score", lambda self, X, threads=1: np.full(len(X), 9.0))
    with pytest.raises(ArithmeticError, match="contributions miss the raw score"):
        tell_reasons(small_artifact, small_examples.take(np.arange(5)))


def test_churn_is_a_chance_to_leave(small_artifact, small_examples):
    churn = replace(small_artifact, manifest=replace(small_artifact.manifest, target_kind="churn"))
    told = tell_reasons(churn, small_examples.take(np.arange(20)))
    assert all(reason.endswith("the chance to leave") for reasons in told.strongest for reason in reasons)


def test_movement_names_start_end_and_way_of_the_calibrated_chance(small_artifact, small_examples):
    rows = small_examples.take(np.arange(300))
    start = small_artifact.contributions(rows.X)[0, -1]
    typical = float(small_artifact.calibrator.apply(np.array([start]))[0])
    chances = small_artifact.score(rows.X)
    told = tell_reasons(small_artifact, rows).movement
    best, worst = int(np.argmax(chances)), int(np.argmin(chances))
    assert told[best].startswith(f"raised from {100 * typical:.1f} % at the average score to {100 * chances[best]:.0f} % (mean of all")
    assert told[worst].startswith(f"lowered from {100 * typical:.1f} % at the average score to ")


def test_calibration_that_flattens_is_said(small_artifact, small_examples):
    flat = replace(small_artifact, calibrator=Calibrator(-2.0, 0.05, 100, 10))
    told = tell_reasons(flat, small_examples.take(np.arange(100))).movement
    assert sum(text.endswith("calibration holds it back, as such scores proved too sure") for text in told) > 90
    straight = replace(small_artifact, calibrator=Calibrator(0.0, 1.0, 100, 10))
    assert not any("calibration" in text for text in tell_reasons(straight, small_examples.take(np.arange(100))).movement)


def test_calibrator_that_turns_the_order_round_is_refused(small_artifact, small_examples):
    turned = replace(small_artifact, calibrator=Calibrator(0.0, -1.0, 100, 10))
    with pytest.raises(ArithmeticError, match="calibrator lowers the chance while the raw score rises"):
        tell_reasons(turned, small_examples.take(np.arange(20)))


def test_category_never_seen_in_training_is_named_and_still_adds_up(small_artifact, small_examples):
    rows = small_examples.take(np.arange(40))
    X = rows.X.assign(territory=pd.Categorical(["T9"] * 20 + ["T3"] * 20))
    strange = replace(rows, X=X)
    parts = small_artifact.contributions(X)
    assert np.abs(parts.sum(axis=1) - small_artifact.raw_score(X)).max() < 1e-9
    counts = np.abs(parts[:, list(small_artifact.manifest.features).index("territory")]) >= MIN_LOG_ODDS
    assert counts.sum() > 30
    told = tell_reasons(small_artifact, strange, n=20)  # all there are
    both = [[*up, *down] for up, down in zip(told.up, told.down, strict=True)]
    known = small_artifact.preprocessing.columns[4].levels[0]  # the most frequent stands in for it
    names = [f"territory T9 (new to the model, counted as {known})"] * 20 + ["territory T3"] * 20
    assert [name in reasons for name, reasons in zip(names, both, strict=True)] == counts.tolist()


def test_missing_values_have_words(small_artifact, small_examples):
    rows = small_examples.take(np.arange(20))
    X = rows.X.assign(is_trial=np.nan, territory=pd.Categorical([None] * 20, categories=["T1"]))
    told = tell_reasons(small_artifact, replace(rows, X=X), n=5)
    words = {reason for reasons in (*told.up, *told.down) for reason in reasons}
    assert any(word.startswith("no value for territory (counted as T") for word in words)
    assert "no value for on trial" in words


def test_change_over_three_months_is_told_for_any_kind_of_model(linear_model):
    features = (
        _feature("impressions_x_lag_1m", "impressions on X (last month)"),
        _feature("impressions_x_lag_3m", "impressions on X (3 months ago)"),
        _feature("impressions_x_trend_6m", "trend of impressions on X"),
        _feature("n_cases_90d", "support cases in 90 days", group="support"),
        _feature("n_cases_365d", "support cases in 365 days", group="support"),
    )
    n = 41
    X = pd.DataFrame({feature.name: np.linspace(60, 140, n) for feature in features})
    X.iloc[0] = [140, 100, 0.1, 10, 15]  # trend speaks: rose 40 %
    X.iloc[1] = [140, 100, 0.0, 0, 0]  # the last month speaks, and rose
    rows = Examples(X, np.full(n, np.nan), np.arange(n).astype(str).astype(object), np.full(n, "NaT", dtype="datetime64[D]"), features)
    by_trend = tell_reasons(linear_model(features, [0, 0, -0.01, 0, 0]), rows)
    assert by_trend.up[0] == ["impressions on X rose 40 % in three months (from 100 to 140)"]
    by_level = tell_reasons(linear_model(features, [0.01, 0, 0, 0, 0]), rows)
    assert by_level.up[1] == ["impressions on X (last month): 140 (highest 8 %), up 40 % in three months"]
    by_cases = tell_reasons(linear_model(features, [0, 0, 0, -0.01, 0]), rows)
    # 10 in 90 days against 5 in 275, which is 1.64 per 90 days: but fewer than most accounts have, so the rise isn't told
    assert by_cases.up[0] == ["support cases in 90 days: 10 (lowest 5 %)"]


def test_worked_example_adds_up_to_raw_score_and_chance(small_artifact, small_examples):
    rows = small_examples.take(np.arange(400))
    raw = small_artifact.raw_score(rows.X)
    best = int(np.argmax(raw))
    steps = work_example(small_artifact, rows, n_steps=3)
    assert steps["account_id"].unique().tolist() == [rows.account_id[best]]
    assert steps["step"].tolist() == ["start", "feature", "feature", "feature", "rest"]
    assert steps["contribution"].sum() == pytest.approx(raw[best], abs=1e-9)
    assert steps["raw_after"].iloc[-1] == pytest.approx(raw[best], abs=1e-9)
    assert steps["chance_after"].iloc[-1] == pytest.approx(small_artifact.score(rows.X)[best], abs=1e-12)
    assert steps["outcome"].unique().tolist() == [rows.y[best]]
    assert work_example(small_artifact, rows.take(np.arange(0))).empty


def test_worked_example_is_of_the_newest_date(small_artifact, small_examples):
    dates = np.repeat(np.array(["2026-01-01", "2026-02-01"], dtype="datetime64[D]"), 50)
    rows = replace(small_examples.take(np.arange(100)), as_of_date=dates)
    steps = work_example(small_artifact, rows)
    newest = rows.take(np.arange(50, 100))
    assert steps["account_id"].iloc[0] == newest.account_id[int(np.argmax(small_artifact.raw_score(newest.X)))]
    assert steps["as_of_date"].iloc[0] == pd.Timestamp("2026-02-01")
