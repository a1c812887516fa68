"""The gate of value models: used only if it ranks accounts better than naive rules do with amounts that aren't clearly worse than the best
one's, its total holds, and the model in use isn't better.

Add a condition here with a reason in plain words and a test of both sides. Keep moving the champion pointer out: `models` does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from clv_platform.evaluation.gate_champion import Opponent, Ranking, judge_against
from clv_platform.evaluation.result import GateDecision

if TYPE_CHECKING:
    from clv_platform.evaluation.value import ValueEvaluation

MIN_TEST_BUYERS = 10
CLEARLY_LARGER = 1.1  # both errors beyond this multiple of a naive rule's: few accounts give intervals too wide to tell
RANKING = Ranking("ngini", "normalised Gini")
_WORDS = {
    "mean": "expecting the same of every account",
    "past_spend_rate": "going on as in the past (past spend per day)",
    "present_subscriptions": "present subscriptions going on (monthly recurring revenue times the months)",
}


def decide_value_gate(
    evaluation: ValueEvaluation,
    champion: Opponent | None = None,
    *,
    max_bias: float = 0.15,
    new_weak_groups: Sequence[str] = (),
    withdrawn: str = "",
) -> GateDecision:
    """Decide whether a value model may be used.

    Parameters
    ----------
    evaluation : ValueEvaluation
        With baselines in its leaderboard, and the champion's expectation of the same rows (kind `champion`) if it has one.
    champion : Opponent, optional
        The model in use.
    max_bias : float
        What the total may be off by, as a share.
    new_weak_groups : sequence of str
        Confirmed groups whose amounts this model gets wrong and the champion right, a sentence each.
    withdrawn : str
        Who took this very model out of use, when and why; it doesn't come back by itself.

    Returns
    -------
    GateDecision
        In this order: `nothing_learnt` unless the normalised Gini's difference to every baseline lies above 0 with its whole 95 % interval,
        and when the mean absolute and the root mean squared error are both larger than those of the baseline that ranks best, the latter
        beyond chance or both by more than a tenth (a single larger error is a reason, not a refusal);
        `not_calibrated` when the total is off by more than `max_bias` beyond chance; `rolled_back` for a withdrawn model; `promoted` when
        there is no champion or it can't be compared; `new_weak_group` when there is one; `promoted` when the champion is beaten beyond
        chance; else `champion_kept`, unless the champion's total is off by more than `max_bias` where this one's isn't, or it is
        `STALE_AFTER_MONTHS` old.

    Raises
    ------
    ValueError
        When the leaderboard holds no baseline: nothing could be said.
    """
    board, metrics = evaluation.leaderboard, evaluation.metrics
    baselines = board[board["kind"] == "baseline"].sort_values("ngini", ascending=False, kind="stable")  # the hardest to beat first
    if baselines.empty:
        raise ValueError("the gate needs at least one baseline in the leaderboard, found none. Give evaluate_value() the contenders.")

    def decide(verdict: str, reasons: Sequence[str]) -> GateDecision:
        model_id = str(metrics["model_id"])
        return GateDecision(verdict == "promoted", verdict, tuple(reasons), model_id, champion.model_id if champion else None)

    failed, passed = _too_few_buyers(metrics), []
    if failed and not pd.notna(metrics["ngini"]):  # nobody bought: no order is right or wrong
        return decide("nothing_learnt", failed)
    for row in baselines.to_dict("records"):
        (passed if row["ngini_difference_lo"] > 0 else failed).append(_sentence(row, metrics))
    if failed:
        return decide("nothing_learnt", failed)
    is_worse, amounts = _judge_amounts(baselines.iloc[0].to_dict(), metrics)
    if is_worse:
        return decide("nothing_learnt", (amounts, *passed))
    passed[1:1] = [amounts] if amounts else []  # beside the ranking against the same rule
    way = "much" if metrics["bias"] > 0 else "little"
    interval = f"95 % interval {100 * metrics['bias_lo']:+.1f} % to {100 * metrics['bias_hi']:+.1f} %"
    total = f"Its total is {100 * abs(metrics['bias']):.1f} % too {way}, {interval}"
    if metrics["bias_lo"] > max_bias or metrics["bias_hi"] < -max_bias:
        return decide("not_calibrated", (f"{total}: more than the {100 * max_bias:.0f} % allowed, beyond chance.", *passed))
    passed.append(f"{total} ({100 * max_bias:.0f} % is allowed).")
    if withdrawn:
        return decide("rolled_back", (withdrawn, *passed))
    if champion is None:
        return decide("promoted", (*passed, "There was no model in use before."))
    verdict, reason = judge_against(
        champion, board, metrics, RANKING, lambda row: _flaw(row, metrics, max_bias), new_weak_groups=new_weak_groups
    )
    return decide(verdict, (reason, *(new_weak_groups if verdict == "new_weak_group" else ()), *passed))


def _flaw(row: Mapping[Any, Any], metrics: Mapping[str, Any], max_bias: float) -> str:
    """Why the model in use can't stay in a tie: its total is off where this one's holds."""
    is_off = abs(row["bias"]) > max_bias >= abs(metrics["bias"])
    return f"the total of the model in use is off by {100 * row['bias']:+.1f} %, so this one takes its place." if is_off else ""


def _too_few_buyers(metrics: dict[str, Any]) -> list[str]:
    if metrics["n_buyers"] >= MIN_TEST_BUYERS:
        return []
    few = f"Only {metrics['n_buyers']} of {metrics['n']:,} test accounts brought anything"
    return [f"{few}: too few to tell skill from luck (at least {MIN_TEST_BUYERS})."]


def _judge_amounts(row: Mapping[Any, Any], metrics: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether amounts are clearly worse than those of the naive rule that ranks best, and the sentence about them, empty when none is due.

    Somebody who reads a single account's amount is better off with the rule then, however well the list is ordered.
    """
    simple = _called(row)
    larger = [metrics[name] > row[name] for name in ("mae", "rmse")]
    if not any(larger):
        return False, ""
    absolute, squared = (f"{_amount(metrics[name])} against {_amount(row[name])}" for name in ("mae", "rmse"))
    absolute, squared = f"mean absolute error {absolute}", f"root mean squared error {squared}"
    lo, hi = row.get("rmse_difference_lo", float("nan")), row.get("rmse_difference_hi", float("nan"))
    if all(larger):
        chance = (
            f"95 % interval of the difference {_amount(lo, '+')} to {_amount(hi, '+')}" if pd.notna(lo) else "no interval on so few rows"
        )
        figures = f"{absolute}, {squared} ({chance})"
        if lo > 0 or all(metrics[name] > CLEARLY_LARGER * row[name] for name in ("mae", "rmse")):
            return True, f"Single amounts are further off than with {simple}: {figures}. Use that rule meanwhile."
        return False, f"Single amounts are no nearer than with {simple}, though not clearly further off: {figures}."
    if larger[0]:
        return False, f"Single amounts are further off on average than with {simple}: {absolute}. Large misses are smaller: {squared}."
    return False, f"Large misses are larger than with {simple}: {squared}. On average single amounts are as near or nearer: {absolute}."


def _amount(value: float, sign: str = "") -> str:
    return f"{value:{sign},.0f}" if abs(value) >= 100 else f"{value:{sign}z.3g}"


def _called(row: Mapping[Any, Any]) -> str:
    return _WORDS.get(row["model"], f"the baseline {str(row['model']).replace('_', ' ')}")


def _sentence(row: dict[Any, Any], metrics: dict[str, Any]) -> str:
    simple = _called(row)
    figures = f"normalised Gini {metrics['ngini']:z.3f} against {row['ngini']:z.3f}; {RANKING.difference(row)}"
    if row["ngini_difference_lo"] > 0:
        return f"Ranks better than {simple}: {figures}."
    if row["ngini_difference"] > 0:
        return f"Ranks not clearly better than {simple}: {figures}, so it may be chance."
    return f"Ranks no better than {simple}: {figures}."
