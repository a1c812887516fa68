"""The oracle against what happened: its chances are the realised rates, its values the realised revenue."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv_platform.raw.simulation import company as facts
from clv_platform.raw.simulation import simulate_company
from clv_platform.raw.simulation.months import DAY, build_calendar, share_of_third_month

RANK = {"P1": 1, "P2": 2, "P3": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth")
    simulate_company(path / "raw", n_accounts=6_000, n_months=18, seed=2)
    return path


@pytest.fixture(scope="module")
def truth(folder: Path) -> pd.DataFrame:
    frame = pd.read_parquet(folder / "oracle" / "truth.parquet")
    return frame.assign(as_of_date=pd.to_datetime(frame["as_of_date"]))


def bound_of_mean(frame: pd.DataFrame, p: str) -> float:
    """Four standard errors of the mean outcome when each account counts as one cluster (90-day windows overlap)."""
    variance = (frame[p] * (1 - frame[p])).groupby(frame["account_id"]).sum()
    overlap = 3  # each event is seen from three as_of dates
    return 4 * float(np.sqrt(overlap * variance.sum())) / len(frame)


@pytest.mark.parametrize("target", ["upgrade", "churn"])
def test_chances_are_the_realised_rates_in_every_tenth(truth: pd.DataFrame, target: str) -> None:
    p, y = f"p_{target}_90d", f"y_{target}_90d"
    known = truth.dropna(subset=y)
    tenth = pd.qcut(known[p].rank(method="first"), 10, labels=False)
    for _, part in known.groupby(tenth):
        assert abs(part[p].mean() - part[y].mean()) <= bound_of_mean(part, p) + 1e-9


def test_rare_upgrades_and_leaving_are_told_apart_well_but_not_perfectly(truth: pd.DataFrame) -> None:
    known = truth.dropna(subset="y_upgrade_90d")
    assert 0.03 < known["y_upgrade_90d"].mean() < 0.09
    assert 0.04 < known["y_churn_90d"].mean() < 0.10
    top = known.nlargest(len(known) // 10, "p_upgrade_90d")
    assert 4 < top["y_upgrade_90d"].mean() / known["y_upgrade_90d"].mean() < 9


def test_grain_is_a_paying_account_below_the_top_plan_and_a_first_of_month(truth: pd.DataFrame, folder: Path) -> None:
    assert not truth.duplicated(["account_id", "as_of_date"]).any()
    assert (truth["as_of_date"].dt.day == 1).all()
    assert truth["as_of_date"].min() == pd.Timestamp(2024, 7, 1)
    assert truth["as_of_date"].max() == pd.Timestamp(2026, 1, 1)
    assert set(truth["plan"]) == {"P1", "P2"}
    top = pd.read_parquet(folder / "oracle" / "truth_top_plan.parquet")
    assert set(top["plan"]) == {"P3"}
    assert top["p_upgrade_90d"].isna().all()
    assert truth["p_upgrade_90d"].between(0, 1).all()
    assert truth["p_churn_90d"].between(0, 1).all()


def test_outcomes_are_those_of_the_subscription_files(truth: pd.DataFrame, folder: Path) -> None:
    rows = pd.read_parquet(folder / "raw" / "subscriptions.parquet").dropna(subset="account_id")
    rows = rows[~rows["is_trial"] & ~(rows["ended_at"] < rows["started_at"])].drop_duplicates("subscription_id")
    rows = rows.assign(rank=rows["plan"].map(RANK))
    as_of = pd.Timestamp(2025, 2, 1)
    until = as_of + pd.Timedelta(days=90)
    there = truth[truth["as_of_date"] == as_of].set_index("account_id")
    held = rows[(rows["started_at"] <= as_of) & ~(rows["ended_at"] <= as_of)].groupby("account_id")["rank"].max()
    assert held[there.index].map({1: "P1", 2: "P2", 3: "P3"}).equals(there["plan"].rename("rank"))
    later = rows[(rows["started_at"] >= as_of) & (rows["started_at"] < until)].groupby("account_id")["rank"].max()
    rose = (later.reindex(there.index).fillna(0) > held[there.index]).astype(int)
    assert (rose == there["y_upgrade_90d"]).all()
    last = rows.groupby("account_id")["ended_at"].apply(lambda ended: ended.max() if ended.notna().all() else pd.NaT)
    left = (last.reindex(there.index) < until).astype(int)
    assert (left == there["y_churn_90d"]).all()


def test_outcomes_of_open_windows_are_null(truth: pd.DataFrame) -> None:
    is_open = truth["as_of_date"] + pd.Timedelta(days=90) > pd.Timestamp(2026, 1, 1)
    assert truth["y_upgrade_90d"].isna().equals(is_open)
    assert truth["y_churn_90d"].isna().equals(is_open)


def test_expected_value_is_the_mean_revenue_of_180_days(folder: Path, truth: pd.DataFrame) -> None:
    top = pd.read_parquet(folder / "oracle" / "truth_top_plan.parquet")
    everyone = pd.concat([truth, top.assign(as_of_date=pd.to_datetime(top["as_of_date"]))])
    as_of = pd.Timestamp(2025, 1, 1)
    expected = everyone[everyone["as_of_date"] == as_of].set_index("account_id")["expected_value_180d"]
    orders = pd.read_parquet(folder / "raw" / "orders.parquet").dropna(subset="account_id").drop_duplicates("order_id")
    window = orders[(orders["ordered_at"] >= as_of) & (orders["ordered_at"] < as_of + pd.Timedelta(days=180))]
    revenue = window.groupby("account_id")["amount"].sum().reindex(expected.index).fillna(0.0)
    # Hazards after the third month are carried forward, hence 2 % of tolerance beside four standard errors.
    error = 4 * (revenue - expected).std() / np.sqrt(len(expected))
    assert abs(revenue.mean() - expected.mean()) < error + 0.02 * expected.mean()
    assert np.corrcoef(revenue, expected)[0, 1] > 0.9


def test_the_horizon_covers_full_months_and_part_of_the_third() -> None:
    calendar = build_calendar(pd.Timestamp(2026, 1, 1).date(), 24)
    first = calendar.first_visible
    assert calendar.starts[first] == pd.Timestamp(2024, 1, 1).timestamp()
    shares = share_of_third_month(calendar, np.arange(first, first + 12))
    # July to September has 92 days: of the 29 event days from 2 to 30 September, those up to the 28th are covered.
    assert shares[6] == pytest.approx(27 / 29)
    # February to April 2024 has 90 days (a leap year), February to April 2025 only 89.
    assert shares[1] == 1.0
    assert share_of_third_month(calendar, np.array([first + 13]))[0] == 1.0
    assert (np.diff(calendar.starts) == calendar.n_days * DAY).all()


def test_offer_effects_name_every_offer_and_territory(folder: Path) -> None:
    effects = pd.read_parquet(folder / "oracle" / "offer_effects.parquet")
    assert len(effects) == len(facts.OFFERS) * len(facts.TERRITORIES)
    assert (effects["response_uplift"] > 0).all()
    trial = effects[effects["offer"] == "premium_trial"].set_index("territory")["upgrade_hazard_ratio"]
    assert trial["T2"] > trial["T1"] > trial["T3"] > 1


def test_realised_answers_show_the_true_uplift(folder: Path) -> None:
    contacts = pd.read_parquet(folder / "raw" / "campaign_contacts.parquet").drop_duplicates()
    control = contacts["is_control"].to_numpy(dtype=bool)
    bought = contacts["responded_at"].notna().to_numpy(dtype=float)
    effects = pd.read_parquet(folder / "oracle" / "offer_effects.parquet")
    uplift = bought[~control].mean() - bought[control].mean()
    error = 4 * float(np.sqrt(bought[~control].var() / (~control).sum() + bought[control].var() / control.sum()))
    assert effects["response_uplift"].min() - error < uplift < effects["response_uplift"].max() + error
