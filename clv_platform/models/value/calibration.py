"""Calibration by deciles: what each tenth of a list brought at the rolling origins, over what it was promised.

Here: `DecileCalibration` of the shape, not of the total, learnt on out-of-sample predictions and kept only where it helps on origins that
it wasn't learnt on. It never changes the order. Where tenths alone don't help, the best tenth is looked at in three parts (its last
hundredth, the four before, the rest): trees without anything to multiply promise the very best as little as the best of their leaves, and
a mean with such trees is too low there alone. Keep intervals (`intervals`) out.
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
_TOP_PARTS = (0.5, 0.9)  # where the best tenth is cut
_MIN_TOP = 30  # accounts of the last hundredth, at each origin
_MUST_FALL = 2 / 3  # what is left of the groups' error, where the best tenth is looked at closely
_MUST_GAIN_CLOSELY = 0.005  # of the total: an error that is small anyway falls by a third by chance


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
    """Learn factors on all origins, if factors learnt on the other origins help each.

    By tenths, if their sums are then off by less, by 1 % of the total at least. Else with the best tenth in three parts, if that leaves at
    most two thirds of these groups' error over all origins, half a per cent of the total less, and no larger squared error: few accounts
    stand for the last hundredth.
    """
    if len(origins) < 2 or any(len(origin.actual) < 50 * N_BINS for origin in origins):
        return DecileCalibration()
    actual, plain = [origin.actual for origin in origins], [origin.predicted for origin in origins]
    crossed = _cross(origins, is_fine=False)
    before, after = (np.mean([pooled_decile_wape([y], [p]) for y, p in zip(actual, many, strict=True)]) for many in (plain, crossed))
    if after <= before - _MUST_GAIN:
        return _fit(origins)
    if min(len(y) for y in actual) < 100 * _MIN_TOP:
        return DecileCalibration()
    crossed = _cross(origins, is_fine=True)
    before, after = (_group_error(actual, many) for many in (plain, crossed))
    helps = after <= _MUST_FALL * before and before - after >= _MUST_GAIN_CLOSELY * float(np.sum([y.sum() for y in actual]))
    is_nearer = _squared_error(actual, crossed) <= _squared_error(actual, plain)
    return _fit(origins, is_fine=True) if helps and is_nearer else DecileCalibration()


def _cross(origins: Sequence[OutOfSample], *, is_fine: bool) -> list[Floats]:
    """Predictions of each origin by factors of the others."""
    return [
        _fit([other for other in origins if other is not origin], is_fine=is_fine).apply(origin.predicted, origin.window_days)
        for origin in origins
    ]


def _group_error(actual: Sequence[Floats], predicted: Sequence[Floats]) -> float:
    """What the groups' sums are off by over all origins, in amounts."""
    gaps = [[float(p[rows].sum() - y[rows].sum()) for rows in _split(p, is_fine=True)[0]] for y, p in zip(actual, predicted, strict=True)]
    return float(np.abs(np.sum(gaps, axis=0)).sum())


def _squared_error(actual: Sequence[Floats], predicted: Sequence[Floats]) -> float:
    return float(np.mean([np.sqrt(np.mean((y - p) ** 2)) for y, p in zip(actual, predicted, strict=True)]))


def _split(rate: Floats, *, is_fine: bool) -> tuple[list[NDArray[np.intp]], Floats]:
    """Positions by group, the lowest first, and each group's size in tenths."""
    tenths = np.array_split(np.argsort(rate, kind="stable"), N_BINS)
    if not is_fine:
        return tenths, np.ones(N_BINS)
    cuts = [round(part * len(tenths[-1])) for part in _TOP_PARTS]
    sizes = np.diff([0.0, *_TOP_PARTS, 1.0])
    return [*tenths[:-1], *np.split(tenths[-1], cuts)], np.concatenate([np.ones(N_BINS - 1), sizes])


def _fit(origins: Sequence[OutOfSample], *, is_fine: bool = False) -> DecileCalibration:
    n_groups = N_BINS + (len(_TOP_PARTS) if is_fine else 0)
    y, p, rates, sizes = np.zeros(n_groups), np.zeros(n_groups), np.zeros(n_groups), np.ones(n_groups)
    for origin in origins:
        rate = origin.predicted / origin.window_days
        groups, sizes = _split(rate, is_fine=is_fine)
        for position, rows in enumerate(groups):
            y[position] += max(float(origin.actual[rows].sum()), 0.0)
            p[position] += float(origin.predicted[rows].sum())
            rates[position] += float(rate[rows].mean()) / len(origins)
    if not (p.sum() > 0 and (rates > 0).all()):
        return DecileCalibration()
    # The whole total stays: how much is bought moves with the season, who buys more than promised doesn't.
    y = y * (p.sum() / y.sum()) if y.sum() > 0 else p
    prior = _PRIOR * p.sum() * sizes
    factors = np.clip((y + prior) / (p + prior), *_LIMITS)
    promised = np.maximum.accumulate(rates * factors)  # a higher prediction stays a higher prediction
    rising = np.r_[True, np.diff(rates) > 1e-12 * rates[-1]]
    return DecileCalibration(tuple(np.log(rates[rising]).tolist()), tuple(np.log(promised / rates)[rising].tolist()))
