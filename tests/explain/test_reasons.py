from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clv_platform.contracts.features import Feature
from clv_platform.explain import top_reasons
from clv_platform.explain.wording import ColumnWords, family, number_text


def _feature(name: str, label: str, type_: str = "number", group: str = "usage", unit: str = "") -> Feature:
    return Feature(name, type_, "m", group, label, "", "", unit, "usage")  # type: ignore[arg-type]


def test_reasons_name_the_known_drivers_in_plain_words(artifact, examples):
    examples = examples.take(np.arange(500))
    best = int(np.argmax(artifact.raw_score(examples.X)))
    worst = int(np.argmin(artifact.raw_score(examples.X)))
    reasons = top_reasons(artifact, examples)
    assert len(reasons) == len(examples.y)
    assert any(told.startswith("impressions on X") and told.endswith("of accounts) raises the chance") for told in reasons[best])
    assert any("support cases in 90 days:" in told and told.endswith("lowers the chance") for told in reasons[worst])


def test_three_reasons_are_three_stories(artifact, examples):
    for told in top_reasons(artifact, examples.take(np.arange(300))):
        assert len(told) <= 3
        assert sum("impressions" in reason for reason in told) <= 1


def test_private_columns_never_become_reasons(artifact, examples):
    private = ("territory", "n_cases_90d")
    for told in top_reasons(artifact, examples.take(np.arange(300)), n=7, private=private):
        assert not any("territory" in reason or "support cases" in reason for reason in told)


def test_reasons_that_weigh_next_to_nothing_are_left_out(artifact, examples):
    few = examples.take(np.arange(50))
    contributions = np.abs(artifact.contributions(few.X)[:, :-1])
    assert max(len(told) for told in top_reasons(artifact, few, n=99)) <= 5  # five families
    assert contributions.max() > 0.01


@pytest.mark.parametrize(
    ("name", "group", "expected"),
    [
        ("impressions_x_lag_1m", "usage", "impressions_x"),
        ("impressions_x_sum_12m", "usage", "impressions_x"),
        ("impressions_x_ratio_3m_12m", "usage", "impressions_x"),
        ("impressions_x_n_months_12m", "usage", "impressions_x"),
        ("impressions_x_per_users_3m", "interactions", "impressions_x"),
        ("n_cases_90d", "support", "n_cases"),
        ("songs_per_month", "derived", "songs_per_month"),
        ("tenure_days", "profile", "tenure_days"),
    ],
)
def test_windows_of_one_metric_are_one_family(name, group, expected):
    assert family(_feature(name, "", group=group)) == expected


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (5230.4, "", "5,230"),
        (12.34, "", "12.3"),
        (3.0, "", "3"),
        (0.04567, "", "0.0457"),
        (0.0, "", "0"),
        (-1234.5, "", "-1,234"),
        (0.1234, "share", "12.3 %"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, unit, text):
    assert number_text(value, unit) == text


def test_numbers_are_placed_among_the_accounts():
    words = ColumnWords(_feature("x", "users"), pd.Series(np.arange(100.0)))
    assert words.phrase(92) == "users: 92 (higher than for 92 % of accounts)"
    assert words.phrase(10) == "users: 10 (lower than for 89 % of accounts)"


def test_value_of_most_accounts_is_said_to_be_common():
    words = ColumnWords(_feature("x", "open cases"), pd.Series([0.0] * 70 + [1.0] * 30))
    assert words.phrase(0) == "open cases: 0 (as for 70 % of accounts)"


def test_few_accounts_are_no_crowd_to_compare_with():
    assert ColumnWords(_feature("x", "users"), pd.Series([1.0, 2.0, 3.0])).phrase(2) == "users: 3"


def test_categories_booleans_and_gaps_have_words_of_their_own():
    territory = ColumnWords(_feature("territory", "territory", "category"), pd.Series(pd.Categorical(["T3", None, "x\n" * 60])))
    assert territory.phrase(0) == "territory T3"
    assert territory.phrase(1) == "no value for territory"
    assert len(territory.phrase(2)) == len("territory ") + 60
    trial = ColumnWords(_feature("is_trial", "on trial", "boolean"), pd.Series([1.0, 0.0, np.nan]))
    assert [trial.phrase(row) for row in range(3)] == ["on trial: yes", "on trial: no", "no value for on trial"]
