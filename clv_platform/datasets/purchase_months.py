"""What accounts bought month by month before a date: the sequence that a recurrent network reads.

Here: `PurchaseMonths`, from the account-day fact. Months are 30 days and end the day before the date, so that they suit every date. Days
that became known, wholly or in part, on the date or later are left out. Keep scaling and learning out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
N_MONTHS, MONTH_DAYS = 12, 30
CHANNELS = ("amount", "n_days", "has_begun")


@dataclass(frozen=True)
class PurchaseMonths:
    """Days with purchases, by account.

    Attributes
    ----------
    accounts : Index
        Each account once.
    account : array of shape (days,)
        Position in `accounts`.
    ordered_on, known_on : arrays of datetime64[D] of shape (days,)
    amount : array of shape (days,)
    """

    accounts: pd.Index
    account: NDArray[np.int64]
    ordered_on: NDArray[np.datetime64]
    known_on: NDArray[np.datetime64]
    amount: Floats

    @classmethod
    def of(cls, days: pd.DataFrame) -> PurchaseMonths:
        """Read `fct_account_days`: account_id, ordered_on, known_on, amount, is_purchase; days of refunds alone aren't purchases."""
        bought = days[days["is_purchase"].to_numpy(dtype=bool)]
        codes, accounts = pd.factorize(bought["account_id"].astype(str))
        ordered_on, known_on = (pd.to_datetime(bought[name]).to_numpy().astype("datetime64[D]") for name in ("ordered_on", "known_on"))
        return cls(pd.Index(accounts), np.asarray(codes, dtype=np.int64), ordered_on, known_on, bought["amount"].to_numpy(dtype=np.float64))

    def before(self, account_id: NDArray[np.object_], as_of_date: NDArray[np.datetime64]) -> Floats:
        """Months before each row's date, the oldest first.

        Returns
        -------
        ndarray of shape (n, 12, 3)
            `CHANNELS`: amount bought in the month, days with a purchase, whether the account had bought before the month's end (0 or 1).
        """
        found = np.zeros((len(account_id), N_MONTHS, len(CHANNELS)))
        place = self.accounts.get_indexer(pd.Index(account_id.astype(str)))
        dates = as_of_date.astype("datetime64[D]")
        for date in np.unique(dates):
            rows = np.flatnonzero((dates == date) & (place >= 0))
            row_of = np.full(len(self.accounts), -1)
            row_of[place[rows]] = rows
            known = np.flatnonzero((self.ordered_on < date) & (self.known_on < date) & (row_of[self.account] >= 0))
            months_ago = (date - self.ordered_on[known]).astype(np.int64) - 1
            month = N_MONTHS - 1 - months_ago // MONTH_DAYS
            row, is_recent = row_of[self.account[known]], month >= 0
            np.add.at(found[:, :, 0], (row[is_recent], month[is_recent]), self.amount[known][is_recent])
            np.add.at(found[:, :, 1], (row[is_recent], month[is_recent]), 1.0)
            first = np.full(len(account_id), N_MONTHS)
            np.minimum.at(first, row, np.maximum(month, 0))
            found[rows, :, 2] = np.arange(N_MONTHS) >= first[rows, None]
        return found
