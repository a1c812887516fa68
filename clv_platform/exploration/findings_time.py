"""Candidate statements about time: what changed within a year, which months of the year stand out, whether a target's rate moves.

Usage is compared within the accounts that have readings in both periods; orders, revenue and cases as totals of all accounts, silent ones
counted as zero. Accounts are the witnesses, so a statement says what these accounts did, not that it will come back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from clv_platform.config import CompanyConfig
from clv_platform.exploration.columns import outlier_limit
from clv_platform.exploration.contrasts import signed_rank_p
from clv_platform.exploration.frames import ExplorationFrames, TargetRows

MIN_CHANGE = 1.1
MIN_SEASON = 1.05
MIN_MONTHS_FOR_SEASON, MIN_MONTHS_PER_ACCOUNT = 24, 18
N_RECENT = 3
_EVENTS = {"n_orders": ("orders", "orders", "rfm"), "revenue": ("revenue", "", "rfm"), "n_cases": ("support cases", "cases", "support")}


def time_candidates(config: CompanyConfig, frames: ExplorationFrames) -> pd.DataFrame:
    """Compare the last months with the same months a year before, calendar months with the rest of the year, and dates of a target.

    Returns
    -------
    DataFrame
        Columns as of `group_candidates`.
    """
    found: list[dict[str, Any]] = []
    months = frames.months
    if len(months):
        ends = np.sort(months["month_end_date"].unique())
        for name, words, is_event in month_columns(config, months):
            table = month_table(months, name, ends, is_event)
            if len(ends) >= 12 + N_RECENT:
                found += _change(name, words, table, pd.DatetimeIndex(ends), is_event)
            if len(ends) >= MIN_MONTHS_FOR_SEASON:
                begun = first_months(months, ends) if is_event else None
                found += _seasons(name, words, table, pd.DatetimeIndex(ends), begun)
    for rows in frames.targets:
        found += _target_change(rows)
    return pd.DataFrame(found)


def month_columns(config: CompanyConfig, months: pd.DataFrame) -> list[tuple[str, tuple[str, str, str], bool]]:
    """List the columns of the months that hold anything: name, (label, unit, group), whether a month without a row means zero."""
    found = []
    for name, spec in config.usage_metrics.items():
        if name in months.columns and months[name].notna().any():
            found.append((name, (spec.label, spec.unit, "usage"), False))
    for name, (label, unit, group) in _EVENTS.items():
        if months[name].abs().sum() > 0:
            found.append((name, (label, unit or config.currency, group), True))
    return found


def month_table(months: pd.DataFrame, name: str, ends: np.ndarray, is_event: bool) -> np.ndarray:
    """Accounts by months; an event column is zero where an account has no row, a reading is missing there, and so is an implausible one."""
    account, place = pd.factorize(months["account_id"])[0], np.searchsorted(ends, months["month_end_date"].to_numpy())
    values = months[name].to_numpy(float)
    table = np.full((account.max() + 1, len(ends)), 0.0 if is_event else np.nan)
    table[account, place] = np.where(values > outlier_limit(values), np.nan, values)
    return table


def first_months(months: pd.DataFrame, ends: np.ndarray) -> np.ndarray:
    """Place of each account's first month with anything, in the order of `month_table`."""
    account, place = pd.factorize(months["account_id"])[0], np.searchsorted(ends, months["month_end_date"].to_numpy())
    first = np.full(account.max() + 1, len(ends))
    np.minimum.at(first, account, place)
    return first


def _change(name: str, words: tuple[str, str, str], table: np.ndarray, ends: pd.DatetimeIndex, is_event: bool) -> list[dict[str, Any]]:
    """The last three months against the same three a year before."""
    recent = [i for i, end in enumerate(ends) if end > ends[-1] - pd.DateOffset(months=N_RECENT)]
    before = [i for i, end in enumerate(ends) if any(end + pd.DateOffset(years=1) == ends[k] for k in recent)]
    if len(recent) != N_RECENT or len(before) != N_RECENT:
        return []
    both = np.isfinite(table[:, recent]).any(axis=1) & np.isfinite(table[:, before]).any(axis=1)
    if both.sum() < 50:
        return []
    new, old = np.nanmean(table[both][:, recent], axis=1), np.nanmean(table[both][:, before], axis=1)
    if new.sum() <= 0 or old.sum() <= 0:
        return []
    scale = np.log1p(np.maximum(new, 0)) - np.log1p(np.maximum(old, 0))
    influence = (new - new.mean()) / new.mean() - (old - old.mean()) / old.mean()
    row = _row("change", name, words, _span(ends[recent[0]], ends[recent[-1]]))
    return [
        row
        | {
            "n": int(both.sum()), "n_reference": int(both.sum()), "value": float(new.mean()), "reference": float(old.mean()),
            "log_effect": float(np.log(new.mean() / old.mean())), "error": float(np.sqrt((influence**2).sum()) / len(influence)),
            "p_value": signed_rank_p(scale), "floor": np.log(MIN_CHANGE), "context_level": "totals" if is_event else "same accounts",
        }
    ]  # fmt: skip


