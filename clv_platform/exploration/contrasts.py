"""Comparisons of a group with a reference: how large, how sure, and how many such comparisons were made.

Here: permutation tests of linear scores (ranks, yes-or-no), ratios of means and of rates with intervals, a signed-rank test, the
Benjamini-Yekutieli procedure. Pure functions on arrays; keep columns and words out.
"""

from __future__ import annotations

import numpy as np
from scipy import special, stats

_NEARLY_NORMAL = 1e-3


def permutation_p(n: np.ndarray, total: np.ndarray, n_all: np.ndarray, moments: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """Two-sided p-value of a sum of scores over `n` of `n_all` rows, if any `n` rows were as likely.

    The permutation distribution is approximated by a Pearson type III law with its exact mean, variance and skewness, so that it holds
    for few rows of a skewed score too (a yes-or-no score gives the hypergeometric test).

    Parameters
    ----------
    n, total : array
        Rows of the group and the sum of their scores.
    n_all : array
        Rows of group and reference together.
    moments : tuple of array
        Sums of score, its square and its cube over all these rows.

    References
    ----------
    Mielke and Berry, Permutation Methods, 2nd edition 2007.
    """
    n, total, n_all = (np.asarray(a, dtype=float) for a in (n, total, n_all))
    first, second, third = (np.asarray(m, dtype=float) for m in moments)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = first / n_all
        variance = second / n_all - mean**2
        cube = third / n_all - 3 * mean * second / n_all + 2 * mean**3
        rest = n_all - n
        sum_variance = n * rest / (n_all - 1) * variance
        sum_cube = n * rest * (rest - n) / ((n_all - 1) * (n_all - 2)) * cube
        z = (total - n * mean) / np.sqrt(sum_variance)
        skew = sum_cube / sum_variance**1.5
    usable = (n > 0) & (rest > 0) & (n_all > 2) & (variance > 1e-12 * np.maximum(second / np.maximum(n_all, 1), 1e-300))
    return np.where(usable, pearson3_p(np.where(usable, z, 0.0), np.where(usable, skew, 0.0)), 1.0)


def pearson3_p(z: np.ndarray, skew: np.ndarray) -> np.ndarray:
    """Two-sided p-value (twice the smaller tail) of standardised values under a Pearson type III law with this skewness."""
    z, skew = np.broadcast_arrays(np.asarray(z, dtype=float), np.asarray(skew, dtype=float))
    flip = np.where(skew < 0, -1.0, 1.0)
    size = np.maximum(np.abs(skew), _NEARLY_NORMAL)
    shape = 4.0 / size**2
    x = np.maximum(shape + z * flip * np.sqrt(shape), 0.0)
    smaller = np.minimum(special.gammaincc(shape, x), special.gammainc(shape, x))
    is_normal = (np.abs(skew) < _NEARLY_NORMAL) | (x == 0)  # below the law's support: the skewness is that of an estimate
    return np.minimum(1.0, 2.0 * np.where(is_normal, stats.norm.sf(np.abs(z)), smaller))


def ratio_of_means(
    n: np.ndarray, mean: np.ndarray, variance: np.ndarray, n_ref: np.ndarray, mean_ref: np.ndarray, variance_ref: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the log of mean over reference mean and its standard error (delta method); NaN where a mean isn't positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        usable = (mean > 0) & (mean_ref > 0) & (n > 1) & (n_ref > 1)
        log_ratio = np.where(usable, np.log(mean) - np.log(mean_ref), np.nan)
        error = np.sqrt(variance / (n * mean**2) + variance_ref / (n_ref * mean_ref**2))
    return log_ratio, np.where(usable, error, np.nan)


def clustered_sums(values: np.ndarray, accounts: np.ndarray, codes: np.ndarray, n_codes: int) -> np.ndarray:
    """Sum values by account and level, shape (accounts, levels); rows with code -1 count nowhere."""
    n_accounts = int(accounts.max()) + 1 if len(accounts) else 0
    known = codes >= 0
    cell = accounts[known] * n_codes + codes[known]
    return np.bincount(cell, weights=values[known], minlength=n_accounts * n_codes).reshape(n_accounts, n_codes)


def clustered_p(influence: np.ndarray) -> np.ndarray:
    """Two-sided p-value that sums over accounts (rows) are zero, per column: self-normalised, with the skewness that the accounts show."""
    total = influence.sum(axis=0)
    variance = (influence**2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z, skew = total / np.sqrt(variance), (influence**3).sum(axis=0) / variance**1.5
    return np.where(variance > 0, pearson3_p(np.where(variance > 0, z, 0.0), np.where(variance > 0, skew, 0.0)), 1.0)


def signed_rank_p(differences: np.ndarray) -> float:
    """Two-sided p-value of the signed-rank test (normal law, ties averaged, zeros left out) or of the t-test, the larger of both."""
    known = differences[np.isfinite(differences)]
    moved = known[known != 0]
    if len(moved) < 10:
        return 1.0
    ranks = stats.rankdata(np.abs(moved))
    z = float((ranks * np.sign(moved)).sum() / np.sqrt((ranks**2).sum()))
    error = float(known.std(ddof=1) / np.sqrt(len(known)))
    t = float(known.mean()) / error if error > 0 else 0.0
    return float(max(2 * stats.norm.sf(abs(z)), 2 * stats.norm.sf(abs(t))))


def benjamini_yekutieli(p_values: np.ndarray) -> np.ndarray:
    """Return q-values that hold under any dependence between the tests.

    With nothing to find, the chance that any q is at most alpha is at most alpha.

    References
    ----------
    Benjamini and Yekutieli, The control of the false discovery rate in multiple testing under dependency, Annals of Statistics 2001.
    """
    n = len(p_values)
    if not n:
        return np.zeros(0)
    order = np.argsort(p_values, kind="stable")
    harmonic = float(np.sum(1.0 / np.arange(1, n + 1)))
    raised = p_values[order] * n * harmonic / np.arange(1, n + 1)
    q = np.empty(n)
    q[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return q


def selected_quantile(n_selected: int, n_tests: int, alpha: float) -> float:
    """Return how many standard errors an interval needs on both sides, when it is shown because its test was among those selected.

    References
    ----------
    Benjamini and Yekutieli, False discovery rate-adjusted multiple confidence intervals for selected parameters, JASA 2005.
    """
    return float(stats.norm.isf(alpha * max(n_selected, 1) / max(n_tests, 1) / 2.0))


def cramers_v(left: np.ndarray, right: np.ndarray) -> float:
    """Association of two code vectors, 0 to 1, without small-sample bias; rows with -1 in either are left out."""
    known = (left >= 0) & (right >= 0)
    if known.sum() < 10:
        return 0.0
    n_left, n_right = int(left[known].max()) + 1, int(right[known].max()) + 1
    table = np.bincount(left[known] * n_right + right[known], minlength=n_left * n_right).reshape(n_left, n_right).astype(float)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (rows, columns) = table.sum(), table.shape
    if min(rows, columns) < 2:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    phi = ((table - expected) ** 2 / expected).sum() / n
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    return float(np.sqrt(phi / min(rows - 1, columns - 1)))
