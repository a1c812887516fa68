"""Sections of reports: each file here turns tables of a report folder into one section of a page.

Here: what a section is made of (`Section`), the order of a target's sections (`TARGET_SECTIONS`) and pages made of sections alone
(`render_sections`). Add a section as a file with `build_<name>(inputs) -> Section | None` and list it in `TARGET_SECTIONS`; None leaves it
out. Keep computation out: a section reads `inputs.extras`, the Parquet files that the stages wrote beside `metrics.json`.
"""

from __future__ import annotations

from clv_platform.reports.sections.section import Section, render_sections
from clv_platform.reports.sections.target import TARGET_SECTIONS, build_target_sections

__all__ = ["TARGET_SECTIONS", "Section", "build_target_sections", "render_sections"]
