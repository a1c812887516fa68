"""Likelihoods, gradients and expectations by other means than the code's own; parameters found again; limits named."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln, gammaln, hyp2f1

from clv_platform.models.value import (
    BgNbd,
    FitError,
    GammaGamma,
    ParetoNbd,
    PurchaseSummary,
    ShiftedBetaGeometric,
    bg_nbd,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_pareto_nbd,
    fit_shifted_beta_geometric,
    gamma_gamma,
    pareto_nbd,
    shifted_beta_geometric,
)

SUMMARY = PurchaseSummary.of([0, 0, 1, 2, 5, 40, 1, 2], [0, 0, 10, 30.5, 12, 51, 10, 30.5], [30, 52, 20, 31, 52, 52, 20, 31])
shapes = st.floats(0.05, 20)


def _check_gradient(function, values):
    _, gradient = function(np.array(values))
    for position, value in enumerate(values):
        step = np.zeros(len(values))
        step[position] = 1e-5 * value
        numeric = (function(np.array(values) + step)[0] - function(np.array(values) - step)[0]) / (2e-5 * value)
        assert gradient[position] == pytest.approx(numeric, rel=2e-4, abs=2e-4)


@settings(max_examples=25, deadline=None)
@given(shapes, shapes, shapes, shapes)
def test_gradients_are_those_of_the_likelihoods(r, alpha, a, b):
    for is_modified in (False, True):
        _check_gradient(lambda v, m=is_modified: bg_nbd.log_likelihood(BgNbd(*v, is_modified=m), SUMMARY.distinct), (r, alpha, a, b))
    _check_gradient(lambda v: pareto_nbd.log_likelihood(ParetoNbd(*v), SUMMARY.distinct), (r, alpha, a, b))
    orders, value = np.array([1.0, 3.0, 2.0]), np.array([10.0, 3.0, 25.0])
    _check_gradient(lambda v: gamma_gamma.log_likelihood(GammaGamma(*v), orders, value), (r, a, b))
    lost = np.array([300.0, 100.0, 50.0])
    _check_gradient(lambda v: shifted_beta_geometric.log_likelihood(ShiftedBetaGeometric(*v), lost, 200.0), (a, b))


@settings(max_examples=40, deadline=None)
@given(shapes, shapes, shapes, shapes)
def test_pareto_nbd_likelihood_is_the_integral_over_the_end_of_the_lifetime(r, alpha, s, beta):
    model = ParetoNbd(r, alpha, s, beta)
    x, last, watched = 3.0, 10.0, 40.0
    head = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    end = -(r + x) * np.log(alpha + watched) - s * np.log(beta + watched)
    # Scaled by the value at the last purchase, so that quad sees numbers of order one.
    top = -(r + x) * np.log(alpha + last) - (s + 1) * np.log(beta + last)
    gone, _ = quad(lambda t: np.exp(-(r + x) * np.log(alpha + t) - (s + 1) * np.log(beta + t) - top), last, watched, epsabs=0, epsrel=1e-11)
    expected = head + np.logaddexp(end, np.log(s) + np.log(gone) + top)
    found, _ = pareto_nbd.log_likelihood(model, PurchaseSummary.of([x], [last], [watched]).distinct)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_bg_nbd_likelihood_is_the_published_expression():
    r, alpha, a, b = 0.3, 4.0, 0.8, 2.5
    x, last, watched = 2.0, 30.5, 31.0
    front = np.exp(gammaln(r + x) - gammaln(r) + r * np.log(alpha))
    alive = np.exp(betaln(a, b + x) - betaln(a, b)) * (alpha + watched) ** -(r + x)
    gone = np.exp(betaln(a + 1, b + x - 1) - betaln(a, b)) * (alpha + last) ** -(r + x)
    found, _ = bg_nbd.log_likelihood(BgNbd(r, alpha, a, b), PurchaseSummary.of([x], [last], [watched]).distinct)
    assert found == pytest.approx(np.log(front * (alive + gone)), rel=1e-12)


@pytest.mark.parametrize(("is_modified", "extra"), [(False, 0), (True, 1)])
@pytest.mark.parametrize("a", [0.4, 0.999, 1.001, 3.0])
def test_expected_purchases_are_the_published_formula(is_modified, extra, a):
    model = BgNbd(0.6, 5.0, a, 1.7, is_modified)
    x, t = SUMMARY.frequency, 39.0
    z = t / (model.alpha + SUMMARY.T + t)
    c = a + model.b + x - 1 + extra
    published = c / (a - 1) * (1 - (1 - z) ** (model.r + x) * hyp2f1(model.r + x, model.b + x + extra, c, z)) * model.p_alive(SUMMARY)
    np.testing.assert_allclose(model.expected_purchases(SUMMARY, t), published, rtol=1e-9)


@pytest.mark.parametrize("is_modified", [False, True])
def test_expected_purchases_pass_through_a_of_one_without_a_jump(is_modified):
    below, at, above = (BgNbd(0.6, 5.0, a, 1.7, is_modified).expected_purchases(SUMMARY, 39.0) for a in (1 - 1e-7, 1.0, 1 + 1e-7))
    np.testing.assert_allclose(at, (below + above) / 2, rtol=1e-10)
    below, at, above = (ParetoNbd(0.6, 5.0, s, 8.0).expected_purchases(SUMMARY, 39.0) for s in (1 - 1e-7, 1.0, 1 + 1e-7))
    np.testing.assert_allclose(at, (below + above) / 2, rtol=1e-9)


def test_expected_purchases_do_not_overflow_for_ten_thousand_purchases():
    busy = PurchaseSummary.of([10_000], [300.99], [301.0])
    for model in (BgNbd(0.6, 5.0, 0.8, 2.0), BgNbd(0.6, 5.0, 0.8, 2.0, is_modified=True), ParetoNbd(0.6, 5.0, 0.8, 9.0)):
        found = model.expected_purchases(busy, 52.0)
        assert np.isfinite(found).all()
        assert found[0] == pytest.approx(10_000 / 301 * 52, rel=0.35)
        assert 0 < model.p_alive(busy)[0] <= 1


@pytest.mark.parametrize("factor", [0.01, 7.0, 10_000.0])
def test_units_of_time_and_money_change_nothing_but_the_scales(factor):
    rng = np.random.default_rng(3)
    n = rng.poisson(rng.gamma(0.8, 1.5, 400)).astype(float)
    T = rng.uniform(20, 50, 400)
    last = np.where(n > 0, T * rng.beta(3, 1, 400), 0.0)
    plain, scaled = PurchaseSummary.of(n, last, T), PurchaseSummary.of(n, last * factor, T * factor)
    for fit in (fit_bg_nbd, fit_pareto_nbd):
        ours, theirs = fit(plain)[0], fit(scaled)[0]
        np.testing.assert_allclose(theirs.parameters, ours.scaled(factor).parameters, rtol=5e-3)
        np.testing.assert_allclose(theirs.expected_purchases(scaled, 10 * factor), ours.expected_purchases(plain, 10.0), rtol=2e-3)
    value = rng.gamma(3.0, 1 / rng.gamma(4.0, 0.02, 400))
    cheap, dear = fit_gamma_gamma(n + 1, value)[0], fit_gamma_gamma(n + 1, value * factor)[0]
    np.testing.assert_allclose(dear.expected_spend(n + 1, value * factor), cheap.expected_spend(n + 1, value) * factor, rtol=1e-4)


def test_one_time_buyers_are_alive_to_bg_nbd_and_doubted_by_the_others():
    once = PurchaseSummary.of([0], [0], [50])
    assert BgNbd(0.5, 5.0, 0.8, 2.0).p_alive(once)[0] == 1.0
    assert BgNbd(0.5, 5.0, 0.8, 2.0, is_modified=True).p_alive(once)[0] < 0.9
    assert ParetoNbd(0.5, 5.0, 0.8, 9.0).p_alive(once)[0] < 0.9


def test_nothing_watched_is_certainly_alive():
    new = PurchaseSummary.of([0], [0], [0])
    assert ParetoNbd(0.5, 5.0, 0.8, 9.0).p_alive(new)[0] == pytest.approx(1.0)
    assert ParetoNbd(0.5, 5.0, 0.8, 9.0).expected_purchases(new, 10.0)[0] > 0


def test_a_customer_who_spends_like_all_others_is_expected_to_go_on():
    model = GammaGamma(6.25, 3.74, 15.44)
    assert model.expected_spend(0, 0.0) == pytest.approx(model.mean_spend)
    assert model.expected_spend(1000, 80.0) == pytest.approx(80.0, rel=0.01)


def test_no_repeat_buyer_is_one_plain_error():
    once = PurchaseSummary.of([0, 0, 0], [0, 0, 0], [10, 20, 30])
    for fit in (fit_bg_nbd, fit_pareto_nbd):
        with pytest.raises(FitError, match="nobody bought twice among 3 customers"):
            fit(once)


def test_a_fit_that_runs_to_a_limit_says_so():
    rng = np.random.default_rng(0)  # nobody ever leaves: the drop-out chance is 0 and b has no largest value
    rate, T = rng.gamma(2.0, 0.2, 3000), np.full(3000, 50.0)
    n = rng.poisson(rate * T).astype(float)
    last = np.where(n > 0, T * rng.beta(np.maximum(n, 1e-9), 1), 0.0)
    _, report = fit_bg_nbd(PurchaseSummary.of(n, last, T))
    assert not report.is_usable
    assert "ran to a limit" in report.reason or "can't tell the parameters apart" in report.reason


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([1], [5], [3]), "recency <= T"),
        (([0], [2], [3]), "recency 0 without a repeat purchase"),
        (([2], [0], [3]), "purchases of one day count as one"),
        (([1.5], [2], [3]), "whole numbers of repeat purchases"),
        (([-1], [0], [3]), "no negative values"),
        (([1], [np.nan], [3]), "no gaps and no infinities"),
        (([1, 2], [1], [3]), "three columns of one length"),
    ],
)
def test_impossible_histories_are_named(columns, message):
    with pytest.raises(ValueError, match=message):
        PurchaseSummary.of(*columns)


def test_spending_that_says_nothing_is_named():
    with pytest.raises(FitError, match="at least two customers with a positive order value, found 1 of 3"):
        fit_gamma_gamma([1, 1, 1], [5.0, 0.0, -3.0])
    with pytest.raises(FitError, match="every order is worth 5"):
        fit_gamma_gamma([1, 1, 1], [5.0, 5.0, 5.0])


def test_survivors_that_rise_are_named():
    with pytest.raises(FitError, match="never rising"):
        fit_shifted_beta_geometric([100, 80, 90])
    with pytest.raises(FitError, match="nobody left"):
        fit_shifted_beta_geometric([100, 100, 100])
