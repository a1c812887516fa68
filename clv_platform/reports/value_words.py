"""Sentences of the report of a value target, each made from its numbers.

Add a sentence as a function of `ValueReportInputs` or of a frame. Keep tables (see `value_tables`) and layout out.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from clv_platform.contracts.raw_tables import RAW_TABLES
from clv_platform.reports.bridge import bridge_to_asked
from clv_platform.reports.target_findings import Verdict
from clv_platform.reports.value_inputs import ValueReportInputs, value_at_risk
from clv_platform.reports.words import NBSP, are, counted, day, is_number, keep_together, list_date, percent, sentence_list, whole
from clv_platform.scores.happened import still_open

_MODELS = {
    "mean": "the same amount for everybody",
    "past_spend_rate": "past spend, carried on",
    "present_subscriptions": "present recurring revenue, carried on",
    "bg_nbd": "purchase history (BG/NBD and Gamma-Gamma)",
    "mbg_nbd": "purchase history (MBG/NBD and Gamma-Gamma)",
    "pareto_nbd": "purchase history (Pareto/NBD and Gamma-Gamma)",
    "linear_regression": "linear regression",
    "tweedie": "boosted trees",
    "tweedie_on_run_rate": "boosted trees on past spend",
    "tweedie_on_probability": "boosted trees on the purchase history",
    "poisson_times_value": "trees for the number of purchases, times their value",
    "hurdle": "chance to buy, times the amount if so (trees)",
    "poisson": "boosted trees",
    "poisson_on_run_rate": "boosted trees on past purchases",
    "poisson_on_probability": "boosted trees on the purchase history",
    "probability_levelled": "purchase history, its total brought to the level of what came",
    "contractual": "contracts: how long they last, times what they pay",
    "contractual_hazard": "contracts: the chance to end by trees, times what they pay",
    "contractual_curve": "contracts: one curve of how long they last, times what they pay",
    "random_forest": "random forest",
    "neural_network": "neural network",
    "dense_network": "neural network (PyTorch)",
    "recurrent_network": "recurrent network on the months (PyTorch)",
    "xgboost": "XGBoost",
    "catboost": "CatBoost",
    "weighted_mean": "weighted mean of the best",
    "champion": "the model in use before",
    "model": "this model",
}
WRONG_LEVEL = "In these groups the expected amounts are off beyond chance; correct them by hand, or use another rule there:"
WRONG_ORDER = (
    "In these groups, beyond chance, large amounts aren't told from small ones as they should be, while the total is about right; plan "
    "with the total there, and don't go by the order within the group:"
)
PROMISED, _STILL_RIGHT = 0.9, 0.87
_METRICS = {"ngini": "normalised Gini", "decile_wape": "error by decile", "top10_share": "share held by the top tenth"}


def model_words(name: Any) -> str:
    """What a contender is called by people."""
    text = str(name)
    if text in _MODELS:
        return _MODELS[text]
    if found := re.match(r"mean_of_(\d+)", text):
        return f"mean of the best {found[1]}"
    return text.replace("_", " ")


def in_words(text: str) -> str:
    """Put what contenders and metrics are called by people in the place of their names."""
    names = sorted((name for name in _MODELS if name not in ("model", "mean", "champion")), key=len, reverse=True)
    pattern = r"\b(" + "|".join([*names, r"mean_of_\d+", "ngini", "decile_wape", "top10_share"]) + r")\b"
    return re.sub(pattern, lambda found: _METRICS.get(found[0]) or model_words(found[0]), text).replace("%", f"{NBSP}%")


def money(value: Any, currency: str = "") -> str:
    """Write an amount without cents, millions as 1.2 M."""
    if not is_number(value):
        return whole(value)
    if value == 0:
        return f"0{NBSP}{currency}" if currency else "0"
    text = f"{value / 1e6:,.2f}{NBSP}M" if abs(value) >= 1e6 else f"{value:,.0f}" if abs(value) >= 10 else f"{value:,.2f}"
    return f"{text}{NBSP}{currency}" if currency else text


def read_tiers(scores: pd.DataFrame) -> str:
    """Warn where tiers divide accounts that are nearly alike: the best tier's mean lies within the usual range of one of the lowest."""
    means = scores.groupby("value_tier", observed=True, as_index=False)[["score", "score_lo", "score_hi"]].mean()
    rows = means.sort_values("score").to_dict("records")
    if len(rows) < 2 or not rows[-1]["score"] <= rows[0]["score_hi"]:  # also where there is no range
        return ""
    low, top = rows[0], rows[-1]
    return (
        f"Tiers are parts of a ranked list, not kinds of accounts: those of “{top['value_tier']}” are expected to bring "
        f"{money(top['score'])} on average, which a single account of “{low['value_tier']}” may well bring, too (nine of ten end between "
        f"{money(low['score_lo'])} and {money(low['score_hi'])})."
    )


