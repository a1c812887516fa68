"""How did earlier lists of amounts do: what each promised, and what its accounts then really brought.

Here: from lists of scores and outcomes to a row per list, and the tenths of the newest one that can be judged. The pattern is that of
`list_outcomes`; amounts have no hits, so lists are judged by their total, their order and their ranges. Keep reading files out (assets)
and sentences (`reports`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from clv_platform.evaluation.value_draws import SortedAmounts, draw_accounts
from clv_platform.metrics import coverage, interval_from_draws, ngini
from clv_platform.metrics.ranking import Floats
from clv_platform.metrics.value import bias, top_share

_FIGURES = ("bias", "ngini", "top20_share", "coverage_90")
COLUMNS = (
    "as_of_date", "known_from_date", "cutoff", "model_id", "is_given_out", "is_known", "n_scored", "n_known", "n_buyers", "expected",
    "actual", *(f"{name}{end}" for name in _FIGURES for end in ("", "_lo", "_hi")), "top20_promised",
)  # fmt: skip
LIST_COLUMNS = ("account_id", "as_of_date", "cutoff", "model_id", "is_champion", "scored_at", "score", "score_lo", "score_hi")  # of a list
DECILE_COLUMNS = ("as_of_date", "decile", "n", "predicted", "actual", "actual_lo", "actual_hi")
TOP = 0.2
_BOUNDS = {"bias": (-1.0, np.inf), "ngini": (-1.0, 1.0), "top20_share": (0.0, 1.0), "coverage_90": (0.0, 1.0)}
_N_DRAWS = 200


def join_outcomes(scores: pd.DataFrame, outcomes: pd.DataFrame, label: str) -> pd.DataFrame:
    """Put what came beside what was expected.

    Parameters
    ----------
    scores : DataFrame
        Lists, see `scores.value.VALUE_SCORE_SCHEMA`, with `scored_at`.
    outcomes : DataFrame
        account_id, as_of_date and the amount within the horizon, null while it isn't known (`fct_value_examples`).
    label : str
        Name of that amount.

    Returns
    -------
    DataFrame
        account_id, as_of_date, cutoff, model_id, is_champion, scored_at, score, score_lo, score_hi, outcome: a row per score.
    """
    keys = ["account_id", "as_of_date"]
    left, right = (
        frame.assign(account_id=frame["account_id"].astype(str), as_of_date=pd.to_datetime(frame["as_of_date"]))
        for frame in (scores[list(LIST_COLUMNS)], outcomes[[*keys, label]].rename(columns={label: "outcome"}))
    )
    return left.merge(right, on=keys, how="left")


def evaluate_value_lists(
    joined: pd.DataFrame, *, horizon_days: int, known_until: date | None, only_given_out: bool = True, seed: int = 0
) -> pd.DataFrame:
    """Judge every list.

    Parameters
    ----------
    joined : DataFrame
        See `join_outcomes`.
    horizon_days : int
        How long after a list what came counts.
    known_until : date or None
        What happens from this day on isn't known (the cutoff); lists whose horizon ends later are given, but not judged.
    only_given_out : bool
        Leave out lists that a backtest made later; else a date has its list that was given out, or else the newest.
    seed : int
        Of the draws behind the intervals.

    Returns
    -------
    DataFrame
        `COLUMNS`, a row per as-of date, oldest first. expected, actual: sums over the accounts whose outcome is known; bias: the first over
        the second, less 1; top20_share: share of what came held by the fifth with the highest expectations, top20_promised: what it was
        expected to hold; coverage_90: share of amounts within their 90 % interval, of accounts whose upper bound is above 0. `_lo`, `_hi`:
        95 % intervals, accounts resampled.
    """
    rows = [_judge(one, horizon_days, known_until, seed) for one in _lists(joined, only_given_out=only_given_out)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def split_tenths(joined: pd.DataFrame, lists: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Split the newest judged list into tenths of falling expectation: `DECILE_COLUMNS`, sums; no row when none can be judged."""
    known = lists[lists["is_known"].astype(bool)] if len(lists) else lists
    if known.empty:
        return pd.DataFrame(columns=list(DECILE_COLUMNS))
    newest = known.sort_values("as_of_date").iloc[-1]
    own = joined[(joined["as_of_date"] == newest["as_of_date"]) & (joined["model_id"] == newest["model_id"])]
    own = own[(own["cutoff"] == newest["cutoff"]) & own["outcome"].notna()]
    y, p = own["outcome"].to_numpy(float), own["score"].to_numpy(float)
    random, rows = np.random.default_rng(seed), []
    for position, members in enumerate(np.array_split(np.argsort(-p, kind="stable"), 10), start=1):
        if len(members):
            sums = y[members][random.integers(0, len(members), (_N_DRAWS, len(members)))].sum(axis=1)
            interval = interval_from_draws(float(y[members].sum()), sums.astype(np.float64))
            told = (newest["as_of_date"], position, len(members), float(p[members].sum()), interval.value, interval.lo, interval.hi)
            rows.append(dict(zip(DECILE_COLUMNS, told, strict=True)))
    return pd.DataFrame(rows, columns=list(DECILE_COLUMNS))


