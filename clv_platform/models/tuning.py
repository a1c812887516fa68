"""Search for better parameters of the boosted trees, inside the training data only.

Here: the trials, the rule by which one of them replaces the defaults, and a journal from which a killed search goes on. Add a parameter to
`build_space`. Keep test rows and the final fit out: a trial sees the same folds as the comparison of arms does.

A search tries dozens of settings on a few folds, so the best of them is the luckiest as much as the best. Hence the defaults are trial 0
and stay, unless a trial beats them in every fold and beyond what the luckiest of so many trials would show (see `beats`). A trial that
loses a fold can't win any more and is stopped there: that is all the pruning there is, and it never costs a winner.

Trials come in batches of `BATCH`. What a trial tries depends on the seed, its number and the trials of earlier batches alone, so that the
number of threads and a kill in between change nothing. Time is counted in seconds of computing, as stored with each trial: when trials
end the search (as they should: choose the seconds generously), the result is the same on every machine.

References
----------
Akiba et al. (2019), Optuna; Bergstra et al. (2011), Algorithms for hyper-parameter optimization (the sampler, TPE).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from clv_platform.config import Tuning
from clv_platform.metrics import BINARY_METRICS, Sample, ScoredRows, cluster_weights
from clv_platform.models.arms import ArmResult, PreparedFold, check_fold, fit_folds, gather_folds, run_parallel
from clv_platform.models.boosting import BoosterSettings
from clv_platform.models.sampling import SMOTE_RATIO, Arm

if TYPE_CHECKING:
    import optuna

BATCH, N_RANDOM_TRIALS = 4, 12  # random ones come before the sampler begins to learn from earlier ones
ALARM_RATE, N_DRAWS = 0.05, 100  # draws of accounts, for the standard error of a gain
MAX_JOURNALS = 100
NO_DEPTH_LIMIT = 16
SEARCHED = (
    "learning_rate",
    "num_leaves",
    "max_depth",
    "min_data_in_leaf",
    "feature_fraction",
    "bagging_fraction",
    "lambda_l1",
    "lambda_l2",
)
SPACE_VERSION = 1  # part of a journal's key: raise it when trials of before can't be compared any more


@dataclass(frozen=True)
class Budget:
    """How long to search: whichever ends first. No trials: the defaults. `max_rows` per fold are compared on; None: all."""

    trials: int
    cpu_seconds: float
    max_rows: int | None = None

    @classmethod
    def of(cls, tuning: Tuning, *, is_full: bool = False) -> Budget:
        """Take the everyday budget of a config, or the full one of a retraining."""
        return cls(tuning.retrain_trials, tuning.retrain_seconds) if is_full else cls(tuning.trials, tuning.seconds, tuning.max_rows)


@dataclass(frozen=True)
class TuningResult:
    """What the search found.

    Attributes
    ----------
    winner : ArmResult
        The defaults, or the trial that beats them.
    history : DataFrame
        A row per trial, the defaults as trial 0: trial, state ("defaults", "complete", "pruned"), is_chosen, beats_defaults, pr_auc (mean
        of the folds so far), fold_1.., gain_error (where all folds are better), log_loss, arm, the parameters, rounds, cpu_seconds.
    n_trials : int
        Without the defaults.
    ended : {"off", "trials", "seconds"}
        What ended the search.
    """

    winner: ArmResult
    history: pd.DataFrame
    n_trials: int
    ended: Literal["off", "trials", "seconds"]


def tune(
    prepared: Sequence[PreparedFold],
    y: np.ndarray,
    account_id: np.ndarray,
    default: ArmResult,
    arms: Sequence[Arm],
    budget: Budget,
    *,
    seed: int,
    threads: int = 1,
    journals: Path | None = None,
) -> TuningResult:
    """Search for settings that beat the defaults.

    Parameters
    ----------
    prepared : sequence of PreparedFold
        Time-ordered for dated rows, else stratified.
    y, account_id : ndarray of shape (n,)
        Labels 0/1; accounts, which the error of a gain draws.
    default : ArmResult
        The chosen arm with default parameters on these folds: trial 0.
    arms : sequence of str
        Arms that can be fitted on every fold; the search chooses among them too, and how far they go.
    budget : Budget
    seed : int
        Of the sampler and the fits.
    threads : int
        Trials at a time; the result doesn't depend on it.
    journals : Path, optional
        Folder of journals; the search goes on from the one with exactly these rows, labels, folds, settings and seed.

    Returns
    -------
    TuningResult
    """
    import optuna

    if budget.trials < 1:
        return TuningResult(default, _history(default, {}, 0), 0, "off")

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # a line per trial belongs into the history, not on the terminal
    space = build_space(default.settings, arms)
    study = _open_study(_key(prepared, y, account_id, default, arms, seed), journals)
    done = {trial.user_attrs["slot"]: trial for trial in study.get_trials(deepcopy=False)}
    kept: dict[int, ArmResult] = {}
    ended: Literal["trials", "seconds"] = "trials"
    n_trials = 0
    while n_trials < budget.trials:
        earlier = [done[slot] for slot in range(1, n_trials + 1)]
        if sum(trial.user_attrs["cpu_seconds"] for trial in earlier) >= budget.cpu_seconds:
            ended = "seconds"
            break
        batch = range(n_trials + 1, min(n_trials + BATCH, budget.trials) + 1)
        proposed = _propose([slot for slot in batch if slot not in done], space, default, earlier, seed)

        def run(item: tuple[int, dict[str, Any]]) -> tuple[int, optuna.trial.FrozenTrial, ArmResult | None]:
            trial, result = _run_trial(*item, space, prepared, y, account_id, default, seed)
            study.add_trial(trial)  # at once, not at the end of the batch: a kill loses no finished trial
            return item[0], trial, result

        for slot, trial, result in run_parallel(run, proposed, threads):
            done[slot] = trial
            kept |= {slot: result} if result else {}
        n_trials = batch[-1]
    trials = {slot: done[slot] for slot in range(1, n_trials + 1)}
    chosen = _choose(trials, default)
    winner = default
    if chosen:
        winner = kept.get(chosen) or _refit(trials[chosen], prepared, y, default, seed)
    return TuningResult(winner, _history(default, trials, chosen), n_trials, ended)


def beats(pr_auc: Sequence[float], default: Sequence[float], error: float, n_trials: int) -> bool:
    """Whether a trial may replace the defaults: better in every fold, on average beyond chance among so many (Bonferroni, 5 %)."""
    gains = np.subtract(pr_auc, default)
    return bool((gains > 0).all() and gains.mean() > error * NormalDist().inv_cdf(1 - ALARM_RATE / max(1, n_trials)))


def gain_error(
    y: np.ndarray, account_id: np.ndarray, checks: Sequence[np.ndarray], trial: np.ndarray, default: np.ndarray, seed: int
) -> float:
    """Standard error of the mean gain in PR-AUC over the folds, by drawing accounts.

    Parameters
    ----------
    y, account_id : ndarray of shape (n,)
    checks : sequence of ndarray
        Checked rows of each fold.
    trial, default : ndarray of shape (n,)
        Out-of-fold log-odds, on the same draws.

    Notes
    -----
    Not the scatter of the folds' gains: where two or three are all positive, their mean always exceeds its standard error.
    """
    rows = np.concatenate(list(checks))
    ends = np.cumsum([len(check) for check in checks])[:-1]
    scored = [(ScoredRows(y[check], trial[check]), ScoredRows(y[check], default[check])) for check in checks]
    gains = []
    for weights in cluster_weights(account_id[rows], N_DRAWS, seed):
        parts = zip(scored, np.split(weights, ends), strict=True)
        gains.append(np.mean([_pr_auc(own, weight) - _pr_auc(its, weight) for (own, its), weight in parts]))
    return float(np.nanstd(gains, ddof=1))


def _pr_auc(rows: ScoredRows, weights: np.ndarray) -> float:
    return BINARY_METRICS["pr_auc"](Sample(rows, np.take(weights, rows.order)))


def objective(pr_auc: float, log_loss: float) -> float:
    """PR-AUC to four digits; log loss breaks ties (it counts for less than the last of these digits)."""
    return round(pr_auc, 4) - 1e-5 * min(log_loss, 4.0)


def build_space(base: BoosterSettings, arms: Sequence[Arm]) -> dict[str, optuna.distributions.BaseDistribution]:
    """Return what is searched, around the smallest leaf that suits the number of rows."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    leaf = int(base.params["min_data_in_leaf"])
    return {
        "learning_rate": FloatDistribution(0.015, 0.12, log=True),
        "num_leaves": IntDistribution(4, 48, log=True),
        "max_depth": IntDistribution(3, NO_DEPTH_LIMIT),
        "min_data_in_leaf": IntDistribution(max(2, leaf // 4), max(3, leaf * 4), log=True),
        "feature_fraction": FloatDistribution(0.15, 0.9),
        "bagging_fraction": FloatDistribution(0.5, 1.0),
        "lambda_l1": FloatDistribution(0.0, 5.0),
        "lambda_l2": FloatDistribution(0.1, 100.0, log=True),
        "arm": CategoricalDistribution(tuple(arms)),
        "sampling_share": FloatDistribution(0.05, 1.0, log=True),  # of the arm's own ratio; says nothing for the arm `none`
    }


def _propose(
    slots: Sequence[int],
    space: Mapping[str, optuna.distributions.BaseDistribution],
    default: ArmResult,
    earlier: Sequence[optuna.trial.FrozenTrial],
    seed: int,
) -> list[tuple[int, dict[str, Any]]]:
    """Parameters of some trials of a batch, given the trials of earlier batches."""
    import optuna

    # Asked of a study in memory that holds the earlier batches alone: a killed and continued search sees what an uninterrupted one did.
    view = optuna.create_study(direction="maximize")
    view.add_trial(_default_trial(default, space))
    view.add_trials(earlier)
    proposed: list[tuple[int, dict[str, Any]]] = []
    for slot in slots:
        view.sampler = optuna.samplers.TPESampler(seed=seed * 10_007 + slot, n_startup_trials=N_RANDOM_TRIALS, multivariate=True)
        proposed.append((slot, view.ask(fixed_distributions=dict(space)).params))
    return proposed


def _run_trial(
    slot: int,
    params: dict[str, Any],
    space: Mapping[str, optuna.distributions.BaseDistribution],
    prepared: Sequence[PreparedFold],
    y: np.ndarray,
    account_id: np.ndarray,
    default: ArmResult,
    seed: int,
) -> tuple[optuna.trial.FrozenTrial, ArmResult | None]:
    """Fit fold after fold until one is lost to the defaults."""
    import optuna

    arm, settings = _settings(params, default.settings)
    fits = []
    for part, goal in zip(prepared, default.pr_auc, strict=True):
        fits.append(check_fold(part, y, arm, settings, seed))
        if fits[-1].pr_auc <= goal:
            break
    is_whole = len(fits) == len(prepared)
    result = gather_folds(arm, settings, prepared, fits, y) if is_whole else None
    pr_auc = [fit.pr_auc for fit in fits]
    error = None
    if result and beats(pr_auc, default.pr_auc, 0.0, 1):
        error = gain_error(y, account_id, [part.fold.check for part in prepared], result.raw_score, default.raw_score, seed)
    facts = {
        "slot": slot,
        "pr_auc": pr_auc,
        "gain_error": error,
        "log_loss": result.log_loss if result else None,
        "rounds": round(float(np.mean([fit.rounds for fit in fits]))),
        "cpu_seconds": sum(fit.cpu_seconds for fit in fits),
    }
    means = {step: float(np.mean(pr_auc[: step + 1])) for step in range(len(pr_auc))}
    state = optuna.trial.TrialState.COMPLETE if result else optuna.trial.TrialState.PRUNED
    value = objective(result.mean_pr_auc, result.log_loss) if result else None
    trial = optuna.trial.create_trial(
        state=state, value=value, params=params, distributions=dict(space), user_attrs=facts, intermediate_values=means
    )
    return trial, result


def _refit(trial: optuna.trial.FrozenTrial, prepared: Sequence[PreparedFold], y: np.ndarray, default: ArmResult, seed: int) -> ArmResult:
    """Fit again a trial that an earlier process ran: the journal has its figures, not its scores."""
    arm, settings = _settings(trial.params, default.settings)
    return fit_folds(arm, settings, prepared, y, seed=seed, threads=1)


def _settings(params: Mapping[str, Any], base: BoosterSettings) -> tuple[Arm, BoosterSettings]:
    chosen = {name: value for name, value in params.items() if name not in ("arm", "sampling_share")}
    if chosen["max_depth"] >= NO_DEPTH_LIMIT:
        chosen["max_depth"] = -1
    arm: Arm = params["arm"]
    ratio = None if arm == "none" else params["sampling_share"] * (1.0 if arm == "class_weight" else SMOTE_RATIO)
    # Slow learning needs more rounds, and more patience, to get as far.
    stretch = max(1.0, float(base.params["learning_rate"]) / chosen["learning_rate"])
    rounds, patience = round(base.max_rounds * stretch), round(base.patience * stretch)
    return arm, replace(base, params={**base.params, **chosen}, max_rounds=rounds, patience=patience, sampling_ratio=ratio)


def _default_trial(default: ArmResult, space: Mapping[str, optuna.distributions.BaseDistribution]) -> optuna.trial.FrozenTrial:
    """The defaults as the sampler's first observation; a value outside of the space counts as its nearest end."""
    import optuna

    given: dict[str, Any] = {"max_depth": -1, "lambda_l1": 0.0, "lambda_l2": 0.0, "bagging_fraction": 1.0, "feature_fraction": 1.0}
    given |= {**default.settings.params, "sampling_share": 1.0}
    given["max_depth"] = given["max_depth"] if given["max_depth"] > 0 else NO_DEPTH_LIMIT
    params: dict[str, Any] = {"arm": default.arm}
    for name, distribution in space.items():
        if isinstance(distribution, optuna.distributions.IntDistribution | optuna.distributions.FloatDistribution):
            params[name] = type(distribution.low)(min(max(given[name], distribution.low), distribution.high))
    means = {step: float(np.mean(default.pr_auc[: step + 1])) for step in range(len(default.pr_auc))}
    value = objective(default.mean_pr_auc, default.log_loss)
    return optuna.trial.create_trial(value=value, params=params, distributions=dict(space), intermediate_values=means)


def _choose(trials: Mapping[int, optuna.trial.FrozenTrial], default: ArmResult) -> int:
    """Number of the best trial that beats the defaults; 0 when none does."""
    able = [slot for slot, trial in trials.items() if _is_able(trial, default, len(trials))]
    return max(able, key=lambda slot: trials[slot].value or 0.0) if able else 0


def _is_able(trial: optuna.trial.FrozenTrial, default: ArmResult, n_trials: int) -> bool:
    pr_auc, error = trial.user_attrs["pr_auc"], trial.user_attrs["gain_error"]
    return error is not None and beats(pr_auc, default.pr_auc, error, n_trials)


def _history(default: ArmResult, trials: Mapping[int, optuna.trial.FrozenTrial], chosen: int) -> pd.DataFrame:
    def row(slot: int, state: str, settings: BoosterSettings, arm: str, pr_auc: Sequence[float], facts: dict[str, Any]) -> dict[str, Any]:
        head = {"trial": slot, "state": state, "is_chosen": slot == chosen, "pr_auc": float(np.mean(pr_auc)), "arm": arm}
        ratio = float("nan") if settings.sampling_ratio is None else settings.sampling_ratio
        params = {name: float(settings.params.get(name, {"max_depth": -1}.get(name, 0.0))) for name in SEARCHED}
        folds = {f"fold_{k + 1}": pr_auc[k] if k < len(pr_auc) else float("nan") for k in range(len(default.pr_auc))}
        return {**head, **facts, **folds, "sampling_ratio": ratio, **params}

    facts: dict[str, Any] = {"beats_defaults": False, "gain_error": None, "log_loss": default.log_loss}
    facts |= {"rounds": default.rounds, "cpu_seconds": default.fit_seconds}
    rows = [row(0, "defaults", default.settings, default.arm, default.pr_auc, facts)]
    for slot, trial in trials.items():
        arm, settings = _settings(trial.params, default.settings)
        own = trial.user_attrs
        facts = {
            "beats_defaults": _is_able(trial, default, len(trials)),
            **{name: own[name] for name in ("gain_error", "log_loss", "rounds", "cpu_seconds")},
        }
        rows.append(row(slot, trial.state.name.lower(), settings, arm, own["pr_auc"], facts))
    return pd.DataFrame(rows).astype({"gain_error": "float64", "log_loss": "float64"})


def _key(
    prepared: Sequence[PreparedFold], y: np.ndarray, account_id: np.ndarray, default: ArmResult, arms: Sequence[Arm], seed: int
) -> str:
    """Name of the study: a hash of everything that a trial's figures depend on."""
    import lightgbm
    import optuna

    digest = hashlib.blake2b(digest_size=8)
    versions = [lightgbm.__version__, optuna.__version__, np.__version__, SPACE_VERSION, BATCH, N_RANDOM_TRIALS]
    digest.update("\n".join(account_id.astype(str)).encode())
    digest.update(json.dumps([versions, list(arms), default.arm, default.settings.to_json(), seed, default.pr_auc]).encode())
    for part in prepared:
        for values in (part.fit.values, part.check.values, y[part.fold.fit], y[part.fold.check]):
            digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


def _open_study(key: str, journals: Path | None) -> optuna.Study:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    if journals is None:
        return optuna.create_study(direction="maximize")
    journals.mkdir(parents=True, exist_ok=True)
    path = journals / f"{key}.log"
    _drop_torn_line(path)
    storage = JournalStorage(JournalFileBackend(str(path)))
    study = optuna.create_study(storage=storage, study_name=key, load_if_exists=True, direction="maximize")
    others = sorted((other for other in journals.glob("*.log") if other != path), key=lambda other: other.stat().st_mtime)
    for other in others[: max(0, len(others) - MAX_JOURNALS)]:
        other.unlink(missing_ok=True)
    return study


def _drop_torn_line(path: Path) -> None:
    """Cut what a process wrote of its last line when it was killed: the next one would be glued to it."""
    if not path.is_file():
        return
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        path.write_bytes(content[: content.rfind(b"\n") + 1])
