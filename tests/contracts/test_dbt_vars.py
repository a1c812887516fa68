"""The dbt variables: the project's defaults are the demo's, and each config says what its dates and keys are."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml

from clv_platform.config import CompanyConfig, Target, load_config
from clv_platform.contracts.dbt_vars import build_dbt_vars, label_column_name, positive_texts
from clv_platform.settings import PROJECT_ROOT


def make_config(**changes: object) -> CompanyConfig:
    basis = {"name": "c", "title": "c", "sources": {"accounts": {"files": "a.csv"}, "orders": {"files": "o.csv"}}}
    return CompanyConfig.model_validate(basis | changes)


def test_defaults_of_the_dbt_project_are_the_demo_company() -> None:
    project = yaml.safe_load(Path(PROJECT_ROOT / "dbt_project" / "dbt_project.yml").read_text())
    demo = load_config(PROJECT_ROOT / "config" / "demo.yaml")
    assert project["vars"] == build_dbt_vars(demo, demo.observed_until)


def test_a_declared_key_of_the_config_replaces_that_of_the_contract() -> None:
    keys = build_dbt_vars(
        make_config(sources={"accounts": {"files": "a.csv"}, "orders": {"files": "o.csv", "key": ["order_id", "line_id"]}}), None
    )["source_keys"]
    assert keys["orders"] == ["order_id", "line_id"]
    assert keys["accounts"] == ["account_id"]
    assert "usage" not in keys  # no key declared: equal rows may be real


def test_listed_dates_replace_the_monthly_grid_and_set_the_anchor_days() -> None:
    listed = build_dbt_vars(make_config(snapshots={"dates": ["2025-03-10", "2025-06-10"]}), None)
    assert (listed["has_monthly_grid"], listed["snapshot_dates"], listed["anchor_days"]) == (False, ["2025-03-10", "2025-06-10"], [10])


def test_a_target_without_dates_of_its_own_needs_the_monthly_grid() -> None:
    targets = [{"name": "a", "kind": "value", "as_of_dates": ["2025-03-10"]}, {"name": "b", "kind": "value"}]
    found = build_dbt_vars(make_config(targets=targets), date(2026, 1, 1))
    assert (found["has_monthly_grid"], found["snapshot_dates"], found["anchor_days"]) == (True, ["2025-03-10"], [1, 10])
    only_listed = build_dbt_vars(make_config(targets=targets[:1]), date(2026, 1, 1))
    assert (only_listed["has_monthly_grid"], only_listed["anchor_days"]) == (False, [10])


def test_undated_labels_have_no_horizon_in_their_name() -> None:
    target = {"name": "adopts", "kind": "upgrade", "label_column": "y", "positive_values": [" Yes "]}
    undated = make_config(snapshots={"is_undated": True}, targets=[target])
    dated = make_config(targets=[target])
    assert label_column_name(undated, undated.targets[0]) == "y_adopts"
    assert label_column_name(dated, dated.targets[0]) == "y_adopts_90d"
    assert build_dbt_vars(undated, None)["targets"][0]["positive_values"] == ["yes"]
    assert build_dbt_vars(undated, None)["observed_until"] is None


def test_positive_values_are_spelt_as_the_warehouse_compares_labels() -> None:
    target = Target(name="churn", kind="churn", label_column="churned", positive_values=("1.0", " Yes", "2.50"))
    assert positive_texts(target) == ["1", "yes", "2.50"]
