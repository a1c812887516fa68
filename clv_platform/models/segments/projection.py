"""Accounts and their segments on a plane: the two directions in which accounts differ most (principal components of the scaled features).

Here: coordinates and what the axes mean. Keep drawing out (`reports`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv_platform.models.segments.clustering import SegmentModel
from clv_platform.models.segments.naming import Trait

_STRONG = 0.35  # loading from which a feature names an axis


@dataclass(frozen=True)
class Projection:
    """A plane.

    Attributes
    ----------
    points : DataFrame
        x, y, segment (1 = largest): a sample of accounts.
    share : float
        Of all differences between accounts that the plane shows, 0 to 1.
    across, upwards : tuple of str
        What accounts to the right, and further up, are like: traits of the strongest features.
    """

    points: pd.DataFrame
    share: float
    across: tuple[str, ...]
    upwards: tuple[str, ...]


def project_accounts(
    model: SegmentModel, accounts: pd.DataFrame, labels: Mapping[str, Trait], *, n: int = 1200, seed: int = 0
) -> Projection:
    """Lay accounts out on the plane.

    Parameters
    ----------
    accounts : DataFrame
        One row per account with the model's features.
    labels : mapping
        Feature to words, as `build_traits` gives them.
    n : int
        Points at most, drawn at random.
    """
    values, segments = model.scaling.apply(accounts), model.assign(accounts)
    centred = values - values.mean(axis=0)
    _, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    axes = np.zeros((2, centred.shape[1]))
    axes[: min(2, len(directions))] = directions[:2]
    axes *= np.where(axes[np.arange(2), np.abs(axes).argmax(axis=1)] < 0, -1.0, 1.0)[:, None]  # the strongest feature grows along its axis
    rows = np.sort(np.random.default_rng(seed).choice(len(values), min(n, len(values)), replace=False))
    place = centred[rows] @ axes.T
    total = float(np.square(lengths).sum())
    share = float(np.square(lengths[:2]).sum()) / total if total > 0 else 0.0
    points = pd.DataFrame({"x": place[:, 0], "y": place[:, 1], "segment": segments[rows] + 1})
    across, upwards = (_axis_words(axis, model.scaling.features, labels) for axis in axes)
    return Projection(points, share, across, upwards)


def _axis_words(axis: np.ndarray, features: tuple[str, ...], labels: Mapping[str, Trait]) -> tuple[str, ...]:
    order = [i for i in np.argsort(-np.abs(axis), kind="stable")[:3].tolist() if abs(axis[i]) >= _STRONG]
    traits = [labels.get(features[i]) or Trait.of(features[i]) for i in order]
    return tuple(trait.high if axis[i] > 0 else trait.low for i, trait in zip(order, traits, strict=True))
