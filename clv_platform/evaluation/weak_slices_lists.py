"""The three lists of weak slices as frames, with figures and a sentence per group.

Here: what stands in a row. Keep the search out (`weak_slices_search`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from clv_platform.config.schema import SliceSearch
from clv_platform.evaluation.slice_levels import SliceColumns
from clv_platform.evaluation.weak_slices_draws import design_effect
from clv_platform.evaluation.weak_slices_result import COLUMNS, MAX_DEPTH, TESTED, empty_list
from clv_platform.evaluation.weak_slices_search import N_PARAMETERS, Problem, Search, threshold_of
from clv_platform.metrics.intervals import wilson_interval
from clv_platform.metrics.slices import Line, SliceCube, level_statistics

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
MAX_LISTED = 10
MIN_EXCESS = 1.25  # a group is hard when its log loss is at least that many times the whole's
_SURE = 3.0  # standard errors
_RIGHT = 0.99  # a group is right while its statistic is one that 99 of 100 groups without a fault stay below
_LEVEL_SHARE = 0.5  # of the statistic that a changed level must explain; else the order is wrong


@dataclass(frozen=True)
class Rows:
    """Test rows and how to read them.

    Attributes
    ----------
    y, score : arrays of shape (n,)
        What happened and what was predicted.
    accounts : array of shape (n,)
        Whole numbers from 0.
    is_amount : bool
    """

    y: Floats
    score: Floats
    accounts: NDArray[np.intp]
    is_amount: bool


def list_wrong(
    problem: Problem, rows: Rows, cube: SliceCube, coded: SliceColumns, found: Search, event: str, labels: Mapping[str, str]
) -> pd.DataFrame:
    """Groups whose predictions are wrong, strongest first."""
    if not found.found:
        return empty_list()
    expected, terms = problem.mean(found.line), problem.terms(found.line)
    losses = problem.loss(expected)
    listed = []
    for entry in found.found:
        mask = cube.mask(entry.position)
        union = mask | found.outside
        weights = terms.weights()
        sums = np.array([[weight[mask].sum()] for weight in weights])
        level, shift = (values[0] for values in level_statistics(sums, np.array([weight[union].sum() for weight in weights])))
        own = problem.loss(problem.mean(problem.fit(mask, found.line)))[mask].sum()
        # Two parameters fitted on these rows gain one nat each by themselves (Akaike).
        total = max(0.0, float(losses[mask].sum() - own) - N_PARAMETERS)
        is_level = level >= _LEVEL_SHARE * entry.statistic
        direction = ("under-confident" if shift > 0 else "over-confident") if is_level else "mis-ranked"
        row = _row("wrong_here", rows, cube, coded, entry.position, mask, expected, losses, found, direction)
        row |= {"gain": total / mask.sum(), "gain_total": total, "statistic": entry.statistic, "p_adjusted": entry.p_adjusted}
        listed.append(row | {"sentence": wrong_sentence(row, event, labels, rows.is_amount)})
    return _frame(listed)


def list_naturally_hard(
    problem: Problem, rows: Rows, cube: SliceCube, coded: SliceColumns, found: Search, event: str, labels: Mapping[str, str]
) -> pd.DataFrame:
    """Groups with a high loss whose predictions pass their test, most excess loss first; groups that mostly repeat one are left out."""
    expected = problem.mean(found.line)
    losses = problem.loss(expected)
    outside = found.outside
    n = cube.counts(outside)
    total, squares = cube.sums([losses[outside], np.square(losses[outside])], outside)
    overall = float(losses.mean())
    effect = design_effect(np.sqrt(problem.terms(found.line).variance), rows.accounts, found.correlation)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        error = np.sqrt(np.maximum(squares / n - mean**2, 0) / n * effect)
    right = (found.statistics > 0) & (found.statistics <= chi2.ppf(_RIGHT, N_PARAMETERS) * found.usual / N_PARAMETERS)
    is_whole = n >= 0.5 * cube.n_rows  # the rest of the group isn't in the first list
    hard = right & is_whole & (mean >= MIN_EXCESS * overall) & (mean - _SURE * error > overall)
    listed: list[dict[str, Any]] = []
    covered = np.zeros(rows.y.size, dtype=bool)
    for position in np.flatnonzero(hard)[np.argsort(-(total - n * overall)[hard], kind="stable")]:
        mask = cube.mask(int(position)) & outside
        if len(listed) == MAX_LISTED:
            break
        if (mask & covered).sum() > 0.5 * mask.sum():
            continue
        covered |= mask
        row = _row("naturally_hard", rows, cube, coded, int(position), mask, expected, losses, found, "")
        row |= {"statistic": float(found.statistics[position])}
        listed.append(row | {"sentence": hard_sentence(row, event, labels, rows.is_amount)})
    return _frame(listed)


def list_recoverable(
    problem: Problem,
    rows: Rows,
    auditor: Floats | None,
    cube: SliceCube,
    coded: SliceColumns,
    found: Search,
    search: SliceSearch,
    seed: int,
    labels: Mapping[str, str],
) -> pd.DataFrame:
    """Groups outside the first list in which the auditor's predictions are better, most significant first.

    The statistic is the gain over its standard deviation if the recalibrated score were right (an auditor then loses on average); the
    threshold is the largest one of each of many draws in which it is. The rows of a group found are set aside before the next is
    looked for.
    """
    if auditor is None:
        return empty_list()
    expected, rest = problem.mean(found.line), found.outside.copy()
    losses, (on_average, per_unit) = problem.loss(expected), problem.gain(expected, auditor)
    gain, weight = losses - problem.loss(auditor), problem.weight(found.line)
    spread = np.square(per_unit / weight) * problem.terms(found.line).variance
    if cube.counts(rest).max() < search.min_rows:
        return empty_list()
    maxima = _null_gains(problem, cube, found.line, on_average, per_unit / weight, spread, rest, search, seed)
    threshold = threshold_of(maxima, search.alarm_rate)
    listed: list[dict[str, Any]] = []
    while len(listed) < MAX_LISTED and rest.any():
        n = cube.counts(rest)
        total, variance = cube.sums([gain[rest], spread[rest]], rest)
        value = _gain_statistics(total, variance, n, search.min_rows)
        allowed = (value > threshold) & (total >= search.min_gain * n)
        if not allowed.any():
            break
        position = int(np.argmax(np.where(allowed, value, -np.inf)))
        mask = cube.mask(position) & rest
        row = _row("recoverable", rows, cube, coded, position, mask, expected, losses, found, "")
        p = (1 + int((maxima >= value[position]).sum())) / (1 + maxima.size)
        row |= {"gain": float(gain[mask].mean()), "gain_total": float(gain[mask].sum()), "statistic": value[position], "p_adjusted": p}
        listed.append(row | {"sentence": recoverable_sentence(row, labels)})
        rest &= ~mask
    return _frame(listed)


def _null_gains(
    problem: Problem,
    cube: SliceCube,
    line: Line,
    on_average: Floats,
    per_residual: Floats,
    spread: Floats,
    rest: Mask,
    search: SliceSearch,
    seed: int,
) -> Floats:
    """The largest gain statistic of each draw in which the recalibrated predictions are right."""
    offset = problem.drawn_offset(line)
    fixed = on_average if offset is None else on_average + offset * per_residual
    base, variance = cube.sums([fixed[rest], spread[rest]], rest)
    n = cube.counts(rest)
    maxima = []
    for rows, residual in problem.draws(line, search.n_draws, seed + 1):
        drawn = residual * per_residual if rows is None else residual * per_residual[rows]
        inside = rest if rows is None else rest[rows]
        (total,) = cube.sums([drawn[inside]], rest if rows is None else rows[inside])
        maxima.append(_gain_statistics(base + total, variance, n, search.min_rows).max())
    return np.array(maxima)


def _gain_statistics(total: Floats, variance: Floats, n: NDArray[np.intp], min_rows: int) -> Floats:
    # A trace of variance is added so that a group in which the auditor says the same as the score gives nothing.
    return np.where(n >= min_rows, total / np.sqrt(variance + 1e-3), 0.0)


def list_tested(problem: Problem, rows: Rows, cube: SliceCube, coded: SliceColumns, found: Search) -> pd.DataFrame:
    """Every group with its statistic among all rows and the p-value it would have as the only one."""
    (gap,) = cube.sums([rows.y - problem.mean(found.line)])
    names = [_name(cube.conditions(i), coded) for i in range(cube.n_slices)]
    table = {
        "slice": names,
        "statistic": found.statistics,
        "direction": np.where(gap > 0, "under-confident", "over-confident"),
        "n": cube.n_rows.astype(np.float64),
        "p_single": chi2.sf(N_PARAMETERS * found.statistics / found.usual, N_PARAMETERS),
    }
    return pd.DataFrame(table)[list(TESTED)]


def wrong_sentence(row: Mapping[str, Any], event: str, labels: Mapping[str, str], is_amount: bool = False) -> str:
    """Say what a manager needs: who, what was expected, what happened, how many."""
    who = accounts_with(row, labels)
    # What the model said, unless all its predictions are off so far that only the recalibrated one shows what is wrong with this group.
    off, off_as_given = row["expected"] - row["observed"], row["mean_score"] - row["observed"]
    is_off_everywhere = row["direction"] != "mis-ranked" and off_as_given * off < 0.5 * off * off
    chance, once = (row["expected"], ", its overall level corrected,") if is_off_everywhere else (row["mean_score"], "")
    if is_amount:
        said = f"the model{once} expects {chance:,.2f} {event} per account, {row['observed']:,.2f} came"
        wrong_order = "the level is about right, but large ones aren't told from small ones"
    else:
        said = f"the model{once} expects {_percent(chance)} {event}, {_percent(row['observed'])} happened"
        wrong_order = "the level is right, but the likely ones aren't told from the unlikely ones"
    order = f"; {wrong_order}" if row["direction"] == "mis-ranked" else ""
    return f"{who}: {said}{order} (n = {int(row['n']):,})"


def hard_sentence(row: Mapping[str, Any], event: str, labels: Mapping[str, str], is_amount: bool = False) -> str:
    """Say that a group is hard to foretell though what is said about it is right."""
    seen = f"{row['observed']:,.2f} {event} per account" if is_amount else f"{_percent(row['observed'])} {event}"
    times = row["log_loss"] / row["log_loss_overall"]
    return (
        f"{accounts_with(row, labels)}: {seen}, as expected, but who it will be is {times:.1f} times as hard to say (n = {int(row['n']):,})"
    )


def recoverable_sentence(row: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Say that the features know more than the score."""
    share = row["gain"] / row["log_loss"] if row["log_loss"] else 0.0
    return f"{accounts_with(row, labels)}: the features hold {_percent(share)} of the loss that the score leaves (n = {int(row['n']):,})"


