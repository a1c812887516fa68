"""Tables and curves of an evaluation as frames; with several fold seeds, their means, so that they agree with the mean figures.

Averaging the scores instead would show an ensemble that is better than the model that was measured. Keep single figures out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.metrics import Table, gains_curve, lift_table, pr_curve, reliability_table, wilson_interval

Floats = NDArray[np.float64]


def mean_lift(y: Floats, scores: Floats) -> pd.DataFrame:
    """`lift_table` of each row of `scores` (n_seeds, n), averaged by bin."""
    return _mean_bins([lift_table(y, row) for row in scores])


def mean_reliability(y: Floats, scores: Floats) -> pd.DataFrame:
    """`reliability_table` of each row of `scores` (n_seeds, n), averaged by bin."""
    return _mean_bins([reliability_table(y, row) for row in scores])


def mean_gains(y: Floats, scores: Floats) -> pd.DataFrame:
    """`gains_curve` of each row of `scores` (n_seeds, n), averaged by share."""
    return _mean([gains_curve(y, row) for row in scores])


def mean_pr_curve(y: Floats, scores: Floats, n_points: int = 200) -> pd.DataFrame:
    """`pr_curve` of the scores; with several seeds precision is averaged at common recalls, and thresholds, which differ, are left out."""
    curves = [pr_curve(y, row, n_points) for row in scores]
    if len(curves) == 1 or not curves[0]["recall"].size:
        return pd.DataFrame(curves[0])
    recall = np.linspace(0.0, 1.0, n_points + 1)[1:]
    names = ("precision", "share")
    means = {name: np.mean([np.interp(recall, curve["recall"], curve[name]) for curve in curves], axis=0) for name in names}
    return pd.DataFrame({"recall": recall} | means)


def _mean_bins(tables: list[Table]) -> pd.DataFrame:
    frame = _mean(tables)
    if len(tables) > 1:
        # Intervals of the mean counts: seeds see the same accounts, so they don't narrow it.
        frame["rate_lo"], frame["rate_hi"] = wilson_interval(frame["n_positive"].to_numpy(), frame["n"].to_numpy())
    return frame.astype({"bin": "int64", "n": "int64"})


def _mean(tables: list[Table]) -> pd.DataFrame:
    return pd.DataFrame({name: np.mean([table[name] for table in tables], axis=0) for name in tables[0]})
