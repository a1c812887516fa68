"""Cohorts as matrices: who of those who began together is still active, and what they brought in, month by month of their life.

Here: from `fct_cohort_months` to two small matrices that fit a page. Keep pictures and sentences out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

MAX_COHORTS = 12
_AGES = (0, 1, 2, 3, 6, 9, 12, 18, 24, 36, 48)  # months since the begin that are shown
MAX_AGES = 8


@dataclass(frozen=True)
class CohortTables:
    """Two matrices: rows are cohorts, oldest first, columns months since the begin.

    Attributes
    ----------
    retention : DataFrame
        Share of the cohort's accounts that were active in that month of their life; NaN where the month isn't over for all of them.
    revenue : DataFrame
        Revenue per account of the cohort from the begin to the end of that month of life.
    n_accounts : Series
        By cohort.
    by : str
        "month", "quarter" or "year": what a cohort is.
    n_older : int
        Accounts in no row, because they signed up before orders are on file: when they began to buy isn't known.
    orders_begin : str
        The month from which on orders are on file, in words; empty where nobody is older.
    """

    retention: pd.DataFrame
    revenue: pd.DataFrame
    n_accounts: pd.Series
    by: str
    n_older: int = 0
    orders_begin: str = ""

    @property
    def ages(self) -> tuple[int, ...]:
        """The columns: months since the begin."""
        return tuple(int(str(age)) for age in self.retention.columns)


def build_cohorts(months: pd.DataFrame) -> CohortTables | None:
    """Sum cohort months to matrices.

    Parameters
    ----------
    months : DataFrame
        cohort_month, is_older, months_since, n_accounts, n_active, revenue, is_complete, and further columns that split a cohort (channel).

    Returns
    -------
    CohortTables or None
        None without at least two cohorts and two months of life. Cohorts are put together to quarters or years where there are too many.
    """
    if months.empty:
        return None
    months = months.assign(cohort_month=lambda frame: pd.to_datetime(frame["cohort_month"]))
    is_older = months["is_older"].astype(bool) if "is_older" in months else pd.Series(data=False, index=months.index)
    older, known = months[is_older & (months["months_since"] == 0)], months[~is_older & months["is_complete"].astype(bool)]
    cells = known.groupby(["cohort_month", "months_since"], as_index=False)[["n_accounts", "n_active", "revenue"]].sum()
    cells[["n_accounts", "n_active", "revenue"]] = cells[["n_accounts", "n_active", "revenue"]].astype(float)
    by, names = _cohort_names(cells["cohort_month"])
    cells["cohort"] = names
    sizes = cells[cells["months_since"] == cells.groupby("cohort_month")["months_since"].transform("min")]
    n_accounts = sizes.groupby("cohort")["n_accounts"].sum()
    # A cell counts once the month of life is over for every month that the cohort is made of.
    n_parts = cells.groupby("cohort")["cohort_month"].nunique()
    grouped = cells.groupby(["cohort", "months_since"])
    sums = grouped[["n_accounts", "n_active", "revenue"]].sum()
    sums["is_whole"] = grouped["cohort_month"].nunique() == n_parts.reindex(sums.index.get_level_values(0)).to_numpy()
    sums = sums[sums["is_whole"]].assign(active=lambda f: f["n_active"] / f["n_accounts"], spent=lambda f: f["revenue"] / f["n_accounts"])
    active, spent = (sums.pivot_table(index="cohort", columns="months_since", values=name) for name in ("active", "spent"))
    order = sorted(n_accounts.index)[-MAX_COHORTS:]
    active, spent = (matrix.reindex(order) for matrix in (active, spent))
    spent = spent.cumsum(axis=1, skipna=False)
    ages = [age for age in _AGES if age in active.columns and active[age].notna().any()]
    ages = ages if len(ages) <= MAX_AGES else [ages[i] for i in np.unique(np.linspace(0, len(ages) - 1, MAX_AGES).round().astype(int))]
    shown = active[ages].dropna(how="all").index
    if len(shown) < 2 or len(ages) < 2:
        return None
    n_older, began = int(older["n_accounts"].sum()), f"{older['cohort_month'].min():%B %Y}" if len(older) else ""
    return CohortTables(active.loc[shown, ages], spent.loc[shown, ages], n_accounts.reindex(shown), by, n_older, began)


def _cohort_names(starts: pd.Series) -> tuple[str, pd.Series]:
    n_months = starts.nunique()
    if n_months <= MAX_COHORTS:
        return "month", starts.dt.strftime("%Y-%m")
    quarters = starts.dt.to_period("Q")
    if quarters.nunique() <= MAX_COHORTS:
        return "quarter", quarters.map(lambda quarter: f"{quarter.year} Q{quarter.quarter}")
    return "year", starts.dt.year.astype(str)
