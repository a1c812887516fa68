"""The sensor for new files: what starts when, and that nothing starts twice."""

import json

from dagster import SensorResult, SkipReason

from assets.sensors import evaluate_new_files, files_fingerprint

SOURCES = {"accounts": {"files": "in/*.csv", "columns": {"account_id": "id"}}}


def with_file(open_tiny, tmp_path, **changes):
    company = open_tiny(sources=SOURCES, targets=[], usage_metrics={}, interactions=[], **changes)
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / "a.csv").write_text("id\n1\n", encoding="utf-8")
    return company


def write_load(company, until, data_hash):
    company.paths.root.mkdir(parents=True, exist_ok=True)
    load = {"tables": [], "observed_from": "2024-01-01", "observed_until": until, "data_hash": data_hash, "warnings": []}
    (company.paths.root / "raw_load.json").write_text(json.dumps(load), encoding="utf-8")


def looks(company, cursor) -> SensorResult:
    """What the sensor starts; fails when it starts nothing."""
    found = evaluate_new_files(company, cursor)
    assert isinstance(found, SensorResult)
    return found


def test_without_files_nothing_starts(open_tiny):
    company = open_tiny(sources=SOURCES, targets=[], usage_metrics={}, interactions=[])
    assert files_fingerprint(company) is None
    assert isinstance(evaluate_new_files(company, {}), SkipReason)


def test_new_files_start_everything_when_the_config_says_where_the_data_end(open_tiny, tmp_path):
    company = with_file(open_tiny, tmp_path)
    found = looks(company, {})
    [request] = list(found.run_requests or ())
    assert (request.job_name, request.partition_key) == ("refresh_everything_job", "2026-01-01")
    assert request.run_key == f"files:{files_fingerprint(company)}"
    assert [request.partition_keys for request in found.dynamic_partitions_requests or ()] == [["2026-01-01"]]
    assert isinstance(evaluate_new_files(company, json.loads(found.cursor or "")), SkipReason)


def test_a_changed_file_starts_again(open_tiny, tmp_path):
    company = with_file(open_tiny, tmp_path)
    before = files_fingerprint(company)
    (tmp_path / "in" / "b.csv").write_text("id\n2\n", encoding="utf-8")
    assert files_fingerprint(company) != before
    assert isinstance(evaluate_new_files(company, {"files": before or ""}), SensorResult)


def test_when_only_a_load_can_say_where_the_data_end_it_comes_first(open_tiny, tmp_path):
    company = with_file(open_tiny, tmp_path, observed_until=None)
    first = looks(company, {})
    assert [request.job_name for request in first.run_requests or ()] == ["load_raw_job"]
    cursor = json.loads(first.cursor or "")
    assert isinstance(evaluate_new_files(company, cursor), SkipReason)
    write_load(company, "2025-11-18", "hash1")
    second = looks(company, cursor)
    assert [(r.job_name, r.partition_key) for r in second.run_requests or ()] == [("refresh_everything_job", "2025-11-18")]
    assert isinstance(evaluate_new_files(company, json.loads(second.cursor or "")), SkipReason)