def read_left(inputs: ValueReportInputs) -> str:
    """Say how many accounts have left since the snapshot, so that the list doesn't name them; empty when none has."""
    n, n_left = len(inputs.scores), len(inputs.scores) - len(still_open(inputs.scores))
    if not n_left:
        return ""
    as_of = day(pd.Timestamp(inputs.scores["as_of_date"].iloc[0]).date())
    verb = "has" if n_left == 1 else "have"
    return (
        f" {whole(n_left)} of the {whole(n)} accounts {verb} left between {as_of} and {day(inputs.cutoff)}; the list leaves them out, sums "
        "and tiers still count them, because they are as of the earlier date."
    )


def signed(share: Any) -> str:
    """Write a difference as percent with its sign: +4.2 %, −11 %."""
    if not is_number(share):
        return percent(share)
    return f"{'+' if share >= 0 else '−'}{percent(abs(share))}"


def horizon_words(days: int) -> str:
    """Write a horizon as people say it: half a year, 90 days."""
    named = {365: "year", 366: "year", 180: "half-year", 182: "half-year", 183: "half-year", 30: "month", 7: "week"}
    return named.get(days, f"{days} days")


def build_value_verdict(inputs: ValueReportInputs) -> Verdict:
    """Say what the list is good for, in words for somebody who plans campaigns."""
    reasons = tuple(str(reason) for reason in inputs.gate.get("reasons", ()))
    if not inputs.has_model:
        told = tuple(str(reason) for reason in inputs.training.get("reasons", ()))
        headline = "There is too little history to say what accounts will bring."
        return Verdict("nothing", headline, " ".join(told), ())
    metrics, simple = inputs.metrics, inputs.simple
    held, naive = metrics.get("top10_share"), simple.get("top10_share")
    coming = f"the {inputs.means} of the following {horizon_words(inputs.target.horizon_days)}"
    headline = f"The top tenth of the list holds {percent(held)} of {coming}"
    if is_number(held) and is_number(naive):
        is_same = round(held, 2) == round(naive, 2)
        headline += f"; ranking by {inputs.simple_words} holds {'as much' if is_same else percent(naive)}."
    else:
        headline += "."
    detail = f"{_total(inputs)} {_kept(inputs)}".strip()
    if inputs.gate.get("verdict") == "promoted":
        return Verdict("good", headline, detail, reasons)
    if inputs.gate.get("verdict") == "nothing_learnt":
        is_further_off = all(is_number(simple.get(name)) and metrics[name] > simple[name] for name in ("mae", "rmse"))
        found = f"Amounts are further off than by {inputs.simple_words}" if is_further_off else ""
        found = found or f"Nothing was learnt that {inputs.simple_words} doesn't say already"
        return Verdict("nothing", f"{found}: the model isn't put into use.", f"{headline} {detail}", reasons)
    rest = "the list comes from the model before it" if len(inputs.scores) else "there is no list"
    return Verdict("kept", f"This model was not put into use; {rest}.", f"For this model: {headline} {detail}", reasons)


def _total(inputs: ValueReportInputs) -> str:
    if inputs.scores.empty:
        return ""
    total, n = float(inputs.scores["score"].sum()), len(inputs.scores)
    as_of = day(pd.Timestamp(inputs.scores["as_of_date"].iloc[0]).date())
    return (
        f"The {whole(n)} accounts of {as_of} are expected to bring {money(total, inputs.config.currency)} in the next "
        f"{inputs.target.horizon_days} days."
    )


