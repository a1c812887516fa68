"""A trained model as files: the predictor's own text, preprocessing and calibrator as JSON, and a manifest. No pickle.

Here: `ModelArtifact` and its check of features; the same for every kind of model. Add a kind as a class that fulfils `predictor.Predictor`
and a line in `PREDICTORS`; keep the choice of which model is used out (`store`) and training out (`training`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from clv_platform.contracts.features import Feature
from clv_platform.models.boosted_trees import BoostedTrees
from clv_platform.models.calibration import Calibrator
from clv_platform.models.identity import to_text
from clv_platform.models.predictor import Predictor
from clv_platform.models.preprocessing import Preprocessing
from clv_platform.models.regression import Regression
from clv_platform.models.sampling import Arm

PREDICTORS: dict[str, type[Predictor]] = {BoostedTrees.kind: BoostedTrees, Regression.kind: Regression}
BATCH_ROWS = 20_000


class FeatureMismatch(ValueError):
    """The rows to score don't have the features that the model was trained on; the message names them and the remedy."""


@dataclass(frozen=True)
class Manifest:
    """What a model is and where it came from.

    Attributes
    ----------
    model_id : str
        `<cutoff>-<8 hex digits>`, `undated-...` without dates; see `identity.name_model`.
    kind : str
        What it is and how it is stored: `lightgbm` or `logistic_regression`.
    features : dict
        Name -> type of every feature given at training, in order.
    dropped : dict
        Name -> reason of features that the training rows could say nothing with.
    arm : str
        How the rare class was treated.
    rounds : int
        Trees per booster; 0 without trees.
    folds : str
        How the training data were cut to choose arm, rounds and calibration.
    params, versions, metrics : dict
        Parameters of the fit, library versions, figures within the training data (`oof_...`).
    train_from, train_to : str or None
        First and last as-of date of the training rows.
    tuning : dict
        The search for parameters: budget, trials run, pruned and better than the defaults, the chosen trial (0: the defaults), and why the
        search ended.
    """

    model_id: str
    kind: str
    target: str
    target_kind: str
    horizon_days: int
    cutoff: str
    config_hash: str
    data_hash: str
    seed: int
    arm: Arm
    rounds: int
    folds: str
    features: dict[str, str]
    dropped: dict[str, str]
    params: dict[str, Any]
    versions: dict[str, str]
    metrics: dict[str, float]
    n_rows: int
    n_positive: int
    n_accounts: int
    train_from: str | None
    train_to: str | None
    tuning: dict[str, Any] = field(default_factory=dict)
    schema_version: int = 1


