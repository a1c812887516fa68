"""Metrics of an amount: how far predictions are off, how well they rank, whether groups of them add up.

Here: functions of (actual, predicted), gathered in `VALUE_METRICS`, and their account bootstrap. An error per account alone misleads: a
forecast of nothing for everybody has a good mean absolute error, because most accounts buy nothing. Keep frames and files out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from clv_platform.metrics.ranking import Floats


def ngini(actual: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Normalised Gini: how well predictions rank amounts, 1 for the perfect order, about 0 for a random one.

    Parameters
    ----------
    actual : array of shape (n,)
        Amounts that came to pass.
    predicted : array of shape (n,)
        Only their order matters; equal predictions count as in random order.
    weights : array of shape (n,), optional
        How often each row counts.

    Returns
    -------
    float
        NaN when the amounts are all equal or sum to nothing.
    """
    amounts, ranks = np.asarray(actual, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if amounts.shape != ranks.shape or amounts.ndim != 1:
        raise ValueError(f"actual and predicted: expected two arrays of the same length, found shapes {amounts.shape} and {ranks.shape}.")
    row_weights = np.ones(amounts.size) if weights is None else np.asarray(weights, dtype=np.float64)
    best = _area(amounts, amounts, row_weights)
    # Relative to rounding: equal amounts give an area of about 1e-17, not 0.
    return _area(amounts, ranks, row_weights) / best if best > 1e-12 else float("nan")


def mae(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute error, in the amounts' unit."""
    y, p = _columns(actual, predicted)
    return float(np.abs(y - p).mean())


def rmse(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Root of the mean squared error, in the amounts' unit."""
    y, p = _columns(actual, predicted)
    return float(np.sqrt(np.square(y - p).mean()))


def bias(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Predicted total over the actual total, less 1: -.1 promises a tenth too little. NaN when the actual total isn't positive."""
    y, p = _columns(actual, predicted)
    total = float(y.sum())
    return float(p.sum()) / total - 1 if total > 0 else float("nan")


def spearman(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Rank correlation, equal values sharing their mean rank; NaN when either side is constant."""
    from scipy.stats import rankdata

    y, p = (rankdata(values) for values in _columns(actual, predicted))
    if np.ptp(y) == 0 or np.ptp(p) == 0:
        return float("nan")
    return float(np.corrcoef(y, p)[0, 1])


def decile_wape(actual: ArrayLike, predicted: ArrayLike, n_bins: int = 10) -> float:
    """Weighted absolute error of group totals: rows in equal-count bins of falling prediction, the sum of |predicted - actual| of their
    totals over the actual total. 0 means that each tenth of the list brings what it promised. NaN when the actual total isn't positive.
    """
    y, p = _columns(actual, predicted)
    total = float(y.sum())
    if total <= 0:
        return float("nan")
    parts = np.array_split(np.argsort(-p, kind="stable"), n_bins)
    return float(sum(abs(float(p[rows].sum() - y[rows].sum())) for rows in parts)) / total


def top_share(actual: ArrayLike, predicted: ArrayLike, share: float = 0.1) -> float:
    """Share of the actual total held by the top of the predicted list; equal predictions at its end count in part."""
    y, p = _columns(actual, predicted)
    total, wanted = float(y.sum()), share * y.size
    if total <= 0 or not y.size:
        return float("nan")
    order = np.argsort(-p, kind="stable")
    limit = p[order[min(int(np.ceil(wanted)), y.size) - 1]]
    above, at = p > limit, p == limit
    return float((y[above].sum() + y[at].mean() * (wanted - above.sum())) / total)


def coverage(actual: ArrayLike, lo: ArrayLike, hi: ArrayLike) -> float:
    """Share of actual amounts within their interval, bounds included; rows without an interval are left out."""
    y, low, high = (np.asarray(values, dtype=np.float64) for values in (actual, lo, hi))
    there = np.isfinite(low) & np.isfinite(high)
    return float(((y >= low) & (y <= high))[there].mean()) if there.any() else float("nan")


def draw_value_metrics(
    metrics: Mapping[str, ValueMetric], actual: ArrayLike, predictions: Mapping[str, ArrayLike], n: int, seed: int
) -> dict[str, dict[str, Floats]]:
    """Metrics of several predictions on the same bootstrap draws of accounts (one row per account).

    Returns
    -------
    dict of model name to dict of metric name to array of shape (n,)
        Draw i is the same accounts for all models, so differences are paired.
    """
    y = np.asarray(actual, dtype=np.float64)
    columns = {model: np.asarray(values, dtype=np.float64) for model, values in predictions.items()}
    drawn = {model: {name: np.full(n, np.nan) for name in metrics} for model in columns}
    random = np.random.default_rng(seed)
    for i in range(n):
        rows = random.integers(0, y.size, y.size)
        for model, values in columns.items():
            for name, metric in metrics.items():
                drawn[model][name][i] = metric(y[rows], values[rows])
    return drawn


def _columns(actual: ArrayLike, predicted: ArrayLike) -> tuple[Floats, Floats]:
    y, p = np.asarray(actual, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if y.shape != p.shape or y.ndim != 1 or not y.size:
        raise ValueError(f"actual and predicted: expected two arrays of the same length, at least 1, found shapes {y.shape} and {p.shape}.")
    return y, p


def _area(amounts: Floats, ranks: Floats, weights: Floats) -> float:
    """Area between the gains curve along falling rank and the diagonal."""
    total = float(weights @ amounts)
    if not amounts.size or total <= 0:
        return float("nan")
    order = np.argsort(-ranks, kind="stable")
    last = np.flatnonzero(np.r_[ranks[order][1:] != ranks[order][:-1], True])
    share = np.r_[0.0, np.cumsum(weights[order])[last]] / weights.sum()
    gains = np.r_[0.0, np.cumsum((weights * amounts)[order])[last]] / total
    return float(np.sum(np.diff(share) * (gains[1:] + gains[:-1])) / 2 - 0.5)


ValueMetric = Callable[[ArrayLike, ArrayLike], float]
VALUE_METRICS: Mapping[str, ValueMetric] = MappingProxyType(
    {
        "mae": mae,
        "rmse": rmse,
        "bias": bias,
        "spearman": spearman,
        "ngini": ngini,
        "decile_wape": decile_wape,
        "top10_share": top_share,
    }
)
