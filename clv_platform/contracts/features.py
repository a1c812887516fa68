"""The feature catalogue: every feature's name, home, meaning, window, unit and source, for one company config.

The only list of features there is. dbt computes them under these names, the marts select them from here, models and reports take
names and words from here. Add a feature of a dated table in `event_features`; here are those whose columns the config names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from clv_platform.config import ColumnFeature, CompanyConfig, Interaction
from clv_platform.contracts.event_features import event_features
from clv_platform.contracts.feature import Feature

__all__ = ["ACCOUNT_ATTRIBUTES", "Feature", "build_feature_catalogue", "possible_features", "present_interactions"]

ACCOUNT_ATTRIBUTES = ("product", "territory", "country", "industry", "employee_range", "channel", "gender")
_AT_SNAPSHOT = "at the snapshot"
_SPANS_DAYS = re.compile(r"\b(days?|months?|years?|weeks?)\b")


def build_feature_catalogue(config: CompanyConfig) -> tuple[Feature, ...]:
    """List the features of a company in a fixed order.

    Features of absent tables are dropped, not zero; `private` columns may be used by models but never shown, `unused` ones are left out.

    Raises
    ------
    ValueError
        When two features have the same name; SQL names differ in more than case, so `Plan` and `plan` are the same.
    """
    features = [feature for feature in possible_features(config) if feature.name not in config.unused]
    names = [feature.name.lower() for feature in features]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"config {config.name!r}: two features are called {', '.join(doubled)}; rename one of them.")
    return tuple(features)


def possible_features(config: CompanyConfig) -> Iterator[Feature]:
    """Yield every feature that the tables and keys of a config give, `unused` ones too."""
    given = [*_profile(config), *event_features(config), *_interactions(config), *_snapshot(config)]
    yield from given
    yield from _derived(config, {feature.name: feature.window for feature in given})


def present_interactions(config: CompanyConfig) -> tuple[Interaction, ...]:
    """Return the interactions whose tables the config has: those of an absent table are dropped, like its other features."""
    return tuple(
        pair
        for pair in config.interactions
        if all(("support_cases" if name == "support_cases" else "usage") in config.sources for name in (pair.numerator, pair.denominator))
    )


def _profile(config: CompanyConfig) -> Iterator[Feature]:
    if "accounts" not in config.sources:
        return
    mapped = config.sources["accounts"].columns
    home = ("feat_accounts__profile", "profile")
    for name in ACCOUNT_ATTRIBUTES:
        if name in mapped:
            words = name.replace("_", " ")
            yield Feature(name, "category", *home, words, f"The account's {words}, as it is now.", "now", "", "accounts", False)
    if "signed_up_at" in mapped:
        meaning = "Days from sign-up to the snapshot."
        yield Feature("tenure_days", "number", *home, "days since sign-up", meaning, "whole history", "days", "accounts")
    for name, column in config.account_columns.items():
        yield _column_feature(name, column, "feat_accounts__account_columns", "profile", "accounts", "now", False)


def _interactions(config: CompanyConfig) -> Iterator[Feature]:
    for pair in present_interactions(config):
        above, below = pair.numerator.replace("_", " "), pair.denominator.replace("_", " ")
        meaning = (
            f"Sum of {pair.numerator} over three months divided by one plus the sum of {pair.denominator}; "
            "support_cases: cases opened in 90 days."
        )
        name = f"{pair.numerator}_per_{pair.denominator}_3m"
        home = ("feat_accounts__interactions", "interactions")
        yield Feature(name, "number", *home, f"{above} per {below}, last 3 months", meaning, "last 3 months", "ratio", "usage")


def _snapshot(config: CompanyConfig) -> Iterator[Feature]:
    if "account_snapshots" not in config.sources:
        return
    for name, column in config.snapshot_columns.items():
        yield _column_feature(name, column, "feat_accounts__snapshot", "snapshot", "account_snapshots", _AT_SNAPSHOT, True)


def _derived(config: CompanyConfig, windows: Mapping[str, str]) -> Iterator[Feature]:
    """Yield what the config derives; where all that it is derived from looks over the same days, it does, and its label says so."""
    for name, spec in config.derived_features.items():
        column = ColumnFeature(sql=spec) if isinstance(spec, str) else spec
        over = {windows[word] for word in re.findall(r"\w+", column.sql or "") if word in windows}
        window = over.pop() if len(over) == 1 else _AT_SNAPSHOT
        feature = _column_feature(name, column, "fct", "derived", "other features", window, True)
        is_named = not _SPANS_DAYS.search(window) or _SPANS_DAYS.search(feature.label)
        yield feature if is_named else replace(feature, label=f"{feature.label}, {window}")


def _column_feature(name: str, column: ColumnFeature, model: str, group: str, source: str, window: str, is_point_in_time: bool) -> Feature:
    label = column.label or name.replace("_", " ")
    meaning = column.description or (f"Computed as {column.sql}." if column.sql else f"Column {name} of {source}.")
    return Feature(name, column.type, model, group, label, meaning, window, column.unit, source, is_point_in_time, column.sql)
