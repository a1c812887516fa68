"""The code location: everything put together for the company that `CLV_CONFIG` names.

Add a layer's factory to `build_defs`. Loading must stay light: no data is read but dbt's manifest, and the heavy libraries are imported
where an asset's body needs them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster import (
    AssetChecksDefinition,
    AssetsDefinition,
    Definitions,
    ExecutorDefinition,
    LoggerDefinition,
    definitions,
    in_process_executor,
)

from assets.backtest import build_backtest_asset, build_outcomes_asset
from assets.checks.models import build_model_checks
from assets.checks.raw import build_raw_checks
from assets.checks.reviewed_slices import build_reviewed_slices_check
from assets.checks.weak_slices import build_weak_slice_check
from assets.churn_history import build_history_asset
from assets.company import Company, load_company
from assets.evaluation import build_evaluation_asset
from assets.explain import build_explanations_asset
from assets.exploration import build_exploration_asset
from assets.jobs import build_jobs
from assets.manifest import build_dbt, ensure_manifest
from assets.models import build_model_asset
from assets.raw import build_raw_assets
from assets.reports import build_data_report_asset, build_published_asset, build_report_asset
from assets.review import build_feedback_asset, build_frames_asset
from assets.schedules import build_schedules
from assets.scores import build_scores_asset
from assets.segments import build_segment_assets
from assets.sensors import build_sensors
from assets.targets import TargetRoom
from assets.value import build_value_explanations_asset, build_value_model_asset, build_value_scores_asset
from assets.value_backtest import build_value_backtest_asset, build_value_outcomes_asset
from assets.value_evaluation import build_value_checks, build_value_evaluation_asset
from assets.value_report import build_value_report_asset
from assets.warehouse import build_warehouse_assets
from clv_platform.config import Target


@dataclass(frozen=True)
class Overrides:
    """What a test or the command line puts in the place of a default.

    Attributes
    ----------
    company : Company, optional
        Instead of the company that `CLV_CONFIG` names.
    manifest_path : Path, optional
        A dbt manifest that is made already.
    resources, loggers : mapping
        By name; they replace the defaults of the same name.
    executor : ExecutorDefinition
        How the steps of a job are run; by default one after the other in one process: importing dagster, dbt and the libraries again in
        every step costs more than the steps.
    """

    company: Company | None = None
    manifest_path: Path | None = None
    resources: Mapping[str, Any] = field(default_factory=dict)
    loggers: Mapping[str, LoggerDefinition] = field(default_factory=dict)
    executor: ExecutorDefinition = in_process_executor


def build_defs(overrides: Overrides | None = None) -> Definitions:
    """Assemble assets, checks, jobs, schedules, sensors and resources.

    Raises
    ------
    ConfigError, DbtProjectError
        When the config or the dbt project can't be read.
    """
    overrides = overrides or Overrides()
    company = overrides.company or load_company()
    manifest_path = overrides.manifest_path or ensure_manifest(company)
    jobs = build_jobs(company, overrides.executor)
    return Definitions(
        assets=[
            build_raw_assets(company),
            *build_warehouse_assets(company, manifest_path),
            *(build(company, target) for target in company.trained_targets for build in _builders(target)),
            *(build_history_asset(company, target) for target in company.trained_targets if TargetRoom(company, target).has_history),
            *build_segment_assets(company),
            build_data_report_asset(company),
            build_exploration_asset(company),
            build_published_asset(company),
            build_feedback_asset(company),
            *([build_frames_asset(company)] if company.trained_targets else []),
        ],
        asset_checks=[
            *build_raw_checks(company),
            *([build_reviewed_slices_check(company)] if company.trained_targets else []),
            *(check for target in company.trained_targets for check in _build_checks(company, target)),
        ],
        jobs=jobs,
        schedules=build_schedules(company, [job.name for job in jobs]),
        sensors=build_sensors(company, jobs),
        resources={"dbt": build_dbt(company), **overrides.resources},
        loggers=dict(overrides.loggers) or None,
    )


def _builders(target: Target) -> tuple[Callable[[Company, Target], AssetsDefinition], ...]:
    """The assets of a target by its kind; amounts and chances have the same keys as far as they have the same stages."""
    if target.kind == "value":
        return (
            build_value_model_asset,
            build_value_evaluation_asset,
            build_value_explanations_asset,
            build_value_scores_asset,
            build_value_outcomes_asset,
            build_value_backtest_asset,
            build_value_report_asset,
        )
    return (
        build_model_asset,
        build_evaluation_asset,
        build_explanations_asset,
        build_scores_asset,
        build_outcomes_asset,
        build_backtest_asset,
        build_report_asset,
    )


def _build_checks(company: Company, target: Target) -> list[AssetChecksDefinition]:
    if target.kind == "value":
        return build_value_checks(company, target)
    return [*build_model_checks(company, target), build_weak_slice_check(company, target)]


@definitions
def defs() -> Definitions:
    """What Dagster's tools load; a function, so that importing this module reads no config and makes no manifest."""
    return build_defs()
