"""Contributions are Shapley values: against a brute force over all coalitions, and against the shap package's own code.

The game is that of TreeSHAP's path-dependent conditional expectation (Lundberg et al. 2020, Nature Machine Intelligence 2, algorithm 1): a
split on a feature outside the coalition is followed both ways, weighted with the training rows that went there.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial

import lightgbm as lgb
import numpy as np
import pytest

from clv_platform.models.preprocessing import Matrix


def _goes_left(node: dict, x: np.ndarray) -> bool:
    value = x[node["split_feature"]]
    if node["decision_type"] == "==":
        return int(value) in {int(code) for code in str(node["threshold"]).split("||")}
    return value <= node["threshold"]


def _expected(node: dict, x: np.ndarray, known: frozenset[int]) -> float:
    if "leaf_value" in node:
        return node["leaf_value"]
    left, right = node["left_child"], node["right_child"]
    if node["split_feature"] in known:
        return _expected(left if _goes_left(node, x) else right, x, known)
    n_left, n_right = (child.get("internal_count", child.get("leaf_count")) for child in (left, right))
    return (n_left * _expected(left, x, known) + n_right * _expected(right, x, known)) / (n_left + n_right)


def brute_force(booster: lgb.Booster, x: np.ndarray) -> np.ndarray:
    """Shapley values by their definition, one per column, last the value of the empty coalition."""
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    p = len(x)
    value = {
        frozenset(known): sum(_expected(tree, x, frozenset(known)) for tree in trees)
        for size in range(p + 1)
        for known in combinations(range(p), size)
    }
    shapley = np.zeros(p + 1)
    for column in range(p):
        for known, without in value.items():
            if column not in known:
                weight = factorial(len(known)) * factorial(p - len(known) - 1) / factorial(p)
                shapley[column] += weight * (value[known | {column}] - without)
    shapley[-1] = value[frozenset()]
    return shapley


def _matrix(artifact, examples, n) -> Matrix:
    return artifact.preprocessing.transform(examples.X.iloc[:n])


def test_contributions_are_the_shapley_values_of_the_trees(small_artifact, small_examples):
    few = small_examples.take(np.arange(2))
    matrix = _matrix(small_artifact, small_examples, 2)
    names = list(small_artifact.manifest.features)
    expected = np.zeros((2, len(names) + 1))
    small = [lgb.Booster(model_str=text) for text in small_artifact.predictor.texts]
    for booster in small:
        for row in range(2):
            values = brute_force(booster, matrix.values[row].astype(np.float64))
            for column, source in enumerate(matrix.sources):  # a feature's missing flag counts for the feature
                expected[row, names.index(source)] += values[column] / len(small)
            expected[row, -1] += values[-1] / len(small)
    assert any(node["decision_type"] == "==" for node in _splits(small[0]))  # categories are split on, so they are tested
    assert np.abs(small_artifact.contributions(few.X) - expected).max() < 1e-9


def _splits(booster: lgb.Booster) -> list[dict]:
    found, open_ = [], [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    while open_:
        node = open_.pop()
        if "split_feature" in node:
            found.append(node)
            open_ += [node["left_child"], node["right_child"]]
    return found


def test_a_feature_that_stands_alone_gets_the_whole_move_and_others_nothing():
    rng = np.random.default_rng(0)
    X = rng.random((400, 3))
    data = lgb.Dataset(X, X[:, 1] > 0.5, params={"verbosity": -1})
    booster = lgb.train({"objective": "regression", "num_leaves": 2, "verbosity": -1}, data, num_boost_round=3)
    found = np.asarray(booster.predict(X[:5], pred_contrib=True))
    assert np.abs(found[:, [0, 2]]).max() == 0
    assert np.allclose(found[:, 1], np.asarray(booster.predict(X[:5])) - found[:, -1], atol=1e-12)
    assert np.allclose(found[0], brute_force(booster, X[0]), atol=1e-12)


@pytest.mark.filterwarnings("ignore")  # shap's own imports warn
def test_contributions_equal_those_of_the_shap_package(small_artifact, small_examples):
    """Left alone, `shap.TreeExplainer` asks LightGBM itself; "internal" makes it walk the trees with its own code, numbers only."""
    import shap

    rng = np.random.default_rng(1)
    X = rng.normal(size=(2_000, 8))
    y = rng.random(2_000) < 1 / (1 + np.exp(-X[:, 0] * X[:, 1] - X[:, 2]))
    params = {"objective": "binary", "num_leaves": 15, "verbosity": -1, "num_threads": 1}
    booster = lgb.train(params, lgb.Dataset(X, y, params={"verbosity": -1}), num_boost_round=40)
    explainer = shap.TreeExplainer(booster)
    explainer.model.model_type = "internal"
    expected = np.asarray(explainer.shap_values(X[:200])).reshape(200, 8)
    found = np.asarray(booster.predict(X[:200], pred_contrib=True))
    assert np.abs(found[:, :-1] - expected).max() < 1e-8

    matrix = _matrix(small_artifact, small_examples, 200)
    asked = [np.asarray(shap.TreeExplainer(b).shap_values(matrix.values)).reshape(200, -1) for b in small_artifact.predictor.boosters]
    by_feature = np.zeros((200, len(small_artifact.manifest.features)))
    for column, source in enumerate(matrix.sources):
        by_feature[:, list(small_artifact.manifest.features).index(source)] += np.mean(asked, axis=0)[:, column]
    assert np.abs(small_artifact.contributions(small_examples.X.iloc[:200])[:, :-1] - by_feature).max() < 1e-8
