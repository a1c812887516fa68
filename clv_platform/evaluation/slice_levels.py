"""Columns of a frame as levels: whole numbers for computing, names for people.

Here: the rules by which a column falls into levels. Numbers are cut at quantiles, gaps are a level of their own, rare levels are one level.
Keep figures out (`slices`, `weak_slices`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MISSING, OTHER, ALL = "(missing)", "(other)", "(all)"
MAX_LEVELS = 12
MIN_ROWS = 30
N_BINS = 4


@dataclass(frozen=True)
class SliceColumns:
    """Columns as levels.

    Attributes
    ----------
    names : tuple of str
        The columns.
    levels : tuple of tuple of str
        Names of each column's levels, in the order to show them: numbers by size, others by name, `(other)` and `(missing)` last.
    codes : array of shape (n_columns, n)
        The level of each row.
    """

    names: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    codes: NDArray[np.intp]

    @property
    def n_levels(self) -> tuple[int, ...]:
        """Levels per column."""
        return tuple(len(levels) for levels in self.levels)


def code_columns(columns: pd.DataFrame, *, n_bins: int = N_BINS, max_levels: int = MAX_LEVELS, min_rows: int = MIN_ROWS) -> SliceColumns:
    """Turn every column of a frame into levels; see `code_levels`."""
    coded = [code_levels(columns[name], n_bins=n_bins, max_levels=max_levels, min_rows=min_rows) for name in columns.columns]
    codes = np.stack([codes for codes, _ in coded]) if coded else np.zeros((0, len(columns)), dtype=np.intp)
    return SliceColumns(tuple(str(name) for name in columns.columns), tuple(names for _, names in coded), codes)


def code_levels(
    values: pd.Series, *, n_bins: int = N_BINS, max_levels: int = MAX_LEVELS, min_rows: int = MIN_ROWS
) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Number the levels of a column.

    Parameters
    ----------
    values : Series
        Numbers with more than `max(n_bins, 12)` values are cut at `n_bins` quantiles; of everything else each value is a level.
    max_levels, min_rows : int
        Levels beyond the `max_levels` most frequent ones, and such of fewer than `min_rows` rows, are one level, `(other)`, unless only
        one level would go there. Missing and infinite values are `(missing)`.

    Returns
    -------
    codes : array of shape (n,)
    names : tuple of str
        In the order to show them.
    """
    is_number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    if is_number:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        numbers = np.where(np.isfinite(numbers), numbers, np.nan)
        codes, uniques = pd.factorize(numbers)
        if len(uniques) > max(n_bins, MAX_LEVELS):
            return _cut(numbers, n_bins)
    else:
        codes, uniques = pd.factorize(values)
    order, names = _ordered(uniques)
    codes = np.append(order, -1)[codes]  # a gap is -1, the last place
    counts = np.bincount(codes + 1, minlength=len(names) + 1)[1:]
    by_size = np.argsort(-counts, kind="stable")
    rank = np.empty_like(by_size)
    rank[by_size] = np.arange(by_size.size)
    is_rare = (counts < min_rows) | (rank >= max_levels)
    if is_rare.sum() > 1:
        kept = np.flatnonzero(~is_rare)
        position = np.full(len(names), kept.size)
        position[kept] = np.arange(kept.size)
        codes = np.append(position, -1)[codes]
        names = [*(names[i] for i in kept), OTHER]
    if codes.size and codes.min() < 0:
        codes, names = np.where(codes < 0, len(names), codes), [*names, MISSING]
    return codes.astype(np.intp, copy=False), tuple(names)


def slice_levels(values: pd.Series) -> NDArray[np.object_]:
    """Name each row's level by the rules of `code_levels`."""
    codes, names = code_levels(values)
    return np.array(names, dtype=object)[codes]


def _cut(numbers: NDArray[np.float64], n_bins: int) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, n_bins + 1)))
    position = np.clip(np.searchsorted(edges, numbers, side="left") - 1, 0, edges.size - 2)
    names = [f"{'≥' if i == 0 else '>'} {edges[i]:.4g} to {edges[i + 1]:.4g}" for i in range(edges.size - 1)]
    gaps = np.isnan(numbers)
    if gaps.any():
        position, names = np.where(gaps, len(names), position), [*names, MISSING]
    return position.astype(np.intp), tuple(names)


def _ordered(uniques: Any) -> tuple[NDArray[np.intp], list[str]]:
    """Place of each value in the order to show, and names in that order; values of one name are one level."""
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in uniques]
    if not texts:
        return np.zeros(0, dtype=np.intp), []
    if all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in uniques):
        by_value = np.argsort(np.asarray(uniques, dtype=np.float64), kind="stable")
        names = list(dict.fromkeys(texts[i] for i in by_value))
    else:
        names = sorted(set(texts))
    place = {name: i for i, name in enumerate(names)}
    return np.array([place[text] for text in texts], dtype=np.intp), names
