"""The leaderboard: the model, simple rules, other algorithms and the model in use on the same rows and the same draws of accounts.

Here: a row per contender, its paired differences to the model, and which is the simplest one that the best doesn't beat beyond chance: a
tie goes to the simpler. Add an algorithm to `SIMPLEST_FIRST`. Keep fitting out (`models.comparators`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clv_platform.metrics import interval_from_draws

if TYPE_CHECKING:
    from clv_platform.models import ContenderScores

Floats = NDArray[np.float64]
COMPARED = ("pr_auc", "lift_at_20", "log_loss", "brier")
# By what a person has to believe: a rate, a column, a weighted sum, a few hundred small trees, hundreds of deep ones, a network.
SIMPLEST_FIRST = (
    "prevalence",
    "best_single_column",
    "logistic_regression",
    "lightgbm",
    "xgboost",
    "catboost",
    "random_forest",
    "neural_network",
)


@dataclass(frozen=True)
class Contenders:
    """Other algorithms on the model's test rows, and what it took to fit each.

    Attributes
    ----------
    scores : mapping of name to array of shape (n,) or (n_seeds, n), or None
        Chances; None where it couldn't be fitted. Fewer fold seeds than the model's are its first ones.
    fit_seconds : mapping of name to float
        For any row of the leaderboard, `model` among them.
    notes : mapping of name to str
        What limits a row, or why it is empty.
    """

    scores: Mapping[str, ArrayLike | None] = field(default_factory=dict)
    fit_seconds: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, scored: Sequence[ContenderScores]) -> Contenders:
        """Take what `score_contenders` gave for dated rows; the baselines among them go to the evaluation apart."""
        return cls(
            {contender.name: contender.score for contender in scored if contender.kind == "comparator"},
            {contender.name: contender.fit_seconds for contender in scored},
            {contender.name: contender.note for contender in scored if contender.note},
        )


def mean_of(by_seed: Sequence[Mapping[str, float]], name: str, n_seeds: int | None = None) -> float:
    """Mean of a figure over the first fold seeds (by default all)."""
    return float(np.mean([figures[name] for figures in by_seed[:n_seeds]]))


def draws_of(by_seed: Sequence[Mapping[str, Floats]], name: str, n_seeds: int | None = None) -> Floats:
    """Mean of a figure's draws over the first fold seeds (by default all)."""
    return np.mean([draws[name] for draws in by_seed[:n_seeds]], axis=0)


def build_leaderboard(
    values: Mapping[str, Sequence[Mapping[str, float]]],
    drawn: Mapping[str, Sequence[Mapping[str, Floats]]],
    kinds: Mapping[str, str],
    others: Contenders,
    model_kind: str = "lightgbm",
) -> pd.DataFrame:
    """Build a row per contender.

    Parameters
    ----------
    values, drawn : mappings of model to figures and draws, one entry per fold seed
        Draws are of the same accounts for all.
    kinds : mapping of model to "model", "baseline", "comparator" or "champion"
    others : Contenders
        Times and notes; contenders without scores get a row of gaps.
    model_kind : str
        What the row `model` is, as `SIMPLEST_FIRST` calls it.

    Returns
    -------
    DataFrame
        model, kind, the figures of `COMPARED` (pr_auc with interval), differences to the model, lead_of_best (PR-AUC of the best contender
        less this one's) with its interval, is_tied_with_best, is_simplest_of_best, fit_seconds, note.
    """
    rows: list[dict[str, Any]] = []
    contest = [name for name in values if kinds[name] != "champion"]
    best = max(contest, key=lambda name: mean_of(values[name], "pr_auc"))
    for model in values:
        n = len(values[model])
        pr_auc = interval_from_draws(mean_of(values[model], "pr_auc"), draws_of(drawn[model], "pr_auc"), bounds=(0.0, 1.0))
        row: dict[str, Any] = {"model": model, "kind": kinds[model], "pr_auc": pr_auc.value, "pr_auc_lo": pr_auc.lo, "pr_auc_hi": pr_auc.hi}
        row |= {name: mean_of(values[model], name) for name in COMPARED[1:]}
        for name in ("pr_auc", "log_loss"):
            gap = _gap("model", model, name, values, drawn)
            row |= dict(zip((f"{name}_difference{end}" for end in ("", "_lo", "_hi")), gap, strict=True))
        row |= dict(zip(("lead_of_best", "lead_of_best_lo", "lead_of_best_hi"), _gap(best, model, "pr_auc", values, drawn), strict=True))
        row["is_tied_with_best"] = model == best or (model in contest and not row["lead_of_best_lo"] > 0)
        short = "" if n == len(values["model"]) else f"first {n} of {len(values['model'])} fold seeds" if n > 1 else "first fold seed only"
        notes = "; ".join(text for text in (others.notes.get(model, ""), short) if text)
        rows.append({**row, "fit_seconds": float(others.fit_seconds.get(model, np.nan)), "note": notes})
    board = pd.DataFrame(rows)
    tied = [str(name) for name in board.loc[board["is_tied_with_best"], "model"]]
    simplest = min(tied, key=lambda name: _complexity(model_kind if name == "model" else name))
    absent = [
        {"model": name, "kind": "comparator", "is_tied_with_best": False, "note": others.notes.get(name, "")}
        for name, score in others.scores.items()
        if score is None
    ]
    if absent:
        board = pd.concat([board, pd.DataFrame(absent).reindex(columns=board.columns).astype(board.dtypes)], ignore_index=True)
    board.insert(board.columns.get_loc("is_tied_with_best") + 1, "is_simplest_of_best", board["model"] == simplest)  # type: ignore[operator]
    return board


def _gap(
    ahead: str,
    behind: str,
    name: str,
    values: Mapping[str, Sequence[Mapping[str, float]]],
    drawn: Mapping[str, Sequence[Mapping[str, Floats]]],
) -> tuple[float, float, float]:
    """Difference of a figure on the fold seeds that both have, with its paired interval; NaN of a model to itself."""
    if ahead == behind:
        return (np.nan, np.nan, np.nan)
    n = min(len(values[ahead]), len(values[behind]))
    value = mean_of(values[ahead], name, n) - mean_of(values[behind], name, n)
    gap = interval_from_draws(value, draws_of(drawn[ahead], name, n) - draws_of(drawn[behind], name, n))
    return (gap.value, gap.lo, gap.hi)


def _complexity(name: str) -> int:
    return SIMPLEST_FIRST.index(name) if name in SIMPLEST_FIRST else len(SIMPLEST_FIRST)
