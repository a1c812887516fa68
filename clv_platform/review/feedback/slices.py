"""What reviewers called wrong, measured on the newest model: a slice stays named until the model is right there.

Here: `judge_reviewed_slices`, the table behind the report's section and the check `reviewed_slices_hold`. A slice holds when each figure is
at least the overall one less a tolerance that was said beforehand. Keep searching for slices out (`clv_platform.evaluation`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from clv_platform.reports.words import counted
from clv_platform.review.feedback.named import called_wrong, in_words
from clv_platform.review.feedback.records import Feedback
from clv_platform.review.frames.catalogue import read_frame_info
from clv_platform.review.frames.info import FrameError, FrameInfo
from clv_platform.review.frames.store import ReviewStore
from clv_platform.review.queries.filters import Filter, Filters, read_filters, write_filters
from clv_platform.review.queries.overview import overview
from clv_platform.review.queries.results import MetricValue, Overview
from clv_platform.review.queries.wording import show, words_of

TOLERANCE = 0.05
NOTHING_NEW = "This is the same model on the same rows as when it was marked, so nothing new has been judged."
FEWEST_ROWS = 30  # fewer say nothing about a share
COLUMNS = (
    "feedback_id", "frame", "slice", "comment", "author", "verdict", "state", "answer", "metric", "label", "n", "value", "lo", "hi",
    "overall", "floor", "before", "holds", "is_new", "sentence",
)  # fmt: skip
# Who is very high is asked whether they were found; who was predicted to be, also whether they are.
_OF_ROLE = {"y_true": ("recall",), "y_pred": ("recall", "precision")}
_PLAIN = {"regression": ("bias",), "binary": ("recall",), "multiclass": ("accuracy",)}


def judge_reviewed_slices(
    info: FrameInfo, said: Sequence[Feedback], tolerance: float = TOLERANCE, store: ReviewStore | None = None
) -> pd.DataFrame:
    """Measure every slice that a reviewer marked as wrong on a frame that has its columns.

    Parameters
    ----------
    info : FrameInfo
        The newest model's rows.
    said : sequence of Feedback
        Newest editions; only slices with the verdict "wrong" count, and such of another target are left out.
    tolerance : float
        How much less than overall a share may be; of amounts, how much more the bias.
    store : ReviewStore, optional
        Where the frames lie that were looked at: then outcomes that are called otherwise there are found by their role, and the figure
        of then stands beside that of now.

    Returns
    -------
    DataFrame
        A row per slice and figure: feedback_id, frame (the name of the frame measured), slice (in words), comment, author, verdict, state,
        answer, metric, label, n, value, lo, hi, overall, floor, before (the figure on the version that was looked at, if it is one of this
        frame), holds (None when there are too few rows), is_new (False: the same model on the same rows as when it was marked; None where
        the version looked at isn't known), sentence.
    """
    rows = []
    for one in called_wrong(said, info.target) if info.target else [one for one in said if one.scope == "slice" and one.verdict == "wrong"]:
        looked_at = _looked_at(store, one)
        filters = _fitting(one, info, looked_at)
        if filters:
            rows.extend(_judge(info, one, filters, tolerance, looked_at))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"holds": "boolean", "is_new": "boolean", "before": "float64"})


def describe(info: FrameInfo, filters: Filters) -> str:
    """Filters in words, such as "country: Germany; predicted: very high"."""
    return in_words(filters, {column.name: column.label for column in info.shown_columns})


def _looked_at(store: ReviewStore | None, one: Feedback) -> FrameInfo | None:
    """The version that a reviewer looked at; None when it was removed since."""
    try:
        return read_frame_info(store, one.frame, one.version) if store is not None else None
    except FrameError:
        return None


def _fitting(one: Feedback, info: FrameInfo, looked_at: FrameInfo | None) -> Filters:
    """The filters as they apply to a frame; none when one of its columns isn't there."""
    parts = read_filters(one.filters).filters
    if looked_at is not None and looked_at.slug != info.slug:
        parts = tuple(_by_role(part, info, looked_at) for part in parts)
    known = {column.name for column in info.shown_columns}
    if not all(part.column in known for part in parts):
        return ()
    read = read_filters(write_filters(parts), info)
    return () if read.problems else read.filters


def _by_role(part: Filter, info: FrameInfo, looked_at: FrameInfo) -> Filter:
    """A filter on what came or was predicted means the same column of the other frame, whatever it is called there."""
    theirs = looked_at.by_name.get(part.column)
    if theirs is None or theirs.role not in _OF_ROLE or part.kind != "in" or info.kind == "regression":
        return part
    ours, spelt = info.column_of(theirs.role), {_plain(level): level for level in info.classes}
    values = tuple(spelt.get(_plain(str(value))) for value in part.values)
    return part if ours is None or None in values else replace(part, column=ours.name, values=values)


def _judge(info: FrameInfo, one: Feedback, filters: Filters, tolerance: float, looked_at: FrameInfo | None) -> list[tuple]:
    figures = [name for part in filters for name in _class_figures(info, part)]
    rest = tuple(part for part in filters if not _class_figures(info, part))
    part, whole = overview(info, rest), overview(info)
    is_older = looked_at is not None and looked_at.slug == info.slug and looked_at.version != info.version
    then = overview(looked_at, rest) if looked_at is not None and is_older else None
    is_new = None if looked_at is None else (looked_at.slug, looked_at.version) != (info.slug, info.version)
    words, rows = describe(info, filters), []
    for name in dict.fromkeys(figures) or _PLAIN[info.kind]:
        value, overall = _figure(part, name), _figure(whole, name)
        if value is None or overall is None:
            continue
        label, is_amount = words_of(info, name).label, info.kind == "regression"
        floor = abs(overall.value) + tolerance if is_amount else overall.value - tolerance
        known = part.n_known >= FEWEST_ROWS and math.isfinite(value.value) and math.isfinite(floor)
        holds = (abs(value.value) <= floor if is_amount else value.value >= floor) if known else None
        before = _figure(then, name) if then is not None else None
        was = before.value if before is not None else math.nan
        sentence = _sentence(words, label, value.value, floor, part.n_known, holds, is_amount, was)
        sentence += f" {NOTHING_NEW}" if is_new is False else ""
        rows.append(
            (one.id, info.name, words, one.comment, one.author, one.verdict, one.state, one.answer, name, label, part.n_known,
             value.value, value.lo, value.hi, overall.value, floor, was, holds, is_new, sentence)
        )  # fmt: skip
    return rows


def _class_figures(info: FrameInfo, one: Filter) -> tuple[str, ...]:
    """The figures that a filter on one outcome asks for."""
    column = info.by_name.get(one.column)
    if column is None or column.role not in _OF_ROLE or one.kind != "in" or len(one.values) != 1 or one.values[0] not in info.classes:
        return ()
    return tuple(f"{figure}:{one.values[0]}" for figure in _OF_ROLE[column.role])


def _figure(found: Overview, name: str) -> MetricValue | None:
    family, _, level = name.partition(":")
    if not level:
        return found.metric(name)
    rows = found.per_class[found.per_class["level"] == level]
    if rows.empty:
        return None
    row = rows.iloc[0]
    return MetricValue(name, "", float(row[family]), float(row[f"{family}_lo"]), float(row[f"{family}_hi"]))


def _sentence(words: str, label: str, value: float, floor: float, n: int, holds: bool | None, is_amount: bool, was: float) -> str:
    if holds is None:
        return f"{words}: only {counted(n, 'row')} whose outcome is known, too few to say."
    limit = "at most" if is_amount else "at least"
    then = f"; it was {show(was, 'share')} when this was said" if math.isfinite(was) else ""
    told = f"{label} {show(value, 'share')}, {'as' if holds else 'not as'} asked"
    return f"{words}: {told} ({limit} {show(floor, 'share')}; n = {n:,}{then})."


def _plain(level: str) -> str:
    return level.strip().casefold().replace("_", " ")
