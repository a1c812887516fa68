"""What every value model stands on: simple rates learnt from outcomes, and the probability models of each date.

Here: `Rates` (means per day, also of accounts that never bought), `Foundation` (rates and fits by date) and `Base` (what these expect of
each row: the contenders without machine learning, and the offsets of those with it). Expectations are over each row's own window, so that
windows of different length mix. Keep machine learning out (`trees`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.datasets import ValueRows, ValueSplit, as_date
from clv_platform.metrics import ngini
from clv_platform.models.value.fitting import FitError
from clv_platform.models.value.frequency import FAMILIES, FrequencyFit, fit_families, has_history
from clv_platform.models.value.leaving import is_active

Floats = NDArray[np.float64]
LEVEL, RUN_RATE = "level", "run_rate"
PRESENT = "present_subscriptions"
MONTH = 30.0
_PRIOR_DAYS = 30.0  # a past rate is drawn towards the mean by as much as a month of average buying
_DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Rates:
    """Means of the learning rows, per day.

    Attributes
    ----------
    spend, purchases : float
        Of all rows.
    never_spend, never_purchases : float
        Of accounts that had never bought; those of all rows where there are fewer than 20 of them.
    past_spend, past_purchases : float
        Means per day watched before the date, of accounts that had bought.
    value : float
        Mean amount of a purchase day in the windows.
    """

    spend: float
    purchases: float
    never_spend: float
    never_purchases: float
    past_spend: float
    past_purchases: float
    value: float

    @classmethod
    def learn(cls, rows: ValueRows) -> Rates:
        """Learn from rows with known outcomes; refunds that exceed a window's purchases count as they are."""
        has = has_history(rows.summary)

        def per_day(values: Floats, where: NDArray[np.bool_]) -> float:
            days = float(rows.window_days[where].sum())
            return max(float(values[where].sum()) / days, 0.0) if days > 0 else 0.0

        everyone = np.ones(len(rows), dtype=bool)
        never = ~has if (~has).sum() >= 20 else everyone
        past = rows.summary[has]
        watched = float((past["T_days"] + 1).sum())
        bought = float(rows.purchases.sum())
        return cls(
            spend=per_day(rows.amount, everyone),
            purchases=per_day(rows.purchases, everyone),
            never_spend=per_day(rows.amount, never),
            never_purchases=per_day(rows.purchases, never),
            past_spend=max(float(past["total_spend"].sum()) / watched, 0.0) if watched else 0.0,
            past_purchases=float(past["n_purchases"].sum()) / watched if watched else 0.0,
            value=max(float(rows.amount.sum()) / bought, 0.0) if bought else 0.0,
        )


@dataclass(frozen=True)
class Base:
    """What is expected of each row without machine learning, over its window; arrays of shape (n,), finite and at least 0.

    Attributes
    ----------
    spend, purchases : dict of name to array
        Keys: `mean` and `past_spend_rate` (naive rules), `level` and `run_rate` (the same, past rates drawn towards the mean and
        present subscriptions instead of past spend, with windows shortened by what the probability model says about leaving), each
        usable family, and of spend, where recurring revenue is a feature, `present_subscriptions` (a naive rule).
    p_alive : array
        By the family chosen for offsets; NaN where there is none.
    value_per_purchase : array
    days : array
        What the window is worth in days at the rate of its first month.
    """

    spend: dict[str, Floats]
    purchases: dict[str, Floats]
    p_alive: Floats
    value_per_purchase: Floats
    days: Floats


@dataclass(frozen=True)
class _Families:
    """What the probability models expect, and the days that a window is worth at the rate of its first month."""

    spend: dict[str, Floats]
    purchases: dict[str, Floats]
    p_alive: Floats
    worth: Floats
    days: Floats


