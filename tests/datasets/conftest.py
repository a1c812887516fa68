"""A company of a few monthly snapshots whose numbers can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import CompanyConfig
from clv_platform.datasets import Examples

MONTHS = tuple(date(2024, month, 1) for month in range(1, 13))


def make_config(**changes: object) -> CompanyConfig:
    content: dict[str, object] = {
        "name": "flat",
        "title": "Flat",
        "sources": {"account_snapshots": {"files": ["x.csv"]}},
        "snapshot_columns": {"n_logins": {}, "has_team": {"type": "boolean"}, "country": {"type": "category"}},
        "targets": [{"name": "upgrade", "kind": "upgrade", "label_column": "upgraded"}],
    }
    return CompanyConfig.model_validate(content | changes)


@pytest.fixture
def config() -> CompanyConfig:
    return make_config()


@pytest.fixture
def monthly() -> Callable[..., Examples]:
    def build(n_accounts: int = 40, months: tuple[date, ...] = MONTHS, seed: int = 0, **columns: object) -> Examples:
        random = np.random.default_rng(seed)
        n = n_accounts * len(months)
        accounts = np.tile(np.array([f"a{i:04d}" for i in range(n_accounts)], dtype=object), len(months))
        dates = np.repeat(np.array(months, dtype="datetime64[D]"), n_accounts)
        frame = pd.DataFrame({"n_logins": random.normal(size=n), "n_seats": random.normal(size=n)} | columns)
        y = (random.random(n) < 0.2).astype(float)
        return Examples(frame, y, accounts, dates, (), "y_upgrade_90d", ("y_upgrade_90d", "upgraded"))

    return build
