"""What a model must be able to do to be stored, used and explained as a `ModelArtifact`, whatever its kind.

Here: the interface alone. A new kind of model is a class that fulfils it, in a file of its own, and a line in `artifact.PREDICTORS`; then
store, scores, explanations and reports work with it. Keep kinds themselves out (`boosted_trees`, `regression`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

import numpy as np

from clv_platform.models.preprocessing import Matrix

if TYPE_CHECKING:
    from clv_platform.models.artifact import Manifest


class Predictor(Protocol):
    """From matrix rows to log-odds and their parts; a frozen object that is fitted already."""

    kind: ClassVar[str]  # as the manifest, metrics.json and the leaderboard call it

    def raw_score(self, matrix: Matrix, threads: int) -> np.ndarray:
        """Log-odds before calibration, shape (n,); the same bits whatever the threads and whichever rows come together."""
        ...

    def contributions(self, matrix: Matrix, threads: int) -> np.ndarray:
        """Shapley values in log-odds, shape (n, columns of the matrix + 1), last what the sum starts from; rows add up to `raw_score`."""
        ...

    def refit(self, matrix: Matrix, y: np.ndarray, manifest: Manifest, threads: int) -> Self:
        """Fit the same way on other rows: nothing is searched for again."""
        ...

    def to_files(self) -> dict[str, str]:
        """Everything as texts by file name; no pickle."""
        ...

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Read what `to_files` gave; ValueError, KeyError, TypeError or OSError when something is missing or broken."""
        ...