def accounts_with(row: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Name a group: accounts with territory T1 and plan P2."""
    pairs = [(row[f"column_{i}"], row[f"level_{i}"]) for i in range(1, MAX_DEPTH + 1) if isinstance(row[f"column_{i}"], str)]
    return "accounts with " + " and ".join(f"{labels.get(column, column.replace('_', ' '))} {level}" for column, level in pairs)


def _percent(share: float) -> str:
    return f"{100 * share:.{1 if 0 < share < 0.095 else 0}f} %"


def _name(conditions: tuple[tuple[int, int], ...], coded: SliceColumns) -> str:
    return " & ".join(f"{coded.names[column]} = {coded.levels[column][level]}" for column, level in conditions)


def _row(
    kind: str,
    rows: Rows,
    cube: SliceCube,
    coded: SliceColumns,
    position: int,
    mask: Mask,
    expected: Floats,
    losses: Floats,
    found: Search,
    direction: str,
) -> dict[str, Any]:
    conditions = cube.conditions(position)
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {"kind": kind, "slice": _name(conditions, coded), "depth": float(len(conditions)), "direction": direction}
    for i, (column, level) in enumerate(conditions, start=1):
        row |= {f"column_{i}": coded.names[column], f"level_{i}": coded.levels[column][level]}
    n, positive = int(mask.sum()), float(rows.y[mask].sum())
    scale = np.ones(n) if rows.is_amount else np.sqrt(expected[mask] * (1 - expected[mask]))
    effect = design_effect(scale, rows.accounts[mask], found.correlation)
    if rows.is_amount:
        half = 1.96 * float(rows.y[mask].std()) * np.sqrt(effect / n)
        lo, hi = positive / n - half, positive / n + half
    else:
        # Alike rows of one account say less than as many accounts would.
        lo, hi = (float(end) for end in wilson_interval(positive / effect, n / effect))
    return row | {
        "n": float(n),
        "n_accounts": float(np.unique(rows.accounts[mask]).size),
        "n_positive": float("nan") if rows.is_amount else positive,
        "expected": float(expected[mask].mean()),
        "observed": positive / n,
        "observed_lo": lo,
        "observed_hi": hi,
        "mean_score": float(rows.score[mask].mean()),
        "log_loss": float(losses[mask].mean()),
        "log_loss_overall": float(losses.mean()),
    }


def _frame(listed: list[dict[str, Any]]) -> pd.DataFrame:
    if not listed:
        return empty_list()
    frame = pd.DataFrame(listed)[list(COLUMNS)]
    return frame.astype({name: empty_list().dtypes[name] for name in COLUMNS})
