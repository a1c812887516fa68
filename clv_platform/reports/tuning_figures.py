"""The picture of a search for parameters: every trial, and the best one so far against the defaults. Keep sentences out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv_platform.reports.drawing import MODEL, MUTED, OTHER, Format, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def tuning_history(history: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw PR-AUC by trial.

    Parameters
    ----------
    history : DataFrame
        As `models.tuning.TuningResult.history`: trial (0: the defaults), state, pr_auc, is_chosen.
    """
    trials = history[history["trial"] > 0]
    default = float(history.loc[history["trial"] == 0, "pr_auc"].iloc[0])
    whole = trials[trials["state"] == "complete"]
    stopped = trials[trials["state"] == "pruned"]
    chosen = history[history["is_chosen"]]

    def draw(axes: Axes) -> None:
        axes.axhline(default, color=OTHER, linestyle="--", linewidth=1.5, label="the default parameters")
        axes.plot(stopped["trial"], stopped["pr_auc"], linestyle="none", marker="x", color=MUTED, markersize=5, label="stopped early")
        axes.plot(whole["trial"], whole["pr_auc"], linestyle="none", marker="o", color=MODEL, markersize=4.5, label="tried on every part")
        axes.plot(
            chosen["trial"],
            chosen["pr_auc"],
            linestyle="none",
            marker="o",
            markersize=11,
            markerfacecolor="none",
            color=MODEL,
            label="used for this model",
        )
        axes.set_xlabel("trial")
        axes.set_ylabel("PR-AUC within the training data")
        axes.set_xlim(-0.5, float(np.max(history["trial"])) + 0.5)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=9)

    return render(draw, 3.2, picture_format)
