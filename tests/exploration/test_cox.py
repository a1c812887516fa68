"""Proportional-hazards regressions give statsmodels' figures: ratios, errors and residuals, with late entries and ties."""

from typing import Any

import numpy as np
import pytest

from clv_platform.exploration.cox import fit_cox


@pytest.mark.parametrize("is_tied", [False, True])
@pytest.mark.parametrize("enters_late", [False, True])
def test_figures_are_those_of_statsmodels(is_tied, enters_late):
    from statsmodels.duration.hazard_regression import PHReg

    rng = np.random.default_rng(0)
    n = 400
    X = np.column_stack([rng.normal(size=n), rng.random(n) < 0.3, 1000 + 5 * rng.random(n)]).astype(float)
    time = rng.exponential(np.exp(-0.7 * X[:, 0] + 0.5 * X[:, 1])) * 10 + 0.5
    entry = np.where(rng.random(n) < 0.4, time * rng.random(n), 0.0) if enters_late else np.zeros(n)
    has_event = rng.random(n) < 0.6
    if is_tied:
        time, entry = np.ceil(time), np.floor(entry)
    expected: Any = PHReg(time, X, status=has_event.astype(int), entry=entry, ties="efron").fit()
    found = fit_cox(time, entry, has_event, X)
    np.testing.assert_allclose(found.params, expected.params, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.errors, expected.bse, rtol=1e-4)
    np.testing.assert_allclose(found.residuals, expected.schoenfeld_residuals, rtol=1e-4, atol=1e-4)


def test_column_that_repeats_another_shares_its_ratio_instead_of_breaking_the_fit():
    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    time = rng.exponential(np.exp(-0.8 * x)) + 0.1
    alone = fit_cox(time, np.zeros(300), np.ones(300, dtype=bool), x[:, None])
    twice = fit_cox(time, np.zeros(300), np.ones(300, dtype=bool), np.column_stack([x, x]))
    assert twice.params.sum() == pytest.approx(alone.params[0], rel=1e-3)
    assert np.isfinite(twice.errors).all()
