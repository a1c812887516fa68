"""A company, its scored test rows and everything a report shows, made up but computed by the library's own metrics."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import CompanyConfig
from clv_platform.evaluation import StoredEvaluation, decide_gate, evaluate_binary
from clv_platform.raw.summary import RawLoad, TableLoad
from clv_platform.reports import SplitFacts, TargetReportInputs, build_target_inputs

CONFIG: dict[str, Any] = {
    "name": "little",
    "title": "Little company",
    "sources": {
        "accounts": {
            "files": "accounts.csv",
            "columns": {n: n for n in ("territory", "industry", "employee_range", "gender", "signed_up_at")},
        },
        "subscriptions": {"files": "subscriptions.csv"},
        "usage": {"files": "usage.csv"},
        "support_cases": {"files": "cases.csv"},
    },
    "plans": {"order": ["P1", "P2", "P3"]},
    "usage_metrics": {
        "users": {"label": "active users", "unit": "users"},
        "impressions_x": {"label": "impressions on X", "unit": "impressions"},
        "impressions_instagram": {"label": "impressions on Instagram", "unit": "impressions"},
    },
    "private": ["gender"],
    "slices": ["territory", "employee_range", "gender"],
    "targets": [{"name": "upgrade", "kind": "upgrade", "horizon_days": 90}],
}


def make_config(**changes: Any) -> CompanyConfig:
    return CompanyConfig.model_validate(CONFIG | changes)


def scored_rows(n: int = 6000, seed: int = 5, strength: float = 1.3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    log_odds = -3.3 + strength * rng.normal(size=n)
    probability = 1 / (1 + np.exp(-log_odds))
    return pd.DataFrame(
        {
            "account_id": [f"A{i:05d}" for i in range(n)],
            "y_true": (rng.random(n) < probability).astype(float),
            "score": np.clip(probability, 0.0005, 0.9),
            "territory": rng.choice(["T1", "T2", "T3"], n, p=[0.6, 0.3, 0.1]),
            "employee_range": rng.choice(["1-10", "11-50", "51-200", "over 1000"], n, p=[0.5, 0.3, 0.19, 0.01]),
            "gender": rng.choice(["f", "m"], n),
        }
    )


ARMS = pd.DataFrame(
    {"arm": ["none", "class_weight", "smote"], "pr_auc": [0.214, 0.211, 0.187], "pr_auc_sd": [0.008, 0.009, 0.011],
     "log_loss": [0.181, 0.184, 0.196], "is_chosen": [True, False, False], "fit_seconds": [3.1, 3.3, 9.8]}
)  # fmt: skip
IMPORTANCE = pd.DataFrame(
    {"feature": ["impressions_x_sum_3m", "users_mean_3m", "gender", "plan", "tenure_days", "n_cases_90d"],
     "label": ["impressions on X, 3 months", "active users, 3 months", "gender", "plan", "days since sign-up", "support cases, 90 days"],
     "mean_abs": [0.5, 0.3, 0.1, 0.2, 0.15, 0.1], "share": [0.37, 0.22, 0.08, 0.15, 0.11, 0.07]}
)  # fmt: skip
SPLIT = SplitFacts(
    False, date(2024, 3, 1), date(2025, 5, 1), (date(2025, 8, 1), date(2025, 9, 1), date(2025, 10, 1)), date(2026, 1, 1), 84210, 4631
)
RAW_LOAD = RawLoad(
    (TableLoad("usage", "usage.csv", 500000, 499400, 600, 0), TableLoad("accounts", "accounts.csv", 10000, 9990, 10, 0)),
    date(2024, 1, 1), date(2026, 1, 1), "0f1e2d3c4b5a", ("usage.csv: 3 months of the metric posts are missing.",),
)  # fmt: skip


def make_evaluation(strength: float = 1.3, n: int = 6000) -> StoredEvaluation:
    """Scores of that strength beside a weaker one and a constant, evaluated for real."""
    rows = scored_rows(n, strength=strength)
    y, score = rows["y_true"].to_numpy(), rows["score"].to_numpy()
    noise = np.random.default_rng(1).normal(size=n)
    weaker = 1 / (1 + np.exp(-(np.log(score / (1 - score)) + noise)))
    evaluation = evaluate_binary(
        y, score if strength else weaker, rows["account_id"], np.full(n, "2025-09-01", dtype="datetime64[D]"),
        baselines={"logistic_regression": weaker, "prevalence": np.full(n, y.mean())}, f1_threshold=0.12, split="time_last_3",
        model_id="2025-10-01-1a2b3c4d5e6f-0f1e2d3c", n_bootstraps=60, slices=rows[["territory", "employee_range", "gender"]],
    )  # fmt: skip
    gate = decide_gate(evaluation)
    return StoredEvaluation(replace(evaluation, metrics=evaluation.metrics | {"verdict": gate.verdict}), ARMS, gate)


def make_call_list(n: int = 60) -> pd.DataFrame:
    best = scored_rows().sort_values("score", ascending=False, kind="stable").head(n).reset_index(drop=True)
    reasons = (
        "impressions on X rose by 34 % · 14 active users, more than most · plan P1",
        "industry retail · impressions on Instagram 48,000 a month",
    )
    return best[["account_id", "score", "gender"]].assign(score_rank=range(1, n + 1), reasons=[reasons[i % 2] for i in range(n)])


def make_inputs(strength: float = 1.3, n: int = 6000, **changes: Any) -> TargetReportInputs:
    """A promoted model with every section filled; strength 0: a model that learnt nothing."""
    config = make_config()
    built = build_target_inputs(
        config, config.targets[0], date(2026, 1, 1), make_evaluation(strength, n), SPLIT,
        importance=IMPORTANCE, call_list=make_call_list(), raw_load=RAW_LOAD,
    )  # fmt: skip
    return replace(built, **changes)


@pytest.fixture(scope="session")
def config() -> CompanyConfig:
    return make_config()


@pytest.fixture(scope="session")
def inputs() -> TargetReportInputs:
    return make_inputs()


@pytest.fixture(scope="session")
def nothing_learnt() -> TargetReportInputs:
    return make_inputs(strength=0.0, n=1500)
