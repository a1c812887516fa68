"""Metrics of a yes/no question: how well scores rank the positives and how far they can be read as chances.

Every metric exists as a function of arrays (`pr_auc(y, score, weights)`) and, for bootstraps, as a function of a `Sample` in
`BINARY_METRICS`. A figure that is not defined (no positives, say) is NaN, never 0. Add a metric here with a known-answer test and a row
in the report. Keep accuracy out: on a rare class the best accuracy is reached by never finding anyone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clv_platform.metrics.ranking import Sample, ScoredRows

SampleMetric = Callable[[Sample], float]
N_BINS = 10


def pr_auc(y: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Area under the precision-recall curve as average precision: sum of precision times gain in recall over distinct scores.

    Parameters
    ----------
    y : array of shape (n,)
        Labels, 0 or 1.
    score : array of shape (n,)
        Higher means more likely positive.
    weights : array of shape (n,), optional
        How often each row counts.

    Returns
    -------
    float
        0 to 1; about the base rate for a useless ranking. NaN without positives. Equals scikit-learn's `average_precision_score`.
    """
    return _pr_auc(ScoredRows(y, score).weighted(weights))


def roc_auc(y: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Chance that a random positive is scored above a random negative, equal scores counting half; NaN with one class only."""
    return _roc_auc(ScoredRows(y, score).weighted(weights))


def log_loss(y: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Mean negative log-likelihood in nats; probabilities are clipped one machine epsilon from 0 and 1."""
    return _log_loss(ScoredRows(y, probability).weighted(weights))


def brier(y: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Mean squared difference between label and probability."""
    return _brier(ScoredRows(y, probability).weighted(weights))


def f1_at(y: ArrayLike, score: ArrayLike, threshold: float, weights: ArrayLike | None = None) -> float:
    """F1 (harmonic mean of precision and recall) when rows with `score >= threshold` are called; NaN without positives or a threshold."""
    return f1_metric(threshold)(ScoredRows(y, score).weighted(weights))


def best_f1_threshold(y: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return the score at and above which calling gives the best F1; of equals the highest, which calls the fewest.

    Choose it on training rows and apply it elsewhere: on the rows it was chosen on, F1 is too good. NaN without positives.
    """
    sample = ScoredRows(y, score).weighted(weights)
    if sample.total_positive == 0:
        return float("nan")
    f1 = 2 * sample.running_positive / (sample.through_groups + sample.total_positive)
    return float(sample.score[sample.rows.group_starts[int(np.argmax(f1))]])


def lift_at(y: ArrayLike, score: ArrayLike, share: float, weights: ArrayLike | None = None) -> float:
    """Rate of positives among the best-scored share of rows, divided by the overall rate.

    A share that ends within a row or a group of equal scores takes the expected part of it (random order among equals), so the figure
    depends neither on row order nor on rounding. NaN without positives.
    """
    return lift_metric(share)(ScoredRows(y, score).weighted(weights))


def capture_at(y: ArrayLike, score: ArrayLike, share: float, weights: ArrayLike | None = None) -> float:
    """Part of all positives that the best-scored share of rows holds, 0 to 1; ties as in `lift_at`."""
    return capture_metric(share)(ScoredRows(y, score).weighted(weights))


def calibration_error(y: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None, n_bins: int = N_BINS) -> float:
    """Mean absolute difference between mean probability and rate of positives over bins of equal count.

    Bins are cut along falling probability; one that ends within a group of equal probabilities takes the expected part of it.
    """
    return calibration_metric(n_bins)(ScoredRows(y, probability).weighted(weights))


def base_rate(sample: Sample) -> float:
    """Share of positives, which is the PR-AUC of a score that is the same for everyone."""
    return sample.total_positive / sample.total if sample.total else float("nan")


def f1_metric(threshold: float | NDArray[np.float64]) -> SampleMetric:
    """F1 at a threshold, or at one threshold per row in the caller's row order (cross-fitted thresholds)."""

    is_undefined = bool(np.isnan(np.asarray(threshold)).any())  # chosen on rows without a positive: nobody said whom to call

    def measure(sample: Sample) -> float:
        if is_undefined:
            return float("nan")
        limit = threshold if np.ndim(threshold) == 0 else np.asarray(threshold)[sample.rows.order]
        called = sample.score >= limit
        hits = float(sample.weights @ (called * sample.y))
        return 2 * hits / (float(sample.weights @ called) + sample.total_positive) if sample.total_positive else float("nan")

    return measure


def lift_metric(share: float) -> SampleMetric:
    """`lift_at` for samples; ValueError unless 0 < share <= 1."""
    capture = capture_metric(share)
    return lambda sample: capture(sample) / share


def capture_metric(share: float) -> SampleMetric:
    """`capture_at` for samples; ValueError unless 0 < share <= 1."""
    if not 0 < share <= 1:
        raise ValueError(f"share: expected a number above 0 and at most 1 (20 % is 0.2), found {share!r}.")

    def measure(sample: Sample) -> float:
        if not sample.total_positive:
            return float("nan")
        return float(sample.positives_in_top(share * sample.total)) / sample.total_positive

    return measure


def calibration_metric(n_bins: int = N_BINS) -> SampleMetric:
    """`calibration_error` for samples."""
    shares = np.linspace(0.0, 1.0, n_bins + 1)

    def measure(sample: Sample) -> float:
        if not sample.total:
            return float("nan")
        edges = shares * sample.total
        gaps = np.diff(sample.positives_in_top(edges)) - np.diff(sample.score_in_top(edges))
        return float(np.abs(gaps).sum()) / sample.total

    return measure


def _pr_auc(sample: Sample) -> float:
    if not sample.total_positive:
        return float("nan")
    called = sample.through_groups
    # A group without weight in this draw has 0 positives and may come before any weight: it adds nothing.
    precision = np.divide(sample.running_positive, called, out=np.zeros_like(called), where=called > 0)
    return float(sample.group_positive @ precision) / sample.total_positive


def _roc_auc(sample: Sample) -> float:
    n_negative = sample.total - sample.total_positive
    if not sample.total_positive or n_negative <= 0:
        return float("nan")
    above = sample.before_groups - (sample.running_positive - sample.group_positive)
    through = sample.through_groups - sample.running_positive
    return float(sample.group_positive @ (n_negative - (above + through) / 2)) / (sample.total_positive * n_negative)


def _log_loss(sample: Sample) -> float:
    return float(sample.weights @ sample.rows.log_losses) / sample.total if sample.total else float("nan")


def _brier(sample: Sample) -> float:
    return float(sample.weights @ sample.rows.squared_errors) / sample.total if sample.total else float("nan")


BINARY_METRICS: Mapping[str, SampleMetric] = MappingProxyType(
    {
        "pr_auc": _pr_auc,
        "pr_auc_baseline": base_rate,
        "roc_auc": _roc_auc,
        "log_loss": _log_loss,
        "brier": _brier,
        "lift_at_10": lift_metric(0.1),
        "lift_at_20": lift_metric(0.2),
        "capture_at_20": capture_metric(0.2),
        "calibration_error": calibration_metric(),
    }
)
