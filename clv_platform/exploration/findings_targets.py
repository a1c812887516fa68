"""Candidate statements about a target: who upgrades or leaves more often, and where such a relation differs between groups.

Rows of one account at several dates are one witness: every test and interval is clustered by account. A feature's highest and lowest
fifth, its missing values and each level of a category are compared with all other rows; the highest fifth of each metric is compared
between groups too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from clv_platform.config import CompanyConfig
from clv_platform.contracts.features import Feature
from clv_platform.exploration.columns import (
    Coded,
    choose_dimensions,
    choose_metrics,
    code_levels,
    code_quantiles,
    is_definitional,
    plain,
    visible_features,
)
from clv_platform.exploration.contrasts import clustered_p, clustered_sums, permutation_p
from clv_platform.exploration.frames import TargetRows

MIN_RISK_RATIO = 1.25
MIN_RATIO_OF_RATIOS = 1.5
MIN_EXPECTED = 10.0
MIN_OBSERVED = 8
N_FIFTHS = 5
MIN_FIFTH, MAX_FIFTH = 0.1, 0.35  # share of rows in the highest or lowest group: ties make it differ from a fifth


def target_candidates(config: CompanyConfig, rows: TargetRows) -> pd.DataFrame:
    """Compare the share of positives between levels and fifths of every feature, and such relations between groups.

    Returns
    -------
    DataFrame
        Columns as of `group_candidates`, `target` filled.
    """
    frame, y = rows.frame, rows.y
    accounts = pd.factorize(frame["account_id"])[0]
    dates = pd.factorize(frame["as_of_date"])[0] if frame["as_of_date"].notna().all() else np.zeros(len(y), dtype=np.int64)
    expected = (np.bincount(dates, weights=y) / np.bincount(dates))[dates]
    found: list[dict[str, Any]] = []
    for feature in visible_features(config):
        if feature.name in frame.columns:
            found += _compare_levels(
                config, rows.target.name, feature, code_feature(config, feature, frame[feature.name]), accounts, y, expected
            )
    found += _compare_relations(config, rows, accounts)
    return pd.DataFrame(found)


def code_feature(config: CompanyConfig, feature: Feature, values: pd.Series) -> Coded:
    """Code a feature for a target: fifths of numbers, levels of others; missing values, where there are any, are the last level."""
    if feature.type == "number" and values.nunique() > 2:
        coded = code_quantiles(values.to_numpy(float), N_FIFTHS)
    else:
        coded = code_levels(values.astype(float) > 0 if feature.type == "number" else values, config.slice_search.min_rows)
    missing = values.isna().to_numpy()
    if not missing.any():
        return coded
    return Coded(np.where(missing, len(coded.levels), coded.codes), (*coded.levels, "missing"))


def _compare_levels(
    config: CompanyConfig, target: str, feature: Feature, coded: Coded, accounts: np.ndarray, y: np.ndarray, expected: np.ndarray
) -> list[dict[str, Any]]:
    """Each level of one feature against all other rows."""
    n_levels = len(coded.levels)
    if n_levels < 2:
        return []
    codes = coded.codes
    known = codes >= 0
    n = np.bincount(codes[known], minlength=n_levels).astype(float)
    hits = np.bincount(codes[known], weights=y[known], minlength=n_levels)
    n_all, hits_all = float(len(y)), float(y.sum())
    residual = y - expected
    by_level = clustered_sums(residual, accounts, codes, n_levels)
    influence = by_level - (n / n_all) * np.bincount(accounts, weights=residual, minlength=len(by_level))[:, None]
    moments = (np.full(n_levels, hits_all),) * 3
    p_value = np.maximum(clustered_p(influence), permutation_p(n, hits, np.full(n_levels, n_all), (moments[0], moments[1], moments[2])))
    log_effect, error, rate, rate_rest = _risk_ratio(accounts, codes, y, n, hits)
    is_number = feature.type == "number" and coded.levels[0] not in ("no", "yes")
    found = []
    for level in range(n_levels):
        words = _level_words(feature, coded, level, n_levels, is_number, n / n_all)
        fewest = min(n[level], n_all - n[level])
        if (
            words is None
            or fewest < config.slice_search.min_rows
            or fewest * hits_all / n_all < MIN_EXPECTED
            or not np.isfinite(error[level])
        ):
            continue
        kind, text = words
        found.append(
            _row(kind, feature, target, text, n[level], n_all - n[level])
            | {"value": rate[level], "reference": rate_rest[level], "log_effect": log_effect[level], "error": error[level],
               "p_value": p_value[level], "floor": np.log(MIN_RISK_RATIO), "is_distinct": True, "code": level}
        )  # fmt: skip
    return found


def _level_words(feature: Feature, coded: Coded, level: int, n_levels: int, is_number: bool, share: np.ndarray) -> tuple[str, str] | None:
    """Kind and level of a statement, None where nothing is said about this level."""
    name = coded.levels[level]
    if name == "missing":
        return ("target_missing", "missing") if feature.group in ("profile", "snapshot") or feature.name.endswith("_lag_1m") else None
    if not is_number:
        return ("target_level", name)
    n_bins = n_levels - (coded.levels[-1] == "missing")
    if n_bins < 2 or level not in (0, n_bins - 1) or not MIN_FIFTH <= share[level] <= MAX_FIFTH + 0.3 * (level == 0):
        return None
    return ("target_high", name) if level else ("target_low", name)


def _risk_ratio(
    accounts: np.ndarray, codes: np.ndarray, y: np.ndarray, n: np.ndarray, hits: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Log of the ratio of shares to all other rows, its clustered standard error, and both shares."""
    rest, hits_rest = len(y) - n, y.sum() - hits
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, rate_rest = hits / n, hits_rest / rest
        low, low_rest = (hits + 0.5) / (n + 1), (hits_rest + 0.5) / (rest + 1)  # so that no positive gives a finite interval
        ones = np.ones(len(y))
        y_in, n_in = clustered_sums(y, accounts, codes, len(n)), clustered_sums(ones, accounts, codes, len(n))
        y_all, n_account = np.bincount(accounts, weights=y)[:, None], np.bincount(accounts)[:, None]
        inside = (y_in - rate * n_in) / (n * low)
        outside = ((y_all - y_in) - rate_rest * (n_account - n_in)) / (rest * low_rest)
        error = np.sqrt(((inside - outside) ** 2).sum(axis=0))
        log_effect = np.where(hits > 0, np.log(rate / rate_rest), np.log(low / low_rest))
        error = np.where(hits > 0, error, np.hypot(error, 1.0 / np.sqrt(0.5)))
    return log_effect, error, rate, rate_rest


