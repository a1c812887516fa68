"""Sums, tests, rankings and shrinkage of many groups at once, against the same computed one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from clv_platform.metrics import lift_at, pr_auc
from clv_platform.metrics.slices import (
    build_cube,
    count_bins,
    draw_bins,
    fit_line,
    level_statistics,
    log_odds,
    merge_bins,
    score_bins,
    score_statistics,
    score_terms,
    set_weights,
    shrink_figures,
    shrink_rates,
    shrink_ratios,
    sigmoid,
)
from clv_platform.metrics.slices import score_test as score_test_module


@pytest.fixture(scope="module")
def coded():
    random = np.random.default_rng(1)
    return np.stack([random.integers(0, count, 5000) for count in (3, 4, 5, 1)]), (3, 4, 5, 1), random.normal(size=5000)


def test_sums_of_three_columns_are_those_of_a_group_by(coded):
    codes, n_levels, weight = coded
    cube = build_cube(codes, n_levels, max_depth=3, min_rows=50)
    assert cube.n_slices == 3 + 4 + 5 + 12 + 15 + 20 + 60
    rows = weight > -1
    (sums,) = cube.sums([weight[rows]], rows)
    frame = pd.DataFrame(codes.T[rows]).assign(weight=weight[rows])
    for position in range(cube.n_slices):
        pairs = cube.conditions(position)
        mask = np.logical_and.reduce([frame[column] == level for column, level in pairs])
        assert sums[position] == pytest.approx(frame.loc[mask, "weight"].sum())
        assert cube.mask(position).sum() == cube.n_rows[position]
    assert cube.counts(rows).sum() == 7 * rows.sum()


def test_groups_that_are_too_small_or_another_group_s_rows_are_left_out():
    country = np.repeat([0, 1, 2, 3], [400, 300, 270, 30])
    territory = np.where(country < 2, 0, 1)
    cube = build_cube(np.stack([country, territory]), (4, 2), max_depth=2, min_rows=50)
    assert [cube.conditions(i) for i in range(cube.n_slices)] == [((0, 0),), ((0, 1),), ((0, 2),), ((1, 0),), ((1, 1),)]
    every = build_cube(np.stack([country, territory]), (4, 2), max_depth=1, min_rows=50, every_level=True)
    assert every.n_rows.tolist() == [400, 300, 270, 30, 700, 300]


def test_codes_outside_their_levels_are_refused():
    with pytest.raises(ValueError, match="below its column's number of levels"):
        build_cube(np.array([[0, 2]]), (2,), max_depth=1, min_rows=1)
    with pytest.raises(ValueError, match="expected an array of shape"):
        build_cube(np.zeros((2, 3), dtype=int), (2,), max_depth=1, min_rows=1)


def test_the_line_is_that_of_statsmodels():
    random = np.random.default_rng(2)
    x = random.normal(size=2000)
    y = (random.random(2000) < sigmoid(0.5 * x - 2)).astype(float)
    line = fit_line(y, x)
    fitted = sm.Logit(y, sm.add_constant(x)).fit(disp=False)
    assert (line.intercept, line.slope) == pytest.approx(tuple(fitted.params), abs=1e-4)


def test_the_statistic_is_rao_s_by_its_definition(monkeypatch):
    monkeypatch.setattr(score_test_module, "PRIOR_INFORMATION", (0.0, 0.0))
    random = np.random.default_rng(3)
    x = random.normal(size=3000)
    y = (random.random(3000) < sigmoid(x - 1.5)).astype(float)
    inside = random.random(3000) < 0.2
    terms = score_terms(y, x, fit_line(y, x))
    weights = terms.weights()
    sums, totals = np.array([[w[inside].sum()] for w in weights]), np.array([w.sum() for w in weights])
    design = np.column_stack([np.ones(3000), x, inside, inside * x])
    score = design.T @ terms.residual
    information = (design * terms.variance[:, None]).T @ design
    assert score_statistics(sums, totals)[0] == pytest.approx(score @ np.linalg.solve(information, score), rel=1e-5)
    level, shift = level_statistics(sums, totals)
    one = design[:, :3]
    score, information = one.T @ terms.residual, (one * terms.variance[:, None]).T @ one
    assert level[0] == pytest.approx(score @ np.linalg.solve(information, score), rel=1e-5)
    assert np.sign(shift[0]) == np.sign(terms.residual[inside].sum())


def test_equal_scores_have_no_slope_and_a_statistic_of_the_level():
    y = np.r_[np.zeros(900), np.ones(100)]
    x = log_odds(np.full(1000, 0.1))
    assert not x.any()
    terms = score_terms(y, x, fit_line(y, x))
    inside = np.arange(1000) >= 800
    weights = terms.weights()
    value = score_statistics(np.array([[w[inside].sum()] for w in weights]), np.array([w.sum() for w in weights]))
    assert value[0] == pytest.approx(80**2 / (200 * 0.09 * 0.8 + 10), rel=1e-6)


def test_rankings_from_bins_are_those_of_sorted_rows_within_a_thousandth():
    random = np.random.default_rng(4)
    score = random.beta(1, 9, 40_000)
    y = random.random(40_000) < score
    cell = random.integers(-1, 3, 40_000)
    histogram = count_bins(cell, 3, score_bins(score), y)
    for group in range(3):
        rows = cell == group
        assert histogram.pr_auc()[group] == pytest.approx(pr_auc(y[rows], score[rows]), abs=1e-3)
        assert histogram.lift_at(0.2)[group] == pytest.approx(lift_at(y[rows], score[rows], 0.2), abs=5e-3)
    assert np.isnan(count_bins(cell, 3, score_bins(score), np.zeros_like(y)).pr_auc()).all()


def test_draws_of_bins_weigh_whole_accounts_and_centre_on_the_figure():
    random = np.random.default_rng(5)
    accounts = np.repeat(np.arange(2000), 3)
    score = random.beta(1, 5, 6000)
    y = random.random(6000) < score
    set_of, weights = set_weights(accounts, 200, seed=0)
    assert (set_of.reshape(-1, 3) == set_of.reshape(-1, 3)[:, :1]).all()
    assert (weights.sum(axis=0) == weights.shape[0]).all()
    bins = merge_bins(score_bins(score), 64)
    assert bins.max() < 64
    drawn = draw_bins(np.zeros(6000, dtype=np.intp), 1, bins, y, set_of, weights).pr_auc()[0]
    assert drawn.mean() == pytest.approx(pr_auc(y, score), abs=0.02)
    assert 0.005 < drawn.std() < 0.03


def test_groups_that_do_not_differ_are_drawn_to_the_whole_and_groups_that_do_keep_their_figures():
    random = np.random.default_rng(6)
    n = np.full(200, 50.0)
    same, _, _ = shrink_rates(random.binomial(50, 0.2, 200).astype(float), n, 0.2)
    assert np.abs(same - 0.2).max() < 0.05
    rates = random.choice([0.1, 0.9], 200)
    k = random.binomial(50, rates).astype(float)
    apart, lo, hi = shrink_rates(k, n, 0.5)
    assert np.abs(apart - k / 50).max() < 0.06
    assert (lo < apart).all()
    assert (apart < hi).all()
    empty, lo, hi = shrink_rates(np.r_[k, 0.0], np.r_[n, 0.0], 0.5)
    assert (empty[-1], lo[-1] < 0.2, hi[-1] > 0.8) == (pytest.approx(0.5), True, True)


def test_the_interval_of_the_ten_worst_of_many_groups_holds_the_truth():
    random = np.random.default_rng(7)
    held, plain = [], []
    for _ in range(60):
        truth, n = random.beta(8, 32, 150), random.integers(20, 60, 150).astype(float)
        k = random.binomial(n.astype(int), truth).astype(float)
        value, lo, hi = shrink_rates(k, n, 0.2)
        worst = np.argsort(value)[:10]
        held += ((lo <= truth) & (truth <= hi))[worst].tolist()
        half = 1.96 * np.sqrt(k / n * (1 - k / n) / n)
        plain += (np.abs(k / n - truth) <= half)[np.argsort(k / n)[:10]].tolist()
    assert np.mean(held) >= 0.9
    assert np.mean(plain) < 0.8


def test_ratios_and_other_figures_are_drawn_to_the_whole_too():
    value, lo, hi = shrink_ratios(np.array([30.0, 3.0, 0.0]), np.array([20.0, 1.0, 0.0]), 1.0)
    assert 1.0 < value[1] < 3.0
    assert (lo < value).all()
    assert (value < hi).all()
    shrunk, low, high = shrink_figures(np.array([0.3, 0.9, np.nan]), np.array([0.28, 0.1, 0.0]), np.array([0.32, 1.7, 1.0]), 0.2)
    assert abs(shrunk[0] - 0.3) < 0.02
    assert shrunk[1] < 0.5
    assert np.isnan(shrunk[2])
    assert high[1] - low[1] < 1.6
