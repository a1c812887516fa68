"""What has happened since a list's snapshot: whom a list must not name any more.

Here: scores beside the events that were known by the cutoff. Scores and their history stay whole, because outcomes are judged by them; only
what is handed out leaves accounts out. The same rule in SQL is `rpt_scores_history`. Keep reading files out.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import pandas as pd

HAPPENED = "happened_on"


def mark_happened(scores: pd.DataFrame, events: pd.DataFrame, targets: Collection[str], cutoff: date | None) -> pd.DataFrame:
    """Say of each scored account when the target's event had happened already by the cutoff.

    Parameters
    ----------
    scores : DataFrame
        account_id, as_of_date, ...: a list of one target.
    events : DataFrame
        `fct_target_events`: target, account_id, as_of_date, happened_at, undone_at.
    targets : collection of str
        Whose events count: the list's own target, or of a list of amounts the targets that ask who leaves.
    cutoff : date or None
        Only what was known before this day counts; None (undated data): nothing has a date.

    Returns
    -------
    DataFrame
        The same rows with `happened_on` (datetime64, midnight; missing: it hasn't happened, or the account is back).
    """
    if cutoff is None or events.empty or scores.empty:
        return scores.assign(**{HAPPENED: pd.Series(pd.NaT, index=scores.index, dtype="datetime64[us]")})
    by = pd.Timestamp(cutoff)
    happened, undone = pd.to_datetime(events["happened_at"]), pd.to_datetime(events["undone_at"])
    known = events.assign(**{HAPPENED: happened.dt.normalize()})[
        events["target"].isin(list(targets)) & (happened < by) & ~(undone < by)  # an account that came back hasn't left
    ]
    first = _keyed(known).groupby(["account_id", "as_of_date"], as_index=False)[HAPPENED].min()
    found = _keyed(scores)[["account_id", "as_of_date"]].merge(first, on=["account_id", "as_of_date"], how="left")
    return scores.assign(**{HAPPENED: found[HAPPENED].to_numpy("datetime64[us]")})


def _keyed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(account_id=frame["account_id"].astype("str"), as_of_date=pd.to_datetime(frame["as_of_date"]))


def still_open(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose event hasn't happened, as far as `happened_on` says; all of them without that column."""
    return scores[scores[HAPPENED].isna()] if HAPPENED in scores.columns else scores