def _compare_relations(config: CompanyConfig, rows: TargetRows, accounts: np.ndarray) -> list[dict[str, Any]]:
    """Whether the highest fifth of a metric means as much inside a group as outside it."""
    frame, y, found = rows.frame, rows.y, []
    features = {feature.name: feature for feature in visible_features(config)}
    names = [metric.name for metric in choose_metrics(config) if not metric.is_share]
    names += [name for name in config.derived_features if name in features and name not in names]
    names = [name for name in names if name in frame.columns]
    groups = {}
    for dimension in choose_dimensions(config):
        if dimension.is_slice and dimension.name in frame.columns:
            groups[dimension] = code_levels(frame[dimension.name], config.slice_search.min_rows)
    for name in names:
        coded = code_quantiles(frame[name].to_numpy(float), N_FIFTHS)
        n_bins = len(coded.levels)
        known = coded.codes >= 0
        is_high = (coded.codes == n_bins - 1) & known
        if n_bins < 2 or not MIN_FIFTH <= is_high.mean() <= MAX_FIFTH:
            continue
        for dimension, levels in groups.items():
            if dimension.name == name or is_definitional(dimension.name, name):
                continue
            for level, text in enumerate(levels.levels):
                inside = levels.codes == level
                cell = np.where(known & (levels.codes >= 0), 2 * inside + is_high, -1)  # 0, 1: outside; 2, 3: inside
                compared = _relation(accounts, cell, y)
                if compared:
                    at_least = plain(float(frame[name].to_numpy(float)[is_high].min()))
                    row = _row("target_relation", features[name], rows.target.name, text, *compared.pop("n"))
                    row |= {"dimension": dimension.name, "dimension_label": dimension.label, "context_level": at_least}
                    found.append(row | compared | {"floor": np.log(MIN_RATIO_OF_RATIOS), "is_distinct": True, "code": level})
    return found


def _relation(accounts: np.ndarray, cell: np.ndarray, y: np.ndarray) -> dict[str, Any] | None:
    """Ratio of the risk ratios of two groups, with the clustered error; None where a cell holds too few positives."""
    known = cell >= 0
    n = np.bincount(cell[known], minlength=4).astype(float)
    hits = np.bincount(cell[known], weights=y[known], minlength=4)
    if hits.min() < MIN_OBSERVED or n.min() < 1 or (n * hits.sum() / n.sum()).min() < MIN_EXPECTED:
        return None
    rate = hits / n
    sign = np.array([1.0, -1.0, -1.0, 1.0])
    weight = sign / hits
    influence = weight[cell[known]] * (y[known] - rate[cell[known]])
    error = float(np.sqrt((np.bincount(accounts[known], weights=influence) ** 2).sum()))
    log_effect = float((sign * np.log(rate)).sum())
    return {
        "n": (n[2] + n[3], n[0] + n[1]), "value": rate[3] / rate[2], "reference": rate[1] / rate[0], "log_effect": log_effect,
        "error": error, "p_value": float(2 * stats.norm.sf(abs(log_effect) / error)),
    }  # fmt: skip


def _row(kind: str, feature: Feature, target: str, level: str, n: float, n_reference: float) -> dict[str, Any]:
    return {
        "kind": kind, "subject": feature.name, "subject_label": feature.label, "unit": feature.unit, "group": feature.group,
        "dimension": feature.name, "dimension_label": feature.label, "level": level, "context": "", "context_label": "",
        "context_level": "", "target": target, "n": int(n), "n_reference": int(n_reference),
    }  # fmt: skip
