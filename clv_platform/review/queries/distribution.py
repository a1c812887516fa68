"""How the values of a column are spread over the filtered rows, beside all rows.

Here: `distribution`. Categories as `breakdown` groups them, numbers in bins of equal width. Keep metrics out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clv_platform.review.frames.info import ColumnInfo, FrameInfo
from clv_platform.review.frames.profiles import SINGLE_VALUES
from clv_platform.review.queries.breakdown import breakdown
from clv_platform.review.queries.engine import ask
from clv_platform.review.queries.filters import Filter
from clv_platform.review.queries.grouping import number_literal

COLUMNS = ("level", "n", "share", "overall_share", "low", "high", "condition")


def distribution(info: FrameInfo, filters: Sequence[Filter], column: str, bins: int = 30) -> pd.DataFrame:
    """Count the filtered rows by the values of a column.

    Parameters
    ----------
    info, filters
        Whose rows, and which of them.
    column : str
        Any column but a text with many values.
    bins : int
        Of numbers: how many bins of equal width; the last one is open where a few values are far out.

    Returns
    -------
    DataFrame
        level, n, share (of the filtered rows), overall_share (of all rows), low, high (limits of a number's bin: low <= x < high, the
        last one included; else NaN), condition (the filter that leads to a level's rows; None for "(other)" and for bins).

    Raises
    ------
    FrameError, FilterError
        When the column or a filter doesn't fit.
    """
    chosen = info.column(column)
    count = _numbers if chosen.type == "number" and chosen.n_distinct > SINGLE_VALUES else _levels
    found, everything = count(info, filters, chosen, bins), count(info, (), chosen, bins) if filters else None
    total = found["n"].sum()
    found["share"] = found["n"] / total if total else np.nan
    if everything is None:
        return found.assign(overall_share=found["share"])[list(COLUMNS)]
    shares = everything.set_index("level")["n"] / max(everything["n"].sum(), 1)
    found["overall_share"] = found["level"].map(shares).astype(float)
    return found[list(COLUMNS)]


def _levels(info: FrameInfo, filters: Sequence[Filter], column: ColumnInfo, bins: int) -> pd.DataFrame:
    table = breakdown(info, filters, (column.name,), "n").table
    return table.rename(columns={"level_1": "level", "condition_1": "condition"})[["level", "n", "condition"]].assign(
        low=np.nan, high=np.nan
    )


def _numbers(info: FrameInfo, filters: Sequence[Filter], column: ColumnInfo, bins: int) -> pd.DataFrame:
    low, high = _limits(column)
    width = (high - low) / bins or 1.0
    bin_sql = f"least(floor((cast({column.field} as double) - {number_literal(low)}) / {number_literal(width)}), {bins - 1})"
    place = f"case when {column.field} is not null then {bin_sql} end"  # `least` passes over nulls
    found = ask(info, filters, f"{place} as place, count(*) as n", "group by 1")
    counts = found.dropna(subset=["place"]).set_index("place")["n"].reindex(range(bins), fill_value=0)
    lows = low + width * np.arange(bins)
    highs = np.append(lows[1:], max(high, column.high if column.high is not None else high))
    texts = [f"{a:,.4g} – {b:,.4g}" for a, b in zip(lows, highs, strict=True)]
    table = pd.DataFrame({"level": texts, "n": counts.to_numpy(dtype=np.int64), "low": lows, "high": highs, "condition": None})
    n_missing = int(found.loc[found["place"].isna(), "n"].sum())
    if not column.n_missing:
        return table
    gap = {"level": "(missing)", "n": n_missing, "low": np.nan, "high": np.nan, "condition": Filter(column.name, "in", (None,))}
    return pd.concat([table, pd.DataFrame([gap])], ignore_index=True)


def _limits(column: ColumnInfo) -> tuple[float, float]:
    """From the smallest value to where the top tenth has at most half the room of all below: a long tail is one open bin."""
    low, high = float(column.low or 0.0), float(column.high or 0.0)
    if len(column.bins) < 3:
        return low, high
    body = column.bins[-2][1]
    return low, min(high, body + (body - low) / 2)
