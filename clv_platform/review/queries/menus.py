"""What a frame can be asked: the metrics that fit it and the columns that rows can be broken down by.

Keep answers out (`overview`, `breakdown`).
"""

from __future__ import annotations

from clv_platform.review.frames.info import ColumnInfo, FrameInfo
from clv_platform.review.queries.measures import ranking_names
from clv_platform.review.queries.results import MetricChoice
from clv_platform.review.queries.wording import moves_with_share, words_of

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
    slow = set(ranking_names(info))
    all_names = [*names, *ranking_names(info), "n", *(f"{family}:{name}" for family in ("mean", "sum") for name in numbers)]
    return tuple(_choice(info, name, name not in slow) for name in all_names)


def breakdown_columns(info: FrameInfo) -> tuple[ColumnInfo, ...]:
    """Return the columns to break down by: the slices that the publisher named first; texts with many values aren't among them."""
    usable = [column for column in info.shown_columns if column.type != "text"]
    return tuple(sorted(usable, key=lambda column: _FIRST.get(column.role, 3)))


def _choice(info: FrameInfo, name: str, is_fast: bool) -> MetricChoice:
    words = words_of(info, name)
    return MetricChoice(name, words.label, words.meaning, words.shown_as, words.better, is_fast, moves_with_share(info, name))
