"""What a frame can be asked: the metrics that fit it and the columns that rows can be broken down by.

Keep answers out (`overview`, `breakdown`).
"""

from __future__ import annotations

from clv_platform.review.frames.info import ColumnInfo, FrameInfo
from clv_platform.review.queries.measures import ranking_names
from clv_platform.review.queries.results import MetricChoice
from clv_platform.review.queries.wording import moves_with_share, words_of

# How good the order is, then whether chances hold: they open what is said of chances of yes or no, where accuracy would mislead.
LEADING = ("lift_at_20", "pr_auc", "calibration_error")
_FIRST = {"slice": 0, "y_true": 1, "y_pred": 2}


def metric_choices(info: FrameInfo) -> tuple[MetricChoice, ...]:
    """Return the metrics that `breakdown` can show of a frame, the headline ones first."""
    if info.kind == "regression":
        names = ["mae", "bias", "rmse", "mean_actual", "mean_predicted"]
    elif info.kind == "binary":
        one = [] if info.positive is None else ["precision", "recall", "f1", "share", "predicted_share"]
        names = ["accuracy", *one]
    else:
        names = [
            "accuracy",
            *(f"{family}:{level}" for family in ("precision", "recall", "f1", "share", "predicted_share") for level in info.classes),
        ]
    numbers = [column.name for column in info.shown_columns if column.type == "number"]
    ranking = ranking_names(info)
    slow = set(ranking)
    leading = LEADING if slow >= set(LEADING) else ()
    rest = [*names, *(name for name in ranking if name not in leading)]
    all_names = [*leading, *rest, "n", *(f"{family}:{name}" for family in ("mean", "sum") for name in numbers)]
    return tuple(_choice(info, name, name not in slow) for name in all_names)


def breakdown_columns(info: FrameInfo) -> tuple[ColumnInfo, ...]:
    """Return the columns to break down by: the slices that the publisher named first; texts with many values aren't among them."""
    usable = [column for column in info.shown_columns if column.type != "text"]
    return tuple(sorted(usable, key=lambda column: _FIRST.get(column.role, 3)))


def _choice(info: FrameInfo, name: str, is_fast: bool) -> MetricChoice:
    words = words_of(info, name)
    return MetricChoice(name, words.label, words.meaning, words.shown_as, words.better, is_fast, moves_with_share(info, name))
