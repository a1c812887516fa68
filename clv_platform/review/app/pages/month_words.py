"""How columns and groupings of the monthly tables are called before people."""

from __future__ import annotations

GROUPINGS = {"segment": "segment", "value_tier": "value tier", "lifecycle_stage": "stage of life", "rfm_segment": "buying pattern"}
LABELS = {
    "account_id": "account",
    "value_tier": "value tier",
    "lifecycle_stage": "stage of life",
    "employee_range": "employees",
    "expected_value": "expected value",
    "churn_score": "chance of leaving",
    "upgrade_score": "chance of an upgrade",
    "expected_loss": "expected loss",
    "score_rank": "rank",
    "score": "chance",
    "reasons": "why",
    "reasons_up": "what speaks for it",
}
