"""The gate: a model is used only if it knows more than simple rules do, beyond what chance explains.

Add a condition here with a reason in plain words and a test of both sides. Keep moving the champion pointer out: `models` does it.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from clv_platform.evaluation.result import BinaryEvaluation, GateDecision

MIN_TEST_POSITIVES = 10
_WORDS = {
    "prevalence": "giving every account the same chance",
    "best_single_column": "ranking by the best single column",
    "logistic_regression": "logistic regression",
}


def decide_gate(evaluation: BinaryEvaluation, champion: Any | None = None) -> GateDecision:
    """Decide whether a model may be used.

    Parameters
    ----------
    evaluation : BinaryEvaluation
        With baselines in its leaderboard, and the champion's score on the same rows if there is one.
    champion : object with `model_id`, optional
        The model in use, named in the reasons. One that couldn't score these rows (other features, say) isn't in the leaderboard and
        doesn't stand in the way.

    Returns
    -------
    GateDecision
        `promoted` when the PR-AUC difference to every baseline lies above 0 with its whole 95 % interval and the log loss is no worse than
        prevalence's; `nothing_learnt` otherwise; `champion_kept` when it does but the champion is better beyond the interval.

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
    model_id = str(evaluation.metrics["model_id"])
    failed = _too_few_positives(evaluation)
    passed: list[str] = []
    for row in baselines.to_dict("records"):
        (passed if row["pr_auc_difference_lo"] > 0 else failed).append(_pr_auc_sentence(row, evaluation.metrics))
    loss = _log_loss_failure(board)
    failed += [loss] if loss else []
    if failed:
        return GateDecision(False, "nothing_learnt", tuple(failed), model_id)
    for row in board[board["kind"] == "champion"].to_dict("records"):
        name = f"the model in use ({getattr(champion, 'model_id', None) or row['model']})"
        sentence = f"{name} reaches a PR-AUC of {row['pr_auc']:.3f} on the same rows, this one {evaluation.metrics['pr_auc']:.3f}"
        if row["pr_auc_difference_hi"] < 0:
            kept = f"{sentence}: it is better beyond chance ({_difference(row)}), so it stays."
            return GateDecision(False, "champion_kept", (_capital(kept),), model_id)
        passed.append(_capital(f"{sentence}: this one isn't worse beyond chance ({_difference(row)})."))
    return GateDecision(True, "promoted", tuple(passed), model_id)


def _too_few_positives(evaluation: BinaryEvaluation) -> list[str]:
    n = int(evaluation.metrics["n_positive"])
    if n >= MIN_TEST_POSITIVES:
        return []
    rows = f"{int(evaluation.metrics['n']):,} test rows"
    return [f"Only {n} positives among {rows}: too few to tell skill from luck (at least {MIN_TEST_POSITIVES})."]


def _pr_auc_sentence(row: dict[Any, Any], metrics: dict[str, Any]) -> str:
    simple = _WORDS.get(row["model"], f"the baseline {str(row['model']).replace('_', ' ')}")
    figures = f"PR-AUC {metrics['pr_auc']:.3f} against {row['pr_auc']:.3f}"
    if row["pr_auc_difference_lo"] > 0:
        return f"Better than {simple}: {figures}; {_difference(row)}."
    if row["pr_auc_difference"] > 0:
        return f"Not clearly better than {simple}: {figures}; {_difference(row)}, so it may be chance."
    return f"No better than {simple}: {figures}; {_difference(row)}."


def _difference(row: dict[Any, Any]) -> str:
    lo, hi = row["pr_auc_difference_lo"], row["pr_auc_difference_hi"]
    if pd.isna(lo):
        return "the difference can't be given an interval on so few rows"
    return f"the difference is {row['pr_auc_difference']:+.3f}, 95 % interval {lo:+.3f} to {hi:+.3f}"


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


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
