"""What a model goes by, over many rows: importance of features, overall and by group of accounts, and a sample of attributions to draw.

Here: sums over batches, so that memory doesn't grow with the rows (for trees: LightGBM's own TreeSHAP, exact). Keep words about single
accounts out (`reasons`, `worked_example`), and figures' drawing too (`reports`).

References
----------
Lundberg et al. (2020), From local explanations to global understanding with explainable AI for trees, Nature Machine Intelligence 2.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv_platform.datasets import Examples
from clv_platform.explain.batches import BATCH_ROWS, iterate_contributions
from clv_platform.explain.dependence import find_dependence
from clv_platform.explain.families import Families, build_families
from clv_platform.explain.slice_importance import SliceSums
from clv_platform.models import ModelArtifact

PRIVATE = "(private columns)"


@dataclass(frozen=True)
class Explanation:
    """Importance of all features, overall and by slice; attributions and dependence of a sample.

    Attributes
    ----------
    importance : DataFrame
        feature, label, mean_abs (mean absolute contribution in log-odds), share (of the sum, 0 to 1), direction (-1 to 1: correlation of
        the value's rank with its contribution, NaN for categories), strongest first. Private features are one row of their own.
    attributions : DataFrame
        account_id, as_of_date (datetime64), feature, label, value (float, category code order by name; NaN missing), value_rank (0 to 1
        among the sampled rows), contribution (log-odds): one row per sampled example and feature, strongest features only.
    by_slice : DataFrame
        See `slice_importance.SliceSums.table`.
    dependence : DataFrame
        See `dependence.find_dependence`.
    n_rows : int
        Rows that importance was taken over.
    """

    importance: pd.DataFrame
    attributions: pd.DataFrame
    by_slice: pd.DataFrame
    dependence: pd.DataFrame
    n_rows: int


def explain_examples(
    artifact: ModelArtifact,
    examples: Examples,
    *,
    batch_rows: int = BATCH_ROWS,
    max_rows: int | None = 5_000,
    n_sample: int = 2_000,
    n_features: int = 20,
    slices: Sequence[str] = (),
    private: Collection[str] = (),
    seed: int = 0,
    threads: int = 1,
) -> Explanation:
    """Attribute the raw log-odds of rows to features.

    Parameters
    ----------
    artifact : ModelArtifact
        The model; all that is asked of it are `contributions` and `raw_score`.
    examples : Examples
        Rows to explain, best those of the test.
    batch_rows : int
        Rows held as contributions at a time.
    max_rows : int or None
        More rows are represented by a random choice of so many, because 100,000 cost a minute and say nothing else. None: all.
    n_sample, n_features : int
        Size of the sample in `attributions`; directions and dependence come from the same rows.
    slices : sequence of str
        Columns whose groups get an importance of their own.
    private : collection of str
        Features whose names and values must not show.

    Raises
    ------
    ArithmeticError
        When contributions don't add up to the raw score: the model text and LightGBM's version don't belong together.
    """
    artifact.check_features(examples.features)
    rng = np.random.default_rng(seed)
    n = len(examples)
    rows = examples if max_rows is None or n <= max_rows else examples.take(np.sort(rng.choice(n, max_rows, replace=False)))
    n = len(rows)
    names = list(artifact.manifest.features)
    families = build_families(rows.features, names, private)
    picked = np.arange(n) if n <= n_sample else np.sort(rng.choice(n, n_sample, replace=False))
    values = np.zeros((len(picked), len(names)), dtype=np.float32)
    sum_abs, sum_private = np.zeros(len(names)), 0.0
    by_slice = SliceSums(rows, [name for name in slices if name not in set(private)], families)
    for block, contributions, _ in iterate_contributions(artifact, rows.X, batch_rows=batch_rows, threads=threads):
        part = contributions[:, :-1]
        sum_abs += np.abs(part).sum(axis=0)
        sum_private += float(np.abs(part[:, families.hidden].sum(axis=1)).sum())
        by_slice.add(block, part)
        first, last = np.searchsorted(picked, (block.start, block.stop))
        values[first:last] = part[picked[first:last] - block.start]
    sample = rows.take(picked)
    importance = _importance(artifact, sample, values, sum_abs / max(n, 1), families, sum_private / max(n, 1))
    label = {feature.name: feature.label for feature in rows.features}
    strongest = [name for name in importance["feature"] if name != PRIVATE]
    attributions = _long_table(sample, values, names, strongest[:n_features], label)
    dependence = find_dependence(sample, values, names, strongest, families)
    return Explanation(importance, attributions, by_slice.table(), dependence, n)


def _importance(
    artifact: ModelArtifact, sample: Examples, values: np.ndarray, mean_abs: np.ndarray, families: Families, private: float
) -> pd.DataFrame:
    names = list(artifact.manifest.features)
    label = {feature.name: feature.label for feature in sample.features}
    shown = [names[column] for column in families.columns]
    is_category = [artifact.manifest.features[name] == "category" for name in shown]
    directions = [
        np.nan if category else _correlation(sample.X[name], values[:, column])
        for name, column, category in zip(shown, families.columns, is_category, strict=True)
    ]
    table = pd.DataFrame(
        {"feature": shown, "label": [label[name] for name in shown], "mean_abs": mean_abs[families.columns], "direction": directions}
    )
    if len(families.hidden):
        row = {"feature": PRIVATE, "label": "columns not shown (private)", "mean_abs": private, "direction": np.nan}
        table = pd.concat([table, pd.DataFrame([row])], ignore_index=True)
    total = table["mean_abs"].sum()
    table["share"] = table["mean_abs"] / total if total > 0 else 0.0
    table = table.sort_values(["mean_abs", "feature"], ascending=[False, True], ignore_index=True)
    return table[["feature", "label", "mean_abs", "share", "direction"]]


def _long_table(sample: Examples, values: np.ndarray, names: list[str], strongest: list[str], label: dict[str, str]) -> pd.DataFrame:
    column = {name: position for position, name in enumerate(names)}
    blocks = [
        pd.DataFrame(
            {
                "account_id": sample.account_id,
                "as_of_date": sample.as_of_date.astype("datetime64[s]"),
                "feature": name,
                "label": label[name],
                "value": _as_numbers(sample.X[name]),
                "value_rank": _ranks(sample.X[name]),
                "contribution": values[:, column[name]].astype(np.float64),
            }
        )
        for name in strongest
    ]
    return pd.concat(blocks, ignore_index=True) if blocks else pd.DataFrame()


def _as_numbers(values: pd.Series) -> np.ndarray:
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return values.to_numpy(dtype=np.float64)
    codes = values.cat.codes.to_numpy().astype(np.float64)
    return np.where(codes < 0, np.nan, codes)


def _ranks(values: pd.Series) -> np.ndarray:
    """Place among the values, 0 to 1, equal values alike, NaN for gaps."""
    ranks = pd.Series(_as_numbers(values)).rank(method="average").to_numpy()
    n = np.count_nonzero(~np.isnan(ranks))
    return (ranks - 0.5) / n if n else ranks


def _correlation(values: pd.Series, contribution: np.ndarray) -> float:
    ranks = _ranks(values)
    there = ~np.isnan(ranks)
    x, y = ranks[there], contribution[there].astype(np.float64)
    if len(x) < 2 or x.std() == 0 or y.std() == 0:
        return float("nan")
    return float(np.mean((x - x.mean()) * (y - y.mean())) / (x.std() * y.std()))
