"""Groups of the slice finder as filters: the finder names levels for people, filters need values.

Here: `group_filters`, and the coarse bins that numbers are searched by, whose names lead back exactly. Keep searching out (`weak`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from clv_platform.evaluation.slice_levels import MISSING, OTHER
from clv_platform.review.frames.info import ColumnInfo, FrameInfo
from clv_platform.review.frames.profiles import SINGLE_VALUES
from clv_platform.review.queries.filters import Filter, Filters
from clv_platform.review.queries.grouping import span_text

_CUT = re.compile(r"[≥>] (\S+) to (\S+)")


def coarse_bins(column: ColumnInfo) -> list[tuple[str, tuple[float, float]]]:
    """Name and limits (both included) of the groups that a number is searched by: its bins, two at a time."""
    if column.n_distinct <= SINGLE_VALUES:
        return [(span_text(low, high), (low, high)) for low, high in column.bins]
    pairs = [(pair[0][0], pair[-1][1]) for pair in (column.bins[at : at + 2] for at in range(0, len(column.bins), 2))]
    return [(span_text(low, high), (low, high)) for low, high in pairs]


def bin_texts(values: pd.Series, column: ColumnInfo) -> pd.Series:
    """Put the name of its coarse bin in place of each number."""
    bins = coarse_bins(column)
    place = np.searchsorted([high for _, (_, high) in bins], values.to_numpy(dtype=float), side="left")
    names = np.array([*(text for text, _ in bins), None], dtype=object)
    return pd.Series(names[np.minimum(place, len(bins))], index=values.index, name=values.name)


def group_filters(info: FrameInfo, pairs: Sequence[tuple[str, str]]) -> Filters:
    """Return the filters of a group that is named by (column, level) pairs; none at all when one of them can't be said as a filter."""
    found = [_filter(info, column, level) for column, level in pairs]
    return tuple(one for one in found if one is not None) if all(one is not None for one in found) else ()


def _filter(info: FrameInfo, name: str, level: str) -> Filter | None:
    column = next((one for one in info.shown_columns if one.name == name), None)
    if column is None or level == OTHER:
        return None
    if level == MISSING and MISSING not in column.levels:
        return Filter(name, "in", (None,))
    if column.type == "boolean":
        return Filter(name, "in", ({"True": "true", "1": "true", "False": "false", "0": "false"}.get(level, level),))
    return _number_filter(column, level) if column.type == "number" else Filter(name, "in", (level,))


def _number_filter(column: ColumnInfo, level: str) -> Filter | None:
    limits = dict(coarse_bins(column)).get(level)
    if limits is not None:
        return Filter(column.name, "range", limits)
    cut = _CUT.fullmatch(level)
    try:
        low, high = (float(cut[1]), float(cut[2])) if cut else (float(level), float(level))
    except ValueError:
        return None
    # The finder's names are rounded: what lies outside the data, or between two limits, is taken in.
    is_lowest = level.startswith("≥")
    return Filter(column.name, "range", (None if is_lowest else low, None if column.high is not None and high >= column.high else high))
