"""A company, its scored test rows and everything a report shows, made up but computed by the library's own metrics."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clv_platform import metrics
from clv_platform.config import CompanyConfig
from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.reports import SplitFacts, TargetReportInputs

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


def make_slices(rows: pd.DataFrame) -> pd.DataFrame:
    out = []
    for name in ("territory", "employee_range", "gender"):
        for value, part in rows.groupby(name):
            pr_auc = metrics.pr_auc(part["y_true"], part["score"])
            out.append(
                {"slice": name, "value": value, "n": len(part), "n_positive": int(part["y_true"].sum()), "base_rate": part["y_true"].mean(),
                 "pr_auc": pr_auc, "pr_auc_lo": max(pr_auc - 0.05, 0), "pr_auc_hi": pr_auc + 0.05, "pr_auc_lift": pr_auc / part["y_true"].mean()}
            )  # fmt: skip
    return pd.DataFrame(out)


def make_inputs(**changes: Any) -> TargetReportInputs:
    """A promoted model with every section filled."""
    config = make_config()
    rows = scored_rows()
    y, score = rows["y_true"].to_numpy(), rows["score"].to_numpy()
    figures = {
        "pr_auc": metrics.pr_auc(y, score),
        "roc_auc": metrics.roc_auc(y, score),
        "f1": metrics.f1_at(y, score, 0.12),
        "log_loss": metrics.log_loss(y, score),
        "brier": metrics.brier(y, score),
        "lift_at_10": metrics.lift_at(y, score, 0.1),
        "lift_at_20": metrics.lift_at(y, score, 0.2),
        "capture_at_20": metrics.capture_at(y, score, 0.2),
        "calibration_error": metrics.calibration_error(y, score),
    }
    bounds = {f"{name}_{end}": value * factor for name, value in figures.items() for end, factor in (("lo", 0.9), ("hi", 1.1))}
    facts = {
        "pr_auc_baseline": float(y.mean()), "f1_threshold": 0.12, "n": len(rows), "n_positive": int(y.sum()), "split": "time",
        "model_id": "2025-10-01-1a2b3c4d5e6f-0f1e2d3c", "verdict": "promoted", "schema_version": 1,
    }  # fmt: skip
    best = rows.sort_values("score", ascending=False, kind="stable").head(60)
    reasons = ("impressions on X rose by 34 % · 14 active users, more than most · plan P1", "industry retail · impressions on Instagram 48,000 a month")
    inputs = TargetReportInputs(
        config=config,
        target=config.targets[0],
        cutoff=date(2026, 1, 1),
        metrics=figures | bounds | facts,
        gate={"is_promoted": True, "verdict": "promoted", "reasons": ["PR-AUC is above the best baseline beyond the interval (+0.061, 0.034 to 0.088)."]},
        split=SplitFacts(False, date(2024, 3, 1), date(2025, 5, 1), (date(2025, 8, 1), date(2025, 9, 1), date(2025, 10, 1)), date(2026, 1, 1), 84210, 4631),
        features=build_feature_catalogue(config),
        arms=pd.DataFrame(
            {"arm": ["none", "class_weight", "smote"], "pr_auc": [0.214, 0.211, 0.187], "pr_auc_sd": [0.008, 0.009, 0.011],
             "log_loss": [0.181, 0.184, 0.196], "is_chosen": [True, False, False], "fit_seconds": [3.1, 3.3, 9.8]}
        ),  # fmt: skip
        leaderboard=pd.DataFrame(
            {"model": ["model", "logistic_regression", "best_single_column", "prevalence"], "pr_auc": [figures["pr_auc"], 0.15, 0.11, 0.055],
             "pr_auc_lo": [figures["pr_auc"] * 0.9, 0.13, 0.1, 0.05], "pr_auc_hi": [figures["pr_auc"] * 1.1, 0.17, 0.12, 0.06],
             "difference": [0.0, 0.061, 0.101, 0.156], "difference_lo": [0.0, 0.034, 0.071, 0.12], "difference_hi": [0.0, 0.088, 0.13, 0.19],
             "lift_at_20": [figures["lift_at_20"], 2.2, 1.8, 1.0], "log_loss": [figures["log_loss"], 0.196, 0.205, 0.214],
             "brier": [figures["brier"], 0.05, 0.052, 0.053]}
        ),  # fmt: skip
        lift=pd.DataFrame(metrics.lift_table(y, score)),
        gains=pd.DataFrame(metrics.gains_curve(y, score)),
        reliability=pd.DataFrame(metrics.reliability_table(y, score)),
        pr_curve=pd.DataFrame(metrics.pr_curve(y, score)),
        slices=make_slices(rows),
        importance=pd.DataFrame(
            {"feature": ["impressions_x_sum_3m", "users_mean_3m", "gender", "plan", "tenure_days", "n_cases_90d"],
             "label": ["impressions on X, 3 months", "active users, 3 months", "gender", "plan", "days since sign-up", "support cases, 90 days"],
             "mean_abs": [0.5, 0.3, 0.1, 0.2, 0.15, 0.1], "share": [0.37, 0.22, 0.08, 0.15, 0.11, 0.07]}
        ),  # fmt: skip
        call_list=pd.DataFrame(
            {"account_id": best["account_id"], "score": best["score"], "gender": best["gender"], "reasons": [reasons[i % 2] for i in range(len(best))]}
        ).reset_index(drop=True),
        raw_load={"tables": [{"name": "usage", "n_read": 500000, "n_accepted": 499400, "n_rejected": 600, "n_excluded": 0},
                             {"name": "accounts", "n_read": 10000, "n_accepted": 9990, "n_rejected": 10, "n_excluded": 0}]},
    )  # fmt: skip
    return replace(inputs, **changes)


def make_nothing_learnt() -> TargetReportInputs:
    inputs = make_inputs()
    worse = dict(inputs.metrics) | {"pr_auc": 0.061, "pr_auc_lo": 0.048, "pr_auc_hi": 0.079, "pr_auc_baseline": 0.058, "n": 1500, "n_positive": 87, "verdict": "nothing_learnt",
                                    "lift_at_20": 1.07, "capture_at_20": 0.21}  # fmt: skip
    gate = {"is_promoted": False, "verdict": "nothing_learnt", "reasons": ["PR-AUC 0.061 isn't above the best baseline, 0.060, beyond the interval."]}
    return replace(inputs, metrics=worse, gate=gate)


@pytest.fixture(scope="session")
def inputs() -> TargetReportInputs:
    return make_inputs()


@pytest.fixture(scope="session")
def nothing_learnt() -> TargetReportInputs:
    return make_nothing_learnt()
