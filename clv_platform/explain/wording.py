"""Values of features in words for people without statistics.

Here: numbers with their place among the accounts, categories, booleans, gaps. Keep the choice of reasons out (`reasons`).
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from clv_platform.contracts.features import Feature

MIN_ACCOUNTS = 20  # below, "higher than for 92 % of accounts" would be a claim about a handful
MAX_TEXT = 60
# What the features of one metric differ by: windows, lags, and what is done over them.
_WINDOW = re.compile(r"(_lag_\d+m|_(sum|mean|trend)_\d+m|_ratio_\d+m_\d+m|_n_months_\d+m|_\d+[dm])$")


def family(feature: Feature) -> str:
    """Name shared by features that tell the same story: lags, sums, means and trends of one metric, and its ratios to others."""
    stem = _WINDOW.sub("", feature.name)
    return stem.split("_per_")[0] if feature.group == "interactions" else stem


def number_text(value: float, unit: str = "") -> str:
    """Return a number as people write it: 5,230; 12.3; 0.0456; shares as percent."""
    if unit == "share":
        return f"{100 * value:.3g} %" if abs(value) < 10 else f"{100 * value:,.0f} %"
    if value == 0:
        return "0"
    if abs(value) >= 100 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}"


class ColumnWords:
    """Words for the values of one feature among the accounts at hand.

    Parameters
    ----------
    feature : Feature
        Label, type and unit.
    values : Series of shape (n,)
        The feature for all accounts at hand: the crowd that a value is compared with.
    """

    def __init__(self, feature: Feature, values: pd.Series) -> None:
        self._feature = feature
        self._values = values
        self._sorted: np.ndarray | None = None

    def phrase(self, row: int) -> str:
        """Return `<label>: <value> (<place among accounts>)`, as fits the type."""
        label = self._feature.label
        value = self._values.iloc[row]
        if pd.isna(value):
            return f"no value for {label}"
        if self._feature.type == "category":
            text = " ".join(str(value).split())
            return f"{label} {text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + '…'}"
        if self._feature.type == "boolean":
            return f"{label}: {'yes' if value else 'no'}"
        place = self._place(float(value))
        return f"{label}: {number_text(float(value), self._feature.unit)}{f' ({place})' if place else ''}"

    def _place(self, value: float) -> str:
        if self._sorted is None:
            numbers = self._values.to_numpy(dtype=np.float64)
            self._sorted = np.sort(numbers[~np.isnan(numbers)])
        n = len(self._sorted)
        if n < MIN_ACCOUNTS:
            return ""
        below = int(np.searchsorted(self._sorted, value, "left")) / n
        above = 1 - int(np.searchsorted(self._sorted, value, "right")) / n
        same = 1 - below - above
        if same >= max(below, above):
            return f"as for {_percent(same)} of accounts"
        return f"higher than for {_percent(below)} of accounts" if below >= above else f"lower than for {_percent(above)} of accounts"


def _percent(share: float) -> str:
    """Whole percents; never 100 % for a part."""
    return f"{int(100 * share)} %"
