"""Candidate statements about groups of accounts: who has more of what, and where values are missing.

Each metric (its ranks), each yes-or-no column and each pattern of missing values is compared between every level of every dimension and the
rest, and, for pairs of slices, within every level of another one. Every comparison is a row with its p-value; choosing among them is
`findings`' business.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from clv_platform.config import CompanyConfig
from clv_platform.exploration.columns import (
    OTHER,
    Coded,
    Dimension,
    Metric,
    choose_dimensions,
    choose_metrics,
    code_levels,
    is_definitional,
    outlier_limit,
    visible_features,
)
from clv_platform.exploration.contrasts import permutation_p, ratio_of_means

MIN_RATIO = 1.25
MIN_MISSING, MAX_MISSING = 0.005, 0.99


@dataclass(frozen=True)
class Measured:
    """What is compared: values and scores of one metric, or of missing values, per account.

    Attributes
    ----------
    kind : {"metric", "missing"}
    values : array of float
        NaN where unknown or an outlier.
    scores : array of float
        What is tested: centred ranks, or the value itself where it is yes or no.
    """

    kind: str
    metric: Metric
    values: np.ndarray
    scores: np.ndarray


def group_candidates(config: CompanyConfig, accounts: pd.DataFrame) -> pd.DataFrame:
    """Compare every metric and missing pattern between groups.

    Parameters
    ----------
    accounts : DataFrame
        One row per account.

    Returns
    -------
    DataFrame
        One row per comparison: kind, subject, dimension, level, context, context_level, n, n_reference, value, reference, log_effect,
        error, p_value, floor (of the absolute log effect), is_distinct (False: within the context it is as outside it,
        or ranks and means disagree), is_share.
    """
    min_rows = config.slice_search.min_rows
    measured = measure(config, accounts)
    dimensions = {d: code_levels(accounts[d.name], min_rows, min_other=1) for d in choose_dimensions(config) if d.name in accounts.columns}
    dimensions = {d: coded for d, coded in dimensions.items() if len(coded.levels) > 1}
    if not measured or not dimensions:
        return pd.DataFrame()
    stack = _Stack.of(measured)
    found = []
    for dimension, coded in dimensions.items():
        everyone = np.where(coded.codes >= 0, 0, -1)
        found.append(_compare(stack, dimension, coded, None, Coded(everyone, ("all",)), min_rows))
    slices = [d for d in dimensions if d.is_slice]
    for dimension in slices:
        for context in slices:
            if context != dimension:
                found.append(_compare(stack, dimension, dimensions[dimension], context, dimensions[context], min_rows))
    frames = [frame for frame in found if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def measure(config: CompanyConfig, accounts: pd.DataFrame) -> list[Measured]:
    """Return what can be compared: metrics that are never negative, yes-or-no columns, and columns with missing values."""
    found: list[Measured] = []
    if accounts.empty:
        return found
    for metric in choose_metrics(config):
        if metric.name not in accounts.columns:
            continue
        values = accounts[metric.name].astype(float).to_numpy()
        known = np.isfinite(values)
        if known.sum() < 30 or np.ptp(values[known]) == 0 or values[known].min() < 0:
            continue
        if metric.is_share:
            found.append(Measured("metric", metric, values, values))
            continue
        values = np.where(values > outlier_limit(values), np.nan, values)
        found.append(Measured("metric", metric, values, _centred_ranks(values)))
    for feature in visible_features(config):
        name = feature.name
        is_collected = feature.group in ("profile", "snapshot") or any(name == f"{usage}_lag_1m" for usage in config.usage_metrics)
        if not is_collected or name not in accounts.columns:
            continue
        missing = accounts[name].isna().to_numpy(float)
        if MIN_MISSING <= missing.mean() <= MAX_MISSING:
            found.append(Measured("missing", Metric(name, feature.label, "share", feature.group, is_share=True), missing, missing))
    return found


@dataclass(frozen=True)
class _Stack:
    """All measured columns side by side: sums by group are then a few matrix products."""

    measured: tuple[Measured, ...]
    known: np.ndarray
    values: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, measured: list[Measured]) -> _Stack:
        values = np.column_stack([m.values for m in measured])
        known = np.isfinite(values)
        scores = np.where(known, np.column_stack([m.scores for m in measured]), 0.0)
        return cls(tuple(measured), known.astype(float), np.where(known, values, 0.0), scores)

    def sums(self, codes: np.ndarray, n_codes: int) -> dict[str, np.ndarray]:
        """Sums by code, each (codes, measured)."""
        inside = codes >= 0
        order = np.argsort(codes[inside], kind="stable")
        sorted_codes = codes[inside][order]
        starts = np.searchsorted(sorted_codes, np.arange(n_codes))
        counts = np.bincount(sorted_codes, minlength=n_codes)

        def by_code(columns: np.ndarray) -> np.ndarray:
            rows = columns[inside][order]
            if not len(rows):
                return np.zeros((n_codes, columns.shape[1]))
            summed = np.add.reduceat(np.vstack([rows, np.zeros((1, rows.shape[1]))]), np.minimum(starts, len(rows)), axis=0)
            return np.where(counts[:, None] > 0, summed, 0.0)

        return {
            "n": by_code(self.known), "value": by_code(self.values), "square": by_code(self.values**2),
            "score": by_code(self.scores), "score2": by_code(self.scores**2), "score3": by_code(self.scores**3),
        }  # fmt: skip


def _compare(stack: _Stack, dimension: Dimension, coded: Coded, context: Dimension | None, around: Coded, min_rows: int) -> pd.DataFrame:
    """Compare each level with the others, within each level of the context."""
    n_levels, n_contexts = len(coded.levels), len(around.levels)
    codes = np.where((coded.codes >= 0) & (around.codes >= 0), around.codes * n_levels + coded.codes, -1)
    cells = {name: values.reshape(n_contexts, n_levels, -1) for name, values in stack.sums(codes, n_contexts * n_levels).items()}
    whole = {name: values.sum(axis=1, keepdims=True) for name, values in cells.items()}
    n, n_all = cells["n"], np.broadcast_to(whole["n"], cells["n"].shape)
    log_effect, error, value, reference = _effects(cells, whole)
    moments = tuple(np.broadcast_to(whole[name], n.shape) for name in ("score", "score2", "score3"))
    p_value = permutation_p(n, cells["score"], n_all, (moments[0], moments[1], moments[2]))
    usable = (n >= min_rows) & (n_all - n >= min_rows)
    if context is not None:
        usable_elsewhere, differs, difference = _differs_elsewhere(cells, whole, log_effect, error, min_rows)
        usable &= usable_elsewhere
        p_value = np.maximum(p_value, differs)
    else:
        difference = np.full(n.shape, np.inf)
    usable &= np.array([level != OTHER for level in coded.levels])[None, :, None]
    usable &= np.array([level != OTHER for level in around.levels])[:, None, None]
    where = np.argwhere(usable)
    rows = [
        _row(stack.measured[k], dimension, coded.levels[level], context, around.levels[i], (int(n[i, level, k]), int(n_all[i, level, k])))
        for i, level, k in where
    ]
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    at = tuple(where.T)
    frame = frame.assign(
        value=value[at], reference=reference[at], log_effect=log_effect[at], error=error[at], p_value=p_value[at],
        floor=np.log(MIN_RATIO), is_distinct=((difference >= np.log(MIN_RATIO)) & _same_direction(cells, whole, log_effect))[at],
    )  # fmt: skip
    is_own = (frame["subject"] == dimension.name) | (frame["subject"] == (context.name if context else ""))
    is_set = [
        is_definitional(dimension.name, name) and kind == "metric" for name, kind in zip(frame["subject"], frame["kind"], strict=True)
    ]
    return frame[~is_own & ~np.array(is_set)]


def _effects(cells: dict[str, np.ndarray], whole: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Log ratio of means to the rest, its error, and the two means."""
    n, rest = cells["n"], whole["n"] - cells["n"]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, mean_rest = cells["value"] / n, (whole["value"] - cells["value"]) / rest
        variance = np.maximum(cells["square"] / n - mean**2, 0) * n / (n - 1)
        variance_rest = np.maximum((whole["square"] - cells["square"]) / rest - mean_rest**2, 0) * rest / (rest - 1)
    log_effect, error = ratio_of_means(n, mean, variance, rest, mean_rest, variance_rest)
    return log_effect, error, mean, mean_rest


