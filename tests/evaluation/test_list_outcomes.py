"""Lists that were given out, against what happened: counted by hand, intervals that hold, what isn't known yet left open."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clv_platform.evaluation.list_outcomes import evaluate_lists, lift_interval


def scored(n: int = 10, *, as_of: str = "2025-01-01", cutoff: str = "2025-01-01", model_id: str = "m1", given_out: bool = True, **changes):
    """Accounts ranked 1 to n; the first four upgraded."""
    columns = {
        "account_id": [f"a{i}" for i in range(n)],
        "as_of_date": pd.Timestamp(as_of),
        "cutoff": cutoff,
        "model_id": model_id,
        "is_given_out": given_out,
        "is_in_force": True,
        "score": np.linspace(0.5, 0.05, n),
        "score_rank": np.arange(1, n + 1),
        "known_from_date": pd.Timestamp(as_of) + pd.Timedelta(days=90),
        "outcome": pd.array([1] * 4 + [0] * (n - 4), dtype="Int32"),
        "was_contacted": False,
        "was_control": False,
    }
    return pd.DataFrame(columns | changes)


def judge(*frames: pd.DataFrame, size: int = 5, known_until: date | None = date(2025, 12, 1)) -> Any:
    rows = pd.concat(frames, ignore_index=True)
    return evaluate_lists(rows, call_list_size=size, known_until=known_until).set_index(["as_of_date", "list"])


def test_hits_base_rate_and_lift_are_counted():
    row = judge(scored()).loc[("2025-01-01", "call list")]
    assert (row["n_listed"], row["n_known"], row["n_events"]) == (5, 5, 4)
    assert (row["hit_rate"], row["base_rate"], row["lift"]) == pytest.approx((0.8, 0.4, 2.0))
    assert row["n_expected"] == pytest.approx(scored()["score"].iloc[:5].sum())
    fifth = judge(scored()).loc[("2025-01-01", "top 20 %")]
    assert (fifth["n_listed"], fifth["n_events"]) == (2, 2)


def test_lists_of_a_backtest_are_left_out():
    found = judge(scored(), scored(as_of="2025-02-01", given_out=False))
    assert list(found.index.get_level_values(0).unique()) == [pd.Timestamp("2025-01-01")]


def test_of_two_lists_for_one_date_the_one_in_force_counts():
    found = judge(scored(model_id="m9", is_in_force=False), scored(model_id="m2"))
    assert set(found["model_id"]) == {"m2"}


def test_a_list_whose_horizon_is_not_over_is_named_and_not_judged():
    on_the_day = judge(scored(), known_until=date(2025, 4, 1)).loc[("2025-01-01", "call list")]
    a_day_early = judge(scored(), known_until=date(2025, 3, 31)).loc[("2025-01-01", "call list")]
    assert bool(on_the_day["is_known"])
    assert not bool(a_day_early["is_known"])
    assert np.isnan(a_day_early["n_events"])
    assert a_day_early["known_from_date"] == pd.Timestamp("2025-04-01")


def test_accounts_whose_outcome_is_unknown_count_neither_as_hit_nor_as_miss():
    outcome = pd.array([1, None, 1, 1, 0, 0, 0, 0, 0, 0], dtype="Int32")
    row = judge(scored(outcome=outcome)).loc[("2025-01-01", "call list")]
    assert (row["n_listed"], row["n_known"], row["n_events"]) == (5, 4, 3)
    assert row["base_rate"] == pytest.approx(3 / 9)


def test_accounts_that_a_campaign_touched_are_told_apart_from_controls_and_the_rest():
    contacted = np.array([True, True, False, False, False] + [False] * 5)
    control = np.array([False, True, True, False, False] + [False] * 5)  # one is both: contacted counts
    row = judge(scored(was_contacted=contacted, was_control=control)).loc[("2025-01-01", "call list")]
    assert [row[f"{kind}_n"] for kind in ("contacted", "control", "untouched")] == [2, 1, 2]
    assert [row[f"{kind}_events"] for kind in ("contacted", "control", "untouched")] == [2, 1, 1]
    assert row["untouched_hit_rate"] == 0.5


def test_no_list_at_all_is_an_empty_table_with_all_columns():
    found = evaluate_lists(pd.DataFrame(), call_list_size=5, known_until=None)
    assert found.empty
    assert {"lift", "hit_rate", "contacted_n"} <= set(found.columns)


def test_the_interval_of_lift_covers_the_truth_at_its_level():
    random, inside = np.random.default_rng(1), 0
    n_all, n_listed, p_listed, p_rest = 3000, 600, 0.12, 0.03
    truth = p_listed / ((n_listed * p_listed + (n_all - n_listed) * p_rest) / n_all)
    for seed in range(300):
        k, rest = int(random.binomial(n_listed, p_listed)), int(random.binomial(n_all - n_listed, p_rest))
        _, lo, hi = lift_interval(k, n_listed, rest, n_all - n_listed, seed=seed)
        inside += lo <= truth <= hi
    assert 0.92 <= inside / 300 <= 0.98


def test_lift_without_events_or_accounts_is_not_a_number():
    assert np.isnan(lift_interval(0, 10, 0, 90, seed=0)).all()
    assert np.isnan(lift_interval(0, 0, 5, 90, seed=0)).all()


def test_an_account_whose_event_had_happened_before_the_list_was_given_out_counts_nowhere():
    rows = scored(happened_on=[pd.Timestamp("2025-01-09"), *[pd.NaT] * 9], cutoff="2025-01-20")
    row = judge(rows).loc[("2025-01-01", "call list")]
    assert (row["n_scored"], row["n_listed"], row["n_events"]) == (9, 5, 3)
    assert (row["hit_rate"], row["base_rate"]) == pytest.approx((3 / 5, 3 / 9))
    assert row["n_expected"] == pytest.approx(rows["score"].iloc[1:6].sum())
