"""Campaigns with random controls: who is contacted when, with which offer, and what that truly changes.

Here: the campaigns' calendar (the same for every account) and one chunk's contacts, responses and effects.
Add: another offer in ``company.OFFERS``; another targeting rule in ``draw_contacts``.
Keep out: the events that contacts influence (``decisions``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from clv_platform.raw.simulation import company
from clv_platform.raw.simulation.behaviour import Accounts, Bools, Floats, Ints
from clv_platform.raw.simulation.months import DAY, Calendar

CAMPAIGN_CHANNELS = ("email", "in_app", "phone")
TARGET_SHARE = 0.06
EFFECT_MONTHS = 3
RESPONSE_DAYS = 30


@dataclass(frozen=True)
class Campaigns:
    """All campaigns, one entry each: month index, start, offer and channel codes, targeted territory (-1: all)."""

    month: Ints
    started_at: Ints
    ended_at: Ints
    offer: Ints
    channel: Ints
    territory: Ints
    budget: Floats

    def __len__(self) -> int:
        return len(self.month)


@dataclass(frozen=True)
class Contacts:
    """One chunk's contacts, one entry each, and the hazard ratios (accounts, months) that they cause."""

    campaign: Ints
    account: Ints
    contacted_at: Ints
    is_control: Bools
    responded_at: Ints
    has_responded: Bools
    revenue: Floats
    response_uplift: Floats
    upgrade_ratio: Floats
    leave_ratio: Floats


def draw_campaigns(rng: np.random.Generator, calendar: Calendar) -> Campaigns:
    """Draw one campaign every other month of the history; offers take turns."""
    month = np.arange(calendar.first_visible, calendar.stop, 2)
    n = len(month)
    started_at = calendar.starts[month] + rng.integers(1, 6, n) * DAY
    return Campaigns(
        month=month,
        started_at=started_at,
        ended_at=started_at + 14 * DAY,
        offer=np.arange(n) % len(company.OFFERS),
        channel=rng.integers(0, len(CAMPAIGN_CHANNELS), n),
        territory=rng.integers(-1, len(company.TERRITORIES), n),
        budget=np.round(rng.uniform(5_000, 40_000, n), -2),
    )


def draw_contacts(rng: np.random.Generator, calendar: Calendar, accounts: Accounts, campaigns: Campaigns) -> Contacts:
    """Draw who is targeted, who of these is a control, and who buys within 30 days; controls buy at the base rate.

    A contact in month s changes the hazards of months s + 3 to s + 5 and no earlier ones, as all behaviour does.
    """
    n, n_out = len(accounts), calendar.stop + company.LAG_MONTHS
    shape = (n, len(campaigns))
    share = np.where(campaigns.territory < 0, TARGET_SHARE, 3 * TARGET_SHARE)
    fits = (campaigns.territory < 0) | (campaigns.territory == accounts.territory[:, None])
    account, campaign = np.nonzero((rng.random(shape) < share) & fits)
    size = len(account)
    contacted_at = campaigns.started_at[campaign] + rng.integers(8 * 3600, 12 * DAY, size)
    is_control = rng.random(size) < company.CONTROL_SHARE
    offer = campaigns.offer[campaign]
    strength = company.TERRITORY_RESPONSE[accounts.territory[account]]
    uplift = np.array([o.response for o in company.OFFERS])[offer] * strength
    chance = company.BASE_RESPONSE + np.where(is_control, 0.0, uplift)
    responded_at = contacted_at + rng.integers(3600, RESPONSE_DAYS * DAY, size)
    has_responded = (rng.random(size) < chance) & (responded_at < calendar.end_at)
    revenue = np.round(rng.lognormal(3.8, 0.6, size), 2)
    return Contacts(
        campaign=campaign.astype(np.int64),
        account=account.astype(np.int64),
        contacted_at=contacted_at,
        is_control=is_control,
        responded_at=responded_at,
        has_responded=has_responded,
        revenue=revenue,
        response_uplift=uplift,
        upgrade_ratio=_ratios([o.upgrade for o in company.OFFERS], (n, n_out), account, campaigns, campaign, is_control, strength),
        leave_ratio=_ratios([o.leave for o in company.OFFERS], (n, n_out), account, campaigns, campaign, is_control, strength),
    )


def _ratios(
    effects: list[float],
    shape: tuple[int, int],
    account: Ints,
    campaigns: Campaigns,
    campaign: Ints,
    is_control: Bools,
    strength: Floats,
) -> Floats:
    """Hazard ratios by account and month; overlapping effects multiply."""
    log_ratio = np.zeros(shape)
    effect = np.array(effects)[campaigns.offer[campaign]] * strength
    for ahead in range(EFFECT_MONTHS):
        month = campaigns.month[campaign] + company.LAG_MONTHS + ahead
        hits = ~is_control & (month < shape[1])
        np.add.at(log_ratio, (account[hits], month[hits]), effect[hits])
    return np.exp(log_ratio)


def build_offer_effects() -> pa.Table:
    """Truth of the offers: one row per offer and territory.

    ``response_uplift`` is the rise in the chance of a purchase within 30 days; the hazard ratios multiply the monthly
    chances to upgrade and to leave in the third to fifth month after the contact's month.
    """
    rows = [
        {
            "offer": offer.name,
            "territory": territory,
            "cost": offer.cost,
            "response_rate_control": company.BASE_RESPONSE,
            "response_uplift": offer.response * float(factor),
            "upgrade_hazard_ratio": float(np.exp(offer.upgrade * factor)),
            "churn_hazard_ratio": float(np.exp(offer.leave * factor)),
        }
        for offer in company.OFFERS
        for territory, factor in zip(company.TERRITORIES, company.TERRITORY_RESPONSE, strict=True)
    ]
    return pa.Table.from_pylist(rows)
