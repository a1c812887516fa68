"""Metrics of an amount: so far how well predictions rank the amounts. Errors and their shares join here with the value targets."""

from __future__ import annotations

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
