"""Arms side by side inside the training data, and the one that wins.

Here: each arm fitted and checked on the same folds, chosen by PR-AUC, with its out-of-fold scores for calibration. Keep test rows and
final figures out: nothing here has seen them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd

from clv_platform.datasets import LabelError
from clv_platform.metrics import log_loss, pr_auc
from clv_platform.models.boosting import MIN_ROUNDS, Bins, BoosterFit, BoosterSettings, bin_rows, fit_booster
from clv_platform.models.calibration import Calibrator, fit_calibrator
from clv_platform.models.folds import Fold, Folds
from clv_platform.models.preprocessing import Matrix
from clv_platform.models.sampling import Arm, is_possible

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class PreparedFold:
    """A fold with the matrices that preprocessing made of it, learnt on its fitted rows alone; bins where several fits share them."""

    fold: Fold
    fit: Matrix
    check: Matrix
    bins: Bins | None = None


@dataclass(frozen=True)
class FoldFit:
    """One fit on one fold.

    Attributes
    ----------
    raw_score : ndarray
        Log-odds of the checked rows.
    rounds : int
        What early stopping found.
    pr_auc : float
        On the checked rows, which no sampler has touched.
    cpu_seconds : float
        Computing time of the fit, which neighbours on the machine don't change.
    """

    raw_score: np.ndarray
    rounds: int
    pr_auc: float
    cpu_seconds: float


@dataclass(frozen=True)
class ArmResult:
    """One arm, with parameters, on all folds.

    Attributes
    ----------
    settings : BoosterSettings
        What it was fitted with.
    pr_auc : tuple of float
        One per fold, on untouched checked rows.
    rounds : int
        Mean over folds of the rounds that early stopping found.
    raw_score : ndarray of shape (n,)
        Out-of-fold log-odds; NaN for rows that no fold checked.
    calibrator : Calibrator
        Fitted on these.
    fit_seconds : float
        Computing time of all its fits.
    """

    arm: Arm
    pr_auc: tuple[float, ...]
    rounds: int
    raw_score: np.ndarray
    calibrator: Calibrator
    log_loss: float
    fit_seconds: float
    settings: BoosterSettings

    @property
    def mean_pr_auc(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.pr_auc))


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
                "pr_auc": result.mean_pr_auc,
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


def prepare_folds(matrix_of: Callable[[np.ndarray], Callable[[np.ndarray], Matrix]], folds: Folds) -> tuple[PreparedFold, ...]:
    """Make the matrices of every fold.

    Parameters
    ----------
    matrix_of : function
        Given the fitted rows, learns preprocessing on them and returns a function from rows to their matrix.
    """
    prepared: list[PreparedFold] = []
    for fold in folds.folds:
        to_matrix = matrix_of(fold.fit)
        prepared.append(PreparedFold(fold, to_matrix(fold.fit), to_matrix(fold.check)))
    return tuple(prepared)


def thin_folds(prepared: Sequence[PreparedFold], max_rows: int | None, seed: int) -> tuple[PreparedFold, ...]:
    """Keep a random choice of each fold's fitted rows where there are more than `max_rows`; the checked rows stay whole.

    Which of two settings is better shows on a part of the rows as well, at a part of the cost.
    """
    return tuple(_thin(part, max_rows, seed) for part in prepared)


def _thin(part: PreparedFold, max_rows: int | None, seed: int) -> PreparedFold:
    if max_rows is None or len(part.fold.fit) <= max_rows:
        return part
    kept = np.sort(np.random.default_rng(seed).choice(len(part.fold.fit), max_rows, replace=False))
    return replace(part, fold=replace(part.fold, fit=part.fold.fit[kept]), fit=replace(part.fit, values=part.fit.values[kept]), bins=None)


def bin_folds(prepared: Sequence[PreparedFold], y: np.ndarray, settings: BoosterSettings) -> tuple[PreparedFold, ...]:
    """Put the rows of folds into bins once, for all arms and trials that are fitted on them."""
    return tuple(replace(part, bins=bin_rows(part.fit, y[part.fold.fit], settings, (part.check, y[part.fold.check]))) for part in prepared)


def fit_bags(
    matrix: Matrix, y: np.ndarray, arm: Arm, settings: BoosterSettings, *, seed: int, rounds: int, threads: int
) -> tuple[BoosterFit, ...]:
    """Fit the boosters of a model, which differ in their seeds (some also in how they split), on the same bins."""
    bins = None if arm == "smote" else bin_rows(matrix, y, settings)

    def fit(bag: int) -> BoosterFit:
        own, own_rounds = settings.of_bag(bag, rounds)
        return fit_booster(matrix, y, arm, own, seed=seed + bag, rounds=own_rounds, bins=bins)

    return tuple(run_parallel(fit, range(settings.n_bags), threads))


def fit_folds(
    arm: Arm, settings: BoosterSettings, prepared: Sequence[PreparedFold], y: np.ndarray, *, seed: int, threads: int
) -> ArmResult:
    """Fit one arm, with its settings, on every fold."""
    fits = run_parallel(lambda part: check_fold(part, y, arm, settings, seed), prepared, threads)
    return gather_folds(arm, settings, prepared, fits, y)


def check_fold(prepared: PreparedFold, y: np.ndarray, arm: Arm, settings: BoosterSettings, seed: int) -> FoldFit:
    """Fit an arm on a fold's fitted rows and score its checked ones."""
    started = time.thread_time()
    labels = y[prepared.fold.check]
    fit = fit_booster(prepared.fit, y[prepared.fold.fit], arm, settings, seed=seed, check=(prepared.check, labels), bins=prepared.bins)
    raw = fit.raw_score(prepared.check.values)
    return FoldFit(raw, fit.best_rounds, pr_auc(labels, raw), time.thread_time() - started)


