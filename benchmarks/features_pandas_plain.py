"""The benchmark's features in pandas as an analyst writes them at first: one snapshot after the other, and for each metric and window a
filter, a groupby and a merge.

Here: usage; what was known at a snapshot is filtered from the readings, so that the values are the same as everybody else's. Reading,
cleaning, the spine, support and web are those of `features_pandas`, which goes through the snapshots in the same way there. The slope is a
formula, not a fit for each account, which would take hours. Keep out: timing (`features`) and tricks (`features_pandas`).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from features_pandas import KEYS, build_web_and_support, month_numbers, read_clean, read_spine

WINDOWS = (3, 6, 12)


def build_frames(files: Path) -> dict[str, pd.DataFrame]:
    """Load the files and return the usage, support and web features, one row per account and snapshot."""
    tables = read_clean(files)
    spine = read_spine(tables)
    return {"usage": _usage(spine, tables["usage"]), **build_web_and_support(spine, tables)}


def _usage(spine: pd.DataFrame, usage: pd.DataFrame) -> pd.DataFrame:
    months = month_numbers(usage["used_at"])
    metrics = sorted(usage["metric"].unique())
    parts: list[pd.DataFrame] = []
    for date in spine["as_of_date"].unique():
        lags = date.year * 12 + date.month - 1 - months
        is_known = (usage["known_at"] < date) & (lags <= max(WINDOWS))
        known = usage[is_known].assign(lag=lags[is_known])
        monthly = known.groupby(["account_id", "metric", "lag"], as_index=False)["value"].sum()
        rows = spine.loc[spine["as_of_date"] == date, KEYS]
        for metric in metrics:
            rows = _add_metric(rows, metric, monthly[monthly["metric"] == metric])
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def _add_metric(rows: pd.DataFrame, metric: str, monthly: pd.DataFrame) -> pd.DataFrame:
    for lag in (1, 2, 3):
        month = monthly.loc[monthly["lag"] == lag, ["account_id", "value"]].rename(columns={"value": f"{metric}_lag_{lag}m"})
        rows = rows.merge(month, on="account_id", how="left")
    for window in WINDOWS:
        recent = monthly[monthly["lag"] <= window].groupby("account_id")["value"]
        rows = rows.merge(recent.sum().rename(f"{metric}_sum_{window}m").reset_index(), on="account_id", how="left")
        rows = rows.merge(recent.mean().rename(f"{metric}_mean_{window}m").reset_index(), on="account_id", how="left")
    rows = rows.merge(_trend(monthly[monthly["lag"] <= 6]).rename(f"{metric}_trend_6m").reset_index(), on="account_id", how="left")
    long = rows[f"{metric}_mean_12m"]
    rows[f"{metric}_ratio_3m_12m"] = rows[f"{metric}_mean_3m"] / long.where(long != 0)
    n_months = monthly.groupby("account_id").size().rename(f"{metric}_n_months_12m").reset_index()
    rows = rows.merge(n_months, on="account_id", how="left")
    rows[f"{metric}_n_months_12m"] = rows[f"{metric}_n_months_12m"].fillna(0)
    return rows


def _trend(monthly: pd.DataFrame) -> pd.Series:
    points = monthly.assign(x=-monthly["lag"], xx=monthly["lag"] ** 2, xy=-monthly["lag"] * monthly["value"], n=1)
    total = points.groupby("account_id")[["n", "x", "xx", "xy", "value"]].sum()
    spread = total["n"] * total["xx"] - total["x"] ** 2
    slope = (total["n"] * total["xy"] - total["x"] * total["value"]) / spread.where(spread != 0)
    mean = total["value"] / total["n"]
    return slope / mean.where(mean != 0)
