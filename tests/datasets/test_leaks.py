"""Leakage guards name the column and the remedy, and stay silent on honest data."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from clv_platform.datasets import find_leaks, split_by_time

CUTOFF = date(2024, 12, 1)


def _with(examples, **columns):
    return replace(examples, X=examples.X.assign(**columns))


def _report(examples):
    return find_leaks(examples, split_by_time(examples, CUTOFF, 90, 3))


def test_honest_features_pass_without_a_word(monthly):
    report = _report(monthly(n_accounts=100))
    assert report.is_clean
    assert report.warnings == ()
    assert report.message == "No leak found."


@pytest.mark.parametrize("column", ["upgraded", "y_churn_30d", "y_upgrade_90d"])
def test_a_label_column_among_the_features_is_named(monthly, column):
    examples = monthly()
    report = _report(_with(examples, **{column: np.zeros(len(examples))}))
    assert [(leak.kind, leak.column) for leak in report.leaks] == [("label_column", column)]
    assert f"Add `{column}` to `unused` in the config" in report.message


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_that_separates_the_classes_is_named_in_either_direction(monthly, sign):
    examples = monthly(n_accounts=100)
    leaking = sign * (examples.y + np.random.default_rng(1).normal(0, 0.3, len(examples)))
    report = _report(_with(examples, days_to_upgrade=leaking))
    assert [(leak.kind, leak.column) for leak in report.leaks] == [("single_feature", "days_to_upgrade")]
    assert report.message.startswith("Column `days_to_upgrade` alone separates the classes with a ROC-AUC of 0.99")
    assert "Add `days_to_upgrade` to `unused` in the config" in report.message


def test_a_target_that_leaks_through_a_feature_of_the_same_month_is_named(monthly):
    """The bill of the month that the snapshot opens holds the higher price of those who upgrade in it; that of the month before doesn't."""
    examples = monthly(n_accounts=100)
    rng = np.random.default_rng(3)
    before = 1 + rng.normal(0, 0.05, len(examples))
    same_month = before * np.where(examples.y == 1, rng.uniform(1.5, 3, len(examples)), 1.0)
    report = _report(_with(examples, bill_against_last_month_same_month=same_month, bill_against_last_month_lag_1m=before))
    assert [(leak.kind, leak.column) for leak in report.leaks] == [("single_feature", "bill_against_last_month_same_month")]
    assert "it probably holds what is only known afterwards" in report.message
    assert "or take its value from before the snapshot" in report.message


@pytest.mark.parametrize("filled_when", [0, 1])
def test_a_column_that_is_only_filled_for_one_class_is_named(monthly, filled_when):
    examples = monthly(n_accounts=100)
    values = np.where(examples.y == filled_when, np.random.default_rng(1).normal(size=len(examples)), np.nan)
    assert [leak.column for leak in _report(_with(examples, upgrade_form=values)).leaks] == ["upgrade_form"]


def test_a_category_and_a_code_between_others_that_give_the_answer_are_named(monthly):
    examples = monthly(n_accounts=100)
    status = pd.Categorical(np.where(examples.y == 1, "paying", np.random.default_rng(1).choice(["free", "trial"], len(examples))))
    code = np.where(examples.y == 1, 1.0, np.random.default_rng(2).choice([0.0, 2.0], len(examples)))
    assert [leak.column for leak in _report(_with(examples, status=status, code=code)).leaks] == ["status", "code"]


def test_a_level_per_account_is_no_leak(monthly):
    examples = monthly(n_accounts=300)
    assert _report(_with(examples, city=pd.Categorical(examples.account_id))).is_clean


def test_a_strong_but_honest_feature_is_no_leak(monthly):
    examples = monthly(n_accounts=200)
    good = examples.y + np.random.default_rng(1).normal(0, 0.6, len(examples))
    assert _report(_with(examples, score_last_month=good)).is_clean


def test_constant_and_empty_columns_are_no_leaks(monthly):
    examples = monthly(n_accounts=100)
    n = len(examples)
    empty = pd.Categorical.from_codes(np.full(n, -1), categories=pd.Index([], dtype=object))
    assert _report(_with(examples, one=np.ones(n), none=np.full(n, np.nan), empty=empty)).is_clean


def test_three_accounts_separated_by_chance_are_no_leak(monthly):
    examples = monthly(n_accounts=3, months=(date(2024, 1, 1),))
    tiny = replace(examples, y=np.array([0.0, 0.0, 1.0]), X=pd.DataFrame({"x": [1.0, 2.0, 3.0]}))
    assert find_leaks(tiny, None).is_clean


def test_training_labels_that_reach_into_the_test_are_found(monthly):
    split = split_by_time(monthly(), CUTOFF, 90, 3)
    examples = monthly()
    late = examples.take(examples.as_of_date == np.datetime64("2024-06-01"))
    report = find_leaks(examples, replace(split, train=late))
    assert [leak.kind for leak in report.leaks] == ["time_order"]
    assert "Training labels are only known on 2024-08-30, but the test begins on 2024-07-01" in report.message
    assert "Leave out training dates after 2024-04-02" in report.message


def test_an_account_and_date_on_both_sides_is_found_and_equal_rows_only_warn(monthly):
    examples = monthly()
    split = split_by_time(examples, CUTOFF, 90, 3)
    copied = split.train.take(np.arange(5))
    test = replace(
        split.test,
        X=pd.concat([split.test.X, copied.X], ignore_index=True),
        y=np.r_[split.test.y, copied.y],
        account_id=np.r_[split.test.account_id, copied.account_id],
        as_of_date=np.r_[split.test.as_of_date, copied.as_of_date],
    )
    report = find_leaks(examples, replace(split, test=test))
    assert "same_account_and_date" in [leak.kind for leak in report.leaks]
    assert "5 rows are in training and in the test, the first being `account_id` a0000 at 2024-01-01" in report.message
    assert report.warnings[0].message.startswith("5 of 125 test rows have the same features as a training row")


def test_undated_rows_of_one_account_block_and_equal_rows_warn(monthly):
    examples = monthly(n_accounts=50, months=(date(2024, 1, 1),))
    doubled = examples.take(np.r_[np.arange(50), [0]])
    report = find_leaks(doubled, None)
    assert "1 accounts have more than one undated row, the first being `account_id` a0000" in report.message
    assert report.warnings[0].message == "1 of 51 rows have the same features as another row; they are kept."


def test_a_hundred_and_ten_thousand_rows_of_140_features_take_five_seconds_of_one_core_at_most(monthly):
    random = np.random.default_rng(0)
    examples = monthly(n_accounts=9200)
    n = len(examples)
    wide = {f"f{i}": np.where(random.random(n) < 0.1, np.nan, random.random(n)) for i in range(130)}
    levels = {
        f"c{i}": pd.Categorical.from_codes(random.integers(0, 50, n), categories=pd.Index([str(k) for k in range(50)])) for i in range(10)
    }
    examples = replace(examples, X=pd.DataFrame(wide | levels))
    split = split_by_time(examples, CUTOFF, 90, 3)
    start = time.process_time()
    assert find_leaks(examples, split).is_clean
    assert time.process_time() - start < 5
