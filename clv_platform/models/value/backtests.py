"""Rolling origins: every contender learns what had ended by an origin and predicts what came after it.

Here: fits at each origin, the number of rounds, out-of-sample predictions of every contender side by side. Keep what is concluded from them
out (`choice`, `calibration`, `intervals`).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from clv_platform.datasets import ValueBacktest, ValueRows, ValueSplit
from clv_platform.models.arms import run_parallel
from clv_platform.models.value.contenders import CONTENDERS, PROBABILITY, Contender, Member, Purpose, sample_accounts
from clv_platform.models.value.design import Design, View, fit_design, season_weights
from clv_platform.models.value.fitting import FitError
from clv_platform.models.value.foundation import Foundation, Foundations
from clv_platform.models.value.naive import naive_contenders
from clv_platform.models.value.trees import (
    CHECKPOINTS,
    N_BAGS,
    N_TRIAL_BAGS,
    WIDE,
    SharedBins,
    TreeModel,
    TreeSpec,
    fit_trees,
    poisson_deviance,
    tweedie_deviance,
)

Floats = NDArray[np.float64]
Key = tuple[Purpose, str]
MAX_LEARNT, MAX_LEARNT_WIDE, _MIN_LEARNT = 4_000_000, 1_800_000, 12_000


@dataclass(frozen=True)
class Prepared:
    """Learning rows and the rows to predict, ready for every contender."""

    foundation: Foundation
    design: Design
    learn: View
    check: View


@dataclass(frozen=True)
class Trial:
    """One origin.

    Attributes
    ----------
    name : str
        The origin's date, or the fold.
    check : View
        Rows with outcomes.
    predictions : dict of (purpose, contender) to array of shape (n,)
        By models that saw nothing of these outcomes.
    notes : dict of (purpose, contender) to str
        Why a contender has no prediction.
    foundation : Foundation
    """

    name: str
    check: View
    predictions: dict[Key, Floats]
    notes: dict[Key, str]
    foundation: Foundation

    def actual(self, purpose: Purpose) -> Floats:
        """Outcomes."""
        return self.check.rows.amount if purpose == "spend" else self.check.rows.purchases


@dataclass(frozen=True)
class Backtests:
    """All origins.

    Attributes
    ----------
    trials : tuple of Trial
        Oldest first.
    rounds : dict of (purpose, contender) to int
        Of trees, where the shape fits the checked rows best.
    seconds : dict of (purpose, contender) to float
        CPU time of the fits.
    newest : Prepared or None
        Rows of the newest origin, for other algorithms to be compared on.
    """

    trials: tuple[Trial, ...]
    rounds: dict[Key, int]
    seconds: dict[Key, float] = field(default_factory=dict)
    newest: Prepared | None = None


def prepare(foundations: Foundations, learn: ValueRows, check: ValueRows, day: date | None) -> Prepared:
    """Foundation and matrices for one fit; `day` is the date to predict at (None: the dates learnt from).

    Where rows x columns exceed `MAX_LEARNT` (with many columns `MAX_LEARNT_WIDE`: trees draw fewer rows than that), a random choice of the
    accounts stands for all, each with all its dates.
    """
    n_columns = max(len(learn.features), 1)
    most = max(_MIN_LEARNT, (MAX_LEARNT_WIDE if n_columns > WIDE else MAX_LEARNT) // n_columns)
    learn = sample_accounts(learn, most)
    foundation = foundations.build(learn, day)
    season = None if day is None or not len(check) else season_weights(learn, day, float(check.window_days.max()))
    design, view = fit_design(learn, foundation, season)
    return Prepared(foundation, design, view, design.view(check, foundation))


def run_backtests(split: ValueSplit, foundations: Foundations, *, seed: int, threads: int) -> Backtests:
    """Fit every contender at every origin.

    Parameters
    ----------
    split : ValueSplit
        Only its learning rows are read.
    foundations : Foundations
    seed, threads : int
        Fits at a time; results don't depend on `threads`.
    """
    trials: list[Trial] = []
    ready: Prepared | None = None
    paths: dict[Key, list[dict[int, Floats]]] = {}
    seconds: dict[Key, float] = {}
    for backtest in split.backtests:
        ready = prepare(foundations, split.learn_rows(backtest), split.check_rows(backtest), _day(backtest))
        trees = fit_shared_trees(ready, CONTENDERS, {}, seed=seed, threads=threads)
        predictions: dict[Key, Floats] = {}
        notes: dict[Key, str] = {}
        for contender in (*CONTENDERS, *naive_contenders(ready.check.rows)):
            key: Key = (contender.purpose, contender.name)
            started = time.process_time()
            path = _predict(contender, ready, {spec: model for spec, (model, _) in trees.items()}, seed)
            own = sum(trees[spec][1] for spec in contender.resolved(ready.foundation) if spec in trees)
            seconds[key] = seconds.get(key, 0.0) + time.process_time() - started + own
            if isinstance(path, str):
                notes[key] = path
                continue
            predictions[key] = path[max(path)]
            if contender.specs:
                paths.setdefault(key, []).append(path)
        trials.append(Trial(backtest.name, ready.check, predictions, notes, ready.foundation))
    rounds = {key: _best_rounds([trial for trial in trials if key in trial.predictions], key, paths[key]) for key in paths}
    for key, many in paths.items():
        for trial, path in zip([trial for trial in trials if key in trial.predictions], many, strict=True):
            trial.predictions[key] = path[rounds[key]]
    return Backtests(tuple(trials), rounds, seconds, ready)


def fit_members(ready: Prepared, rounds: Mapping[Key, int], *, seed: int, threads: int, chosen: Collection[Key] = ()) -> dict[Key, Member]:
    """Fit every contender with the rounds that the origins found; those that can't be fitted are left out.

    Parameters
    ----------
    chosen : collection of (purpose, contender)
        What will be used: its trees are the mean of several boosters, those shown beside are one, as at the origins.
    """
    trees = fit_shared_trees(ready, CONTENDERS, rounds, seed=seed, threads=threads, chosen=chosen)
    members: dict[Key, Member] = {}
    for contender in (*CONTENDERS, *naive_contenders(ready.check.rows)):
        key: Key = (contender.purpose, contender.name)
        if contender.missing(ready.foundation) or (contender.specs and key not in rounds):
            continue
        own = {spec: trees[spec][0].at(rounds[key]) for spec in contender.resolved(ready.foundation) if spec in trees}
        try:
            members[key] = anchor(contender.fit(ready.learn, ready.foundation, own, seed=seed), ready)
        except FitError:
            continue
    return members


def anchor(member: Member, ready: Prepared) -> Member:
    """Tie a model's total to the probability model's, levelled on the learning rows, where the window to predict is longer than any learnt.

    Trees and regressions on rates know how accounts differ, not how buying fades beyond the windows they saw; a probability model does.
    Members that rest on it, and all where windows reach the horizon, stay as they are. Outcomes of the predicted rows aren't read.
    """
    wanted = _anchored_total(member, ready)
    own = 0.0 if wanted is None else float(member.predict(ready.check).sum())
    return member if wanted is None or not own > 0 else replace(member, level=member.level * wanted / own)


def _anchored_total(member: Member, ready: Prepared) -> float | None:
    """The total that a member's predictions of the checked rows are brought to; None where it keeps its own."""
    family = ready.foundation.family
    is_longer = len(ready.check) > 0 and ready.check.rows.window_days.max() > ready.learn.rows.window_days.max()
    rests_on_it = member.key is not None or member.times_value or any(model.spec.offset == family for model in member.trees)
    if family is None or not is_longer or rests_on_it:
        return None
    levelled = Contender("", member.purpose, key=PROBABILITY).fit(ready.learn, ready.foundation, {}, seed=0)
    wanted = float(levelled.predict(ready.check).sum())
    return wanted if wanted > 0 else None


