"""Intervals in multiples of present subscriptions hold 90 % wherever accounts stand: the largest, those that leave, those that grow."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from clv_platform.models.value.calibration import OutOfSample
from clv_platform.models.value.contract_spread import ContractSpread, learn_contract_spread
from clv_platform.models.value.design import View
from clv_platform.models.value.intervals import bound, compare_methods, learn_spread

WINDOW = 6 * 365.25 / 12
NOBODY: Any = SimpleNamespace(family=None)


def origin(seed: int, n: int = 3000, unit: float = 1.0) -> tuple[OutOfSample, View]:
    """Most bring six months of what they pay, some leave on the way, some grow; the model knows the chances."""
    rng = np.random.default_rng(seed)
    mrr, p_leave, p_grow = unit * rng.choice([50.0, 70.0, 500.0, 900.0], n, p=[0.4, 0.4, 0.18, 0.02]), rng.beta(1, 4, n), rng.beta(1, 9, n)
    leaves, grows = rng.random(n) < p_leave, rng.random(n) < p_grow
    months = np.where(leaves, rng.uniform(0, 6, n), 6) * np.where(grows & ~leaves, 1 + rng.random(n), 1)
    expected = mrr * (p_leave * 3 + (1 - p_leave) * 6 * (1 + p_grow / 2))
    frame = pd.DataFrame({"mrr": mrr, "n_active_subscriptions": 1.0})
    summary = pd.DataFrame({"n_purchases": np.zeros(n), "total_spend": 0.0, "T_days": 100.0, "recency_days": 0.0})
    base = SimpleNamespace(value_per_purchase=np.ones(n), p_alive=np.full(n, np.nan))
    view = SimpleNamespace(rows=SimpleNamespace(X=frame, summary=summary, window_days=np.full(n, WINDOW)), base=base)
    return OutOfSample(mrr * months, expected, np.full(n, WINDOW)), cast(View, view)


def learn(unit: float = 1.0) -> tuple[ContractSpread, Any]:
    many, views = zip(*(origin(seed, unit=unit) for seed in range(3)), strict=True)
    found = learn_contract_spread(many, views)
    assert found is not None
    return found, many


@pytest.fixture(scope="module")
def learnt() -> tuple[ContractSpread, Any]:
    return learn()


def test_nine_in_ten_are_held_among_all_and_among_those_that_may_well_leave(learnt) -> None:
    spread, many = learnt
    fresh, view = origin(9, n=8000)
    lo, median, hi = bound("subscriptions", learn_spread(many), view, NOBODY, fresh.predicted, 0, contracts=spread)
    inside = (lo <= fresh.actual) & (fresh.actual <= hi)
    ratio = fresh.predicted / view.rows.X["mrr"].to_numpy()
    near = learn_spread(many).apply(fresh.predicted)
    held_near = (near[0] <= fresh.actual) & (fresh.actual <= near[2])
    for own in (ratio < np.quantile(ratio, 0.2), ratio > np.quantile(ratio, 0.8), fresh.predicted > np.quantile(fresh.predicted, 0.9)):
        assert 0.87 <= inside[own].mean() <= 0.96  # where fewer than one in ten leave or grow, more are held
    assert held_near[ratio < np.quantile(ratio, 0.2)].mean() < inside[ratio < np.quantile(ratio, 0.2)].mean()
    assert ((lo <= median) & (median <= hi) & (lo <= fresh.predicted) & (fresh.predicted <= hi)).all()


def test_no_upper_bound_lies_below_what_present_subscriptions_bring(learnt) -> None:
    spread, _ = learnt
    fresh, view = origin(9)
    assert (spread.apply(view, fresh.predicted)[2] >= 6 * view.rows.X["mrr"].to_numpy()).all()


def test_bounds_are_the_same_from_json_and_in_other_units(learnt) -> None:
    spread, _ = learnt
    fresh, view = origin(9)
    bounds = spread.apply(view, fresh.predicted)
    assert ContractSpread.from_json(spread.to_json()) == spread
    large, in_large = origin(9, unit=1e6)
    assert np.allclose(learn(1e6)[0].apply(in_large, large.predicted) / 1e6, bounds, rtol=1e-9)


def test_accounts_without_a_known_subscription_keep_the_neighbours_interval(learnt) -> None:
    spread, many = learnt
    fresh, view = origin(9, n=600)
    view.rows.X.loc[:199, "mrr"] = np.nan
    view.rows.X.loc[200:399, "n_active_subscriptions"] = 0.0
    near = learn_spread(many)
    plain, own = (bound(way, near, view, NOBODY, fresh.predicted, 0, contracts=spread) for way in ("neighbours", "subscriptions"))
    assert np.array_equal(np.array(plain)[:, :400], np.array(own)[:, :400])
    assert not np.allclose(plain[2][400:], own[2][400:])


def test_nothing_is_learnt_of_few_accounts_or_without_recurring_revenue() -> None:
    few, view = origin(0, n=200)
    assert learn_contract_spread([few], [view]) is None
    many, other = origin(0)
    del other.rows.X["mrr"]
    assert learn_contract_spread([many], [other]) is None
    assert learn_contract_spread([], []) is None


def test_subscriptions_are_used_where_they_hold_as_well_and_are_narrower(learnt) -> None:
    _, many = learnt
    chosen, table = compare_methods(many, [origin(seed)[1] for seed in range(3)], [NOBODY] * 3, seed=0)
    width, top = (table.groupby("method")[name].mean().to_dict() for name in ("mean_width", "coverage_top"))
    assert chosen == "subscriptions"
    assert width["subscriptions"] < width["neighbours"]
    assert 0.85 <= top["subscriptions"] <= 0.97
