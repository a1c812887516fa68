"""Lift and reliability tables, curves, normalised Gini."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from clv_platform.metrics import calibration_error, gains_curve, lift_at, lift_table, ngini, pr_auc, pr_curve, reliability_table, roc_auc


def _rows(n: int = 5000, levels: int | None = None):
    random = np.random.default_rng(7)
    score = 1 / (1 + np.exp(-random.normal(-2.5, 1, n)))
    y = random.random(n) < score
    return y.astype(int), score if levels is None else np.round(score * levels) / levels


@pytest.mark.parametrize("levels", [None, 20, 1])
def test_lift_table_conserves_rows_and_positives(levels):
    y, score = _rows(5003, levels)
    table = lift_table(y, score)
    assert table["n"].sum() == 5003
    assert table["n"].max() - table["n"].min() <= 1
    assert table["n_positive"].sum() == pytest.approx(y.sum())
    assert table["cumulative_capture"][-1] == pytest.approx(1)


def test_lift_table_agrees_with_lift_at():
    y, score = _rows()
    table = lift_table(y, score)
    assert table["lift"][0] == pytest.approx(lift_at(y, score, 0.1))
    assert table["cumulative_lift"][1] == pytest.approx(lift_at(y, score, 0.2))
    assert np.all((table["rate_lo"] <= table["rate"]) & (table["rate"] <= table["rate_hi"]))


def test_a_table_of_three_rows_has_three_bins():
    table = lift_table([1, 0, 0], [0.9, 0.5, 0.1])
    assert table["n"].tolist() == [1, 1, 1]
    assert table["lift"].tolist() == [3, 0, 0]


def test_reliability_table_rises_from_low_to_high_and_gives_the_calibration_error():
    y, score = _rows()
    table = reliability_table(y, score)
    assert np.all(np.diff(table["mean_score"]) > 0)
    assert table["bin"].tolist() == list(range(1, 11))
    assert np.abs(table["rate"] - table["mean_score"]).mean() == pytest.approx(calibration_error(y, score), abs=1e-9)


def test_pr_curve_has_the_points_of_scikit_learn_and_few_of_them():
    y, score = _rows()
    curve = pr_curve(y, score, n_points=100)
    assert len(curve["recall"]) <= 102
    precision, _, thresholds = precision_recall_curve(y, score)
    for threshold, value in zip(curve["threshold"], curve["precision"], strict=True):
        assert value == pytest.approx(precision[np.searchsorted(thresholds, threshold)], abs=1e-12)
    full = pr_curve(y, score, n_points=10**6)
    assert np.sum(np.diff(full["recall"], prepend=0) * full["precision"]) == pytest.approx(pr_auc(y, score))


def test_gains_curve_runs_from_nothing_to_everything_and_below_the_perfect_list():
    y, score = _rows()
    curve = gains_curve(y, score)
    assert (curve["capture"][0], curve["capture"][-1]) == (0, 1)
    assert np.all(np.diff(curve["capture"]) >= 0)
    assert np.all(curve["capture"] <= curve["best"] + 1e-12)


def test_a_curve_without_positives_is_empty():
    assert pr_curve([0, 0], [0.1, 0.2])["recall"].size == 0


def test_normalised_gini_of_labels_is_twice_the_auc_less_one():
    y, score = _rows(levels=30)
    assert ngini(y, score) == pytest.approx(2 * roc_auc(y, score) - 1)


def test_normalised_gini_is_one_for_the_perfect_order_and_minus_one_for_its_reverse():
    spend = np.array([0.0, 5, 1, 10, 3])
    assert ngini(spend, spend * 2 + 1) == pytest.approx(1)
    assert ngini(spend, -spend) == pytest.approx(-1)
    assert ngini(spend, np.ones(5)) == pytest.approx(0)
    assert np.isnan(ngini(np.ones(5), spend))
