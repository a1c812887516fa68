from __future__ import annotations

from types import SimpleNamespace

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from clv_platform.contracts.features import Feature
from clv_platform.datasets import Examples
from clv_platform.explain import explain_examples
from clv_platform.explain.dependence import find_dependence, find_partner
from clv_platform.explain.families import build_families


def _model() -> tuple[pd.DataFrame, lgb.Booster]:
    """Log-odds: a counts double where b is high, c adds, d and e do nothing; d is a's echo."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4_000, 5))
    X[:, 3] = X[:, 0] + 0.3 * rng.normal(size=4_000)
    log_odds = np.where(X[:, 1] > 0, 2.0, 0.4) * X[:, 0] + X[:, 2]
    y = rng.random(4_000) < 1 / (1 + np.exp(-log_odds))
    params = {"objective": "binary", "num_leaves": 15, "learning_rate": 0.1, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 50}
    booster = lgb.train(params, lgb.Dataset(X, y, params={"verbosity": -1}), num_boost_round=60)
    return pd.DataFrame(X, columns=list("abcde")), booster


@pytest.mark.filterwarnings("ignore")  # shap's own imports warn
def test_partner_is_the_one_with_the_largest_exact_shap_interaction():
    import shap

    X, booster = _model()
    exact = np.abs(shap.TreeExplainer(booster).shap_interaction_values(X.to_numpy()[:200])).mean(axis=0)
    contributions = np.asarray(booster.predict(X.to_numpy(), pred_contrib=True))
    partner, share = find_partner(X["a"], contributions[:, 0], {name: X[name] for name in "bcde"})
    assert partner == "b" == "bcde"[int(np.argmax(exact[0, 1:]))]
    assert share > 0.5
    assert find_partner(X["b"], contributions[:, 1], {name: X[name] for name in "cde"})[0] == "d"  # a's echo, when a may not be named


def test_feature_that_acts_alone_has_no_partner():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(2_000, 4)), columns=list("abcd"))
    assert find_partner(X["a"], np.sign(X["a"].to_numpy()), {name: X[name] for name in "bcd"})[0] is None
    noisy = np.sign(X["a"].to_numpy()) + rng.normal(size=2_000)
    assert find_partner(X["a"], noisy, {name: X[name] for name in "bcd"})[0] is None


def test_partners_among_noise_are_rare():
    """Contribution noise that no feature explains, 20 candidates, 40 times: none reaches a tenth."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        X = pd.DataFrame(rng.normal(size=(600, 21))).rename(columns=str)
        assert find_partner(X["0"], rng.normal(size=600), {str(name): X[str(name)] for name in range(1, 21)})[0] is None


def test_partner_is_found_for_gaps_categories_and_yes_or_no():
    rng = np.random.default_rng(2)
    n = 2_000
    plan = pd.Series(pd.Categorical(rng.choice(["P1", "P2", "P3"], n)))
    trial = pd.Series(np.where(rng.random(n) < 0.2, np.nan, rng.random(n) < 0.5).astype(float))
    value = pd.Series(rng.normal(size=n)).mask(rng.random(n) < 0.1)
    by_plan = np.nan_to_num(value.to_numpy()) * (plan == "P3").to_numpy()
    assert find_partner(value, by_plan, {"trial": trial, "plan": plan})[0] == "plan"
    by_trial = np.where(plan == "P1", 1.0, -1.0) * np.nan_to_num(trial.to_numpy())
    assert find_partner(plan, by_trial, {"value": value, "trial": trial})[0] == "trial"


def test_dependence_draws_one_feature_per_family_with_words_for_categories(small_artifact, small_examples):
    found = explain_examples(small_artifact, small_examples, max_rows=800, n_sample=500).dependence
    firsts = found.groupby("position").first()
    assert len(firsts) == 4
    assert firsts["feature"].str.contains("impressions").sum() == 1
    assert (found.groupby("position").size() == 500).all()
    territory = found[found["feature"] == "territory"]
    assert set(territory["value_text"]) == {"T1", "T2", "T3"}
    means = territory.groupby("value_text")["contribution"].mean()
    assert means["T3"] == means.min()  # T3 lowers the chance in these data


def test_private_columns_are_neither_drawn_nor_partners(small_artifact, small_examples):
    found = explain_examples(small_artifact, small_examples, max_rows=800, private=("n_cases_90d", "territory")).dependence
    assert not {"n_cases_90d", "territory"} & {*found["feature"], *found["partner"].dropna()}


def test_no_rows_and_no_effect_draw_nothing():
    feature = Feature("a", "number", "m", "usage", "a", "", "", "", "usage")
    X = pd.DataFrame({"a": np.zeros(0)})
    none = Examples(X, np.zeros(0), np.zeros(0, dtype=object), np.zeros(0, dtype="datetime64[D]"), (feature,))
    families = build_families((feature,), ["a"])
    assert find_dependence(none, np.zeros((0, 1)), ["a"], ["a"], families).empty
    flat = SimpleNamespace(X=pd.DataFrame({"a": [1.0, 2.0]}), features=(feature,), __len__=lambda: 2)
    rows = Examples(flat.X, np.zeros(2), np.array(["x", "y"], dtype=object), np.zeros(2, dtype="datetime64[D]"), (feature,))
    assert find_dependence(rows, np.zeros((2, 1)), ["a"], ["a"], families).empty
