"""What the company's books hold: accounts, subscriptions and orders of one chunk.

Here: the shape of these three tables.
Add: a column that the contract gains.
Keep out: what accounts do (``activity``) and decide (``decisions``).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clv_platform.raw.simulation import company
from clv_platform.raw.simulation.behaviour import Accounts
from clv_platform.raw.simulation.columns import ACCOUNT, DIRT, row_ids, spoil_keys, texts, times
from clv_platform.raw.simulation.decisions import NEVER, Events
from clv_platform.raw.simulation.months import DAY, Calendar

LAST_CHARGE_DAY = 20
"""Add-ons and refunds fall on the 2nd to the 20th, so that 180 days from the first of a month always hold six months."""


def build_accounts(rng: np.random.Generator, accounts: Accounts, ids: pa.Array) -> pa.Table:
    """One row per account; some attributes are missing, some territories untidy."""
    n = len(accounts)
    tidy = company.TERRITORIES
    spellings = (*tidy, *(f" {name}" for name in tidy), *(name.lower() for name in tidy))
    untidy = np.where(rng.random(n) < DIRT.untidy_territory, rng.integers(1, 3, n), 0)
    age_days = rng.integers(21 * 365, 65 * 365, n)
    unknown_person = rng.random(n) < 0.2
    missing = {name: rng.random(n) < DIRT.null_attribute for name in ("country", "industry", "employees", "channel")}
    birth_at = (np.datetime64("2026-01-01", "D").astype(np.int64) - age_days) * DAY
    table = pa.table(
        {
            ACCOUNT: pa.array(np.arange(n, dtype=np.int32)),
            "account_id": ids,
            "signed_up_at": times(accounts.signed_up_at),
            "product": texts(company.PRODUCTS, accounts.product),
            "territory": texts(spellings, accounts.territory + untidy * len(tidy)),
            "country": texts(company.COUNTRIES, accounts.country, missing["country"]),
            "industry": texts(company.INDUSTRIES, accounts.industry, missing["industry"]),
            "employee_range": texts(company.EMPLOYEE_RANGES, accounts.employees, missing["employees"]),
            "channel": texts(company.CHANNELS, accounts.channel, missing["channel"]),
            "birth_date": times(birth_at, unknown_person),
            "gender": texts(("female", "male", "other"), rng.choice(3, n, p=[0.49, 0.49, 0.02]), unknown_person),
        }
    )
    return spoil_keys(rng, table)


def build_subscriptions(rng: np.random.Generator, calendar: Calendar, accounts: Accounts, events: Events, ids: pa.Array) -> pa.Table:
    """One row per account and stretch on one plan; a change closes a row and opens the next at the same moment."""
    n = len(accounts)
    everyone = np.arange(n)
    origin = int(calendar.starts[0])
    # Accounts older than the hidden months that hold a higher plan began on P1 and changed once, long ago.
    changed_at = events.paid_from + (rng.random(n) * np.maximum(origin - DAY - events.paid_from, 0)).astype(np.int64)
    began_lower = (accounts.start_month < 0) & (accounts.first_plan > 0) & (origin - events.paid_from > 60 * DAY)
    pays = (events.paid_from != NEVER) & (events.paid_from < calendar.end_at)
    plain, lower = np.flatnonzero(pays & ~began_lower), np.flatnonzero(pays & began_lower)
    trial = np.flatnonzero(accounts.has_trial)
    parts = [
        (trial, accounts.signed_up_at[trial], np.full(len(trial), company.TRIAL_PLAN), True),
        (plain, events.paid_from[plain], accounts.first_plan[plain], False),
        (lower, events.paid_from[lower], np.zeros(len(lower), dtype=np.int64), False),
        (lower, changed_at[lower], accounts.first_plan[lower], False),
        (events.change_account, events.change_at, events.change_plan, False),
    ]
    account = np.concatenate([part[0] for part in parts])
    started_at = np.concatenate([part[1] for part in parts])
    plan = np.concatenate([part[2] for part in parts])
    is_trial = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
    order = np.lexsort((started_at, account))
    account, started_at, plan, is_trial = account[order], started_at[order], plan[order], is_trial[order]
    is_last = np.r_[account[1:] != account[:-1], True]
    ended_at = np.where(is_last, events.left_at[account], np.r_[started_at[1:], 0])
    price = np.where(is_trial, 0.0, accounts.price[account, plan])
    table = pa.table(
        {
            ACCOUNT: pa.array(account.astype(np.int32)),
            "subscription_id": row_ids("S", accounts.first_number, account),
            "account_id": ids.take(pa.array(account)),
            "plan": texts(company.PLANS, plan),
            "started_at": times(started_at),
            "ended_at": times(ended_at, ended_at == NEVER),
            "mrr": pa.array(price),
            "seats": pa.array(accounts.seats[account]),
            "is_trial": pa.array(is_trial),
        }
    )
    # A booking error ends before it starts, beside the true rows. It never starts inside the history's plan changes.
    wrong = everyone[(rng.random(n) < DIRT.impossible_dates) & pays]
    errors = pa.table(
        {
            ACCOUNT: pa.array(wrong.astype(np.int32)),
            "subscription_id": row_ids("SX", accounts.first_number, wrong),
            "account_id": ids.take(pa.array(wrong)),
            "plan": texts(company.PLANS, np.zeros(len(wrong), dtype=np.int64)),
            "started_at": times(accounts.signed_up_at[wrong]),
            "ended_at": times(accounts.signed_up_at[wrong] - rng.integers(1, 90, len(wrong)) * DAY),
            "mrr": pa.array(accounts.price[wrong, 0]),
            "seats": pa.array(accounts.seats[wrong]),
            "is_trial": pa.array(np.zeros(len(wrong), dtype=bool)),
        }
    )
    return pa.concat_tables([spoil_keys(rng, table), errors])


def build_orders(rng: np.random.Generator, calendar: Calendar, accounts: Accounts, events: Events, ids: pa.Array) -> pa.Table:
    """One row per invoice, add-on or refund of the history.

    Invoices fall on the first moment of each month, in advance, at the price of the plan held then. Add-ons and
    refunds follow within the month, also when the account leaves in between (the final settlement).
    """
    months = np.arange(calendar.first_visible, calendar.stop)
    account, column = np.nonzero(events.is_alive(calendar.starts[months]))
    month = months[column]
    price = accounts.price[account, events.plan[account, month]]
    net = np.round(price * (1 - accounts.discount[account]), 2)
    n = len(account)
    luck = rng.random(n)
    is_add_on = luck < company.ADD_ON_CHANCE
    is_refund = ~is_add_on & (rng.random(n) < company.REFUND_CHANCE / (1 - company.ADD_ON_CHANCE))
    later = calendar.starts[month] + rng.integers(DAY, LAST_CHARGE_DAY * DAY, n)
    add_on = np.round(net * rng.uniform(*company.ADD_ON_RANGE, n), 2)
    refund = -np.round(net * rng.choice(company.REFUND_SHARES, n), 2)
    extra = np.flatnonzero(is_add_on | is_refund)
    rows = np.r_[np.arange(n), extra]
    is_extra = np.arange(len(rows)) >= n
    kind = np.where(is_extra, np.where(is_add_on[rows], 1, 2), 0)
    amount = np.where(kind == 0, net[rows], np.where(kind == 1, add_on[rows], refund[rows]))
    discount = np.where(kind == 0, price[rows] - net[rows], 0.0)
    owner = account[rows]
    table = pa.table(
        {
            ACCOUNT: pa.array(owner.astype(np.int32)),
            "order_id": row_ids("O", accounts.first_number, owner),
            "line_id": texts(("1",), np.zeros(len(rows), dtype=np.int64)),
            "account_id": ids.take(pa.array(owner)),
            "ordered_at": times(np.where(is_extra, later[rows], calendar.starts[month[rows]])),
            "quantity": pa.array(np.where(kind == 2, -1, 1)),
            "amount": pa.array(amount),
            "currency": texts(("EUR",), np.zeros(len(rows), dtype=np.int64)),
            "product": texts(company.PLANS, events.plan[owner, month[rows]]),
            "category": texts(("subscription", "add_on", "refund"), kind),
            "channel": texts(("direct", "partner"), (accounts.channel[owner] == company.CHANNELS.index("partner")).astype(np.int64)),
            "discount": pa.array(np.round(discount, 2)),
            "cost": pa.array(np.round(np.maximum(amount, 0.0) * company.COST_SHARE, 2)),
        }
    )
    return spoil_keys(rng, table)
