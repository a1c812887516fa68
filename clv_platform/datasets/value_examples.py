"""`fct_value_examples` and `fct_purchase_summaries` to arrays: what an account looked like at a date, and what it spent afterwards.

Here: `ValueExamples` (all windows of all dates) and `ValueRows` (rows of one or several windows under each other, which is what models
read). Add a column of the summary here. Keep splitting (see `value_splits`) and anything learnt from rows (`models.value`) out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.config import CompanyConfig, Target
from clv_platform.contracts.features import Feature, build_feature_catalogue
from clv_platform.datasets.examples import feature_values, read_numbers, require_columns

SUMMARY_COLUMNS = ("frequency", "recency_days", "T_days", "n_purchases", "n_valued", "mean_value", "total_spend")
Floats = NDArray[np.float64]
_ARRAYS = ("amount", "purchases", "window_days", "account_id", "as_of_date")
_TOO_LATE = "purchases on or after as_of_date must not be counted"


@dataclass(frozen=True)
class ValueRows:
    """Accounts at dates, each with a window after the date; rows of several windows may stand under each other.

    Attributes
    ----------
    X : DataFrame of shape (n, p)
        Features, typed as in `Examples.X`.
    summary : DataFrame of shape (n, 7)
        `SUMMARY_COLUMNS`, float64: repeat purchase days, days from first to last purchase, days watched (NaN without any purchase),
        purchase days, those with an amount above 0 and their mean amount, net spend; all before the date.
    amount, purchases : arrays of shape (n,)
        What was spent, and on how many days something was bought, within the window; NaN when not known. Never read when predicting.
    window_days : array of shape (n,)
        Length of each row's window, whole days as float64.
    account_id, as_of_date : arrays of shape (n,)
        Keys.
    features : tuple of Feature
    """

    X: pd.DataFrame
    summary: pd.DataFrame
    amount: Floats
    purchases: Floats
    window_days: Floats
    account_id: NDArray[np.object_]
    as_of_date: NDArray[np.datetime64]
    features: tuple[Feature, ...]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.account_id)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.integer]) -> ValueRows:
        """Return the rows of a boolean mask, or at positions, in that order."""
        positions: NDArray[np.integer] = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        return replace(
            self,
            X=self.X.iloc[positions].reset_index(drop=True),
            summary=self.summary.iloc[positions].reset_index(drop=True),
            amount=self.amount[positions],
            purchases=self.purchases[positions],
            window_days=self.window_days[positions],
            account_id=self.account_id[positions],
            as_of_date=self.as_of_date[positions],
        )

    def over(self, window_days: float) -> ValueRows:
        """Return the same rows for another window, without outcomes: what to predict."""
        unknown = np.full(len(self), np.nan)
        return replace(self, amount=unknown, purchases=unknown, window_days=np.full(len(self), float(window_days)))


def stack_rows(parts: Sequence[ValueRows]) -> ValueRows:
    """Put rows under each other; ValueError without parts."""
    if not parts:
        raise ValueError("stack_rows: expected at least one part.")
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return ValueRows(
        pd.concat([part.X for part in parts], ignore_index=True),
        pd.concat([part.summary for part in parts], ignore_index=True),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("amount", "purchases", "window_days", "account_id", "as_of_date")
        ),
        features=first.features,
    )


@dataclass(frozen=True)
class ValueExamples:
    """Accounts at dates with their outcomes over every window.

    Attributes
    ----------
    X, summary, account_id, as_of_date, features
        As in `ValueRows`; sorted by date and account.
    amounts, purchases : dict of int to array of shape (n,)
        Window in days -> outcome; NaN while it isn't over.
    horizon_days : int
        The target's own window, one of the keys.
    """

    X: pd.DataFrame
    summary: pd.DataFrame
    amounts: dict[int, Floats]
    purchases: dict[int, Floats]
    account_id: NDArray[np.object_]
    as_of_date: NDArray[np.datetime64]
    features: tuple[Feature, ...]
    horizon_days: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.account_id)

    @property
    def windows(self) -> tuple[int, ...]:
        """All windows in days, the shortest first; the horizon is one of them."""
        return tuple(sorted(self.amounts))

    def rows(self, window_days: int, where: NDArray[np.bool_] | None = None) -> ValueRows:
        """Return the rows (all, or those of a mask) with their outcomes over one window."""
        n = len(self)
        rows = ValueRows(
            self.X, self.summary, self.amounts[window_days], self.purchases[window_days], np.full(n, float(window_days)),
            self.account_id, self.as_of_date, self.features,
        )  # fmt: skip
        return rows if where is None else rows.take(where)


def value_windows(target: Target) -> tuple[int, ...]:
    """Windows in days that a value target has labels for: its `learning_windows` and the horizon, the shortest first."""
    return tuple(sorted({*target.learning_windows, target.horizon_days}))


def build_value_examples(frame: pd.DataFrame, summaries: pd.DataFrame, config: CompanyConfig, target: Target) -> ValueExamples:
    """Turn the marts of a value target into arrays.

    Parameters
    ----------
    frame : DataFrame
        `fct_value_examples`: account_id, as_of_date, is_eligible, every feature of the catalogue, `y_<target>_<w>d` and
        `n_<target>_<w>d` for each window, and `is_eligible_<target>` where value targets differ in it.
    summaries : DataFrame
        `fct_purchase_summaries`: account_id, as_of_date and `SUMMARY_COLUMNS`.
    config : CompanyConfig
        Gives the feature catalogue.
    target : Target
        Gives horizon and windows; its own `as_of_dates`, if any, select rows.

    Returns
    -------
    ValueExamples
        Eligible rows only. A row without a summary is an account without purchases.

    Raises
    ------
    ValueError
        When a column is missing, a number can't be read, an account stands twice at one date, or a summary contradicts itself.
    """
    features = build_feature_catalogue(config)
    windows = value_windows(target)
    labels = {w: (f"y_{target.name}_{w}d", f"n_{target.name}_{w}d") for w in windows}
    names = [name for pair in labels.values() for name in pair]
    table = "fct_value_examples"
    require_columns(frame, ["account_id", "as_of_date", "is_eligible", *names, *(feature.name for feature in features)], table)
    require_columns(summaries, ["account_id", "as_of_date", *SUMMARY_COLUMNS], "fct_purchase_summaries")
    as_of_date = pd.to_datetime(frame["as_of_date"]).to_numpy().astype("datetime64[D]")
    account_id = frame["account_id"].astype(str).to_numpy(dtype=object)
    own = f"is_eligible_{target.name}"
    is_kept = frame[own if own in frame.columns else "is_eligible"].fillna(False).to_numpy(dtype=bool)
    if target.as_of_dates:
        is_kept = is_kept & np.isin(as_of_date, np.array(target.as_of_dates, dtype="datetime64[D]"))
    kept = np.flatnonzero(is_kept)
    kept = kept[np.lexsort((account_id[kept].astype(str), as_of_date[kept]))]
    accounts, dates = account_id[kept], as_of_date[kept]
    _check_once(accounts, dates, table)
    X = pd.DataFrame({feature.name: feature_values(frame[feature.name].iloc[kept], feature, table) for feature in features})
    return ValueExamples(
        X if features else pd.DataFrame(index=pd.RangeIndex(len(kept))),
        _match_summaries(summaries, accounts, dates),
        {w: read_numbers(frame[pair[0]].iloc[kept]) for w, pair in labels.items()},
        {w: read_numbers(frame[pair[1]].iloc[kept]) for w, pair in labels.items()},
        accounts,
        dates,
        features,
        target.horizon_days,
    )


def _check_once(accounts: NDArray[np.object_], dates: NDArray[np.datetime64], table: str) -> None:
    twice = (accounts[1:] == accounts[:-1]) & (dates[1:] == dates[:-1])
    if twice.any():
        row = int(np.argmax(twice))
        raise ValueError(
            f"{table}: expected one row per account and date, found account {accounts[row]} more than once at {dates[row]}. "
            "Build the warehouse again; if it stays, the accounts' key isn't unique."
        )


def _match_summaries(summaries: pd.DataFrame, accounts: NDArray[np.object_], dates: NDArray[np.datetime64]) -> pd.DataFrame:
    """Summary columns in the order of the given keys; accounts without purchases get zeros and no T."""
    keys = pd.DataFrame({"account_id": accounts, "as_of_date": dates.astype("datetime64[s]")})
    there = pd.DataFrame({name: read_numbers(summaries[name]) for name in SUMMARY_COLUMNS})
    there["account_id"] = summaries["account_id"].astype(str).to_numpy(dtype=object)
    there["as_of_date"] = pd.to_datetime(summaries["as_of_date"]).to_numpy().astype("datetime64[s]")
    _check_once(*_sorted_keys(there), "fct_purchase_summaries")
    matched = keys.astype({"account_id": object}).merge(there, how="left", on=["account_id", "as_of_date"])
    table = matched[list(SUMMARY_COLUMNS)].copy()
    others = [name for name in SUMMARY_COLUMNS if name != "T_days"]
    table[others] = table[others].fillna(0.0)
    check_summary(table)
    return table


def _sorted_keys(frame: pd.DataFrame) -> tuple[NDArray[np.object_], NDArray[np.datetime64]]:
    ordered = frame.sort_values(["as_of_date", "account_id"], kind="stable")
    return ordered["account_id"].to_numpy(dtype=object), ordered["as_of_date"].to_numpy()


def check_summary(summary: pd.DataFrame) -> None:
    """Check that purchase summaries can be true; ValueError names the first row that can't, and the likely cause."""
    columns = {name: summary[name].to_numpy(dtype=np.float64) for name in SUMMARY_COLUMNS}
    has = np.isfinite(columns["T_days"])
    rules = (
        ((columns["frequency"] > 0) & ~has, "days watched (T_days) of every account that has bought"),
        (has & (columns["T_days"] < 0), f"T_days of at least 0: {_TOO_LATE}"),
        (
            has & (columns["recency_days"] > columns["T_days"]),
            f"recency_days of at most T_days: {_TOO_LATE}",
        ),
        (columns["n_valued"] > columns["n_purchases"], "n_valued of at most n_purchases"),
        ((columns["n_valued"] > 0) & ~(columns["mean_value"] > 0), "a mean_value above 0 where purchases have amounts above 0"),
    )
    for wrong, expected in rules:
        if wrong.any():
            row = int(np.argmax(wrong))
            found = ", ".join(f"{name} {columns[name][row]:g}" for name in SUMMARY_COLUMNS)
            raise ValueError(
                f"fct_purchase_summaries: expected {expected}, found {found} (and {int(wrong.sum()) - 1} more such rows). "
                "Build the warehouse again."
            )
