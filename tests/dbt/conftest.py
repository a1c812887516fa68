"""One small company for the dbt tests, with every kind of table, and its compiled project."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests run with --import-mode=importlib, which puts no folder on the path

from project import CompiledProject, compile_project

from clv_platform.config import CompanyConfig

OBSERVED_UNTIL = date(2025, 7, 1)


@pytest.fixture(scope="session")
def company() -> CompanyConfig:
    tables = ("subscriptions", "orders", "usage", "support_cases", "web_sessions", "feedback", "campaign_contacts")
    sources: dict[str, dict[str, Any]] = {name: {"files": f"{name}.csv"} for name in tables}
    sources["subscriptions"]["key"] = "subscription_id"
    sources["usage"]["key"] = ["account_id", "used_at", "metric"]
    return CompanyConfig.model_validate(
        {
            "name": "small",
            "title": "A small company",
            "sources": {
                "accounts": {"files": "accounts.csv", "columns": {"territory": "territory", "signed_up_at": "signed_up_at"}},
                "account_snapshots": {"files": "snapshots.csv"},
                **sources,
            },
            "plans": {"order": ["P1", "P2", "P3"]},
            "usage_metrics": {
                "users": {"label": "users", "unit": "users"},
                "load": {"label": "load", "unit": "points", "aggregate": "mean"},
                "peak": {"label": "peak", "unit": "points", "aggregate": "max"},
            },
            "account_columns": {"segment": {"type": "category"}},
            "snapshot_columns": {"n_friends": {}},
            "derived_features": {"users_per_seat": "users_lag_1m / nullif(seats, 0)"},
            "interactions": [{"numerator": "users", "denominator": "support_cases"}, {"numerator": "users", "denominator": "load"}],
            "eligibility": {"min_tenure_days": 30, "min_active_months": 1},
            "targets": [
                {"name": "upgrade", "kind": "upgrade", "horizon_days": 30},
                {"name": "churn", "kind": "churn", "horizon_days": 30},
                {"name": "silence", "kind": "churn", "churn_means": "silent", "activity": ["orders", "web_sessions"], "horizon_days": 30},
                {"name": "worth", "kind": "value", "horizon_days": 30, "learning_windows": [10]},
            ],
        }
    )


@pytest.fixture(scope="session")
def compiled(company: CompanyConfig, tmp_path_factory: pytest.TempPathFactory) -> CompiledProject:
    return compile_project(company, OBSERVED_UNTIL, tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="session")
def manifest(compiled: CompiledProject) -> Mapping[str, Any]:
    return compiled.manifest
