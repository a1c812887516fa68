"""Monthly chances to upgrade, go down and leave, and the events drawn from them.

Here: hazards as a function of what was seen at least three months earlier, campaign contacts, the event loop.
Add: another driver, as a term built from ``_window_mean`` (never from a month after s - 3, or the truth is lost).
Keep out: drawing usage (``behaviour``), the chance over a horizon (``truth``), files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clv_platform.raw.simulation import company
from clv_platform.raw.simulation.behaviour import Accounts, Behaviour, Bools, Floats, Ints
from clv_platform.raw.simulation.campaigns import Contacts
from clv_platform.raw.simulation.months import DAY, Calendar

NEVER = np.iinfo(np.int64).max
"""Moment of what has not happened."""


@dataclass(frozen=True)
class Chances:
    """Monthly hazards, for the months of the history and the three after it.

    ``upgrade`` is (accounts, months, plans), zero on the top plan; ``leave_odds`` is (accounts, months) in log odds
    before the effect of the plan three months earlier; where ``can_decide`` is false nothing can happen.
    """

    upgrade: Floats
    leave_odds: Floats
    leave_ratio: Floats
    can_decide: Bools

    def leave(self, month: int | Ints, lagged_plan: Ints, rows: Ints | slice = slice(None)) -> Floats:
        """Chance to leave in a month, given the plan on the first day three months earlier."""
        odds = self.leave_odds[rows, month] + np.array(company.LEAVE.plan)[lagged_plan]
        chance = company.LEAVE.ceiling / (1 + np.exp(-odds)) * self.leave_ratio[rows, month]
        return np.where(self.can_decide[rows, month], chance, 0.0)


@dataclass(frozen=True)
class Events:
    """What happened: plan and state on each month's first day, and every plan change.

    ``plan`` and ``rest_until`` are (accounts, months + 1) including the first day after the history; ``rest_until``
    is the last month in which an account that went down can't go up. ``left_at`` is ``NEVER`` where nobody left.
    """

    plan: Ints
    rest_until: Ints
    paid_from: Ints
    left_at: Ints
    change_account: Ints
    change_at: Ints
    change_plan: Ints

    def is_alive(self, at: Ints) -> Bools:
        """Which accounts (rows) have a paid subscription at each moment (columns)."""
        return (self.paid_from[:, None] <= at) & (self.left_at[:, None] > at)


def _window_mean(values: Floats, weight: Bools | Floats, near: int, far: int, n_out: int) -> tuple[Floats, Bools]:
    """Weighted mean of months s - far .. s - near for s = 0 .. n_out - 1, and whether there was any to take."""
    months = values.shape[1]
    zero = np.zeros((values.shape[0], 1))
    total = np.hstack([zero, np.cumsum(values * weight, axis=1)])
    count = np.hstack([zero, np.cumsum(weight, axis=1)])
    after = np.clip(np.arange(n_out) - near + 1, 0, months)
    before = np.clip(np.arange(n_out) - far, 0, months)
    n = count[:, after] - count[:, before]
    return (total[:, after] - total[:, before]) / np.maximum(n, 1), n > 0


def _satisfaction_by_month(calendar: Calendar, behaviour: Behaviour) -> tuple[Floats, Floats]:
    """Sum and number of satisfaction answers by account and month of closing."""
    cases, shape = behaviour.cases, behaviour.trouble.shape
    month = calendar.index_of(cases.closed_at)
    known = (cases.satisfaction > 0) & (month >= 0) & (month < shape[1])
    cell = cases.account[known] * shape[1] + month[known]
    size = shape[0] * shape[1]
    total = np.zeros(size)
    number = np.zeros(size)
    np.add.at(total, cell, cases.satisfaction[known])
    np.add.at(number, cell, 1.0)
    return total.reshape(shape), number.reshape(shape)


def _step(log_impressions: Floats, centre: float) -> Floats:
    """0 well below the centre, 1 well above: what matters is whether an account is being seen, not by how much."""
    return 1 / (1 + np.exp(-company.UPGRADE.steepness * (log_impressions - centre)))


def build_chances(calendar: Calendar, accounts: Accounts, behaviour: Behaviour, contacts: Contacts) -> Chances:
    """Hazards of every account and month from lagged behaviour, attributes, tenure and earlier contacts."""
    n_out, lag = calendar.stop + company.LAG_MONTHS, company.LAG_MONTHS
    active, usage = behaviour.is_active, behaviour.usage

    def recent(metric: str) -> Floats:
        return _window_mean(usage[company.METRICS.index(metric)], active, lag, lag + 2, n_out)[0]

    def growth(metric: str) -> Floats:
        values = usage[company.METRICS.index(metric)]
        before, is_known = _window_mean(values, active, lag + 3, lag + 5, n_out)
        change = np.log1p(recent(metric)) - np.log1p(before)
        return np.where(is_known, np.clip(change, -0.6, 0.6), 0.0)

    can_decide = _window_mean(usage[0], active, lag, lag + 2, n_out)[1]
    tenure = np.maximum((calendar.starts[None, :n_out] - accounts.signed_up_at[:, None]) / (30.4 * DAY), 0.5)
    load = np.log1p(recent("support_sessions"))
    facebook, instagram, x = (recent(f"impressions_{name}") for name in ("facebook", "instagram", "x"))
    # What brings people to a higher plan: being seen on X and Instagram together; in T3 it is Facebook, and X only distracts.
    effects = company.UPGRADE
    reach = _step(np.log1p(x + instagram), effects.centre)
    reach_t3 = _step(np.log1p(facebook), effects.centre_t3) - effects.distraction * _step(np.log1p(x), effects.centre)

    is_t3 = (accounts.territory == len(company.TERRITORIES) - 1)[:, None]
    base = (
        effects.intercept
        + company.INDUSTRY_UPGRADE[accounts.industry][:, None]
        + effects.growth * growth("users")
        + effects.hump * np.exp(-0.5 * ((np.log(tenure) - np.log(effects.hump_months)) / 0.8) ** 2)
        - effects.support * np.maximum(load - 0.7, 0.0)
    )
    season = np.exp(company.UPGRADE_SEASON[calendar.month_of_year[:n_out]])
    upgrade = np.zeros((len(accounts), n_out, len(company.PLANS)))
    for plan in range(company.TOP_PLAN):
        odds = base + effects.plan[plan] + effects.reach * np.where(is_t3, reach_t3, reach)
        ratio = contacts.upgrade_ratio[:, :n_out] * season
        upgrade[:, :, plan] = np.minimum(effects.ceiling / (1 + np.exp(-odds)) * ratio, 0.5) * can_decide

    answers, n_answers = _satisfaction_by_month(calendar, behaviour)
    mean_answer, has_answer = _window_mean(answers / np.maximum(n_answers, 1), n_answers, lag, lag + 2, n_out)
    dissatisfied = np.where(has_answer, np.clip(4.0 - mean_answer, -1.0, 3.0), 0.0)
    leave = company.LEAVE
    leave_odds = (
        leave.intercept
        + leave.support * (load - 0.9)
        + leave.fall * np.maximum(-growth("technical_sessions"), 0.0)
        + leave.dissatisfaction * dissatisfied
        - leave.tenure * np.log(tenure / 12.0)
    )
    return Chances(upgrade, leave_odds, contacts.leave_ratio[:, :n_out], can_decide)


def draw_events(rng: np.random.Generator, calendar: Calendar, accounts: Accounts, chances: Chances) -> Events:
    """Draw what each account does in each month: at most one of upgrade, downgrade, leave; or nothing.

    Nobody leaves in the hidden months, so that every account that signed up before the history is there when it
    starts. The day is drawn evenly from the 2nd to the last of the month.
    """
    n, months = len(accounts), calendar.stop
    luck, skip = rng.random((n, months)), rng.random((n, months))
    day = 1 + np.floor(rng.random((n, months)) * (calendar.n_days[:months] - 1)).astype(np.int64)
    moment = calendar.starts[:months] + day * DAY + rng.integers(7 * 3600, 20 * 3600, (n, months))
    starts_inside = accounts.start_month >= calendar.first_visible
    gone = accounts.has_trial & accounts.trial_fails & starts_inside
    left_at = np.where(gone, accounts.trial_end_at, NEVER)
    current = accounts.first_plan.copy()
    resting = np.full(n, -1)
    plan, rest_until = np.empty((n, months + 1), dtype=np.int64), np.empty((n, months + 1), dtype=np.int64)
    changes: list[tuple[Ints, Ints, Ints]] = []
    for month in range(months):
        plan[:, month] = current
        rest_until[:, month] = resting
        up = np.where(resting >= month, 0.0, chances.upgrade[np.arange(n), month, current])
        leave = chances.leave(month, plan[:, max(month - company.LAG_MONTHS, 0)])
        leave = leave if month >= calendar.first_visible else np.zeros(n)
        down = np.where((current > 0) & chances.can_decide[:, month], company.DOWNGRADE_CHANCE, 0.0)
        here = left_at == NEVER
        draw = luck[:, month]
        goes_up = here & (draw < up)
        goes_down = here & ~goes_up & (draw < up + down)
        leaves = here & ~goes_up & ~goes_down & (draw < up + down + leave)
        step = np.where((current == 0) & (skip[:, month] < company.SKIP_PLAN_SHARE), 2, 1)
        current = current + np.where(goes_up, step, 0) - goes_down
        resting = np.where(goes_down, month + company.LAG_MONTHS, resting)
        left_at = np.where(leaves, moment[:, month], left_at)
        changed = np.flatnonzero(goes_up | goes_down)
        changes.append((changed, moment[changed, month], current[changed]))
    plan[:, months] = current
    rest_until[:, months] = resting
    account, at, new_plan = (np.concatenate(parts) for parts in zip(*changes, strict=True))
    paid_from = np.where(accounts.has_trial, accounts.trial_end_at, accounts.signed_up_at)
    paid_from = np.where(gone, NEVER, paid_from)
    left_at = np.where(left_at >= calendar.end_at, NEVER, left_at)
    return Events(plan, rest_until, paid_from, left_at, account, at, new_plan)
