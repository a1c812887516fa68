"""The whole graph on a tiny company: what it leaves, that it repeats, that killing or interrupting it breaks nothing."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
FIGURES = ("pr_auc", "pr_auc_baseline", "lift_at_20", "calibration_error", "log_loss", "n", "n_positive", "model_id", "verdict")


def metrics(place, cutoff="2026-01-01"):
    return json.loads((place.state / "reports" / cutoff / "upgrade" / "metrics.json").read_text(encoding="utf-8"))


def scores(place):
    (path,) = (place.state / "scores" / "upgrade" / "history").glob("2026-01-01__*.parquet")
    return pq.read_table(path).to_pylist()


def start_until(place, step: str) -> subprocess.Popen[str]:
    """A run that has finished `step` a moment ago."""
    process = place.start("run", "--no-progress")
    for line in process.stderr:
        if f"  {step}  " in line:
            return process
    raise AssertionError(f"the run ended before {step}")


def assert_workers_end(group: int) -> None:
    """Nobody of a killed run's process group is left but dbt, which the next run ends."""
    give_up_at = time.monotonic() + 20
    while left := [line for line in processes_of(group) if "dbt" not in line]:
        assert time.monotonic() < give_up_at, left
        time.sleep(0.1)


def processes_of(group: int) -> list[str]:
    """Command lines of a process group; those that only wait to be collected are left out."""
    done = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], text=True, capture_output=True, check=True)
    rows = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    return [" ".join(rest) for pgid, stat, *rest in rows if int(pgid) == group and not stat.startswith("Z")]


def test_a_run_ends_with_figures_and_paths(finished):
    place, done = finished
    assert "PR-AUC" in done.stdout
    for name in ("upgrade", "data"):
        report = place.state / "reports" / "2026-01-01" / name / "report.html"
        assert str(report) in done.stdout
        assert report.stat().st_size > 10_000
    assert all(name in metrics(place) for name in FIGURES)
    assert (place.state / "published" / "current" / "manifest.json").is_file()
    assert place.runs()[0] == "SUCCESS"


def test_amounts_and_segments_come_with_it(finished):
    place, done = finished
    folder, current = place.state / "reports" / "2026-01-01", place.state / "published" / "current"
    value = json.loads((folder / "value" / "metrics.json").read_text(encoding="utf-8"))
    assert value["verdict"] in ("promoted", "nothing_learnt", "not_calibrated", "not_enough_history")
    for name in ("value", "segments"):
        assert str(folder / name / "report.html") in done.stdout
        assert (folder / name / "report.html").stat().st_size > 5_000
        assert (current / "reports" / name / "report.html").is_file()
    assert list((place.state / "scores_value" / "value" / "history").glob("*.parquet"))
    now, before = (pq.read_table(path) for path in sorted((place.state / "segments" / "history").glob("*.parquet"), reverse=True)[:2])
    assert now.num_rows > 100
    assert set(now["model_id"].to_pylist()) == set(before["model_id"].to_pylist())


def test_dagsters_and_dbts_logs_stay_off_the_terminal(finished):
    _, done = finished
    assert "dagster" not in done.stderr.lower()
    assert "\x1b" not in done.stderr


def test_an_older_cutoff_neither_promotes_nor_publishes(finished):
    place, _ = finished
    champion, pointer = place.state / "models" / "upgrade" / "champion.json", place.state / "published" / "current"
    before = (champion.read_text() if champion.exists() else None, pointer.resolve())
    done = place.clv("run", "--no-progress", "--cutoff", "2025-12-01", "--target", "upgrade")
    assert done.returncode == 0, done.stderr
    assert metrics(place, "2025-12-01")["model_id"].startswith("2025-12-01")
    assert (champion.read_text() if champion.exists() else None, pointer.resolve()) == before


def test_ctrl_c_marks_the_run_as_canceled_and_breaks_nothing(finished):
    place, _ = finished
    before = (place.state / "published" / "current").resolve()
    process = start_until(place, "raw__load_report_rows_are_conserved")
    time.sleep(random.Random(7).uniform(0.5, 4))
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped. Nothing is broken" in told
    assert place.runs()[0] == "CANCELED"
    assert (place.state / "published" / "current").resolve() == before


def test_a_run_killed_anywhere_can_simply_be_started_again_and_ends_with_the_same(finished):
    place, _ = finished
    before = (metrics(place), scores(place))
    for step in ("raw_tables", "dbt_warehouse"):  # so inside dbt, and inside the training
        process = start_until(place, step)
        time.sleep(random.Random(step).uniform(0, 2))
        process.kill()
        process.communicate(timeout=60)
        assert_workers_end(process.pid)
    done = place.clv("run", "--no-progress")
    assert done.returncode == 0, done.stderr
    assert "had been killed; it is marked as failed" in done.stderr
    assert place.runs()[:3] == ["SUCCESS", "FAILURE", "FAILURE"]
    assert (metrics(place), scores(place)) == before


def test_a_missing_source_file_is_one_message(finished, tmp_path):
    place, _ = finished
    config = yaml.safe_load(place.config.read_text(encoding="utf-8"))
    config["name"] = "gone"
    config["sources"]["usage"] = {"files": "nowhere/usage.csv"}
    path = tmp_path / "gone.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    done = place.clv("run", "--no-progress", "--config", str(path))
    assert done.returncode == 2
    assert "nowhere/usage.csv" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.server
def test_the_webserver_shows_the_run(finished):
    place, _ = finished
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    webserver = Path(sys.executable).parent / "dagster-webserver"
    project = Path(__file__).resolve().parents[2]
    command = [str(webserver), "--host", "127.0.0.1", "--port", str(port), "--workspace", str(project / "workspace.yaml")]
    with subprocess.Popen(command, env=place.environment, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            keys = ask(port, "{ assetNodes { assetKey { path } } }", wait_seconds=120)["assetNodes"]
            assert {"path": ["models", "upgrade_model"]} in [node["assetKey"] for node in keys]
            runs = ask(port, "{ runsOrError { ... on Runs { results { jobName status } } } }")["runsOrError"]["results"]
            assert {"jobName": "refresh_everything_job", "status": "SUCCESS"} in runs
        finally:
            server.terminate()


def ask(port: int, query: str, wait_seconds: float = 10) -> dict:
    """Answer of the webserver's GraphQL, as soon as it gives one that isn't empty."""
    body = json.dumps({"query": query}).encode()
    give_up_at = time.monotonic() + wait_seconds
    while True:
        try:
            request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=60) as answer:
                data = json.load(answer)["data"]
            if data and any(data.values()):
                return data
        except OSError:
            pass
        if time.monotonic() > give_up_at:
            raise AssertionError(f"no answer from the webserver within {wait_seconds:.0f} seconds")
        time.sleep(0.5)


def test_docs_are_one_page(finished, tmp_path):
    place, _ = finished
    page = tmp_path / "docs.html"
    done = place.clv("docs", "--out", str(page))
    assert done.returncode == 0, done.stderr
    assert "fct_upgrade_examples" in page.read_text(encoding="utf-8")
