"""Statements, evidence and suggested actions in plain words, made from the numbers of a supported candidate.

Add a kind of statement to `_STATEMENTS` and what to do about it to `action_of`. An action compares, tests or collects: no statement here
knows a cause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from clv_platform.config import Target
from clv_platform.exploration.columns import plain

NBSP = "\u00a0"
BUSINESS, DATA_TEAM = "business", "data team"
_EVENTS = {"upgrade": ("upgraded", "upgrades", "upgrade"), "churn": ("left", "departures", "leave")}
_CHANNELS = ("facebook", "instagram", "linkedin", "youtube", "tiktok", "impressions_x", "newsletter", "impressions")


def statement_of(row: Mapping[str, Any], targets: Mapping[str, Target]) -> str:
    """Say what was found, in one sentence with the numbers."""
    return _STATEMENTS[str(row["kind"])](row, targets)


def evidence_of(row: Mapping[str, Any], targets: Mapping[str, Target]) -> str:
    """Say on how many rows it rests, how sure the effect is and how easily it could be chance."""
    low, high = np.exp(row["lo"]), np.exp(row["hi"])
    kind = str(row["kind"])
    what = {"change": "accounts", "season": "accounts"}.get(
        kind, "accounts" if not row["target"] or _is_undated(row, targets) else "account dates"
    )
    n = f"{row['n']:,} {what}" if kind in ("change", "season") else f"{row['n']:,} {what} against {row['n_reference']:,}"
    q = f"{row['q_value']:.4f}" if row["q_value"] >= 0.0001 else "below 0.0001"
    return f"{n}; factor {factor(float(np.exp(row['log_effect'])))}, interval {factor(low)} to {factor(high)}; q {q}"


def action_of(row: Mapping[str, Any], targets: Mapping[str, Target]) -> tuple[str, str]:
    """Return who should act and what is suggested."""
    kind, label = str(row["kind"]), str(row["subject_label"])
    if kind == "missing":
        return DATA_TEAM, f"Collect: find out why “{label}” isn't recorded for {_group(row)}, and make the field part of sign-up or import."
    if kind == "target_missing":
        return DATA_TEAM, f"Fix: check how “{label}” gets its value; a gap that goes with the outcome can be filled in after the event."
    if kind == "target_relation":
        return DATA_TEAM, (
            f"Model: let “{label}” mean something else for {_group(row)}, and read the model's figures there apart. Business: no common "
            f"threshold; choose whom to contact by another sign there."
        )
    if kind == "season":
        return DATA_TEAM, "Model: compare months with the same month of a year before. Business: plan campaigns and support staff by it."
    if kind == "change" and row["context_level"] == "totals":
        return (
            BUSINESS,
            f"Find out how much of it is more or fewer accounts and how much “{label}” per account, before plans are made on it.",
        )
    if kind == "change":
        return BUSINESS, f"Find out what changed within the year, first by territory and product, before plans are made on “{label}”."
    if kind == "target_change":
        return DATA_TEAM, "Model: watch the share of positives by month and retrain when it moves on; old rates are no plan."
    if kind.startswith("target"):
        return BUSINESS, _target_action(row, targets)
    return BUSINESS, _group_action(row)


def factor(value: float) -> str:
    """Write a ratio: 12, 2.1, 0.34."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1.95 else f"{value:.2f}"


def compared(ratio: float) -> str:
    """Write a ratio of averages as a predicate: "is 2.1 times", "is 66 % below"."""
    if ratio >= 1.95:
        return f"is {factor(ratio)} times"
    return f"is {abs(ratio - 1) * 100:.0f}{NBSP}% {'above' if ratio > 1 else 'below'}"


def how_often(ratio: float) -> str:
    """Write a ratio of shares as an adverb: "2.1 times as often as", "66 % less often than"."""
    if ratio >= 1.95:
        return f"{factor(ratio)} times as often as"
    return f"{abs(ratio - 1) * 100:.0f}{NBSP}% {'more' if ratio > 1 else 'less'} often than"


def share(value: float) -> str:
    """Write a share of 1 as percent."""
    return f"{100 * value:.{1 if 0 < value < 0.095 else 0}f}{NBSP}%"


def _ratio(row: Mapping[str, Any]) -> float:
    return float(np.exp(row["log_effect"]))


def _is_undated(row: Mapping[str, Any], targets: Mapping[str, Target]) -> bool:
    target = targets.get(str(row["target"]))
    return target is not None and target.label_column is not None


def _event(row: Mapping[str, Any], targets: Mapping[str, Target]) -> tuple[str, str, str]:
    return _EVENTS[targets[str(row["target"])].kind]


def _group(row: Mapping[str, Any], level: str = "level", label: str = "dimension_label") -> str:
    name, value = str(row[label]), str(row[level])
    return f"accounts with “{name}: {value}”" if value in ("yes", "no") else f"accounts with {name} {value}"


def _among(row: Mapping[str, Any]) -> str:
    return f"Among {_group(row, 'context_level', 'context_label')}, " if row["context"] else ""


def _metric(row: Mapping[str, Any], _targets: Mapping[str, Target]) -> str:
    ratio, others = _ratio(row), "the others"
    if row["is_share"] is True:
        amounts = f"{share(row['value'])} against {share(row['reference'])}"
        text = f"{_among(row)}{_group(row)} have “{row['subject_label']}” {how_often(ratio)} {others}: {amounts}."
    else:
        unit = f" {row['unit']}" if row["unit"] else ""
        verb = f"{compared(ratio)} that of {others}"
        amounts = f"{plain(row['value'])} against {plain(row['reference'])}{unit}"
        if row["unit"] == "share" and max(row["value"], row["reference"]) <= 1:
            amounts = f"{share(row['value'])} against {share(row['reference'])}"
        text = f"{_among(row)}{_group(row)}: the average of {row['subject_label']} {verb}, {amounts}."
    return text[0].upper() + text[1:]


