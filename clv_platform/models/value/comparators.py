"""Other algorithms on the same rows: what a reader would otherwise ask to have tried.

Here: random forest, XGBoost, CatBoost and networks for spend per month, each with sensible fixed parameters, all but the recurrent network
on the same matrix, and brought to the total of the learning rows. They can't be stored as text or JSON here, so they never become a
champion. Add an algorithm to `_FITTERS` and its name to `Algorithm` in the config's schema; layers of networks belong to `networks`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clv_platform.datasets import PurchaseMonths
from clv_platform.models.arms import run_parallel
from clv_platform.models.baselines import fit_scaling, scaled_design
from clv_platform.models.preprocessing import Matrix
from clv_platform.models.value.backtests import Prepared
from clv_platform.models.value.design import View
from clv_platform.models.value.foundation import MONTH
from clv_platform.models.value.networks import fit_network
from clv_platform.models.value.trees import TWEEDIE_POWER

Floats = NDArray[np.float64]
RECURRENT = "recurrent_network"
MAX_ROWS, MIN_ROWS, MAX_NUMBERS = 10_000, 2_000, 480_000  # rows x columns: they are shown beside, and cost more than all contenders
# Module and the make target that installs it.
NEEDS = {
    "xgboost": ("xgboost", "zoo"),
    "catboost": ("catboost", "zoo"),
    "dense_network": ("torch", "deep"),
    "recurrent_network": ("torch", "deep"),
}
_Predictor = Callable[[Matrix], Floats]
_ViewPredictor = Callable[[View], Floats]


@dataclass(frozen=True)
class Comparison:
    """One algorithm on the checked rows: its spend, or None and why not."""

    name: str
    spend: Floats | None
    fit_seconds: float
    note: str


def compare_algorithms(
    ready: Prepared, names: Sequence[str], *, seed: int, threads: int, months: PurchaseMonths | None = None
) -> tuple[Comparison, ...]:
    """Fit the named algorithms to a random choice of at most 10,000 learning rows, fewer where there are many columns, and
    predict the checked rows.

    Parameters
    ----------
    names : sequence of str
        Of `training.comparators`; those without a counterpart for amounts (logistic regression: linear regression is a contender) are
        left out.
    months : PurchaseMonths, optional
        What the recurrent network reads; without it, it isn't fitted.
    """
    known = [name for name in names if name in _FITTERS or name == RECURRENT]
    return tuple(run_parallel(lambda name: _compare(name, ready, seed, months), known, threads))


def _compare(name: str, ready: Prepared, seed: int, months: PurchaseMonths | None) -> Comparison:
    module, target = NEEDS.get(name, ("", ""))
    if module and find_spec(module) is None:
        return Comparison(name, None, float("nan"), f"not installed: `make {target}` adds it")
    if name == RECURRENT and months is None:
        return Comparison(name, None, float("nan"), "not fitted: no months of purchases were given")
    n = len(ready.learn)
    most = int(np.clip(MAX_NUMBERS // max(ready.learn.matrix.values.shape[1], 1), MIN_ROWS, MAX_ROWS))
    rows = np.sort(np.random.default_rng(seed).permutation(n)[:most])
    learn = ready.learn.take(rows)
    monthly = np.maximum(learn.rows.amount, 0.0) / learn.base.days * MONTH
    unit = float(monthly.mean())
    if not unit > 0 or not learn.matrix.values.shape[1]:
        return Comparison(name, None, float("nan"), "not fitted: nothing was spent in the learning windows, or no column varies")
    started = time.thread_time()
    predictor = _fit(name, learn, monthly / unit, seed, months)
    fitted = np.maximum(predictor(learn), 0.0) * learn.base.days
    level = float((monthly * learn.base.days).sum()) / max(float(fitted.sum()) * unit, 1e-300)
    spend = np.maximum(predictor(ready.check), 0.0) * unit * level * ready.check.base.days / MONTH
    note = f"fitted on {len(rows):,} of {n:,} learning rows" if len(rows) < n else ""
    return Comparison(name, spend, time.thread_time() - started, note)


def _fit(name: str, learn: View, y: Floats, seed: int, months: PurchaseMonths | None) -> _ViewPredictor:
    if name == RECURRENT and months is not None:
        return _recurrent(learn, y, seed, months)
    predictor = _FITTERS[name](learn.matrix, y, seed)
    return lambda view: predictor(view.matrix)


def _forest(matrix: Matrix, y: Floats, seed: int) -> _Predictor:
    from sklearn.ensemble import RandomForestRegressor

    leaf = int(np.clip(len(y) // 500, 3, 20))
    forest = RandomForestRegressor(40, min_samples_leaf=leaf, max_samples=0.5, max_features=0.25, n_jobs=1, random_state=seed)
    forest.fit(matrix.values, y)
    return lambda other: np.asarray(forest.predict(other.values), dtype=np.float64)


def _xgboost(matrix: Matrix, y: Floats, seed: int) -> _Predictor:
    import xgboost as xgb

    params: dict[str, Any] = {
        "objective": "reg:tweedie", "tweedie_variance_power": TWEEDIE_POWER, "eta": 0.05, "max_depth": 4, "min_child_weight": 5,
        "subsample": 0.8, "colsample_bytree": 0.5, "lambda": 10.0, "tree_method": "hist", "max_bin": 64, "nthread": 1, "seed": seed,
        "verbosity": 0,
    }  # fmt: skip
    booster = xgb.train(params, xgb.DMatrix(matrix.values, y, nthread=1), 120)
    return lambda other: np.asarray(booster.predict(xgb.DMatrix(other.values, nthread=1)), dtype=np.float64)


def _catboost(matrix: Matrix, y: Floats, seed: int) -> _Predictor:
    from catboost import CatBoostRegressor

    model = CatBoostRegressor(
        iterations=120, learning_rate=0.08, depth=5, rsm=0.5, l2_leaf_reg=10, border_count=64, random_seed=seed, thread_count=1,
        verbose=False, allow_writing_files=False, loss_function=f"Tweedie:variance_power={TWEEDIE_POWER}",
    )  # fmt: skip
    model.fit(matrix.values, y)
    return lambda other: np.asarray(model.predict(other.values, prediction_type="Exponent"), dtype=np.float64)


def _network(matrix: Matrix, y: Floats, seed: int) -> _Predictor:
    from sklearn.neural_network import MLPRegressor

    design = _scale(matrix)
    batch = int(np.clip(len(y) // 30, 16, 256))
    # Its stub knows the batch size "auto" alone.
    network = MLPRegressor(hidden_layer_sizes=(64, 32), alpha=1e-3, batch_size=batch, random_state=seed)  # pyright: ignore[reportArgumentType]
    columns, logs = design(matrix), np.log1p(y)
    for _ in range(12):
        network.partial_fit(columns, logs)
    # Nobody is promised more than was ever learnt from: a logarithm a little too large is an amount far too large.
    most = float(logs.max())
    return lambda other: np.expm1(np.clip(np.asarray(network.predict(design(other)), dtype=np.float64), 0, most))


def _scale(matrix: Matrix) -> Callable[[Matrix], NDArray[np.float32]]:
    scaling = fit_scaling(matrix)
    return lambda other: np.clip(scaled_design(other, scaling), -5, 5).astype(np.float32)


def _dense(matrix: Matrix, y: Floats, seed: int) -> _Predictor:
    design = _scale(matrix)
    predict = fit_network(design(matrix), y, seed=seed)
    return lambda other: predict(design(other))


def _recurrent(learn: View, y: Floats, seed: int, months: PurchaseMonths) -> _ViewPredictor:
    bought = months.before(learn.rows.account_id, learn.rows.as_of_date)[:, :, 0]
    unit = float(bought.mean()) or 1.0

    def design(view: View) -> NDArray[np.float32]:
        found = months.before(view.rows.account_id, view.rows.as_of_date)
        amount, number = np.log1p(np.maximum(found[:, :, 0], 0.0) / unit), np.log1p(found[:, :, 1])
        return np.stack([amount, number, found[:, :, 2]], axis=2).astype(np.float32)

    predict = fit_network(design(learn), y, seed=seed)
    return lambda view: predict(design(view))


_FITTERS: dict[str, Callable[[Matrix, Floats, int], _Predictor]] = {
    "random_forest": _forest,
    "xgboost": _xgboost,
    "catboost": _catboost,
    "neural_network": _network,
    "dense_network": _dense,
}
