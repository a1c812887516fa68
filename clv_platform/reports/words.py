"""Numbers and findings in plain words: every sentence of a report is made here, from the numbers.

Add a sentence as a function of numbers. Keep layout out (see the templates).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from clv_platform.config.schema import TargetKind
from clv_platform.evaluation.chance_words import judge_chances
from clv_platform.reports.metric_glossary import METRICS

NBSP = "\u00a0"
MISSING = "–"
MIN_ACCOUNTS = 30  # a share of fewer is no extreme to name: with 2 accounts it is 0, a half or all


@dataclass(frozen=True)
class EventWords:
    """How a target's event is called: one, many, what accounts will do, what they did, what the list is for."""

    one: str
    many: str
    will: str
    did: str
    call: str


EVENT_WORDS: dict[TargetKind, EventWords] = {
    "upgrade": EventWords("upgrade", "upgrades", "will upgrade", "upgraded", "Call"),
    "churn": EventWords("departure", "departures", "will leave", "left", "Save"),
}


def event_words(kind: TargetKind) -> EventWords:
    """Return the words of a yes-or-no target; ValueError for a target with amounts."""
    if kind not in EVENT_WORDS:
        raise ValueError(f"a target of kind {kind!r} has amounts, not events; this report is for: {', '.join(EVENT_WORDS)}.")
    return EVENT_WORDS[kind]


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether a value is a finite number."""
    return isinstance(value, int | float | np.integer | np.floating) and math.isfinite(value)


def whole(value: Any) -> str:
    """Write a count: 12,345."""
    return f"{round(value):,}" if is_number(value) else MISSING


def counted(n: Any, one: str, many: str = "") -> str:
    """Write a count with its noun: 1 account, 2 accounts; `many` where it isn't `one` with an s."""
    return f"{whole(n)} {one if n == 1 else many or f'{one}s'}"


def are(n: Any) -> str:
    """The verb that a count takes: 1 is, 2 are."""
    return "is" if n == 1 else "are"


def percent(value: Any, digits: int | None = None) -> str:
    """Write a share of 1 as percent; small ones get one decimal unless `digits` says otherwise."""
    if not is_number(value):
        return MISSING
    places = digits if digits is not None else (1 if 0 < abs(value) < 0.095 else 0)
    return f"{100 * value:z.{places}f}{NBSP}%"


def score(value: Any, digits: int | None = None) -> str:
    """Write a figure between 0 and 1: three decimals, four when it is below 0.02."""
    if not is_number(value):
        return MISSING
    return f"{value:z.{digits or _score_digits(value)}f}"


def _score_digits(value: float) -> int:
    return 4 if abs(value) < 0.02 else 3


def times(value: Any) -> str:
    """Write a factor: 2.9."""
    return f"{value:z.1f}" if is_number(value) else MISSING


def amount(value: Any) -> str:
    """Write an amount: 1,234.50."""
    return f"{value:z,.2f}" if is_number(value) else MISSING


def day(value: date | None) -> str:
    """Write a date: 1 July 2025."""
    return MISSING if value is None or pd.isna(value) else f"{value.day} {value:%B %Y}"


def list_date(snapshot: date, cutoff: date | None) -> str:
    """The date of a list, and what its scores don't know where the data reach beyond its snapshot."""
    if cutoff is None or snapshot >= cutoff:
        return day(snapshot)
    return f"{day(snapshot)}, the last snapshot: what accounts did from then until {day(cutoff)} doesn't count in their scores"


def days_list(values: tuple[date, ...]) -> str:
    """Write dates: 1 July, 1 August and 1 September 2025."""
    if not values:
        return MISSING
    years = {value.year for value in values}
    words = [f"{v.day} {v:%B}" if len(years) == 1 and v != values[-1] else day(v) for v in values]
    return sentence_list(words)


