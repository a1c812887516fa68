"""The report of a value target: one self-contained page for people who plan campaigns, a pure function of its inputs.

Here: which section shows what. Sentences are in `value_words`, tables in `value_tables`, pictures in `value_figures`. Add a section as a
function from `ValueReportInputs` to `Section | None`; None leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from clv_platform.reports import explain_figures, figures, value_figures
from clv_platform.reports import value_tables as tables
from clv_platform.reports import value_words as told
from clv_platform.reports.page import Picture, render_page
from clv_platform.reports.sections.decisions import build_decision_table
from clv_platform.reports.sections.reviewers import build_reviewers_of
from clv_platform.reports.sections.section import Section
from clv_platform.reports.sections.value_backtest import build_value_backtest, build_value_outcomes
from clv_platform.reports.target_findings import published_sentence
from clv_platform.reports.value_inputs import SEGMENTS_PAGE, ValueReportInputs, held_curves, value_at_risk
from clv_platform.reports.words import NBSP, counted, percent, sentence_list, whole
from clv_platform.scores.happened import still_open

N_SHOWN, N_RISK = 20, 15
EFFECT = "effect on the expected amount"


def render_value_report(inputs: ValueReportInputs) -> str:
    """Render the report of one value target.

    Returns
    -------
    str
        HTML without any address outside the page; the same inputs give the same text.
    """
    verdict = told.build_value_verdict(inputs)
    built = (build(inputs) for build in SECTIONS) if inputs.has_model else ()
    return render_page(
        "value_report.html.j2",
        title=f"{inputs.config.title} · {inputs.target.name.replace('_', ' ')}",
        nav=inputs.pages,
        cutoff=inputs.cutoff,
        verdict=verdict,
        asked=told.value_asked_rows(inputs),
        opening=build_reviewers_of(inputs.tables),
        sections=[section for section in built if section is not None],
        limits=told.build_value_limits(inputs),
        steps=told.build_value_steps(inputs, verdict.level),
    )


def _accounts(inputs: ValueReportInputs) -> Section | None:
    if inputs.scores.empty:
        return None
    scores = still_open(inputs.scores)
    text = (
        f"Expected is what the account brings on average in the next {inputs.target.horizon_days} days; below it the range in which nine "
        "of ten such accounts end. Reasons say what the model goes by, not what causes spending; “highest 7 %” means that only so many "
        f"accounts have a value as high. To take along: {published_sentence(inputs.target.name)}"
    ).replace(" %", "\u00a0%") + told.read_left(inputs)
    blocks: list[Any] = [text, tables.accounts_table(scores, inputs, 1, N_SHOWN), tables.tiers_table(inputs)]
    if near := told.read_tiers(inputs.scores):
        blocks.append(near)
    if SEGMENTS_PAGE in inputs.pages:
        blocks.append("Which kinds of accounts these are, and who moved from one to another, is on the page about segments, linked above.")
    last = min(len(scores), inputs.config.call_list_size)
    rest = ((f"Show ranks {N_SHOWN + 1} to {last}", (tables.accounts_table(scores, inputs, N_SHOWN + 1, last),)),) if last > N_SHOWN else ()
    return Section("accounts", "The most valuable accounts", tuple(blocks), rest)


def _quality(inputs: ValueReportInputs) -> Section | None:
    deciles, predictions = inputs.table("lift"), inputs.table("predictions")
    if deciles.empty:
        return None
    svg = value_figures.decile_bars(deciles, inputs.config.currency)
    pictures = [Picture.of("deciles", svg, "Expected, and what came", told.read_deciles(deciles, inputs.config.currency))]
    curves = held_curves(predictions, inputs.table("contenders"), inputs.simple_rule) if len(predictions) else pd.DataFrame()
    if len(curves):
        svg, reading = value_figures.held_by_top(curves, inputs.simple_words), told.read_held(curves, inputs.means, inputs.simple_words)
        pictures.append(Picture.of("held", svg, "Held by the top of the list", reading))
    text = (
        "Every figure is computed on the test date, whose outcomes nothing was learnt from. An interval says how far a figure could be off "
        "by chance."
    )
    folded = (("The list in tenths", (tables.decile_table(inputs),)),)
    return Section("quality", "How good is it?", (text, tuple(pictures), tables.value_metric_table(inputs)), folded)


def _ranges(inputs: ValueReportInputs) -> Section | None:
    text, where = told.read_intervals(inputs), told.read_ranges_by_tenth(inputs.table("lift"))
    blocks = [block for block in (text, where, tables.intervals_table(inputs)) if block]
    return Section("ranges", "How sure is the amount of one account?", tuple(blocks)) if text else None


def _purchases(inputs: ValueReportInputs) -> Section | None:
    table = tables.purchases_table(inputs)
    if table is None:
        return None
    text = (
        f"How often each account will buy is forecast too: {whole(inputs.scores['expected_purchases'].sum())} purchase days in all."
        if len(inputs.scores)
        else ""
    )
    return Section("purchases", "How often they buy", (*([text] if text else []), table))


def _compared(spend: pd.DataFrame, where: str) -> str:
    """Count the models that have figures; those that couldn't be fitted are named apart."""
    ran = spend["rmse"].notna()
    text = f"{counted(int(ran.sum()), 'model')} {'was' if ran.sum() == 1 else 'were'} compared {where}"
    others = sentence_list([told.model_words(name) for name in spend.loc[~ran, "model"]])
    return f"{text}; not fitted, for the reasons in the table: {others}." if others else f"{text}."