def _same_direction(cells: dict[str, np.ndarray], whole: dict[str, np.ndarray], log_effect: np.ndarray) -> np.ndarray:
    """Whether ranks and means point the same way: else a few accounts make the mean, and no sentence about "the accounts" is true."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = cells["score"] / cells["n"] - whole["score"] / whole["n"]
    return np.sign(shift) == np.sign(log_effect)


def _differs_elsewhere(
    cells: dict[str, np.ndarray], whole: dict[str, np.ndarray], log_effect: np.ndarray, error: np.ndarray, min_rows: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether the comparison can be made outside the context too, the p-value that it is the same there, and how much it differs.

    Where it is the same, the deeper statement adds nothing to the one about all accounts.
    """
    outside = {name: values.sum(axis=0, keepdims=True) - values for name, values in cells.items()}
    outside_whole = {name: values.sum(axis=1, keepdims=True) for name, values in outside.items()}
    log_outside, error_outside, *_ = _effects(outside, outside_whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (log_effect - log_outside) / np.hypot(error, error_outside)
    usable = (outside["n"] >= min_rows) & (outside_whole["n"] - outside["n"] >= min_rows) & np.isfinite(z)
    p_value = np.where(np.isfinite(z), 2 * stats.norm.sf(np.abs(np.where(np.isfinite(z), z, 0.0))), 1.0)
    return usable, p_value, np.abs(log_effect - log_outside)


def _row(what: Measured, dimension: Dimension, level: str, context: Dimension | None, context_level: str, n: tuple[int, int]) -> dict:
    return {
        "kind": what.kind, "subject": what.metric.name, "subject_label": what.metric.label, "unit": what.metric.unit,
        "group": what.metric.group, "dimension": dimension.name, "dimension_label": dimension.label, "level": level,
        "context": context.name if context else "", "context_label": context.label if context else "",
        "context_level": context_level if context else "", "target": "", "is_share": what.metric.is_share,
        "n": n[0], "n_reference": n[1] - n[0],
    }  # fmt: skip


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of known values, averaged over ties, centred and scaled to -0.5 .. 0.5."""
    ranks = np.full(len(values), np.nan)
    known = np.isfinite(values)
    ranks[known] = (stats.rankdata(values[known]) - 0.5) / known.sum() - 0.5
    return ranks
