"""Orders as they really come: free, refunded, on the snapshot's own day, all on one day, by the ten thousand, in cents and in millions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from project import CompiledProject

from clv_platform.models.value import PurchaseSummary

pytestmark = pytest.mark.slow

AS_OF = datetime(2025, 5, 1)


def order(account: str, days_before: float, amount: float, **more: Any) -> dict[str, Any]:
    return {"account_id": account, "ordered_at": AS_OF - timedelta(days=days_before), "amount": amount} | more


@pytest.fixture(scope="module")
def built(compiled: CompiledProject) -> Any:
    names = (
        *("free_only", "refunds_only", "refunded_later", "yesterday", "on_the_snapshot", "one_day", "often", "cents", "millions"),
        *("more_back_than_paid", "after_the_end", "never"),
    )
    orders = [
        *(order("free_only", days, 0) for days in (40, 80)),
        *(order("refunds_only", days, -5) for days in (40, 80)),
        order("refunded_later", 40, 10), order("refunded_later", 30, -10),
        order("yesterday", 1, 7),
        order("on_the_snapshot", 0, 7),
        *(order("one_day", 40 - hour / 24, 10, order_id=f"o{hour}") for hour in range(3)),
        *(order("often", 40 + number / 500, 1, order_id=f"x{number}") for number in range(10_000)),
        order("cents", 40, 0.01), order("cents", 30, 0.02),
        order("millions", 40, 1_000_000_000), order("millions", 30, 3_000_000_000),
        order("more_back_than_paid", 40, 10), order("more_back_than_paid", 40, -25),
        order("after_the_end", 40, 10), order("after_the_end", -70, 1_000),
    ]  # fmt: skip
    signed_up = datetime(2024, 6, 1)
    # A visit a month, so that no rule leaves anybody out for being inactive.
    visits = [
        {"session_id": f"{name}{month}", "account_id": name, "started_at": datetime(2025, month, 15)}
        for name in names
        for month in range(1, 7)
    ]
    accounts = [{"account_id": name, "signed_up_at": signed_up, "segment": "x"} for name in names]
    with compiled.build({"accounts": accounts, "orders": orders, "web_sessions": visits}, "marts") as connection:
        yield connection


COLUMNS = "frequency, recency_days, T_days, n_purchases, n_valued, mean_value, total_spend"


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ("free_only", (1, 40, 79, 2, 0, None, 0.0)),
        ("refunded_later", (0, 0, 39, 1, 1, 10.0, 0.0)),
        ("yesterday", (0, 0, 0, 1, 1, 7.0, 7.0)),
        ("one_day", (0, 0, 39, 1, 1, 30.0, 30.0)),
        ("often", (20, 20, 59, 21, 21, 10_000 / 21, 10_000.0)),
        ("cents", (1, 10, 39, 2, 2, 0.015, 0.03)),
        ("millions", (1, 10, 39, 2, 2, 2e9, 4e9)),
        ("more_back_than_paid", (0, 0, 39, 1, 0, None, -15.0)),
        ("after_the_end", (0, 0, 39, 1, 1, 10.0, 10.0)),
    ],
)
def test_summary_of_an_odd_account(built: Any, account: str, expected: tuple[Any, ...]) -> None:
    query = f"select {COLUMNS} from marts.fct_purchase_summaries where account_id = ? and as_of_date = date '2025-05-01'"
    assert built.execute(query, [account]).fetchall() == [pytest.approx(expected)]


def test_who_bought_nothing_before_the_snapshot_is_not_asked_about(built: Any) -> None:
    asked = built.execute("select distinct account_id from marts.fct_value_examples where as_of_date = date '2025-05-01'").fetchall()
    assert {name for (name,) in asked}.isdisjoint({"refunds_only", "on_the_snapshot", "never"})
    later = "account_id = 'on_the_snapshot' and as_of_date > date '2025-05-01'"
    query = f"select y_worth_30d, n_worth_30d from marts.fct_value_examples where {later} order by as_of_date"
    assert built.execute(query).fetchall() == [(0.0, 0.0), (None, None)]


def test_every_summary_can_be_read_by_the_probability_models(built: Any) -> None:
    frame = built.execute("select frequency, recency_days, T_days from marts.fct_purchase_summaries where T_days is not null").df()
    assert len(PurchaseSummary.of(frame["frequency"], frame["recency_days"], frame["T_days"])) == len(frame) > 20


def test_orders_after_the_end_of_the_data_are_in_no_day_and_no_cohort(built: Any) -> None:
    assert built.execute("select sum(amount) from marts.fct_account_days where account_id = 'after_the_end'").fetchall() == [(10.0,)]
    last = "max(cohort_month + to_months(months_since::integer))::date::varchar, bool_and(is_older)"  # all signed up before the first order
    assert built.execute(f"select {last} from marts.fct_cohort_months").fetchall() == [("2025-05-01", True)]


def test_alike_accounts_share_an_rfm_score_and_nobody_else_has_one(built: Any) -> None:
    found = built.execute("select * from marts.fct_rfm_scores where as_of_date = date '2025-05-01'").df().set_index("account_id")
    assert set(found.index) == {
        row[0]
        for row in built.execute("select account_id from marts.fct_purchase_summaries where as_of_date = date '2025-05-01'").fetchall()
    }
    assert found.loc["after_the_end", "frequency_score"] == found.loc["refunded_later", "frequency_score"] == 1
    assert found.loc["yesterday", "recency_score"] == 5
    assert found.loc["often", "rfm_segment"] in {"champions", "loyal"}
    assert found["rfm_segment"].notna().all()


def test_no_number_of_any_mart_is_infinite_or_undefined(built: Any) -> None:
    columns = built.execute(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_schema in ('features', 'labels', 'marts') and data_type in ('DOUBLE', 'FLOAT')"
    ).fetchall()
    assert len(columns) > 100
    for schema, table, column in columns:
        wrong = built.execute(f'select count(*) from {schema}.{table} where not isfinite("{column}")').fetchall()
        assert wrong == [(0,)], f"{table}.{column}"
