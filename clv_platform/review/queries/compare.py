"""Two versions, or two models, side by side: each metric of both, their difference and how sure it is.

Here: `compare`, `compare_by`. Rows that both frames have (same account, same date) are compared pair by pair, which says far more than two
figures beside each other; frames without such rows are measured each on its own. Keep pages out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv_platform.metrics import BINARY_METRICS, VALUE_METRICS, ScoredRows
from clv_platform.metrics.classes import macro_f1
from clv_platform.metrics.ranking import Floats
from clv_platform.review.frames.info import FrameError, FrameInfo
from clv_platform.review.queries.engine import ask
from clv_platform.review.queries.filters import Filter
from clv_platform.review.queries.grouping import find_grouping
from clv_platform.review.queries.measures import known_sql, prediction_sql, ranked_sql, ranking_names, truth_sql
from clv_platform.review.queries.overview import overview
from clv_platform.review.queries.results import Comparison
from clv_platform.review.queries.wording import moves_with_share, show, words_of

N_DRAWS = 200
MAX_DRAWN = 20_000  # rows of a draw; spread is scaled from these to all rows
MIN_ROWS = 20
COLUMNS = ("metric", "label", "a", "b", "difference", "lo", "hi", "better", "shown_as", "words")


@dataclass(frozen=True)
class _Pairs:
    """Rows of both frames: truth, what each predicted, what each ranked by (or None), the group, the account; outcomes as their places."""

    truth: np.ndarray
    predicted: tuple[np.ndarray, np.ndarray]
    ranked: tuple[Floats, Floats] | None
    group: np.ndarray | None
    account: np.ndarray

    def take(self, rows: np.ndarray) -> _Pairs:
        ranked = None if self.ranked is None else (self.ranked[0][rows], self.ranked[1][rows])
        group = None if self.group is None else self.group[rows]
        return _Pairs(self.truth[rows], (self.predicted[0][rows], self.predicted[1][rows]), ranked, group, self.account[rows])


_Metric = Callable[[_Pairs, int], float]


def compare(a: FrameInfo, b: FrameInfo, filters: Sequence[Filter] = ()) -> Comparison:
    """Compare two frames on the filtered rows that both have.

    Parameters
    ----------
    a, b : FrameInfo
        Of one kind, such as the version before and the present one; differences are b less a.
    filters : sequence of Filter
        Applied to b, whose rows are then looked up in a.

    Raises
    ------
    FrameError
        When the kinds or the outcomes differ.
    """
    _check_alike(a, b)
    pairs = _pairs(a, b, filters, None)
    if pairs is None or not len(pairs.truth):
        return _unpaired(a, b, filters)
    metrics = _metrics(b, pairs)
    values = {name: (metric(pairs, 0), metric(pairs, 1)) for name, metric in metrics.items()}
    spread = _spread(metrics, pairs)
    rows = [_row(b, name, *values[name], *spread[name]) for name in metrics]
    n = len(pairs.truth)
    return Comparison(pd.DataFrame(rows, columns=list(COLUMNS)), n, True, f"{n:,} rows that both have, compared row by row.")


def compare_by(a: FrameInfo, b: FrameInfo, filters: Sequence[Filter], by: str, metric: str) -> pd.DataFrame:
    """Compare two frames within the values of a column of b.

    Returns
    -------
    DataFrame
        level, n, a, b, difference, lo, hi: the most rows first; groups of fewer than 20 rows have no figures.

    Raises
    ------
    FrameError
        When frames have no rows in common, or column or metric don't fit.
    """
    _check_alike(a, b)
    pairs = _pairs(a, b, filters, by)
    if pairs is None:
        raise FrameError("compare: expected rows of the same accounts in both frames, found none. Publish both with account_id.")
    known = _metrics(b, pairs)
    if metric not in known:
        raise FrameError(f"metric: expected one of {', '.join(known)}, found {metric!r}.")
    grouping = find_grouping(b, by)
    levels = (
        np.array([grouping.level(key).text for key in pairs.group], dtype=object) if pairs.group is not None else np.array([], dtype=object)
    )
    rows = []
    for level, n in pd.Series(levels).value_counts().items():
        part = pairs.take(np.flatnonzero(levels == level))
        if n < MIN_ROWS:
            rows.append((level, n, *[np.nan] * 5))
            continue
        one = {metric: known[metric]}
        va, vb = known[metric](part, 0), known[metric](part, 1)
        rows.append((level, n, va, vb, vb - va, *_spread(one, part)[metric]))
    return pd.DataFrame(rows, columns=["level", "n", "a", "b", "difference", "lo", "hi"])


def are_alike(a: FrameInfo, b: FrameInfo) -> bool:
    """Whether two frames ask the same, so that they can be compared."""
    return a.kind == b.kind and a.positive == b.positive  # None where nothing is asked for: amounts, several classes


def _check_alike(a: FrameInfo, b: FrameInfo) -> None:
    if are_alike(a, b):
        return
    if a.kind != b.kind:
        raise FrameError(f"compare: expected two frames of one kind, found {a.kind} and {b.kind}. Choose frames of the same outcome.")
    raise FrameError(f"compare: expected the same outcome, found {a.positive!r} and {b.positive!r}. Choose frames of the same outcome.")


def _keys(info: FrameInfo) -> list[str] | None:
    account, day = info.column_of("account_id"), info.column_of("as_of_date")
    if account is None:
        return None
    return [f"{account.field} as account", f"cast({day.field} as varchar) as day" if day is not None else "'' as day"]


def _pairs(a: FrameInfo, b: FrameInfo, filters: Sequence[Filter], by: str | None) -> _Pairs | None:
    keys = [_keys(info) for info in (a, b)]
    if keys[0] is None or keys[1] is None:
        return None
    parts = []
    for info, key, chosen in ((a, keys[0], ()), (b, keys[1], filters)):
        ranked = ranked_sql(info)
        columns = [*key, f"{truth_sql(info)} as truth", f"{prediction_sql(info)} as predicted", f"{ranked or 'null'} as ranked"]
        if by is not None and info is b:
            columns.append(f"{find_grouping(b, by).sql} as level")
        parts.append(ask(info, chosen, ", ".join(columns), f"and {known_sql(info)}{f' and {ranked} is not null' if ranked else ''}"))
    both = parts[1].merge(parts[0].drop_duplicates(["account", "day"]), on=["account", "day"], suffixes=("_b", "_a"))
    ranked_both = (
        (both["ranked_a"].to_numpy(dtype=float), both["ranked_b"].to_numpy(dtype=float)) if ranking_names(b) and ranked_sql(a) else None
    )
    code = {level: place for place, level in enumerate(b.classes)}
    sides = [both[name] for name in ("truth_b", "predicted_a", "predicted_b")]
    if b.kind != "regression":
        sides = [side.map(code) for side in sides]
        if any(side.isna().any() for side in sides):
            raise FrameError("compare: expected the same outcomes in both frames, found others. Choose frames of the same outcome.")
        sides = [side.astype(np.int64) for side in sides]
    return _Pairs(
        sides[0].to_numpy(),
        (sides[1].to_numpy(), sides[2].to_numpy()),
        ranked_both,
        both["level"].to_numpy() if by is not None else None,
        pd.factorize(both["account"])[0],
    )


def _metrics(info: FrameInfo, pairs: _Pairs) -> dict[str, _Metric]:
    found: dict[str, _Metric] = {}
    if info.kind == "regression":
        names = ("mae", "rmse", "bias", "spearman", "ngini", "decile_wape", "top10_share")
        return {name: lambda p, side, m=VALUE_METRICS[name]: m(p.truth, p.predicted[side]) for name in names}
    if pairs.ranked is not None:
        found |= {name: lambda p, side, m=BINARY_METRICS[name]: _ranked(info, p, side, m) for name in ranking_names(info)}
    found["accuracy"] = lambda p, side: _share(np.trace(counts := _table(info, p, side)), counts.sum())
    if info.kind == "multiclass":
        found["f1_macro"] = lambda p, side: macro_f1(_table(info, p, side))
    levels = info.classes if info.kind == "multiclass" else (info.positive or "",)
    for family in ("precision", "recall", "f1"):
        for level in levels:
            place = info.classes.index(level)
            name = f"{family}:{level}" if info.kind == "multiclass" else family
            found[name] = lambda p, side, of=family, at=place: _of_class(_table(info, p, side), of, at)
    return found


def _ranked(info: FrameInfo, pairs: _Pairs, side: int, metric: Callable) -> float:
    scores = pairs.ranked[side] if pairs.ranked is not None else np.zeros(len(pairs.truth))
    is_positive = pairs.truth == info.classes.index(info.positive or "")
    return metric(ScoredRows(is_positive.astype(float), scores).weighted())


def _table(info: FrameInfo, pairs: _Pairs, side: int) -> np.ndarray:
    """Counts by actual and predicted outcome, as `metrics.classes.confusion_counts` gives them; places are quicker than texts."""
    k = len(info.classes)
    return np.bincount(pairs.truth * k + pairs.predicted[side], minlength=k * k).reshape(k, k)


def _of_class(counts: np.ndarray, family: str, at: int) -> float:
    right, n_actual, n_predicted = counts[at, at], counts[at].sum(), counts[:, at].sum()
    if family == "f1":
        return _share(2 * right, n_actual + n_predicted)
    return _share(right, n_predicted if family == "precision" else n_actual)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _spread(metrics: dict[str, _Metric], pairs: _Pairs, seed: int = 0) -> dict[str, tuple[float, float]]:
    """Interval of each difference by a bootstrap of accounts, the same draws for both frames."""
    random = np.random.default_rng(seed)
    n = len(pairs.truth)
    part = pairs.take(random.choice(n, MAX_DRAWN, replace=False)) if n > MAX_DRAWN else pairs
    order = np.argsort(part.account, kind="stable")
    accounts, starts, counts = np.unique(part.account[order], return_index=True, return_counts=True)
    size = len(part.truth)
    n_draws = max(40, min(N_DRAWS, 1_000_000 // max(size * len(metrics) // 10, 1)))
    whole = {name: metric(part, 1) - metric(part, 0) for name, metric in metrics.items()}
    drawn: dict[str, list[float]] = {name: [] for name in metrics}
    for _ in range(n_draws):
        picked = random.integers(0, len(accounts), len(accounts))
        rows = order[np.repeat(starts[picked], counts[picked]) + _within(counts[picked])]
        sample = part.take(rows)
        for name, metric in metrics.items():
            drawn[name].append(metric(sample, 1) - metric(sample, 0))
    scale = float(np.sqrt(size / n))
    result: dict[str, tuple[float, float]] = {}
    for name, metric in metrics.items():
        values = np.array(drawn[name])
        values = values[np.isfinite(values)]
        if values.size < n_draws / 2 or not np.isfinite(whole[name]):
            result[name] = (float("nan"), float("nan"))
            continue
        lo, hi = np.quantile(values - values.mean(), [0.025, 0.975]) * scale
        difference = metric(pairs, 1) - metric(pairs, 0)
        result[name] = (float(difference + lo), float(difference + hi))
    return result


def _within(counts: np.ndarray) -> np.ndarray:
    """0, 1, .. of each run of rows."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if counts.size else 0) - np.repeat(ends - counts, counts)


