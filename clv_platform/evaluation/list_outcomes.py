"""How did the lists do that were really given out: hit rate and lift by month, and what campaigns did to the accounts meanwhile.

Here: from scored accounts with their outcomes (`rpt_list_outcomes`) to a row per list. Lists that a backtest made later are left out:
nobody worked with them. Add a depth of the list to `list_depths`. Keep the join of scores and outcomes out (dbt), and sentences out
(`reports`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from clv_platform.metrics import interval_from_draws, wilson_interval
from clv_platform.metrics.ranking import Floats

COLUMNS = (
    "as_of_date",
    "known_from_date",
    "cutoff",
    "model_id",
    "list",
    "is_known",
    "n_scored",
    "n_listed",
    "n_known",
    "n_events",
    "n_expected",
    "hit_rate",
    "hit_rate_lo",
    "hit_rate_hi",
    "base_rate",
    "base_rate_lo",
    "base_rate_hi",
    "lift",
    "lift_lo",
    "lift_hi",
    *(
        f"{kind}_{name}"
        for kind in ("contacted", "control", "untouched")
        for name in ("n", "events", "hit_rate", "hit_rate_lo", "hit_rate_hi")
    ),
)
CALL_LIST, TOP_FIFTH = "call list", "top 20 %"
_SHARE = 0.2
_N_DRAWS = 2000


def list_depths(n_scored: int, call_list_size: int) -> dict[str, int]:
    """Return the lists that are judged: the ranks down to which each reaches."""
    return {CALL_LIST: min(call_list_size, n_scored), TOP_FIFTH: max(1, round(_SHARE * n_scored)) if n_scored else 0}


def evaluate_lists(outcomes: pd.DataFrame, *, call_list_size: int, known_until: date | None, seed: int = 0) -> pd.DataFrame:
    """Judge every list that was given out.

    Parameters
    ----------
    outcomes : DataFrame
        Rows of one target of `rpt_list_outcomes`: account_id, as_of_date, cutoff, model_id, is_given_out, is_in_force, score, score_rank,
        known_from_date, outcome (1, 0 or null), was_contacted, was_control; happened_on, where given: an account whose event had happened
        when the list was given out wasn't on it and counts nowhere.
    call_list_size : int
        Ranks 1 to this are the call list.
    known_until : date or None
        What happens from this day on is not known (the cutoff); lists whose horizon ends later are given, but not judged.
    seed : int
        Of the draws behind the interval of the lift.

    Returns
    -------
    DataFrame
        `COLUMNS`: two rows per as-of date, oldest first. Rates are shares of the accounts whose outcome is known, with Wilson's interval;
        lift is the hit rate over the rate among all scored accounts, with a bootstrap interval over accounts. `n_expected`: the chances
        of the listed accounts, summed. contacted, control, untouched: listed accounts by what a campaign did within the horizon; figures
        of those are a comparison, not an effect: who is contacted is chosen.

    Notes
    -----
    When two runs gave out a list for one date, the one in force counts: it replaced the other in what was published.
    """
    counts = ["is_given_out", "is_in_force"]
    given = outcomes[outcomes[counts].fillna(False).astype(bool).all(axis=1)] if len(outcomes) else outcomes
    rows: list[dict[str, Any]] = []
    for as_of, of_date in given.groupby("as_of_date", sort=True) if len(given) else ():
        cutoff, model_id = of_date[["cutoff", "model_id"]].iloc[0]
        scored = of_date[of_date["happened_on"].isna()] if "happened_on" in of_date.columns else of_date
        if scored.empty:
            continue
        known_from = pd.Timestamp(scored["known_from_date"].iloc[0])
        is_known = known_until is None or known_from <= pd.Timestamp(known_until)
        facts = {"as_of_date": pd.Timestamp(str(as_of)), "known_from_date": known_from, "cutoff": cutoff, "model_id": model_id}
        for name, depth in list_depths(len(scored), call_list_size).items():
            rows.append({**facts, "list": name, "is_known": is_known, **_judge(scored, depth, seed, is_known=is_known)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def lift_interval(events_listed: int, n_listed: int, events_rest: int, n_rest: int, *, seed: int) -> tuple[float, float, float]:
    """Lift of a list over all accounts, with its bootstrap interval.

    Accounts fall into four cells (listed or not, event or not), so that resampling accounts is one multinomial draw of the cells.

    Returns
    -------
    lift, lo, hi : float
        NaN without events or accounts.
    """
    cells = np.array([events_listed, n_listed - events_listed, events_rest, n_rest - events_rest], dtype=np.float64)
    if not n_listed or not events_listed + events_rest:
        return float("nan"), float("nan"), float("nan")
    drawn = np.random.default_rng(seed).multinomial(int(cells.sum()), cells / cells.sum(), _N_DRAWS).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        draws: Floats = _lift(drawn)
    found = interval_from_draws(float(_lift(cells[None])[0]), draws, bounds=(0.0, np.inf))
    return found.value, found.lo, found.hi


def _lift(cells: Floats) -> Floats:
    return cells[:, 0] / (cells[:, 0] + cells[:, 1]) / ((cells[:, 0] + cells[:, 2]) / cells.sum(axis=1))


def _judge(scored: pd.DataFrame, depth: int, seed: int, *, is_known: bool) -> dict[str, Any]:
    is_listed = (scored["score_rank"].rank(method="first") <= depth).to_numpy(dtype=bool)
    counts: dict[str, Any] = {"n_scored": len(scored), "n_listed": int(is_listed.sum())}
    if not is_known:
        return counts
    outcome = scored["outcome"].to_numpy(dtype=float, na_value=np.nan)
    usable = np.isfinite(outcome)
    listed, event = is_listed & usable, outcome == 1
    n, k, n_all, k_all = (int(found.sum()) for found in (listed, listed & event, usable, event))
    lift, lift_lo, lift_hi = lift_interval(k, n, k_all - k, n_all - n, seed=seed)
    touched = scored["was_contacted"].to_numpy(dtype=bool)
    control = scored["was_control"].to_numpy(dtype=bool) & ~touched
    groups = {"contacted": listed & touched, "control": listed & control, "untouched": listed & ~touched & ~control}
    return {
        **counts,
        "n_known": n,
        "n_events": k,
        "n_expected": float(scored["score"].to_numpy(dtype=float)[listed].sum()),
        **_rate("hit_rate", k, n),
        **_rate("base_rate", k_all, n_all),
        "lift": lift,
        "lift_lo": lift_lo,
        "lift_hi": lift_hi,
        **{f"{kind}_{key}": value for kind, rows in groups.items() for key, value in _group(rows, event).items()},
    }


def _group(rows: np.ndarray, event: np.ndarray) -> dict[str, Any]:
    n, k = int(rows.sum()), int((rows & event).sum())
    return {"n": n, "events": k, **_rate("hit_rate", k, n)}


def _rate(name: str, k: int, n: int) -> dict[str, float]:
    lo, hi = wilson_interval(np.array(k), np.array(n))
    return {name: k / n if n else float("nan"), f"{name}_lo": float(lo), f"{name}_hi": float(hi)}
