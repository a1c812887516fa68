"""Intervals: Wilson's known answers, coverage of the account bootstrap, speed that lets every report have intervals."""

from __future__ import annotations

import time

import numpy as np
import pytest

from clv_platform.metrics import (
    BINARY_METRICS,
    ScoredRows,
    base_rate,
    bootstrap_intervals,
    cluster_weights,
    draw_metrics,
    f1_metric,
    interval_from_draws,
    wilson_interval,
)


def test_wilson_interval_of_ten_of_hundred_matches_the_published_value():
    lo, hi = wilson_interval(10, 100)
    assert (round(float(lo), 4), round(float(hi), 4)) == (0.0552, 0.1744)


def test_wilson_interval_of_nothing_seen_starts_at_zero_and_ends_above():
    lo, hi = wilson_interval([0, 20, 0], [20, 20, 0])
    assert lo[0] == 0
    assert hi[0] == pytest.approx(0.1611, abs=1e-4)
    assert hi[1] == 1
    assert np.isnan(lo[2])
    assert np.isnan(hi[2])


def test_rows_of_one_account_are_drawn_together_and_as_many_accounts_as_there_are():
    accounts = np.array(["a", "b", "a", "c", "b", "a"])
    for weights in cluster_weights(accounts, 50, seed=1):
        assert weights[0] == weights[2] == weights[5]
        assert weights[1] == weights[4]
        assert weights[0] + weights[1] + weights[3] == 3


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others():
    random = np.random.default_rng(0)
    y, score, accounts = random.integers(0, 2, 200), random.random(200), np.repeat(np.arange(50), 4)
    one, same, other = (bootstrap_intervals(BINARY_METRICS, y, score, accounts, 100, seed) for seed in (3, 3, 4))
    assert one == same
    assert one != other


def test_intervals_contain_their_figure_and_stay_within_bounds():
    random = np.random.default_rng(5)
    score = random.random(400) * 0.2
    y = random.random(400) < score
    for name, interval in bootstrap_intervals(BINARY_METRICS, y, score, np.arange(400), 200, 0).items():
        assert interval.lo <= interval.value <= interval.hi, name
        assert interval.lo >= 0


def test_account_bootstrap_covers_the_true_rate_where_a_row_bootstrap_does_not():
    # Accounts have four equal rows each, so the rate varies twice as much as independent rows would let it.
    random = np.random.default_rng(11)
    hits = {"account": 0, "row": 0}
    for i in range(120):
        y = np.repeat(random.random(150) < 0.2, 4)
        for name, clusters in (("account", np.repeat(np.arange(150), 4)), ("row", np.arange(600))):
            interval = bootstrap_intervals({"base": base_rate}, y, np.zeros(600), clusters, 100, i)["base"]
            hits[name] += interval.lo <= 0.2 <= interval.hi
    assert 0.90 <= hits["account"] / 120 <= 0.985
    assert hits["row"] / 120 < 0.80


def test_bootstrap_of_pr_auc_covers_the_value_of_a_huge_sample():
    random = np.random.default_rng(2)

    def draw(n: int):
        score = 1 / (1 + np.exp(-random.normal(-2.2, 1.2, n)))
        return random.random(n) < score, score

    truth = BINARY_METRICS["pr_auc"]
    expected = truth(ScoredRows(*draw(1_000_000)).weighted())
    covered = 0
    for i in range(120):
        y, score = draw(800)
        interval = bootstrap_intervals({"pr_auc": truth}, y, score, np.arange(800), 100, i)["pr_auc"]
        covered += interval.lo <= expected <= interval.hi
    assert covered / 120 >= 0.88


def test_differences_of_models_are_paired_by_the_same_draws():
    random = np.random.default_rng(0)
    y, score = random.integers(0, 2, 300), random.random(300)
    metrics = {"a": dict(BINARY_METRICS), "b": dict(BINARY_METRICS)}
    drawn = draw_metrics(metrics, y, {"a": score, "b": score * 3 - 1}, np.repeat(np.arange(100), 3), 50, 0)
    np.testing.assert_array_equal(drawn["a"]["pr_auc"], drawn["b"]["pr_auc"])
    assert drawn["a"]["pr_auc"].std() > 0


def test_a_figure_that_most_draws_leave_undefined_has_no_interval():
    draws = np.array([0.1, np.nan, np.nan, np.nan])
    interval = interval_from_draws(0.1, draws)
    assert interval.value == 0.1
    assert np.isnan(interval.lo)
    assert np.isnan(interval.hi)


def test_five_hundred_draws_of_ten_metrics_on_thirty_thousand_rows_take_three_seconds_of_one_core_at_most():
    random = np.random.default_rng(0)
    score = 1 / (1 + np.exp(-random.normal(-3.2, 1, 30_000)))
    y = random.random(30_000) < score
    start = time.process_time()
    bootstrap_intervals({**BINARY_METRICS, "f1": f1_metric(0.1)}, y, score, np.repeat(np.arange(10_000), 3), 500, 0)
    assert time.process_time() - start < 3
