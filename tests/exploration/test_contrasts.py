from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from clv_platform.exploration.contrasts import (
    benjamini_yekutieli,
    clustered_p,
    cramers_v,
    pearson3_p,
    permutation_p,
    ratio_of_means,
    selected_quantile,
    signed_rank_p,
)


def _permutation(scores: np.ndarray, rows: np.ndarray) -> float:
    first, second, third = (np.array([np.sum(scores**k)]) for k in (1, 2, 3))
    return float(permutation_p(np.array([rows.sum()]), np.array([scores[rows].sum()]), np.array([len(scores)]), (first, second, third))[0])


def test_permutation_p_of_ranks_agrees_with_the_rank_sum_test() -> None:
    rng = np.random.default_rng(0)
    values, rows = rng.normal(size=400), np.arange(400) < 120
    values[rows] += 0.35
    expected = stats.mannwhitneyu(values[rows], values[~rows], method="asymptotic", use_continuity=False).pvalue
    assert _permutation(stats.rankdata(values), rows) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("hits", [0, 1, 8, 14, 20])
def test_permutation_p_of_a_rare_yes_or_no_column_lies_between_the_two_exact_tails(hits: int) -> None:
    n_all, n, n_hits = 5_000, 100, 250  # 5 expected: the normal law would be off by ten thousand at 20
    scores = np.zeros(n_all)
    scores[:hits] = 1
    scores[n : n + n_hits - hits] = 1
    found = _permutation(scores, np.arange(n_all) < n)
    law = stats.hypergeom(n_all, n_hits, n)
    outer, inner = (law.sf(hits), law.sf(hits - 1)) if hits > 5 else (law.cdf(hits - 1), law.cdf(hits))
    assert 2 * outer * 0.8 <= found <= 2 * inner * 2


def test_pearson3_without_skewness_is_normal() -> None:
    z = np.array([-3.0, 0.5, 4.0])
    assert pearson3_p(z, np.zeros(3)) == pytest.approx(2 * stats.norm.sf(np.abs(z)))
    assert pearson3_p(np.array([3.0]), np.array([1.0])) == pytest.approx(2 * stats.pearson3.sf(3.0, 1.0))


def test_ratio_of_means_covers_the_planted_ratio_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        group, rest = np.exp(rng.normal(np.log(2), 1, 200)), np.exp(rng.normal(0, 1, 800))
        inputs = [np.array([f(x)]) for x in (group, rest) for f in (len, np.mean, lambda v: np.var(v, ddof=1))]
        log_ratio, error = ratio_of_means(*inputs)
        covered += abs(log_ratio[0] - np.log(2)) <= 1.96 * error[0]
    assert 0.92 <= covered / 400 <= 0.98


def test_clustered_p_is_flat_when_rows_of_an_account_repeat_one_another() -> None:
    rng = np.random.default_rng(2)
    p_values = []
    for _ in range(600):
        y, is_in = rng.random(400) < 0.15, rng.random(400) < 0.3  # both the same in all five rows of an account
        residual = 5.0 * (y - y.mean())
        p_values.append(clustered_p((is_in * residual - is_in.mean() * residual)[:, None])[0])
    p = np.array(p_values)
    assert 0.02 <= (p < 0.05).mean() <= 0.08
    assert (p < 0.005).mean() <= 0.015


def test_benjamini_yekutieli_agrees_with_statsmodels() -> None:
    p = np.random.default_rng(3).random(200) ** 3
    assert benjamini_yekutieli(p) == pytest.approx(multipletests(p, method="fdr_by")[1])
    assert len(benjamini_yekutieli(np.zeros(0))) == 0


def test_an_interval_of_one_picked_among_many_is_as_wide_as_bonferroni() -> None:
    assert selected_quantile(1, 1000, 0.05) == pytest.approx(stats.norm.isf(0.05 / 2000))
    assert selected_quantile(1000, 1000, 0.05) == pytest.approx(1.96, abs=0.001)


def test_signed_rank_needs_more_than_one_large_account() -> None:
    differences = np.random.default_rng(4).normal(0, 1, 200)
    differences[0] = 1e6
    assert signed_rank_p(differences) > 0.05
    assert signed_rank_p(np.abs(differences[1:]) + 0.5) < 1e-6
    assert signed_rank_p(np.zeros(50)) == 1.0


def test_cramers_v_knows_a_nested_column_and_independence() -> None:
    rng = np.random.default_rng(5)
    country = rng.integers(0, 9, 2_000)
    assert cramers_v(country, country // 3) == pytest.approx(1.0, abs=0.01)
    assert cramers_v(country, rng.integers(0, 3, 2_000)) < 0.06
    assert cramers_v(np.full(50, -1), country[:50]) == 0.0
