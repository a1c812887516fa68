"""Folds inside the training data: later dates for dated examples, stratified parts for undated ones.

Here: which rows are fitted and which are checked. Keep fitting out. Every fold's checked rows are later than its fitted rows by a full
horizon when examples are dated, so that no label of a fitted row looks into the checked period.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

FoldKind = Literal["time_ordered", "stratified", "account_disjoint"]
MIN_RARE = 3  # of the rarer class on either side of a time-ordered fold


@dataclass(frozen=True)
class Fold:
    """Positions of the rows to fit on and of the rows to check with; they never overlap."""

    fit: np.ndarray
    check: np.ndarray


@dataclass(frozen=True)
class Folds:
    """The folds, and by which rule they were made."""

    kind: FoldKind
    folds: tuple[Fold, ...]


def build_folds(
    y: np.ndarray, account_id: np.ndarray, as_of_date: np.ndarray, *, horizon_days: int, n_time: int, n_stratified: int, seed: int
) -> Folds:
    """Make folds of training rows.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels 0/1, both present.
    account_id : ndarray of shape (n,)
        Rows of one account never lie on both sides of a fold that isn't time-ordered.
    as_of_date : ndarray of datetime64[D]
        NaT when undated.
    horizon_days : int
        A fitted row's label window ends at or before the first checked date.
    n_time, n_stratified : int
        Number of folds of either kind; at least 2.
    seed : int
        For stratified folds.

    Returns
    -------
    Folds
        `time_ordered`; when the dates don't suffice for two such folds, `account_disjoint`; `stratified` when undated.
    """
    if not np.isnat(as_of_date).any():
        ordered = _time_ordered(y, as_of_date, horizon_days, n_time)
        if len(ordered) >= 2:
            return Folds("time_ordered", ordered)
    return stratified_folds(y, account_id, n_folds=n_stratified, seed=seed)


def stratified_folds(y: np.ndarray, account_id: np.ndarray, *, n_folds: int, seed: int) -> Folds:
    """Cut rows into parts with the same rate of positives; every row is checked exactly once.

    Fewer folds are made when the rarer class has fewer rows than `n_folds`.
    """
    from sklearn.model_selection import StratifiedKFold

    _, accounts = np.unique(account_id.astype(str), return_inverse=True)
    is_repeated = accounts.max() + 1 < len(y)
    rare = min(len(np.unique(accounts[y == 1])), len(np.unique(accounts[y == 0])))
    n_folds = max(2, min(n_folds, rare))
    if is_repeated:
        fold_of = _deal_accounts(y, accounts, n_folds, seed)[accounts]
        parts = [(np.flatnonzero(fold_of != k), np.flatnonzero(fold_of == k)) for k in range(n_folds)]
    else:
        parts = StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(accounts, y)
    return Folds("account_disjoint" if is_repeated else "stratified", tuple(Fold(fit, check) for fit, check in parts))


def _deal_accounts(y: np.ndarray, accounts: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Give each account one fold, so that all hold alike shares of every class; shape (n accounts,).

    The accounts are dealt one after the other, the most uneven first, each to the fold that it makes least uneven: the very folds of
    scikit-learn's `StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)`, which takes seconds for ten thousand accounts.
    """
    order = np.arange(accounts.max() + 1)
    np.random.RandomState(seed).shuffle(order)
    counts = np.stack([np.bincount(accounts[y == value], minlength=len(order)) for value in np.unique(y)], axis=1).astype(float)[order]
    totals = counts.sum(axis=0).tolist()
    held = [[0.0] * len(totals) for _ in range(n_folds)]
    fold_of = np.empty(len(order), dtype=np.intp)
    for place in np.argsort(-np.std(counts, axis=1), kind="stable").tolist():
        own = counts[place].tolist()
        chosen, least, fewest = 0, np.inf, np.inf
        for k in range(n_folds):
            unevenness, size = _unevenness(held, own, k, totals), sum(held[k])
            if unevenness < least or (abs(unevenness - least) <= 1e-8 + 1e-5 * least < np.inf and size < fewest):
                chosen, least, fewest = k, unevenness, size
        held[chosen] = [there + new for there, new in zip(held[chosen], own, strict=True)]
        fold_of[order[place]] = chosen
    return fold_of


def _unevenness(held: list[list[float]], own: list[float], receiver: int, totals: list[float]) -> float:
    """Mean, over the classes, of the standard deviation of the folds' shares if `receiver` got an account with `own` rows."""
    n_folds, deviations = len(held), 0.0
    for value, total in enumerate(totals):
        shares = [(counts[value] + own[value] if k == receiver else counts[value]) / total for k, counts in enumerate(held)]
        mean = sum(shares) / n_folds
        deviations += math.sqrt(sum((share - mean) * (share - mean) for share in shares) / n_folds)
    return deviations / len(totals)


def _time_ordered(y: np.ndarray, as_of_date: np.ndarray, horizon_days: int, n_folds: int) -> tuple[Fold, ...]:
    """Check blocks of the latest dates, the last block last; each fold fits on what was known before its block."""
    dates = np.unique(as_of_date)
    n_block = max(1, len(dates) // 5)
    horizon = np.timedelta64(horizon_days, "D")
    folds: list[Fold] = []
    for k in range(n_folds):
        end = len(dates) - k * n_block
        if end - n_block < 1:
            break
        first, last = dates[end - n_block], dates[end - 1]
        fit = np.flatnonzero(as_of_date + horizon <= first)
        check = np.flatnonzero((as_of_date >= first) & (as_of_date <= last))
        if min((y[part] == value).sum() for part in (fit, check) for value in (0, 1)) < MIN_RARE:
            break
        folds.insert(0, Fold(fit, check))
    return tuple(folds)
