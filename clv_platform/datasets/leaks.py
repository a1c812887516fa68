"""Leakage guards, run before training: does X hold the answer, or the training rows the future?

Blocking: label columns among the features, one feature that separates the classes almost alone, training labels that reach into the test,
an account and date on both sides. A warning: equal feature rows across the split, because real data have them. Add a guard here with a test
of its exact message; keep raising out: an asset check decides what to do with the report.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.datasets.examples import Examples
from clv_platform.datasets.splits import TimeSplit

MAX_SINGLE_AUC = 0.98
_FEW_LEVELS = 20
_N_FOLDS = 5


@dataclass(frozen=True)
class Leak:
    """One finding: label_column, single_feature, time_order, same_account_and_date or equal_rows; the column, if it is one; the message."""

    kind: str
    column: str | None
    message: str


@dataclass(frozen=True)
class LeakReport:
    """What the guards found; `leaks` block training, `warnings` don't."""

    leaks: tuple[Leak, ...]
    warnings: tuple[Leak, ...]

    @property
    def is_clean(self) -> bool:
        """Whether training may go on."""
        return not self.leaks

    @property
    def message(self) -> str:
        """The blocking findings, one per line; a sentence when there are none."""
        return "\n".join(leak.message for leak in self.leaks) or "No leak found."


def find_leaks(examples: Examples, split: TimeSplit | None) -> LeakReport:
    """Look for leaks in examples and, when they are split by time, across the split.

    Parameters
    ----------
    examples : Examples
        All rows; those with labels are examined (with a split: its training and test rows).
    split : TimeSplit or None
        None for undated data that are judged on folds.

    Returns
    -------
    LeakReport
        Each message names the column, what was found and how to fix it.
    """
    labelled = examples.take(examples.is_usable if split is None else _rows_of(examples, split))
    leaks = [*_label_columns(examples), *_single_features(labelled)]
    if split is None:
        leaks += _repeated_accounts(labelled)
        warnings = _equal_rows_within(labelled)
    else:
        leaks += [*_time_order(split), *_same_keys(split)]
        warnings = _equal_rows_across(split)
    return LeakReport(tuple(leaks), tuple(warnings))


