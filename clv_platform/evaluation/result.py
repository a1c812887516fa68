"""What an evaluation is: figures, tables and the gate's answer, as frozen dataclasses.

Add a field here when a report needs another table; `store` writes it. Keep computing out (see `binary`, `slices`, `gate`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class GateDecision:
    """Whether a model may be used.

    Attributes
    ----------
    is_promoted : bool
        Whether the champion pointer moves to this model.
    verdict : {"promoted", "nothing_learnt", "not_calibrated", "new_weak_group", "champion_kept", "rolled_back"}
        The decision in one word.
    reasons : tuple of str
        Why, in plain words with the figures; the one that decided comes first.
    model_id : str
        The model judged.
    compared_with : str or None
        The model in use before; None when there was none.
    """

    is_promoted: bool
    verdict: str
    reasons: tuple[str, ...]
    model_id: str
    compared_with: str | None = None

    @property
    def in_use(self) -> str | None:
        """The model in use after the decision."""
        return self.model_id if self.is_promoted else self.compared_with

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `gate.json`."""
        return asdict(self) | {"reasons": list(self.reasons), "in_use": self.in_use}


@dataclass(frozen=True)
class BinaryEvaluation:
    """How good a model of a yes/no question is.

    Attributes
    ----------
    metrics : dict
        The content of `metrics.json`: figures with `_lo` and `_hi` (95 %, accounts resampled), n, n_positive, split, model_id, verdict,
        schema_version. A figure that isn't defined is NaN (null in the file).
    lift : DataFrame
        A row per tenth of the list, best first: see `metrics.lift_table`.
    gains : DataFrame
        share, capture, lift, best.
    reliability : DataFrame
        A row per tenth of the probabilities, lowest first: see `metrics.reliability_table`.
    pr_curve : DataFrame
        recall, precision and, with one score per row, threshold and share.
    leaderboard : DataFrame
        model, kind (model, baseline, comparator, champion), pr_auc, pr_auc_lo, pr_auc_hi, lift_at_20, log_loss, brier, and for others than
        the model pr_auc_difference (model less this one), pr_auc_difference_lo, pr_auc_difference_hi and the same for log_loss_difference;
        then the lead of the best, ties, fit_seconds, note: see `leaderboard.build_leaderboard`.
    slices : DataFrame
        See `evaluate_slices`.
    predictions : DataFrame
        account_id, as_of_date, y_true, score, slice columns; with several fold seeds score is their mean and `score_seed_<i>` are they;
        `champion_score` if the model in use was scored on the same rows.
    """

    metrics: dict[str, Any]
    lift: pd.DataFrame
    gains: pd.DataFrame
    reliability: pd.DataFrame
    pr_curve: pd.DataFrame
    leaderboard: pd.DataFrame
    slices: pd.DataFrame
    predictions: pd.DataFrame
