"""This month: what its lists say about whom they leave out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pandas as pd
import pytest

from clv_platform.review.app.pages.month import _as_of, _is_loss_known, _left_out, _left_since, _risk

if TYPE_CHECKING:
    from clv_platform.review.app.scene import Scene


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


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([None, None], ""),
        (["2025-12-09", None], " 1 account has left after the snapshot of 01 December 2025 already; the list leaves them out."),
    ],
)
def test_the_list_of_losses_says_how_many_are_lost_already(tmp_path: Path, days: list[str | None], said: str) -> None:
    (tmp_path / "reporting").mkdir()
    accounts = pd.DataFrame(
        {"account_id": ["a", "b"], "as_of_date": pd.Timestamp("2025-12-01"), "left_on": pd.Series(days).astype("datetime64[us]")}
    )
    accounts.to_parquet(tmp_path / "reporting" / "rpt_account_360.parquet")
    assert _left_since(tmp_path) == said


@pytest.mark.parametrize(
    ("value", "loss", "is_known"), [([5.0, None], [None, None], False), ([5.0, 2.0], [1.0, None], True), ([None, None], [None, None], True)]
)
def test_a_missing_list_of_losses_says_that_no_model_of_leaving_is_in_use(
    tmp_path: Path, value: list[float | None], loss: list[float | None], is_known: bool
) -> None:
    (tmp_path / "reporting").mkdir()
    accounts = pd.DataFrame({"account_id": ["a", "b"]}).assign(
        expected_value=pd.Series(value, dtype="float64"), expected_loss=pd.Series(loss, dtype="float64")
    )
    accounts.to_parquet(tmp_path / "reporting" / "rpt_account_360.parquet")
    assert _is_loss_known(tmp_path) == is_known
    if not is_known:
        assert "no model of leaving is in use" in str(_risk(cast("Scene", None), tmp_path, {}))


def test_amounts_of_the_month_have_a_unit_and_a_run_without_amounts_names_none(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"cutoff": "2026-01-01", "company": "demo", "currency": "CHF"}')
    assert _as_of(tmp_path) == "As of 2026-01-01, demo"
    (tmp_path / "reporting").mkdir()
    pd.DataFrame({"account_id": ["a"]}).to_parquet(tmp_path / "reporting" / "rpt_account_360.parquet")
    assert _as_of(tmp_path) == "As of 2026-01-01, demo, amounts in CHF"
