"""The report of one target: one self-contained HTML page for people who decide, a pure function of its inputs.

Here: which section shows what. Findings are in `target_findings`, tables in `tables`, pictures in `figures`, layout in the templates.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from clv_platform.reports import figures, words
from clv_platform.reports.inputs import TargetReportInputs
from clv_platform.reports.page import Picture, render_page
from clv_platform.reports.tables import Table, arms_table, call_table, leaderboard_table, lift_rows, metric_table, slices_table
from clv_platform.reports.target_findings import accuracy_sentence, asked_rows, build_limits, build_next_steps, build_verdict

N_CALLS_SHOWN = 20


@dataclass(frozen=True)
class _Call:
    first: Table | None
    rest: Table | None
    n: int


def render_target_report(inputs: TargetReportInputs) -> str:
    """Render the report of one yes-or-no target.

    Parameters
    ----------
    inputs : TargetReportInputs
        Numbers and facts; nothing else is read.

    Returns
    -------
    str
        HTML without any address outside the page; the same inputs give the same text.

    Raises
    ------
    ValueError
        For a target with amounts.
    """
    event = words.event_words(inputs.target.kind)
    verdict = build_verdict(inputs)
    return render_page(
        "target_report.html.j2",
        title=f"{inputs.config.title}: {event.many}",
        inputs=inputs,
        event=event,
        verdict=verdict,
        asked=asked_rows(inputs),
        accuracy=accuracy_sentence(inputs),
        metric_table=metric_table(inputs),
        lift_table=lift_rows(inputs) if len(inputs.lift) else None,
        leaderboard=leaderboard_table(inputs) if len(inputs.leaderboard) else None,
        arms=arms_table(inputs) if len(inputs.arms) else None,
        slices=_slices(inputs),
        call=_call(inputs, verdict.level == "nothing"),
        limits=build_limits(inputs),
        steps=build_next_steps(inputs, verdict.level),
        **_pictures(inputs, event),
    )


def draw_target_pictures(inputs: TargetReportInputs) -> dict[str, bytes]:
    """Draw the same pictures as PNG for the Dagster UI: name to bytes, only those that have data."""
    shared = {"picture_format": "png"}
    pictures: dict[str, bytes] = {}
    if len(inputs.pr_curve):
        pictures["pr_curve"] = figures.pr_curve(inputs.pr_curve, _base_rate(inputs), **shared)
    if len(inputs.gains):
        pictures["gains"] = figures.gains_curve(inputs.gains, **shared)
    if len(inputs.lift):
        pictures["lift"] = figures.lift_bars(inputs.lift, **shared)
    if len(inputs.reliability):
        pictures["reliability"] = figures.reliability_picture(inputs.reliability, **shared)
    shown = visible_importance(inputs)
    if len(shown):
        pictures["importance"] = figures.importance_bars(shown, **shared)
    return pictures


def visible_importance(inputs: TargetReportInputs) -> pd.DataFrame:
    """Return the importance table without private features; shares stay shares of all influence."""
    frame = inputs.importance
    return frame[~frame["feature"].isin(inputs.config.private)] if len(frame) else frame


def _base_rate(inputs: TargetReportInputs) -> float:
    if "pr_auc_baseline" in inputs.metrics:
        return float(inputs.metrics["pr_auc_baseline"])
    return float(inputs.metrics["n_positive"]) / max(float(inputs.metrics["n"]), 1.0)


def _slices(inputs: TargetReportInputs) -> Table | None:
    table = slices_table(inputs)
    return table if table.rows else None


def _call(inputs: TargetReportInputs, nothing_learnt: bool) -> _Call:
    calls = inputs.call_list.head(0) if nothing_learnt else inputs.call_list.head(inputs.config.call_list_size)
    if calls.empty:
        return _Call(None, None, 0)
    rest = call_table(calls, inputs.config.private, N_CALLS_SHOWN + 1, len(calls)) if len(calls) > N_CALLS_SHOWN else None
    return _Call(call_table(calls, inputs.config.private, 1, min(N_CALLS_SHOWN, len(calls))), rest, len(calls))


def _pictures(inputs: TargetReportInputs, event: words.EventWords) -> dict[str, Picture | None]:
    base_rate, importance = _base_rate(inputs), visible_importance(inputs)
    return {
        "pr_picture": Picture.of(
            "pr_curve", figures.pr_curve(inputs.pr_curve, base_rate), "Precision over recall", words.read_pr_curve(inputs.pr_curve, base_rate, event)
        )
        if len(inputs.pr_curve)
        else None,
        "gains_picture": Picture.of("gains", figures.gains_curve(inputs.gains), "Share found by depth of the list", words.read_gains(inputs.gains, event))
        if len(inputs.gains)
        else None,
        "lift_picture": Picture.of("lift", figures.lift_bars(inputs.lift), "Lift by tenth of the list", words.read_lift(inputs.lift, event))
        if len(inputs.lift)
        else None,
        "reliability_picture": Picture.of(
            "reliability",
            figures.reliability_picture(inputs.reliability),
            "Predicted probability against what happened",
            words.read_reliability(inputs.reliability, inputs.metrics.get("calibration_error")),
        )
        if len(inputs.reliability)
        else None,
        "importance_picture": Picture.of("importance", figures.importance_bars(importance), "What moves the score most", words.read_importance(importance))
        if len(importance)
        else None,
    }