def _seasons(
    name: str, words: tuple[str, str, str], table: np.ndarray, ends: pd.DatetimeIndex, begun: np.ndarray | None
) -> list[dict[str, Any]]:
    """Each calendar month against the year, within accounts, after taking out each account's own straight line."""
    logs = np.log1p(np.maximum(table, 0))
    known = np.isfinite(logs)
    if begun is not None:  # an account's first month holds an event by its nature, and before it there was no account
        known &= np.arange(table.shape[1]) > begun[:, None]
    logs, known = logs[known.sum(axis=1) >= MIN_MONTHS_PER_ACCOUNT], known[known.sum(axis=1) >= MIN_MONTHS_PER_ACCOUNT]
    if len(logs) < 50:
        return []
    rest = _without_line(np.where(known, logs, 0.0), known)
    month_of_year = (ends - pd.Timedelta(days=28)).month  # the month in which each begins
    found = []
    for month in range(1, 13):
        places = np.flatnonzero(month_of_year == month)
        per_place = [rest[known[:, i], i].mean() for i in places if known[:, i].any()]
        if len(places) < 2 or len({np.sign(mean) for mean in per_place}) != 1:
            continue  # one year isn't a season, and neither are two that disagree
        total, n = np.where(known[:, places], rest[:, places], 0.0).sum(axis=1), known[:, places].sum(axis=1)
        d = total[n > 0] / n[n > 0]
        if len(d) < 50:
            continue
        error = float(d.std(ddof=1) / np.sqrt(len(d)))
        found.append(
            _row("season", name, words, month_words(ends[places[-1]]))
            | {"n": len(d), "n_reference": len(d), "value": float(np.exp(d.mean())), "reference": 1.0, "log_effect": float(d.mean()),
               "error": error, "p_value": signed_rank_p(d), "floor": np.log(MIN_SEASON)}
        )  # fmt: skip
    return found


def _without_line(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Residuals of a straight line through the known values of each row."""
    x = np.arange(values.shape[1], dtype=float)
    n = known.sum(axis=1, keepdims=True)
    x_mean, y_mean = (known * x).sum(axis=1, keepdims=True) / n, (known * values).sum(axis=1, keepdims=True) / n
    centred = np.where(known, x - x_mean, 0.0)
    slope = (centred * (values - y_mean)).sum(axis=1, keepdims=True) / np.maximum((centred**2).sum(axis=1, keepdims=True), 1e-12)
    return np.where(known, values - y_mean - slope * centred, 0.0)


def _target_change(rows: TargetRows) -> list[dict[str, Any]]:
    """The later half of a target's dates against the earlier half, clustered by account."""
    dates = rows.frame["as_of_date"]
    if dates.isna().all() or dates.nunique() < 4:
        return []
    days = np.sort(dates.unique())
    is_late = (dates >= days[len(days) // 2]).to_numpy()
    y, accounts = rows.y, pd.factorize(rows.frame["account_id"])[0]
    rate, rate_before = float(y[is_late].mean()), float(y[~is_late].mean())
    if min(y[is_late].sum(), y[~is_late].sum()) < 20:
        return []
    influence = np.where(is_late, (y - rate) / (rate * is_late.sum()), -(y - rate_before) / (rate_before * (~is_late).sum()))
    error = float(np.sqrt((np.bincount(accounts, weights=influence) ** 2).sum()))
    log_effect = float(np.log(rate / rate_before))
    row = _row("target_change", rows.target.name, (rows.target.name, "", "target"), f"{pd.Timestamp(days[len(days) // 2]):%B %Y}")
    return [
        row
        | {
            "target": rows.target.name, "n": int(is_late.sum()), "n_reference": int((~is_late).sum()), "value": rate,
            "reference": rate_before, "log_effect": log_effect, "error": error,
            "p_value": float(2 * stats.norm.sf(abs(log_effect) / error)),
            "floor": np.log(MIN_CHANGE),
        }
    ]  # fmt: skip


def month_words(end: pd.Timestamp) -> str:
    """Name the month that ends on this day (exclusive): August, or 10 August to 9 September."""
    first, last = end - pd.DateOffset(months=1), end - pd.Timedelta(days=1)
    return f"{first:%B}" if first.day == 1 else f"{first.day} {first:%B} to {last.day} {last:%B}"


def _span(first_end: pd.Timestamp, last_end: pd.Timestamp) -> str:
    """Name three months: October to December 2025."""
    first, last = first_end - pd.DateOffset(months=1), last_end - pd.Timedelta(days=1)
    return f"{first:%B} to {last:%B %Y}" if first.day == 1 else f"{first.day} {first:%B} to {last.day} {last:%B %Y}"


def _row(kind: str, name: str, words: tuple[str, str, str], level: str) -> dict[str, Any]:
    label, unit, group = words
    return {
        "kind": kind, "subject": name, "subject_label": label, "unit": unit, "group": group, "dimension": "", "dimension_label": "",
        "level": level, "context": "", "context_label": "", "context_level": "", "target": "", "is_distinct": True,
    }  # fmt: skip
