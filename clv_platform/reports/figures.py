"""Pictures of an evaluation: frames in, SVG or PNG bytes out; the same bytes at every run.

Add a figure as a function that draws on one `Axes`. Numbers come ready-made; keep metrics out. Style and rendering are in `drawing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv_platform.metrics import wilson_interval
from clv_platform.reports.drawing import BAND, INK, MODEL, MUTED, OTHER, Format, around, count_axis, month_axis, percent_axes, render, wrap
from clv_platform.reports.words import large_enough, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def pr_curve(curve: pd.DataFrame, base_rate: float, *, picture_format: Format = "svg") -> bytes:
    """Draw precision over recall beside the line of a random list.

    Parameters
    ----------
    curve : DataFrame
        recall, precision (shares of 1).
    base_rate : float
        Share of positives.
    """

    def draw(axes: Axes) -> None:
        ordered = curve.sort_values("recall", kind="stable")
        axes.step(ordered["recall"], ordered["precision"], where="post", color=MODEL, linewidth=2, label="this model")
        axes.axhline(base_rate, color=OTHER, linewidth=1.6, linestyle="--", label="random order")
        shown = ordered.loc[ordered["recall"] >= 0.02, "precision"]  # the first few accounts make the curve jump to 0 or 1
        top = max(float(shown.max()) if len(shown) else 1.0, base_rate) * 1.15
        axes.set(xlim=(0, 1), ylim=(0, min(1.02, top)), xlabel="share of all positives found", ylabel="named accounts that are right")
        percent_axes(axes, x=True, y=True)
        axes.legend(loc="upper right")

    return render(draw, 3.3, picture_format)


def gains_curve(gains: pd.DataFrame, *, mark: float = 0.2, picture_format: Format = "svg") -> bytes:
    """Draw the share of positives found over the share of the list that was called.

    Parameters
    ----------
    gains : DataFrame
        share (of the list), capture (of the positives).
    mark : float
        The depth that is pointed out.
    """

    def draw(axes: Axes) -> None:
        x = np.concatenate([[0.0], gains["share"].to_numpy(float)])
        y = np.concatenate([[0.0], gains["capture"].to_numpy(float)])
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
        axes.plot(x, y, color=MODEL, linewidth=2, label="this model")
        axes.plot([0, 1], [0, 1], color=OTHER, linewidth=1.6, linestyle="--", label="random order")
        at_mark = float(np.interp(mark, x, y))
        axes.plot([mark, mark, 0], [0, at_mark, at_mark], color=MUTED, linewidth=1, linestyle=":")
        axes.plot([mark], [at_mark], marker="o", color=MODEL)
        axes.annotate(percent(at_mark, 0), (mark, at_mark), xytext=(8, -12), textcoords="offset points")
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="share of the list called, best first", ylabel="share of all positives found")
        percent_axes(axes, x=True, y=True)
        axes.legend(loc="lower right")

    return render(draw, 3.3, picture_format)


def lift_bars(lift: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw the lift of each tenth of the list.

    Parameters
    ----------
    lift : DataFrame
        bin (1 = best), n, n_positive, rate_lo, rate_hi, lift.
    """

    def draw(axes: Axes) -> None:
        x, y = lift["bin"].to_numpy(int), lift["lift"].to_numpy(float)
        axes.bar(x, y, color=MODEL, width=0.72)
        with np.errstate(divide="ignore", invalid="ignore"):
            base_rate = lift["n_positive"].sum() / lift["n"].sum()
            low, high = lift["rate_lo"].to_numpy(float) / base_rate, lift["rate_hi"].to_numpy(float) / base_rate
        axes.errorbar(x, y, yerr=around(y, low, high), fmt="none", ecolor=INK, elinewidth=1, capsize=2.5)
        axes.axhline(1, color=OTHER, linewidth=1.6, linestyle="--")
        place = {"xycoords": ("axes fraction", "data"), "xytext": (0, 5), "textcoords": "offset points"}
        axes.annotate("random order = 1", (0.99, 1), ha="right", **place)
        axes.set(xlabel="tenth of the list, best first", ylabel="times as many as at random")
        axes.set_xticks(x)
        axes.grid(visible=False, axis="x")

    return render(draw, 3.0, picture_format)


