"""Tables of a report as plain cells, so that templates only lay them out.

Here: `Cell`, `Table` and the tables of a target's report. Add a table as a function that returns `Table`. Keep sentences out (see `words`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clv_platform.contracts.review_feedback import NAMED_BY_REVIEWERS
from clv_platform.reports.inputs import TargetReportInputs
from clv_platform.reports.metric_glossary import METRICS
from clv_platform.reports.words import MISSING, event_words, interval, is_number, keep_together, percent, score, shown, times, whole

MIN_SLICE_POSITIVES = 10  # below, an interval spans most of the scale: the row is greyed
HEADLINE_METRICS = ("pr_auc", "lift_at_10", "lift_at_20", "capture_at_20", "f1", "roc_auc", "log_loss", "brier", "calibration_error")
_ALL = "(all)"  # the row of `evaluate_slices` that isn't a group
_CHANCE = {"lift_at_10": 1.0, "lift_at_20": 1.0, "capture_at_20": 0.2, "roc_auc": 0.5}
_ARM_WORDS = {"none": "as they are", "class_weight": "positives weighted up", "smote": "synthetic positives (SMOTE)"}
_MODEL_WORDS = {
    "model": "this model",
    "prevalence": "one constant for all",
    "best_single_column": "best single column",
    "logistic_regression": "logistic regression",
    "lightgbm": "boosted trees (LightGBM)",
    "champion": "the model in use before",
    "random_forest": "random forest",
    "neural_network": "neural network",
    "xgboost": "XGBoost",
    "catboost": "CatBoost",
}


def model_words(name: str, metrics: Mapping[str, Any]) -> str:
    """Call a row of the leaderboard, or a kind of model; "this model" is told what it is where that isn't boosted trees."""
    kind = str(metrics.get("model_kind", "lightgbm"))
    own = "this model" if kind == "lightgbm" else f"this model, {_MODEL_WORDS.get(kind, kind.replace('_', ' '))}"
    return own if name == "model" else _MODEL_WORDS.get(name, name.replace("_", " "))


@dataclass(frozen=True)
class Cell:
    """One cell: what is printed and, for figures, the unrounded value and a second line."""

    text: str
    note: str = ""
    value: float | None = None
    metric: str = ""


