"""What a model goes by, over many rows: importance of features and a sample of attributions to draw.

Here: TreeSHAP by LightGBM itself (exact, no sampling), batched. Keep words about single accounts out (`reasons`) and figures' drawing too
(`reports`).

References
----------
Lundberg et al. (2020), From local explanations to global understanding with explainable AI for trees, Nature Machine Intelligence 2.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv_platform.datasets import Examples
from clv_platform.models import ModelArtifact

PRIVATE = "(private columns)"
TOLERANCE = 1e-6  # log-odds


@dataclass(frozen=True)
class Explanation:
    """Importance of all features, attributions of a sample.

    Attributes
    ----------
    importance : DataFrame
        feature, label, mean_abs (mean absolute contribution in log-odds), share (of the sum, 0 to 1), direction (-1 to 1: correlation of
        the value's rank with its contribution, NaN for categories), strongest first. Private features are one row of their own.
    attributions : DataFrame
        account_id, as_of_date (datetime64), feature, label, value (float, category code order by name; NaN missing), value_rank (0 to 1
        among the sampled rows), contribution (log-odds): one row per sampled example and feature, strongest features only.
    n_rows : int
        Rows that importance was taken over.
    """

    importance: pd.DataFrame
    attributions: pd.DataFrame
    n_rows: int


def explain_examples(
    artifact: ModelArtifact,
    examples: Examples,
    *,
    batch_rows: int = 2_500,
    max_rows: int = 5_000,
    n_sample: int = 2_000,
    n_features: int = 20,
    private: Collection[str] = (),
    seed: int = 0,
    threads: int = 1,
) -> Explanation:
    """Attribute the raw log-odds of rows to features.

    Parameters
    ----------
    artifact : ModelArtifact
        The model.
    examples : Examples
        Rows to explain, best those of the test.
    batch_rows : int
        Rows held as contributions at a time.
    max_rows : int
        More rows are represented by a random choice of so many.
    n_sample, n_features : int
        Size of the sample in `attributions`.
    private : collection of str
        Features whose names and values must not show.

    Raises
    ------
    ArithmeticError
        When contributions don't add up to the raw score: the model text and LightGBM's version don't belong together.
    """
    artifact.check_features(examples.features)
    rng = np.random.default_rng(seed)
    rows = examples if len(examples.y) <= max_rows else examples.take(np.sort(rng.choice(len(examples.y), max_rows, replace=False)))
    names = list(artifact.manifest.features)
    parts: list[np.ndarray] = []
    for start in range(0, len(rows.y), batch_rows):
        X = rows.X.iloc[start : start + batch_rows]
        part = artifact.contributions(X, threads)
        _check_sums(artifact, X, part, threads)
        parts.append(part[:, :-1].astype(np.float32))
    values = np.vstack(parts) if parts else np.zeros((0, len(names)), dtype=np.float32)
    mean_abs = np.abs(values).mean(axis=0, dtype=np.float64) if len(values) else np.zeros(len(names))
    ranks = {name: _ranks(rows.X[name]) for name in names}
    label = {feature.name: feature.label for feature in rows.features}
    table = pd.DataFrame(
        {
            "feature": names,
            "label": [label[name] for name in names],
            "mean_abs": mean_abs,
            "direction": [
                np.nan if artifact.manifest.features[name] == "category" else _correlation(ranks[name], values[:, column])
                for column, name in enumerate(names)
            ],
        }
    )
    hidden = table["feature"].isin(set(private))
    if hidden.any():
        together = np.abs(values[:, hidden.to_numpy()].sum(axis=1, dtype=np.float64))
        row = {
            "feature": PRIVATE,
            "label": "columns not shown (private)",
            "mean_abs": float(together.mean()) if len(together) else 0.0,
            "direction": np.nan,
        }
        table = pd.concat([table[~hidden], pd.DataFrame([row])], ignore_index=True)
    total = table["mean_abs"].sum()
    table["share"] = table["mean_abs"] / total if total > 0 else 0.0
    table = table.sort_values(["mean_abs", "feature"], ascending=[False, True], ignore_index=True)
    strongest = [name for name in table["feature"] if name != PRIVATE][:n_features]
    picked = np.arange(len(values)) if len(values) <= n_sample else np.sort(rng.choice(len(values), n_sample, replace=False))
    attributions = _long_table(rows.take(picked), values[picked], names, strongest, label)
    return Explanation(table[["feature", "label", "mean_abs", "share", "direction"]], attributions, len(values))


def _check_sums(artifact: ModelArtifact, X: pd.DataFrame, part: np.ndarray, threads: int) -> None:
    gap = float(np.abs(part.sum(axis=1) - artifact.raw_score(X, threads)).max()) if len(part) else 0.0
    if gap > TOLERANCE:
        raise ArithmeticError(
            f"model {artifact.manifest.model_id}: contributions miss the raw score by {gap:.2g} log-odds, expected at most {TOLERANCE:g}. "
            f"It was written by LightGBM {artifact.manifest.versions.get('lightgbm', '?')}: train again with the present version."
        )


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


def _correlation(ranks: np.ndarray, contribution: np.ndarray) -> float:
    there = ~np.isnan(ranks)
    x, y = ranks[there], contribution[there].astype(np.float64)
    if len(x) < 2 or x.std() == 0 or y.std() == 0:
        return float("nan")
    return float(np.mean((x - x.mean()) * (y - y.mean())) / (x.std() * y.std()))
