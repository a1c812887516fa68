"""What accounts leave behind: usage, support cases, web sessions, feedback, campaign contacts of one chunk.

Here: the shape of these tables.
Add: a column that the contract gains, or another trace.
Keep out: how much accounts use (``behaviour``) and what they say in words (``wording``).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clv_platform.raw.simulation import company
from clv_platform.raw.simulation.behaviour import CASE_KINDS, Accounts, Behaviour, Floats, Ints
from clv_platform.raw.simulation.campaigns import CAMPAIGN_CHANNELS, Campaigns, Contacts
from clv_platform.raw.simulation.columns import ACCOUNT, DIRT, numbered, row_ids, spoil_keys, texts, times
from clv_platform.raw.simulation.decisions import Events
from clv_platform.raw.simulation.months import DAY, Calendar
from clv_platform.raw.simulation.wording import draw_feedback_texts

WEB_SOURCES = ("google", "direct", "newsletter", "facebook", "partner")
WEB_MEDIA = ("organic", "none", "email", "social", "referral")


def build_usage(
    rng: np.random.Generator,
    calendar: Calendar,
    accounts: Accounts,
    behaviour: Behaviour,
    events: Events,
    ids: pa.Array,
) -> pa.Table:
    """One row per account, month and metric; the month's total, dated on its first day, recorded on its last.

    Some rows are missing, some have no value, some arrive one to three months after ``used_at``; what would arrive
    after the end of the history is not there.
    """
    months = np.arange(calendar.first_visible, calendar.stop)
    used = behaviour.is_active[:, months] & (events.left_at[:, None] >= calendar.starts[months])
    account, column = np.nonzero(used)
    n_metrics = len(company.METRICS)
    account, column = np.repeat(account, n_metrics), np.repeat(column, n_metrics)
    metric = np.tile(np.arange(n_metrics), len(account) // n_metrics)
    luck = rng.random(len(account))
    kept = luck >= company.MISSING_USAGE
    account, metric, month, luck = account[kept], metric[kept], months[column[kept]], luck[kept]
    n = len(account)
    value = behaviour.usage[metric, account, month]
    # One draw for three rare things that exclude each other: no value, a negative one, a late arrival.
    low, high = company.MISSING_USAGE, company.MISSING_USAGE + company.NULL_USAGE
    is_null = luck < high
    negative = (luck >= high) & (luck < high + DIRT.negative_value) & (value > 0)
    value = np.where(negative, -value, value)
    late = luck > 1 - company.LATE_USAGE * (1 - low)
    on_time = calendar.starts[month + 1] - rng.integers(600, 6 * 3600, n)
    recorded_at = np.where(late, calendar.starts[month] + rng.integers(35 * DAY, 92 * DAY, n), on_time)
    table = pa.table(
        {
            ACCOUNT: pa.array(account.astype(np.int32)),
            "account_id": ids.take(pa.array(account)),
            "used_at": times(calendar.starts[month]),
            "metric": texts(company.METRICS, metric),
            "value": pa.array(value, mask=is_null),
            "recorded_at": times(recorded_at),
        }
    )
    return spoil_keys(rng, table.filter(pa.array(recorded_at < calendar.end_at)))


def build_support_cases(
    rng: np.random.Generator,
    calendar: Calendar,
    accounts: Accounts,
    behaviour: Behaviour,
    events: Events,
    ids: pa.Array,
) -> pa.Table:
    """One row per support case opened in the history while the account was there; open cases have no answer yet."""
    cases = behaviour.cases
    late = rng.random(len(cases.account)) < company.LATE_CASES
    delay = np.where(late, rng.integers(5 * DAY, 60 * DAY, len(cases.account)), 300)
    seen = (cases.opened_at >= calendar.starts[calendar.first_visible]) & (cases.opened_at < calendar.end_at)
    seen &= (cases.opened_at < events.left_at[cases.account]) & (cases.opened_at + delay < calendar.end_at)
    account, opened_at, closed_at = cases.account[seen], cases.opened_at[seen], cases.closed_at[seen]
    is_open = closed_at >= calendar.end_at
    answer = cases.satisfaction[seen]
    table = pa.table(
        {
            ACCOUNT: pa.array(account.astype(np.int32)),
            "case_id": row_ids("C", accounts.first_number, account),
            "account_id": ids.take(pa.array(account)),
            "opened_at": times(opened_at),
            "closed_at": times(closed_at, is_open),
            "kind": texts(CASE_KINDS, cases.kind[seen]),
            "satisfaction": pa.array(answer.astype(np.float64), mask=is_open | (answer == 0)),
            "recorded_at": times(opened_at + delay[seen]),
        }
    )
    return spoil_keys(rng, table)


def _moments(rng: np.random.Generator, calendar: Calendar, accounts: Accounts, events: Events, rate: Floats) -> tuple[Ints, Ints, Ints]:
    """Draw random moments of the history while an account is there: account, month and UTC seconds."""
    months = np.arange(calendar.first_visible, calendar.stop)
    counts = rng.poisson(rate[:, months])
    row, column = np.nonzero(counts)
    times_each = counts[row, column]
    account, month = np.repeat(row, times_each), np.repeat(months[column], times_each)
    at = calendar.starts[month] + (rng.random(len(account)) * calendar.n_days[month] * DAY).astype(np.int64)
    there = (at >= accounts.signed_up_at[account]) & (at < events.left_at[account])
    return account[there], month[there], at[there]


def build_web_sessions(
    rng: np.random.Generator,
    calendar: Calendar,
    accounts: Accounts,
    behaviour: Behaviour,
    events: Events,
    ids: pa.Array,
) -> pa.Table:
    """One row per visit to the company's own site; few, and some visitors are not signed in."""
    busy = np.log1p(behaviour.usage[company.METRICS.index("technical_sessions")])
    account, _, at = _moments(rng, calendar, accounts, events, 0.03 * busy)
    n = len(account)
    source = rng.choice(len(WEB_SOURCES), n, p=[0.35, 0.30, 0.15, 0.12, 0.08])
    anonymous = rng.random(n) < 0.1
    pages = rng.geometric(0.3, n)
    table = pa.table(
        {
            ACCOUNT: pa.array(account.astype(np.int32)),
            "session_id": row_ids("W", accounts.first_number, account),
            "account_id": ids.take(pa.array(account, mask=anonymous)),
            "visitor_id": numbered("V", account + accounts.first_number, 7),
            "started_at": times(at),
            "source": texts(WEB_SOURCES, source),
            "medium": texts(WEB_MEDIA, source),
            "n_pageviews": pa.array(pages),
            "duration": pa.array(np.round(pages * rng.exponential(40.0, n), 1)),
            "converted": pa.array(rng.random(n) < 0.02),
        }
    )
    repeated = np.flatnonzero(rng.random(n) < DIRT.duplicate)
    return pa.concat_tables([table, table.take(pa.array(repeated))])


