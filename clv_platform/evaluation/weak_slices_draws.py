"""What chance does when nothing is wrong: draws of labels that keep the accounts together.

Test rows hold an account once per snapshot, and its labels look into overlapping months: they are alike. Labels drawn row by row would
vary less over a group than real ones do, and the threshold made of them would be too low (with three overlapping snapshots an alarm on
most fault-free data sets instead of one in twenty). So an account's labels are drawn together, as alike as they are found to be.

Here: `label_draws` for chances, `amount_draws` for predicted amounts. Keep statistics out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri, owens_t

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
_MAX_PAIRS = 20_000
_MAX_CORRELATION = 0.999
_STREAM = 20_240_917  # a stream of its own: rows made with the same seed elsewhere would otherwise be the draws' twins


def residual_correlation(residual: Floats, scale: Floats, accounts: Integers) -> float:
    """Mean correlation of two rows of one account, beyond what the prediction explains; 0 when each account has one row.

    Parameters
    ----------
    residual, scale : arrays of shape (n,)
        Residuals, and their standard deviations if the prediction is right.
    accounts : array of shape (n,)
        Account of each row as a whole number from 0.
    """

    possible = _over_pairs(scale, accounts)
    return _over_pairs(residual, accounts) / possible if possible > 1e-9 else 0.0


def design_effect(scale: Floats, accounts: Integers, correlation: float) -> float:
    """How much larger the variance of a sum of residuals is than if rows were independent; at least 1."""
    alone = float(np.square(scale).sum())
    return 1.0 + 2.0 * max(0.0, correlation) * _over_pairs(scale, accounts) / alone if alone > 0 else 1.0


def _over_pairs(values: Floats, accounts: Integers) -> float:
    """Sum of products over all pairs of rows of one account."""
    return float(np.square(np.bincount(accounts, values)).sum() - np.square(values).sum()) / 2


def latent_correlation(p: Floats, correlation: float, accounts: Integers, seed: int) -> float:
    """Correlation of the normal variables whose thresholds give labels of chances `p` that are correlated as wanted.

    Solved exactly (bivariate normal by Owen's T) on a sample of pairs of rows of one account. Negative correlations count as 0, which
    errs on the side of fewer alarms.
    """
    if correlation <= 0:
        return 0.0
    order = np.argsort(accounts, kind="stable")
    sorted_accounts = accounts[order]
    pairs = [
        np.stack([order[:-lag], order[lag:]])[:, sorted_accounts[:-lag] == sorted_accounts[lag:]] for lag in (1, 2) if order.size > lag
    ]
    first, second = np.concatenate(pairs, axis=1)
    if first.size > _MAX_PAIRS:
        chosen = np.random.default_rng(seed).choice(first.size, _MAX_PAIRS, replace=False)
        first, second = first[chosen], second[chosen]
    pi, pj = p[first], p[second]
    hi, hj = ndtri(pi), ndtri(pj)
    wanted = correlation * float(np.sqrt(pi * (1 - pi) * pj * (1 - pj)).sum())

    def excess(rho: float) -> float:
        return float((_both(hi, hj, pi, pj, rho) - pi * pj).sum()) - wanted

    if excess(_MAX_CORRELATION) <= 0:
        return _MAX_CORRELATION
    return float(brentq(excess, 0.0, _MAX_CORRELATION, xtol=1e-4))  # pyright: ignore[reportArgumentType]


def label_draws(p: Floats, correlation: float, accounts: Integers, n_draws: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Yield labels drawn from chances; labels of one account are correlated through a normal variable that its rows share.

    Parameters
    ----------
    p : array of shape (n,)
        Chances.
    correlation : float
        Of the normal variables of one account's rows, see `latent_correlation`; 0: rows are independent.
    accounts : array of shape (n,)
        Whole numbers from 0.
    n_draws, seed : int
    """
    random = np.random.default_rng((seed, _STREAM))
    if correlation <= 0:
        for _ in range(n_draws):
            yield random.random(p.size) < p
        return
    limit = ndtri(np.clip(p, 1e-12, 1 - 1e-12)) / np.sqrt(1 - correlation)
    share = np.sqrt(correlation / (1 - correlation))
    n_accounts = int(accounts.max()) + 1 if accounts.size else 0
    for _ in range(n_draws):
        yield random.standard_normal(p.size) + share * random.standard_normal(n_accounts)[accounts] < limit


def amount_draws(residual: Floats, scale: Floats, accounts: Integers, n_draws: int, seed: int) -> Iterator[Floats]:
    """Yield residuals that have nothing to do with groups: standardised residuals change owners, an account's together.

    Accounts swap with accounts of as many rows, so skewness, heavy tails and the likeness of an account's rows stay as they are.
    """
    random = np.random.default_rng((seed, _STREAM))
    order = np.argsort(accounts, kind="stable")
    sizes = np.bincount(accounts)[accounts[order]]
    standard = (residual / scale)[order]
    standard = standard - standard.mean()
    blocks = [np.flatnonzero(sizes == size).reshape(-1, size) for size in np.unique(sizes)]
    for _ in range(n_draws):
        swapped = np.empty_like(standard)
        for block in blocks:
            swapped[block] = standard[block[random.permutation(len(block))]]
        drawn = np.empty_like(standard)
        drawn[order] = swapped
        yield drawn * scale


def _both(h: Floats, k: Floats, ph: Floats, pk: Floats, rho: float) -> Floats:
    """Chance that two standard normals of correlation rho lie below h and k (Owen, 1956)."""
    if rho <= 0:
        return ph * pk
    root = np.sqrt(1 - rho * rho)
    h = np.where(np.abs(h) < 1e-9, 1e-9, h)
    k = np.where(np.abs(k) < 1e-9, 1e-9, k)
    apart = (h * k < 0) * 0.5
    return 0.5 * (ph + pk) - owens_t(h, (k / h - rho) / root) - owens_t(k, (h / k - rho) / root) - apart
