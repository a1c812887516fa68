"""What happens, or becomes known, from a date on changes no feature of a snapshot at or before that date.

The project is compiled once; each example builds the features twice, without and with a different future.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from project import CompiledProject

pytestmark = pytest.mark.slow

TODAY = datetime(2025, 4, 1)
FIRST = datetime(2024, 1, 1)
ACCOUNTS = ("a", "b")
Tables = dict[str, list[dict[str, Any]]]

SUMMARIES = ("fct_purchase_summaries", "fct_rfm_scores", "fct_account_states")  # marts at snapshots beside the features

accounts = st.sampled_from(ACCOUNTS)
amounts = st.integers(1, 50)
# Many moments are exactly on a cutoff or a day: that is where a wrong boundary shows.
past = st.integers(0, 455).map(lambda day: FIRST + timedelta(days=day)) | st.sampled_from([datetime(2025, 3, 1), datetime(2025, 2, 1)])
future = st.integers(0, 90).map(lambda day: TODAY + timedelta(days=day)) | st.just(TODAY)
arrivals = st.none() | st.integers(0, 120)


def rows_of(table: str, happened_at: datetime, account: str, amount: int, number: int) -> dict[str, Any]:
    """Make one row of a table that happened at a moment."""
    return {
        "subscriptions": {"subscription_id": f"s{number}", "plan": f"P{1 + amount % 3}", "started_at": happened_at, "seats": amount},
        "orders": {"ordered_at": happened_at, "amount": amount - 10, "order_id": f"o{number}"},
        "usage": {"used_at": happened_at, "metric": ("users", "load", "peak")[amount % 3], "value": amount},
        "support_cases": {"case_id": f"c{number}", "opened_at": happened_at, "satisfaction": amount % 5},
        "web_sessions": {"session_id": f"w{number}", "started_at": happened_at, "n_pageviews": amount, "converted": amount % 2 < 1 or None},
        "feedback": {"feedback_id": f"f{number}", "given_at": happened_at, "rating": amount % 5},
        "campaign_contacts": {"campaign_id": f"k{number}", "contacted_at": happened_at, "is_control": amount % 4 == 0},
        "account_snapshots": {"as_of_date": happened_at.replace(day=1), "n_friends": amount},
    }[table] | {"account_id": account}  # fmt: skip


TABLES = ("subscriptions", "orders", "usage", "support_cases", "web_sessions", "feedback", "campaign_contacts", "account_snapshots")
CLOSINGS = {"subscriptions": "ended_at", "support_cases": "closed_at", "campaign_contacts": "responded_at", "web_sessions": "converted_at"}
events = st.tuples(st.sampled_from(TABLES), past, accounts, amounts, arrivals)
changes = st.lists(
    st.tuples(st.just("add"), st.sampled_from(TABLES), future, accounts, amounts)
    | st.tuples(st.just("add_late"), st.sampled_from(TABLES), past, accounts, amounts)
    | st.tuples(st.just("close"), st.sampled_from(sorted(CLOSINGS)), future, accounts, amounts)
    | st.tuples(st.just("delay"), st.sampled_from(TABLES), future, accounts, amounts)
    | st.tuples(st.just("duplicate"), st.sampled_from(TABLES), future, accounts, amounts),
    min_size=1,
    max_size=12,
)


def known_at(row: dict[str, Any]) -> datetime:
    happened = next(
        row[name] for name in ("started_at", "ordered_at", "used_at", "opened_at", "given_at", "contacted_at", "as_of_date") if name in row
    )
    return max(happened, row.get("recorded_at") or happened)


def make_company(chosen: list[tuple[str, datetime, str, int, int | None]]) -> Tables:
    """Make raw rows: two accounts with some usage each month and what was drawn."""
    tables: Tables = {name: [] for name in TABLES}
    tables["accounts"] = [{"account_id": name, "signed_up_at": FIRST, "segment": "x"} for name in ACCOUNTS]
    for month in range(15):
        moment = FIRST + timedelta(days=30 * month)
        tables["usage"].append(rows_of("usage", moment, ACCOUNTS[month % 2], 3 * month, month))
    tables["subscriptions"].append(rows_of("subscriptions", FIRST, "a", 3, -1))
    for number, (table, moment, account, amount, days_late) in enumerate(chosen):
        row = rows_of(table, moment, account, amount, number)
        if days_late is not None:
            row["recorded_at"] = moment + timedelta(days=days_late)
        tables[table].append(row)
    return drop_repeated_keys(tables)


def drop_repeated_keys(tables: Tables) -> Tables:
    """Keep one row per declared key of usage and snapshots: a correction of the past is another matter than a new event."""
    for name, key in (("usage", ("account_id", "used_at", "metric")), ("account_snapshots", ("account_id", "as_of_date"))):
        first: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in tables[name]:
            first.setdefault(tuple(row[column] for column in key), row)
        tables[name] = list(first.values())
    return tables


def change_future(tables: Tables, drawn: list[tuple[str, str, datetime, str, int]]) -> Tables:
    """Apply changes that nobody could know of before TODAY."""
    changed = {name: [dict(row) for row in rows] for name, rows in tables.items()}
    for number, (what, table, moment, account, amount) in enumerate(drawn, 1000):
        rows = changed[table]
        unknown = [row for row in rows if known_at(row) >= TODAY]
        if what == "add":
            rows.append(rows_of(table, moment, account, amount, number))
        elif what == "add_late":
            rows.append(rows_of(table, moment, account, amount, number) | {"recorded_at": TODAY + timedelta(days=amount - 1)})
        elif what == "close":
            for row in rows:
                if row["account_id"] == account and row.get(CLOSINGS[table]) is None and not row.get("converted"):
                    row[CLOSINGS[table]] = moment
        elif what == "delay" and unknown:
            unknown[amount % len(unknown)]["recorded_at"] = moment + timedelta(days=amount)
        elif what == "duplicate" and unknown:
            rows.append(dict(unknown[amount % len(unknown)]))
    return drop_repeated_keys(changed)


def features_until_today(project: CompiledProject, tables: Tables) -> dict[str, list[tuple[Any, ...]]]:
    with project.build(tables, also=SUMMARIES) as connection:
        names = [name for name, (schema, _, _) in project.models.items() if schema == "features"]
        names = [f"features.{name}" for name in names] + ["intermediate.int_accounts__spine", "intermediate.int_excluded_accounts"]
        names += [f"marts.{name}" for name in SUMMARIES]
        query = "select * from {} where as_of_date <= date '2025-04-01' order by account_id, as_of_date"
        return {name: connection.execute(query.format(name)).fetchall() for name in names}


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large))
@given(chosen=st.lists(events, min_size=5, max_size=40), drawn=changes)
def test_the_future_changes_no_feature_of_the_past(compiled: CompiledProject, chosen: Any, drawn: Any) -> None:
    tables = make_company(chosen)
    assert features_until_today(compiled, change_future(tables, drawn)) == features_until_today(compiled, tables)


@pytest.mark.parametrize(
    ("model", "boundary", "change"),
    [
        ("feat_accounts__web", "web_sessions.known_at < spine.as_of_at", ("add", "web_sessions", TODAY, "a", 5)),
        ("feat_accounts__rfm", "purchases.known_at < spine.as_of_at", ("add_late", "orders", datetime(2025, 3, 5), "a", 30)),
        ("int_purchases__at_snapshots", "days.known_on < spine.as_of_at", ("add_late", "orders", datetime(2025, 3, 5), "a", 30)),
        ("feat_accounts__support", "cases.closing_known_at < spine.as_of_at", ("close", "support_cases", TODAY, "a", 1)),
        ("feat_accounts__web", "web_sessions.conversion_known_at < spine.as_of_at", ("close", "web_sessions", TODAY, "a", 1)),
        ("int_usage__versions", "n_months_late <= 0", ("add_late", "usage", datetime(2025, 3, 5), "a", 30)),
    ],
)
def test_a_model_without_its_boundary_is_caught(compiled: CompiledProject, model: str, boundary: str, change: Any) -> None:
    leaking = compiled.replaced(model, boundary, "true")
    tables = make_company([(table, datetime(2025, 3, 3), "a", 5, None) for table in ("support_cases", "web_sessions")])
    later = change_future(tables, [change])
    assert features_until_today(leaking, later) != features_until_today(leaking, tables)
    assert features_until_today(compiled, later) == features_until_today(compiled, tables)


def test_an_order_that_is_booked_late_is_in_the_value_that_came_and_in_no_summary_before(compiled: CompiledProject) -> None:
    tables = make_company([("orders", datetime(2025, 2, 20), "b", 30, None)])
    late = change_future(tables, [("add_late", "orders", datetime(2025, 3, 20), "b", 30)])
    query = "select y_worth_30d, n_worth_30d from labels.lbl_accounts__value where account_id = 'b' and as_of_date = date '2025-03-01'"
    # Account b has no subscription, so that its value comes from orders alone: 30 - 10 each.
    for rows, expected in ((tables, (0.0, 0.0)), (late, (20.0, 1.0))):
        with compiled.build(rows, "labels", also=SUMMARIES) as connection:
            assert connection.execute(query).fetchall() == [expected]
    assert features_until_today(compiled, late) == features_until_today(compiled, tables)


@pytest.mark.parametrize(
    ("late", "before", "after"),
    [
        # The end of the subscription happens in March and is booked in June; the order of March arrives in June.
        (("close", "subscriptions", datetime(2025, 3, 20), "a", 1), {"y_churn_30d": 0}, {"y_churn_30d": 1}),
        (("add_late", "orders", datetime(2025, 3, 20), "a", 30), {"y_silence_30d": 1}, {"y_silence_30d": 0}),
    ],
)
def test_labels_that_arrive_late_change_no_feature_and_wait_for_the_end_of_their_window(
    compiled: CompiledProject, late: Any, before: dict[str, int], after: dict[str, int]
) -> None:
    tables = make_company([("web_sessions", datetime(2025, 2, 20), "a", 4, None)])
    changed = change_future(tables, [late])
    assert features_known_on(compiled, changed, "2025-03-01") == features_known_on(compiled, tables, "2025-03-01")
    for rows, expected in ((tables, before), (changed, after)):
        with compiled.build(rows, "labels") as connection:
            found = connection.execute(
                "select * from labels.lbl_accounts__churn where account_id = 'a' and as_of_date >= date '2025-03-01' order by as_of_date"
            ).df()
        first, last = found.iloc[0], found.iloc[-1]
        assert {name: first[name] for name in expected} == expected
        assert last[["y_churn_30d", "y_silence_30d"]].isna().all(), "the window of the last snapshot ends after the data"


def features_known_on(project: CompiledProject, tables: Tables, day: str) -> dict[str, list[tuple[Any, ...]]]:
    """All features, and the spine, of the snapshots up to a day."""
    with project.build(tables) as connection:
        names = [f"features.{name}" for name, (schema, _, _) in project.models.items() if schema == "features"]
        query = "select * from {} where as_of_date <= cast('{}' as date) order by account_id, as_of_date"
        return {name: connection.execute(query.format(name, day)).fetchall() for name in (*names, "intermediate.int_accounts__spine")}


def test_a_boundary_that_lets_the_cutoff_in_is_caught(compiled: CompiledProject) -> None:
    leaking = compiled.replaced("feat_accounts__web", "web_sessions.known_at < spine.as_of_at", "web_sessions.known_at <= spine.as_of_at")
    tables = make_company([])
    later = change_future(tables, [("add", "web_sessions", TODAY, "a", 5)])
    assert features_until_today(leaking, later) != features_until_today(leaking, tables)
