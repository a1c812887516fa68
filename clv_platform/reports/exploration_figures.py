"""Pictures of an exploration: heat maps with the number in every cell, rates by level, months, shares of missing values.

Frames in, SVG or PNG bytes out, drawn as `drawing` does. A cell's colour is thin ink over the page, blue for more and vermillion for
less, so that its number stays readable on light and dark pages and for every kind of colour vision. Keep numbers' computation out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv_platform.exploration.columns import plain
from clv_platform.reports.drawing import INK, MODEL, OTHER, Format, around, month_axis, percent_axes, render, wrap
from clv_platform.reports.words import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WEAK = 0.1  # correlations nearer to 0 stay without a number
_STRONGEST = 0.5  # of a cell's colour; above, black or white numbers would be hard to read
_LINES = ((MODEL, "-"), (OTHER, "--"), (INK, ":"), (MODEL, "-."), (OTHER, (0, (5, 1, 1, 1))))


def heat_map(
    values: pd.DataFrame,
    *,
    shade: pd.DataFrame | None = None,
    as_share: bool = False,
    write: Callable[[float], str] | None = None,
    picture_format: Format = "svg",
) -> bytes:
    """Draw a table as cells with numbers.

    Parameters
    ----------
    values : DataFrame
        Index and columns are the levels, top to bottom and left to right; what is printed.
    shade : DataFrame, optional
        Between -1 (vermillion) and 1 (blue), same shape; by default the values between their lowest and highest, in blue.
    as_share : bool
        Print as percent.
    write : callable, optional
        How a number is printed; by default in five characters or so.
    """
    write = write or _short
    rows, columns = values.shape
    numbers = values.to_numpy(float)
    colours = _own_shade(numbers) if shade is None else np.clip(shade.to_numpy(float), -1, 1)

    def draw(axes: Axes) -> None:
        from matplotlib.patches import Rectangle

        for i in range(rows):
            for k in range(columns):
                if np.isfinite(colours[i, k]):
                    face = MODEL if colours[i, k] >= 0 else OTHER
                    axes.add_patch(Rectangle((k, i), 0.96, 0.94, facecolor=face, alpha=_STRONGEST * abs(colours[i, k]), linewidth=0))
                text = percent(numbers[i, k], 0) if as_share else write(numbers[i, k])
                axes.text(k + 0.48, i + 0.5, text, ha="center", va="center", fontsize=9 if columns <= 8 else 7.5)
        axes.set(xlim=(0, columns), ylim=(rows, 0))
        slanted = sum(len(str(name)) for name in values.columns) > 34 or columns > 6
        axes.set_xticks(
            np.arange(columns) + 0.48, [wrap(name, 24 if columns <= 8 else 34) for name in values.columns], fontsize=9,
            rotation=35 if slanted else 0, ha="right" if slanted else "center", rotation_mode="anchor" if slanted else None,
        )  # fmt: skip
        axes.set_yticks(np.arange(rows) + 0.5, [wrap(name, 20) for name in values.index], fontsize=9)
        axes.tick_params(length=0)
        axes.grid(visible=False)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)

    longest = max((len(str(name)) for name in values.columns), default=0)
    return render(draw, 0.55 + 0.36 * rows + min(longest, 24) * (0.045 if columns > 3 else 0.01), picture_format)


def correlation_map(square: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw correlations as cells; those nearer to 0 than `WEAK` have no number, the others no leading 0, so that many fit side by side."""
    return heat_map(square, shade=square, write=_write_correlation, picture_format=picture_format)


def rate_by_level(levels: pd.DataFrame, overall: float, *, picture_format: Format = "svg") -> bytes:
    """Draw the share of positives by level with 95 % intervals, and the share of all rows as a line.

    Parameters
    ----------
    levels : DataFrame
        level, rate, lo, hi; top to bottom.
    overall : float
        Share of positives among all rows.
    """

    def draw(axes: Axes) -> None:
        y, rate = np.arange(len(levels)), levels["rate"].to_numpy(float)
        axes.barh(y, rate, color=MODEL, height=0.66)
        distances = around(rate, levels["lo"].to_numpy(float), levels["hi"].to_numpy(float))
        axes.errorbar(rate, y, xerr=distances, fmt="none", ecolor=INK, elinewidth=1, capsize=2.5)
        axes.axvline(overall, color=OTHER, linewidth=1.6, linestyle="--")
        axes.set_yticks(y, [wrap(level, 22) for level in levels["level"]], fontsize=9)
        axes.set(ylim=(len(levels) - 0.4, -0.6))
        axes.set_xlim(left=0)
        axes.grid(visible=False, axis="y")
        percent_axes(axes, x=True, y=False)

    return render(draw, 0.6 + 0.34 * max(len(levels), 2), picture_format)


def share_bars(shares: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw shares of missing values by column.

    Parameters
    ----------
    shares : DataFrame
        label, share (0 to 1); top to bottom.
    """

    def draw(axes: Axes) -> None:
        y = np.arange(len(shares))
        axes.barh(y, shares["share"].to_numpy(float), color=MODEL, height=0.66)
        axes.set_yticks(y, [wrap(label, 26) for label in shares["label"]], fontsize=9)
        axes.set(ylim=(len(shares) - 0.4, -0.6), xlim=(0, max(float(shares["share"].max()) * 1.15, 0.01)))
        for i, share in enumerate(shares["share"]):
            axes.annotate(percent(share, 1), (share, i), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
        axes.grid(visible=False, axis="y")
        percent_axes(axes, x=True, y=False)

    return render(draw, 0.6 + 0.34 * max(len(shares), 2), picture_format)


def month_lines(months: pd.DataFrame, column: str, *, picture_format: Format = "svg") -> bytes:
    """Draw one metric over the months, a line per level.

    Parameters
    ----------
    months : DataFrame
        month_end_date, level and the column.
    column : str
        `mean` or `sum`.
    """

    def draw(axes: Axes) -> None:
        for i, level in enumerate(dict.fromkeys(months["level"])):
            one = months[months["level"] == level].sort_values("month_end_date")
            colour, dash = _LINES[i % len(_LINES)]
            days = (pd.to_datetime(one["month_end_date"]) - pd.DateOffset(months=1)).to_numpy()
            axes.plot(days, one[column].to_numpy(float), color=colour, linestyle=dash, linewidth=2 if i < 3 else 1.4, label=str(level))
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(lambda value, _: _short(value))
        month_axis(axes)
        if len(set(months["level"])) > 1:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)

    return render(draw, 3.1, picture_format)


def _own_shade(numbers: np.ndarray) -> np.ndarray:
    """From 0.04 for the lowest to 1 for the highest."""
    known = numbers[np.isfinite(numbers)]
    if not len(known) or known.min() == known.max():
        return np.where(np.isfinite(numbers), 0.3, np.nan)
    return 0.04 + 0.96 * (numbers - known.min()) / (known.max() - known.min())


def _write_correlation(value: float) -> str:
    if not abs(value) >= WEAK:  # NaN, too
        return "–" if np.isnan(value) else ""
    return f"{value:.2f}".replace("0.", ".").replace("-", "−")


def _short(value: float) -> str:
    """Write a number in at most five characters or so: 12.3k, 1.2M."""
    if not np.isfinite(value):
        return "–"
    for at_least, unit, letter in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(value) >= at_least:
            return f"{value / unit:.3g}{letter}"
    return plain(value + 0.0).replace("-", "−")
