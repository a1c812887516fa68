"""Promised chances against what happened: known answers, coverage with repeated accounts, and how often a good model is refused."""

from __future__ import annotations

import numpy as np
import pytest

from clv_platform.evaluation import evaluate_chances


def draw(seed: int, n_accounts: int = 900, *, factor: float = 1.0, slope: float = 1.0, n_dates: int = 3):
    """Chances of accounts at several dates; what happens has the chance times `factor`, with log-odds spread by `slope`."""
    random = np.random.default_rng(seed)
    promised = 1 / (1 + np.exp(-random.normal(-2.2, 1.0, n_accounts)))
    log_odds = np.log(promised / (1 - promised))
    real = np.clip(factor / (1 + np.exp(-(-2.2 + slope * (log_odds + 2.2)))), 0, 1)
    # An account does the same at every date: three rows, one piece of evidence.
    y = np.repeat(random.random(n_accounts) < real, n_dates)
    return y.astype(float), np.repeat(promised, n_dates), np.repeat(np.arange(n_accounts), n_dates)


def test_slope_agrees_with_statsmodels_and_its_errors_by_account():
    import statsmodels.api as statsmodels

    y, p, account = draw(3)
    x = statsmodels.add_constant(np.log(p / (1 - p)))
    fitted = statsmodels.GLM(y, x, family=statsmodels.families.Binomial()).fit(cov_type="cluster", cov_kwds={"groups": account})
    slope = evaluate_chances(y, p, account).slope
    assert slope.value == pytest.approx(fitted.params[1], abs=1e-8)
    assert (slope.hi - slope.lo) / (2 * 1.959964) == pytest.approx(fitted.bse[1], rel=2e-3)


def test_events_over_promised_is_counted():
    y, p = np.array([1.0, 0, 0, 1]), np.array([0.4, 0.4, 0.1, 0.1])
    found = evaluate_chances(y, p, ["a", "b", "c", "d"])
    assert found.events.value == pytest.approx(2.0)
    assert (found.n_observed, found.n_expected) == (2, pytest.approx(1.0))


def test_intervals_hold_their_level_although_rows_of_an_account_are_alike():
    found = [evaluate_chances(*draw(seed)) for seed in range(300)]
    for name in ("events", "slope"):
        inside = np.mean([getattr(test, name).lo <= 1 <= getattr(test, name).hi for test in found])
        assert 0.92 <= inside <= 0.98, name


def test_a_model_that_keeps_its_chances_is_never_refused_in_200_draws():
    assert not any(evaluate_chances(*draw(seed)).problems for seed in range(200))


@pytest.mark.parametrize("truth", [{"factor": 1.25}, {"factor": 0.8}, {"slope": 0.7}])
def test_a_model_at_the_edge_of_what_is_tolerated_is_refused_in_at_most_5_percent(truth):
    refused = np.mean([bool(evaluate_chances(*draw(seed, **truth)).problems) for seed in range(300)])
    assert refused <= 0.05


@pytest.mark.parametrize(
    ("truth", "words"), [({"factor": 1.8}, "promise"), ({"factor": 0.5}, "promise"), ({"slope": 0.3}, "too far apart")]
)
def test_chances_that_mislead_are_refused_in_words(truth, words):
    problems = evaluate_chances(*draw(5, n_accounts=3000, **truth)).problems
    assert any(words in problem for problem in problems)


@pytest.mark.parametrize(
    ("y", "p"),
    [([0, 0, 0], [0.1, 0.2, 0.3]), ([0, 1, 1], [0.3, 0.3, 0.3]), ([0, 0, 1], [0.1, 0.2, 0.9]), ([1, 1, 1], [0.2, 0.5, 0.9])],
)
def test_what_cannot_be_said_is_nan_and_no_alarm(y, p):
    found = evaluate_chances(y, p, ["a", "b", "c"])
    assert np.isnan(found.slope.lo)
    assert not [problem for problem in found.problems if "slope" in problem]
