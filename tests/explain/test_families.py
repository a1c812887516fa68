"""Columns and what is computed from them: one fact is told once, whichever way its parts push."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from clv_platform.contracts.features import Feature
from clv_platform.explain.families import build_families, link_computed, settle


def _feature(name: str, sql: str | None = None, group: str = "usage") -> Feature:
    return Feature(name, "number", "feat", group, name.replace("_", " "), "", "", "", "usage", sql=sql)


FEATURES = (
    _feature("x_mean_3m"), _feature("instagram_mean_3m"), _feature("tenure"),
    _feature("both", "x_mean_3m + coalesce(instagram_mean_3m, 0)", "derived"),
)  # fmt: skip
NAMES = [feature.name for feature in FEATURES]


def told(contributions: list[float]) -> list[float]:
    families = build_families(FEATURES, NAMES)
    linked = link_computed(families, FEATURES, NAMES)
    assert linked == ((0, 1, 3),)
    return np.round(settle(families.totals(np.array([contributions])), linked)[0], 9).tolist()


def test_a_sum_and_its_columns_that_cancel_out_are_one_reason() -> None:
    assert told([-1.5, 0.1, 0.7, 2.0]) == [0.0, 0.0, 0.7, 0.6]  # told by the one that pushes that way
    assert told([-1.5, -0.2, 0.7, 0.5]) == [-1.2, 0.0, 0.7, 0.0]
    assert told([-1.0, 0.0, 0.7, 1.0]) == [0.0, 0.0, 0.7, 0.0]  # nothing is left to tell


def test_what_is_told_still_adds_up_to_the_score() -> None:
    contributions = [0.3, -0.9, 0.2, 1.7]
    assert np.isclose(sum(told(contributions)), sum(contributions))


def test_features_that_are_not_computed_from_others_stay_apart() -> None:
    apart: Any = [replace(feature, sql=None) for feature in FEATURES]
    assert link_computed(build_families(apart, NAMES), apart, NAMES) == ()
    private = build_families(FEATURES, NAMES, private=("both",))
    assert link_computed(private, FEATURES, NAMES) == ()
