"""Levels: from the same season a year before where it is known, and never through the age of accounts."""

from datetime import date

import numpy as np
import pandas as pd

from clv_platform.datasets import SUMMARY_COLUMNS, ValueRows
from clv_platform.models.value.design import season_weights
from clv_platform.models.value.trees import season_level


def rows(*pairs: tuple[str, int]) -> ValueRows:
    """One account per date and window."""
    n = len(pairs)
    day = np.array([text for text, _ in pairs], dtype="datetime64[D]")
    unknown = np.full(n, np.nan)
    summary = pd.DataFrame(dict.fromkeys(SUMMARY_COLUMNS, np.zeros(n)))
    windows = np.array([window for _, window in pairs], dtype=float)
    return ValueRows(pd.DataFrame(index=range(n)), summary, unknown, unknown, windows, np.array(["a"] * n, dtype=object), day, ())


def test_the_same_season_a_year_before_counts_most() -> None:
    weights = season_weights(rows(("2024-09-10", 90), ("2024-10-10", 90), ("2025-03-10", 90)), date(2025, 9, 10), 90)
    assert weights[0] > 0.95  # a leap day apart
    assert 0 < weights[1] < 0.3
    assert weights[2] == 0.0


def test_without_a_like_season_all_windows_count_alike() -> None:
    assert season_weights(rows(("2025-01-10", 90), ("2025-03-10", 61)), date(2025, 9, 10), 90).tolist() == [1.0, 1.0]


def test_a_window_over_the_turn_of_the_year_is_one_season() -> None:
    before, summer = season_weights(rows(("2021-11-01", 90), ("2022-05-01", 90)), date(2022, 11, 1), 90)
    assert (before, summer) == (1.0, 0.0)


def test_the_level_is_that_of_the_rows_that_count() -> None:
    level = season_level(np.array([30.0, 10.0]), np.array([10.0, 10.0]), np.array([1.0, 0.0]))
    assert abs(np.exp(level) - 3.0) < 1e-12
    assert season_level(np.zeros(2), np.ones(2), np.ones(2)) == 0.0