def fit_shared_trees(
    ready: Prepared,
    contenders: Sequence[Contender],
    rounds: Mapping[Key, int],
    *,
    seed: int,
    threads: int,
    chosen: Collection[Key] = (),
) -> dict[TreeSpec, tuple[TreeModel, float]]:
    """Fit the trees that contenders are made of, each once; with the CPU seconds it took.

    Parameters
    ----------
    rounds : mapping
        Of each contender; where several share trees, as many as the one with the most needs. Empty: as many as may be needed.
    chosen : collection of (purpose, contender)
        Those with more boosters than one.
    """
    wanted: dict[TreeSpec, tuple[int, int]] = {}
    for contender in contenders:
        if contender.missing(ready.foundation):
            continue
        key: Key = (contender.purpose, contender.name)
        needed = rounds.get(key, 0) if rounds else CHECKPOINTS[-1]
        for spec in contender.resolved(ready.foundation) if needed else ():
            most, n_bags = wanted.get(spec, (0, N_TRIAL_BAGS))
            wanted[spec] = max(most, needed), N_BAGS if key in chosen else n_bags

    bins = SharedBins()

    def fit(item: tuple[TreeSpec, tuple[int, int]]) -> tuple[TreeModel | None, float]:
        started = time.thread_time()
        spec, (most, n_bags) = item
        try:
            return fit_trees(ready.learn, spec, rounds=most, seed=seed, n_bags=n_bags, bins=bins), time.thread_time() - started
        except FitError:
            return None, time.thread_time() - started

    fitted = run_parallel(fit, wanted.items(), threads)
    return {spec: (model, spent) for spec, (model, spent) in zip(wanted, fitted, strict=True) if model is not None}


def _predict(contender: Contender, ready: Prepared, trees: Mapping[TreeSpec, TreeModel], seed: int) -> dict[int, Floats] | str:
    """Predictions by number of rounds, or why there are none."""
    note = contender.missing(ready.foundation)
    if note:
        return note
    try:
        member = contender.fit(ready.learn, ready.foundation, trees, seed=seed)
    except FitError as error:
        return str(error)
    if not contender.specs:
        return {1: anchor(member, ready).predict(ready.check)}
    path, wanted = member.path(ready.check, CHECKPOINTS), _anchored_total(member, ready)
    if wanted is None:
        return path
    return {rounds: values * (wanted / values.sum()) if values.sum() > 0 else values for rounds, values in path.items()}


def _best_rounds(trials: Sequence[Trial], key: Key, paths: Sequence[dict[int, Floats]]) -> int:
    """The checkpoint with the smallest mean deviance once totals agree: levels move with the season, shapes don't."""
    purpose = key[0]

    def loss(rounds: int) -> float:
        losses: list[float] = []
        for trial, path in zip(trials, paths, strict=True):
            y, p = np.maximum(trial.actual(purpose), 0.0), path[rounds]
            if not (y.sum() > 0 and p.sum() > 0):
                continue
            levelled = p * (y.sum() / p.sum())
            losses.append(tweedie_deviance(y / y.mean(), levelled / y.mean()) if purpose == "spend" else poisson_deviance(y, levelled))
        return float(np.mean(losses)) if losses else 0.0

    return min(CHECKPOINTS, key=loss)


def _day(backtest: ValueBacktest) -> date | None:
    """The date that an origin predicts at; folds predict at several, all of which are learnt from, too."""
    return backtest.check[0].as_of if backtest.fold is None else None
