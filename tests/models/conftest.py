"""Small companies with known answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import Target, Training, Tuning
from clv_platform.contracts.features import Feature
from clv_platform.datasets import Examples


def feature(name: str, type_: str = "number") -> Feature:
    return Feature(name, type_, "feat_accounts__usage", "usage", name, "", "", "", "usage")  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def make_feature() -> Callable[..., Feature]:
    return feature


@pytest.fixture(scope="session")
def make_examples() -> Callable[..., Examples]:
    """Accounts whose chance rises with `x`, in territory T3 against it; `noise` says nothing; some `x` are missing."""

    def build(n: int = 2000, *, n_dates: int = 0, seed: int = 0, with_category: bool = True, base: float = -2.5) -> Examples:
        rng = np.random.default_rng(seed)
        n_rows = n * max(1, n_dates)
        x, noise = rng.normal(size=n_rows), rng.normal(size=n_rows)
        territory = rng.integers(0, 3, n_rows)
        log_odds = base + np.where(territory == 2, -1.0, 1.0) * 1.5 * x
        y = (rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))).astype(float)
        x[rng.random(n_rows) < 0.1] = np.nan
        columns = {"x": x, "noise": noise, "is_trial": (rng.random(n_rows) < 0.3).astype(float)}
        features = [feature("x"), feature("noise"), feature("is_trial", "boolean")]
        if with_category:
            columns["territory"] = pd.Categorical([f"T{k + 1}" for k in territory])  # type: ignore[assignment]
            features.append(feature("territory", "category"))
        account_id = np.array([f"a{k:05d}" for k in np.tile(np.arange(n), max(1, n_dates))], dtype=object)
        as_of_date = np.full(n_rows, "NaT", dtype="datetime64[D]")
        if n_dates:
            months = np.datetime64("2024-01", "M") + np.arange(n_dates)
            as_of_date = np.repeat(months.astype("datetime64[D]"), n)
        return Examples(pd.DataFrame(columns), y, account_id, as_of_date, tuple(features), "y_upgrade")

    return build


@pytest.fixture(scope="session")
def target() -> Target:
    return Target(name="upgrade", kind="upgrade", n_folds=3)


@pytest.fixture(scope="session")
def training() -> Training:
    """Small and quick, without a search for parameters or other algorithms, otherwise the defaults."""
    quick = {"num_iterations": 60, "early_stopping_round": 10, "learning_rate": 0.1, "feature_fraction": 1.0, "n_bags": 2}
    return Training(lightgbm=quick, tuning=Tuning(trials=0), comparators=())
