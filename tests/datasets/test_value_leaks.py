"""Leakage guards of value targets: each finding with its message, and rows without any."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from clv_platform.datasets import SUMMARY_COLUMNS, ValueExamples, ValuePair, ValueSplit, find_value_leaks, split_value_by_time

DATES, N = ("2024-01-01", "2024-04-01", "2024-07-01"), 200


def split(**columns: np.ndarray) -> ValueSplit:
    """Accounts at three dates with an honest feature, and the given ones."""
    rng = np.random.default_rng(0)
    n = N * len(DATES)
    day = np.repeat(np.array(DATES, dtype="datetime64[D]"), N)
    rate = np.tile(rng.gamma(1, 50, N), len(DATES))
    amount = np.round(rate * rng.gamma(4, 0.25, n), 2) * (rng.random(n) < 0.7)
    X = pd.DataFrame({"revenue_90d": rate, "channel": pd.Categorical(np.where(rate > 40, "web", "shop"))}).assign(**columns)
    summary = pd.DataFrame(dict.fromkeys(SUMMARY_COLUMNS, np.ones(n)))
    names = np.array([f"a{k}" for k in range(N)] * len(DATES), dtype=object)
    rows = ValueExamples(X, summary, {60: amount}, {60: (amount > 0).astype(float)}, names, day, (), 60)
    return split_value_by_time(rows, date(2024, 12, 1))


def amounts() -> np.ndarray:
    return split().examples.amounts[60]


def test_honest_rows_have_no_leak() -> None:
    report = find_value_leaks(split(), "value")
    assert (report.is_clean, report.message) == (True, "No leak found.")


@pytest.mark.parametrize("column", ["y_value_60d", "n_value_60d", "y_other"])
def test_an_outcome_among_the_features_is_named(column) -> None:
    found = find_value_leaks(split(**{column: np.zeros(N * len(DATES))}), "value").leaks
    assert [(leak.kind, leak.column) for leak in found] == [("label_column", column)]
    assert f"Add `{column}` to `unused` in the config" in found[0].message


def test_a_feature_that_holds_the_outcome_is_found_whatever_its_scale() -> None:
    noise = np.random.default_rng(1).normal(0, 0.3, N * len(DATES))
    found = find_value_leaks(split(paid_later=-np.log1p(amounts()) * 7, billed=amounts() + noise), "value").leaks
    assert {(leak.kind, leak.column) for leak in found} == {("single_feature", "paid_later"), ("single_feature", "billed")}
    assert "alone ranks what buyers will spend with a rank correlation of 1.000 (expected below 0.99)" in found[0].message


def test_what_subscribers_pay_now_may_be_what_they_will_pay() -> None:
    assert find_value_leaks(split(mrr=amounts()), "value").is_clean


def test_a_learning_window_that_reaches_into_the_test_is_found() -> None:
    whole = split()
    found = find_value_leaks(replace(whole, learning=(*whole.learning, ValuePair(date(2024, 6, 1), 60))), "value").leaks
    assert [leak.kind for leak in found] == ["time_order"]
    assert "60 days from 2024-06-01 is only over on 2024-07-31, but the test begins on 2024-07-01" in found[0].message


def test_an_account_twice_at_one_date_is_found() -> None:
    whole = split()
    names = whole.examples.account_id.copy()
    names[1] = names[0]
    found = find_value_leaks(replace(whole, examples=replace(whole.examples, account_id=names)), "value").leaks
    assert [leak.kind for leak in found] == ["same_account_and_date"]
    assert "1 rows repeat an account and date, first `account_id` a0 at 2024-01-01" in found[0].message
