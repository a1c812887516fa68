"""Pictures of explanations: beeswarm, dependence with the strongest partner, one account taken apart.

Frames of `clv_platform.explain` in, SVG or PNG bytes out, drawn as `drawing` does. Dots are strokes without length in one path per colour:
a tenth of the bytes that a symbol per dot takes, and colours follow the page. Keep numbers' computation and sentences out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clv_platform.exploration import level_order
from clv_platform.reports.drawing import INK, MODEL, MUTED, OTHER, Format, render, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOW, MIDDLE, HIGH, LEVEL = "low value", "middle or none", "high value", "a category"
_VALUE_COLOURS = {LOW: MODEL, MIDDLE: MUTED, HIGH: OTHER, LEVEL: INK}
_PARTNER_COLOURS = (MODEL, OTHER, INK, MUTED)
_N_DOTS = 500  # of a feature; more only make the page heavy
_FACTORS = (1.02, 1.05, 1.1, 1.25, 1.5, 2, 3, 5, 10, 30, 100)
_REST = "other"
ODDS = "effect on the odds"


def beeswarm(
    attributions: pd.DataFrame, types: Mapping[str, str], *, n: int = 10, effect: str = ODDS, picture_format: Format = "svg"
) -> bytes:
    """Draw for the strongest features how far each account is pushed, coloured by its value.

    Parameters
    ----------
    attributions : DataFrame
        feature, label, value, contribution; strongest feature first.
    types : mapping of str to str
        Feature to number, boolean or category.
    n : int
        How many features.
    effect : str
        What contributions multiply: the odds of an event, or an expected amount.
    """
    names = list(dict.fromkeys(attributions["feature"]))[:n]

    def draw(axes: Axes) -> None:
        dots: dict[str, list[np.ndarray]] = {name: [] for name in _VALUE_COLOURS}
        for place, name in enumerate(reversed(names)):
            own = attributions[attributions["feature"] == name]
            own = own.iloc[np.linspace(0, len(own) - 1, min(len(own), _N_DOTS)).astype(int)]
            x = own["contribution"].to_numpy(float)
            y = place + _swarm(x, attributions["contribution"])
            kinds = _kinds(own["value"].to_numpy(float), types.get(name, "number"))
            for kind in dots:
                dots[kind].append(np.column_stack([x, y])[kinds == kind])
        axes.axvline(0, color=MUTED, linewidth=1)
        for kind, colour in _VALUE_COLOURS.items():
            _dots(axes, np.vstack(dots[kind]) if dots[kind] else np.zeros((0, 2)), colour, kind)
        labels = [str(attributions.loc[attributions["feature"] == name, "label"].iloc[0]) for name in reversed(names)]
        axes.set_yticks(range(len(names)), [wrap(label, 28) for label in labels], fontsize=8.5)
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.grid(visible=False, axis="y")
        _odds_axis(axes, "x", attributions["contribution"].to_numpy(float))
        axes.set_xlabel(effect)
        axes.legend(loc="upper center", bbox_to_anchor=(0.3, -0.13), ncols=2, handletextpad=0.1, columnspacing=0.8)

    return _slim(render(draw, 1.5 + 0.42 * max(len(names), 1), picture_format), picture_format)


def dependence_plot(points: pd.DataFrame, *, effect: str = ODDS, picture_format: Format = "svg") -> bytes:
    """Draw value against effect of one feature, coloured by the feature that its effect depends on most.

    Parameters
    ----------
    points : DataFrame
        Rows of one feature of `explain.dependence`.
    effect : str
        What contributions multiply.
    """
    first = points.iloc[0]
    points = points.iloc[np.linspace(0, len(points) - 1, min(len(points), 2 * _N_DOTS)).astype(int)]

    def draw(axes: Axes) -> None:
        axes.axhline(0, color=MUTED, linewidth=1)
        if first["type"] == "number":
            x = _number_axis(axes, points["value"].to_numpy(float))
        else:
            levels = sorted(top_levels(points["value_text"], 6), key=level_order)
            text = points["value_text"].where(points["value_text"].isin(levels), _REST).to_numpy()
            ticks = [*levels, *([_REST] if _REST in text else [])]
            spread = np.random.default_rng(0).uniform(-0.3, 0.3, len(points))
            x = np.array([ticks.index(level) for level in text]) + spread
            axes.set_xticks(range(len(ticks)), [wrap(level, 10) for level in ticks])
        axes.set_xlabel(wrap(str(first["label"]), 48))
        y, groups = points["contribution"].to_numpy(float), partner_groups(points)
        seen = ~np.isnan(x)
        for name, colour in zip(dict.fromkeys(_ordered(groups)), _PARTNER_COLOURS, strict=False):
            _dots(axes, np.column_stack([x, y])[seen & (groups == name)], colour, name)
        _odds_axis(axes, "y", y)
        axes.set_ylabel(effect)
        axes.autoscale_view()
        if first["partner"] is not None and not pd.isna(first["partner"]):
            axes.legend(
                title=wrap(str(first["partner_label"]), 40), loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, handletextpad=0.1
            )

    return _slim(render(draw, 3.4, picture_format), picture_format)


def waterfall(steps: pd.DataFrame, *, picture_format: Format = "svg") -> bytes:
    """Draw how the score of one account adds up, from the average score to this one.

    Parameters
    ----------
    steps : DataFrame
        `explain.work_example`: step, label, contribution, raw_after.
    """

    def draw(axes: Axes) -> None:
        after = steps["raw_after"].to_numpy(float)
        before = np.concatenate([after[:1], after[:-1]])
        y = np.arange(len(steps))[::-1]
        rises, falls = after > before, after < before
        for mask, colour, name in ((rises, MODEL, "raises the chance"), (falls, OTHER, "lowers it")):
            if not mask.any():
                continue
            axes.barh(y[mask], (after - before)[mask], left=before[mask], color=colour, height=0.62, label=name)
        axes.vlines(after[:-1], y[:-1] - 1 - 0.31, y[:-1] + 0.31, color=MUTED, linewidth=0.8)
        axes.plot([after[0]], [y[0]], marker="o", color=INK, markersize=5)
        axes.plot([after[-1]], [y[-1]], marker="D", color=INK, markersize=5)
        axes.set_yticks(y, [wrap(str(label), 26) for label in steps["label"]], fontsize=9)
        axes.set_xlabel("log-odds (raw score)")
        axes.grid(visible=False, axis="y")
        axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.12), ncols=2)

    return render(draw, 1.1 + 0.38 * max(len(steps), 1), picture_format)


def partner_groups(points: pd.DataFrame) -> np.ndarray:
    """Name the partner's group of each row: thirds of numbers, the most frequent levels of categories; one group without a partner."""
    first = points.iloc[0]
    if first["partner"] is None or pd.isna(first["partner"]):
        return np.full(len(points), "accounts", dtype=object)
    if first["partner_type"] != "number":
        shown, every = top_levels(points["partner_text"], 3), top_levels(points["partner_text"], 5)
        shown = every if len(every) <= len(_PARTNER_COLOURS) else shown
        return points["partner_text"].where(points["partner_text"].isin(shown), _REST).to_numpy(dtype=object)
    rank = points["partner_rank"].to_numpy(float)
    return np.select([np.isnan(rank), rank < 1 / 3, rank < 2 / 3], ["no value", "low", "middle"], "high").astype(object)


