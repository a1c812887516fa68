"""What reviewers said, and what changed: what a report opens with, for those who doubted the model before.

Reads `reviewers.parquet` (what was said), `reviewed_slices.parquet` (groups called wrong, measured on this model; `review.feedback.slices`)
and `label_corrections.parquet` (`datasets.corrections`). Works for chances and amounts. Keep measuring out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from clv_platform.reports.sections.section import Section
from clv_platform.reports.tables import Cell, Table

if TYPE_CHECKING:
    from clv_platform.reports.inputs import TargetReportInputs

TABLES = ("reviewers", "reviewed_slices", "label_corrections")
_STATES = {"open": "open", "taken_up": "taken up", "closed": "closed"}
_VERDICTS = {"wrong": "wrong", "right": "right", "look": "look into it"}
_REFUSED = {
    "not_taken_up": "not taken up yet",
    "unknown_account": "of an account that isn't known at that date",
    "unknown_label": "with a label that isn't one of the outcomes",
    "not_about_a_row": "about a group instead of one account",
    "no_outcome": "of a row whose outcome isn't known",
    "elsewhere": "of rows that are neither learnt from nor tested on",
    "same": "as the data say by now",
    "replaced": "replaced by a later one",
}
_N_SHOWN = 20


def build_reviewers(inputs: TargetReportInputs) -> Section | None:
    """Build the section; None when nobody said anything."""
    return build_reviewers_of({name: inputs.extras[name] for name in TABLES if name in inputs.extras})


def build_reviewers_of(tables: Mapping[str, pd.DataFrame]) -> Section | None:
    """Build the section from its tables; those that are missing or empty are left out."""
    said, slices, labels = (tables.get(name, pd.DataFrame()) for name in TABLES)
    if not len(said) and not len(slices) and not len(labels):
        return None
    blocks: list[Any] = [
        *([read_said(said)] if len(said) else []),
        *([read_reviewed(slices), _table(slices)] if len(slices) else []),
        *([read_corrections(labels)] if len(labels) else []),
    ]
    folded = (("Everything that was said, newest first", (_said_table(said),)),) if len(said) else ()
    return Section("reviewers", "What reviewers said, and what changed", tuple(blocks), folded)


def read_said(said: pd.DataFrame) -> str:
    """Say in one line how much was said and how it stands."""
    n, verdicts = len(said), said["verdict"].value_counts()
    parts = [f"{verdicts[key]} “{words}”" for key, words in _VERDICTS.items() if verdicts.get(key, 0)]
    states = said["state"].value_counts()
    stand = [f"{states[key]} {words}" for key, words in _STATES.items() if states.get(key, 0)]
    verdict = f" ({', '.join(parts)})" if parts else ""
    return f"{n} comment{'s' if n != 1 else ''}{verdict}: {', '.join(stand)}."


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


def read_corrections(labels: pd.DataFrame) -> str:
    """Say how many labels were corrected, in which rows, and what became of the other proposals."""
    counts = labels["place"].value_counts()
    n_train, n_test, n_later = (int(counts.get(place, 0)) for place in ("training", "test", "later"))
    n = n_train + n_test
    is_used = bool(labels["is_used"].any()) if "is_used" in labels else False
    parts = []
    if n:
        places = f"{n_train} in training, {n_test} in test rows"
        what = f"{n} label{'s' if n != 1 else ''} corrected by reviewers: {places}."
        kept = " Test rows keep the label of the data: reviewers look where a model seems wrong, so mending these alone would flatter it."
        unused = " None is used: `review.use_corrected_labels` in the config is off."
        parts.append(what + (unused if not is_used else kept if n_test else ""))
    if n_later:
        parts.append(
            f"{n_later} more {'was' if n_later == 1 else 'were'} taken up on or after the cutoff: models of a later cutoff will know "
            f"{'it' if n_later == 1 else 'them'}."
        )
    others = [f"{int(counts[place])} {words}" for place, words in _REFUSED.items() if counts.get(place, 0)]
    if others:
        parts.append(f"Proposed, but without effect: {', '.join(others)}.")
    return " ".join(parts)


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


def _said_table(said: pd.DataFrame) -> Table:
    rows = tuple(
        (
            Cell(str(row["about"])),
            Cell(str(row["comment"]) or "(no words)", f"{row['author']}, {row['created_at']:%Y-%m-%d}"),
            Cell(_VERDICTS.get(str(row["verdict"]), "–")),
            Cell(_STATES.get(str(row["state"]), str(row["state"])), str(row["answer"] or "")),
        )
        for row in said.head(_N_SHOWN).to_dict("records")
    )
    last = f"; the newest {_N_SHOWN} of {len(said)}" if len(said) > _N_SHOWN else ""
    return Table(f"What was said{last}", ("about", "comment", "verdict", "state and answer"), rows)
