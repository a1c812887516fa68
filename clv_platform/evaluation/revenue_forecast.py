"""How often months and totals of the revenue forecast lay in their range: the forecast made anew at each rolling origin.

Here: `measure_revenue_forecast`, which spreads an origin's total over its months as `rpt_revenue_forecast` does (shares of the last six
snapshots whose horizon was over by then; chance of single accounts, spread of the shares, and the error that all accounts share, as the
other origins say). Keep expectations out (`models.value.origin_totals`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from datetime import date

    from clv_platform.datasets import ValueExamples
    from clv_platform.models.value.origin_totals import OriginForecast

Floats = NDArray[np.float64]
N_SNAPSHOTS = 6
_Z = 1.645
COLUMNS = ("as_of_date", "window_days", "month_number", "expected", "half_chance", "half", "actual")


def measure_revenue_forecast(origins: Sequence[OriginForecast], examples: ValueExamples, days: pd.DataFrame) -> pd.DataFrame:
    """Forecast the months of each origin and compare with what came.

    Parameters
    ----------
    origins : sequence of OriginForecast
    examples : ValueExamples
        Who was eligible at which snapshot.
    days : DataFrame
        account_id, ordered_on, worth (amount or margin), from the account-day fact.

    Returns
    -------
    DataFrame
        A row per origin and month, and one of the whole window (month_number -1): as_of_date, window_days, month_number (0: the month of
        the origin), expected, half_chance (half the 90 % range without the shared error), half (with it), actual. No row where no snapshot
        before the origin has a window that is over.
    """
    from clv_platform.models.value.origin_totals import total_error

    codes, accounts = pd.factorize(days["account_id"])
    known = pd.Index(accounts).astype(str)
    when, worth = pd.to_datetime(days["ordered_on"]).to_numpy().astype("datetime64[D]"), days["worth"].to_numpy(float)

    def months(names: NDArray[np.object_], begin: date, window: int) -> Floats:
        """What these accounts brought in each calendar month of a window."""
        start = np.datetime64(begin, "D")
        is_asked = np.zeros(len(known) + 1, dtype=bool)  # the last place is for those that brought nothing, ever
        is_asked[known.get_indexer(pd.Index(names))] = True
        is_asked[-1] = False
        own = np.flatnonzero((when >= start) & (when < start + window))
        own = own[is_asked[codes[own]]]
        number = (when[own].astype("datetime64[M]") - start.astype("datetime64[M]")).astype(np.int64)
        last = (start + window - 1).astype("datetime64[M]") - start.astype("datetime64[M]")
        return np.bincount(number, worth[own], int(last.astype(np.int64)) + 1).astype(np.float64)

    rows: list[tuple[object, ...]] = []
    snapshots = np.unique(examples.as_of_date).astype("datetime64[D]")
    for origin in origins:
        begin = np.datetime64(origin.as_of, "D")
        past = snapshots[snapshots + origin.window_days <= begin][-N_SNAPSHOTS:]
        then = [months(examples.account_id[examples.as_of_date == one], one.astype(object), origin.window_days) for one in past]
        n = max((len(one) for one in then), default=0)
        table = np.maximum(np.array([np.pad(one, (0, n - len(one))) for one in then]), 0.0)
        if not n or not (table.sum(axis=1) > 0).all():
            continue
        came = months(origin.account_id, origin.as_of, origin.window_days)
        shares = table.sum(axis=0) / table.sum()
        spread = (table / table.sum(axis=1, keepdims=True)).std(axis=0, ddof=1) if len(table) > 1 else np.zeros(n)
        error = np.nan_to_num(total_error([other for other in origins if other is not origin]))
        for number in (-1, *range(n)):
            share, own = (1.0, 0.0) if number < 0 else (shares[number], spread[number])
            expected = origin.expected * share
            chance = origin.variance * share + (origin.expected * own) ** 2
            actual = came.sum() if number < 0 else came[number] if number < len(came) else 0.0
            halves = _Z * np.sqrt(chance), _Z * np.sqrt(chance + (expected * error) ** 2)
            rows.append((pd.Timestamp(origin.as_of), origin.window_days, number, expected, *halves, float(actual)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
