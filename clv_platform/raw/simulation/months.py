"""Calendar months as numbers: starts, lengths and the days of a horizon that fall into each.

Here: month arithmetic in UTC seconds.
Add: another horizon's day counting.
Keep out: anything about accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from clv_platform.raw.simulation import company

DAY: int = 86_400


@dataclass(frozen=True)
class Calendar:
    """Months of a simulation: the hidden ones, then the history, then three more for the truth at the end.

    Attributes
    ----------
    starts : array of int64
        UTC seconds of the first moment of each month, with one more entry after the last month.
    n_days : array of int64
        Days in each month.
    month_of_year : array of int64
        0 for January.
    first_visible : int
        Index of the first month of the history.
    n_months : int
        Months of the history.
    """

    starts: npt.NDArray[np.int64]
    n_days: npt.NDArray[np.int64]
    month_of_year: npt.NDArray[np.int64]
    first_visible: int
    n_months: int

    @property
    def stop(self) -> int:
        """Index of the month that begins at ``end``: the first one without data."""
        return self.first_visible + self.n_months

    @property
    def end_at(self) -> int:
        """UTC seconds of the end of the history (exclusive)."""
        return int(self.starts[self.stop])

    def index_of(self, seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Month index of moments; -1 for any moment before the first month."""
        return np.searchsorted(self.starts, seconds, side="right") - 1


def build_calendar(end: date, n_months: int) -> Calendar:
    """Months that end at ``end``, the hidden months before and three months after included.

    Raises
    ------
    ValueError
        When ``end`` is not the first of a month or ``n_months`` is less than one.
    """
    if end.day != 1:
        raise ValueError(f"end must be the first day of a month, found {end.isoformat()}: take {end.replace(day=1)}.")
    if n_months < 1:
        raise ValueError(f"n_months must be at least 1, found {n_months}.")
    n_all = company.BURN_IN_MONTHS + n_months + company.LAG_MONTHS
    first = np.datetime64(end, "M") - (company.BURN_IN_MONTHS + n_months)
    months = first + np.arange(n_all + 1)
    starts = months.astype("datetime64[s]").astype(np.int64)
    return Calendar(
        starts=starts,
        n_days=np.diff(starts) // DAY,
        month_of_year=(months[:-1].astype(np.int64) % 12),
        first_visible=company.BURN_IN_MONTHS,
        n_months=n_months,
    )


def share_of_third_month(calendar: Calendar, as_of: npt.NDArray[np.int64], horizon: int = 90) -> npt.NDArray[np.float64]:
    """Share of the third month's possible event days that fall within the horizon.

    Events fall on the 2nd to the last day of a month with equal chance, so that 90 days from the first of a month
    never reach an event of the fourth month (February to April have 89 days).

    Parameters
    ----------
    calendar : Calendar
        The months.
    as_of : array of int64
        Month indices whose first days are the ``as_of`` dates.
    horizon : int
        Days; 90 is the only length for which the truth is exact.
    """
    third = calendar.n_days[as_of + 2]
    covered = np.minimum(third, horizon - calendar.n_days[as_of] - calendar.n_days[as_of + 1])
    return (covered - 1) / (third - 1)