def _choice(inputs: ValueReportInputs) -> Section | None:
    board, rule = inputs.table("backtest_leaderboard"), inputs.config.value_choice
    if board.empty:
        return None
    spend = board[board["purpose"] == "spend"] if "purpose" in board else board
    rolling = inputs.training.get("split_kind") == "rolling_origins"
    where = (
        "on earlier dates, each time learning only from what was known by then"
        if rolling
        else "on parts of the accounts that each had not seen (not on earlier dates: before none of them had another one's window ended, "
        "so there was nothing to learn from; how much a season brings is not tested by this)"
    )
    text = (
        f"{_compared(spend, where)} The rule was written down before: of the models whose total is off by at most "
        f"{percent(rule.max_bias)}, the best by {rule.metric.replace('ngini', 'the normalised Gini').replace('_', ' ')}; of those "
        f"that are level with it (within {rule.tie * 100:g}{NBSP}%) the one with the smallest root mean squared error."
    )
    reasons = [told.in_words(str(reason)) for reason in inputs.training.get("reasons", [])]
    blocks: list[Any] = [
        text,
        *reasons,
        tables.leaderboard_of(spend, "Compared before the test, best first; the one in use in bold", rule.metric),
    ]
    folded: list[tuple[str, tuple[Any, ...]]] = []
    if len(test := inputs.table("leaderboard")):
        folded.append(
            ("The same models on the test date", (tables.leaderboard_of(test, "On the test date; nothing was chosen by it", rule.metric),))
        )
    purchases = board[board["purpose"] == "purchases"] if "purpose" in board else pd.DataFrame()
    if len(purchases):
        folded.append(
            ("Models of the number of purchases", (tables.leaderboard_of(purchases, "Number of purchases, before the test", rule.metric),))
        )
    return Section("choice", "Which model, and why", tuple(blocks), tuple(folded))


def _drivers(inputs: ValueReportInputs) -> Section | None:
    importance = inputs.table("importance")
    importance = importance[importance["share"] > 0] if len(importance) else importance
    if importance.empty:
        return None
    private = tuple(inputs.config.private)
    shown = importance[~importance["feature"].isin(private)]
    pictures = [
        Picture.of(
            "importance", figures.importance_bars(shown), "What moves the amount most", told.read_importance_of_value(importance, private)
        )
    ]
    attributions = inputs.table("attributions")
    attributions = attributions[~attributions["feature"].isin(private)] if len(attributions) else attributions
    types = {feature.name: feature.type for feature in inputs.features}
    if len(shown) > 1 and len(attributions):
        svg = explain_figures.beeswarm(attributions, types, effect=EFFECT)
        pictures.append(
            Picture.of("beeswarm", svg, "How each account is pushed", "A dot per account; ×2 doubles the expected amount, ×0.5 halves it.")
        )
    dependence = inputs.table("dependence")
    dependence = dependence[~dependence["feature"].isin(private)] if len(dependence) else dependence
    drawn = (
        tuple(_dependence(points) for _, points in dependence.groupby("position", sort=True)) if len(shown) > 1 and len(dependence) else ()
    )
    folded = (("How effects depend on values", (drawn,)),) if drawn else ()
    return Section("drivers", "What drives value", (tuple(pictures),), folded)


