"""Bootstrap of value metrics by account: rows sorted once, weighted many times, so that 500 draws of 20,000 accounts take a second.

Here: `SortedAmounts`, which gives every metric of `metrics.VALUE_METRICS` under weights. Deciles and the top tenth are shares of the
weight; ranks for the rank correlation are those of all rows. Keep the metrics' definitions out (`metrics.value`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class SortedAmounts:
    """Outcomes and one prediction of the same accounts, prepared for many weightings.

    Parameters
    ----------
    actual, predicted : arrays of shape (n,)
    """

    def __init__(self, actual: Floats, predicted: Floats) -> None:
        from scipy.stats import rankdata

        self.y, self.p = actual, predicted
        self._order, self._ends = _sort(predicted)
        self._best, self._best_ends = _sort(actual)
        self._ranks = [rankdata(values) for values in (actual, predicted)]
        self._y_sorted, self._p_sorted = actual[self._order], predicted[self._order]

    def metrics(self, weights: Floats) -> dict[str, float]:
        """Every value metric under weights (how often each account was drawn)."""
        total, size = float(weights @ self.y), float(weights.sum())
        error = self.p - self.y
        in_order = weights[self._order]
        running = np.cumsum(in_order)
        shares = np.minimum(np.searchsorted(running, size * np.arange(1, 10) / 10 - 1e-9) + 1, len(running) - 1)
        gaps = np.add.reduceat(in_order * (self._p_sorted - self._y_sorted), np.r_[0, shares]) if len(running) > 10 else np.array([np.nan])
        top = float((in_order * self._y_sorted)[: shares[0]].sum()) / total if total > 0 else np.nan
        return {
            "mae": float(weights @ np.abs(error)) / size,
            "rmse": float(np.sqrt(weights @ np.square(error) / size)),
            "bias": float(weights @ self.p) / total - 1 if total > 0 else np.nan,
            "spearman": _correlation(self._ranks[0], self._ranks[1], weights),
            "ngini": self.ngini(weights),
            "decile_wape": float(np.abs(gaps).sum()) / total if total > 0 else np.nan,
            "top10_share": top,
        }

    def ngini(self, weights: Floats) -> float:
        """Normalised Gini under weights."""
        best = _area(self.y, weights, self._best, self._best_ends)
        return _area(self.y, weights, self._order, self._ends) / best if best > 1e-12 else np.nan


def draw_accounts(n: int, n_draws: int, seed: int) -> Iterator[Floats]:
    """How often each account is drawn, n_draws times; the same for every model that is compared."""
    rng = np.random.default_rng(seed)
    for _ in range(n_draws):
        yield np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)


def _sort(values: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = np.argsort(-values, kind="stable")
    return order, np.flatnonzero(np.r_[values[order][1:] != values[order][:-1], True])


def _area(amounts: Floats, weights: Floats, order: NDArray[np.intp], ends: NDArray[np.intp]) -> float:
    in_order = weights[order]
    share = np.r_[0.0, np.cumsum(in_order)[ends]]
    gains = np.r_[0.0, np.cumsum(in_order * amounts[order])[ends]]
    if not (gains[-1] > 0 and share[-1] > 0):
        return float("nan")
    return float(np.sum(np.diff(share / share[-1]) * (gains[1:] + gains[:-1]) / gains[-1]) / 2 - 0.5)


def _correlation(a: Floats, b: Floats, weights: Floats) -> float:
    size = weights.sum()
    da, db = a - weights @ a / size, b - weights @ b / size
    spread = float(np.sqrt((weights @ np.square(da)) * (weights @ np.square(db))))
    return float(weights @ (da * db)) / spread if spread > 0 else float("nan")
