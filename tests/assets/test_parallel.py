"""Steps at once: how many, with how many threads, and one step after the other where that is better."""

import os

import pytest

from assets.parallel import count_workers, prepare_definitions


@pytest.mark.parametrize(("threads", "workers"), [(1, 1), (2, 2), (4, 4), (64, 4)])
def test_as_many_steps_as_threads_run_at_once_up_to_four(threads, workers):
    assert count_workers(threads) == workers


def test_workers_share_the_threads_and_dbt_has_them_all(demo, demo_defs, monkeypatch):
    monkeypatch.setenv("CLV_DATA_DIR", str(demo.settings.data_dir))
    monkeypatch.setenv("CLV_THREADS", "8")
    defs = prepare_definitions(str(demo.config_path))
    assert (defs.resources or {})["dbt"].environment["CLV_THREADS"] == "8"
    assert defs.resolve_job_def("refresh_everything_job").executor_def.name == "several_at_once"
    assert demo_defs.resolve_job_def("refresh_everything_job").executor_def.name == "in_process"
    assert prepare_definitions(str(demo.config_path)) is defs
    manifest = demo.paths.dbt_target / "manifest.json"
    found = manifest.stat()
    os.utime(manifest, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    assert prepare_definitions(str(demo.config_path)) is not defs
