"""The newest snapshot of all accounts and the one before it, from the marts of all targets.

Here: which rows describe the accounts as they are. A target's mart leaves out accounts that can't have its event, so the marts are put
together. Keep labels out: what describes accounts needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd


@dataclass(frozen=True)
class Snapshots:
    """Accounts at two dates.

    Attributes
    ----------
    newest, before : DataFrame
        account_id, as_of_date and features, one row per account; `before` is empty when there is no earlier date.
    as_of_date, date_before : date or None
        Their dates; None: undated, or no earlier one.
    """

    newest: pd.DataFrame
    before: pd.DataFrame
    as_of_date: date | None
    date_before: date | None

    @property
    def name(self) -> str:
        """The newest date as files are called after it."""
        return str(self.as_of_date) if self.as_of_date else "undated"


def pick_snapshots(frames: Sequence[pd.DataFrame], cutoff: date | None) -> Snapshots:
    """Pick the newest date that a cutoff knows, and the one before.

    Parameters
    ----------
    frames : sequence of DataFrame
        account_id, as_of_date and features of each mart; columns may be missing in some.
    cutoff : date or None
        None: undated rows, one per account.

    Notes
    -----
    Rows come in the order of accounts: that of a mart changes from run to run, and what draws rows at random would change with it.
    """
    rows = pd.concat([frame for frame in frames if len(frame)], ignore_index=True) if any(len(frame) for frame in frames) else frames[0]
    if cutoff is None:
        return Snapshots(_one_per_account(rows), rows.head(0), None, None)
    days = pd.to_datetime(rows["as_of_date"])
    known = sorted(day for day in days.unique() if day <= pd.Timestamp(cutoff))[-2:]
    parts = [_one_per_account(rows[days == day]) for day in known]
    if not parts:
        return Snapshots(rows.head(0), rows.head(0), None, None)
    before, date_before = (parts[0], known[0].date()) if len(parts) == 2 else (rows.head(0), None)
    return Snapshots(parts[-1], before, known[-1].date(), date_before)


def _one_per_account(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop_duplicates("account_id").sort_values("account_id", ignore_index=True)
