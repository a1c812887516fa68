"""The sentences of the history of departures, each made from its numbers. Nothing here says what causes what.

Keep tables and layout out (see `churn_history_report`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from clv_platform.config import Target
from clv_platform.reports.survival_figures import period_words
from clv_platform.reports.words import are, counted, day, is_number, percent, sentence_list, times, whole

ALARM = 0.05
SEEN_FROM_START = 1.0  # months of life at which a curve begins
BEGINS_APART = 2.0  # months between the begins of curves, from which on they look apart for that alone


def months(value: float) -> str:
    """Write a number of months."""
    return f"{value:.1f} months" if value < 9.95 else f"{value:.0f} months"


def p_words(p: float) -> str:
    """Write a p-value."""
    return "p below .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".")


def _date(text: str | None) -> str:
    return day(date.fromisoformat(text) if text else None)


def leaving_means(target: Target) -> str:
    """Say what counts as leaving."""
    if target.label_column:
        return f"Leaving is what the column `{target.label_column}` says."
    if target.churn_means == "silent":
        what = sentence_list([name.replace("_", " ") for name in target.activity]).replace(" and ", " or ")
        return (
            f"Leaving is {target.horizon_days} days without {what}; it counts from the moment these days are over, so nobody can leave "
            "before. Who came back later has left all the same."
        )
    return (
        f"Leaving is the end of the last subscription. Who was back within {target.horizon_days} days never left; trials don't count "
        "unless the config says so."
    )


def headline(target: Target, facts: dict, groups: pd.DataFrame) -> str:
    """Say how many left, and how many are still here after a year."""
    text = f"{whole(facts['n_left'])} of {whole(facts['n'])} accounts left"
    text += "" if facts["is_flat"] else f" between {_date(facts['observed_from'])} and {_date(facts['observed_until'])}"
    row = groups[groups["grouping"] == ""]
    for mark in (12, 24, 6, 3):
        if len(row) and is_number(row[f"survival_{mark}"].iloc[0]):
            value, low, high = (row[f"survival_{mark}{end}"].iloc[0] for end in ("", "_lo", "_hi"))
            return f"{text}. After {mark} months {percent(value)} are still here ({percent(low)} to {percent(high)})."
    return f"{text}."


def read_life(life: pd.DataFrame) -> str:
    """Name the period of life with most departures and that with fewest, if chance doesn't explain the difference."""
    seen = life[life["n_left"] > 0]
    if len(seen) < 2:
        return "Too few departures to compare periods of life."
    most, least = seen.iloc[int(seen["rate"].argmax())], seen.iloc[int(seen["rate"].argmin())]
    text = f"In months {period_words(most['from_month'], most['to_month'])}, {percent(most['rate'])} leave per month"
    text += f"; in months {period_words(least['from_month'], least['to_month'])}, {percent(least['rate'])}"
    return text + ("." if most["lo"] > least["hi"] else "; chance explains that difference.")


def median_range(row: pd.Series) -> str:
    """The 95 % interval of the time until half have left; an end that the curve doesn't reach is open."""
    high = f" to {months(row['median_hi'])}" if is_number(row["median_hi"]) else " or more"
    low = months(row["median_lo"]) if is_number(row["median_lo"]) else "less"
    return f"{low}{high}"


def read_curve(groups: pd.DataFrame) -> str:
    """Say when half have left, or that half haven't."""
    row = groups[groups["grouping"] == ""].iloc[0]
    if is_number(row["median"]):
        return f"Half have left after {months(row['median'])} ({median_range(row)}). The band is the 95 % interval at each point."
    return "Fewer than half have left as far as the curve reaches. The band is the 95 % interval at each point."


def read_grouping(name: str, label: str, groups: pd.DataFrame, tests: pd.DataFrame) -> str:
    """Say whether the levels differ by more than chance, and which stand out."""
    own, test = groups[groups["grouping"] == name], tests[tests["grouping"] == name]
    if test.empty:
        return "Too few accounts or departures to compare."
    p = float(test["p_adjusted"].iloc[0])
    if p >= ALARM:
        return f"No difference by {label} beyond chance (log-rank, {p_words(p)} after Holm's correction).{_why_apart(own)}"
    told = f"By {label} the curves differ by more than chance (log-rank, {p_words(p)} after Holm's correction)"
    # A curve that begins later is higher at the same age, because who had left before isn't in it: such levels aren't compared in words.
    own = own[own["begin"] <= SEEN_FROM_START]
    for mark in (12, 24, 6, 3, 36):
        known = own[own[f"survival_{mark}"].notna()]
        if len(known) >= 2:
            share = known[f"survival_{mark}"]
            best, worst = known.iloc[int(share.argmax())], known.iloc[int(share.argmin())]
            return (
                f"{told}: after {mark} months {percent(best[f'survival_{mark}'])} of “{best['level']}” are still here, "
                f"{percent(worst[f'survival_{mark}'])} of “{worst['level']}”."
            )
    return told + "."


