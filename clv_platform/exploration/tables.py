"""Tables of an exploration: metrics by group, pairs of groups, months, missing values, correlations, outliers.

Each is a long frame that is written as Parquet beside the page. Groups below the smallest size of the config are left out, so that no
table points at single accounts. Add a table as a function of frames; keep pictures and sentences out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv_platform.config import CompanyConfig
from clv_platform.exploration.columns import (
    Coded,
    Dimension,
    Metric,
    choose_dimensions,
    choose_metrics,
    code_levels,
    outlier_limit,
    visible_features,
)
from clv_platform.exploration.findings_time import month_columns, month_table
from clv_platform.exploration.frames import ExplorationFrames
from clv_platform.exploration.tables_target import build_balance, build_target_features

ALL = "all accounts"
MAX_LEVELS_SHOWN = 10
MAX_CORRELATED = 14
LAGS = (1, 2, 3)


@dataclass(frozen=True)
class ExplorationTables:
    """The tables of one exploration; any may be empty.

    Attributes
    ----------
    by_group : DataFrame
        dimension, level, metric, label, unit, n, n_known, sum, mean, lo, hi, share_of_accounts, share_of_sum; dimension and level "all
        accounts" first.
    pairs : DataFrame
        row_dimension, row_level, column_dimension, column_level, metric, label, lag (0: mean of three months), n, mean.
    mix : DataFrame
        row_dimension, row_level, column_dimension, column_level, n, expected, times_expected.
    months : DataFrame
        month_end_date, metric, label, unit, level, n, sum, mean.
    balance : DataFrame
        target, as_of_date, n, n_positive.
    target_features : DataFrame
        target, feature, label, bin, level, n, n_positive, rate, lo, hi, association.
    missing : DataFrame
        column, label, n, n_missing, share.
    correlations : DataFrame
        left, right, left_label, right_label, rho, n.
    outliers : DataFrame
        metric, label, unit, n, median, p99, maximum, limit, n_outliers, top_share (of the sum held by the top 1 % of the accounts).
    """

    by_group: pd.DataFrame
    pairs: pd.DataFrame
    mix: pd.DataFrame
    months: pd.DataFrame
    balance: pd.DataFrame
    target_features: pd.DataFrame
    missing: pd.DataFrame
    correlations: pd.DataFrame
    outliers: pd.DataFrame


def build_tables(config: CompanyConfig, frames: ExplorationFrames) -> ExplorationTables:
    """Compute every table that the company's columns allow."""
    accounts = frames.accounts
    metrics = [metric for metric in choose_metrics(config) if metric.name in accounts.columns and accounts[metric.name].notna().any()]
    groups = code_dimensions(config, accounts)
    return ExplorationTables(
        by_group=_by_group(accounts, metrics, groups),
        pairs=_pairs(accounts, metrics, groups),
        mix=_mix(groups),
        months=_months(config, frames),
        balance=build_balance(frames),
        target_features=build_target_features(config, frames),
        missing=_missing(config, accounts),
        correlations=_correlations(accounts, metrics),
        outliers=_outliers(accounts, metrics),
    )


def code_dimensions(config: CompanyConfig, accounts: pd.DataFrame) -> dict[Dimension, Coded]:
    """Code the dimensions that have at least two levels large enough, at most `MAX_LEVELS_SHOWN` each."""
    coded = {
        dimension: code_levels(
            accounts[dimension.name], config.slice_search.min_rows, MAX_LEVELS_SHOWN, min_other=config.slice_search.min_rows
        )
        for dimension in choose_dimensions(config)
        if dimension.name in accounts.columns
    }
    return {dimension: found for dimension, found in coded.items() if len(found.levels) > 1}


def _by_group(accounts: pd.DataFrame, metrics: list[Metric], groups: dict[Dimension, Coded]) -> pd.DataFrame:
    parts = [_one_dimension(accounts, metrics, ALL, ALL, Coded(np.zeros(len(accounts), dtype=np.int64), (ALL,)))]
    parts += [_one_dimension(accounts, metrics, dimension.name, dimension.label, coded) for dimension, coded in groups.items()]
    return pd.concat(parts, ignore_index=True)


