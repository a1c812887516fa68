"""The page on departures: every sentence follows its numbers, also where there is little to say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import CompanyConfig
from clv_platform.config.schema import ColumnFeature
from clv_platform.exploration.churn_history import ChurnHistory, build_churn_history
from clv_platform.reports import churn_history_words as told
from clv_platform.reports.churn_history_report import render_churn_history


@pytest.fixture(scope="module")
def config() -> CompanyConfig:
    return CompanyConfig.model_validate(
        {
            "name": "c",
            "title": "Telephones",
            "sources": {"account_snapshots": {"files": "s.csv"}, "accounts": {"derive_from": "account_snapshots"}},
            "snapshots": {"is_undated": True},
            "snapshot_columns": {"months": {}, "contract": {"type": "category"}, "secret": {"type": "category"}},
            "slices": ["contract", "secret"],
            "private": ["secret"],
            "targets": [{"name": "churn", "kind": "churn", "label_column": "left", "duration_column": "months"}],
        }
    )


def make_history(config: CompanyConfig, n: int) -> ChurnHistory:
    draw = np.random.default_rng(1)
    contract = np.where(np.arange(n) % 2 == 0, "<monthly>", "yearly")
    months = np.ceil(draw.exponential(np.where(contract == "yearly", 60, 10)))
    flat = {
        "account_id": [str(number) for number in range(n)], "as_of_date": None, "months": np.minimum(months, 30), "contract": contract,
        "secret": "hidden", "y_churn": months <= 30,
    }  # fmt: skip
    return build_churn_history(config, config.targets[0], pd.DataFrame(flat), pd.DataFrame(), None)


def test_the_page_says_who_leaves_sooner_and_claims_no_cause(config: CompanyConfig) -> None:
    history = make_history(config, 600)
    page = render_churn_history(config, config.targets[0], history, None)
    assert f"{history.facts['n_left']} of 600 accounts left." in page
    assert "the curves differ by more than chance" in page
    assert "Nothing on this page shows a cause" in page
    assert "&lt;monthly&gt;" in page
    assert "<monthly>" not in page
    assert "secret" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert page == render_churn_history(config, config.targets[0], history, None)


def test_a_handful_of_accounts_gives_a_page_without_curves(config: CompanyConfig) -> None:
    history = make_history(config, 8)
    page = render_churn_history(config, config.targets[0], history, None)
    assert "Too few accounts for a history of departures." in page
    assert "What this doesn&#39;t show" in page


def test_chance_is_called_chance() -> None:
    tests = pd.DataFrame({"grouping": ["product"], "p_adjusted": [0.4]})
    groups = pd.DataFrame({"grouping": ["product"], "level": ["a"], "begin": [0.0]})
    assert told.read_grouping("product", "product", groups, tests).startswith("No difference by product beyond chance (log-rank, p = .400")
    ratios = pd.DataFrame(
        {"ratio": [1.2], "lo": [0.9], "hi": [1.6], "label": ["cases"], "level": ["high"], "reference": ["low"], "p_constant": [0.3]}
    )
    assert told.read_signal_ratios(ratios) == "With the others held equal no signal goes with leaving beyond chance."
    assert "nothing here contradicts that" in told.read_constancy(ratios)


def test_curves_that_begin_at_different_ages_are_said_to_look_apart_for_that_alone() -> None:
    tests = pd.DataFrame({"grouping": ["cohort"], "p_adjusted": [0.155]})
    groups = pd.DataFrame({"grouping": ["cohort"] * 2, "level": ["2021", "2024"], "begin": [30.0, 0.0]})
    assert told.read_grouping("cohort", "cohort", groups, tests) == (
        "No difference by cohort beyond chance (log-rank, p = .155 after Holm's correction). The curves look apart because each begins at "
        "100 % where its accounts are first seen, between 0 and 30 months of life; the test compares who leaves at the same age."
    )


def test_levels_seen_from_a_later_age_on_are_not_compared_in_words() -> None:
    tests = pd.DataFrame({"grouping": ["cohort"], "p_adjusted": [0.01]})
    groups = pd.DataFrame(
        {"grouping": ["cohort"] * 3, "level": ["2021", "2023", "2024"], "begin": [10.0, 0.0, 0.0], "survival_12": [0.99, 0.8, 0.7]}
        | {f"survival_{mark}": [np.nan] * 3 for mark in (3, 6, 24, 36)}
    )
    said = told.read_grouping("cohort", "cohort", groups, tests)
    assert "80\u00a0% of “2023” are still here, 70\u00a0% of “2024”" in said
    assert "2021" not in said


def test_columns_are_called_what_the_config_calls_them(config: CompanyConfig) -> None:
    named = config.model_copy(
        update={"snapshot_columns": {**config.snapshot_columns, "contract": ColumnFeature(type="category", label="term")}}
    )
    page = render_churn_history(named, named.targets[0], make_history(named, 600), None)
    assert "Still here by term" in page
    assert "By term the curves differ" in page
    assert "term: yearly against &lt;monthly&gt;" in page or "term: &lt;monthly&gt; against yearly" in page


def test_a_ratio_below_one_is_read_the_other_way_round() -> None:
    ratios = pd.DataFrame({"ratio": [0.25], "lo": [0.2], "hi": [0.5], "label": ["use"], "level": ["high"], "reference": ["low"]})
    assert told.read_signal_ratios(ratios) == (
        "With the others held equal, accounts low in “use” leave 4.0 times as often as accounts high in it (2.00 to 5.00)."
    )


def test_one_comparison_is_told_as_one() -> None:
    ratios = {
        "ratio": [1.7, 1.0],
        "lo": [1.13, 0.8],
        "hi": [2.5, 1.2],
        "label": "industry",
        "level": ["Retail", "IT"],
        "reference": "banking",
    }
    said = told.read_attributes(pd.DataFrame(ratios))
    assert said == (
        "In 1 of 2 comparisons the interval leaves out 1. The largest: industry “Retail” leaves 1.7 times as often as “banking” "
        "(1.13 to 2.50). By chance alone it would in about one of twenty."
    )


def test_an_interval_whose_end_is_not_reached_is_open() -> None:
    ends = pd.Series({"median": 47.0, "median_lo": 45.0, "median_hi": np.nan})
    assert told.median_range(ends) == "45 months or more"
    assert told.median_range(ends.fillna(50.0)) == "45 months to 50 months"


def test_accounts_on_file_that_are_in_no_history_are_counted(config: CompanyConfig) -> None:
    history = make_history(config, 600)
    page = render_churn_history(config, config.targets[0].model_copy(update={"label_column": None}), history, None, 640)
    assert "Of 640 accounts on file, 40 are not among these: they had no subscription that counts in that time." in page
    assert "accounts on file" not in render_churn_history(
        config, config.targets[0], history, None, 640
    )  # one flat table: nobody is elsewhere
