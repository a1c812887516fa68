"""Two models of one training on the same rows, and which of them is judged: a tie goes to the simpler.

Here: who is the model and who stands beside it (`Cast`), and the choice. Boosted trees are judged where they beat the logistic regression
beyond chance; else the regression is, if it beats the naive rules by itself. Keep the gate itself out (`gate`), and fitting (`models`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clv_platform.evaluation.gate import decide_gate
from clv_platform.evaluation.leaderboard import Contenders
from clv_platform.evaluation.result import BinaryEvaluation

if TYPE_CHECKING:
    from clv_platform.models import ContenderScores, CrossValidation, ModelArtifact

BOOSTED, SIMPLER = "lightgbm", "logistic_regression"  # kinds of the two models, as manifests and leaderboards call them


@dataclass(frozen=True)
class Candidate:
    """A stored model and its chances of the evaluated rows.

    Attributes
    ----------
    model_id, kind : str
        As in its manifest.
    score : array of shape (n,) or (n_seeds, n)
        Calibrated chances by models that haven't seen the rows.
    f1_threshold : float or array of shape (n_seeds, n)
        Chosen on training rows.
    fit_seconds : float
        Time of one fit.
    """

    model_id: str
    kind: str
    score: ArrayLike
    f1_threshold: float | NDArray[np.float64]
    fit_seconds: float


@dataclass(frozen=True)
class Field:
    """Everybody with chances of the evaluated rows.

    Attributes
    ----------
    boosted, simpler : Candidate
        On the same rows, calibrated in the same way.
    rules : mapping of name to array
        Chances by the naive rules, `prevalence` among them.
    others : Contenders
        Other algorithms, times and notes.
    """

    boosted: Candidate
    simpler: Candidate
    rules: Mapping[str, ArrayLike]
    others: Contenders

    @classmethod
    def of_artifacts(
        cls, artifacts: Sequence[ModelArtifact], seconds: Sequence[float], X: pd.DataFrame, scored: Sequence[ContenderScores]
    ) -> Field:
        """Two stored models (boosted trees first), the time of their fits, rows later than what they learnt, the others on these."""
        boosted, simpler = (
            Candidate(own.manifest.model_id, own.manifest.kind, own.score(X), own.manifest.metrics["f1_threshold"], fit_seconds)
            for own, fit_seconds in zip(artifacts, seconds, strict=True)
        )
        rules = {one.name: one.score for one in scored if one.score is not None and one.kind == "baseline"}
        return cls(boosted, simpler, rules, Contenders.of(scored))

    @classmethod
    def of_folds(cls, folds: CrossValidation, boosted_id: str, simpler_id: str) -> Field:
        """Out-of-fold chances of both models' making."""
        first, rules, results = folds.results[0], dict(folds.baselines), folds.results
        simpler = Candidate(
            simpler_id, SIMPLER, rules.pop(SIMPLER), np.stack([one.regression_f1_threshold for one in results]), first.fit_seconds[SIMPLER]
        )
        thresholds = np.stack([one.f1_threshold for one in results])
        boosted = Candidate(boosted_id, BOOSTED, folds.scores, thresholds, first.fit_seconds["model"])
        return cls(boosted, simpler, rules, Contenders(first.comparators, first.fit_seconds, first.notes))


@dataclass(frozen=True)
class Cast:
    """Who is the model, what it has to beat (`baselines`), and who stands beside it (`others`)."""

    model: Candidate
    baselines: Mapping[str, ArrayLike]
    others: Contenders


@dataclass(frozen=True)
class Choice:
    """The evaluation of the model to judge.

    Attributes
    ----------
    evaluation : BinaryEvaluation
        Everything in it is about this model.
    simpler_refused : str
        Where the trees aren't clearly better than the simpler model, nor that one than the naive rules: why, in plain words.
    """

    evaluation: BinaryEvaluation
    simpler_refused: str = ""


def choose_candidate(field: Field, evaluate: Callable[[Cast], BinaryEvaluation]) -> Choice:
    """Evaluate boosted trees beside the simpler model and, unless they are clearly better, the simpler model beside them.

    Parameters
    ----------
    field : Field
    evaluate : function
        From a cast to its evaluation, always on the same rows and with the same draws of accounts.

    Returns
    -------
    Choice
        The boosted trees where the paired 95 % interval of their lead in PR-AUC lies above 0. Else the simpler model where the gate finds
        that it learnt something; whether its chances are kept is for the gate to say. Where neither did, the boosted trees.
    """
    simpler = field.simpler
    evaluation = evaluate(_cast(field.boosted, field, rule=simpler))
    if _beats(evaluation, simpler.kind):
        return Choice(evaluation)
    instead = evaluate(_cast(simpler, field, comparator=field.boosted))
    answer = decide_gate(instead)
    if answer.verdict != "nothing_learnt":
        return Choice(instead)
    if not evaluation.metrics["n_positive"]:
        return Choice(evaluation)  # nothing happened that either could be judged by
    return Choice(evaluation, f"Nor can {simpler.kind.replace('_', ' ')} take its place. {answer.reasons[0]}")


def _cast(model: Candidate, field: Field, *, rule: Candidate | None = None, comparator: Candidate | None = None) -> Cast:
    """Put a model among what it has to beat (the rules, and a simpler model as one more `rule`) and others (a `comparator` first)."""
    others, beside = field.others, [candidate for candidate in (rule, comparator) if candidate is not None]
    seconds = {**others.fit_seconds, "model": model.fit_seconds, **{candidate.kind: candidate.fit_seconds for candidate in beside}}
    scores = others.scores if comparator is None else {comparator.kind: comparator.score, **others.scores}
    baselines = field.rules if rule is None else {**field.rules, rule.kind: rule.score}
    return Cast(model, baselines, replace(others, scores=scores, fit_seconds=seconds))


def _beats(evaluation: BinaryEvaluation, name: str) -> bool:
    """Whether the model's lead is more than chance; a lead without an interval isn't."""
    board = evaluation.leaderboard
    return bool((board.loc[board["model"] == name, "pr_auc_difference_lo"] > 0).all())
