"""Boosted trees or the simpler regression: a win, a tie, a loss, and neither."""

from __future__ import annotations

import numpy as np
import pytest

from clv_platform.evaluation import Candidate, Choice, Contenders, Field, choose_candidate, decide_gate, evaluate_binary
from clv_platform.models import fit_calibrator


def blurred(score, noise: float, y, seed: int = 0):
    """Chances that know less, still calibrated."""
    raw = np.log(score / (1 - score)) + np.random.default_rng(seed).normal(0, noise, len(score))
    return fit_calibrator(y, raw).apply(raw)


@pytest.fixture(scope="module")
def rows(rows_of):
    return rows_of(1500, 1.6, seed=1)


@pytest.fixture
def choose(rows):
    """A function: choose(trees, regression) -> the choice between these chances."""

    def choose(trees, regression, rules=("prevalence", "best_single_column"), **changes) -> Choice:
        own = rows | changes
        naive = {name: own["baselines"][name] for name in rules}
        field = Field(
            Candidate("m-trees", "lightgbm", trees, 0.2, 9.0),
            Candidate("m-regression", "logistic_regression", regression, 0.1, 1.0),
            naive,
            Contenders({"random_forest": blurred(rows["score"], 0.5, rows["y"], 9)}, {"prevalence": 0.1, "random_forest": 5.0}),
        )
        return choose_candidate(
            field,
            lambda cast: evaluate_binary(
                own["y"], cast.model.score, own["account_id"], own["as_of_date"], baselines=cast.baselines,
                f1_threshold=float(np.mean(cast.model.f1_threshold)), split="time_last_3", n_bootstraps=100,
                model_id=cast.model.model_id, model_kind=cast.model.kind, others=cast.others,
            ),
        )  # fmt: skip

    return choose


def board_of(choice: Choice):
    return choice.evaluation.leaderboard.set_index("model")


def test_trees_that_are_better_beyond_chance_are_judged_against_the_regression(rows, choose):
    choice = choose(rows["score"], blurred(rows["score"], 1.0, rows["y"]))
    metrics, board = choice.evaluation.metrics, board_of(choice)
    assert (metrics["model_id"], metrics["model_kind"]) == ("m-trees", "lightgbm")
    assert board["kind"].to_dict() == {
        "model": "model", "prevalence": "baseline", "best_single_column": "baseline", "logistic_regression": "baseline",
        "random_forest": "comparator",
    }  # fmt: skip
    assert board.loc["model", "fit_seconds"] == 9.0
    assert board.loc["logistic_regression", "fit_seconds"] == 1.0
    decision = decide_gate(choice.evaluation)
    assert (decision.is_promoted, decision.model_id) == (True, "m-trees")
    assert any(reason.startswith("Better than logistic regression") for reason in decision.reasons)


def test_a_tie_goes_to_the_regression_and_everything_is_about_it(rows, choose):
    regression = blurred(rows["score"], 0.02, rows["y"])
    choice = choose(rows["score"], regression)
    evaluation, board = choice.evaluation, board_of(choice)
    assert (evaluation.metrics["model_id"], evaluation.metrics["model_kind"]) == ("m-regression", "logistic_regression")
    assert evaluation.metrics["f1_threshold"] == 0.1
    assert np.array_equal(evaluation.predictions["score"], regression)
    assert list(board.index) == ["model", "prevalence", "best_single_column", "lightgbm", "random_forest"]
    assert board.loc["lightgbm", "kind"] == "comparator"
    assert board["fit_seconds"].to_dict() == pytest.approx(
        {"model": 1.0, "prevalence": 0.1, "best_single_column": np.nan, "lightgbm": 9.0, "random_forest": 5.0}, nan_ok=True
    )
    assert board.index[board["is_simplest_of_best"]].tolist() == ["model"]
    decision = decide_gate(evaluation)
    assert (decision.is_promoted, decision.model_id) == (True, "m-regression")
    assert decision.reasons[0].startswith("A tie goes to the simpler model: logistic regression reaches a PR-AUC of")
    assert decision.reasons[0].endswith("which may be chance.")


def test_trees_that_lose_to_the_regression_give_way_and_the_reason_says_so(rows, choose):
    choice = choose(blurred(rows["score"], 1.0, rows["y"]), rows["score"])
    decision = decide_gate(choice.evaluation)
    assert (decision.is_promoted, decision.model_id) == (True, "m-regression")
    assert decision.reasons[0].startswith("Simpler, and better beyond chance: logistic regression reaches a PR-AUC of")


def test_where_the_regression_is_no_better_than_a_naive_rule_nothing_was_learnt_and_both_reasons_are_told(rows, choose):
    column = rows["baselines"]["best_single_column"]
    choice = choose(blurred(column, 0.01, rows["y"]), blurred(column, 0.01, rows["y"], 1))
    assert choice.evaluation.metrics["model_id"] == "m-trees"
    decision = decide_gate(choice.evaluation, simpler_refused=choice.simpler_refused)
    assert (decision.is_promoted, decision.verdict) == (False, "nothing_learnt")
    assert decision.reasons[-1].startswith("Nor can logistic regression take its place. ")
    assert "ranking by the best single column" in decision.reasons[-1]


def test_a_regression_whose_chances_are_not_kept_is_turned_away_by_the_gate(rows, choose):
    odds = 1.6 * rows["score"] / (1 - rows["score"])
    choice = choose(rows["score"], odds / (1 + odds), rules=("prevalence",))
    decision = decide_gate(choice.evaluation)
    assert (decision.verdict, decision.model_id) == ("not_calibrated", "m-regression")


def test_noise_is_turned_away_whoever_makes_it(rows_of, choose):
    verdicts = []
    for seed in range(12):
        noise = rows_of(300, 0.0, seed)
        same = {name: noise[name] for name in ("y", "account_id", "as_of_date", "baselines")}
        choice = choose_from(noise, same)
        verdicts.append(decide_gate(choice.evaluation, simpler_refused=choice.simpler_refused).verdict)
    assert verdicts.count("nothing_learnt") >= 11


def choose_from(noise, same) -> Choice:
    field = Field(
        Candidate("m-trees", "lightgbm", noise["score"], 0.1, 1.0),
        Candidate("m-regression", "logistic_regression", noise["baselines"]["logistic_regression"], 0.1, 1.0),
        {name: noise["baselines"][name] for name in ("prevalence", "best_single_column")},
        Contenders(),
    )
    return choose_candidate(
        field,
        lambda cast: evaluate_binary(
            same["y"], cast.model.score, same["account_id"], same["as_of_date"], baselines=cast.baselines, f1_threshold=0.1,
            split="time_last_3", n_bootstraps=60, model_id=cast.model.model_id, model_kind=cast.model.kind, others=cast.others,
        ),
    )  # fmt: skip
