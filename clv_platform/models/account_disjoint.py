"""How well the model does for accounts that it has never seen: the account-disjoint score.

Accounts come back at every snapshot, so an account of the test has usually been trained on at earlier dates. Here: a second model, with the
same parameters and rounds, trained without some accounts, that scores the test rows of just these. Keep figures of it out (`evaluation`).
"""

from __future__ import annotations

import numpy as np

from clv_platform.datasets import Examples, hold_out_accounts
from clv_platform.models.artifact import ModelArtifact
from clv_platform.models.preprocessing import fit_preprocessing
from clv_platform.models.sampling import is_possible

HELD_OUT_SHARE = 0.25


def score_unseen_accounts(
    artifact: ModelArtifact, train: Examples, test: Examples, *, share: float = HELD_OUT_SHARE, threads: int = 1
) -> np.ndarray | None:
    """Score test rows by a model trained without their accounts.

    Parameters
    ----------
    artifact : ModelArtifact
        Gives kind, arm, parameters, rounds, calibrator and seed: nothing is searched for again.
    train, test : Examples
        The rows it was trained on, and the test rows.
    share : float
        Of the accounts, chosen by a hash, so the same in every run.
    threads : int
        Fits at a time.

    Returns
    -------
    ndarray of shape (n_test,) or None
        Chances; NaN on rows of the other accounts. None where either side would have no event or nothing to learn from.
    """
    manifest = artifact.manifest
    held = hold_out_accounts(test, share, manifest.seed)
    rows = train.take(train.is_usable & ~hold_out_accounts(train, share, manifest.seed))
    if not held.any() or not (test.y[held] == 1).any() or len(np.unique(rows.y)) < 2 or not is_possible(manifest.arm, rows.y):
        return None
    preprocessing = fit_preprocessing(rows.X, rows.features)
    if not preprocessing.columns:
        return None
    again = artifact.predictor.refit(preprocessing.transform(rows.X), rows.y, manifest, threads)
    scores = np.full(len(test), np.nan)
    unseen = preprocessing.transform(test.X.iloc[np.flatnonzero(held)])
    scores[held] = artifact.calibrator.apply(again.raw_score(unseen, threads))
    return scores
