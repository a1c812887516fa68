"""What each metric means, in one plain sentence: the only place where metrics are put into words.

Here: name, label, meaning, range and better direction of every key of `metrics.json`; reports and the published glossary read it. Add a
metric here when it enters `metrics.json`. Keep computation out: that is `clv_platform.metrics`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal

import pandas as pd

Better = Literal["higher", "lower", "zero", "none"]
Shown = Literal["score", "share", "times", "count", "amount"]


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes
    ----------
    name : str
        The key in `metrics.json`; its 95 % interval is `<name>_lo`, `<name>_hi`.
    label, meaning : str
        A few words, and one plain sentence.
    lowest, highest : float or None
        The range; None: no bound.
    better : {"higher", "lower", "zero", "none"}
        Which direction is good; "none" for facts such as n.
    shown_as : {"score", "share", "times", "count", "amount"}
        How reports print it.
    """

    name: str
    label: str
    meaning: str
    lowest: float | None
    highest: float | None
    better: Better
    shown_as: Shown


def _score(name: str, label: str, meaning: str, better: Better = "higher") -> Metric:
    return Metric(name, label, meaning, 0.0, 1.0, better, "score")


def _share(name: str, label: str, meaning: str, better: Better = "none") -> Metric:
    return Metric(name, label, meaning, 0.0, 1.0, better, "share")


def _loss(name: str, label: str, meaning: str) -> Metric:
    return Metric(name, label, meaning, 0.0, None, "lower", "score")


def _amount(name: str, label: str, meaning: str, better: Better = "lower", lowest: float | None = 0.0) -> Metric:
    return Metric(name, label, meaning, lowest, None, better, "amount")


def _correlation(name: str, label: str, meaning: str) -> Metric:
    return Metric(name, label, meaning, -1.0, 1.0, "higher", "score")


_BINARY = (
    _score(
        "pr_auc", "PR-AUC",
        "How often a named account is right, averaged over all depths of the list; a list in random order scores the share of positives, "
        "a perfect one 1.",
    ),
    _share("pr_auc_baseline", "PR-AUC of a random list", "The share of positives among all test rows: what a random list reaches."),
    _score(
        "roc_auc", "ROC-AUC",
        "The chance that a randomly drawn positive account stands above a randomly drawn negative one; 0.5 is a coin toss. "
        "It flatters when positives are rare, so it is not the headline.",
    ),
    _score("f1", "F1", "One figure for two wishes, naming few in vain and missing few; 1 is perfect. Taken at one fixed threshold."),
    _share("f1_threshold", "threshold of F1", "The score from which on an account counts as named for F1; chosen on training data."),
    _loss("log_loss", "log loss", "How surprised the probabilities are by what happened; confident errors cost most, 0 is perfect."),
    _loss("log_loss_baseline", "log loss of one constant", "The log loss of giving every account the share of positives as probability."),
    _score("brier", "Brier score", "The mean squared distance between probability and outcome (0 or 1); 0 is perfect.", "lower"),
    Metric(
        "lift_at_10", "lift at 10 %",
        "How many times as many positives stand in the top 10 % of the list as in as many accounts drawn at random; 1 is chance.",
        0.0, 10.0, "higher", "times",
    ),
    Metric(
        "lift_at_20", "lift at 20 %",
        "How many times as many positives stand in the top 20 % of the list as in as many accounts drawn at random; 1 is chance.",
        0.0, 5.0, "higher", "times",
    ),
    _share(
        "capture_at_20", "captured by the top 20 %",
        "The share of all positives that stand in the top 20 % of the list; chance captures 20 %.", "higher",
    ),
    Metric(
        "calibration_error", "calibration error",
        "The mean distance between predicted probability and what happened, over ten equally large groups of accounts; 0 is perfect.",
        0.0, 1.0, "lower", "score",
    ),
    Metric(
        "observed_to_expected", "happened over promised",
        "Events that happened over the sum of the predicted probabilities; 1 is right, above 1 too few were promised.",
        0.0, None, "none", "score",
    ),
    Metric(
        "calibration_slope", "calibration slope",
        "How probabilities must be spread to fit what happened; 1 is right, below 1 high ones are too high and low ones too low.",
        None, None, "none", "score",
    ),
    _score(
        "pr_auc_account_disjoint", "PR-AUC on accounts never seen",
        "PR-AUC on a part of the accounts, by a second model like it that was trained without them: how well it does on newcomers.",
    ),
    _score(
        "pr_auc_account_disjoint_same_rows", "PR-AUC of the model itself on those accounts",
        "PR-AUC on the same part of the accounts by the model that was trained on them too: the gap is what knowing them is worth.",
    ),
)  # fmt: skip

