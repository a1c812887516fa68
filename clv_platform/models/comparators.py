"""Other algorithms on the same rows: what a reader would otherwise ask to have tried.

Here: random forest, a dense neural network, XGBoost and CatBoost, each with sensible fixed parameters, the same preprocessing and the same
kind of calibration as the model; and `score_contenders`, which times them together with the simple rules. Add an algorithm as a function in
`_FITTERS` and its name to `Algorithm` in the config's schema. They are comparators only: what can't be stored as plain text or JSON never
becomes a champion. Keep figures about them out (`evaluation`).

Each is fitted twice: on the fitted rows of the last inner fold, whose checked rows stop the boosters and calibrate the scores, then on all
training rows. In everyday runs a random choice of at most `training.tuning.max_rows` stands for these, and the note says so.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from clv_platform.config import Target, Training
from clv_platform.datasets import Examples
from clv_platform.metrics import log_loss
from clv_platform.models.arms import run_parallel
from clv_platform.models.baselines import BASELINES, Scaling, fit_scaling, rank_by_single_column, sample_rows, scaled_design
from clv_platform.models.calibration import fit_calibrator
from clv_platform.models.folds import build_folds
from clv_platform.models.preprocessing import Matrix, fit_preprocessing

NEEDS = {"xgboost": "xgboost", "catboost": "catboost"}
_ROUNDS, _PATIENCE = 400, 30
_EPOCHS, _EPOCH_PATIENCE = 40, 4


@dataclass(frozen=True)
class ContenderScores:
    """One rule or algorithm on the checked rows.

    Attributes
    ----------
    name : str
    kind : {"baseline", "comparator"}
        The gate asks a model to beat the baselines; comparators are shown beside it.
    score : ndarray of shape (n,) or None
        Chances; None when it couldn't be fitted.
    fit_seconds : float
        Time of the fit on all training rows.
    note : str
        Why there is no score, or what limits it; of the single column, which one it is.
    """

    name: str
    kind: str
    score: np.ndarray | None
    fit_seconds: float
    note: str = ""


@dataclass(frozen=True)
class _Fit:
    """Log-odds for rows, and the number of rounds where there are any."""

    raw_score: Callable[[Matrix], np.ndarray]
    rounds: int | None = None


def score_contenders(
    train: Examples,
    test: Examples,
    target: Target,
    training: Training,
    *,
    seed: int,
    threads: int = 1,
    with_comparators: bool = True,
    max_rows: int | None = None,
    private: Collection[str] = (),
    ready: Sequence[ContenderScores] = (),
) -> tuple[ContenderScores, ...]:
    """Score test rows with every simple rule and every algorithm of `training.comparators`.

    Parameters
    ----------
    train, test : Examples
        Training rows without a label are left out; labels of test rows are never looked at.
    seed : int
        Of samples and fits.
    threads : int
        Fits at a time.
    with_comparators : bool
        False: the simple rules only.
    max_rows : int, optional
        Training rows that an algorithm is fitted on at most; None: all.
    private : collection of str
        Columns that notes must not name.
    ready : sequence of ContenderScores
        What was scored already, such as the regression that a training gives; it comes after the simple rules.

    Returns
    -------
    tuple of ContenderScores
        The simple rules first. An algorithm that isn't installed has no score and a note.
    """
    from threadpoolctl import threadpool_limits

    rows = train.take(np.flatnonzero(train.is_usable))
    # Logistic regression is always there, because the gate compares with it: the training gives it, `_FITTERS` don't.
    names = [name for name in training.comparators if name in _FITTERS] if with_comparators else []

    def run(name: str) -> ContenderScores:
        started = time.perf_counter()
        if name == "best_single_column":
            scores, column, direction = rank_by_single_column(rows, test, seed)
            return ContenderScores(name, "baseline", scores, time.perf_counter() - started, _name_column(rows, column, direction, private))
        if name in BASELINES:
            return ContenderScores(name, "baseline", BASELINES[name](rows, test, seed), time.perf_counter() - started)
        return _fit_prepared(name, same, seed) if same else _absent(name)

    with threadpool_limits(limits=1, user_api="blas"):
        same = _prepare(rows, test, target, seed=seed, max_rows=max_rows) if any(map(_is_installed, names)) else None
        found = run_parallel(run, [*BASELINES, *names], threads)
    return (*found[: len(BASELINES)], *ready, *found[len(BASELINES) :])


def _name_column(rows: Examples, column: str, direction: int, private: Collection[str]) -> str:
    """Say by which column accounts were ranked, and which end comes first."""
    if column in private:
        return "a private column"
    feature = next(feature for feature in rows.features if feature.name == column)
    first = "levels with most positives" if feature.type == "category" else "highest" if direction > 0 else "lowest"
    return f"“{feature.label}”, {first} first"


def fit_comparator(
    name: str, train: Examples, test: Examples, target: Target, *, seed: int, max_rows: int | None = None
) -> ContenderScores:
    """Fit one algorithm on labelled training rows and score test rows."""
    if not _is_installed(name):
        return _absent(name)
    return _fit_prepared(name, _prepare(train, test, target, seed=seed, max_rows=max_rows), seed)


@dataclass(frozen=True)
class _Prepared:
    """What all algorithms read, made once: the last inner fold, then all rows, and the test rows as columns of the latter.

    Attributes
    ----------
    inner, check, everything, test : Matrix
    y_inner, y_check, y : ndarray
        Labels of the first three.
    note : str
        How many of the training rows these are, where not all.
    """

    inner: Matrix
    y_inner: np.ndarray
    check: Matrix
    y_check: np.ndarray
    everything: Matrix
    y: np.ndarray
    test: Matrix
    note: str


def _prepare(train: Examples, test: Examples, target: Target, *, seed: int, max_rows: int | None) -> _Prepared:
    rows = sample_rows(train, max_rows or len(train), seed)
    fold = build_folds(
        rows.y, rows.account_id, rows.as_of_date, horizon_days=target.horizon_days, n_time=2, n_stratified=3, seed=seed
    ).folds[-1]  # fmt: skip
    inner, check = rows.take(fold.fit), rows.take(fold.check)
    learnt = fit_preprocessing(inner.X, inner.features, max_levels=50)
    whole = fit_preprocessing(rows.X, rows.features, max_levels=50)
    return _Prepared(
        learnt.transform(inner.X), inner.y, learnt.transform(check.X), check.y, whole.transform(rows.X), rows.y, whole.transform(test.X),
        f"fitted on {len(rows):,} of {len(train):,} training rows" if len(rows) < len(train) else "",
    )  # fmt: skip


def _fit_prepared(name: str, prepared: _Prepared, seed: int) -> ContenderScores:
    if not _is_installed(name):
        return _absent(name)
    if not (prepared.inner.values.shape[1] and prepared.everything.values.shape[1]):
        return ContenderScores(name, "comparator", None, math.nan, "not fitted: no feature varies")
    first = _FITTERS[name](prepared.inner, prepared.y_inner, seed, None, (prepared.check, prepared.y_check))
    calibrator = fit_calibrator(prepared.y_check, first.raw_score(prepared.check))
    started = time.perf_counter()
    final = _FITTERS[name](prepared.everything, prepared.y, seed, first.rounds, None)
    seconds = time.perf_counter() - started
    return ContenderScores(name, "comparator", calibrator.apply(final.raw_score(prepared.test)), seconds, prepared.note)


def _is_installed(name: str) -> bool:
    module = NEEDS.get(name)
    return module is None or find_spec(module) is not None


def _absent(name: str) -> ContenderScores:
    return ContenderScores(name, "comparator", None, math.nan, "not installed: `make zoo` adds it")


Check = tuple[Matrix, np.ndarray] | None


def _fit_forest(matrix: Matrix, y: np.ndarray, seed: int, rounds: int | None, check: Check) -> _Fit:
    from sklearn.ensemble import RandomForestClassifier

    leaf = int(np.clip(len(y) // 2000, 2, 20))
    forest = RandomForestClassifier(100, min_samples_leaf=leaf, max_samples=0.5, max_features="sqrt", n_jobs=1, random_state=seed)
    forest.fit(matrix.values, y)
    return _Fit(lambda other: _log_odds(np.asarray(forest.predict_proba(other.values))))


def _fit_network(matrix: Matrix, y: np.ndarray, seed: int, rounds: int | None, check: Check) -> _Fit:
    from sklearn.neural_network import MLPClassifier

    scaling = fit_scaling(matrix)
    batch = int(np.clip(len(y) // 60, 16, 256))
    # Its stub knows the batch size "auto" alone.
    network = MLPClassifier((64, 32), alpha=1e-3, batch_size=batch, random_state=seed)  # pyright: ignore[reportArgumentType]
    design = _clipped(matrix, scaling)
    if not check:
        for _ in range(rounds or _EPOCHS):
            network.partial_fit(design, y, classes=[0, 1])
        return _network_fit(network, scaling, rounds or _EPOCHS)
    # Its own early stopping watches accuracy, which is best where every account is called a "no".
    held_out, best, kept, without = _clipped(check[0], scaling), np.inf, 1, 0
    weights: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for epoch in range(1, _EPOCHS + 1):
        network.partial_fit(design, y, classes=[0, 1])
        loss = log_loss(check[1], np.asarray(network.predict_proba(held_out))[:, 1].astype(np.float64))
        if loss < best:
            best, kept, without, weights = loss, epoch, 0, ([w.copy() for w in network.coefs_], [b.copy() for b in network.intercepts_])
        else:
            without += 1
        if without >= _EPOCH_PATIENCE:
            break
    network.coefs_, network.intercepts_ = weights
    return _network_fit(network, scaling, kept)


def _network_fit(network: Any, scaling: Scaling, epochs: int) -> _Fit:
    return _Fit(lambda other: _log_odds(np.asarray(network.predict_proba(_clipped(other, scaling)))), epochs)


def _clipped(matrix: Matrix, scaling: Scaling) -> np.ndarray:
    """Scaled columns within five standard deviations: one huge amount must not decide everything."""
    return np.clip(scaled_design(matrix, scaling), -5, 5).astype(np.float32)


def _fit_xgboost(matrix: Matrix, y: np.ndarray, seed: int, rounds: int | None, check: Check) -> _Fit:
    import xgboost as xgb

    params: dict[str, Any] = {
        "objective": "binary:logistic", "eval_metric": "logloss", "eta": 0.05, "max_depth": 5, "min_child_weight": 5, "subsample": 0.8,
        "colsample_bytree": _column_share(matrix),
        "lambda": 10.0, "tree_method": "hist", "max_bin": 128, "nthread": 1, "seed": seed, "verbosity": 0,
    }  # fmt: skip
    data = xgb.DMatrix(matrix.values, y, nthread=1)
    stopping: dict[str, Any] = {}
    if check:
        held_out = [(xgb.DMatrix(check[0].values, check[1], nthread=1), "check")]
        stopping = {"evals": held_out, "early_stopping_rounds": _PATIENCE, "verbose_eval": False}
    booster = xgb.train(params, data, rounds or _ROUNDS, **stopping)
    best = booster.best_iteration + 1 if check else rounds or _ROUNDS

    def raw_score(other: Matrix) -> np.ndarray:
        margins = booster.predict(xgb.DMatrix(other.values, nthread=1), output_margin=True, iteration_range=(0, best))
        return np.asarray(margins, dtype=np.float64)

    return _Fit(raw_score, best)


def _fit_catboost(matrix: Matrix, y: np.ndarray, seed: int, rounds: int | None, check: Check) -> _Fit:
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(
        iterations=rounds or _ROUNDS, learning_rate=0.08, depth=6, rsm=_column_share(matrix), l2_leaf_reg=10, border_count=64,
        one_hot_max_size=20, random_seed=seed, thread_count=1, verbose=False, allow_writing_files=False,
        **({"od_type": "Iter", "od_wait": _PATIENCE} if check else {}),
    )  # fmt: skip
    pool = _pool(matrix, y)
    model.fit(pool, eval_set=_pool(*check) if check else None)
    best = int(model.tree_count_ or 1)
    return _Fit(lambda other: np.asarray(model.predict(_pool(other, None), prediction_type="RawFormulaVal"), dtype=np.float64), best)


def _column_share(matrix: Matrix) -> float:
    """Columns per tree: 40 %, but eight at least."""
    return float(np.clip(8 / matrix.values.shape[1], 0.4, 1.0))


def _pool(matrix: Matrix, y: np.ndarray | None) -> Any:
    from catboost import FeaturesData, Pool

    codes = list(matrix.categorical)
    numbers = [column for column in range(matrix.values.shape[1]) if column not in set(codes)]
    texts = matrix.values[:, codes].astype(np.int64).astype(str).astype("S").astype(object) if codes else None
    data = FeaturesData(num_feature_data=np.ascontiguousarray(matrix.values[:, numbers]) if numbers else None, cat_feature_data=texts)
    return Pool(data, y)


def _log_odds(chances: np.ndarray) -> np.ndarray:
    """Log-odds of the second class; no forest is sure beyond its number of trees."""
    clipped = np.clip(chances[:, 1].astype(np.float64), 1e-4, 1 - 1e-4)
    return np.log(clipped / (1 - clipped))


_FITTERS: dict[str, Callable[[Matrix, np.ndarray, int, int | None, Check], _Fit]] = {
    "random_forest": _fit_forest,
    "neural_network": _fit_network,
    "xgboost": _fit_xgboost,
    "catboost": _fit_catboost,
}
