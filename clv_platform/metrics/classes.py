"""Metrics of predicted outcomes (yes/no at a threshold, segments): how often predictions are right, of which outcome, and how sure that is.

Here: functions of (actual, predicted) texts, of counts, and the table of counts that both come from. Accuracy is here for people who ask
for it, beside the share of the commonest outcome, which it must beat. Keep scores out (see `binary`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clv_platform.metrics.intervals import LEVEL, wilson_interval
from clv_platform.metrics.ranking import Floats

N_DRAWS = 200


def confusion_counts(actual: ArrayLike, predicted: ArrayLike, classes: Sequence[str]) -> NDArray[np.int64]:
    """Count rows by actual (rows) and predicted outcome (columns), in the order of `classes`.

    Raises
    ------
    ValueError
        When lengths differ or a value is none of the classes.
    """
    places = {name: place for place, name in enumerate(classes)}
    sides = [np.asarray(values, dtype=object).reshape(-1) for values in (actual, predicted)]
    if sides[0].size != sides[1].size:
        raise ValueError(f"actual and predicted: expected as many values, found {sides[0].size} and {sides[1].size}.")
    try:
        codes = [np.fromiter((places[value] for value in side), dtype=np.int64, count=side.size) for side in sides]
    except KeyError as error:
        raise ValueError(f"outcomes: expected one of {list(classes)}, found {error.args[0]!r}.") from None
    k = len(classes)
    return np.bincount(codes[0] * k + codes[1], minlength=k * k).reshape(k, k)


def accuracy(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Share of predictions that are right; NaN without rows."""
    right = np.asarray(actual, dtype=object) == np.asarray(predicted, dtype=object)
    return float(np.mean(right)) if np.size(right) else float("nan")


def precision(actual: ArrayLike, predicted: ArrayLike, level: str) -> float:
    """Share of the rows predicted to be `level` that are; NaN when none is predicted to be."""
    right, n_predicted, _ = _counts(actual, predicted, level)
    return right / n_predicted if n_predicted else float("nan")


def recall(actual: ArrayLike, predicted: ArrayLike, level: str) -> float:
    """Share of the rows that are `level` which were predicted to be; NaN when none is."""
    right, _, n_actual = _counts(actual, predicted, level)
    return right / n_actual if n_actual else float("nan")


def f1(actual: ArrayLike, predicted: ArrayLike, level: str) -> float:
    """Harmonic mean of precision and recall of one outcome; NaN when it neither happened nor was predicted."""
    right, n_predicted, n_actual = _counts(actual, predicted, level)
    return 2 * right / (n_predicted + n_actual) if n_predicted + n_actual else float("nan")


def macro_f1(counts: ArrayLike) -> float:
    """Mean of the outcomes' F1, each outcome counting the same; from `confusion_counts`; outcomes that nobody has are left out."""
    return float(_macro_f1(np.asarray(counts, dtype=np.float64)))


def rate_interval(n_hit: ArrayLike, n: ArrayLike, rows_per_account: float = 1.0) -> tuple[Floats, Floats]:
    """Wilson interval of a share when several rows of one account count as one: rows of an account are alike, so they say less."""
    return wilson_interval(np.asarray(n_hit) / rows_per_account, np.asarray(n) / rows_per_account)


def f1_interval(n_right: ArrayLike, n_predicted: ArrayLike, n_actual: ArrayLike, rows_per_account: float = 1.0) -> tuple[Floats, Floats]:
    """Interval of F1: F1 = 2 J / (1 + J) rises with J, the share of the rows predicted to be or being the outcome that are both."""
    right = np.asarray(n_right, dtype=np.float64)
    either = np.asarray(n_predicted, dtype=np.float64) + np.asarray(n_actual, dtype=np.float64) - right
    lo, hi = rate_interval(right, either, rows_per_account)
    return 2 * lo / (1 + lo), 2 * hi / (1 + hi)


def macro_f1_interval(counts: ArrayLike, rows_per_account: float = 1.0, seed: int = 0) -> tuple[float, float]:
    """Interval of the macro F1: tables of counts drawn with the observed shares (multinomial bootstrap), shifted by their bias."""
    table = np.asarray(counts, dtype=np.float64)
    n = table.sum()
    if n < 1:
        return float("nan"), float("nan")
    random = np.random.default_rng(seed)
    drawn = random.multinomial(max(int(n / rows_per_account), 1), (table / n).reshape(-1), size=N_DRAWS)
    figures = _macro_f1(drawn.reshape(N_DRAWS, *table.shape).astype(np.float64))
    value = macro_f1(table)
    figures = figures[np.isfinite(figures)]
    lo, hi = np.quantile(figures - (figures.mean() - value), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(np.clip(min(lo, value), 0, 1)), float(np.clip(max(hi, value), 0, 1))


def _macro_f1(table: Floats) -> Floats:
    """Macro F1 of the last two axes."""
    right = np.diagonal(table, axis1=-2, axis2=-1)
    both = table.sum(axis=-1) + table.sum(axis=-2)
    each = np.divide(2 * right, both, out=np.full(right.shape, np.nan), where=both > 0)
    there = np.isfinite(each).sum(axis=-1)
    total = np.nansum(each, axis=-1)
    return np.divide(total, there, out=np.full(np.shape(total), np.nan), where=there > 0)


def _counts(actual: ArrayLike, predicted: ArrayLike, level: str) -> tuple[int, int, int]:
    y, p = (np.asarray(values, dtype=object) == level for values in (actual, predicted))
    return int(np.sum(y & p)), int(np.sum(p)), int(np.sum(y))
