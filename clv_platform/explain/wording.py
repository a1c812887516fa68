"""Values of features in words for people without statistics.

Here: numbers with their place among the accounts, trends, categories, booleans, gaps. Keep the choice of reasons out (`reasons`), and what
changed since when (`changes`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from clv_platform.contracts.event_features import ALWAYS
from clv_platform.contracts.features import Feature
from clv_platform.models import ModelArtifact
from clv_platform.models.preprocessing import CategoryColumn

MIN_ACCOUNTS = 20  # below, "highest 8 %" would be a claim about a handful
MAX_TEXT = 60
_TREND = re.compile(r"_trend_(\d+)m$")
_RATIO = re.compile(r"_ratio_(\d+)m_(\d+)m$")
_MONTHS = re.compile(r"_n_months_\d+m$")
_MIDDLE = 0.4  # both sides hold so many: neither high nor low


def number_text(value: float, unit: str = "") -> str:
    """Return a number as people write it: 5,230; 12.3; 0.0456; shares as percent."""
    if unit == "share":
        return f"{100 * value:.3g} %" if abs(value) < 10 else f"{100 * value:,.0f} %"
    if value == 0:
        return "0"
    if abs(value) >= 100 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}"


class LevelWords:
    """What the model makes of a category that it doesn't know.

    Parameters
    ----------
    column : CategoryColumn
        What training learnt: known levels, most frequent first, and whether rare ones have a code of their own.
    """

    def __init__(self, column: CategoryColumn) -> None:
        self._known = frozenset(column.levels)
        self._instead = "as one of the rare ones" if column.has_other else f"as {_shorten(column.levels[0])}"
        self._rare = "rare or new to the model" if column.has_other else "new to the model"
        self._most_frequent = _shorten(column.levels[0])

    def remark(self, level: str | None) -> str:
        """Return `` (new to the model, counted as T1)`` and the like; empty for a level that training knew."""
        if level is None:
            return f" (counted as {self._most_frequent})"
        return "" if level in self._known else f" ({self._rare}, counted {self._instead})"


def known_levels(artifact: ModelArtifact) -> dict[str, LevelWords]:
    """Words for unknown levels of each category that the model uses."""
    return {column.name: LevelWords(column) for column in artifact.preprocessing.columns if isinstance(column, CategoryColumn)}


class ColumnWords:
    """Words for the values of one feature among the accounts at hand.

    Parameters
    ----------
    feature : Feature
        Label, type and unit.
    values : Series of shape (n,)
        The feature for all accounts at hand: the crowd that a value is compared with.
    levels : LevelWords, optional
        For a category: what the model doesn't know is said.
    metric : str
        For trends and ratios of a metric: its label.
    """

    def __init__(self, feature: Feature, values: pd.Series, levels: LevelWords | None = None, metric: str = "") -> None:
        self._feature = feature
        self._is_category = feature.type == "category"
        self._values = values.to_numpy(dtype=object) if self._is_category else values.to_numpy(dtype=np.float64, na_value=np.nan)
        self._levels = levels
        self._metric = metric
        self._sorted: np.ndarray | None = None
        self._trend, self._ratio = _TREND.search(feature.name), _RATIO.search(feature.name)

    @property
    def is_lifetime(self) -> bool:
        """Whether the feature counts everything since the account began."""
        return self._feature.window == ALWAYS

    @property
    def is_movement(self) -> bool:
        """Whether the feature itself says how a metric moved."""
        return self._feature.type == "number" and bool(self._metric) and bool(self._trend or self._ratio)

    @property
    def is_amount(self) -> bool:
        """Whether the feature is an amount of its metric: not the number of its months, not a ratio to another metric."""
        return self._feature.type == "number" and not _MONTHS.search(self._feature.name) and self._feature.group != "interactions"

    def movement(self, row: int) -> int:
        """Return 1 when this feature says that the metric rose, -1 when fell, 0 when neither."""
        value = float(self._values[row])
        centre = 1.0 if self._ratio else 0.0
        return 0 if np.isnan(value) else int(np.sign(value - centre))

    def phrase(self, row: int) -> str:
        """Return `<label>: <value> (<place among accounts>)`, as fits the type."""
        label, value = self._feature.label, self._values[row]
        if self._is_category:
            if pd.isna(value):
                return f"no value for {label}{self._levels.remark(None) if self._levels else ''}"
            return f"{label} {_shorten(str(value))}{self._levels.remark(str(value)) if self._levels else ''}"
        if np.isnan(value):
            return f"no value for {label}"
        if self._feature.type == "boolean":
            return f"{label}: {'yes' if value else 'no'}"
        if self.is_movement:
            return self._movement_phrase(float(value))
        place = self.place(row)
        return f"{label}: {number_text(float(value), self._feature.unit)}{f' ({place})' if place else ''}"

    def _movement_phrase(self, value: float) -> str:
        if self._trend:
            if abs(value) < 0.005:
                return f"{self._metric} steady over {self._trend[1]} months"
            return (
                f"{self._metric} {'rising' if value > 0 else 'falling'} by {_percent_text(abs(value))} a month over {self._trend[1]} months"
            )
        assert self._ratio is not None
        recent, year = self._ratio[1], self._ratio[2]
        if abs(value - 1) < 0.005:
            return f"{self._metric} of {recent} months as the mean of {year}"
        beside = f"{_percent_text(abs(value - 1))} {'above' if value > 1 else 'below'}" if value < 3 else f"{number_text(value)} times"
        return f"{self._metric} of {recent} months {beside} the mean of {year}"

    def place(self, row: int) -> str:
        """Return "highest 8 %", "lowest 11 %", "middle" or "as for 70 % of accounts"; empty for gaps, small crowds and no numbers."""
        below, same, above = self._shares(row)
        if not below + same + above:
            return ""
        if same >= max(below, above):
            return f"as for {_percent(same)} of accounts"
        if min(below, above) >= _MIDDLE:
            return "middle"
        side, share = ("highest", 1 - below) if below >= above else ("lowest", 1 - above)
        return f"{side} {max(1, math.ceil(100 * share - 1e-9))} %"

    def is_high(self, row: int) -> int:
        """Return 1 in the upper part of the accounts, -1 in the lower, 0 in the middle or when it can't be said."""
        below, same, above = self._shares(row)
        return 0 if same >= max(below, above) or min(below, above) >= _MIDDLE else 1 if below >= above else -1

    def _shares(self, row: int) -> tuple[float, float, float]:
        """Shares of accounts with a lower value, the same, a higher one; zeros when it can't be said."""
        if self._feature.type != "number":
            return 0.0, 0.0, 0.0
        value = float(self._values[row])
        if self._sorted is None:
            self._sorted = np.sort(self._values[~np.isnan(self._values)])
        n = len(self._sorted)
        if n < MIN_ACCOUNTS or np.isnan(value):
            return 0.0, 0.0, 0.0
        below = int(np.searchsorted(self._sorted, value, "left")) / n
        above = 1 - int(np.searchsorted(self._sorted, value, "right")) / n
        return below, 1 - below - above, above


def column_words(
    features: Mapping[str, Feature], X: pd.DataFrame, names: list[str], artifact: ModelArtifact, metrics: Mapping[str, str]
) -> list[ColumnWords]:
    """Build words for several columns of the same rows.

    Parameters
    ----------
    features : mapping of str to Feature
        The catalogue by name.
    X : DataFrame
        All accounts at hand.
    names : list of str
        Which columns.
    metrics : mapping of str to str
        Feature name to the label of its metric, for features that are trends.
    """
    levels = known_levels(artifact)
    return [ColumnWords(features[name], X[name], levels.get(name), metrics.get(name, "")) for name in names]


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _percent_text(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.095 else f"{100 * share:.1f} %"


def _percent(share: float) -> str:
    """Whole percents; never 100 % for a part."""
    return f"{int(100 * share)} %"
