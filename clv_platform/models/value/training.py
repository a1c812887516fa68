"""Training of a value model: compare at rolling origins, choose by the rule, fit once more on everything before the test date.

Here: `train_value_model`. Nothing in this room sees an outcome of the test date; the test rows' features and histories are read to predict
them. Keep figures about the test out (`evaluation.value`).
"""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from clv_platform.config import CompanyConfig, Target, ValueChoice
from clv_platform.datasets import PurchaseMonths, ValueSplit
from clv_platform.metrics import VALUE_METRICS
from clv_platform.models.identity import name_model
from clv_platform.models.value.artifact import KIND, ValueArtifact, ValueManifest, ValueModel
from clv_platform.models.value.backtests import Backtests, Key, Prepared, Trial, fit_members, prepare, run_backtests
from clv_platform.models.value.calibration import DecileCalibration, OutOfSample, learn_calibration
from clv_platform.models.value.choice import Choice, choose
from clv_platform.models.value.comparators import Comparison, compare_algorithms
from clv_platform.models.value.contenders import Member, Purpose
from clv_platform.models.value.contract_spread import learn_contract_spread
from clv_platform.models.value.foundation import Foundations
from clv_platform.models.value.intervals import compare_medians, compare_methods, learn_spread
from clv_platform.models.value.origin_totals import OriginForecast, forecast_origins, total_error
from clv_platform.models.value.quantiles import learn_quantiles


@dataclass(frozen=True)
class TrainedValueModel:
    """A trained value model and what was seen on the way.

    Attributes
    ----------
    artifact : ValueArtifact
        What is stored.
    leaderboard : DataFrame
        The origins: a row per contender and purpose (`spend`, `purchases`), see `choice.Choice.table`; kind `comparator` was compared at
        the newest origin only; fit_seconds is CPU time over all origins.
    intervals : DataFrame
        method, origin, coverage, n, coverage_top, mean_width, is_used.
    contenders : DataFrame
        account_id, as_of_date, then the expected spend of every contender on the test rows.
    reasons : tuple of str
        The choice in plain words.
    fit_seconds : float
        CPU time of the last fit of all contenders.
    totals : tuple of OriginForecast
        What each origin's accounts were expected to bring together, and brought.
    """

    artifact: ValueArtifact
    leaderboard: pd.DataFrame
    intervals: pd.DataFrame
    contenders: pd.DataFrame
    reasons: tuple[str, ...]
    fit_seconds: float
    totals: tuple[OriginForecast, ...] = ()


def train_value_model(
    split: ValueSplit,
    config: CompanyConfig,
    target: Target,
    *,
    cutoff: date,
    config_hash: str,
    data_hash: str,
    threads: int = 1,
    months: PurchaseMonths | None = None,
) -> TrainedValueModel:
    """Train, choose, calibrate and measure intervals on what had ended at the test date.

    Parameters
    ----------
    split : ValueSplit
    config : CompanyConfig
        `value_choice`, `training.seed` and `training.comparators`.
    target : Target
        Time unit of the frequency models, discount rate.
    cutoff : date
        The moment as of which everything is known.
    config_hash, data_hash : str
        Go into the model id.
    threads : int
        Fits that run at a time; the result doesn't depend on it.
    months : PurchaseMonths, optional
        What the recurrent network among the comparators reads.

    Returns
    -------
    TrainedValueModel
    """
    from threadpoolctl import threadpool_limits

    seed = config.training.seed
    with threadpool_limits(limits=1, user_api="blas"):
        foundations = Foundations(split, target.time_unit_days, is_margin=target.value_means == "margin")
        backtests = run_backtests(split, foundations, seed=seed, threads=threads)
        started = time.process_time()
        ready = prepare(foundations, split.rows(split.learning), split.test.over(split.horizon_days), split.test_date)
        backtests, spend, purchases, members = _choose_and_fit(ready, backtests, config.value_choice, seed=seed, threads=threads)
        fit_seconds = time.process_time() - started
        origins = {choice.purpose: _origins(backtests.trials, choice.choice, choice.purpose) for choice in _both(spend, purchases)}
        calibrations = {purpose: learn_calibration(of) for purpose, of in origins.items()}
        origins = {purpose: [_calibrated(origin, calibrations[purpose]) for origin in of] for purpose, of in origins.items()}
        views = [trial.check for trial in backtests.trials]
        grounds = [trial.foundation for trial in backtests.trials]
        method, intervals = compare_methods(origins["spend"], views, grounds, seed)
        days = [None if one.fold is not None else one.check[0].as_of for one in split.backtests]
        totals = forecast_origins(days, origins["spend"], views, grounds, method)
        quantiles = learn_quantiles(origins["spend"], views, seed) if method == "quantiles" else None
        contracts = learn_contract_spread(origins["spend"], views) if method == "subscriptions" else None
        median, _ = compare_medians(origins["purchases"], views, grounds, seed)
        names = config.training.comparators
        newest = backtests.newest
        at_origin = () if newest is None else compare_algorithms(newest, names, seed=seed, threads=threads, months=months)
        at_test = compare_algorithms(ready, names, seed=seed, threads=threads, months=months)
    model = ValueModel(
        ready.foundation.stored_at(split.test_date),
        ready.design,
        _weighted(spend, "spend", members),
        _weighted(purchases, "purchases", members),
        calibrations["spend"],
        calibrations["purchases"],
        learn_spread(origins["spend"]),
        learn_spread(origins["purchases"]),
        quantiles=quantiles,
        contracts=contracts,
    )
    model = replace(model, centre=_centre(model, ready))
    manifest = _manifest(split, config, target, ready, backtests, spend, purchases, (method, median), cutoff, config_hash, data_hash)
    if np.isfinite(error := total_error(totals)):
        manifest = replace(manifest, metrics={**manifest.metrics, "total_error": error})
    board = _board(spend, purchases, backtests, at_origin)
    artifact = _named(ValueArtifact(manifest, model), cutoff)
    others = _contenders(ready, members, at_test)
    return TrainedValueModel(artifact, board, intervals, others, tuple(manifest.reasons), fit_seconds, totals)


