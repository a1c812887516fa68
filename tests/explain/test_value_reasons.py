"""Reasons for amounts: purchases as people tell them, features as for chances, sums that add up."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clv_platform.config.schema import FeatureType
from clv_platform.contracts.feature import Feature
from clv_platform.datasets import SUMMARY_COLUMNS, ValueRows
from clv_platform.explain.value_reasons import purchase_words, tell_value_reasons
from clv_platform.explain.value_view import HISTORY, ValueView, explain_value, view_rows

N = 60
_COLUMNS: tuple[tuple[str, FeatureType, str, str, str], ...] = (
    ("revenue_365d", "number", "rfm", "revenue in 365 days", "orders"),
    ("users", "number", "usage", "active users", "usage"),
    ("territory", "category", "profile", "territory", "accounts"),
    ("secret", "number", "profile", "secret", "accounts"),
)
FEATURES = tuple(Feature(name, type_, "feat", group, label, "", "", "", source) for name, type_, group, label, source in _COLUMNS)


class LinearModel:
    """Log amount = 0.5 x standardised users + log of purchases - 0.2 x revenue; everything the explanations ask for."""

    manifest = SimpleNamespace(
        model_id="m-1", features={feature.name: feature.type for feature in FEATURES}, versions={}, target="value", target_kind="value"
    )

    def check_features(self, features: Any) -> None:
        assert [feature.name for feature in features] == list(self.manifest.features)

    def contributions(self, X: pd.DataFrame, summary: pd.DataFrame) -> np.ndarray:
        users = 0.05 * (X["users"].to_numpy(float) - 30)
        revenue = -0.2 * X["revenue_365d"].to_numpy(float) / 100
        history = np.log(summary["n_purchases"].to_numpy(float) + 1)
        zeros = np.zeros(len(X))
        return np.column_stack([revenue, users, zeros, 0.001 * zeros + 0.5, history, np.full(len(X), 3.0)])

    def log_spend(self, X: pd.DataFrame, summary: pd.DataFrame) -> np.ndarray:
        return self.contributions(X, summary).sum(axis=1)


@pytest.fixture
def rows() -> ValueRows:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "revenue_365d": rng.uniform(0, 400, N), "users": np.arange(N, dtype=float), "secret": 1.0,
            "territory": pd.Categorical(rng.choice(["T1", "T2"], N)),
        }
    )[[feature.name for feature in FEATURES]]  # fmt: skip
    summary = pd.DataFrame({name: np.zeros(N) for name in SUMMARY_COLUMNS})
    summary["n_purchases"], summary["n_valued"], summary["frequency"] = 5.0, 5.0, 4.0
    summary["T_days"], summary["recency_days"], summary["mean_value"] = 273.0, 262.0, 35.0
    return ValueRows(
        X, summary, np.full(N, np.nan), np.full(N, np.nan), np.full(N, 180.0),
        np.array([f"A{i:02d}" for i in range(N)], dtype=object), np.full(N, np.datetime64("2026-01-01")), FEATURES,
    )  # fmt: skip


@pytest.fixture
def model() -> Any:
    return LinearModel()


def test_purchases_are_told_as_people_would():
    summary = pd.DataFrame(
        {
            "n_purchases": [5, 1, 0, 10, 2], "T_days": [273.0, 40.0, np.nan, 1200.0, 100.0],
            "recency_days": [262.0, 0.0, 0.0, 1100.0, 99.0], "mean_value": [35.0, 24.5, 0.0, 0.0, 9.5],
        }
    )  # fmt: skip
    assert purchase_words(summary, "EUR") == [
        "bought on 5 days in 9 months, last 12 days ago, 35 EUR a time",
        "bought once, 41 days ago, for 24 EUR",
        "nothing bought so far",
        "bought on 10 days in 3.3 years, last 3 months ago",
        "bought on 2 days in 3 months, last 2 days ago, 9.50 EUR a time",
    ]


def test_a_silence_longer_than_usual_is_said():
    summary = pd.DataFrame({"n_purchases": [5], "T_days": [200.0], "recency_days": [80.0], "mean_value": [10.0]})
    assert purchase_words(summary)[0].endswith("; usually sooner")


def test_all_that_orders_say_is_one_reason(model, rows):
    forecast: Any = SimpleNamespace(spend=np.exp(model.log_spend(rows.X, rows.summary)))
    told = tell_value_reasons(model, rows, forecast, private=["secret"], currency="EUR")
    assert len(told) == N
    everything = " ".join(text for reasons in told.strongest for text in reasons)
    assert "revenue in 365 days" not in everything
    assert "secret" not in everything
    assert told.strongest[N - 1][0].startswith("active users: 59 (highest 2 %)") or told.strongest[N - 1][0].startswith("bought on 5 days")
    assert any(text.startswith("active users: 0") and text.endswith("lowers the expected amount") for text in told.strongest[0])
    assert "times what the account in the middle brings" in told.movement[0]


def test_contributions_add_up_through_the_view(model, rows):
    view, examples = ValueView(model), view_rows(rows)
    view.check_features(examples.features)
    np.testing.assert_allclose(view.contributions(examples.X).sum(axis=1), view.raw_score(examples.X))
    part = examples.take(np.array([3, 1]))
    np.testing.assert_allclose(view.raw_score(part.X), view.raw_score(examples.X)[[3, 1]])


def test_a_model_whose_contributions_miss_its_amounts_is_refused(model, rows):
    forecast: Any = SimpleNamespace(spend=np.ones(N))
    model.log_spend = lambda X, summary: np.zeros(len(X))
    with pytest.raises(ArithmeticError, match="m-1"):
        tell_value_reasons(model, rows, forecast)


def test_importance_ranks_users_above_a_constant_and_hides_what_is_private(model, rows):
    found = explain_value(model, rows, private=["secret"])
    importance = found.importance.set_index("feature")["share"]
    assert importance["users"] > importance["territory"]
    assert HISTORY.name in importance.index
    assert "secret" not in importance.index
    assert set(found.attributions["account_id"]) == set(rows.account_id)
