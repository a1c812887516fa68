"""The report of one target: one self-contained HTML page for people who decide, a pure function of its inputs.

Here: which section shows what. Findings are in `target_findings`, tables in `tables`, pictures in `figures`, layout in the templates.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from clv_platform.evaluation.chance_words import judge_chances
from clv_platform.explain import PRIVATE
from clv_platform.reports import figures, words
from clv_platform.reports.inputs import TargetReportInputs
from clv_platform.reports.page import Picture, render_page
from clv_platform.reports.sections import build_target_sections
from clv_platform.reports.sections.reviewers import build_reviewers
from clv_platform.reports.tables import (
    Table,
    arms_table,
    call_table,
    leaderboard_reading,
    leaderboard_table,
    lift_rows,
    metric_table,
    slices_table,
)
from clv_platform.reports.target_findings import (
    accuracy_sentence,
    asked_rows,
    base_rate,
    build_limits,
    build_next_steps,
    build_verdict,
    list_scope,
)

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
        title=f"{inputs.config.title} · {event.many}",
        nav=inputs.pages,
        inputs=inputs,
        event=event,
        verdict=verdict,
        asked=asked_rows(inputs),
        accuracy=accuracy_sentence(inputs),
        metric_table=metric_table(inputs),
        lift_table=lift_rows(inputs) if len(inputs.lift) else None,
        leaderboard=leaderboard_table(inputs) if len(inputs.leaderboard) else None,
        leaderboard_reading=leaderboard_reading(inputs),
        arms=arms_table(inputs) if len(inputs.arms) else None,
        is_regression=inputs.metrics.get("model_kind") == "logistic_regression",
        slices=_slices(inputs),
        call=_call(inputs),
        scope=list_scope(inputs),
        chances=judge_chances(inputs.metrics, inputs.target.base_rate_is_sampled).sentence if inputs.gate.is_promoted else "",
        base_rate=base_rate(inputs),
        limits=build_limits(inputs),
        steps=build_next_steps(inputs, verdict.level),
        pictures=_pictures(inputs, event),
        opening=build_reviewers(inputs),
        sections=build_target_sections(inputs),
    )


def draw_target_pictures(inputs: TargetReportInputs, picture_format: figures.Format = "png") -> dict[str, bytes]:
    """Draw the report's pictures, PNG for the Dagster UI: name to bytes, only those that have data."""
    importance = visible_importance(inputs)
    wanted = {
        "gains": (inputs.gains, lambda: figures.gains_curve(inputs.gains, picture_format=picture_format)),
        "pr_curve": (inputs.pr_curve, lambda: figures.pr_curve(inputs.pr_curve, base_rate(inputs), picture_format=picture_format)),
        "lift": (inputs.lift, lambda: figures.lift_bars(inputs.lift, picture_format=picture_format)),
        "reliability": (inputs.reliability, lambda: figures.reliability_picture(inputs.reliability, picture_format=picture_format)),
        "importance": (importance, lambda: figures.importance_bars(importance, picture_format=picture_format)),
    }
    return {name: draw() for name, (frame, draw) in wanted.items() if len(frame)}


def visible_importance(inputs: TargetReportInputs) -> pd.DataFrame:
    """Return the importance table without private features; shares stay shares of all influence."""
    frame = inputs.importance
    return frame[~_is_private(inputs)] if len(frame) else frame


def private_share(inputs: TargetReportInputs) -> float:
    """Return the share of all influence that private features have, 0 to 1."""
    return float(inputs.importance.loc[_is_private(inputs), "share"].sum()) if len(inputs.importance) else 0.0


def _is_private(inputs: TargetReportInputs) -> pd.Series:
    return inputs.importance["feature"].isin([*inputs.config.private, PRIVATE])


def _slices(inputs: TargetReportInputs) -> Table | None:
    table = slices_table(inputs)
    return table if table.rows else None


def _call(inputs: TargetReportInputs) -> _Call:
    calls = inputs.call_list.head(inputs.config.call_list_size)
    if calls.empty:
        return _Call(None, None, 0)
    rest = call_table(calls, inputs.config.private, N_CALLS_SHOWN + 1, len(calls)) if len(calls) > N_CALLS_SHOWN else None
    return _Call(call_table(calls, inputs.config.private, 1, min(N_CALLS_SHOWN, len(calls))), rest, len(calls))


def _pictures(inputs: TargetReportInputs, event: words.EventWords) -> dict[str, Picture]:
    captions = {
        "gains": ("Share found by depth of the list", lambda: words.read_gains(inputs.gains, event)),
        "pr_curve": ("Right names against found positives", lambda: words.read_pr_curve(inputs.pr_curve, base_rate(inputs), event)),
        "lift": ("Lift by tenth of the list", lambda: words.read_lift(inputs.lift, event)),
        "reliability": (
            "Predicted probability against what happened",
            lambda: words.read_reliability(inputs.metrics, inputs.target.base_rate_is_sampled),
        ),
        "importance": ("What moves the score most", lambda: words.read_importance(visible_importance(inputs), private_share(inputs))),
    }
    drawn = draw_target_pictures(inputs, "svg")
    return {name: Picture.of(name, svg, captions[name][0], captions[name][1]()) for name, svg in drawn.items()}
