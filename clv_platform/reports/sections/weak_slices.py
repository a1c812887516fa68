"""Where not to trust the model: groups in which it is wrong, groups that are hard by nature, groups that a better model would help.

Reads `weak_slices`, the table of `clv_platform.evaluation.WeakSlices`. The sentences are the search's; here they get figures and advice.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from clv_platform.reports.inputs import TargetReportInputs
from clv_platform.reports.sections.section import Section
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.words import event_words, is_number, percent, score, sentence_list, times, whole

TITLE = "Where not to trust it"
_DIRECTIONS = {
    "over-confident": "promises too much",
    "under-confident": "promises too little",
    "mis-ranked": "right on average, wrong order",
}


def build_weak_slices(inputs: TargetReportInputs) -> Section | None:
    """Show the three lists; None before the search ran."""
    frame = inputs.extras.get("weak_slices")
    if frame is None:
        return None
    named = [name for name in ("column_1", "column_2", "column_3") if name in frame.columns]
    frame = frame[~frame[named].isin([*inputs.config.private]).any(axis=1)] if named else frame
    labels = {feature.name: feature.label for feature in inputs.features}
    lists = {kind: frame[frame["kind"] == kind] for kind in ("wrong_here", "naturally_hard", "recoverable")}
    wrong, hard, better = lists.values()
    event = event_words(inputs.target.kind)
    blocks: list[Any] = [read_wrong(wrong, inputs)]
    if len(wrong):
        blocks.append(_wrong_table(wrong, labels, event.many))
    if len(hard):
        blocks += [
            f"Hard by nature, but not wrong: the chances in these groups {_hold(inputs)}, yet what happens is less certain there than "
            "elsewhere, as a "
            f"rule because more of them {event.did}. No correction helps. How good the order within them is, their PR-AUC and lift say.",
            _hard_table(hard, labels, event.did),
        ]
    if len(better):
        blocks += [
            "A better model would help here: the data hold more about these groups than the model has used. "
            "A task for the data team: train again, or look at what sets these accounts apart.",
            _better_table(better, labels),
        ]
    return Section("weak-slices", TITLE, tuple(blocks))


def read_wrong(wrong: pd.DataFrame, inputs: TargetReportInputs) -> str:
    """Say in how many groups the probabilities are wrong, and what to do with them."""
    searched = sentence_list([_label(name, {f.name: f.label for f in inputs.features}) for name in _searched(inputs)])
    rate = percent(inputs.config.slice_search.alarm_rate)
    if wrong.empty:
        where = f" by {searched}" if searched else ""
        said = _all_are_off(inputs)
        none = (
            f"{said} Each group was compared with what happened once that is corrected for all accounts alike: none differs beyond chance."
            if said
            else "In none of them do the probabilities differ from what happened beyond chance."
        )
        return (
            f"Groups of accounts were searched{where}, alone and together. {none} The search is strict about chance: on data without a "
            f"fault it would name a group in {rate} of cases."
        )
    n = len(wrong)
    groups = "one group" if n == 1 else f"{n} groups"
    rows = int(wrong["n"].sum())
    n_rows = inputs.metrics.get("n")
    share = f", {percent(rows / n_rows)} of the test rows" if is_number(n_rows) and n_rows else ""
    return (
        f"In {groups} of accounts the probabilities are wrong beyond chance ({whole(rows)} rows{share}). There, go by what happened rather "
        f"than by what the model expects, until it is mended. A search over data without a fault would name a group in {rate} of cases."
    )


def _all_are_off(inputs: TargetReportInputs) -> str:
    """Say by how much the chances of all accounts are off, level and spread; empty where that may be chance.

    The search compares a group with chances that were recalibrated on all test rows, so what all groups share is no fault of one.
    """
    metrics, many = inputs.metrics, event_words(inputs.target.kind).many
    said = []
    for name, what in (("observed_to_expected", "{0:.2f} times as many {1} as promised"), ("calibration_slope", "")):
        value, lo, hi = (metrics.get(f"{name}{end}") for end in ("", "_lo", "_hi"))
        if not (is_number(value) and is_number(lo) and is_number(hi)) or lo <= 1 <= hi:
            continue
        spread = "too far apart" if value < 1 else "too close together"
        figures = what.format(value, many) if what else f"they lie {spread}, slope {value:.2f}"
        said.append(f"{figures} ({lo:.2f} to {hi:.2f})")
    return f"The chances of all groups are off: {'; '.join(said)}." if said else ""


def _hold(inputs: TargetReportInputs) -> str:
    return "are off by no more than those of all accounts" if _all_are_off(inputs) else "hold"


def _searched(inputs: TargetReportInputs) -> list[str]:
    return [name for name in inputs.config.slices if name not in inputs.config.private]


def _wrong_table(frame: pd.DataFrame, labels: dict[str, str], events: str) -> Table:
    rows = tuple(
        (
            Cell(_group(row, labels), _DIRECTIONS.get(str(row["direction"]), "")),
            Cell(whole(row["n"])),
            Cell(percent(row["expected"]), value=row["expected"]),
            Cell(percent(row["observed"]), f"{percent(row['observed_lo'])} to {percent(row['observed_hi'])}", row["observed"]),
            Cell(score(row["gain"], 4), value=row["gain"]),
            Cell(_chance(row["p_adjusted"]), value=row["p_adjusted"]),
        )
        for row in frame.to_dict("records")
    )
    header = ("group", "rows", f"{events} expected", "happened", "log loss to be regained per row", "by chance alone")
    return Table("Wrong here: the model expects one thing, another happens", header, rows, frozenset(range(1, 6)))


def _hard_table(frame: pd.DataFrame, labels: dict[str, str], did: str) -> Table:
    rows = tuple(
        (
            Cell(_group(row, labels)),
            Cell(whole(row["n"])),
            Cell(percent(row["observed"]), f"{percent(row['observed_lo'])} to {percent(row['observed_hi'])}", row["observed"]),
            Cell(percent(row["expected"]), value=row["expected"]),
            Cell(f"{times(row['log_loss'] / row['log_loss_overall'])} times", value=row["log_loss"] / row["log_loss_overall"]),
        )
        for row in frame.to_dict("records")
    )
    header = ("group", "rows", f"share that {did}", "expected", "log loss, against all accounts")
    return Table("Naturally hard here", header, rows, frozenset(range(1, 5)))


def _better_table(frame: pd.DataFrame, labels: dict[str, str]) -> Table:
    rows = tuple(
        (
            Cell(_group(row, labels)),
            Cell(whole(row["n"])),
            Cell(score(row["gain"], 4), value=row["gain"]),
            Cell(percent(row["gain"] / row["log_loss"]) if row["log_loss"] else "", value=row["gain"]),
            Cell(_chance(row["p_adjusted"]), value=row["p_adjusted"]),
        )
        for row in frame.to_dict("records")
    )
    header = ("group", "rows", "log loss to be regained per row", "of the log loss there", "by chance alone")
    return Table("Recoverable by a better model", header, rows, frozenset(range(1, 5)))


def _group(row: dict[Any, Any], labels: dict[str, str]) -> str:
    pairs = [(row[f"column_{i}"], row[f"level_{i}"]) for i in (1, 2, 3) if isinstance(row[f"column_{i}"], str)]
    return ", ".join(f"{_label(column, labels)}: {level}" for column, level in pairs)


def _label(name: str, labels: dict[str, str]) -> str:
    return labels.get(name) or name.replace("_", " ")


def _chance(p: Any) -> str:
    return f"{percent(p)} at most" if is_number(p) else ""
