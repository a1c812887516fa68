"""The rules of the dbt project, read from its manifest: names, layers, walls, keys, descriptions, no clock."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from project import DBT_PROJECT

LAYERS = ("staging", "intermediate", "features", "labels", "marts", "reporting")
PREFIXES = {
    "staging": ("stg_raw__",),
    "intermediate": ("int_",),
    "features": ("feat_accounts__",),
    "labels": ("lbl_accounts__",),
    "marts": ("fct_", "dim_"),
    "reporting": ("rpt_",),
}
# What a layer may read; features and labels never see each other, only marts join them.
READS = {
    "staging": set(),
    "intermediate": {"staging", "intermediate"},
    "features": {"staging", "intermediate", "features"},
    "labels": {"staging", "intermediate"},
    "marts": {"staging", "intermediate", "features", "labels"},
    "reporting": {"marts", "reporting"},
}
KEY_TESTS = {"snapshot_key", "unique_combination", "declared_key"}
# Inlined views between two tables: their rows are those of a table with a key test.
WITHOUT_KEY_TEST = {"int_usage__versions", "int_usage__histories", "int_usage__lags"}
DYNAMIC_CLOCK = re.compile(r"\b(current_date|current_timestamp|getdate|now\s*\(|today\s*\(|sysdate)", re.IGNORECASE)


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, Any]:
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}


def layer_of(node: dict[str, Any]) -> str:
    return node["original_file_path"].split("/")[1]


def test_every_model_lies_in_a_layer_and_has_its_prefix_schema_and_group(models: dict[str, Any]) -> None:
    for node in models.values():
        layer = layer_of(node)
        assert layer in LAYERS
        assert node["name"].startswith(PREFIXES[layer]), node["name"]
        assert node["schema"] == layer
        assert node["config"]["meta"]["dagster"]["group"] == layer


def test_layers_read_only_what_lies_before_them(models: dict[str, Any]) -> None:
    for node in models.values():
        for parent in node["depends_on"]["nodes"]:
            if parent in models:
                assert layer_of(models[parent]) in READS[layer_of(node)], f"{node['name']} reads {models[parent]['name']}"


def test_only_staging_reads_raw_tables_and_reporting_what_python_wrote(manifest: dict[str, Any], models: dict[str, Any]) -> None:
    for node in models.values():
        sources = {manifest["sources"][parent]["source_name"] for parent in node["depends_on"]["nodes"] if parent in manifest["sources"]}
        allowed = {"staging": {"raw"}, "reporting": {"scores", "catalogue"}}.get(layer_of(node), set())
        assert sources <= allowed, node["name"]


def test_every_model_has_a_key_test(manifest: dict[str, Any], models: dict[str, Any]) -> None:
    keyed = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") in KEY_TESTS
    }
    assert {node["name"] for key, node in models.items() if key not in keyed} == WITHOUT_KEY_TEST


def test_every_description_says_the_grain_at_the_end_of_its_first_sentence(models: dict[str, Any]) -> None:
    for node in models.values():
        first = re.split(r"\.(?:\s|$)", node["description"])[0]
        assert re.search(r"; one row per [\w ,_()]+$", first), f"{node['name']}: {first}"


def test_every_column_and_source_is_described(manifest: dict[str, Any], models: dict[str, Any]) -> None:
    for node in (*models.values(), *manifest["sources"].values()):
        assert node["description"].strip(), node["name"]
        for column in node["columns"].values():
            assert column["description"].strip(), f"{node['name']}.{column['name']}"


def test_every_exposure_has_an_owner(manifest: dict[str, Any]) -> None:
    assert {exposure["name"] for exposure in manifest["exposures"].values()} == {
        *("upgrade_report", "churn_report", "value_report"),
        *("account_360", "call_list"),
    }
    assert all(exposure["owner"]["email"] and exposure["description"] for exposure in manifest["exposures"].values())


def test_test_names_are_unique(manifest: dict[str, Any]) -> None:
    names = Counter(node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test")
    names.update(test["name"] for test in manifest["unit_tests"].values())
    assert [name for name, count in names.items() if count > 1] == []


def test_every_feature_and_label_model_has_a_unit_test_on_the_cutoff(manifest: dict[str, Any], models: dict[str, Any]) -> None:
    tested = {parent for test in manifest["unit_tests"].values() for parent in test["depends_on"]["nodes"]}
    untested = {node["name"] for key, node in models.items() if layer_of(node) in ("features", "labels") and key not in tested}
    # These two pass on what others computed, or what has no time.
    assert untested == {"feat_accounts__account_columns", "feat_accounts__interactions"}


def test_no_sql_asks_the_clock() -> None:
    for path in (*DBT_PROJECT.glob("models/**/*.sql"), *DBT_PROJECT.glob("macros/**/*.sql"), *DBT_PROJECT.glob("tests/**/*.sql")):
        assert not DYNAMIC_CLOCK.search(path.read_text()), path


def test_fixed_models_that_people_and_python_read_have_enforced_contracts(models: dict[str, Any]) -> None:
    without = {
        node["name"]
        for node in models.values()
        if layer_of(node) in ("marts", "reporting", "features") and not node["config"]["contract"]["enforced"]
    }
    # Their columns depend on the company config; another test compares them with the feature catalogue.
    assert without == {
        *("fct_upgrade_examples", "fct_churn_examples", "fct_value_examples", "fct_account_features", "fct_account_months"),
        *(f"feat_accounts__{name}" for name in ("account_columns", "usage", "interactions", "snapshot")),
    }


def test_files_stay_small() -> None:
    files = [path for pattern in ("**/*.sql", "**/*.yml", "**/*.md") for path in DBT_PROJECT.glob(pattern) if "target" not in path.parts]
    assert len(files) > 50
    for path in files:
        limit = 130 if path.suffix == ".sql" else 400
        assert len(path.read_text().splitlines()) <= limit, path


def test_nothing_in_the_project_can_be_imported_by_dbt_as_a_plugin() -> None:
    assert not list(Path(DBT_PROJECT).rglob("__init__.py"))
    assert not [path for path in DBT_PROJECT.parent.iterdir() if path.name.startswith("dbt_") and path.suffix == ".py"]


def test_no_buying_pattern_is_named_like_a_stage_of_life() -> None:
    patterns, stages = (
        set(re.findall(r"(?:then|else) '([^']+)'", text))
        for text in (
            (DBT_PROJECT / "models/marts/fct_rfm_scores.sql").read_text(),
            (DBT_PROJECT / "macros/value.sql").read_text().split("macro lifecycle_stage")[1].split("endmacro")[0],
        )
    )
    assert {"champions", "need attention"} <= patterns
    assert {"at risk", "lost", "retain"} <= stages
    assert not patterns & stages