def top_levels(texts: pd.Series, n: int) -> list[str]:
    """Return the n most frequent levels, the most frequent first."""
    counts = texts.astype(str).value_counts(sort=False)
    return [str(level) for level, _ in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:n]]


def _ordered(groups: np.ndarray) -> list[str]:
    order = ["low", "high", "middle", "no value"]
    found = sorted({str(group) for group in groups}, key=level_order)
    return sorted(found, key=lambda name: order.index(name) if name in order else -1) if set(found) <= set(order) else found


def _kinds(values: np.ndarray, type_: str) -> np.ndarray:
    if type_ == "category":
        return np.full(len(values), LEVEL, dtype=object)
    if type_ == "boolean":
        return np.select([values == 0, values == 1], [LOW, HIGH], MIDDLE).astype(object)
    present = values[~np.isnan(values)]
    low, high = np.quantile(present, [1 / 3, 2 / 3]) if len(present) else (0.0, 0.0)
    return np.select([np.isnan(values), values <= low, values > high], [MIDDLE, LOW, HIGH], MIDDLE).astype(object)


def _swarm(x: np.ndarray, everything: pd.Series) -> np.ndarray:
    """Heights within a row, so that dots of similar effect stand above and below each other."""
    width = max(float(np.ptp(everything)), 1e-9) / 90
    bins = np.floor(x / width).astype(int)
    order = np.lexsort((x, bins))
    place = np.zeros(len(x))
    starts = np.searchsorted(bins[order], bins[order], "left")
    step = np.arange(len(x)) - starts  # 0, 1, 2, ... within a bin
    place[order] = np.where(step % 2 == 0, 1, -1) * ((step + 1) // 2)
    tallest = max(float(np.abs(place).max()) if len(x) else 1.0, 1.0)
    return place * min(0.06, 0.42 / tallest)


def _dots(axes: Axes, points: np.ndarray, colour: str, label: str) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not len(points):
        return
    codes = np.tile([Path.MOVETO, Path.LINETO], len(points))
    path = Path(np.repeat(points, 2, axis=0), codes)
    path.should_simplify = False
    # Not `add_patch`, which looks for the limits of thousands of curves: they are those of the points, given below.
    axes.add_artist(PathPatch(path, facecolor="none", edgecolor=colour, linewidth=2.6, capstyle="round", alpha=0.7))
    axes.add_line(Line2D([], [], marker="o", linewidth=0, markersize=4.5, color=colour, label=label))
    axes.update_datalim(points)
    axes.autoscale_view()


def _odds_axis(axes: Axes, which: str, values: np.ndarray) -> None:
    """Write log-odds as factors of the odds: ×2 doubles them."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    reach = max(float(np.abs(values).max()) if len(values) else 0.0, 0.02)
    inside = [factor for factor in _FACTORS if np.log(factor) <= reach] or [_FACTORS[0]]
    chosen = [inside[-1], *(factor for factor in inside if 0.3 <= np.log(factor) / np.log(inside[-1]) <= 0.55)][:2]
    ticks = sorted({0.0, *(np.log(factor) for factor in chosen), *(-np.log(factor) for factor in chosen)})
    axis.set_ticks(ticks, [f"×{np.exp(tick):.{2 if tick < 0 else 3}g}" for tick in ticks])


def _number_axis(axes: Axes, values: np.ndarray) -> np.ndarray:
    """Positions for values; amounts that span orders of magnitude are drawn on a logarithm that starts at 0."""
    present = values[~np.isnan(values)]
    low, middle, high = np.quantile(present, [0, 0.5, 0.98]) if len(present) else (0.0, 0.0, 1.0)
    if low < 0 or high < 50 or high < 8 * max(float(middle), 1e-9):
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.4g}")
        return np.clip(values, None, high + (high - low)) if high > low else values
    tens = [0.0, *(10.0**power for power in range(int(np.ceil(np.log10(float(present.max()) + 1)))))]
    axes.set_xticks([np.log1p(tick) for tick in tens], [f"{tick:,.0f}" for tick in tens])
    return np.log1p(values)


def _slim(picture: bytes, picture_format: Format) -> bytes:
    """Keep one decimal of the coordinates of paths: a dot needs no millionths of a pixel."""
    if picture_format != "svg":
        return picture
    text = re.sub(r'(?<= d=")[^"]+', lambda path: re.sub(r"(\.\d)\d+", r"\1", path.group()), picture.decode())
    return text.encode()
