"""What each metric means, in one plain sentence: the only place where metrics are put into words.

Here: name, label, meaning, range and better direction of every key of `metrics.json`; reports and the published glossary read it. Add a
metric here when it enters `metrics.json`. Keep computation out: that is `clv_platform.metrics`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
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


_BINARY = (
    _score(
        "pr_auc", "PR-AUC",
        "How often a named account is right, averaged over all depths of the list; a list in random order scores the share of positives, "
        "a perfect one 1.",
    ),
    _share("pr_auc_baseline", "PR-AUC of a random list", "The share of positives among all test rows: what a list in random order reaches."),
    _score(
        "roc_auc", "ROC-AUC",
        "The chance that a randomly drawn positive account stands above a randomly drawn negative one; 0.5 is a coin toss. "
        "It flatters when positives are rare, so it is not the headline.",
    ),
    _score("f1", "F1", "One figure for two wishes, naming few accounts in vain and missing few; 1 is perfect. Taken at one fixed threshold."),
    _share("f1_threshold", "threshold of F1", "The score above which an account counts as named for F1; chosen on training data, not on the test."),
    _loss("log_loss", "log loss", "How surprised the probabilities are by what happened; confident errors cost most, 0 is perfect."),
    _loss("log_loss_baseline", "log loss of one constant", "The log loss of giving every account the same probability, the share of positives."),
    Metric("brier", "Brier score", "The mean squared distance between probability and outcome (0 or 1); 0 is perfect.", 0.0, 1.0, "lower", "score"),
    Metric(
        "lift_at_10", "lift at 10 %", "How many times more positives the top 10 % of the list hold than as many accounts drawn at random; 1 is chance.",
        0.0, 10.0, "higher", "times",
    ),
    Metric(
        "lift_at_20", "lift at 20 %", "How many times more positives the top 20 % of the list hold than as many accounts drawn at random; 1 is chance.",
        0.0, 5.0, "higher", "times",
    ),
    _share("capture_at_20", "captured by the top 20 %", "The share of all positives that stand in the top 20 % of the list; chance captures 20 %.", "higher"),
    Metric(
        "calibration_error", "calibration error",
        "The mean distance between predicted probability and what happened, over ten equally large groups of accounts; 0 is perfect.",
        0.0, 1.0, "lower", "score",
    ),
    _score(
        "pr_auc_account_disjoint", "PR-AUC on accounts never seen",
        "PR-AUC on accounts of which no row was used for training: how well the model does on newcomers.",
    ),
)  # fmt: skip

_FACTS = (
    Metric("n", "test rows", "How many rows, accounts at their dates, the figures are computed on.", 0.0, None, "none", "count"),
    Metric("n_positive", "positives", "How many of the test rows did what the target asks for.", 0.0, None, "none", "count"),
    Metric("n_accounts", "accounts", "How many different accounts stand behind the test rows.", 0.0, None, "none", "count"),
)

_AMOUNTS = (
    _amount("mae", "mean absolute error", "How far the prediction is off for an account, on average, in the unit of the amount."),
    _amount("rmse", "root mean squared error", "As the mean absolute error, but large misses weigh more."),
    _amount("bias", "bias", "Predicted minus actual, on average; above 0 the model promises too much.", "zero", None),
    Metric("spearman", "rank correlation", "How well the order of the predictions agrees with the order of the amounts; 1 is the same order, 0 none.", -1.0, 1.0, "higher", "score"),
    Metric("ngini", "normalised Gini", "How well the best accounts are put first, as a share of what a perfect order would reach.", -1.0, 1.0, "higher", "score"),
    _loss("decile_wape", "error by decile", "The error of the ten groups' sums, as a share of the total amount; 0 is perfect."),
    _share("top10_share", "held by the top 10 %", "The share of the whole amount that the predicted top 10 % of accounts brought in.", "higher"),
    _share("coverage_90", "coverage of the 90 % interval", "How often the amount fell inside the predicted 90 % interval; close to 90 % is right.", "none"),
)  # fmt: skip

_TRANSACTIONS = (
    *(
        Metric(f"transactions_{m.name}", f"{m.label}, purchases", f"For the number of purchases: {m.meaning[0].lower()}{m.meaning[1:]}", m.lowest, m.highest, m.better, m.shown_as)
        for m in _AMOUNTS
    ),
    _amount("transactions_mae_median", "mean absolute error of the median, purchases", "The mean absolute error of predicting the median number of purchases."),
)  # fmt: skip

METRICS: dict[str, Metric] = {metric.name: metric for metric in (*_BINARY, *_FACTS, *_AMOUNTS, *_TRANSACTIONS)}


def build_metric_glossary() -> pd.DataFrame:
    """Return the glossary as a table, one row per metric, with the fields of `Metric` as columns."""
    return pd.DataFrame([asdict(metric) for metric in METRICS.values()])
