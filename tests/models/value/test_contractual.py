"""Subscribers: who left between snapshots, survival found again, published lifetimes, and what staying is worth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv_platform.contracts.feature import Feature
from clv_platform.datasets import ValueRows
from clv_platform.models.value import FitError, ShiftedBetaGeometric, fit_shifted_beta_geometric
from clv_platform.models.value.contractual import Contractual, fit_contractual
from clv_platform.models.value.leaving import CohortCurve, discounted_lifetime, find_departures, fit_cohort_hazards
from clv_platform.settings import load_settings

DATES = np.arange("2024-01", "2025-01", dtype="datetime64[M]").astype("datetime64[D]")
ALPHA, BETA = 0.8, 12.0
WINDOW = 90.0


def _rows(X: pd.DataFrame, account: np.ndarray, day: np.ndarray, amount: np.ndarray, window: float = WINDOW) -> ValueRows:
    features = tuple(Feature(str(name), "number", "", "billing", "", "", "", "", "subscriptions") for name in X.columns)
    empty = pd.DataFrame(index=X.index)
    n = len(X)
    return ValueRows(X, empty, amount, np.zeros(n), np.full(n, window), account.astype(str).astype(object), day, features)


@pytest.fixture(scope="module")
def company() -> tuple[ValueRows, np.ndarray]:
    """1,500 accounts over 12 months; leaving by personal chances; unhappy ones are told by a feature. Also each row's lifetime to come."""
    rng = np.random.default_rng(4)
    n = 1500
    is_unhappy = rng.random(n) < 0.4
    chance = np.where(is_unhappy, 0.15, 0.02)
    begins = rng.integers(0, 10, n)
    leaves = begins + rng.geometric(chance)  # is there at months begins .. leaves - 1
    mrr = rng.choice([20.0, 100.0], n)
    parts = []
    for month, day in enumerate(DATES):
        here = np.flatnonzero((begins <= month) & (month < leaves))
        left = np.minimum(leaves[here] - month, 3)  # months still to pay within 90 days
        table = {
            "mrr": mrr[here],
            "n_active_subscriptions": 1.0,
            "tenure_days": 30.44 * (month - begins[here]),
            "unhappy": is_unhappy[here],
        }
        frame = pd.DataFrame(table).astype(float)
        parts.append((frame, here, np.full(len(here), day), 0.9 * mrr[here] * left, leaves[here] - month))
    X = pd.concat([part[0] for part in parts], ignore_index=True)
    account, day, amount, lifetime = (np.concatenate([part[k] for part in parts]) for k in range(1, 5))
    return _rows(X, account, day, amount), lifetime


def test_an_account_without_a_row_or_a_subscription_at_the_next_date_has_left():
    X = pd.DataFrame({"mrr": 10.0, "n_active_subscriptions": [1, 1, 1, 0, 1]}, dtype=float)
    account, day = np.array([1, 2, 1, 2, 1]), DATES[[0, 0, 1, 1, 2]]
    found = find_departures(_rows(X, account, day, np.zeros(5)), max_leads=2)
    by_row = sorted(zip(found.row.tolist(), found.lead.tolist(), found.has_left.tolist(), strict=True))
    # Account 2 has left within the first month; nobody knows whether account 1 stays after the last date.
    assert by_row == [(0, 0, False), (0, 1, False), (1, 0, True), (2, 0, False)]


def test_a_lead_is_only_learnt_from_accounts_that_lasted_until_it():
    X = pd.DataFrame({"mrr": 10.0, "n_active_subscriptions": 1.0}, index=range(4))
    account, day = np.array([1, 2, 1, 1]), DATES[[0, 0, 1, 2]]
    found = find_departures(_rows(X, account, day, np.zeros(4)), max_leads=5)
    assert {(row, lead) for row, lead in zip(found.row.tolist(), found.lead.tolist(), strict=True)} == {(0, 0), (0, 1), (1, 0), (2, 0)}


def test_chances_to_leave_are_found_again(company):
    rows, _ = company
    model = fit_contractual(rows, "hazard")
    at = rows.take(rows.as_of_date == DATES[6])
    hazards = 1 - model.survival(at.X, 1)[:, 1]
    unhappy = at.X["unhappy"].to_numpy() == 1
    assert hazards[unhappy].mean() == pytest.approx(0.15, abs=0.025)
    assert hazards[~unhappy].mean() == pytest.approx(0.02, abs=0.008)
    assert np.abs(model.survival(at.X, 3)[unhappy, 3].mean() - 0.85**3) < 0.05


@pytest.mark.parametrize("kind", ["hazard", "cohort_curve"])
def test_expected_spend_adds_up_and_less_is_billed_than_the_list_price(company, kind):
    rows, _ = company
    model = fit_contractual(rows, kind)
    assert model.predict(rows).sum() == pytest.approx(rows.amount.sum())
    assert 0.8 < model.level < 1.0  # 90 % of the recurring revenue is billed
    assert model.predict(rows, annual_rate=0.1).sum() < model.predict(rows).sum()


def test_the_hazard_ranks_accounts_better_than_their_age_alone(company):
    rows, lifetime = company
    learn, check = rows.take(rows.as_of_date < DATES[8]), rows.as_of_date == DATES[8]
    found = {kind: fit_contractual(learn, kind).lifetime_months(rows.X[check], 360.0) for kind in ("hazard", "cohort_curve")}
    lived = np.minimum(lifetime[check], 12)
    assert np.corrcoef(found["hazard"], lived)[0, 1] > np.corrcoef(found["cohort_curve"], lived)[0, 1] + 0.1


