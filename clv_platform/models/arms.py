"""Arms side by side inside the training data, and the one that wins.

Here: each arm fitted and checked on the same folds, chosen by PR-AUC, with its out-of-fold scores for calibration. Keep test rows and
final figures out: nothing here has seen them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from clv_platform.datasets import LabelError
from clv_platform.metrics import log_loss, pr_auc
from clv_platform.models.boosting import MIN_ROUNDS, BoosterSettings, fit_booster
from clv_platform.models.calibration import Calibrator, fit_calibrator
from clv_platform.models.folds import Folds
from clv_platform.models.preprocessing import Matrix
from clv_platform.models.sampling import Arm, is_possible

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class ArmResult:
    """One arm on all folds.

    Attributes
    ----------
    pr_auc : tuple of float
        One per fold, on untouched checked rows.
    rounds : int
        Mean over folds of the rounds that early stopping found.
    raw_score : ndarray of shape (n,)
        Out-of-fold log-odds; NaN for rows that no fold checked.
    calibrator : Calibrator
        Fitted on these.
    fit_seconds : float
        Time of all its fits, as measured while other fits may have run beside them.
    """

    arm: Arm
    pr_auc: tuple[float, ...]
    rounds: int
    raw_score: np.ndarray
    calibrator: Calibrator
    log_loss: float
    fit_seconds: float


@dataclass(frozen=True)
class ArmComparison:
    """All arms that could be fitted: the chosen one, then the others by mean PR-AUC."""

    results: tuple[ArmResult, ...]
    fold_of: np.ndarray  # fold in which a row was checked, -1: in none
    skipped: tuple[Arm, ...]

    @property
    def chosen(self) -> ArmResult:
        """The arm that the config lists first, unless another has the better PR-AUC in every fold."""
        return self.results[0]

    def table(self) -> pd.DataFrame:
        """One row per arm: what reports show beside the chosen one."""
        rows = [
            {
                "arm": result.arm,
                "pr_auc": float(np.mean(result.pr_auc)),
                "pr_auc_sd": float(np.std(result.pr_auc, ddof=1)) if len(result.pr_auc) > 1 else float("nan"),
                "log_loss": result.log_loss,
                "is_chosen": result is self.chosen,
                "fit_seconds": result.fit_seconds,
                "best_iteration": result.rounds,
                "n_folds": len(result.pr_auc),
                "note": "",
            }
            for result in self.results
        ]
        gap = float("nan")
        rows += [
            {"arm": arm, "pr_auc": gap, "pr_auc_sd": gap, "log_loss": gap, "is_chosen": False, "fit_seconds": 0.0, "best_iteration": 0,
             "n_folds": 0, "note": "not fitted: a fold has fewer than two positives"}
            for arm in self.skipped
        ]  # fmt: skip
        return pd.DataFrame(rows)


def run_parallel(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> list[Result]:
    """Map over items with at most `threads` at a time, results in order; LightGBM lets other threads run while it fits."""
    work: Sequence[Item] = list(items)
    if threads <= 1 or len(work) <= 1:
        return [function(item) for item in work]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, work))


def compare_arms(
    matrix_of: Callable[[np.ndarray], Callable[[np.ndarray], Matrix]],
    y: np.ndarray,
    folds: Folds,
    arms: Sequence[Arm],
    settings: BoosterSettings,
    *,
    seed: int,
    threads: int,
) -> ArmComparison:
    """Fit every arm on every fold and rank the arms.

    Parameters
    ----------
    matrix_of : function
        Given the fitted rows, learns preprocessing on them and returns a function from rows to their matrix.
    y : ndarray of shape (n,)
        Labels 0/1.
    """
    possible: list[Arm] = [arm for arm in arms if all(is_possible(arm, y[fold.fit]) for fold in folds.folds)]
    if not possible:
        raise LabelError(
            f"training.arms: expected an arm that {int((y == 1).sum())} positives can feed in every fold, found only {', '.join(arms)}. "
            "Add `none` to `training.arms`."
        )
    prepared = []
    for fold in folds.folds:
        to_matrix = matrix_of(fold.fit)
        prepared.append((fold, to_matrix(fold.fit), to_matrix(fold.check)))

    def fit_one(task: tuple[Arm, Any]) -> tuple[np.ndarray, int, float]:
        arm, (fold, fit_matrix, check_matrix) = task
        started = time.perf_counter()
        fit = fit_booster(fit_matrix, y[fold.fit], arm, settings, seed=seed, check=(check_matrix, y[fold.check]))
        return fit.raw_score(check_matrix.values), fit.best_rounds, time.perf_counter() - started

    tasks: list[tuple[Arm, Any]] = [(arm, fold) for arm in possible for fold in prepared]
    fits = dict(zip([(arm, position) for arm in possible for position in range(len(prepared))],
                    run_parallel(fit_one, tasks, threads), strict=True))  # fmt: skip
    fold_of = np.full(len(y), -1)
    for position, fold in enumerate(folds.folds):
        fold_of[fold.check] = position
    checked = fold_of >= 0
    results: list[ArmResult] = []
    for arm in possible:
        raw = np.full(len(y), np.nan)
        pr_aucs: list[float] = []
        for position, fold in enumerate(folds.folds):
            raw[fold.check] = fits[arm, position][0]
            pr_aucs.append(pr_auc(y[fold.check], fits[arm, position][0]))
        rounds = max(MIN_ROUNDS, round(float(np.mean([fits[arm, position][1] for position in range(len(prepared))]))))
        calibrator = fit_calibrator(y[checked], raw[checked])
        loss = log_loss(y[checked], calibrator.apply(raw[checked]))
        seconds = sum(fits[arm, position][2] for position in range(len(prepared)))
        results.append(ArmResult(arm, tuple(pr_aucs), rounds, raw, calibrator, loss, seconds))
    return ArmComparison(rank_arms(results), fold_of, tuple(arm for arm in arms if arm not in possible))


def rank_arms(results: Sequence[ArmResult]) -> tuple[ArmResult, ...]:
    """Put the arm to use first, then the others by mean PR-AUC.

    Differences between arms are mostly noise of the folds, so the first of the list (in a config: the simplest) stays unless another arm
    beats it in every fold.
    """
    ranked = sorted(results, key=lambda result: -float(np.mean(result.pr_auc)))
    simplest = results[0]
    better = [result for result in ranked if all(ours > its for ours, its in zip(result.pr_auc, simplest.pr_auc, strict=True))]
    chosen = better[0] if better else simplest
    return (chosen, *(result for result in ranked if result is not chosen))
