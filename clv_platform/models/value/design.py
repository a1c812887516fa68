"""Rows to the matrix that machine learning reads: the features, and what the purchase history and the probability models say.

Here: `Design`, learnt from learning rows and stored as data. Columns of the history are amounts, times and chances of one account; none
depends on the length of the window, which enters models as an offset. Add a history column to `_history`; keep fitting out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.contracts.feature import Feature
from clv_platform.datasets import ValueRows
from clv_platform.models.preprocessing import Matrix, Preprocessing, fit_preprocessing
from clv_platform.models.value.foundation import MONTH, RUN_RATE, Base, Foundation, groups

Floats = NDArray[np.float64]
HISTORY = "purchase history"
SAME_SEASON = 0.75
_PREFIX = "history_"


@dataclass(frozen=True)
class View:
    """Rows with everything models read of them.

    Attributes
    ----------
    rows : ValueRows
    base : Base
        Expectations without machine learning.
    matrix : Matrix
        Columns of the features, then of the history.
    season : array of shape (n,)
        How much each learning row counts for the level: see `season_weights`; ones where nothing is learnt.
    """

    rows: ValueRows
    base: Base
    matrix: Matrix
    season: Floats

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def take(self, positions: NDArray[np.intp]) -> View:
        """Return the rows at positions."""
        base = Base(
            {name: values[positions] for name, values in self.base.spend.items()},
            {name: values[positions] for name, values in self.base.purchases.items()},
            self.base.p_alive[positions],
            self.base.value_per_purchase[positions],
            self.base.days[positions],
        )
        return View(self.rows.take(positions), base, self.matrix.take(positions), self.season[positions])


@dataclass(frozen=True)
class Design:
    """How rows become a matrix: preprocessing of the features and of the history's columns."""

    preprocessing: Preprocessing
    features: tuple[str, ...]

    def view(self, rows: ValueRows, foundation: Foundation) -> View:
        """Prepare rows."""
        base = foundation.expect(rows)
        frame = pd.concat([rows.X, _history(rows, base, foundation)], axis=1)
        return View(rows, base, self.preprocessing.transform(frame), np.ones(len(rows)))

    @property
    def history(self) -> tuple[str, ...]:
        """Names of the history's columns, flags aside."""
        return tuple(column.name for column in self.preprocessing.columns if column.name.startswith(_PREFIX))

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"preprocessing": self.preprocessing.to_json(), "features": list(self.features)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Design:
        """Read what `to_json` gave."""
        return cls(Preprocessing.from_json(content["preprocessing"]), tuple(content["features"]))


def fit_design(learn: ValueRows, foundation: Foundation, season: Floats | None = None) -> tuple[Design, View]:
    """Learn gaps, levels and useless columns from learning rows; also the view of these rows with their weights for the level."""
    base = foundation.expect(learn)
    history = _history(learn, base, foundation)
    features = [*learn.features, *(Feature(str(name), "number", "", "history", "", "", "", "", "orders") for name in history.columns)]
    preprocessing = fit_preprocessing(pd.concat([learn.X, history], axis=1), features)
    design = Design(preprocessing, tuple(feature.name for feature in learn.features))
    matrix = preprocessing.transform(pd.concat([learn.X, history], axis=1))
    return design, View(learn, base, matrix, np.ones(len(learn)) if season is None else season)


def season_weights(learn: ValueRows, day: date, window_days: float) -> Floats:
    """How much each learning row says about the level in a window to predict: the square of the share of the year's days that both windows
    have in common, of those that either has. Without a window of the same season (a share of at least `SAME_SEASON`) all rows count alike.

    A year before Christmas says more about Christmas than the summer before it.
    """
    target = _days_of_year(np.datetime64(day, "D"), int(window_days))
    weights = np.zeros(len(learn))
    for rows, begin, window in groups(learn):
        own = _days_of_year(np.datetime64(begin, "D"), int(window))
        weights[rows] = (np.intersect1d(target, own).size / np.union1d(target, own).size) ** 2
    return weights if weights.size and weights.max() >= SAME_SEASON**2 else np.ones(len(learn))


def _days_of_year(begin: np.datetime64, n: int) -> NDArray[np.int64]:
    days = begin + np.arange(min(n, 365))
    return np.unique((days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64) % 365)


def _history(rows: ValueRows, base: Base, foundation: Foundation) -> pd.DataFrame:
    """History columns: the summary, and expectations per 30 days."""
    summary = rows.summary
    per_month = MONTH / rows.window_days
    columns: dict[str, Any] = {
        "frequency": summary["frequency"].to_numpy(),
        "recency": summary["recency_days"].to_numpy(),
        "since_last": (summary["T_days"] - summary["recency_days"]).to_numpy(),
        "n_purchases": summary["n_purchases"].to_numpy(),
        "mean_value": np.where(summary["n_valued"] > 0, summary["mean_value"], np.nan),
        "run_rate": base.spend[RUN_RATE] / base.days * MONTH,
        "purchase_rate": base.purchases[RUN_RATE] / base.days * MONTH,
    }
    if foundation.family is not None:
        columns |= {
            "expected_spend": base.spend[foundation.family] * per_month,
            "expected_purchases": base.purchases[foundation.family] * per_month,
            "expected_value": base.value_per_purchase,
            "p_alive": base.p_alive,
        }
    return pd.DataFrame({f"{_PREFIX}{name}": values for name, values in columns.items()}, index=rows.X.index)
