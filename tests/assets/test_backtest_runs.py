"""Which months a backtest covers."""

from datetime import date

import pytest

from assets.backtest_runs import _months


def test_by_default_the_twelve_months_before_the_one_in_which_the_data_end():
    months = _months(date(2026, 1, 17), None, None)
    assert (len(months), months[0], months[-1]) == (12, "2025-01-01", "2025-12-01")
    assert _months(date(2026, 1, 1), None, None) == months


def test_the_month_that_may_promote_is_never_part_of_it():
    assert _months(date(2026, 1, 17), "2025-11-01", "2026-01-01") == ("2025-11-01", "2025-12-01")


@pytest.mark.parametrize(("first", "last"), [("2026-01-01", None), ("2025-06-01", "2025-05-01")])
def test_a_period_without_a_month_is_empty(first, last):
    assert _months(date(2026, 1, 17), first, last) == ()
