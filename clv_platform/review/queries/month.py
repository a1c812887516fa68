"""What the newest published run says of the month: tables of `published/current`, filtered; knows no Dash.

Here: finding the run, reading its marts, filtering lists of accounts. What isn't published isn't there: every function gives None or an
empty table.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import pandas as pd

from clv_platform.reports.published_runs import current_run
from clv_platform.settings import CompanyPaths
from clv_platform.warehouse import read_parquet

ATTRIBUTES = ("segment", "value_tier", "lifecycle_stage", "territory", "country", "industry", "employee_range", "product", "channel")
_KEPT: OrderedDict[Path, pd.DataFrame] = OrderedDict()
_LOCK = Lock()
_MOST = 16


def current_folder(published: Path | None) -> Path | None:
    """Return the folder of the newest published run, resolved, so that a page reads one whole run; None when there is none."""
    return current_run(CompanyPaths(published.parent)) if published is not None else None


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """Return what the run says of itself: company, cutoff, run_id."""
    path = folder / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def read_mart(folder: Path, name: str) -> pd.DataFrame | None:
    """Return `reporting/<name>.parquet`, or None when the run has no such table or no rows in it. A run never changes, so it is kept."""
    path = folder / "reporting" / f"{name}.parquet"
    with _LOCK:
        if path in _KEPT:
            _KEPT.move_to_end(path)
            return _KEPT[path]
    if not path.is_file():
        return None
    table = read_parquet(path)
    if table.empty:
        return None
    with _LOCK:
        _KEPT[path] = table
        while len(_KEPT) > _MOST:
            _KEPT.popitem(last=False)
    return table


def choices(table: pd.DataFrame, names: Sequence[str] = ATTRIBUTES, most: int = 40) -> dict[str, list[str]]:
    """Return the columns that accounts can be filtered by, with their values."""
    found: dict[str, list[str]] = {}
    for name in names:
        if name in table.columns:
            levels = sorted(map(str, table[name].dropna().unique()))
            if 2 <= len(levels) <= most:
                found[name] = levels
    return found


def only(table: pd.DataFrame, wanted: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows with these values; columns that the table hasn't are left alone."""
    for name, value in wanted.items():
        if value and name in table.columns:
            table = table[table[name].astype("str") == value]
    return table


def at_risk(accounts: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the accounts by whose leaving most would be lost (chance of leaving times expected value), largest first; ties by account."""
    if "expected_loss" not in accounts.columns:
        return accounts.head(0)
    known = accounts[accounts["expected_loss"].notna() & (accounts["expected_loss"] > 0)]
    return known.sort_values(["expected_loss", "account_id"], ascending=[False, True]).head(most)


def newest_moves(migration: pd.DataFrame, grouping: str) -> tuple[pd.DataFrame, pd.Timestamp | None]:
    """Return who moved from which group to which between the last two snapshots, and the later date."""
    mine = migration[migration["grouping_name"] == grouping]
    if mine.empty:
        return mine, None
    newest = mine["as_of_date"].max()
    return mine[mine["as_of_date"] == newest], newest
