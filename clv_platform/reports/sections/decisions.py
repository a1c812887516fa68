"""Which model is in use and why: the decisions of the gate and of people, from `decisions.parquet`."""

from __future__ import annotations

import pandas as pd

from clv_platform.reports.inputs import TargetReportInputs
from clv_platform.reports.sections.section import Section
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.words import keep_together

_WORDS = {
    "promoted": "put into use",
    "champion_kept": "not better than the one in use",
    "nothing_learnt": "nothing learnt",
    "not_calibrated": "chances not kept",
    "new_weak_group": "wrong about a group",
    "rolled_back": "stays out of use",
    "rolled_back_to": "taken back into use by a person",
}
_N_SHOWN = 12


def build_decisions(inputs: TargetReportInputs) -> Section | None:
    """Show the model in use, the decision that put it there, and the decisions before it."""
    decisions = inputs.extras.get("decisions", pd.DataFrame())
    if decisions.empty:
        return None
    real = decisions[decisions["is_applied"].astype(bool)]
    blocks: list[str | Table] = [_in_use(real)]
    if len(real):
        blocks.append(build_decision_table(real.iloc[::-1].head(_N_SHOWN), "Decisions, newest first"))
    trials = decisions[~decisions["is_applied"].astype(bool)]
    folded = ()
    if len(trials):
        newest = trials.sort_values("cutoff", ascending=False, kind="stable").head(_N_SHOWN)
        table = build_decision_table(newest, "What the gate would have decided, newest month first")
        folded = (("Decisions of the backtest: nothing was put into use by them", (table,)),)
    blocks.append(
        "A model takes over when it is better than the one in use beyond chance on the same accounts, its chances are kept, and it "
        "isn't wrong "
        "about a group that the other gets right. A tie changes nothing. A person can go back to an earlier model; that is written "
        "down too."
    )
    return Section("decisions", "Which model is in use, and why", tuple(blocks), folded)


def _in_use(real: pd.DataFrame) -> str:
    if real.empty:
        return "No model has been judged for use yet: this month is part of a backtest."
    last = real.iloc[-1]
    if not last["in_use"]:
        return "No model is in use: none has passed its gate."
    since = real[real["is_promoted"].astype(bool) & (real["model_id"] == last["in_use"])]
    why = next(iter(since.iloc[-1]["reasons"])) if len(since) else ""
    return keep_together(f"In use: {last['in_use']}. {why}".rstrip())


def build_decision_table(decisions: pd.DataFrame, caption: str) -> Table:
    """Lay decisions out as a table in the order given."""
    rows = []
    for row in decisions.to_dict("records"):
        reasons = list(row["reasons"])
        first = keep_together(reasons[0]) if reasons else ""
        who = row["by"] or "the gate"
        said = _WORDS.get(row["verdict"]) or str(row["verdict"]).replace("_", " ")
        rows.append((Cell(row["cutoff"]), Cell(row["model_id"]), Cell(said, who), Cell(first)))
    return Table(caption, ("as of", "model", "decision", "main reason"), tuple(rows))
