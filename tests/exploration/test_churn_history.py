"""Curves, tests and ratios against published figures, and what a cutoff may know."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import CompanyConfig
from clv_platform.exploration.churn_history import NoDurations, build_churn_history
from clv_platform.exploration.churn_history_curves import build_curves, departures_by_life, log_rank, median_lifetime, survival_curve
from clv_platform.exploration.churn_history_hazards import hazard_ratios
from clv_platform.exploration.churn_history_rows import DAYS_PER_MONTH, dated_lifetimes

# Weeks in remission of 42 children with leukaemia: Freireich et al. (1963), as in Gehan (1965), Biometrika 52, and Cox (1972).
MERCAPTOPURINE = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
RELAPSED = [1] * 9 + [0] * 12
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


@pytest.fixture
def remissions() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": np.array(MERCAPTOPURINE + PLACEBO, dtype=float),
            "entry": 0.0,
            "is_left": RELAPSED + [1] * len(PLACEBO),
            "treatment": ["drug"] * 21 + ["placebo"] * 21,
        }
    )


def arrays(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return rows["time"].to_numpy(), rows["entry"].to_numpy(), rows["is_left"].to_numpy()


def test_the_curve_is_kaplan_and_meiers_of_the_leukaemia_trial(remissions: pd.DataFrame) -> None:
    drug = remissions[remissions["treatment"] == "drug"]
    curve = survival_curve(*arrays(drug))
    at = curve.set_index("time")
    # Kleinbaum and Klein, Survival Analysis (2012), table 2.4.
    published = {6: (0.857, 21), 7: (0.807, 17), 10: (0.753, 15), 13: (0.690, 12), 16: (0.627, 11), 22: (0.538, 7), 23: (0.448, 6)}
    for week, (survival, n_at_risk) in published.items():
        assert at.loc[week, "survival"] == pytest.approx(survival, abs=5e-4)
        assert at.loc[week, "n_at_risk"] == n_at_risk
    assert median_lifetime(curve)[0] == 23
    # R's survfit(conf.type = "log-log") at week 10: 0.503 to 0.889.
    assert at.loc[10, "lo"] == pytest.approx(0.503, abs=1e-3)
    assert at.loc[10, "hi"] == pytest.approx(0.889, abs=1e-3)


def test_the_log_rank_test_is_the_published_one(remissions: pd.DataFrame) -> None:
    found = log_rank(remissions, remissions["treatment"])
    assert found is not None
    assert found["chi2"] == pytest.approx(16.79, abs=5e-3)  # Kleinbaum and Klein (2012), 2.6
    assert found["p"] < 1e-4
    assert (found["n"], found["n_left"], found["n_levels"]) == (42, 30, 2)


def test_the_hazard_ratio_is_coxs(remissions: pd.DataFrame) -> None:
    X = pd.DataFrame({"placebo": (remissions["treatment"] == "placebo").astype(float)})
    found = hazard_ratios(*arrays(remissions), X).iloc[0]
    # R's coxph(ties = "efron"): coefficient 1.572, standard error 0.412.
    assert np.log(found["ratio"]) == pytest.approx(1.572, abs=1e-3)
    assert np.log(found["hi"] / found["lo"]) / (2 * 1.96) == pytest.approx(0.412, abs=1e-3)
    assert found["p_constant"] > 0.5  # the textbook case of proportional hazards


def test_a_ratio_that_turns_round_in_life_is_noticed() -> None:
    draw = np.random.default_rng(3)
    group = np.repeat([0.0, 1.0], 400)
    time = np.where(group == 0, draw.exponential(10, 800), 20 * draw.weibull(6, 800))  # early risk against late risk
    found = hazard_ratios(time, np.zeros(800), np.ones(800), pd.DataFrame({"group": group})).iloc[0]
    assert found["p_constant"] < 1e-6


def test_accounts_older_than_the_records_are_at_risk_only_from_there_on() -> None:
    # Five accounts seen from the start, one of which leaves at month 1; five seen from month 2 on, one of which leaves at month 3.
    time, entry = np.array([1.0, 6, 6, 6, 6, 3, 6, 6, 6, 6]), np.array([0.0] * 5 + [2.0] * 5)
    is_left = np.array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    curve = survival_curve(time, entry, is_left)
    assert curve["survival"].tolist() == pytest.approx([1, 4 / 5, 4 / 5 * 8 / 9, 4 / 5 * 8 / 9])
    assert curve["n_at_risk"].tolist() == [5, 5, 9, 8]


def test_a_curve_begins_where_enough_accounts_are_seen() -> None:
    curve = survival_curve(np.array([1.0, 9, 9, 9, 9]), np.array([0.0, 4, 4, 4, 4]), np.array([1, 1, 0, 0, 0]), min_at_risk=3)
    assert curve["time"].iloc[0] == 4
    assert curve["survival"].tolist() == pytest.approx([1, 3 / 4])


def test_departures_by_life_count_months_under_observation_only() -> None:
    rows = pd.DataFrame({"time": [4.0, 10.0], "entry": [0.0, 5.0], "is_left": [1, 0]})
    found = departures_by_life(rows).set_index("from_month")
    assert found.loc[0, "n_months"] == 3
    assert found.loc[3, "n_months"] == 1 + 1  # the second account is seen from month 5 on
    assert found["n_left"].to_dict() == {0: 0, 3: 1, 6: 0}
    assert found.loc[3, "lo"] == pytest.approx(0.0253 / 2, abs=1e-4)  # exact Poisson interval of one event: 0.0253 to 5.572
    assert found.loc[3, "hi"] == pytest.approx(5.572 / 2, abs=1e-3)


def lifetimes(**changes: Any) -> pd.DataFrame:
    row = {
        "target": "churn", "account_id": "a", "spell_number": 1, "started_at": "2025-01-01", "entered_at": "2025-01-01", "ended_at": None,
        "observed_until_at": "2025-12-01", "product": "p",
    }  # fmt: skip
    frame = pd.DataFrame([row | {"account_id": name} | values for name, values in changes.items()])
    for name in ("started_at", "entered_at", "ended_at", "observed_until_at"):
        frame[name] = pd.to_datetime(frame[name])
    return frame


def make_config(**target: Any) -> CompanyConfig:
    return CompanyConfig.model_validate(
        {
            "name": "c",
            "title": "C",
            "sources": {"accounts": {"files": "a.csv"}, "subscriptions": {"files": "s.csv"}},
            "targets": [{"name": "churn", "kind": "churn", "horizon_days": 30, **target}],
        }
    )


def test_a_departure_on_the_cutoff_is_not_known_at_it() -> None:
    table = lifetimes(
        on_it={"ended_at": "2025-06-01"}, before={"ended_at": "2025-05-31"}, later={"started_at": "2025-06-01", "entered_at": "2025-06-01"}
    )
    rows = dated_lifetimes(table, make_config().targets[0], date(2025, 6, 1), ["product"]).set_index("account_id")
    assert rows["is_left"].to_dict() == {"on_it": 0, "before": 1}
    assert rows.loc["on_it", "time"] == pytest.approx(151 / DAYS_PER_MONTH)


def test_an_account_that_came_back_counts_once() -> None:
    table = pd.concat([lifetimes(a={"ended_at": "2025-03-01"}), lifetimes(a={"spell_number": 2, "started_at": "2025-08-01"})])
    assert len(dated_lifetimes(table, make_config().targets[0], date(2025, 12, 1), [])) == 1


def planted_company(n: int = 600) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accounts that leave four times as often in a month after many support cases; product says nothing."""
    draw = np.random.default_rng(11)
    dates = pd.date_range("2025-01-01", "2025-12-01", freq="MS")
    lives, rows = {}, []
    for number in range(n):
        ended = None
        for at, following in pairwise(dates):
            cases = draw.poisson(1.0)
            rows.append({"account_id": f"a{number}", "as_of_date": at, "is_eligible": True, "n_cases_90d": cases, "ended": None})
            if draw.random() < (0.12 if cases >= 2 else 0.03):
                ended = at + pd.Timedelta(days=int(draw.integers(1, (following - at).days)))
                break
        lives[f"a{number}"] = {"started_at": "2024-12-15", "entered_at": "2024-12-15", "ended_at": ended, "product": "pq"[number % 2]}
    examples = pd.DataFrame(rows)
    ended_at = examples["account_id"].map({name: life["ended_at"] for name, life in lives.items()})
    ends_soon = pd.to_datetime(ended_at) < examples["as_of_date"] + pd.Timedelta(days=30)
    examples["y_churn_30d"] = np.where(examples["as_of_date"] <= "2025-11-01", ends_soon.astype(float), np.nan)
    examples["mrr"] = draw.normal(size=len(examples))
    return examples, lifetimes(**lives)


