"""Which figures open the page of a frame."""

from __future__ import annotations

from typing import Any

from clv_platform.review.app.pages.overview import split_metrics
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.menus import metric_choices
from clv_platform.review.queries.overview import overview


def names(metrics: Any) -> list[str]:
    return [metric.name for metric in metrics]


def test_chances_open_with_their_order_and_whether_they_hold_not_with_accuracy(mixed: dict[str, tuple[FrameInfo, Any]]) -> None:
    found = overview(mixed["binary"][0]).metrics
    shown, special = split_metrics(found)
    assert names(shown)[:3] == ["lift_at_20", "pr_auc", "calibration_error"]
    assert "accuracy" in names(special)
    assert sorted(names([*shown, *special])) == sorted(names(found))


def test_outcomes_of_several_kinds_open_with_accuracy(mixed: dict[str, tuple[FrameInfo, Any]]) -> None:
    shown, _ = split_metrics(overview(mixed["multiclass"][0]).metrics)
    assert "accuracy" in names(shown)


def test_exploring_opens_with_the_figure_that_opens_the_overview(mixed: dict[str, tuple[FrameInfo, Any]]) -> None:
    for kind, first in {"binary": "lift_at_20", "multiclass": "accuracy", "regression": "mae"}.items():
        offered = names(metric_choices(mixed[kind][0]))
        assert offered[0] == first
        assert len(offered) == len(set(offered))
