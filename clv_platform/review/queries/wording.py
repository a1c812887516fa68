"""Figures in plain words: a label, what a metric means, one sentence with the figure and its interval in it.

Here: words of every metric that queries know. Add a metric's words with it. Keep computing out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.results import MetricValue


@dataclass(frozen=True)
class Words:
    """How a metric is spoken of; `{level}`, `{value}`, `{lo}` and `{hi}` are filled in."""

    label: str
    meaning: str
    sentence: str
    shown_as: str
    better: str


_WORDS: dict[str, Words] = {
    "accuracy": Words(
        "right predictions", "The share of predictions that are right.", "{value} of the predictions are right", "share", "higher"
    ),
    "precision": Words(
        "precision of {level}",
        "Of the rows predicted to be {level}, the share that are.",
        "Of those predicted to be {level}, {value} are",
        "share",
        "higher",
    ),
    "recall": Words(
        "recall of {level}",
        "Of the rows that are {level}, the share that were predicted to be.",
        "Of those that are {level}, {value} were found",
        "share",
        "higher",
    ),
    "f1": Words(
        "F1 of {level}",
        "One figure for two wishes, naming few in vain and missing few; 1 is perfect.",
        "Precision and recall of {level} taken together: {value} of 1",
        "score",
        "higher",
    ),
    "f1_macro": Words(
        "F1, mean over outcomes",
        "The mean of the outcomes' F1, each outcome counting the same; 1 is perfect.",
        "Precision and recall taken together, each outcome counting the same: {value} of 1",
        "score",
        "higher",
    ),
    "share": Words("share of {level}", "The share of rows whose outcome is {level}.", "{value} of the rows are {level}", "share", "none"),
    "predicted_share": Words(
        "predicted to be {level}",
        "The share of rows predicted to be {level}.",
        "{value} of the rows are predicted to be {level}",
        "share",
        "none",
    ),
    "naive_accuracy": Words(
        "right by always naming the commonest",
        "What a prediction would reach that always names the commonest outcome, {level}.",
        "Always naming {level} would be right for {value}",
        "share",
        "none",
    ),
    "mae": Words(
        "mean absolute error", "How far a prediction is off, on average.", "Predictions are off by {value} on average", "amount", "lower"
    ),
    "rmse": Words(
        "root mean squared error",
        "As the mean absolute error, but large misses weigh more.",
        "With large misses weighing more, predictions are off by {value}",
        "amount",
        "lower",
    ),
    "bias": Words(
        "promised too much or too little",
        "Predicted total over the actual total, less 1: above 0 too much is promised.",
        "All predictions together differ from what came by {value} (above 0: too much was promised)",
        "share",
        "zero",
    ),
    "mean_actual": Words("mean actual amount", "What came, on average.", "{value} came on average", "amount", "none"),
    "mean_predicted": Words(
        "mean predicted amount", "What was predicted, on average.", "{value} were predicted on average", "amount", "none"
    ),
    "spearman": Words(
        "rank correlation",
        "How well predictions put rows in order of their amounts; 1 is the same order, 0 no order.",
        "The order of the predictions agrees with the order of the amounts by {value} of 1",
        "score",
        "higher",
    ),
    "ngini": Words(
        "normalised Gini",
        "How well the best rows are put first, as a share of what a perfect order would reach.",
        "Putting the best first reaches {value} of what a perfect order would",
        "score",
        "higher",
    ),
    "decile_wape": Words(
        "error of tenths",
        "The error of ten groups' sums, as a share of the whole amount; 0 is perfect.",
        "Tenths of the list differ from what they promised by {value} of the whole amount",
        "share",
        "lower",
    ),
    "top10_share": Words(
        "held by the top 10 %",
        "The share of the whole amount that the predicted top tenth brought.",
        "The predicted top tenth brought {value} of the whole amount",
        "share",
        "higher",
    ),
    "pr_auc": Words(
        "PR-AUC",
        "How often a named row is right, averaged over all depths of the list; a random list scores the share of positives.",
        "Over all depths of the list, a named one is right {value} of the time",
        "score",
        "higher",
    ),
    "roc_auc": Words(
        "ROC-AUC",
        "The chance that a random positive stands above a random negative; .5 is a coin toss.",
        "A random positive stands above a random negative with a chance of {value}",
        "score",
        "higher",
    ),
    "log_loss": Words(
        "log loss", "How surprised the chances are by what happened; 0 is perfect.", "The chances' log loss is {value}", "score", "lower"
    ),
    "brier": Words(
        "Brier score",
        "The mean squared distance between chance and outcome; 0 is perfect.",
        "The chances' Brier score is {value}",
        "score",
        "lower",
    ),
    "lift_at_10": Words(
        "lift at 10 %",
        "How many times as many positives stand in the top 10 % as in a random tenth; 1 is chance.",
        "The top tenth of the list holds {value} times as many as a random tenth",
        "times",
        "higher",
    ),
    "lift_at_20": Words(
        "lift at 20 %",
        "How many times as many positives stand in the top 20 % as in a random fifth; 1 is chance.",
        "The top fifth of the list holds {value} times as many as a random fifth",
        "times",
        "higher",
    ),
    "capture_at_20": Words(
        "found by the top 20 %",
        "The share of all positives that stand in the top 20 % of the list; chance finds 20 %.",
        "The top fifth of the list finds {value} of them",
        "share",
        "higher",
    ),
    "calibration_error": Words(
        "calibration error",
        "The mean distance between predicted chance and what happened, over ten groups; 0 is perfect.",
        "Chances are off by {value} on average over ten groups",
        "score",
        "lower",
    ),
    "n": Words("rows", "How many rows.", "{value} rows", "count", "none"),
    "mean": Words("mean of {level}", "The mean of {level}.", "{level} is {value} on average", "amount", "none"),
    "sum": Words("sum of {level}", "The sum of {level}.", "{level} adds up to {value}", "amount", "none"),
}


# These rise and fall with how common an outcome is, so that a group can't be held against all rows by them alone.
_WITH_SHARE = frozenset({"precision", "f1", "f1_macro", "pr_auc", "log_loss", "brier", "lift_at_10", "lift_at_20"})


def moves_with_share(info: FrameInfo, name: str) -> bool:
    """Whether a metric changes with the share of an outcome alone: of two groups with other shares, neither is better by it."""
    family = name.partition(":")[0]
    return info.kind != "regression" and (family in _WITH_SHARE or (family == "accuracy" and info.kind == "binary"))


def words_of(info: FrameInfo, name: str) -> Words:
    """Return the words of a metric, its outcome or column filled in."""
    family, _, detail = name.partition(":")
    words = _WORDS[family]
    if family in ("mean", "sum"):
        level = info.by_name[detail].label if detail in info.by_name else detail
    else:
        level = detail or info.positive or ""
    return Words(
        words.label.replace("{level}", level),
        words.meaning.replace("{level}", level),
        words.sentence.replace("{level}", f"“{level}”"),
        words.shown_as,
        words.better,
    )


def build_value(info: FrameInfo, name: str, value: float, lo: float, hi: float) -> MetricValue:
    """Return a figure with its words."""
    words = words_of(info, name)
    return MetricValue(name, words.label, value, lo, hi, _sentence(words, value, lo, hi), words.shown_as, words.better)


def show(value: float, shown_as: str) -> str:
    """Return a figure as people read it: 69 %, 2.31, 2.3 times, 1,234."""
    if not math.isfinite(value):
        return "unknown"
    if shown_as == "share":
        return f"{value * 100:z.0f} %" if abs(value) >= 0.1 else f"{value * 100:z.1f} %"
    if shown_as == "count":
        return f"{value:z,.0f}"
    if shown_as == "times":
        return f"{value:z.1f}"
    if shown_as == "amount":
        return f"{value:z,.0f}" if abs(value) >= 1000 else f"{value:z,.2f}"
    return f"{value:z.3f}" if abs(value) < 0.1 else f"{value:z.2f}"


def _sentence(words: Words, value: float, lo: float, hi: float) -> str:
    if not math.isfinite(value):
        return f"{words.label[:1].upper()}{words.label[1:]}: can't be said of these rows."
    text = words.sentence.replace("{value}", show(value, words.shown_as))
    if not (math.isfinite(lo) and math.isfinite(hi)):
        return f"{text}."
    return f"{text} (95 % sure: between {show(lo, words.shown_as)} and {show(hi, words.shown_as)})."
