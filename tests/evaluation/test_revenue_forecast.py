"""Months and totals of earlier forecasts beside what came: known amounts, known widths, and no origin that nothing was known at."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from clv_platform.evaluation.revenue_forecast import COLUMNS, measure_revenue_forecast
from clv_platform.models.value.origin_totals import OriginForecast, total_error

NAMES = np.array(["a", "b"], dtype=object)
WINDOW = 59  # January and February 2025


def origin(as_of: date, expected: float, actual: float = 400.0, variance: float = 0.0) -> OriginForecast:
    return OriginForecast(as_of, WINDOW, NAMES, actual, expected, variance)


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    """Both pay 100 on the first of every month; a third account, never asked about, pays a fortune."""
    firsts = pd.date_range("2024-06-01", "2025-06-01", freq="MS")
    parts = [
        pd.DataFrame({"account_id": name, "ordered_on": firsts, "worth": worth}) for name, worth in (("a", 100), ("b", 100), ("c", 9e9))
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def examples() -> Any:
    dates = np.repeat(np.array(["2024-07-01", "2024-09-01", "2025-01-01", "2025-03-01"], dtype="datetime64[D]"), 2)
    return SimpleNamespace(as_of_date=dates, account_id=np.tile(NAMES, 4))


def test_a_total_is_spread_over_its_months_as_earlier_amounts_were(days, examples) -> None:
    found = measure_revenue_forecast([origin(date(2025, 1, 1), 380.0)], examples, days)
    assert list(found.columns) == list(COLUMNS)
    assert found["month_number"].tolist() == [-1, 0, 1]
    assert found["expected"].tolist() == pytest.approx([380, 190, 190])
    assert found["actual"].tolist() == [400, 200, 200]
    assert (found["half"] == 0).all()  # nothing varies, and one origin alone tells no shared error


def test_chance_of_accounts_and_the_error_of_the_other_origins_make_the_range(days, examples) -> None:
    origins = [origin(date(2025, 1, 1), 400.0, variance=100.0), *(origin(date(2025, 3, 1), expected) for expected in (320.0, 500.0))]
    found = measure_revenue_forecast(origins, examples, days)
    first = found[found["as_of_date"] == pd.Timestamp("2025-01-01")].set_index("month_number")
    assert first["half_chance"].to_dict() == pytest.approx({-1: 16.45, 0: 1.645 * 50**0.5, 1: 1.645 * 50**0.5})
    shared = np.log(1.25) * t.ppf(0.95, 2) * 400  # the others were off by a quarter of what was expected, each its way
    assert first.loc[-1, "half"] == pytest.approx(np.hypot(16.45, shared), rel=1e-3)


def test_a_shared_error_is_what_chance_does_not_explain(days, examples) -> None:
    off = [origin(date(2025, 1, 1), 320.0), origin(date(2025, 3, 1), 500.0)]
    assert total_error(off) == pytest.approx(np.log(1.25) * t.ppf(0.95, 2) / 1.645)
    by_chance = [origin(one.as_of, one.expected, variance=1e6) for one in off]
    assert total_error(by_chance) == 0
    assert np.isnan(total_error(off[:1]))
    assert np.isnan(total_error([origin(date(2025, 1, 1), 0.0), origin(date(2025, 3, 1), 400.0)]))


def test_an_origin_before_which_no_window_was_over_is_left_out(days, examples) -> None:
    assert measure_revenue_forecast([origin(date(2024, 7, 15), 400.0)], examples, days).empty
    assert measure_revenue_forecast([], examples, days).empty