def build_feedback(
    rng: np.random.Generator,
    calendar: Calendar,
    accounts: Accounts,
    behaviour: Behaviour,
    events: Events,
    ids: pa.Array,
) -> pa.Table:
    """One row per piece of feedback: a rating of 1 to 5, lower in troubled months, and words that fit it."""
    rate = np.where(accounts.is_idle, 0.004, 0.03)[:, None] * np.exp(0.25 * np.clip(behaviour.trouble, -2, 2))
    account, month, at = _moments(rng, calendar, accounts, events, rate)
    n = len(account)
    score = 3.9 - 0.75 * behaviour.trouble[account, month] + rng.normal(0.0, 0.7, n)
    rating = np.clip(np.round(score), 1, 5).astype(np.int64)
    words, is_silent = draw_feedback_texts(rng, rating), rng.random(n) < 0.1
    table = pa.table(
        {
            ACCOUNT: pa.array(account.astype(np.int32)),
            "feedback_id": row_ids("F", accounts.first_number, account),
            "account_id": ids.take(pa.array(account)),
            "given_at": times(at),
            "rating": pa.array(rating.astype(np.float64), mask=rng.random(n) < 0.05),
            "text": texts(words.names, words.codes, is_silent),
        }
    )
    return spoil_keys(rng, table)


def build_campaigns(calendar: Calendar, campaigns: Campaigns) -> pa.Table:
    """One row per campaign; the end is null while it is still to come."""
    numbers = np.arange(1, len(campaigns) + 1)
    names = tuple(company.OFFERS[offer].name.replace("_", " ") for offer in campaigns.offer)
    return pa.table(
        {
            "campaign_id": numbered("K", numbers, 3),
            "name": texts(names, numbers - 1),
            "channel": texts(CAMPAIGN_CHANNELS, campaigns.channel),
            "started_at": times(campaigns.started_at),
            "ended_at": times(campaigns.ended_at, campaigns.ended_at >= calendar.end_at),
            "budget": pa.array(campaigns.budget),
        }
    )


def build_campaign_contacts(
    rng: np.random.Generator, accounts: Accounts, contacts: Contacts, campaigns: Campaigns, events: Events, ids: pa.Array
) -> pa.Table:
    """One row per campaign and targeted account that paid then; controls got nothing and cost nothing."""
    there = (contacts.contacted_at >= events.paid_from[contacts.account]) & (contacts.contacted_at < events.left_at[contacts.account])
    account, campaign, control = contacts.account[there], contacts.campaign[there], contacts.is_control[there]
    silent = ~contacts.has_responded[there]
    offer = campaigns.offer[campaign]
    cost = np.array([item.cost for item in company.OFFERS])[offer]
    table = pa.table(
        {
            ACCOUNT: pa.array(account.astype(np.int32)),
            "campaign_id": numbered("K", campaign + 1, 3),
            "account_id": ids.take(pa.array(account)),
            "contacted_at": times(contacts.contacted_at[there]),
            "offer": texts(tuple(item.name for item in company.OFFERS), offer),
            "cost": pa.array(np.where(control, 0.0, cost)),
            "is_control": pa.array(control),
            "responded_at": times(contacts.responded_at[there], silent),
            "revenue": pa.array(contacts.revenue[there], mask=silent),
        }
    )
    return spoil_keys(rng, table)
