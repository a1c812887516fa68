"""Metrics of amounts: by hand, against scipy, and the traps they exist for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from clv_platform.metrics import VALUE_METRICS, bias, coverage, decile_wape, draw_value_metrics, mae, ngini, rmse, spearman, top_share

amounts = st.lists(st.floats(0, 1e4), min_size=2, max_size=60)


def test_errors_by_hand():
    assert mae([0, 10, 5], [1, 7, 5]) == pytest.approx(4 / 3)
    assert rmse([0, 10, 5], [1, 7, 5]) == pytest.approx(np.sqrt(10 / 3))
    assert bias([0, 10, 5], [1, 7, 4]) == pytest.approx(12 / 15 - 1)


def test_tenths_that_bring_what_they_promise_have_no_error():
    rng = np.random.default_rng(0)
    predicted = np.repeat(np.arange(10, 0, -1.0), 100)
    actual = predicted + np.tile([-1.0, 1.0], 500)  # off for every account, right for every tenth
    assert decile_wape(actual, predicted) == pytest.approx(0.0)
    assert decile_wape(actual, predicted * 1.2) == pytest.approx(0.2)
    assert decile_wape(actual, rng.permutation(predicted)) > 0.2


def test_top_share_counts_equal_predictions_in_part():
    actual = np.array([100.0, 50.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 50.0])
    assert top_share(actual, [9, 8, 1, 1, 1, 1, 1, 1, 1, 1]) == pytest.approx(0.5)
    assert top_share(actual, np.zeros(10)) == pytest.approx(0.1)


def test_a_forecast_of_nothing_has_a_good_mean_absolute_error_and_no_ranking():
    actual = np.r_[np.zeros(90), np.full(10, 50.0)]
    right_on_average = np.full(100, 5.0)
    assert mae(actual, np.zeros(100)) < mae(actual, right_on_average)
    assert ngini(actual, np.zeros(100)) == pytest.approx(0.0, abs=1e-12)
    assert bias(actual, np.zeros(100)) == -1.0


def test_coverage_leaves_out_rows_without_an_interval():
    assert coverage([1, 2, 3, 4], [0, 2, 4, np.nan], [1, 3, 5, np.nan]) == pytest.approx(2 / 3)


def test_nothing_spent_makes_shares_undefined_rather_than_zero():
    assert all(np.isnan(metric([0, 0, 0], [1, 2, 3])) for metric in (bias, decile_wape, top_share, ngini))


@given(amounts, st.randoms(use_true_random=False))
def test_spearman_is_that_of_scipy(values, random):
    actual = np.array(values)
    predicted = np.array(random.sample(values, len(values)))
    if np.ptp(actual) == 0:
        assert np.isnan(spearman(actual, predicted))
    else:
        assert spearman(actual, predicted) == pytest.approx(spearmanr(actual, predicted)[0], abs=1e-12)


@given(amounts, st.floats(0.001, 1000))
def test_shares_do_not_depend_on_the_currency(values, factor):
    actual = np.round(values, 6)  # no sums that vanish when they are divided
    predicted = actual[::-1]
    for name in ("bias", "decile_wape", "top10_share"):
        ours, theirs = VALUE_METRICS[name](actual, predicted), VALUE_METRICS[name](actual * factor, predicted * factor)
        assert theirs == pytest.approx(ours, rel=1e-6, abs=1e-6, nan_ok=True)


def test_draws_of_models_are_paired():
    rng = np.random.default_rng(1)
    actual = rng.gamma(1.0, 10.0, 300)
    drawn = draw_value_metrics({"mae": mae}, actual, {"a": actual + 1.0, "b": actual + 3.0}, 50, 0)
    np.testing.assert_allclose(drawn["b"]["mae"] - drawn["a"]["mae"], 2.0)


def test_different_lengths_are_named():
    with pytest.raises(ValueError, match=r"same length, at least 1, found shapes \(2,\) and \(3,\)"):
        mae([1, 2], [1, 2, 3])
