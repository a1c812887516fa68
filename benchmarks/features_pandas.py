"""The benchmark's features in pandas, optimised by hand: readings go into one wide table of months, lags are shifts of all metrics at
once, sums are sums of whole columns, keys are categories. Who knows where the time goes writes it so; `features_pandas_plain` is what comes
before that.

Here: the same rules of time as the dbt models. Keep out: timing (`features`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

DAYS = (30, 90, 365)
UNTIL = pd.Timestamp("2026-01-01")
KEYS = ["account_id", "as_of_date"]


def build_frames(files: Path) -> dict[str, pd.DataFrame]:
    """Load the files and return the usage, support and web features, one row per account and snapshot."""
    tables = read_clean(files)
    spine = read_spine(tables)
    return {"usage": _usage(spine, tables["usage"]), **build_web_and_support(spine, tables)}


def read_clean(files: Path) -> dict[str, pd.DataFrame]:
    """Load the four tables without bad rows and repeated keys, each with the moment from which a row is known."""
    accounts = _read(files, "accounts", "signed_up_at")
    accounts = accounts[accounts["account_id"].notna()]
    ids = pd.Index(accounts["account_id"])
    usage = _read(files, "usage", "used_at")
    usage = usage[usage["used_at"].notna() & np.isfinite(usage["value"]) & (usage["value"] >= 0) & usage["metric"].str.strip().ne("")]
    cases = _read(files, "support_cases", "opened_at")
    cases = cases[cases["case_id"].notna() & cases["opened_at"].notna() & ~(cases["closed_at"] < cases["opened_at"])]
    visits = _read(files, "web_sessions", "started_at")
    visits = visits[visits["session_id"].notna() & visits["started_at"].notna()]
    return {
        "usage": _deduplicate(usage[usage["account_id"].isin(ids)], ["account_id", "used_at", "metric"]),
        "support_cases": _deduplicate(cases[cases["account_id"].isin(ids)], ["case_id"]),
        "web_sessions": _deduplicate(visits[visits["account_id"].isin(ids)], ["session_id"]),
        "accounts": _deduplicate(accounts, ["account_id"]),
    }


def read_spine(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """List every account at every first of month that knows it."""
    return _spine(tables["accounts"], tables["usage"], tables["support_cases"], tables["web_sessions"])


def build_web_and_support(spine: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Build the features of support cases and web sessions, one snapshot after the other."""
    return {"support": _support(spine, tables["support_cases"]), "web": _web(spine, tables["web_sessions"])}


def month_numbers(moment: pd.Series) -> pd.Series:
    """Count months through the years."""
    return moment.dt.year * 12 + moment.dt.month - 1


def _read(files: Path, name: str, happened_at: str) -> pd.DataFrame:
    frame = pd.read_parquet(files / f"{name}.parquet")
    known = frame[happened_at]
    if "recorded_at" in frame:
        known = known.where(~(frame["recorded_at"] > known), frame["recorded_at"])
    return frame.assign(known_at=known)


