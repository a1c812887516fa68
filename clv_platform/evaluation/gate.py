"""The gate: a model is used only if it knows more than simple rules do and more than the model in use, beyond what chance explains, and
its chances are kept.

Add a condition here with a reason in plain words and a test of both sides. Keep moving the champion pointer out: `models` does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from clv_platform.evaluation.chance_words import judge_chances
from clv_platform.evaluation.gate_calibration import measure_calibration
from clv_platform.evaluation.gate_champion import Opponent, Ranking, judge_against
from clv_platform.evaluation.result import BinaryEvaluation, GateDecision

MIN_TEST_POSITIVES = 10
RANKING = Ranking("pr_auc", "PR-AUC")
_WORDS = {
    "prevalence": "giving every account the same chance",
    "best_single_column": "ranking by the best single column",
    "logistic_regression": "logistic regression",
    "lightgbm": "boosted trees",
}


def decide_gate(
    evaluation: BinaryEvaluation,
    champion: Opponent | None = None,
    *,
    new_weak_groups: Sequence[str] = (),
    withdrawn: str = "",
    simpler_refused: str = "",
    is_sampled: bool = False,
    nothing_happened: str = "",
) -> GateDecision:
    """Decide whether a model may be used.

    Parameters
    ----------
    evaluation : BinaryEvaluation
        With baselines in its leaderboard, and the champion's score on the same rows if it has one.
    champion : Opponent, optional
        The model in use.
    new_weak_groups : sequence of str
        Confirmed groups in which this model's chances are wrong and the champion's aren't, a sentence each.
    withdrawn : str
        Who took this very model out of use, when and why; it doesn't come back by itself.
    simpler_refused : str
        Why a simpler model, than which this one isn't clearly better, can't be used either; see `candidates.Choice`.
    is_sampled : bool
        Whether the share of positives was set by sampling; see `judge_chances`.
    nothing_happened : str
        What to say, instead of figures that aren't defined, when no test row is a positive.

    Returns
    -------
    GateDecision
        In this order: `nothing_learnt` unless the PR-AUC difference to every baseline lies above 0 with its whole 95 % interval and the log
        loss is no worse than prevalence's; `not_calibrated` when its chances are off beyond chance and tolerance (`CalibrationTest`);
        `rolled_back` for a withdrawn model; `promoted` when there is no champion or it can't score these rows; `new_weak_group` when there
        is one; `promoted` when it is better than the champion beyond the interval; else `champion_kept`: a tie changes nothing, unless the
        champion's own chances are off on these rows or it is `STALE_AFTER_MONTHS` old.

    Raises
    ------
    ValueError
        When the leaderboard holds no baseline: nothing could be said.
    """
    board = evaluation.leaderboard
    baselines = board[board["kind"] == "baseline"]
    if baselines.empty:
        raise ValueError(
            "the gate needs at least one baseline in the leaderboard, found none. Evaluate the model beside baseline_scores()."
        )

    def decide(verdict: str, reasons: Sequence[str]) -> GateDecision:
        model_id = str(evaluation.metrics["model_id"])
        return GateDecision(verdict == "promoted", verdict, tuple(reasons), model_id, champion.model_id if champion else None)

    if not evaluation.metrics["n_positive"]:
        return decide("nothing_learnt", [nothing_happened or f"No positive among {_rows(evaluation)}, so nothing can be judged."])
    failed = _too_few_positives(evaluation)
    passed: list[str] = []
    for row in baselines.to_dict("records"):
        (passed if row["pr_auc_difference_lo"] > 0 else failed).append(_pr_auc_sentence(row, evaluation.metrics))
    loss = _log_loss_failure(board)
    failed += [loss] if loss else []
    failed += [simpler_refused] if failed and simpler_refused else []
    passed = [*_against_boosted_trees(board, evaluation.metrics), *passed]
    if failed:
        return decide("nothing_learnt", failed)
    chances = measure_calibration(evaluation.predictions)
    if chances.problems:
        return decide("not_calibrated", (*chances.problems, *passed))
    passed.append(judge_chances(chances.to_metrics() | {"n_positive": chances.n_observed}, is_sampled).sentence)
    if withdrawn:
        return decide("rolled_back", (withdrawn, *passed))
    if champion is None:
        return decide("promoted", (*passed, "There was no model in use before."))
    verdict, sentence = judge_against(
        champion, board, evaluation.metrics, RANKING, lambda _: _flaw(evaluation), new_weak_groups=new_weak_groups
    )
    return decide(verdict, (sentence, *(new_weak_groups if verdict == "new_weak_group" else ()), *passed))


def _flaw(evaluation: BinaryEvaluation) -> str:
    """Why the model in use can't stay in a tie: its chances are off on these rows."""
    problems = measure_calibration(evaluation.predictions, "champion_score").problems
    return f"the chances of the model in use don't hold any more, so this one takes its place. There: {problems[0]}" if problems else ""


def _against_boosted_trees(board: pd.DataFrame, metrics: dict[str, Any]) -> list[str]:
    """Why a simpler model is judged although boosted trees were trained too; no sentence where these are the model."""
    rows = board[(board["kind"] == "comparator") & (board["model"] == "lightgbm")].to_dict("records")
    if not rows:
        return []
    row, own = rows[0], _WORDS.get(str(metrics["model_kind"]), "this model")
    figures = f"{own} reaches a PR-AUC of {metrics['pr_auc']:.3f}, boosted trees {row['pr_auc']:.3f}; {RANKING.difference(row)}"
    if row["pr_auc_difference_lo"] > 0:
        return [f"Simpler, and better beyond chance: {figures}."]
    return [f"A tie goes to the simpler model: {figures}, which may be chance."]


def _too_few_positives(evaluation: BinaryEvaluation) -> list[str]:
    n = int(evaluation.metrics["n_positive"])
    if n >= MIN_TEST_POSITIVES:
        return []
    return [f"Only {n} positives among {_rows(evaluation)}: too few to tell skill from luck (at least {MIN_TEST_POSITIVES})."]


def _rows(evaluation: BinaryEvaluation) -> str:
    return f"{int(evaluation.metrics['n']):,} test rows"


def _pr_auc_sentence(row: dict[Any, Any], metrics: dict[str, Any]) -> str:
    simple = _WORDS.get(row["model"], f"the baseline {str(row['model']).replace('_', ' ')}")
    if row["model"] == "best_single_column" and isinstance(row.get("note"), str) and row["note"]:
        simple += f" ({row['note']})"
    figures = f"PR-AUC {metrics['pr_auc']:.3f} against {row['pr_auc']:.3f}"
    if row["pr_auc_difference_lo"] > 0:
        return f"Better than {simple}: {figures}; {RANKING.difference(row)}."
    if row["pr_auc_difference"] > 0:
        return f"Not clearly better than {simple}: {figures}; {RANKING.difference(row)}, so it may be chance."
    return f"No better than {simple}: {figures}; {RANKING.difference(row)}."


def _log_loss_failure(board: pd.DataFrame) -> str | None:
    prevalence = board[board["model"] == "prevalence"]
    if prevalence.empty:
        return None
    row = prevalence.iloc[0]
    if row["log_loss_difference"] <= 0:
        return None
    model = board.loc[board["kind"] == "model", "log_loss"].iloc[0]
    figures = f"log loss {model:.4f} against {row['log_loss']:.4f} (lower is better)"
    return f"Its chances are further from what happened than {_WORDS['prevalence']}: {figures}."
