"""The sections of a target's report, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from clv_platform.reports.sections.findings import build_findings
from clv_platform.reports.sections.section import Section

if TYPE_CHECKING:
    from clv_platform.reports.inputs import TargetReportInputs

TARGET_SECTIONS: tuple[Callable[[TargetReportInputs], Section | None], ...] = (build_findings,)


def build_target_sections(inputs: TargetReportInputs) -> list[Section]:
    """Build all sections that have something to show."""
    built = (build(inputs) for build in TARGET_SECTIONS)
    return [section for section in built if section is not None]
