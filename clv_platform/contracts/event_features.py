"""Features counted from dated raw tables: subscriptions, orders, usage, support cases, web sessions, feedback and campaign contacts.

Add a feature to the function of its group and, under the same name, to the `feat_accounts__` model of that group. Keep features whose
columns the config names out (see `features`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clv_platform.config import CompanyConfig
from clv_platform.contracts.feature import Feature

LAGS = (1, 2, 3)
WINDOWS = (3, 6, 12)
DAYS = (30, 90, 365)

NOW = "at the snapshot"
ALWAYS = "whole history"
YEAR = "last 365 days"

# Optional columns that features of their own are counted from: without a value in them these features are empty.
FEATURES_OF_OPTIONAL_COLUMNS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("subscriptions", "mrr"): ("mrr",),
    ("subscriptions", "seats"): ("seats",),
    ("subscriptions", "is_trial"): ("is_trial",),
    ("orders", "quantity"): ("n_units", "units_per_order"),
    ("support_cases", "closed_at"): ("mean_days_to_close_365d",),
    ("support_cases", "satisfaction"): ("mean_satisfaction_365d",),
    ("web_sessions", "n_pageviews"): tuple(f"n_pageviews_{days}d" for days in DAYS),
    ("web_sessions", "converted"): ("n_conversions_365d",),
    ("feedback", "rating"): ("mean_rating_365d",),
    ("campaign_contacts", "responded_at"): ("n_responses_365d",),
}

Words = tuple[str, str, str, str, str]  # name, label, meaning, window, unit


def event_features(config: CompanyConfig) -> Iterator[Feature]:
    """Yield the features of the dated tables that the config has, group by group."""
    sources = config.sources
    if "subscriptions" in sources:
        yield from _billing(config)
    if "orders" in sources:
        yield from _numbers("rfm", "orders", _rfm(config))
    if "usage" in sources:
        for metric in config.usage_metrics:
            yield from _numbers("usage", "usage", _usage(config, metric))
    if "support_cases" in sources:
        yield from _numbers("support", "support_cases", _support())
    if "web_sessions" in sources:
        yield from _numbers("web", "web_sessions", _web())
    if "feedback" in sources:
        yield from _numbers("engagement", "feedback", _feedback())
    if "campaign_contacts" in sources:
        yield from _numbers("engagement", "campaign_contacts", _contacts())


def _numbers(group: str, source: str, rows: Iterator[Words]) -> Iterator[Feature]:
    for name, label, meaning, window, unit in rows:
        yield Feature(name, "number", f"feat_accounts__{group}", group, label, meaning, window, unit, source)


def _billing(config: CompanyConfig) -> Iterator[Feature]:
    home = ("feat_accounts__billing", "billing")
    source = "subscriptions"
    plan = "The highest plan active at the snapshot; trials don't count unless the config says so."
    yield Feature("plan", "category", *home, "plan", plan, NOW, "", source)
    rank = "Place of that plan in the rising list of plans, the lowest being 1."
    yield Feature("plan_rank", "number", *home, "rank of the plan", rank, NOW, "rank", source)
    mrr = "Sum of the monthly recurring revenue of active subscriptions."
    yield Feature("mrr", "number", *home, "monthly recurring revenue", mrr, NOW, config.currency, source)
    yield Feature("seats", "number", *home, "seats", "Sum of seats of active subscriptions.", NOW, "seats", source)
    yield Feature("is_trial", "boolean", *home, "on trial", "Whether an active subscription is a trial.", NOW, "", source)
    yield from _numbers("billing", source, _subscription_counts())


def _subscription_counts() -> Iterator[Words]:
    yield "n_active_subscriptions", "active subscriptions", "Subscriptions active at the snapshot.", NOW, "subscriptions"
    yield "n_subscriptions", "subscriptions so far", "Subscriptions started before the snapshot.", ALWAYS, "subscriptions"
    yield "days_since_plan_start", "days on the present plan", "Days since the latest start of a subscription.", ALWAYS, "days"


def _rfm(config: CompanyConfig) -> Iterator[Words]:
    orders = "Distinct orders with a positive amount."
    revenue = "Sum of order amounts, refunds subtracted."
    money = config.currency
    for days in DAYS:
        yield f"n_orders_{days}d", f"orders in {days} days", orders, f"last {days} days", "orders"
        yield f"revenue_{days}d", f"revenue in {days} days", revenue, f"last {days} days", money
    yield "n_orders", "orders so far", orders, ALWAYS, "orders"
    yield "revenue", "revenue so far", revenue, ALWAYS, money
    yield "mean_order_value", "average order value", "Positive amounts of orders per order with such an amount.", ALWAYS, money
    units = "Quantities above 0 of lines with a positive amount"
    yield "n_units", "units bought", f"{units}, added up.", ALWAYS, "units"
    yield "units_per_order", "units per order", f"{units} per order with such an amount.", ALWAYS, "units per order"
    last = "Days from the latest order with a positive amount to the snapshot."
    yield "days_since_last_order", "days since the last order", last, ALWAYS, "days"
    first = "Days from the first order with a positive amount to the snapshot."
    yield "days_since_first_order", "days since the first order", first, ALWAYS, "days"
    between = "Days between first and last order day per further order day."
    yield "mean_days_between_orders", "days between orders", between, ALWAYS, "days"
    yield "refund_share", "share refunded", "Refunded amount per ordered amount, 0 to 1.", ALWAYS, "share"
    yield "n_purchase_days", "days with a purchase", "Days with an order that is no refund.", ALWAYS, "days"
    most = "The largest sum of one day with a purchase, refunds of that day subtracted."
    yield "max_purchase_value", "largest purchase", most, ALWAYS, money
    yield "last_purchase_value", "latest purchase", "Sum of the latest day with a purchase, refunds of that day subtracted.", ALWAYS, money
    gap = "Days since the last order divided by the usual days between orders; missing after one order day."
    yield "last_gap_ratio", "silence against the usual gap", gap, ALWAYS, "ratio"
    share = "Revenue of the last 90 days as a share of that of 365, 0 to 1; missing without revenue."
    yield "revenue_share_90d", "share of the year's revenue in the last 90 days", share, YEAR, "share"


def _usage(config: CompanyConfig, metric: str) -> Iterator[Words]:
    spec = config.usage_metrics[metric]
    label, unit = spec.label, spec.unit
    for lag in LAGS:
        ago = "last month" if lag == 1 else f"{lag} months ago"
        meaning = f"{label}: {spec.aggregate} of the readings of that month."
        yield f"{metric}_lag_{lag}m", f"{label} ({ago})", meaning, f"month {lag} before the snapshot", unit
    for months in WINDOWS:
        window = f"last {months} months"
        yield f"{metric}_sum_{months}m", f"{label}, sum of {months} months", "Sum of the monthly values there are.", window, unit
        mean = f"{label}, monthly mean of {months} months"
        yield f"{metric}_mean_{months}m", mean, "Mean of the monthly values there are.", window, f"{unit} per month"
    slope = "Least-squares slope over the last six months there are, per month, divided by their mean."
    yield f"{metric}_trend_6m", f"trend of {label}", slope, "last 6 months", "share per month"
    ratio = "Monthly mean of 3 months divided by that of 12."
    yield f"{metric}_ratio_3m_12m", f"{label}, last 3 months against 12", ratio, "last 12 months", "ratio"
    yield f"{metric}_n_months_12m", f"months with {label}", "Months with a reading.", "last 12 months", "months"


def _support() -> Iterator[Words]:
    for days in DAYS:
        yield f"n_cases_{days}d", f"support cases in {days} days", "Support cases opened.", f"last {days} days", "cases"
    yield "n_open_cases", "open support cases", "Cases opened and not closed before the snapshot.", NOW, "cases"
    yield "days_since_last_case", "days since the last case", "Days since the latest opened case.", ALWAYS, "days"
    yield "mean_days_to_close_365d", "days to close a case", "Mean days from opening to closing of cases closed.", YEAR, "days"
    yield "mean_satisfaction_365d", "satisfaction with support", "Mean satisfaction of cases closed.", YEAR, "points"


def _web() -> Iterator[Words]:
    for days in DAYS:
        yield f"n_sessions_{days}d", f"web visits in {days} days", "Visits to the web site.", f"last {days} days", "visits"
        yield f"n_pageviews_{days}d", f"pages seen in {days} days", "Pages seen on the web site.", f"last {days} days", "pages"
    yield "n_conversions_365d", "converted visits", "Visits that converted.", YEAR, "visits"
    yield "days_since_last_session", "days since the last visit", "Days since the latest visit.", ALWAYS, "days"


def _feedback() -> Iterator[Words]:
    yield "n_feedback_365d", "feedback given", "Pieces of feedback.", YEAR, "pieces"
    yield "mean_rating_365d", "average rating", "Mean rating of the feedback.", YEAR, "points"


def _contacts() -> Iterator[Words]:
    yield "n_contacts_90d", "campaign contacts", "Contacts by campaigns, controls not counted.", "last 90 days", "contacts"
    yield "n_responses_365d", "responses to campaigns", "Contacts that responded before the snapshot.", YEAR, "contacts"
    yield "days_since_last_contact", "days since the last contact", "Days since the latest contact.", ALWAYS, "days"
