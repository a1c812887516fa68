"""Evaluation of a yes/no model: figures with intervals, tables, curves, baselines beside it.

One computation serves both protocols: a test after the training period (one score per row) and out-of-fold scores under several fold seeds
(one row of scores per seed; figures are means over seeds, draws of accounts are shared by seeds and models). Keep the decision out (see
`gate`), and files (see `store`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clv_platform.evaluation.gate import decide_gate
from clv_platform.evaluation.gate_calibration import measure_calibration
from clv_platform.evaluation.leaderboard import COMPARED, Contenders, build_leaderboard, draws_of, mean_of
from clv_platform.evaluation.result import SCHEMA_VERSION, BinaryEvaluation
from clv_platform.evaluation.slices import evaluate_slices
from clv_platform.evaluation.tables import mean_gains, mean_lift, mean_pr_curve, mean_reliability
from clv_platform.metrics import (
    BINARY_METRICS,
    SampleMetric,
    ScoredRows,
    best_f1_threshold,
    bootstrap_intervals,
    draw_metrics,
    f1_metric,
    interval_from_draws,
    metric_bounds,
)

Floats = NDArray[np.float64]


def evaluate_binary(
    y: ArrayLike,
    score: ArrayLike,
    account_id: ArrayLike,
    as_of_date: ArrayLike,
    *,
    baselines: Mapping[str, ArrayLike],
    f1_threshold: float,
    split: str,
    model_id: str,
    seed: int = 0,
    n_bootstraps: int = 500,
    slices: pd.DataFrame | None = None,
    slice_depth: int = 2,
    champion_score: ArrayLike | None = None,
    account_disjoint_score: ArrayLike | None = None,
    others: Contenders | None = None,
    model_kind: str = "lightgbm",
) -> BinaryEvaluation:
    """Evaluate calibrated scores on test rows.

    Parameters
    ----------
    y, score : arrays of shape (n,)
        Labels 0/1 and probabilities.
    account_id, as_of_date : arrays of shape (n,)
        Keys; accounts are what the bootstrap resamples.
    baselines : mapping of name to array of shape (n,)
        Probabilities of simple rules on the same rows; `prevalence` among them.
    f1_threshold : float
        Chosen on training folds.
    split : str
        How the rows were set apart, such as "time_last_3".
    model_id : str
    seed, n_bootstraps : int
    slices : DataFrame of n rows, optional
        Columns to slice by.
    slice_depth : int
        How many of them are taken together, 1 to 3.
    champion_score : array of shape (n,), optional
        The champion's probabilities on the same rows.
    account_disjoint_score : array of shape (n,), optional
        Probabilities by a model trained without these rows' accounts; NaN on rows whose accounts were trained on.
    others : Contenders, optional
        Other algorithms on the same rows, and what it took to fit each.
    model_kind : str
        What is evaluated, as its manifest says.

    Returns
    -------
    BinaryEvaluation

    Raises
    ------
    ValueError
        When lengths differ, labels aren't 0/1 or there are no rows.
    """
    scores = np.asarray(score, dtype=np.float64)[None, :]
    rules = {name: np.asarray(values, dtype=np.float64)[None, :] for name, values in baselines.items()}
    champion = None if champion_score is None else np.asarray(champion_score, dtype=np.float64)[None, :]
    thresholds = np.full(scores.shape, f1_threshold, dtype=np.float64)
    evaluation = _evaluate(
        y, scores, account_id, as_of_date, rules, champion, thresholds, split, model_id, seed, n_bootstraps, slices, slice_depth,
        others or Contenders(), model_kind,
    )  # fmt: skip
    if account_disjoint_score is None:
        return evaluation
    disjoint = _disjoint_metrics(np.asarray(y, dtype=np.float64), scores[0], account_disjoint_score, account_id, seed, n_bootstraps)
    return replace(evaluation, metrics=evaluation.metrics | disjoint)


def evaluate_out_of_fold(
    y: ArrayLike,
    scores: ArrayLike,
    account_id: ArrayLike,
    *,
    baselines: Mapping[str, ArrayLike],
    model_id: str,
    f1_thresholds: ArrayLike | None = None,
    folds: ArrayLike | None = None,
    split: str = "oof_stratified_5",
    seed: int = 0,
    n_bootstraps: int = 500,
    slices: pd.DataFrame | None = None,
    slice_depth: int = 2,
    champion_score: ArrayLike | None = None,
    others: Contenders | None = None,
    model_kind: str = "lightgbm",
) -> BinaryEvaluation:
    """Evaluate out-of-fold probabilities under several fold seeds; every figure is the mean over seeds.

    Parameters
    ----------
    y : array of shape (n,)
        Labels 0/1.
    scores : array of shape (n_seeds, n)
        Each row's probability by the model that hasn't seen it, per fold seed.
    account_id : array of shape (n,)
    baselines : mapping of name to array of shape (n_seeds, n) or (n,)
        Out-of-fold probabilities of simple rules.
    f1_thresholds : array of shape (n_seeds, n), optional
        The F1 threshold that each row's training part chose; `f1_threshold` is the mean.
    folds : array of shape (n_seeds, n), optional
        Instead of thresholds: the fold in which each row was left out. A fold's threshold is then chosen on the scores of the others.
    model_id, split : str
    seed, n_bootstraps : int
    slices : DataFrame of n rows, optional
    slice_depth : int
    champion_score : array of shape (n_seeds, n) or (n,), optional
    others : Contenders, optional
        Other algorithms; their scores may be of the first fold seeds only, and are then compared with the model's of the same.
    model_kind : str
        What is evaluated, as its manifest says.

    Returns
    -------
    BinaryEvaluation
        With one row per account the figures are account-disjoint as they are, and `pr_auc_account_disjoint` says so.
    """
    labels, by_seed = np.asarray(y, dtype=np.float64), np.atleast_2d(np.asarray(scores, dtype=np.float64))
    if f1_thresholds is not None:
        thresholds = np.broadcast_to(np.asarray(f1_thresholds, dtype=np.float64), by_seed.shape)
    elif folds is not None:
        thresholds = cross_fitted_thresholds(labels, by_seed, np.atleast_2d(np.asarray(folds)))
    else:
        raise ValueError("evaluate_out_of_fold: expected f1_thresholds or folds, found neither: F1 needs a threshold from other rows.")
    rules = {name: np.atleast_2d(np.asarray(values, dtype=np.float64)) for name, values in baselines.items()}
    champion = None if champion_score is None else np.atleast_2d(np.asarray(champion_score, dtype=np.float64))
    undated = np.full(labels.shape, "NaT", dtype="datetime64[D]")
    evaluation = _evaluate(
        labels, by_seed, account_id, undated, rules, champion, thresholds, split, model_id, seed, n_bootstraps, slices, slice_depth,
        others or Contenders(), model_kind,
    )  # fmt: skip
    metrics = evaluation.metrics
    if metrics["n_accounts"] == metrics["n"]:
        metrics = metrics | {f"pr_auc_account_disjoint{end}": metrics[f"pr_auc{end}"] for end in ("", "_lo", "_hi")}
    return replace(evaluation, metrics=metrics)


def cross_fitted_thresholds(y: Floats, scores: Floats, folds: NDArray[Any]) -> Floats:
    """For each seed and row, the threshold of the best F1 on the other folds of that seed; array of shape (n_seeds, n)."""
    thresholds = np.empty_like(scores)
    for s in range(scores.shape[0]):
        for fold in np.unique(folds[s]):
            held_out = folds[s] == fold
            thresholds[s, held_out] = best_f1_threshold(y[~held_out], scores[s, ~held_out])
    return thresholds


def _evaluate(
    y: ArrayLike,
    scores: Floats,
    account_id: ArrayLike,
    as_of_date: ArrayLike,
    baselines: Mapping[str, Floats],
    champion: Floats | None,
    thresholds: Floats,
    split: str,
    model_id: str,
    seed: int,
    n_bootstraps: int,
    slices: pd.DataFrame | None,
    slice_depth: int,
    others: Contenders,
    model_kind: str,
) -> BinaryEvaluation:
    labels, accounts = np.asarray(y, dtype=np.float64), np.asarray(account_id).astype(str)
    if not labels.size:
        raise ValueError("evaluation: expected test rows, found none. Give a longer history or a shorter `horizon_days`.")
    frame = _slice_frame(slices, labels.size)
    fitted = {name: np.atleast_2d(np.asarray(own, dtype=np.float64)) for name, own in others.scores.items() if own is not None}
    models = {"model": scores, **baselines, **fitted, **({} if champion is None else {"champion": champion})}
    kinds = {"model": "model", **dict.fromkeys(baselines, "baseline"), **dict.fromkeys(fitted, "comparator"), "champion": "champion"}
    values, drawn = _all_metrics(labels, models, thresholds, accounts, n_bootstraps, seed)
    figures: dict[str, Any] = {}
    for name in values["model"][0]:
        value = mean_of(values["model"], name)
        interval = interval_from_draws(value, draws_of(drawn["model"], name), bounds=metric_bounds(name))
        figures |= {name: interval.value, f"{name}_lo": interval.lo, f"{name}_hi": interval.hi}
    metrics = figures | {
        "f1_threshold": float(thresholds.flat[0] if np.ptp(thresholds) == 0 else thresholds.mean()),
        "log_loss_baseline": mean_of(values["prevalence"], "log_loss") if "prevalence" in values else float("nan"),
        "n": labels.size,
        "n_positive": int(labels.sum()),
        "n_accounts": int(np.unique(accounts).size),
        "split": split,
        "model_id": model_id,
        "model_kind": model_kind,
        "schema_version": SCHEMA_VERSION,
    }
    evaluation = BinaryEvaluation(
        metrics=metrics,
        lift=mean_lift(labels, scores),
        gains=mean_gains(labels, scores),
        reliability=mean_reliability(labels, scores),
        pr_curve=mean_pr_curve(labels, scores),
        leaderboard=build_leaderboard(values, drawn, kinds, others, model_kind),
        slices=evaluate_slices(
            labels,
            scores,
            thresholds,
            accounts,
            frame,
            seed=seed,
            n_bootstraps=min(n_bootstraps, 200 if len(scores) == 1 else 100),
            max_depth=slice_depth,
        ),
        predictions=_predictions(labels, scores, champion, account_id, as_of_date, frame),
    )
    chances = measure_calibration(evaluation.predictions).to_metrics()
    return replace(evaluation, metrics=metrics | chances | {"verdict": decide_gate(evaluation).verdict})


def _all_metrics(
    y: Floats, models: Mapping[str, Floats], thresholds: Floats, accounts: NDArray[Any], n_bootstraps: int, seed: int
) -> tuple[dict[str, list[dict[str, float]]], dict[str, list[dict[str, Floats]]]]:
    """Figures and draws by model, for each of its fold seeds."""
    wanted: dict[str, dict[str, SampleMetric]] = {}
    by_seed: dict[str, Floats] = {}
    for model, scores in models.items():
        if scores.shape[1] != y.size:
            raise ValueError(f"{model}: expected {y.size} scores, one per row, found {scores.shape[1]}.")
        for s, row in enumerate(scores):
            compared = {name: BINARY_METRICS[name] for name in COMPARED}
            wanted[f"{model}/{s}"] = {**BINARY_METRICS, "f1": f1_metric(thresholds[s])} if model == "model" else compared
            by_seed[f"{model}/{s}"] = row
    draws = draw_metrics(wanted, y, by_seed, accounts, n_bootstraps, seed)
    values: dict[str, list[dict[str, float]]] = {}
    by_model: dict[str, list[dict[str, Floats]]] = {}
    for model, scores in models.items():
        keys = [f"{model}/{s}" for s in range(scores.shape[0])]
        wholes = [ScoredRows(y, by_seed[key]).weighted() for key in keys]
        values[model] = [{n: metric(whole) for n, metric in wanted[k].items()} for k, whole in zip(keys, wholes, strict=True)]
        by_model[model] = [draws[key] for key in keys]
    return values, by_model


def _disjoint_metrics(y: Floats, own: Floats, score: ArrayLike, account_id: ArrayLike, seed: int, n_bootstraps: int) -> dict[str, Any]:
    """The score of unseen accounts, and the model's own on the same rows, which is what it has to be compared with."""
    scores = np.asarray(score, dtype=np.float64)
    rows = np.isfinite(scores)
    names = {"pr_auc": BINARY_METRICS["pr_auc"]}
    accounts = np.asarray(account_id).astype(str)[rows]
    interval = bootstrap_intervals(names, y[rows], scores[rows], accounts, n_bootstraps, seed)["pr_auc"]
    key = "pr_auc_account_disjoint"
    seen = BINARY_METRICS["pr_auc"](ScoredRows(y[rows], own[rows]).weighted())
    figures = {key: interval.value, f"{key}_lo": interval.lo, f"{key}_hi": interval.hi, f"{key}_same_rows": seen}
    return figures | {"n_account_disjoint": int(rows.sum())}


def _slice_frame(slices: pd.DataFrame | None, n: int) -> pd.DataFrame:
    frame = pd.DataFrame(index=range(n)) if slices is None else slices.reset_index(drop=True)
    if len(frame) != n:
        raise ValueError(f"slices: expected {n} rows, one per test row, found {len(frame)}.")
    return frame


def _predictions(
    y: Floats, scores: Floats, champion: Floats | None, account_id: ArrayLike, as_of_date: ArrayLike, slices: pd.DataFrame
) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "account_id": np.asarray(account_id).astype(str).astype(object),
        "as_of_date": np.asarray(as_of_date, dtype="datetime64[D]").astype("datetime64[us]"),
        "y_true": y.astype(np.int64),
        "score": scores.mean(axis=0),
    }
    if scores.shape[0] > 1:
        columns |= {f"score_seed_{s}": row for s, row in enumerate(scores)}
    if champion is not None:
        columns["champion_score"] = champion.mean(axis=0)
    return pd.DataFrame(columns).join(slices.drop(columns=[name for name in columns if name in slices.columns]))
