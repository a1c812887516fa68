"""Training of a yes/no model: arms, parameters, rounds, calibration inside the training data, then one fit on all of it.

Here: `train_binary_model` and the procedure it shares with `cross_validation`. Keep test rows out: nothing in this room sees them.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clv_platform.config import Target, Training
from clv_platform.datasets import Examples, check_trainable
from clv_platform.metrics import best_f1_threshold, log_loss, pr_auc, roc_auc
from clv_platform.models.arms import ArmComparison, ArmResult, bin_folds, compare_arms, fit_bags, fit_folds, prepare_folds, thin_folds
from clv_platform.models.artifact import Manifest, ModelArtifact
from clv_platform.models.boosted_trees import BoostedTrees
from clv_platform.models.boosting import BoosterFit, resolve_settings
from clv_platform.models.calibration import Calibrator
from clv_platform.models.folds import Folds, build_folds
from clv_platform.models.identity import name_model
from clv_platform.models.preprocessing import Matrix, Preprocessing, fit_preprocessing
from clv_platform.models.regression import MAX_LEVELS, MAX_ROWS, PENALTY, FittedRegression, Regression, train_regression
from clv_platform.models.sampling import Arm
from clv_platform.models.tuning import Budget, TuningResult, tune


class NoUsableFeatures(ValueError):
    """Every feature is empty or constant in the training rows; the message names them."""


N_TIME_FOLDS = 2
N_STRATIFIED_FOLDS = 3


@dataclass(frozen=True)
class FittedProcedure:
    """One pass through the procedure on some rows.

    Attributes
    ----------
    arms : ArmComparison
        With the default parameters.
    tuning : TuningResult
        Arms and trials may have been compared on a part of each fold's rows (`Budget.max_rows`).
    chosen : ArmResult
        Arm and parameters in use, with out-of-fold scores and calibrator of fits on whole folds.
    fit_seconds : float
        Time of that last fit.
    regression : FittedRegression
        The simpler model of the same rows, by the same folds.
    """

    preprocessing: Preprocessing
    arms: ArmComparison
    tuning: TuningResult
    chosen: ArmResult
    folds: Folds
    fits: tuple[BoosterFit, ...]
    fit_seconds: float
    regression: FittedRegression

    @property
    def calibrator(self) -> Calibrator:
        """Calibrator of what was chosen."""
        return self.chosen.calibrator

    def arms_table(self) -> pd.DataFrame:
        """The arms beside each other; the one in use is marked, also when the search for parameters chose another one."""
        table = self.arms.table()
        return table.assign(is_chosen=table["arm"] == self.chosen.arm)

    def raw_score(self, matrix: Matrix) -> np.ndarray:
        """Mean log-odds of all boosters."""
        return np.mean([fit.raw_score(matrix.values) for fit in self.fits], axis=0)

    def f1_threshold(self, y: np.ndarray, fitted: ArmResult | FittedRegression) -> float:
        """Chance with the best F1 on the rows that the inner folds checked."""
        checked = self.arms.fold_of >= 0
        return best_f1_threshold(y[checked], fitted.calibrator.apply(fitted.raw_score[checked]))


@dataclass(frozen=True)
class TrainedModel:
    """A trained model and what was seen on the way.

    Attributes
    ----------
    artifact : ModelArtifact
        The boosted trees.
    regression : ModelArtifact
        The logistic regression of the same rows: what is used where the trees aren't clearly better.
    arms : DataFrame
        arm, pr_auc, pr_auc_sd, log_loss, is_chosen, fit_seconds, best_iteration, n_folds, note; best first.
    best_iteration : int
        Trees per booster of the final fit.
    out_of_fold : DataFrame
        row (position in the given examples), fold, raw_score, score of the chosen arm: each row by a model that wasn't fitted on it.
    f1_threshold : float
        Score with the best F1 on these rows: apply it to test rows, don't choose it there.
    tuning : DataFrame
        The search for parameters, a row per trial; see `TuningResult.history`.
    fit_seconds, regression_fit_seconds : float
        Time of the last fit, on all rows.
    """

    artifact: ModelArtifact
    regression: ModelArtifact
    arms: pd.DataFrame
    best_iteration: int
    out_of_fold: pd.DataFrame
    f1_threshold: float
    tuning: pd.DataFrame
    fit_seconds: float
    regression_fit_seconds: float


def train_binary_model(
    train: Examples,
    target: Target,
    training: Training,
    *,
    cutoff: date | None,
    config_hash: str,
    data_hash: str,
    threads: int = 1,
    budget: Budget | None = None,
    journals: Path | None = None,
) -> TrainedModel:
    """Train, choose and calibrate on training rows only.

    Parameters
    ----------
    train : Examples
        Rows whose label windows end before the test begins; rows without a usable label are left out.
    target, training : Target, Training
        Horizon, seed, arms, overrides of the default parameters.
    cutoff : date or None
        The moment as of which everything is known; None when undated.
    config_hash, data_hash : str
        Go into the model id.
    threads : int
        Fits that run at a time; the result doesn't depend on it.
    budget : Budget, optional
        How long to search for parameters; by default `training.tuning`'s everyday one.
    journals : Path, optional
        Folder from which a killed search goes on.

    Raises
    ------
    LabelError
        When labels are missing, of one class, or fewer than `training.min_positives`.
    """
    import lightgbm

    check_trainable(train.y, target, training, train.label)
    usable = np.flatnonzero(train.is_usable)
    rows = train.take(usable)
    budget = budget or Budget.of(training.tuning)
    fitted = fit_procedure(rows, target, training, seed=training.seed, threads=threads, budget=budget, journals=journals)
    chosen = fitted.chosen
    checked = np.flatnonzero(fitted.arms.fold_of >= 0)
    threshold = fitted.f1_threshold(rows.y, chosen)
    dates = None if rows.is_undated else np.datetime_as_string(rows.as_of_date, unit="D")
    manifest = Manifest(
        model_id="",  # named below by what was fitted
        kind=BoostedTrees.kind,
        target=target.name,
        target_kind=target.kind,
        horizon_days=target.horizon_days,
        cutoff=cutoff.isoformat() if cutoff else "undated",
        config_hash=config_hash,
        data_hash=data_hash,
        seed=training.seed,
        arm=chosen.arm,
        rounds=chosen.rounds,
        folds=fitted.folds.kind,
        features={feature.name: feature.type for feature in rows.features},
        dropped={column.name: column.reason for column in fitted.preprocessing.dropped},
        params=chosen.settings.to_json(),
        versions={"python": platform.python_version(), "lightgbm": lightgbm.__version__, "numpy": np.__version__},
        metrics=_figures(rows.y, fitted, chosen),
        n_rows=len(rows.y),
        n_positive=int(rows.y.sum()),
        n_accounts=len(np.unique(rows.account_id.astype(str))),
        train_from=None if dates is None else str(min(dates)),
        train_to=None if dates is None else str(max(dates)),
        tuning=_describe(fitted.tuning, budget),
    )
    origin = [config_hash, data_hash, target.name, training.seed]
    artifact = ModelArtifact(manifest, fitted.preprocessing, chosen.calibrator, BoostedTrees.from_fits(fitted.fits))
    regression = _regression_artifact(artifact, fitted, rows.y)
    raw = chosen.raw_score[checked]
    fold = fitted.arms.fold_of[checked]
    out_of_fold = pd.DataFrame({"row": usable[checked], "fold": fold, "raw_score": raw, "score": chosen.calibrator.apply(raw)})
    return TrainedModel(
        _named(artifact, cutoff, origin),
        _named(regression, cutoff, origin),
        fitted.arms_table(),
        chosen.rounds,
        out_of_fold,
        threshold,
        fitted.tuning.history,
        fitted.fit_seconds,
        fitted.regression.fit_seconds,
    )


def _figures(y: np.ndarray, fitted: FittedProcedure, model: ArmResult | FittedRegression) -> dict[str, float]:
    """Figures within the training data."""
    checked = fitted.arms.fold_of >= 0
    labels, score = y[checked], model.calibrator.apply(model.raw_score[checked])
    return {
        "oof_pr_auc": pr_auc(labels, score),
        "oof_roc_auc": roc_auc(labels, score),
        "oof_log_loss": log_loss(labels, score),
        "oof_base_rate": float(labels.mean()),
        "f1_threshold": fitted.f1_threshold(y, model),
    }


def _named(artifact: ModelArtifact, cutoff: date | None, origin: Sequence[Any]) -> ModelArtifact:
    return replace(artifact, manifest=replace(artifact.manifest, model_id=name_model(cutoff, origin, artifact.fitted_files())))


def _regression_artifact(boosted: ModelArtifact, fitted: FittedProcedure, y: np.ndarray) -> ModelArtifact:
    """The regression beside the boosted trees: from the same rows and folds, so its manifest is theirs but for what it is."""
    import sklearn

    own = fitted.regression
    versions = {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__}
    params = {"C": PENALTY, "max_rows": MAX_ROWS, "max_levels": MAX_LEVELS}
    manifest = replace(
        boosted.manifest, kind=Regression.kind, arm="none", rounds=0, params=params, versions=versions,
        metrics=_figures(y, fitted, own), tuning={},
    )  # fmt: skip
    return ModelArtifact(manifest, boosted.preprocessing, own.calibrator, own.predictor)


def fit_procedure(
    rows: Examples,
    target: Target,
    training: Training,
    *,
    seed: int,
    threads: int,
    budget: Budget | None = None,
    journals: Path | None = None,
) -> FittedProcedure:
    """Compare the arms inside these rows, search for parameters, then fit what was chosen on all of them.

    The whole of it is what cross-validation repeats in each fold, so that choices are judged on rows they haven't seen.
    """
    from threadpoolctl import threadpool_limits

    settings = resolve_settings(training.lightgbm, len(rows.y))
    with threadpool_limits(limits=1, user_api="blas"):
        folds = build_folds(
            rows.y, rows.account_id, rows.as_of_date,
            horizon_days=target.horizon_days, n_time=N_TIME_FOLDS, n_stratified=N_STRATIFIED_FOLDS, seed=seed,
        )  # fmt: skip

        def matrix_of(fitted_rows: np.ndarray):
            learnt = fit_preprocessing(rows.X.iloc[fitted_rows], rows.features)
            return lambda positions: learnt.transform(rows.X.iloc[positions])

        preprocessing = fit_preprocessing(rows.X, rows.features)
        _check_columns(preprocessing, len(rows.y))
        budget = budget or Budget.of(training.tuning)
        whole = prepare_folds(matrix_of, folds)
        thinned = thin_folds(whole, budget.max_rows, seed)
        prepared = bin_folds(thinned, rows.y, settings)
        comparison = compare_arms(prepared, rows.y, training.arms, settings, seed=seed, threads=threads)
        arms: list[Arm] = [arm for arm in training.arms if arm not in comparison.skipped]
        tuning = tune(prepared, rows.y, rows.account_id, comparison.chosen, arms, budget, seed=seed, threads=threads, journals=journals)
        chosen = tuning.winner
        if any(part is not own for part, own in zip(thinned, whole, strict=True)):
            chosen = fit_folds(chosen.arm, chosen.settings, whole, rows.y, seed=seed, threads=threads)
        matrix = preprocessing.transform(rows.X)
        started = time.perf_counter()
        fits = fit_on_all(matrix, rows.y, chosen, seed=seed, threads=threads)
        seconds = time.perf_counter() - started
        regression = train_regression(matrix, rows.y, whole, seed=seed, threads=threads)
    return FittedProcedure(preprocessing, comparison, tuning, chosen, folds, fits, seconds, regression)


def fit_on_all(matrix: Matrix, y: np.ndarray, chosen: ArmResult, *, seed: int, threads: int) -> tuple[BoosterFit, ...]:
    """Fit an arm's boosters on all given rows, with its settings and the number of rounds that its folds found."""
    return fit_bags(matrix, y, chosen.arm, chosen.settings, seed=seed, rounds=chosen.rounds, threads=threads)


def _check_columns(preprocessing: Preprocessing, n_rows: int) -> None:
    if preprocessing.columns:
        return
    named = "; ".join(f"{column.name}: {column.reason}" for column in preprocessing.dropped[:5])
    raise NoUsableFeatures(
        f"expected features that vary, found none among {len(preprocessing.dropped)} in {n_rows:,} training rows ({named}). "
        "Check the sources of these features, and `unused` in the config."
    )


def _describe(tuning: TuningResult, budget: Budget) -> dict[str, int | float | str]:
    """What the manifest says about the search: how long it could have been, how long it was and why it ended."""
    able = int(tuning.history["beats_defaults"].sum())
    chosen = int(tuning.history.loc[tuning.history["is_chosen"], "trial"].iloc[0])
    return {
        "budget_trials": budget.trials,
        "budget_cpu_seconds": budget.cpu_seconds,
        "budget_max_rows": budget.max_rows or 0,
        "n_trials": tuning.n_trials,
        "n_pruned": int((tuning.history["state"] == "pruned").sum()),
        "n_beat_defaults": able,
        "chosen_trial": chosen,
        "ended": tuning.ended,
    }
