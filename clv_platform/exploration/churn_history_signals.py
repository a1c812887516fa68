"""What went before: signals of accounts that left beside those that stayed, at the same dates.

Here: which features are signals, the rows at snapshots (`build_panel`), and the comparison in each of the months before. A share of .5
means that signals of leavers and stayers don't differ. Nothing here says what causes what. Keep hazard ratios out (see
`churn_history_hazards`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.config import CompanyConfig, Target
from clv_platform.contracts.features import Feature, build_feature_catalogue
from clv_platform.exploration.churn_history_rows import DAYS_PER_MONTH

MONTHS_BEFORE = 6
MIN_LEAVERS = 20
_Z = 1.959963984540054

SILENCE, SUPPORT, FALL, ORDERS, OPINION, PLAN = "silence", "support load", "falling usage", "orders", "opinion", "plan and offers"
_NAMES: dict[str, str] = {
    "days_since_last_order": SILENCE,
    "days_since_last_session": SILENCE,
    "n_cases_90d": SUPPORT,
    "n_open_cases": SUPPORT,
    "mean_satisfaction_365d": SUPPORT,
    "mean_days_to_close_365d": SUPPORT,
    "n_orders_90d": ORDERS,
    "mean_order_value": ORDERS,
    "mean_days_between_orders": ORDERS,
    "refund_share": ORDERS,
    "mean_rating_365d": OPINION,
    "mrr": PLAN,
    "days_since_plan_start": PLAN,
    "n_contacts_90d": PLAN,
}
_PER_METRIC = {"_ratio_3m_12m": FALL}


@dataclass(frozen=True)
class Signal:
    """A feature that may announce a departure, and what it stands for."""

    name: str
    label: str
    family: str


def choose_signals(config: CompanyConfig, target: Target, examples: pd.DataFrame) -> tuple[Signal, ...]:
    """Pick the signals that the company has: known in at least half of the rows, more than one value, not private.

    Orders say nothing of who ends a subscription: they are its invoices.
    """
    chosen = []
    for feature in build_feature_catalogue(config):
        family = _family(feature, config)
        if family == ORDERS and target.churn_means == "ended":
            continue
        if family and feature.name in examples.columns and feature.name not in config.private:
            values = pd.to_numeric(examples[feature.name], errors="coerce")
            if (family == SILENCE or values.notna().mean() >= 0.5) and len(values.dropna().unique()) > 1:
                chosen.append(Signal(feature.name, feature.label, family))
    return tuple(chosen)


def _family(feature: Feature, config: CompanyConfig) -> str | None:
    if feature.type != "number":
        return None
    if feature.name in _NAMES:
        return _NAMES[feature.name]
    for metric in config.usage_metrics:
        if feature.name == f"{metric}_mean_3m" and "support" in metric:
            return SUPPORT
        for suffix, family in _PER_METRIC.items():
            if feature.name == metric + suffix:
                return family
    return None


def build_panel(
    examples: pd.DataFrame, rows: pd.DataFrame, target: Target, label: str, cutoff: date, signals: Sequence[Signal]
) -> pd.DataFrame:
    """Make one row per account and snapshot at which it could leave, and whether it did so until the next.

    By ended subscriptions an account can leave at every snapshot, and leaves before the next one when its subscription ends there. By
    silence only an activity can be the last: the rows are accounts that were active in the month before, and leaving is that nothing
    follows for the horizon. So an account's silence of today isn't held against it twice.

    Parameters
    ----------
    examples : DataFrame
        `fct_churn_examples`.
    rows : DataFrame
        From `dated_lifetimes`.

    Returns
    -------
    DataFrame
        account_id, as_of_date, month_of_life (whole), is_leaving (0/1), stays (the label says that it is here a horizon later), one column
        per signal.
    """
    own = f"is_eligible_{target.name}"
    eligible = examples[examples[own if own in examples.columns else "is_eligible"].fillna(False).astype(bool)]
    panel = eligible[["account_id", "as_of_date", label]].copy()
    panel["account_id"] = panel["account_id"].astype(str)
    panel["as_of_date"] = pd.to_datetime(panel["as_of_date"])
    for signal in signals:
        panel[signal.name] = pd.to_numeric(eligible[signal.name], errors="coerce").astype(float)
    panel["was_active"] = _was_active(eligible, target)
    dates = np.sort(panel["as_of_date"].unique())
    following = dict(pairwise(dates))
    end = pd.Timestamp(cutoff)
    panel = panel.merge(rows[["account_id", "started_at", "ended_at"]], on="account_id", validate="many_to_one")
    panel = panel[(panel["as_of_date"] >= panel["started_at"]) & ~(panel["ended_at"] < panel["as_of_date"])]
    is_mature = panel["as_of_date"] + pd.Timedelta(days=target.horizon_days) <= end
    panel["stays"] = is_mature & (panel[label] == 0)
    if target.churn_means == "silent":
        panel["is_leaving"] = (is_mature & (panel[label] == 1)).astype(int)
        panel = panel[is_mature & panel["was_active"]]
    else:
        until = panel["as_of_date"].map(following)
        panel = panel[until.notna() & (until <= end)]
        panel["is_leaving"] = (panel["ended_at"] < panel["as_of_date"].map(following)).astype(int)
    panel["month_of_life"] = ((panel["as_of_date"] - panel["started_at"]).dt.days / DAYS_PER_MONTH).astype(int)
    names = ["account_id", "as_of_date", "month_of_life", "is_leaving", "stays", *(signal.name for signal in signals)]
    return panel[names].reset_index(drop=True)


def _was_active(examples: pd.DataFrame, target: Target) -> pd.Series:
    """Whether an account did within the last month what the target listens for, as far as features tell."""
    active = pd.Series(False, index=examples.index)
    for name, table in (("days_since_last_order", "orders"), ("days_since_last_session", "web_sessions")):
        if table in target.activity and name in examples.columns:
            active |= pd.to_numeric(examples[name], errors="coerce") <= 31
    if "usage" in target.activity:
        for name in (column for column in examples.columns if column.endswith("_lag_1m")):
            active |= pd.to_numeric(examples[name], errors="coerce") > 0
    return active


def compare_signals(panel: pd.DataFrame, signals: Sequence[Signal]) -> pd.DataFrame:
    """Compare signals of leavers with those of stayers at the same dates, in each of the months before.

    For every leaver, the share of stayers of the same date whose value was lower (ties: half), as both were `months_before` - 1 snapshots
    earlier; the mean over leavers is the chance that a leaver's value is above a stayer's. Its variance is DeLong's (1988), summed over
    dates.

    Returns
    -------
    DataFrame
        feature, label, family, months_before (1: the snapshot before leaving), share_above, lo, hi (95 %), p, p_adjusted
        (Benjamini-Hochberg over the signals of a month), n_leavers, n_stayers (distinct accounts), median_leavers, median_stayers.
    """
    names = ["feature", "label", "family", "months_before", "share_above", "lo", "hi", "p", "p_adjusted", "n_leavers", "n_stayers"]
    names += ["median_leavers", "median_stayers"]
    leavers, stayers = panel["is_leaving"] == 1, (panel["is_leaving"] == 0) & panel["stays"]
    table = []
    if int(leavers.sum()) >= MIN_LEAVERS and stayers.any():
        accounts, account = np.unique(panel["account_id"].to_numpy(str), return_inverse=True)
        dates, at = np.unique(panel["as_of_date"].to_numpy(), return_inverse=True)
        for signal in signals:
            values = np.full((len(accounts), len(dates)), np.nan)
            values[account, at] = panel[signal.name].to_numpy(float)
            if signal.family == SILENCE:  # never yet: the longest silence of all
                values[account, at] = np.where(np.isnan(values[account, at]), np.inf, values[account, at])
            for months_before in range(1, MONTHS_BEFORE + 1):
                found = _compare_at(values, account, at, leavers.to_numpy(), stayers.to_numpy(), months_before - 1)
                if found is not None:
                    table.append(
                        {"feature": signal.name, "label": signal.label, "family": signal.family, "months_before": months_before, **found}
                    )
    frame = pd.DataFrame(table, columns=[name for name in names if name != "p_adjusted"])
    frame["p_adjusted"] = frame.groupby("months_before")["p"].transform(_benjamini_hochberg)
    return frame[names]


def _compare_at(
    values: NDArray[np.float64],
    account: NDArray[np.intp],
    at: NDArray[np.intp],
    leavers: NDArray[np.bool_],
    stayers: NDArray[np.bool_],
    back: int,
) -> dict[str, float] | None:
    from scipy.stats import norm

    shares, weights, noise, left_values, stay_values, n_stayers = [], [], [], [], [], set()
    for date_index in np.unique(at[leavers]):
        if date_index < back:
            continue
        before = values[:, date_index - back]
        left = before[account[leavers & (at == date_index)]]
        who = account[stayers & (at == date_index)]
        who = who[~np.isnan(before[who])]
        left, stay = left[~np.isnan(left)], np.sort(before[who])
        if not len(left) or not len(stay):
            continue
        share = (np.searchsorted(stay, left, side="left") + np.searchsorted(stay, left, side="right")) / (2 * len(stay))
        ordered = np.sort(left)
        above = 1 - (np.searchsorted(ordered, stay, side="left") + np.searchsorted(ordered, stay, side="right")) / (2 * len(left))
        shares.append(share)
        weights.append(len(left))
        noise.append(float(np.var(above)) / len(stay))
        left_values.append(left)
        stay_values.append(stay)
        n_stayers.update(who.tolist())
    n = int(sum(weights))
    if n < MIN_LEAVERS:
        return None
    pooled = np.concatenate(shares)
    variance = float(np.var(pooled, ddof=1)) / n + float(np.sum((np.array(weights) / n) ** 2 * np.array(noise)))
    mean, error = float(pooled.mean()), float(np.sqrt(max(variance, 1e-12)))
    return {
        "share_above": mean,
        "lo": max(0.0, mean - _Z * error),
        "hi": min(1.0, mean + _Z * error),
        "p": float(2 * norm.sf(abs(mean - 0.5) / error)),
        "n_leavers": n,
        "n_stayers": len(n_stayers),
        "median_leavers": _finite_median(left_values),
        "median_stayers": _finite_median(stay_values),
    }


def _finite_median(parts: Sequence[NDArray[np.float64]]) -> float:
    middle = float(np.median(np.concatenate(parts)))
    return middle if np.isfinite(middle) else np.nan


def _benjamini_hochberg(p: pd.Series) -> pd.Series:
    from statsmodels.stats.multitest import multipletests

    return pd.Series(multipletests(p.to_numpy(float), method="fdr_bh")[1], index=p.index)
