"""An auditor: what do the features know that a score leaves out?

Here: `audit_scores`, boosted trees on all features that start from the score (its log-odds are an offset) and are fitted across accounts,
so that no account's chance is judged by trees that saw it. Where the auditor predicts better than the score, a better model could, even
where the score is calibrated. Keep the search for such groups out (`evaluation.weak_slices`).

The trees are small, slow and stop early on accounts of their own: an auditor that finds nothing should say what the score says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clv_platform.contracts.features import Feature
from clv_platform.models.calibration import sigmoid
from clv_platform.models.folds import stratified_folds
from clv_platform.models.preprocessing import fit_preprocessing

N_FOLDS = 3
MIN_ROWS, MIN_POSITIVES = 200, 20
MAX_ROUNDS, PATIENCE = 200, 15
_PARAMS = {
    "objective": "binary",
    "metric": "binary_logloss",
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "boost_from_average": False,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
}


def audit_scores(
    X: pd.DataFrame, features: Sequence[Feature], y: np.ndarray, score: np.ndarray, account_id: np.ndarray, *, seed: int
) -> np.ndarray | None:
    """Correct probabilities by what the features say, each row by trees that saw none of its account's rows.

    Parameters
    ----------
    X : DataFrame of n rows
        All features, as examples have them.
    features : sequence of Feature
        What `X` holds.
    y : array of shape (n,)
        Labels 0/1.
    score : array of shape (n,)
        Probabilities of a model that didn't learn from these rows.
    account_id : array of shape (n,)
    seed : int

    Returns
    -------
    array of shape (n,) or None
        Corrected probabilities; None with fewer than 200 rows or 20 rows of either class, on which nothing could be learnt.
    """
    import lightgbm as lgb

    labels, chances = np.asarray(y, dtype=np.float64), np.clip(np.asarray(score, dtype=np.float64), 1e-9, 1 - 1e-9)
    if labels.size < MIN_ROWS or min(labels.sum(), (1 - labels).sum()) < MIN_POSITIVES or not len(features):
        return None
    offset = np.log(chances) - np.log1p(-chances)
    matrix = fit_preprocessing(X, tuple(features)).transform(X)  # only codes and gaps are learnt here, no label is seen
    if not matrix.names:
        return chances
    params = _PARAMS | {"seed": seed}
    corrected = offset.copy()
    for number, fold in enumerate(stratified_folds(labels, account_id, n_folds=N_FOLDS, seed=seed).folds):
        inner = stratified_folds(labels[fold.fit], account_id[fold.fit], n_folds=N_FOLDS, seed=seed + number + 1).folds[0]
        fit, check = fold.fit[inner.fit], fold.fit[inner.check]
        data = lgb.Dataset(
            matrix.values[fit], labels[fit], init_score=offset[fit], categorical_feature=list(matrix.categorical), params=params
        )
        held_out = lgb.Dataset(matrix.values[check], labels[check], init_score=offset[check], reference=data, params=params)
        booster = lgb.train(
            params, data, num_boost_round=MAX_ROUNDS, valid_sets=[held_out], callbacks=[lgb.early_stopping(PATIENCE, verbose=False)]
        )
        # Early stopping keeps at least one round even where none helps; a check against no correction at all lets the score stand.
        step = np.asarray(booster.predict(matrix.values[check], raw_score=True, num_threads=1))
        if _loss(offset[check] + step, labels[check]) < _loss(offset[check], labels[check]):
            corrected[fold.check] += np.asarray(booster.predict(matrix.values[fold.check], raw_score=True, num_threads=1))
    return sigmoid(corrected)


def _loss(log_odds: np.ndarray, y: np.ndarray) -> float:
    return float(np.sum(np.logaddexp(0.0, log_odds) - y * log_odds))
