"""What sqlfluff's Jinja templater needs of dbt: variables with the demo's values and SQL-shaped stand-ins for dbt's own macros.

Add a stand-in when a macro in `dbt_project/macros/values.sql` or `asking.sql` is added or another of dbt's macros is used. Keep rules out.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

_VARS: dict[str, Any] = yaml.safe_load((Path(__file__).resolve().parents[3] / "dbt_project" / "dbt_project.yml").read_text())["vars"]
# One of each kind is enough to see how a model is written, and a hundred times faster to lint than all of the demo's.
_VARS["usage_metrics"] = {"users": "sum"}
_VARS["interactions"] = _VARS["interactions"][-1:]
_VARS["features"] = list({feature["model"]: feature for feature in _VARS["features"]}.values())


def var(name: str, default: Any = None) -> Any:
    return _VARS.get(name, default)


def _quote(name: str) -> str:
    return f'"{name}"'


def _dateadd(part: str, number: Any, moment: str) -> str:
    return f"{moment} + {number} * interval '1 {part}'"


adapter = SimpleNamespace(quote=_quote)
dbt = SimpleNamespace(
    dateadd=_dateadd,
    datediff=lambda first, last, part: f"datediff('{part}', {first}, {last})",
    date_trunc=lambda part, moment: f"date_trunc('{part}', {moment})",
    safe_cast=lambda value, kind: f"try_cast({value} as {kind})",
    bool_or=lambda condition: f"bool_or({condition})",
    type_timestamp=lambda: "timestamp",
    type_string=lambda: "varchar",
)


def is_present(table: str) -> bool:
    return table in _VARS["present_tables"]


def features_of(model: str) -> list[dict[str, Any]]:
    return [feature for feature in _VARS["features"] if feature["model"] == model]


def targets_of(kind: str) -> list[dict[str, Any]]:
    return [target for target in _VARS["targets"] if target["kind"] == kind]


def churn_targets(means: str) -> list[dict[str, Any]]:
    return [
        {
            "name": "churn",
            "label": "y_churn_90d",
            "horizon_days": 90,
            "activity": ["orders"],
            "active_within_days": 90,
            "churn_means": means,
        }
    ]


def silent_targets() -> list[dict[str, Any]]:
    return churn_targets("silent")


def is_churn_mixed() -> bool:
    return True


def is_flat(kind: str) -> bool:
    return False


def sql_type_of(kind: str) -> str:
    return {"number": "double", "boolean": "boolean", "category": "varchar"}[kind]


def feature_models() -> list[str]:
    return ["profile", "account_columns", "billing", "rfm", "usage", "support", "web", "engagement", "interactions", "snapshot"]


def has_files(pattern: str) -> bool:
    return True


def has_values(table: str, column: str) -> bool:
    return True


def first_target(kind: str) -> str:
    return kind


def value_score_columns() -> dict[str, str]:
    return {"target": "varchar", "account_id": "varchar", "as_of_date": "date", "score": "double"}


def generate_months(first: str, last: str, name: str) -> str:
    return f"unnest(generate_series({first}, {last}, interval 1 month)) as {name}"


def days_between(first_date: str, last_date: str) -> str:
    return f"({last_date} - {first_date})"


def row_hash(columns: list[str]) -> str:
    return f"hash({', '.join(columns)})"


def hash_bucket(columns: list[str]) -> str:
    return f"cast({row_hash(columns)} >> 52 as smallint)"


def collect_list(expression: str) -> str:
    return f"array_agg({expression})"


def place_in_list(items: str, value: str) -> str:
    return f"list_position({items}, {value})"


def item_of_list(items: str, place: str) -> str:
    return f"list_extract({items}, {place})"


def items_of_list(items: str) -> str:
    return f"unnest({items})"
