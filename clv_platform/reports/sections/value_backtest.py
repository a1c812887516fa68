"""Amounts over the months: what earlier lists then brought, and how good the models of earlier months were.

Here: two sections of a value target's report (from `list_outcomes.parquet`, `list_tenths.parquet` and `backtest.parquet`) and the page of
their own, `backtest.html`. Keep computing out (see `evaluation.value_outcomes`, `evaluation.value_backtest`).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from clv_platform.config import CompanyConfig, Target
from clv_platform.reports import backtest_figures, value_figures
from clv_platform.reports.backtest_figures import Line
from clv_platform.reports.page import BESIDE_TARGET, Picture
from clv_platform.reports.sections.decisions import build_decision_table
from clv_platform.reports.sections.section import Section, render_sections
from clv_platform.reports.tables import Cell, Table
from clv_platform.reports.value_inputs import SIMPLE, ValueReportInputs
from clv_platform.reports.value_words import signed
from clv_platform.reports.words import NBSP, day, is_number, percent, score, whole

PROMISED_COVERAGE = 0.9


def build_value_outcomes(inputs: ValueReportInputs) -> Section | None:
    """Show what every list that was given out then brought, as far as it is known."""
    lists, title = inputs.table("list_outcomes"), "How did the earlier lists do?"
    if lists.empty:
        return None
    known, waiting = (lists[lists["is_known"].astype(bool) == is_known].sort_values("as_of_date") for is_known in (True, False))
    if known.empty:
        first = waiting.iloc[0]
        text = (
            f"No list that was given out is old enough to be judged. The first one, of {day(first['as_of_date'])}, can be judged once the "
            f"data reach {day(first['known_from_date'])}."
        )
        return Section("earlier-lists", title, (text,))
    blocks: list[Any] = [read_newest_list(known.iloc[-1], inputs)]
    tenths = inputs.table("list_tenths")
    if len(tenths):
        svg = value_figures.decile_bars(tenths, inputs.config.currency)
        told = f"The list of {day(known.iloc[-1]['as_of_date'])} in tenths: what each account was expected to bring, and what came."
        blocks.append(Picture.of("list_tenths", svg, "Expected, and what came, of the newest list that can be judged", told))
    blocks.append(_lists_table(known, inputs.config))
    if len(waiting):
        last = waiting.iloc[-1]
        blocks.append(f"The newest list, of {day(last['as_of_date'])}, can be judged once the data reach {day(last['known_from_date'])}.")
    return Section("earlier-lists", title, tuple(blocks))


def read_newest_list(row: pd.Series, inputs: ValueReportInputs) -> str:
    """Say what the newest list that can be judged promised, what came, and what its best fifth held."""
    off, unit = signed(row["bias"]), f"{NBSP}{inputs.config.currency}" if inputs.config.currency else ""
    if is_number(row["bias_lo"]):
        chance = "within what chance allows" if row["bias_lo"] <= 0 <= row["bias_hi"] else "more than chance allows"
        off += f" (95{NBSP}% interval {signed(row['bias_lo'])} to {signed(row['bias_hi'])}), which is {chance}"
    return (
        f"The newest list that can be judged is that of {day(row['as_of_date'])}: its {whole(row['n_known'])} accounts were expected to "
        f"bring {whole(row['expected'])}{unit} within {inputs.target.horizon_days} days, and {whole(row['actual'])}{unit} came: "
        f"off by {off}. The fifth that it named as the most valuable brought {percent(row['top20_share'])} of all that came; it had "
        f"promised {percent(row['top20_promised'])}."
    )


def build_value_backtest(inputs: ValueReportInputs) -> Section | None:
    """Show the backtest in a few lines; the whole of it is the page `backtest.html` beside the report."""
    frame = inputs.table("backtest")
    if len(frame) < 2:
        return None
    page = "Month by month, with all figures: backtest.html, beside this page."
    return Section("backtest", "Would it have worked in earlier months?", (read_months(frame), _ngini_picture(frame), page))


def render_value_backtest(config: CompanyConfig, target: Target, frame: pd.DataFrame, decisions: pd.DataFrame) -> str:
    """Render the backtest of one value target as a page.

    Parameters
    ----------
    config, target
        The company and the question.
    frame : DataFrame
        `evaluation.value_backtest.COLUMNS`, a row per cutoff.
    decisions : DataFrame
        The log of decisions as a table, may be empty.

    Returns
    -------
    str
        HTML without any address outside the page; one sentence when there are no two cutoffs yet.
    """
    title = f"{config.title} · backtest of {target.name.replace('_', ' ')}"
    how = "`clv backtest` trains and judges a model as of each month."
    if len(frame) < 2:
        headline = (
            "There is no backtest yet."
            if frame.empty
            else f"So far there is the model of one month alone: {_month(frame['cutoff'].iloc[0])}."
        )
        return render_sections(title, headline, how, (), nav=BESIDE_TARGET)
    detail = (
        f"{len(frame)} models, one as of each month from {_month(frame['cutoff'].iloc[0])} to {_month(frame['cutoff'].iloc[-1])}; each "
        "knew only what was known then, and is judged on a date after those it learnt from."
    )
    sections = (_quality(frame), _totals(frame, config), _ranges(frame), _lists(frame, target, config), _decided(decisions))
    return render_sections(title, read_months(frame), detail, [section for section in sections if section is not None], nav=BESIDE_TARGET)


def read_months(frame: pd.DataFrame) -> str:
    """Say how steady order and total were over the months."""
    off = frame[(frame["bias_lo"] > 0) | (frame["bias_hi"] < 0)]
    span = f"normalised Gini {score(frame['ngini'].min())} to {score(frame['ngini'].max())}"
    column, rule = _best_simple(frame)
    simple = frame[frame[column].notna()]
    better = int((simple["ngini"] > simple[column]).sum())
    when = "In every month" if better == len(frame) else f"In {better} of {len(simple)} months"
    text = f"{when} the list was in a better order than one by {rule} ({span})" if len(simple) else f"Over {len(frame)} months: {span}"
    if frame["bias"].isna().all():
        return f"{text}."
    worst = frame.iloc[int(frame["bias"].abs().to_numpy(float, na_value=0.0).argmax())]
    how = "never beyond chance" if off.empty else f"beyond chance in {len(off)} of {len(frame)} months"
    return f"{text}; the total was off by {signed(worst['bias'])} at most ({_month(worst['cutoff'])}), {how}."


def _best_simple(frame: pd.DataFrame) -> tuple[str, str]:
    """The naive ranking that was best over the months: its column, and what it goes by."""
    known = {f"ngini_{name}": words for name, words in SIMPLE.items() if f"ngini_{name}" in frame}
    means = frame[list(known)].mean().dropna()
    best = str(means.idxmax()) if len(means) else next(iter(known))
    return best, known[best]


def _quality(frame: pd.DataFrame) -> Section:
    return Section("quality", "How good each month's model was", (_ngini_picture(frame), _table(frame)))


def _ngini_picture(frame: pd.DataFrame) -> Picture:
    lines = [Line("ngini", "this model")]
    column, rule = _best_simple(frame)
    if frame[column].notna().any():
        lines.append(Line(column, f"ranked by {rule}"))
    svg = backtest_figures.over_months(frame, lines, "normalised Gini")
    spread, widest = frame["ngini"].max() - frame["ngini"].min(), (frame["ngini_hi"] - frame["ngini_lo"]).max()
    steady = "within what chance alone explains" if spread <= widest else "more than chance alone explains"
    told = f"How well accounts are ranked, 1 being perfect: from month to month it moves by up to {score(spread)}, {steady}."
    return Picture.of("backtest_ngini", svg, "Order of the list, month by month", told)


def _totals(frame: pd.DataFrame, config: CompanyConfig) -> Section | None:
    known = frame[frame["bias"].notna()]
    if known.empty:
        return None
    svg = backtest_figures.over_months(known, [Line("bias", "off by")], "expected / came, less 1", reference=0.0, is_share=True)
    mean = known["total_expected"].sum() / known["total_actual"].sum() - 1 if known["total_actual"].sum() else float("nan")
    told = (
        f"Above the line more was expected than came. Over all months together {signed(mean)}, "
        f"{whole(known['total_expected'].sum())} against {whole(known['total_actual'].sum())} {config.currency}".rstrip()
        + "."
    )
    return Section("totals", "Whether the totals came true", (Picture.of("backtest_bias", svg, "How far the total was off", told),))


def _ranges(frame: pd.DataFrame) -> Section | None:
    known = frame[frame["coverage_90"].notna()]
    if known.empty:
        return None
    lines, label = [Line("coverage_90", "within their range")], "share of accounts"
    svg = backtest_figures.over_months(known, lines, label, reference=PROMISED_COVERAGE, is_share=True)
    low, high = known["coverage_90"].min(), known["coverage_90"].max()
    told = f"Nine of ten accounts should end within their range; {percent(low)} to {percent(high)} did."
    return Section("ranges", "Whether the ranges held", (Picture.of("backtest_coverage", svg, "Amounts within their 90 % range", told),))


def _lists(frame: pd.DataFrame, target: Target, config: CompanyConfig) -> Section | None:
    if frame["list_as_of"].isna().all():
        return None
    known = frame[frame["is_list_known"].fillna(False).astype(bool)]
    waiting = len(frame[frame["list_as_of"].notna()]) - len(known)
    blocks: list[Any] = []
    if len(known):
        rows = []
        for row in known.sort_values("list_as_of", ascending=False).to_dict("records"):
            cells = (
                Cell(day(pd.Timestamp(row["list_as_of"]))),
                Cell(whole(row["list_expected"]), value=row["list_expected"]),
                Cell(whole(row["list_actual"]), value=row["list_actual"]),
                Cell(signed(row["list_bias"]), _range(signed, row, "list_bias"), row["list_bias"]),
                Cell(score(row["list_ngini"]), _range(score, row, "list_ngini"), row["list_ngini"]),
                Cell(percent(row["list_top20_share"]), value=row["list_top20_share"]),
            )
            rows.append(cells)
        unit = f", {config.currency}" if config.currency else ""
        header = ("list of", f"expected{unit}", f"came{unit}", "off by", "normalised Gini", "held by its best fifth")
        blocks.append(
            Table("Each month's list, by the model in use on that day, and what came", header, tuple(rows), frozenset(range(1, 6)))
        )
    if waiting:
        which = "the list of the last month" if waiting == 1 else f"the lists of the last {waiting} months"
        blocks.append(f"What {which} brought isn't known yet: {target.horizon_days} days haven't passed since.")
    return Section("lists", "What the lists then brought", tuple(blocks))


def _decided(decisions: pd.DataFrame) -> Section | None:
    if decisions.empty:
        return None
    table = build_decision_table(decisions.sort_values("cutoff", ascending=False, kind="stable"), "Decisions, newest month first")
    return Section("champions", "Champion against challenger", (table,))


def _table(frame: pd.DataFrame) -> Table:
    figures = (("ngini", score), ("bias", signed), ("coverage_90", percent), ("top10_share", percent), ("decile_wape", percent))
    rows = []
    for row in frame.sort_values("cutoff", ascending=False).to_dict("records"):
        cells = [Cell(_month(row["cutoff"])), Cell(whole(row["n"]), f"{whole(row['n_buyers'])} bought")]
        cells += [Cell(write(row[name]), _range(write, row, name), row[name] if is_number(row[name]) else None) for name, write in figures]
        rows.append(tuple(cells))
    header = ("as of", "test accounts", "normalised Gini", "total off by", "within their range", "held by the best tenth", "tenths off by")
    return Table("Each month's model on its test date, with 95 % intervals", header, tuple(rows), frozenset(range(1, 7)))


def _lists_table(known: pd.DataFrame, config: CompanyConfig) -> Table:
    rows = []
    for row in known.iloc[::-1].to_dict("records"):
        cells = (
            Cell(day(row["as_of_date"]), f"{whole(row['n_known'])} accounts"),
            Cell(whole(row["expected"]), value=row["expected"]),
            Cell(whole(row["actual"]), value=row["actual"]),
            Cell(signed(row["bias"]), _range(signed, row, "bias"), row["bias"]),
            Cell(percent(row["top20_share"]), f"{percent(row['top20_promised'])} promised", row["top20_share"]),
            Cell(score(row["ngini"]), _range(score, row, "ngini"), row["ngini"]),
            Cell(percent(row["coverage_90"]), _range(percent, row, "coverage_90"), row["coverage_90"]),
        )
        rows.append(cells)
    unit = f", {config.currency}" if config.currency else ""
    header = ("list of", f"expected{unit}", f"came{unit}", "off by", "held by its best fifth", "normalised Gini", "within their range")
    return Table("Lists that were really given out, and what came", header, tuple(rows), frozenset(range(1, 7)))


def _range(write: Any, row: dict[Any, Any], name: str) -> str:
    low, high = row[f"{name}_lo"], row[f"{name}_hi"]
    return f"{write(low)} to {write(high)}" if is_number(low) and is_number(high) else ""


def _month(cutoff: Any) -> str:
    return f"{pd.Timestamp(cutoff):%B %Y}"
