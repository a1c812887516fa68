"""Cutoffs: which there are, which is the newest, and that only the newest may promote and publish."""

import json
from datetime import date

import pytest
from dagster import AssetKey, AssetMaterialization, DagsterInstance

from assets.partitions import (
    cutoffs_name,
    is_newest_cutoff,
    monthly_cutoffs,
    newest_cutoff,
    recent_cutoffs,
    register_cutoff,
    register_cutoffs,
)


def write_load(company, until: str | None, data_hash: str = "abc") -> None:
    company.paths.root.mkdir(parents=True, exist_ok=True)
    load = {"tables": [], "observed_from": until and "2024-01-01", "observed_until": until, "data_hash": data_hash, "warnings": []}
    (company.paths.root / "raw_load.json").write_text(json.dumps(load), encoding="utf-8")


def test_the_config_says_where_the_data_end(company):
    assert newest_cutoff(company) == "2026-01-01"


def test_without_a_word_in_the_config_the_last_load_says_it(open_tiny):
    company = open_tiny(observed_until=None)
    assert newest_cutoff(company) is None
    write_load(company, "2025-11-18")
    assert newest_cutoff(company) == "2025-11-18"


def test_undated_data_have_one_cutoff(open_tiny):
    company = open_tiny(observed_until=None, snapshots={"is_undated": True}, targets=[])
    assert newest_cutoff(company) == "undated"
    assert is_newest_cutoff(company, "undated")


@pytest.mark.parametrize(("cutoff", "is_newest"), [("2025-12-01", False), ("2026-01-01", True), ("2025-12-31", False)])
def test_only_the_month_in_which_the_data_end_is_newest(company, cutoff, is_newest):
    assert is_newest_cutoff(company, cutoff) is is_newest


def test_a_load_that_adds_days_of_the_same_month_leaves_the_run_newest(open_tiny):
    company = open_tiny(observed_until=None)
    write_load(company, "2025-11-25")
    assert is_newest_cutoff(company, "2025-11-18")
    assert not is_newest_cutoff(company, "2025-10-31")


def test_going_back_within_the_month_does_not_take_the_place_of_a_later_cutoff(open_tiny):
    company = open_tiny(observed_until=None)
    write_load(company, "2026-01-15")
    (company.paths.reports / "2026-01-15").mkdir(parents=True)
    assert is_newest_cutoff(company, "2026-01-15")
    assert not is_newest_cutoff(company, "2026-01-01")


def test_monthly_cutoffs_are_firsts_of_month_and_the_end():
    assert monthly_cutoffs(date(2025, 11, 15), date(2026, 1, 17)) == ("2025-12-01", "2026-01-01", "2026-01-17")
    assert monthly_cutoffs(date(2025, 12, 1), date(2026, 1, 1)) == ("2025-12-01", "2026-01-01")


def test_a_load_offers_twelve_cutoffs_oldest_first(company):
    keys = recent_cutoffs(company, date(2020, 1, 1))
    assert (len(keys), keys[0], keys[-1]) == (12, "2025-02-01", "2026-01-01")
    assert list(keys) == sorted(keys)


def test_cutoffs_without_history_are_not_offered_but_the_newest_always_is(company):
    assert recent_cutoffs(company, date(2025, 3, 1))[0] >= "2025-09-01"
    assert recent_cutoffs(company, date(2025, 12, 1)) == ("2026-01-01",)


def test_undated_data_offer_their_one_cutoff_and_unloaded_data_none(open_tiny):
    assert recent_cutoffs(open_tiny(observed_until=None, snapshots={"is_undated": True}, targets=[]), None) == ("undated",)
    assert recent_cutoffs(open_tiny(observed_until=None), None) == ()


def test_cutoffs_stand_in_the_order_of_time_whatever_was_added_first(company):
    with DagsterInstance.ephemeral() as instance:
        register_cutoff(instance, company, "2026-01-01")  # a run knows its own cutoff before it loads
        materialised = AssetMaterialization("evaluation", partition="2026-01-01")
        instance.report_runless_asset_event(materialised)
        register_cutoffs(instance, company, recent_cutoffs(company, date(2020, 1, 1)))
        register_cutoff(instance, company, "2025-03-15")
        register_cutoff(instance, company, "2025-03-15")
        found = instance.get_dynamic_partitions(cutoffs_name(company))
        assert list(found) == sorted({*recent_cutoffs(company, date(2020, 1, 1)), "2025-03-15"})
        assert instance.get_materialized_partitions(AssetKey("evaluation")) == {"2026-01-01"}
