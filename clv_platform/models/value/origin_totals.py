"""What the totals were off by at the rolling origins: the error that all accounts share, which no account's own interval knows.

Here: `OriginForecast` (an origin's expectations with what chance does to each account) and `total_error`. Months and their shares of a
horizon are `evaluation.revenue_forecast`'s. Keep choosing methods out (`intervals`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from clv_platform.models.value.calibration import OutOfSample
from clv_platform.models.value.contract_spread import learn_contract_spread
from clv_platform.models.value.design import View
from clv_platform.models.value.foundation import Foundation
from clv_platform.models.value.intervals import bound, learn_spread

Floats = NDArray[np.float64]
WIDTH_90 = 3.29  # standard deviations that hold 90 % of a normal distribution, which the sum of many accounts is near to
_HALF = WIDTH_90 / 2


@dataclass(frozen=True)
class OriginForecast:
    """One origin, predicted by what had ended by then.

    Attributes
    ----------
    as_of : date
    window_days : int
    account_id : ndarray of str, shape (n,)
    actual, expected : float
        Totals of these accounts over the window.
    variance : float
        Of the total, by chance alone: each account's interval as others taught it, accounts independent.
    """

    as_of: date
    window_days: int
    account_id: NDArray[np.object_]
    actual: float
    expected: float
    variance: float


def forecast_origins(
    days: Sequence[date | None], origins: Sequence[OutOfSample], views: Sequence[View], foundations: Sequence[Foundation], method: str
) -> tuple[OriginForecast, ...]:
    """Totals of each origin with what chance allows; none where folds of accounts stand for origins.

    Parameters
    ----------
    days : sequence of date or None
        Of each origin; None for a fold.
    method : str
        Of intervals: `subscriptions` has its own, every other one the neighbours', which is about as wide and costs nothing.
    """
    found: list[OriginForecast] = []
    for place, (day, origin, view, foundation) in enumerate(zip(days, origins, views, foundations, strict=True)):
        others = [other for position, other in enumerate(origins) if position != place]
        if day is None or not others:
            continue
        contracts = None
        if method == "subscriptions":
            contracts = learn_contract_spread(others, [other for position, other in enumerate(views) if position != place])
        way = "neighbours" if contracts is None else method
        lo, _, hi = bound(way, learn_spread(others), view, foundation, origin.predicted, 0, contracts=contracts)
        accounts, window = view.rows.account_id.astype(str).astype(object), int(origin.window_days.max())
        totals = float(origin.actual.sum()), float(origin.predicted.sum()), float((((hi - lo) / WIDTH_90) ** 2).sum())
        found.append(OriginForecast(day, window, accounts, *totals))
    return tuple(found)


def total_error(origins: Sequence[OriginForecast]) -> float:
    """Standard deviation of the error that all accounts share, as a share of the total; NaN with fewer than two origins.

    Notes
    -----
    The root of the mean square of the logarithm of actual over expected, less what chance explains, widened as Student's distribution is
    for so few origins. Origins overlap, so it is rather too small than too large.
    """
    from scipy.stats import t

    usable = [one for one in origins if one.actual > 0 and one.expected > 0]
    if len(usable) < 2:
        return float("nan")
    gaps = [np.log(one.actual / one.expected) ** 2 - one.variance / one.expected**2 for one in usable]
    return float(np.sqrt(max(np.mean(gaps), 0.0)) * t.ppf(0.95, len(usable)) / _HALF)
