"""When in their life accounts left: Kaplan-Meier curves, log-rank tests, departures by period of life.

Add an estimate as a function of time, entry and event. Keep pictures and sentences out (see `reports`).

References
----------
Kaplan and Meier (1958), JASA 53; Greenwood's variance with intervals on the log(-log) scale: Kalbfleisch and Prentice (2002), 1.4. Left
truncation: an account is at risk only after its entry (statsmodels `SurvfuncRight(entry=...)`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.exploration.churn_history_rows import grouped
from clv_platform.exploration.columns import level_order

MIN_AT_RISK = 20  # below, one departure moves the curve by 5 % and more: not drawn
MARKS = (3, 6, 12, 24, 36)  # months at which tables read the curves
PERIODS = (0, 3, 6, 12, 24, 36, 60)
_Z = 1.959963984540054
_READ = [f"survival_{mark}" for mark in MARKS] + ["median"]
_GROUP_COLUMNS = ["grouping", "level", "n", "n_left", "begin", *(name + end for name in _READ for end in ("", "_lo", "_hi"))]
Floats = NDArray[np.float64]


def survival_curve(time: Floats, entry: Floats, is_left: NDArray[np.int64], min_at_risk: int = 1) -> pd.DataFrame:
    """Estimate the share still here by time of life.

    Parameters
    ----------
    time, entry, is_left : arrays of shape (n,)
        End of observation, its begin (0: from the start), and whether it ended with a departure. An account is at risk in (entry, time].
    min_at_risk : int
        The curve begins where at least so many are at risk and ends before fewer are; what is before the begin isn't estimated.

    Returns
    -------
    DataFrame
        time, n_at_risk, n_left, survival, lo, hi (95 %, pointwise); the first row is the begin with survival 1.
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    begin = _begin(time, entry, min_at_risk)
    is_seen = time > begin
    if not is_seen.any():
        return _curve_frame([], [], [], [], [])
    later = np.maximum(entry[is_seen], begin)
    if not is_left[is_seen].any():
        n_seen = int(((later <= begin) & (time[is_seen] > begin)).sum())
        return _curve_frame([begin, float(time.max())], [n_seen, n_seen], [0, 0], [1.0, 1.0], [0.0, 0.0])
    found = SurvfuncRight(time[is_seen], is_left[is_seen], entry=later)
    kept = np.asarray(found.n_risk) >= min_at_risk
    stop = len(kept) if kept.all() else int(np.argmin(kept))
    at = slice(0, stop)
    n_begin = int((later <= begin).sum())
    time_at, n_risk, n_events = (
        [begin, *found.surv_times[at]],
        [n_begin, *np.asarray(found.n_risk)[at]],
        [0, *np.asarray(found.n_events)[at]],
    )
    survival, error = [1.0, *np.asarray(found.surv_prob)[at]], [0.0, *np.asarray(found.surv_prob_se)[at]]
    times = np.sort(time[is_seen])
    last = float(times[-min(min_at_risk, len(times))])
    if stop == len(kept) and last > time_at[-1]:  # nobody left after the last departure, and that long enough were there
        n_risk.append(int(((later < last) & (time[is_seen] >= last)).sum()))
        time_at, n_events = [*time_at, last], [*n_events, 0]
        survival, error = [*survival, survival[-1]], [*error, error[-1]]
    return _curve_frame(time_at, n_risk, n_events, survival, error)


def _begin(time: Floats, entry: Floats, min_at_risk: int) -> float:
    """First moment from which at least so many are at risk, seen from the start of life."""
    if min_at_risk <= 1 or not len(time):
        return 0.0
    moments = np.unique(np.concatenate([[0.0], entry]))
    at_risk = np.searchsorted(np.sort(entry), moments, side="right") - np.searchsorted(np.sort(time), moments, side="right")
    enough = np.flatnonzero(at_risk >= min_at_risk)
    return float(moments[enough[0]]) if enough.size else float(time.max())


def _curve_frame(
    time: Sequence[float], n_at_risk: Sequence[float], n_left: Sequence[float], survival: Sequence[float], error: Sequence[float]
):
    s, se = np.asarray(survival, dtype=float), np.asarray(error, dtype=float)
    inside = (s > 0) & (s < 1) & np.isfinite(se)
    safe = np.where(inside, s, 0.5)
    spread = np.where(inside, _Z * np.where(inside, se, 0.0) / (safe * np.abs(np.log(safe))), 0.0)
    lo = np.where(inside, safe ** np.exp(spread), np.where(s >= 1, 1.0, 0.0))
    hi = np.where(inside, safe ** np.exp(-spread), s)
    return pd.DataFrame(
        {
            "time": np.asarray(time, dtype=float),
            "n_at_risk": np.asarray(n_at_risk, dtype=np.int64),
            "n_left": np.asarray(n_left, dtype=np.int64),
            "survival": s,
            "lo": lo,
            "hi": hi,
        }
    )


def read_curve(curve: pd.DataFrame, at: float) -> tuple[float, float, float]:
    """Return survival and its interval at a time of life; NaN where the curve doesn't reach."""
    if not len(curve) or at > curve["time"].iloc[-1] or at < curve["time"].iloc[0]:
        return (np.nan, np.nan, np.nan)
    row = curve.iloc[int(np.searchsorted(curve["time"].to_numpy(), at, side="right")) - 1]
    return (float(row["survival"]), float(row["lo"]), float(row["hi"]))


