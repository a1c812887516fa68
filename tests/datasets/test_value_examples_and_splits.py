"""Rows of value targets and their splits: what is learnt from, what is checked, what may be known."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import CompanyConfig, Source, Target
from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.datasets import (
    SUMMARY_COLUMNS,
    NotEnoughHistory,
    ValueExamples,
    ValuePair,
    build_value_examples,
    split_value_by_time,
    stack_rows,
    value_windows,
)
from clv_platform.datasets.value_splits import account_part

CDNOW = ("1997-05-01", "1997-06-01", "1997-07-01", "1997-08-01", "1997-10-01", "1998-07-01")
WINDOWS = (61, 92, 122, 153, 273)


def examples(dates=CDNOW, windows=WINDOWS, horizon=273, until="1998-07-01", n=6) -> ValueExamples:
    """Accounts whose amount is their number times the window; outcomes as known at `until`."""
    day = np.repeat(np.array(dates, dtype="datetime64[D]"), n)
    number = np.tile(np.arange(n, dtype=float), len(dates))
    known = {w: np.where(day + np.timedelta64(w, "D") <= np.datetime64(until), 1.0, np.nan) for w in windows}
    summary = pd.DataFrame(dict.fromkeys(SUMMARY_COLUMNS, np.zeros(len(day)))).assign(T_days=30.0, n_purchases=1.0)
    return ValueExamples(
        pd.DataFrame({"x": number}),
        summary,
        {w: number * w * known[w] for w in windows},
        {w: number * known[w] for w in windows},
        np.array([f"a{int(k)}" for k in number], dtype=object),
        day,
        (),
        horizon,
    )


def pair(day: str, window: int) -> ValuePair:
    return ValuePair(date.fromisoformat(day), window)


def test_each_date_before_the_test_is_learnt_with_its_longest_window_that_has_ended() -> None:
    split = split_value_by_time(examples(), date(1998, 7, 1))
    assert split.test_date == date(1997, 10, 1)
    assert split.learning == (pair("1997-05-01", 153), pair("1997-06-01", 122), pair("1997-07-01", 92), pair("1997-08-01", 61))
    assert all(one.until <= split.test_date for one in split.learning)


def test_an_origin_learns_only_from_windows_that_ended_at_its_date() -> None:
    split = split_value_by_time(examples(), date(1998, 7, 1))
    assert split.kind == "rolling_origins"
    july, august = split.backtests
    assert (july.learn, july.check) == ((pair("1997-05-01", 61),), (pair("1997-07-01", 92),))
    assert august.learn == (pair("1997-05-01", 92), pair("1997-06-01", 61))
    for backtest in split.backtests:
        assert all(one.until <= backtest.check[0].as_of for one in backtest.learn)


def test_window_that_ends_a_day_after_the_test_date_is_not_learnt() -> None:
    split = split_value_by_time(examples(windows=(61, 154, 273)), date(1998, 7, 1))
    assert pair("1997-05-01", 154) not in split.learning
    assert pair("1997-05-01", 61) in split.learning


def test_at_most_three_origins_are_the_newest_ones() -> None:
    dates = [f"2024-{month:02d}-01" for month in range(1, 13)]
    split = split_value_by_time(examples(dates, (30, 60), 60, "2025-03-01"), date(2025, 3, 1))
    assert [backtest.name for backtest in split.backtests] == ["2024-09-01", "2024-10-01", "2024-11-01"]


def test_one_learning_date_gives_folds_by_account() -> None:
    split = split_value_by_time(examples(("2010-09-10", "2011-09-10"), (90,), 90, "2011-12-10", n=60), date(2011, 12, 10))
    assert split.kind == "account_folds"
    checked: list[str] = []
    for backtest in split.backtests:
        learn, check = split.learn_rows(backtest), split.check_rows(backtest)
        assert not set(learn.account_id) & set(check.account_id)
        checked += check.account_id.tolist()
    assert sorted(checked) == sorted(split.rows(split.learning).account_id.tolist())


def test_an_account_is_in_the_same_part_in_every_order() -> None:
    names = np.array([f"a{k}" for k in range(50)], dtype=object)
    assert (account_part(names)[::-1] == account_part(names[::-1])).all()
    assert set(account_part(names).tolist()) == {0, 1, 2}


def test_an_earlier_cutoff_hides_later_outcomes() -> None:
    late = examples(("2024-01-01", "2024-03-01", "2024-05-01", "2024-07-01"), (30,), 30, "2025-01-01")
    split = split_value_by_time(late, date(2024, 5, 15))
    assert split.test_date == date(2024, 3, 1)
    assert split.scoring_date == date(2024, 5, 1)
    assert np.isnan(split.scoring.amount).all()
    after = split.examples.as_of_date >= np.datetime64("2024-05-01")
    assert np.isnan(split.examples.amounts[30][after]).all()


def test_the_window_that_ends_on_the_cutoff_is_known() -> None:
    dates = ("2024-01-01", "2024-03-01")
    assert split_value_by_time(examples(dates, (30,), 30, "2024-03-31"), date(2024, 3, 31)).test_date == date(2024, 3, 1)
    with pytest.raises(NotEnoughHistory):
        split_value_by_time(examples(dates[1:], (30,), 30, "2024-03-31"), date(2024, 3, 30))


def test_no_date_with_a_whole_horizon_says_what_is_needed() -> None:
    with pytest.raises(NotEnoughHistory, match=r"data until 2024-12-31 at least, or a shorter `horizon_days`"):
        split_value_by_time(examples(("2024-01-01",), (365,), 365, "2024-06-01"), date(2024, 6, 1))


def test_nothing_to_learn_before_the_test_names_the_shortest_window() -> None:
    with pytest.raises(NotEnoughHistory, match=r"shortest window of 90 days"):
        split_value_by_time(examples(("2024-01-01", "2024-02-01"), (90,), 90, "2024-05-01"), date(2024, 5, 1))


def test_rows_over_another_window_have_no_outcome() -> None:
    rows = split_value_by_time(examples(), date(1998, 7, 1)).test
    assert np.isfinite(rows.amount).all()
    other = rows.over(30)
    assert np.isnan(other.amount).all()
    assert np.isnan(other.purchases).all()
    assert (other.window_days == 30).all()


def test_stacked_rows_keep_their_own_windows() -> None:
    split = split_value_by_time(examples(), date(1998, 7, 1))
    rows = split.rows(split.learning)
    assert len(rows) == 4 * 6
    assert np.allclose(rows.amount, rows.X["x"] * rows.window_days)
    assert len(stack_rows([rows, rows])) == 2 * len(rows)
    with pytest.raises(ValueError, match="at least one part"):
        stack_rows([])


def config() -> CompanyConfig:
    target = Target(name="value", kind="value", horizon_days=90, learning_windows=(30,))
    return CompanyConfig(name="shop", title="Shop", sources={"orders": Source(files=("orders.csv",))}, targets=(target,))


def marts(company: CompanyConfig) -> tuple[pd.DataFrame, pd.DataFrame]:
    n = 4
    frame = pd.DataFrame(
        {"account_id": ["b", "a", "c", "a"], "as_of_date": pd.to_datetime(["2024-02-01", "2024-02-01", "2024-02-01", "2024-01-01"])}
    )
    frame["is_eligible"] = [True, True, False, True]
    for feature in build_feature_catalogue(company):
        frame[feature.name] = "x" if feature.type == "category" else 1.0
    for window in (30, 90):
        frame[f"y_value_{window}d"], frame[f"n_value_{window}d"] = np.arange(n) * 10.0, np.arange(n)
    summaries = frame.loc[[1, 3], ["account_id", "as_of_date"]].assign(
        frequency=1, recency_days=10, T_days=20, n_purchases=2, n_valued=2, mean_value=5.0, total_spend=10.0
    )
    return frame, summaries


def test_eligible_rows_come_sorted_with_their_own_summaries() -> None:
    company = config()
    built = build_value_examples(*marts(company), company, company.targets[0])
    assert list(zip(built.account_id, built.as_of_date.astype(str), strict=True)) == [
        ("a", "2024-01-01"), ("a", "2024-02-01"), ("b", "2024-02-01"),
    ]  # fmt: skip
    assert built.windows == value_windows(company.targets[0]) == (30, 90)
    assert built.amounts[90].tolist() == [30.0, 10.0, 0.0]
    assert built.summary["T_days"].tolist()[:2] == [20.0, 20.0]


def test_an_account_without_a_summary_has_never_bought() -> None:
    company = config()
    built = build_value_examples(*marts(company), company, company.targets[0])
    never = built.summary.iloc[2]
    assert np.isnan(never["T_days"])
    assert never.drop("T_days").tolist() == [0.0] * 6


def test_missing_columns_and_doubled_accounts_are_named() -> None:
    company = config()
    frame, summaries = marts(company)
    with pytest.raises(ValueError, match="found no n_value_30d"):
        build_value_examples(frame.drop(columns="n_value_30d"), summaries, company, company.targets[0])
    with pytest.raises(ValueError, match="account a more than once at 2024-01-01"):
        build_value_examples(pd.concat([frame, frame]), summaries, company, company.targets[0])


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("T_days", -1.0, "T_days of at least 0"),
        ("recency_days", 21.0, "purchases on or after as_of_date must not be counted"),
        ("n_valued", 3.0, "n_valued of at most n_purchases"),
        ("mean_value", 0.0, "a mean_value above 0"),
        ("T_days", np.nan, "days watched"),
    ],
)
def test_summaries_that_cannot_be_true_are_refused(column: str, value: float, words: str) -> None:
    company = config()
    frame, summaries = marts(company)
    with pytest.raises(ValueError, match=words):
        build_value_examples(frame, summaries.assign(**{column: value}), company, company.targets[0])


def test_examples_without_a_date_are_refused() -> None:
    undated = examples()
    undated = replace(undated, as_of_date=np.full(len(undated), "NaT", dtype="datetime64[D]"))
    with pytest.raises(ValueError, match="value targets need dates"):
        split_value_by_time(undated, date(1998, 7, 1))