@dataclass(frozen=True)
class Foundation:
    """Rates and probability models.

    Attributes
    ----------
    rates : Rates
    fits : dict of date or None to dict of family to FrequencyFit
        None stands for every date that has none of its own: what is stored.
    family : str or None
        Whose expectations serve as offset and whose futures are simulated; None when none is usable.
    notes : dict of family to str
        Why a family isn't used.
    kept : float
        What is left of recurring revenue where margin is asked about; 1 where revenue is.
    """

    rates: Rates
    fits: Mapping[date | None, Mapping[str, FrequencyFit]]
    family: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    kept: float = 1.0

    def fits_at(self, day: date | None) -> Mapping[str, FrequencyFit]:
        """The families of a date, or the stored ones."""
        return self.fits.get(day, self.fits.get(None, {}))

    def expect(self, rows: ValueRows) -> Base:
        """What is expected of each row's own window."""
        rates, window = self.rates, rows.window_days
        has = has_history(rows.summary)
        total, number = np.maximum(rows.summary["total_spend"].to_numpy(), 0.0), rows.summary["n_purchases"].to_numpy()
        watched = np.where(has, rows.summary["T_days"].to_numpy() + 1, 1.0)
        past = np.where(has, total / watched, rates.never_spend)
        past_n = np.where(has, number / watched, rates.never_purchases)
        run = np.where(has, (total + _PRIOR_DAYS * rates.past_spend) / (watched + _PRIOR_DAYS), rates.never_spend)
        run_n = np.where(has, (number + _PRIOR_DAYS * rates.past_purchases) / (watched + _PRIOR_DAYS), rates.never_purchases)
        present = subscribed_per_day(rows.X)
        run = np.where(present > 0, present, run)
        families = self._expect_families(rows, has)
        spend = {
            "mean": rates.spend * window,
            "past_spend_rate": past * window,
            LEVEL: rates.spend * families.days,
            RUN_RATE: run * families.days,
        }
        if "mrr" in rows.X.columns:
            spend[PRESENT] = np.where(np.isfinite(present), present * self.kept, past) * window
        purchases = {
            "mean": rates.purchases * window,
            "past_spend_rate": past_n * window,
            LEVEL: rates.purchases * families.days,
            RUN_RATE: run_n * families.days,
        }
        worth = np.where(
            np.isfinite(families.worth), families.worth, np.where(number > 0, rows.summary["mean_value"].to_numpy(), rates.value)
        )
        return Base(spend | families.spend, purchases | families.purchases, families.p_alive, worth, families.days)

    def _expect_families(self, rows: ValueRows, has: NDArray[np.bool_]) -> _Families:
        n, window = len(rows), rows.window_days
        copies = (len(self.usable), 1)  # an array of its own for each family
        spend = dict(zip(self.usable, np.tile(self.rates.never_spend * window, copies), strict=True))
        purchases = dict(zip(self.usable, np.tile(self.rates.never_purchases * window, copies), strict=True))
        alive, worth, days = np.full(n, np.nan), np.full(n, np.nan), window.copy()
        for where, day, length in groups(rows):
            known = where[has[where]]
            if not known.size:
                continue
            own = rows.summary.iloc[known]
            for family in self.usable:
                fit = self.fits_at(day)[family]
                expected, value = fit.purchases(own, length), fit.value_per_purchase(own)
                purchases[family][known], spend[family][known] = expected, expected * value
                if family == self.family:
                    alive[known], worth[known] = fit.p_alive(own), value
                    if length > MONTH:  # customers leave: the second half of a window brings less than the first
                        first = fit.purchases(own, MONTH)
                        days[known] = np.where(first > 1e-12, MONTH * expected / np.maximum(first, 1e-12), length)
        return _Families(spend, purchases, alive, worth, np.clip(days, np.minimum(window, MONTH), window))

    @property
    def usable(self) -> tuple[str, ...]:
        """Families with expectations at every date that are fit for use at the date to predict at."""
        return tuple(family for family in FAMILIES if self.fits and all(family in found for found in self.fits.values()))

    def stored_at(self, day: date) -> Foundation:
        """The same with the fits of one date for all: what an artifact keeps."""
        return replace(self, fits={None: {f: self.fits_at(day)[f] for f in self.usable}})

    def to_json(self) -> dict[str, Any]:
        """Return plain values; only of a foundation that is `stored_at` a date."""
        return {
            "rates": asdict(self.rates),
            "fits": {family: fit.to_json() for family, fit in self.fits_at(None).items()},
            "family": self.family,
            "notes": dict(self.notes),
            **({} if self.kept == 1 else {"kept": self.kept}),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Foundation:
        """Read what `to_json` gave."""
        fits = {family: FrequencyFit.from_json(item) for family, item in content["fits"].items()}
        return cls(Rates(**content["rates"]), {None: fits}, content["family"], content["notes"], content.get("kept", 1.0))


class Foundations:
    """Makes foundations; each family is fitted once per date.

    A family must be fit for use at the date that is predicted. At learning dates, where it only gives the expectation that is corrected, a
    fit that ran to a limit serves, too: its expectations are those of the simpler model it has become.
    """

    def __init__(self, split: ValueSplit, unit_days: int, *, is_margin: bool = False) -> None:
        self._split = split
        self._unit_days = unit_days
        self._is_margin = is_margin
        self._fits: dict[tuple[date, str], FrequencyFit] = {}

    def build(self, learn: ValueRows, day: date | None) -> Foundation:
        """Learn rates from rows with outcomes, fit the families at all their dates and at the date to predict at (None: the newest learnt
        from), and choose the family that ranks the spend of the learning windows best.
        """
        notes: dict[str, str] = {}
        learnt = [as_date(value) for value in np.unique(learn.as_of_date)]
        days = sorted({*learnt, day or learnt[-1]})
        fits: dict[date | None, dict[str, FrequencyFit]] = {one: {} for one in days}
        for family, fit in self._at(day or learnt[-1], FAMILIES).items():
            if not fit.can_value:
                notes[family] = f"at {day or learnt[-1]}: {fit.note or fit.spend_note}"
        for one in days:
            for family, fit in self._at(one, tuple(name for name in FAMILIES if name not in notes)).items():
                if fit.model is not None and fit.spending is not None:
                    fits[one][family] = fit
        for family in [name for name in FAMILIES if all(name in found for found in fits.values())]:
            own = {one: found[family] for one, found in fits.items()}
            if not (_has_answers(learn, own) and _has_answers(self._split.at(day or learnt[-1]), own)):
                notes[family] = "it has no finite expectations: these data fit a simpler model"
                fits = {one: {name: fit for name, fit in found.items() if name != family} for one, found in fits.items()}
        bare = Foundation(Rates.learn(learn), fits, None, notes, _kept(learn) if self._is_margin else 1.0)
        if not bare.usable:
            return bare
        expected = bare.expect(learn).spend
        return replace(bare, family=max(bare.usable, key=lambda family: _mean_gini(learn, expected[family])))

    def _at(self, day: date, families: tuple[str, ...]) -> dict[str, FrequencyFit]:
        wanted = tuple(family for family in families if (day, family) not in self._fits)
        if wanted:
            summary = self._split.at(day).summary
            self._fits |= {(day, family): fit for family, fit in fit_families(summary, self._unit_days, wanted).items()}
        return {family: self._fits[(day, family)] for family in families}


def subscribed_per_day(X: pd.DataFrame) -> Floats:
    """What present subscriptions bring per day, shape (n,): 0 without one that runs, NaN where that isn't known."""
    if "mrr" not in X.columns:
        return np.full(len(X), np.nan)
    return np.where(is_active(X), np.maximum(X["mrr"].to_numpy(dtype=np.float64), 0.0), 0.0) / _DAYS_PER_MONTH


def _kept(learn: ValueRows) -> float:
    """The margin of the learning windows over the recurring revenue before them, at most 1."""
    promised = np.nan_to_num(subscribed_per_day(learn.X)) * learn.window_days
    own = (promised > 0) & np.isfinite(learn.amount)
    total = float(promised[own].sum())
    return float(np.clip(learn.amount[own].sum() / total, 0.0, 1.0)) if total > 0 else 1.0


def _has_answers(rows: ValueRows, fits: Mapping[date | None, FrequencyFit]) -> bool:
    """Whether a family expects a finite number of every learning row: a fit that ran to a limit may overflow."""
    try:
        with np.errstate(all="ignore"):
            for where, day, length in groups(rows):
                expected = fits[day].purchases(rows.summary.iloc[where], length)
                worth = fits[day].value_per_purchase(rows.summary.iloc[where])
                has = has_history(rows.summary.iloc[where])
                if not (np.isfinite(expected[has]).all() and np.isfinite(worth[has]).all()):
                    return False
    except FitError:
        return False
    return True


def _mean_gini(rows: ValueRows, expected: Floats) -> float:
    """Mean normalised Gini over dates; dates on which nothing was spent say nothing."""
    ginis = [ngini(rows.amount[where], expected[where]) for where, _, _ in groups(rows)]
    usable = [gini for gini in ginis if np.isfinite(gini)]
    return float(np.mean(usable)) if usable else 0.0


def groups(rows: ValueRows) -> Iterable[tuple[NDArray[np.intp], date | None, float]]:
    """Positions of the rows of one date (None: rows without one) and window."""
    days = rows.as_of_date.astype("datetime64[D]").astype(np.int64)
    for day in np.unique(days):
        at_day = days == day
        value = np.int64(day).astype("datetime64[D]")
        for window in np.unique(rows.window_days[at_day]):
            yield np.flatnonzero(at_day & (rows.window_days == window)), None if np.isnat(value) else as_date(value), float(window)
