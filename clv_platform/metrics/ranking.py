"""Rows sorted by score once, weighted many times: what every metric of a ranking is computed from.

Here: `ScoredRows` (sorting, ties) and `Sample` (the same rows under weights). Metrics themselves belong to `binary` and `value`.
A bootstrap draw only changes weights, so it costs one cumulative sum, not one sort.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class ScoredRows:
    """Labels and scores, sorted by falling score; rows of equal score form one group.

    Parameters
    ----------
    y : array of shape (n,)
        Labels, 0 or 1 (bool allowed).
    score : array of shape (n,)
        Any finite number; a higher one means more likely positive.

    Raises
    ------
    ValueError
        When lengths differ, a label is not 0 or 1, or a score is not finite.
    """

    def __init__(self, y: ArrayLike, score: ArrayLike) -> None:
        labels, scores = np.asarray(y, dtype=np.float64), np.asarray(score, dtype=np.float64)
        if labels.ndim != 1 or labels.shape != scores.shape:
            raise ValueError(f"labels and scores: expected two arrays of the same length, found shapes {labels.shape} and {scores.shape}.")
        if not np.isin(labels, (0.0, 1.0)).all():
            odd = labels[~np.isin(labels, (0.0, 1.0))]
            raise ValueError(f"labels: expected only 0 and 1, found {odd.size} other values such as {odd[0]!r}. Drop unusable rows first.")
        if not np.isfinite(scores).all():
            raise ValueError(
                f"scores: expected finite numbers, found {int((~np.isfinite(scores)).sum())} of {scores.size} missing or infinite."
            )
        self.order: Integers = np.argsort(-scores, kind="stable")
        self.y: Floats = labels[self.order]
        self.score: Floats = scores[self.order]
        self.n = labels.size
        # Only groups that hold a positive matter for most metrics, and positives are rare: that is what makes a draw cheap.
        first = np.flatnonzero(np.r_[True, self.score[1:] != self.score[:-1]]) if self.n else np.zeros(0, dtype=np.int64)
        group = np.searchsorted(first, np.flatnonzero(self.y), side="right") - 1
        self.positives: Integers = np.flatnonzero(self.y)
        groups, self.group_offsets = np.unique(group, return_index=True)
        self.group_starts: Integers = first[groups]
        self.group_ends: Integers = np.append(first, self.n)[groups + 1]
        # Summing the segments between these places is four times as fast as a running sum over all rows.
        self.knots: Integers = np.unique(np.concatenate(([0, self.n], self.group_starts, self.group_ends)))
        self.start_knots: Integers = np.searchsorted(self.knots, self.group_starts)
        self.end_knots: Integers = np.searchsorted(self.knots, self.group_ends)

    @cached_property
    def log_losses(self) -> Floats:
        """Each row's log loss, in nats; probabilities are kept one machine epsilon from 0 and 1, as scikit-learn does."""
        tiny = np.finfo(np.float64).eps
        p = np.clip(self.score, tiny, 1 - tiny)
        return -np.where(self.y == 1, np.log(p), np.log1p(-p))

    @cached_property
    def squared_errors(self) -> Floats:
        """Each row's squared difference between label and probability."""
        return np.square(self.score - self.y)

    def weighted(self, weights: ArrayLike | None = None) -> Sample:
        """Return these rows under weights given in the caller's row order; none: every row counts once."""
        if weights is None:
            return Sample(self, np.ones(self.n))
        values = np.asarray(weights, dtype=np.float64)
        if values.shape != (self.n,):
            raise ValueError(f"weights: expected shape ({self.n},), found {values.shape}.")
        return Sample(self, np.take(values, self.order))


class Sample:
    """Scored rows under weights: a data set or one bootstrap draw of it.

    Attributes
    ----------
    y, score, weights : arrays of shape (n,)
        In order of falling score.
    """

    def __init__(self, rows: ScoredRows, sorted_weights: Floats) -> None:
        self.rows = rows
        self.weights = sorted_weights
        self.y = rows.y
        self.score = rows.score

    @cached_property
    def running(self) -> Floats:
        """Weight of the first k rows, k = 0 .. n."""
        total = np.empty(self.rows.n + 1)
        total[0] = 0.0
        np.cumsum(self.weights, out=total[1:])
        return total

    @cached_property
    def knot_running(self) -> Floats:
        """Weight of the rows before each knot."""
        sums = np.zeros(self.rows.knots.size)
        if self.rows.n:
            np.cumsum(np.add.reduceat(self.weights, self.rows.knots[:-1]), out=sums[1:])
        return sums

    @cached_property
    def before_groups(self) -> Floats:
        """Weight of the rows before each group that holds a positive."""
        return self.knot_running[self.rows.start_knots]

    @cached_property
    def through_groups(self) -> Floats:
        """Weight of the rows up to the end of each group that holds a positive."""
        return self.knot_running[self.rows.end_knots]

    @cached_property
    def total(self) -> float:
        """Weight of all rows."""
        return float(self.knot_running[-1])

    @cached_property
    def group_positive(self) -> Floats:
        """Weight of the positives in each group that holds one."""
        if not self.rows.positives.size:
            return np.zeros(0)
        return np.add.reduceat(self.weights[self.rows.positives], self.rows.group_offsets)

    @cached_property
    def running_positive(self) -> Floats:
        """Weight of the positives up to the end of each group that holds one."""
        return np.cumsum(self.group_positive)

    @cached_property
    def total_positive(self) -> float:
        """Weight of all positives."""
        return float(self.running_positive[-1]) if self.running_positive.size else 0.0

    def positives_in_top(self, weight: Floats | float) -> Floats:
        """Return the positives expected among the best-scored rows of a given total weight.

        Within a group of equal scores the order is random, so the expectation is linear there.
        """
        after = self.running_positive
        if not after.size:
            return np.zeros_like(np.asarray(weight, dtype=np.float64))
        x, y = np.empty(2 * after.size), np.empty(2 * after.size)
        x[0::2], x[1::2] = self.before_groups, self.through_groups
        y[0::2], y[1::2] = after - self.group_positive, after
        return np.asarray(np.interp(weight, x, y))

    def score_in_top(self, weight: Floats | float) -> Floats:
        """Return the sum of scores of the best-scored rows of a given total weight."""
        sums = np.empty(self.rows.n + 1)
        sums[0] = 0.0
        np.cumsum(self.weights * self.score, out=sums[1:])
        return np.asarray(np.interp(weight, self.running, sums))
