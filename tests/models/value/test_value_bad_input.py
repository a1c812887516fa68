"""Histories that break value models elsewhere: each has clear words or an answer without gaps."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from clv_platform.datasets import NotEnoughHistory, split_value_by_time
from clv_platform.models.value import TrainedValueModel

from .conftest import DATES, simulate_days, train, value_examples, value_frames, value_split


def answers(trained: TrainedValueModel, split) -> np.ndarray:
    forecast = trained.artifact.predict(split.test.X, split.test.summary)
    for name in ("spend", "spend_median", "lo", "hi", "discounted", "purchases", "purchases_median"):
        assert np.isfinite(getattr(forecast, name)).all(), name
    return forecast.spend


def notes(trained: TrainedValueModel) -> str:
    return " ".join(trained.leaderboard["note"].dropna())


def once(days: pd.DataFrame) -> pd.DataFrame:
    """Only everybody's first purchase."""
    return days.sort_values(["id", "date"]).drop_duplicates("id")


def test_one_purchase_per_customer_everywhere_says_that_nobody_bought_twice() -> None:
    days = once(simulate_days(120, seed=1))
    newcomers = pd.DataFrame({"id": [f"x{k}" for k in range(60)], "date": pd.to_datetime("2024-08-15"), "dollars": 20.0})
    split = value_split(pd.concat([days, newcomers]))
    trained = train(split)
    assert (answers(trained, split) == 0).all()
    assert "nobody bought twice" in notes(trained)


def test_no_repeat_buyers_before_any_date_still_learns_from_what_came_later() -> None:
    days = simulate_days(120, seed=2)
    first = days.groupby("id")["date"].transform("min")
    later = days[(days["date"] == first) | (days["date"] >= "2024-09-01")]
    split = value_split(later)
    trained = train(split)
    answers(trained, split)
    assert "nobody bought twice" in notes(trained)


def test_a_single_customer_is_predicted_without_gaps() -> None:
    days = pd.DataFrame({"id": "one", "date": pd.date_range("2024-01-05", "2024-10-25", freq="10D"), "dollars": 50.0})
    split = value_split(days)
    trained = train(split)
    assert answers(trained, split)[0] == pytest.approx(300, rel=0.5)
    assert "these data fit a simpler model" in notes(trained)


def test_customers_of_the_day_before_have_watched_nothing_yet_and_get_an_answer() -> None:
    days = simulate_days(120, seed=4)
    fresh = pd.DataFrame({"id": [f"z{k}" for k in range(20)], "date": pd.to_datetime("2024-08-31"), "dollars": 30.0})
    split = value_split(pd.concat([days, fresh]))
    watched = split.test.summary["T_days"].to_numpy()
    assert (watched == 0).sum() >= 20
    assert (answers(train(split), split)[watched == 0] > 0).all()


def test_ten_thousand_purchases_by_one_customer_overflow_nothing() -> None:
    days = simulate_days(120, seed=5)
    split = value_split(days)
    summary = split.examples.summary
    heavy = split.examples.account_id == split.examples.account_id[0]
    summary.loc[heavy, ["frequency", "n_purchases", "n_valued", "mean_value", "total_spend"]] = [9_999.0, 10_000.0, 10_000.0, 20.0, 2e5]
    summary.loc[heavy, "recency_days"] = summary.loc[heavy, "T_days"].clip(lower=1)
    summary.loc[heavy, "T_days"] = summary.loc[heavy, "recency_days"]
    split = split_value_by_time(split.examples, split.cutoff)
    assert np.isfinite(answers(train(split), split)).all()


def test_zero_and_negative_spend_count_as_purchases_without_value() -> None:
    days = simulate_days(120, seed=6)
    rng = np.random.default_rng(0)
    days["dollars"] = np.where(rng.random(len(days)) < 0.1, 0.0, np.where(rng.random(len(days)) < 0.1, -30.0, days["dollars"]))
    split = value_split(days)
    assert (split.examples.amounts[60] < 0).any()
    spend = answers(train(split), split)
    assert (spend >= 0).all()
    assert spend.sum() > 0


def test_nobody_buys_in_any_window_and_nothing_is_expected() -> None:
    days = simulate_days(100, seed=7)
    split = value_split(days[days["date"] < "2024-03-01"])
    trained = train(split)
    assert answers(trained, split).max() < 1e-6 or trained.artifact.manifest.champion.keys() <= {
        "past_spend_rate",
        "bg_nbd",
        "mbg_nbd",
        "pareto_nbd",
    }


def test_a_horizon_longer_than_the_history_says_how_much_is_needed() -> None:
    frames = value_frames(simulate_days(30, seed=8), DATES, (30, 400), "2024-11-01")
    with pytest.raises(NotEnoughHistory, match="data until 2025-04-05 at least"):
        split_value_by_time(value_examples(frames, (30, 400), 400), date(2024, 11, 1))


def test_a_horizon_longer_than_half_the_history_without_shorter_windows_names_them() -> None:
    frames = value_frames(simulate_days(30, seed=8), DATES[:3], (200,), "2024-11-18")
    with pytest.raises(NotEnoughHistory, match="a shorter window under `learning_windows`"):
        split_value_by_time(value_examples(frames, (200,), 200), date(2024, 11, 18))
