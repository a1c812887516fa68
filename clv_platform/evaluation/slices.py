"""How good the model is on parts of the test rows: by one column, by two, by three.

Every figure stands with n and an interval, and beside it the same figure drawn towards the whole, which is what one would bet on in a small
group. Here: the table of figures. The search for groups in which the model is wrong, with its control for looking at many, is
`weak_slices`; how a column falls into levels is `slice_levels`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.evaluation.slice_levels import ALL, MIN_ROWS, SliceColumns, code_columns
from clv_platform.evaluation.weak_slices_draws import residual_correlation
from clv_platform.metrics import lift_at, pr_auc, wilson_interval
from clv_platform.metrics.slices import (
    SliceCube,
    build_cube,
    count_bins,
    draw_bins,
    merge_bins,
    score_bins,
    set_weights,
    shrink_figures,
    shrink_rates,
    shrink_ratios,
)
from clv_platform.metrics.slices.histogram import N_DRAW_BINS

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
MAX_DEPTH = 2
RATES = ("base_rate", "precision", "recall", "accuracy", "f1")
DRAWN = ("pr_auc", "lift_at_20", "log_loss")
FIGURES = (*RATES, *DRAWN, "observed_expected")
COLUMNS = (
    *("column", "level", "depth", "n", "n_accounts", "n_positive"),
    *(f"{name}{end}" for name in FIGURES for end in ("", "_lo", "_hi")),
    *(f"{name}_shrunk{end}" for name in FIGURES for end in ("", "_lo", "_hi")),
)
_EXACT_WORK = 3_000_000  # rows x groups of columns x seeds up to which rankings are exact: about a second
_CHUNK = 4_000_000  # numbers of one step of the bootstrap
_MOST_ROWS_PER_ACCOUNT = 24


def evaluate_slices(
    y: Floats,
    scores: Floats,
    thresholds: Floats,
    accounts: NDArray[Any],
    columns: pd.DataFrame,
    *,
    seed: int,
    n_bootstraps: int,
    max_depth: int = MAX_DEPTH,
    exact: bool | None = None,
) -> pd.DataFrame:
    """Metrics of every level of every column, and of every combination of levels with enough rows.

    Parameters
    ----------
    y, accounts : arrays of shape (n,)
        Labels 0/1 and account ids.
    scores, thresholds : arrays of shape (n_seeds, n)
        Probabilities and F1 thresholds; figures are means over seeds.
    columns : DataFrame of n rows
        What to slice by. Numbers are cut at quartiles; of the others the largest levels are shown and the rest is `(other)`.
    seed, n_bootstraps : int
        For the intervals of pr_auc, lift_at_20 and log_loss (accounts resampled). Rates have Wilson intervals, f1 through the share of hits
        among rows called or positive, observed_expected through the base rate; rows of one account count as alike as labels are.
    max_depth : int
        Columns taken together, 1 to 3. Combinations need 30 rows; single levels are shown however small.
    exact : bool, optional
        Whether pr_auc and lift_at_20 are computed from sorted rows instead of a thousand bins of the score (within .001); by default
        where that takes about a second at most.

    Returns
    -------
    DataFrame
        A row for all and one per group: column, level (of several columns joined by " & "), depth (0 for all), n, n_accounts,
        n_positive, then base_rate, precision, recall, accuracy, f1 (at the threshold), pr_auc, lift_at_20, log_loss, observed_expected
        (positives seen per positive predicted), each with `_lo` and `_hi`, and `<name>_shrunk` with `_lo` and `_hi`: the same drawn
        towards the whole (`metrics.slices.shrinkage`). NaN where nothing can be said, such as recall without positives.
    """
    if not len(columns.columns):
        texts = ("column", "level")
        return pd.DataFrame({name: pd.Series(dtype="object" if name in texts else "float64") for name in COLUMNS})
    whole = pd.DataFrame({ALL: np.zeros(y.size)}, index=columns.index)
    coded = code_columns(pd.concat([whole, columns], axis=1))
    cube = build_cube(coded.codes, coded.n_levels, max_depth=max_depth, min_rows=MIN_ROWS, every_level=True)
    codes = pd.factorize(accounts)[0].astype(np.intp)
    table = _names(cube, coded)
    table["n"], table["n_accounts"] = cube.n_rows, _count_accounts(cube, codes)
    correlation = residual_correlation(y - y.mean(), np.full(y.size, y.std()), codes) if y.size else 0.0
    effect = 1.0 + max(0.0, correlation) * (table["n"] / table["n_accounts"] - 1.0)
    _add_rates(table, cube, y, scores, thresholds, effect)
    if exact is None:
        exact = y.size * len(cube.combos) * len(scores) <= _EXACT_WORK
    _add_rankings(table, cube, y, scores, codes, exact=exact, seed=seed, n_bootstraps=n_bootstraps)
    _shrink(table, effect)
    return pd.DataFrame({name: table[name] for name in COLUMNS})


def _names(cube: SliceCube, coded: SliceColumns) -> dict[str, Any]:
    conditions = [cube.conditions(i) for i in range(cube.n_slices)]
    named = [[(coded.names[c], coded.levels[c][level]) for c, level in pairs] for pairs in conditions]
    levels = [" & ".join(level for _, level in pairs) for pairs in named]
    return {
        "column": [" & ".join(name for name, _ in pairs) for pairs in named],
        "level": [ALL if pairs[0][0] == ALL else level for pairs, level in zip(named, levels, strict=True)],
        "depth": np.array([0 if pairs[0][0] == ALL else len(pairs) for pairs in named], dtype=np.int64),
    }


def _count_accounts(cube: SliceCube, accounts: Integers) -> Integers:
    """Different accounts of each group: rows less those whose account has been seen in the group before."""
    most = int(np.bincount(accounts).max()) if accounts.size else 1
    if most == 1:
        return cube.n_rows
    order = np.argsort(accounts, kind="stable")
    sorted_accounts = accounts[order]
    found = np.zeros(cube.n_slices, dtype=np.intp)
    for start, n_slices, cell in cube.walk():
        here = cell[order]
        if most > _MOST_ROWS_PER_ACCOUNT:
            pairs = np.unique(here * (int(accounts.max()) + 1) + sorted_accounts)
            groups = pairs // (int(accounts.max()) + 1)
            found[start : start + n_slices] = np.bincount(groups[groups >= 0], minlength=n_slices)
            continue
        is_first = here >= 0
        for lag in range(1, most):
            is_first[lag:] &= (here[lag:] != here[:-lag]) | (sorted_accounts[lag:] != sorted_accounts[:-lag])
        found[start : start + n_slices] = np.bincount(here[is_first], minlength=n_slices)
    return found


def _add_rates(table: dict[str, Any], cube: SliceCube, y: Floats, scores: Floats, thresholds: Floats, effect: Floats) -> None:
    called = [row >= limit for row, limit in zip(scores, thresholds, strict=True)]
    n_seeds = len(scores)
    positive, expected, n_called, hits = cube.sums(
        [y, scores.sum(axis=0), np.sum(called, axis=0, dtype=float), np.sum([c * y for c in called], axis=0, dtype=float)]
    )
    expected, n_called, hits = expected / n_seeds, n_called / n_seeds, hits / n_seeds
    n = table["n"]
    table["n_positive"] = np.rint(positive).astype(np.int64)
    counts = {
        "base_rate": (positive, n),
        "precision": (hits, n_called),
        "recall": (hits, positive),
        "accuracy": (n - n_called - positive + 2 * hits, n),
        "f1": (hits, n_called + positive - hits),  # hits among rows called or positive; f1 = 2 J / (1 + J) of this share
    }
    with np.errstate(invalid="ignore", divide="ignore"):
        for name, (k, total) in counts.items():
            lo, hi = wilson_interval(k / effect, total / effect)
            value = k / total
            table[f"_{name}"] = (k, total)
            for end, figure in (("", value), ("_lo", lo), ("_hi", hi)):
                table[f"{name}{end}"] = 2 * figure / (1 + figure) if name == "f1" else figure
        if n_seeds > 1:  # the mean of ratios, as everywhere; the difference to the ratio of means is far below the interval
            each = [cube.sums([c * y, c.astype(float)]) for c in called]
            table["f1"] = np.mean([2 * h / (total + positive) for h, total in each], axis=0)
        table["f1"] = np.where(positive > 0, table["f1"], np.nan)
        table["_observed_expected"] = (positive, expected)
        for end in ("", "_lo", "_hi"):
            table[f"observed_expected{end}"] = np.where(expected > 0, table[f"base_rate{end}"] * n / expected, np.nan)


def _add_rankings(
    table: dict[str, Any], cube: SliceCube, y: Floats, scores: Floats, accounts: Integers, *, exact: bool, seed: int, n_bootstraps: int
) -> None:
    """pr_auc, lift_at_20 and log_loss with the intervals of draws that are shared by groups and seeds."""
    positive = y == 1
    set_of, weights = set_weights(accounts, n_bootstraps, seed)
    clipped = np.clip(scores, np.finfo(np.float64).eps, 1 - np.finfo(np.float64).eps)
    losses = -np.where(positive, np.log(clipped), np.log1p(-clipped)).mean(axis=0)
    fine = [score_bins(row) for row in scores]
    coarse = [merge_bins(bins, N_DRAW_BINS) for bins in fine] if n_bootstraps else []
    values = {name: np.zeros(cube.n_slices) for name in DRAWN}
    draws = {name: np.zeros((cube.n_slices, n_bootstraps)) for name in DRAWN}
    for start, n_slices, cell in cube.walk():
        here = slice(start, start + n_slices)
        inside = cell >= 0
        values["log_loss"][here] = np.bincount(cell[inside], losses[inside], n_slices) / cube.n_rows[here]
        for score, bins in zip(scores, fine, strict=True):
            if exact:
                _add_exact(values, start, n_slices, cell, y, score)
            else:
                histogram = count_bins(cell, n_slices, bins, positive)
                values["pr_auc"][here] += histogram.pr_auc()
                values["lift_at_20"][here] += histogram.lift_at(0.2)
        if not n_bootstraps:
            continue
        pairs = cell[inside] * weights.shape[0] + set_of[inside]
        size = n_slices * weights.shape[0]
        loss_sums, counts = (
            np.bincount(pairs, w, size).reshape(n_slices, -1) @ weights for w in (losses[inside], np.ones(int(inside.sum())))
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            draws["log_loss"][here] = loss_sums / counts
        for rough in coarse:
            step = max(1, _CHUNK // max(1, (int(rough.max()) + 1) * n_bootstraps))
            for first in range(0, n_slices, step):
                part = np.where((cell >= first) & (cell < first + step), cell - first, -1) if n_slices > step else cell
                drawn = draw_bins(part, min(step, n_slices - first), rough, positive, set_of, weights)
                chosen = slice(start + first, start + min(first + step, n_slices))
                draws["pr_auc"][chosen] += drawn.pr_auc()
                draws["lift_at_20"][chosen] += drawn.lift_at(0.2)
    for name in DRAWN:
        share = 1 if name == "log_loss" else len(scores)
        table[name] = values[name] / share
        upper = {"pr_auc": 1.0, "lift_at_20": 5.0, "log_loss": np.inf}[name]
        table[f"{name}_lo"], table[f"{name}_hi"] = _limits(table[name], draws[name] / share, upper)


def _add_exact(values: dict[str, Floats], start: int, n_slices: int, cell: Integers, y: Floats, score: Floats) -> None:
    order = np.argsort(cell, kind="stable")
    edges = np.searchsorted(cell[order], np.arange(n_slices + 1))
    for i in range(n_slices):
        rows = order[edges[i] : edges[i + 1]]
        values["pr_auc"][start + i] += pr_auc(y[rows], score[rows])
        values["lift_at_20"][start + i] += lift_at(y[rows], score[rows], 0.2)


def _limits(value: Floats, draws: Floats, upper: float) -> tuple[Floats, Floats]:
    """`interval_from_draws` of many figures at once: percentiles, shifted by the draws' bias, NaN where most draws are undefined."""
    usable = np.isfinite(draws)
    enough = (usable.sum(axis=1) >= max(2.0, draws.shape[1] / 2)) & np.isfinite(value)
    lo, hi = np.full(value.shape, np.nan), np.full(value.shape, np.nan)
    if enough.any():
        chosen = np.where(usable[enough], draws[enough], np.nan)
        shifted = chosen - (np.nanmean(chosen, axis=1) - value[enough])[:, None]
        quantile = np.quantile if usable[enough].all() else np.nanquantile  # the latter is slow
        low, high = quantile(shifted, [0.025, 0.975], axis=1)
        lo[enough] = np.minimum(value[enough], np.clip(low, 0.0, upper))
        hi[enough] = np.maximum(value[enough], np.clip(high, 0.0, upper))
    return lo, hi


