"""Which model is used: a rule written down before the test date is looked at, applied to the rolling origins alone.

The rule: of the models (and equal or weighted means of the best few) whose total over all origins is off by at most `max_bias`, the one
with the best metric, a mean over the origins; of those that are level with it (`tie`) the one with the smallest root mean squared error.
Add another rule here with a key in the config. Keep fitting out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.config import ValueChoice
from clv_platform.metrics import VALUE_METRICS, bias
from clv_platform.models.value.backtests import Backtests, Trial
from clv_platform.models.value.contenders import Purpose
from clv_platform.models.value.naive import BASELINES

Floats = NDArray[np.float64]
LOWER_IS_BETTER = ("mae", "rmse", "decile_wape")
_MIN_WEIGHT = 0.05
WEIGHTED = "weighted_mean"


@dataclass(frozen=True)
class Candidate:
    """A model, or a mean of models.

    Attributes
    ----------
    name : str
    weights : dict of name to float
        Of the final model.
    by_trial : tuple of dict of name to float
        Weights at each origin: learnt weights come from the other origins.
    """

    name: str
    weights: dict[str, float]
    by_trial: tuple[dict[str, float], ...]

    @property
    def is_blend(self) -> bool:
        """Whether it is a mean of several."""
        return len(self.weights) > 1

    def predict(self, trials: Sequence[Trial], purpose: Purpose) -> list[Floats]:
        """Out-of-sample predictions at each origin."""
        return [mix(trial, purpose, weights) for trial, weights in zip(trials, self.by_trial, strict=True)]


@dataclass(frozen=True)
class Choice:
    """What the rule says.

    Attributes
    ----------
    champion : Candidate
    table : DataFrame
        A row per model: model, kind, purpose, the value metrics (means over origins; bias of the totals of all origins; decile_wape of the
        totals of deciles of all origins), n_origins, is_champion, is_eligible, note.
    reasons : tuple of str
        In plain words.
    """

    champion: Candidate
    table: pd.DataFrame
    reasons: tuple[str, ...]


def mix(trial: Trial, purpose: Purpose, weights: dict[str, float]) -> Floats:
    """Weighted mean of contenders' predictions at one origin."""
    return np.sum([weight * trial.predictions[(purpose, name)] for name, weight in weights.items()], axis=0)


def choose(backtests: Backtests, purpose: Purpose, rule: ValueChoice) -> Choice:
    """Apply the rule to the predictions at the origins.

    Parameters
    ----------
    backtests : Backtests
    purpose : {"spend", "purchases"}
    rule : ValueChoice
        Metric, largest bias, how many models are averaged.

    Returns
    -------
    Choice
        When no model's total is within the bound, as in a season that no earlier one resembles, the bound widens by the smallest bias, and
        the reasons say so. Without any usable model the past rate stands in; the gate won't promote it.
    """
    trials = backtests.trials
    everywhere = [name for name in _names(backtests, purpose) if all((purpose, name) in trial.predictions for trial in trials)]
    singles = [_single(name, len(trials)) for name in everywhere]
    able = [one for one in singles if one.name not in BASELINES] or [one for one in singles if one.name == "past_spend_rate"]
    figures = {one.name: _figures(one, trials, purpose) for one in singles}
    bound, widened = _bound(rule, [figures[one.name] for one in able])
    ranked = sorted((one for one in able if abs(figures[one.name]["bias"]) <= bound), key=lambda one: _loss(figures[one.name], rule))
    blends = _blends(ranked, trials, purpose, rule)
    figures |= {blend.name: _figures(blend, trials, purpose) for blend in blends}
    pool = [one for one in (*ranked, *blends) if abs(figures[one.name]["bias"]) <= bound]
    level = _level(pool, figures, rule)
    champion = min(level, key=lambda one: (figures[one.name]["rmse"], figures[one.name]["decile_wape"], one.name))
    rows = [
        {
            "model": one.name,
            "kind": "blend" if one.is_blend else "baseline" if one.name in BASELINES else "contender",
            "purpose": purpose,
            **figures[one.name],
            "n_origins": len(trials),
            "is_champion": one is champion,
            "is_eligible": one in pool,
            "note": _describe(one) if one.is_blend else "",
        }
        for one in (*singles, *blends)
    ]
    return Choice(champion, pd.DataFrame(rows), _reasons(champion, level, figures, rule, bound, widened, trials))


def _names(backtests: Backtests, purpose: Purpose) -> list[str]:
    return list(dict.fromkeys(name for trial in backtests.trials for kind, name in trial.predictions if kind == purpose))


def _single(name: str, n: int) -> Candidate:
    return Candidate(name, {name: 1.0}, tuple({name: 1.0} for _ in range(n)))


def _figures(one: Candidate, trials: Sequence[Trial], purpose: Purpose) -> dict[str, float]:
    actual, predicted = [trial.actual(purpose) for trial in trials], one.predict(trials, purpose)
    with np.errstate(invalid="ignore"):
        table = {
            name: float(np.nanmean([_value(metric(y, p)) for y, p in zip(actual, predicted, strict=True)]))
            for name, metric in VALUE_METRICS.items()
        }
    return table | {
        "bias": _value(bias(np.concatenate(actual), np.concatenate(predicted)), 0.0),
        "decile_wape": pooled_decile_wape(actual, predicted),
    }


def _value(figure: float, instead: float = 0.0) -> float:
    """A metric that isn't defined (everybody is predicted the same, or nothing was spent) says nothing for a model."""
    return figure if np.isfinite(figure) else instead


