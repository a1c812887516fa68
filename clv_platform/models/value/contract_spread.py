"""Intervals of subscribers, in multiples of what they pay today.

Most subscribers bring exactly what their present subscriptions promise, some leave, few grow: seen from there the outcomes of accounts
are alike, seen from the expectation (which lies between the two) they aren't. Here: `ContractSpread`, learnt on the rolling origins from
accounts with a similar expectation and a similar ratio of it to the present subscriptions (who is expected to leave or to grow scatters
more). Keep the choice among methods out (`intervals`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clv_platform.models.value.calibration import OutOfSample
from clv_platform.models.value.design import View
from clv_platform.models.value.foundation import subscribed_per_day

Floats = NDArray[np.float64]
TAIL = 0.05
MIN_ROWS = 150  # of a group: a quantile of 5 % then rests on seven accounts or more
_MAX_SIZES, _MAX_RATIOS = 8, 5
_LAST_DIGITS = 1e-12


@dataclass(frozen=True)
class ContractSpread:
    """Quantiles of outcome over present subscriptions, by groups of the expectation and along its ratio to the subscriptions within each.

    Attributes
    ----------
    edges : tuple of float
        Between the groups, logarithms of the expectation.
    log_ratios : tuple of tuple of float
        Of each group: logarithms of expectation over present subscriptions, rising; quantiles are constant beyond first and last.
    lo, median, hi : tuple of tuple of float
        Multiples of what present subscriptions bring within the window.
    """

    edges: tuple[float, ...]
    log_ratios: tuple[tuple[float, ...], ...]
    lo: tuple[tuple[float, ...], ...]
    median: tuple[tuple[float, ...], ...]
    hi: tuple[tuple[float, ...], ...]

    def apply(self, view: View, predicted: Floats) -> Floats:
        """Lower bound, median and upper bound, shape (3, n); NaN without a subscription whose amount is known."""
        present, bounds = _present(view), np.full((3, len(predicted)), np.nan)
        own = np.flatnonzero((present > 0) & (predicted > 0))
        group = np.searchsorted(self.edges, np.log(predicted[own]), side="right")
        ratio = np.log(predicted[own] / present[own])
        for place, log_ratios in enumerate(self.log_ratios):
            here = group == place
            for row, values in enumerate((self.lo[place], self.median[place], self.hi[place])):
                bounds[row, own[here]] = present[own[here]] * np.interp(ratio[here], log_ratios, values)
        # Outcomes lie on the bounds, not between them: the last digit mustn't decide.
        bounds[0], bounds[2] = bounds[0] * (1 - _LAST_DIGITS), bounds[2] * (1 + _LAST_DIGITS)
        return bounds

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> ContractSpread:
        """Read what `to_json` gave."""
        groups = (tuple(tuple(values) for values in content[name]) for name in ("log_ratios", "lo", "median", "hi"))
        return cls(tuple(content["edges"]), *groups)


def learn_contract_spread(origins: Sequence[OutOfSample], views: Sequence[View]) -> ContractSpread | None:
    """Learn from out-of-sample predictions at origins; None with fewer than 300 rows whose subscriptions are known.

    Parameters
    ----------
    origins, views : sequences of equal length
        Predictions with outcomes, and the rows that they are of.
    """
    if not origins or not any("mrr" in view.rows.X.columns for view in views):
        return None
    y, p = (np.concatenate([getattr(one, name) for one in origins]) for name in ("actual", "predicted"))
    present = np.concatenate([_present(view) for view in views])
    own = (present > 0) & (p > 0)
    y, p, present = np.maximum(y[own], 0.0), p[own], present[own]
    if len(y) < 2 * MIN_ROWS:
        return None
    parts = np.array_split(np.argsort(p, kind="stable"), int(np.clip(len(y) // (MIN_ROWS * _MAX_RATIOS), 1, _MAX_SIZES)))
    edges = tuple(float(np.log(p[one[0]])) for one in parts[1:])
    tables = [_learn_group(y[rows] / present[rows], np.log(p[rows] / present[rows])) for rows in parts]
    return ContractSpread(edges, *(tuple(table[column] for table in tables) for column in range(4)))


def _learn_group(outcome: Floats, log_ratio: Floats) -> tuple[tuple[float, ...], ...]:
    """Places along the ratio, and the quantiles at each."""
    n = int(np.clip(len(outcome) // MIN_ROWS, 1, _MAX_RATIOS))
    parts = np.array_split(np.argsort(log_ratio, kind="stable"), n)
    rows = [(float(log_ratio[part].mean()), *quantiles_of(outcome[part])) for part in parts]
    kept = [row for place, row in enumerate(rows) if place == 0 or row[0] > rows[place - 1][0] + 1e-9]
    return tuple(zip(*kept, strict=True))


def quantiles_of(ratio: Floats) -> tuple[float, float, float]:
    """The 5 % quantile, the median and the 95 % quantile of outcomes; where zero is likelier than 5 %, 0 and the 90 % quantile."""
    lo, median = np.quantile(ratio, [TAIL, 0.5], method="inverted_cdf")
    hi = np.quantile(ratio, 1 - 2 * TAIL if lo <= 0 else 1 - TAIL, method="higher")
    return float(lo), float(median), float(hi)


def _present(view: View) -> Floats:
    return np.nan_to_num(subscribed_per_day(view.rows.X)) * view.rows.window_days
