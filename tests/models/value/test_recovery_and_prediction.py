"""Simulated customers with known parameters: found again, and forecast with intervals that hold."""

import numpy as np
import pytest

from clv_platform.models.value import (
    BgNbd,
    GammaGamma,
    ParetoNbd,
    PurchaseSummary,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_pareto_nbd,
    fit_shifted_beta_geometric,
)
from clv_platform.models.value.fitting import draw_parameters
from clv_platform.models.value.prediction import discounted_purchases, draw_purchases, forecast

from .conftest import simulate_customers

N = 4000


def _simulated(kind: str) -> tuple[PurchaseSummary, np.ndarray]:
    rng = np.random.default_rng(11)
    if kind == "pareto":
        truth = np.array([0.8, 6.0, 0.9, 12.0])
        lifetime = lambda n: (rng.exponential(1, n) / (rng.gamma(0.9, 1, n) / 12.0), np.zeros(n))  # noqa: E731
    else:
        truth = np.array([0.8, 6.0, 0.9, 2.5])
        lifetime = lambda n: (np.full(n, np.inf), rng.beta(0.9, 2.5, n))  # noqa: E731
    return simulate_customers(rng, N, lambda n: rng.gamma(0.8, 1 / 6.0, n), lifetime), truth


@pytest.mark.parametrize(("kind", "fit"), [("bg", fit_bg_nbd), ("pareto", fit_pareto_nbd)])
def test_parameters_are_found_again_within_their_intervals(kind, fit):
    summary, truth = _simulated(kind)
    model, report = fit(summary)
    assert report.is_usable
    errors = (np.log(model.parameters) - np.log(truth)) / np.sqrt(np.diag(report.covariance))
    assert np.abs(errors).max() < 3


