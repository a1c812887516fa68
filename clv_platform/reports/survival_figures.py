"""Pictures of the history of departures: curves of those still here, departures by period of life, signals before, hazard ratios.

Add a picture as a function of one table. Style and rendering come from `drawing`; keep numbers out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv_platform.reports.drawing import BAND, INK, MODEL, OTHER, Format, around, percent_axes, render, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, told apart in dashes too.
_LINES = ((MODEL, "-"), (OTHER, "--"), ("#009e73", "-."), ("#b3589a", ":"), ("#8a6d00", (0, (5, 1, 1, 1, 1, 1))), ("#4d8fc4", (0, (1, 1))))

_MAX_STEPS = 120


def survival_curves(curves: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw the share still here over months of life, one line per level with its pointwise 95 % band.

    Parameters
    ----------
    curves : DataFrame
        level, time (months), survival, lo, hi of one grouping.
    """

    def draw(axes: Axes) -> None:
        levels = list(dict.fromkeys(curves["level"]))
        for (colour, dashes), level in zip(_LINES, levels, strict=False):
            one = _thinned(curves[curves["level"] == level])
            x = one["time"].to_numpy(float)
            axes.fill_between(
                x, one["lo"].to_numpy(float), one["hi"].to_numpy(float), step="post", color=BAND if len(levels) == 1 else colour,
                alpha=None if len(levels) == 1 else 0.13, linewidth=0,
            )  # fmt: skip
            axes.step(x, one["survival"].to_numpy(float), where="post", color=colour, linestyle=dashes, linewidth=1.8, label=level)
        axes.set(xlabel="months since the start", ylabel="share still here")
        axes.set_xlim(left=0)
        axes.set_ylim(0, 1.02)
        percent_axes(axes, x=False, y=True)
        if len(levels) > 1:
            axes.legend(loc="lower left", ncols=2 if len(levels) > 3 else 1)

    return render(draw, 3.3, picture_format)


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """Leave out steps that are finer than the picture shows; first and last stay."""
    if len(curve) <= _MAX_STEPS:
        return curve
    time = curve["time"].to_numpy(float)
    wanted = np.searchsorted(time, np.linspace(time[0], time[-1], _MAX_STEPS), side="right") - 1
    return curve.iloc[np.unique(wanted)]


def departures_by_life(life: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw the departures per month in each period of life.

    Parameters
    ----------
    life : DataFrame
        from_month, to_month (NaN: open), rate, lo, hi.
    """

    def draw(axes: Axes) -> None:
        x, y = np.arange(len(life)), life["rate"].to_numpy(float)
        axes.bar(x, y, color=MODEL, width=0.72)
        spread = around(y, life["lo"].to_numpy(float), life["hi"].to_numpy(float))
        axes.errorbar(x, y, yerr=spread, fmt="none", ecolor=INK, elinewidth=1, capsize=2.5)
        axes.set_xticks(x, [period_words(low, high) for low, high in zip(life["from_month"], life["to_month"], strict=True)])
        axes.set(xlabel="months since the start", ylabel="leave per month")
        axes.grid(visible=False, axis="x")
        percent_axes(axes, x=False, y=True)

    return render(draw, 2.7, picture_format)


def period_words(low: float, high: float) -> str:
    """Write a period of life: 3-6, or 60+ when it is open."""
    return f"{low:.0f}+" if pd.isna(high) else f"{low:.0f}–{high:.0f}"


def signals_before(signals: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw how far signals of leavers are from those of stayers, month by month before leaving.

    Parameters
    ----------
    signals : DataFrame
        label, months_before, share_above, lo, hi; at most six labels.
    """

    def draw(axes: Axes) -> None:
        for (colour, dashes), label in zip(_LINES, dict.fromkeys(signals["label"]), strict=False):
            one = signals[signals["label"] == label].sort_values("months_before")
            x = one["months_before"].to_numpy(float)
            axes.fill_between(x, one["lo"].to_numpy(float), one["hi"].to_numpy(float), color=colour, alpha=0.13, linewidth=0)
            axes.plot(x, one["share_above"].to_numpy(float), color=colour, linestyle=dashes, linewidth=1.8, label=wrap(label))
        axes.axhline(0.5, color=INK, linewidth=1)
        axes.set(xlabel="snapshots before leaving", ylabel="leaver above stayer")
        axes.set_xlim(max(signals["months_before"].max(), 1.5), 1)
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, 0.35), max(high, 0.65))
        percent_axes(axes, x=False, y=True)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)

    return render(draw, 4.2, picture_format)


def ratio_forest(hazards: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw hazard ratios with their intervals on a logarithmic scale; right of 1 leaves sooner.

    Parameters
    ----------
    hazards : DataFrame
        words, ratio, lo, hi; drawn from top to bottom.
    """
    shown = hazards.iloc[::-1]

    def draw(axes: Axes) -> None:
        y, x = np.arange(len(shown)), shown["ratio"].to_numpy(float)
        spread = around(x, shown["lo"].to_numpy(float), shown["hi"].to_numpy(float))
        axes.errorbar(x, y, xerr=spread, fmt="o", color=MODEL, ecolor=MODEL, elinewidth=1.4, capsize=2.5, markersize=5)
        axes.axvline(1, color=OTHER, linewidth=1.6, linestyle="--")
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        low, high = min(low, 0.8), max(high, 1.25)
        marks = [m for m in (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20) if low <= m <= high]
        axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
        axes.minorticks_off()
        axes.set_xlim(low, high)
        axes.set_yticks(y, [wrap(str(words)) for words in shown["words"]], fontsize=9)
        axes.set(xlabel="times as often")
        axes.grid(visible=False, axis="y")

    return render(draw, 0.8 + 0.4 * max(len(shown), 1), picture_format)
