"""Figures of many groups of rows at once, from arrays of whole numbers: sums, tests, rankings, shrinkage.

Here: `cube` (groups and sums), `score_test` (is a group's prediction wrong?), `histogram` (PR-AUC and lift with intervals), `shrinkage`
(small groups towards the whole). Keep frames and names of levels out: they are `evaluation`'s.
"""

from clv_platform.metrics.slices.cube import SliceCube, build_cube
from clv_platform.metrics.slices.histogram import SliceHistogram, count_bins, draw_bins, merge_bins, score_bins, set_weights
from clv_platform.metrics.slices.score_test import (
    Line,
    Terms,
    fit_line,
    level_statistics,
    log_odds,
    score_statistics,
    score_terms,
    sigmoid,
)
from clv_platform.metrics.slices.shrinkage import shrink_figures, shrink_rates, shrink_ratios

__all__ = [
    "Line",
    "SliceCube",
    "SliceHistogram",
    "Terms",
    "build_cube",
    "count_bins",
    "draw_bins",
    "fit_line",
    "level_statistics",
    "log_odds",
    "merge_bins",
    "score_bins",
    "score_statistics",
    "score_terms",
    "set_weights",
    "shrink_figures",
    "shrink_rates",
    "shrink_ratios",
    "sigmoid",
]