def _simulated_often(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parameters found, true ones, and standard errors of the logarithms, for one simulated set of 2,500 customers."""
    rng = np.random.default_rng(seed)
    n = 2500
    if kind == "spending":
        orders = 1 + rng.poisson(2, n)
        truth = np.array([3.0, 4.0, 20.0])
        model, report = fit_gamma_gamma(orders, rng.gamma(3.0 * orders) / rng.gamma(4.0, 1 / 20.0, n) / orders)
    elif kind == "subscribers":
        truth = np.array([0.9, 3.0])
        lasted = rng.geometric(rng.beta(0.9, 3.0, n))
        model, report = fit_shifted_beta_geometric([(lasted > t).sum() for t in range(11)])
    else:
        truth = np.array([0.8, 6.0, 0.9, 2.5])
        rate, chance, watched = rng.gamma(0.8, 1 / 6.0, n), rng.beta(0.9, 2.5, n), rng.uniform(20, 52, n)
        frequency, recency, now = np.zeros(n), np.zeros(n), np.zeros(n)
        here = np.flatnonzero(rng.random(n) > chance) if kind == "modified" else np.arange(n)  # gone after the first purchase, or not
        while here.size:
            now[here] += rng.exponential(1.0, here.size) / rate[here]
            here = here[now[here] <= watched[here]]
            frequency[here] += 1
            recency[here] = now[here]
            here = here[rng.random(here.size) > chance[here]]
        model, report = fit_bg_nbd(PurchaseSummary.of(frequency, recency, watched), is_modified=kind == "modified")
    assert report.is_usable
    return model.parameters, truth, np.sqrt(np.diag(report.covariance))


@pytest.mark.parametrize("kind", ["plain", "modified", "spending", "subscribers"])
def test_intervals_of_parameters_hold_the_truth_as_often_as_they_promise(kind):
    runs = [_simulated_often(kind, seed) for seed in range(20)]
    errors = np.array([(np.log(found) - np.log(truth)) / spread for found, truth, spread in runs])
    covered = (np.abs(errors) < 1.96).mean()  # of 40 to 80 intervals at 95 %
    assert covered >= 0.85
    assert np.abs(errors).max() < 4
    assert np.abs(errors.mean(axis=0)).max() < 0.75  # and not off to one side: 20 means scatter by .22


def test_a_search_that_begins_on_a_sample_ends_where_one_on_all_rows_does(monkeypatch):
    summary, _ = _simulated("bg")
    spent = np.random.default_rng(6).gamma(3.0, 1 / np.random.default_rng(7).gamma(4.0, 1 / 20.0, N))
    fits = lambda: (fit_bg_nbd(summary), fit_gamma_gamma(np.ones(N), spent), fit_pareto_nbd(summary))  # noqa: E731
    whole = fits()
    for name in ("bg_nbd", "gamma_gamma", "pareto_nbd"):
        monkeypatch.setattr(f"clv_platform.models.value.{name}.ROUGH_ROWS", 500)
    for (ours, report), (theirs, their_report) in zip(fits(), whole, strict=True):
        np.testing.assert_allclose(ours.parameters, theirs.parameters, rtol=1e-3)
        assert report.log_likelihood == pytest.approx(their_report.log_likelihood, abs=1e-3)
        assert report.is_usable == their_report.is_usable


MODELS = {"bg": BgNbd(0.6, 5.0, 0.8, 2.0), "mbg": BgNbd(0.6, 5.0, 0.8, 2.0, is_modified=True), "pareto": ParetoNbd(0.6, 5.0, 1.4, 20.0)}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_draws_have_the_expected_mean(model):
    summary = PurchaseSummary.of([0, 1, 7, 20], [0, 10, 30, 39], [40, 40, 40, 40])
    drawn = draw_purchases(model, summary, 26.0, 200_000, np.random.default_rng(1))
    spread = drawn.std(axis=1) / np.sqrt(drawn.shape[1])
    assert (np.abs(drawn.mean(axis=1) - model.expected_purchases(summary, 26.0)) < 4.5 * spread).all()


def test_draws_of_spend_have_the_expected_mean():
    frequency, spending = BgNbd(0.6, 5.0, 0.8, 2.0), GammaGamma(6.0, 4.0, 15.0)
    summary = PurchaseSummary.of(np.full(20_000, 3), np.full(20_000, 20), np.full(20_000, 30))
    found = forecast([frequency], [spending], summary, np.full(20_000, 4), np.full(20_000, 9.0), 26.0, n_draws=50)
    assert found.spend[0] == pytest.approx(frequency.expected_purchases(summary, 26.0)[0] * spending.expected_spend(4, 9.0))
    assert (found.spend_lo <= found.spend_median).all()
    assert (found.spend_median <= found.spend_hi).all()


def test_intervals_cover_what_happens_while_a_band_around_the_mean_would_not():
    summary, _ = _simulated("pareto")
    model, report = fit_pareto_nbd(summary)
    rng = np.random.default_rng(2)
    future = draw_purchases(ParetoNbd(0.8, 6.0, 0.9, 12.0), summary, 26.0, 1, rng)[:, 0]  # by the true parameters, given the same histories
    drawn = [ParetoNbd(*values) for values in draw_parameters(model.parameters, report, 4, rng)]
    found = forecast([model, *drawn], [GammaGamma(6.0, 4.0, 15.0)], summary, np.ones(N), np.full(N, 5.0), 26.0, n_draws=400)
    covered = ((future >= found.purchases_lo) & (future <= found.purchases_hi)).mean()
    assert 0.9 <= covered <= 0.985  # counts are whole numbers, so the bounds can't be hit exactly
    assert np.abs(found.purchases_median - future).mean() < np.abs(found.purchases - future).mean()


def test_discounting_lies_between_nothing_and_all_at_the_end():
    model, summary = BgNbd(0.6, 5.0, 0.8, 2.0), PurchaseSummary.of([3], [20], [30])
    plain = model.expected_purchases(summary, 52.18)[0]
    assert discounted_purchases(model, summary, 52.18, annual_rate=0.0, days_per_unit=7.0)[0] == pytest.approx(plain)
    found = discounted_purchases(model, summary, 52.18, annual_rate=0.1, days_per_unit=7.0)[0]
    assert plain / 1.1 < found < plain