def sentence_list(words: list[str]) -> str:
    """Join words: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def shown(name: str, value: Any) -> str:
    """Write the value of a metric the way the glossary says."""
    kind = METRICS[name].shown_as if name in METRICS else "score"
    return {"score": score, "share": percent, "times": times, "count": whole, "amount": amount}[kind](value)


def interval(name: str, low: Any, high: Any) -> str:
    """Write an interval: 0.28 to 0.35; empty when there is none."""
    if not is_number(low) or not is_number(high):
        return ""
    if name in METRICS and METRICS[name].shown_as == "score":
        digits = _score_digits(high)
        return f"{score(low, digits)} to {score(high, digits)}"
    return f"{shown(name, low)} to {shown(name, high)}"


def keep_together(text: str) -> str:
    """Keep a number and its percent sign on one line."""
    return text.replace(" %", f"{NBSP}%")


def read_pr_curve(curve: pd.DataFrame, base_rate: float, words: EventWords) -> str:
    """Say how often a named account is right when half of the positives are found."""
    at_half = curve[curve["recall"] >= 0.5].sort_values("recall", kind="stable").head(1)
    if at_half.empty:
        return ""
    return (
        f"To find half of the {words.many}, you name accounts of which {percent(at_half['precision'].iloc[0])} are right; "
        f"in random order it would be {percent(base_rate)}."
    )


def read_gains(gains: pd.DataFrame, words: EventWords) -> str:
    """Say what the top fifth finds, and how deep one must go for four fifths."""
    ordered = gains.sort_values("share", kind="stable")
    share, capture = ordered["share"].to_numpy(float), ordered["capture"].to_numpy(float)
    deep = share[capture >= 0.8]
    text = f"The top 20{NBSP}% of the list holds {percent(np.interp(0.2, share, capture))} of the {words.many}"
    return text + (f"; to reach 80{NBSP}% of them, work through the top {percent(deep[0], 0)}." if len(deep) else ".")


def read_lift(lift: pd.DataFrame, words: EventWords) -> str:
    """Compare the first tenth of the list with the last."""
    first, last = lift.iloc[0], lift.iloc[-1]
    return (
        f"In the best tenth {percent(first['rate'])} {words.did}, {times(first['lift'])} times the average; "
        f"in the last tenth {percent(last['rate'])}. Thin lines are 95{NBSP}% intervals."
    )


def read_reliability(metrics: Mapping[str, Any], is_sampled: bool = False) -> str:
    """Say how far off probabilities are, and how they may be read: the sentence that the gate and the list say, too."""
    error = metrics.get("calibration_error")
    off = f"In tenths of the accounts the two differ by {100 * error:.1f} percentage points on average. " if is_number(error) else ""
    return f"{off}{judge_chances(metrics, is_sampled).sentence}"


def read_importance(importance: pd.DataFrame, private_share: float = 0.0) -> str:
    """Name the three strongest features; private ones count as a share without names."""
    top = importance.sort_values("share", ascending=False, kind="stable").head(3)
    if top.empty:
        return ""
    names = sentence_list([f"“{label}”" for label in top["label"]])
    verb = "makes" if len(top) == 1 else "make"
    part = percent(top["share"].sum())
    private = f" Columns that the config calls private are used but not shown: {percent(private_share)}." if private_share > 0 else ""
    return (
        f"{names} {verb} up {part} of what moves the score.{private} A bar is one feature: windows of one measure (last month, a quarter) "
        "stand apart. It shows what the model looks at, not what causes it."
    )


def read_base_rate(rates: pd.DataFrame) -> str:
    """Say how far the share of positives moved."""
    known = rates[rates["n"] > 0]
    if known.empty:
        return "No label can be used yet: no window of the horizon has ended."
    rate = (known["n_positive"] / known["n"]).to_numpy(float)
    if len(known) == 1:
        return f"{percent(rate[0])} of {whole(known['n'].iloc[0])} rows are positive."
    judged = large_enough(known)
    rate = (judged["n_positive"] / judged["n"]).to_numpy(float)
    low, high = (_month(judged["as_of_date"].iloc[int(i)]) for i in (rate.argmin(), rate.argmax()))
    text = f"Between {percent(rate.min())} ({low}) and {percent(rate.max())} ({high}) of the accounts are positive."
    if n_small := len(known) - len(judged):
        text += f" Left out, with fewer than {MIN_ACCOUNTS} accounts: {counted(n_small, 'month')}."
    return text


def large_enough(rates: pd.DataFrame) -> pd.DataFrame:
    """Leave out dates with so few accounts that their share of positives says nothing; all stay where fewer than two would be left."""
    known = rates[rates["n"] > 0]
    judged = known[known["n"] >= MIN_ACCOUNTS]
    return judged if len(judged) > 1 else known


def read_activity(activity: pd.DataFrame, what: str) -> str:
    """Say where the data begin and end, and where a month is empty."""
    months = pd.DatetimeIndex(pd.to_datetime(activity["month"])).sort_values()
    gaps = pd.date_range(months[0], months[-1], freq="MS").difference(months)
    text = f"{whole(activity['n_rows'].sum())} {what} from {_month(months[0])} to {_month(months[-1])}"
    if len(gaps):
        return f"{text}; no row at all in {sentence_list([_month(gap) for gap in gaps[:6]])}{' and other months' if len(gaps) > 6 else ''}."
    return f"{text}, without an empty month."


def _month(value: Any) -> str:
    return f"{pd.Timestamp(value):%B %Y}"
