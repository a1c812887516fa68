"""Metrics that a database can add up: sums in SQL, figures and intervals from the sums; and those that need the rows themselves.

Here: `find_measure(info, name)`. Add a metric here, in `menus` and with words in `wording`; the property test compares each with
`clv_platform.metrics`. Keep grouping and pages out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from clv_platform.metrics import BINARY_METRICS, VALUE_METRICS
from clv_platform.metrics.classes import f1_interval, rate_interval
from clv_platform.metrics.ranking import Floats
from clv_platform.metrics.sums import mean_interval, quick_intervals, quick_value_intervals, ratio_interval, root_mean_interval
from clv_platform.review.frames.info import ColumnInfo, FrameError, FrameInfo
from clv_platform.warehouse import quote_text

Figures = tuple[Floats, Floats, Floats]
_CHANCES = ("log_loss", "brier", "calibration_error")
BINARY_RANKING = tuple(name for name in BINARY_METRICS if name != "pr_auc_baseline")
VALUE_RANKING = ("spearman", "ngini", "decile_wape", "top10_share")


@dataclass(frozen=True)
class Measure:
    """A metric of a group of rows.

    Attributes
    ----------
    name : str
        As menus and addresses call it.
    sums : mapping of str to str
        Aggregates in SQL, by the name that `finish` reads.
    finish : function of (sums by name, rows per account) to (value, lo, hi)
        Arrays, a place per group.
    known : str
        SQL: the rows it is computed on.
    is_ranking : bool
        Then there are no sums: `measure_rows` computes it from outcome and score.
    """

    name: str
    sums: Mapping[str, str]
    finish: Callable[[Mapping[str, Floats], float], Figures]
    known: str
    is_ranking: bool = False


def truth_sql(info: FrameInfo) -> str:
    """The outcome: text for classes, a number for amounts."""
    return _needed(info, "y_true").field


def prediction_sql(info: FrameInfo) -> str:
    """The prediction in the outcome's terms; from the score and the threshold when no outcome was predicted."""
    predicted = info.column_of("y_pred")
    if predicted is not None:
        return predicted.field
    score, yes = _needed(info, "score").field, info.positive or "1"
    no = next((level for level in info.classes if level != yes), "0")
    threshold = repr(float(0.5 if info.threshold is None else info.threshold))
    return f"case when {score} is null then null when {score} >= {threshold} then {quote_text(yes)} else {quote_text(no)} end"


def ranked_sql(info: FrameInfo) -> str | None:
    """What rows are ranked by: the score of a binary frame, the predicted amount of a regression; None without."""
    column = info.column_of("score") if info.kind == "binary" else info.column_of("y_pred") if info.kind == "regression" else None
    return None if column is None else column.field


def known_sql(info: FrameInfo) -> str:
    """Rows whose outcome and prediction are known."""
    return f"({truth_sql(info)} is not null and ({prediction_sql(info)}) is not null)"


def ranking_names(info: FrameInfo) -> tuple[str, ...]:
    """Metrics of the order of the rows that fit a frame."""
    if info.kind == "regression":
        return VALUE_RANKING
    if info.kind != "binary" or ranked_sql(info) is None:
        return ()
    return tuple(name for name in BINARY_RANKING if info.has_chances or name not in _CHANCES)


def find_measure(info: FrameInfo, name: str) -> Measure:
    """Return the metric of that name for a frame.

    Raises
    ------
    FrameError
        When the frame has no such metric.
    """
    if name in ranking_names(info):
        return Measure(name, {}, _nothing, f"({truth_sql(info)} is not null and {ranked_sql(info)} is not null)", is_ranking=True)
    family, colon, detail = name.partition(":")
    if not colon and family in _PLAIN:
        return _PLAIN[family](name)
    if colon and family in ("mean", "sum"):
        return _of_column(name, family, info.column(detail))
    maker = (_OF_AMOUNTS if info.kind == "regression" else _OF_CLASSES).get(family)
    if maker is None or (colon and detail not in info.classes):
        raise FrameError(f"metric: expected one that fits {info.name!r}, found {name!r}. Choose one from the menu.")
    if not colon and family in _PER_CLASS and info.positive is None:
        raise FrameError(f"metric: {family} is of one outcome, such as {family}:{info.classes[-1] if info.classes else ''}. Say which.")
    return maker(info, name, detail or info.positive or "")


