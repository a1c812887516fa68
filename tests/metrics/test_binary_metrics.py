"""Figures of a ranking: known answers, agreement with scikit-learn, fairness among equal scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from clv_platform.metrics import best_f1_threshold, brier, calibration_error, capture_at, f1_at, lift_at, log_loss, pr_auc, roc_auc

Y = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
SCORE = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05])


@st.composite
def scored_rows(draw):
    n = draw(st.integers(4, 60))
    y = np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    y[:2] = (0, 1)
    levels = draw(st.sampled_from([2, 5, 1000]))
    score = np.array(draw(st.lists(st.integers(0, levels), min_size=n, max_size=n))) / levels
    weights = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)), dtype=float)
    weights[:2] = 1
    return y, score, weights


def test_average_precision_of_hits_at_rank_one_and_three_is_five_sixths():
    assert pr_auc(Y, SCORE) == pytest.approx((1 + 2 / 3) / 2, abs=1e-15)


def test_roc_auc_counts_the_pairs_in_right_order():
    assert roc_auc(Y, SCORE) == pytest.approx((8 + 7) / 16, abs=1e-15)


def test_lift_and_capture_of_the_top_tenth_and_fifth_are_counted_by_hand():
    assert lift_at(Y, SCORE, 0.1) == pytest.approx(5.0)
    assert lift_at(Y, SCORE, 0.2) == pytest.approx(2.5)
    assert capture_at(Y, SCORE, 0.2) == pytest.approx(0.5)


def test_calibration_error_is_the_mean_gap_over_bins():
    y, p = np.array([0, 1, 0, 1]), np.array([0.1, 0.3, 0.6, 0.8])
    assert calibration_error(y, p, n_bins=2) == pytest.approx((abs(0.5 - 0.2) + abs(0.5 - 0.7)) / 2)


def test_perfect_probabilities_have_no_loss():
    assert brier(Y, Y) == 0
    assert log_loss(Y, Y) == pytest.approx(0, abs=1e-15)
    assert calibration_error(Y, Y) == pytest.approx(0, abs=1e-15)


@settings(max_examples=40, deadline=None)
@given(scored_rows())
def test_figures_equal_those_of_scikit_learn_with_ties_and_weights(rows):
    y, score, weights = rows
    for w in (None, weights):
        assert pr_auc(y, score, w) == pytest.approx(average_precision_score(y, score, sample_weight=w), abs=1e-12)
        assert roc_auc(y, score, w) == pytest.approx(roc_auc_score(y, score, sample_weight=w), abs=1e-12)
        assert log_loss(y, score, w) == pytest.approx(sklearn_log_loss(y, score, sample_weight=w), abs=1e-12)
        assert brier(y, score, w) == pytest.approx(brier_score_loss(y, score, sample_weight=w), abs=1e-12)
        assert f1_at(y, score, 0.5, w) == pytest.approx(f1_score(y, score >= 0.5, sample_weight=w), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(scored_rows())
def test_a_row_that_counts_twice_equals_two_rows(rows):
    y, score, weights = rows
    repeated = np.repeat(np.arange(y.size), weights.astype(int))
    for metric in (pr_auc, roc_auc, log_loss, brier, calibration_error, lambda a, b, w=None: lift_at(a, b, 0.3, w)):
        assert metric(y, score, weights) == pytest.approx(metric(y[repeated], score[repeated]), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(scored_rows(), st.integers(0, 99))
def test_no_figure_depends_on_the_order_of_rows(rows, seed):
    y, score, _ = rows
    order = np.random.default_rng(seed).permutation(y.size)
    for metric in (pr_auc, roc_auc, calibration_error, lambda a, b: lift_at(a, b, 0.1), lambda a, b: capture_at(a, b, 0.37)):
        assert metric(y, score) == pytest.approx(metric(y[order], score[order]), abs=1e-12)


def test_lift_among_equal_scores_is_the_mean_over_random_orders():
    y = np.array([1, 0, 0, 1, 0, 0, 0, 1, 0, 0])
    score = np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1])
    random = np.random.default_rng(0)
    broken = [lift_at(y, score + 1e-6 * random.random(10), 0.3) for _ in range(4000)]
    # One sure hit, then two of five rows with one positive: 1.4 of 3 positives in 3 of 10 rows.
    assert lift_at(y, score, 0.3) == pytest.approx(1.4 / 3 / 0.3)
    assert np.mean(broken) == pytest.approx(1.4 / 3 / 0.3, abs=0.03)


def test_a_constant_score_has_lift_one_and_the_base_rate_as_pr_auc():
    assert lift_at(Y, np.full(10, 0.3), 0.2) == pytest.approx(1.0)
    assert pr_auc(Y, np.full(10, 0.3)) == pytest.approx(0.2)
    assert roc_auc(Y, np.full(10, 0.3)) == pytest.approx(0.5)


@settings(max_examples=40, deadline=None)
@given(scored_rows())
def test_best_f1_threshold_is_beaten_by_no_other_score(rows):
    y, score, _ = rows
    best = best_f1_threshold(y, score)
    assert best in score
    assert f1_at(y, score, best) == pytest.approx(max(f1_at(y, score, t) for t in np.unique(score)), abs=1e-12)


def test_of_equally_good_thresholds_the_highest_is_taken():
    y, score = np.array([1, 0, 0, 1]), np.array([0.9, 0.6, 0.5, 0.4])
    assert f1_at(y, score, 0.9) == pytest.approx(f1_at(y, score, 0.4)) == pytest.approx(2 / 3)
    assert best_f1_threshold(y, score) == 0.9


def test_figures_without_positives_are_undefined_rather_than_zero():
    y, score = np.zeros(5), np.linspace(0, 1, 5)
    assert all(np.isnan(value) for value in (pr_auc(y, score), roc_auc(y, score), lift_at(y, score, 0.2), best_f1_threshold(y, score)))
    # A threshold that training rows couldn't choose leaves F1 undefined elsewhere, too.
    assert np.isnan(f1_at(np.ones(5), score, best_f1_threshold(y, score)))


def test_labels_other_than_zero_and_one_are_refused():
    with pytest.raises(ValueError, match=r"expected only 0 and 1, found 1 other values such as .*2\.0"):
        pr_auc([0, 1, 2], [0.1, 0.2, 0.3])


def test_missing_scores_are_refused():
    with pytest.raises(ValueError, match="expected finite numbers, found 1 of 2"):
        pr_auc([0, 1], [np.nan, 0.2])


@pytest.mark.parametrize("share", [0, -0.1, 20])
def test_a_share_given_in_percent_is_refused(share):
    with pytest.raises(ValueError, match=r"20 % is 0\.2"):
        lift_at(Y, SCORE, share)
