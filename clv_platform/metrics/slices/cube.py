"""All groups of rows that agree in one, two or three columns, and sums over each of them.

Here: which groups there are (`SliceCube`) and sums of additive quantities over all of them, one `bincount` per combination of columns.
Columns come as whole numbers, every row having a level in every column (a gap is a level of its own). Keep naming of levels out
(`evaluation.slice_levels`) and what is made of the sums too (`score_test`, `histogram`, `shrinkage`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


@dataclass(frozen=True)
class SliceCube:
    """The groups with enough rows, in one fixed order: by number of columns, then by columns, then by levels.

    Attributes
    ----------
    codes : array of shape (n_columns, n)
        The level of each row in each column, 0 to `n_levels` - 1.
    n_levels : tuple of int
        Levels per column.
    combos : tuple of tuple of int
        Positions of the columns of each combination.
    kept : tuple of arrays
        For each combination the cells that count as groups: sum over its columns of level times the levels of the columns after it.
    n_rows : array of shape (n_slices,)
        Rows of each group.
    """

    codes: Integers
    n_levels: tuple[int, ...]
    combos: tuple[tuple[int, ...], ...]
    kept: tuple[Integers, ...]
    n_rows: Integers

    @property
    def n_slices(self) -> int:
        """How many groups there are."""
        return self.n_rows.size

    @property
    def combo_of(self) -> Integers:
        """For each group the position of its combination of columns."""
        return np.repeat(np.arange(len(self.combos)), [kept.size for kept in self.kept])

    def conditions(self, position: int) -> tuple[tuple[int, int], ...]:
        """(column, level) pairs that define a group."""
        ends = np.cumsum([kept.size for kept in self.kept])
        combo = int(np.searchsorted(ends, position, side="right"))
        start = int(ends[combo - 1]) if combo else 0
        columns = self.combos[combo]
        levels = np.unravel_index(self.kept[combo][position - start], [self.n_levels[c] for c in columns])
        return tuple((c, int(level)) for c, level in zip(columns, levels, strict=True))

    def mask(self, position: int) -> NDArray[np.bool_]:
        """Which rows belong to a group."""
        found = np.ones(self.codes.shape[1], dtype=bool)
        for column, level in self.conditions(position):
            found &= self.codes[column] == level
        return found

    def counts(self, rows: NDArray[np.bool_] | Integers | None = None) -> Integers:
        """Rows of each group, of all or of some rows (a mask or positions)."""
        if rows is None:
            return self.n_rows
        parts = [np.bincount(cell, minlength=size)[kept] for cell, size, kept in self._cells(rows)]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.intp)

    def sums(self, weights: Sequence[Floats], rows: NDArray[np.bool_] | Integers | None = None) -> Floats:
        """Sums over each group.

        Parameters
        ----------
        weights : sequence of arrays of shape (n_given,)
            The quantities to add up.
        rows : mask or positions, optional
            The rows that the weights belong to; all by default.

        Returns
        -------
        array of shape (n_weights, n_slices)
        """
        total = np.empty((len(weights), self.n_slices))
        start = 0
        for cell, size, kept in self._cells(rows):
            for position, weight in enumerate(weights):
                total[position, start : start + kept.size] = np.bincount(cell, weight, minlength=size)[kept]
            start += kept.size
        return total

    def walk(self) -> Iterator[tuple[int, int, Integers]]:
        """For each combination that has groups: its first group, how many, and each row's group counted from there (-1: none)."""
        start = 0
        for cell, size, kept in self._cells(None):
            place = np.full(size, -1, dtype=np.intp)
            place[kept] = np.arange(kept.size)
            yield start, kept.size, place[cell]
            start += kept.size

    def _cells(self, rows: NDArray[np.bool_] | Integers | None) -> Iterator[tuple[Integers, int, Integers]]:
        """For each combination that has groups: the cell of every row, how many cells there are, which of them are groups."""
        codes = self.codes if rows is None else np.ascontiguousarray(self.codes[:, rows])
        wanted = [combo for combo, kept in zip(self.combos, self.kept, strict=True) if kept.size]
        groups = [kept for kept in self.kept if kept.size]
        for (_, cell, size), kept in zip(_walk(codes, self.n_levels, wanted), groups, strict=True):
            yield cell, size, kept


def build_cube(
    codes: NDArray[np.integer], n_levels: Sequence[int], *, max_depth: int, min_rows: int, every_level: bool = False
) -> SliceCube:
    """List the groups of up to `max_depth` columns that have enough rows.

    Parameters
    ----------
    codes : array of shape (n_columns, n)
        Levels as whole numbers.
    n_levels : sequence of int
        Levels per column.
    max_depth : int
        1 to 3.
    min_rows : int
        A group needs that many rows, and so does the rest. A group of several columns that holds just the rows of a group of fewer
        columns (a country and its territory) is left out: it is the same group.
    every_level : bool
        Whether every level of a single column is a group, however small.

    Returns
    -------
    SliceCube

    Raises
    ------
    ValueError
        When a code lies outside its column's levels.
    """
    whole = np.ascontiguousarray(codes, dtype=np.intp)
    levels = tuple(int(count) for count in n_levels)
    if whole.ndim != 2 or whole.shape[0] != len(levels):
        raise ValueError(f"codes: expected an array of shape ({len(levels)}, n), found {whole.shape}.")
    if whole.size and (whole.min() < 0 or (whole.max(axis=1) >= np.array(levels)).any()):
        raise ValueError("codes: expected each code to be at least 0 and below its column's number of levels.")
    n = whole.shape[1]
    useful = [column for column, count in enumerate(levels) if count > 1]
    combos = [(column,) for column in (range(len(levels)) if every_level else useful)]
    combos += [combo for depth in range(2, max_depth + 1) for combo in combinations(useful, depth)]
    kept: list[Integers] = []
    counts: list[Integers] = []
    for columns, cell, size in _walk(whole, levels, combos):
        table = np.bincount(cell, minlength=size).reshape([levels[c] for c in columns])
        is_kept = (table >= min_rows) & (n - table >= min_rows)
        if every_level and len(columns) == 1:
            is_kept = table > 0
        if len(columns) > 1:
            for axis in range(len(columns)):
                is_kept &= table < table.sum(axis=axis, keepdims=True)
        found = np.flatnonzero(is_kept)
        kept.append(found)
        counts.append(table.reshape(-1)[found])
    n_rows = np.concatenate(counts) if counts else np.zeros(0, dtype=np.intp)
    return SliceCube(whole, levels, tuple(combos), tuple(kept), n_rows)


def _walk(codes: Integers, n_levels: Sequence[int], combos: Sequence[tuple[int, ...]]) -> Iterator[tuple[tuple[int, ...], Integers, int]]:
    """Give each combination's cell of every row; combinations that begin alike share the work of their beginning."""
    prefix: tuple[int, ...] = ()
    begun: Integers = np.zeros(0, dtype=np.intp)
    for columns in combos:
        if len(columns) == 1:
            yield columns, codes[columns[0]], n_levels[columns[0]]
            continue
        if columns[:-1] != prefix:
            prefix = columns[:-1]
            begun = codes[prefix[0]]
            for column in prefix[1:]:
                begun = begun * n_levels[column] + codes[column]
        last = columns[-1]
        size = int(np.prod([n_levels[c] for c in columns]))
        yield columns, begun * n_levels[last] + codes[last], size
