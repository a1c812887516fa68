"""The feature catalogue: every feature's name, home, meaning, window, unit and source, for one company config.

The only list of features there is. dbt computes them under these names, the marts select them from here, models and reports take
names and words from here. Add a feature to the function of its group and to the `feat_accounts__` model that `model` names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clv_platform.config import ColumnFeature, CompanyConfig
from clv_platform.config.schema import FeatureType

ACCOUNT_ATTRIBUTES = ("product", "territory", "country", "industry", "employee_range", "channel", "gender")
LAGS = (1, 2, 3)
WINDOWS = (3, 6, 12)


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes
    ----------
    name : str
        The column in `fct_*_examples`.
    type : {"number", "boolean", "category"}
        Booleans are 0/1/null.
    model : str
        The dbt model that computes it (`fct` for derived features, computed where all others are joined).
    group : str
        profile, billing, rfm, usage, support, web, engagement, interactions, snapshot or derived.
    label : str
        A few words for a manager.
    meaning, window, unit, source : str
        For the docs; `source` is the raw table.
    is_point_in_time : bool
        False for undated attributes that can change: reports list these.
    """

    name: str
    type: FeatureType
    model: str
    group: str
    label: str
    meaning: str
    window: str
    unit: str
    source: str
    is_point_in_time: bool = True
    sql: str | None = None


def build_feature_catalogue(config: CompanyConfig) -> tuple[Feature, ...]:
    """List the features of a company in a fixed order.

    Features of absent tables are dropped, not zero; `private` columns may be used by models but never shown, `unused` ones are left out.
    """
    groups = (
        _profile(config),
        _billing(config),
        _rfm(config),
        _usage(config),
        _support(config),
        _web(config),
        _engagement(config),
        _interactions(config),
        _snapshot(config),
        _derived(config),
    )
    features = [feature for group in groups for feature in group if feature.name not in config.unused]
    names = [feature.name for feature in features]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"config {config.name!r}: two features are called {', '.join(doubled)}; rename one of them.")
    return tuple(features)


def _profile(config: CompanyConfig) -> Iterator[Feature]:
    if "accounts" not in config.sources:
        return
    mapped = config.sources["accounts"].columns
    has = {name for name in (*ACCOUNT_ATTRIBUTES, "signed_up_at") if name in mapped}
    home = ("feat_accounts__profile", "profile")
    for name in ACCOUNT_ATTRIBUTES:
        if name in has:
            words = name.replace("_", " ")
            yield Feature(name, "category", *home, words, f"The account's {words}, as it is now.", "now", "", "accounts", False)
    if "signed_up_at" in has:
        yield Feature(
            "tenure_days", "number", *home, "days since sign-up", "Days from sign-up to the snapshot.", "whole history", "days", "accounts"
        )
    for name, column in config.account_columns.items():
        yield _column_feature(name, column, "feat_accounts__account_columns", "profile", "accounts", "now", False)


def _billing(config: CompanyConfig) -> Iterator[Feature]:
    if "subscriptions" not in config.sources:
        return
    for name, type_, label, meaning, window, unit in (
        (
            "plan",
            "category",
            "plan",
            "The highest plan active at the snapshot; trials don't count unless the config says so.",
            "at the snapshot",
            "",
        ),
        (
            "plan_rank",
            "number",
            "rank of the plan",
            "Place of that plan in the rising list of plans, the lowest being 1.",
            "at the snapshot",
            "rank",
        ),
        (
            "mrr",
            "number",
            "monthly recurring revenue",
            "Sum of the monthly recurring revenue of active subscriptions.",
            "at the snapshot",
            "currency",
        ),
        ("seats", "number", "seats", "Sum of seats of active subscriptions.", "at the snapshot", "seats"),
        ("is_trial", "boolean", "on trial", "Whether an active subscription is a trial.", "at the snapshot", ""),
        (
            "n_active_subscriptions",
            "number",
            "active subscriptions",
            "Subscriptions active at the snapshot.",
            "at the snapshot",
            "subscriptions",
        ),
        (
            "n_subscriptions",
            "number",
            "subscriptions so far",
            "Subscriptions started before the snapshot.",
            "whole history",
            "subscriptions",
        ),
        (
            "days_since_plan_start",
            "number",
            "days on the present plan",
            "Days since the latest start of a subscription.",
            "whole history",
            "days",
        ),
    ):
        yield Feature(name, type_, "feat_accounts__billing", "billing", label, meaning, window, unit, "subscriptions")  # type: ignore[arg-type]


