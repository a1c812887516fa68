"""Where a model can't be trusted: three lists of groups of accounts that are never mixed.

`wrong_here`: the predictions are wrong within the group, beyond chance and beyond what a recalibration of all rows would mend.
`naturally_hard`: the log loss is high, but the predictions are right (a base rate near a half is hard to beat).
`recoverable`: an auditor that sees all features predicts better there than the score does, though the score may be calibrated.

Here: `find_weak_slices` for chances, `find_weak_value_slices` for amounts, `new_weak_slices` for the gate. The search is in
`weak_slices_search`, the lists are made in `weak_slices_lists`, the result is described in `weak_slices_result`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clv_platform.config.schema import SliceSearch
from clv_platform.evaluation.slice_levels import code_columns
from clv_platform.evaluation.weak_slices_lists import Rows, list_naturally_hard, list_recoverable, list_tested, list_wrong
from clv_platform.evaluation.weak_slices_problems import AmountProblem, ChanceProblem
from clv_platform.evaluation.weak_slices_result import WeakSlices, new_weak_slices
from clv_platform.evaluation.weak_slices_search import Problem, search_slices
from clv_platform.metrics.slices import build_cube, log_odds

Floats = NDArray[np.float64]
__all__ = ["WeakSlices", "find_weak_slices", "find_weak_value_slices", "new_weak_slices", "search_predictions"]


def find_weak_slices(
    y: ArrayLike,
    score: ArrayLike,
    account_id: ArrayLike,
    columns: pd.DataFrame,
    search: SliceSearch,
    *,
    seed: int,
    feature_scores: ArrayLike | None = None,
    event: str = "events",
    labels: Mapping[str, str] | None = None,
) -> WeakSlices:
    """Find the groups of accounts in which a yes/no model can't be trusted.

    Parameters
    ----------
    y, score : arrays of shape (n,)
        Labels 0/1 and probabilities of rows that the model didn't learn from.
    account_id : array of shape (n,)
        Rows of one account are alike: the threshold keeps them together.
    columns : DataFrame of n rows
        Columns to look at, alone and together. Numbers are cut at quantiles, rare levels are one level, gaps are a level.
    search : SliceSearch
        Depth, support, draws, alarm rate, effect floor.
    seed : int
        Of the draws: the same rows and seed give the same result.
    feature_scores : array of shape (n,), optional
        Probabilities by an auditor on all features, cross-fitted by account (`models.auditor.audit_scores`); without it the third list
        is empty.
    event : str
        How events are called in sentences, such as "upgrades".
    labels : mapping of str to str, optional
        Column name -> how to call it in sentences.

    Returns
    -------
    WeakSlices
        With few rows, one class or equal scores for everyone the lists may be empty; nothing raises for that.

    Raises
    ------
    ValueError
        When lengths differ, labels aren't 0/1 or scores no probabilities.
    """
    labels_given, chances = np.asarray(y, dtype=np.float64), np.asarray(score, dtype=np.float64)
    _check(labels_given, chances, columns)
    x, accounts = log_odds(chances), pd.factorize(np.asarray(account_id))[0].astype(np.intp)
    problem = ChanceProblem(labels_given, x, accounts)
    auditor = None if feature_scores is None else np.asarray(feature_scores, dtype=np.float64)
    rows = Rows(labels_given, chances, accounts, False)
    return _find(problem, rows, auditor, columns, search, seed, event, labels or {})


def search_predictions(
    predictions: pd.DataFrame,
    names: Sequence[str],
    search: SliceSearch,
    *,
    seed: int,
    feature_scores: ArrayLike | None = None,
    event: str = "events",
    labels: Mapping[str, str] | None = None,
) -> tuple[WeakSlices, WeakSlices | None]:
    """Search the rows of an evaluation for its model and for the champion.

    Parameters
    ----------
    predictions : DataFrame
        y_true, score, account_id, the columns to look at and, where the champion scored the rows, champion_score.
    names : sequence of str
        Columns to look at.
    search, seed, feature_scores, event, labels
        As for `find_weak_slices`.

    Returns
    -------
    WeakSlices, WeakSlices or None
        The model's and the champion's; None without its scores.
    """
    y, accounts, columns = predictions["y_true"], predictions["account_id"], predictions[list(names)]
    options = {"seed": seed, "event": event, "labels": labels}
    found = find_weak_slices(y, predictions["score"], accounts, columns, search, feature_scores=feature_scores, **options)
    if "champion_score" not in predictions.columns:
        return found, None
    return found, find_weak_slices(y, predictions["champion_score"], accounts, columns, search, **options)


def find_weak_value_slices(
    y: ArrayLike,
    predicted: ArrayLike,
    account_id: ArrayLike,
    columns: pd.DataFrame,
    search: SliceSearch,
    *,
    seed: int,
    working_variance: ArrayLike | None = None,
    feature_predictions: ArrayLike | None = None,
    event: str = "revenue",
    labels: Mapping[str, str] | None = None,
) -> WeakSlices:
    """Find the groups of accounts in which a model of amounts can't be trusted: residuals against the predicted mean.

    Parameters
    ----------
    y, predicted : arrays of shape (n,)
        Amounts that came to pass, and predicted means above 0.
    working_variance : array of shape (n,), optional
        Variance of each amount up to a common factor; by default predicted mean ** 1.5, which suits amounts with many zeros and a long
        tail. It weighs rows; the threshold, made of residuals that change owners, holds whatever it is.
    feature_predictions : array of shape (n,), optional
        Means by an auditor, cross-fitted by account.

    Returns
    -------
    WeakSlices
        As of `find_weak_slices`; expected and observed are means per row, gains are in nats of the quasi-likelihood.
    """
    amounts, means = np.asarray(y, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if means.size and (not np.isfinite(means).all() or (means < 0).any()):
        raise ValueError("predicted: expected finite means of at least 0.")
    _check_lengths(amounts, means, columns)
    floor = max(1e-3 * float(means.mean()) if means.size else 1.0, 1e-12)
    log_mean = np.log(np.maximum(means, floor))
    x, accounts = log_mean - (log_mean.mean() if log_mean.size else 0.0), pd.factorize(np.asarray(account_id))[0].astype(np.intp)
    variance = np.maximum(means, floor) ** 1.5 if working_variance is None else np.asarray(working_variance, dtype=np.float64)
    problem = AmountProblem(amounts, x, variance, accounts)
    rows = Rows(amounts, means, accounts, True)
    auditor = None if feature_predictions is None else np.asarray(feature_predictions, dtype=np.float64)
    return _find(problem, rows, auditor, columns, search, seed, event, labels or {})


def _find(
    problem: Problem,
    rows: Rows,
    auditor: Floats | None,
    columns: pd.DataFrame,
    search: SliceSearch,
    seed: int,
    event: str,
    labels: Mapping[str, str],
) -> WeakSlices:
    coded = code_columns(columns, n_bins=search.n_bins, max_levels=search.max_levels, min_rows=search.min_rows)
    cube = build_cube(coded.codes, coded.n_levels, max_depth=search.max_depth, min_rows=search.min_rows)
    if not cube.n_slices or np.ptp(rows.y) == 0:
        return WeakSlices.empty(n=rows.y.size)
    found = search_slices(
        problem,
        cube,
        n_draws=search.n_draws,
        alarm_rate=search.alarm_rate,
        min_gain=search.min_gain,
        min_rows=search.min_rows,
        seed=seed,
    )
    wrong = list_wrong(problem, rows, cube, coded, found, event, labels)
    hard = list_naturally_hard(problem, rows, cube, coded, found, event, labels)
    better = list_recoverable(problem, rows, auditor, cube, coded, found, search, seed, labels)
    tested = list_tested(problem, rows, cube, coded, found)
    return WeakSlices(wrong, hard, better, tested, found.threshold, found.correlation, rows.y.size, search.alarm_rate)


def _check(y: Floats, score: Floats, columns: pd.DataFrame) -> None:
    _check_lengths(y, score, columns)
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("labels: expected only 0 and 1. Drop rows without a usable label first.")
    if not ((score >= 0) & (score <= 1)).all():
        raise ValueError("score: expected probabilities between 0 and 1, found others or missing ones.")


def _check_lengths(y: Floats, score: Floats, columns: pd.DataFrame) -> None:
    if y.shape != score.shape or y.ndim != 1 or len(columns) != y.size:
        raise ValueError(f"expected one label, prediction and row of columns each, found {y.shape}, {score.shape} and {len(columns)} rows.")
