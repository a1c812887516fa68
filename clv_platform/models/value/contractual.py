"""Subscriptions: what accounts will pay for as long as they stay.

Here: `Contractual`, which turns survival (`leaving`) into expected spend: months lived x monthly recurring revenue x what of it is billed,
over a window and without end, discounted. Keep what accounts buy outside subscriptions out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clv_platform.datasets import ValueRows
from clv_platform.models.value.fitting import FitError
from clv_platform.models.value.leaving import (
    MAX_LEADS,
    CohortCurve,
    Hazard,
    ages_in_periods,
    discounted_lifetime,
    find_departures,
    fit_curve,
    fit_hazard,
    is_active,
    read_leaving,
)

Floats = NDArray[np.float64]
Kind = Literal["hazard", "cohort_curve"]
DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
MIN_DEPARTURES = 30
_LEVEL_ROWS = 30_000
_SMALLEST_HAZARD = 1e-6


@dataclass(frozen=True)
class Contractual:
    """Expected spend of subscribers: time lived x monthly recurring revenue x the share of it that is billed, less costs.

    Attributes
    ----------
    leaving : CohortCurve or Hazard
    period_days : float
    level : float
        What was spent in the learning windows over what staying x recurring revenue had promised: discounts, changes of plan, margin.
    mean_mrr : float
        Stands in for an unknown recurring revenue.
    n_departures : int
        Learnt from.
    """

    leaving: CohortCurve | Hazard
    period_days: float
    level: float
    mean_mrr: float
    n_departures: int

    def survival(self, X: pd.DataFrame, n_periods: int) -> Floats:
        """Chance to be there after 0, 1, ... n_periods periods, shape (n, n_periods + 1); 0 without an active subscription."""
        hazards = np.maximum(self.leaving.hazards(X, n_periods, self.period_days), _SMALLEST_HAZARD)
        stays = np.cumprod(np.column_stack([np.ones(len(X)), 1 - hazards]), axis=1)
        return np.where(is_active(X)[:, None], stays, 0.0)

    def predict(self, rows: ValueRows, *, annual_rate: float = 0.0) -> Floats:
        """Expected spend over each row's window, shape (n,), discounted by a yearly rate."""
        return self.level * self._monthly(rows.X) * self.lifetime_months(rows.X, rows.window_days, annual_rate=annual_rate)

    def lifetime_value(self, X: pd.DataFrame, *, annual_rate: float) -> Floats:
        """Expected discounted spend without end, shape (n,); the rate must be above 0.

        Notes
        -----
        Beyond the periods that the hazard was learnt for, it stays as in the last of them; the shifted beta geometric's is exact.
        """
        if annual_rate <= 0:
            raise ValueError(f"lifetime value without end: expected a yearly discount rate above 0, found {annual_rate:g}.")
        factor = self.level * self._monthly(X) * self.period_days / DAYS_PER_MONTH
        per_period = (1 + annual_rate) ** (self.period_days / DAYS_PER_YEAR) - 1
        middle = (1 + per_period) ** 0.5  # a period's revenue counts at its middle
        if isinstance(self.leaving, CohortCurve):
            ages = ages_in_periods(X, self.leaving.age_column, self.period_days)
            later = discounted_lifetime(self.leaving.curve, ages, per_period)  # sum of survival at the ends of periods, discounted there
            # The mean of survival at both ends of each period, at its middle.
            return factor * is_active(X) * ((1 + later) / middle + later * middle) / 2
        n = self.leaving.n_leads
        alive = self.survival(X, n + 1)
        weights = (1 + per_period) ** -(np.arange(n) + 0.5)
        known = (alive[:, :n] + alive[:, 1 : n + 1]) / 2 @ weights
        stays = np.divide(alive[:, n + 1], alive[:, n], out=np.zeros(len(X)), where=alive[:, n] > 0)
        tail = alive[:, n] * (1 + stays) / 2 * (1 + per_period) ** -(n + 0.5) / (1 - stays / (1 + per_period))
        return factor * (known + tail)

    def lifetime_months(self, X: pd.DataFrame, window_days: ArrayLike, *, annual_rate: float = 0.0) -> Floats:
        """Expected months with a subscription within a window, discounted by a yearly rate, shape (n,).

        Parameters
        ----------
        window_days : float or array of shape (n,)
        """
        window = np.broadcast_to(np.asarray(window_days, dtype=np.float64), len(X))
        if not len(X):
            return np.zeros(0)
        n_periods = int(np.ceil(window.max() / self.period_days - 1e-9))
        alive = self.survival(X, n_periods)
        begins = np.arange(n_periods) * self.period_days
        lived = np.clip(window[:, None] - begins, 0.0, self.period_days)  # days of each period within the window
        share = lived / self.period_days
        # Leaving spreads evenly over a period; of a part of it the survival at its middle counts.
        mean_alive = alive[:, :-1] - (alive[:, :-1] - alive[:, 1:]) * share / 2
        discount = (1 + annual_rate) ** (-(begins + lived / 2) / DAYS_PER_YEAR)
        return np.einsum("nk,nk->n", mean_alive * lived, discount) / DAYS_PER_MONTH

    def _monthly(self, X: pd.DataFrame) -> Floats:
        mrr = X["mrr"].to_numpy(dtype=np.float64)
        return np.maximum(np.where(np.isfinite(mrr), mrr, self.mean_mrr), 0.0)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        own = {"period_days": self.period_days, "level": self.level, "mean_mrr": self.mean_mrr, "n_departures": self.n_departures}
        return {"leaving": self.leaving.to_json()} | own

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Contractual:
        """Read what `to_json` gave."""
        leaving = read_leaving(content["leaving"])
        return cls(leaving, content["period_days"], content["level"], content["mean_mrr"], content["n_departures"])