def gather_folds(
    arm: Arm, settings: BoosterSettings, prepared: Sequence[PreparedFold], fits: Sequence[FoldFit], y: np.ndarray
) -> ArmResult:
    """Put the fits on all folds together: out-of-fold scores, their calibrator, mean rounds."""
    raw = np.full(len(y), np.nan)
    for part, fit in zip(prepared, fits, strict=True):
        raw[part.fold.check] = fit.raw_score
    checked = ~np.isnan(raw)
    calibrator = fit_calibrator(y[checked], raw[checked])
    return ArmResult(
        arm=arm,
        pr_auc=tuple(fit.pr_auc for fit in fits),
        rounds=max(MIN_ROUNDS, round(float(np.mean([fit.rounds for fit in fits])))),
        raw_score=raw,
        calibrator=calibrator,
        log_loss=log_loss(y[checked], calibrator.apply(raw[checked])),
        fit_seconds=sum(fit.cpu_seconds for fit in fits),
        settings=settings,
    )


def compare_arms(
    prepared: Sequence[PreparedFold], y: np.ndarray, arms: Sequence[Arm], settings: BoosterSettings, *, seed: int, threads: int
) -> ArmComparison:
    """Fit every arm on every fold and rank the arms.

    Parameters
    ----------
    prepared : sequence of PreparedFold
    y : ndarray of shape (n,)
        Labels 0/1.

    Raises
    ------
    LabelError
        When no arm of the config can be fitted on these few positives.
    """
    possible: list[Arm] = [arm for arm in arms if all(is_possible(arm, y[part.fold.fit]) for part in prepared)]
    if not possible:
        raise LabelError(
            f"training.arms: expected an arm that {int((y == 1).sum())} positives can feed in every fold, found only {', '.join(arms)}. "
            "Add `none` to `training.arms`."
        )
    tasks: list[tuple[Arm, PreparedFold]] = [(arm, part) for arm in possible for part in prepared]
    fits = run_parallel(lambda task: check_fold(task[1], y, task[0], settings, seed), tasks, threads)
    results = [
        gather_folds(arm, settings, prepared, [fit for (own, _), fit in zip(tasks, fits, strict=True) if own == arm], y) for arm in possible
    ]
    fold_of = np.full(len(y), -1)
    for position, part in enumerate(prepared):
        fold_of[part.fold.check] = position
    return ArmComparison(rank_arms(results), fold_of, tuple(arm for arm in arms if arm not in possible))


def rank_arms(results: Sequence[ArmResult]) -> tuple[ArmResult, ...]:
    """Put the arm to use first, then the others by mean PR-AUC.

    Differences between arms are mostly noise of the folds, so the first of the list (in a config: the simplest) stays unless another arm
    beats it in every fold.
    """
    ranked = sorted(results, key=lambda result: -result.mean_pr_auc)
    simplest = results[0]
    better = [result for result in ranked if all(ours > its for ours, its in zip(result.pr_auc, simplest.pr_auc, strict=True))]
    chosen = better[0] if better else simplest
    return (chosen, *(result for result in ranked if result is not chosen))
