"""The backtest gathers what the runs of all cutoffs left: nothing later than its cutoff, lists judged by what happened, money counted."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import Target
from clv_platform.datasets import Examples
from clv_platform.evaluation.backtest import Folders, collect_backtest, earn

TARGET = Target(name="upgrade", kind="upgrade", horizon_days=90, value_per_event=100.0, contact_cost=5.0)
MONTHS = ("2025-01-01", "2025-02-01", "2025-05-01")


def write_month(folders: Folders, cutoff: str, **metrics) -> None:
    """A run of one cutoff whose model scored ten accounts of its own date; the best two are the list."""
    folder = folders.reports / cutoff / "upgrade"
    folder.mkdir(parents=True)
    figures = {"model_id": f"{cutoff}-m", "n": 100, "n_positive": 8, "pr_auc": 0.3, "pr_auc_lo": 0.2, "pr_auc_hi": 0.4, "lift_at_20": 2.5}
    gate = {"verdict": "promoted", "is_promoted": True, "model_id": f"{cutoff}-m", "compared_with": None, "in_use": f"{cutoff}-m"}
    contents = {"metrics": figures | metrics, "gate": gate, "training": {"scoring_date": cutoff}}
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    folders.history.mkdir(parents=True, exist_ok=True)
    scores = pd.DataFrame({"account_id": [f"a{i}" for i in range(10)], "score_rank": np.arange(1, 11)})
    scores.to_parquet(folders.history / f"{cutoff}__{cutoff}-m.parquet")


@pytest.fixture
def folders(tmp_path) -> Folders:
    found = Folders(tmp_path / "reports", tmp_path / "history")
    for month in MONTHS:
        write_month(found, month)
    return found


@pytest.fixture
def examples() -> Examples:
    """Ten accounts at each date; a0 and a5 upgrade after January, nobody later."""
    dates = np.repeat(np.array(MONTHS, dtype="datetime64[D]"), 10)
    accounts = np.array([f"a{i}" for i in range(10)] * 3, dtype=object)
    y = np.zeros(30)
    y[[0, 5]] = 1.0
    return Examples(X=pd.DataFrame(index=range(30)), y=y, account_id=accounts, as_of_date=dates, features=())


def test_a_month_stands_in_a_row_with_what_its_list_held(folders, examples):
    first = collect_backtest(folders, TARGET, examples, "2025-05-01").iloc[0]
    assert (first["cutoff"], first["model_id"], first["pr_auc"], first["base_rate"]) == ("2025-01-01", "2025-01-01-m", 0.3, 0.08)
    assert (first["n_listed"], first["events"], first["events_random"], first["events_perfect"]) == (2, 1.0, pytest.approx(0.4), 2.0)
    assert first["list_lift"] == pytest.approx(2.5)
    assert (first["value"], first["value_random"], first["value_perfect"]) == pytest.approx((90.0, 30.0, 190.0))


def test_later_cutoffs_and_what_happened_later_are_not_looked_at(folders, examples):
    frame = collect_backtest(folders, TARGET, examples, "2025-02-01")
    assert list(frame["cutoff"]) == ["2025-01-01", "2025-02-01"]
    assert frame["events"].isna().all()
    assert not frame["is_list_known"].astype(bool).any()


def test_a_horizon_that_ends_on_the_cutoff_is_known(folders, examples):
    assert collect_backtest(folders, TARGET, examples, "2025-04-01")["events"].notna().tolist() == [True, False]
    assert collect_backtest(folders, TARGET, examples, "2025-03-31")["events"].notna().tolist() == [False, False]


def test_the_list_is_that_of_the_champion_of_the_day(folders, examples):
    gate = {
        "verdict": "champion_kept",
        "is_promoted": False,
        "model_id": "2025-02-01-m",
        "compared_with": "2025-01-01-m",
        "in_use": "2025-01-01-m",
    }
    (folders.reports / "2025-02-01" / "upgrade" / "gate.json").write_text(json.dumps(gate))
    turned = pd.DataFrame({"account_id": [f"a{i}" for i in range(10)], "score_rank": np.arange(10, 0, -1)})
    turned.to_parquet(folders.history / "2025-02-01__2025-01-01-m.parquet")
    happened = examples.y.copy()
    happened[19] = 1.0  # a9 upgrades after February: only the champion of January has it on top
    row = collect_backtest(folders, TARGET, replace(examples, y=happened), "2025-06-01").iloc[1]
    assert (row["list_model_id"], row["events"]) == ("2025-01-01-m", 1.0)


def test_without_a_worth_in_the_config_there_is_no_money_and_no_model_no_list(folders, examples):
    plain = TARGET.model_copy(update={"value_per_event": None})
    assert collect_backtest(folders, plain, examples, "2025-05-01")["value"].isna().all()
    gate = {"verdict": "nothing_learnt", "is_promoted": False, "model_id": "x", "compared_with": None, "in_use": None}
    (folders.reports / "2025-01-01" / "upgrade" / "gate.json").write_text(json.dumps(gate))
    first = collect_backtest(folders, TARGET, examples, "2025-05-01").iloc[0]
    assert pd.isna(first["list_as_of"])
    assert np.isnan(first["events"])


def test_half_finished_cutoffs_and_other_folders_are_passed_over(folders, examples):
    (folders.reports / "2025-02-01" / "upgrade" / "metrics.json").unlink()
    (folders.reports / "undated" / "upgrade").mkdir(parents=True)
    assert list(collect_backtest(folders, TARGET, examples, "2025-12-01")["cutoff"]) == ["2025-01-01", "2025-05-01"]


def test_worth_and_its_interval_follow_the_events():
    found = earn(200, 30, 1000, 60, TARGET)
    assert (found["value"], found["value_random"], found["value_perfect"]) == pytest.approx((2000.0, 200.0, 5000.0))
    assert found["value_lo"] == pytest.approx(found["events_lo"] * 100 - 1000)
    assert found["value_lo"] < found["value"] < found["value_hi"]
