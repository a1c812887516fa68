"""The data report: facts counted in a small warehouse, and what the page says of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from clv_platform.config import CompanyConfig, Target
from clv_platform.raw.checking import find_absent_features
from clv_platform.raw.spelling import count_respelt
from clv_platform.raw.summary import RawLoad, TableLoad
from clv_platform.reports import DataReportInputs, collect_data_facts, data_facts, draw_data_pictures, render_data_report
from clv_platform.reports.drawing import count_axis
from clv_platform.reports.figures import base_rate_over_time
from clv_platform.reports.words import read_base_rate
from clv_platform.settings import Settings
from clv_platform.warehouse import Connection, open_memory

SETTINGS = Settings(Path("config.yaml"), Path("data"), Path("samples"), 1, "500MB", None)
LOAD = RawLoad(
    (TableLoad("accounts", "accounts.csv", 4, 4, 0, 0), TableLoad("usage", "usage.csv", 10, 6, 3, 1)),
    date(2025, 1, 1), date(2025, 4, 1), "0f1e2d3c4b5a", ("usage.csv: no reading in February.",),
)  # fmt: skip


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Connection]:
    with open_memory(SETTINGS) as connection:
        for statement in (
            "create schema raw; create schema intermediate; create schema marts",
            "create table raw.rejected_rows as select * from (values ('usage', 'u.csv', 1, 'value', 'x', 'not a number', 'invalid'), "
            "('usage', 'u.csv', 2, 'value', 'y', 'not a number', 'invalid'), "
            "('usage', 'u.csv', 3, 'account_id', 'Z', 'unknown account', 'orphan')) "
            "t(table_name, source_file, source_row, column_name, value, reason, kind)",
            "create table raw.excluded_rows as select 'usage' as table_name, 4 as source_row, 'test_account' as rule",
            "create table raw.subscriptions as select 'A' as account_id, timestamp '2025-01-05' as started_at",
            "create table raw.usage as select * from (values ('A', timestamp '2025-01-05'), ('B', timestamp '2025-01-09'), "
            "('A', timestamp '2025-03-02')) t(account_id, used_at)",
            "create table raw.support_cases as select 'A' as account_id, timestamp '2025-01-05' as opened_at",
            "create table intermediate.int_excluded_accounts as select date '2025-03-01' as as_of_date, 'too new' as reason",
            "create table intermediate.int_accounts__spine as select unnest(['A', 'B', 'C']), date '2025-03-01' as as_of_date",
            "create table marts.fct_row_conservation as select 'usage' as table_name, 1 as n_duplicates, 2 as n_late, 3 as n_used "
            "union all select 'accounts', 0, 0, 4",
            "create table marts.fct_upgrade_examples as select * from (values ('A', date '2025-03-01', true, 'T1', 'f', 10.0, 1), "
            "('B', date '2025-03-01', true, 'T1', 'm', 30.0, 0), ('C', date '2025-03-01', true, null, 'm', null, 0), "
            "('A', date '2025-04-01', true, 'T2', 'f', 20.0, null)) "
            "t(account_id, as_of_date, is_eligible, territory, gender, tenure_days, y_upgrade_90d)",
        ):
            connection.execute(statement)
        yield connection


@pytest.fixture(scope="module")
def facts(warehouse: Connection, config: CompanyConfig) -> DataReportInputs:
    return collect_data_facts(warehouse, config, LOAD)


@pytest.fixture(scope="module")
def html(facts: DataReportInputs) -> str:
    return unescape(render_data_report(facts))


def _feature(facts: DataReportInputs, name: str) -> dict:
    return facts.features.set_index("name").loc[name].to_dict()


def test_features_are_described_by_hand_checked_figures(facts: DataReportInputs) -> None:
    tenure = _feature(facts, "tenure_days")
    assert (tenure["n"], tenure["n_missing"], tenure["mean"], tenure["median"]) == (4, 1, 20.0, 20.0)
    assert (tenure["lowest"], tenure["highest"]) == (pytest.approx(11.0), pytest.approx(29.0))
    territory = _feature(facts, "territory")
    assert (territory["n_missing"], territory["top_level"], territory["top_share"]) == (1, "T1", pytest.approx(2 / 3))


def test_rows_later_than_the_end_of_the_data_are_no_used_ones(facts: DataReportInputs, html: str) -> None:
    assert facts.tables.set_index("table_name").loc[["usage"], ["n_duplicates", "n_late", "n_used"]].to_numpy().tolist() == [[1, 2, 3]]
    assert "later than the data's end" in html
    assert "7 of 14 rows read are used" in html


def test_private_features_are_named_without_figures(facts: DataReportInputs, html: str) -> None:
    gender = _feature(facts, "gender")
    assert gender["is_private"]
    assert pd.isna(gender["top_level"])
    assert "m (50" not in html


def test_immature_labels_do_not_count_in_the_base_rate(facts: DataReportInputs) -> None:
    assert facts.base_rates[["n", "n_positive"]].to_numpy().tolist() == [[3, 1]]


def test_a_month_of_two_accounts_is_no_extreme_of_the_base_rate() -> None:
    rates = pd.DataFrame(
        {"as_of_date": pd.date_range("2024-02-01", periods=4, freq="MS"), "n": [2, 33, 54, 90], "n_positive": [2, 1, 3, 9]}
    )
    said = read_base_rate(rates).replace("\u00a0", " ")
    assert said == (
        "Between 3.0 % (March 2024) and 10 % (May 2024) of the accounts are positive. Left out, with fewer than 30 accounts: 1 month."
    )
    assert base_rate_over_time(rates) == base_rate_over_time(rates.tail(3))
    few = read_base_rate(rates.assign(n=[2, 10, 10, 10])).replace("\u00a0", " ")
    assert few == "Between 10 % (March 2024) and 100 % (February 2024) of the accounts are positive."


def test_base_rates_are_those_of_the_rows_that_a_target_is_asked_of(config: CompanyConfig) -> None:
    targets = (
        Target(name="silent", kind="churn", churn_means="silent", activity=("usage",)),
        Target(name="gone", kind="churn", as_of_dates=(date(2025, 4, 1),)),
    )
    with open_memory(SETTINGS) as connection:
        connection.execute(
            "create schema marts; create table marts.fct_churn_examples as select * from (values "
            "('A', date '2025-03-01', true, true, 1, 0), ('B', date '2025-03-01', true, false, 1, 1), "
            "('A', date '2025-04-01', true, true, 0, 1)) "
            "t(account_id, as_of_date, is_eligible, is_eligible_silent, y_silent_90d, y_gone_90d)"
        )
        rates = data_facts._base_rates(connection, config.model_copy(update={"targets": targets}))
    found = [(row.target, f"{row.as_of_date:%Y-%m-%d}", row.n, row.n_positive) for row in rates.itertuples()]
    assert found == [("gone", "2025-04-01", 1, 1), ("silent", "2025-03-01", 1, 1), ("silent", "2025-04-01", 1, 0)]


def test_rows_lost_are_explained_by_reason(facts: DataReportInputs, html: str) -> None:
    assert facts.rejects["n"].tolist() == [2, 1]
    for words in ("not a number", "unknown account", "account not in accounts", "test account", "rule of the config"):
        assert words in html
    assert "7 of 14 rows read are used (50.0\u00a0%), from 2 tables" in html
    assert "No row is lost" in html


def test_rows_that_do_not_add_up_are_said_at_the_top(facts: DataReportInputs) -> None:
    html = render_data_report(replace(facts, tables=facts.tables.assign(n_read=99)))
    assert "Rows don't add up" in unescape(html)
    assert "No row is lost" not in html


def test_empty_months_are_named(html: str) -> None:
    assert "3 rows from January 2025 to March 2025; no row at all in February 2025." in html


def test_accounts_left_out_are_counted_by_snapshot_and_reason(html: str) -> None:
    cells = re.search(r'<th scope="row">2025-03-01</th>(.*?)</tr>', html, re.DOTALL)
    assert cells is not None
    assert re.findall(r">([^<]+)</td>", cells[1]) == ["3", "1"]


def test_absent_tables_say_what_they_cost(html: str) -> None:
    assert "<strong>orders</strong>: No purchases" in html
    assert "<strong>usage</strong>" not in html


def test_columns_without_a_value_are_left_out_and_said_as_by_the_check(config: CompanyConfig) -> None:
    config = config.model_copy(update={"sources": {**config.sources, "subscriptions": config.sources["accounts"]}})
    with open_memory(SETTINGS) as connection:
        for statement in (
            "create schema raw; create schema marts",
            "create table raw.subscriptions as select 'A' as account_id, null::int as seats, null::boolean as is_trial, 9.5 as mrr",
            "create table marts.fct_account_features as select 'A' as account_id, 9.5 as mrr, null::int as seats, false as is_trial",
        ):
            connection.execute(statement)
        absent = find_absent_features(connection, config)
        features, _ = data_facts._summarise_features(connection, config, {"seats", "is_trial"})
    assert absent == {"subscriptions.seats": ("seats",), "subscriptions.is_trial": ("is_trial",)}
    assert features["name"].tolist() == ["mrr"]
    page = unescape(render_data_report(DataReportInputs(config, features=features, absent_features=absent)))
    assert "<strong>seats of subscriptions</strong>: Not given or empty, so left out: seats." in page
    assert "Billing: 1 features" not in page


def test_plans_that_staging_spells_otherwise_are_counted(config: CompanyConfig) -> None:
    with open_memory(SETTINGS) as connection:
        connection.execute("create schema raw; create table raw.subscriptions as select unnest(['P1', 'p1', 'p1', 'P 2', null]) as plan")
        found = pd.DataFrame(count_respelt(connection, config))
    assert found[["given", "used", "n"]].to_numpy().tolist() == [["p1", "P1", 2]]
    page = unescape(render_data_report(DataReportInputs(config, respelt=found)))
    assert "Respelt: other spellings of the same name" in page
    assert "Respelt" not in render_data_report(DataReportInputs(config))


def test_page_names_no_address_outside_itself_and_is_the_same_twice(facts: DataReportInputs) -> None:
    page = render_data_report(facts)
    assert "://" not in page
    assert page == render_data_report(facts)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_company_without_target_and_marts_still_has_a_report(config: CompanyConfig) -> None:
    bare = config.model_copy(update={"targets": ()})
    html = unescape(render_data_report(DataReportInputs(bare)))
    assert "No row has been read yet." in html


def test_hostile_reasons_are_shown_as_text(facts: DataReportInputs) -> None:
    rejects = facts.rejects.assign(reason="<script>alert(1)</script>")
    assert "<script" not in render_data_report(replace(facts, rejects=rejects))


def test_the_rows_behind_the_features_are_named_and_told_from_those_of_the_exploration(facts: DataReportInputs, html: str) -> None:
    assert "of fct_upgrade_examples: every account at each date on which it could upgrade." in html
    assert "The exploration describes each account once" in html
    undated = facts.config.snapshots.model_copy(update={"is_undated": True})
    flat = replace(facts, config=facts.config.model_copy(update={"snapshots": undated}))
    assert "The exploration describes" not in render_data_report(flat)


def test_large_marts_are_summarised_on_whole_accounts(
    warehouse: Connection, config: CompanyConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_facts, "MAX_SUMMARISED_ROWS", 2)
    facts = collect_data_facts(warehouse, config, LOAD)
    assert facts.feature_rows == (
        "one account in 2 of the 4 rows of fct_upgrade_examples: every account at each date on which it could upgrade"
    )
    taken = warehouse.execute("select count(*) from marts.fct_upgrade_examples where hash(account_id) % 2 = 0").fetchone()
    assert taken is not None
    assert _feature(facts, "territory")["n"] == taken[0]


def test_pictures_for_the_ui_are_png(facts: DataReportInputs) -> None:
    pictures = draw_data_pictures(facts)
    assert set(pictures) == {"activity_subscriptions", "activity_usage", "activity_support_cases", "base_rate_upgrade"}
    assert all(picture.startswith(b"\x89PNG") for picture in pictures.values())


@pytest.mark.parametrize("most", [1, 2, 7, 40_000])
def test_an_axis_of_counts_names_no_number_twice(most: int) -> None:
    figure = Figure(figsize=(6, 2.3))
    axes = figure.subplots()
    axes.bar([0, 1], [0, most])
    count_axis(axes.yaxis)
    figure.draw_without_rendering()
    ticks = [tick.get_text() for tick in axes.yaxis.get_ticklabels()]
    assert "0" in ticks
    assert len(ticks) == len(set(ticks)) >= 2
