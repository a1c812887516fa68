"""Evaluation of value models and their gate: known answers, intervals, files and both sides of every decision."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clv_platform.contracts.feature import Feature
from clv_platform.datasets import SUMMARY_COLUMNS, ValueRows
from clv_platform.evaluation import Opponent
from clv_platform.evaluation.value import ValueEvaluation, decide_value_gate, evaluate_value
from clv_platform.evaluation.value_draws import SortedAmounts
from clv_platform.evaluation.value_store import read_value_evaluation, write_value_evaluation
from clv_platform.metrics import VALUE_METRICS
from clv_platform.models.value import ValueForecast
from clv_platform.reports.metric_glossary import METRICS

N = 1200


@pytest.fixture(scope="module")
def rows() -> ValueRows:
    rng = np.random.default_rng(0)
    x = rng.gamma(0.7, 60, N)
    purchases = rng.poisson(x / 20).astype(float)
    summary = pd.DataFrame(dict.fromkeys(SUMMARY_COLUMNS, np.ones(N)))
    territory = pd.Categorical(np.where(np.arange(N) % 3 == 0, "T1", "T2"))
    feature = Feature("x", "number", "m", "g", "", "", "", "", "orders")
    names = np.array([f"a{k:04d}" for k in range(N)], dtype=object)
    day = np.full(N, np.datetime64("2025-01-01"), dtype="datetime64[D]")
    X = pd.DataFrame({"x": x, "territory": territory})
    return ValueRows(X, summary, purchases * 20.0, purchases, np.full(N, 90.0), names, day, (feature,))


def forecast(rows: ValueRows, factor: float = 1.0, noise: float = 0.0) -> ValueForecast:
    mean = rows.X["x"].to_numpy() * factor * np.exp(np.random.default_rng(1).normal(0, noise, N))
    hi = mean + 1.4 * np.sqrt(20 * mean) + 20
    lo = np.maximum(mean - 1.6 * np.sqrt(20 * mean), 0)
    median = np.round(mean / 20)
    return ValueForecast(mean, median * 20, lo, hi, mean * 0.98, mean / 20, median, np.full(N, np.nan), np.floor(lo / 20), np.ceil(hi / 20))


def contenders(rows: ValueRows) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"account_id": rows.account_id, "as_of_date": pd.Timestamp("2025-01-01")})
    table["mean"] = rows.amount.mean()
    table["past_spend_rate"] = rows.X["x"] * np.exp(rng.normal(0, 1.2, N))
    table["tweedie"] = rows.X["x"] * np.exp(rng.normal(0, 0.2, N))
    return table


def evaluate(rows: ValueRows, made: ValueForecast, **options) -> ValueEvaluation:
    defaults = {"split": "time_last_1", "model_id": "2025-06-01-abc", "n_bootstraps": 60}
    return evaluate_value(rows, made, contenders(rows), **(defaults | options))


@pytest.fixture(scope="module")
def evaluation(rows: ValueRows) -> ValueEvaluation:
    return evaluate(rows, forecast(rows), slices=rows.X[["territory"]], champion_spend=forecast(rows, noise=0.6).spend)


def test_figures_are_the_metrics_with_intervals_around_them(evaluation, rows) -> None:
    spend = forecast(rows).spend
    for name, metric in VALUE_METRICS.items():
        assert evaluation.metrics[name] == pytest.approx(metric(rows.amount, spend))
        assert evaluation.metrics[f"{name}_lo"] <= evaluation.metrics[name] <= evaluation.metrics[f"{name}_hi"]
    assert evaluation.metrics["transactions_mae_median"] == pytest.approx(np.abs(rows.purchases - forecast(rows).purchases_median).mean())
    assert 0.85 < evaluation.metrics["coverage_90"] < 0.98
    made = forecast(rows)
    is_inside = (made.purchases_lo <= rows.purchases) & (rows.purchases <= made.purchases_hi)
    assert evaluation.metrics["transactions_coverage_90"] == pytest.approx(is_inside[made.purchases_hi > 0].mean())
    assert evaluation.metrics["n_buyers"] == (rows.amount > 0).sum()


def test_every_figure_has_words(evaluation) -> None:
    known = {"split", "model_id", "schema_version"}
    figures = {name.removesuffix("_lo").removesuffix("_hi") for name in evaluation.metrics} - known
    assert not figures - METRICS.keys()


def test_draws_of_everybody_once_give_the_metrics_themselves(rows) -> None:
    predicted = forecast(rows, noise=0.5).spend
    drawn = SortedAmounts(rows.amount, predicted).metrics(np.ones(N))
    for name, metric in VALUE_METRICS.items():
        assert drawn[name] == pytest.approx(metric(rows.amount, predicted), rel=1e-6), name


def test_equal_predictions_rank_nothing_in_any_draw(rows) -> None:
    weights = np.random.default_rng(0).integers(0, 4, N).astype(float)
    assert SortedAmounts(rows.amount, np.ones(N)).ngini(weights) == pytest.approx(0, abs=1e-12)


def test_deciles_add_up_and_hold_their_sums_within_limits(evaluation, rows) -> None:
    table = evaluation.deciles
    assert table["decile"].tolist() == list(range(1, 11))
    assert table["n"].sum() == N
    assert table["actual"].sum() == pytest.approx(rows.amount.sum())
    assert table["predicted"].is_monotonic_decreasing
    assert ((table["actual_lo"] <= table["actual"]) & (table["actual"] <= table["actual_hi"])).all()
    assert table["actual_share"].sum() == pytest.approx(1)


def test_concentration_ends_at_everything_and_no_list_beats_the_outcome(evaluation) -> None:
    table = evaluation.concentration
    assert table[["actual_share", "predicted_order_share", "predicted_share"]].iloc[-1].tolist() == pytest.approx([1, 1, 1])
    assert (table["actual_share"] >= table["predicted_order_share"] - 1e-12).all()


def test_leaderboard_holds_everyone_best_first_with_the_lead_of_the_model(evaluation) -> None:
    board = evaluation.leaderboard.set_index("model")
    assert board["kind"].to_dict() == {
        "model": "model", "champion": "champion", "mean": "baseline", "past_spend_rate": "baseline", "tweedie": "contender",
    }  # fmt: skip
    assert evaluation.leaderboard["ngini"].is_monotonic_decreasing
    assert board.loc["past_spend_rate", "ngini_difference_lo"] > 0
    assert board["is_champion"].sum() == 1


def test_slices_stand_with_numbers_and_intervals(evaluation) -> None:
    table = evaluation.slices.set_index("level")
    assert table["n"].to_dict() == {"T1": 400, "T2": 800}
    assert (table["bias_lo"] <= table["bias"]).all()
    assert (table["bias"] <= table["bias_hi"]).all()


def test_predictions_keep_the_contract(evaluation) -> None:
    names = ["account_id", "as_of_date", "y_true", "y_pred", "lo", "hi", "n_true", "n_pred", "champion_score", "territory"]
    assert evaluation.predictions.columns.tolist() == names
    assert not evaluation.predictions.isna().any().any()


def test_contenders_in_another_order_are_matched_by_account(rows) -> None:
    shuffled = contenders(rows).sample(frac=1, random_state=0)
    options = {"split": "s", "model_id": "m", "n_bootstraps": 20}
    one, other = (evaluate_value(rows, forecast(rows), table, **options) for table in (contenders(rows), shuffled))
    pd.testing.assert_frame_equal(one.leaderboard, other.leaderboard)
    with pytest.raises(ValueError, match="found no row for 1 of 1200"):
        evaluate_value(rows, forecast(rows), contenders(rows).iloc[1:], **options)


def test_unknown_outcomes_and_missing_amounts_are_refused(rows) -> None:
    with pytest.raises(ValueError, match="1 test rows whose window isn't over"):
        evaluate(replace(rows, amount=np.r_[np.nan, rows.amount[1:]]), forecast(rows))
    made = forecast(rows)
    with pytest.raises(ValueError, match="found none for 1 of 1200"):
        evaluate(rows, replace(made, spend=np.r_[np.nan, made.spend[1:]]))


def test_files_come_back_as_they_were(evaluation, tmp_path) -> None:
    gate = decide_value_gate(evaluation)
    write_value_evaluation(evaluation, tmp_path, gate)
    stored = read_value_evaluation(tmp_path)
    assert stored.gate == gate
    assert stored.evaluation.metrics["verdict"] == "promoted"
    pd.testing.assert_frame_equal(stored.evaluation.deciles, evaluation.deciles)
    assert {"lift.parquet", "predictions.parquet", "metrics.json", "gate.json"} <= {path.name for path in tmp_path.iterdir()}
    with pytest.raises(FileNotFoundError, match="Run the evaluation"):
        read_value_evaluation(tmp_path / "nowhere")


def test_gate_lets_a_good_model_in_with_reasons(evaluation) -> None:
    decision = decide_value_gate(evaluation)
    assert (decision.is_promoted, decision.verdict) == (True, "promoted")
    assert any("past spend per day" in reason for reason in decision.reasons)


def test_a_gini_a_hair_below_zero_is_written_as_zero(evaluation) -> None:
    board = evaluation.leaderboard.assign(ngini=lambda b: b["ngini"].where(b["model"] != "mean", -0.0002))
    reasons = " ".join(decide_value_gate(replace(evaluation, leaderboard=board)).reasons)
    assert "against 0.000;" in reasons
    assert "-0.000" not in reasons


def test_gate_refuses_a_ranking_no_better_than_past_spend(rows) -> None:
    decision = decide_value_gate(evaluate(rows, forecast(rows, noise=2.0)))
    assert (decision.is_promoted, decision.verdict) == (False, "nothing_learnt")
    assert "going on as in the past" in decision.reasons[0]


def test_gate_compares_with_present_subscriptions_first_where_they_are_the_best_naive_rule(rows) -> None:
    paid = contenders(rows).assign(present_subscriptions=rows.X["x"] * np.exp(np.random.default_rng(3).normal(0, 0.3, N)))
    options = {"split": "time_last_1", "model_id": "2025-06-01-abc", "n_bootstraps": 60}
    good, weak = (evaluate_value(rows, forecast(rows, noise=noise), paid, **options) for noise in (0.0, 0.6))
    assert good.metrics["ngini_present_subscriptions"] > good.metrics["ngini_past_spend_rate"]
    decision = decide_value_gate(good)
    assert decision.is_promoted
    assert "Ranks better than present subscriptions going on (monthly recurring revenue" in decision.reasons[0]
    refused = decide_value_gate(weak)  # better than past spend, but not than what accounts pay today
    assert refused.verdict == "nothing_learnt"
    assert [reason for reason in refused.reasons if "past spend" in reason] == []
    assert "ngini_present_subscriptions" not in evaluate(rows, forecast(rows)).metrics


def test_a_tenth_whose_intervals_do_not_hold_is_seen_though_all_together_do(rows) -> None:
    made = forecast(rows)
    top = np.argsort(-made.spend, kind="stable")[:120]
    hi = made.hi.copy()
    hi[top] = np.maximum(np.minimum(hi[top], rows.amount[top] - 1), 1e-6)
    lo = np.minimum(made.lo, hi)
    found = evaluate(rows, replace(made, lo=lo, hi=hi))
    tenths = found.deciles.set_index("decile")["coverage_90"]
    assert tenths[1] < 0.1
    assert (tenths.drop(1) > 0.85).all()
    assert found.metrics["coverage_90_top5"] < 0.1
    assert found.metrics["coverage_90_top5_lo"] <= found.metrics["coverage_90_top5"] <= found.metrics["coverage_90_top5_hi"]
    inside = (rows.amount >= lo - 1e-9) & (rows.amount <= hi + 1e-9)
    assert tenths[1] == pytest.approx(inside[top].mean())


def with_errors(evaluation: ValueEvaluation, own: tuple[float, float], rule: tuple[float, float], interval: tuple[float, float]):
    """The evaluation with other errors (absolute, squared) of the model and of past spend, the best naive ranking."""
    board = evaluation.leaderboard.copy()
    board.loc[board["model"] == "past_spend_rate", ["mae", "rmse", "rmse_difference_lo", "rmse_difference_hi"]] = [*rule, *interval]
    return replace(evaluation, leaderboard=board, metrics=evaluation.metrics | {"mae": own[0], "rmse": own[1]})


@pytest.mark.parametrize(
    ("own", "rule", "interval", "verdict", "words"),
    [
        ((1187, 1912), (756, 1643), (-33, 630), "nothing_learnt", "1,187 against 756, root mean squared error 1,912 against 1,643"),
        ((105, 208), (100, 200), (2.0, 14.0), "nothing_learnt", "95 % interval of the difference +2 to +14). Use that rule meanwhile."),
        ((105, 208), (100, 200), (-2.0, 18.0), "promoted", "though not clearly further off"),
        ((130, 208), (100, 200), (-2.0, 18.0), "promoted", "though not clearly further off"),
        ((105, 208), (100, 200), (np.nan, np.nan), "promoted", "no interval on so few rows"),
        ((202, 381), (193, 419), (-60, -20), "promoted", "further off on average than with going on as in the past"),
        ((3.25, 91), (7.5, 90), (0.5, 2), "promoted", "root mean squared error 91 against 90. On average single amounts are as near"),
    ],
)
def test_gate_refuses_amounts_clearly_worse_than_those_of_the_best_naive_ranking_alone(
    evaluation, own, rule, interval, verdict, words
) -> None:
    decision = decide_value_gate(with_errors(evaluation, own, rule, interval))
    assert decision.verdict == verdict
    at = [words in reason for reason in decision.reasons].index(True)
    assert at == (0 if verdict == "nothing_learnt" else 1)
    assert "Ranks better than going on as in the past" in decision.reasons[1 - at]


def test_gate_says_nothing_of_amounts_that_are_nearer_than_the_naive_rules(evaluation) -> None:
    decision = decide_value_gate(with_errors(evaluation, (33, 91), (71, 153), (-70, -50)))
    assert decision.is_promoted
    assert not [reason for reason in decision.reasons if "mean absolute error" in reason]


def test_a_list_in_the_right_order_with_impossible_amounts_is_refused(rows) -> None:
    paid = contenders(rows).assign(present_subscriptions=rows.X["x"] * np.exp(np.random.default_rng(3).normal(0, 0.3, N)))
    made = forecast(rows)
    steep = made.spend**2.5 * made.spend.sum() / (made.spend**2.5).sum()
    options = {"split": "time_last_1", "model_id": "2025-06-01-abc", "n_bootstraps": 60}
    found = evaluate_value(rows, replace(made, spend=steep), paid, **options)
    row = found.leaderboard.set_index("model").to_dict("index")["present_subscriptions"]
    assert row["ngini_difference_lo"] > 0
    assert row["rmse_difference"] == pytest.approx(found.metrics["rmse"] - row["rmse"])
    assert 0 < row["rmse_difference_lo"] <= row["rmse_difference"] <= row["rmse_difference_hi"]
    decision = decide_value_gate(found)
    assert decision.verdict == "nothing_learnt"
    assert decision.reasons[0].startswith("Single amounts are further off than with present subscriptions going on")


def test_errors_of_two_models_are_compared_on_the_same_draws_of_accounts(rows) -> None:
    made = forecast(rows)
    board = evaluate(rows, made, champion_spend=made.spend).leaderboard.set_index("model")
    assert [board[name]["champion"] for name in ("rmse_difference", "rmse_difference_lo", "rmse_difference_hi")] == [0, 0, 0]


def test_gate_refuses_a_total_that_is_off_beyond_chance(rows) -> None:
    decision = decide_value_gate(evaluate(rows, forecast(rows, factor=1.4)))
    assert decision.verdict == "not_calibrated"
    assert "more than the 15 % allowed" in decision.reasons[0]


def test_gate_refuses_a_withdrawn_model_and_too_few_buyers(evaluation) -> None:
    assert decide_value_gate(evaluation, withdrawn="Taken out by Ann.").verdict == "rolled_back"
    few = replace(evaluation, metrics=evaluation.metrics | {"n_buyers": 3})
    assert "Only 3 of 1,200" in decide_value_gate(few).reasons[0]
    nobody = replace(evaluation, metrics=evaluation.metrics | {"n_buyers": 0, "ngini": float("nan")})
    (reason,) = decide_value_gate(nobody).reasons
    assert reason.startswith("Only 0 of")
    assert "nan" not in reason


def test_gate_replaces_a_champion_that_ranks_worse_and_keeps_one_as_good(rows) -> None:
    made = forecast(rows)
    worse = evaluate(rows, made, champion_spend=forecast(rows, noise=1.5).spend)
    assert decide_value_gate(worse, Opponent("old")).verdict == "promoted"
    same = evaluate(rows, made, champion_spend=made.spend)
    assert decide_value_gate(same, Opponent("old")).verdict == "champion_kept"
    assert decide_value_gate(same, Opponent("old", age_months=12)).verdict == "promoted"
    better = evaluate(rows, forecast(rows, noise=0.7), champion_spend=made.spend)
    assert decide_value_gate(better, Opponent("old")).verdict == "champion_kept"


def test_gate_replaces_a_champion_whose_total_no_longer_holds_or_that_cannot_be_asked(rows) -> None:
    made = forecast(rows)
    drifted = evaluate(rows, made, champion_spend=2 * made.spend)
    assert decide_value_gate(drifted, Opponent("old")).verdict == "promoted"
    assert decide_value_gate(evaluate(rows, made), Opponent("old", "it needs other features")).verdict == "promoted"
    with pytest.raises(ValueError, match="found nothing"):
        decide_value_gate(evaluate(rows, made), Opponent("old"))


def test_gate_keeps_the_champion_when_the_new_model_is_wrong_about_a_group_that_it_gets_right(rows) -> None:
    made = forecast(rows)
    better = evaluate(rows, made, champion_spend=forecast(rows, noise=2.0).spend)
    sentence = "accounts in T1: the model expects 100, 40 came (n = 300)"
    decision = decide_value_gate(better, Opponent("old"), new_weak_groups=[sentence])
    assert decision.verdict == "new_weak_group"
    assert not decision.is_promoted
    assert sentence in decision.reasons
    assert "1 group of accounts" in decision.reasons[0]
    assert decide_value_gate(better, new_weak_groups=[sentence]).is_promoted  # nobody to keep


def test_gate_needs_a_baseline(evaluation) -> None:
    board = evaluation.leaderboard
    with pytest.raises(ValueError, match="at least one baseline"):
        decide_value_gate(replace(evaluation, leaderboard=board[board["kind"] != "baseline"]))