def test_what_drives_leaving_is_found_and_what_does_not_is_not() -> None:
    examples, lives = planted_company()
    config = make_config().model_copy(update={"slices": ("product",)})
    given = config.model_dump(exclude_unset=True)
    config = CompanyConfig.model_validate({**given, "sources": {**given["sources"], "support_cases": {"files": "c.csv"}}})
    history = build_churn_history(config, config.targets[0], examples, lives, date(2025, 12, 1))
    signals = history.signals.set_index(["feature", "months_before"]).to_dict("index")
    cases, revenue, earlier = (signals[key] for key in (("n_cases_90d", 1), ("mrr", 1), ("n_cases_90d", 3)))
    assert cases["lo"] > 0.55
    assert revenue["lo"] < 0.5 < revenue["hi"]
    assert earlier["lo"] < 0.5 < earlier["hi"]  # only the month before counts here
    ratios = history.hazards.set_index("name").to_dict("index")
    assert ratios["n_cases_90d"]["lo"] > 1.5
    assert ratios["product"]["lo"] < 1 < ratios["product"]["hi"]
    assert history.tests.set_index("grouping")["p_adjusted"].to_dict()["product"] > 0.05
    assert history.facts["n_left"] == lives["ended_at"].notna().sum()


def test_a_flat_label_needs_to_know_how_long_accounts_have_been_here() -> None:
    config = CompanyConfig.model_validate(
        {
            "name": "c",
            "title": "C",
            "sources": {"account_snapshots": {"files": "s.csv"}, "accounts": {"derive_from": "account_snapshots"}},
            "snapshots": {"is_undated": True},
            "snapshot_columns": {"months": {}, "contract": {"type": "category"}},
            "slices": ["contract"],
            "targets": [{"name": "churn", "kind": "churn", "label_column": "left", "duration_column": "months"}],
        }
    )
    draw = np.random.default_rng(5)
    contract = np.repeat(["monthly", "yearly"], 200)
    months = np.ceil(draw.exponential(np.where(contract == "monthly", 10, 40)))
    examples = pd.DataFrame(
        {
            "account_id": [str(i) for i in range(400)],
            "as_of_date": None,
            "months": np.minimum(months, 24),
            "contract": contract,
            "y_churn": months <= 24,
        }
    )
    history = build_churn_history(config, config.targets[0], examples, pd.DataFrame(), None)
    shares = history.groups.set_index("level")["survival_12"]
    assert shares["yearly"] - shares["monthly"] > 0.3
    assert history.signals.empty
    assert history.hazards["ratio"].between(0.1, 0.5).all() | history.hazards["ratio"].between(2, 10).all()
    target = config.targets[0].model_copy(update={"duration_column": None})
    with pytest.raises(NoDurations, match="duration_column"):
        build_churn_history(config, target, examples, pd.DataFrame(), None)


def test_curves_of_no_departure_and_of_nobody_are_flat_or_absent() -> None:
    rows = pd.DataFrame({"account_id": ["a"] * 25, "time": 5.0, "entry": 0.0, "is_left": 0, "product": None})
    curves, groups, tests = build_curves(rows, ["product"])
    assert curves["survival"].tolist() == [1.0, 1.0]
    assert groups["level"].tolist() == ["all"]
    assert tests.empty
    assert build_curves(rows.head(0), ["product"])[0].empty
