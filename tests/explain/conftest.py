"""A small trained model of which the drivers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import Target, Training
from clv_platform.contracts.features import Feature
from clv_platform.datasets import Examples
from clv_platform.models import ModelArtifact, train_binary_model


def _feature(name: str, label: str, type_: str = "number", group: str = "usage", unit: str = "") -> Feature:
    return Feature(name, type_, "feat_accounts__usage", group, label, "", "", unit, "usage")  # type: ignore[arg-type]


FEATURES = (
    _feature("impressions_x_lag_1m", "impressions on X (last month)"),
    _feature("impressions_x_mean_3m", "impressions on X, monthly mean of 3 months"),
    _feature("impressions_x_per_users_3m", "impressions x per users", group="interactions"),
    _feature("n_cases_90d", "support cases in 90 days", group="support"),
    _feature("territory", "territory", "category", "profile"),
    _feature("is_trial", "on trial", "boolean", "billing"),
    _feature("noise", "noise"),
)


@pytest.fixture(scope="session")
def examples() -> Examples:
    """More impressions on X raise the chance, support cases and territory T3 lower it."""
    rng = np.random.default_rng(0)
    n = 3000
    level = rng.lognormal(8, 1, n)
    cases = rng.poisson(1.5, n).astype(float)
    territory = rng.integers(0, 3, n)
    is_trial = (rng.random(n) < 0.3).astype(float)
    log_odds = -2 + 1.2 * (np.log(level) - 8) - 0.8 * cases - 1.5 * (territory == 2) + 0.5 * is_trial
    y = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(float)
    lag = level * rng.lognormal(0, 0.1, n)
    lag[rng.random(n) < 0.1] = np.nan
    X = pd.DataFrame(
        {
            "impressions_x_lag_1m": lag,
            "impressions_x_mean_3m": level,
            "impressions_x_per_users_3m": level / rng.integers(1, 9, n),
            "n_cases_90d": cases,
            "territory": pd.Categorical([f"T{k + 1}" for k in territory]),
            "is_trial": is_trial,
            "noise": rng.normal(size=n),
        }
    )
    undated = np.full(n, "NaT", dtype="datetime64[D]")
    return Examples(X, y, np.array([f"a{k:04d}" for k in range(n)], dtype=object), undated, FEATURES, "y_upgrade")


@pytest.fixture(scope="session")
def artifact(examples) -> ModelArtifact:
    training = Training(arms=("none",), lightgbm={"num_iterations": 80, "learning_rate": 0.1, "feature_fraction": 1.0})
    return train_binary_model(
        examples, Target(name="upgrade", kind="upgrade"), training, cutoff=None, config_hash="c", data_hash="d"
    ).artifact
