"""How sure a figure is: Wilson intervals of rates and bootstrap intervals that resample whole accounts.

An account has a row per snapshot, and its rows are alike: resampling rows would pretend to know more than is known. So a draw picks
accounts with replacement and gives each row its account's multiplicity as a weight. All models see the same draws, which makes their
differences paired. Keep metrics out (see `binary`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clv_platform.metrics.binary import SampleMetric
from clv_platform.metrics.ranking import Floats, Sample, ScoredRows

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure and the limits between which it lies at the stated level; NaN where it can't be said."""

    value: float
    lo: float
    hi: float


def wilson_interval(n_positive: ArrayLike, n: ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Interval of a rate by Wilson's score method, which stays within 0 and 1 and works for rare events.

    Parameters
    ----------
    n_positive, n : arrays of one shape
        Counts (expected counts may be fractional); n = 0 gives NaN.
    level : float
        Coverage, 0 to 1.

    Returns
    -------
    lo, hi : arrays
        Limits of the rate.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    k, total = np.asarray(n_positive, dtype=np.float64), np.asarray(n, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = k / total
        centre = (rate + z * z / (2 * total)) / (1 + z * z / total)
        half = z / (1 + z * z / total) * np.sqrt(rate * (1 - rate) / total + z * z / (4 * total * total))
        # At the ends the formula leaves dust such as -1e-18.
        lo = np.where((k == 0) & (total > 0), 0.0, centre - half)
        hi = np.where((k == total) & (total > 0), 1.0, centre + half)
    return lo, hi


def cluster_weights(clusters: ArrayLike, n: int, seed: int) -> Iterator[Floats]:
    """Yield n draws of row weights: how often each row's cluster was picked when as many clusters as there are were drawn with replacement.

    Parameters
    ----------
    clusters : array of shape (rows,)
        Account of each row; any type that can be sorted.
    n : int
        Number of draws.
    seed : int
        The same seed gives the same draws.
    """
    codes = cluster_codes(clusters)
    n_clusters = int(codes.max()) + 1 if codes.size else 0
    random = np.random.default_rng(seed)
    for _ in range(n):
        picked = random.integers(0, n_clusters, n_clusters) if n_clusters else np.zeros(0, dtype=np.int64)
        yield np.take(np.bincount(picked, minlength=n_clusters).astype(np.float64), codes)


def cluster_codes(clusters: ArrayLike) -> NDArray[np.intp]:
    """Number the clusters 0, 1, ... in sorted order."""
    values = np.asarray(clusters)
    return np.unique(values.astype(str) if values.dtype == object else values, return_inverse=True)[1].reshape(-1)


def draw_metrics(
    metrics: Mapping[str, Mapping[str, SampleMetric]], y: ArrayLike, scores: Mapping[str, ArrayLike], clusters: ArrayLike, n: int, seed: int
) -> dict[str, dict[str, Floats]]:
    """Metrics of several scores on the same bootstrap draws.

    Parameters
    ----------
    metrics : mapping of model name to mapping of metric name to function of a `Sample`
        What to compute for each score.
    y : array of shape (rows,)
        Labels.
    scores : mapping of model name to array of shape (rows,)
        The scores; same names as in `metrics`.
    clusters : array of shape (rows,)
        Account of each row.
    n, seed : int
        Number of draws and their seed.

    Returns
    -------
    dict of model name to dict of metric name to array of shape (n,)
        Draw i is the same accounts for all models, so differences are paired.
    """
    rows = {model: ScoredRows(y, scores[model]) for model in metrics}
    drawn = {model: {name: np.full(n, np.nan) for name in wanted} for model, wanted in metrics.items()}
    for i, weights in enumerate(cluster_weights(clusters, n, seed)):
        for model, wanted in metrics.items():
            sample = Sample(rows[model], np.take(weights, rows[model].order))
            for name, metric in wanted.items():
                drawn[model][name][i] = metric(sample)
    return drawn


def interval_from_draws(value: float, draws: Floats, level: float = LEVEL, bounds: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
    """Turn bootstrap draws into an interval around the figure.

    The draws are first shifted by their bias (their mean less the figure): a calibration error, say, is larger in every draw than in the
    data, and its plain percentiles would leave the figure itself out. Then percentiles, kept within the metric's bounds.
    Undefined draws (no positives) are left out; when more than half are, the interval is NaN.
    """
    usable = draws[np.isfinite(draws)]
    if not np.isfinite(value) or usable.size < max(2, draws.size / 2):
        return Interval(value, float("nan"), float("nan"))
    lo, hi = np.quantile(usable - (usable.mean() - value), [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(min(value, max(lo, bounds[0]))), float(max(value, min(hi, bounds[1]))))


def bootstrap_intervals(
    metrics: Mapping[str, SampleMetric],
    y: ArrayLike,
    score: ArrayLike,
    clusters: ArrayLike,
    n: int = 500,
    seed: int = 0,
    level: float = LEVEL,
) -> dict[str, Interval]:
    """Each metric with its account-clustered bootstrap interval.

    Parameters
    ----------
    metrics : mapping of name to function of a `Sample`
        Such as `BINARY_METRICS`; own ones read `sample.y`, `sample.score` and `sample.weights`.
    y, score, clusters : arrays of shape (rows,)
        Labels, scores and accounts.
    n, seed : int
        Number of draws and their seed.
    level : float
        Coverage, 0 to 1.

    Returns
    -------
    dict of name to Interval
    """
    whole = ScoredRows(y, score).weighted()
    drawn = draw_metrics({"": metrics}, y, {"": score}, clusters, n, seed)[""]
    return {name: interval_from_draws(metric(whole), drawn[name], level, metric_bounds(name)) for name, metric in metrics.items()}


def metric_bounds(name: str) -> tuple[float, float]:
    """Limits that a binary metric of that name can't leave."""
    return (0.0, np.inf) if name.startswith(("lift", "log_loss")) else (0.0, 1.0)
