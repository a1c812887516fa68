"""The oracle: what could be known about each account's future on the first of each month.

Here: chances over 90 days and the expected revenue of 180 days, from the same hazards that drew the events.
Add: the truth of another target.
Keep out: anything that the platform's graph may read.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clv_platform.raw.simulation import company
from clv_platform.raw.simulation.behaviour import Accounts, Bools, Floats, Ints
from clv_platform.raw.simulation.decisions import NEVER, Chances, Events
from clv_platform.raw.simulation.months import DAY, Calendar, share_of_third_month

HORIZON_DAYS = 90
N_INVOICES = 6
"""Invoices dated on the first of a month within 180 days of the first of a month; always six."""


def expected_revenue_factor() -> float:
    """Expected revenue of a month with an invoice, add-on and refund included, as a multiple of the invoice."""
    add_on = company.ADD_ON_CHANCE * sum(company.ADD_ON_RANGE) / 2
    return float(1 + add_on - company.REFUND_CHANCE * company.REFUND_SHARES.mean())


def _steps(chances: Chances, events: Events, as_of: Ints) -> tuple[list[Floats], list[Floats]]:
    """Chance to leave and to upgrade by plan, in each of the three months from each ``as_of``."""
    leaves, upgrades = [], []
    for k in range(3):
        month = as_of + k
        lagged = events.plan[:, np.maximum(month - company.LAG_MONTHS, 0)]
        leaves.append(chances.leave(month, lagged))
        rests = events.rest_until[:, as_of] >= month
        upgrades.append(np.where(rests[:, :, None], 0.0, chances.upgrade[:, month, :]))
    return leaves, upgrades


def build_truth(calendar: Calendar, accounts: Accounts, chances: Chances, events: Events, ids: pa.Array) -> tuple[pa.Table, pa.Table]:
    """Truth for the accounts that pay on each first of a month, from the history's first to its end.

    Returns
    -------
    below_top, top : Table
        One row per account and ``as_of_date``. ``p_upgrade_90d`` and ``p_churn_90d`` are exact given all that
        happened before the date; leaving and going down compete with upgrading. ``expected_value_180d`` is exact for
        the invoices of the first four months; after the third month its hazards are carried forward, and the
        rest after going down within the horizon is ignored. ``y_...`` say what happened, null while the window is
        open. ``top`` holds accounts on the top plan, which can't upgrade: ``p_upgrade_90d`` is null.
    """
    as_of = np.arange(calendar.first_visible, calendar.stop + 1)
    moments = calendar.starts[as_of]
    plan = events.plan[:, as_of]
    leaves, upgrades = _steps(chances, events, as_of)
    share = share_of_third_month(calendar, as_of, HORIZON_DAYS)
    stays = np.ones(plan.shape)
    remains = np.ones(plan.shape)
    p_upgrade, p_churn = np.zeros(plan.shape), np.zeros(plan.shape)
    for k in range(3):
        part = share if k == 2 else 1.0
        up = np.take_along_axis(upgrades[k], plan[:, :, None], axis=2)[:, :, 0]
        down = np.where((plan > 0) & chances.can_decide[:, as_of + k], company.DOWNGRADE_CHANCE, 0.0)
        p_upgrade += stays * up * part
        p_churn += remains * leaves[k] * part
        stays *= 1 - up - down - leaves[k]
        remains *= 1 - leaves[k]
    value = _expected_value(accounts, chances, plan, as_of, leaves, upgrades)

    window_end = moments + HORIZON_DAYS * DAY
    is_open = np.broadcast_to(window_end > calendar.end_at, plan.shape)
    churned = events.left_at[:, None] < window_end
    upgraded = _first_rise(calendar, events, as_of) < window_end
    alive = events.is_alive(moments)
    row, column = np.nonzero(alive)

    def table(mask: Bools, can_upgrade: bool) -> pa.Table:
        r, c = row[mask], column[mask]
        hidden = np.full(len(r), not can_upgrade)
        return pa.table(
            {
                "_account": pa.array(r.astype(np.int32)),
                "account_id": ids.take(pa.array(r)),
                "as_of_date": pa.array((moments[c] // DAY).astype(np.int32)).cast(pa.date32()),
                "plan": pa.array(company.PLANS).take(pa.array(plan[r, c])),
                "p_upgrade_90d": pa.array(p_upgrade[r, c], mask=hidden),
                "p_churn_90d": pa.array(p_churn[r, c]),
                "expected_value_180d": pa.array(value[r, c]),
                "y_upgrade_90d": pa.array(upgraded[r, c].astype(np.int8), mask=is_open[r, c] | hidden),
                "y_churn_90d": pa.array(churned[r, c].astype(np.int8), mask=is_open[r, c]),
            }
        )

    on_top = plan[row, column] == company.TOP_PLAN
    return table(~on_top, True), table(on_top, False)


def _first_rise(calendar: Calendar, events: Events, as_of: Ints) -> Ints:
    """Moment of the first plan change at or after each ``as_of`` that raises the plan, per account."""
    rises = np.full((events.plan.shape[0], calendar.stop), NEVER)
    month = calendar.index_of(events.change_at)
    is_rise = events.change_plan > events.plan[events.change_account, month]
    rises[events.change_account[is_rise], month[is_rise]] = events.change_at[is_rise]
    following = np.minimum.accumulate(rises[:, ::-1], axis=1)[:, ::-1]
    padded = np.hstack([following, np.full((len(following), 1), NEVER)])
    return padded[:, as_of]


def _expected_value(accounts: Accounts, chances: Chances, plan: Ints, as_of: Ints, leaves: list[Floats], upgrades: list[Floats]) -> Floats:
    """Expected revenue in [as_of, as_of + 180 days): six invoices with their add-ons and refunds."""
    price = accounts.price * (1 - accounts.discount[:, None]) * expected_revenue_factor()
    on_plan = (plan[:, :, None] == np.arange(len(company.PLANS))).astype(float)
    value = np.zeros(plan.shape)
    for k in range(N_INVOICES):
        value += (on_plan * price[:, None, :]).sum(axis=2)
        month = min(k, 2)
        up, leave = upgrades[month], leaves[month]
        down = np.where(chances.can_decide[:, as_of + month], company.DOWNGRADE_CHANCE, 0.0)
        p1, p2, p3 = on_plan[:, :, 0], on_plan[:, :, 1], on_plan[:, :, 2]
        rise, skip = up[:, :, 0] * (1 - company.SKIP_PLAN_SHARE), up[:, :, 0] * company.SKIP_PLAN_SHARE
        on_plan = np.stack(
            [
                p1 * (1 - leave - up[:, :, 0]) + p2 * down,
                p2 * (1 - leave - up[:, :, 1] - down) + p1 * rise + p3 * down,
                p3 * (1 - leave - down) + p2 * up[:, :, 1] + p1 * skip,
            ],
            axis=2,
        )
    return value
