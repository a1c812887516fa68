"""Tables and curves of a scored list: lift by tenth, reliability, precision-recall and gains; columns as arrays, thinned for drawing.

Callers make frames of them. Keep single figures out (see `binary`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from clv_platform.metrics.binary import N_BINS
from clv_platform.metrics.intervals import wilson_interval
from clv_platform.metrics.ranking import Floats, Integers, Sample, ScoredRows

Table = dict[str, np.ndarray]


def lift_table(y: ArrayLike, score: ArrayLike, n_bins: int = N_BINS) -> Table:
    """Positives by tenth of the list, best scores first.

    Returns
    -------
    dict of column name to array of shape (n_bins,), fewer when there are fewer rows
        bin (1 = best), n, n_positive (expected, hence fractional, where a group of equal scores spans bins), rate, rate_lo, rate_hi
        (Wilson, 95 %), lift, mean_score, min_score, max_score, cumulative_share (of rows), cumulative_capture (of positives),
        cumulative_lift.
    """
    sample = ScoredRows(y, score).weighted()
    table = _bins(sample, n_bins)
    rate = table["rate"]
    overall = sample.total_positive / sample.total if sample.total else np.nan
    n_so_far, positives_so_far = np.cumsum(table["n"]), np.cumsum(table["n_positive"])
    with np.errstate(invalid="ignore", divide="ignore"):
        capture = positives_so_far / np.float64(sample.total_positive)
        share = n_so_far / np.float64(sample.total)
        return table | {
            "lift": rate / np.float64(overall),
            "cumulative_share": share,
            "cumulative_capture": capture,
            "cumulative_lift": capture / share,
        }


def reliability_table(y: ArrayLike, probability: ArrayLike, n_bins: int = N_BINS) -> Table:
    """Mean probability against observed rate in bins of equal count, lowest probabilities first.

    Returns
    -------
    dict of column name to array of shape (n_bins,), fewer when there are fewer rows
        bin, n, n_positive, mean_score, min_score, max_score, rate, rate_lo, rate_hi (Wilson, 95 %).
    """
    table = {name: values[::-1].copy() for name, values in _bins(ScoredRows(y, probability).weighted(), n_bins).items()}
    table["bin"] = table["bin"][::-1].copy()
    return table


def pr_curve(y: ArrayLike, score: ArrayLike, n_points: int = 200) -> Table:
    """Precision and recall at distinct scores, thinned to about `n_points` evenly spaced in recall.

    Returns
    -------
    dict of arrays: threshold, recall, precision, share (of rows called); empty without positives.
    """
    sample = ScoredRows(y, score).weighted()
    if not sample.total_positive:
        return {name: np.zeros(0) for name in ("threshold", "recall", "precision", "share")}
    called = sample.through_groups
    recall = sample.running_positive / sample.total_positive
    keep = _thin(recall, n_points)
    return {
        "threshold": sample.score[sample.rows.group_starts][keep],
        "recall": recall[keep],
        "precision": (sample.running_positive / called)[keep],
        "share": (called / sample.total)[keep],
    }


def gains_curve(y: ArrayLike, score: ArrayLike, n_points: int = 101) -> Table:
    """Part of the positives found in the best-scored part of the list, from nothing to everything.

    Returns
    -------
    dict of arrays of shape (n_points,): share (of rows), capture (of positives), lift (NaN at share 0), best (capture of a perfect list).
    """
    sample = ScoredRows(y, score).weighted()
    share = np.linspace(0.0, 1.0, n_points)
    with np.errstate(invalid="ignore", divide="ignore"):
        capture = sample.positives_in_top(share * sample.total) / np.float64(sample.total_positive)
        best = np.minimum(share * sample.total / np.float64(sample.total_positive), 1.0)
        return {"share": share, "capture": capture, "lift": capture / share, "best": best}


def _bins(sample: Sample, n_bins: int) -> Table:
    n = sample.rows.n
    edges: Integers = np.unique(np.rint(np.linspace(0, n, n_bins + 1)).astype(np.int64))
    starts, ends = edges[:-1], edges[1:]
    counts = ends - starts
    # Differences of running sums leave dust such as 3.0000000000000004.
    positive: Floats = np.round(np.diff(sample.positives_in_top(edges.astype(np.float64))), 9)
    lo, hi = wilson_interval(positive, counts)
    return {
        "bin": np.arange(1, counts.size + 1),
        "n": counts,
        "n_positive": positive,
        "rate": positive / counts,
        "rate_lo": lo,
        "rate_hi": hi,
        "mean_score": np.add.reduceat(sample.score, starts) / counts if n else np.zeros(0),
        "min_score": sample.score[ends - 1],
        "max_score": sample.score[starts],
    }


def _thin(x: Floats, n_points: int) -> Integers:
    """Positions of at most about `n_points` values of a rising array: the first at or after each even step, and both ends."""
    if x.size <= n_points:
        return np.arange(x.size)
    steps = np.searchsorted(x, np.linspace(x[0], x[-1], n_points))
    return np.unique(np.r_[0, np.minimum(steps, x.size - 1), x.size - 1])
