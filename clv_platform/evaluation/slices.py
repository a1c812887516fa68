"""How good the model is on parts of the test rows: one column at a time.

Every figure stands with n and an interval. Simple slices only: the search for weak combinations, with its control for multiple testing,
is another file's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.metrics import BINARY_METRICS, Sample, ScoredRows, draw_metrics, f1_metric, interval_from_draws, wilson_interval

Floats = NDArray[np.float64]
MISSING, OTHER, ALL = "(missing)", "(other)", "(all)"
MAX_LEVELS = 12
MIN_ROWS = 30
_N_QUANTILES = 4
_BOOTSTRAPPED = {
    "f1": (0.0, 1.0),
    "pr_auc": (0.0, 1.0),
    "lift_at_20": (0.0, 5.0),
    "log_loss": (0.0, np.inf),
    "observed_expected": (0.0, np.inf),
}
_RATES = ("base_rate", "precision", "recall")
_FIGURES = tuple(f"{name}{end}" for name in (*_RATES, *_BOOTSTRAPPED) for end in ("", "_lo", "_hi"))
COLUMNS = ("column", "level", "n", "n_accounts", "n_positive", *_FIGURES)


def evaluate_slices(
    y: Floats, scores: Floats, thresholds: Floats, accounts: NDArray[Any], columns: pd.DataFrame, *, seed: int, n_bootstraps: int
) -> pd.DataFrame:
    """Metrics of every level of every column.

    Parameters
    ----------
    y, accounts : arrays of shape (n,)
        Labels 0/1 and account ids.
    scores, thresholds : arrays of shape (n_seeds, n)
        Probabilities and F1 thresholds; figures are means over seeds.
    columns : DataFrame of n rows
        What to slice by. Numbers are cut at quartiles; of the others the largest levels are shown and the rest is `(other)`.
    seed, n_bootstraps : int
        For the intervals of f1, pr_auc, lift_at_20, log_loss and observed_expected (accounts resampled); rates have Wilson intervals.

    Returns
    -------
    DataFrame
        A row for all and one per level: column, level, n, n_accounts, n_positive, then base_rate, precision, recall, f1 (at the
        threshold), pr_auc, lift_at_20, log_loss, observed_expected (positives seen per positive predicted), each with `_lo` and `_hi`;
        NaN where nothing can be said, such as recall without positives.
    """
    if not len(columns.columns):
        return pd.DataFrame(columns=list(COLUMNS)).astype(
            {name: "object" if name in ("column", "level") else "float64" for name in COLUMNS}
        )
    rows = [_slice(ALL, ALL, np.ones(y.size, dtype=bool), y, scores, thresholds, accounts, seed, n_bootstraps)]
    for column in columns.columns:
        levels = slice_levels(columns[column])
        for level in dict.fromkeys(levels[np.argsort(_level_order(columns[column], levels), kind="stable")].tolist()):
            rows.append(_slice(str(column), level, levels == level, y, scores, thresholds, accounts, seed, n_bootstraps))
    return pd.DataFrame(rows)[list(COLUMNS)]


def slice_levels(values: pd.Series) -> NDArray[np.object_]:
    """Name each row's level: quartiles of numbers with more than a few values, else the value; `(missing)` and `(other)` for rare ones."""
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if is_number and values.nunique() > MAX_LEVELS:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, _N_QUANTILES + 1)))
        position = np.clip(np.searchsorted(edges, numbers, side="left") - 1, 0, edges.size - 2)
        names = [f"{'≥' if i == 0 else '>'} {edges[i]:.4g} to {edges[i + 1]:.4g}" for i in range(edges.size - 1)]
        return np.where(np.isnan(numbers), MISSING, np.array(names, dtype=object)[position]).astype(object)
    text = values.astype(object).map(lambda value: f"{value:g}" if isinstance(value, float) else str(value), na_action="ignore")
    levels = text.where(values.notna(), MISSING).to_numpy(dtype=object)
    counts = pd.Series(levels).value_counts()
    rare = set(counts.index[(counts < MIN_ROWS) | (np.arange(len(counts)) >= MAX_LEVELS)]) - {MISSING}
    return np.array([OTHER if level in rare else level for level in levels], dtype=object) if len(rare) > 1 else levels


def _level_order(values: pd.Series, levels: NDArray[np.object_]) -> NDArray[Any]:
    """Sort key of rows: numbers by size, other levels by name, `(other)` and `(missing)` last."""
    last = np.isin(levels.astype(str), (OTHER, MISSING))
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(last | np.isnan(numbers), np.inf, numbers)
    return np.unique(levels.astype(str), return_inverse=True)[1] + np.where(last, levels.size, 0)


def _observed_expected(sample: Sample) -> float:
    expected = float(sample.weights @ sample.score)
    return sample.total_positive / expected if expected > 0 else float("nan")


def _slice(
    column: str,
    level: str,
    mask: NDArray[np.bool_],
    y: Floats,
    scores: Floats,
    thresholds: Floats,
    accounts: NDArray[Any],
    seed: int,
    n_bootstraps: int,
) -> dict[str, Any]:
    labels, chosen, limits, who = y[mask], scores[:, mask], thresholds[:, mask], accounts[mask]
    row: dict[str, Any] = {
        "column": column,
        "level": level,
        "n": labels.size,
        "n_accounts": np.unique(who).size,
        "n_positive": int(labels.sum()),
    }
    called = chosen >= limits
    hits = float((called * labels).sum(axis=1).mean())
    for name, k, n in (
        ("base_rate", labels.sum(), labels.size),
        ("precision", hits, float(called.sum(axis=1).mean())),
        ("recall", hits, labels.sum()),
    ):
        lo, hi = wilson_interval(k, n)
        row |= {name: k / n if n else np.nan, f"{name}_lo": float(lo), f"{name}_hi": float(hi)}
    metrics = {
        str(s): {name: BINARY_METRICS[name] for name in ("pr_auc", "lift_at_20", "log_loss")}
        | {"f1": f1_metric(limits[s]), "observed_expected": _observed_expected}
        for s in range(chosen.shape[0])
    }
    wholes = {key: ScoredRows(labels, chosen[int(key)]).weighted() for key in metrics}
    draws = draw_metrics(metrics, labels, {key: chosen[int(key)] for key in metrics}, who, n_bootstraps, seed)
    for name, bounds in _BOOTSTRAPPED.items():
        value = float(np.mean([metrics[key][name](wholes[key]) for key in metrics]))
        interval = interval_from_draws(value, np.mean([draws[key][name] for key in metrics], axis=0), bounds=bounds)
        row |= {name: interval.value, f"{name}_lo": interval.lo, f"{name}_hi": interval.hi}
    return row
