"""Which columns of the marts are explored: metrics (what is measured) and dimensions (what it is compared by).

Here: the choice, made from the feature catalogue, so that any company gets a page, and the coding of a column as levels. Add a
representative of a feature group to `_REPRESENTATIVES`. Private and unused columns, and what is computed from private ones, never enter.
"""

from __future__ import annotations

import itertools
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
OTHER = "other levels"  # those too rare to be named, together
_LUMPED = frozenset({OTHER, "others", "other"})
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
    hidden = set(config.private)
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
        elif feature.type == "number" and _is_measured(config, feature):
            found.append(Metric(feature.name, feature.label, feature.unit, feature.group))
        elif feature.type == "boolean" and feature.group in ("snapshot", "profile"):
            found.append(Metric(feature.name, feature.label, "share", feature.group, is_share=True))
    return tuple(found)


def _is_measured(config: CompanyConfig, feature: Feature) -> bool:
    """Whether a number is a thing of its own: not another window of one, and not derived where there are metrics to look at."""
    if feature.group == "derived":
        return not config.usage_metrics
    return feature.name in _REPRESENTATIVES or feature.source == "account_snapshots" or feature.name in config.account_columns


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


def code_levels(values: pd.Series, min_rows: int, max_levels: int = MAX_LEVELS, *, min_other: int | None = None) -> Coded:
    """Code a column: categories by level, booleans as no and yes, numbers in quarters.

    Parameters
    ----------
    values : Series
        One value a row.
    min_rows : int
        A level with fewer rows is left out.
    max_levels : int
        Of the most frequent levels.
    min_other : int, optional
        Rare levels become one, `OTHER`, the last, when together they have so many rows; by default they are left out.
    """
    if pd.api.types.is_bool_dtype(values) or set(pd.unique(values.dropna())) <= {0, 1}:
        known = values.notna().to_numpy()
        is_yes = np.zeros(len(values), dtype=bool)
        is_yes[known] = values[known].astype(bool).to_numpy()
        text = pd.Series(np.where(is_yes, "yes", "no"), dtype=object).where(known)
    elif pd.api.types.is_numeric_dtype(values):
        return code_quantiles(values.to_numpy(float), N_BINS)
    else:
        text = values.astype(object)
    raw, found = pd.factorize(text)
    counts = np.bincount(raw[raw >= 0], minlength=len(found))
    names = [str(level) for level in found]
    most = sorted(np.flatnonzero(counts >= min_rows), key=lambda i: (-counts[i], names[i]))[:max_levels]
    kept = sorted(most, key=lambda i: level_order(names[i]))
    place = np.full(len(found) + 1, -1)  # the last one is for missing values, whose code is -1
    place[kept] = np.arange(len(kept))
    levels = tuple(names[i] for i in kept)
    n_rare = int(counts.sum() - counts[kept].sum())
    if min_other is not None and n_rare >= max(min_other, 1):
        place[:-1] = np.where(place[:-1] < 0, len(kept), place[:-1])
        levels = (*levels, OTHER)
    return Coded(place[raw].astype(np.int64), levels)


def code_quantiles(values: np.ndarray, n_bins: int) -> Coded:
    """Code numbers by quantile; equal values share a bin, so that there may be fewer bins than asked for."""
    ordered = np.sort(values[np.isfinite(values)])
    if not len(ordered):
        return Coded(np.full(len(values), -1), ())
    first = np.unique(ordered[(np.arange(1, n_bins) * len(ordered)) // n_bins])  # the smallest value of each bin but the first
    first = first[first > ordered[0]]
    codes = np.where(np.isfinite(values), np.searchsorted(first, values, side="right"), -1)
    places = np.concatenate([[0], np.searchsorted(ordered, first), [len(ordered)]])
    ends = [(float(ordered[low]), float(ordered[high - 1])) for low, high in itertools.pairwise(places)]
    levels = [plain(low) if plain(low) == plain(high) else f"{plain(low)} to {plain(high)}" for low, high in ends]
    return Coded(codes.astype(np.int64), tuple(levels))


def level_order(level: str) -> tuple[float, int, str]:
    """Sort key of a level: by the number it begins with (under 10, 10-50, 1001+), then by text; those lumped together come last."""
    if level in _LUMPED:
        return float("inf"), 1, level
    match = re.match(r"\s*(<|>|before|under|below|less than|up to|over|above|more than)?\s*([-−]?\d[\d,.]*)", level, re.IGNORECASE)
    if match is None or match.group(2).count(".") > 1:
        return float("inf"), 0, level.lower()
    side = {"<": -1, "before": -1, "under": -1, "below": -1, "less than": -1, "up to": -1}.get((match.group(1) or "").lower(), 0)
    return float(match.group(2).replace("−", "-").replace(",", "").rstrip(".")), side, level.lower()


def plain(value: float) -> str:
    """Write a number of unknown size with three digits that count: 0.123, 12.3, 1,234."""
    if not np.isfinite(value):
        return "–"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def outlier_limit(values: np.ndarray) -> float:
    """Return the value above which a number is implausible: six robust deviations above the median of the logs.

    Infinite where too little is known. A heavy tail (log-normal, say) stays inside; a value with three zeros too many doesn't.
    """
    positive = values[np.isfinite(values) & (values > 0)]
    if len(positive) < 30:
        return float("inf")
    logs = np.log(positive)
    middle = float(np.median(logs))
    spread = 1.4826 * float(np.median(np.abs(logs - middle)))
    upper = float(np.quantile(logs, 0.9)) - middle
    return float(np.exp(middle + OUTLIER_DEVIATIONS * max(spread, upper / 1.2816, 0.25)))
