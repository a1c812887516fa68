"""Calibration by deciles: what each tenth of a list brought at the rolling origins, over what it was promised.

Here: `DecileCalibration` of the shape, not of the total, learnt on out-of-sample predictions and kept only where it helps on origins that
it wasn't learnt on. It never changes the order. Keep intervals (`intervals`) out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clv_platform.models.value.choice import pooled_decile_wape

Floats = NDArray[np.float64]
N_BINS = 10
_PRIOR = 0.02  # of the total: a bin with less than that is drawn to no correction
_LIMITS = (0.5, 2.0)
_MUST_GAIN = 0.01  # of the total: less isn't worth another table of factors


@dataclass(frozen=True)
class DecileCalibration:
    """Factors by the logarithm of the prediction per day; none: nothing is changed."""

    log_rates: tuple[float, ...] = ()
    log_factors: tuple[float, ...] = ()

    def apply(self, predicted: Floats, window_days: Floats) -> Floats:
        """Corrected predictions, in the same order."""
        if not self.log_rates:
            return predicted
        rate = np.log(np.maximum(predicted, 1e-300) / window_days)
        return predicted * np.exp(np.interp(rate, self.log_rates, self.log_factors))

    def to_json(self) -> dict[str, Any]:
        """Return plain lists."""
        return {"log_rates": list(self.log_rates), "log_factors": list(self.log_factors)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> DecileCalibration:
        """Read what `to_json` gave."""
        return cls(tuple(content["log_rates"]), tuple(content["log_factors"]))


@dataclass(frozen=True)
class OutOfSample:
    """One origin: outcomes, predictions, windows."""

    actual: Floats
    predicted: Floats
    window_days: Floats


def learn_calibration(origins: Sequence[OutOfSample]) -> DecileCalibration:
    """Learn factors on all origins, if factors learnt on the other origins make the deciles of each add up better by 1 % of the total."""
    if len(origins) < 2 or any(len(origin.actual) < 50 * N_BINS for origin in origins):
        return DecileCalibration()
    crossed = [_fit([other for other in origins if other is not origin]).apply(origin.predicted, origin.window_days) for origin in origins]
    actual = [origin.actual for origin in origins]
    before = np.mean([pooled_decile_wape([y], [origin.predicted]) for y, origin in zip(actual, origins, strict=True)])
    after = np.mean([pooled_decile_wape([y], [p]) for y, p in zip(actual, crossed, strict=True)])
    return _fit(origins) if after <= before - _MUST_GAIN else DecileCalibration()


def _fit(origins: Sequence[OutOfSample]) -> DecileCalibration:
    y, p, rates = np.zeros(N_BINS), np.zeros(N_BINS), np.zeros(N_BINS)
    for origin in origins:
        rate = origin.predicted / origin.window_days
        for position, rows in enumerate(np.array_split(np.argsort(rate, kind="stable"), N_BINS)):
            y[position] += max(float(origin.actual[rows].sum()), 0.0)
            p[position] += float(origin.predicted[rows].sum())
            rates[position] += float(rate[rows].mean()) / len(origins)
    if not (p.sum() > 0 and (rates > 0).all()):
        return DecileCalibration()
    # The whole total stays: how much is bought moves with the season, who buys more than promised doesn't.
    y = y * (p.sum() / y.sum()) if y.sum() > 0 else p
    prior = _PRIOR * p.sum()
    factors = np.clip((y + prior) / (p + prior), *_LIMITS)
    promised = np.maximum.accumulate(rates * factors)  # a higher prediction stays a higher prediction
    rising = np.r_[True, np.diff(rates) > 1e-12 * rates[-1]]
    return DecileCalibration(tuple(np.log(rates[rising]).tolist()), tuple(np.log(promised / rates)[rising].tolist()))
