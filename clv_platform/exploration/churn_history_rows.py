"""Who was here from when to when: the rows of a survival analysis, from lifetimes by dbt or from a flat table.

Here: frames with `time`, `entry` and `is_left` in months of life, cut at a cutoff. Add another way to tell a lifetime here. Keep estimates
out (see `churn_history_curves` and `churn_history_hazards`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from clv_platform.config import CompanyConfig, Target

DAYS_PER_MONTH = 30.4375
COHORT = "cohort"
MAX_LEVELS = 6  # of a grouping: more curves than that can't be told apart
MIN_LEVEL_ROWS = 30


def dated_lifetimes(lifetimes: pd.DataFrame, target: Target, cutoff: date, groupings: Sequence[str]) -> pd.DataFrame:
    """Turn stretches of time into rows of a survival analysis, as known at a cutoff.

    Parameters
    ----------
    lifetimes : DataFrame
        `fct_account_lifetimes`.
    cutoff : date
        Departures from there on aren't known yet.
    groupings : sequence of str
        Columns to keep; `cohort` (year of the start) is added.

    Returns
    -------
    DataFrame
        account_id, started_at, ended_at, time, entry (months of life), is_left, and the groupings. First stretches only: an account that
        came back isn't an independent second one.
    """
    own = lifetimes[(lifetimes["target"] == target.name) & (lifetimes["spell_number"] == 1)]
    end = pd.Timestamp(cutoff)
    own = own[pd.to_datetime(own["entered_at"]) < end]
    started, entered = (pd.to_datetime(own[name]) for name in ("started_at", "entered_at"))
    ended = pd.to_datetime(own["ended_at"])
    until = pd.concat([ended, pd.to_datetime(own["observed_until_at"])], axis=1).min(axis=1)
    until = until.where(until < end, end)
    rows = pd.DataFrame(
        {
            "account_id": own["account_id"].astype(str),
            "started_at": started,
            "ended_at": ended.where(ended < end),
            "time": _months(until - started),
            "entry": _months(entered - started),
            "is_left": (ended < end).astype(int),
        }
    )
    for name in groupings:
        if name in own.columns:
            rows[name] = own[name]
    rows[COHORT] = started.dt.year.astype(str)
    return rows[rows["time"] > rows["entry"]].reset_index(drop=True)


def flat_lifetimes(examples: pd.DataFrame, target: Target, label: str, groupings: Sequence[str]) -> pd.DataFrame:
    """Turn a flat table with a duration and a flag into such rows; the duration's unit is taken as months.

    Rows without a label, without a duration or with none at all (0) are left out: nothing was seen of them.
    """
    time = pd.to_numeric(examples[target.duration_column or ""], errors="coerce")
    is_kept = examples[label].notna() & (time > 0)
    rows = pd.DataFrame(
        {
            "account_id": examples["account_id"].astype(str),
            "time": time.astype(float),
            "entry": 0.0,
            "is_left": examples[label].fillna(0).astype(int),
        }
    )
    for name in groupings:
        if name in examples.columns:
            rows[name] = examples[name]
    return rows[is_kept].reset_index(drop=True)


def choose_groupings(config: CompanyConfig, available: Sequence[str]) -> tuple[str, ...]:
    """Name the columns to compare: product, territory and cohort first, then the config's slices; private ones never."""
    wanted = dict.fromkeys(["product", "territory", COHORT, *config.slices])
    return tuple(name for name in wanted if (name in available or name == COHORT) and name not in config.private)


def grouped(rows: pd.DataFrame, grouping: str) -> pd.Series:
    """Return the level of each row: the largest levels, the last of `MAX_LEVELS` being all others; null where unknown."""
    values = rows[grouping].astype("object").where(rows[grouping].notna(), None).map(_text, na_action="ignore")
    counts = values.value_counts()
    if grouping == COHORT:  # the oldest years are one level: they hold few accounts each, seen late in life
        recent = sorted(counts.index)[-(MAX_LEVELS - 1) :]
        return values.where(values.isin(recent), f"before {recent[0]}") if recent else values
    kept = counts[counts >= MIN_LEVEL_ROWS].index[: MAX_LEVELS if len(counts) <= MAX_LEVELS else MAX_LEVELS - 1]
    return values.where(values.isin(kept) | values.isna(), "others")


def _text(value: object) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return {0: "no", 1: "yes"}.get(int(value), str(int(value)))
    return {"True": "yes", "False": "no"}.get(str(value), str(value))


def _months(span: pd.Series) -> pd.Series:
    return span.dt.total_seconds() / 86400.0 / DAYS_PER_MONTH
