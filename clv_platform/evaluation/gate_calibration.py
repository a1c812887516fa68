"""Whether promised chances are kept: happened over promised, and the slope of what happened over what was promised.

Here: both figures with intervals, and the rule that the gate asks (`CalibrationTest.problems`). An account has a row per snapshot, so the
errors are summed by account before they are squared. Keep pictures and tenths out (see `metrics.reliability_table`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clv_platform.metrics.intervals import LEVEL, Interval, cluster_codes

Floats = NDArray[np.float64]

# How far chances may be off before they mislead somebody who plans with them: a quarter more or less events than promised, and chances
# spread 1.4 times too wide or too narrow. A model inside these bands fails the test at most once in 20 (2.5 % per figure, and only one side
# of each can be left); chances that are exactly right fail it far more rarely.
EVENTS_BAND = (0.8, 1.25)
SLOPE_BAND = (0.7, 1 / 0.7)
_CLIP = 1e-7
_MAX_STEPS = 50


@dataclass(frozen=True)
class CalibrationTest:
    """Chances against what happened on one set of rows; NaN where it can't be said.

    Attributes
    ----------
    events : Interval
        Events that happened over events that were promised; 1 is right.
    slope : Interval
        Slope of the logistic regression of the events on the log-odds of the chances; 1 is right, below 1 the chances lie too far apart.
    n_expected : float
        Sum of the chances.
    n_observed : int
        Events.
    """

    events: Interval
    slope: Interval
    n_expected: float
    n_observed: int

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong beyond chance and beyond tolerance, in plain words; empty when the chances can be used."""
        found = []
        if _is_outside(self.events, EVENTS_BAND):
            found.append(
                f"Its chances promise {self.n_expected:,.0f} events on the test rows, {self.n_observed:,} happened: "
                f"{self.events.value:.2f} times as many (95 % interval {self.events.lo:.2f} to {self.events.hi:.2f}; "
                f"{EVENTS_BAND[0]} to {EVENTS_BAND[1]} is tolerated)."
            )
        if _is_outside(self.slope, SLOPE_BAND):
            how = "too far apart" if self.slope.value < 1 else "too close together"
            found.append(
                f"Its chances lie {how}: the slope of what happened over what was promised is {self.slope.value:.2f} (95 % interval "
                f"{self.slope.lo:.2f} to {self.slope.hi:.2f}; {SLOPE_BAND[0]:.1f} to {SLOPE_BAND[1]:.1f} is tolerated)."
            )
        return tuple(found)

    def to_metrics(self) -> dict[str, float]:
        """Return the figures as `metrics.json` names them."""
        named: Mapping[str, Interval] = {"observed_to_expected": self.events, "calibration_slope": self.slope}
        return {f"{name}{end}": value for name, i in named.items() for end, value in (("", i.value), ("_lo", i.lo), ("_hi", i.hi))}


def evaluate_chances(y: ArrayLike, score: ArrayLike, account_id: ArrayLike) -> CalibrationTest:
    """Compare chances with what happened.

    Parameters
    ----------
    y, score : arrays of shape (n,)
        Labels 0/1 and probabilities.
    account_id : array of shape (n,)
        Rows of one account count as one piece of evidence.

    Returns
    -------
    CalibrationTest
        Intervals are NaN without events, without spread in the chances, or when chances and events separate perfectly.

    References
    ----------
    Cox, D. R. (1958). Two further applications of a model for binary regression. Biometrika 45, 562-565.
    Liang, K.-Y., Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models. Biometrika 73, 13-22.
    """
    labels, chances = np.asarray(y, dtype=np.float64), np.asarray(score, dtype=np.float64)
    codes = cluster_codes(account_id)
    events = _events(labels, chances, codes)
    return CalibrationTest(events, _slope(labels, chances, codes), float(chances.sum()), int(labels.sum()))


def _events(y: Floats, p: Floats, codes: NDArray[np.intp]) -> Interval:
    happened, promised = float(y.sum()), float(p.sum())
    ratio = happened / promised if promised > 0 else float("nan")
    if not ratio > 0:
        return Interval(ratio, float("nan"), float("nan"))
    error = np.sqrt(_robust(y - ratio * p, codes)) / happened  # of the logarithm, on which the ratio is symmetric
    half = _z() * float(error)
    return Interval(ratio, ratio * float(np.exp(-half)), ratio * float(np.exp(half)))


def _slope(y: Floats, p: Floats, codes: NDArray[np.intp]) -> Interval:
    unknown = Interval(float("nan"), float("nan"), float("nan"))
    kept = np.clip(p, _CLIP, 1 - _CLIP)
    x = np.log(kept / (1 - kept))
    if not 0 < y.sum() < y.size or np.ptp(x) < 1e-9:
        return unknown
    design = np.column_stack([np.ones_like(x), x])
    beta = np.array([0.0, 1.0])
    for _ in range(_MAX_STEPS):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -35, 35)))
        information = design.T @ (design * (fitted * (1 - fitted))[:, None])
        try:
            step = np.linalg.solve(information, design.T @ (y - fitted))
        except np.linalg.LinAlgError:
            return unknown
        beta = beta + step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if not np.isfinite(beta).all() or np.abs(beta).max() > 100:
            return unknown
        if np.abs(step).max() < 1e-9:
            break
    else:
        return unknown
    scores = design * (y - fitted)[:, None]
    by_account = np.column_stack([np.bincount(codes, scores[:, k]) for k in range(2)])
    n = len(by_account)
    inverse = np.linalg.inv(information)
    variance = float((inverse @ (by_account.T @ by_account) @ inverse)[1, 1]) * n / max(n - 1, 1)
    half = _z() * float(np.sqrt(variance))
    return Interval(float(beta[1]), float(beta[1]) - half, float(beta[1]) + half)


def _robust(residual: Floats, codes: NDArray[np.intp]) -> float:
    """Variance of the sum of residuals whose accounts are independent."""
    by_account = np.bincount(codes, residual)
    n = len(by_account)
    return float(np.square(by_account).sum()) * n / max(n - 1, 1)


def _z() -> float:
    return NormalDist().inv_cdf(0.5 + LEVEL / 2)


def _is_outside(interval: Interval, band: tuple[float, float]) -> bool:
    return bool(interval.hi < band[0] or interval.lo > band[1])  # NaN compares false: what can't be said is no alarm


def measure_calibration(predictions: pd.DataFrame, column: str = "score") -> CalibrationTest:
    """Test chances in the table `predictions` of an evaluation: columns y_true, account_id and the one named."""
    return evaluate_chances(predictions["y_true"], predictions[column], predictions["account_id"])
