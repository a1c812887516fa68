"""Lists of amounts against what came: counted by hand, what isn't known yet left open, and months side by side."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clv_platform.evaluation.value_backtest import collect_value_backtest
from clv_platform.evaluation.value_outcomes import evaluate_value_lists, join_outcomes, split_tenths


def scored(n: int = 10, *, as_of: str = "2025-01-01", **changes: Any) -> pd.DataFrame:
    """Accounts expected to bring n, n - 1, ... 1; each range reaches up to the double."""
    score = np.arange(n, 0, -1, dtype=float)
    columns = {
        "account_id": [f"a{i}" for i in range(n)], "as_of_date": date.fromisoformat(as_of), "cutoff": as_of, "model_id": "m1",
        "is_champion": True, "scored_at": pd.Timestamp("2025-01-02"), "score": score, "score_lo": 0.0, "score_hi": 2 * score,
    }  # fmt: skip
    return pd.DataFrame(columns | changes)


def came(amounts: list[float | None], as_of: str = "2025-01-01") -> pd.DataFrame:
    ids = [f"a{i}" for i in range(len(amounts))]
    return pd.DataFrame({"account_id": ids, "as_of_date": date.fromisoformat(as_of), "y": pd.array(amounts, dtype="Float64")})


AMOUNTS: list[float | None] = [30.0, 10.0, 5.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0]


def judge(scores: pd.DataFrame, outcomes: pd.DataFrame, known_until: date | None = date(2025, 12, 1), **options: Any) -> pd.DataFrame:
    return evaluate_value_lists(join_outcomes(scores, outcomes, "y"), horizon_days=90, known_until=known_until, **options)


def test_totals_order_and_ranges_are_counted() -> None:
    (row,) = judge(scored(), came(AMOUNTS)).to_dict("records")
    assert (row["n_known"], row["n_buyers"], row["expected"], row["actual"]) == (10, 4, 55.0, 50.0)
    assert row["bias"] == pytest.approx(0.1)
    assert row["top20_share"] == pytest.approx(40 / 50)
    assert row["top20_promised"] == pytest.approx(19 / 55)
    assert row["coverage_90"] == pytest.approx(0.9)  # 30 lies above 2 x 10
    assert row["bias_lo"] < 0.1 < row["bias_hi"]
    assert row["ngini_lo"] <= row["ngini"] <= row["ngini_hi"]


def test_a_list_in_the_order_of_what_came_has_a_gini_of_one() -> None:
    (row,) = judge(scored(), came([float(10 - i) for i in range(10)])).to_dict("records")
    assert row["ngini"] == pytest.approx(1.0)
    assert row["bias"] == pytest.approx(0.0)


def test_a_list_whose_horizon_is_not_over_is_named_and_not_judged() -> None:
    early, on_the_day = (judge(scored(), came(AMOUNTS), day).iloc[0] for day in (date(2025, 3, 31), date(2025, 4, 1)))
    assert not early["is_known"]
    assert np.isnan(early["actual"])
    assert on_the_day["is_known"]


def test_lists_of_a_backtest_count_only_where_they_are_asked_for() -> None:
    later = scored(as_of="2025-02-01", is_champion=False)
    outcomes = pd.concat([came(AMOUNTS), came(AMOUNTS, "2025-02-01")])
    both = pd.concat([scored(), later])
    assert judge(both, outcomes)["as_of_date"].tolist() == [pd.Timestamp("2025-01-01")]
    assert judge(both, outcomes, only_given_out=False)["is_given_out"].tolist() == [True, False]


def test_of_two_lists_for_one_date_the_one_given_out_last_counts() -> None:
    outcomes = came(AMOUNTS)
    twice = pd.concat([scored(), scored(cutoff="2025-01-20", model_id="m2"), scored(cutoff="2025-03-01", model_id="m3", is_champion=False)])
    assert judge(twice, outcomes, only_given_out=False)["model_id"].tolist() == ["m2"]


@pytest.mark.parametrize("written_before", [pd.Timestamp("2025-01-01"), pd.NaT])  # older versions didn't write it down
def test_of_two_champions_of_one_cutoff_the_one_that_scored_last_counts(written_before: pd.Timestamp) -> None:
    rerun = pd.concat([scored(model_id="m1"), scored(model_id="m9", scored_at=written_before)])
    assert judge(rerun, came(AMOUNTS))["model_id"].tolist() == ["m1"]


def test_accounts_without_an_outcome_are_left_out_of_both_totals() -> None:
    (row,) = judge(scored(), came([30.0, *[None] * 4, *[0.0] * 5])).to_dict("records")
    assert (row["n_scored"], row["n_known"], row["expected"], row["actual"]) == (10, 6, 25.0, 30.0)


def test_tenths_are_of_the_newest_judged_list_and_add_up() -> None:
    scores = pd.concat([scored(20), scored(20, as_of="2025-02-01", score=1.0), scored(20, as_of="2025-11-15")])
    joined = join_outcomes(scores, pd.concat([came([2.0] * 20), came([3.0] * 20, "2025-02-01")]), "y")
    tenths = split_tenths(joined, evaluate_value_lists(joined, horizon_days=90, known_until=date(2025, 12, 1)))
    assert set(tenths["as_of_date"]) == {pd.Timestamp("2025-02-01")}
    assert (tenths["n"].tolist(), tenths["predicted"].sum(), tenths["actual"].sum()) == ([2] * 10, 20.0, 60.0)


def test_nothing_scored_is_no_row() -> None:
    joined = join_outcomes(scored().head(0), came(AMOUNTS), "y")
    lists = evaluate_value_lists(joined, horizon_days=90, known_until=None)
    assert lists.empty
    assert split_tenths(joined, lists).empty


def write_month(reports: Path, cutoff: str, **metrics: Any) -> None:
    folder = reports / cutoff / "value"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps({"model_id": f"m-{cutoff}", "n": 10, "ngini": 0.8, "bias": None, **metrics}))
    (folder / "gate.json").write_text(json.dumps({"verdict": "promoted", "is_promoted": True, "model_id": f"m-{cutoff}"}))
    (folder / "training.json").write_text(json.dumps({"scoring_date": cutoff}))


def test_months_up_to_the_cutoff_stand_beside_what_their_lists_brought(tmp_path: Path) -> None:
    for cutoff in ("2025-01-01", "2025-02-01", "2025-12-01"):
        write_month(tmp_path, cutoff, coverage_90=0.9)
    (tmp_path / "2025-03-01" / "value").mkdir(parents=True)  # a run that was killed
    lists = judge(pd.concat([scored(), scored(as_of="2025-02-01")]), came(AMOUNTS), date(2025, 4, 1))
    months = collect_value_backtest(tmp_path, "value", lists, "2025-11-01")
    assert months["cutoff"].tolist() == ["2025-01-01", "2025-02-01"]
    assert months["in_use"].tolist() == ["m-2025-01-01", "m-2025-02-01"]
    assert months["is_list_known"].tolist() == [True, False]
    assert months["list_actual"].iloc[0] == 50.0
    assert np.isnan(months["list_actual"].iloc[1])
    assert months["bias"].isna().all()
