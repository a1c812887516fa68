"""What each column holds: its type, levels, bins and limits, found once when a frame is published, so that no page has to look for them.

Here: `profile_columns`. Add a fact here and in `ColumnInfo`. Keep roles out (`roles`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from clv_platform.review.frames.info import ColumnInfo, ColumnType, Role

pc: Any = pyarrow.compute  # its functions are made when it is imported, so no type checker sees them

MAX_LEVELS = 500  # a text column with more values is searched, not listed
FEW_LEVELS = 50  # up to here a text column is a category, however few the rows
N_BINS = 10
SINGLE_VALUES = 12  # a number with at most so many values has a bin for each


def profile_column(
    column: pa.ChunkedArray, name: str, field: str, role: Role, label: str, classes: Sequence[str] = (), wanted: str | None = None
) -> ColumnInfo:
    """Look at one plain column.

    Parameters
    ----------
    column : ChunkedArray
        From `tables.plain_column`.
    name, field, role, label : str
        As in `ColumnInfo`.
    classes : sequence of str
        Of an outcome or a predicted outcome: the outcomes in order.
    wanted : str, optional
        The type that the publisher said.
    """
    n_missing = column.null_count
    n_distinct = pc.count_distinct(column, mode="only_valid").as_py()
    kind = _type_of(column, n_distinct, role) if wanted is None else wanted
    facts: dict[str, Any] = {"type": kind, "n_missing": n_missing, "n_distinct": n_distinct}
    if kind == "number":
        facts |= _number_facts(column, n_distinct)
    elif kind == "date":
        limits = pc.min_max(column).as_py()
        facts |= {"first": _iso(limits["min"]), "last": _iso(limits["max"])}
    elif kind in ("category", "boolean"):
        facts["levels"] = tuple(classes) or _levels(column)
    return ColumnInfo(name=name, field=field, label=label, role=role, **facts)


def ordered_levels(frame: Any) -> Mapping[str, tuple[str, ...]]:
    """Return the levels of ordered pandas categories by column: their order is the publisher's."""
    dtypes: Any = getattr(frame, "dtypes", None)
    if not hasattr(dtypes, "items"):
        return {}
    return {str(name): tuple(map(str, kind.categories)) for name, kind in dtypes.items() if getattr(kind, "ordered", False)}


def _type_of(column: pa.ChunkedArray, n_distinct: int, role: Role) -> ColumnType:
    kind = column.type
    if role == "account_id":
        return "text"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return "date"
    is_listed = n_distinct <= FEW_LEVELS or (n_distinct <= MAX_LEVELS and n_distinct <= len(column) / 2)
    return "category" if is_listed else "text"


def _number_facts(column: pa.ChunkedArray, n_distinct: int) -> dict[str, Any]:
    values = column.drop_null().to_numpy().astype(np.float64)
    if not values.size:
        return {}
    if n_distinct <= SINGLE_VALUES:
        singles = np.unique(values)
        bins = [(float(value), float(value)) for value in singles]
    else:
        bins = _bins(values)
    return {"bins": tuple(bins), "low": float(values.min()), "high": float(values.max())}


def _bins(values: np.ndarray) -> list[tuple[float, float]]:
    """Smallest and largest value of about ten equal groups; equal values are never parted, so a filter from-to gives the same rows."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    group = np.searchsorted(edges, values, side="left")
    lows, highs = np.full(edges.size + 1, np.inf), np.full(edges.size + 1, -np.inf)
    np.minimum.at(lows, group, values)
    np.maximum.at(highs, group, values)
    return [(float(lo), float(hi)) for lo, hi in zip(lows, highs, strict=True) if lo <= hi]


def _levels(column: pa.ChunkedArray) -> tuple[str, ...]:
    text = pc.if_else(column, "true", "false") if pa.types.is_boolean(column.type) else column.cast(pa.string())
    counts = [(one["values"], one["counts"]) for one in pc.value_counts(text).to_pylist() if one["values"] is not None]
    return tuple(level for level, _ in sorted(counts, key=lambda pair: (-pair[1], pair[0])))


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()