def single_feature_auc(values: pd.Series, y: NDArray[np.float64], folds: NDArray[np.integer]) -> float:
    """How well one feature alone ranks the positives, direction ignored: 0.5 for nothing, 1 for everything.

    Numbers by rank, missing ones below or above all others, whichever tells more. Categories, and numbers of few levels, by the rate of
    positives of their level (missing is a level) on the other folds, so that a level per account isn't mistaken for a leak.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _auc_of_levels(values.cat.codes.to_numpy(), y, folds)
    numbers = values.to_numpy(dtype=np.float64)
    gaps = np.isnan(numbers)
    lowest = _auc(np.where(gaps, -np.inf, numbers), y)
    highest = _auc(np.where(gaps, np.inf, numbers), y) if gaps.any() else lowest
    by_rank = max(lowest, 1 - lowest, highest, 1 - highest)
    distinct = np.unique(numbers)
    if distinct.size > _FEW_LEVELS:
        return by_rank
    return max(by_rank, _auc_of_levels(np.where(gaps, -1, np.searchsorted(distinct, numbers)), y, folds))


def _rows_of(examples: Examples, split: TimeSplit) -> NDArray[np.bool_]:
    dates = np.array([*split.train_dates, *split.test_dates], dtype="datetime64[D]")
    return examples.is_usable & np.isin(examples.as_of_date, dates)


def _label_columns(examples: Examples) -> list[Leak]:
    return [
        Leak(
            "label_column",
            column,
            f"Column `{column}` is among the features and is (or is named like) a label: the model would be given the answer. "
            f"Add `{column}` to `unused` in the config, or rename it if it is something else.",
        )
        for column in map(str, examples.X.columns)
        if column in examples.label_columns or column.startswith("y_")
    ]


def _single_features(examples: Examples) -> list[Leak]:
    n, n_positive = len(examples), int(examples.y.sum())
    # With three accounts any column separates the classes by chance: speak up only where chance is out of the question.
    log_n_orders = lgamma(n + 1) - lgamma(n_positive + 1) - lgamma(n - n_positive + 1)
    if log_n_orders < log(1_000_000 * max(1, examples.X.shape[1])):
        return []
    accounts = np.unique(examples.account_id.astype(str), return_inverse=True)[1]
    folds = np.random.default_rng(0).integers(0, _N_FOLDS, int(accounts.max()) + 1)[accounts]
    leaks = []
    for column in examples.X.columns:
        auc = single_feature_auc(examples.X[column], examples.y, folds)
        if auc >= MAX_SINGLE_AUC:
            leaks.append(
                Leak(
                    "single_feature",
                    str(column),
                    f"Column `{column}` alone separates the classes with a ROC-AUC of {auc:.3f} (expected below {MAX_SINGLE_AUC}): "
                    f"it probably holds what is only known afterwards. Add `{column}` to `unused` in the config, "
                    "or take its value from before the snapshot.",
                )
            )
    return leaks


def _auc(values: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    negatives, positives = np.sort(values[y == 0]), values[y == 1]
    below, through = np.searchsorted(negatives, positives, side="left"), np.searchsorted(negatives, positives, side="right")
    return float((below + through).sum()) / (2 * positives.size * negatives.size)


def _auc_of_levels(codes: NDArray[np.integer], y: NDArray[np.float64], folds: NDArray[np.integer]) -> float:
    level = codes.astype(np.int64) + 1
    n_levels = int(level.max()) + 1
    cell = level * _N_FOLDS + folds
    n = np.bincount(cell, minlength=n_levels * _N_FOLDS).reshape(n_levels, _N_FOLDS)
    positive = np.bincount(cell, weights=y, minlength=n_levels * _N_FOLDS).reshape(n_levels, _N_FOLDS)
    prior = y.mean()
    elsewhere, elsewhere_positive = n.sum(1, keepdims=True) - n, positive.sum(1, keepdims=True) - positive
    rate = (elsewhere_positive + prior) / (elsewhere + 1)
    return _auc(rate[level, folds], y)


def _time_order(split: TimeSplit) -> list[Leak]:
    horizon = np.timedelta64(split.horizon_days, "D")
    last = split.train.as_of_date.max() + horizon
    first = split.test.as_of_date.min()
    if last <= first:
        return []
    return [
        Leak(
            "time_order",
            None,
            f"Training labels are only known on {last}, but the test begins on {first}: training must end a full horizon "
            f"({split.horizon_days} days) before the first test date. Leave out training dates after {first - horizon}.",
        )
    ]


def _same_keys(split: TimeSplit) -> list[Leak]:
    train, test = (
        pd.MultiIndex.from_arrays([side.account_id.astype(str), side.as_of_date.astype("datetime64[s]")])
        for side in (split.train, split.test)
    )
    shared = test[test.isin(train)]
    if not len(shared):
        return []
    account, day = shared[0]
    return [
        Leak(
            "same_account_and_date",
            "account_id",
            f"{len(shared):,} rows are in training and in the test, the first being `account_id` {account} at {day:%Y-%m-%d}: "
            "each account and date must be on one side. Remove the duplicate rows or split by date.",
        )
    ]


def _repeated_accounts(examples: Examples) -> list[Leak]:
    accounts, counts = np.unique(examples.account_id.astype(str), return_counts=True)
    repeated = accounts[counts > 1]
    if not repeated.size:
        return []
    return [
        Leak(
            "same_account_and_date",
            "account_id",
            f"{repeated.size:,} accounts have more than one undated row, the first being `account_id` {repeated[0]}: "
            "random folds would put an account on both sides. Keep one row per account, or give `as_of_date`.",
        )
    ]


def _row_hashes(X: pd.DataFrame) -> NDArray[np.uint64]:
    return np.asarray(pd.util.hash_pandas_object(X, index=False), dtype=np.uint64) if X.shape[1] else np.zeros(len(X), dtype=np.uint64)


def _equal_rows_across(split: TimeSplit) -> list[Leak]:
    n = int(np.isin(_row_hashes(split.test.X), _row_hashes(split.train.X)).sum())
    if not n:
        return []
    return [
        Leak(
            "equal_rows",
            None,
            f"{n:,} of {len(split.test):,} test rows have the same features as a training row. Expected where accounts don't change "
            "or have little activity; if it is most of them, the features say little.",
        )
    ]


def _equal_rows_within(examples: Examples) -> list[Leak]:
    n = int(pd.Series(_row_hashes(examples.X)).duplicated().sum())
    if not n:
        return []
    return [Leak("equal_rows", None, f"{n:,} of {len(examples):,} rows have the same features as another row; they are kept.")]
