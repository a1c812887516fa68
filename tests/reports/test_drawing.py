"""What numbers look like in pictures and beside them: round ticks, one way to write percent, no number over another, no minus zero."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from clv_platform.reports import exploration_figures as figures
from clv_platform.reports import words
from clv_platform.reports.drawing import one_two_five, percent_axes
from clv_platform.review.app.figures import distribution_figure
from clv_platform.review.app.formats import number
from clv_platform.review.queries.wording import show


@pytest.mark.parametrize(
    ("high", "ticks"),
    [
        (0.2, ["0 %", "5 %", "10 %", "15 %", "20 %"]),  # steps of 2.5 would be written 0, 2, 5, 8, 10
        (0.012, ["0.0 %", "0.2 %", "0.4 %", "0.6 %", "0.8 %", "1.0 %", "1.2 %"]),
    ],
)
def test_ticks_of_percent_are_round_and_written_as_they_are(high: float, ticks: list[str]) -> None:
    axes = Figure(figsize=(4, 3)).add_subplot()
    axes.set(xlim=(0, 1), ylim=(0, high))
    percent_axes(axes, x=False, y=True)
    axes.figure.canvas.draw()
    assert [label.get_text().replace(words.NBSP, " ") for label in axes.get_yticklabels()] == ticks


def test_a_logarithmic_axis_has_powers_of_ten_or_one_two_five() -> None:
    assert one_two_five(316, 5623) == [500, 1000, 2000, 5000]
    assert one_two_five(5, 20_000) == [10, 100, 1000, 10_000]


def test_many_correlations_fit_side_by_side_and_weak_ones_have_no_number() -> None:
    square = pd.DataFrame([[np.nan, 0.923, -0.381], [0.923, np.nan, -0.004], [-0.381, -0.004, np.nan]])
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", figures.correlation_map(square).decode())
    assert (texts.count(".92"), texts.count("−.38"), texts.count("–")) == (2, 2, 3)
    assert not [text for text in texts if ".00" in text]


def test_what_rounds_to_zero_has_no_minus() -> None:
    assert words.score(-0.00001) == "0.0000"
    assert words.percent(-0.0001, 0) == f"0{words.NBSP}%"
    assert (words.amount(-0.001), words.times(-0.01)) == ("0.00", "0.0")
    assert (number(-0.0001), number(-0.0001, "share"), show(-0.0001, "score"), show(-0.1, "count")) == ("0.000", "0.0 %", "0.000", "0")


def test_charts_of_the_review_app_write_percent_as_pages_do() -> None:
    drawn = distribution_figure(["a", "b"], [0.25, 0.75], None, "group")
    assert drawn["data"][0]["y"] == [25.0, 75.0]
    assert drawn["layout"]["yaxis"]["ticksuffix"] == " %"