def _choose_and_fit(
    ready: Prepared, backtests: Backtests, rule: ValueChoice, *, seed: int, threads: int
) -> tuple[Backtests, Choice, Choice, dict[Key, Member]]:
    """Choose by the origins and fit all contenders once more; what can't be fitted now can't be chosen, however good it was before."""
    chosen: set[Key] = set()
    members: dict[Key, Member] = {}
    while True:
        spend, purchases = choose(backtests, "spend", rule), choose(backtests, "purchases", rule)
        used: set[Key] = _keys("spend", spend) | _keys("purchases", purchases)
        if members and used <= chosen:
            return backtests, spend, purchases, members
        chosen = used
        members = fit_members(ready, backtests.rounds, seed=seed, threads=threads, chosen=chosen)
        backtests = _only(backtests, members)


def _keys(purpose: Purpose, choice: Choice) -> set[Key]:
    return {(purpose, name) for name in choice.champion.weights}


@dataclass(frozen=True)
class _Purposed:
    purpose: Purpose
    choice: Choice


def _both(spend: Choice, purchases: Choice) -> tuple[_Purposed, _Purposed]:
    return _Purposed("spend", spend), _Purposed("purchases", purchases)


def _only(backtests: Backtests, members: Mapping[Key, Member]) -> Backtests:
    def kept(trial: Trial) -> Trial:
        return replace(trial, predictions={key: values for key, values in trial.predictions.items() if key in members})

    return replace(backtests, trials=tuple(kept(trial) for trial in backtests.trials))


def _origins(trials: Sequence[Trial], choice: Choice, purpose: Purpose) -> list[OutOfSample]:
    predicted = choice.champion.predict(trials, purpose)
    return [OutOfSample(trial.actual(purpose), p, trial.check.rows.window_days) for trial, p in zip(trials, predicted, strict=True)]


def _calibrated(origin: OutOfSample, calibration: DecileCalibration) -> OutOfSample:
    return replace(origin, predicted=calibration.apply(origin.predicted, origin.window_days))


def _weighted(choice: Choice, purpose: Purpose, members: Mapping[Key, Member]) -> tuple[tuple[Member, float], ...]:
    return tuple((members[(purpose, name)], weight) for name, weight in choice.champion.weights.items())


def _centre(model: ValueModel, ready: Prepared) -> float:
    """Mean log expectation that the trees multiply, over the accounts at the test date: their outcomes aren't looked at."""
    if not len(ready.check):
        return 0.0
    if not model.trees:
        return float(np.mean(np.log(np.maximum(model.expect(ready.check)[0], 1e-12))))
    return float(np.mean(np.sum([weight * member.log_start(ready.check) for member, weight in model.trees], axis=0)))


