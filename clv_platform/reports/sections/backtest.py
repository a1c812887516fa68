"""The backtest, from `backtest.parquet`: a short section of a target's report, and a page of its own.

Here: what the numbers over months say. Keep computing out (see `evaluation.backtest`), drawing in `backtest_figures`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clv_platform.config import CompanyConfig, Target
from clv_platform.reports import backtest_figures
from clv_platform.reports.backtest_figures import Line
from clv_platform.reports.inputs import TargetReportInputs
from clv_platform.reports.page import BESIDE_TARGET, Picture
from clv_platform.reports.sections.decisions import build_decision_table
from clv_platform.reports.sections.section import Section, render_sections
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.words import day, event_words, is_number, percent, score, times, whole

TITLE = "Would it have worked in earlier months?"


def build_backtest(inputs: TargetReportInputs) -> Section | None:
    """Show the backtest in a few lines; the whole of it is the page `backtest.html` beside the report."""
    frame = inputs.extras.get("backtest", pd.DataFrame())
    if len(frame) < 2:
        return None
    page = "Month by month, with all figures: backtest.html, beside this page."
    return Section(
        "backtest", TITLE, (read_quality(frame), _quality_picture(frame), *_earned_words(frame, inputs.target, inputs.config), page)
    )


def render_backtest(config: CompanyConfig, target: Target, frame: pd.DataFrame, decisions: pd.DataFrame) -> str:
    """Render the backtest of one target as a page.

    Parameters
    ----------
    config, target
        The company and the question.
    frame : DataFrame
        `evaluation.backtest.COLUMNS`, a row per cutoff.
    decisions : DataFrame
        The log of decisions as a table, may be empty.

    Returns
    -------
    str
        HTML without any address outside the page; one sentence when there is no cutoff yet.
    """
    event = event_words(target.kind)
    title = f"{config.title} · backtest of {event.many}"
    if frame.empty:
        headline = "There is no backtest yet."
        return render_sections(title, headline, "`clv backtest` trains and judges a model as of each month.", (), nav=BESIDE_TARGET)
    if len(frame) == 1:
        headline = f"So far there is the model of one month alone: {_month(frame['cutoff'].iloc[0])}."
        return render_sections(
            title,
            headline,
            "How steady that is, earlier months tell: `clv backtest` trains and judges a model as of each.",
            (),
            nav=BESIDE_TARGET,
        )
    detail = (
        f"{len(frame)} models, one as of each month from {_month(frame['cutoff'].iloc[0])} to {_month(frame['cutoff'].iloc[-1])}; "
        f"each knew only "
        f"what was known then, and is judged on months after those it learnt from."
    )
    sections = [_quality(frame), _chances(frame), _drift(frame, target), _earned(frame, target, config), _decided(decisions, frame)]
    return render_sections(title, read_quality(frame), detail, [section for section in sections if section is not None], nav=BESIDE_TARGET)


def read_quality(frame: pd.DataFrame) -> str:
    """Say how steady the ranking was over the months."""
    clear = int((frame["pr_auc_lo"] > frame["base_rate"]).sum())
    low, high = frame["pr_auc"].min(), frame["pr_auc"].max()
    lift = frame["lift_at_20"]
    every = "In every month" if clear == len(frame) else f"In {clear} of {len(frame)} months"
    return (
        f"{every} the model knew more than chance: PR-AUC {score(low)} to {score(high)}, where a random list has "
        f"{score(frame['base_rate'].min())} to {score(frame['base_rate'].max())}; the top fifth held {times(lift.min())} to "
        f"{times(lift.max())} "
        "times the average."
    )


def _quality(frame: pd.DataFrame) -> Section:
    first = (_quality_picture(frame), _lift_picture(frame))
    return Section("quality", "How good each month's model was", (first, _table(frame), _disjoint_words(frame)))


def _quality_picture(frame: pd.DataFrame) -> Picture:
    lines = [Line("pr_auc", "PR-AUC"), Line("base_rate", "random list")]
    if frame["pr_auc_account_disjoint"].notna().any():
        lines.insert(1, Line("pr_auc_account_disjoint", "on accounts never seen"))
    svg = backtest_figures.over_months(frame, lines, "PR-AUC")
    widest = (frame["pr_auc_hi"] - frame["pr_auc_lo"]).max()
    spread = frame["pr_auc"].max() - frame["pr_auc"].min()
    steady = "within what chance alone explains" if spread <= widest else "more than chance alone explains"
    return Picture.of("backtest_pr_auc", svg, "PR-AUC month by month", f"From month to month it moves by up to {score(spread)}, {steady}.")


def _lift_picture(frame: pd.DataFrame) -> Picture:
    svg = backtest_figures.over_months(frame, [Line("lift_at_20", "lift")], "times the average", reference=1.0)
    worst = frame.iloc[int(frame["lift_at_20"].to_numpy(float).argmin())]
    reading = f"Weakest in {_month(worst['cutoff'])}: {times(worst['lift_at_20'])} times the average in the top fifth."
    return Picture.of("backtest_lift", svg, "Lift in the top 20 % month by month", reading)


def _disjoint_words(frame: pd.DataFrame) -> str:
    known = frame[frame["pr_auc_account_disjoint"].notna()]
    if known.empty:
        return "How good the models are on accounts they never saw isn't known: that figure wasn't computed."
    gap = float((known["pr_auc"] - known["pr_auc_account_disjoint"]).mean())
    worse = "hardly differs" if abs(gap) < 0.01 else f"is {score(abs(gap))} {'lower' if gap > 0 else 'higher'}"
    return f"On accounts that the model never saw, at no date, PR-AUC {worse} on average over {len(known)} months."


def _chances(frame: pd.DataFrame) -> Section | None:
    known = frame[frame["observed_to_expected"].notna()]
    if known.empty:
        return None
    off = known[(known["observed_to_expected_lo"] > 1) | (known["observed_to_expected_hi"] < 1)]
    told = (
        "In no month did more or fewer events happen than promised beyond chance."
        if off.empty
        else f"Beyond chance off in {len(off)} of {len(known)} months, furthest in {_month(_furthest(off)['cutoff'])}: "
        f"{_furthest(off)['observed_to_expected']:.2f} events for each one promised."
    )
    ratio = backtest_figures.over_months(
        known, [Line("observed_to_expected", "events per promised event")], "happened / promised", reference=1.0
    )
    error = backtest_figures.over_months(frame, [Line("calibration_error", "calibration error")], "calibration error")
    largest = frame.iloc[int(frame["calibration_error"].to_numpy(float).argmax())]
    pictures = (
        Picture.of("backtest_promised", ratio, "Events that happened for each one promised", told),
        Picture.of(
            "backtest_calibration", error, "How far chances were off, on average",
            f"Largest in {_month(largest['cutoff'])}: {percent(largest['calibration_error'])}, on average over tenths of the accounts.",
        ),
    )  # fmt: skip
    return Section("chances", "Whether the chances were kept", (pictures,))


def _furthest(off: pd.DataFrame) -> pd.Series:
    return off.iloc[int(np.abs(np.log(off["observed_to_expected"].to_numpy(float))).argmax())]


def _drift(frame: pd.DataFrame, target: Target) -> Section:
    event, first, last = event_words(target.kind), frame.iloc[0], frame.iloc[-1]
    apart = last["base_rate_lo"] > first["base_rate_hi"] or last["base_rate_hi"] < first["base_rate_lo"]
    way = "risen" if last["base_rate"] > first["base_rate"] else "fallen"
    told = (
        f"The share of accounts that {event.did} has {way} from {percent(first['base_rate'])} to {percent(last['base_rate'])} of the "
        f"test rows: a "
        "model of an early month would promise the wrong number today."
        if apart
        else f"The share of accounts that {event.did} is {percent(first['base_rate'])} in the first test and "
        f"{percent(last['base_rate'])} in the "
        "last: no drift beyond chance between the two."
    )
    svg = backtest_figures.over_months(frame, [Line("base_rate", "share")], f"share that {event.did}", is_share=True)
    return Section(
        "drift", "Whether the share of events drifts", (Picture.of("backtest_base_rate", svg, f"Share of accounts that {event.did}", told),)
    )


def _earned(frame: pd.DataFrame, target: Target, config: CompanyConfig) -> Section | None:
    told = _earned_words(frame, target, config)
    known = frame[frame["events"].notna()]
    if known.empty:
        return Section("earned", "What the lists would have earned", tuple(told)) if told else None
    event = event_words(target.kind)
    pictures = [
        Picture.of(
            "backtest_events", backtest_figures.found_by_month(known, "events", event.many), f"{event.many.capitalize()} among the "
            f"top 20 %",
            "The champion of that day made each list; perfect knowledge would have listed those to whom it happened.",
        )
    ]  # fmt: skip
    if known["value"].notna().any():
        svg = backtest_figures.found_by_month(known, "value", config.currency)
        reading = (
            f"{whole(target.value_per_event)} {config.currency} for each {event.one} less {whole(target.contact_cost)} for each contact."
        )
        pictures.append(Picture.of("backtest_value", svg, "Worth of the list less the cost of contacting it", reading))
    overlap = (
        f"An account is on the lists of several months, and what it does within {target.horizon_days} days counts for each: the "
        f"months can't be "
        "added up. Worth is that of what happened, not of what the contact would have changed."
    )
    return Section("earned", "What the lists would have earned", (*told, tuple(pictures), _earned_table(known, target, config), overlap))


def _earned_words(frame: pd.DataFrame, target: Target, config: CompanyConfig) -> list[str]:
    """Say what the top fifth of the lists held, where that is known by now."""
    known, event = frame[frame["events"].notna()], event_words(target.kind)
    waiting = frame[frame["list_as_of"].notna() & frame["events"].isna()]
    told = []
    if len(known):
        ratio = known["events"].sum() / known["events_random"].sum() if known["events_random"].sum() else float("nan")
        best = known["events_perfect"].sum()
        text = (
            f"The top fifth of a month's list, made by the champion of that day, held {whole(known['events'].mean())} {event.many} a "
            f"month on "
            f"average over {len(known)} months: {times(ratio)} times as many as at random, "
            f"{percent(known['events'].sum() / best if best else None)} "
            "of what perfect knowledge would have found."
        )
        if known["value"].notna().any():
            text += (
                f" At {whole(target.value_per_event)} {config.currency} for each {event.one} and {whole(target.contact_cost)} for "
                f"each contact that "
                f"is {whole(known['value'].mean())} {config.currency} a month, against {whole(known['value_random'].mean())} at random and "
                f"{whole(known['value_perfect'].mean())} with perfect knowledge."
            )
        told.append(text)
    if len(waiting):
        told.append(
            f"What the lists of the last {len(waiting)} months held isn't known yet: {target.horizon_days} days haven't passed since."
        )
    return told


def _table(frame: pd.DataFrame) -> Table:
    columns = ("pr_auc", "pr_auc_account_disjoint", "lift_at_20", "calibration_error")
    rows = []
    for row in frame.sort_values("cutoff", ascending=False).to_dict("records"):
        figures = tuple(_figure(row, name) for name in columns)
        rows.append(
            (
                Cell(_month(row["cutoff"])),
                Cell(whole(row["n"]), f"{whole(row['n_positive'])} events"),
                Cell(score(row["base_rate"])),
                *figures,
            )
        )
    header = ("as of", "test rows", "random list", "PR-AUC", "on accounts never seen", "lift at 20 %", "calibration error")
    return Table("Each month's model on its test rows, with 95 % intervals", header, tuple(rows), frozenset(range(1, 7)))


def _figure(row: dict[Any, Any], name: str) -> Cell:
    write = times if name.startswith("lift") else score
    low, high = row[f"{name}_lo"], row[f"{name}_hi"]
    return Cell(write(row[name]), f"{write(low)} to {write(high)}" if is_number(low) else "", row[name] if is_number(row[name]) else None)


def _earned_table(known: pd.DataFrame, target: Target, config: CompanyConfig) -> Table:
    event, has_money, rows = event_words(target.kind), known["value"].notna().any(), []
    for row in known.sort_values("list_as_of", ascending=False).to_dict("records"):
        cells = [
            Cell(day(pd.Timestamp(row["list_as_of"]))),
            Cell(whole(row["n_known"])),
            Cell(whole(row["events"]), f"{whole(row['events_lo'])} to {whole(row['events_hi'])}", row["events"]),
            Cell(whole(row["events_random"])),
            Cell(whole(row["events_perfect"])),
            Cell(times(row["list_lift"]), f"{times(row['list_lift_lo'])} to {times(row['list_lift_hi'])}", row["list_lift"]),
        ]
        if has_money:
            cells += [
                Cell(whole(row["value"]), f"{whole(row['value_lo'])} to {whole(row['value_hi'])}", row["value"]),
                Cell(whole(row["value_random"])),
            ]
        rows.append(tuple(cells))
    header = ("list of", "contacted", f"{event.many} found", "at random", "perfect knowledge", "times the average")
    header += (f"worth, {config.currency}", "worth at random") if has_money else ()
    return Table("The top 20 % of each month's list, and what happened to it", header, tuple(rows), frozenset(range(1, len(header))))


def _decided(decisions: pd.DataFrame, frame: pd.DataFrame) -> Section | None:
    models = frame["in_use"].dropna()
    if models.empty and decisions.empty:
        return None
    changes = int((models != models.shift()).sum()) if len(models) else 0
    plural = "s" if changes != 1 else ""
    told = f"With a model trained every month and the gate deciding, {changes} model{plural} would have been in use over these months."
    table = (build_decision_table(decisions.sort_values("cutoff", ascending=False, kind="stable"), "Decisions, newest month first"),)
    return Section("champions", "Champion against challenger", (told, *(table if len(decisions) else ())))


def _month(cutoff: Any) -> str:
    return f"{pd.Timestamp(cutoff):%B %Y}"
