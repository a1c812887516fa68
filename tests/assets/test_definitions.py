"""The code location as people see it: names, groups, pools, partitions, jobs, crons. A rename shows here."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest
from dagster import AssetKey, AssetsDefinition, DefaultScheduleStatus, DefaultSensorStatus

import clv_platform
from assets.definitions import Overrides, build_defs
from assets.failures import PLAIN_ERRORS
from assets.runs import _step_sizes
from clv_platform.settings import PROJECT_ROOT

PYTHON_KEYS = {
    "evaluation/churn_evaluation",
    "evaluation/upgrade_evaluation",
    "evaluation/value_evaluation",
    "explain/churn_explanations",
    "explain/upgrade_explanations",
    "explain/value_explanations",
    "models/churn_model",
    "models/segments_model",
    "models/upgrade_model",
    "models/value_model",
    "reports/churn_backtest",
    "reports/churn_outcomes",
    "reports/churn_history_report",
    "reports/churn_report",
    "reports/data_report",
    "reports/exploration_report",
    "reports/published",
    "reports/segments_report",
    "reports/upgrade_backtest",
    "reports/upgrade_outcomes",
    "reports/upgrade_report",
    "reports/value_backtest",
    "reports/value_outcomes",
    "reports/value_report",
    "review/frames",
    "scores/churn_scores",
    "scores/segments",
    "scores/upgrade_scores",
    "scores/value_scores",
}
RAW_KEYS = {
    f"raw/{name}"
    for name in (
        "accounts", "account_snapshots", "campaign_contacts", "campaigns", "coverage", "excluded_rows", "feature_catalogue", "feedback",
        "load_report", "orders", "rejected_rows", "review_feedback", "subscriptions", "support_cases", "usage", "web_sessions",
    )
}  # fmt: skip
JOBS = {
    "backtest_job",
    "build_warehouse_job",
    "load_raw_job",
    "refresh_everything_job",
    "refresh_scores_job",
    "render_reports_job",
    "retrain_models_job",
    "score_accounts_job",
}


@pytest.fixture(scope="session")
def graph(demo_defs):
    return demo_defs.resolve_asset_graph()


def own(defs) -> list[AssetsDefinition]:
    return [made for made in [*defs.assets, *defs.asset_checks] if isinstance(made, AssetsDefinition)]


def test_asset_keys_are_pinned(graph):
    keys = {"/".join(key.path) for key in graph.materializable_asset_keys}
    by_dbt = {key for key in keys if key.split("/")[0] in ("staging", "intermediate", "features", "labels", "marts", "reporting")}
    assert keys - by_dbt == PYTHON_KEYS | RAW_KEYS
    assert {"marts/fct_upgrade_examples", "reporting/rpt_target_scores", "intermediate/int_accounts__spine"} <= by_dbt


def test_jobs_and_crons_are_pinned(demo_defs):
    assert {job.name for job in demo_defs.jobs} == JOBS
    crons = {schedule.name: (schedule.cron_schedule, schedule.job_name) for schedule in demo_defs.schedules}
    assert crons == {
        "refresh_scores_job_schedule": ("0 5 * * 1", "refresh_scores_job"),
        "refresh_everything_job_schedule": ("0 5 2 * *", "refresh_everything_job"),
    }


def test_a_company_without_targets_has_no_schedule_for_scores(demo, demo_defs, open_tiny):
    no_targets = open_tiny(targets=[])
    defs = build_defs(Overrides(company=no_targets, manifest_path=demo.paths.dbt_target / "manifest.json"))
    repository = defs.get_repository_def()  # what the command line and the UI load: refuses a schedule of a job that isn't there
    assert {schedule.name for schedule in repository.schedule_defs} == {"refresh_everything_job_schedule"}
    assert not repository.has_job("refresh_scores_job")


def test_nothing_runs_by_itself(demo_defs):
    assert {schedule.default_status for schedule in demo_defs.schedules} == {DefaultScheduleStatus.STOPPED}
    assert {sensor.default_status for sensor in demo_defs.sensors} == {DefaultSensorStatus.STOPPED}


def test_the_group_is_the_layer_and_everything_has_an_owner_and_words(graph):
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.group_name == key.path[0]
        assert node.owners, key
        assert node.description, key
        assert node.kinds, key


def test_only_what_is_learnt_from_is_partitioned(graph):
    for key in graph.materializable_asset_keys:
        is_partitioned = graph.get(key).partitions_def is not None
        assert is_partitioned == (key.path[0] in ("models", "evaluation", "explain", "scores", "reports", "review")), key


def test_everything_that_opens_the_warehouse_is_in_the_pool(demo_defs):
    pools = {made.node_def.name: made.op.pool for made in own(demo_defs)}
    assert {name for name, pool in pools.items() if pool == "duckdb"} == {
        "raw_tables",
        "raw__review_feedback",
        "dbt_warehouse",
        "dbt_reporting",
        "reports__data_report",
    }


def test_every_dbt_test_is_a_check_of_an_asset(demo_defs, graph):
    by_dbt = [made for made in own(demo_defs) if made.node_def.name.startswith("dbt_")]
    checks = [check for made in by_dbt for check in made.check_keys]
    assert len(checks) > 30
    assert any(check.asset_key.path[0] == "raw" for check in checks), "source tests are checks too"


def test_leaks_block_what_is_downstream(demo_defs):
    checks = [spec for made in demo_defs.asset_checks for spec in made.check_specs if spec.name == "no_leakage"]
    assert all(spec.blocking for spec in checks)
    assert {spec.asset_key for spec in checks} == {AssetKey(["marts", f"fct_{kind}_examples"]) for kind in ("upgrade", "churn", "value")}


def test_the_steps_of_a_selection_are_counted(demo_defs):
    sizes = dict(_step_sizes(demo_defs, {AssetKey(["raw", "accounts"]), AssetKey(["models", "upgrade_model"])}))
    assert sizes["raw_tables"] == 1
    assert sizes["models__upgrade_model"] == 1
    assert "scores__upgrade_scores" not in sizes


def test_the_reports_come_last(graph):
    upstream = graph.get(AssetKey(["reports", "published"])).parent_keys
    before = (["reports", "upgrade_report"], ["reports", "data_report"], ["reporting", "rpt_target_scores"])
    assert {AssetKey(path) for path in before} <= upstream


def test_files_with_dagster_contexts_evaluate_their_annotations():
    late = []
    for path in (PROJECT_ROOT / "assets").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in ast.walk(tree)):
            late.append(path.name)
    assert late == []


def test_every_own_kind_of_error_is_told_in_plain_words():
    found = set()
    for package in (clv_platform, importlib.import_module("assets")):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".zoo" in module.name or ".deep" in module.name:
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                if inspect.isclass(value) and issubclass(value, Exception) and value.__module__.split(".")[0] in ("clv_platform", "assets"):
                    found.add(name)
    assert found == PLAIN_ERRORS


def test_workspace_and_project_name_the_same_module():
    text = (Path(PROJECT_ROOT) / "workspace.yaml").read_text(encoding="utf-8")
    project = (Path(PROJECT_ROOT) / "pyproject.toml").read_text(encoding="utf-8")
    assert "module_name: assets.definitions" in text
    assert 'module_name = "assets.definitions"' in project
