"""Intervals from sums alone: what a database can add up gives the same interval as the rows would.

Here: intervals of a mean, of a root mean square and of a ratio of totals, from sums; and of ranking metrics by sections of the rows, for
screens that have to answer while somebody waits. Reports bootstrap (see `intervals`).
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clv_platform.metrics.binary import SampleMetric
from clv_platform.metrics.intervals import LEVEL, Interval, cluster_codes, draw_metrics, interval_from_draws, metric_bounds
from clv_platform.metrics.ranking import Floats, ScoredRows
from clv_platform.metrics.value import ValueMetric

Z = NormalDist().inv_cdf(0.5 + LEVEL / 2)
N_SECTIONS = 20
SECTION_ROWS = 5_000
T_SECTIONS = 2.093  # Student's t, 19 degrees of freedom, 97.5 %
FEW_ROWS = 2_000  # below, sections would be too small: draws instead
N_DRAWS = 100


def mean_interval(total: ArrayLike, squares: ArrayLike, n: ArrayLike, rows_per_account: float = 1.0) -> tuple[Floats, Floats, Floats]:
    """Mean and its interval from the sum, the sum of squares and the count; NaN without rows, no interval from one.

    Parameters
    ----------
    total, squares, n : arrays of one shape
        Per group of rows.
    rows_per_account : float
        Rows of one account count as one.

    Returns
    -------
    value, lo, hi : arrays
    """
    s, q, k = (np.asarray(values, dtype=np.float64) for values in (total, squares, n))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = s / k
        variance = np.maximum(q / k - mean**2, 0.0) * k / (k - 1)
        half = Z * np.sqrt(variance / (k / rows_per_account))
    half = np.where(k > 1, half, np.nan)
    return np.where(k > 0, mean, np.nan), mean - half, mean + half


def root_mean_interval(
    squares: ArrayLike, fourths: ArrayLike, n: ArrayLike, rows_per_account: float = 1.0
) -> tuple[Floats, Floats, Floats]:
    """Root of the mean square (RMSE of errors) with its interval, from the sums of squares and fourth powers."""
    value, lo, hi = mean_interval(squares, fourths, n, rows_per_account)
    return np.sqrt(value), np.sqrt(np.maximum(lo, 0.0)), np.sqrt(hi)


def ratio_interval(
    top: ArrayLike,
    bottom: ArrayLike,
    top_squares: ArrayLike,
    products: ArrayLike,
    bottom_squares: ArrayLike,
    rows_per_account: float = 1.0,
) -> tuple[Floats, Floats, Floats]:
    """Ratio of two totals with its interval by the delta method, from sums; NaN when the lower total isn't positive."""
    a, b, aa, ab, bb = (np.asarray(values, dtype=np.float64) for values in (top, bottom, top_squares, products, bottom_squares))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(b > 0, a / b, np.nan)
        spread = np.maximum(aa - 2 * ratio * ab + ratio**2 * bb, 0.0) * rows_per_account
        half = Z * np.sqrt(spread) / b
    return ratio, ratio - half, ratio + half


def quick_intervals(
    metrics: Mapping[str, SampleMetric], y: ArrayLike, score: ArrayLike, clusters: ArrayLike | None = None, seed: int = 0
) -> dict[str, Interval]:
    """Figures of a ranking with intervals within a blink: few rows are bootstrapped, many are cut into sections.

    Each of 20 sections (whole accounts, at most 5,000 rows) gives the figure once; their spread, scaled from a section's rows to all rows,
    gives the interval (batch means).

    Parameters
    ----------
    metrics : mapping of name to function of a `Sample`
        Such as `BINARY_METRICS`.
    y, score : arrays of shape (n,)
        Labels 0/1 and scores.
    clusters : array of shape (n,), optional
        Account of each row; none: each row is one.
    """
    rows = ScoredRows(y, score)
    whole = rows.weighted()
    values = {name: metric(whole) for name, metric in metrics.items()}
    labels, scores = np.asarray(y, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if rows.n < FEW_ROWS:
        accounts = np.arange(rows.n) if clusters is None else clusters
        drawn = draw_metrics({"": metrics}, labels, {"": scores}, accounts, N_DRAWS, seed)[""]
        return {name: interval_from_draws(values[name], drawn[name], bounds=metric_bounds(name)) for name in metrics}
    sections = [ScoredRows(labels[part], scores[part]).weighted() for part in _sections(rows.n, clusters, seed)]
    share = np.array([part.rows.n for part in sections]) / rows.n
    drawn = {name: np.array([metric(part) for part in sections]) for name, metric in metrics.items()}
    return {name: _from_sections(values[name], drawn[name], share, metric_bounds(name)) for name in metrics}


def quick_value_intervals(
    metrics: Mapping[str, ValueMetric], actual: ArrayLike, predicted: ArrayLike, seed: int = 0
) -> dict[str, Interval]:
    """As `quick_intervals`, for amounts."""
    y, p = np.asarray(actual, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    nothing = float("nan")
    if not y.size:
        return {name: Interval(nothing, nothing, nothing) for name in metrics}
    if y.size < FEW_ROWS // 4:
        random = np.random.default_rng(seed)
        parts = [random.integers(0, y.size, y.size) for _ in range(N_DRAWS)]
        return {
            name: interval_from_draws(metric(y, p), np.array([metric(y[part], p[part]) for part in parts]))
            for name, metric in metrics.items()
        }
    parts = _sections(y.size, None, seed)
    share = np.array([part.size for part in parts]) / y.size
    return {
        name: _from_sections(metric(y, p), np.array([metric(y[part], p[part]) for part in parts]), share, (-np.inf, np.inf))
        for name, metric in metrics.items()
    }


def _sections(n: int, clusters: ArrayLike | None, seed: int) -> list[NDArray[np.intp]]:
    random = np.random.default_rng(seed)
    if clusters is None:
        order = random.permutation(n)
        return [part[:SECTION_ROWS] for part in np.array_split(order, N_SECTIONS)]
    codes = cluster_codes(clusters)
    section = random.integers(0, N_SECTIONS, int(codes.max()) + 1)[codes]
    return [part[:SECTION_ROWS] for part in (np.flatnonzero(section == number) for number in range(N_SECTIONS)) if part.size]


def _from_sections(value: float, figures: Floats, share: Floats, bounds: tuple[float, float]) -> Interval:
    usable = np.isfinite(figures)
    if not np.isfinite(value) or usable.sum() < N_SECTIONS / 2:
        return Interval(value, float("nan"), float("nan"))
    half = T_SECTIONS * float(figures[usable].std(ddof=1)) * float(np.sqrt(share[usable].mean()))
    return Interval(value, max(value - half, bounds[0]), min(value + half, bounds[1]))
