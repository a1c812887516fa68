"""Preprocessing as data: what is learnt from training rows is a frozen object that is stored as JSON and applied the same way ever after.

Here: gaps, flags, category codes, dropped columns. Add a new treatment as a field of `NumberColumn` or `CategoryColumn`; keep resampling
and scaling out (`sampling`, `baselines`): they belong to single models.

Rules
-----
Numbers and booleans: a gap (also an infinite value) becomes 0; a column with gaps in the training rows gets a flag `is_missing_<column>`.
Categories: a gap becomes the most frequent level; rare levels share the code `other`; a level never seen in training gets `other` too,
or the most frequent level when training had no rare ones. Columns that are empty or constant in the training rows are dropped and listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from clv_platform.contracts.features import Feature

OTHER = "(other)"
MAX_LEVELS = 200
RARE_ROWS = 20


@dataclass(frozen=True)
class NumberColumn:
    """A number or boolean: one column of the matrix, and a flag when training rows had gaps."""

    name: str
    type: Literal["number", "boolean"]
    has_gaps: bool
    is_kept: bool  # False: the values there are were constant, only the flag carries something


@dataclass(frozen=True)
class CategoryColumn:
    """A category: codes 0.. for `levels` (most frequent first), then one code for `other` when `has_other`."""

    name: str
    levels: tuple[str, ...]
    has_other: bool


@dataclass(frozen=True)
class DroppedColumn:
    """A feature that the training rows could say nothing with."""

    name: str
    type: str
    reason: str


@dataclass(frozen=True)
class Matrix:
    """What a model eats.

    Attributes
    ----------
    values : ndarray of float32, shape (n, p)
        Numbers, flags and category codes.
    names : tuple of str
        Column names; flags are called `is_missing_<feature>`.
    sources : tuple of str
        For each column the feature it came from.
    categorical : tuple of int
        Positions of columns that hold category codes.
    discrete : tuple of int
        Positions of codes, booleans and flags: columns without values in between.
    """

    values: np.ndarray
    names: tuple[str, ...]
    sources: tuple[str, ...]
    categorical: tuple[int, ...]
    discrete: tuple[int, ...]

    def take(self, rows: np.ndarray) -> Matrix:
        """Return the rows of a mask or of positions."""
        return Matrix(self.values[rows], self.names, self.sources, self.categorical, self.discrete)


@dataclass(frozen=True)
class Preprocessing:
    """What was learnt from the training rows, in the order of the features."""

    columns: tuple[NumberColumn | CategoryColumn, ...]
    dropped: tuple[DroppedColumn, ...]

    @property
    def feature_types(self) -> dict[str, str]:
        """Every feature that was given at training, kept or dropped, with its type; in no particular order."""
        kept = {column.name: column.type if isinstance(column, NumberColumn) else "category" for column in self.columns}
        return kept | {column.name: column.type for column in self.dropped}

    def transform(self, frame: pd.DataFrame) -> Matrix:
        """Turn rows into a matrix.

        Parameters
        ----------
        frame : DataFrame
            Holds at least the kept columns; others are ignored.

        Returns
        -------
        Matrix
            The same columns for any rows.
        """
        values: list[np.ndarray] = []
        names: list[str] = []
        sources: list[str] = []
        categorical: list[int] = []
        discrete: list[int] = []
        for column in self.columns:
            if isinstance(column, CategoryColumn):
                categorical.append(len(values))
                discrete.append(len(values))
                values.append(_codes(frame[column.name], column))
                names.append(column.name)
                sources.append(column.name)
                continue
            numbers = _numbers(frame[column.name])
            gaps = np.isnan(numbers)
            if column.is_kept:
                if column.type == "boolean":
                    discrete.append(len(values))
                values.append(np.where(gaps, 0.0, numbers).astype(np.float32))
                names.append(column.name)
                sources.append(column.name)
            if column.has_gaps:
                discrete.append(len(values))
                values.append(gaps.astype(np.float32))
                names.append(f"is_missing_{column.name}")
                sources.append(column.name)
        matrix = np.column_stack(values) if values else np.zeros((len(frame), 0), dtype=np.float32)
        return Matrix(np.ascontiguousarray(matrix), tuple(names), tuple(sources), tuple(categorical), tuple(discrete))

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and dicts."""
        return {
            "columns": [{"kind": "category" if isinstance(c, CategoryColumn) else "number", **asdict(c)} for c in self.columns],
            "dropped": [asdict(column) for column in self.dropped],
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Preprocessing:
        """Read what `to_json` gave."""
        columns: list[NumberColumn | CategoryColumn] = []
        for item in content["columns"]:
            if item["kind"] == "category":
                columns.append(CategoryColumn(item["name"], tuple(item["levels"]), item["has_other"]))
            else:
                columns.append(NumberColumn(item["name"], item["type"], item["has_gaps"], item["is_kept"]))
        return cls(tuple(columns), tuple(DroppedColumn(**item) for item in content["dropped"]))


def fit_preprocessing(frame: pd.DataFrame, features: Sequence[Feature], *, max_levels: int = MAX_LEVELS) -> Preprocessing:
    """Learn gaps, levels and useless columns from training rows.

    Parameters
    ----------
    frame : DataFrame
        Training rows only; one column per feature.
    features : sequence of Feature
        Name and type of the columns, in the order the matrix gets.
    max_levels : int
        More levels than this, or levels with fewer than 20 rows (2 % of the rows in small tables), become `other`.
    """
    columns: list[NumberColumn | CategoryColumn] = []
    dropped: list[DroppedColumn] = []
    for feature in features:
        learnt = (
            _fit_category(frame[feature.name], feature, max_levels)
            if feature.type == "category"
            else _fit_number(frame[feature.name], feature)
        )
        if isinstance(learnt, DroppedColumn):
            dropped.append(learnt)
        else:
            columns.append(learnt)
    return Preprocessing(tuple(columns), tuple(dropped))


def _fit_number(values: pd.Series, feature: Feature) -> NumberColumn | DroppedColumn:
    numbers = _numbers(values).astype(np.float32)
    gaps = np.isnan(numbers)
    present = numbers[~gaps]
    if not len(present):
        return DroppedColumn(feature.name, feature.type, "no value in the training rows")
    # With gaps at 0, a constant other than 0 would only repeat the flag.
    is_constant = bool((present == present[0]).all())
    if is_constant and not gaps.any():
        return DroppedColumn(feature.name, feature.type, f"always {present[0]:g} in the training rows")
    return NumberColumn(feature.name, "boolean" if feature.type == "boolean" else "number", bool(gaps.any()), not is_constant)


def _fit_category(values: pd.Series, feature: Feature, max_levels: int) -> CategoryColumn | DroppedColumn:
    texts = values.dropna().astype(str)
    if texts.empty:
        return DroppedColumn(feature.name, "category", "no value in the training rows")
    counts = texts.value_counts(sort=False)
    counts = counts[counts > 0]  # a pandas category also counts the levels that these rows don't have
    ordered = sorted(((str(level), int(count)) for level, count in counts.items()), key=lambda item: (-item[1], item[0]))
    fewest = min(RARE_ROWS, max(2, len(texts) // 50))
    levels = tuple(level for level, count in ordered if count >= fewest)[:max_levels]
    has_other = len(levels) < len(ordered)
    if len(levels) + has_other < 2:
        reason = (
            f"always {ordered[0][0]!r} in the training rows" if len(ordered) == 1 else f"{len(ordered)} levels, none with {fewest} rows"
        )
        return DroppedColumn(feature.name, "category", reason)
    return CategoryColumn(feature.name, levels, has_other)


def _numbers(values: pd.Series) -> np.ndarray:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _codes(values: pd.Series, column: CategoryColumn) -> np.ndarray:
    """Codes of levels; looked up once per distinct value, not per row."""
    positions, distinct = pd.factorize(values)
    code_of = {level: code for code, level in enumerate(column.levels)}
    unseen = len(column.levels) if column.has_other else 0
    table = np.array([*(code_of.get(str(level), unseen) for level in distinct), 0.0], dtype=np.float32)  # last: gaps -> most frequent level
    return table[positions]
