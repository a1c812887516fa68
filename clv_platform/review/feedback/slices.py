"""What reviewers called wrong, measured on the newest model: a slice stays named until the model is right there.

Here: `judge_reviewed_slices`, the table behind the report's section and the check `reviewed_slices_hold`. A slice holds when each figure is
at least the overall one less a tolerance that was said beforehand. Keep searching for slices out (`clv_platform.evaluation`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from clv_platform.review.feedback.records import Feedback
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.filters import Filter, Filters, read_filters
from clv_platform.review.queries.overview import overview
from clv_platform.review.queries.results import MetricValue, Overview
from clv_platform.review.queries.wording import show, words_of

TOLERANCE = 0.05
FEWEST_ROWS = 30  # fewer say nothing about a share
COLUMNS = (
    "feedback_id", "slice", "comment", "author", "verdict", "state", "answer", "metric", "label", "n", "value", "lo", "hi", "overall",
    "floor", "holds", "sentence",
)  # fmt: skip
_OF_ROLE = {"y_true": "recall", "y_pred": "precision"}


def judge_reviewed_slices(info: FrameInfo, said: Sequence[Feedback], tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Measure every slice that a reviewer marked as wrong on a frame that has its columns.

    Parameters
    ----------
    info : FrameInfo
        The newest model's rows.
    said : sequence of Feedback
        Newest editions; only slices with the verdict "wrong" count, and such of another target are left out.
    tolerance : float
        How much less than overall a share may be; of amounts, how much more the bias.

    Returns
    -------
    DataFrame
        A row per slice and figure: feedback_id, slice (in words), comment, author, verdict, state, answer, metric, label, n, value, lo, hi,
        overall, floor, holds (None when there are too few rows), sentence.
    """
    rows = []
    for one in said:
        if one.scope != "slice" or one.verdict != "wrong" or (one.target is not None and info.target not in (None, one.target)):
            continue
        read = read_filters(one.filters, info)
        if read.problems or not read.filters:
            continue
        rows.extend(_judge(info, one, read.filters, tolerance))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"holds": "boolean"})


def describe(info: FrameInfo, filters: Filters) -> str:
    """Filters in words, such as "country: Germany; predicted: very high"."""
    labels = {column.name: column.label for column in info.shown_columns}
    return "; ".join(f"{labels.get(one.column, one.column)}: {_values(one)}" for one in filters)


def _judge(info: FrameInfo, one: Feedback, filters: Filters, tolerance: float) -> list[tuple]:
    classes = {_class_figure(info, part): part for part in filters if _class_figure(info, part)}
    rest = tuple(part for part in filters if part not in classes.values())
    part, whole = overview(info, rest), overview(info)
    names = list(classes) or {"regression": ["bias"], "binary": ["recall", "precision"], "multiclass": ["accuracy"]}[info.kind]
    words, rows = describe(info, filters), []
    for name in names:
        value, overall = _figure(info, part, str(name)), _figure(info, whole, str(name))
        if value is None or overall is None:
            continue
        label = words_of(info, str(name)).label
        is_amount = info.kind == "regression"
        floor = abs(overall.value) + tolerance if is_amount else overall.value - tolerance
        known = part.n_known >= FEWEST_ROWS and math.isfinite(value.value) and math.isfinite(floor)
        holds = (abs(value.value) <= floor if is_amount else value.value >= floor) if known else None
        sentence = _sentence(words, label, value.value, floor, part.n_known, holds, is_amount)
        rows.append(
            (one.id, words, one.comment, one.author, one.verdict, one.state, one.answer, str(name), label, part.n_known,
             value.value, value.lo, value.hi, overall.value, floor, holds, sentence)
        )  # fmt: skip
    return rows


def _class_figure(info: FrameInfo, one: Filter) -> str | None:
    """The figure that a filter on one outcome asks for: who is very high -> recall, who was predicted to be -> precision."""
    role = next((column.role for column in info.shown_columns if column.name == one.column), "")
    if role not in _OF_ROLE or one.kind != "in" or len(one.values) != 1 or one.values[0] not in info.classes:
        return None
    return f"{_OF_ROLE[role]}:{one.values[0]}"


def _figure(info: FrameInfo, found: Overview, name: str) -> MetricValue | None:
    family, _, level = name.partition(":")
    if not level:
        return found.metric(name)
    row = found.per_class[found.per_class["level"] == level].iloc[0]
    return MetricValue(name, "", float(row[family]), float(row[f"{family}_lo"]), float(row[f"{family}_hi"]))


def _sentence(words: str, label: str, value: float, floor: float, n: int, holds: bool | None, is_amount: bool) -> str:
    if holds is None:
        return f"{words}: only {n:,} rows whose outcome is known, too few to say."
    limit = "at most" if is_amount else "at least"
    return f"{words}: {label} {show(value, 'share')}, {'as' if holds else 'not as'} asked ({limit} {show(floor, 'share')}; n = {n:,})."


def _values(one: Filter) -> str:
    if one.kind in ("in", "text"):
        return ", ".join("(missing)" if value is None else str(value) for value in one.values)
    if one.kind == "is_null":
        return "(missing)" if one.values[0] else "known"
    low, high = ("" if value is None else f"{value:g}" if isinstance(value, float) else str(value) for value in one.values)
    return f"{low} to {high}".strip() if low and high else f"from {low}" if low else f"up to {high}"
