"""Who the demo company's accounts are and what they do each month, before any decision.

Here: attributes, monthly usage matrices and support cases of one chunk, drawn from its own random stream.
Add: another attribute or metric (append its draws at the end, so that existing data keep their values).
Keep out: chances to upgrade or leave (``decisions``) and files (``tables``, ``activity``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clv_platform.raw.simulation import company
from clv_platform.raw.simulation.months import DAY, Calendar

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Accounts:
    """Attributes of a chunk's accounts; codes index the names in ``company``. All arrays have one entry per account."""

    first_number: int
    signed_up_at: Ints
    start_month: Ints
    country: Ints
    territory: Ints
    industry: Ints
    employees: Ints
    channel: Ints
    product: Ints
    is_idle: Bools
    log_users: Floats
    seats: Ints
    discount: Floats
    has_trial: Bools
    trial_fails: Bools
    trial_end_at: Ints
    first_plan: Ints

    def __len__(self) -> int:
        return len(self.signed_up_at)

    @property
    def price(self) -> Floats:
        """Monthly price on each plan, shape (accounts, plans)."""
        return np.asarray(company.BASE_PRICE + company.SEAT_PRICE * self.seats[:, None], dtype=np.float64)


@dataclass(frozen=True)
class Cases:
    """Support cases of a chunk, one entry per case; ``satisfaction`` 0 means not answered."""

    account: Ints
    opened_at: Ints
    closed_at: Ints
    satisfaction: Ints
    kind: Ints


@dataclass(frozen=True)
class Behaviour:
    """What a chunk does: ``usage`` is (metrics, accounts, months), ``trouble`` (accounts, months), in log units."""

    usage: Floats
    trouble: Floats
    is_active: Bools
    cases: Cases


CASE_KINDS = ("billing", "bug", "how_to", "access", "feature_request")


def draw_accounts(rng: np.random.Generator, calendar: Calendar, first_number: int, n: int) -> Accounts:
    """Draw the attributes of ``n`` accounts, the first of which has the number ``first_number``."""
    country = rng.choice(len(company.COUNTRIES), n, p=company.COUNTRY_SHARES)
    employees = rng.choice(len(company.EMPLOYEE_RANGES), n, p=company.EMPLOYEE_SHARES)
    group = rng.random(n)
    is_old = group < company.OLD_SHARE
    is_quiet = (group >= company.OLD_SHARE) & (group < company.OLD_SHARE + company.QUIET_SHARE)
    is_new = group > 1 - company.NEW_SHARE
    visible_start, end_at = int(calendar.starts[calendar.first_visible]), calendar.end_at
    age_days = rng.exponential(900.0, n) % 2_800.0  # folded, so that only the old ones are older than ten years
    old_days = rng.uniform(3_660, 5_800, n)
    new_share = rng.random(n)
    signed_up = visible_start - (age_days * DAY).astype(np.int64) - 1
    signed_up = np.where(is_old, end_at - (old_days * DAY).astype(np.int64), signed_up)
    signed_up = np.where(is_new, visible_start + (new_share * (end_at - visible_start)).astype(np.int64), signed_up)
    log_users = company.EMPLOYEE_LOG_USERS[employees] + rng.normal(0.0, 0.45, n)
    trial_days = rng.choice([14, 30], n)
    start_month = calendar.index_of(signed_up)
    start_plan = rng.choice(len(company.PLANS), n, p=company.START_PLAN_SHARES)
    settled_plan = rng.choice(len(company.PLANS), n, p=company.SETTLED_PLAN_SHARES)
    return Accounts(
        first_number=first_number,
        signed_up_at=signed_up,
        start_month=start_month,
        country=country,
        territory=company.COUNTRY_TERRITORY[country],
        industry=rng.choice(len(company.INDUSTRIES), n, p=company.INDUSTRY_SHARES),
        employees=employees,
        channel=rng.choice(len(company.CHANNELS), n, p=company.CHANNEL_SHARES),
        product=rng.choice(len(company.PRODUCTS), n, p=company.PRODUCT_SHARES),
        is_idle=is_old | is_quiet,
        log_users=log_users,
        seats=np.maximum(1, np.ceil(0.5 * np.exp(log_users))).astype(np.int64),
        discount=rng.choice(company.DISCOUNTS, n, p=company.DISCOUNT_SHARES),
        has_trial=rng.random(n) < company.TRIAL_SHARE,
        trial_fails=rng.random(n) < company.TRIAL_FAILS,
        trial_end_at=signed_up + trial_days * DAY,
        first_plan=np.where(start_month < 0, settled_plan, start_plan),
    )


def _drifting(rng: np.random.Generator, n: int, months: int, keep: float, spread: float) -> Floats:
    """Draw a stationary first-order autoregression with standard deviation ``spread``, shape (n, months)."""
    noise = rng.normal(0.0, spread * np.sqrt(1 - keep**2), (n, months))
    path = np.empty((n, months))
    path[:, 0] = noise[:, 0] / np.sqrt(1 - keep**2)
    for month in range(1, months):
        path[:, month] = keep * path[:, month - 1] + noise[:, month]
    return path


