"""Intervals for what an account will bring: most bring nothing, so half of the work is to keep the mass at zero.

Here: `Spread`, learnt on the rolling origins from accounts with a similar prediction (a conformal interval by neighbourhoods), intervals
by simulated futures of the probability model, by quantile regression (`quantiles`), and in multiples of present subscriptions
(`contract_spread`); whichever covers 90 % best where it wasn't learnt is used, of methods that cover it alike the narrowest. Where zero is
likelier than 5 % the interval is [0, the 90 % quantile], else it runs from the 5 % to the 95 % quantile: both hold 90 %. Expectation and
median lie in it: where simulated futures leave the expectation out (trees know more than the purchase history), the neighbours' interval
is taken, and what is still left out widens it (where nine in ten bring nothing, it ends at the expectation). Keep means out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.models.value.calibration import OutOfSample
from clv_platform.models.value.contract_spread import ContractSpread, learn_contract_spread, quantiles_of
from clv_platform.models.value.design import View
from clv_platform.models.value.foundation import Foundation, groups
from clv_platform.models.value.quantiles import QuantileModel, learn_quantiles

Floats = NDArray[np.float64]
LEVEL = 0.9
_TAIL = (1 - LEVEL) / 2
_MAX_BINS, _MIN_ROWS = 40, 150
N_DRAWS = 400
_TRIAL_ROWS = 3_000
_TOP = 0.05
_ALIKE = 0.005  # methods whose coverage is off by so much more than the best one's may still be used, for being narrower


@dataclass(frozen=True)
class Spread:
    """Quantiles of outcome over prediction, by the logarithm of the prediction: constant beyond the first and last.

    Attributes
    ----------
    log_means : tuple of float
        Rising.
    lo, median, hi : tuple of float
        Multiples of the prediction.
    """

    log_means: tuple[float, ...]
    lo: tuple[float, ...]
    median: tuple[float, ...]
    hi: tuple[float, ...]

    def apply(self, predicted: Floats) -> tuple[Floats, Floats, Floats]:
        """Lower bound, median and upper bound of each prediction."""
        place = np.log(np.maximum(predicted, 1e-300))
        lo, median, hi = (predicted * np.interp(place, self.log_means, values) for values in (self.lo, self.median, self.hi))
        return lo, median, hi

    def to_json(self) -> dict[str, Any]:
        """Return plain lists."""
        return {"log_means": list(self.log_means), "lo": list(self.lo), "median": list(self.median), "hi": list(self.hi)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Spread:
        """Read what `to_json` gave."""
        return cls(*(tuple(content[name]) for name in ("log_means", "lo", "median", "hi")))


def hold(lo: Floats, median: Floats, hi: Floats, predicted: Floats) -> tuple[Floats, Floats, Floats]:
    """Widen intervals to hold the expectation and the median."""
    return np.minimum(lo, np.minimum(median, predicted)), median, np.maximum(hi, np.maximum(median, predicted))


def bound(
    method: str,
    spread: Spread | None,
    view: View,
    foundation: Foundation,
    predicted: Floats,
    seed: int,
    quantiles: QuantileModel | None = None,
    contracts: ContractSpread | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Lower bound, median and upper bound by a method, expectation and median within.

    Parameters
    ----------
    method : {"neighbours", "simulation", "quantiles", "subscriptions"}
    spread : Spread or None
        Of neighbours; None: where there were no other origins to learn it on.
    predicted : array of shape (n,)
        Expected spend.
    quantiles : QuantileModel or None
        Of the method of that name, whose median is the neighbours'.
    contracts : ContractSpread or None
        Of `subscriptions`; accounts without any have the neighbours' interval.
    """
    near = (predicted, predicted, predicted) if spread is None else spread.apply(predicted)
    if method == "simulation":
        drawn = simulate_bounds(view, foundation, predicted, seed)
        is_usable = np.isfinite(drawn[0]) & (drawn[0] <= predicted) & (predicted <= drawn[2])
        near = tuple(np.where(is_usable, one, other) for one, other in zip(drawn, near, strict=True))
    if method == "quantiles" and quantiles is not None:
        low, high = quantiles.apply(view, predicted)
        near = low, near[1], high
    if method == "subscriptions" and contracts is not None:
        of_contract = contracts.apply(view, predicted)
        near = tuple(np.where(np.isfinite(one), one, other) for one, other in zip(of_contract, near, strict=True))
    lo, median, hi = near
    return hold(lo, median, hi, predicted)


