"""Leakage guards of value targets, run before training: do the features hold the outcome, or the learning windows the test?

Blocking: outcome columns among the features, one feature that ranks accounts almost as the outcome does, learning windows that reach into
what is checked, an account twice at one date. Guards of yes-or-no targets are in `leaks`; raising belongs to an asset check.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.datasets.leaks import Leak, LeakReport
from clv_platform.datasets.value_splits import ValueSplit

MAX_RANK_CORRELATION = 0.99
MIN_BUYERS, MAX_ROWS = 50, 10_000
_MIN_LEVELS = 20  # fewer values can't rank amounts
# What subscribers pay is known before; where nobody leaves it is what they will pay.
_PROMISED = frozenset({"mrr"})


def find_value_leaks(split: ValueSplit, target: str) -> LeakReport:
    """Look for leaks in the rows that a value model learns from and is tested on.

    Parameters
    ----------
    split : ValueSplit
    target : str
        Its name, which its outcome columns have.

    Returns
    -------
    LeakReport
        Each message names the column, what was found and how to fix it; there are no warnings.
    """
    return LeakReport((*_outcome_columns(split, target), *_single_features(split), *_time_order(split), *_same_keys(split)), ())


def _outcome_columns(split: ValueSplit, target: str) -> list[Leak]:
    outcomes = {f"{kind}_{target}_{window}d" for kind in ("y", "n") for window in split.examples.windows}
    return [
        Leak(
            "label_column",
            column,
            f"Column `{column}` is among the features and is (or is named like) an outcome of target `{target}`: the model would be given "
            f"the answer. Add `{column}` to `unused` in the config, or rename it if it is something else.",
        )
        for column in map(str, split.test.X.columns)
        if column in outcomes or column.startswith("y_")
    ]


def _single_features(split: ValueSplit) -> list[Leak]:
    """Rank correlation with the outcome among buyers of the newest learning date: nobody ranks what people will spend that well beforehand.
    Those who bought nothing would all tie. The test date isn't read.
    """
    leaks: list[Leak] = []
    rows = split.rows(split.learning[-1:])
    rows = rows.take(np.flatnonzero(rows.amount > 0)[:MAX_ROWS])
    if len(np.unique(rows.amount)) < MIN_BUYERS:
        return []
    for column in (name for name in rows.X.columns if name not in _PROMISED):
        found = _rank_correlation(rows.X[column], rows.amount)
        if found >= MAX_RANK_CORRELATION:
            leaks.append(
                Leak(
                    "single_feature",
                    str(column),
                    f"Column `{column}` alone ranks what buyers will spend with a rank correlation of {found:.3f} (expected below "
                    f"{MAX_RANK_CORRELATION}): it probably holds what is only known afterwards. Add `{column}` to `unused` in the config, "
                    "or take its value from before the snapshot.",
                )
            )
    return leaks


def _rank_correlation(values: pd.Series, amount: NDArray[np.float64]) -> float:
    """Size of Spearman's correlation; 0 for categories and numbers of few levels."""
    if isinstance(values.dtype, pd.CategoricalDtype) or values.nunique() < _MIN_LEVELS:
        return 0.0
    numbers = pd.Series(values.to_numpy(dtype=np.float64))
    known = numbers.notna().to_numpy()
    if known.sum() < MIN_BUYERS or numbers[known].nunique() < _MIN_LEVELS:
        return 0.0
    return float(abs(np.corrcoef(numbers[known].rank(), pd.Series(amount[known]).rank())[0, 1]))


def _time_order(split: ValueSplit) -> list[Leak]:
    pairs = [("the test", split.test_date, split.learning)]
    pairs += [(f"origin {back.name}", min(pair.as_of for pair in back.check), back.learn) for back in split.backtests if back.fold is None]
    leaks: list[Leak] = []
    for name, begins, learnt in pairs:
        last = max(learnt, key=lambda pair: pair.until)
        if last.until > begins:
            leaks.append(
                Leak(
                    "time_order",
                    None,
                    f"The learning window of {last.window_days} days from {last.as_of} is only over on {last.until}, but {name} begins on "
                    f"{begins}: windows must have ended by then. Leave that date out, or give a shorter window under `learning_windows`.",
                )
            )
    return leaks


def _same_keys(split: ValueSplit) -> list[Leak]:
    rows = split.examples
    keys = pd.MultiIndex.from_arrays([rows.account_id.astype(str), rows.as_of_date.astype("datetime64[s]")])
    repeated = keys[keys.duplicated()]
    if not len(repeated):
        return []
    account, day = repeated[0]
    return [
        Leak(
            "same_account_and_date",
            "account_id",
            f"{len(repeated):,} rows repeat an account and date, first `account_id` {account} at {day:%Y-%m-%d}: expected one row "
            "each, so that no account is learnt from twice. Remove the duplicate rows.",
        )
    ]