def _unpaired(a: FrameInfo, b: FrameInfo, filters: Sequence[Filter]) -> Comparison:
    """Each frame on its own rows; intervals of both are added in quadrature."""
    known = {column.name for column in a.shown_columns}
    usable = [one for one in filters if one.column in known]
    left, right = overview(a, usable), overview(b, filters)
    rows = []
    for value in right.metrics:
        other = left.metric(value.name)
        if other is None:
            continue
        difference = value.value - other.value
        down = np.hypot(value.value - value.lo, other.hi - other.value)
        up = np.hypot(value.hi - value.value, other.value - other.lo)
        row = _row(b, value.name, other.value, value.value, difference - down, difference + up)
        if moves_with_share(b, value.name):  # other rows, other shares: neither is better by this figure
            row = (*row[:7], "none", row[8], row[9].replace("better beyond", "changed beyond").replace("worse beyond", "changed beyond"))
        rows.append(row)
    note = f"No rows in common: {left.n:,} rows of the one and {right.n:,} of the other, each measured on its own."
    if any(moves_with_share(b, name) for name in (value.name for value in right.metrics)):
        note += " Figures that change with how common an outcome is are shown without a verdict."
    return Comparison(pd.DataFrame(rows, columns=list(COLUMNS)), right.n, False, note)


def _row(info: FrameInfo, name: str, a: float, b: float, lo: float, hi: float) -> tuple:
    words = words_of(info, name)
    return (
        name,
        words.label,
        a,
        b,
        b - a,
        lo,
        hi,
        words.better,
        words.shown_as,
        _say(words.label, words.better, words.shown_as, a, b, lo, hi),
    )


def _say(label: str, better: str, shown_as: str, a: float, b: float, lo: float, hi: float) -> str:
    if not np.isfinite([a, b]).all():
        return f"{label[:1].upper()}{label[1:]}: can't be said of these rows."
    text = f"{label[:1].upper()}{label[1:]}: {show(a, shown_as)} before, {show(b, shown_as)} now"
    if not np.isfinite([lo, hi]).all():
        return f"{text}."
    if lo <= 0 <= hi:
        return f"{text}; no difference beyond chance."
    is_closer = abs(b) < abs(a) if better == "zero" else (b > a) == (better == "higher")
    return f"{text}; {'changed' if better == 'none' else 'better' if is_closer else 'worse'} beyond chance."