def _kept(inputs: ValueReportInputs) -> str:
    metrics, tested = inputs.metrics, inputs.training.get("test_dates", [])
    when = day(pd.Timestamp(tested[-1]).date()) if tested else "the test date"
    parts = [f"on {when} the total was expected {_off(metrics['bias'])}"] if is_number(metrics.get("bias")) else []
    if is_number(metrics.get("coverage_90")):
        parts.append(f"the 90{NBSP}% range held for {percent(metrics['coverage_90'])} of the accounts")
    return f"Tested on accounts and dates that the model had not seen: {', and '.join(parts)}." if parts else ""


def _off(bias: float) -> str:
    return "right" if abs(bias) < 0.005 else f"{percent(abs(bias))} too {'high' if bias > 0 else 'low'}"


def value_asked_rows(inputs: ValueReportInputs) -> list[tuple[str, str]]:
    """List what was asked, on which accounts and dates, as label and value."""
    target, training, metrics = inputs.target, inputs.training, inputs.metrics
    what = "margin (amount less cost)" if inputs.means == "margin" else "revenue, refunds subtracted,"
    rows = [
        ("Question", f"How much {what} will each account bring within {target.horizon_days} days, in {inputs.config.currency}?"),
        ("Known until", f"{day(inputs.cutoff)} (later events were not looked at)"),
    ]
    if not inputs.has_model:
        return rows
    learning = training.get("learning", [])
    if learning:
        windows = sorted({int(pair["window_days"]) for pair in learning})
        dates = sorted(pair["as_of"] for pair in learning)
        span = f"{day(_date(dates[0]))}" + (f" to {day(_date(dates[-1]))}" if len(dates) > 1 else "")
        told = f"{windows[0]} days" if len(windows) == 1 else f"{windows[0]} to {windows[-1]} days"
        rows.append(("Learnt from", f"what accounts of {span} brought in the {told} after ({counted(len(dates), 'date')})"))
        if windows != [target.horizon_days]:
            rows.append(
                ("Shorter windows", f"the history is short, so amounts of shorter windows were scaled to {target.horizon_days} days")
            )
    compared = training.get("origins", [])
    if compared:
        rolling = training.get("split_kind") == "rolling_origins"
        kind = counted(len(compared), "date") if rolling else f"{counted(len(compared), 'part')} of the accounts"
        told = sentence_list([day(_date(name)) if rolling else str(name) for name in compared])
        rows.append(("Models compared on", f"{kind} before the test: {told}"))
    rows.append(("Tested on", f"{day(_date(training['test_dates'][-1]))}, looked at once, after everything was chosen"))
    bought = f", of which {whole(metrics['n_buyers'])} bought" if is_number(metrics.get("n_buyers")) else ""
    rows.append(("Test accounts", f"{whole(metrics.get('n'))}{bought}"))
    if training.get("scoring_date"):
        rows.append(("List for", f"accounts as of {list_date(_date(training['scoring_date']), inputs.cutoff)}"))
    if others := bridge_to_asked(inputs.n_on_file, len(inputs.scores), target):
        rows.append(("Not on the list", others))
    return [*rows, ("Model", str(metrics.get("model_id") or training.get("model_id")))]


def _date(text: Any) -> Any:
    return pd.Timestamp(str(text)).date()


def read_deciles(deciles: pd.DataFrame, currency: str) -> str:
    """Compare what the best tenth was expected to bring with what it brought, and say where the two are furthest apart."""
    first, last = deciles.iloc[0], deciles.iloc[-1]
    gap = (deciles["predicted"] - deciles["actual"]).astype(float)
    worst = int(np.argmax(gap.abs().to_numpy()))
    row = deciles.iloc[worst]
    way = "too much" if gap.iloc[worst] > 0 else "too little"
    off = abs(gap.iloc[worst]) / float(deciles["actual"].sum()) if deciles["actual"].sum() else float("nan")
    return (
        f"The best tenth was expected to bring {money(first['predicted'] / first['n'], currency)} per account and brought "
        f"{money(first['actual'] / first['n'], currency)}; the last tenth {money(last['predicted'] / last['n'], currency)} and "
        f"{money(last['actual'] / last['n'], currency)}. Furthest off is tenth {whole(row['decile'])}: {way}, by "
        f"{percent(off)} of the whole."
    )