@dataclass(frozen=True)
class Table:
    """Header, rows of cells; `numeric` columns are set right, `muted` rows are greyed, `strong` ones emphasised."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int] = frozenset()
    muted: frozenset[int] = frozenset()
    strong: frozenset[int] = frozenset()


def figure_cell(name: str, value: Any, low: Any = None, high: Any = None) -> Cell:
    """Print a metric with its interval beneath; the unrounded value stays readable for programs."""
    return Cell(shown(name, value), interval(name, low, high), float(value) if is_number(value) else None, name)


def metric_table(inputs: TargetReportInputs) -> Table:
    """Build the table of figures: value, interval, chance, meaning."""
    metrics, rows = inputs.metrics, []
    for name in (*HEADLINE_METRICS, "pr_auc_account_disjoint"):
        if name not in metrics:
            continue
        chance = _without_model(name, metrics, inputs.leaderboard)
        meaning = METRICS[name].meaning
        if name == "f1" and is_number(metrics.get("f1_threshold")):
            meaning += f" Here: {percent(metrics['f1_threshold'])}."
        rows.append(
            (
                Cell(METRICS[name].label, "smaller is better" if METRICS[name].better == "lower" else ""),
                figure_cell(name, metrics[name], metrics.get(f"{name}_lo"), metrics.get(f"{name}_hi")),
                Cell(shown(name, chance)),
                Cell(keep_together(meaning)),
            )
        )
    header = ("figure", "value", "without a model", "in plain words")
    return Table("How good: each figure with its 95 % interval", header, tuple(rows), frozenset({1, 2}))


def _without_model(name: str, metrics: Mapping[str, Any], board: pd.DataFrame) -> float | None:
    """What a random order, one constant probability or calling everyone reaches, from the share of positives alone.

    The constant of chances is that of the leaderboard, the share of the training rows: the share of the test rows, which nobody knew, would
    make another figure of the same rule on the same page.
    """
    rule = board[board["model"] == "prevalence"] if "model" in board else board.head(0)
    if name in ("log_loss", "brier") and len(rule) and is_number(known := float(rule[name].iloc[0])):
        return known
    if not is_number(metrics.get("n_positive")) or not metrics.get("n"):
        return None
    rate = metrics["n_positive"] / metrics["n"]
    if name.startswith("pr_auc"):
        return rate
    constant = {"f1": 2 * rate / (1 + rate), "brier": rate * (1 - rate)}
    if 0 < rate < 1:
        constant["log_loss"] = -rate * math.log(rate) - (1 - rate) * math.log(1 - rate)
    return constant.get(name, _CHANCE.get(name))


def lift_rows(inputs: TargetReportInputs) -> Table:
    """Build the lift table by tenth of the list."""
    words, rows = event_words(inputs.target.kind), []
    for row in inputs.lift.to_dict("records"):
        rows.append(
            (
                Cell(whole(row["bin"])),
                Cell(whole(row["n"])),
                Cell(whole(row["n_positive"])),
                Cell(percent(row["rate"]), f"{percent(row['rate_lo'])} to {percent(row['rate_hi'])}", row["rate"]),
                Cell(times(row["lift"]), value=row["lift"]),
                Cell(percent(row["cumulative_capture"]), value=row["cumulative_capture"]),
            )
        )
    header = ("tenth", "rows", words.many, f"share that {words.did}", "times the average", f"{words.many} found so far")
    return Table("The list in tenths, best first", header, tuple(rows), frozenset(range(6)))


def arms_table(inputs: TargetReportInputs) -> Table:
    """Build the table of ways to treat rare positives, best first, the chosen one in bold; no times, which differ between equal runs."""
    ordered = inputs.arms.sort_values("pr_auc", ascending=False, kind="stable").reset_index(drop=True)
    rows = []
    for row in ordered.to_dict("records"):
        spread = f"± {score(row['pr_auc_sd'], 3)} between folds" if is_number(row.get("pr_auc_sd")) else ""
        note = "chosen" if row.get("is_chosen") else ""
        rows.append(
            (
                Cell(_ARM_WORDS.get(str(row["arm"]), str(row["arm"]).replace("_", " ")), note),
                Cell(score(row["pr_auc"]), spread, row["pr_auc"]),
                Cell(score(row.get("log_loss"))),
            )
        )
    chosen = ordered.get("is_chosen", pd.Series(False, index=ordered.index)).fillna(False).astype(bool)
    of_trees = "" if inputs.metrics.get("model_kind", "lightgbm") == "lightgbm" else " of the boosted trees"
    return Table(
        f"Ways to treat rare positives, compared inside the training data{of_trees}",
        ("training rows", "PR-AUC", "log loss"),
        tuple(rows), frozenset({1, 2}), strong=frozenset(int(i) for i in ordered.index[chosen]),
    )  # fmt: skip


def leaderboard_table(inputs: TargetReportInputs) -> Table:
    """Build the table of the model beside simple rules and other algorithms, with paired differences in PR-AUC."""
    rows, strong, muted = [], set(), set()
    for i, row in enumerate(inputs.leaderboard.to_dict("records")):
        name = str(row["model"])
        is_own = row["kind"] == "model"
        if is_own:
            strong.add(i)
        if not is_number(row["pr_auc"]):
            muted.add(i)
        lead, lead_lo, lead_hi = (row[f"pr_auc_difference{end}"] for end in ("", "_lo", "_hi"))
        note = row.get("note")
        rows.append(
            (
                Cell(model_words(name, inputs.metrics), note if isinstance(note, str) else ""),
                Cell(score(row["pr_auc"]), interval("pr_auc", row["pr_auc_lo"], row["pr_auc_hi"]), row["pr_auc"]),
                Cell(MISSING) if is_own or not is_number(lead) else Cell(_signed(lead), f"{_signed(lead_lo)} to {_signed(lead_hi)}", lead),
                Cell(times(row.get("lift_at_20"))),
                Cell(score(row.get("log_loss"))),
                Cell(score(row.get("brier"))),
                Cell(_seconds(row.get("fit_seconds"))),
            )
        )
    return Table(
        "This model beside simple rules and other algorithms, on the same test rows",
        ("", "PR-AUC", "this model's lead", "lift at 20 %", "log loss", "Brier score", "fit"),
        tuple(rows), frozenset(range(1, 7)), strong=frozenset(strong), muted=frozenset(muted),
    )  # fmt: skip


def leaderboard_reading(inputs: TargetReportInputs) -> str:
    """Say which is the simplest contender that the best one doesn't beat beyond chance."""
    board = inputs.leaderboard
    if "is_simplest_of_best" not in board or not board["is_simplest_of_best"].any():
        return ""
    simplest = str(board.loc[board["is_simplest_of_best"], "model"].iloc[0])
    ranked = board[board["kind"] != "champion"].sort_values("pr_auc", ascending=False, kind="stable")  # gaps last
    best = str(ranked["model"].iloc[0])
    first = f"The best PR-AUC here is that of {model_words(best, inputs.metrics)}"
    if simplest == best:
        return f"{first}; nothing simpler comes close enough for the gap to be chance."
    words = model_words(simplest, inputs.metrics)
    return f"{first}, but its lead over {words} may be chance: a tie goes to the simpler, {words}."


