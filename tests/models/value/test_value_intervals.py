"""Intervals hold the expectation and the median, whatever method they come from."""

import numpy as np
import pytest

from clv_platform.models.value import intervals
from clv_platform.models.value.intervals import Spread, bound

SPREAD = Spread((0.0, 6.0), (0.0, 0.5), (0.6, 0.9), (2.0, 1.8))


def of_method(method: str, spread: Spread | None, predicted: np.ndarray, monkeypatch, drawn=None):
    monkeypatch.setattr(intervals, "simulate_bounds", lambda *_: drawn)
    return bound(method, spread, None, None, predicted, 0)  # pyright: ignore[reportArgumentType] (only simulation reads them)


@pytest.mark.parametrize("method", ["neighbours", "simulation"])
@pytest.mark.parametrize("spread", [SPREAD, None])
def test_expectation_and_median_lie_within_for_any_draws(method, spread, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    predicted = np.concatenate([[0.0], rng.lognormal(3, 2, 500)])
    drawn = np.sort(rng.lognormal(2, 3, (3, 501)) * (rng.random((3, 501)) < 0.6), axis=0)
    drawn[:, :20] = np.nan  # without a purchase history nothing is simulated
    lo, median, hi = of_method(method, spread, predicted, monkeypatch, tuple(drawn))
    for inner in (predicted, median):
        assert ((lo <= inner) & (inner <= hi)).all()
    assert (lo >= 0).all()


def test_simulated_futures_that_leave_the_expectation_out_give_way_to_neighbours(monkeypatch) -> None:
    predicted = np.array([422.0, 50.0, 50.0])
    drawn = (np.array([0.0, 10.0, np.nan]), np.array([0.0, 40.0, np.nan]), np.array([0.0, 120.0, np.nan]))
    lo, median, hi = of_method("simulation", SPREAD, predicted, monkeypatch, drawn)
    near = SPREAD.apply(predicted)
    assert [(lo[k], median[k], hi[k]) for k in (0, 2)] == [tuple(one[k] for one in near) for k in (0, 2)]
    assert (lo[1], median[1], hi[1]) == (10.0, 40.0, 120.0)


def test_where_nine_in_ten_bring_nothing_the_interval_ends_at_the_expectation(monkeypatch) -> None:
    nothing = Spread((0.0,), (0.0,), (0.0,), (0.0,))
    lo, median, hi = of_method("neighbours", nothing, np.array([3.0]), monkeypatch)
    assert (lo.tolist(), median.tolist(), hi.tolist()) == ([0.0], [0.0], [3.0])