def _deduplicate(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    repeated = frame.duplicated(key, keep=False)
    last = frame[repeated].sort_values("known_at", kind="stable", na_position="first").drop_duplicates(key, keep="last")
    return pd.concat([frame[~repeated], last])


def _spine(accounts: pd.DataFrame, *events: pd.DataFrame) -> pd.DataFrame:
    first = pd.concat([frame.groupby("account_id")["known_at"].min() for frame in events]).groupby(level=0).min()
    known = accounts.set_index("account_id")["known_at"]
    known = known.fillna(first.reindex(known.index))
    start = (events[0]["known_at"].min() + pd.offsets.MonthBegin(1)).normalize()
    dates = pd.date_range(start, UNTIL, freq="MS")
    spine = pd.DataFrame({"account_id": np.repeat(known.index.to_numpy(), len(dates)), "as_of_date": np.tile(dates, len(known))})
    return spine[np.repeat(known.to_numpy(), len(dates)) < spine["as_of_date"]].reset_index(drop=True)


def _usage(spine: pd.DataFrame, usage: pd.DataFrame) -> pd.DataFrame:
    month = month_numbers(usage["used_at"])
    parts = pd.DataFrame(
        {
            "account_id": usage["account_id"].astype("category"),
            "metric": usage["metric"].astype("category"),
            "month": month + 1,
            "late": month_numbers(usage["known_at"]) - month,
            "value": usage["value"],
        }
    )
    parts = parts.groupby(["account_id", "month", "late", "metric"], observed=True)["value"].sum().unstack("metric")  # noqa: PD010 - keys are unique
    ids = parts.index.get_level_values("account_id").unique()
    last = UNTIL.year * 12 + UNTIL.month - 1
    months = range(parts.index.get_level_values("month").min(), last + 1)
    grid = pd.MultiIndex.from_product([ids, months], names=["account_id", "month"])
    late = parts.index.get_level_values("late")
    lags: list[pd.DataFrame] = []
    version = parts.iloc[:0]
    for lag in range(12):
        if lag <= late.max():
            version = parts[late <= lag].groupby(level=["account_id", "month"], observed=True).sum(min_count=1).reindex(grid)
        lags.append(version.groupby(level="account_id", observed=True).shift(lag) if lag else version)
    features = _usage_columns(lags)
    wanted = pd.MultiIndex.from_arrays([spine["account_id"], month_numbers(spine["as_of_date"])], names=["account_id", "month"])
    found = features.reindex(wanted)
    n_months = [str(name) for name in found.columns if str(name).endswith("_n_months_12m")]
    found[n_months] = found[n_months].fillna(0)
    return pd.concat([spine, found.reset_index(drop=True)], axis=1)


def _usage_columns(lags: list[pd.DataFrame]) -> pd.DataFrame:
    there = [lag.notna().astype("int64") for lag in lags]
    filled = [lag.fillna(0.0) for lag in lags]
    columns = {f"_lag_{k}m": lags[k - 1] for k in (1, 2, 3)}
    n = {w: sum(there[1:w], there[0]) for w in (3, 6, 12)}
    total = {w: sum(filled[1:w], filled[0]) for w in (3, 6, 12)}
    mean = {w: total[w] / n[w].where(n[w] > 0) for w in (3, 6, 12)}
    for w in (3, 6, 12):
        columns[f"_sum_{w}m"] = total[w].where(n[w] > 0)
        columns[f"_mean_{w}m"] = mean[w]
    x = sum((-k * there[k - 1] for k in range(2, 7)), -there[0])
    xx = sum((k * k * there[k - 1] for k in range(2, 7)), there[0])
    xy = sum((-k * filled[k - 1] for k in range(2, 7)), -filled[0])
    spread = n[6] * xx - x * x
    slope = (n[6] * xy - x * total[6]) / spread.where(spread != 0)
    columns["_trend_6m"] = slope / mean[6].where(mean[6] != 0)
    columns["_ratio_3m_12m"] = mean[3] / mean[12].where(mean[12] != 0)
    columns["_n_months_12m"] = n[12]
    return pd.concat([frame.add_suffix(suffix) for suffix, frame in columns.items()], axis=1)


def _support(spine: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    closing = cases["closed_at"].where(~(cases["recorded_at"] > cases["closed_at"]), cases["recorded_at"])
    cases = cases.assign(closing=closing, n_days=(cases["closed_at"].dt.normalize() - cases["opened_at"].dt.normalize()).dt.days)
    rows: list[pd.DataFrame] = []
    for date in spine["as_of_date"].unique():
        known = cases[cases["known_at"] < date]
        closed = known[(known["closing"] < date) & (known["closed_at"] >= date - pd.Timedelta(days=365))].groupby("account_id")
        columns = {f"n_cases_{days}d": _count(known, "opened_at", date, days) for days in DAYS}
        columns["n_open_cases"] = known[~(known["closing"] < date)].groupby("account_id").size()
        columns["days_since_last_case"] = _days_since(known, "opened_at", date)
        columns["mean_days_to_close_365d"] = closed["n_days"].mean()
        columns["mean_satisfaction_365d"] = closed["satisfaction"].mean()
        rows.append(pd.DataFrame(columns).rename_axis("account_id").reset_index().assign(as_of_date=date))
    return _beside(spine, rows, [*(f"n_cases_{days}d" for days in DAYS), "n_open_cases"])


def _web(spine: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    rows: list[pd.DataFrame] = []
    counted: list[str] = []
    for date in spine["as_of_date"].unique():
        known = visits[visits["known_at"] < date]
        columns: dict[str, pd.Series] = {}
        for days in DAYS:
            recent = known[known["started_at"] >= date - pd.Timedelta(days=days)].groupby("account_id")
            columns[f"n_sessions_{days}d"] = recent.size()
            columns[f"n_pageviews_{days}d"] = recent["n_pageviews"].sum()
        columns["n_conversions_365d"] = _count(known[known["converted"].fillna(False).astype(bool)], "started_at", date, 365)
        counted = list(columns)
        columns["days_since_last_session"] = _days_since(known, "started_at", date)
        rows.append(pd.DataFrame(columns).rename_axis("account_id").reset_index().assign(as_of_date=date))
    return _beside(spine, rows, counted)


def _count(known: pd.DataFrame, column: str, date: pd.Timestamp, days: int) -> pd.Series:
    return known[known[column] >= date - pd.Timedelta(days=days)].groupby("account_id").size()


def _days_since(known: pd.DataFrame, column: str, date: pd.Timestamp) -> pd.Series:
    return (date - known.groupby("account_id")[column].max().dt.normalize()).dt.days


def _beside(spine: pd.DataFrame, rows: list[pd.DataFrame], counted: list[str]) -> pd.DataFrame:
    found = spine.merge(pd.concat(rows), on=KEYS, how="left")
    found[counted] = found[counted].fillna(0)
    return found
