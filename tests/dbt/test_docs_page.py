"""The static docs page on real artifacts of dbt: everything described, everything inside, nothing fetched."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from project import CompiledProject, create_warehouse, run_dbt

from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.reports.dbt_docs import build_docs_page, describe_columns, undescribed_columns

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def target_dir(compiled: CompiledProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    accounts = [{"account_id": "</script><b>", "segment": "x"}]
    create_warehouse(compiled.config, {"accounts": accounts}, folder)
    for command in (["build"], ["docs", "generate"]):  # models, data tests and the project's own unit tests
        done = run_dbt(command, compiled.config, date(2025, 7, 1), folder)
        assert done.returncode == 0, done.stdout
    return folder / "target"


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