def _missing(row: Mapping[str, Any], _targets: Mapping[str, Target]) -> str:
    often = f"{how_often(_ratio(row))} for the others ({share(row['reference'])})"
    text = f"{_among(row)}“{row['subject_label']}” is missing for {share(row['value'])} of {_group(row)}, {often}."
    return text[0].upper() + text[1:]


def _target(row: Mapping[str, Any], targets: Mapping[str, Target]) -> str:
    did, *_ = _event(row, targets)
    kind, label = row["kind"], row["subject_label"]
    part = share(row["n"] / (row["n"] + row["n_reference"]))
    who = {
        "target_high": f"Accounts in the highest {part} of {label} ({row['level']})",
        "target_low": f"Accounts in the lowest {part} of {label} ({row['level']})",
        "target_missing": f"Accounts without a value of {label}",
    }.get(str(kind)) or _group(row)
    return f"{who[0].upper()}{who[1:]} {did} {how_often(_ratio(row))} the others: {share(row['value'])} against {share(row['reference'])}."


def _relation(row: Mapping[str, Any], targets: Mapping[str, Target]) -> str:
    did, *_ = _event(row, targets)
    there, elsewhere = how_often(float(row["value"])), how_often(float(row["reference"])).removesuffix(" as").removesuffix(" than")
    who = f"with at least {row['context_level']} they {did} {there} the others there, elsewhere {elsewhere}"
    return f"For {_group(row)}, {row['subject_label']} say something else than for the rest: {who}."


def _change(row: Mapping[str, Any], _targets: Mapping[str, Target]) -> str:
    ratio = _ratio(row)
    moved = f"{'rose' if ratio > 1 else 'fell'} by {abs(ratio - 1) * 100:.0f}{NBSP}% within a year"
    if row["context_level"] == "totals":  # a total rises with every newcomer: no mean of those who were there would
        whose = "all accounts together, also those that came or left meanwhile"
        amounts = f"{plain(row['n'] * row['value'])} against {plain(row['n'] * row['reference'])} a month"
    else:
        whose = "accounts that were there in both periods"
        amounts = f"{plain(row['value'])} against {plain(row['reference'])} per account and month"
    return (
        f"{row['subject_label'][0].upper()}{row['subject_label'][1:]} {moved}: {row['level']} against the year before, {whose}, {amounts}."
    )


def _season(row: Mapping[str, Any], _targets: Mapping[str, Target]) -> str:
    ratio = _ratio(row)
    differs = f"{abs(ratio - 1) * 100:.0f}{NBSP}% {'above' if ratio > 1 else 'below'}"
    what = f"{row['level']}: {row['subject_label']} per account {differs}"
    return f"There is a season. {what} the rest of the account's year, in every year seen."


def _target_moved(row: Mapping[str, Any], targets: Mapping[str, Target]) -> str:
    _, many, _ = _event(row, targets)
    moved = "more frequent" if _ratio(row) > 1 else "rarer"
    rates = f"{share(row['value'])} of the accounts from {row['level']} on, {share(row['reference'])} before"
    return f"{many[0].upper()}{many[1:]} have become {moved}: {rates}."


_STATEMENTS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Target]], str]] = {
    "metric": _metric,
    "missing": _missing,
    "target_high": _target,
    "target_low": _target,
    "target_level": _target,
    "target_missing": _target,
    "target_relation": _relation,
    "change": _change,
    "season": _season,
    "target_change": _target_moved,
}


def _target_action(row: Mapping[str, Any], targets: Mapping[str, Target]) -> str:
    _, many, will = _event(row, targets)
    is_more = _ratio(row) > 1
    is_departure = targets[str(row["target"])].kind == "churn"
    if "support" in (str(row["group"]), str(row["subject"]).split("_")[0]):
        return (
            f"Compare these accounts' cases with the others'; give a part of them more help, keep a control group, and see how many {will}."
        )
    if not is_departure and any(name in str(row["subject"]) for name in _CHANNELS):
        return (
            f"Put these accounts {'first' if is_more else 'last'} on the list, and test with a control group whether a campaign there "
            f"brings {many}: here they only go together."
        )
    if row["kind"] == "target_level" and row["subject"] in ("industry", "product", "territory", "country", "plan"):
        return f"Compare what is sold and how by {row['subject_label']}; try one offer made for this group, with a control group."
    if is_departure:
        return f"Look after these accounts {'first' if is_more else 'last'}; keep a control group, so that the effect can be seen."
    return f"Contact these accounts {'first' if is_more else 'last'}; keep a control group, so that the effect can be seen."


def _group_action(row: Mapping[str, Any]) -> str:
    dimensions = {str(row["dimension"]), str(row["context"])}
    if "support" in (str(row["group"]), str(row["subject"]).split("_")[0]):
        return "Ask support what these accounts struggle with; compare the kinds of their cases before staff is moved."
    if any(name in str(row["subject"]) for name in _CHANNELS):
        return "Choose campaign channels by this group: start where it is seen already, and test with a control group elsewhere."
    if dimensions & {"territory", "country"}:
        return "Compare how this territory is served and priced with the others; plan its campaigns and goals apart."
    if "industry" in dimensions:
        return "Consider a package for this industry; try it on a part of its accounts, with a control group."
    if "channel" in dimensions:
        return "Compare what this channel costs with what it brings; move a small part of the budget first, with a control group."
    if dimensions & {"employee_range", "product", "plan"}:
        return "Set goals, offers and help for these accounts apart from the others: an average over all describes neither."
    return "Look at this group apart from the others when offers and goals are set; test a difference before money follows it."
