"""Amounts over the months: what earlier lists brought and how good earlier models were, in words that fit the numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from html import unescape

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import CompanyConfig
from clv_platform.evaluation.value_backtest import COLUMNS
from clv_platform.evaluation.value_outcomes import evaluate_value_lists, join_outcomes, split_tenths
from clv_platform.reports.sections.value_backtest import build_value_backtest, build_value_outcomes, read_months, render_value_backtest
from clv_platform.reports.value_inputs import ValueReportInputs

CONFIG = CompanyConfig.model_validate(
    {
        "name": "little", "title": "Little company", "currency": "EUR",
        "sources": {"orders": {"files": "o.csv"}, "accounts": {"derive_from": "orders"}},
        "targets": [{"name": "value", "kind": "value", "horizon_days": 90}],
    }
)  # fmt: skip


def make_inputs(**tables: pd.DataFrame) -> ValueReportInputs:
    return ValueReportInputs(CONFIG, CONFIG.targets[0], date(2025, 6, 1), {}, {}, {"model_id": "m"}, tables=tables)


@pytest.fixture(scope="module")
def judged() -> ValueReportInputs:
    """A list of January that promised a quarter too much, and one of May that can't be judged."""
    random = np.random.default_rng(0)
    y = random.gamma(1.0, 100.0, 500)
    keys = {"account_id": [f"a{i}" for i in range(500)], "cutoff": "2025-01-01", "model_id": "m", "is_champion": True, "scored_at": pd.NaT}
    january = pd.DataFrame({**keys, "as_of_date": date(2025, 1, 1), "score": 1.25 * y, "score_lo": 0.0, "score_hi": 2 * y})
    joined = join_outcomes(
        pd.concat([january, january.assign(as_of_date=date(2025, 5, 1))]), january[["account_id", "as_of_date"]].assign(y=y), "y"
    )
    lists = evaluate_value_lists(joined, horizon_days=90, known_until=date(2025, 6, 1))
    return make_inputs(list_outcomes=lists, list_tenths=split_tenths(joined, lists))


def make_months(n: int = 3) -> pd.DataFrame:
    rows = [
        {"cutoff": f"2025-0{i + 1}-01", "n": 900, "n_buyers": 400, "ngini": 0.8 + i / 100, "ngini_lo": 0.75, "ngini_hi": 0.9,
         "bias": -0.02 * i, "bias_lo": -0.05 - 0.02 * i, "bias_hi": 0.05 - 0.02 * i, "coverage_90": 0.9,
         "ngini_past_spend_rate": 0.7, "total_expected": 98.0,
         "total_actual": 100.0, "in_use": "m", "list_as_of": f"2025-0{i + 1}-01", "is_list_known": i == 0, "list_actual": 77.0}
        for i in range(n)
    ]  # fmt: skip
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS))


def test_the_newest_judged_list_is_told_with_its_total_and_its_best_fifth(judged: ValueReportInputs) -> None:
    section = build_value_outcomes(judged)
    assert section is not None
    text = str(section.blocks[0])
    assert "that of 1 January 2025: its 500 accounts were expected to bring" in text
    assert "off by +25\u00a0%" in text
    assert "more than chance allows" in text
    assert "had promised" in text
    assert "of 1 May 2025, can be judged once the data reach 30 July 2025." in str(section.blocks[-1])


def test_without_a_judged_list_the_section_says_when_there_will_be_one(judged: ValueReportInputs) -> None:
    waiting = judged.table("list_outcomes").query("not is_known")
    section = build_value_outcomes(replace(judged, tables={"list_outcomes": waiting}))
    assert section is not None
    assert "The first one, of 1 May 2025, can be judged once the data reach 30 July 2025." in str(section.blocks[0])
    assert build_value_outcomes(make_inputs()) is None


def test_months_are_told_by_order_and_total() -> None:
    assert read_months(make_months()) == (
        "In every month the list was in a better order than one by past spend (normalised Gini 0.800 to 0.820); the total was off by "
        "−4.0\u00a0% at most (March 2025), never beyond chance."
    )
    assert "beyond chance in 1 of 4 months" in read_months(make_months(4))
    worse = make_months().assign(ngini_past_spend_rate=[0.7, 0.9, np.nan])
    assert read_months(worse).startswith("In 1 of 2 months the list was in a better order")
    assert read_months(make_months().assign(bias=np.nan)).endswith("(normalised Gini 0.800 to 0.820).")


def test_months_are_compared_with_the_best_simple_rule() -> None:
    paid = make_months().assign(ngini_present_subscriptions=[0.75, 0.9, 0.75])
    assert read_months(paid).startswith("In 2 of 3 months the list was in a better order than one by present recurring revenue")
    weaker = make_months().assign(ngini_present_subscriptions=0.1)
    assert read_months(weaker) == read_months(make_months())
    older = make_months().drop(columns="ngini_present_subscriptions")  # written before there was the column
    assert read_months(older) == read_months(make_months())


def test_the_page_shows_figures_lists_and_what_is_not_known_yet() -> None:
    html = unescape(render_value_backtest(CONFIG, CONFIG.targets[0], make_months(), pd.DataFrame()))
    assert "3 models, one as of each month from January 2025 to March 2025" in html
    assert "What the lists of the last 2 months brought isn't known yet: 90 days haven't passed since." in html
    assert html.count("<svg") == 3


@pytest.mark.parametrize(
    ("n", "words"), [(0, "There is no backtest yet."), (1, "So far there is the model of one month alone: January 2025.")]
)
def test_a_page_of_too_few_months_says_so(n: int, words: str) -> None:
    assert words in unescape(render_value_backtest(CONFIG, CONFIG.targets[0], make_months(n), pd.DataFrame()))
    assert build_value_backtest(make_inputs(backtest=make_months(n))) is None
