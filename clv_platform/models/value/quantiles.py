"""Intervals by quantile regression: LightGBM's quantiles of outcome over prediction, by the prediction and the purchase history.

Here: `QuantileModel`, learnt on out-of-sample predictions at the rolling origins, like the neighbours' table, but told more of each account
than its prediction: two accounts of equal expectation, one that buys little every month and one that buys much once a year, scatter
differently. Few small trees: the answer is three numbers per account. Keep the choice among methods out (`intervals`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clv_platform.models.boosting import model_text
from clv_platform.models.value.calibration import OutOfSample
from clv_platform.models.value.design import View

if TYPE_CHECKING:
    import lightgbm as lgb

Floats = NDArray[np.float64]
LEVELS = (0.05, 0.9, 0.95)  # the interval's lower end; its upper end where zero is likelier than 5 %, and where it isn't
MIN_ROWS, MAX_ROWS, ROUNDS = 500, 8_000, 60
_ZERO = 0.02  # of the expectation: trees average leaves, so where zero is likely they don't say quite zero
_PARAMS: dict[str, Any] = {
    "objective": "quantile", "learning_rate": 0.1, "num_leaves": 8, "max_bin": 63, "bagging_fraction": 0.7, "bagging_freq": 1,
    "verbosity": -1, "deterministic": True, "force_col_wise": True, "num_threads": 1,
}  # fmt: skip


@dataclass(frozen=True)
class QuantileModel:
    """A booster per level of `LEVELS`, for the ratio of outcome to prediction."""

    boosters: tuple[lgb.Booster, ...]

    def apply(self, view: View, predicted: Floats) -> tuple[Floats, Floats]:
        """Lower and upper bound of each prediction, shape (n,); [0, the 90 % quantile] where zero is likelier than 5 %."""
        columns = _columns(view, predicted)
        low, most, high = (np.maximum(np.asarray(booster.predict(columns, num_threads=1)), 0.0) for booster in self.boosters)
        is_likely_zero = low < _ZERO
        lo = np.where(is_likely_zero, 0.0, low) * predicted
        return lo, np.maximum(np.where(is_likely_zero, most, high) * predicted, lo)

    def texts(self) -> tuple[str, ...]:
        """LightGBM's text of every booster, by level."""
        return tuple(model_text(booster) for booster in self.boosters)

    @classmethod
    def from_texts(cls, texts: Sequence[str]) -> QuantileModel:
        """Read what `texts` gave."""
        import lightgbm as lgb

        return cls(tuple(lgb.Booster(model_str=text) for text in texts))


def learn_quantiles(origins: Sequence[OutOfSample], views: Sequence[View], seed: int) -> QuantileModel | None:
    """Learn from out-of-sample predictions at origins; None with fewer than 500 accounts of which something was expected.

    Parameters
    ----------
    origins, views : sequences of equal length
        Predictions with outcomes, and the rows that they are of.
    """
    import lightgbm as lgb

    columns = [_columns(view, origin.predicted) for origin, view in zip(origins, views, strict=True)]
    ratios = [np.maximum(one.actual, 0.0) / np.where(one.predicted > 0, one.predicted, np.nan) for one in origins]
    if not ratios:
        return None
    matrix, ratio = np.vstack(columns), np.concatenate(ratios)
    rows = np.flatnonzero(np.isfinite(ratio))
    if len(rows) < MIN_ROWS:
        return None
    rows = np.sort(np.random.default_rng(seed).permutation(rows)[:MAX_ROWS])
    settings = _PARAMS | {"min_data_in_leaf": int(np.clip(len(rows) // 50, 20, 200)), "seed": seed}
    data = lgb.Dataset(matrix[rows], ratio[rows], params=settings)  # put into bins once, for all levels
    return QuantileModel(tuple(lgb.train({**settings, "alpha": level}, data, num_boost_round=ROUNDS) for level in LEVELS))


def _columns(view: View, predicted: Floats) -> Floats:
    """What the spread may depend on, shape (n, 7): ratios, numbers and times; no unit of money and no other account plays a part."""
    summary = view.rows.summary
    number, total = summary["n_purchases"].to_numpy(dtype=np.float64), summary["total_spend"].to_numpy(dtype=np.float64)
    of_past = np.minimum(total / np.maximum(predicted, 1e-300), 1e6)  # promised little of much, or much of little
    return np.column_stack(
        [
            predicted / np.maximum(view.base.value_per_purchase, 1e-300),  # expected purchases
            number,
            (summary["T_days"] - summary["recency_days"]).to_numpy(dtype=np.float64),
            summary["T_days"].to_numpy(dtype=np.float64),
            np.where(number > 0, of_past, np.nan),
            view.base.p_alive,
            view.rows.window_days,
        ]
    )