def reliability_picture(reliability: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw what happened over what was predicted, per group of accounts of similar score.

    Parameters
    ----------
    reliability : DataFrame
        mean_score, rate, rate_lo, rate_hi.
    """

    def draw(axes: Axes) -> None:
        x, y = reliability["mean_score"].to_numpy(float), reliability["rate"].to_numpy(float)
        low, high = reliability["rate_lo"].to_numpy(float), reliability["rate_hi"].to_numpy(float)
        axes.errorbar(x, y, yerr=around(y, low, high), fmt="none", ecolor=MODEL, elinewidth=1.2, capsize=2.5)
        axes.plot(x, y, marker="o", markersize=5, linewidth=0, color=MODEL, label="groups of accounts")
        limit = float(np.nanmax([*x, *high, 0.01])) * 1.08
        axes.plot([0, limit], [0, limit], color=OTHER, linewidth=1.6, linestyle="--", label="predicted = happened")
        axes.set(xlim=(0, limit), ylim=(0, limit), xlabel="predicted probability", ylabel="share that really did")
        percent_axes(axes, x=True, y=True)
        axes.legend(loc="upper left")

    return render(draw, 3.3, picture_format)


def importance_bars(importance: pd.DataFrame, *, n: int = 12, picture_format: Format = "svg") -> bytes:
    """Draw the features that move the score most.

    Parameters
    ----------
    importance : DataFrame
        label, share (of all influence, 0 to 1).
    n : int
        How many to draw.
    """
    shown = importance.sort_values("share", ascending=False, kind="stable").head(n).iloc[::-1]

    def draw(axes: Axes) -> None:
        y = np.arange(len(shown))
        axes.barh(y, shown["share"].to_numpy(float), color=MODEL, height=0.7)
        axes.set_yticks(y, [wrap(str(label)) for label in shown["label"]], fontsize=9)
        axes.set(xlabel="share of all influence on the score")
        axes.grid(visible=False, axis="y")
        percent_axes(axes, x=True, y=False)

    return render(draw, 0.8 + 0.36 * max(len(shown), 1), picture_format)


def base_rate_over_time(base_rates: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw the share of positives per as-of date with its 95 % Wilson interval; dates with very few accounts would stretch the scale.

    Parameters
    ----------
    base_rates : DataFrame
        as_of_date, n, n_positive.
    """

    def draw(axes: Axes) -> None:
        known = large_enough(base_rates).sort_values("as_of_date")
        x = pd.to_datetime(known["as_of_date"]).to_numpy()
        low, high = wilson_interval(known["n_positive"].to_numpy(float), known["n"].to_numpy(float))
        axes.fill_between(x, low, high, color=BAND, linewidth=0)
        axes.plot(x, known["n_positive"].to_numpy(float) / known["n"].to_numpy(float), color=MODEL, linewidth=2, marker="o", markersize=3.5)
        axes.set(ylabel="share of positives")
        axes.set_ylim(bottom=0)
        percent_axes(axes, x=False, y=True)
        month_axis(axes)

    return render(draw, 2.7, picture_format)


def activity_over_time(activity: pd.DataFrame, label: str, *, picture_format: Format = "svg") -> bytes:
    """Draw rows per month of one raw table.

    Parameters
    ----------
    activity : DataFrame
        month (first day), n_rows.
    label : str
        What a row is, for the axis.
    """

    def draw(axes: Axes) -> None:
        axes.bar(
            pd.to_datetime(activity["month"]).to_numpy(), activity["n_rows"].to_numpy(float), width=np.timedelta64(24, "D"), color=MODEL
        )
        axes.set(ylabel=label)
        count_axis(axes.yaxis)
        axes.grid(visible=False, axis="x")
        month_axis(axes)

    return render(draw, 2.3, picture_format)
