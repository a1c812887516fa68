"""Boosted trees as a stored model: LightGBM's own text, scores and TreeSHAP.

Here: the kind `lightgbm` of `predictor.Predictor`. Keep fitting itself out (`boosting`), and choosing arms and parameters (`training`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from clv_platform.models.arms import fit_bags
from clv_platform.models.boosting import BoosterFit, BoosterSettings, model_text
from clv_platform.models.preprocessing import Matrix

if TYPE_CHECKING:
    import lightgbm as lgb

    from clv_platform.models.artifact import Manifest


@dataclass(frozen=True)
class BoostedTrees:
    """Boosters of different seeds whose log-odds are averaged.

    Attributes
    ----------
    texts : tuple of str
        LightGBM's text of each booster.
    boosters : tuple of Booster
        Read from these.
    """

    kind: ClassVar[str] = "lightgbm"
    texts: tuple[str, ...]
    boosters: tuple[lgb.Booster, ...]

    @classmethod
    def from_texts(cls, texts: Sequence[str]) -> BoostedTrees:
        """Build from LightGBM's text: fresh from training and read from disk are the same object, so scores agree to the last bit."""
        import lightgbm as lgb

        return cls(tuple(texts), tuple(lgb.Booster(model_str=text) for text in texts))

    @classmethod
    def from_fits(cls, fits: Sequence[BoosterFit]) -> BoostedTrees:
        """Build from fits whose rounds all count."""
        return cls.from_texts([model_text(fit.booster) for fit in fits])

    def raw_score(self, matrix: Matrix, threads: int) -> np.ndarray:
        """Mean log-odds of the boosters, shape (n,)."""
        total = np.zeros(len(matrix.values))
        for booster in self.boosters:
            total += np.asarray(booster.predict(matrix.values, raw_score=True, num_threads=threads))
        return total / len(self.boosters)

    def contributions(self, matrix: Matrix, threads: int) -> np.ndarray:
        """Exact Shapley values of the trees (TreeSHAP) per matrix column, last the expected value."""
        total = np.zeros((len(matrix.values), matrix.values.shape[1] + 1))
        for booster in self.boosters:
            total += np.asarray(booster.predict(matrix.values, pred_contrib=True, num_threads=threads))
        return total / len(self.boosters)

    def refit(self, matrix: Matrix, y: np.ndarray, manifest: Manifest, threads: int) -> BoostedTrees:
        """Fit arm, parameters and rounds of the manifest on other rows."""
        settings = BoosterSettings.from_json(manifest.params)
        return BoostedTrees.from_fits(
            fit_bags(matrix, y, manifest.arm, settings, seed=manifest.seed, rounds=manifest.rounds, threads=threads)
        )

    def to_files(self) -> dict[str, str]:
        """`model_<i>.txt` per booster."""
        return {f"model_{position}.txt": text for position, text in enumerate(self.texts)}

    @classmethod
    def from_folder(cls, folder: Path) -> BoostedTrees:
        """Read `model_<i>.txt`."""
        files = sorted(folder.glob("model_*.txt"), key=lambda file: int(file.stem.removeprefix("model_")))
        if not files:
            raise ValueError("no model_*.txt")
        return cls.from_texts([file.read_text(encoding="utf-8") for file in files])