def measure_rows(info: FrameInfo, names: tuple[str, ...], rows: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """Ranking metrics of rows with the columns truth, ranked and, where accounts repeat, account."""
    y, score = rows["truth"].to_numpy(), rows["ranked"].to_numpy(dtype=np.float64)
    if info.kind == "regression":
        found = quick_value_intervals({name: VALUE_METRICS[name] for name in names}, y.astype(np.float64), score)
    else:
        accounts = rows["account"].to_numpy() if "account" in rows else None
        found = quick_intervals({name: BINARY_METRICS[name] for name in names}, y.astype(np.float64), score, accounts)
    return {name: (one.value, one.lo, one.hi) for name, one in found.items()}


def ranking_select(info: FrameInfo) -> str:
    """SQL of the columns that `measure_rows` reads."""
    truth, ranked = truth_sql(info), ranked_sql(info)
    outcome = truth if info.kind == "regression" else f"({truth} = {quote_text(info.positive or '')})::tinyint"
    account = info.column_of("account_id")
    cluster = f", hash({account.field}) as account" if account is not None and info.rows_per_account > 1 else ""
    return f"{outcome} as truth, {ranked} as ranked{cluster}"


def _needed(info: FrameInfo, role: str) -> ColumnInfo:
    column = info.column_of(role)  # type: ignore[arg-type]
    if column is None:
        raise FrameError(f"{info.name}: expected a column for {role}, found none. Publish the frame again and name it.")
    return column


def _nothing(sums: Mapping[str, Floats], rows_per_account: float) -> Figures:
    raise NotImplementedError("metrics of an order are computed from rows")


def _count(name: str) -> Measure:
    def finish(sums: Mapping[str, Floats], _: float) -> Figures:
        none = np.full(sums["n_all"].shape, np.nan)
        return sums["n_all"].astype(np.float64), none, none

    return Measure(name, {"n_all": "count(*)"}, finish, "true")


def _of_column(name: str, family: str, column: ColumnInfo) -> Measure:
    if column.type != "number":
        raise FrameError(f"metric: {family} needs a column of numbers, found {column.name!r}, a {column.type}.")
    x = f"cast({column.field} as double)"

    def finish(sums: Mapping[str, Floats], rows_per_account: float) -> Figures:
        value, lo, hi = mean_interval(sums["s"], sums["q"], sums["k"], rows_per_account)
        times = sums["k"] if family == "sum" else 1.0
        return np.where(sums["k"] > 0, value * times, np.nan), lo * times, hi * times

    sums = {"s": f"sum({x})", "q": f"sum({x} * {x})", "k": f"count({x})"}
    return Measure(name, sums, finish, f"{column.field} is not null")


def _rate(info: FrameInfo, name: str, hit: str, of: str) -> Measure:
    known = known_sql(info)

    def finish(sums: Mapping[str, Floats], rows_per_account: float) -> Figures:
        k, n = sums["hit"].astype(np.float64), sums["of_all"].astype(np.float64)
        value = np.divide(k, n, out=np.full(k.shape, np.nan), where=n > 0)
        return value, *rate_interval(k, n, rows_per_account)

    sums = {"hit": f"count(*) filter (where {known} and {hit} and {of})", "of_all": f"count(*) filter (where {known} and {of})"}
    return Measure(name, sums, finish, known)


def _accuracy(info: FrameInfo, name: str, _: str) -> Measure:
    return _rate(info, name, f"{truth_sql(info)} = ({prediction_sql(info)})", "true")


def _precision(info: FrameInfo, name: str, level: str) -> Measure:
    return _rate(info, name, f"{truth_sql(info)} = {quote_text(level)}", f"({prediction_sql(info)}) = {quote_text(level)}")


def _recall(info: FrameInfo, name: str, level: str) -> Measure:
    return _rate(info, name, f"({prediction_sql(info)}) = {quote_text(level)}", f"{truth_sql(info)} = {quote_text(level)}")


def _share_actual(info: FrameInfo, name: str, level: str) -> Measure:
    return _rate(info, name, f"{truth_sql(info)} = {quote_text(level)}", "true")


def _share_predicted(info: FrameInfo, name: str, level: str) -> Measure:
    return _rate(info, name, f"({prediction_sql(info)}) = {quote_text(level)}", "true")


def _f1(info: FrameInfo, name: str, level: str) -> Measure:
    known, y, p = known_sql(info), f"{truth_sql(info)} = {quote_text(level)}", f"({prediction_sql(info)}) = {quote_text(level)}"

    def finish(sums: Mapping[str, Floats], rows_per_account: float) -> Figures:
        right, both = sums["tp"].astype(np.float64), sums["pp"].astype(np.float64) + sums["ap"]
        value = np.divide(2 * right, both, out=np.full(right.shape, np.nan), where=both > 0)
        return value, *f1_interval(right, sums["pp"], sums["ap"], rows_per_account)

    conditions = {"tp": f"{y} and {p}", "pp": p, "ap": y}
    return Measure(name, {key: f"count(*) filter (where {known} and {sql})" for key, sql in conditions.items()}, finish, known)


def _errors(info: FrameInfo) -> tuple[str, str, str]:
    """Outcome, prediction and their difference where both are known, as numbers."""
    y, p = f"cast({truth_sql(info)} as double)", f"cast({prediction_sql(info)} as double)"
    return y, p, f"({p} - {y})"


def _mae(info: FrameInfo, name: str, _: str) -> Measure:
    error = _errors(info)[2]

    def finish(sums: Mapping[str, Floats], rows_per_account: float) -> Figures:
        return mean_interval(sums["s"], sums["q"], sums["k"], rows_per_account)

    return Measure(name, {"s": f"sum(abs{error})", "q": f"sum({error} * {error})", "k": f"count({error})"}, finish, known_sql(info))


def _rmse(info: FrameInfo, name: str, _: str) -> Measure:
    error = _errors(info)[2]

    def finish(sums: Mapping[str, Floats], rows_per_account: float) -> Figures:
        return root_mean_interval(sums["q"], sums["qq"], sums["k"], rows_per_account)

    sums = {"q": f"sum({error} * {error})", "qq": f"sum(({error} * {error}) * ({error} * {error}))", "k": f"count({error})"}
    return Measure(name, sums, finish, known_sql(info))


def _bias(info: FrameInfo, name: str, _: str) -> Measure:
    y, p, _error = _errors(info)
    known = known_sql(info)

    def finish(sums: Mapping[str, Floats], rows_per_account: float) -> Figures:
        ratio, lo, hi = ratio_interval(sums["p"], sums["y"], sums["pp"], sums["py"], sums["yy"], rows_per_account)
        return ratio - 1, lo - 1, hi - 1

    terms = {"p": p, "y": y, "pp": f"{p} * {p}", "py": f"{p} * {y}", "yy": f"{y} * {y}"}
    return Measure(name, {key: f"sum({sql}) filter (where {known})" for key, sql in terms.items()}, finish, known)


def _mean_of(side: int) -> Callable[[FrameInfo, str, str], Measure]:
    def make(info: FrameInfo, name: str, _: str) -> Measure:
        x, known = _errors(info)[side], known_sql(info)

        def finish(sums: Mapping[str, Floats], rows_per_account: float) -> Figures:
            return mean_interval(sums["s"], sums["q"], sums["k"], rows_per_account)

        terms = {"s": f"sum({x})", "q": f"sum({x} * {x})", "k": f"count({x})"}
        return Measure(name, {key: f"{sql} filter (where {known})" for key, sql in terms.items()}, finish, known)

    return make


_PLAIN: Mapping[str, Callable[[str], Measure]] = MappingProxyType({"n": _count})
_PER_CLASS = ("precision", "recall", "f1", "share", "predicted_share")
_OF_CLASSES: Mapping[str, Callable[[FrameInfo, str, str], Measure]] = MappingProxyType(
    {
        "accuracy": _accuracy, "precision": _precision, "recall": _recall, "f1": _f1, "share": _share_actual,
        "predicted_share": _share_predicted,
    }
)  # fmt: skip
_OF_AMOUNTS: Mapping[str, Callable[[FrameInfo, str, str], Measure]] = MappingProxyType(
    {"mae": _mae, "rmse": _rmse, "bias": _bias, "mean_actual": _mean_of(0), "mean_predicted": _mean_of(1)}
)
