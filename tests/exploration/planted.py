"""A small company with known relations, as frames and as a config: what findings must say is planted here."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from clv_platform.config import CompanyConfig
from clv_platform.exploration import ExplorationFrames, TargetRows

PLANTED_RATIO = 2.1
N = 3_000


def build_config(**changes: Any) -> CompanyConfig:
    """Accounts by territory and plan, with two flat numbers, a yes-or-no column and an upgrade label."""
    content: dict[str, Any] = {
        "name": "planted",
        "title": "Planted company",
        "sources": {
            "accounts": {"files": "a.csv", "columns": {"territory": "territory", "product": "product", "industry": "industry"}},
            "account_snapshots": {"files": "s.csv"},
        },
        "snapshots": {"is_undated": True},
        "snapshot_columns": {
            "users": {"label": "users", "unit": "users"},
            "posts": {"label": "posts", "unit": "posts"},
            "rating": {"label": "rating", "unit": "points"},
            "is_partner": {"type": "boolean", "label": "partner"},
        },
        "slices": ["territory", "product"],
        "targets": [{"name": "upgrade", "kind": "upgrade", "label_column": "upgraded"}],
    }
    return CompanyConfig.model_validate(content | changes)


def build_accounts(seed: int, n: int = N) -> pd.DataFrame:
    """Accounts of which no column goes with another; `users` is log-normal, `posts` zero-inflated."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "account_id": [f"a{i:05d}" for i in range(n)],
            "as_of_date": None,
            "territory": rng.choice(["T1", "T2", "T3"], n),
            "product": rng.choice(["P1", "P2"], n),
            "industry": pd.Series(rng.choice(["retail", "media", "food"], n)).where(rng.random(n) > 0.05),
            "users": np.exp(rng.normal(2, 1, n)),
            "posts": rng.poisson(3, n) * (rng.random(n) < 0.2),
            "rating": pd.Series(rng.integers(1, 6, n).astype(float)).where(rng.random(n) > 0.1),
            "is_partner": rng.random(n) < 0.3,
        }
    )


def as_frames(accounts: pd.DataFrame, y: np.ndarray | None = None, months: pd.DataFrame | None = None) -> ExplorationFrames:
    """One row per account, with a label where `y` is given."""
    targets = ()
    if y is not None:
        balance = pd.DataFrame({"as_of_date": [None], "n": [len(y)], "n_positive": [y.sum()]})
        targets = (TargetRows(build_config().targets[0], accounts, y.astype(float), balance),)
    return ExplorationFrames(accounts, None, targets, pd.DataFrame() if months is None else months)


def build_months(seed: int, n_accounts: int = 300, season: float = 0.0, growth: float = 0.0) -> pd.DataFrame:
    """24 months of one metric: log level of the account, noise, `season` (log) in every August, `growth` (log) in the second year."""
    rng = np.random.default_rng(seed)
    ends = pd.date_range("2024-02-01", periods=24, freq="MS")
    level = rng.normal(4, 1, n_accounts)[:, None] + rng.normal(0, 0.3, (n_accounts, 24))
    is_august = (ends - pd.Timedelta(days=1)).month == 8
    values = np.exp(level + season * is_august + growth * (np.arange(24) >= 12))
    account, month = np.divmod(np.arange(n_accounts * 24), 24)
    return pd.DataFrame(
        {
            "account_id": [f"a{i:05d}" for i in account], "month_end_date": ends[month], "known_by_date": ends[month],
            "n_orders": 0, "revenue": 0.0, "n_cases": 0, "logins": values.ravel(),
        }
    )  # fmt: skip


CUTOFF = date(2026, 1, 1)