def _contenders(ready: Prepared, members: Mapping[Key, Member], others: Sequence[Comparison]) -> pd.DataFrame:
    rows = ready.check.rows
    keys = pd.DataFrame({"account_id": rows.account_id, "as_of_date": rows.as_of_date.astype("datetime64[s]")})
    spend = {name: member.predict(ready.check) for (purpose, name), member in members.items() if purpose == "spend"}
    return keys.assign(**spend, **{other.name: other.spend for other in others if other.spend is not None})


def _board(spend: Choice, purchases: Choice, backtests: Backtests, others: Sequence[Comparison]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for one in _both(spend, purchases):
        for row in one.choice.table.to_dict("records"):
            seconds = backtests.seconds.get((one.purpose, str(row["model"])), float("nan"))
            rows.append({str(name): value for name, value in row.items()} | {"fit_seconds": seconds})
    known = {(row["purpose"], row["model"]) for row in rows}
    not_used = {"is_champion": False, "is_eligible": False}
    for trial in backtests.trials:
        for (purpose, name), note in trial.notes.items():
            if (purpose, name) not in known:
                known.add((purpose, name))
                rows.append({"model": name, "kind": "contender", "purpose": purpose, "n_origins": 0, **not_used, "note": note})
    y = backtests.trials[-1].actual("spend")
    for other in others:
        figures = {} if other.spend is None else {name: metric(y, other.spend) for name, metric in VALUE_METRICS.items()}
        note = "; ".join(text for text in ("newest origin only" if figures else "", other.note) if text)
        row = {"model": other.name, "kind": "comparator", "purpose": "spend", "n_origins": int(bool(figures)), "note": note}
        rows.append({**row, **figures, **not_used, "fit_seconds": other.fit_seconds})
    return pd.DataFrame(rows)


def _named(artifact: ValueArtifact, cutoff: date) -> ValueArtifact:
    own = artifact.manifest
    origin = [own.config_hash, own.data_hash, own.target, own.seed, own.interval_method, own.median_method]
    return replace(artifact, manifest=replace(own, model_id=name_model(cutoff, origin, artifact.fitted_files())))


def _manifest(
    split: ValueSplit,
    config: CompanyConfig,
    target: Target,
    ready: Prepared,
    backtests: Backtests,
    spend: Choice,
    purchases: Choice,
    methods: tuple[str, str],
    cutoff: date,
    config_hash: str,
    data_hash: str,
) -> ValueManifest:
    import lightgbm

    seed = config.training.seed
    rows = ready.learn.rows
    rounds = {f"{purpose}/{name}": number for (purpose, name), number in backtests.rounds.items()}
    figures = spend.table[spend.table["is_champion"]].iloc[0]
    return ValueManifest(
        model_id="",  # see `_named`
        kind=KIND,
        target=target.name,
        target_kind=target.kind,
        horizon_days=split.horizon_days,
        cutoff=cutoff.isoformat(),
        config_hash=config_hash,
        data_hash=data_hash,
        seed=seed,
        features={feature.name: feature.type for feature in rows.features},
        dropped={column.name: column.reason for column in ready.design.preprocessing.dropped if column.name in ready.design.features},
        champion=spend.champion.weights,
        purchases_champion=purchases.champion.weights,
        family=ready.foundation.family,
        interval_method=methods[0],
        median_method=methods[1],
        learning=[[pair.as_of.isoformat(), pair.window_days] for pair in split.learning],
        notes=dict(ready.foundation.notes),
        params={"rounds": rounds},
        versions={"python": platform.python_version(), "lightgbm": lightgbm.__version__, "numpy": np.__version__},
        metrics={f"backtest_{name}": float(figures[name]) for name in ("ngini", "mae", "rmse", "bias", "decile_wape", "spearman")},
        n_rows=len(rows),
        n_accounts=len(np.unique(rows.account_id.astype(str))),
        train_from=split.learning[0].as_of.isoformat(),
        train_to=split.learning[-1].as_of.isoformat(),
        annual_discount_rate=target.annual_discount_rate,
        reasons=[*spend.reasons, *(f"Purchases: {reason}" for reason in purchases.reasons[:1])],
    )
