"""Tables of the report of a value target as plain cells. Keep sentences out (see `value_words`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clv_platform.reports.metric_glossary import METRICS
from clv_platform.reports.tables import Cell, Table, figure_cell
from clv_platform.reports.value_inputs import ValueReportInputs
from clv_platform.reports.value_words import in_words, model_words, money, signed
from clv_platform.reports.words import MISSING, is_number, keep_together, percent, shown, whole
from clv_platform.scores.scoring import SEPARATOR

_FIGURES = ("top10_share", "ngini", "bias", "decile_wape", "coverage_90", "coverage_90_top5", "mae", "rmse", "spearman")
_PURCHASES = tuple(f"transactions_{name}" for name in ("ngini", "bias", "decile_wape", "mae", "mae_median", "rmse"))
_WAYS = {
    "neighbours": "how far accounts with a like amount were off before",
    "simulation": "simulated futures of the purchase history",
    "quantiles": "quantiles learnt from the amount and the purchase history",
    "subscriptions": "how far like accounts moved away from what they paid",
}
_KINDS = {"baseline": "simple rule", "contender": "", "blend": "mean of several", "comparator": "for comparison only", "champion": "in use"}


def value_metric_table(inputs: ValueReportInputs) -> Table:
    """Build the table of figures: value with interval, the same for the best naive ranking, meaning."""
    rows = [_metric_row(name, inputs.metrics, inputs.simple) for name in _FIGURES if is_number(inputs.metrics.get(name))]
    header = ("figure", "this model", f"ranked by {inputs.simple_words}", "in plain words")
    return Table("How good: each figure with its 95 % interval", header, tuple(rows), frozenset({1, 2}))


def purchases_table(inputs: ValueReportInputs) -> Table | None:
    """Build the table of figures about the number of purchases; None where none was forecast."""
    rows = [_metric_row(name, inputs.metrics, {}) for name in _PURCHASES if is_number(inputs.metrics.get(name))]
    short = tuple((row[0], row[1], row[3]) for row in rows)
    return (
        Table("How many purchases, forecast and happened", ("figure", "value", "in plain words"), short, frozenset({1})) if rows else None
    )


def _metric_row(name: str, metrics: Mapping[str, Any], simple: Mapping[str, Any]) -> tuple[Cell, ...]:
    metric = METRICS[name]
    note = {"lower": "smaller is better", "zero": "0 is best"}.get(metric.better, "")
    value = figure_cell(name, metrics[name], metrics.get(f"{name}_lo"), metrics.get(f"{name}_hi"))
    if name.endswith("bias"):
        value = Cell(signed(metrics[name]), value.note, value.value, name)
    naive = simple.get(name)
    return Cell(metric.label, note), value, Cell(shown(name, naive) if is_number(naive) else MISSING), Cell(keep_together(metric.meaning))


def decile_table(inputs: ValueReportInputs) -> Table:
    """Build the list in tenths: expected and actual per account, the share of the whole that each holds, how often ranges held."""
    deciles, currency = inputs.table("lift"), inputs.config.currency
    total = float(deciles["actual"].sum())
    rows = []
    for row in deciles.to_dict("records"):
        n = row["n"]
        low, high = row.get("actual_lo"), row.get("actual_hi")
        interval = f"{money(low / n)} to {money(high / n)}" if is_number(low) and is_number(high) else ""
        cells = (
            Cell(whole(row["decile"])), Cell(whole(n)), Cell(money(row["predicted"] / n), value=row["predicted"] / n),
            Cell(money(row["actual"] / n), interval, row["actual"] / n), Cell(percent(row["actual"] / total if total > 0 else None)),
        )  # fmt: skip
        if "coverage_90" in deciles:
            told = f"{percent(row['coverage_90_lo'])} to {percent(row['coverage_90_hi'])}" if is_number(row["coverage_90"]) else ""
            cells = (*cells, Cell(percent(row["coverage_90"]), told, row["coverage_90"] if told else None))
        rows.append(cells)
    header = ("tenth", "accounts", f"expected, {currency} per account", f"came, {currency} per account", "share of the whole")
    header = (*header, "within their range") if "coverage_90" in deciles else header
    return Table("The list in tenths, highest expectation first", header, tuple(rows), frozenset(range(len(header))))


def leaderboard_of(board: pd.DataFrame, caption: str, metric: str) -> Table:
    """Build a leaderboard: the best by the rule's metric first, the one in use in bold, those that can't be used greyed."""
    names = [name for name in ("ngini", "top10_share", "bias", "decile_wape", "mae") if name in board.columns]
    is_falling = metric in ("mae", "rmse", "decile_wape")
    by = metric if metric in board.columns else names[0]
    ordered = board.sort_values([by, "model"], ascending=[is_falling, True], kind="stable").reset_index(drop=True)
    rows = []
    for row in ordered.to_dict("records"):
        note = in_words(str(row.get("note") or "")) or _KINDS.get(str(row.get("kind", "")), "")
        cells = [Cell(model_words(row["model"]), note)]
        for name in names:
            text = signed(row[name]) if name == "bias" else shown(name, row[name])
            cells.append(Cell(text, value=float(row[name]) if is_number(row[name]) else None))
        rows.append(tuple(cells))
    flag = ordered["is_champion"].fillna(False).astype(bool) if "is_champion" in ordered else ordered["model"] == "model"
    usable = ordered["kind"].isin(["contender", "blend", "model", "champion"])
    header = ("model", *(METRICS[name].label for name in names))
    strong, muted = frozenset(i for i, value in enumerate(flag) if value), frozenset(i for i, value in enumerate(usable) if not value)
    return Table(caption, header, tuple(rows), frozenset(range(1, len(header))), muted - strong, strong)


def accounts_table(scores: pd.DataFrame, inputs: ValueReportInputs, first: int, last: int) -> Table:
    """Build the list of the most valuable accounts with their reasons; ranks first to last."""
    is_hidden = "account_id" in inputs.config.private
    has_alive = scores["p_alive"].notna().any()
    rows = []
    for place, row in enumerate(scores.iloc[first - 1 : last].to_dict("records"), start=first):  # score_rank has gaps where somebody left
        spread = f"{money(row['score_lo'])} to {money(row['score_hi'])}"
        cells = [
            Cell(whole(place)),
            Cell(MISSING if is_hidden else str(row["account_id"])),
            Cell(money(row["score"]), spread, row["score"]),
        ]
        if has_alive:
            cells.append(Cell(percent(row["p_alive"])))
        against = str(row["reasons_down"]).split(SEPARATOR)[0]
        why = Cell(keep_together(str(row["reasons_up"]) or MISSING), keep_together(f"less because of: {against}") if against else "")
        rows.append((*cells, Cell(_count(row["expected_purchases"])), why))
    header = ["rank", "account", f"expected, {inputs.config.currency}"]
    header += ["still a customer"] if has_alive else []
    header += ["purchases", "why so much"]
    return Table(f"Ranks {first} to {min(last, len(scores))}", tuple(header), tuple(rows), frozenset({0, 2, *range(3, len(header) - 1)}))


def _count(value: Any) -> str:
    return f"{value:.1f}" if is_number(value) else MISSING


def tiers_table(inputs: ValueReportInputs) -> Table:
    """Build the tiers: how many accounts, what they bring together and each."""
    scores, currency = inputs.scores, inputs.config.currency
    total, rows = float(scores["score"].sum()), []
    for tier in ("very high", "high", "mid", "low"):
        own = scores[scores["value_tier"] == tier]
        if len(own):
            share = float(own["score"].sum()) / total if total > 0 else float("nan")
            low, high = float(own["score"].min()), float(own["score"].max())
            cells = (
                Cell(tier),
                Cell(whole(len(own)), percent(len(own) / len(scores))),
                Cell(money(own["score"].mean()), f"{money(low)} to {money(high)}"),
            )
            rows.append((*cells, Cell(percent(share), value=share)))
    header = ("tier", "accounts", f"expected, {currency} per account", "share of the whole")
    return Table("Value tiers of the newest list", header, tuple(rows), frozenset({1, 2, 3}))


def risk_table(risk: pd.DataFrame, inputs: ValueReportInputs) -> Table:
    """Build the list of accounts with most to lose."""
    is_hidden = "account_id" in inputs.config.private
    rows = [
        (
            Cell(MISSING if is_hidden else str(row["account_id"])),
            Cell(money(row["loss"]), value=row["loss"]),
            Cell(money(row["score"]), value=row["score"]),
            Cell(percent(row["p_leave"]), value=row["p_leave"]),
        )
        for row in risk.to_dict("records")
    ]
    header = ("account", f"expected loss, {inputs.config.currency}", f"expected amount, {inputs.config.currency}", "chance to leave")
    # Two horizons: what may be lost is more where leaving is asked about a shorter time than the amount is.
    leave = next((target.horizon_days for target in inputs.config.targets if target.kind == "churn"), None)
    within = f" within {leave} days" if leave else ""
    caption = f"Expected loss, most first: amount expected in {inputs.target.horizon_days} days times chance to leave{within}"
    return Table(caption, header, tuple(rows), frozenset({1, 2, 3}))


def value_slices_table(inputs: ValueReportInputs) -> Table | None:
    """Build the figures by group of accounts; None without groups."""
    frame = inputs.table("slices")
    if frame.empty or not {"column", "level", "n"} <= set(frame.columns):
        return None
    if "depth" in frame:
        frame = frame[frame["depth"] <= 1]
    frame = frame[~frame["column"].isin(inputs.config.private)]
    names = [name for name in ("bias", "ngini", "top10_share", "mae", "coverage_90") if name in frame.columns]
    labels = {feature.name: feature.label for feature in inputs.features}
    rows = []
    for row in frame.to_dict("records"):
        column = str(row["column"])
        title = "all accounts" if column in ("(all)", "") else f"{labels.get(column, column.replace('_', ' '))}: {row['level']}"
        cells = [Cell(title), Cell(whole(row["n"]))]
        for name in names:
            low, high = row.get(f"{name}_lo"), row.get(f"{name}_hi")
            cell = figure_cell(name, row[name], low, high)
            cells.append(
                Cell(signed(row[name]), f"{signed(low)} to {signed(high)}" if is_number(low) else "", cell.value)
                if name == "bias"
                else cell
            )
        rows.append(tuple(cells))
    if len(rows) < 2 or not names:
        return None
    header = ("group", "accounts", *(METRICS[name].label for name in names))
    few = frozenset(i for i, row in enumerate(frame.to_dict("records")) if row["n"] < 50)
    return Table("The same figures by group of accounts", header, tuple(rows), frozenset(range(1, len(header))), muted=few)


def intervals_table(inputs: ValueReportInputs) -> Table | None:
    """Build the comparison of ways to make the 90 % range; None where there is one only."""
    tried = inputs.table("interval_methods")
    if tried.empty or tried["method"].nunique() < 2:
        return None
    parts = [name for name in ("coverage", "coverage_top") if name in tried]
    sums = tried.assign(**{name: tried[name] * tried["n"] for name in parts})
    frame = sums.groupby("method", as_index=False).agg({**dict.fromkeys((*parts, "n"), "sum"), "is_used": "max"})
    rows = tuple(
        (
            Cell(_WAYS.get(str(row["method"]), str(row["method"]))),
            *(Cell(percent(row[name] / row["n"]), value=row[name] / row["n"]) for name in parts),
        )
        for row in frame.to_dict("records")
    )
    strong = frozenset(i for i, row in enumerate(frame.to_dict("records")) if row["is_used"])
    header = ("way", "share that it held", "of the best twentieth")[: len(parts) + 1]
    return Table("Ways to make the range, judged before the test", header, rows, frozenset(range(1, len(header))), strong=strong)


__all__ = [
    "accounts_table", "decile_table", "intervals_table", "leaderboard_of", "purchases_table", "risk_table", "tiers_table",
    "value_metric_table", "value_slices_table",
]  # fmt: skip