def test_curve_parameters_are_found_again_within_their_intervals():
    rng = np.random.default_rng(9)
    n, n_periods = 6000, 24
    lifetime = rng.geometric(rng.beta(ALPHA, BETA, n))  # leaves at the end of that period
    begins = rng.integers(0, n_periods, n)  # first seen at any age: those that left before are never seen
    ages = np.arange(n_periods)
    at_risk = np.array([((begins <= age) & (lifetime > age)).sum() for age in ages])
    lost = np.array([((begins <= age) & (lifetime == age + 1)).sum() for age in ages])
    model, report = fit_cohort_hazards(at_risk, lost)
    assert report.is_usable
    errors = (np.log(model.parameters) - np.log([ALPHA, BETA])) / np.sqrt(np.diag(report.covariance))
    assert np.abs(errors).max() < 3


@pytest.mark.data
def test_a_cohort_followed_from_its_start_gives_the_published_fit():
    survivors = pd.read_csv(Path(load_settings().sample_data) / "sbg_retention" / "2-segment-retention.csv.gz")["High-end"].to_numpy()[:8]
    model, report = fit_cohort_hazards(survivors[:-1], -np.diff(survivors))
    whole, whole_report = fit_shifted_beta_geometric(survivors)
    np.testing.assert_allclose(model.parameters, whole.parameters, rtol=1e-4)
    assert report.log_likelihood == pytest.approx(whole_report.log_likelihood, abs=1e-3)


def test_residual_lifetime_is_the_published_one_the_sum_and_the_limit():
    # High-end subscribers after seven years, 10 % a year, first renewal due at once: 7.53 (Fader and Hardie's formula).
    high_end = ShiftedBetaGeometric(0.668, 3.806)
    assert discounted_lifetime(high_end, 7.0, 0.1) * 1.1 == pytest.approx(7.530, abs=0.0005)
    ages = np.array([0.0, 3.0, 40.0])
    np.testing.assert_allclose(discounted_lifetime(high_end, ages, 0.05), high_end.discounted_remaining(ages, 0.05, 600), rtol=1e-9)
    # All alike: the chance to renew is .8 for ever, and the sum a geometric series.
    alike = ShiftedBetaGeometric(2e6, 8e6)
    assert discounted_lifetime(alike, 5.0, 0.1) == pytest.approx(0.8 / (1.1 - 0.8), rel=1e-5)


@pytest.mark.parametrize("kind", ["hazard", "cohort_curve"])
def test_value_without_end_is_what_long_windows_come_to(company, kind):
    rows, _ = company
    model = fit_contractual(rows, kind)
    some = rows.X.iloc[::200]
    monthly = model.level * some["mrr"].to_numpy()
    long = monthly * model.lifetime_months(some, 50 * 365.25, annual_rate=0.3)
    np.testing.assert_allclose(model.lifetime_value(some, annual_rate=0.3), long, rtol=2e-3)
    with pytest.raises(ValueError, match="rate above 0"):
        model.lifetime_value(some, annual_rate=0.0)


def test_months_lived_within_a_window_are_counted_in_parts():
    nobody_leaves = CohortCurve(ShiftedBetaGeometric(1e-9, 1.0), "age")
    model = Contractual(nobody_leaves, 30.0, 1.0, 50.0, 99)
    X = pd.DataFrame({"mrr": [10.0, np.nan], "n_active_subscriptions": [1.0, 1.0], "age": [0.0, 90.0]})
    month = 365.25 / 12
    np.testing.assert_allclose(model.lifetime_months(X, [30.0, 75.0]) * month, [30.0, 75.0], rtol=1e-5)
    # An unknown recurring revenue is the mean one; without a subscription nothing is expected.
    rows = _rows(X.assign(n_active_subscriptions=[0.0, 1.0]), np.array([1, 2]), DATES[[0, 0]], np.zeros(2), window=month)
    np.testing.assert_allclose(model.predict(rows), [0.0, 50.0], rtol=1e-5)


@pytest.mark.parametrize("kind", ["hazard", "cohort_curve"])
def test_a_stored_model_predicts_the_same(company, kind):
    import json

    rows, _ = company
    model = fit_contractual(rows, kind)
    again = Contractual.from_json(json.loads(json.dumps(model.to_json())))
    np.testing.assert_allclose(again.predict(rows), model.predict(rows), rtol=1e-12)


def test_what_cannot_be_learnt_from_is_named(company):
    rows, _ = company
    with pytest.raises(FitError, match="at least two dates"):
        fit_contractual(rows.take(rows.as_of_date == DATES[0]))
    with pytest.raises(FitError, match="days apart, found distances of 29 to 184 days"):
        fit_contractual(rows.take(np.isin(rows.as_of_date, DATES[[0, 1, 2, 8]])))
    staying = rows.take(np.isin(rows.account_id, rows.account_id[rows.as_of_date == DATES[-1]]))
    with pytest.raises(FitError, match="at least 30 accounts that left between learning dates, found 0"):
        fit_contractual(staying)
    with pytest.raises(FitError, match="expected the feature mrr"):
        fit_contractual(_rows(rows.X.drop(columns="mrr"), rows.account_id, rows.as_of_date, rows.amount))


def test_a_curve_that_runs_to_a_limit_is_refused():
    # Everybody has the same chance to leave: alpha and beta have no largest values.
    at_risk = 10_000 * 0.9 ** np.arange(12)
    _, report = fit_cohort_hazards(at_risk, at_risk * 0.1)
    assert not report.is_usable
