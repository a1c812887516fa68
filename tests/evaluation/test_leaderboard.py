"""Contenders on the same rows: ties go to the simpler, absent ones keep a row, fewer fold seeds are compared with the same seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clv_platform.evaluation import Contenders, decide_gate, evaluate_binary, evaluate_out_of_fold


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    n = 3000
    signal = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(2.5 - 1.5 * signal))).astype(float)
    chance = 1 / (1 + np.exp(2.5 - 1.5 * signal))
    weak = 1 / (1 + np.exp(2.5 - 1.5 * (signal + 2 * rng.normal(size=n)) / np.sqrt(5)))
    return {"y": y, "chance": chance, "weak": weak, "n": n}


def evaluate(rows, model, regression, others) -> Any:
    n = rows["n"]
    baselines = {"prevalence": np.full(n, rows["y"].mean()), "logistic_regression": regression}
    found = evaluate_binary(
        rows["y"], model, np.arange(n), np.full(n, "2024-01-01", dtype="datetime64[D]"), baselines=baselines, f1_threshold=0.2,
        split="time_last_1", model_id="m", n_bootstraps=100, others=others,
    )  # fmt: skip
    return found.leaderboard.set_index("model")


def test_tie_goes_to_the_simpler(rows):
    board = evaluate(rows, rows["chance"], np.clip(rows["chance"] * 0.999, 0, 1), Contenders({"neural_network": rows["weak"]}))
    assert board["is_tied_with_best"].to_dict() == {
        "model": True,
        "prevalence": False,
        "logistic_regression": True,
        "neural_network": False,
    }
    assert board.index[board["is_simplest_of_best"]].tolist() == ["logistic_regression"]
    assert board.loc["neural_network", "lead_of_best_lo"] > 0
    assert board.loc["neural_network", "kind"] == "comparator"
    assert board.loc["neural_network", "pr_auc_difference_lo"] > 0


def test_model_that_nothing_simpler_comes_near_is_the_simplest_of_the_best(rows):
    board = evaluate(rows, rows["chance"], rows["weak"], Contenders({"random_forest": rows["chance"]}))
    assert board.index[board["is_tied_with_best"]].tolist() == ["model", "random_forest"]
    assert board.index[board["is_simplest_of_best"]].tolist() == ["model"]


def test_better_comparator_leads_and_the_gate_does_not_ask_for_it(rows):
    others = Contenders({"catboost": rows["chance"]}, {"model": 2.0, "catboost": 7.5}, {"catboost": "fitted on 10 of 20 training rows"})
    n = rows["n"]
    found = evaluate_binary(
        rows["y"], rows["weak"], np.arange(n), np.full(n, "2024-01-01", dtype="datetime64[D]"),
        baselines={"prevalence": np.full(n, rows["y"].mean())}, f1_threshold=0.2, split="s", model_id="m", n_bootstraps=100, others=others,
    )  # fmt: skip
    board: Any = found.leaderboard.set_index("model")
    assert board.index[board["is_simplest_of_best"]].tolist() == ["catboost"]
    assert board.loc["catboost", ["fit_seconds", "note"]].tolist() == [7.5, "fitted on 10 of 20 training rows"]
    assert board.loc["model", "fit_seconds"] == 2.0
    assert board.loc["model", "lead_of_best_lo"] > 0
    assert "catboost" not in " ".join(decide_gate(found).reasons)


def test_the_gate_names_the_best_single_column(rows):
    note = "“days since the last order”, lowest first"
    n = rows["n"]
    found = evaluate_binary(
        rows["y"], rows["chance"], np.arange(n), np.full(n, "2024-01-01", dtype="datetime64[D]"),
        baselines={"best_single_column": rows["weak"]}, f1_threshold=0.2, split="s", model_id="m", n_bootstraps=100,
        others=Contenders({}, {}, {"best_single_column": note}),
    )  # fmt: skip
    assert [reason for reason in decide_gate(found).reasons if f"the best single column ({note}): PR-AUC" in reason]


def test_contender_that_could_not_be_fitted_keeps_a_row_with_the_reason(rows):
    board = evaluate(
        rows, rows["chance"], rows["weak"], Contenders({"xgboost": None}, {}, {"xgboost": "not installed: `make zoo` adds it"})
    )
    assert np.isnan(board.loc["xgboost", "pr_auc"])
    assert not board.loc["xgboost", "is_tied_with_best"]
    assert board.loc["xgboost", "note"] == "not installed: `make zoo` adds it"


def test_contender_of_one_fold_seed_is_compared_with_the_model_on_that_seed(rows):
    scores = np.stack([rows["chance"], rows["weak"]])
    n = rows["n"]
    found = evaluate_out_of_fold(
        rows["y"], scores, np.arange(n), baselines={"prevalence": np.full(n, rows["y"].mean())}, model_id="m",
        f1_thresholds=np.full(scores.shape, 0.2), n_bootstraps=60, others=Contenders({"random_forest": rows["chance"]}),
    )  # fmt: skip
    board: Any = found.leaderboard.set_index("model")
    assert board.loc["random_forest", "pr_auc_difference"] == 0  # the first seed's scores are the same
    assert board.loc["random_forest", "note"] == "first fold seed only"
    assert board.loc["random_forest", "pr_auc"] > board.loc["model", "pr_auc"]


def test_scores_that_are_all_equal_and_one_positive_give_a_leaderboard(rows):
    n = 200
    y = np.r_[1.0, np.zeros(n - 1)]
    flat = np.full(n, 0.005)
    found = evaluate_binary(
        y, flat, np.arange(n), np.full(n, "2024-01-01", dtype="datetime64[D]"), baselines={"prevalence": flat}, f1_threshold=0.2,
        split="s", model_id="m", n_bootstraps=60, others=Contenders({"random_forest": flat}),
    )  # fmt: skip
    board: Any = found.leaderboard.set_index("model")
    assert board["pr_auc"].tolist() == pytest.approx([1 / n] * 3)
    assert board.index[board["is_simplest_of_best"]].tolist() == ["prevalence"]
    assert found.metrics["verdict"] == "nothing_learnt"
