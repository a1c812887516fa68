"""Dagster's instance for runs that the command line starts, and the care for runs whose process died.

Here: the same history as `dagster dev` shows for that company (see `history`), whatever folder the command is started in; and setting right
what a killed run left behind. Keep the running itself out (see `runs`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.instance.ref import InstanceRef

from assets.company import Company
from assets.processes import changed_environment, is_gone
from clv_platform.settings import PROJECT_ROOT

PROCESS_TAG = "clv/process"
_UNFINISHED = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


@contextmanager
def open_instance(company: Company, root: Path = PROJECT_ROOT) -> Iterator[DagsterInstance]:
    """Yield the instance of `DAGSTER_HOME` if that is set, else that of `dagster.yaml` under `root`; the history is the company's."""
    with _serving(company):
        if os.environ.get("DAGSTER_HOME"):
            instance = DagsterInstance.get()
        else:
            config = yaml.safe_load((root / "dagster.yaml").read_text(encoding="utf-8"))
            home = root / config["local_artifact_storage"]["config"]["base_dir"]
            home.mkdir(parents=True, exist_ok=True)
            instance = DagsterInstance.from_ref(InstanceRef.from_dir(str(home), config_dir=str(root), overrides=_absolute(config, root)))
        with instance:
            yield instance


def release_abandoned_runs(instance: DagsterInstance) -> list[DagsterRun]:
    """Mark unfinished runs whose process is gone as failed and free their slots, so that the next run doesn't wait for them.

    Only runs that carry `clv/process` of this host are judged.
    """
    abandoned = []
    for run in instance.get_runs(RunsFilter(statuses=_UNFINISHED)):
        tag = run.tags.get(PROCESS_TAG)
        if tag and is_gone(tag):
            instance.report_run_failed(run, "The process of this run ended without a word (killed, or the machine went down).")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            abandoned.append(run)
    # A process that died between the end of its run and the release of its slot leaves the slot alone behind.
    for run_id in instance.event_log_storage.get_concurrency_run_ids():
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    return abandoned


@contextmanager
def _serving(company: Company) -> Iterator[None]:
    """Let `CompanyHistory` find the company of the command line, which may be another one than that of the environment."""
    wanted = {"CLV_CONFIG": str(company.config_path), "CLV_DATA_DIR": str(company.settings.data_dir)}
    with changed_environment(wanted):
        yield


def _absolute(config: dict, root: Path) -> dict:
    """Folders of `dagster.yaml` are relative to the project; a command may be started anywhere."""
    return {
        key: {**config[key], "config": {"base_dir": str(root / config[key]["config"]["base_dir"])}}
        for key in ("compute_logs", "local_artifact_storage")
    }
