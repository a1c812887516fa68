"""The raw tables: the contract with the user's data.

Every table but `accounts` is optional; an absent one exists empty and typed. Unknown extra columns are kept behind the contract's own.
Add a table or column here, then a dbt source and a `stg_` model. `known_at` names the column that says when a value became known: before
that moment the value is null for a snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["text", "integer", "number", "money", "boolean", "timestamp"]

SQL_TYPES: dict[ColumnType, str] = {
    "text": "varchar",
    "integer": "bigint",
    "number": "double",
    "money": "decimal(18, 4)",
    "boolean": "boolean",
    "timestamp": "timestamp",
}


@dataclass(frozen=True)
class Column:
    """One column of a raw table.

    Attributes
    ----------
    known_at : str or None
        The column that dates this value; None: known when the row happens.
    minimum : float or None
        Smaller values are rejected.
    """

    name: str
    type: ColumnType
    is_required: bool = False
    known_at: str | None = None
    minimum: float | None = None


@dataclass(frozen=True)
class RawTable:
    """One raw table: its columns, its key and the column that dates its rows."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]  # empty: rows are numbered by file and row
    happens_at: str | None  # a row is visible to a snapshot when this is before it; None: undated
    description: str

    @property
    def column_names(self) -> tuple[str, ...]:
        """The contract's columns in order, bookkeeping columns not included."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that a source must give."""
        return tuple(column.name for column in self.columns if column.is_required)


def _c(name: str, type_: ColumnType, **options: str | float | bool) -> Column:
    return Column(name, type_, **options)  # type: ignore[arg-type]


_ACCOUNT = _c("account_id", "text", is_required=True)
_RECORDED = _c("recorded_at", "timestamp")

# Added by the loader to every table: where a row came from, so that a row without a key still has one.
BOOKKEEPING: tuple[Column, ...] = (_c("_source_file", "text"), _c("_source_row", "integer"))

RAW_TABLES: dict[str, RawTable] = {
    table.name: table
    for table in (
        RawTable(
            "accounts",
            (
                _ACCOUNT,
                _c("signed_up_at", "timestamp"),
                _c("product", "text"),
                _c("territory", "text"),
                _c("country", "text"),
                _c("industry", "text"),
                _c("employee_range", "text"),
                _c("channel", "text"),
                _c("birth_date", "timestamp"),
                _c("gender", "text"),
                _RECORDED,
            ),
            ("account_id",),
            None,
            "Who the accounts are; attributes are undated and taken as they are now.",
        ),
        RawTable(
            "subscriptions",
            (
                _ACCOUNT,
                _c("plan", "text", is_required=True),
                _c("started_at", "timestamp", is_required=True),
                _c("subscription_id", "text"),
                _c("ended_at", "timestamp", known_at="ended_at"),
                _c("mrr", "money", minimum=0),
                _c("seats", "number", minimum=0),
                _c("is_trial", "boolean"),
                _RECORDED,
            ),
            (),
            "started_at",
            "Which plan an account held, from when until when.",
        ),
        RawTable(
            "orders",
            (
                _ACCOUNT,
                _c("ordered_at", "timestamp", is_required=True),
                _c("amount", "money", is_required=True),
                _c("order_id", "text"),
                _c("line_id", "text"),
                _c("quantity", "number"),
                _c("currency", "text"),
                _c("product", "text"),
                _c("category", "text"),
                _c("channel", "text"),
                _c("discount", "money"),
                _c("cost", "money"),
                _RECORDED,
            ),
            (),
            "ordered_at",
            "What accounts bought: orders or order lines; refunds are negative.",
        ),
        RawTable(
            "usage",
            (
                _ACCOUNT,
                _c("used_at", "timestamp", is_required=True),
                _c("metric", "text", is_required=True),
                _c("value", "number", is_required=True, minimum=0),
                _RECORDED,
            ),
            (),
            "used_at",
            "How much accounts used, by metric, day or month; long, so that any metric fits.",
        ),
        RawTable(
            "support_cases",
            (
                _c("case_id", "text", is_required=True),
                _ACCOUNT,
                _c("opened_at", "timestamp", is_required=True),
                _c("closed_at", "timestamp", known_at="closed_at"),
                _c("kind", "text"),
                _c("satisfaction", "number", known_at="closed_at"),
                _RECORDED,
            ),
            ("case_id",),
            "opened_at",
            "What accounts asked support for.",
        ),
        RawTable(
            "web_sessions",
            (
                _c("session_id", "text", is_required=True),
                _c("account_id", "text"),
                _c("visitor_id", "text"),
                _c("started_at", "timestamp", is_required=True),
                _c("source", "text"),
                _c("medium", "text"),
                _c("n_pageviews", "integer", minimum=0),
                _c("duration", "number", minimum=0),
                _c("converted", "boolean", known_at="converted_at"),  # without that column: known when the visit is
                _c("converted_at", "timestamp", known_at="converted_at"),
                _RECORDED,
            ),
            ("session_id",),
            "started_at",
            "Visits to the web site; those without an account are kept and counted, not joined.",
        ),
        RawTable(
            "feedback",
            (
                _c("feedback_id", "text", is_required=True),
                _ACCOUNT,
                _c("given_at", "timestamp", is_required=True),
                _c("rating", "number"),
                _c("text", "text"),
                _RECORDED,
            ),
            ("feedback_id",),
            "given_at",
            "What accounts said.",
        ),
        RawTable(
            "campaigns",
            (
                _c("campaign_id", "text", is_required=True),
                _c("started_at", "timestamp", is_required=True),
                _c("name", "text"),
                _c("channel", "text"),
                _c("ended_at", "timestamp"),
                _c("budget", "money", minimum=0),
                _RECORDED,
            ),
            ("campaign_id",),
            "started_at",
            "Marketing campaigns.",
        ),
        RawTable(
            "campaign_contacts",
            (
                _c("campaign_id", "text", is_required=True),
                _ACCOUNT,
                _c("contacted_at", "timestamp", is_required=True),
                _c("offer", "text"),
                _c("cost", "money", minimum=0),
                _c("is_control", "boolean"),
                _c("responded_at", "timestamp", known_at="responded_at"),
                _c("revenue", "money", known_at="responded_at"),
                _RECORDED,
            ),
            (),
            "contacted_at",
            "Who was contacted (or held back as a control), and what came of it.",
        ),
        RawTable(
            "account_snapshots",
            (_ACCOUNT, _c("as_of_date", "timestamp"), _RECORDED),
            ("account_id", "as_of_date"),
            "as_of_date",
            "The flat table that many teams already have: ready-made features and label columns, one row per account (and date).",
        ),
    )
}
