"""Pictures of expected amounts: expected and actual by tenth of the list, months behind and ahead, value beside the chance to leave.

Frames in, SVG or PNG bytes out, drawn as `drawing` does. Keep sentences out (see `value_words`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv_platform.reports.drawing import BAND, INK, MODEL, MUTED, OTHER, Format, around, month_axis, one_two_five, percent_axes, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def decile_bars(deciles: pd.DataFrame, currency: str, *, picture_format: Format = "svg") -> bytes:
    """Draw per tenth of the list what was expected and what came, per account.

    Parameters
    ----------
    deciles : DataFrame
        decile (1 = the highest expectation), n, predicted, actual, actual_lo, actual_hi: sums.
    currency : str
        Unit.
    """

    def draw(axes: Axes) -> None:
        x, n = deciles["decile"].to_numpy(int), deciles["n"].to_numpy(float)
        happened = deciles["actual"].to_numpy(float) / n
        axes.bar(x, happened, color=MODEL, width=0.72, label="what came")
        if {"actual_lo", "actual_hi"} <= set(deciles.columns):
            low, high = (deciles[name].to_numpy(float) / n for name in ("actual_lo", "actual_hi"))
            axes.errorbar(x, happened, yerr=around(happened, low, high), fmt="none", ecolor=INK, elinewidth=1, capsize=2.5)
        axes.plot(x, deciles["predicted"].to_numpy(float) / n, color=OTHER, marker="D", markersize=6, linewidth=0, label="expected")
        axes.set(xlabel="tenth of the list, highest expectation first", ylabel=f"{currency} per account".strip())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_xticks(x)
        axes.grid(visible=False, axis="x")
        axes.legend(loc="upper right")

    return render(draw, 3.2, picture_format)


def held_by_top(curves: pd.DataFrame, simple: str = "past spend", *, picture_format: Format = "svg") -> bytes:
    """Draw the share of the actual amount that the top of a list holds, by depth of the list.

    Parameters
    ----------
    curves : DataFrame
        share (of the list), model, simple (a naive ranking; may be missing), perfect: shares held.
    simple : str
        What the naive ranking goes by.
    """

    def draw(axes: Axes) -> None:
        lines = (
            ("perfect", "perfect knowledge", MUTED, ":"),
            ("model", "this list", MODEL, "-"),
            ("simple", f"ranked by {simple}", OTHER, "--"),
        )
        for column, label, colour, dash in lines:
            if column in curves:
                axes.plot(curves["share"], curves[column], color=colour, linestyle=dash, linewidth=2, label=label)
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1)
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="share of the list, best first", ylabel="share of the amount held")
        percent_axes(axes, x=True, y=True)
        axes.legend(loc="lower right")

    return render(draw, 3.2, picture_format)


def months_ahead(past: pd.DataFrame, ahead: pd.DataFrame, currency: str, *, picture_format: Format = "svg") -> bytes:
    """Draw revenue by month so far, and what is expected.

    Parameters
    ----------
    past : DataFrame
        month (first day), amount.
    ahead : DataFrame
        month, amount, and amount_lo, amount_hi where there is a range.
    """

    def draw(axes: Axes) -> None:
        width = np.timedelta64(24, "D")
        axes.bar(pd.to_datetime(past["month"]).to_numpy(), past["amount"], width=width, color=MODEL, label="so far")
        x = pd.to_datetime(ahead["month"]).to_numpy()
        style = {"facecolor": BAND, "edgecolor": OTHER, "linewidth": 1.2, "linestyle": "--"}
        axes.bar(x, ahead["amount"], width=width, label="expected, accounts of today", **style)
        if {"amount_lo", "amount_hi"} <= set(ahead.columns):
            y = ahead["amount"].to_numpy(float)
            bounds = around(y, ahead["amount_lo"].to_numpy(float), ahead["amount_hi"].to_numpy(float))
            axes.errorbar(x, y, yerr=bounds, fmt="none", ecolor=INK, elinewidth=1, capsize=2.5)
        axes.set(ylabel=f"{currency} a month".strip())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value / 1e6:,.1f} M" if value >= 1e6 else f"{value:,.0f}")
        top = axes.get_ylim()[1]
        axes.set_ylim(0, top * 1.2)
        axes.grid(visible=False, axis="x")
        month_axis(axes)
        axes.legend(loc="upper left", ncols=2)

    return render(draw, 3.0, picture_format)


def value_at_risk(points: pd.DataFrame, currency: str, *, picture_format: Format = "svg") -> bytes:
    """Draw accounts by expected amount and chance to leave; those with most to lose stand out.

    Parameters
    ----------
    points : DataFrame
        score (amount), p_leave, is_listed.
    """

    def draw(axes: Axes) -> None:
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        for wanted, colour, label, width in ((False, MODEL, "", 2.6), (True, OTHER, "in the list below", 5.0)):
            own = points[points["is_listed"] == wanted][["score", "p_leave"]].to_numpy(float)
            if not len(own):
                continue
            own = np.column_stack([np.round(np.log10(np.maximum(own[:, 0], 1.0)), 3), np.round(own[:, 1], 4)])
            path = Path(np.repeat(own, 2, axis=0), np.tile([Path.MOVETO, Path.LINETO], len(own)))
            path.should_simplify = False
            axes.add_patch(
                PathPatch(path, facecolor="none", edgecolor=colour, linewidth=width, capstyle="round", alpha=0.5 if not wanted else 1)
            )
            if label:
                axes.plot([], [], color=colour, marker="o", linewidth=0, label=label)
            axes.update_datalim(own)
        axes.autoscale_view()
        low, high = axes.get_xlim()
        marks = one_two_five(10**low, 10**high)
        axes.set_xticks(np.log10(marks), [f"{mark:,.0f}" for mark in marks])
        axes.set_xlim(low, high)
        axes.set(xlabel=f"expected amount, {currency}", ylabel="chance to leave")
        axes.set_ylim(bottom=0)
        percent_axes(axes, x=False, y=True)
        axes.legend(loc="upper right")

    return render(draw, 3.2, picture_format)
