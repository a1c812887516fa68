"""The search for groups whose predictions are wrong: strongest first, its rows aside, recalibrate the rest, again; then test all once more.

Here: the threshold (the largest statistic of each of many draws in which nothing is wrong) and the search itself, for whatever `Problem`
says how rows are predicted. Keep frames and words out (`weak_slices`), and the draws (`weak_slices_draws`).

Worse than elsewhere is no fault: groups with a base rate near a half are harder by nature. And the tested groups overlap and are many:
chi-square with false-discovery control raises four times as many alarms on fault-free rows as it says; the distribution of the largest
statistic holds the rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clv_platform.metrics.slices import Line, SliceCube, Terms, score_statistics

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
MIN_INFORMATION = 5.0  # sum of p(1 - p): below about five expected events the statistic's tail is no chi-square's
MAX_FOUND = 20
N_PARAMETERS = 2


class Problem(Protocol):
    """How rows are predicted, and what chance does to them."""

    def fit(self, rows: Mask | None = None, start: Line | None = None) -> Line:
        """Recalibrate on some rows."""
        ...

    def terms(self, line: Line) -> Terms:
        """Residuals and information of all rows under a line."""
        ...

    def draws(self, line: Line, n_draws: int, seed: int) -> Iterator[tuple[NDArray[np.intp] | None, Floats]]:
        """Yield draws in which the line is right: rows (None: all) and what each adds to the residual beside `drawn_offset`."""
        ...

    def drawn_offset(self, line: Line) -> Floats | None:
        """What every row adds to every draw's residual; None: nothing."""
        ...

    def correlation(self, line: Line) -> float:
        """Correlation of the residuals of one account's rows."""
        ...

    def mean(self, line: Line) -> Floats:
        """Predictions recalibrated by a line."""
        ...

    def weight(self, line: Line) -> Floats:
        """What a residual of `terms` is per unit of y."""
        ...

    def loss(self, mean: Floats) -> Floats:
        """Loss of each row in nats."""
        ...

    def gain(self, mean: Floats, other: Floats) -> tuple[Floats, Floats]:
        """What another prediction gains in nats: on a row where just the mean happens, and per unit of y above it."""
        ...


@dataclass(frozen=True)
class Found:
    """A group that failed its test: its place in the cube, its statistic and p-value when tested once more at the end."""

    position: int
    statistic: float
    p_adjusted: float


@dataclass(frozen=True)
class Search:
    """What the search found.

    Attributes
    ----------
    found : tuple of Found
        In the order of falling statistic.
    statistics : array of shape (n_slices,)
        Of every group before any was set aside; 0 where a group says too little.
    threshold : float
        What a statistic must exceed.
    usual : array of shape (n_slices,)
        Mean statistic of each group over the draws: about 2, more where accounts repeat, less where the prior damps.
    correlation : float
        Of the residuals of one account's rows.
    outside : mask of shape (n,)
        Rows in no found group.
    line : Line
        Fitted on the rows outside.
    """

    found: tuple[Found, ...]
    statistics: Floats
    threshold: float
    usual: Floats
    correlation: float
    outside: Mask
    line: Line


def search_slices(
    problem: Problem, cube: SliceCube, *, n_draws: int, alarm_rate: float, min_gain: float, min_rows: int, seed: int
) -> Search:
    """Find the groups whose predictions are wrong.

    Parameters
    ----------
    problem : Problem
    cube : SliceCube
        The groups.
    n_draws, alarm_rate, seed
        Of the threshold: on rows without a fault at most this share of searches finds anything.
    min_gain : float
        Recoverable nats per row of a group: half the statistic less what two free parameters gain by chance, over its rows.
    min_rows : int
        Rows that a group must still have outside the groups found before it.

    Returns
    -------
    Search
    """
    line = first = problem.fit()
    statistics, sums, totals = _statistics(problem.terms(line), cube, None)
    maxima, usual = _null_maxima(problem, line, cube, sums, totals, n_draws, seed)
    threshold = threshold_of(maxima, alarm_rate)
    outside = np.ones(cube.codes.shape[1], dtype=bool)
    masks: dict[int, Mask] = {}
    current, n_rows = statistics, cube.n_rows
    while len(masks) < MAX_FOUND:
        strongest = _strongest(current, n_rows, threshold, min_gain, min_rows)
        if strongest is None or strongest in masks:
            break
        masks[strongest] = cube.mask(strongest)
        outside &= ~masks[strongest]
        if outside.sum() < 2 * min_rows:
            break
        line = problem.fit(outside, line)
        current, _, _ = _statistics(problem.terms(line), cube, outside)
        n_rows = cube.counts(outside)
    found, outside, line = _test_again(problem, masks, maxima, threshold, min_gain, line)
    return Search(found, statistics, threshold, usual, problem.correlation(first), outside, line)


