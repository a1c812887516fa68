"""Figures of small groups drawn towards the whole: what one would bet on, instead of what a handful of rows happened to show.

Empirical Bayes: how much groups really differ is estimated from all groups of a table (the variance that is seen less
what chance explains), and each group's figure is weighed against that. Rates are beta-binomial, observed over
expected is gamma-Poisson, everything else is normal. An interval is the posterior's; picking the worst of many groups doesn't make it
wrong, which it does make the plain interval.

Here: `shrink_rates`, `shrink_ratios`, `shrink_figures`. Keep counting out (`cube`, `histogram`).

References
----------
Efron and Morris (1975), Data analysis using Stein's estimator; Efron (2010), Large-scale inference, chapter 1.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaincinv

Floats = NDArray[np.float64]
Shrunk = tuple[Floats, Floats, Floats]
LEVEL = 0.95
_PRIOR_ROWS = (2.0, 1e5)  # what the whole may count for, in rows


def shrink_rates(k: Floats, n: Floats, whole: float, level: float = LEVEL) -> Shrunk:
    """Draw rates towards the whole's.

    Parameters
    ----------
    k, n : arrays of shape (n_slices,)
        Counts; may be fractional (divided by a design effect). With n = 0 the result is the whole's rate with the interval of what groups
        are like.
    whole : float
        The rate of all rows.

    Returns
    -------
    value, lo, hi : arrays of shape (n_slices,)
        Posterior mean and interval under Beta(c whole, c (1 - whole)), c estimated.
    """
    if not 0 < whole < 1:
        return _constant(whole, n.size)
    used = n > 0
    rate = np.divide(k, n, out=np.full(n.shape, whole), where=used)
    chance = whole * (1 - whole)
    tau2 = _true_variance(np.square(rate - whole)[used], chance / n[used])
    rows = float(np.clip(chance / tau2 - 1, *_PRIOR_ROWS)) if tau2 > 0 else _PRIOR_ROWS[1]
    a, b = rows * whole + k, rows * (1 - whole) + n - k
    tail = (1 - level) / 2
    return a / (a + b), betaincinv(a, b, tail), betaincinv(a, b, 1 - tail)


def shrink_ratios(observed: Floats, expected: Floats, whole: float, level: float = LEVEL) -> Shrunk:
    """Draw observed over expected counts towards the whole's ratio; gamma-Poisson, arguments as for `shrink_rates`."""
    if not whole > 0:
        return _constant(whole, expected.size)
    used = expected > 0
    ratio = np.divide(observed, expected, out=np.full(expected.shape, whole), where=used)
    tau2 = max(_true_variance(np.square(ratio - whole)[used], whole / expected[used]), whole**2 / _PRIOR_ROWS[1])
    shape, rate = whole**2 / tau2 + observed, whole / tau2 + expected
    tail = (1 - level) / 2
    return shape / rate, gammaincinv(shape, tail) / rate, gammaincinv(shape, 1 - tail) / rate


def shrink_figures(value: Floats, lo: Floats, hi: Floats, whole: float, level: float = LEVEL) -> Shrunk:
    """Draw figures with intervals towards the whole's; normal, with the variance that the intervals stand for.

    Parameters
    ----------
    value, lo, hi : arrays of shape (n_slices,)
        NaN stays NaN.
    whole : float
        The figure of all rows.
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    variance = np.square((hi - lo) / (2 * z))
    used = np.isfinite(value) & np.isfinite(variance) & (variance > 0)
    if not np.isfinite(whole) or not used.any():
        return value.copy(), lo.copy(), hi.copy()
    tau2 = _true_variance(np.square(value[used] - whole), variance[used])
    with np.errstate(invalid="ignore", divide="ignore"):
        trust = np.where(used, tau2 / (tau2 + variance), np.nan)
    shrunk = whole + trust * (value - whole)
    # That the strength of the prior is itself estimated keeps the interval from closing around the whole.
    half = z * np.sqrt(np.maximum(trust, 0.05) * variance)
    return shrunk, shrunk - half, shrunk + half


def _true_variance(squares: Floats, variance: Floats) -> float:
    """Variance between groups beyond chance: with it squared deviations are on average what they should be (Paule and Mandel, 1982).

    Every group counts by how much it can say; weights by rows would let one huge group decide.
    """
    if not squares.size or float((squares / np.maximum(variance, 1e-300)).mean()) <= 1:
        return 0.0
    low, high = 0.0, float(squares.sum())
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if float((squares / (variance + middle)).mean()) > 1 else (low, middle)
    return high


def _constant(whole: float, n: int) -> Shrunk:
    return np.full(n, whole), np.full(n, whole), np.full(n, whole)
