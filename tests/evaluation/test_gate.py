"""The gate turns noise away, lets signal through and says why in plain words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from clv_platform.evaluation import Opponent, decide_gate
from clv_platform.models import fit_calibrator


def test_real_signal_is_promoted_with_the_figures_in_words(signal):
    decision = decide_gate(signal)
    assert (decision.is_promoted, decision.verdict, decision.model_id) == (True, "promoted", "m1")
    assert [reason.split(":")[0] for reason in decision.reasons] == [
        "Better than giving every account the same chance",
        "Better than ranking by the best single column",
        "Better than logistic regression",
        "The chances can be read as they stand",
        "There was no model in use before.",
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


def test_without_positives_one_sentence_is_told_and_no_figure_that_is_not_defined(rows_of, evaluation_of):
    evaluation = evaluation_of(rows_of(60, 0.0, 3) | {"y": np.zeros(180)})
    assert decide_gate(evaluation).reasons == ("No positive among 180 test rows, so nothing can be judged.",)
    assert decide_gate(evaluation, nothing_happened="Nobody left.").reasons == ("Nobody left.",)
    assert decide_gate(evaluation, Opponent("m0")).in_use == "m0"


def recalibrated(y, score):
    raw = np.log(score / (1 - score))
    return fit_calibrator(y, raw).apply(raw)


def test_the_gate_reads_chances_of_a_sampled_base_rate_as_an_order(signal):
    assert not [reason for reason in decide_gate(signal, is_sampled=True).reasons if "as they stand" in reason]


def weaker(score, seed=0, noise=0.8):
    odds = score / (1 - score) * np.exp(np.random.default_rng(seed).normal(0, noise, len(score)))
    return odds / (1 + odds)


def against(evaluation_of, rows, champion_score, champion=None, **facts):
    """The gate's decision about the rows' scores when another model is in use."""
    easy = rows | {"baselines": {"prevalence": rows["baselines"]["prevalence"]}}
    evaluation = evaluation_of(easy, champion_score=champion_score)
    return decide_gate(evaluation, champion or Opponent("m0"), **facts)


def test_a_champion_that_is_better_beyond_chance_stays(signal_rows, evaluation_of):
    challenger = signal_rows | {"score": recalibrated(signal_rows["y"], weaker(signal_rows["score"]))}
    decision = against(evaluation_of, challenger, signal_rows["score"])
    assert (decision.is_promoted, decision.verdict, decision.in_use) == (False, "champion_kept", "m0")
    assert decision.reasons[0].startswith("The model in use (m0) reaches a PR-AUC of")
    assert decision.reasons[0].endswith("the model in use is better beyond chance and stays.")


def test_a_challenger_that_is_better_beyond_chance_takes_over(signal_rows, evaluation_of):
    decision = against(evaluation_of, signal_rows, weaker(signal_rows["score"]))
    assert (decision.is_promoted, decision.compared_with, decision.in_use) == (True, "m0", "m1")
    assert decision.reasons[0].endswith("this one is better beyond chance.")


def test_a_tie_keeps_the_model_in_use_and_says_so(signal_rows, evaluation_of):
    decision = against(evaluation_of, signal_rows, weaker(signal_rows["score"], noise=0.02))
    assert (decision.is_promoted, decision.verdict) == (False, "champion_kept")
    assert decision.reasons[0].endswith("which may be chance: a tie, so the model in use stays.")


def test_a_tie_replaces_a_champion_whose_chances_do_not_hold_any_more(signal_rows, evaluation_of):
    decision = against(evaluation_of, signal_rows, signal_rows["score"] * 0.5)
    assert decision.is_promoted
    assert "the chances of the model in use don't hold any more" in decision.reasons[0]
    assert "times as many" in decision.reasons[0]


def test_a_tie_replaces_a_champion_of_a_year(signal_rows, evaluation_of):
    decisions = [against(evaluation_of, signal_rows, signal_rows["score"], Opponent("m0", age_months=age)) for age in (11, 12)]
    assert [decision.is_promoted for decision in decisions] == [False, True]
    assert "12 months old" in decisions[1].reasons[0]


def test_a_champion_that_cannot_score_is_replaced_with_the_reason(signal):
    decision = decide_gate(signal, Opponent("m0", "it needs other features than these data have"))
    assert (decision.is_promoted, decision.compared_with) == (True, "m0")
    assert decision.reasons[0].startswith("The model in use (m0) can't be compared on these rows: it needs other features")


def test_a_champion_without_score_or_reason_is_a_mistake_of_the_caller(signal):
    with pytest.raises(ValueError, match="expected what the model in use"):
        decide_gate(signal, Opponent("m0"))


def test_a_new_weak_group_keeps_the_champion_however_good_the_rest_is(signal_rows, evaluation_of):
    group = "Accounts in T3: the model expects 31 % upgrades, 19 % happened (n = 638)."
    decision = against(evaluation_of, signal_rows, weaker(signal_rows["score"]), new_weak_groups=[group])
    assert (decision.is_promoted, decision.verdict) == (False, "new_weak_group")
    assert "wrong about 1 group of accounts" in decision.reasons[0]
    assert decision.reasons[1] == group


def test_a_model_that_a_person_took_out_of_use_does_not_come_back_by_itself(signal):
    decision = decide_gate(signal, withdrawn="This very model was taken out of use. Ada went back: it called the wrong accounts.")
    assert (decision.is_promoted, decision.verdict) == (False, "rolled_back")
    assert decision.reasons[0].startswith("This very model was taken out of use. Ada")


def test_a_model_that_promises_too_much_is_turned_away_though_its_order_is_perfect(signal_rows, evaluation_of):
    score = np.minimum(signal_rows["score"] * 1.6, 0.99)
    decision = decide_gate(
        evaluation_of(signal_rows | {"score": score, "baselines": {"prevalence": signal_rows["baselines"]["prevalence"]}})
    )
    assert (decision.is_promoted, decision.verdict) == (False, "not_calibrated")
    assert decision.reasons[0].startswith("Its chances promise")


def test_a_gate_without_baselines_refuses_to_decide(signal_rows, evaluation_of):
    with pytest.raises(ValueError, match="needs at least one baseline"):
        evaluation_of(signal_rows | {"baselines": {}})