def _rfm(config: CompanyConfig) -> Iterator[Feature]:
    if "orders" not in config.sources:
        return
    home = ("feat_accounts__rfm", "rfm")
    for days in (30, 90, 365):
        window = f"last {days} days"
        yield Feature(
            f"n_orders_{days}d",
            "number",
            *home,
            f"orders in {days} days",
            "Distinct orders with a positive amount.",
            window,
            "orders",
            "orders",
        )
        yield Feature(
            f"revenue_{days}d",
            "number",
            *home,
            f"revenue in {days} days",
            "Sum of order amounts, refunds subtracted.",
            window,
            config.currency,
            "orders",
        )
    for name, label, meaning, unit in (
        ("n_orders", "orders so far", "Distinct orders with a positive amount.", "orders"),
        ("revenue", "revenue so far", "Sum of order amounts, refunds subtracted.", config.currency),
        ("mean_order_value", "average order value", "Revenue of orders with a positive amount per such order.", config.currency),
        (
            "days_since_last_order",
            "days since the last order",
            "Days from the latest order with a positive amount to the snapshot.",
            "days",
        ),
        (
            "days_since_first_order",
            "days since the first order",
            "Days from the first order with a positive amount to the snapshot.",
            "days",
        ),
        ("mean_days_between_orders", "days between orders", "Days between first and last order day per further order day.", "days"),
        ("refund_share", "share refunded", "Refunded amount per ordered amount, 0 to 1.", "share"),
    ):
        yield Feature(name, "number", *home, label, meaning, "whole history", unit, "orders")


def _usage(config: CompanyConfig) -> Iterator[Feature]:
    if "usage" not in config.sources:
        return
    home = ("feat_accounts__usage", "usage")
    for metric, spec in config.usage_metrics.items():
        common = (*home,)
        for lag in LAGS:
            ago = "last month" if lag == 1 else f"{lag} months ago"
            yield Feature(
                f"{metric}_lag_{lag}m", "number", *common, f"{spec.label} ({ago})", f"{spec.label}: {spec.aggregate} of the readings of that month.",
                f"month {lag} before the snapshot", spec.unit, "usage",
            )  # fmt: skip
        for months in WINDOWS:
            window = f"last {months} months"
            yield Feature(
                f"{metric}_sum_{months}m", "number", *common, f"{spec.label}, sum of {months} months", "Sum of the monthly values there are.",
                window, spec.unit, "usage",
            )  # fmt: skip
            yield Feature(
                f"{metric}_mean_{months}m", "number", *common, f"{spec.label}, monthly mean of {months} months", "Mean of the monthly values there are.",
                window, f"{spec.unit} per month", "usage",
            )  # fmt: skip
        yield Feature(
            f"{metric}_trend_6m", "number", *common, f"trend of {spec.label}",
            "Least-squares slope over the last six months there are, per month, divided by their mean.", "last 6 months", "share per month", "usage",
        )  # fmt: skip
        yield Feature(
            f"{metric}_ratio_3m_12m", "number", *common, f"{spec.label}, last 3 months against 12", "Monthly mean of 3 months divided by that of 12.",
            "last 12 months", "ratio", "usage",
        )  # fmt: skip
        yield Feature(
            f"{metric}_n_months_12m",
            "number",
            *common,
            f"months with {spec.label}",
            "Months with a reading.",
            "last 12 months",
            "months",
            "usage",
        )


