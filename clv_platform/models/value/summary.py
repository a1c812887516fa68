"""What the frequency models read about a customer: how often, when last, watched for how long.

Here: `PurchaseSummary`, its checks and its reduction to distinct rows. Keep the summary's making out: dbt builds it from orders.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PurchaseSummary:
    """Repeat purchases of customers; all times in one unit, counted from the first purchase.

    Attributes
    ----------
    frequency : ndarray of shape (n,)
        Repeat purchase days: 0 for one-time buyers.
    recency : ndarray of shape (n,)
        Time of the last purchase; 0 without a repeat.
    T : ndarray of shape (n,)
        Time watched; the models read histories with T = 0 as "nothing known but the first purchase".
    """

    frequency: Floats
    recency: Floats
    T: Floats

    @classmethod
    def of(cls, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> PurchaseSummary:
        """Take columns as they are and check them.

        Raises
        ------
        ValueError
            For missing or negative values, a recency after T, a recency without a repeat or a repeat without a recency; it names the
            first row concerned.
        """
        columns = {
            name: np.ascontiguousarray(values, dtype=np.float64)
            for name, values in (("frequency", frequency), ("recency", recency), ("T", T))
        }
        sizes = {name: values.shape for name, values in columns.items()}
        if len(set(sizes.values())) > 1 or columns["T"].ndim != 1:
            raise ValueError(f"purchase summary: expected three columns of one length, found shapes {sizes}.")
        summary = cls(**columns)
        summary._check()
        return summary

    def _check(self) -> None:
        x, last, watched = self.frequency, self.recency, self.T
        wrong = (
            (~np.isfinite(x) | ~np.isfinite(last) | ~np.isfinite(watched), "no gaps and no infinities"),
            ((x < 0) | (last < 0) | (watched < 0), "no negative values"),
            (x != np.floor(x), "whole numbers of repeat purchases"),
            (last > watched, "the last purchase at or before the end of watching (recency <= T): count orders before as_of only"),
            ((x == 0) & (last > 0), "recency 0 without a repeat purchase"),
            ((x > 0) & (last == 0), "a recency above 0 with a repeat purchase: purchases of one day count as one"),
        )
        for rows, expected in wrong:
            if rows.any():
                row = int(np.argmax(rows))
                raise ValueError(
                    f"purchase summary: expected {expected}, found frequency {x[row]:g}, recency {last[row]:g}, T {watched[row]:g} "
                    f"in row {row} (and {int(rows.sum()) - 1} more)."
                )

    def __len__(self) -> int:
        return len(self.T)

    @property
    def time_scale(self) -> float:
        """A typical time (mean T), so that fits don't depend on the unit; 1 when nothing was watched."""
        scale = float(self.T.mean()) if len(self) else 0.0
        return scale if scale > 0 else 1.0

    @cached_property
    def distinct(self) -> Distinct:
        """Distinct rows with their counts: likelihoods are sums over these."""
        return Distinct.of(self)


@dataclass(frozen=True)
class Distinct:
    """Distinct (frequency, recency, T) and the distinct values of each, so that logarithms are taken once per value.

    Attributes
    ----------
    x, recencies, watched : ndarray
        Distinct values of each column.
    x_of, recency_of, T_of : ndarray of shape (m,)
        Position of each distinct row's value in them.
    count : ndarray of shape (m,)
        Customers per distinct row.
    row_of : ndarray of shape (n,)
        Distinct row of each customer.
    """

    x: Floats
    recencies: Floats
    watched: Floats
    x_of: NDArray[np.intp]
    recency_of: NDArray[np.intp]
    T_of: NDArray[np.intp]
    count: Floats
    row_of: NDArray[np.intp]

    @classmethod
    def of(cls, summary: PurchaseSummary) -> Distinct:
        """Reduce a summary; linear in its rows (hashing: sorting a million rows took three times as long)."""
        from pandas import factorize

        x_of, x = factorize(summary.frequency)
        recency_of, recencies = factorize(summary.recency)
        T_of, watched = factorize(summary.T)
        row_of, keys = factorize((x_of.astype(np.int64) * len(recencies) + recency_of) * len(watched) + T_of)
        rest, T_key = np.divmod(np.asarray(keys), max(len(watched), 1))
        x_key, recency_key = np.divmod(rest, max(len(recencies), 1))
        count = np.bincount(row_of, minlength=len(keys)).astype(np.float64)
        return cls(np.asarray(x), np.asarray(recencies), np.asarray(watched), x_key, recency_key, T_key, count, row_of)

    @cached_property
    def count_of_x(self) -> Floats:
        """Customers per distinct number of repeat purchases."""
        return np.bincount(self.x_of, self.count, len(self.x)).astype(np.float64)

    def sample(self, n: int) -> Distinct:
        """Keep at most n rows, evenly spread; for a first look at a likelihood."""
        rows = np.linspace(0, len(self) - 1, min(n, len(self))).astype(np.intp)
        return replace(self, x_of=self.x_of[rows], recency_of=self.recency_of[rows], T_of=self.T_of[rows], count=self.count[rows])

    def __len__(self) -> int:
        return len(self.count)
