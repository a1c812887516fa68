"""Which columns of the marts are explored: metrics (what is measured) and dimensions (what it is compared by).

Here: the choice, made from the feature catalogue, so that any company gets a page, and the coding of a column as levels. Add a
representative of a feature group to `_REPRESENTATIVES`. Private and unused columns, and what is computed from private ones, never enter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv_platform.config import CompanyConfig
from clv_platform.contracts.features import Feature, build_feature_catalogue

# One feature stands for its group: the other windows say the same.
_REPRESENTATIVES = (
    "n_orders_365d", "revenue_365d", "mean_order_value", "mrr", "seats", "n_cases_90d", "mean_satisfaction_365d", "n_sessions_90d",
    "mean_rating_365d",
)  # fmt: skip
_PREFERRED = ("product", "plan", "territory", "industry", "employee_range", "country", "channel")
# Features that a plan sets by its price list: comparing them by plan says nothing.
_SET_BY_PLAN = frozenset({"mrr", "seats", "revenue_365d", "mean_order_value", "plan_rank"})
MAX_LEVELS = 30
N_BINS = 4
OUTLIER_DEVIATIONS = 6.0


@dataclass(frozen=True)
class Metric:
    """A number per account.

    Attributes
    ----------
    name : str
        Column of the accounts' frame.
    label, unit : str
        Words for a manager.
    group : str
        Feature group: usage, support, rfm, ...
    usage_metric : str
        Name of the metric in `usage`, empty for others: lags and months exist for these.
    is_share : bool
        True for yes-or-no columns, whose mean is a share.
    """

    name: str
    label: str
    unit: str
    group: str
    usage_metric: str = ""
    is_share: bool = False


@dataclass(frozen=True)
class Dimension:
    """A column whose levels split the accounts."""

    name: str
    label: str
    is_slice: bool = False


def visible_features(config: CompanyConfig) -> tuple[Feature, ...]:
    """List the features that may be spoken of: neither private nor computed from a private column."""
    catalogue = build_feature_catalogue(config)
    hidden = {name for name in config.private}
    hidden |= {f.name for f in catalogue for metric in config.private if metric in config.usage_metrics and f.name.startswith(f"{metric}_")}
    visible = []
    for feature in catalogue:
        words = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", feature.sql or ""))
        parts = feature.name if feature.group == "interactions" else ""
        if feature.name in hidden or words & hidden or any(name in parts for name in config.private):
            hidden.add(feature.name)
        else:
            visible.append(feature)
    return tuple(visible)


def choose_metrics(config: CompanyConfig) -> tuple[Metric, ...]:
    """List the metrics of a company, one for each thing that is measured."""
    found = []
    usage = {f"{name}_mean_3m": name for name in config.usage_metrics}
    for feature in visible_features(config):
        if feature.name in usage:
            spec = config.usage_metrics[usage[feature.name]]
            found.append(Metric(feature.name, spec.label, f"{spec.unit} per month", feature.group, usage[feature.name]))
        elif feature.type == "number" and (feature.name in _REPRESENTATIVES or feature.source in ("account_snapshots",)):
            found.append(Metric(feature.name, feature.label, feature.unit, feature.group))
        elif feature.type == "number" and feature.group == "profile" and feature.name in config.account_columns:
            found.append(Metric(feature.name, feature.label, feature.unit, feature.group))
        elif feature.type == "number" and feature.group == "derived" and not config.usage_metrics:
            found.append(Metric(feature.name, feature.label, feature.unit, feature.group))
        elif feature.type == "boolean" and feature.group in ("snapshot", "profile"):
            found.append(Metric(feature.name, feature.label, "share", feature.group, is_share=True))
    return tuple(found)


def choose_dimensions(config: CompanyConfig) -> tuple[Dimension, ...]:
    """List what the accounts are compared by: slices and categories, the usual ones first."""
    features = {feature.name: feature for feature in visible_features(config)}
    names = [name for name in _PREFERRED if name in features]
    names += [name for name in config.slices if name in features and name not in names]
    names += [feature.name for feature in features.values() if feature.type == "category" and feature.name not in names]
    return tuple(Dimension(name, features[name].label, name in config.slices) for name in names)


def is_definitional(dimension: str, metric: str) -> bool:
    """Whether the comparison is true by the price list."""
    return dimension in ("plan", "plan_rank") and metric in _SET_BY_PLAN


@dataclass(frozen=True)
class Coded:
    """A column as codes: -1 where the value is missing or its level too rare; `levels` are texts in their own order."""

    codes: np.ndarray
    levels: tuple[str, ...]


def code_levels(values: pd.Series, min_rows: int, max_levels: int = MAX_LEVELS) -> Coded:
    """Code a column: categories by level, booleans as no and yes, numbers in quarters.

    Parameters
    ----------
    values : Series
        One value a row.
    min_rows : int
        A level with fewer rows is left out.
    max_levels : int
        Of the most frequent levels.
    """
    if pd.api.types.is_bool_dtype(values) or set(pd.unique(values.dropna())) <= {0, 1, True, False}:
        text = pd.Series(np.where(values.isna(), None, np.where(values.fillna(0).astype(bool), "yes", "no")), dtype=object)
    elif pd.api.types.is_numeric_dtype(values):
        return code_quantiles(values.to_numpy(float), N_BINS)
    else:
        text = values.astype(object)
    counts = text.value_counts()
    kept = [str(level) for level in counts.index[counts.to_numpy() >= min_rows][:max_levels]]
    kept.sort(key=level_order)
    place = {level: i for i, level in enumerate(kept)}
    codes = np.array([place.get(str(value), -1) if value is not None and value == value else -1 for value in text], dtype=np.int64)
    return Coded(codes, tuple(kept))


def code_quantiles(values: np.ndarray, n_bins: int) -> Coded:
    """Code numbers by quantile; equal values share a bin, so that there may be fewer bins than asked for."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Coded(np.full(len(values), -1), ())
    edges = np.unique(np.quantile(known, np.arange(1, n_bins) / n_bins))
    edges = edges[(edges > known.min()) | (known.min() == known.max())]  # a bin below the smallest value holds nothing
    codes = np.where(np.isfinite(values), np.searchsorted(edges, values, side="right"), -1)
    used = np.unique(codes[codes >= 0])
    codes = np.where(codes >= 0, np.searchsorted(used, codes), -1)
    levels = []
    for code in range(len(used)):
        inside = values[codes == code]
        low, high = inside.min(), inside.max()
        levels.append(plain(low) if low == high else f"{plain(low)} to {plain(high)}")
    return Coded(codes.astype(np.int64), tuple(levels))


def level_order(level: str) -> tuple[float, str]:
    """Sort key of a level: by the number it begins with (1-10, 11-50, 1001+), then by text."""
    match = re.match(r"\s*[<>]?\s*(\d[\d,.]*)", level)
    number = float(match.group(1).replace(",", "").rstrip(".")) if match and match.group(1).count(".") < 2 else float("inf")
    return number, level.lower()


def plain(value: float) -> str:
    """Write a number of unknown size with three digits that count: 0.123, 12.3, 1,234."""
    if not np.isfinite(value):
        return "–"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def outlier_limit(values: np.ndarray) -> float:
    """Return the value above which a number is implausible: six robust deviations above the median of the logs; inf when nothing can be said.

    A heavy tail (log-normal, say) stays inside; a value with three zeros too many doesn't.
    """
    positive = values[np.isfinite(values) & (values > 0)]
    if len(positive) < 30:
        return float("inf")
    logs = np.log(positive)
    middle = float(np.median(logs))
    spread = 1.4826 * float(np.median(np.abs(logs - middle)))
    upper = float(np.quantile(logs, 0.9)) - middle
    return float(np.exp(middle + OUTLIER_DEVIATIONS * max(spread, upper / 1.2816, 0.25)))
