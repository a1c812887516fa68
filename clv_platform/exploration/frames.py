"""The frames that exploration works on, read from the marts as of a cutoff.

Here: one row per account for comparisons of groups, rows with a usable label for each target, accounts by month. Only the dates that are
needed are read, so that memory doesn't grow with the length of the history. Keep analyses out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from clv_platform.config import CompanyConfig, Target
from clv_platform.datasets import label_name
from clv_platform.exploration.columns import visible_features

EXAMPLE_TABLES = ("fct_upgrade_examples", "fct_churn_examples", "fct_value_examples", "fct_account_features")
MAX_TARGET_ROWS = 300_000
MAX_TARGET_DATES = 12


@dataclass(frozen=True)
class TargetRows:
    """Rows of one target whose label is usable.

    Attributes
    ----------
    target : Target
        Whose label.
    frame : DataFrame
        account_id, as_of_date, the visible features; dates lie a horizon apart at least, so that labels don't overlap.
    y : array of float
        0 or 1, one per row.
    balance : DataFrame
        as_of_date, n, n_positive of all dates with a usable label.
    """

    target: Target
    frame: pd.DataFrame
    y: np.ndarray
    balance: pd.DataFrame


@dataclass(frozen=True)
class ExplorationFrames:
    """What is explored.

    Attributes
    ----------
    accounts : DataFrame
        account_id, as_of_date, the visible features: each account once, as of `as_of_date`.
    as_of_date : date or None
        The newest snapshot at or before the cutoff; None when undated.
    targets : tuple of TargetRows
        Targets with a yes-or-no label and rows to learn from.
    months : DataFrame
        account_id, month_end_date, n_orders, revenue, n_cases, usage metrics: what was complete at the cutoff; may be empty.
    """

    accounts: pd.DataFrame
    as_of_date: date | None
    targets: tuple[TargetRows, ...] = ()
    months: pd.DataFrame = field(default_factory=pd.DataFrame)


def read_exploration(config: CompanyConfig, marts: Path, cutoff: date | None) -> ExplorationFrames:
    """Read what is explored as of a cutoff.

    Parameters
    ----------
    config : CompanyConfig
        Names the columns and targets.
    marts : Path
        Folder of the marts' Parquet files.
    cutoff : date or None
        Nothing later is read; None for undated data.

    Raises
    ------
    FileNotFoundError
        When no mart with features has been exported.
    """
    tables = {name: marts / f"{name}.parquet" for name in EXAMPLE_TABLES if (marts / f"{name}.parquet").is_file()}
    if not tables:
        raise FileNotFoundError(f"{marts}: expected {EXAMPLE_TABLES[0]}.parquet or another mart, found none. Build the warehouse first.")
    features = [feature.name for feature in visible_features(config)]
    newest = _newest_date(tables.values(), cutoff)
    parts = [_read_dates(path, features, [newest]) for path in tables.values()]
    parts = [part for part in parts if len(part)]
    accounts = pd.concat(parts, ignore_index=True) if parts else _read_dates(next(iter(tables.values())), features, [newest])
    accounts = accounts.drop_duplicates("account_id").sort_values("account_id", kind="stable").reset_index(drop=True)
    targets = [_read_target(config, target, tables, features, cutoff) for target in config.targets if target.kind != "value"]
    return ExplorationFrames(accounts, newest, tuple(t for t in targets if t is not None), _read_months(config, marts, cutoff))


def _newest_date(paths: Iterable[Path], cutoff: date | None) -> date | None:
    found: list[date] = []
    for path in paths:
        dates = pq.read_table(path, columns=["as_of_date"])["as_of_date"].unique().to_pylist()
        found += [day for day in dates if day is not None and (cutoff is None or day <= cutoff)]
    return max(found) if found else None


def _read_dates(path: Path, features: list[str], dates: list[date | None], extra: tuple[str, ...] = ()) -> pd.DataFrame:
    there = set(pq.read_schema(path).names)
    columns = [name for name in ("account_id", "as_of_date", *features, *extra) if name in there]
    filters = None if dates == [None] else [("as_of_date", "in", dates)]
    frame = pq.read_table(path, columns=columns, filters=filters).to_pandas()
    return frame.sort_values(["as_of_date", "account_id"], kind="stable").reset_index(drop=True)


def _read_target(
    config: CompanyConfig, target: Target, tables: dict[str, Path], features: list[str], cutoff: date | None
) -> TargetRows | None:
    path, label = tables.get(f"fct_{target.kind}_examples"), label_name(target, config.snapshots.is_undated)
    if path is None or label not in pq.read_schema(path).names:
        return None
    keys = pq.read_table(path, columns=["as_of_date", label]).to_pandas().dropna(subset=[label])
    horizon = pd.Timedelta(days=target.horizon_days)
    if not config.snapshots.is_undated and cutoff is not None:
        keys = keys[pd.to_datetime(keys["as_of_date"]) + horizon <= pd.Timestamp(cutoff)]
    balance = keys.groupby("as_of_date", dropna=False)[label].agg(n="size", n_positive="sum").reset_index()
    if not len(balance) or not balance["n_positive"].sum():
        return None
    dates: list[date | None] = [None]
    if not config.snapshots.is_undated:
        dates = list(_spaced_dates(balance, horizon))
    frame = _read_dates(path, features, dates, (label,)).dropna(subset=[label]).reset_index(drop=True)
    y = frame.pop(label).to_numpy(float)
    return TargetRows(target, frame, y, balance)


def _spaced_dates(balance: pd.DataFrame, horizon: pd.Timedelta) -> list[date]:
    """Go back from the newest date in steps of at least a horizon, so that no event is counted twice."""
    chosen: list[date] = []
    n_rows = 0
    for row in balance.sort_values("as_of_date", ascending=False).itertuples(index=False):
        day, n = pd.Timestamp(str(row.as_of_date)), int(str(row.n))
        if chosen and (day + horizon > pd.Timestamp(chosen[-1]) or n_rows + n > MAX_TARGET_ROWS or len(chosen) == MAX_TARGET_DATES):
            continue
        chosen.append(day.date())
        n_rows += n
    return chosen


def _read_months(config: CompanyConfig, marts: Path, cutoff: date | None) -> pd.DataFrame:
    path = marts / "fct_account_months.parquet"
    if not path.is_file() or config.snapshots.is_undated:
        return pd.DataFrame()
    frame = pq.read_table(path).to_pandas()
    frame = frame.drop(columns=[name for name in config.private if name in frame.columns])
    for name in ("month_end_date", "known_by_date"):
        frame[name] = pd.to_datetime(frame[name])
    if cutoff is not None:
        end = pd.Timestamp(cutoff)
        frame = frame[(frame["month_end_date"] <= end) & (frame["known_by_date"] <= end)]
    return frame.sort_values(["month_end_date", "account_id"], kind="stable").reset_index(drop=True)