def _support(config: CompanyConfig) -> Iterator[Feature]:
    if "support_cases" not in config.sources:
        return
    home = ("feat_accounts__support", "support")
    for days in (30, 90, 365):
        yield Feature(
            f"n_cases_{days}d",
            "number",
            *home,
            f"support cases in {days} days",
            "Support cases opened.",
            f"last {days} days",
            "cases",
            "support_cases",
        )
    for name, label, meaning, window, unit in (
        ("n_open_cases", "open support cases", "Cases opened and not closed before the snapshot.", "at the snapshot", "cases"),
        ("days_since_last_case", "days since the last case", "Days since the latest opened case.", "whole history", "days"),
        ("mean_days_to_close_365d", "days to close a case", "Mean days from opening to closing of cases closed.", "last 365 days", "days"),
        ("mean_satisfaction_365d", "satisfaction with support", "Mean satisfaction of cases closed.", "last 365 days", "points"),
    ):
        yield Feature(name, "number", *home, label, meaning, window, unit, "support_cases")


def _web(config: CompanyConfig) -> Iterator[Feature]:
    if "web_sessions" not in config.sources:
        return
    home = ("feat_accounts__web", "web")
    for days in (30, 90, 365):
        window = f"last {days} days"
        yield Feature(
            f"n_sessions_{days}d",
            "number",
            *home,
            f"web visits in {days} days",
            "Visits to the web site.",
            window,
            "visits",
            "web_sessions",
        )
        yield Feature(
            f"n_pageviews_{days}d",
            "number",
            *home,
            f"pages seen in {days} days",
            "Pages seen on the web site.",
            window,
            "pages",
            "web_sessions",
        )
    yield Feature(
        "n_conversions_365d", "number", *home, "converted visits", "Visits that converted.", "last 365 days", "visits", "web_sessions"
    )
    yield Feature(
        "days_since_last_session",
        "number",
        *home,
        "days since the last visit",
        "Days since the latest visit.",
        "whole history",
        "days",
        "web_sessions",
    )


def _engagement(config: CompanyConfig) -> Iterator[Feature]:
    home = ("feat_accounts__engagement", "engagement")
    if "feedback" in config.sources:
        yield Feature("n_feedback_365d", "number", *home, "feedback given", "Pieces of feedback.", "last 365 days", "pieces", "feedback")
        yield Feature(
            "mean_rating_365d", "number", *home, "average rating", "Mean rating of the feedback.", "last 365 days", "points", "feedback"
        )
    if "campaign_contacts" in config.sources:
        source = "campaign_contacts"
        yield Feature(
            "n_contacts_90d",
            "number",
            *home,
            "campaign contacts",
            "Contacts by campaigns, controls not counted.",
            "last 90 days",
            "contacts",
            source,
        )
        yield Feature(
            "n_responses_365d",
            "number",
            *home,
            "responses to campaigns",
            "Contacts that responded before the snapshot.",
            "last 365 days",
            "contacts",
            source,
        )
        yield Feature(
            "days_since_last_contact",
            "number",
            *home,
            "days since the last contact",
            "Days since the latest contact.",
            "whole history",
            "days",
            source,
        )


def _interactions(config: CompanyConfig) -> Iterator[Feature]:
    for pair in config.interactions:
        yield Feature(
            f"{pair.numerator}_per_{pair.denominator}_3m", "number", "feat_accounts__interactions", "interactions",
            f"{pair.numerator.replace('_', ' ')} per {pair.denominator.replace('_', ' ')}",
            f"Sum of {pair.numerator} over three months divided by one plus the sum of {pair.denominator}; support_cases: cases opened in 90 days.",
            "last 3 months", "ratio", "usage",
        )  # fmt: skip


def _snapshot(config: CompanyConfig) -> Iterator[Feature]:
    if "account_snapshots" not in config.sources:
        return
    for name, column in config.snapshot_columns.items():
        yield _column_feature(name, column, "feat_accounts__snapshot", "snapshot", "account_snapshots", "at the snapshot", True)


def _derived(config: CompanyConfig) -> Iterator[Feature]:
    for name, spec in config.derived_features.items():
        column = ColumnFeature(sql=spec) if isinstance(spec, str) else spec
        yield _column_feature(name, column, "fct", "derived", "other features", "at the snapshot", True)


def _column_feature(name: str, column: ColumnFeature, model: str, group: str, source: str, window: str, is_point_in_time: bool) -> Feature:
    label = column.label or name.replace("_", " ")
    meaning = column.description or (f"Computed as {column.sql}." if column.sql else f"Column {name} of {source}.")
    return Feature(name, column.type, model, group, label, meaning, window, column.unit, source, is_point_in_time, column.sql)
