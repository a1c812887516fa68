"""How accounts are made comparable: skewed amounts by their logarithm, everything in standard deviations, gaps at the median.

Here: `Scaling`, learnt once and kept, so that later months are measured by the same stick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_SKEWED = 2.0  # skewness from which the logarithm is taken
_OUTER = 4.0  # standard deviations at which values are held, so that one giant isn't a segment of its own


@dataclass(frozen=True)
class Scaling:
    """Per feature: whether its logarithm is taken, the median for gaps, centre and width."""

    features: tuple[str, ...]
    is_log: tuple[bool, ...]
    gap: tuple[float, ...]
    centre: tuple[float, ...]
    width: tuple[float, ...]

    def apply(self, frame: pd.DataFrame) -> Floats:
        """Return values of shape (n, p).

        Raises
        ------
        ValueError
            When a feature is missing from the frame.
        """
        if absent := [name for name in self.features if name not in frame.columns]:
            raise ValueError(f"segments: expected the feature {absent[0]!r}, found {', '.join(map(str, frame.columns[:8]))}, ... Fit anew.")
        values = frame[list(self.features)].to_numpy(dtype=np.float64, na_value=np.nan)
        values = np.where(np.isnan(values), np.array(self.gap), values)
        values = np.where(np.array(self.is_log), _signed_log(values), values)
        return np.clip((values - np.array(self.centre)) / np.array(self.width), -_OUTER, _OUTER)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: list(getattr(self, name)) for name in ("features", "is_log", "gap", "centre", "width")}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Scaling:
        """Read what `to_json` gave."""
        return cls(*(tuple(content[name]) for name in ("features", "is_log", "gap", "centre", "width")))


def fit_scaling(frame: pd.DataFrame, features: Sequence[str]) -> Scaling:
    """Learn the scaling of numeric features; constant and empty ones are left out.

    Raises
    ------
    ValueError
        When no feature differs between accounts.
    """
    kept: list[tuple[str, bool, float, float, float]] = []
    for name in features:
        values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        there = values[np.isfinite(values)]
        if there.size < 2 or np.ptp(there) == 0:
            continue
        gap = float(np.median(there))
        filled = np.where(np.isfinite(values), values, gap)
        is_log = bool(_skewness(there) > _SKEWED)
        measured = _signed_log(filled) if is_log else filled
        width = float(measured.std())
        if width > 0:
            kept.append((name, is_log, gap, float(measured.mean()), width))
    if not kept:
        raise ValueError(f"segments: expected a feature that differs between accounts, found none among {', '.join(features) or 'none'}.")
    return Scaling(*(tuple(column) for column in zip(*kept, strict=True)))


def _skewness(values: Floats) -> float:
    z = (values - values.mean()) / values.std()
    return float(np.mean(z**3))


def _signed_log(values: Floats) -> Floats:
    return np.sign(values) * np.log1p(np.abs(values))