def _shrink(table: dict[str, Any], effect: Floats) -> None:
    """Draw each figure towards that of all rows; how much groups differ is estimated from the groups of as many columns."""
    everything = int(np.flatnonzero(table["depth"] == 0)[0])
    for name in FIGURES:
        shrunk = np.stack([np.array(table[f"{name}{end}"], dtype=np.float64) for end in ("", "_lo", "_hi")])
        whole = float(table[name][everything])
        for depth in np.unique(table["depth"][table["depth"] > 0]):
            here = table["depth"] == depth
            if name in DRAWN:
                shrunk[:, here] = shrink_figures(shrunk[0, here], shrunk[1, here], shrunk[2, here], whole)
                continue
            top, bottom = (part / effect for part in table[f"_{name}"])
            if not np.isfinite(whole):
                shrunk[:, here] = np.nan
            elif name == "observed_expected":
                shrunk[:, here] = shrink_ratios(top[here], bottom[here], whole)
            elif name == "f1":
                share = np.stack(shrink_rates(top[here], bottom[here], whole / (2 - whole)))
                shrunk[:, here] = 2 * share / (1 + share)
            else:
                shrunk[:, here] = shrink_rates(top[here], bottom[here], whole)
        for end, values in zip(("", "_lo", "_hi"), shrunk, strict=True):
            table[f"{name}_shrunk{end}"] = values
