"""What reviewers called wrong, and how the newest model does there: the first thing that a report says to those who doubted.

Reads `reviewed_slices.parquet` (see `review.feedback.slices`). Keep measuring out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from clv_platform.reports.sections.section import Section
from clv_platform.reports.tables import Cell, Table

if TYPE_CHECKING:
    from clv_platform.reports.inputs import TargetReportInputs

_STATES = {"open": "open", "taken_up": "taken up", "closed": "closed"}


def build_reviewers(inputs: TargetReportInputs) -> Section | None:
    """Build the section; None when nobody marked a slice as wrong."""
    slices = inputs.extras.get("reviewed_slices")
    if slices is None or not len(slices):
        return None
    return Section("reviewers", "What reviewers said, and what changed", (read_reviewed(slices), _table(slices)))


def read_reviewed(slices: pd.DataFrame) -> str:
    """Say in one line how many of the slices hold."""
    judged = slices[slices["holds"].notna()]
    by_slice = judged.groupby("feedback_id")["holds"].all()
    n = slices["feedback_id"].nunique()
    first = f"Reviewers marked {n} group{'s' if n != 1 else ''} of accounts as wrongly predicted."
    if not len(by_slice):
        return f"{first} Too few outcomes are known there to say whether this model does better."
    n_good = int(by_slice.sum())
    return f"{first} In {n_good} of {len(by_slice)} this model is as good as was asked for: no more than 5 points below its overall figure."


def _table(slices: pd.DataFrame) -> Table:
    rows = []
    for row in slices.to_dict("records"):
        answer = str(row["answer"] or "")
        rows.append(
            (
                Cell(str(row["slice"]), f"“{row['comment']}” — {row['author']}" if row["comment"] else str(row["author"])),
                Cell(_STATES.get(str(row["state"]), str(row["state"])), answer),
                Cell(str(row["sentence"])),
            )
        )
    strong = frozenset(place for place, holds in enumerate(slices["holds"]) if holds is not pd.NA and holds is not None and not holds)
    return Table(
        "Groups that reviewers marked as wrong", ("group and comment", "state and answer", "this model"), tuple(rows), strong=strong
    )
