"""A new model beside the one in use: who stays, whatever is predicted.

Here: `Opponent` and `judge_against`, which the gates of chances and of amounts share. Keep what a model must reach on its own out (`gate`,
`value_gate`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

STALE_AFTER_MONTHS = 12  # then a tie is enough: a year brings every season once, and the model in use has seen none of it


@dataclass(frozen=True)
class Opponent:
    """The model in use when another one is judged.

    Attributes
    ----------
    model_id : str
        Names it.
    why_not_comparable : str
        Why it says nothing honest about these rows, in plain words; empty when its figures are in the leaderboard as kind `champion`.
    basis : str
        What is compared, where that isn't simply what both models say of rows that neither was trained on.
    age_months : int
        From its cutoff to that of the challenger.
    """

    model_id: str
    why_not_comparable: str = ""
    basis: str = ""
    age_months: int = 0


@dataclass(frozen=True)
class Ranking:
    """The figure by which two models are compared: its column in the leaderboard, and its name in a sentence."""

    column: str
    words: str

    def difference(self, row: Mapping[Any, Any]) -> str:
        """A row's difference with its interval, in words."""
        lo, hi = row[f"{self.column}_difference_lo"], row[f"{self.column}_difference_hi"]
        if pd.isna(lo):
            return "the difference can't be given an interval on so few rows"
        return f"the difference is {row[f'{self.column}_difference']:+z.3f}, 95 % interval {lo:+z.3f} to {hi:+z.3f}"


def judge_against(
    champion: Opponent,
    board: pd.DataFrame,
    metrics: Mapping[str, Any],
    ranking: Ranking,
    find_flaw: Callable[[Mapping[Any, Any]], str],
    new_weak_groups: Sequence[str] = (),
) -> tuple[str, str]:
    """Verdict and its reason for a model that is good enough on its own.

    Parameters
    ----------
    champion : Opponent
    board : DataFrame
        Leaderboard on the same rows, with a row of kind `champion` unless that can't be compared.
    metrics : mapping
        The new model's.
    ranking : Ranking
    find_flaw : function
        Given the champion's row, a sentence for why it can't stay in use though it ranks as well, or nothing. Asked only in a tie.
    new_weak_groups : sequence of str
        Confirmed groups that the new model gets wrong and the champion right.

    Raises
    ------
    ValueError
        When the champion's row is absent.
    """
    name = f"The model in use ({champion.model_id})"
    if champion.why_not_comparable:
        return "promoted", f"{name} can't be compared on these rows: {champion.why_not_comparable}. This model takes its place."
    rows = board[board["kind"] == "champion"].to_dict("records")
    if not rows:
        raise ValueError(
            f"gate: expected what the model in use ({champion.model_id}) says about these rows in the leaderboard, found nothing. "
            "Evaluate with it, or say in `why_not_comparable` why it says nothing."
        )
    row, column = rows[0], ranking.column
    basis = champion.basis or "on the same rows"
    figures = f"{name} reaches a {ranking.words} of {row[column]:z.3f} {basis}, this one {metrics[column]:z.3f}; {ranking.difference(row)}"
    if row[f"{column}_difference_hi"] < 0:
        return "champion_kept", f"{figures}: the model in use is better beyond chance and stays."
    if new_weak_groups:
        groups = f"{len(new_weak_groups)} group{'s' if len(new_weak_groups) > 1 else ''} of accounts"
        return "new_weak_group", f"{figures}. But this one is wrong about {groups} that the model in use gets right: that one stays."
    if row[f"{column}_difference_lo"] > 0:
        return "promoted", f"{figures}: this one is better beyond chance."
    tie = f"{figures}, which may be chance"
    flaw = find_flaw(row)
    if flaw:
        return "promoted", f"{tie}. But {flaw}"
    if champion.age_months >= STALE_AFTER_MONTHS:
        return "promoted", f"{tie}. But the model in use is {champion.age_months} months old: one that isn't worse takes its place."
    return "champion_kept", f"{tie}: a tie, so the model in use stays."