def _statistics(terms: Terms, cube: SliceCube, rows: Mask | None) -> tuple[Floats, Floats, Floats]:
    chosen = terms if rows is None else terms.take(rows)
    weights = chosen.weights()
    sums = cube.sums(weights, rows)
    totals = np.array([weight.sum() for weight in weights])
    return _tested(sums, totals), sums, totals


def _tested(sums: Floats, totals: Floats) -> Floats:
    """The statistic of every group that says enough, and whose rest does."""
    enough = (sums[2] >= MIN_INFORMATION) & (totals[2] - sums[2] >= MIN_INFORMATION)
    return np.where(enough, score_statistics(sums, totals), 0.0)


def _null_maxima(
    problem: Problem, line: Line, cube: SliceCube, sums: Floats, totals: Floats, n_draws: int, seed: int
) -> tuple[Floats, Floats]:
    """The largest statistic of each draw, and each group's mean statistic."""
    x, offset = problem.terms(line).x, problem.drawn_offset(line)
    base = np.zeros((2, cube.n_slices)) if offset is None else cube.sums([offset, offset * x])
    base_totals = np.zeros(2) if offset is None else np.array([offset.sum(), offset @ x])
    maxima, usual = np.zeros(n_draws), np.full(cube.n_slices, 2.0)
    enough = (sums[2] >= MIN_INFORMATION) & (totals[2] - sums[2] >= MIN_INFORMATION)
    if not enough.any():
        return np.full(n_draws, np.inf), usual
    total = np.zeros(int(enough.sum()))
    for i, (rows, residual) in enumerate(problem.draws(line, n_draws, seed)):
        moment = residual * (x if rows is None else x[rows])
        drawn = base + cube.sums([residual, moment], rows)
        drawn_totals = base_totals + np.array([residual.sum(), moment.sum()])
        values = score_statistics(np.vstack([drawn, sums[2:]])[:, enough], np.r_[drawn_totals, totals[2:]])
        maxima[i] = values.max()
        total += values
    usual[enough] = total / n_draws
    return maxima, usual


def threshold_of(maxima: Floats, alarm_rate: float) -> float:
    """The draw's maximum that a statistic must exceed for its p-value, (1 + draws at least as large) / (1 + draws), to be small enough."""
    place = int(alarm_rate * (maxima.size + 1) + 1e-9)
    return float(np.sort(maxima)[-place]) if place else float("inf")


def _strongest(statistics: Floats, n_rows: NDArray[np.intp], threshold: float, min_gain: float, min_rows: int) -> int | None:
    gain = (statistics / 2 - N_PARAMETERS) / np.maximum(n_rows, 1)
    allowed = np.where((statistics > threshold) & (gain >= min_gain) & (n_rows >= min_rows), statistics, 0.0)
    if not allowed.size or allowed.max() <= 0:
        return None
    # A group and its complement have the same statistic: the smaller one is what differs from the rest.
    equal = np.flatnonzero(allowed >= (1 - 1e-6) * allowed.max())
    return int(equal[np.argmin(n_rows[equal])])


def _test_again(
    problem: Problem, masks: dict[int, Mask], maxima: Floats, threshold: float, min_gain: float, line: Line
) -> tuple[tuple[Found, ...], Mask, Line]:
    """Test each found group against the rows outside all of them; one that fails goes back, the weakest first."""
    kept = dict(masks)
    while True:
        outside = ~np.logical_or.reduce([*kept.values(), np.zeros_like(problem.terms(line).x, dtype=bool)])
        line = problem.fit(outside, line)
        found = []
        for position, mask in kept.items():
            union = outside | mask
            terms = problem.terms(problem.fit(union, line))
            weights = terms.weights()
            sums = np.array([[weight[mask].sum()] for weight in weights])
            statistic = float(_tested(sums, np.array([weight[union].sum() for weight in weights]))[0])
            p = (1 + int((maxima >= statistic).sum())) / (1 + maxima.size)
            gain = (statistic / 2 - N_PARAMETERS) / mask.sum()
            found.append((Found(position, statistic, p), statistic > threshold and gain >= min_gain))
        failed = [entry for entry, passed in found if not passed]
        if not failed:
            return tuple(sorted((entry for entry, _ in found), key=lambda entry: -entry.statistic)), outside, line
        del kept[min(failed, key=lambda entry: entry.statistic).position]
