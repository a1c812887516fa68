"""Why accounts score as they do: what pushes scores, how effects depend on values, what counts for whom, one account taken apart.

Reads `attributions`, `dependence`, `importance_by_slice` and `worked_example`, the tables of `clv_platform.explain`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clv_platform.exploration import level_order
from clv_platform.reports import explain_figures
from clv_platform.reports.inputs import TargetReportInputs
from clv_platform.reports.page import Picture
from clv_platform.reports.sections.section import Section
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.target_findings import base_rate
from clv_platform.reports.words import MISSING, day, event_words, is_number, percent, sentence_list, times, whole

TITLE = "Why accounts score as they do"
ALL = "(all)"
MIN_ROWS_TO_TELL = 100  # of a group, to be named in a sentence
MIN_POINTS_TO_TELL = 0.05  # of all influence, more or less than over all accounts
MIN_DIRECTION = 0.3  # rank correlation of value and effect
N_TOP = 3


def build_explanations(inputs: TargetReportInputs) -> Section | None:
    """Show beeswarm, dependence, importance by group and the worked example; None before anything was explained."""
    attributions = _visible(inputs, "attributions", "feature")
    if attributions.empty:
        return None
    dependence = _visible(inputs, "dependence", "feature", "partner")
    by_slice = _visible(inputs, "importance_by_slice", "column", "family")
    example = inputs.extras.get("worked_example", pd.DataFrame())
    blocks: list[Any] = [_intro(inputs, by_slice), _beeswarm(inputs, attributions)]
    if len(dependence):
        blocks.append(tuple(_dependence(points) for _, points in dependence.groupby("position", sort=True)))
    if len(example):
        blocks += [_example_words(inputs, example), _example_picture(inputs, example), _example_table(inputs, example)]
    folded = ()
    groups = _groups_table(by_slice)
    if groups.rows:
        blocks.append(
            f"{read_groups(by_slice)} Shares here are those of measures, all windows of one together (last month, three months, ...), "
            "so they are larger than those of single features in the chart above."
        )
        folded = (("Show what counts most in each group of accounts", (groups,)),)
    return Section("explanations", TITLE, tuple(blocks), folded)


def _visible(inputs: TargetReportInputs, name: str, *columns: str) -> pd.DataFrame:
    """Return a table without rows that speak of private columns."""
    frame = inputs.extras.get(name, pd.DataFrame())
    return frame[~frame[list(columns)].isin([*inputs.config.private]).any(axis=1)] if len(frame) else frame


def _intro(inputs: TargetReportInputs, by_slice: pd.DataFrame) -> str:
    event = event_words(inputs.target.kind)
    kind = "rows" if inputs.split.is_undated else "test rows"  # undated rows are all that there are, learnt from too
    rows = f"{whole(by_slice['n'].max())} {kind} were" if len(by_slice) else f"{kind} were"
    text = (
        f"{rows} taken apart: each score is the sum of what its features contribute, exactly. An effect of ×2 doubles the odds that an "
        f"account {event.will}, before calibration. It is what the model goes by, not what causes {event.many}."
    )
    return text[0].upper() + text[1:]


def _beeswarm(inputs: TargetReportInputs, attributions: pd.DataFrame) -> Picture:
    types = {feature.name: feature.type for feature in inputs.features}
    svg = explain_figures.beeswarm(attributions, types)
    return Picture.of("beeswarm", svg, "How each account is pushed, a dot per account", read_beeswarm(inputs))


def read_beeswarm(inputs: TargetReportInputs) -> str:
    """Say of the strongest features which way high values push."""
    frame = inputs.importance
    if frame.empty or "direction" not in frame:
        return "To the right: the chance rises; to the left: it falls."
    top = frame[~frame["feature"].isin([*inputs.config.private])].head(10)
    is_yes_no = top["feature"].isin([feature.name for feature in inputs.features if feature.type == "boolean"])
    names = "“" + top["label"] + np.where(is_yes_no, ": yes”", "”")
    up, down = list(names[top["direction"] >= MIN_DIRECTION])[:N_TOP], list(names[top["direction"] <= -MIN_DIRECTION])[:N_TOP]
    chance = {"upgrade": "the chance to upgrade", "churn": "the chance to leave"}[inputs.target.kind]
    parts = [f"High values of {sentence_list(up)} raise {chance}"] if up else []
    if down:
        parts.append(f"{'high' if parts else 'High'} values of {sentence_list(down)} lower {'it' if parts else chance}")
    told = f"{'; '.join(parts)}." if parts else "None of the strongest features pushes one way throughout."
    return f"{told} To the right: the chance rises; to the left: it falls."


def _dependence(points: pd.DataFrame) -> Picture:
    first = points.iloc[0]
    svg = explain_figures.dependence_plot(points)
    return Picture.of(f"dependence{first['position']}", svg, f"Effect of “{first['label']}”", read_dependence(points))


def read_dependence(points: pd.DataFrame) -> str:
    """Compare low with high values, or the levels of a category, and say on what the effect depends most."""
    first = points.iloc[0]
    if first["type"] != "number":
        means = points.groupby("value_text")["contribution"].agg(["mean", "size"])
        means = means[means["size"] >= 10].sort_values("mean")
        if len(means) < 2:
            return ""
        low, high = means["mean"].iloc[0], means["mean"].iloc[-1]
        text = f"The odds are highest for “{means.index[-1]}” (×{np.exp(high):.2f}) and lowest for “{means.index[0]}” (×{np.exp(low):.2f})."
        return text + _partner_words(points, None)
    low, high = points["value"].quantile([0.2, 0.8])
    effect = _low_to_high(points, low, high)
    if not is_number(effect):
        return ""
    ends = f"from low values (up to {_value(low)}) to high ones ({_value(high)} and more)"
    text = f"Over all, {ends} the odds {_odds_move(effect)}."
    return text + _partner_words(points, (low, high))


def _partner_words(points: pd.DataFrame, ends: tuple[float, float] | None) -> str:
    first = points.iloc[0]
    if first["partner"] is None or pd.isna(first["partner"]):
        return " The effect hardly depends on any other feature."
    label = f"“{first['partner_label']}”"
    groups = pd.Series(explain_figures.partner_groups(points), index=points.index)
    if ends is None:
        return f" It depends most on {label}."
    effects = {str(name): _low_to_high(own, *ends) for name, own in points.groupby(groups)}
    told = {name: effect for name, effect in effects.items() if is_number(effect)}
    if len(told) < 2:
        return f" It depends most on {label}."
    most, least = max(told, key=lambda name: abs(told[name])), min(told, key=lambda name: abs(told[name]))
    return f" It depends most on {label}: {_fold(told[most])} where that is {most}, {_fold(told[least])} where it is {least}."


HUGE = 20.0  # times the odds from which a figure says no more than "nearly all" or "almost none"


def _odds_move(effect: float) -> str:
    """Say how far odds move: 3.5-fold; where they move beyond all measure, from or to almost nothing."""
    if np.exp(abs(effect)) < HUGE:
        return f"{'rise' if effect >= 0 else 'fall'} {_fold(effect)}"
    if effect >= 0:
        return f"rise from almost nothing, {_fold(effect)}"
    return f"fall to almost nothing, less than one {HUGE:.0f}th of what they were"


def _fold(effect: float) -> str:
    ratio = float(np.exp(abs(effect)))
    return f"{times(ratio)}-fold" if ratio < HUGE else f"more than {HUGE:.0f}-fold"


def _low_to_high(points: pd.DataFrame, low: float, high: float) -> float:
    """Difference of mean effects between high and low values, in log-odds; NaN with fewer than ten rows at an end."""
    at_low, at_high = points.loc[points["value"] <= low, "contribution"], points.loc[points["value"] >= high, "contribution"]
    return float(at_high.mean() - at_low.mean()) if min(len(at_low), len(at_high)) >= 10 else float("nan")


def _groups_table(by_slice: pd.DataFrame) -> Table:
    rows = []
    groups = dict(list(by_slice.groupby(["column", "level"], sort=False))) if len(by_slice) else {}
    columns = list(dict.fromkeys(column for column, _ in groups))
    for column, level in sorted(groups, key=lambda key: (columns.index(key[0]), level_order(str(key[1])))):
        own = groups[column, level]
        top = own.sort_values("mean_abs", ascending=False, kind="stable").head(N_TOP)
        first = own.iloc[0]
        name = "all accounts" if column == ALL else f"{first['column_label']}: {level}"
        cells = [Cell(str(row["label"]), f"{percent(row['share'])} of influence", row["share"]) for row in top.to_dict("records")]
        rows.append((Cell(name), Cell(whole(first["n"])), *cells, *[Cell(MISSING)] * (N_TOP - len(cells))))
    header = ("group", "rows", "counts most", "second", "third")
    strong = frozenset({0}) if rows and rows[0][0].text == "all accounts" else frozenset()
    return Table(
        "What counts most for whom, windows of one measure together",
        header,
        tuple(rows) if len(rows) > 1 else (),
        frozenset({1}),
        strong=strong,
    )


def read_groups(by_slice: pd.DataFrame) -> str:
    """Name the groups in which something counts clearly more than over all accounts."""
    everyone = by_slice[by_slice["column"] == ALL].set_index("family")["share"]
    groups = by_slice[(by_slice["column"] != ALL) & (by_slice["n"] >= MIN_ROWS_TO_TELL)]
    # A column's own influence differs between its own levels by nature.
    groups = groups[groups["family"] != groups["column"]].assign(more=lambda frame: frame["share"] - frame["family"].map(everyone))
    told = groups[groups["more"] >= MIN_POINTS_TO_TELL].sort_values(["more", "level"], ascending=[False, True], kind="stable")
    told = told.drop_duplicates(["column", "level"]).head(N_TOP)
    if told.empty:
        return "What counts is much the same in every group of accounts."
    parts = [
        f"in {row['column_label']} {row['level']} “{row['label']}” has {percent(row['share'])} of all influence, against "
        f"{percent(everyone[row['family']])} over all accounts"
        for row in told.to_dict("records")
    ]
    return f"What counts differs between groups: {'; '.join(parts)}."


def _example_words(inputs: TargetReportInputs, steps: pd.DataFrame) -> str:
    event, first, last = event_words(inputs.target.kind), steps.iloc[0], steps.iloc[-1]
    account = MISSING if "account_id" in inputs.config.private else str(first["account_id"])
    is_dated = not pd.isna(first["as_of_date"])
    who = f"{account} as of {day(pd.Timestamp(first['as_of_date']).date())}, " if is_dated else f"{account}, "
    outcome = {1.0: f" It {event.did}.", 0.0: f" It is not among those that {event.did}."}.get(float(first["outcome"]), "")
    return (
        f"One account, step by step: {who}the highest score among the {'test rows of that date' if is_dated else 'rows'}. The sum starts "
        f"at the average score, which stands for a chance of {percent(first['chance_after'])} (not the share that {event.did}, "
        f"{percent(base_rate(inputs))}, which a few high chances lift), and ends at {percent(last['chance_after'])}.{outcome}"
    )


def _example_picture(inputs: TargetReportInputs, steps: pd.DataFrame) -> Picture:
    moves = steps.iloc[1:]
    strongest = moves.iloc[int(np.argmax(moves["contribution"].abs()))]
    way = "up" if strongest["contribution"] > 0 else "down"
    reading = (
        f"From {_signed(steps['raw_after'].iloc[0])} to {_signed(steps['raw_after'].iloc[-1])} log-odds; the largest step is "
        f"“{strongest['label']}”, {way} by {abs(strongest['contribution']):.2f}."
    )
    return Picture.of("waterfall", explain_figures.waterfall(steps), "How one score adds up", reading)


def _example_table(inputs: TargetReportInputs, steps: pd.DataFrame) -> Table:
    rows = [
        (
            Cell(str(row["text"])),
            Cell(_signed(row["contribution"]), value=row["contribution"]),
            Cell(_signed(row["raw_after"]), value=row["raw_after"]),
            Cell(percent(row["chance_after"]), value=row["chance_after"]),
        )
        for row in steps.to_dict("records")
    ]
    last = steps.iloc[-1]
    total = float(steps["contribution"].sum())
    rows.append(
        (
            Cell("sum: the raw score, and the calibrated chance"),
            Cell(_signed(total), value=total),
            Cell(_signed(last["raw_after"]), value=last["raw_after"]),
            Cell(percent(last["chance_after"]), value=last["chance_after"]),
        )
    )
    header = ("what the model sees", "log-odds", "sum so far", "chance so far")
    return Table("The same, step by step", header, tuple(rows), frozenset({1, 2, 3}), strong=frozenset({len(rows) - 1}))


def _value(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