def read_held(curves: pd.DataFrame, means: str, simple: str = "past spend") -> str:
    """Say how much of the amount the top fifth holds, beside the best naive ranking and perfect knowledge."""
    at = {name: float(np.interp(0.2, curves["share"], curves[name])) for name in curves.columns if name != "share"}
    text = f"The top fifth of the list holds {percent(at['model'])} of the {means}"
    text += f", ranked by {simple} {percent(at['simple'])}" if "simple" in at else ""
    return f"{text}; perfect knowledge would hold {percent(at['perfect'])}."


def read_intervals(inputs: ValueReportInputs) -> str:
    """Say how often the range held, and whether it can be planned with."""
    share = inputs.metrics.get("coverage_90")
    if not is_number(share):
        return ""
    verdict = (
        "so it can be planned with"
        if 0.87 <= share <= 0.93
        else "so take it as a little too narrow"
        if share < 0.87
        else "so it is wider than needed"
    )
    return (
        f"The range of an account is made to hold in 90{NBSP}% of cases. On the test date it held in {percent(share)} of them, {verdict}. "
        "It is wide because single accounts are hard to foresee; sums of many accounts are much surer."
    )


def read_ranges_by_tenth(deciles: pd.DataFrame) -> str:
    """Say in which tenths of the list ranges held less often than promised, beyond chance; empty where that isn't known."""
    if "coverage_90" not in deciles or deciles["coverage_90"].isna().all():
        return ""
    off = deciles[(deciles["coverage_90_hi"] < PROMISED) & (deciles["coverage_90"] < _STILL_RIGHT)]
    if off.empty:
        return "No tenth of the list is an exception: in none did the range hold clearly less often than promised."
    named = sentence_list([f"tenth {whole(row['decile'])} ({percent(row['coverage_90'])})" for row in off.to_dict("records")])
    return f"Don't rely on the range there, it held less often than promised: {named}."


def read_ahead(inputs: ValueReportInputs) -> str:
    """Compare what is expected a month with what came lately."""
    currency, total = inputs.config.currency, float(inputs.ahead["amount"].sum())
    shape = "spread over the months as amounts of earlier dates were" if inputs.is_shaped else "spread evenly over the days"
    monthly = total / inputs.target.horizon_days * 30.4
    text = f"The accounts of today are expected to bring {money(total, currency)}, about {money(monthly, currency)} a month, {shape}"
    recent = inputs.past.tail(6)
    if len(recent) >= 3:
        text += f"; in the last {len(recent)} months all accounts brought {money(recent['amount'].mean(), currency)} a month"
    return f"{text}. Accounts that are yet to come aren't in it, so the whole will be more; the last month may be a part of one."


def read_months_held(frame: pd.DataFrame) -> str:
    """Say how often months and whole windows lay in such a range at the rolling origins; empty where that wasn't measured."""
    if frame.empty:
        return ""
    off = (frame["actual"] - frame["expected"]).abs()
    held = pd.DataFrame({"by_chance": off <= frame["half_chance"], "all": off <= frame["half"], "is_month": frame["month_number"] >= 0})
    n, told = held["is_month"].value_counts(), {}
    for name in ("all", "by_chance"):
        k = held.groupby("is_month")[name].sum()
        told[name] = f"{k[True]} of {counted(int(n[True]), 'month')} and {k[False]} of {counted(int(n[False]), 'total')}"
    dates = sentence_list([day(pd.Timestamp(one).date()) for one in sorted(frame["as_of_date"].unique())])
    return (
        f"The range of a month holds what chance does to single accounts and what the totals of earlier dates were off by. Made anew at "
        f"{counted(int(n[False]), 'date')} before the test ({dates}), where the shared error was taken from the other dates, it held "
        f"{told['all']}; chance alone would have held {told['by_chance']}. Windows that overlap go wrong together, so this says less than "
        "as many single cases would."
    )