_FACTS = (
    Metric("n", "test rows", "How many rows, accounts at their dates, the figures are computed on.", 0.0, None, "none", "count"),
    Metric("n_positive", "positives", "How many of the test rows did what the target asks for.", 0.0, None, "none", "count"),
    Metric(
        "n_labels_corrected_training",
        "labels corrected by reviewers, in training",
        "How many labels of the training rows reviewers corrected before the cutoff; the model learnt from the corrected ones.",
        0.0,
        None,
        "none",
        "count",
    ),
    Metric(
        "n_labels_corrected_test",
        "labels corrected by reviewers, in test rows",
        "How many labels of the test rows reviewers corrected; figures are computed on the labels that the data give all the same.",
        0.0,
        None,
        "none",
        "count",
    ),
    Metric("n_accounts", "accounts", "How many different accounts stand behind the test rows.", 0.0, None, "none", "count"),
)

_AMOUNTS = (
    _amount("mae", "mean absolute error", "How far the prediction is off for an account, on average, in the unit of the amount."),
    _amount("rmse", "root mean squared error", "As the mean absolute error, but large misses weigh more."),
    Metric(
        "bias", "error of the total", "The expected total over the one that came, less 1: +5 % promised a twentieth too much.",
        -1.0, None, "zero", "share",
    ),
    _correlation("spearman", "rank correlation", "How well the predictions put accounts in order of their amounts; 1 is the same."),
    _correlation("ngini", "normalised Gini", "How well the best accounts are put first, as a share of what a perfect order would reach."),
    _loss("decile_wape", "error by decile", "The error of the ten groups' sums, as a share of the total amount; 0 is perfect."),
    _share("top10_share", "held by the top 10 %", "The share of the whole amount that the predicted top 10 % brought in.", "higher"),
    _share(
        "coverage_90", "coverage of the 90 % interval",
        "How often the amount fell inside the predicted 90 % interval, among accounts whose upper bound is above 0; 90 % is right.",
    ),
)  # fmt: skip

_NAIVE = tuple(
    replace(
        amount, name=f"{amount.name}_{rule}", label=f"{amount.label}, {words}", better="none",
        meaning=f"For {words}, which the model must beat: {amount.meaning[0].lower()}{amount.meaning[1:]}",
    )
    for rule, words in (
        ("past_spend_rate", "past spend per day going on"), ("present_subscriptions", "present subscriptions going on"),
        ("mean", "the same for everybody"),
    )
    for amount in _AMOUNTS if amount.name in ("ngini", "top10_share", "mae", "bias")
)  # fmt: skip

_VALUE_FACTS = (
    _share(
        "coverage_90_top5", "coverage of the 90 % interval, best twentieth",
        "How often the amount fell inside the 90 % interval among the twentieth of the accounts expected to bring most; 90 % is right.",
    ),
    _share("coverage_90_all", "coverage, all accounts", "How often the amount fell inside the 90 % interval, among all accounts."),
    Metric("n_buyers", "buyers", "How many of the test accounts brought an amount above 0.", 0.0, None, "none", "count"),
    _amount("total_expected", "expected total", "The sum of what was predicted for the test accounts.", "none"),
    _amount("total_actual", "actual total", "The sum of what the test accounts brought.", "none", None),
)  # fmt: skip

_TRANSACTIONS = (
    *(
        replace(
            amount, name=f"transactions_{amount.name}", label=f"{amount.label}, purchases",
            meaning=f"For the number of purchases: {amount.meaning[0].lower()}{amount.meaning[1:]}",
        )
        for amount in _AMOUNTS
    ),
    _amount("transactions_mae_median", "error of the median, purchases", "The mean absolute error of the predicted median number."),
)  # fmt: skip

METRICS: dict[str, Metric] = {metric.name: metric for metric in (*_BINARY, *_FACTS, *_AMOUNTS, *_NAIVE, *_VALUE_FACTS, *_TRANSACTIONS)}


def build_metric_glossary() -> pd.DataFrame:
    """Return the glossary as a table, one row per metric, with the fields of `Metric` as columns."""
    return pd.DataFrame([asdict(metric) for metric in METRICS.values()])