def _seconds(value: Any) -> str:
    if not is_number(value):
        return MISSING
    return "under 1 s" if value < 1 else f"{value:.0f} s" if value < 100 else f"{value / 60:.0f} min"


def slices_table(inputs: TargetReportInputs, n_rows: int = 40) -> Table:
    """Build the table of groups: those that reviewers named, then worst lift first; few positives are grey, private columns left out."""
    words, labels = event_words(inputs.target.kind), {feature.name: feature.label for feature in inputs.features}
    frame = inputs.slices
    if len(frame):
        frame = frame[~frame["column"].isin([*inputs.config.private, _ALL]) & (frame.get("depth", 1) == 1)]
        frame = frame.assign(is_small=frame["n_positive"] < MIN_SLICE_POSITIVES, times=frame["pr_auc"] / frame["base_rate"])
        frame = frame.sort_values(["is_small", "times"], kind="stable", na_position="last")
        named = frame["column"] == NAMED_BY_REVIEWERS  # first, and never cut off: somebody waits for them
        frame = pd.concat([frame[named], frame[~named].head(n_rows)])
    rows, muted = [], set()
    for i, row in enumerate(frame.to_dict("records")):
        if row["is_small"]:
            muted.add(i)
        name = labels.get(str(row["column"]), str(row["column"]).replace("_", " "))
        rows.append(
            (
                Cell(f"{name}: {row['level']}", "too few to judge" if row["is_small"] else ""),
                Cell(whole(row["n"])),
                Cell(whole(row["n_positive"])),
                Cell(percent(row["base_rate"]), f"{percent(row['base_rate_lo'])} to {percent(row['base_rate_hi'])}", row["base_rate"]),
                Cell(score(row["pr_auc"]), interval("pr_auc", row["pr_auc_lo"], row["pr_auc_hi"]), row["pr_auc"]),
                Cell(times(row["times"])),
                Cell(times(row["lift_at_20"]), interval("lift_at_20", row["lift_at_20_lo"], row["lift_at_20_hi"]), row["lift_at_20"]),
            )
        )
    header = ("group", "rows", words.many, f"share that {words.did}", "PR-AUC", "times chance", "lift at 20 %")
    return Table("Groups of accounts, weakest first", header, tuple(rows), frozenset(range(1, 7)), frozenset(muted))


def call_table(call_list: pd.DataFrame, private: tuple[str, ...], first: int, last: int) -> Table:
    """Build the ranks `first` to `last` (from 1, inclusive) of the call list; private columns never show."""
    shown_rows = call_list.iloc[first - 1 : last]
    hidden = "account_id" in private
    has_sides = {"reasons_up", "reasons_down"} <= set(call_list.columns)
    rows = tuple(
        (
            Cell(whole(first + i)),
            Cell(MISSING if hidden else str(row["account_id"])),
            Cell(percent(row["score"]), value=row["score"]),
            *(_sides(row) if has_sides else (Cell(_text(row.get("reasons"))),)),
        )
        for i, row in enumerate(shown_rows.to_dict("records"))
    )
    reasons = ("what raises it", "what lowers it") if has_sides else ("main reasons",)
    return Table(f"Ranks {first} to {first + len(rows) - 1}", ("rank", "account", "probability", *reasons), rows, frozenset({0, 2}))


def _sides(row: Mapping[Any, Any]) -> tuple[Cell, Cell]:
    """Reasons for and against; the way the chance moved, without the mean that is the same in every row."""
    moved = _text(row.get("chance_words")).split(" (mean of all accounts")[0].strip(MISSING)
    up, down = (
        keep_together("\n".join(f"• {reason}" for reason in _text(row[name]).split(" · "))) for name in ("reasons_up", "reasons_down")
    )
    return Cell(up if row["reasons_up"] else MISSING, keep_together(moved)), Cell(down if row["reasons_down"] else MISSING)


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value else MISSING


def _signed(value: Any) -> str:
    return f"{value:+.3f}".replace("-", "−") if is_number(value) else MISSING
