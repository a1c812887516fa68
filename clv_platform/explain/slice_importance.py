"""What counts for which group of accounts: importance of families of features within slices, from sums over batches.

Here: cutting columns into groups and adding up. Keep judging of slices out (`evaluation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from clv_platform.datasets import Examples
from clv_platform.explain.families import Families
from clv_platform.explain.wording import number_text

ALL = "(all)"
NO_VALUE = "(no value)"
MAX_LEVELS = 12  # of a column, the most frequent
MIN_ROWS = 30  # a group of fewer accounts says little about what counts there
N_BINS = 4
_COLUMNS = ["column", "column_label", "level", "n", "family", "label", "mean_abs", "share", "mean"]


class SliceSums:
    """Sums of contributions by group and family.

    Parameters
    ----------
    rows : Examples
        The rows that batches are of.
    slices : sequence of str
        Columns of `rows.X`; others are ignored. Numbers are cut at their quartiles.
    families : Families
        What contributions are added up to.
    """

    def __init__(self, rows: Examples, slices: Sequence[str], families: Families) -> None:
        self._families = families
        self._codes: list[np.ndarray] = [np.zeros(len(rows), dtype=int)]
        self._groups: list[tuple[str, str, list[str]]] = [(ALL, "", [ALL])]
        labels = {feature.name: feature.label for feature in rows.features}
        for name in dict.fromkeys(slices):
            if name in rows.X.columns:
                codes, levels = cut_levels(rows.X[name])
                self._codes.append(codes)
                self._groups.append((name, labels.get(name, name.replace("_", " ")), levels))
        self._sum_abs = [np.zeros((len(levels), len(families.names))) for _, _, levels in self._groups]
        self._sum = [np.zeros((len(levels), len(families.names))) for _, _, levels in self._groups]

    def add(self, block: slice, contributions: np.ndarray) -> None:
        """Add the contributions, shape (rows, p or more), of a block of rows."""
        totals = self._families.totals(contributions)
        absolute = np.abs(totals)
        for codes, sum_abs, sums in zip(self._codes, self._sum_abs, self._sum, strict=True):
            one_hot = (codes[block][:, None] == np.arange(len(sums))).astype(np.float64)
            sum_abs += one_hot.T @ absolute
            sums += one_hot.T @ totals

    def table(self) -> pd.DataFrame:
        """Return importance by group, strongest family first.

        Returns
        -------
        DataFrame
            column, column_label, level, n, family, label, mean_abs (mean absolute contribution of the family in log-odds), share (of the
            group's sum over shown families, 0 to 1), mean (signed); the first group is "(all)".
        """
        parts: list[pd.DataFrame] = []
        for (column, column_label, levels), codes, sum_abs, sums in zip(self._groups, self._codes, self._sum_abs, self._sum, strict=True):
            counts = np.bincount(codes[codes >= 0], minlength=len(levels))
            for position, level in enumerate(levels):
                n = int(counts[position])
                if n < MIN_ROWS and column != ALL:
                    continue
                mean_abs, mean = sum_abs[position] / max(n, 1), sums[position] / max(n, 1)
                share = mean_abs / mean_abs.sum() if mean_abs.sum() > 0 else np.zeros(len(mean_abs))
                part = pd.DataFrame(
                    {"family": self._families.names, "label": self._families.labels, "mean_abs": mean_abs, "share": share, "mean": mean}
                )
                part = part.sort_values(["mean_abs", "family"], ascending=[False, True], ignore_index=True)
                parts.append(part.assign(column=column, column_label=column_label, level=level, n=n)[_COLUMNS])
        return pd.concat(parts, ignore_index=True)


def cut_levels(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Cut a column into groups.

    Returns
    -------
    codes : ndarray of int, shape (n,)
        -1 for the levels beyond the twelve most frequent.
    levels : list of str
        Categories by frequency, yes and no for booleans (numbers of 0 and 1), quartiles of other numbers in rising order.
    """
    texts = values.astype(object) if isinstance(values.dtype, pd.CategoricalDtype) else _number_texts(values)
    texts = pd.Series(np.where(pd.isna(texts), NO_VALUE, texts.astype(str)))
    counts = texts.value_counts(sort=False)
    ordered = sorted(((str(level), int(count)) for level, count in counts.items()), key=lambda item: (-item[1], item[0]))
    levels = [level for level, _ in ordered[:MAX_LEVELS]]
    code_of = {level: code for code, level in enumerate(levels)}
    return texts.map(lambda text: code_of.get(str(text), -1)).to_numpy(dtype=int), levels


def _number_texts(values: pd.Series) -> pd.Series:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    present = numbers[~np.isnan(numbers)]
    if set(np.unique(present)) <= {0.0, 1.0}:
        return pd.Series(numbers).map({0.0: "no", 1.0: "yes"}).astype(object)
    edges = np.unique(np.quantile(present, np.linspace(0, 1, N_BINS + 1)))
    bins = np.clip(np.searchsorted(edges, numbers, "right") - 1, 0, max(len(edges) - 2, 0))
    names = [f"{number_text(low)} to {number_text(high)}" for low, high in pairwise(edges)] or [number_text(edges[0])]
    return pd.Series(np.array(names, dtype=object)[bins]).mask(np.isnan(numbers))


__all__ = ["ALL", "SliceSums", "cut_levels"]
