from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clv_platform.contracts.features import Feature
from clv_platform.explain.chance import chance_text
from clv_platform.explain.changes import find_change
from clv_platform.explain.families import build_families, family
from clv_platform.explain.wording import ColumnWords, number_text


def _feature(name: str, label: str, type_: str = "number", group: str = "usage", unit: str = "") -> Feature:
    return Feature(name, type_, "m", group, label, "", "", unit, "usage")  # type: ignore[arg-type]


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
        ("plan_rank", "billing", "plan"),
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
    assert words.phrase(92) == "users: 92 (highest 8 %)"
    assert words.phrase(10) == "users: 10 (lowest 11 %)"


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


def test_value_in_the_middle_is_said_to_be_there():
    assert ColumnWords(_feature("x", "users"), pd.Series(np.arange(100.0))).phrase(55) == "users: 55 (middle)"


def test_families_add_up_what_their_members_contribute_and_leave_private_ones_out():
    features = (
        _feature("users_lag_1m", "active users (last month)"),
        _feature("tenure", "days since sign-up", group="profile"),
        _feature("users_trend_6m", "trend of active users"),
        _feature("gender", "gender", "category", "profile"),
        _feature("n_cases_90d", "support cases in 90 days", group="support"),
    )
    families = build_families(features, [feature.name for feature in features], private=("gender",))
    assert families.names == ("users", "tenure", "n_cases")
    assert families.labels == ("active users", "days since sign-up", "support cases in 90 days")
    assert families.totals(np.array([[1.0, 2.0, 4.0, 8.0, 16.0]])).tolist() == [[5.0, 2.0, 16.0]]
    assert families.hidden.tolist() == [3]
    assert build_families(features[3:4], ["gender"], private=("gender",)).totals(np.ones((2, 1))).shape == (2, 0)


@pytest.mark.parametrize(
    ("now", "before", "sentence", "short"),
    [
        (140, 100, "impressions on X rose 40 % in three months (from 100 to 140)", "up 40 % in three months"),
        (60, 100, "impressions on X fell 40 % in three months (from 100 to 60)", "down 40 % in three months"),
        (420, 100, "impressions on X: 4.2 times that of three months ago (from 100 to 420)", "4.2 times that of three months ago"),
        (105, 100, "", ""),
        (0, 100, "impressions on X: none last month, 100 before", "none last month"),
        (50, 0, "impressions on X: 50, none three months ago", "none three months ago"),
        (0, 0, "", ""),
        (np.nan, 100, "", ""),
        (100, np.nan, "", ""),
        (-5, 100, "", ""),
    ],
)
def test_changes_are_told_from_the_lags_of_the_row(now, before, sentence, short):
    columns = {"impressions_x_lag_1m": pd.Series([float(now)]), "impressions_x_lag_3m": pd.Series([float(before)])}
    change = find_change("impressions on X", columns)
    assert change is not None
    assert (change.sentence(0), change.short(0)) == (sentence, short)


def test_windows_are_compared_at_the_same_length_and_only_for_accounts_of_a_year():
    columns = {"n_cases_90d": pd.Series([6.0, 6.0, 2.0]), "n_cases_365d": pd.Series([17.0, 17.0, 13.0])}  # 11 in 275 days: 3.6 in 90
    change = find_change("support cases", columns, pd.Series([400.0, 364.0, 400.0]))
    assert change is not None
    assert change.short(0) == "up 67 % on the nine months before"
    assert change.short(1) == ""
    assert change.short(2) == "down 44 % on the nine months before"


def test_family_without_two_times_has_no_change():
    assert find_change("x", {"x_lag_1m": pd.Series([1.0])}) is None
    assert find_change("x", {"mean_x_90d": pd.Series([1.0]), "mean_x_365d": pd.Series([1.0])}) is None


def test_trends_and_ratios_say_how_the_metric_moved():
    trend = ColumnWords(_feature("users_trend_6m", "trend of users"), pd.Series([0.05, -0.2, 0.001]), metric="users")
    assert [trend.phrase(row) for row in range(3)] == [
        "users rising by 5.0 % a month over 6 months",
        "users falling by 20 % a month over 6 months",
        "users steady over 6 months",
    ]
    ratio = ColumnWords(_feature("users_ratio_3m_12m", "users, last 3 months against 12"), pd.Series([1.4, 0.7, 3.5]), metric="users")
    assert [ratio.phrase(row) for row in range(3)] == [
        "users of 3 months 40 % above the mean of 12",
        "users of 3 months 30 % below the mean of 12",
        "users of 3 months 3.5 times the mean of 12",
    ]
    assert [ratio.movement(row) for row in range(3)] == [1, -1, 1]


@pytest.mark.parametrize(
    ("chance", "text"), [(0.18, "18 %"), (0.041, "4.1 %"), (0.0004, "below 0.1 %"), (0.9999, "above 99.9 %"), (0.995, "99.5 %")]
)
def test_chances_are_written_as_people_write_them(chance, text):
    assert chance_text(chance) == text
