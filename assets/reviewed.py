"""What reviewers said, for the stages of a target: their groups get figures of their own, their columns become columns to slice by.

Here: files and names; every stage reads what this run took from the review store (`raw/review_feedback`). Keep what a filter means out
(`clv_platform.review.feedback.named`), and figures (`clv_platform.evaluation`).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assets.targets import TargetRoom
from clv_platform.contracts.review_feedback import NAMED_BY_REVIEWERS

if TYPE_CHECKING:
    import pandas as pd

    from clv_platform.evaluation import BinaryEvaluation
    from clv_platform.evaluation.value import ValueEvaluation
    from clv_platform.review.feedback.records import Feedback


def read_said(room: TargetRoom) -> "tuple[Feedback, ...]":
    """What reviewers said, as this run knows it."""
    from clv_platform.review.feedback.exporting import read_exported

    return read_exported(room.company.paths.review_feedback)


def columns_to_slice(room: TargetRoom, available: Collection[str]) -> list[str]:
    """The columns that the config names, then those by which reviewers told groups that are wrong, as far as they are there."""
    from clv_platform.review.feedback.named import named_columns

    config = room.company.config
    named = named_columns(read_said(room), room.target.name, available, config.private)
    return [name for name in dict.fromkeys((*config.slices, *named)) if name in available and name not in config.private]


def name_reviewed(room: TargetRoom, cutoff: str, evaluation: "BinaryEvaluation") -> "BinaryEvaluation":
    """Add the groups that reviewers called wrong to the table of slices: a row each, column `marked as wrong`, the group in words.

    Where labels that reviewers corrected may enter training, the figures count them.
    """
    import numpy as np
    import pandas as pd

    from clv_platform.evaluation.slices import evaluate_slices
    from clv_platform.review.feedback.named import name_groups

    rows, training = evaluation.predictions, room.company.config.training
    groups = name_groups(read_said(room), room.target.name, rows)
    evaluation = replace(evaluation, metrics=evaluation.metrics | count_corrected(room.read_training(cutoff)))
    if not groups:
        return evaluation
    figures = evaluate_slices(
        rows["y_true"].to_numpy(dtype=float),
        rows[["score"]].to_numpy(dtype=float).T,
        np.full((1, len(rows)), float(evaluation.metrics["f1_threshold"])),
        rows["account_id"].to_numpy(),
        membership(groups),
        seed=training.seed,
        n_bootstraps=min(training.n_bootstraps, 200),
        max_depth=1,
    )
    return replace(evaluation, slices=pd.concat([evaluation.slices, as_named(figures, groups)], ignore_index=True))


def count_corrected(training: Mapping[str, Any]) -> dict[str, int]:
    """How many labels reviewers corrected, for `metrics.json`; nothing where the config doesn't let them into training."""
    counts = training.get("corrections") or {}
    if not counts.get("is_used"):
        return {}
    return {f"n_labels_corrected_{place}": int(counts.get(f"n_{place}", 0)) for place in ("training", "test")}


def name_reviewed_amounts(evaluation: "ValueEvaluation", groups: "Collection[str]") -> "ValueEvaluation":
    """The same for amounts, whose evaluation was given the groups as columns: what isn't about their members goes."""
    import pandas as pd

    own = evaluation.slices["column"].isin(list(groups))
    slices = pd.concat([evaluation.slices[~own], as_named(evaluation.slices[own], groups)], ignore_index=True)
    return replace(evaluation, slices=slices, predictions=evaluation.predictions.drop(columns=list(groups), errors="ignore"))


def membership(groups) -> "pd.DataFrame":
    """A column per group that says whether a row is in it."""
    import pandas as pd

    return pd.DataFrame({words: pd.Series(is_member).map({True: "yes", False: "no"}) for words, is_member in groups.items()})


def as_named(figures: "pd.DataFrame", groups: "Collection[str]") -> "pd.DataFrame":
    """The rows of members, called as reviewers' groups are called."""
    members = figures[figures["column"].isin(list(groups)) & (figures["level"] == "yes")]
    return members.assign(level=members["column"], column=NAMED_BY_REVIEWERS)
