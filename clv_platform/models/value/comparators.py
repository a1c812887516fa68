"""Other algorithms on the same rows: what a reader would otherwise ask to have tried.

Here: random forest, XGBoost, CatBoost and a dense network for spend per month, each with sensible fixed parameters on the same matrix, and
brought to the total of the learning rows. They can't be stored as text or JSON here, so they never become a champion. Add an algorithm to
`_FITTERS` and its name to `Algorithm` in the config's schema.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clv_platform.models.arms import run_parallel
from clv_platform.models.baselines import fit_scaling, scaled_design
from clv_platform.models.preprocessing import Matrix
from clv_platform.models.value.backtests import Prepared
from clv_platform.models.value.foundation import MONTH

Floats = NDArray[np.float64]
MAX_ROWS, MIN_ROWS, MAX_NUMBERS = 10_000, 2_000, 480_000  # rows x columns: they are shown beside, and cost more than all contenders
_NEEDS = {"xgboost": "xgboost", "catboost": "catboost"}
_Predictor = Callable[[Matrix], Floats]


@dataclass(frozen=True)
class Comparison:
    """One algorithm on the checked rows: its spend, or None and why not."""

    name: str
    spend: Floats | None
    fit_seconds: float
    note: str


def compare_algorithms(ready: Prepared, names: Sequence[str], *, seed: int, threads: int) -> tuple[Comparison, ...]:
    """Fit the named algorithms to a random choice of at most 10,000 learning rows, fewer where there are many columns, and
    predict the checked rows.

    Parameters
    ----------
    names : sequence of str
        Of `training.comparators`; those without a counterpart for amounts (logistic regression: linear regression is a contender) are
        left out.
    """
    known = [name for name in names if name in _FITTERS]
    return tuple(run_parallel(lambda name: _compare(name, ready, seed), known, threads))


def _compare(name: str, ready: Prepared, seed: int) -> Comparison:
    if name in _NEEDS and find_spec(_NEEDS[name]) is None:
        return Comparison(name, None, float("nan"), "not installed: `make zoo` adds it")
    n = len(ready.learn)
    most = int(np.clip(MAX_NUMBERS // max(ready.learn.matrix.values.shape[1], 1), MIN_ROWS, MAX_ROWS))
    rows = np.sort(np.random.default_rng(seed).permutation(n)[:most])
    learn = ready.learn.take(rows)
    monthly = np.maximum(learn.rows.amount, 0.0) / learn.base.days * MONTH
    unit = float(monthly.mean())
    if not unit > 0 or not learn.matrix.values.shape[1]:
        return Comparison(name, None, float("nan"), "not fitted: nothing was spent in the learning windows, or no column varies")
    started = time.thread_time()
    predictor = _FITTERS[name](learn.matrix, monthly / unit, seed)
    fitted = np.maximum(predictor(learn.matrix), 0.0) * learn.base.days
    level = float((monthly * learn.base.days).sum()) / max(float(fitted.sum()) * unit, 1e-300)
    spend = np.maximum(predictor(ready.check.matrix), 0.0) * unit * level * ready.check.base.days / MONTH
    note = f"fitted on {len(rows):,} of {n:,} learning rows" if len(rows) < n else ""
    return Comparison(name, spend, time.thread_time() - started, note)


def _forest(matrix: Matrix, y: Floats, seed: int) -> _Predictor:
    from sklearn.ensemble import RandomForestRegressor

    leaf = int(np.clip(len(y) // 500, 3, 20))
    forest = RandomForestRegressor(40, min_samples_leaf=leaf, max_samples=0.5, max_features=0.25, n_jobs=1, random_state=seed)
    forest.fit(matrix.values, y)
    return lambda other: np.asarray(forest.predict(other.values), dtype=np.float64)


def _xgboost(matrix: Matrix, y: Floats, seed: int) -> _Predictor:
    import xgboost as xgb

    params: dict[str, Any] = {
        "objective": "reg:tweedie", "tweedie_variance_power": 1.5, "eta": 0.05, "max_depth": 4, "min_child_weight": 5, "subsample": 0.8,
        "colsample_bytree": 0.5, "lambda": 10.0, "tree_method": "hist", "max_bin": 64, "nthread": 1, "seed": seed, "verbosity": 0,
    }  # fmt: skip
    booster = xgb.train(params, xgb.DMatrix(matrix.values, y, nthread=1), 120)
    return lambda other: np.asarray(booster.predict(xgb.DMatrix(other.values, nthread=1)), dtype=np.float64)


def _catboost(matrix: Matrix, y: Floats, seed: int) -> _Predictor:
    from catboost import CatBoostRegressor

    model = CatBoostRegressor(
        iterations=120, learning_rate=0.08, depth=5, rsm=0.5, l2_leaf_reg=10, border_count=64, random_seed=seed, thread_count=1,
        verbose=False, allow_writing_files=False, loss_function="Tweedie:variance_power=1.5",
    )  # fmt: skip
    model.fit(matrix.values, y)
    return lambda other: np.asarray(model.predict(other.values, prediction_type="Exponent"), dtype=np.float64)


def _network(matrix: Matrix, y: Floats, seed: int) -> _Predictor:
    from sklearn.neural_network import MLPRegressor

    scaling = fit_scaling(matrix)

    def design(other: Matrix) -> NDArray[np.float32]:
        return np.clip(scaled_design(other, scaling), -5, 5).astype(np.float32)

    batch = int(np.clip(len(y) // 30, 16, 256))
    # Its stub knows the batch size "auto" alone.
    network = MLPRegressor(hidden_layer_sizes=(64, 32), alpha=1e-3, batch_size=batch, random_state=seed)  # pyright: ignore[reportArgumentType]
    columns, logs = design(matrix), np.log1p(y)
    for _ in range(12):
        network.partial_fit(columns, logs)
    # Nobody is promised more than was ever learnt from: a logarithm a little too large is an amount far too large.
    most = float(logs.max())
    return lambda other: np.expm1(np.clip(np.asarray(network.predict(design(other)), dtype=np.float64), 0, most))


_FITTERS: dict[str, Callable[[Matrix, Floats, int], _Predictor]] = {
    "random_forest": _forest,
    "xgboost": _xgboost,
    "catboost": _catboost,
    "neural_network": _network,
}
