"""Pictures of segments: elbow, silhouettes, accounts on a plane, amounts by group, shares held by the top of a list.

Frames in, SVG or PNG bytes out, drawn as `drawing` does. Keep sentences out (see `segment_words`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clv_platform.reports.drawing import GRID, INK, MODEL, MUTED, OTHER, Format, percent_axes, render, wrap
from clv_platform.reports.words import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours in tones that stand on white and on black; every group also carries its number.
COLOURS = (MODEL, OTHER, "#009e73", "#b3589a", "#8a6d00", "#4d8fc4", "#d98c00", "#7f7f7f", "#5a5ac8", "#a05a2c")


def elbow(choice: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw how far accounts lie from the middle of their segment, by number of segments.

    Parameters
    ----------
    choice : DataFrame
        n_segments, inertia, is_chosen.
    """

    def draw(axes: Axes) -> None:
        axes.plot(choice["n_segments"], choice["inertia"] / choice["inertia"].iloc[0], color=MODEL, linewidth=2, marker="o", markersize=4)
        _mark(axes, choice, choice["inertia"] / choice["inertia"].iloc[0])
        axes.set(xlabel="number of segments", ylabel="differences left within segments")
        axes.set_ylim(bottom=0)
        percent_axes(axes, x=False, y=True)
        axes.set_xticks(choice["n_segments"])

    return render(draw, 2.7, picture_format)


