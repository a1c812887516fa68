"""The wide marts against the catalogue, and known answers through all layers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from project import CompiledProject

from clv_platform.contracts.features import build_feature_catalogue

pytestmark = pytest.mark.slow

SQL_TYPES = {"number": "DOUBLE", "boolean": "BOOLEAN", "category": "VARCHAR"}


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict[str, Any]]]:
    return {
        "accounts": [
            {"account_id": "a", "signed_up_at": datetime(2024, 12, 20), "segment": " "},
            {"account_id": "new", "signed_up_at": datetime(2025, 6, 25), "segment": "x"},
        ],
        "subscriptions": [
            {"subscription_id": "s1", "account_id": "a", "plan": "P1", "started_at": datetime(2024, 12, 20), "seats": 2},
            {"subscription_id": "s1", "account_id": "a", "plan": "P1", "started_at": datetime(2024, 12, 20), "seats": 4},
            {"subscription_id": "s2", "account_id": "a", "plan": "P2", "started_at": datetime(2025, 5, 1), "seats": 1},
        ],
        "orders": [
            {"account_id": "a", "ordered_at": datetime(2025, 1, 5), "amount": 7, "order_id": "o"},
            {"account_id": "a", "ordered_at": datetime(2025, 1, 5), "amount": 7, "order_id": "o"},
        ],
        "web_sessions": [{"session_id": "w", "started_at": datetime(2025, 6, 30)}, {"session_id": "x", "started_at": datetime(2031, 1, 1)}],
        "usage": [
            {"account_id": "a", "used_at": datetime(2025, 1, 1), "metric": "users", "value": 10},
            {"account_id": "a", "used_at": datetime(2025, 2, 1), "metric": "users", "value": 20},
            {"account_id": "a", "used_at": datetime(2025, 3, 1), "metric": "users", "value": 40, "recorded_at": datetime(2025, 6, 15)},
        ],
    }


@pytest.fixture(scope="module")
def built(compiled: CompiledProject, rows: dict[str, Any]) -> Any:
    with compiled.build(rows, "marts") as connection:
        yield connection


@pytest.mark.parametrize("kind", ["upgrade", "churn", "value"])
def test_columns_are_keys_then_the_catalogue_then_labels(built: Any, compiled: CompiledProject, kind: str) -> None:
    found = [(name, type_) for name, type_, *_ in built.execute(f"describe marts.fct_{kind}_examples").fetchall()]
    features = [(feature.name, SQL_TYPES[feature.type]) for feature in build_feature_catalogue(compiled.config)]
    keys = [("account_id", "VARCHAR"), ("as_of_date", "DATE"), ("is_eligible", "BOOLEAN")]
    labels = {
        "upgrade": [("y_upgrade_30d", "INTEGER")],
        # A subscription can end, an account can fall silent: each target says whom it can be asked of.
        "churn": [
            *(("y_churn_30d", "INTEGER"), ("y_silence_30d", "INTEGER")),
            *(("is_eligible_churn", "BOOLEAN"), ("is_eligible_silence", "BOOLEAN")),
        ],
        "value": [(f"{kind}_worth_{days}d", "DOUBLE") for days in (10, 30) for kind in "yn"],
    }
    assert found == [*keys, *features, *labels[kind]]


def test_one_upgrade_is_seen_in_the_month_before_it_only(built: Any) -> None:
    found = built.execute("select as_of_date, plan, y_upgrade_30d from marts.fct_upgrade_examples order by as_of_date").fetchall()
    assert found == [
        (date(2025, 2, 1), "P1", 0),
        (date(2025, 3, 1), "P1", 0),
        (date(2025, 4, 1), "P1", 0),  # 30 days end on 1 May, exclusive: the rise on that day is outside
        (date(2025, 5, 1), "P1", 1),  # and on the cutoff itself it is inside
        (date(2025, 6, 1), "P2", 0),
        (date(2025, 7, 1), "P2", None),
    ]


def test_a_reading_that_came_months_late_is_seen_from_then_on(built: Any) -> None:
    found = built.execute("select as_of_date, users_sum_12m, users_n_months_12m from marts.fct_upgrade_examples order by 1").fetchall()
    assert [(total, months) for _, total, months in found] == [(10, 1), (30, 2), (30, 2), (30, 2), (30, 2), (70, 3)]


def test_a_month_holds_what_happened_and_when_it_was_complete(built: Any) -> None:
    columns = "month_end_date, known_by_date, n_orders, revenue, users"
    found = built.execute(f"select {columns} from marts.fct_account_months order by 1").fetchall()
    assert found == [
        (date(2025, 2, 1), date(2025, 2, 1), 1, 14.0, 10.0),
        (date(2025, 3, 1), date(2025, 3, 1), 0, 0.0, 20.0),
        (date(2025, 4, 1), date(2025, 7, 1), 0, 0.0, 40.0),  # the reading of March came in June
    ]


def test_equal_lines_of_an_order_without_key_both_count_and_are_one_purchase(built: Any) -> None:
    columns = "as_of_date, frequency, recency_days, T_days, n_purchases, mean_value, total_spend"
    found = built.execute(f"select {columns} from marts.fct_purchase_summaries order by 1").fetchall()
    assert found[0] == (date(2025, 2, 1), 0, 0, 26, 1, 14.0, 14.0)
    assert built.execute("select amount, margin, n_orders from marts.fct_account_days").fetchall() == [(14.0, None, 1)]


def test_value_labels_are_zero_when_nothing_came_and_null_while_a_window_is_open(built: Any) -> None:
    found = built.execute("select as_of_date, y_worth_10d, y_worth_30d, n_worth_30d from marts.fct_value_examples order by 1").fetchall()
    assert found[0] == (date(2025, 2, 1), 0.0, 0.0, 0.0)
    assert found[-2:] == [(date(2025, 6, 1), 0.0, 0.0, 0.0), (date(2025, 7, 1), None, None, None)]


def test_the_last_row_of_a_declared_key_stays_and_rows_without_key_all_do(built: Any) -> None:
    assert built.execute("select distinct seats from marts.fct_upgrade_examples where as_of_date <= date '2025-05-01'").fetchall() == [(4,)]
    assert built.execute("select distinct n_orders, revenue from marts.fct_upgrade_examples").fetchall() == [(1, 14)]
    columns = "table_name, [n_accepted, n_duplicates, n_late, n_used]"
    conserved = dict(built.execute(f"select {columns} from marts.fct_row_conservation").fetchall())
    assert conserved["subscriptions"] == [3, 1, 0, 2]
    assert conserved["orders"] == [2, 0, 0, 2]
    assert conserved["usage"] == [3, 0, 0, 3]
    assert conserved["web_sessions"] == [2, 0, 1, 1]  # the visit of 2031 is later than the data's end


def test_excluded_accounts_are_listed_with_the_reason(built: Any) -> None:
    found = built.execute("select account_id, as_of_date, reason from intermediate.int_excluded_accounts order by 1, 2").fetchall()
    assert found == [("new", date(2025, 7, 1), "known for less than 30 days")]


def test_blank_text_of_a_declared_column_is_null(built: Any) -> None:
    assert built.execute("select distinct account_id, segment from marts.fct_upgrade_examples").fetchall() == [("a", None)]


def test_derived_features_divide_by_nothing_to_null(built: Any) -> None:
    values = built.execute("select users_lag_1m, users_per_seat from marts.fct_upgrade_examples order by as_of_date").fetchall()
    assert values[:3] == [(10, 2.5), (20, 5), (None, None)]
