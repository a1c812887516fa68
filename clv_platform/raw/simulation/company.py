"""The demo company's facts: what it sells, to whom, and the size of every effect.

Here: names, prices and coefficients, as plain constants that the other files of this package read.
Add: a new plan, industry, offer or effect, with the reason for its size.
Keep out: random draws (``behaviour``, ``decisions``) and the shape of files (``tables``, ``activity``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

CHUNK_ACCOUNTS: Final = 2_000
"""Accounts simulated together. Part of the definition of the data: each chunk has its own random stream."""
BURN_IN_MONTHS: Final = 12
"""Hidden months before the history starts, so that plans and habits are settled in the first visible month."""
LAG_MONTHS: Final = 3
"""A decision in month s looks at months s - 3 and earlier; it is what makes a 90-day truth exact."""

PLANS: Final = ("P1", "P2", "P3")
TOP_PLAN: Final = len(PLANS) - 1
BASE_PRICE: Final = np.array([49.0, 149.0, 449.0])
SEAT_PRICE: Final = np.array([4.0, 7.0, 11.0])
START_PLAN_SHARES: Final = np.array([0.80, 0.17, 0.03])
SETTLED_PLAN_SHARES: Final = np.array([0.64, 0.27, 0.09])
SKIP_PLAN_SHARE: Final = 0.08
"""Share of the upgrades from P1 that go straight to P3."""

COUNTRIES: Final = ("US", "CA", "MX", "DE", "FR", "ES", "NL", "JP", "KR", "AU", "SG")
COUNTRY_TERRITORY: Final = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
COUNTRY_SHARES: Final = np.array([0.30, 0.08, 0.04, 0.12, 0.09, 0.07, 0.05, 0.10, 0.06, 0.05, 0.04])
TERRITORIES: Final = ("T1", "T2", "T3")
INDUSTRIES: Final = ("retail", "media", "travel", "finance", "education", "software", "food")
INDUSTRY_SHARES: Final = np.array([0.22, 0.14, 0.11, 0.11, 0.12, 0.17, 0.13])
INDUSTRY_UPGRADE: Final = np.array([0.0, 0.3, 0.0, 0.0, -0.4, 0.0, 0.0])
EMPLOYEE_RANGES: Final = ("1-10", "11-50", "51-200", "201-1000", "1001+")
EMPLOYEE_SHARES: Final = np.array([0.34, 0.30, 0.20, 0.11, 0.05])
EMPLOYEE_LOG_USERS: Final = np.array([1.7, 2.2, 2.8, 3.4, 4.0])
CHANNELS: Final = ("organic", "paid_search", "partner", "event", "referral", "outbound")
CHANNEL_SHARES: Final = np.array([0.30, 0.24, 0.14, 0.08, 0.14, 0.10])
PRODUCTS: Final = ("publisher", "analytics", "suite")
PRODUCT_SHARES: Final = np.array([0.5, 0.2, 0.3])

METRICS: Final = (
    "users",
    "technical_sessions",
    "support_sessions",
    "impressions_facebook",
    "impressions_instagram",
    "impressions_x",
    "posts",
)

USAGE_SEASON: Final = np.array([-0.02, 0.0, 0.03, 0.02, 0.0, -0.03, -0.08, -0.10, 0.02, 0.05, 0.08, 0.03])
"""Log change of usage by calendar month, January first: quiet summers, a busy run-up to Christmas."""
UPGRADE_SEASON: Final = np.array([0.05, 0.0, 0.02, 0.0, -0.02, -0.02, -0.05, -0.05, 0.04, 0.03, 0.0, -0.03])
"""Log change of the monthly chance to upgrade; small, for a history of two years can't teach a large one."""

OLD_SHARE: Final = 0.015
QUIET_SHARE: Final = 0.04
NEW_SHARE: Final = 0.16
"""Shares of accounts: signed up over ten years ago and hardly used; little activity; signed up in the history."""

TRIAL_SHARE: Final = 0.35
TRIAL_FAILS: Final = 0.20
TRIAL_PLAN: Final = 1
MISSING_USAGE: Final = 0.02
NULL_USAGE: Final = 0.004
LATE_USAGE: Final = 0.02
LATE_CASES: Final = 0.01

REACH_SPREAD: Final = 0.4
REACH_KEEP: Final = 0.95
REACH_DRIFT: Final = 0.3
"""Impressions in log units: spread between accounts, and a drift that keeps this share of itself from month to month."""
PUSH_START: Final = 0.022
PUSH_END: Final = 0.07
PUSH_HEIGHT: Final = 3.0
"""Monthly chance that an account starts to push its networks, and to stop; what it does to impressions, in log units."""

ADD_ON_CHANCE: Final = 0.03
ADD_ON_RANGE: Final = (0.2, 1.0)
REFUND_CHANCE: Final = 0.01
REFUND_SHARES: Final = np.array([0.25, 0.5, 1.0])
COST_SHARE: Final = 0.25
DISCOUNTS: Final = np.array([0.0, 0.10, 0.20])
DISCOUNT_SHARES: Final = np.array([0.70, 0.20, 0.10])


@dataclass(frozen=True)
class UpgradeEffects:
    """How behaviour moves the monthly chance to upgrade, on the scale of log odds.

    ``reach`` is what being seen adds: impressions on X and Instagram together (three-month mean) beyond ``centre``, a step in
    log units as sharp as ``steepness``; in T3 those on Facebook beyond ``centre_t3``, while being seen on X takes ``distraction`` away.
    """

    ceiling: float = 0.16
    intercept: float = -5.4
    plan: tuple[float, float] = (0.0, -0.2)
    reach: float = 8.0
    steepness: float = 5.0
    centre: float = 8.3
    centre_t3: float = 7.9
    distraction: float = 0.1
    growth: float = 0.4
    hump: float = 0.3
    hump_months: float = 18.0
    support: float = 0.4


@dataclass(frozen=True)
class LeaveEffects:
    """How behaviour moves the monthly chance to leave, on the scale of log odds."""

    ceiling: float = 0.4
    intercept: float = -3.72
    plan: tuple[float, float, float] = (0.15, -0.10, -0.45)
    support: float = 1.0
    fall: float = 4.0
    dissatisfaction: float = 0.45
    tenure: float = 0.18


UPGRADE: Final = UpgradeEffects()
LEAVE: Final = LeaveEffects()
DOWNGRADE_CHANCE: Final = 0.002
"""Monthly chance to go down one plan, from P2 and P3. Nobody goes up in the three months after going down."""


@dataclass(frozen=True)
class Offer:
    """What a campaign offers, its cost per contact, and what it truly does.

    ``upgrade`` and ``leave`` are log hazard ratios over the third to fifth month after the contact's month (a decision
    lags what it is based on); ``response`` is the rise in the chance of a purchase within 30 days.
    """

    name: str
    cost: float
    upgrade: float
    leave: float
    response: float


OFFERS: Final = (
    Offer("discount_20", 4.0, 0.06, -0.10, 0.060),
    Offer("premium_trial", 6.0, 0.12, 0.0, 0.035),
    Offer("training", 9.0, 0.04, -0.15, 0.015),
    Offer("success_call", 15.0, 0.02, -0.35, 0.010),
)
TERRITORY_RESPONSE: Final = np.array([1.0, 1.3, 0.6])
"""The same offer works by this factor better or worse in T1, T2, T3."""
BASE_RESPONSE: Final = 0.02
CONTROL_SHARE: Final = 0.3
