"""Pictures over months: a figure with its interval beside others, and what lists found.

Add a picture as a function of frames. Style and file formats are those of `drawing`; keep sentences out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv_platform.reports.drawing import BAND, INK, MODEL, MUTED, OTHER, Format, around, month_axis, percent_axes, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES = ((MODEL, "-", "o"), (OTHER, "--", "s"), (MUTED, ":", "^"))


@dataclass(frozen=True)
class Line:
    """One line of a picture: the column of its values (interval in `<column>_lo` and `_hi`, if there), and its name."""

    column: str
    label: str


def over_months(
    frame: pd.DataFrame,
    lines: Sequence[Line],
    label: str,
    *,
    reference: float | None = None,
    is_share: bool = False,
    time: str = "cutoff",
    picture_format: Format = "svg",
) -> bytes:
    """Draw figures over months with their 95 % intervals.

    Parameters
    ----------
    frame : DataFrame
        A row per month: the column `time` (dates) and the lines' columns.
    lines : sequence of Line
        At most three; the first is the one that matters and gets the band, the others bars.
    label : str
        Of the upright axis.
    reference : float, optional
        Where a level line stands, such as 1 for lift.
    is_share : bool
        Write percent.
    """
    ordered = frame.sort_values(time)
    x = pd.to_datetime(ordered[time]).to_numpy()

    def draw(axes: Axes) -> None:
        for (colour, dash, mark), line in zip(_STYLES, lines, strict=False):
            y = ordered[line.column].to_numpy(float)
            if not np.isfinite(y).any():
                continue
            if f"{line.column}_lo" in ordered and line is lines[0]:
                low, high = (ordered[f"{line.column}{end}"].to_numpy(float) for end in ("_lo", "_hi"))
                axes.fill_between(x, low, high, color=BAND, linewidth=0)
            axes.plot(x, y, color=colour, linestyle=dash, linewidth=2, marker=mark, markersize=4, label=line.label)
        if reference is not None:
            axes.axhline(reference, color=OTHER, linewidth=1.2, linestyle="--")
        axes.set(ylabel=label)
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, 0.0) if low < 0.5 * high else low, high)
        if is_share:
            percent_axes(axes, x=False, y=True)
        month_axis(axes)
        if len(lines) > 1:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)  # above: lines may be anywhere

    return render(draw, 2.9, picture_format)


def found_by_month(frame: pd.DataFrame, prefix: str, label: str, *, picture_format: Format = "svg") -> bytes:
    """Draw what each month's list found: bars with intervals, beside a random list and perfect knowledge.

    Parameters
    ----------
    frame : DataFrame
        list_as_of and the columns `<prefix>`, `<prefix>_lo`, `<prefix>_hi`, `<prefix>_random`, `<prefix>_perfect`.
    prefix : {"events", "value"}
    label : str
        Of the upright axis.
    """
    known = frame[frame[prefix].notna()].sort_values("list_as_of")
    x = np.arange(len(known))

    def draw(axes: Axes) -> None:
        y = known[prefix].to_numpy(float)
        axes.bar(x, y, color=MODEL, width=0.66, label="the list of that month")
        low, high = known[f"{prefix}_lo"].to_numpy(float), known[f"{prefix}_hi"].to_numpy(float)
        axes.errorbar(x, y, yerr=around(y, low, high), fmt="none", ecolor=INK, elinewidth=1, capsize=2.5)
        axes.scatter(x, known[f"{prefix}_random"], color=OTHER, marker="_", s=220, linewidths=2.2, label="as many at random", zorder=3)
        axes.scatter(x, known[f"{prefix}_perfect"], color=MUTED, marker="^", s=28, label="perfect knowledge", zorder=3)
        axes.set(ylabel=label)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_xticks(x, [f"{pd.Timestamp(day):%b %y}" for day in known["list_as_of"]], rotation=45 if len(known) > 6 else 0, fontsize=9)
        axes.grid(visible=False, axis="x")
        bottom, top = axes.get_ylim()
        axes.set_ylim(bottom, top + 0.28 * (top - bottom))  # room for the legend above the marks
        axes.legend(loc="upper left", ncols=1)

    return render(draw, 3.3, picture_format)
