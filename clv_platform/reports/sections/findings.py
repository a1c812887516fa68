"""What the data say about a target before any model: the strongest findings that concern it, from `findings.parquet`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from clv_platform.reports.sections.section import Section
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.words import keep_together

if TYPE_CHECKING:
    from clv_platform.reports.inputs import TargetReportInputs

N_SHOWN = 5


def build_findings(inputs: TargetReportInputs) -> Section | None:
    """Show the strongest statements about this target."""
    found = inputs.extras.get("findings", pd.DataFrame())
    if found.empty or "target" not in found.columns:
        return None
    own = found[found["target"] == inputs.target.name].head(N_SHOWN)
    if own.empty:
        return None
    text = (
        "What goes with it in the data, before any model; each statement holds after counting every comparison that was made. "
        "Going together isn't causing. The exploration report has all of them."
    )
    return Section(
        "findings",
        "What goes with it",
        (text, findings_table(own, "The strongest statements, by their place on the page of the exploration")),
    )


def findings_table(found: pd.DataFrame, caption: str) -> Table:
    """Build the table of statements with evidence and suggested action."""
    rows = tuple(
        (
            Cell(str(row["rank"])),
            Cell(keep_together(str(row["statement"])), keep_together(str(row["evidence"]))),
            Cell(str(row["action"]), f"for the {row['audience']}"),
        )
        for row in found.to_dict("records")
    )
    return Table(caption, ("", "statement, with its evidence", "what to do"), rows, frozenset({0}))
