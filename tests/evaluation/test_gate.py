"""The gate turns noise away, lets signal through and says why in plain words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from clv_platform.evaluation import decide_gate


def test_real_signal_is_promoted_with_the_figures_in_words(signal):
    decision = decide_gate(signal)
    assert (decision.is_promoted, decision.verdict, decision.model_id) == (True, "promoted", "m1")
    assert [reason.split(":")[0] for reason in decision.reasons] == [
        "Better than giving every account the same chance",
        "Better than ranking by the best single column",
        "Better than logistic regression",
    ]
    assert signal.metrics["verdict"] == "promoted"


def test_decisions_are_plain_json(signal):
    assert json.loads(json.dumps(decide_gate(signal).to_json()))["is_promoted"] is True


def test_noise_is_turned_away_in_at_least_95_percent_of_simulations(rows_of, evaluation_of):
    decisions = [decide_gate(evaluation_of(rows_of(300, 0.0, seed), n_bootstraps=60)) for seed in range(60)]
    assert sum(decision.verdict == "nothing_learnt" for decision in decisions) >= 57


def test_noise_that_only_has_to_beat_prevalence_is_turned_away_in_at_least_95_percent(rows_of, evaluation_of):
    rejected = 0
    for seed in range(60):
        rows = rows_of(300, 0.0, seed)
        base = rows["baselines"]["prevalence"]
        # So close to prevalence that the log loss can't tell: PR-AUC has to.
        harmless = base + 1e-6 * (rows["score"] - rows["score"].mean())
        evaluation = evaluation_of(rows | {"score": harmless, "baselines": {"prevalence": base}}, n_bootstraps=60)
        rejected += not decide_gate(evaluation).is_promoted
    assert rejected >= 57


def test_signal_is_let_through_in_at_least_95_percent_of_simulations(rows_of, evaluation_of):
    assert sum(decide_gate(evaluation_of(rows_of(700, 2.0, seed), n_bootstraps=60)).is_promoted for seed in range(60)) >= 57


def test_a_model_as_good_as_a_simple_rule_learnt_nothing(signal_rows, evaluation_of):
    decision = decide_gate(evaluation_of(signal_rows | {"score": signal_rows["baselines"]["logistic_regression"]}))
    assert decision.verdict == "nothing_learnt"
    assert any(reason.startswith("No better than logistic regression: PR-AUC") for reason in decision.reasons)


def test_a_good_ranking_with_bad_chances_is_turned_away(signal_rows, evaluation_of):
    decision = decide_gate(evaluation_of(signal_rows | {"score": signal_rows["score"] ** 0.1}))
    assert decision.verdict == "nothing_learnt"
    assert decision.reasons[0].startswith("Its chances are further from what happened than giving every account the same chance: log loss")


def test_a_handful_of_positives_is_too_few_whatever_the_figures(rows_of, evaluation_of):
    rows = rows_of(60, 0.0, 3)
    y = np.zeros(180)
    y[:6] = 1
    decision = decide_gate(evaluation_of(rows | {"y": y, "score": np.where(y == 1, 0.9, 0.01)}))
    assert decision.reasons[0] == "Only 6 positives among 180 test rows: too few to tell skill from luck (at least 10)."
    assert not decision.is_promoted


def test_test_rows_without_positives_end_in_a_verdict_not_in_a_crash(rows_of, evaluation_of):
    evaluation = evaluation_of(rows_of(60, 0.0, 3) | {"y": np.zeros(180)})
    assert evaluation.metrics["verdict"] == "nothing_learnt"
    assert np.isnan(evaluation.metrics["pr_auc"])


def test_a_champion_that_is_better_beyond_chance_stays(signal_rows, evaluation_of):
    odds = signal_rows["score"] / (1 - signal_rows["score"]) * np.exp(np.random.default_rng(0).normal(0, 0.8, 4500))
    weaker = odds / (1 + odds)
    evaluation = evaluation_of(
        signal_rows | {"score": weaker, "baselines": {"prevalence": signal_rows["baselines"]["prevalence"]}},
        champion_score=signal_rows["score"],
    )
    decision = decide_gate(evaluation)
    assert (decision.is_promoted, decision.verdict) == (False, "champion_kept")
    assert decision.reasons[0].startswith("The model in use (champion) reaches a PR-AUC of")


def test_a_challenger_that_is_the_champion_is_promoted_again(signal_rows, evaluation_of):
    assert decide_gate(evaluation_of(signal_rows, champion_score=signal_rows["score"])).is_promoted


def test_a_gate_without_baselines_refuses_to_decide(signal_rows, evaluation_of):
    with pytest.raises(ValueError, match="needs at least one baseline"):
        evaluation_of(signal_rows | {"baselines": {}})
