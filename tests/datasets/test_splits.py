"""Splits obey the rules of time: nothing is used that wasn't known at the cutoff."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_platform.datasets import Examples, NotEnoughHistory, account_disjoint, hold_out_accounts, split_by_time


def test_test_dates_are_the_last_whose_window_ends_at_the_cutoff(monthly):
    # 2024-09-01 plus 90 days is 2024-11-30: mature one day before the cutoff; 2024-10-01 plus 90 days is 2024-12-30: not.
    split = split_by_time(monthly(), date(2024, 12, 1), 90, 3)
    assert split.test_dates == (date(2024, 7, 1), date(2024, 8, 1), date(2024, 9, 1))
    assert split.train_dates == (date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1), date(2024, 4, 1))
    assert split.train_until == date(2024, 6, 30)
    assert split.scoring_date == date(2024, 12, 1)


def test_a_window_that_ends_on_the_cutoff_is_mature_and_a_day_earlier_is_not(monthly):
    assert split_by_time(monthly(), date(2024, 11, 30), 90, 1).test_dates == (date(2024, 9, 1),)
    assert split_by_time(monthly(), date(2024, 11, 29), 90, 1).test_dates == (date(2024, 8, 1),)


def test_training_may_end_on_the_first_test_date_but_not_after(monthly):
    split = split_by_time(monthly(), date(2024, 12, 1), 31, 1)
    assert split.test_dates == (date(2024, 10, 1),)
    assert split.train_dates[-1] == date(2024, 8, 1)  # plus 31 days is 2024-09-01; 2024-09-01 plus 31 days would be 2024-10-02
    assert split_by_time(monthly(), date(2024, 12, 1), 30, 1).train_dates[-1] == date(2024, 10, 1)  # the test is 2024-11-01


def test_a_backfill_does_not_use_labels_that_were_known_only_later(monthly):
    examples = monthly()
    split = split_by_time(examples, date(2024, 9, 1), 90, 1)
    assert examples.is_usable.all()
    assert split.test_dates == (date(2024, 6, 1),)
    assert split.scoring_date == date(2024, 9, 1)
    assert np.isnan(split.scoring.y).all()


def test_rows_without_a_label_are_neither_trained_nor_tested_on_but_scored(monthly):
    examples = monthly()
    y = examples.y.copy()
    y[::2] = np.nan
    split = split_by_time(replace(examples, y=y), date(2024, 12, 1), 90, 3)
    assert len(split.train) == 4 * 20
    assert len(split.test) == 3 * 20
    assert len(split.scoring) == 40


@settings(max_examples=60, deadline=None)
@given(st.integers(150, 365), st.integers(1, 120), st.integers(1, 4))
def test_every_split_respects_time(days, horizon, n_test_dates):
    months = np.array([date(2024, m, 1) for m in range(1, 13)], dtype="datetime64[D]")
    accounts = np.array(["a", "b"], dtype=object)
    examples = Examples(pd.DataFrame({"x": np.arange(24.0)}), np.tile([0.0, 1.0], 12), np.tile(accounts, 12), np.repeat(months, 2), ())
    cutoff = date(2024, 1, 1) + timedelta(days=days)
    try:
        split = split_by_time(examples, cutoff, horizon, n_test_dates)
    except NotEnoughHistory:
        return
    window = timedelta(days=horizon)
    assert len(split.test_dates) == n_test_dates
    assert max(split.test_dates) + window <= cutoff
    assert max(split.train_dates) + window == split.train_until <= min(split.test_dates)
    assert max(split.test_dates) <= split.scoring_date <= cutoff
    assert not set(split.train_dates) & set(split.test_dates)


def test_too_short_a_history_says_how_much_there_is_and_how_much_is_needed(monthly):
    with pytest.raises(NotEnoughHistory) as error:
        split_by_time(monthly(), date(2024, 6, 1), 90, 3)
    assert str(error.value) == (
        "Not enough history for a horizon of 90 days: the first snapshot is 2024-01-01 and the data are known until 2024-06-01, 152 days, "
        "in which the labels of 3 as-of dates are usable. Needed: 242 days, until 2024-08-30, for 3 test dates and a training date a full "
        "horizon before them. Give more history, or choose a shorter `horizon_days` of the target or fewer `training.n_test_dates`."
    )


def test_the_history_that_the_message_asks_for_is_enough_and_a_day_less_is_not(monthly):
    assert split_by_time(monthly(), date(2024, 8, 30), 90, 3)
    with pytest.raises(NotEnoughHistory):
        split_by_time(monthly(), date(2024, 8, 29), 90, 3)


def test_a_cutoff_before_all_snapshots_is_said(monthly):
    with pytest.raises(NotEnoughHistory, match="no eligible account at any as-of date up to the cutoff 2023-01-01"):
        split_by_time(monthly(), date(2023, 1, 1), 90, 3)


def test_undated_examples_are_not_split_by_time(monthly):
    examples = monthly()
    undated = replace(examples, as_of_date=np.full(len(examples), "NaT", dtype="datetime64[D]"))
    with pytest.raises(ValueError, match="stratified folds"):
        split_by_time(undated, date(2024, 12, 1), 90, 3)


def test_held_out_accounts_are_whole_stable_and_about_the_share(monthly):
    examples = monthly(n_accounts=2000, months=(date(2024, 1, 1), date(2024, 2, 1)))
    held = hold_out_accounts(examples, 0.2, seed=0)
    assert 0.17 < held.mean() < 0.23
    assert not set(examples.account_id[held]) & set(examples.account_id[~held])
    order = np.random.default_rng(0).permutation(len(examples))
    np.testing.assert_array_equal(hold_out_accounts(examples.take(order), 0.2, seed=0), held[order])
    assert (hold_out_accounts(examples, 0.2, seed=1) != held).any()
    assert not hold_out_accounts(examples, 0.0).any()
    assert hold_out_accounts(examples, 1.0).all()


def test_account_disjoint_marks_the_accounts_that_training_never_saw(monthly):
    examples = monthly(n_accounts=4, months=(date(2024, 1, 1),))
    train, test = examples.take(np.array([0, 1])), examples.take(np.array([1, 2, 3]))
    assert account_disjoint(train, test).tolist() == [False, True, True]
