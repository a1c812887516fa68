"""What reviewers said, as a raw table: the contract between the review store, the warehouse and dbt.

Here: columns of `raw.review_feedback` in their order, the words it may use, and how the outcomes of a target are called before people. No
source of the config fills it: it is no table of the user's. Add a column here, in `review.feedback.records` and in
`stg_raw__review_feedback`. Keep storing out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from clv_platform.contracts.raw_tables import Column, RawTable

Scope = Literal["frame", "slice", "row"]
Verdict = Literal["wrong", "right", "look"]
State = Literal["open", "taken_up", "closed"]
SCOPES: tuple[str, ...] = get_args(Scope)
VERDICTS: tuple[str, ...] = get_args(Verdict)
STATES: tuple[str, ...] = get_args(State)

OUTCOMES: Mapping[str, tuple[str, str]] = {"upgrade": ("didn't upgrade", "upgraded"), "churn": ("stayed", "left")}
"""How the outcomes 0 and 1 of a kind of target are called: in published frames, and so in the corrections that reviewers propose."""

NAMED_BY_REVIEWERS = "marked as wrong"
"""What stands as the column of groups that reviewers named, in `slices.parquet`."""

REVIEW_FEEDBACK = RawTable(
    "review_feedback",
    (
        Column("feedback_id", "text", is_required=True),
        Column("edition", "integer", is_required=True),
        Column("frame", "text", is_required=True),
        Column("version", "integer", is_required=True),
        Column("scope", "text", is_required=True),
        Column("filters", "text"),
        Column("account_id", "text"),
        Column("as_of_date", "text"),  # as the frame shows it
        Column("row_number", "integer"),
        Column("target", "text"),
        Column("model_id", "text"),
        Column("verdict", "text"),
        Column("comment", "text"),
        Column("corrected_label", "text", known_at="taken_up_at"),
        Column("author", "text", is_required=True),
        Column("state", "text", is_required=True),
        Column("answer", "text"),
        Column("created_at", "timestamp", is_required=True),
        Column("edited_at", "timestamp", is_required=True),
        Column("edited_by", "text"),
        Column("taken_up_at", "timestamp"),
    ),
    ("feedback_id",),
    "created_at",
    "What reviewers said in the review app: one row per piece of feedback in its newest edition. Empty when nobody has said anything.",
)
