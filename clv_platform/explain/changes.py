"""What changed for an account: a metric now against a while ago, from the lags and windows in its own row.

Here: which columns of a family hold "now" and "before", and the words. Add another pair of columns in `find_change`. Keep the choice of
what is told out (`reasons`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv_platform.explain.wording import number_text

STEADY = 0.10  # smaller changes are none
MANY_TIMES = 3  # from here on "4.2 times" reads better than "rose 320 %"
_YEAR, _QUARTER = 365, 90


@dataclass(frozen=True)
class Span:
    """What lies between two times, in the words of three sentences."""

    since: str  # "up 40 % in three months"
    then: str  # "4.2 times that of three months ago"
    none_before: str
    none_now: str


MONTHS = Span("in three months", "that of three months ago", "none three months ago", "none last month")
WINDOWS = Span("on the nine months before", "the pace of the nine months before", "none in the nine months before", "none in 90 days")


@dataclass(frozen=True)
class Change:
    """A metric of all accounts at two times.

    Attributes
    ----------
    label : str
        The metric in words.
    now, before : ndarray of shape (n,)
        NaN where unknown.
    span : Span
        What lies between.
    """

    label: str
    now: np.ndarray
    before: np.ndarray
    span: Span

    def direction(self, row: int) -> int:
        """1 when it rose by 10 % or more, -1 when it fell so, 0 when steady or unknown."""
        now, before = float(self.now[row]), float(self.before[row])
        if not (now >= 0 and before >= 0) or now == before:
            return 0
        if before == 0:
            return 1
        share = now / before - 1
        return 0 if abs(share) < STEADY else 1 if share > 0 else -1

    def sentence(self, row: int) -> str:
        """Return such as "impressions on X rose 40 % in three months (from 3,700 to 5,230)"; empty when steady or unknown."""
        direction = self.direction(row)
        if not direction:
            return ""
        now, before = float(self.now[row]), float(self.before[row])
        if before == 0:
            return f"{self.label}: {number_text(now)}, {self.span.none_before}"
        share, ends = abs(now / before - 1), f"(from {number_text(before)} to {number_text(now)})"
        if now == 0:
            return f"{self.label}: {self.span.none_now}, {number_text(before)} before"
        if now / before >= MANY_TIMES:
            return f"{self.label}: {number_text(round(now / before, 1))} times {self.span.then} {ends}"
        return f"{self.label} {'rose' if direction > 0 else 'fell'} {100 * share:.0f} % {self.span.since} {ends}"

    def short(self, row: int) -> str:
        """Return such as "up 40 % in three months"; empty when steady or unknown."""
        direction = self.direction(row)
        if not direction:
            return ""
        now, before = float(self.now[row]), float(self.before[row])
        if before == 0:
            return self.span.none_before
        if now == 0:
            return self.span.none_now
        if now / before >= MANY_TIMES:
            return f"{number_text(round(now / before, 1))} times {self.span.then}"
        return f"{'up' if direction > 0 else 'down'} {100 * abs(now / before - 1):.0f} % {self.span.since}"


def find_change(label: str, columns: Mapping[str, pd.Series], tenure_days: pd.Series | None = None) -> Change | None:
    """Find "now" and "before" among the columns of one family.

    Parameters
    ----------
    label : str
        The family in words.
    columns : mapping of str to Series
        The family's features by name.
    tenure_days : Series, optional
        Age of the accounts in days: a year's window of a younger account holds less than a year.

    Returns
    -------
    Change or None
        The month before the snapshot against two months earlier for monthly metrics; 90 days against the pace of the 275 days before them
        for counts and sums of 30, 90 and 365 days; None when the family has neither.
    """
    for name in columns:
        stem = name.removesuffix("_lag_1m")
        if stem != name and f"{stem}_lag_3m" in columns:
            return Change(label, _numbers(columns[name]), _numbers(columns[f"{stem}_lag_3m"]), MONTHS)
    for name in columns:
        stem = name.removesuffix("_90d")
        if stem != name and not stem.startswith("mean_") and f"{stem}_365d" in columns:
            now, year = _numbers(columns[name]), _numbers(columns[f"{stem}_365d"])
            before = (year - now) * _QUARTER / (_YEAR - _QUARTER)
            before = np.where(before < 0, np.nan, before)
            if tenure_days is not None:
                before = np.where(_numbers(tenure_days) >= _YEAR, before, np.nan)
            return Change(label, now, before, WINDOWS)
    return None


def _numbers(values: pd.Series) -> np.ndarray:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)