def silhouettes(choice: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw how clearly segments lie apart, and how surely they are found again, by number of segments.

    Parameters
    ----------
    choice : DataFrame
        n_segments, silhouette, stability, is_chosen.
    """

    def draw(axes: Axes) -> None:
        axes.plot(choice["n_segments"], choice["stability"], color=OTHER, linestyle="--", marker="s", markersize=4, label="found again")
        axes.plot(
            choice["n_segments"], choice["silhouette"], color=MODEL, linewidth=2, marker="o", markersize=4, label="apart (silhouette)"
        )
        _mark(axes, choice, choice["silhouette"])
        axes.set(xlabel="number of segments", ylabel="1 is best", ylim=(min(0.0, float(choice["silhouette"].min())), 1.32))
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        axes.set_xticks(choice["n_segments"])
        axes.legend(loc="upper left", ncols=2)

    return render(draw, 2.7, picture_format)


def _mark(axes: Axes, choice: pd.DataFrame, values: pd.Series) -> None:
    chosen = choice["is_chosen"].to_numpy(bool)
    axes.plot(choice["n_segments"][chosen], values[chosen], color=INK, marker="o", markersize=10, linewidth=0, fillstyle="none")


def plane(points: pd.DataFrame, *, across: str = "", upwards: str = "", picture_format: Format = "svg") -> bytes:
    """Draw accounts as dots in the colours of their segments, with the segment's number at its middle.

    Parameters
    ----------
    points : DataFrame
        x, y, segment (a number from 1).
    across, upwards : str
        What grows along the axes.
    """

    def draw(axes: Axes) -> None:
        # A few accounts far out would press all others together.
        numbers = sorted(int(number) for number in points["segment"].unique())
        low, high = points[["x", "y"]].quantile(0.005), points[["x", "y"]].quantile(0.995)
        for number in numbers:
            own = points[points["segment"] == number]
            colour = COLOURS[(number - 1) % len(COLOURS)]
            shown = own[["x", "y"]].clip(low, high, axis=1)
            _dots(axes, shown.to_numpy(float), colour)
        for number in numbers:
            middle = points[points["segment"] == number][["x", "y"]].clip(low, high, axis=1).median()
            axes.annotate(str(number), (middle["x"], middle["y"]), fontsize=14, fontweight="bold", ha="center", va="center", color=INK)
        axes.set(xlabel=f"{wrap(across, 56)} →" if across else "", ylabel=f"{wrap(upwards, 40)} →" if upwards else "")
        axes.set_xticks([])
        axes.set_yticks([])

    return render(draw, 3.6, picture_format)


def _dots(axes: Axes, places: np.ndarray, colour: str) -> None:
    """One path for all dots of a colour: a thousand circles would make the page heavy."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    places = np.round(places, 3)
    codes = np.tile([Path.MOVETO, Path.LINETO], len(places))
    path = Path(np.repeat(places, 2, axis=0), codes)
    path.should_simplify = False
    axes.add_patch(PathPatch(path, facecolor="none", edgecolor=colour, linewidth=3.2, capstyle="round", alpha=0.55))
    axes.update_datalim(places)
    axes.autoscale_view()


def bars(names: Sequence[str], values: Sequence[float], label: str, *, is_share: bool = False, picture_format: Format = "svg") -> bytes:
    """Draw one amount per group as bars, top to bottom in the order given."""

    def draw(axes: Axes) -> None:
        y, amounts = np.arange(len(names)), np.asarray(values, dtype=float)
        axes.barh(y, amounts, color=MODEL, height=0.66)
        axes.set_yticks(y, [wrap(name, 28) for name in names], fontsize=9)
        axes.set(ylim=(len(names) - 0.4, -0.6), xlabel=label)
        axes.set_xlim(right=max(float(np.nanmax(amounts)) * 1.18, 1e-9))
        for i, value in enumerate(amounts):
            axes.annotate(percent(value, 0) if is_share else f"{value:,.0f}", (max(value, 0), i), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)  # fmt: skip  # noqa: E501
        axes.grid(visible=False, axis="y")
        if is_share:
            percent_axes(axes, x=True, y=False)
        else:
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
            axes.locator_params(axis="x", nbins=5)

    return render(draw, 0.7 + 0.36 * max(len(names), 2), picture_format)


def paired_bars(frame: pd.DataFrame, columns: Sequence[tuple[str, str]], label: str, *, picture_format: Format = "svg") -> bytes:
    """Draw two shares side by side per group.

    Parameters
    ----------
    frame : DataFrame
        `group` and the columns.
    columns : sequence of (column, words)
        At most two.
    """

    def draw(axes: Axes) -> None:
        x, width = np.arange(len(frame)), 0.8 / len(columns)
        for i, ((column, words), colour) in enumerate(zip(columns, (MODEL, OTHER), strict=False)):
            style: dict[str, Any] = {"color": colour} if i == 0 else {"facecolor": "none", "edgecolor": colour, "hatch": "///"}
            axes.bar(x + (i - (len(columns) - 1) / 2) * width, frame[column].to_numpy(float), width=width * 0.94, label=words, **style)
        axes.set_xticks(x, [str(name) for name in frame["group"]])
        axes.set(ylabel=label, xlabel="tenth of the accounts, highest first")
        axes.set_ylim(top=max(float(np.nanmax(frame[[c for c, _ in columns]].to_numpy(float))) * 1.25, 1e-9))
        axes.grid(visible=False, axis="x")
        axes.axhline(0, color=GRID, linewidth=0.8)
        percent_axes(axes, x=False, y=True)
        axes.legend(loc="upper right")

    return render(draw, 3.0, picture_format)


def cohort_lines(lines: pd.DataFrame, label: str, *, picture_format: Format = "svg") -> bytes:
    """Draw one line per group over time.

    Parameters
    ----------
    lines : DataFrame
        name, x, y.
    """

    def draw(axes: Axes) -> None:
        for i, (name, own) in enumerate(lines.groupby("name", sort=False)):
            colour = COLOURS[i % len(COLOURS)]
            axes.plot(own["x"], own["y"], color=colour, linewidth=2, marker="o", markersize=3, label=str(name))
        axes.set(ylabel=label)
        axes.set_ylim(bottom=0)
        axes.spines["bottom"].set_color(MUTED)
        axes.legend(loc="best")

    return render(draw, 2.9, picture_format)
