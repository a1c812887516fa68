"""Scored test rows of which the truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clv_platform.evaluation import BinaryEvaluation, evaluate_binary


def make_rows(n_accounts: int, strength: float, seed: int, n_dates: int = 3, rate: float = 0.06) -> dict[str, Any]:
    """Rows of accounts at dates; the model knows two drivers, the simple rules one, and strength 0 means that nobody knows anything."""
    random = np.random.default_rng(seed)
    n = n_accounts * n_dates
    account = np.repeat(np.arange(n_accounts), n_dates)
    one, two = random.normal(size=n_accounts)[account], random.normal(size=n)
    level = np.log(rate / (1 - rate)) - strength**2 / 2

    def chance(*drivers: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(level + strength * sum(drivers) / np.sqrt(2))))

    truth = chance(one, two)
    # Without signal the model still scores: noise around the base rate, as a fitted model's would be.
    noise = 1 / (1 + np.exp(-(level + 0.5 * (one + two))))
    y = (random.random(n) < truth).astype(float)
    return {
        "y": y,
        "score": truth if strength else noise,
        "account_id": np.array([f"a{i}" for i in account], dtype=object),
        "as_of_date": np.tile(np.array(["2024-01-01", "2024-02-01", "2024-03-01"], dtype="datetime64[D]")[:n_dates], n_accounts),
        "baselines": {
            "prevalence": np.full(n, y.mean()),
            "best_single_column": chance(one) if strength else np.roll(noise, 1),
            "logistic_regression": chance(0.8 * two) if strength else np.roll(noise, 7),
        },
    }


def evaluate(rows: dict[str, Any], **options: Any) -> BinaryEvaluation:
    arguments = {"f1_threshold": 0.15, "split": "time_last_3", "model_id": "m1", "seed": 0, "n_bootstraps": 100} | options
    return evaluate_binary(**rows, **arguments)


@pytest.fixture(scope="session")
def signal_rows() -> dict[str, Any]:
    return make_rows(1500, 1.6, seed=1)


@pytest.fixture(scope="session")
def signal(signal_rows: dict[str, Any]) -> BinaryEvaluation:
    return evaluate(signal_rows)


@pytest.fixture(scope="session")
def rows_of():
    return make_rows


@pytest.fixture(scope="session")
def evaluation_of():
    return evaluate