def learn_spread(origins: Sequence[OutOfSample]) -> Spread:
    """Learn from out-of-sample predictions of all origins: bins of about equally many accounts along the prediction."""
    y = np.concatenate([np.maximum(origin.actual, 0.0) for origin in origins])
    p = np.concatenate([origin.predicted for origin in origins])
    usable = p > 0
    y, p = y[usable], p[usable]
    if not len(p):
        return Spread((0.0,), (0.0,), (0.0,), (0.0,))
    n_bins = int(np.clip(len(p) // _MIN_ROWS, 1, _MAX_BINS))
    parts = [rows for rows in np.array_split(np.argsort(p, kind="stable"), n_bins) if len(rows)]
    places = [float(np.log(p[rows]).mean()) for rows in parts]
    ratios = [y[rows] / p[rows] for rows in parts]
    bounds = [quantiles_of(ratio) for ratio in ratios]
    kept = [i for i in range(len(parts)) if i == 0 or places[i] > places[i - 1] + 1e-9]
    return Spread(
        tuple(places[i] for i in kept),
        tuple(bounds[i][0] for i in kept),
        tuple(bounds[i][1] for i in kept),
        tuple(bounds[i][2] for i in kept),
    )


def simulate_bounds(view: View, foundation: Foundation, predicted: Floats, seed: int) -> tuple[Floats, Floats, Floats]:
    """Bounds from simulated futures of the foundation's family, brought to the prediction's level; NaN without a family or history."""
    n = len(view)
    lo, median, hi = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    if foundation.family is None:
        return lo, median, hi
    for rows, day, window in groups(view.rows):
        fit = foundation.fits_at(day)[foundation.family]
        money, _ = fit.quantiles(view.rows.summary.iloc[rows], window, (_TAIL, 0.5, LEVEL, 1 - _TAIL), N_DRAWS, seed)
        level = predicted[rows] / np.maximum(view.base.spend[foundation.family][rows], 1e-300)
        lo[rows], median[rows] = money[0] * level, money[1] * level
        hi[rows] = np.where(money[0] <= 0, money[2], money[3]) * level
    return lo, median, hi


def compare_medians(
    origins: Sequence[OutOfSample], views: Sequence[View], foundations: Sequence[Foundation], seed: int
) -> tuple[str, dict[str, float]]:
    """Mean absolute error of each median count at origins that it wasn't learnt on; the smaller one is used."""
    errors: dict[str, list[float]] = {}
    for origin, view, foundation in zip(origins, views, foundations, strict=True):
        some = np.sort(np.random.default_rng(seed).permutation(len(view))[:_TRIAL_ROWS])
        others = [other for other in origins if other is not origin]
        if others:
            median = np.round(learn_spread(others).apply(origin.predicted[some])[1])
            errors.setdefault("neighbours", []).append(float(np.abs(median - origin.actual[some]).mean()))
        if foundation.family is not None:
            drawn = simulate_counts(view.take(some), foundation, seed)[1]
            known = np.isfinite(drawn)
            if known.any():
                errors.setdefault("simulation", []).append(float(np.abs(drawn - origin.actual[some])[known].mean()))
    means = {name: float(np.mean(values)) for name, values in errors.items()}
    return min(means, key=lambda name: means[name]) if means else "neighbours", means


def simulate_counts(view: View, foundation: Foundation, seed: int) -> Floats:
    """Lower bound, median and upper bound of the number of purchases over simulated futures of the foundation's family, shape (3, n); NaN
    without a family or history.
    """
    found = np.full((3, len(view)), np.nan)
    if foundation.family is not None:
        for rows, day, window in groups(view.rows):
            fit = foundation.fits_at(day)[foundation.family]
            lo, median, most, hi = fit.quantiles(view.rows.summary.iloc[rows], window, (_TAIL, 0.5, LEVEL, 1 - _TAIL), N_DRAWS, seed)[1]
            found[:, rows] = lo, median, np.where(lo <= 0, most, hi)
    return found


def bound_counts(method: str, spread: Spread, view: View, foundation: Foundation, predicted: Floats, seed: int) -> Floats:
    """Lower bound, median and upper bound of the number of purchases in whole numbers, shape (3, n). The expectation lies within, but for
    what whole numbers leave out: half a purchase may be expected of somebody who most likely makes none.
    """
    near = np.round(spread.apply(predicted))
    if method == "simulation":
        drawn = simulate_counts(view, foundation, seed)
        near = np.where(np.isfinite(drawn), drawn, near)
    return np.vstack([np.minimum(near[0], np.floor(predicted)), near[1], np.maximum(near[2], np.maximum(near[1], np.floor(predicted)))])


def compare_methods(
    origins: Sequence[OutOfSample], views: Sequence[View], foundations: Sequence[Foundation], seed: int
) -> tuple[str, pd.DataFrame]:
    """Coverage of each method at origins that it wasn't learnt on; the one closest to 90 % is used, of several as close the narrowest.

    Returns
    -------
    (str, DataFrame)
        `neighbours`, `simulation`, `quantiles` or `subscriptions`; method, origin, coverage, n, coverage_top (of the twentieth with the
        highest predictions), mean_width (over the mean prediction), is_used.
    """
    rows: list[dict[str, Any]] = []
    for position, (origin, view, foundation) in enumerate(zip(origins, views, foundations, strict=True)):
        others = [other for other in origins if other is not origin]
        spread = learn_spread(others) if others else None
        if spread is not None:
            lo, _, hi = bound("neighbours", spread, view, foundation, origin.predicted, seed)
            rows.append(_covered("neighbours", position, origin, lo, hi))
        model = learn_quantiles(others, [other for place, other in enumerate(views) if place != position], seed)
        if model is not None:
            lo, _, hi = bound("quantiles", spread, view, foundation, origin.predicted, seed, model)
            rows.append(_covered("quantiles", position, origin, lo, hi))
        contracts = learn_contract_spread(others, [other for place, other in enumerate(views) if place != position])
        if contracts is not None:
            lo, _, hi = bound("subscriptions", spread, view, foundation, origin.predicted, seed, contracts=contracts)
            rows.append(_covered("subscriptions", position, origin, lo, hi))
        if foundation.family is not None:
            some = np.sort(np.random.default_rng(seed).permutation(len(view))[:_TRIAL_ROWS])
            part = OutOfSample(origin.actual[some], origin.predicted[some], origin.window_days[some])
            lo, _, hi = bound("simulation", spread, view.take(some), foundation, part.predicted, seed)
            rows.append(_covered("simulation", position, part, lo, hi))
    table = pd.DataFrame(rows, columns=["method", "origin", "coverage", "n", "coverage_top", "mean_width"])
    if table.empty:
        return "neighbours", table.assign(is_used=pd.Series(dtype=bool))
    means = table.groupby("method")[["coverage", "mean_width"]].mean().dropna()
    off = (means["coverage"] - LEVEL).abs()
    # Where nothing is expected of anybody there is nothing to cover.
    used = str(means.loc[off <= off.min() + _ALIKE, "mean_width"].idxmin()) if len(means) else "neighbours"
    return used, table.assign(is_used=table["method"] == used)


def _covered(method: str, position: int, origin: OutOfSample, lo: Floats, hi: Floats) -> dict[str, Any]:
    known = np.isfinite(hi) & (hi > 0)
    inside = (origin.actual >= lo - 1e-9) & (origin.actual <= hi + 1e-9)
    mean = float(origin.predicted[known].mean()) if known.any() else 1.0
    top = known & (origin.predicted >= np.quantile(origin.predicted, 1 - _TOP)) if len(known) else known
    return {
        "method": method,
        "origin": position,
        "coverage": float(inside[known].mean()) if known.any() else np.nan,
        "n": int(known.sum()),
        "coverage_top": float(inside[top].mean()) if top.any() else np.nan,
        "mean_width": float((hi - lo)[known].mean()) / max(mean, 1e-300) if known.any() else np.nan,
    }
