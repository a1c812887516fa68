"""The example companies of `config/`, loaded whole: known counts, nothing lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clv_platform.config import load_config
from clv_platform.raw import RawLoad, check_sources, draft_config, load_raw
from clv_platform.settings import PROJECT_ROOT, Settings, company_paths, load_settings
from clv_platform.warehouse import open_warehouse

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings({**os.environ, "CLV_DATA_DIR": str(tmp_path_factory.mktemp("data")), "CLV_THREADS": "1"})


def loaded(name: str, settings: Settings) -> RawLoad:
    config = load_config(PROJECT_ROOT / "config" / f"{name}.yaml", settings)
    return load_raw(config, company_paths(settings, config.name), settings)


def rows(name: str, settings: Settings, sql: str) -> list[tuple]:
    with open_warehouse(company_paths(settings, name).warehouse, settings, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def counts(load: RawLoad) -> dict[str, tuple[int, int, int, int]]:
    return {table.name: (table.n_read, table.n_accepted, table.n_rejected, table.n_excluded) for table in load.tables}


def test_telco_keeps_all_rows_and_eleven_blank_charges_are_null(settings):
    assert counts(loaded("telco", settings)) == {"accounts": (7043, 7043, 0, 0), "account_snapshots": (7043, 7043, 0, 0)}
    assert rows(
        "telco", settings, "select count(*) - count(TotalCharges), count(*) filter (where Churn = 'Yes') from raw.account_snapshots"
    ) == [(11, 1869)]
    assert rows(
        "telco", settings, "select typeof(TotalCharges), typeof(SeniorCitizen), typeof(Churn) from raw.account_snapshots limit 1"
    ) == [("DOUBLE", "BOOLEAN", "VARCHAR")]


def test_freemium_keeps_all_rows_and_its_labels(settings):
    assert counts(loaded("freemium", settings)) == {"accounts": (41540, 41540, 0, 0), "account_snapshots": (41540, 41540, 0, 0)}
    assert rows("freemium", settings, "select count(*) filter (where adopter = '1') from raw.account_snapshots") == [(1540,)]


def test_cdnow_keeps_every_purchase_of_every_customer(settings):
    assert counts(loaded("cdnow", settings)) == {"accounts": (23570, 23570, 0, 0), "orders": (69659, 69659, 0, 0)}
    assert rows("cdnow", settings, "select min(account_id), count(*) filter (where amount = 0) from raw.orders") == [("00001", 80)]
    assert counts(loaded("cdnow_sample", settings))["accounts"] == (2357, 2357, 0, 0)


def test_complete_journey_is_a_row_per_basket_within_the_year_of_the_shops(settings):
    load = loaded("complete_journey", settings)
    assert {name: n_read for name, (n_read, *_) in counts(load).items()} == {
        "accounts": 2469, "orders": 155848, "campaigns": 27, "campaign_contacts": 6589
    }  # fmt: skip
    assert all((rejected, excluded) == (0, 0) for _, _, rejected, excluded in counts(load).values())
    total = "select round(sum(amount), 2)::double, min(ordered_at)::date::varchar, max(ordered_at)::date::varchar from raw.orders"
    assert rows("complete_journey", settings, total) == [(4596039.58, "2017-01-01", "2017-12-31")]
    assert rows("complete_journey", settings, "select count(age), count(home_ownership) from raw.accounts") == [(801, 568)]


def test_online_retail_accounts_for_every_line(settings):
    load = loaded("online_retail", settings)
    assert counts(load) == {"accounts": (5878, 5878, 0, 0), "orders": (1044847, 791044, 0, 253803)}
    assert rows("online_retail", settings, "select round(sum(amount)), count(distinct account_id) from raw.orders") == [(17431533, 5878)]
    assert rows("online_retail", settings, "select rule, count(*) from raw.excluded_rows group by 1 order by 1") == [
        ("cancellation", 18446),
        ("price_not_positive", 70),
        ("without_customer", 235287),
    ]
    assert str(load.observed_until) == "2011-12-10"


def test_ravenstack_loads_all_its_tables(settings):
    assert counts(loaded("ravenstack", settings)) == {
        "accounts": (500, 500, 0, 0),
        "subscriptions": (5000, 5000, 0, 0),
        "usage": (75000, 75000, 0, 0),
        "support_cases": (2000, 2000, 0, 0),
    }


@pytest.mark.parametrize(("folder", "n_accounts"), [("ravenstack_saas", 500), ("telco_churn_ibm", 7043), ("freemium_upgrade", 41540)])
def test_drafted_config_of_a_real_folder_loads_every_account(settings, tmp_path: Path, folder, n_accounts):
    path = tmp_path / "drafted.yaml"
    path.write_text(draft_config(settings.sample_data / folder), encoding="utf-8")
    check = check_sources(load_config(path, settings), settings)
    assert check.load.tables[0].n_accepted == n_accounts
    assert check.is_good
