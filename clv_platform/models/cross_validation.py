"""Honest figures for undated data: the whole procedure repeated inside each training part, scored on the part left out.

Here: out-of-fold scores of the chosen procedure, of every arm and of every baseline, for each fold seed. Keep metrics of them out
(`evaluation`). Choice of arm, rounds and calibration are nested: they see training parts only.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from clv_platform.config import Target, Training
from clv_platform.datasets import Examples, check_trainable
from clv_platform.models.arms import run_parallel
from clv_platform.models.comparators import ContenderScores, score_contenders
from clv_platform.models.folds import Fold, stratified_folds
from clv_platform.models.regression import KIND as REGRESSION
from clv_platform.models.training import fit_on_all, fit_procedure
from clv_platform.models.tuning import Budget


@dataclass(frozen=True)
class FoldSeedResult:
    """Out-of-fold scores of all rows for one way to cut them.

    Attributes
    ----------
    seed : int
        Cuts the rows; also seeds the fits.
    fold : ndarray of shape (n,)
        In which fold a row was left out.
    score, raw_score : ndarray of shape (n,)
        Calibrated chance and log-odds of the procedure that chooses its arm in each fold.
    f1_threshold, regression_f1_threshold : ndarray of shape (n,)
        Threshold that the row's training part chose for the procedure, and for the logistic regression.
    arms, baselines : dict of str to ndarray of shape (n,)
        Calibrated chances of every arm, chosen or not, and of every baseline; the logistic regression, calibrated like the procedure, is
        one of these.
    chosen_arms : tuple of str
        One per fold.
    comparators : dict of str to ndarray of shape (n,) or None
        Calibrated chances of the other algorithms; None where one couldn't be fitted. Only the first fold seed has them: they are slow.
    fit_seconds : dict of str to float
        Of the model, the baselines and the comparators: mean time of a fit on a training part.
    notes : dict of str to str
        What limits a comparator, or why it is missing.
    """

    seed: int
    fold: np.ndarray
    score: np.ndarray
    raw_score: np.ndarray
    f1_threshold: np.ndarray
    regression_f1_threshold: np.ndarray
    arms: dict[str, np.ndarray]
    baselines: dict[str, np.ndarray]
    chosen_arms: tuple[str, ...]
    comparators: dict[str, np.ndarray | None]
    fit_seconds: dict[str, float]
    notes: dict[str, str]


@dataclass(frozen=True)
class CrossValidation:
    """All fold seeds.

    Attributes
    ----------
    rows : ndarray of shape (n,)
        Positions in the given examples of the rows with a label; all arrays follow them.
    y : ndarray of shape (n,)
        Labels 0/1.
    account_id : ndarray of shape (n,)
        For intervals.
    split : str
        `oof_stratified_<k>`.
    results : tuple of FoldSeedResult
        One per fold seed.
    arms : DataFrame
        The inner comparisons: seed, fold, arm, pr_auc, pr_auc_sd, log_loss, is_chosen, fit_seconds, best_iteration, n_folds, note.
    """

    rows: np.ndarray
    y: np.ndarray
    account_id: np.ndarray
    split: str
    results: tuple[FoldSeedResult, ...]
    arms: pd.DataFrame

    @property
    def scores(self) -> np.ndarray:
        """Calibrated chances of the procedure, shape (n_seeds, n)."""
        return np.vstack([result.score for result in self.results])

    @property
    def folds(self) -> np.ndarray:
        """Fold in which a row was left out, shape (n_seeds, n)."""
        return np.vstack([result.fold for result in self.results])

    @property
    def baselines(self) -> dict[str, np.ndarray]:
        """Chances of each baseline, shape (n_seeds, n)."""
        return {name: np.vstack([result.baselines[name] for result in self.results]) for name in self.results[0].baselines}

    @property
    def arm_scores(self) -> dict[str, np.ndarray]:
        """Calibrated chances of each arm that every fold could fit, shape (n_seeds, n)."""
        names = [arm for arm in self.results[0].arms if all(arm in result.arms for result in self.results)]
        return {name: np.vstack([result.arms[name] for result in self.results]) for name in names}


@dataclass(frozen=True)
class _FoldResult:
    raw_score: np.ndarray
    score: np.ndarray
    f1_threshold: float
    regression_f1_threshold: float
    arms: dict[str, np.ndarray]
    contenders: tuple[ContenderScores, ...]
    chosen: str
    table: pd.DataFrame
    fit_seconds: float


def cross_validate_binary(
    examples: Examples,
    target: Target,
    training: Training,
    threads: int = 1,
    *,
    budget: Budget | None = None,
    journals: Path | None = None,
    private: Collection[str] = (),
) -> CrossValidation:
    """Score every labelled row by models that never saw it, once per fold seed.

    Parameters
    ----------
    examples : Examples
        Undated rows (dated ones belong into `split_by_time`).
    target : Target
        `n_folds` and `fold_seeds`.
    threads : int
        Folds worked on at a time; the result doesn't depend on it.
    budget : Budget, optional
        Of the search for parameters that each fold repeats; by default `training.tuning`'s everyday one.
    journals : Path, optional
        Folder from which killed searches go on.
    private : collection of str
        Columns that notes must not name.

    Raises
    ------
    ValueError
        For dated rows.
    LabelError
        When labels are missing, of one class, or fewer than `training.min_positives`.
    """
    from threadpoolctl import threadpool_limits

    if not examples.is_undated:
        raise ValueError(
            f"target {target.name!r}: expected undated rows, found dates. Random folds would train on the future: use `split_by_time`."
        )
    check_trainable(examples.y, target, training, examples.label)
    usable = np.flatnonzero(examples.is_usable)
    rows = examples.take(usable)
    cuts = {seed: stratified_folds(rows.y, rows.account_id, n_folds=target.n_folds, seed=seed) for seed in target.fold_seeds}
    tasks = [(seed, fold) for seed, folds in cuts.items() for fold in folds.folds]
    # Limited here, not only where fits need it: what one thread limits, it also frees again while others are at work.
    with threadpool_limits(limits=1, user_api="blas"):
        done = run_parallel(lambda task: _run_fold(rows, task[1], target, training, task[0], budget, journals, private), tasks, threads)
    results: list[FoldSeedResult] = []
    tables: list[pd.DataFrame] = []
    for seed in cuts:
        own = [(fold, result) for (task_seed, fold), result in zip(tasks, done, strict=True) if task_seed == seed]
        results.append(_collect(seed, own, len(rows.y)))
        tables += [result.table.assign(seed=seed, fold=position) for position, (_, result) in enumerate(own)]
    n_folds = len(cuts[target.fold_seeds[0]].folds)
    arms = pd.concat(tables, ignore_index=True)
    arms = arms[["seed", "fold", *[column for column in arms.columns if column not in ("seed", "fold")]]]
    return CrossValidation(usable, rows.y, rows.account_id, f"oof_stratified_{n_folds}", tuple(results), arms)


def _run_fold(
    rows: Examples,
    fold: Fold,
    target: Target,
    training: Training,
    seed: int,
    budget: Budget | None,
    journals: Path | None,
    private: Collection[str],
) -> _FoldResult:
    fit_rows, check_rows = rows.take(fold.fit), rows.take(fold.check)
    fitted = fit_procedure(fit_rows, target, training, seed=seed, threads=1, budget=budget, journals=journals)
    chosen = fitted.chosen
    matrix = fitted.preprocessing.transform(check_rows.X)
    raw = fitted.raw_score(matrix)
    arms: dict[str, np.ndarray] = {}
    for result in fitted.arms.results:
        if result.arm == chosen.arm:
            arms[result.arm] = chosen.calibrator.apply(raw)
            continue
        fits = fit_on_all(fitted.preprocessing.transform(fit_rows.X), fit_rows.y, result, seed=seed, threads=1)
        arms[result.arm] = result.calibrator.apply(np.mean([fit.raw_score(matrix.values) for fit in fits], axis=0))
    own = fitted.regression
    regression = ContenderScores(REGRESSION, "baseline", own.calibrator.apply(own.predictor.raw_score(matrix)), own.fit_seconds)
    is_first = seed == target.fold_seeds[0]
    contenders = score_contenders(
        fit_rows,
        check_rows,
        target,
        training,
        seed=seed,
        with_comparators=is_first,
        max_rows=budget.max_rows if budget else None,
        private=private,
        ready=(regression,),
    )
    thresholds = (fitted.f1_threshold(fit_rows.y, chosen), fitted.f1_threshold(fit_rows.y, own))
    return _FoldResult(raw, arms[chosen.arm], *thresholds, arms, contenders, chosen.arm, fitted.arms_table(), fitted.fit_seconds)


def _collect(seed: int, own: list[tuple[Fold, _FoldResult]], n: int) -> FoldSeedResult:
    fold_of = np.full(n, -1)
    for position, (fold, _) in enumerate(own):
        fold_of[fold.check] = position

    def gather(parts: list[np.ndarray]) -> np.ndarray:
        whole = np.full(n, np.nan)
        for (fold, _), part in zip(own, parts, strict=True):
            whole[fold.check] = part
        return whole

    # An arm that one fold could not fit has no complete out-of-fold score and is left out.
    arms = [arm for arm in own[0][1].arms if all(arm in result.arms for _, result in own)]
    names = [contender.name for contender in own[0][1].contenders]
    by_kind: dict[str, dict[str, list[np.ndarray | None]]] = {"baseline": {}, "comparator": {}}
    for _, result in own:
        for contender in result.contenders:
            by_kind[contender.kind].setdefault(contender.name, []).append(contender.score)
    return FoldSeedResult(
        seed,
        fold_of,
        gather([result.score for _, result in own]),
        gather([result.raw_score for _, result in own]),
        gather([np.full(len(fold.check), result.f1_threshold) for fold, result in own]),
        gather([np.full(len(fold.check), result.regression_f1_threshold) for fold, result in own]),
        {arm: gather([result.arms[arm] for _, result in own]) for arm in arms},
        {name: gather([score for score in scores if score is not None]) for name, scores in by_kind["baseline"].items()},
        tuple(result.chosen for _, result in own),
        {
            name: None if any(score is None for score in scores) else gather([score for score in scores if score is not None])
            for name, scores in by_kind["comparator"].items()
        },
        {"model": float(np.mean([result.fit_seconds for _, result in own]))}
        | {name: float(np.mean([c.fit_seconds for _, result in own for c in result.contenders if c.name == name])) for name in names},
        _gather_notes([result.contenders for _, result in own]),
    )


def _gather_notes(folds: list[tuple[ContenderScores, ...]]) -> dict[str, str]:
    """Of a simple rule every note once, because each fold learns its own; of an algorithm that of the last fold."""
    notes: dict[str, list[str]] = {}
    for contender in (contender for contenders in folds for contender in contenders):
        if contender.note:
            notes.setdefault(contender.name, []).append(contender.note)
    is_rule = {contender.name: contender.kind == "baseline" for contender in folds[-1]}
    return {name: "; ".join(dict.fromkeys(own)) if is_rule[name] else own[-1] for name, own in notes.items()}
