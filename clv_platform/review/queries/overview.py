"""How good the predictions are on the filtered rows: the figures of a frame's first page.

Here: `overview`. The figures of outcomes come from one table of counts, those of an order from two columns of the rows. Keep words in
`wording`, sums in `measures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from clv_platform.metrics import reliability_table
from clv_platform.metrics.classes import f1_interval, macro_f1, macro_f1_interval, rate_interval
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.engine import ask
from clv_platform.review.queries.filters import Filter
from clv_platform.review.queries.measures import (
    find_measure,
    known_sql,
    measure_rows,
    prediction_sql,
    ranked_sql,
    ranking_names,
    ranking_select,
    truth_sql,
)
from clv_platform.review.queries.results import MetricValue, Overview
from clv_platform.review.queries.wording import build_value

PER_CLASS = (
    "level",
    "n",
    "n_predicted",
    "n_right",
    *(f"{name}{end}" for name in ("precision", "recall", "f1") for end in ("", "_lo", "_hi")),
)
RELIABILITY = ("mean_score", "observed", "lo", "hi", "n")
_AMOUNTS = ("mae", "rmse", "bias", "mean_actual", "mean_predicted")


def overview(info: FrameInfo, filters: Sequence[Filter] = ()) -> Overview:
    """Compute the figures of a frame on the filtered rows.

    Parameters
    ----------
    info : FrameInfo
        Whose rows; a version never changes, so answers are kept for the next who asks.
    filters : sequence of Filter
        Which of them.

    Raises
    ------
    FrameError, FilterError
        When the version was removed, or a filter doesn't fit.
    """
    return _overview(info, tuple(filters))


@lru_cache(maxsize=256)
def _overview(info: FrameInfo, filters: tuple[Filter, ...]) -> Overview:
    return (_of_amounts if info.kind == "regression" else _of_classes)(info, filters)


def _of_classes(info: FrameInfo, filters: tuple[Filter, ...]) -> Overview:
    found = ask(info, filters, f"{truth_sql(info)} as actual, {prediction_sql(info)} as predicted, count(*) as n", "group by 1, 2")
    place = {level: number for number, level in enumerate(info.classes)}
    counts = np.zeros((len(place), len(place)), dtype=np.int64)
    for actual, predicted, n in found.itertuples(index=False, name=None):  # a pivot table of pandas takes as long as the query
        if actual in place and predicted in place:
            counts[place[actual], place[predicted]] = n
    per_class = _per_class(info, counts)
    ranked, reliability = _ranking(info, filters)
    metrics = (*ranked[:1], *_class_metrics(info, counts, per_class), *ranked[1:])
    confusion = pd.DataFrame(
        {
            "actual": np.repeat(info.classes, len(info.classes)),
            "predicted": np.tile(info.classes, len(info.classes)),
            "n": counts.reshape(-1),
        }
    )
    n = int(found["n"].sum())
    return Overview(metrics, n, int(counts.sum()), _accounts(info, filters, n), per_class, confusion, reliability)


def _class_metrics(info: FrameInfo, counts: np.ndarray, per_class: pd.DataFrame) -> list[MetricValue]:
    n, each = counts.sum(), info.rows_per_account
    right = int(np.trace(counts))
    lo, hi = rate_interval(right, n, each)
    values = [build_value(info, "accuracy", right / n if n else np.nan, float(lo), float(hi))]
    actual = counts.sum(axis=1)
    if info.classes:
        commonest = int(actual.argmax())
        lo, hi = rate_interval(actual[commonest], n, each)
        share = actual[commonest] / n if n else np.nan
        values.append(build_value(info, f"naive_accuracy:{info.classes[commonest]}", share, float(lo), float(hi)))
    if info.kind == "multiclass":
        return [*values, build_value(info, "f1_macro", macro_f1(counts), *macro_f1_interval(counts, each))]
    row = per_class[per_class["level"] == info.positive]
    for name in ("precision", "recall", "f1"):
        if len(row):
            values.append(build_value(info, name, *(float(row[key].iloc[0]) for key in (name, f"{name}_lo", f"{name}_hi"))))
    if info.positive is not None:
        k = int(actual[info.classes.index(info.positive)])
        lo, hi = rate_interval(k, n, each)
        values.append(build_value(info, "share", k / n if n else np.nan, float(lo), float(hi)))
    return values


def _per_class(info: FrameInfo, counts: np.ndarray) -> pd.DataFrame:
    right, actual, predicted, each = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0), info.rows_per_account
    columns: dict[str, np.ndarray] = {
        "level": np.array(info.classes, dtype=object), "n": actual, "n_predicted": predicted, "n_right": right,
    }  # fmt: skip
    for name, of in (("precision", predicted), ("recall", actual)):
        columns[name] = np.divide(right, of, out=np.full(right.shape, np.nan), where=of > 0)
        columns[f"{name}_lo"], columns[f"{name}_hi"] = rate_interval(right, of, each)
    both = actual + predicted
    columns["f1"] = np.divide(2 * right, both, out=np.full(right.shape, np.nan), where=both > 0)
    columns["f1_lo"], columns["f1_hi"] = f1_interval(right, predicted, actual, each)
    return pd.DataFrame(columns)[list(PER_CLASS)]


def _of_amounts(info: FrameInfo, filters: tuple[Filter, ...]) -> Overview:
    measures = [find_measure(info, name) for name in _AMOUNTS]
    sums = [f"{sql} as {m.name}_{key}" for m in measures for key, sql in m.sums.items()]
    found = ask(info, filters, f"count(*) as n, count(*) filter (where {known_sql(info)}) as n_known, {', '.join(sums)}")
    values = []
    for measure in measures:
        parts = {key: found[f"{measure.name}_{key}"].to_numpy(dtype=np.float64) for key in measure.sums}
        value, lo, hi = measure.finish(parts, info.rows_per_account)
        values.append(build_value(info, measure.name, float(value[0]), float(lo[0]), float(hi[0])))
    ranked, _ = _ranking(info, filters)
    n, empty = int(found["n"].iloc[0]), pd.DataFrame()
    reliability = pd.DataFrame(columns=list(RELIABILITY))
    metrics = (*values, *ranked)
    return Overview(metrics, n, int(found["n_known"].iloc[0]), _accounts(info, filters, n), empty, empty, reliability)


def _ranking(info: FrameInfo, filters: tuple[Filter, ...]) -> tuple[list[MetricValue], pd.DataFrame]:
    names = ranking_names(info)
    empty = pd.DataFrame(columns=list(RELIABILITY))
    if not names:
        return [], empty
    known = f"{truth_sql(info)} is not null and {ranked_sql(info)} is not null"
    rows = ask(info, filters, ranking_select(info), f"and {known}")  # in the order of the file, which DuckDB keeps
    found = measure_rows(info, names, rows)
    values = [build_value(info, name, *found[name]) for name in names]
    if not info.has_chances or not len(rows):
        return values, empty
    table = reliability_table(rows["truth"].to_numpy(), rows["ranked"].to_numpy())
    columns = {"mean_score": "mean_score", "observed": "rate", "lo": "rate_lo", "hi": "rate_hi", "n": "n"}
    return values, pd.DataFrame({name: table[key] for name, key in columns.items()})


def _accounts(info: FrameInfo, filters: tuple[Filter, ...], n: int) -> int:
    account = info.column_of("account_id")
    if account is None or info.rows_per_account <= 1:
        return n
    return int(ask(info, filters, f"count(distinct {account.field}) as n")["n"].iloc[0])
