"""PR-AUC, lift and bootstrap intervals of many groups from counts of rows by group, score bin and label.

Sorting each group's rows, once per draw, is what makes such figures slow. Here rows are counted once: by group, bin of the score, label
and one of a hundred random sets of accounts. A bootstrap draw then weighs the sets, which is one matrix product for all draws. Whole
accounts fall into a set, so that intervals know that an account's rows are alike.

Here: `score_bins`, `set_weights`, `SliceHistogram`. Keep exact figures of single groups out (`metrics.binary` has them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clv_platform.metrics.slices.cube import Floats, Integers

N_BINS = 1000
N_DRAW_BINS = 128
N_SETS = 100
_TOP = 0.02  # the best share of rows, where precision turns quickly, gets a quarter of the bins


def score_bins(score: Floats, n_bins: int = N_BINS) -> Integers:
    """Number each row's bin of the score, 0 for the best scores; equal scores share a bin, and the best rows lie in fine bins.

    Parameters
    ----------
    score : array of shape (n,)
    n_bins : int
        Upper limit.

    Returns
    -------
    array of shape (n,)
    """
    n = score.size
    if not n:
        return np.zeros(0, dtype=np.intp)
    ordered = np.sort(score)[::-1]
    fine = np.geomspace(1, max(1.0, _TOP * n), n_bins // 4)
    coarse = np.linspace(max(1.0, _TOP * n), n, n_bins - n_bins // 4)
    last = np.unique(np.rint(np.r_[fine, coarse]).astype(np.intp)) - 1
    lowest = np.unique(ordered[last])  # rising: the lowest score of each bin
    return lowest.size - np.searchsorted(lowest, score, side="right")


def merge_bins(bins: Integers, n_bins: int) -> Integers:
    """Put neighbouring bins together until there are at most `n_bins`."""
    many = int(bins.max()) + 1 if bins.size else 0
    return bins if many <= n_bins else (np.arange(many) * n_bins // many)[bins]


def set_weights(accounts: Integers, n_draws: int, seed: int) -> tuple[Integers, Floats]:
    """Deal accounts into sets, and draw how often each set counts.

    Parameters
    ----------
    accounts : array of shape (n,)
        Whole numbers from 0.

    Returns
    -------
    set_of : array of shape (n,)
    weights : array of shape (n_sets, n_draws)
        With replacement: each column adds up to the number of sets.
    """
    random = np.random.default_rng(seed)
    n_accounts = int(accounts.max()) + 1 if accounts.size else 0
    n_sets = max(1, min(N_SETS, n_accounts))
    set_of = (random.permutation(n_accounts) % n_sets)[accounts] if accounts.size else np.zeros(0, dtype=np.intp)
    return set_of.astype(np.intp), random.multinomial(n_sets, np.full(n_sets, 1 / n_sets), n_draws).T.astype(np.float64)


@dataclass(frozen=True)
class SliceHistogram:
    """Rows of groups by bin of the score.

    Attributes
    ----------
    n, positive : arrays of shape (n_slices, n_bins) or (n_slices, n_bins, n_draws)
        Rows and positives in each bin, best scores first.
    """

    n: Floats
    positive: Floats

    def pr_auc(self) -> Floats:
        """Average precision; rows within a bin count as in random order. NaN without positives."""
        n_before, positive_before = np.cumsum(self.n, axis=1) - self.n, np.cumsum(self.positive, axis=1) - self.positive
        # Midway through a bin: half its positives among half its rows.
        found = positive_before + (self.positive + 1) / 2
        precision = found / (n_before + (self.n + 1) / 2)
        total = positive_before[:, -1] + self.positive[:, -1]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total > 0, (self.positive * np.minimum(precision, 1.0)).sum(axis=1) / total, np.nan)

    def lift_at(self, share: float) -> Floats:
        """Positives found in the best share of rows over those found at random; within a bin in proportion. NaN without positives."""
        n_after, positive_after = np.cumsum(self.n, axis=1), np.cumsum(self.positive, axis=1)
        wanted = share * n_after[:, -1:]
        last = np.argmax(n_after >= wanted, axis=1)[:, None]
        here_n, here = np.take_along_axis(self.n, last, 1), np.take_along_axis(self.positive, last, 1)
        before_n = np.take_along_axis(n_after, last, 1) - here_n
        before = np.take_along_axis(positive_after, last, 1) - here
        with np.errstate(invalid="ignore", divide="ignore"):
            found = before + here * np.where(here_n > 0, (wanted - before_n) / here_n, 0.0)
            return (found / positive_after[:, -1:] / share)[:, 0]


def count_bins(cell: Integers, n_slices: int, bins: Integers, y: NDArray[np.bool_]) -> SliceHistogram:
    """Count rows by group and bin.

    Parameters
    ----------
    cell : array of shape (n,)
        Group of each row; -1: in none.
    bins, y : arrays of shape (n,)
        Bin of the score and label.
    """
    inside = cell >= 0
    n_bins = int(bins.max()) + 1 if bins.size else 1
    code = cell * n_bins + bins
    every = np.bincount(code if inside.all() else code[inside], minlength=n_slices * n_bins)
    positive = np.bincount(code[inside & y], minlength=n_slices * n_bins)
    return SliceHistogram(every.reshape(n_slices, n_bins).astype(float), positive.reshape(n_slices, n_bins).astype(float))


def draw_bins(cell: Integers, n_slices: int, bins: Integers, y: NDArray[np.bool_], set_of: Integers, weights: Floats) -> SliceHistogram:
    """The same under every bootstrap draw; arrays of shape (n_slices, n_bins, n_draws), see `set_weights`."""
    inside = cell >= 0
    n_bins, n_sets = (int(bins.max()) + 1 if bins.size else 1), weights.shape[0]
    code = (cell * n_bins + bins) * n_sets + set_of
    size = n_slices * n_bins * n_sets
    light = weights.astype(np.float32)
    parts = []
    for rows in (inside, inside & y):
        counts = np.bincount(code if rows.all() else code[rows], minlength=size).reshape(-1, n_sets).astype(np.float32)
        parts.append((counts @ light).reshape(n_slices, n_bins, weights.shape[1]))
    return SliceHistogram(parts[0], parts[1])
