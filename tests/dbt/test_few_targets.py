"""A company that asks for amounts alone, of nothing but orders: every table must be buildable where most sources and targets are absent."""

from datetime import date, datetime

import pytest
from project import compile_project

from clv_platform.config import CompanyConfig

pytestmark = pytest.mark.slow


def test_orders_and_one_value_target_are_enough_for_every_table(tmp_path):
    config = CompanyConfig.model_validate(
        {
            "name": "shop",
            "title": "A shop",
            "sources": {"orders": {"files": "orders.csv"}, "accounts": {"derive_from": "orders"}},
            "eligibility": {"min_tenure_days": 0},
            "targets": [{"name": "worth", "kind": "value", "horizon_days": 30, "learning_windows": [10]}],
        }
    )
    orders = [{"account_id": "a", "ordered_at": datetime(2025, month, 3), "amount": 10} for month in range(1, 7)]
    said = {"feedback_id": "f1", "target": "worth", "account_id": "a", "scope": "row", "corrected_label": "yes"}
    project = compile_project(config, date(2025, 7, 1), tmp_path)
    with project.build({"orders": orders, "accounts": [{"account_id": "a"}], "review_feedback": [said]}, "marts") as connection:
        assert connection.execute("select distinct account_id from marts.fct_value_examples").fetchall() == [("a",)]
        assert connection.execute("select status, corrected_label from marts.fct_label_corrections").fetchall() == [("other_target", 1)]