def median_lifetime(curve: pd.DataFrame) -> tuple[float, float, float]:
    """Return the time at which half have left, with its interval (where the bounds of the curve cross one half); NaN when not reached."""

    def first(column: str) -> float:
        below = np.flatnonzero(curve[column].to_numpy() <= 0.5)
        return float(curve["time"].iloc[below[0]]) if below.size else np.nan

    return first("survival"), first("lo"), first("hi")


def build_curves(rows: pd.DataFrame, groupings: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Curves of all accounts and of each level, what tables read from them, and log-rank tests.

    Returns
    -------
    curves : DataFrame
        grouping, level, and the columns of `survival_curve`; all accounts have the grouping "".
    groups : DataFrame
        grouping, level, n, n_left, begin, survival_<m> with _lo and _hi for the months of `MARKS`, median with _lo and _hi.
    tests : DataFrame
        grouping, n, n_left, n_levels, chi2, p, p_adjusted (Holm over the groupings).
    """
    curves, groups, tests = [], [], []
    for grouping in ("", *groupings):
        levels = grouped(rows, grouping) if grouping else pd.Series("all", index=rows.index)
        if grouping and levels.nunique() < 2:  # nothing to compare
            continue
        parts = dict(list(rows.groupby(levels, sort=False)))
        for level in sorted(parts, key=lambda name: level_order(str(name))):
            part = parts[level]
            curve = survival_curve(*_arrays(part), min_at_risk=MIN_AT_RISK)
            if len(curve):
                curves.append(curve.assign(grouping=grouping, level=str(level)))
                groups.append(_group_row(grouping, str(level), part, curve))
        if grouping and (test := log_rank(rows, levels)) is not None:
            tests.append({"grouping": grouping, **test})
    table = pd.DataFrame(tests, columns=["grouping", "n", "n_left", "n_levels", "chi2", "p"])
    table["p_adjusted"] = _holm(table["p"].to_numpy(float))
    names = ["grouping", "level", "time", "n_at_risk", "n_left", "survival", "lo", "hi"]
    drawn = pd.concat(curves, ignore_index=True)[names] if curves else pd.DataFrame(columns=names)
    return drawn, pd.DataFrame(groups, columns=_GROUP_COLUMNS), table


def log_rank(rows: pd.DataFrame, levels: pd.Series) -> dict[str, float] | None:
    """Test whether the levels share one curve; None when fewer than two levels have departures to compare."""
    from statsmodels.duration.survfunc import survdiff

    known = levels.notna() & levels.map(levels.value_counts()).ge(MIN_AT_RISK)
    part, names = rows[known], levels[known]
    if names.nunique() < 2 or part["is_left"].sum() < 2:
        return None
    time, entry, is_left = _arrays(part)
    try:
        chi2, p = survdiff(time, is_left, names.to_numpy(str), entry=entry)
    except np.linalg.LinAlgError:  # a level that is never at risk together with another
        return None
    return {"n": len(part), "n_left": int(is_left.sum()), "n_levels": int(names.nunique()), "chi2": float(chi2), "p": float(p)}


def departures_by_life(rows: pd.DataFrame) -> pd.DataFrame:
    """Departures per 100 months of membership in each period of life, with the exact Poisson interval.

    Returns
    -------
    DataFrame
        from_month, to_month (NaN: open), n_months (of membership), n_left, rate, lo, hi (per month).
    """
    from scipy.stats import chi2

    time, entry, is_left = _arrays(rows)
    bounds = [*PERIODS, np.inf]
    table = []
    for low, high in pairwise(bounds):
        months = np.clip(np.minimum(time, high) - np.maximum(entry, low), 0, None).sum()
        n = int(((time > low) & (time <= high) & (is_left == 1)).sum())
        if months > 0:
            ends = (chi2.ppf(0.025, 2 * n) / 2 if n else 0.0, chi2.ppf(0.975, 2 * n + 2) / 2)
            table.append((low, high if np.isfinite(high) else np.nan, float(months), n, n / months, ends[0] / months, ends[1] / months))
    return pd.DataFrame(table, columns=["from_month", "to_month", "n_months", "n_left", "rate", "lo", "hi"])


def _arrays(rows: pd.DataFrame) -> tuple[Floats, Floats, NDArray[np.int64]]:
    return rows["time"].to_numpy(float), rows["entry"].to_numpy(float), rows["is_left"].to_numpy(np.int64)


def _group_row(grouping: str, level: str, part: pd.DataFrame, curve: pd.DataFrame) -> dict[str, object]:
    row: dict[str, object] = {"grouping": grouping, "level": level, "n": len(part), "n_left": int(part["is_left"].sum())}
    row["begin"] = float(curve["time"].iloc[0])
    for mark in MARKS:
        row[f"survival_{mark}"], row[f"survival_{mark}_lo"], row[f"survival_{mark}_hi"] = read_curve(curve, mark)
    row["median"], row["median_lo"], row["median_hi"] = median_lifetime(curve)
    return row


def _holm(p: Floats) -> Floats:
    from statsmodels.stats.multitest import multipletests

    return np.asarray(multipletests(p, method="holm")[1], dtype=float) if len(p) else p