def _why_apart(own: pd.DataFrame) -> str:
    """Say why curves that don't differ may look far apart: each is 100 % at the age at which its accounts are first seen."""
    begin = own["begin"].to_numpy(float)
    if np.nanmax(begin) - np.nanmin(begin) < BEGINS_APART:
        return ""
    return (
        f" The curves look apart because each begins at 100 % where its accounts are first seen, between {np.nanmin(begin):.0f} and "
        f"{np.nanmax(begin):.0f} months of life; the test compares who leaves at the same age."
    )


def read_signals(signals: pd.DataFrame) -> str:
    """Name the signals that differ most, with their direction."""
    last = signals[(signals["months_before"] == 1) & (signals["p_adjusted"] < ALARM)].copy()
    if last.empty:
        return "No signal of leavers differs from that of stayers beyond chance."
    last["far"] = (last["share_above"] - 0.5).abs()
    top = last.sort_values("far", ascending=False, kind="stable").head(3)
    named = [
        f"“{label}” is {'higher' if share > 0.5 else 'lower'} in {percent(max(share, 1 - share))} of pairs"
        for label, share in zip(top["label"], top["share_above"], strict=True)
    ]
    return f"Leaver against stayer of the same date, just before leaving: {sentence_list(named)} (50 % would be no difference)."


def read_attributes(hazards: pd.DataFrame) -> str:
    """Name the levels whose interval leaves out 1."""
    clear = hazards[(hazards["lo"] > 1) | (hazards["hi"] < 1)]
    if clear.empty:
        return "No level leaves sooner or later than the largest one beyond chance."
    row = clear.iloc[int(np.argmax(np.abs(np.log(clear["ratio"].to_numpy(float)))))]
    return (
        f"In {len(clear)} of {counted(len(hazards), 'comparison')} the interval leaves out 1. The largest: {row['label']} “{row['level']}” "
        "leaves "
        f"{times(row['ratio'])} times as often as “{row['reference']}” ({row['lo']:.2f} to {row['hi']:.2f}). "
        "By chance alone it would in about one of twenty."
    )


def read_signal_ratios(hazards: pd.DataFrame) -> str:
    """Name the strongest signal, the others held equal."""
    clear = hazards[(hazards["lo"] > 1) | (hazards["hi"] < 1)]
    if clear.empty:
        return "With the others held equal no signal goes with leaving beyond chance."
    row = clear.iloc[int(np.argmax(np.abs(np.log(clear["ratio"].to_numpy(float)))))]
    first, second, ratio, low, high = "high", "low", row["ratio"], row["lo"], row["hi"]
    if ratio < 1:
        first, second, ratio, low, high = "low", "high", 1 / ratio, 1 / high, 1 / low
    return (
        f"With the others held equal, accounts {first} in “{row['label']}” leave {times(ratio)} times as often as accounts {second} in it "
        f"({low:.2f} to {high:.2f})."
    )


def read_constancy(hazards: pd.DataFrame) -> str:
    """Say which ratios change over life, which the regression takes for constant."""
    known = hazards[hazards["p_constant"].notna()]
    changing = known[known["p_constant"] < ALARM / max(len(known), 1)]
    if changing.empty:
        return "The regression takes each ratio for the same throughout life; nothing here contradicts that (Schoenfeld residuals)."
    names = [f"“{row['label']}: {row['level']}”" for _, row in changing.iterrows()]
    verb = "changes" if len(names) == 1 else "change"
    return (
        f"The regression takes each ratio for the same throughout life; {sentence_list(names)} {verb} with it (Schoenfeld residuals "
        "against time): read that as a mean over life."
    )


def build_limits(target: Target, facts: dict) -> tuple[str, ...]:
    """Say what the figures don't show."""
    limits = [leaving_means(target)]
    if facts["is_flat"]:
        limits.append(
            f"The data are one flat table: `{target.duration_column}` is taken for the months of life so far. Accounts that left before "
            "the table was made, and aren't in it, are unknown: if there are any, real departures are more."
        )
        if facts["n_left_out"]:
            limits.append(
                f"{counted(facts['n_left_out'], 'row')} without a duration, with a duration of 0 or without a label "
                f"{are(facts['n_left_out'])} left out."
            )
    else:
        n_late = facts["n"] - facts["n_seen_from_start"]
        limits.append(
            f"Records of departures begin on {_date(facts['observed_from'])}. {counted(n_late, 'account')} started before: "
            f"{'it counts' if n_late == 1 else 'they count'} from "
            "there on, because accounts of their age that had left earlier are unknown."
        )
        if facts["n_back"]:
            limits.append(f"{counted(facts['n_back'], 'account')} came back after leaving; the curves show first stretches only.")
    limits.append(
        "Attributes are as they are now. Nothing on this page shows a cause: what goes with leaving may have the same cause as leaving."
    )
    return tuple(limits)
