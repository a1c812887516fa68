"""Linear regression on the logarithm of spend: the baseline that the field knows, stored as plain numbers.

Here: a ridge regression on scaled columns, its way back from logarithms, its JSON. Keep trees (`trees`) out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clv_platform.models.baselines import Scaling, fit_scaling, scaled_design
from clv_platform.models.preprocessing import Matrix
from clv_platform.models.value.design import View
from clv_platform.models.value.foundation import MONTH

Floats = NDArray[np.float64]
_PENALTY = 10.0
_LIMIT = 5.0  # spreads from the mean: one huge amount must not decide everything
MAX_ROWS = 20_000


@dataclass(frozen=True)
class LinearModel:
    """Spend per month = factor x (exp(weights @ columns) - 1), in units of `unit`, at most `largest`.

    Attributes
    ----------
    scaling : Scaling
    weights : tuple of float
        Of the scaled columns, the constant last.
    unit : float
        Mean spend per month of the learning rows.
    factor : float
        Brings the total of the learning rows, before the bound, to what was spent: the mean of a logarithm isn't the logarithm of the mean.
    largest : float
        Largest spend per month of all learning rows, the bound of every expectation: an exponential runs away where several columns are
        large together, and no account has shown that anybody spends more. Infinite in models stored before there was a bound.
    """

    scaling: Scaling
    weights: tuple[float, ...]
    unit: float
    factor: float
    largest: float = math.inf

    def predict(self, view: View) -> Floats:
        """Expected spend over each row's window, shape (n,), from 0 to the largest rate seen times the window."""
        log = np.clip(_columns(view.matrix, self.scaling) @ np.array(self.weights), 0.0, 20.0)
        return np.minimum(self.factor * self.unit * np.expm1(log), self.largest) * view.base.days / MONTH

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        scaling = {"mean": self.scaling.mean.tolist(), "spread": self.scaling.spread.tolist(), "n_codes": list(self.scaling.n_codes)}
        largest = self.largest if math.isfinite(self.largest) else None
        return {"scaling": scaling, "weights": list(self.weights), "unit": self.unit, "factor": self.factor, "largest": largest}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> LinearModel:
        """Read what `to_json` gave."""
        item = content["scaling"]
        scaling = Scaling(np.array(item["mean"]), np.array(item["spread"]), tuple(item["n_codes"]))
        largest = content.get("largest")
        return cls(scaling, tuple(content["weights"]), content["unit"], content["factor"], math.inf if largest is None else largest)


def fit_linear(view: View, seed: int = 0) -> LinearModel:
    """Fit on learning rows (at most 20,000 of them, drawn at random); spend below 0 counts as 0."""
    rows = np.arange(len(view))
    if len(view) > MAX_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(view), MAX_ROWS, replace=False))
    learn = view.take(rows)
    monthly = np.maximum(learn.rows.amount, 0.0) / learn.base.days * MONTH
    unit = float(monthly.mean()) or 1.0
    scaling = fit_scaling(learn.matrix)
    design, z = _columns(learn.matrix, scaling), np.log1p(monthly / unit)
    penalty = np.full(design.shape[1], _PENALTY)
    penalty[-1] = 0.0
    weights = np.linalg.solve(design.T @ design + np.diag(penalty + 1e-9), design.T @ z)
    model = LinearModel(scaling, tuple(weights.tolist()), unit, 1.0)
    expected = float(learn.season @ model.predict(learn))
    factor = float(learn.season @ np.maximum(learn.rows.amount, 0.0)) / expected if expected > 0 else 0.0
    largest = float((np.maximum(view.rows.amount, 0.0) / view.base.days * MONTH).max())
    return LinearModel(scaling, model.weights, unit, factor, largest)


def _columns(matrix: Matrix, scaling: Scaling) -> Floats:
    scaled = np.clip(scaled_design(matrix, scaling), -_LIMIT, _LIMIT)
    return np.hstack([scaled, np.ones((len(scaled), 1))])
