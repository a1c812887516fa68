"""Are the predictions wrong within a group? The score test of a changed intercept and slope, from five sums per group.

Here: the line that recalibrates all rows (`fit_line`), the sums (`score_terms`) and the statistic (`score_statistics`). The null is "right
within the group", not "as good as elsewhere": a group whose base rate is near a half has a high log loss though nothing is wrong with it.
Keep the search and its threshold out (`evaluation.weak_slices_search`).

References
----------
Rao (1948), Large sample tests of statistical hypotheses; Cox (1958), Two further applications of a model for binary regression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_RIDGE = 1e-3
_FLAT = 1e-6  # scores that vary by less than this share of their size have no slope
PRIOR_INFORMATION = (10.0, 10.0)  # on a changed intercept and slope: standard deviations of 0.3 around no change
_EDGES = (0.001, 0.999)  # beyond these quantiles a log-odds counts as the quantile: one far-off row shall not decide a slope


@dataclass(frozen=True)
class Line:
    """Log-odds = intercept + slope * x; `is_flat` when x doesn't vary, so that only the intercept is fitted."""

    intercept: float
    slope: float
    is_flat: bool = False

    def chance(self, x: Floats) -> Floats:
        """Return the probabilities at x."""
        return sigmoid(self.intercept + self.slope * x)


@dataclass(frozen=True)
class Terms:
    """What is summed over a group: residual, its variance, and x, per row."""

    residual: Floats
    variance: Floats
    x: Floats

    def weights(self) -> list[Floats]:
        """The five quantities to add up: residual, residual x, and the information on intercept, both and slope."""
        vx = self.variance * self.x
        return [self.residual, self.residual * self.x, self.variance, vx, vx * self.x]

    def take(self, rows: NDArray[np.bool_]) -> Terms:
        """Return the terms of some rows."""
        return Terms(self.residual[rows], self.variance[rows], self.x[rows])


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def log_odds(probability: Floats) -> Floats:
    """Log-odds of probabilities, centred and kept within their 0.1 % and 99.9 % quantiles; zeros when all are equal."""
    p = np.clip(np.asarray(probability, dtype=np.float64), 1e-9, 1 - 1e-9)
    x = np.log(p) - np.log1p(-p)
    if not x.size or np.ptp(x) < 1e-9:
        return np.zeros_like(x)
    lo, hi = np.quantile(x, _EDGES)
    kept = np.clip(x, lo, hi) if hi > lo else x
    return kept - kept.mean()


def fit_line(y: Floats, x: Floats, start: Line | None = None) -> Line:
    """Fit intercept and slope by maximum likelihood (Newton's method, a trace of ridge so that separated classes stay finite).

    Parameters
    ----------
    y, x : arrays of shape (n,)
        Labels 0/1, and log-odds as from `log_odds`.
    start : Line, optional
        Where to begin.
    """
    n, rate = y.size, float(np.clip(y.mean(), 0.5 / max(1, y.size), 1 - 0.5 / max(1, y.size))) if y.size else 0.5
    is_flat = not n or np.ptp(x) < 1e-9
    beta = np.array([start.intercept, start.slope] if start else [np.log(rate / (1 - rate)), 0.0 if is_flat else 1.0])
    if is_flat:
        return Line(float(np.log(rate / (1 - rate))), 0.0, True)
    loss = _penalised(beta, y, x)
    for _ in range(50):
        p = sigmoid(beta[0] + beta[1] * x)
        residual, variance = y - p, p * (1 - p)
        vx = variance * x
        u0, u1 = residual.sum(), residual @ x - _RIDGE * beta[1]
        a, b, c = variance.sum() + _RIDGE, vx.sum(), vx @ x + _RIDGE
        step = np.array([c * u0 - b * u1, a * u1 - b * u0]) / max(a * c - b * b, 1e-12)
        size = 1.0
        # A full step may overshoot where few rows are likely positives.
        while (tried := _penalised(beta + size * step, y, x)) > loss + 1e-9 * abs(loss) and size > 1e-4:
            size /= 2
        beta, loss = beta + size * step, tried
        if np.abs(size * step).max() < 1e-6:
            break
    return Line(float(beta[0]), float(beta[1]))


def _penalised(beta: Floats, y: Floats, x: Floats) -> float:
    eta = beta[0] + beta[1] * x
    return float((np.maximum(eta, 0.0) + np.log1p(np.exp(-np.abs(eta)))).sum() - y @ eta) + 0.5 * _RIDGE * float(beta[1] ** 2)


def score_terms(y: Floats, x: Floats, line: Line) -> Terms:
    """Residuals and variances of labels under a line."""
    p = line.chance(x)
    return Terms(y - p, p * (1 - p), x)


def score_statistics(sums: Floats, totals: Floats) -> Floats:
    """Rao's statistic of a changed intercept and slope, for many groups at once.

    Parameters
    ----------
    sums : array of shape (5, n_slices)
        Sums of `Terms.weights()` over each group.
    totals : array of shape (5,)
        The same over all rows. The line's own sums of residuals needn't be 0: what a refit of the line would take away is taken away.

    Returns
    -------
    array of shape (n_slices,)
        About chi-square with two degrees of freedom where labels are independent and nothing is wrong. A little prior information (no
        change, see `PRIOR_INFORMATION`) damps groups that say little, whose statistic would have a long tail, and makes the slope drop
        out where scores don't vary.
    """
    u0, u1, v00, v01, v11 = _adjusted(sums, totals)
    v00, v11 = v00 + PRIOR_INFORMATION[0], v11 + PRIOR_INFORMATION[1]
    return (v11 * u0 * u0 - 2 * v01 * u0 * u1 + v00 * u1 * u1) / np.maximum(v00 * v11 - v01 * v01, 1e-12)


def level_statistics(sums: Floats, totals: Floats) -> tuple[Floats, Floats]:
    """Statistic of a changed level alone (one degree of freedom) and the change in log-odds that it stands for.

    Parameters
    ----------
    sums, totals : as for `score_statistics`
    """
    u0, _, v00, _, _ = _adjusted(sums, totals)
    v00 = v00 + PRIOR_INFORMATION[0]
    return u0 * u0 / v00, u0 / v00


def _adjusted(sums: Floats, totals: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Sums of residuals less what a refit of the line on all rows would explain, and their variances: I - I I_all^-1 I."""
    u0, u1, a, b, c = sums
    t0, t1, big_a, big_b, big_c = totals
    det = big_a * big_c - big_b * big_b
    if det > _FLAT * big_a * big_c:
        inverse = np.array([[big_c, -big_b], [-big_b, big_a]]) / det
    else:
        inverse = np.array([[1 / big_a if big_a > 0 else 0.0, 0.0], [0.0, 0.0]])
    shift0, shift1 = inverse @ np.array([t0, t1])
    u0, u1 = u0 - (a * shift0 + b * shift1), u1 - (b * shift0 + c * shift1)
    (p, q), (_, r) = inverse
    ap, bp, cp = a * p + b * q, a * q + b * r, b * q + c * r  # rows of I times the inverse
    bq = b * p + c * q
    v00 = a - (ap * a + bp * b)
    v01 = b - (ap * b + bp * c)
    v11 = c - (bq * b + cp * c)
    return u0, u1, np.maximum(v00, 0.0), v01, np.maximum(v11, 0.0)