def _one_dimension(accounts: pd.DataFrame, metrics: list[Metric], name: str, label: str, coded: Coded) -> pd.DataFrame:
    rows, size = [], np.bincount(coded.codes[coded.codes >= 0], minlength=len(coded.levels))
    for metric in metrics:
        values = accounts[metric.name].astype(float).to_numpy()
        total = float(np.nansum(values))
        for code, level in enumerate(coded.levels):
            inside = values[coded.codes == code]
            inside = inside[np.isfinite(inside)]
            mean = float(inside.mean()) if len(inside) else float("nan")
            width = 1.96 * float(inside.std(ddof=1)) / np.sqrt(len(inside)) if len(inside) > 1 else float("nan")
            rows.append(
                {"dimension": name, "dimension_label": label, "level": level, "metric": metric.name, "label": metric.label,
                 "unit": metric.unit, "n": int(size[code]), "n_known": len(inside), "sum": float(inside.sum()), "mean": mean,
                 "lo": mean - width, "hi": mean + width, "share_of_accounts": size[code] / max(len(accounts), 1),
                 "share_of_sum": float(inside.sum()) / total if total else float("nan")}
            )  # fmt: skip
    return pd.DataFrame(rows)


def pair_of(groups: dict[Dimension, Coded], preferred: tuple[str, str]) -> tuple[Dimension, Dimension] | None:
    """Choose two dimensions for a heat map: the preferred ones where there are both, else the first two slices (or others)."""
    by_name = {dimension.name: dimension for dimension in groups}
    if all(name in by_name for name in preferred):
        return by_name[preferred[0]], by_name[preferred[1]]
    ordered = sorted(groups, key=lambda dimension: not dimension.is_slice)
    return (ordered[0], ordered[1]) if len(ordered) > 1 else None


def _pairs(accounts: pd.DataFrame, metrics: list[Metric], groups: dict[Dimension, Coded]) -> pd.DataFrame:
    """Means of engagement metrics by two dimensions, for usage month by month back."""
    pair = pair_of(groups, ("territory", "product"))
    if pair is None:
        return pd.DataFrame()
    rows = []
    for metric in (metric for metric in metrics if metric.name not in (pair[0].name, pair[1].name)):
        columns = {0: metric.name} | {lag: f"{metric.usage_metric}_lag_{lag}m" for lag in LAGS if metric.usage_metric}
        for lag, column in columns.items():
            if column in accounts.columns:
                values = accounts[column].astype(float).to_numpy()
                cells = _cell_means(values, groups[pair[0]], groups[pair[1]])
                rows += [
                    {"row_dimension": pair[0].name, "row_level": groups[pair[0]].levels[i], "column_dimension": pair[1].name,
                     "column_level": groups[pair[1]].levels[k], "metric": metric.name, "label": metric.label, "lag": lag,
                     "n": n, "mean": mean}
                    for i, k, n, mean in cells
                ]  # fmt: skip
    return pd.DataFrame(rows)


