"""How files and columns of raw tables are often called. All in lower case with underscores, the likeliest first."""

from __future__ import annotations

import re

ACCOUNT_ID = (
    "account_id",
    "account",
    "customer_id",
    "customer",
    "user_id",
    "user",
    "client_id",
    "client",
    "company_id",
    "organization_id",
    "member_id",
    "tenant_id",
    "subscriber_id",
    "household_id",
)

COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "accounts": {
        "account_id": (*ACCOUNT_ID, "id"),
        "signed_up_at": (
            "signed_up_at",
            "signup_date",
            "sign_up_date",
            "signed_up",
            "registered_at",
            "registration_date",
            "created_at",
            "created",
            "joined_at",
            "join_date",
            "customer_since",
            "start_date",
        ),
        "product": ("product",),
        "territory": ("territory", "region", "state"),
        "country": ("country", "country_code"),
        "industry": ("industry", "sector", "branch"),
        "employee_range": (
            "employee_range",
            "company_size",
            "employees",
            "n_employees",
            "employee_band",
            "employee_count",
            "headcount",
            "size_band",
        ),
        "channel": ("channel", "referral_source", "acquisition_channel", "utm_source"),
        "birth_date": ("birth_date", "birthdate", "date_of_birth"),
        "gender": ("gender", "sex"),
    },
    "subscriptions": {
        "account_id": ACCOUNT_ID,
        "plan": ("plan", "plan_name", "plan_tier", "tier", "plan_type", "subscription_type", "package"),
        "started_at": ("started_at", "start_date", "start", "valid_from", "begin_date", "from_date", "created_at"),
        "subscription_id": ("subscription_id", "contract_id"),
        "ended_at": ("ended_at", "end_date", "end", "valid_to", "cancelled_at", "canceled_at", "to_date", "churn_date"),
        "mrr": ("mrr", "mrr_amount", "monthly_revenue", "monthly_fee", "monthly_price", "price"),
        "seats": ("seats", "n_seats", "licenses", "licences"),
        "is_trial": ("is_trial", "trial"),
    },
    "orders": {
        "account_id": ACCOUNT_ID,
        "ordered_at": (
            "ordered_at",
            "order_date",
            "invoicedate",
            "invoice_date",
            "purchase_date",
            "purchased_at",
            "transaction_date",
            "transaction_timestamp",
            "order_purchase_timestamp",
            "created_at",
            "timestamp",
            "date",
        ),
        "amount": (
            "amount",
            "order_amount",
            "total",
            "total_amount",
            "net_amount",
            "revenue",
            "order_value",
            "sales_value",
            "sales",
            "value",
            "dollars",
        ),
        "order_id": ("order_id", "invoice_id", "invoice", "transaction_id", "receipt_id", "basket_id"),
        "line_id": ("line_id", "order_line_id"),
        "quantity": ("quantity", "qty", "units"),
        "currency": ("currency", "currency_code"),
        "product": ("product", "product_id", "stockcode", "stock_code", "sku", "item"),
        "category": ("category", "product_category"),
        "channel": ("channel",),
        "discount": ("discount", "discount_amount"),
        "cost": ("cost", "cogs"),
    },
    "usage": {
        "account_id": ACCOUNT_ID,
        "used_at": ("used_at", "usage_date", "month", "day", "event_date", "period", "date", "timestamp"),
        "metric": ("metric", "metric_name", "kpi", "event_type", "event", "feature_name"),
        "value": ("value", "metric_value", "count", "usage_count", "n", "amount"),
    },
    "support_cases": {
        "case_id": ("case_id", "ticket_id", "id"),
        "account_id": ACCOUNT_ID,
        "opened_at": ("opened_at", "submitted_at", "created_at", "open_date", "created", "date"),
        "closed_at": ("closed_at", "resolved_at", "close_date", "closed"),
        "kind": ("kind", "category", "type", "topic", "priority"),
        "satisfaction": ("satisfaction", "satisfaction_score", "csat"),
    },
    "web_sessions": {
        "session_id": ("session_id", "sessionid", "visit_id"),
        "account_id": ACCOUNT_ID,
        "visitor_id": ("visitor_id", "cookie_id"),
        "started_at": ("started_at", "session_start", "visited_at", "start_time", "timestamp", "date"),
        "source": ("source", "utm_source"),
        "medium": ("medium", "utm_medium"),
        "n_pageviews": ("n_pageviews", "pageviews", "page_views"),
        "duration": ("duration", "duration_seconds"),
        "converted": ("converted", "is_converted"),
        "converted_at": ("converted_at", "conversion_time", "conversion_date"),
    },
    "feedback": {
        "feedback_id": ("feedback_id", "survey_id", "review_id", "response_id", "id"),
        "account_id": ACCOUNT_ID,
        "given_at": ("given_at", "submitted_at", "response_date", "review_date", "created_at", "date"),
        "rating": ("rating", "score", "nps", "stars"),
        "text": ("text", "comment", "comments", "feedback", "feedback_text", "review"),
    },
    "campaigns": {
        "campaign_id": ("campaign_id", "id"),
        "started_at": ("started_at", "start_date", "launched_at", "date"),
        "name": ("name", "campaign_name", "title"),
        "channel": ("channel", "medium"),
        "ended_at": ("ended_at", "end_date"),
        "budget": ("budget",),
    },
    "campaign_contacts": {
        "campaign_id": ("campaign_id",),
        "account_id": ACCOUNT_ID,
        "contacted_at": ("contacted_at", "contact_date", "sent_at", "send_date", "date"),
        "offer": ("offer", "offer_id"),
        "cost": ("cost",),
        "is_control": ("is_control", "control"),
        "responded_at": ("responded_at", "response_date"),
        "revenue": ("revenue",),
    },
    "account_snapshots": {"account_id": (*ACCOUNT_ID, "id"), "as_of_date": ("as_of_date", "snapshot_date", "snapshot_month", "as_of")},
}