def _with_momentum(rng: np.random.Generator, n: int, months: int, spread: float) -> Floats:
    """Draw paths whose monthly change itself persists, so that growth and decline go on for some months."""
    change = _drifting(rng, n, months, keep=0.85, spread=spread)
    path = np.empty((n, months))
    path[:, 0] = rng.normal(0.0, 2.0 * spread, n)
    for month in range(1, months):
        path[:, month] = 0.94 * path[:, month - 1] + change[:, month]
    return path


def _pushes(rng: np.random.Generator, n: int, months: int) -> Bools:
    """Draw when accounts push a network: they start now and then, keep it up for some months, and stop; shape (n, months)."""
    luck = rng.random((n, months))
    pushing = np.empty((n, months), dtype=bool)
    pushing[:, 0] = luck[:, 0] < company.PUSH_START / (company.PUSH_START + company.PUSH_END)
    for month in range(1, months):
        pushing[:, month] = np.where(pushing[:, month - 1], luck[:, month] >= company.PUSH_END, luck[:, month] < company.PUSH_START)
    return pushing


def draw_behaviour(rng: np.random.Generator, calendar: Calendar, accounts: Accounts) -> Behaviour:
    """Draw usage and support cases for all months up to the end of the history."""
    n, months = len(accounts), calendar.stop
    shape = (n, months)
    season = company.USAGE_SEASON[calendar.month_of_year[:months]]
    idle = np.where(accounts.is_idle, 3.5, 0.0)[:, None]
    users = accounts.log_users[:, None] + _with_momentum(rng, n, months, 0.07)
    engagement = _with_momentum(rng, n, months, 0.10)
    trouble = rng.normal(0.0, 0.6, n)[:, None] + _drifting(rng, n, months, 0.85, 0.8)

    def counted(log_mean: Floats, noise: float) -> Floats:
        return np.rint(np.exp(log_mean + season - idle + rng.normal(0.0, noise, shape)), dtype=np.float64)

    def network(level: float, shift: tuple[float, float, float], pushes: Bools) -> Floats:
        fixed = level + rng.normal(0.0, company.REACH_SPREAD, n) + np.array(shift)[accounts.territory]
        drift = _drifting(rng, n, months, company.REACH_KEEP, company.REACH_DRIFT) + company.PUSH_HEIGHT * pushes
        return counted(fixed[:, None] + 0.3 * (users - 2.5) + 0.5 * engagement + drift, 0.05)

    push, facebook_push = (_pushes(rng, n, months) for _ in range(2))

    usage = np.empty((len(company.METRICS), n, months))
    usage[0] = np.maximum(counted(users - 0.5 * season, 0.03), 1.0)
    usage[1] = counted(1.3 + users + engagement, 0.12)
    usage[2] = rng.poisson(np.exp(np.clip(0.2 + trouble + 0.25 * (users - 2.5) - idle, -6.0, 5.0)))
    usage[3] = network(6.2, (0.0, 0.1, 0.2), facebook_push)
    usage[4] = network(6.2, (0.1, 0.0, 0.0), push)
    usage[5] = network(6.0, (0.1, 0.0, -0.1), push)
    usage[6] = counted(1.2 + 0.5 * users + 0.8 * engagement, 0.2)
    is_active = np.arange(months) >= accounts.start_month[:, None]
    return Behaviour(usage, trouble, is_active, _draw_cases(rng, calendar, accounts, trouble, is_active, idle))


def _draw_cases(rng: np.random.Generator, calendar: Calendar, accounts: Accounts, trouble: Floats, is_active: Bools, idle: Floats) -> Cases:
    """Draw support cases; troubled accounts open more, wait longer and are less content with the answer."""
    n_cases = rng.poisson(np.exp(np.clip(-1.9 + 0.8 * trouble - idle, -8.0, 3.0))) * is_active
    account, month = np.nonzero(n_cases)
    times = n_cases[account, month]
    account, month = np.repeat(account, times), np.repeat(month, times)
    seconds = (rng.random(len(account)) * calendar.n_days[month] * DAY).astype(np.int64)
    opened = np.maximum(calendar.starts[month] + seconds, accounts.signed_up_at[account])
    strain = trouble[account, month]
    days = rng.exponential(3.0 + 2.0 * np.exp(0.5 * np.clip(strain, -3.0, 3.0)))
    score = np.round(4.1 - 0.55 * strain - 0.05 * days + rng.normal(0.0, 0.7, len(account)))
    answered = rng.random(len(account)) > 0.15
    return Cases(
        account=account.astype(np.int64),
        opened_at=opened,
        closed_at=opened + (days * DAY).astype(np.int64) + 600,
        satisfaction=np.where(answered, np.clip(score, 1, 5), 0).astype(np.int64),
        kind=rng.integers(0, len(CASE_KINDS), len(account)),
    )