def fit_contractual(rows: ValueRows, kind: Kind = "hazard", *, seed: int = 0) -> Contractual:
    """Fit to learning rows of several dates.

    Parameters
    ----------
    rows : ValueRows
        With `mrr` among the features, and outcomes.
    kind : {"hazard", "cohort_curve"}
        `cohort_curve` needs `tenure_days` or `days_since_plan_start`.

    Raises
    ------
    FitError
        Without `mrr`, without dates to follow accounts over, with too few departures, or with a degenerate fit; in plain words.
    """
    if "mrr" not in rows.X.columns:
        raise FitError("subscriptions: expected the feature mrr (monthly recurring revenue), found none. Give `mrr` in subscriptions.")
    mrr = rows.X["mrr"].to_numpy(dtype=np.float64)
    known = mrr[np.isfinite(mrr) & is_active(rows.X)]
    if not (known > 0).any():
        raise FitError("subscriptions: no learning row has a recurring revenue above 0.")
    period = find_departures(rows, 1).period_days
    departures = find_departures(rows, min(MAX_LEADS, max(1, int(np.ceil(rows.window_days.max() / period)))))
    n_left = int(departures.has_left[departures.lead == 0].sum())
    if n_left < MIN_DEPARTURES:
        raise FitError(f"subscriptions: expected at least {MIN_DEPARTURES} accounts that left between learning dates, found {n_left}.")
    leaving = fit_hazard(rows, departures, seed) if kind == "hazard" else fit_curve(rows, departures)
    model = Contractual(leaving, departures.period_days, 1.0, float(known.mean()), n_left)
    usable = np.flatnonzero(np.isfinite(rows.amount))
    if len(usable) > _LEVEL_ROWS:  # predicting every row would take longer than the fit
        usable = np.sort(np.random.default_rng(seed).choice(usable, _LEVEL_ROWS, replace=False))
    promised = float(model.predict(rows.take(usable)).sum())
    spent = float(rows.amount[usable].sum())
    if not (promised > 0 and spent > 0):
        raise FitError(f"subscriptions: recurring revenue promised {promised:,.0f} and {spent:,.0f} was spent in the learning windows.")
    return replace(model, level=spent / promised)
