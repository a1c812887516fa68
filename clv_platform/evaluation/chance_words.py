"""What may be done with a model's chances: one decision, one sentence, wherever somebody asks.

Here: `judge_chances`, which reads the figures of `metrics.json`; the gate, the opening of a report, its list and its section on
reliability all say what it says. The bands are the gate's (`gate_calibration`). Keep other words out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from clv_platform.evaluation.gate_calibration import EVENTS_BAND, SLOPE_BAND

Level = Literal["kept", "shifted", "order", "unknown"]


@dataclass(frozen=True)
class ChanceVerdict:
    """How chances may be read.

    Attributes
    ----------
    level : {"kept", "shifted", "order", "unknown"}
        As they stand; as they stand, but a little off beyond chance; as an order only; too few events to say.
    sentence : str
        The same in words, with the figures.
    """

    level: Level
    sentence: str


def judge_chances(metrics: Mapping[str, Any], is_sampled: bool = False) -> ChanceVerdict:
    """Say how a model's chances may be read.

    Parameters
    ----------
    metrics : mapping
        `observed_to_expected` and `calibration_slope` with `_lo` and `_hi` (95 % intervals), `n_positive`; absent or NaN: not known.
    is_sampled : bool
        Whether rows were drawn by what happened (`base_rate_is_sampled` of the target): then a chance kept on these rows is one of
        accounts drawn in the same way, and for accounts as they are only the order holds.
    """
    verdict = _judge(metrics)
    if not is_sampled or verdict.level == "unknown":
        return verdict
    drawn = "The chances should be read as an order, not as chances: rows were drawn by what happened, so accounts as they are have others"
    _, _, figures = verdict.sentence.partition(": ")
    return ChanceVerdict("order", f"{drawn}. On rows drawn in the same way, {figures}")


def _judge(metrics: Mapping[str, Any]) -> ChanceVerdict:
    ratio, lo, hi = (_figure(metrics, f"observed_to_expected{end}") for end in ("", "_lo", "_hi"))
    slope, slope_lo, slope_hi = (_figure(metrics, f"calibration_slope{end}") for end in ("", "_lo", "_hi"))
    if not (math.isfinite(lo) and ratio > 0):
        return ChanceVerdict("unknown", "Whether the chances are kept can't be said: too few events.")
    happened = _figure(metrics, "n_positive")
    counts = f"{happened / ratio:,.0f} events were promised on the test rows and {happened:,.0f} happened, " if happened > 0 else ""
    events = f"{counts}{ratio:.2f} times as many as promised (95\u00a0% interval {lo:.2f} to {hi:.2f})"
    spread = "too far apart" if slope < 1 else "too close together"
    # NaN compares false: a slope that can't be computed is no alarm.
    if slope_hi < SLOPE_BAND[0] or slope_lo > SLOPE_BAND[1]:
        why = f"they lie {spread} (slope {slope:.2f}); {events}"
        return ChanceVerdict("order", f"The chances should be read as an order, not as chances: {why}.")
    if hi < EVENTS_BAND[0] or lo > EVENTS_BAND[1]:
        return ChanceVerdict("order", f"The chances should be read as an order, not as chances: {events}.")
    if not lo <= 1 <= hi:
        way = "low" if ratio > 1 else "high"
        if not EVENTS_BAND[0] <= ratio <= EVENTS_BAND[1]:  # the gate asks for more than a guess to refuse a model; a plan needs less
            return ChanceVerdict("order", f"The chances are too {way}, by how much is uncertain; read them as an order: {events}.")
        return ChanceVerdict("shifted", f"The chances can be planned with, but are a little too {way}: {events}.")
    if slope_hi < 1 or slope_lo > 1:
        return ChanceVerdict("shifted", f"The chances can be planned with, but lie a little {spread} (slope {slope:.2f}): {events}.")
    return ChanceVerdict("kept", f"The chances can be read as they stand: {events}.")


def _figure(metrics: Mapping[str, Any], name: str) -> float:
    value = metrics.get(name)
    return float(value) if value is not None else float("nan")
