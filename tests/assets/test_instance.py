"""Runs whose process died: found, marked as failed, and out of the way."""

import subprocess
import sys

from dagster import AssetKey, AssetMaterialization, DagsterInstance, DagsterRunStatus, job, op
from dagster._core.instance.ref import InstanceRef

from assets.instance import PROCESS_TAG, open_instance, release_abandoned_runs
from assets.processes import process_tag
from clv_platform.settings import PROJECT_ROOT


@op
def wait():
    pass


@job
def waiting_job():
    wait()


def ended_process() -> str:
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        return process_tag(process.pid)


def started_run(instance, tag):
    run = instance.create_run_for_job(waiting_job, tags={PROCESS_TAG: tag} if tag else {})
    instance.run_storage.handle_run_event(run.run_id, _started(instance, run))
    return run.run_id


def _started(instance, run):
    from dagster import DagsterEvent, DagsterEventType

    return DagsterEvent(event_type_value=DagsterEventType.RUN_START.value, job_name=run.job_name, message="")


def test_a_run_of_a_dead_process_is_marked_as_failed(instance):
    dead = started_run(instance, ended_process())
    alive = started_run(instance, process_tag())
    from_the_ui = started_run(instance, None)
    assert [run.run_id for run in release_abandoned_runs(instance)] == [dead]
    assert instance.get_run_by_id(dead).status == DagsterRunStatus.FAILURE
    assert instance.get_run_by_id(alive).status == DagsterRunStatus.STARTED
    assert instance.get_run_by_id(from_the_ui).status == DagsterRunStatus.STARTED


def test_its_slot_is_free_again(tmp_path):
    with DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path), config_dir=str(PROJECT_ROOT), overrides=_here(tmp_path))) as instance:
        dead = started_run(instance, ended_process())
        storage = instance.event_log_storage
        storage.initialize_concurrency_limit_to_default("duckdb")
        assert storage.claim_concurrency_slot("duckdb", dead, "raw_tables").is_claimed
        assert storage.get_concurrency_run_ids() == {dead}
        release_abandoned_runs(instance)
        assert storage.get_concurrency_run_ids() == set()


def test_the_project_gives_the_instance_whatever_the_folder(tmp_path, monkeypatch, company):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "dagster.yaml").write_text((PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with open_instance(company, tmp_path / "project") as instance:
        assert instance.get_runs() == []
        assert instance.event_log_storage.get_pool_config().default_pool_limit == 1
    assert list((company.paths.root / "dagster").rglob("*.db"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_one_company_sees_no_materialisation_of_another(tmp_path, monkeypatch, open_tiny):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    (tmp_path / "dagster.yaml").write_text((PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    key = AssetKey(["models", "upgrade_model"])
    with open_instance(open_tiny(name="first"), tmp_path) as instance:
        instance.report_runless_asset_event(AssetMaterialization(key))
    for name, is_seen in (("other", False), ("first", True)):
        with open_instance(open_tiny(name=name), tmp_path) as instance:
            assert (instance.get_latest_materialization_event(key) is not None) is is_seen


def test_dagster_dev_shows_the_history_that_the_command_line_wrote(tmp_path, monkeypatch, company):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("CLV_CONFIG", str(company.config_path))
    monkeypatch.setenv("CLV_DATA_DIR", str(company.settings.data_dir))
    (tmp_path / "dagster.yaml").write_text((PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with open_instance(company, tmp_path) as instance:
        run = instance.create_run_for_job(waiting_job)
    monkeypatch.chdir(tmp_path)  # as `dagster dev` does: a temporary home, the folder's dagster.yaml
    with DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path / "home"), config_dir=str(tmp_path))) as instance:
        assert instance.get_run_by_id(run.run_id) is not None


def _here(folder):
    base = {"config": {"base_dir": str(folder)}}
    return {
        "storage": {"sqlite": {"base_dir": str(folder)}},
        "compute_logs": {"module": "dagster._core.storage.local_compute_log_manager", "class": "LocalComputeLogManager", **base},
        "local_artifact_storage": {"module": "dagster._core.storage.root", "class": "LocalArtifactStorage", **base},
    }