def _dependence(points: pd.DataFrame) -> Picture:
    first = points.iloc[0]
    reading = "Each dot is an account: its value, and by how much it multiplies the expected amount."
    return Picture.of(
        f"dependence{first['position']}", explain_figures.dependence_plot(points, effect=EFFECT), f"Effect of “{first['label']}”", reading
    )


def _risk(inputs: ValueReportInputs) -> Section | None:
    risk = value_at_risk(inputs.scores, inputs.leaving)
    if risk.empty or not risk["loss"].sum() > 0:
        return None
    listed = risk.head(N_RISK)
    sample = (
        pd.concat([listed, risk.iloc[N_RISK:].sample(min(len(risk) - len(listed), 800), random_state=0)]) if len(risk) > N_RISK else risk
    )
    points = sample.assign(is_listed=sample["account_id"].isin(listed["account_id"]))
    svg = value_figures.value_at_risk(points, inputs.config.currency)
    picture = Picture.of("risk", svg, "What is at stake", told.read_risk(risk, inputs, len(listed)))
    return Section("risk", "Where most may be lost", (picture, tables.risk_table(listed, inputs)))


def _ahead(inputs: ValueReportInputs) -> Section | None:
    if inputs.ahead.empty or inputs.past.empty:
        return None
    svg = value_figures.months_ahead(inputs.past, inputs.ahead, inputs.config.currency)
    picture = Picture.of("ahead", svg, f"{inputs.means.capitalize()} by month", told.read_ahead(inputs))
    held = told.read_months_held(inputs.table("forecast_months")) if "amount_lo" in inputs.ahead else ""
    return Section("ahead", "The months ahead", (picture, *([held] if held else [])))


def _groups(inputs: ValueReportInputs) -> Section | None:
    table, weak = tables.value_slices_table(inputs), inputs.table("weak_slices")
    wrong = weak[weak["kind"] == "wrong_here"] if len(weak) and "kind" in weak else pd.DataFrame()
    blocks: list[Any] = []
    if len(wrong):
        # A wrong level is mended by a factor, a wrong order within the group by none.
        is_order = wrong["direction"] == "mis-ranked" if "direction" in wrong else pd.Series(False, index=wrong.index)
        for found, lead in ((wrong[~is_order], told.WRONG_LEVEL), (wrong[is_order], told.WRONG_ORDER)):
            blocks += [lead, *(str(sentence) for sentence in found["sentence"])] if len(found) else []
    elif len(weak) or table is not None:
        blocks.append(
            "No group was found that is off beyond chance by more than the total of all accounts, however many groups were looked at. "
            "What the total is off by (it stands above) is in each line of the table, too."
        )
    if table is not None:
        blocks.append(table)
    return Section("groups", "For whom it works, for whom it doesn't", tuple(blocks)) if blocks else None


def _decisions(inputs: ValueReportInputs) -> Section | None:
    decisions = inputs.table("decisions")
    real = decisions[decisions["is_applied"].astype(bool)] if len(decisions) else decisions
    if real.empty:
        return None
    text = (
        "A model takes over when it is better than the one in use beyond chance on the same accounts and its total is right within the "
        "bound; a tie changes nothing. A person can go back to an earlier model; that is written down too."
    )
    return Section(
        "decisions", "Which model is in use, and why", (build_decision_table(real.iloc[::-1].head(12), "Decisions, newest first"), text)
    )


SECTIONS: tuple[Callable[[ValueReportInputs], Section | None], ...] = (
    _accounts, _quality, build_value_outcomes, build_value_backtest, _risk, _ahead, _ranges, _purchases, _drivers, _groups, _choice,
    _decisions,
)  # fmt: skip
