"""The sections of a target's report, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clv_platform.reports.sections.backtest import build_backtest
from clv_platform.reports.sections.decisions import build_decisions
from clv_platform.reports.sections.explanations import build_explanations
from clv_platform.reports.sections.findings import build_findings
from clv_platform.reports.sections.list_outcomes import build_list_outcomes
from clv_platform.reports.sections.section import Section
from clv_platform.reports.sections.tuning import build_tuning
from clv_platform.reports.sections.weak_slices import build_weak_slices

if TYPE_CHECKING:
    from clv_platform.reports.inputs import TargetReportInputs

TARGET_SECTIONS: tuple[Callable[[TargetReportInputs], Section | None], ...] = (
    build_weak_slices,
    build_findings,
    build_explanations,
    build_list_outcomes,
    build_backtest,
    build_decisions,
    build_tuning,
)


def build_target_sections(inputs: TargetReportInputs) -> list[Section]:
    """Build all sections that have something to show."""
    built = (build(inputs) for build in TARGET_SECTIONS)
    return [section for section in built if section is not None]
