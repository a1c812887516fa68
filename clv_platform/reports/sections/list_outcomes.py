"""How the lists did that were really given out, from `list_outcomes.parquet`."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clv_platform.reports import backtest_figures, words
from clv_platform.reports.inputs import TargetReportInputs
from clv_platform.reports.page import Picture
from clv_platform.reports.sections.section import Section
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.words import day, event_words, is_number, percent, times, whole

_GROUPS = (("contacted", "contacted"), ("control", "left out as a control"), ("untouched", "no campaign"))
TITLE = "How did the earlier lists do?"


def build_list_outcomes(inputs: TargetReportInputs) -> Section | None:
    """Show hit rate and lift of every list that was given out and whose outcome is known by now."""
    lists = inputs.extras.get("list_outcomes", pd.DataFrame())
    if lists.empty:
        return None
    known = lists[lists["is_known"].astype(bool) & (lists["n_known"].fillna(0) > 0)]
    waiting = lists[~lists["is_known"].astype(bool)]
    blocks: list[Any] = []
    if known.empty:
        first = waiting.sort_values("as_of_date").iloc[0]
        text = (
            f"No list that was given out is old enough to be judged. The first one, of {day(first['as_of_date'])}, can be judged once the "
            f"data reach {day(first['known_from_date'])}."
        )
        return Section("earlier-lists", TITLE, (text,))
    blocks.append(_headline(known, inputs))
    blocks.append(_table(known, inputs))
    fifth = known[known["list"] == "top 20 %"]
    if len(fifth) > 1:
        blocks.append(_picture(fifth, inputs))
    touched = _touched(known, inputs)
    blocks += touched
    if len(waiting):
        last = waiting.sort_values("as_of_date").iloc[-1]
        blocks.append(f"The newest list, of {day(last['as_of_date'])}, can be judged once the data reach {day(last['known_from_date'])}.")
    return Section("earlier-lists", TITLE, tuple(blocks))


def _headline(known: pd.DataFrame, inputs: TargetReportInputs) -> str:
    row = known.sort_values(["as_of_date", "n_listed"]).iloc[-1]  # of the newest list, the deeper one: more accounts, a surer figure
    event = event_words(inputs.target.kind)
    sure = is_number(row["lift_lo"]) and row["lift_lo"] > 1
    verdict = (
        f"{times(row['lift'])} times the average (95 % interval {times(row['lift_lo'])} to {times(row['lift_hi'])})"
        if sure
        else "which isn't more than the average beyond chance"
    )
    return (
        f"The newest list that can be judged is that of {day(row['as_of_date'])}: of the {whole(row['n_known'])} accounts in its "
        f"{row['list']} "
        f"{whole(row['n_events'])} {event.did} within {inputs.target.horizon_days} days, {percent(row['hit_rate'])} against "
        f"{percent(row['base_rate'])} of all accounts: {verdict}. The chances on the list promised {whole(row['n_expected'])}."
    )


def _table(known: pd.DataFrame, inputs: TargetReportInputs) -> Table:
    event, rows = event_words(inputs.target.kind), []
    for row in known.sort_values(["as_of_date", "n_listed"], ascending=[False, True]).to_dict("records"):
        rows.append(
            (
                Cell(day(row["as_of_date"])),
                Cell(str(row["list"]), f"{whole(row['n_known'])} accounts"),
                Cell(whole(row["n_events"]), f"{whole(row['n_expected'])} promised"),
                Cell(percent(row["hit_rate"]), f"{percent(row['hit_rate_lo'])} to {percent(row['hit_rate_hi'])}", row["hit_rate"]),
                Cell(percent(row["base_rate"]), value=row["base_rate"]),
                Cell(times(row["lift"]), f"{times(row['lift_lo'])} to {times(row['lift_hi'])}", row["lift"]),
                Cell(whole(row["contacted_n"])),
            )
        )
    header = ("list of", "accounts", event.many, f"share that {event.did}", "of all accounts", "times the average", "contacted")
    return Table("Lists that were really given out, and what happened", header, tuple(rows), frozenset(range(2, 7)))


def _picture(fifth: pd.DataFrame, inputs: TargetReportInputs) -> Picture:
    event = event_words(inputs.target.kind)
    lines = (backtest_figures.Line("hit_rate", "top 20 % of the list"), backtest_figures.Line("base_rate", "all accounts"))
    svg = backtest_figures.over_months(fifth, lines, f"share that {event.did}", is_share=True, time="as_of_date")
    low, high = fifth["lift"].min(), fifth["lift"].max()
    title = "The lists that were given out, month by month"
    return Picture.of(
        "list_outcomes", svg, title, f"The top fifth held {times(low)} to {times(high)} times as many {event.many} as the average."
    )


def _touched(known: pd.DataFrame, inputs: TargetReportInputs) -> list[Any]:
    """What campaigns did to the listed accounts: a comparison, no effect."""
    event = event_words(inputs.target.kind)
    deepest = known.sort_values(["as_of_date", "n_listed"]).groupby("as_of_date").tail(1)
    if not (deepest["contacted_n"] + deepest["control_n"]).sum():
        return ["No campaign touched an account of these lists within the horizon, as far as the data say."]
    rows = []
    for row in deepest.sort_values("as_of_date", ascending=False).to_dict("records"):
        for kind, label in _GROUPS:
            if row[f"{kind}_n"]:
                low, high = percent(row[f"{kind}_hit_rate_lo"]), percent(row[f"{kind}_hit_rate_hi"])
                rate = Cell(percent(row[f"{kind}_hit_rate"]), f"{low} to {high}", row[f"{kind}_hit_rate"])
                rows.append(
                    (Cell(day(row["as_of_date"])), Cell(label), Cell(whole(row[f"{kind}_n"])), Cell(whole(row[f"{kind}_events"])), rate)
                )
    share = deepest["contacted_n"].sum() / deepest["n_known"].sum()
    note = (
        f"Campaigns contacted {words.percent(share)} of these accounts within the horizon, so what happened isn't what would have happened "
        "without them. The difference between the groups isn't the effect of the contact: who is contacted is chosen. Only accounts "
        "left out "
        "at random (controls) can show the effect."
    )
    header = ("list of", "what campaigns did", "accounts", event.many, f"share that {event.did}")
    return [note, Table("Listed accounts by what campaigns did within the horizon", header, tuple(rows), frozenset({2, 3, 4}))]
