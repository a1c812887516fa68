"""A model of amounts as what the explanations of this room ask for: contributions that add up to a score, here the log of the amount.

Here: `ValueView`, `view_rows`, `explain_value`. What the purchases say (how often, how lately, how much) is one feature more, `purchase
history`. A contribution is a factor: log 2 doubles the expected amount. Keep phrases out (`value_reasons`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clv_platform.contracts.features import Feature
from clv_platform.datasets import SUMMARY_COLUMNS, Examples, ValueRows
from clv_platform.explain.attributions import Explanation, explain_examples

if TYPE_CHECKING:
    from clv_platform.models.value import ValueArtifact

HISTORY = Feature(
    "purchase_history", "number", "fct_purchase_summaries", "purchases", "purchase history",
    "How often, how lately and how much was bought.", "whole history", "purchase days", "orders",
)  # fmt: skip
_HIDDEN = "summary: "  # columns that ride along with the features and are none


@dataclass(frozen=True)
class ValueView:
    """What explanations ask of a model, answered by a model of amounts on rows of `view_rows`."""

    artifact: ValueArtifact

    @property
    def manifest(self) -> Any:
        """Features with the purchase history as the last one, and what messages name."""
        own = self.artifact.manifest
        features = {**dict(own.features), HISTORY.name: "number"}
        return SimpleNamespace(model_id=own.model_id, features=features, versions=own.versions, target_kind="value")

    @property
    def preprocessing(self) -> Any:
        """What is known of categories; nothing where no trees are in the model."""
        return getattr(self.artifact, "preprocessing", None) or SimpleNamespace(columns=())

    def check_features(self, features: Sequence[Feature]) -> None:
        """FeatureMismatch when the rows' features aren't those of the model."""
        self.artifact.check_features(tuple(feature for feature in features if feature.name != HISTORY.name))

    def contributions(self, X: pd.DataFrame, threads: int = 1) -> np.ndarray:
        """Shape (n, p + 2): features, purchase history, constant."""
        del threads
        return self.artifact.contributions(*_parts(X))

    def raw_score(self, X: pd.DataFrame, threads: int = 1) -> np.ndarray:
        """The log of the amount that contributions add up to."""
        del threads
        return self.artifact.log_spend(*_parts(X))


def view_rows(rows: ValueRows) -> Examples:
    """Rows as examples whose features end with the purchase history; what was bought rides along in columns that are no features."""
    hidden = {f"{_HIDDEN}{name}": rows.summary[name].to_numpy(float) for name in SUMMARY_COLUMNS}
    X = rows.X.reset_index(drop=True).assign(**{HISTORY.name: rows.summary["n_purchases"].to_numpy(float)}, **hidden)
    return Examples(X, rows.amount, rows.account_id, rows.as_of_date, (*rows.features, HISTORY))


def summary_of(X: pd.DataFrame) -> pd.DataFrame:
    """The purchases that ride along."""
    return pd.DataFrame({name: X[f"{_HIDDEN}{name}"].to_numpy(float) for name in SUMMARY_COLUMNS})


def _parts(X: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return X.reset_index(drop=True), summary_of(X)


def explain_value(
    artifact: ValueArtifact, rows: ValueRows, *, slices: Sequence[str] = (), private: Collection[str] = (), seed: int = 0
) -> Explanation:
    """Attribute the log of expected amounts to features, see `explain_examples`.

    Parameters
    ----------
    artifact : ValueArtifact
        The model.
    rows : ValueRows
        Rows to explain, best those of the test.
    """
    view: Any = ValueView(artifact)
    return explain_examples(view, view_rows(rows), slices=slices, private=private, seed=seed, max_rows=3_000)
