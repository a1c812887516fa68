"""The report of a value target: figures a head of marketing understands, every section from data, none without."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from html import unescape
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import CompanyConfig, Target
from clv_platform.metrics import VALUE_METRICS
from clv_platform.models.value.contenders import CONTENDERS
from clv_platform.reports.value_inputs import ValueReportInputs, held_curves, months_ahead, sum_months, value_at_risk
from clv_platform.reports.value_report import render_value_report
from clv_platform.reports.value_tables import risk_table
from clv_platform.reports.value_words import (
    build_value_limits,
    build_value_steps,
    build_value_verdict,
    in_words,
    model_words,
    money,
    read_deciles,
    read_months_held,
    read_ranges_by_tenth,
    read_tiers,
    signed,
)

CONFIG = CompanyConfig.model_validate(
    {
        "name": "little", "title": "Little company", "currency": "EUR", "private": ["secret"],
        "sources": {"accounts": {"files": "a.csv", "columns": {"territory": "t"}}, "orders": {"files": "o.csv"}},
        "targets": [{"name": "value", "kind": "value", "horizon_days": 180}],
    }
)  # fmt: skip
N = 2_000


def make_predictions(seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    level = rng.lognormal(4, 1, N)
    y = np.where(rng.random(N) < 0.5, rng.gamma(2, level), 0.0)
    return pd.DataFrame(
        {
            "account_id": [f"A{i:04d}" for i in range(N)], "as_of_date": pd.Timestamp("2025-07-01"), "y_true": y, "y_pred": level,
            "lo": 0.0, "hi": 5 * level, "n_true": (y > 0).astype(float), "n_pred": 0.5,
        }
    )  # fmt: skip


def make_deciles(predictions: pd.DataFrame) -> pd.DataFrame:
    ordered = predictions.sort_values("y_pred", ascending=False)
    tenth = np.arange(N) * 10 // N + 1
    sums = ordered.groupby(tenth)[["y_pred", "y_true"]].sum()
    n = np.bincount(tenth)[1:]
    return pd.DataFrame(
        {"decile": sums.index, "n": n, "predicted": sums["y_pred"], "actual": sums["y_true"], "actual_lo": sums["y_true"] * 0.9,
         "actual_hi": sums["y_true"] * 1.1}
    )  # fmt: skip


def make_board(predictions: pd.DataFrame, simple: np.ndarray) -> pd.DataFrame:
    rows = []
    for model, kind, values in (("model", "model", predictions["y_pred"]), ("past_spend_rate", "baseline", simple)):
        figures = {name: metric(predictions["y_true"], values) for name, metric in VALUE_METRICS.items()}
        rows.append({"model": model, "kind": kind, "note": "", **figures})
    return pd.DataFrame(rows)


def make_scores(n: int = 300) -> pd.DataFrame:
    level = np.sort(np.random.default_rng(2).lognormal(5, 1, n))[::-1]
    tier = np.repeat(["very high", "high", "mid", "low"], [n // 10, n // 5, 3 * n // 10, n - n // 10 - n // 5 - 3 * n // 10])
    return pd.DataFrame(
        {
            "account_id": [f"A{i:04d}" for i in range(n)], "as_of_date": date(2026, 1, 1), "score": level, "score_median": level * 0.8,
            "score_lo": level * 0.1, "score_hi": level * 3, "expected_purchases": 3.2, "p_alive": 0.9, "score_rank": np.arange(1, n + 1),
            "value_tier": tier,
            "reasons_up": "bought on 5 days in 9 months, last 12 days ago, 35 EUR a time · plan P3",
            "reasons_down": "active users: 3 (lowest 5 %)",
        }
    )  # fmt: skip


def make_inputs(**changes: Any) -> ValueReportInputs:
    predictions = make_predictions()
    simple = predictions["y_pred"].to_numpy() * np.random.default_rng(3).lognormal(0, 1, N)
    board = make_board(predictions, simple)
    figures = {name: float(board[name].iloc[0]) for name in VALUE_METRICS}
    intervals = {f"{name}{end}": value * factor for name, value in figures.items() for end, factor in (("_lo", 0.95), ("_hi", 1.05))}
    metrics = {**figures, **intervals, "coverage_90": 0.91, "n": N, "n_buyers": 950, "model_id": "2026-01-01-abc", "verdict": "promoted"}
    metrics |= {"transactions_ngini": 0.4, "transactions_mae": 0.6, "transactions_bias": 0.02}
    backtest = pd.concat(
        [board.assign(model="tweedie_on_probability", kind="contender", is_champion=True), board.assign(is_champion=False)]
    )
    importance = pd.DataFrame(
        {"feature": ["purchase_history", "users_mean_3m", "secret"], "label": ["purchase history", "active users", "secret"],
         "mean_abs": [0.6, 0.3, 0.1], "share": [0.6, 0.3, 0.1], "direction": [0.9, 0.5, 0.1]}
    )  # fmt: skip
    weak = pd.DataFrame({"kind": ["wrong_here"], "sentence": ["Accounts with territory T3 (n = 210) bring more than expected."]})
    slices = pd.DataFrame(
        {"column": ["(all)", "territory"], "level": ["(all)", "T1"], "n": [N, 900], "bias": [0.01, -0.1], "ngini": [0.6, 0.5]}
    )
    leaving = pd.DataFrame({"account_id": [f"A{i:04d}" for i in range(300)], "p_leave": np.linspace(0.01, 0.4, 300)})
    training = {
        "model_id": "2026-01-01-abc", "reasons": ["Boosted trees rank best at all three dates."], "split_kind": "rolling_origins",
        "learning": [{"as_of": "2024-07-01", "window_days": 90}, {"as_of": "2024-10-01", "window_days": 180}],
        "origins": ["2024-10-01", "2025-01-01"], "test_dates": ["2025-07-01"], "scoring_date": "2026-01-01",
    }  # fmt: skip
    tables = {
        "lift": make_deciles(predictions), "leaderboard": board, "backtest_leaderboard": backtest.assign(purpose="spend"),
        "predictions": predictions, "contenders": pd.DataFrame({"account_id": predictions["account_id"], "past_spend_rate": simple}),
        "importance": importance, "weak_slices": weak, "slices": slices,
    }  # fmt: skip
    past = pd.DataFrame({"month": pd.date_range("2025-01-01", periods=12, freq="MS"), "amount": 5_000.0})
    gate = {"verdict": "promoted", "reasons": ["It ranks better than past spend beyond chance."]}
    made = ValueReportInputs(CONFIG, CONFIG.targets[0], date(2026, 1, 1), metrics, gate, training, tables=tables, scores=make_scores(), leaving=leaving, past=past, ahead=months_ahead(make_scores(), 180))  # fmt: skip # noqa: E501
    return replace(made, **changes)


@pytest.fixture(scope="module")
def inputs() -> ValueReportInputs:
    return make_inputs()


@pytest.fixture(scope="module")
def html(inputs) -> str:
    return render_value_report(inputs)


def test_the_headline_compares_with_ranking_by_past_spend(inputs):
    verdict = build_value_verdict(inputs)
    held, naive = (round(100 * value) for value in (inputs.metrics["top10_share"], inputs.simple["top10_share"]))
    assert verdict.level == "good"
    assert verdict.headline.replace("\u00a0", " ") == (
        f"The top tenth of the list holds {held} % of the revenue of the following half-year; ranking by past spend holds {naive} %."
    )
    assert "are expected to bring" in verdict.detail


def test_where_present_revenue_ranks_best_the_page_compares_with_that(inputs):
    board, contenders = inputs.table("leaderboard"), inputs.table("contenders")
    paid = inputs.table("predictions")["y_pred"].to_numpy() * np.random.default_rng(4).lognormal(0, 0.2, N)
    rule = make_board(inputs.table("predictions"), paid).query("kind == 'baseline'").assign(model="present_subscriptions")
    tables = {
        **inputs.tables,
        "leaderboard": pd.concat([board, rule], ignore_index=True),
        "contenders": contenders.assign(present_subscriptions=paid),
    }
    made = replace(inputs, tables=tables)
    assert made.simple_rule == "present_subscriptions"
    assert "; ranking by present recurring revenue holds " in build_value_verdict(made).headline
    assert made.simple["top10_share"] == rule["top10_share"].iloc[0]
    page = render_value_report(made)
    assert "ranked by present recurring revenue" in page
    assert "ranked by past spend" not in page
    weak = replace(made, tables={**tables, "leaderboard": pd.concat([board, rule.assign(ngini=-1.0)], ignore_index=True)})
    assert build_value_verdict(weak).headline == build_value_verdict(inputs).headline


def test_tenths_whose_ranges_did_not_hold_are_named():
    rows = {"decile": [1, 2, 3], "coverage_90": [0.7, 0.9, 0.86], "coverage_90_lo": [0.65, 0.87, 0.8], "coverage_90_hi": [0.75, 0.93, 0.92]}
    told = read_ranges_by_tenth(pd.DataFrame(rows)).replace("\u00a0", " ")
    assert told == "Don't rely on the range there, it held less often than promised: tenth 1 (70 %)."
    assert "No tenth of the list is an exception" in read_ranges_by_tenth(pd.DataFrame(rows).drop(index=0))
    assert read_ranges_by_tenth(pd.DataFrame({"decile": [1]})) == ""


def test_how_often_months_lay_in_their_range_stands_beside_the_forecast(inputs):
    frame = pd.DataFrame(
        {
            "as_of_date": pd.Timestamp("2025-01-01"), "month_number": [-1, 0, 1], "expected": [200.0, 100.0, 100.0],
            "half_chance": [5.0, 4.0, 4.0], "half": [20.0, 10.0, 10.0], "actual": [210.0, 98.0, 112.0],
        }
    )  # fmt: skip
    told = read_months_held(frame)
    assert "at 1 date before the test (1 January 2025)" in told
    assert "it held 1 of 2 months and 1 of 1 total; chance alone would have held 1 of 2 months and 0 of 1 total." in told
    assert read_months_held(pd.DataFrame()) == ""
    ahead = inputs.ahead.assign(amount_lo=inputs.ahead["amount"] * 0.9, amount_hi=inputs.ahead["amount"] * 1.1)
    page = render_value_report(replace(inputs, ahead=ahead, tables={**inputs.tables, "forecast_months": frame}))
    assert unescape(told).split(" (")[0] in unescape(page)


def test_every_section_with_data_is_there(html):
    for title in (
        "The most valuable accounts", "How good is it?", "Where most may be lost", "The months ahead", "How sure is the amount of one",
        "How often they buy", "What drives value", "For whom it works", "Which model, and why", "Limits", "What to do next",
    ):  # fmt: skip
        assert f"<h2>{title}" in html
    assert html.count("<figcaption></figcaption>") == 0


def test_the_page_says_nothing_private_and_loads_nothing(html):
    assert "secret" not in html
    assert "http" not in html.replace("http://www.w3.org", "")


def test_the_same_inputs_give_the_same_page(inputs, html):
    assert render_value_report(inputs) == html


def test_sections_without_data_are_left_out(inputs):
    bare = render_value_report(replace(inputs, tables={}, scores=pd.DataFrame(), leaving=pd.DataFrame(), past=pd.DataFrame()))
    for title in ("The most valuable accounts", "Where most may be lost", "The months ahead", "What drives value", "Which model"):
        assert f"<h2>{title}" not in bare


def test_too_little_history_is_a_verdict_not_a_report(inputs):
    training = {
        "model_id": None,
        "verdict": "not_enough_history",
        "reasons": ["Not enough history for a horizon of 180 days: it begins in May."],
    }
    page = render_value_report(replace(inputs, training=training, metrics={"verdict": "not_enough_history"}, gate={}, tables={}))
    assert "There is too little history to say what accounts will bring." in page
    assert "it begins in May" in page
    assert "Give more history" in page


@pytest.mark.parametrize(
    ("verdict", "level", "words"), [("nothing_learnt", "nothing", "past spend"), ("champion_kept", "kept", "model before")]
)
def test_a_model_that_is_not_used_is_called_so(inputs, verdict, level, words):
    told = build_value_verdict(replace(inputs, gate={"verdict": verdict, "reasons": []}))
    assert told.level == level
    assert words in told.headline


def test_a_refusal_for_amounts_that_are_further_off_says_so(inputs):
    gate = {"is_promoted": False, "verdict": "nothing_learnt", "reasons": ["Single amounts are further off."]}
    metrics = {**inputs.metrics, "mae": 10 * inputs.simple["mae"], "rmse": 10 * inputs.simple["rmse"]}
    worse = build_value_verdict(replace(inputs, gate=gate, metrics=metrics))
    assert worse.headline.startswith("Amounts are further off than by past spend")
    assert build_value_verdict(replace(inputs, gate=gate)).headline.startswith("Nothing was learnt")


def test_a_large_bias_becomes_a_limit(inputs):
    limits = build_value_limits(replace(inputs, metrics={**inputs.metrics, "bias": -0.12}))
    assert any("12\u00a0% too little" in limit for limit in limits)


def test_limits_speak_of_no_figure_that_the_page_does_not_show(html):
    assert "middle figure" not in html
    assert "a single account may bring much less or much more" in html


def test_deciles_are_read_per_account():
    deciles = pd.DataFrame({"decile": [1, 2], "n": [10, 10], "predicted": [1000.0, 100.0], "actual": [900.0, 100.0]})
    assert read_deciles(deciles, "EUR").replace("\u00a0", " ") == (
        "The best tenth was expected to bring 100 EUR per account and brought 90 EUR; the last tenth 10 EUR and 10 EUR. "
        "Furthest off is tenth 1: too much, by 10 % of the whole."
    )


def test_held_curves_begin_at_nothing_and_end_at_everything():
    rows = pd.DataFrame({"account_id": list("abcd"), "y_true": [8.0, 2.0, 0.0, 0.0], "y_pred": [4.0, 3.0, 2.0, 1.0]})
    curves = held_curves(rows, pd.DataFrame({"account_id": list("abcd"), "past_spend_rate": [0.0, 0.0, 1.0, 1.0]}))
    assert curves["model"].iloc[[0, -1]].tolist() == [0.0, 1.0]
    assert np.interp(0.5, curves["share"], curves["model"]) == pytest.approx(1.0)
    assert np.interp(0.5, curves["share"], curves["simple"]) == pytest.approx(0.0)


def test_the_expected_total_is_spread_over_the_days_of_the_horizon():
    scores = pd.DataFrame({"as_of_date": [date(2026, 1, 1)] * 2, "score": [50.0, 40.0]})
    ahead = months_ahead(scores, 90)
    assert ahead["n_days"].tolist() == [31, 28, 31]
    assert ahead["amount"].sum() == pytest.approx(90.0)


def test_only_whole_months_before_the_scores_count(tmp_path):
    days = pd.DataFrame(
        {"ordered_on": pd.to_datetime(["2025-12-31", "2026-01-01", "2025-11-02", "2023-01-01"]), "amount": [1.0, 2.0, 4.0, 8.0]}
    )
    path = tmp_path / "fct_account_days.parquet"
    days.to_parquet(path)
    months = sum_months(path, CONFIG.targets[0], pd.DataFrame({"as_of_date": [date(2026, 1, 1)]}))
    assert months["amount"].tolist() == [4.0, 1.0]


def test_what_is_at_risk_is_value_times_chance_to_leave():
    scores = pd.DataFrame({"account_id": ["a", "b", "c"], "score": [100.0, 1000.0, 5.0]})
    risk = value_at_risk(scores, pd.DataFrame({"account_id": ["a", "b"], "p_leave": [0.5, 0.1]}))
    assert risk["account_id"].tolist() == ["b", "a"]
    assert risk["loss"].tolist() == [100.0, 50.0]


def test_groups_with_a_wrong_level_and_groups_with_a_wrong_order_get_different_advice(inputs):
    weak = pd.DataFrame(
        {
            "kind": "wrong_here",
            "direction": ["mis-ranked", "over-confident"],
            "sentence": ["Accounts with plan P1.", "Accounts with plan P2."],
        }
    )
    html = unescape(render_value_report(replace(inputs, tables={**inputs.tables, "weak_slices": weak})))
    places = [html.index(text) for text in ("off beyond chance; correct", "plan P2.", "don't go by the order within the group", "plan P1.")]
    assert places == sorted(places)
    only_order = unescape(render_value_report(replace(inputs, tables={**inputs.tables, "weak_slices": weak.head(1)})))
    assert "off beyond chance; correct" not in only_order


def test_nobody_is_sent_to_a_list_of_losses_that_is_not_there(inputs):
    advice = "by whose leaving most would be lost"
    assert any(advice in step for step in build_value_steps(inputs, "good"))
    assert not any(advice in step for step in build_value_steps(replace(inputs, leaving=pd.DataFrame()), "good"))


def test_a_list_of_losses_says_how_far_amount_and_chance_look_ahead(inputs):
    risk = pd.DataFrame({"account_id": ["a"], "score": [100.0], "p_leave": [0.5], "loss": [50.0]})
    days = inputs.target.horizon_days
    leaves = Target(name="churn", kind="churn", horizon_days=90)
    asked = replace(inputs, config=inputs.config.model_copy(update={"targets": (*inputs.config.targets, leaves)}))
    assert risk_table(risk, asked).caption.endswith(f"amount expected in {days} days times chance to leave within 90 days")
    assert risk_table(risk, inputs).caption.endswith("times chance to leave")


def test_amounts_and_models_are_written_for_people():
    assert (money(1_234_567, "EUR"), money(980.4), money(3.14159)) == ("1.23\u00a0M\u00a0EUR", "980", "3.14")
    assert (signed(0.042), signed(-0.11)) == ("+4.2\u00a0%", "−11\u00a0%")
    assert model_words("bg_nbd") == "purchase history (BG/NBD and Gamma-Gamma)"
    assert model_words("mean_of_3") == "mean of the best 3"


def test_no_contender_shows_by_its_raw_name():
    raw = {contender.name for contender in CONTENDERS} - {"mean"}
    assert in_words("82% poisson + 18% poisson_on_run_rate") == "82\u00a0% boosted trees + 18\u00a0% boosted trees on past purchases"
    told = in_words("Chosen: " + ", ".join(sorted(raw)))
    assert "_" not in told


def test_tiers_of_nearly_equal_accounts_are_no_kinds() -> None:
    apart, alike = (
        pd.DataFrame({"value_tier": ["very high", "low"], "score": [1000.0, 20.0], "score_lo": [500.0, 0.0], "score_hi": [2000.0, top]})
        for top in (90.0, 1500.0)
    )
    assert read_tiers(apart) == ""
    assert "those of “very high” are expected to bring 1,000 on average, which a single account of “low” may well bring" in read_tiers(
        alike
    )
    assert read_tiers(alike.head(1)) == ""


def test_whoever_left_since_the_snapshot_is_not_among_the_most_valuable():
    left = pd.Series(pd.NaT, index=range(300), dtype="datetime64[us]")
    left.iloc[[0, 2]] = pd.Timestamp("2026-01-09")
    html = unescape(render_value_report(make_inputs(scores=make_scores().assign(happened_on=left), cutoff=date(2026, 1, 20))))
    listed = html.split("The most valuable accounts")[1].split("Value tiers of the newest list")[0]
    assert ">A0001<" in listed
    assert ">A0000<" not in listed
    assert ">A0002<" not in listed
    assert "2 of the 300 accounts have left between 1 January 2026 and 20 January 2026; the list leaves them out" in listed
    assert "have left between" not in unescape(render_value_report(make_inputs()))


def test_only_models_with_figures_count_as_compared_and_the_others_are_named(inputs):
    board = inputs.table("backtest_leaderboard")
    absent = board.head(1).assign(model="bg_nbd", is_champion=False, note="no fit", **dict.fromkeys(VALUE_METRICS, np.nan))
    more = replace(inputs, tables={**inputs.tables, "backtest_leaderboard": pd.concat([board, absent], ignore_index=True)})
    html = unescape(render_value_report(more))
    assert f"{len(board)} models were compared" in html
    assert "not fitted, for the reasons in the table: purchase history (BG/NBD and Gamma-Gamma)." in html
    assert "not fitted" not in unescape(render_value_report(inputs))
