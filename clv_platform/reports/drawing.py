"""How pictures are drawn: one style, colours that follow the page, the same bytes at every run.

Here: `render` and what every figure needs for its axes. Add what at least two figure files need; figures themselves are in `figures` and
the `*_figures` files. SVG colours are CSS variables (the light colour as fallback), so that the page around decides about light and dark;
PNG is for the metadata of the Dagster UI. No pyplot: its global state isn't safe in a process that runs many steps.

matplotlib is imported when the first figure is drawn, because it costs half a second.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from clv_platform.reports.words import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

Format = Literal["svg", "png"]

# Okabe and Ito's blue and vermillion differ for every kind of colour vision; lines also differ in dash, bars in label.
INK, MUTED, GRID, MODEL, OTHER, BAND = "#1f2a37", "#5b6675", "#dde2e8", "#0072b2", "#c74b00", "#cfe3f1"
_CSS_NAMES = {INK: "ink", MUTED: "muted", GRID: "grid", MODEL: "model", OTHER: "other", BAND: "band"}
_WIDTH = 4.8  # inches; text of 10 points stays readable when a phone shrinks the picture to 330 pixels
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "svg.hashsalt": "clv-platform",
    "svg.fonttype": "none",
    "text.parse_math": False,  # a label with two dollar signs is a label, not a formula
}


def render(draw: Callable[[Axes], None], height: float, picture_format: Format) -> bytes:
    """Draw on one `Axes` in the house style.

    Parameters
    ----------
    draw : callable
        Draws on the axes that it is given.
    height : float
        Inches; the width is that of a page's column.
    picture_format : "svg" or "png"

    Returns
    -------
    bytes
        The picture; SVG colours are CSS variables of the page.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {**mpl.rcParamsDefault, "backend": "agg", **_STYLE}  # whatever the user's matplotlibrc says
    with mpl.rc_context(style):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure.add_subplot())
        _lay_out(figure)
        buffer = io.BytesIO()
        if picture_format == "png":
            figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
            return buffer.getvalue()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Type": None, "Format": None})
    return _with_css_colours(buffer.getvalue().decode()).encode()


def _lay_out(figure: Figure) -> None:
    """Make room for labels once and for all: `savefig` would draw everything twice, the first time for the layout alone."""
    engine = figure.get_layout_engine()
    assert engine is not None, "asked for above"
    engine.execute(figure)
    figure.set_layout_engine("none")


def _with_css_colours(svg: str) -> str:
    for colour, name in _CSS_NAMES.items():
        svg = svg.replace(colour, f"var(--fig-{name}, {colour})")
    return re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, 'DejaVu Sans', sans-serif", svg)


def around(y: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return interval ends as distances below and above y, shape (2, n): what `errorbar` takes."""
    return np.clip(np.vstack([y - low, high - y]), 0, None)


def percent_axes(axes: Axes, *, x: bool, y: bool) -> None:
    """Write the ticks of the wanted axes as percent, at round steps and with the decimals that their step needs."""
    from matplotlib.ticker import AutoLocator, MaxNLocator

    for axis, wanted in ((axes.xaxis, x), (axes.yaxis, y)):
        if wanted:
            if isinstance(axis.get_major_locator(), AutoLocator):  # which has steps of 2.5, too: 2 %, 5 %, 8 % when written
                axis.set_major_locator(MaxNLocator(nbins="auto", steps=[1, 2, 5, 10]))
            axis.set_major_formatter(lambda value, _, axis=axis: percent(value, _tick_digits(axis)))


def _tick_digits(axis: Axis) -> int:
    steps = np.diff(axis.get_majorticklocs())
    step = float(steps.min()) if len(steps) else 1.0
    return 0 if step > 0.0099 else 1 if step > 0.00099 else 2


def one_two_five(low: float, high: float) -> list[float]:
    """Round amounts for a logarithmic axis: powers of ten, with 2 and 5 between where fewer than three lie in the range."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1,), (1, 2, 5)):
        found = [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
        if len(found) >= 3:
            break
    return found


def count_axis(axis: Axis) -> None:
    """Put whole numbers on an axis of counts: between 0 and 1 there is nothing to mark."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins="auto", steps=[1, 2, 2.5, 5, 10], integer=True, min_n_ticks=1))
    axis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def month_axis(axes: Axes) -> None:
    """Put three to seven dates on the x axis, as short as they can be."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def wrap(text: object, width: int = 26) -> str:
    """Break a label into two lines of `width` characters at most: the ends of long ones tell features apart."""
    return "\n".join(textwrap.wrap(str(text), width, max_lines=2, placeholder="…"))
