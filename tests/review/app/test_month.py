"""This month: what its lists say about whom they leave out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from clv_platform.review.app.pages.month import _left_out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scores = pd.DataFrame(
        {
            "target": ["churn", "churn", "churn", "upgrade"],
            "target_kind": ["churn", "churn", "churn", "upgrade"],
            "account_id": ["a", "b", "c", "a"],
            "as_of_date": pd.Timestamp("2025-12-01"),
            "happened_on": [pd.Timestamp("2025-12-09"), pd.NaT, pd.Timestamp("2025-12-30"), pd.NaT],
        }
    )
    (tmp_path / "reporting").mkdir()
    scores.to_parquet(tmp_path / "reporting" / "rpt_target_scores.parquet")
    return tmp_path


def test_a_list_says_how_many_left_since_its_snapshot(folder: Path) -> None:
    assert _left_out(folder, "churn") == " 2 of 3 accounts left after the snapshot of 01 December 2025 already; the list leaves them out."


def test_a_list_that_leaves_nobody_out_says_nothing(folder: Path, tmp_path: Path) -> None:
    assert _left_out(folder, "upgrade") == ""
    assert _left_out(tmp_path / "no_such_run", "churn") == ""
