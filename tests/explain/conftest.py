"""A model of another kind: what `explain` asks of any of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clv_platform.contracts.features import Feature
from clv_platform.models import Calibrator, ModelArtifact


class _Linear:
    """Log-odds = -2 + weights . (x - 100): contributions are the terms themselves."""

    def __init__(self, artifact: ModelArtifact, features: Sequence[Feature], weights: Sequence[float]) -> None:
        self.manifest = replace(artifact.manifest, kind="logistic", features={feature.name: feature.type for feature in features})
        self.preprocessing = replace(artifact.preprocessing, columns=())
        self.calibrator = Calibrator(0.0, 1.0, 100, 10)
        self._weights = np.array(weights, dtype=float)

    def check_features(self, features: Sequence[Feature]) -> None:
        assert [feature.name for feature in features] == list(self.manifest.features)

    def contributions(self, X: pd.DataFrame, threads: int = 1) -> np.ndarray:
        return np.column_stack([(X.to_numpy(float) - 100) * self._weights, np.full(len(X), -2.0)])

    def raw_score(self, X: pd.DataFrame, threads: int = 1) -> np.ndarray:
        return self.contributions(X).sum(axis=1)


@pytest.fixture
def linear_model(small_artifact: ModelArtifact) -> Callable[[Sequence[Feature], Sequence[float]], Any]:
    """Build a linear model of features with weights."""
    return lambda features, weights: _Linear(small_artifact, features, weights)