@dataclass(frozen=True)
class ModelArtifact:
    """A trained model that scores rows; what a champion is."""

    manifest: Manifest
    preprocessing: Preprocessing
    calibrator: Calibrator
    predictor: Predictor

    def raw_score(self, X: pd.DataFrame, threads: int = 1) -> np.ndarray:
        """Log-odds before calibration, shape (n,): rank by it, don't multiply it by money.

        Raises
        ------
        FeatureMismatch
            When a feature is absent or a category where a number was, or the reverse.
        """
        return self._sum(X, threads, contributions=False)

    def score(self, X: pd.DataFrame, threads: int = 1) -> np.ndarray:
        """Calibrated chance of the event, 0 to 1, shape (n,)."""
        return self.calibrator.apply(self.raw_score(X, threads))

    def contributions(self, X: pd.DataFrame, threads: int = 1) -> np.ndarray:
        """Shapley values in raw log-odds: exact ones of the trees (TreeSHAP), or of the weighted sum.

        Returns
        -------
        ndarray of shape (n, p + 1)
            One column per feature in the manifest's order (a missing flag counts for its feature, dropped features are 0), last what the
            sum starts from: the expected value. Rows add up to `raw_score`.
        """
        return self._sum(X, threads, contributions=True)

    def _sum(self, X: pd.DataFrame, threads: int, *, contributions: bool) -> np.ndarray:
        self._check_frame(X)
        position = {name: column for column, name in enumerate(self.manifest.features)}
        shape = (len(X), len(position) + 1) if contributions else (len(X),)
        total = np.zeros(shape)
        for start in range(0, len(X), BATCH_ROWS):
            matrix = self.preprocessing.transform(X.iloc[start : start + BATCH_ROWS])
            part = total[start : start + BATCH_ROWS]
            if not contributions:
                part += self.predictor.raw_score(matrix, threads)
                continue
            values = self.predictor.contributions(matrix, threads)
            for column, source in enumerate(matrix.sources):
                part[:, position[source]] += values[:, column]
            part[:, -1] += values[:, -1]
        return total

    def _check_frame(self, X: pd.DataFrame) -> None:
        compare_features(self.manifest, frame_types(self.manifest.features), frame_types(X))

    def check_features(self, features: Sequence[Feature]) -> None:
        """Check names and types against a feature catalogue; features that the model doesn't know are no obstacle.

        Raises
        ------
        FeatureMismatch
            Naming every feature that is absent or has another type, and the remedy.
        """
        compare_features(self.manifest, self.manifest.features, {feature.name: feature.type for feature in features})

    def fitted_files(self) -> dict[str, str]:
        """Texts of everything that was fitted, by file name: all of the folder but the manifest."""
        tables = {"preprocessing.json": self.preprocessing.to_json(), "calibrator.json": self.calibrator.to_json()}
        return {**self.predictor.to_files(), **{name: to_text(content) for name, content in tables.items()}}

    def to_folder(self, folder: Path) -> None:
        """Write into an existing empty folder; `store.save_artifact` makes that atomic."""
        for name, text in {**self.fitted_files(), "manifest.json": to_text(asdict(self.manifest))}.items():
            (folder / name).write_text(text, encoding="utf-8")

    @classmethod
    def from_folder(cls, folder: Path) -> ModelArtifact:
        """Read what `to_folder` wrote.

        Raises
        ------
        ValueError
            When a file is missing or broken, or the kind is unknown; names the folder and the remedy.
        """
        try:
            content = {
                name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
                for name in ("manifest", "preprocessing", "calibrator")
            }
            manifest = Manifest(**content["manifest"])
            if manifest.kind not in PREDICTORS:
                raise ValueError(f"kind {manifest.kind!r}, expected one of {', '.join(PREDICTORS)}")
            return cls(
                manifest,
                Preprocessing.from_json(content["preprocessing"]),
                Calibrator.from_json(content["calibrator"]),
                PREDICTORS[manifest.kind].from_folder(folder),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{folder}: not a readable model ({error}). Remove the folder and train again.") from error


def frame_types(columns: pd.DataFrame | Mapping[str, str]) -> dict[str, str]:
    """Each column as `category` or `number`: what a frame holds, or what a manifest's types want of one."""
    if not isinstance(columns, pd.DataFrame):
        return {name: "category" if type_ == "category" else "number" for name, type_ in columns.items()}
    return {
        str(name): "category" if isinstance(dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(dtype) else "number"
        for name, dtype in columns.dtypes.items()
    }


class _Described(Protocol):
    @property
    def model_id(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def config_hash(self) -> str: ...


def compare_features(manifest: _Described, expected: Mapping[str, str], found: Mapping[str, str]) -> None:
    """Check names and types of what a model was trained on against what is there; FeatureMismatch names each difference."""
    absent = [name for name in expected if name not in found]
    changed = [
        f"{name} (expected {expected[name]}, found {found[name]})" for name in expected if name in found and found[name] != expected[name]
    ]
    if not absent and not changed:
        return
    parts = []
    if absent:
        parts.append(f"absent: {', '.join(absent)}")
    if changed:
        parts.append(f"of another type: {', '.join(changed)}")
    raise FeatureMismatch(
        f"model {manifest.model_id} of target {manifest.target!r} was trained on {len(expected)} features; the rows to score don't match: "
        f"{'; '.join(parts)}. Train again with the present config, or bring back the config with hash {manifest.config_hash}."
    )
