"""The variables of the dbt project, from a company config: one dictionary, given to dbt as `--vars`.

Add a variable here and its default (the demo's) in `dbt_project/dbt_project.yml`; a test holds the two in step. Keep SQL out: names, dates,
numbers and lists only, except the expressions that the config itself gives for derived features.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from clv_platform.config import CompanyConfig, Target
from clv_platform.contracts.features import build_feature_catalogue, present_interactions
from clv_platform.contracts.plans import plan_names
from clv_platform.contracts.raw_tables import RAW_TABLES
from clv_platform.contracts.review_feedback import OUTCOMES


def build_dbt_vars(config: CompanyConfig, observed_until: date | None) -> dict[str, Any]:
    """Translate a config into dbt's variables.

    Parameters
    ----------
    config : CompanyConfig
        The company.
    observed_until : date or None
        Where the data end, exclusive; None when nothing in them has a date.

    Returns
    -------
    dict
        Plain JSON values, in a fixed order, so that equal configs give equal `--vars`.
    """
    return {
        "observed_until": _iso(observed_until),
        "is_undated": config.snapshots.is_undated,
        "snapshot_first": _iso(config.snapshots.first),
        "snapshot_dates": [day.isoformat() for day in _listed_dates(config)],
        "has_monthly_grid": _has_monthly_grid(config),
        "anchor_days": _anchor_days(config),
        "present_tables": [name for name in RAW_TABLES if name in config.sources],
        "source_keys": {name: list(key) for name in RAW_TABLES if (key := _declared_key(config, name))},
        "plans": {
            "order": list(config.plans.order) if config.plans else [],
            "names": plan_names(config.plans),
            "count_trials": bool(config.plans and config.plans.count_trials),
        },
        "usage_metrics": {name: metric.aggregate for name, metric in config.usage_metrics.items()},
        "interactions": [{"numerator": pair.numerator, "denominator": pair.denominator} for pair in present_interactions(config)],
        "eligibility": config.eligibility.model_dump(mode="json"),
        "targets": [_target(config, target) for target in config.targets],
        "features": [
            {"name": feature.name, "model": feature.model, "type": feature.type, "sql": feature.sql}
            for feature in build_feature_catalogue(config)
        ],
        "account_columns": {name: column.type for name, column in config.account_columns.items()},
        "snapshot_columns": {name: column.type for name, column in config.snapshot_columns.items()},
        "lifecycle": config.lifecycle.model_dump(mode="json"),
        "private": list(config.private),
        "call_list_size": config.call_list_size,
    }


def label_column_name(config: CompanyConfig, target: Target) -> str:
    """Return the label's column in `fct_<kind>_examples` of a company."""
    return label_name(target, config.snapshots.is_undated)


def label_name(target: Target, is_undated: bool) -> str:
    """Return the label's column in `fct_<kind>_examples`: `y_<target>_<H>d`, without the horizon where there are no dates."""
    return f"y_{target.name}" if is_undated else f"y_{target.name}_{target.horizon_days}d"


def value_windows(target: Target) -> tuple[int, ...]:
    """Return the days over which a value target is summed, shortest first: its learning windows and its horizon; none for other kinds."""
    return tuple(sorted({*target.learning_windows, target.horizon_days})) if target.kind == "value" else ()


def value_label(target: Target, days: int) -> str:
    """Return the column of `fct_value_examples` with what is spent in so many days from the snapshot on."""
    return f"y_{target.name}_{days}d"


def purchases_label(target: Target, days: int) -> str:
    """Return the column of `fct_value_examples` with the purchase days within so many days from the snapshot on."""
    return f"n_{target.name}_{days}d"


def positive_texts(target: Target) -> list[str]:
    """Return the positive values of a flat label as they are compared: trimmed, in lower case, a number without its `.0`."""
    return [re.sub(r"[.]0+$", "", value.strip().lower()) for value in target.positive_values]


def _target(config: CompanyConfig, target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "kind": target.kind,
        "horizon_days": target.horizon_days,
        "label": label_column_name(config, target),
        "label_column": target.label_column,
        "positive_values": positive_texts(target),
        "outcomes": list(OUTCOMES.get(target.kind, ())),
        "churn_means": target.churn_means if target.kind == "churn" and not target.label_column else None,
        "activity": list(target.activity),
        "active_within_days": target.active_within_days or target.horizon_days,
        "value_means": target.value_means if target.kind == "value" else None,
        "margin_share": target.margin_share,
        "windows": [
            {"days": days, "label": value_label(target, days), "purchases": purchases_label(target, days)} for days in value_windows(target)
        ],
    }


def _declared_key(config: CompanyConfig, table: str) -> tuple[str, ...]:
    source = config.sources.get(table)
    return (source.key if source else ()) or RAW_TABLES[table].key


def _listed_dates(config: CompanyConfig) -> list[date]:
    return sorted({*config.snapshots.dates, *(day for target in config.targets for day in target.as_of_dates)})


def _has_monthly_grid(config: CompanyConfig) -> bool:
    """Firsts of month are used unless dates are listed; a target without dates of its own needs the grid."""
    if config.snapshots.is_undated or config.snapshots.dates:
        return False
    return not config.targets or any(not target.as_of_dates for target in config.targets)


def _anchor_days(config: CompanyConfig) -> list[int]:
    """List the days of the month on which usage months end, so that a month is complete at each snapshot."""
    days = {day.day for day in _listed_dates(config)}
    if _has_monthly_grid(config) or not days:
        days.add(1)
    return sorted(days)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
