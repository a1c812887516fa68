"""The static docs page on real artifacts of dbt: everything described, everything inside, nothing fetched."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from project import CompiledProject, create_warehouse, run_dbt

from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.reports.dbt_docs import build_docs_page, describe_columns, undescribed_columns
from clv_platform.scores.history import STAMP
from clv_platform.scores.segments import SEGMENT_SCHEMA
from clv_platform.scores.value import VALUE_SCORE_SCHEMA

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def target_dir(compiled: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    accounts = [{"account_id": "</script><b>", "segment": "x"}, {"account_id": "buys", "segment": "x"}]
    orders = [{"account_id": "buys", "ordered_at": datetime(2025, 5, 1), "amount": 10}]
    visits = [{"account_id": "buys", "session_id": "v", "started_at": datetime(2025, 6, 1)}]
    create_warehouse(compiled.config, {"accounts": accounts, "orders": orders, "web_sessions": visits}, folder)
    write_scores(folder)
    for command in (["build"], ["docs", "generate"]):  # models, data tests and the project's own unit tests
        done = run_dbt(command, compiled.config, date(2025, 7, 1), folder)
        assert done.returncode == 0, done.stdout
    return folder / "target"


def write_scores(folder: Path) -> None:
    """Write what Python hands to the reporting tables: forecasts of a value target and segments, one account each, at two dates.

    The later date was forecast twice, as after a change of code: first by model z, then by model m.
    """
    known = {"account_id": "buys", "model_id": "m", "cutoff": "2025-07-01"}
    for as_of, tier, p_alive in ((date(2025, 6, 1), "low", 0.9), (date(2025, 7, 1), "high", float("nan"))):
        forecast = known | {
            "target": "worth", "as_of_date": as_of, "score": 20.0, "score_lo": 0.0, "score_hi": 60.0, "p_alive": p_alive, "score_rank": 1,
            "score_percentile": 1.0, "value_tier": tier, "is_champion": True,
        }  # fmt: skip
        segment = known | {"as_of_date": as_of, "segment": "often", "segment_number": 1}
        files = ((forecast, VALUE_SCORE_SCHEMA, "scores_value/worth/history"), (segment, SEGMENT_SCHEMA, "segments/history"))
        for row, schema, place in files:
            (folder / place).mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist([row], schema), folder / place / f"{as_of}__m.parquet")
    replaced = forecast | {"model_id": "z", "score": 99.0, "value_tier": "low", "scored_at": datetime(2025, 7, 2, 10)}
    for row in (replaced, forecast | {"scored_at": datetime(2025, 7, 2, 11)}):
        path = folder / "scores_value" / "worth" / "history" / f"{as_of}__{row['model_id']}.parquet"
        pq.write_table(pa.Table.from_pylist([row], VALUE_SCORE_SCHEMA.append(STAMP)), path)


def test_reporting_tables_read_what_python_wrote(target_dir: Path) -> None:
    with duckdb.connect(str(target_dir.parent / "warehouse.duckdb"), read_only=True) as connection:

        def read(columns: str, table: str) -> list[tuple[Any, ...]]:
            return connection.execute(f"select {columns} from reporting.{table} order by all").fetchall()

        columns = "account_id, as_of_date, expected_value, value_hi, p_alive, value_tier, segment, lifecycle_stage, n_purchases"
        assert read(columns, "rpt_account_360") == [("buys", date(2025, 7, 1), 20.0, 60.0, None, "high", "often", "acquire", 1)]
        moves = "grouping_name, previous_date, from_group, to_group, n_accounts"
        assert read(moves, "rpt_segment_migration") == [
            ("segment", date(2025, 6, 1), "often", "often", 1),
            ("value_tier", date(2025, 6, 1), "low", "high", 1),
        ]
        assert read("as_of_date, expected_value, realised_value", "rpt_value_trend") == [
            (date(2025, 6, 1), 20.0, 0.0),
            (date(2025, 7, 1), 20.0, None),
        ]
        assert read("count(*)", "rpt_customer_profitability") == [(0,)]  # no order has a cost: typed and empty


def artifact(target_dir: Path, name: str) -> dict[str, Any]:
    return json.loads((target_dir / f"{name}.json").read_text())


def test_every_column_of_every_model_is_described(target_dir: Path, compiled: CompiledProject) -> None:
    manifest, catalog = artifact(target_dir, "manifest"), artifact(target_dir, "catalog")
    describe_columns(manifest, catalog, ())
    assert "feat_accounts__usage.users_lag_1m" in undescribed_columns(manifest)
    describe_columns(manifest, catalog, build_feature_catalogue(compiled.config))
    assert undescribed_columns(manifest) == []
    usage = next(node for node in manifest["nodes"].values() if node["name"] == "feat_accounts__usage")
    assert usage["columns"]["users_lag_2m"]["description"] == (
        "users: sum of the readings of that month. Window: month 2 before the snapshot. Unit: users. Source: usage."
    )


def test_labels_of_amounts_are_told_from_yes_and_no(target_dir: Path, compiled: CompiledProject) -> None:
    manifest, catalog = artifact(target_dir, "manifest"), artifact(target_dir, "catalog")
    describe_columns(manifest, catalog, build_feature_catalogue(compiled.config))
    columns = {node["name"]: node["columns"] for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    assert columns["fct_value_examples"]["y_worth_10d"]["description"] == (
        "What the account brings, refunds subtracted, within 10 days from the snapshot on (target worth); null while that can't be said. "
        "Unit: the company's currency."
    )
    assert columns["lbl_accounts__value"]["n_worth_30d"]["description"].startswith("Days on which the account buys, within 30 days")
    assert columns["lbl_accounts__churn"]["y_churn_30d"]["description"].startswith("Label of target churn: 1 when it happens")


def test_the_page_holds_its_data_and_may_fetch_nothing(target_dir: Path, compiled: CompiledProject) -> None:
    page = build_docs_page(target_dir, build_feature_catalogue(compiled.config), target_dir / "index.html")
    assert "INLINE DATA" not in page
    assert "users: sum of the readings of that month. Window: month 2" in page
    assert "connect-src 'none'" in page.split("</head>")[0]
    assert '"send_anonymous_usage_stats":false' in page
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=\"?https?:", page)


def test_a_description_cannot_end_the_script_it_stands_in(target_dir: Path, compiled: CompiledProject, tmp_path: Path) -> None:
    shutil.copytree(target_dir, tmp_path / "target", ignore=shutil.ignore_patterns("compiled", "run"))
    manifest = artifact(target_dir, "manifest")
    # `<!--<script` would make a browser overlook the script's own end, and the page would stay empty.
    next(iter(manifest["nodes"].values()))["description"] = "</script><script>alert(1)</script><!--<script>"
    (tmp_path / "target" / "manifest.json").write_text(json.dumps(manifest))
    page = build_docs_page(tmp_path / "target", (), target_dir / "index.html")
    assert "<script>alert(1)</script>" not in page
    assert "<!--<script" not in page


def test_a_missing_artifact_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"manifest.json: expected an artifact of dbt, found no file. Run `make docs`"):
        build_docs_page(tmp_path, (), tmp_path / "index.html")