def _cell_means(values: np.ndarray, left: Coded, right: Coded) -> list[tuple[int, int, int, float]]:
    known = np.isfinite(values) & (left.codes >= 0) & (right.codes >= 0)
    shape = (len(left.levels), len(right.levels))
    cell = left.codes[known] * shape[1] + right.codes[known]
    n = np.bincount(cell, minlength=shape[0] * shape[1])
    total = np.bincount(cell, weights=values[known], minlength=shape[0] * shape[1])
    return [(i // shape[1], i % shape[1], int(n[i]), float(total[i] / n[i]) if n[i] else float("nan")) for i in range(len(n))]


def _mix(groups: dict[Dimension, Coded]) -> pd.DataFrame:
    """Accounts by two dimensions, beside what independence would give."""
    pair = pair_of(groups, ("product", "industry"))
    if pair is None:
        return pd.DataFrame()
    left, right = groups[pair[0]], groups[pair[1]]
    known = (left.codes >= 0) & (right.codes >= 0)
    shape = (len(left.levels), len(right.levels))
    n = np.bincount(left.codes[known] * shape[1] + right.codes[known], minlength=shape[0] * shape[1]).reshape(shape)
    expected = n.sum(axis=1, keepdims=True) * n.sum(axis=0, keepdims=True) / max(n.sum(), 1)
    rows = [
        {"row_dimension": pair[0].name, "row_level": left.levels[i], "column_dimension": pair[1].name, "column_level": right.levels[k],
         "n": int(n[i, k]), "expected": float(expected[i, k]),
         "times_expected": float(n[i, k] / expected[i, k]) if expected[i, k] else np.nan}
        for i in range(shape[0]) for k in range(shape[1])
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _months(config: CompanyConfig, frames: ExplorationFrames) -> pd.DataFrame:
    """Each month's sum and mean per account, for all accounts and by the first dimension."""
    if frames.months.empty:
        return pd.DataFrame()
    ends = np.sort(frames.months["month_end_date"].unique())
    ids = pd.Index(pd.factorize(frames.months["account_id"])[1])
    levels: dict[str, np.ndarray] = {ALL: np.ones(len(ids), dtype=bool)}
    for dimension, coded in list(code_dimensions(config, frames.accounts).items())[:1]:
        place = pd.Index(frames.accounts["account_id"]).get_indexer(ids)
        codes = np.where(place >= 0, coded.codes[place], -1)
        levels |= {f"{dimension.label} {level}": codes == code for code, level in enumerate(coded.levels[:5])}
    rows = []
    for name, (label, unit, _), is_event in month_columns(config, frames.months):
        table = month_table(frames.months, name, ends, is_event)
        for level, inside in levels.items():
            known = np.isfinite(table[inside])
            total, n = np.where(known, table[inside], 0.0).sum(axis=0), known.sum(axis=0)
            rows += [
                {"month_end_date": pd.Timestamp(ends[i]), "metric": name, "label": label, "unit": unit, "level": level, "n": int(n[i]),
                 "sum": float(total[i]), "mean": float(total[i] / n[i]) if n[i] else np.nan}
                for i in range(len(ends))
            ]  # fmt: skip
    return pd.DataFrame(rows)


def _missing(config: CompanyConfig, accounts: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for feature in visible_features(config):
        if feature.name in accounts.columns:
            n_missing = int(accounts[feature.name].isna().sum())
            share = n_missing / max(len(accounts), 1)
            rows.append(
                {
                    "column": feature.name,
                    "label": feature.label,
                    "group": feature.group,
                    "n": len(accounts),
                    "n_missing": n_missing,
                    "share": share,
                }
            )
    return pd.DataFrame(rows).sort_values(["share", "column"], ascending=[False, True], kind="stable").reset_index(drop=True)


def _correlations(accounts: pd.DataFrame, metrics: list[Metric]) -> pd.DataFrame:
    """Spearman's correlation of each pair of metrics, over accounts that have both."""
    usable = [m for m in metrics if accounts[m.name].notna().sum() >= 30 and accounts[m.name].min() < accounts[m.name].max()]
    usable = sorted(usable, key=lambda m: m.is_share)[:MAX_CORRELATED]
    values = pd.DataFrame({m.name: accounts[m.name].astype(float) for m in usable})
    rho = values.corr(method="spearman", min_periods=30)
    rows = []
    for i, left in enumerate(usable):
        for right in usable[i + 1 :]:
            n = int((values[left.name].notna() & values[right.name].notna()).sum())
            correlation = float(rho.to_numpy()[i, usable.index(right)])
            rows.append(
                {"left": left.name, "right": right.name, "left_label": left.label, "right_label": right.label, "rho": correlation, "n": n}
            )
    return pd.DataFrame(rows)


def _outliers(accounts: pd.DataFrame, metrics: list[Metric]) -> pd.DataFrame:
    rows = []
    for metric in metrics:
        values = accounts[metric.name].astype(float).to_numpy()
        known = values[np.isfinite(values)]
        if metric.is_share or len(known) < 30:
            continue
        limit, total = outlier_limit(known), float(np.clip(known, 0, None).sum())
        top = np.sort(known)[-max(len(known) // 100, 1) :]
        rows.append(
            {"metric": metric.name, "label": metric.label, "unit": metric.unit, "n": len(known), "median": float(np.median(known)),
             "p99": float(np.quantile(known, 0.99)), "maximum": float(known.max()), "limit": limit,
             "n_outliers": int((known > limit).sum()),
             "top_share": float(np.clip(top, 0, None).sum()) / total if total else np.nan}
        )  # fmt: skip
    return pd.DataFrame(rows)
