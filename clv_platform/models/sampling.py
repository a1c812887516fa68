"""The three ways to treat a rare class: leave it, weigh it, or add synthetic rows (SMOTE).

Here: what an arm does to fitted rows, called from inside `boosting.fit_booster` only, so that checked and tested rows never meet a
sampler. Add an arm here and to `Training.arms` in the config's schema. Keep choosing between arms out (`arms`).

How far an arm goes is one number, the ratio: positives per negative after treatment. By default class weights go all the way to 1, SMOTE
to `SMOTE_RATIO`; tuning tries others. Cost of SMOTE is capped: neighbours are searched among at most `MAX_PARENTS` positives, at most
`MAX_SYNTHETIC` rows are added. Negatives are never dropped.

References
----------
Chawla, Bowyer, Hall, Kegelmeyer (2002), SMOTE: Synthetic Minority Over-sampling Technique, section 6.1 for SMOTE-NC.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from clv_platform.models.preprocessing import Matrix

Arm = Literal["none", "class_weight", "smote"]

SMOTE_RATIO = 0.25
MAX_PARENTS = 2500
MAX_SYNTHETIC = 12_000
N_NEIGHBOURS = 5


def positive_weight(y: np.ndarray, arm: Arm, ratio: float | None = None) -> float:
    """Weight of a positive row: for `class_weight` so large that positives weigh `ratio` (by default 1) times the negatives, else 1."""
    n_positive = float((y == 1).sum())
    return (ratio or 1.0) * (len(y) - n_positive) / n_positive if arm == "class_weight" else 1.0


def is_possible(arm: Arm, y: np.ndarray) -> bool:
    """Whether the arm can be fitted: SMOTE needs two positives."""
    return arm != "smote" or int((y == 1).sum()) >= 2


def add_synthetic(matrix: Matrix, y: np.ndarray, seed: int, ratio: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Append synthetic positives between neighbouring positives.

    Parameters
    ----------
    matrix : Matrix
        Fitted rows only.
    y : ndarray
        Labels 0/1 with at least two positives.
    seed : int
        Same input and seed, same rows.
    ratio : float, optional
        Positives per negative afterwards; by default `SMOTE_RATIO`.

    Returns
    -------
    values, labels : ndarray
        The given rows unchanged, then the synthetic ones. Distances are taken on columns scaled to standard deviation 1; category codes
        are the neighbours' most frequent ones (SMOTE-NC); booleans and flags take the nearer parent's value; where a flag says missing,
        the number is 0 as everywhere.
    """
    positives = np.flatnonzero(y == 1)
    n_new = min(int((ratio or SMOTE_RATIO) * (len(y) - len(positives))) - len(positives), MAX_SYNTHETIC)
    if n_new <= 0:
        return matrix.values, y
    rng = np.random.default_rng(seed)
    parents = positives if len(positives) <= MAX_PARENTS else np.sort(rng.choice(positives, MAX_PARENTS, replace=False))
    rows = matrix.values[parents].astype(np.float64)
    codes = list(matrix.categorical)
    numbers = [column for column in range(rows.shape[1]) if column not in set(codes)]
    scale = matrix.values[:, numbers].std(axis=0, dtype=np.float64)
    scale[scale == 0] = 1.0
    rows[:, numbers] /= scale
    new = _interpolate(rows, codes, n_new, seed)
    new[:, numbers] *= scale
    whole = [column for column in matrix.discrete if column not in set(codes)]
    new[:, whole] = np.round(new[:, whole])
    position = {name: index for index, name in enumerate(matrix.names)}
    for name, index in position.items():
        column = position.get(name.removeprefix("is_missing_")) if name.startswith("is_missing_") else None
        if column is not None:
            new[new[:, index] == 1, column] = 0.0
    return np.vstack([matrix.values, new.astype(np.float32)]), np.concatenate([y, np.ones(n_new)])


def _interpolate(rows: np.ndarray, codes: list[int], n_new: int, seed: int) -> np.ndarray:
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    # The samplers want a second class; negatives play no part in making positives, so one stand-in row repeated is enough.
    n = len(rows)
    values = np.vstack([rows, rows[:1]])
    labels = np.r_[np.ones(n, dtype=int), 0]
    common = {"sampling_strategy": {1: n + n_new}, "random_state": seed, "k_neighbors": min(N_NEIGHBOURS, n - 1)}
    if not codes:
        sampler = SMOTE(**common)
    elif len(codes) == rows.shape[1]:
        sampler = SMOTEN(**common)
    else:
        sampler = SMOTENC(categorical_features=codes, **common)
    return np.asarray(sampler.fit_resample(values, labels)[0], dtype=np.float64)[n + 1 :]
