"""Naive rules say what anybody could: known amounts, and no rule where a company has nothing that it could go by."""

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import ValueChoice
from clv_platform.datasets import SUMMARY_COLUMNS, ValueRows
from clv_platform.models.value.choice import choose
from clv_platform.models.value.foundation import PRESENT, Foundation, Foundations, Rates
from clv_platform.models.value.naive import BASELINES, naive_contenders
from tests.models.value.test_value_choice import noisy, origins, truth

RATES = Rates(1.0, 0.1, 0.5, 0.05, 2.0, 0.1, 20.0)
MONTH = 365.25 / 12


def rows(columns: dict[str, list[float]], amount: float = np.nan, window: float = 3 * MONTH) -> ValueRows:
    """Accounts watched for 100 days, with 400 spent on four of them."""
    n = len(next(iter(columns.values())))
    summary = pd.DataFrame(dict.fromkeys(SUMMARY_COLUMNS, np.full(n, 4.0)) | {"total_spend": 400.0, "T_days": 99.0})
    day = np.full(n, np.datetime64("2025-01-01"), dtype="datetime64[D]")
    names = np.array([f"a{k}" for k in range(n)], dtype=object)
    return ValueRows(pd.DataFrame(columns), summary, np.full(n, amount), np.zeros(n), np.full(n, window), names, day, ())


def test_present_subscriptions_are_recurring_revenue_times_the_months() -> None:
    asked = rows({"mrr": [100.0, 7.5, 100.0, np.nan], "n_active_subscriptions": [1.0, 2.0, 0.0, 1.0]})
    expected = Foundation(RATES, {None: {}}).expect(asked).spend[PRESENT]
    # Who has none any more brings nothing; where the amount isn't known, past spend goes on: 400 in 100 days.
    assert expected == pytest.approx([300.0, 22.5, 0.0, 4.0 * 3 * MONTH])
    (rule,) = naive_contenders(asked)
    assert rule.name in BASELINES
    assert rule.missing(Foundation(RATES, {None: {}})) == ""


def test_without_recurring_revenue_there_is_no_such_rule() -> None:
    asked = rows({"n_orders": [1.0, 2.0]})
    assert naive_contenders(asked) == ()
    assert PRESENT not in Foundation(RATES, {None: {}}).expect(asked).spend


def test_where_margin_is_asked_about_what_was_left_of_recurring_revenue_counts(shop_split) -> None:
    learnt = rows({"mrr": [100.0] * 4}, amount=240.0)
    found = {is_margin: Foundations(shop_split, 1, is_margin=is_margin).build(learnt, None) for is_margin in (False, True)}
    assert (found[False].kept, found[True].kept) == (1.0, pytest.approx(0.8))
    asked = rows({"mrr": [50.0]})
    assert found[True].expect(asked).spend[PRESENT] == pytest.approx([120.0])
    stored = Foundation(found[True].rates, {None: {}}, kept=found[True].kept)
    assert Foundation.from_json(stored.to_json()) == stored
    assert "kept" not in Foundation(RATES, {None: {}}).to_json()


def test_a_naive_rule_is_never_chosen_however_well_it_ranks() -> None:
    found = choose(origins({PRESENT: truth, "noisy": noisy}), "spend", ValueChoice())
    board = found.table.set_index("model")
    assert board.loc[PRESENT, "kind"] == "baseline"
    assert board["ngini"].astype(float).idxmax() == PRESENT
    assert found.champion.weights == {"noisy": 1.0}