FILE_WORDS: dict[str, str] = {
    "campaign_contacts": r"contact|campaigns?_(account|customer|recipient|member)",
    "campaigns": r"campaign",
    "support_cases": r"support|ticket|case",
    "web_sessions": r"session|visit|web|pageview",
    "feedback": r"feedback|review|survey|nps",
    "usage": r"usage|activity|metric|impression|event",
    "subscriptions": r"subscri|contract|licen",
    "orders": r"order|invoice|purchase|transaction|sale|retail|payment",
    "accounts": r"account|customer|client|user|member|compan|kunde",
    "account_snapshots": r"snapshot|flat|features",
}

LABEL = re.compile(
    r"(^|_)(churn|churned|exited|attrition|left|adopter|upgraded?|converted|label|target|outcome|premium)($|_)|^y$|^is_churn"
)
CHURN = re.compile(r"churn|exit|attrit|left|cancel|leav")
PRIVATE = re.compile(r"(^|_)(gender|sex|birth\w*|date_of_birth|name|first_name|last_name|e?mail|address)($|_)|(^|_)phone(_number)?$")
# What people and programs write where there is no value. "none" and "unknown" aren't here: often they are answers.
MISSING_MARKS = ("n/a", "n.a.", "na", "#n/a", "<na>", "null", "(null)", "#null!", "\\n", "nan", "nil", "-", "--", "–", "—", "?", ".")
PLACES = re.compile(r"country|region|territory|continent|market|state|nation")
PRICE = ("price", "unit_price", "unitprice")
PLAN_WORDS = (
    "free",
    "trial",
    "lite",
    "basic",
    "starter",
    "standard",
    "plus",
    "team",
    "pro",
    "professional",
    "business",
    "premium",
    "enterprise",
)
POSITIVE_WORDS = ("1", "true", "yes", "y", "t", "1.0")
_SHORTENED = {
    "cust": "customer",
    "kunde": "customer",
    "kunden": "customer",
    "acct": "account",
    "acc": "account",
    "org": "organization",
    "organisation": "organization",
}
# Things that people number, whatever they call the number.
_NUMBERED = (
    f"{'|'.join(_SHORTENED)}|account|customer|user|client|company|organization|member|subscriber|household|"
    "order|invoice|transaction|receipt|line|subscription|contract|case|ticket|campaign|survey|product"
)
_ID_OF = re.compile(rf"(^|_)({_NUMBERED})_?(?:id|no|nr|num|number|nummer)$")
_COUNT_OF = re.compile(r"^(?:no|nr|num|number)_of_")
_CURRENCY = re.compile(r"(?<=\w)\s*[(\[]\s*(?:eur|usd|gbp|chf|cad|aud|jpy|sek|nok|dkk|pln|czk|[€$£])\s*[)\]]\s*$", re.IGNORECASE)
_ID_BEFORE = re.compile(rf"^id_?({_NUMBERED})$")
MONTH_COLUMN = re.compile(r"^(?:\w*?_)?((?:19|20)\d\d)[-_ ]?(0[1-9]|1[0-2])$")


def plain(name: str) -> str:
    """A name in lower case with underscores: `Customer ID`, `customer.id` and `CustomerId` are alike."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", spaced.lower()).strip("_")


def alike(name: str) -> str:
    """What names of columns are compared by.

    As `plain`, with one word for an id (`Order No.`, `ORDERNR`, `order #`: `order_id`) and for a count (`No. of Employees`: `n_employees`),
    without a currency in brackets (`MRR (EUR)`).
    """
    name = _COUNT_OF.sub("n_", plain(re.sub(r"#\s*$", " no", _CURRENCY.sub("", name))))
    name = _ID_OF.sub(r"\1\2_id", _ID_BEFORE.sub(r"\1_id", name))
    return "_".join(_SHORTENED.get(word, word) for word in name.split("_"))
