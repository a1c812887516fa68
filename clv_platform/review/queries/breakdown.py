"""A metric by the values of one column or two, each with its interval, beside the figure of all filtered rows.

Here: `breakdown`, `cross_tab`. Groups come from `grouping`, metrics from `measures`. Keep pages out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from clv_platform.review.frames.info import FrameError, FrameInfo
from clv_platform.review.queries.engine import ask
from clv_platform.review.queries.filters import Filter
from clv_platform.review.queries.grouping import Grouping, Level, find_grouping
from clv_platform.review.queries.measures import Measure, find_measure, measure_rows, ranking_select
from clv_platform.review.queries.results import Breakdown
from clv_platform.review.queries.wording import build_value

MIN_RANKED = 20  # rows of a group; the order of fewer says nothing


def breakdown(info: FrameInfo, filters: Sequence[Filter], by: Sequence[str], metric: str = "n") -> Breakdown:
    """Compute a metric for the values of one column or two.

    Parameters
    ----------
    info : FrameInfo
        Whose rows.
    filters : sequence of Filter
        Which of them.
    by : sequence of str
        One column or two.
    metric : str
        One of `menus.metric_choices`.

    Returns
    -------
    Breakdown
        See there; `table` also has condition_1 (and condition_2): the filter that leads to the rows, None for "(other)".

    Raises
    ------
    FrameError
        When a column or metric doesn't fit the frame.
    FilterError
        When a filter doesn't.
    """
    if not 1 <= len(by) <= 2 or len(set(by)) < len(by):
        raise FrameError(f"break down: expected one column or two different ones, found {list(by)!r}.")
    groupings = [find_grouping(info, name) for name in by]
    measure = find_measure(info, metric)
    keys = ", ".join(f"{grouping.sql} as k{place}" for place, grouping in enumerate(groupings, 1))
    table, overall = (_ranked if measure.is_ranking else _summed)(info, filters, groupings, measure, keys)
    ordered = _in_order(table, groupings)
    return Breakdown(ordered, build_value(info, metric, *overall), tuple(by))


def cross_tab(info: FrameInfo, filters: Sequence[Filter], rows: str, columns: str, metric: str = "n") -> Breakdown:
    """Compute a metric for each pair of values of two columns, as `breakdown` by both does."""
    return breakdown(info, filters, (rows, columns), metric)


Overall = tuple[float, float, float]


def _summed(
    info: FrameInfo, filters: Sequence[Filter], groupings: Sequence[Grouping], measure: Measure, keys: str
) -> tuple[pd.DataFrame, Overall]:
    sums = ", ".join(f"{sql} as {name}" for name, sql in measure.sums.items())
    places = ", ".join(str(place) for place in range(1, len(groupings) + 1))
    select = f"{keys}, count(*) as n, count(*) filter (where {measure.known}) as n_known, {sums}"
    found = ask(info, filters, select, f"group by {places}")
    figures = ["n", "n_known", *measure.sums]
    folded = _fold(found, groupings, figures)
    value, lo, hi = measure.finish(_arrays(folded, measure), info.rows_per_account)
    total = folded[figures].sum().to_frame().T
    overall = measure.finish(_arrays(total, measure), info.rows_per_account)
    table = folded.assign(value=value, lo=lo, hi=hi).drop(columns=[name for name in measure.sums if name not in ("n", "n_known")])
    return table, (float(overall[0][0]), float(overall[1][0]), float(overall[2][0]))


def _ranked(
    info: FrameInfo, filters: Sequence[Filter], groupings: Sequence[Grouping], measure: Measure, keys: str
) -> tuple[pd.DataFrame, Overall]:
    found = ask(info, filters, f"{keys}, {measure.known} as is_known, {ranking_select(info)}")
    named = _named(found, groupings)
    known = named[named["is_known"]]
    places = range(1, len(groupings) + 1)
    names = [f"level_{place}" for place in places]
    firsts: Mapping[str, tuple[str, str]] = {
        f"{part}_{place}": (f"{part}_{place}", "first") for part in ("place", "condition") for place in places
    }
    table = named.groupby(names, sort=False, as_index=False).agg(n=("is_known", "size"), n_known=("is_known", "sum"), **firsts)  # type: ignore[call-overload]
    groups = dict(list(known.groupby(names, sort=False)))
    cells = [_rank_group(info, measure, groups.get(key)) for key in table[names].itertuples(index=False, name=None)]
    for place, name in enumerate(("value", "lo", "hi")):
        table[name] = np.array([cell[place] for cell in cells], dtype=np.float64)
    return table, measure_rows(info, (measure.name,), known)[measure.name]


def _rank_group(info: FrameInfo, measure: Measure, rows: pd.DataFrame | None) -> Overall:
    if rows is None or len(rows) < MIN_RANKED:
        return float("nan"), float("nan"), float("nan")
    return measure_rows(info, (measure.name,), rows)[measure.name]


def _fold(found: pd.DataFrame, groupings: Sequence[Grouping], figures: Sequence[str]) -> pd.DataFrame:
    """Name the groups and add the sums of those that are shown together."""
    named = _named(found, groupings)
    names = [f"{part}_{place}" for place in range(1, len(groupings) + 1) for part in ("level", "place", "condition")]
    keys = [name for name in names if not name.startswith("condition")]
    rules: Mapping[str, str] = dict.fromkeys(figures, "sum") | {name: "first" for name in names if name not in keys}
    return named.groupby(keys, sort=False, as_index=False).agg(rules) if len(named) else named.reindex(columns=[*names, *figures])


def _named(found: pd.DataFrame, groupings: Sequence[Grouping]) -> pd.DataFrame:
    """Put level_1, place_1, condition_1, ... in place of the keys."""
    for place, grouping in enumerate(groupings, 1):
        codes, uniques = pd.factorize(found[f"k{place}"], use_na_sentinel=False)
        levels: list[Level] = [grouping.level(key) for key in uniques]
        for part, values in (
            ("level", [one.text for one in levels]),
            ("place", [one.place for one in levels]),
            ("condition", [one.condition for one in levels]),
        ):
            column = np.empty(len(levels), dtype=object if part != "place" else np.int64)
            column[:] = values
            found[f"{part}_{place}"] = column[codes] if len(levels) else pd.Series([], dtype=column.dtype)
    return found


def _in_order(table: pd.DataFrame, groupings: Sequence[Grouping]) -> pd.DataFrame:
    """Levels in their own order, else the most rows first; missing values and rarer levels last."""
    keys, rising = [], []
    for place, grouping in enumerate(groupings, 1):
        at = table[f"place_{place}"]
        special = (at >= grouping.other.place).astype(int) * at
        size = table.groupby(f"level_{place}")["n"].transform("sum") if len(table) else table["n"]
        keys += [special, at if grouping.is_ordered else -size, table[f"level_{place}"]]
    for number, key in enumerate(keys):
        table[f"_{number}"] = key
        rising.append(f"_{number}")
    ordered = table.sort_values(rising, kind="stable").reset_index(drop=True)
    names = [f"level_{place}" for place in range(1, len(groupings) + 1)]
    conditions = [f"condition_{place}" for place in range(1, len(groupings) + 1)]
    result = ordered[[*names, "n", "n_known", "value", "lo", "hi", *conditions]]
    return result.astype({"n": "int64", "n_known": "int64"}) if len(result) else result


def _arrays(table: pd.DataFrame, measure: Measure) -> dict[str, np.ndarray]:
    return {name: table[name].to_numpy(dtype=np.float64) for name in measure.sums}