def pooled_decile_wape(actual: Sequence[Floats], predicted: Sequence[Floats]) -> float:
    """Error of the deciles' totals over all origins: what one season adds and the next takes away isn't the model's."""
    gaps, total = np.zeros(10), 0.0
    for y, p in zip(actual, predicted, strict=True):
        parts = np.array_split(np.argsort(-p, kind="stable"), 10)
        gaps += [float(p[rows].sum() - y[rows].sum()) for rows in parts]
        total += float(y.sum())
    return float(np.abs(gaps).sum()) / total if total > 0 else 0.0


def _loss(figures: dict[str, float], rule: ValueChoice) -> float:
    return figures[rule.metric] * (1 if rule.metric in LOWER_IS_BETTER else -1)


def _level(pool: Sequence[Candidate], figures: dict[str, dict[str, float]], rule: ValueChoice) -> list[Candidate]:
    """The best by the rule's metric, and those that so small a difference doesn't tell from it."""
    best = min(_loss(figures[one.name], rule) for one in pool)
    return [one for one in pool if _loss(figures[one.name], rule) <= best + rule.tie * abs(best)]


def _bound(rule: ValueChoice, figures: Sequence[dict[str, float]]) -> tuple[float, bool]:
    smallest = min(abs(one["bias"]) for one in figures)
    return (rule.max_bias, False) if smallest <= rule.max_bias else (smallest + rule.max_bias, True)


def _blends(ranked: Sequence[Candidate], trials: Sequence[Trial], purpose: Purpose, rule: ValueChoice) -> list[Candidate]:
    """Equal means of the best few, and a weighted mean whose weights at each origin come from the others."""
    blends: list[Candidate] = []
    for size in range(2, min(rule.blend_of, len(ranked)) + 1):
        weights = {one.name: 1.0 / size for one in ranked[:size]}
        blends.append(Candidate(f"mean_of_{size}", weights, tuple(weights for _ in trials)))
    if rule.blend_of < 2 or len(ranked) < 2 or len(trials) < 2:
        return blends
    names = [one.name for one in ranked[: 2 * rule.blend_of]]
    by_trial = [_weights([other for other in trials if other is not trial], purpose, names) for trial in trials]
    weights = _weights(trials, purpose, names)
    return [*blends, Candidate(WEIGHTED, weights, tuple(by_trial))] if len(weights) > 1 else blends


def _weights(trials: Sequence[Trial], purpose: Purpose, names: Sequence[str]) -> dict[str, float]:
    """Non-negative weights that add up to 1, by least squares of deviations in units of each row's expected spread (mean ** .75)."""
    from scipy.optimize import nnls

    columns, outcomes = [], []
    for trial in trials:
        predicted = np.column_stack([trial.predictions[(purpose, name)] for name in names])
        y = np.maximum(trial.actual(purpose), 0.0)
        total = y.sum()
        if total <= 0:
            continue
        predicted = predicted * (total / np.maximum(predicted.sum(axis=0), 1e-300))  # weights are about shape, not about the season
        spread = np.maximum(predicted.mean(axis=1), 1e-3 * total / len(y)) ** 0.75
        columns.append(predicted / spread[:, None])
        outcomes.append(y / spread)
    found = nnls(np.vstack(columns), np.concatenate(outcomes))[0] if columns else np.ones(len(names))
    shares = found / found.sum() if found.sum() > 0 else np.full(len(names), 1.0 / len(names))
    shares = np.where(shares < _MIN_WEIGHT, 0.0, shares)
    return {name: float(share / shares.sum()) for name, share in zip(names, shares, strict=True) if share > 0}


def _describe(one: Candidate) -> str:
    return " + ".join(f"{weight:.0%} {name}" for name, weight in one.weights.items())


def _reasons(
    champion: Candidate,
    level: Sequence[Candidate],
    figures: dict[str, dict[str, float]],
    rule: ValueChoice,
    bound: float,
    widened: bool,
    trials: Sequence[Trial],
) -> tuple[str, ...]:
    name = f"{champion.name} ({_describe(champion)})" if champion.is_blend else champion.name
    own = figures[champion.name]
    within = [model for model, values in figures.items() if abs(values["bias"]) <= bound and model not in BASELINES]
    off = f"whose total is off by at most {bound:.0%}"
    among = f"of {len(within)} models {off}"
    place = f"the best {among}" if len(within) > 1 else f"the only model {off}"
    if champion.name in BASELINES:
        place = "and no model could be fitted at every origin, so this rule stands in"
    elif len(level) > 1:
        place = (
            f"level with the best (within {rule.tie:.2%}) {among}, and of these {len(level)} its root mean squared error is the smallest"
        )
    reasons = [
        f"Chosen: {name}. Over {len(trials)} origin{'s' * (len(trials) != 1)} before the test its {rule.metric} is {own[rule.metric]:.3f}, "
        f"{place}; its own total is off by {own['bias']:+.1%}, "
        f"the totals of its deciles by {own['decile_wape']:.1%}.",
    ]
    if widened:
        reasons.append(
            f"No model's total came within {rule.max_bias:.0%}: what was learnt comes from another season than what was checked. "
            f"So up to {bound:.0%} was allowed."
        )
    naive = max((one for one in BASELINES if one in figures), key=lambda one: figures[one]["ngini"], default=champion.name)
    if own["ngini"] < figures[naive]["ngini"]:
        reasons.append(
            f"At the origins {champion.name} ranks worse than {naive}: its ngini is {own['ngini']:z.3f}, against "
            f"{figures[naive]['ngini']:z.3f}. Mostly a sign of few accounts or dates to learn from."
        )
    return tuple(reasons)