def read_risk(risk: pd.DataFrame, inputs: ValueReportInputs, n_listed: int) -> str:
    """Say how much is expected to be lost with accounts that leave."""
    loss, total = float(risk["loss"].sum()), float(risk["score"].sum())
    part = float(risk["loss"].head(n_listed).sum()) / loss if loss > 0 else float("nan")
    return (
        f"Expected amount times chance to leave adds up to {money(loss, inputs.config.currency)}, "
        f"{percent(loss / total if total else None)} of what these {whole(len(risk))} accounts are worth; the {n_listed} below hold "
        f"{percent(part)} of it. An account worth little that is sure to leave counts less than a large one in doubt."
    )


def read_importance_of_value(importance: pd.DataFrame, private: tuple[str, ...]) -> str:
    """Name the three strongest features."""
    top = importance[~importance["feature"].isin(private)].sort_values("share", ascending=False, kind="stable").head(3)
    if top.empty:
        return ""
    names = sentence_list([f"“{label}”" for label in top["label"]])
    share = percent(top["share"].sum())
    verb = "makes" if len(top) == 1 else "make"
    return f"{names} {verb} up {share} of what moves the expected amount. It shows what the model looks at, not what causes spending."


def build_value_limits(inputs: ValueReportInputs) -> list[str]:
    """List what a reader must know before trusting the figures."""
    config, metrics = inputs.config, inputs.metrics
    limits: list[str] = []
    if inputs.has_model:
        limits.append("The test is one date: what it doesn't hold (a Christmas, a price change) can put the total off.")
        if is_number(metrics.get("bias")) and abs(metrics["bias"]) > 0.05:
            way = "much" if metrics["bias"] > 0 else "little"
            limits.append(
                f"On the test date the total was expected {percent(abs(metrics['bias']))} too {way}: use the order first, sums with care."
            )
    limits.append("Amounts are means over many accounts like the one they are told of: a single account may bring much less or much more.")
    undated = [f.label for f in inputs.features if not f.is_point_in_time and f.name not in config.private]
    if undated:
        limits.append(f"Used as they are now, because their history isn't recorded: {sentence_list(undated)}.")
    if inputs.means == "margin" and inputs.target.margin_share < 1:
        limits.append(f"Where no cost is known, margin is taken as {percent(inputs.target.margin_share)} of the amount.")
    hidden = [f.name for f in inputs.features if f.name in config.private]
    if hidden:
        limits.append(f"{counted(len(hidden), 'private column')} {are(len(hidden))} used by the model and never shown.")
    absent = [name for name in RAW_TABLES if name not in config.sources and name != "account_snapshots"]
    if absent:
        limits.append(
            f"Tables that weren't given, so that nothing could be learnt from them: {sentence_list([n.replace('_', ' ') for n in absent])}."
        )
    return [*(keep_together(limit) for limit in limits), *(inputs.raw_load.warnings if inputs.raw_load else ())]


def build_value_steps(inputs: ValueReportInputs, level: str) -> list[str]:
    """List what to do with the report."""
    if not inputs.has_model:
        return [
            "Give more history, or ask for a shorter horizon; the message above says how much is needed.",
            "Look at the segments meanwhile: they need no model.",
        ]
    if level == "nothing":
        return [
            f"Go on ranking by {inputs.simple_words}; this model is no better here.",
            "Add tables that say more than orders do: usage, cases, campaigns.",
        ]
    risk = value_at_risk(inputs.scores, inputs.leaving)
    return [
        "Spend effort by the expected amount, not by what was spent: the two lists differ most where accounts grow or fall silent.",
        *(["Look after the accounts by whose leaving most would be lost first."] if len(risk) and risk["loss"].sum() > 0 else []),
        "Compare the sums of the next months with the forecast: a gap of more than the test's says that something has changed.",
    ]