def _lists(joined: pd.DataFrame, *, only_given_out: bool) -> list[pd.DataFrame]:
    """One list per date, as dbt's `is_list_in_force` has it: given out before a backtest's, then the later cutoff, then written last."""
    rows = joined[joined["is_champion"].astype(bool)] if only_given_out and len(joined) else joined
    found = []
    for _, of_date in rows.groupby("as_of_date", sort=True) if len(rows) else ():
        order, keys = ["is_champion", "cutoff", "scored_at", "model_id"], ["is_champion", "cutoff", "model_id"]
        in_force = of_date[order].drop_duplicates().sort_values(order, na_position="first").iloc[-1]
        found.append(of_date[(of_date[keys] == in_force[keys].tolist()).all(axis=1)])
    return found


def _judge(rows: pd.DataFrame, horizon_days: int, known_until: date | None, seed: int) -> dict[str, Any]:
    first = rows.iloc[0]
    known_from = first["as_of_date"] + pd.Timedelta(days=horizon_days)
    known = rows[rows["outcome"].notna()]
    facts = {
        "as_of_date": first["as_of_date"],
        "known_from_date": known_from,
        "cutoff": first["cutoff"],
        "model_id": first["model_id"],
        "is_given_out": bool(first["is_champion"]),
        "is_known": bool(len(known)) and (known_until is None or known_from <= pd.Timestamp(known_until)),
        "n_scored": len(rows),
    }
    if not facts["is_known"]:
        return facts
    y, p = known["outcome"].to_numpy(float), known["score"].to_numpy(float)
    sums = {"n_known": len(known), "n_buyers": int((y > 0).sum()), "expected": float(p.sum()), "actual": float(y.sum())}
    promised = float(np.sort(p)[::-1][: max(1, round(TOP * len(p)))].sum() / p.sum()) if p.sum() > 0 else float("nan")
    return {**facts, **sums, "top20_promised": promised, **_figures(y, p, known["score_lo"], known["score_hi"], seed)}


def _figures(y: Floats, p: Floats, low: pd.Series, high: pd.Series, seed: int) -> dict[str, float]:
    lo, hi = low.to_numpy(float), high.to_numpy(float)
    above = hi > 0
    inside = ((y >= lo - 1e-9) & (y <= hi + 1e-9)).astype(np.float64)
    figures = {
        "bias": bias(y, p),
        "ngini": ngini(y, p),
        "top20_share": top_share(y, p, TOP),
        "coverage_90": coverage(y[above], lo[above] - 1e-9, hi[above] + 1e-9) if above.any() else float("nan"),
    }
    prepared, order = SortedAmounts(y, p), np.argsort(-p, kind="stable")
    drawn: dict[str, list[float]] = {name: [] for name in figures}
    for weights in draw_accounts(len(y), _N_DRAWS, seed):
        total, there = float(weights @ y), float(weights[above].sum())
        drawn["bias"].append(float(weights @ p) / total - 1 if total > 0 else float("nan"))
        drawn["ngini"].append(prepared.ngini(weights))
        in_order = weights[order]
        top = int(np.searchsorted(np.cumsum(in_order), TOP * weights.sum() - 1e-9)) + 1
        drawn["top20_share"].append(float(in_order[:top] @ y[order][:top]) / total if total > 0 else float("nan"))
        drawn["coverage_90"].append(float(weights[above] @ inside[above]) / there if there else float("nan"))
    found: dict[str, float] = {}
    for name, value in figures.items():
        interval = interval_from_draws(value, np.array(drawn[name]), bounds=_BOUNDS[name])
        found |= {name: interval.value, f"{name}_lo": interval.lo, f"{name}_hi": interval.hi}
    return found
