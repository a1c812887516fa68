"""From a manager's doubt in the browser to the next model: raw layer, staging, the report's opening and named groups, Dagster's check."""

import json
import subprocess
import sys

import duckdb
import pyarrow.parquet as pq
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_the_model_is_good_overall_and_bad_in_germany(doubted):
    assert doubted == {"accuracy": "69 %", "precision": "70 %", "accuracy in Germany": "47 %", "precision in Germany": "30 %"}


def test_the_doubt_arrives_in_the_raw_layer_and_in_staging(finished):
    place, _ = finished
    said = ("Prices changed in March.", "Mara", "wrong", "in.country=Germany")
    with duckdb.connect(str(place.state / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("select comment, author, verdict, filters from raw.review_feedback").fetchall() == [said]
        staged = "select comment_text, author, verdict, slice_filters from staging.stg_raw__review_feedback"
        assert connection.execute(staged).fetchall() == [said]


@pytest.mark.parametrize("target", ["upgrade", "churn"])
def test_the_next_report_opens_with_the_doubt_and_names_the_group(finished, target):
    place, _ = finished
    folder = place.state / "reports" / "2026-01-01" / target
    page = (folder / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    opening = page.index("What reviewers said, and what changed")
    assert opening < page.index("What was asked")
    assert "Prices changed in March." in page[opening:]
    assert "marked as wrong: country: Germany" in page
    rows = {(row["column"], row["level"]): row for row in pq.read_table(folder / "slices.parquet").to_pylist()}
    named, as_level = rows[("marked as wrong", "country: Germany")], rows[("country", "Germany")]
    assert named["n"] == as_level["n"] > 0
    assert named["base_rate"] == as_level["base_rate"]


def test_dagsters_check_has_the_group_as_rows(finished):
    place, _ = finished
    code = """
import json
from dagster import AssetCheckKey, AssetKey, DagsterInstance
key = AssetCheckKey(AssetKey(["review", "frames"]), "reviewed_slices_hold")
storage = DagsterInstance.get().event_log_storage
found = storage.get_latest_asset_check_execution_by_key([key])[key].evaluation
print(json.dumps({"passed": found.passed, **{name: value.value for name, value in found.metadata.items()}}))
"""
    done = subprocess.run([sys.executable, "-c", code], env=place.environment, text=True, capture_output=True, check=True)
    check = json.loads(done.stdout)
    judged = [
        row
        for target in ("upgrade", "churn", "value")
        if (path := place.state / "reports" / "2026-01-01" / target / "reviewed_slices.parquet").is_file()
        for row in pq.read_table(path).to_pylist()
    ]
    assert check["n_reviewed"] == len(judged) >= 2
    assert check["n_failed"] == sum(row["holds"] is False for row in judged)
    assert check["passed"] is (check["n_failed"] == 0)
    assert check["slices"].count("country: Germany") >= len(judged)
    assert all(row["slice"] == "country: Germany" and row["author"] == "Mara" for row in judged)
