"""Sensors: new raw files start a load and then a run; failed runs are reported to a webhook.

Both are declared here and off until switched on (reporting failures is on as soon as `CLV_FAILURE_WEBHOOK` is set).
"""

import glob
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from dagster import (
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    run_failure_sensor,
    sensor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.company import Company
from assets.failures import failure_payload, plain_message, post_failure
from assets.partitions import PARTITION_TAG, build_cutoffs, newest_cutoff

CHECK_EVERY_SECONDS = 60


def files_fingerprint(company: Company) -> str | None:
    """A hash of name, size and time of every source file; None while there is none. Contents are not read."""
    origins = [origin for source in company.config.sources.values() for origin in (source, *source.inputs.values())]
    names = sorted({name for origin in origins for pattern in origin.files for name in glob.glob(pattern, recursive=True)})  # noqa: PTH207 (absolute patterns)
    found = [(name, Path(name).stat()) for name in names if Path(name).is_file()]
    lines = [f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in found]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] if lines else None


def build_sensors(company: Company, jobs: Sequence[UnresolvedAssetJobDefinition]) -> list[SensorDefinition]:
    """Return the sensor for new raw files and the one for failed runs."""

    @sensor(
        name="new_raw_files_sensor",
        jobs=[job for job in jobs if job.name in ("load_raw_job", "refresh_everything_job")],
        minimum_interval_seconds=CHECK_EVERY_SECONDS,
        default_status=DefaultSensorStatus.STOPPED,
        description="When source files change: loads them if only a load can say where the data end, then runs everything as of that end.",
    )
    def new_raw_files_sensor(context: SensorEvaluationContext):
        return evaluate_new_files(company, json.loads(context.cursor or "{}"))

    @run_failure_sensor(
        name="report_failures_sensor",
        default_status=DefaultSensorStatus.RUNNING if company.settings.failure_webhook else DefaultSensorStatus.STOPPED,
        description="Posts every failed run as JSON to CLV_FAILURE_WEBHOOK.",
    )
    def report_failures_sensor(context: RunFailureSensorContext):
        if not company.settings.failure_webhook:
            return SkipReason("CLV_FAILURE_WEBHOOK is not set.")
        steps = context.get_step_failure_events()
        causes = [plain_message(event.step_failure_data.error)[0] for event in steps if event.step_failure_data.error]
        run = context.dagster_run
        payload = failure_payload(
            company,
            job=run.job_name,
            run_id=run.run_id,
            cutoff=run.tags.get(PARTITION_TAG),
            steps=[event.step_key or "" for event in steps],
            message="\n".join(causes) or context.failure_event.message or "The run failed.",
        )
        post_failure(company.settings.failure_webhook, payload, context.log)
        return None

    return [new_raw_files_sensor, report_failures_sensor]


def evaluate_new_files(company: Company, cursor: dict[str, str]) -> SensorResult | SkipReason:
    """Decide what new files start.

    Parameters
    ----------
    cursor : dict
        `files`: fingerprint already acted on; `loaded`: hash of the loaded data already acted on.
    """
    fingerprint = files_fingerprint(company)
    if fingerprint is None:
        return SkipReason("No source file is there yet.")
    has_fixed_end = company.is_undated or company.config.observed_until is not None
    if fingerprint != cursor.get("files"):
        after = json.dumps({**cursor, "files": fingerprint})
        if has_fixed_end:
            return _refresh(company, run_key=f"files:{fingerprint}", cursor=after)
        return SensorResult(run_requests=[RunRequest(run_key=f"load:{fingerprint}", job_name="load_raw_job")], cursor=after)
    loaded = None if has_fixed_end else _loaded_hash(company)
    if loaded and loaded != cursor.get("loaded"):
        return _refresh(company, run_key=f"data:{loaded}", cursor=json.dumps({**cursor, "loaded": loaded}))
    return SkipReason("The source files are the same as at the last look.")


def _refresh(company: Company, *, run_key: str, cursor: str) -> SensorResult:
    cutoff = newest_cutoff(company)
    assert cutoff is not None, "a fixed end or a load gives a cutoff"
    return SensorResult(
        run_requests=[RunRequest(run_key=run_key, job_name="refresh_everything_job", partition_key=cutoff)],
        dynamic_partitions_requests=[build_cutoffs(company).build_add_request([cutoff])],
        cursor=cursor,
    )


def _loaded_hash(company: Company) -> str | None:
    path = company.paths.root / "raw_load.json"
    return json.loads(path.read_text(encoding="utf-8")).get("data_hash") if path.is_file() else None
