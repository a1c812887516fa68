"""`clv publish`: a link for a good file, one plain sentence for a bad one, private columns of the config left out."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from clv_platform.cli import main
from clv_platform.review.frames.catalogue import list_frames
from clv_platform.review.frames.store import ReviewStore

CONFIG = """
name: tiny
title: Tiny
private: [note]
sources: {accounts: {files: accounts.csv}}
"""


@pytest.fixture
def file(tmp_path: Path, planted: ModuleType) -> Path:
    path = tmp_path / "march.parquet"
    planted.planted_frame().head(300).to_parquet(path)
    return path


def test_a_file_is_published_and_its_address_printed(store: ReviewStore, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLV_REVIEW_DIR", str(store.root))
    arguments = [
        "publish",
        str(file),
        "--y-true",
        "segment",
        "--y-pred",
        "predicted_segment",
        "--slice",
        "country",
        "--as-of-date",
        "2026-03-01",
        "--type",
        "employees=category",
    ]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip().endswith("/frames/march")
    info = list_frames(store)[0]
    assert (info.name, info.as_of_date, info.column("country").role) == ("march", "2026-03-01", "slice")
    assert info.column("employees").type == "category"


def test_a_wrong_column_is_one_sentence(store: ReviewStore, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLV_REVIEW_DIR", str(store.root))
    done = CliRunner().invoke(main, ["publish", str(file), "--y-true", "segmnt"])
    assert done.exit_code == 2
    assert "'segmnt'" in done.output
    assert "Traceback" not in done.output


def test_columns_that_the_config_calls_private_are_not_written(
    store: ReviewStore, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLV_REVIEW_DIR", str(store.root))
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    arguments = ["publish", str(file), "--config", str(tmp_path / "tiny.yaml"), "--y-true", "segment", "--y-pred", "predicted_segment"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert next(column for column in list_frames(store)[0].columns if column.name == "note").is_private
