"""What a model has to beat: the base rate and the best single column.

Here: rules that anybody could set up in an afternoon, fitted on training rows, giving chances for other rows. Add a baseline to
`BASELINES`, and it shows in every leaderboard. Keep models out, also the simplest (`regression`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv_platform.datasets import Examples
from clv_platform.metrics import pr_auc
from clv_platform.models.calibration import fit_calibrator
from clv_platform.models.preprocessing import Matrix

MAX_CHOICE_ROWS = 30_000
SMOOTHING_ROWS = 20


def baseline_scores(train: Examples, test: Examples, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Score test rows with rules learnt on training rows.

    Parameters
    ----------
    train, test : Examples
        Training rows without a label are left out; labels of test rows are never looked at.
    seed : int
        For the random rows that stand for large training data: 30,000 to choose the column.

    Returns
    -------
    dict
        `prevalence` (the same chance for everyone), `best_single_column` (accounts ranked by one column, up or down, chosen by PR-AUC; a
        recency rule is one of these): chances of shape (n_test,).
    """
    rows = train.take(np.flatnonzero(train.is_usable))
    return {name: rule(rows, test, seed) for name, rule in BASELINES.items()}


def best_single_column(train: Examples, *, seed: int = 0) -> tuple[str, int]:
    """Return the column with the best PR-AUC on training rows, and its direction: 1 when high values are likely positives, else -1.

    Categories are ranked by the rate of positives of their levels; gaps stand in the middle.
    """
    rows = sample_rows(train, MAX_CHOICE_ROWS, seed)
    best: tuple[float, str, int] | None = None
    for feature in rows.features:
        values = _column_values(rows, rows, feature.name)
        if (values == values[0]).all():
            continue
        for direction in (1, -1) if feature.type != "category" else (1,):
            quality = pr_auc(rows.y, direction * values)
            if best is None or quality > best[0]:
                best = (quality, feature.name, direction)
    return (best[1], best[2]) if best else (rows.features[0].name, 1)


def _prevalence_scores(train: Examples, test: Examples, seed: int) -> np.ndarray:
    return np.full(len(test.y), float(train.y.mean()))


def _single_column_scores(train: Examples, test: Examples, seed: int) -> np.ndarray:
    return rank_by_single_column(train, test, seed)[0]


def rank_by_single_column(train: Examples, test: Examples, seed: int) -> tuple[np.ndarray, str, int]:
    """Score test rows by the best single column of the training rows; also return its name and direction, see `best_single_column`."""
    name, direction = best_single_column(train, seed=seed)
    learnt, values = (direction * _column_values(train, rows, name) for rows in (train, test))
    ordered = np.sort(learnt)
    # Share of training rows below, equal ones by half: outliers can't bend the fitted curve, and the order stays that of the column.
    ranks = [(np.searchsorted(ordered, x, "left") + np.searchsorted(ordered, x, "right")) / (2 * len(ordered)) for x in (learnt, values)]
    return fit_calibrator(train.y, ranks[0]).apply(ranks[1]), name, direction


def _column_values(train: Examples, rows: Examples, name: str) -> np.ndarray:
    """Values of a column as numbers, with what stands for gaps and levels learnt on training rows."""
    if not isinstance(train.X[name].dtype, pd.CategoricalDtype):
        learnt = train.X[name].to_numpy(dtype=np.float64)
        present = learnt[~np.isnan(learnt)]
        values = rows.X[name].to_numpy(dtype=np.float64)
        return np.where(np.isnan(values), np.median(present) if len(present) else 0.0, values)
    rate = float(train.y.mean())
    levels = train.X[name].astype(object)
    sums = pd.Series(train.y).groupby(levels.to_numpy()).agg(["sum", "size"])
    rates = (sums["sum"] + SMOOTHING_ROWS * rate) / (sums["size"] + SMOOTHING_ROWS)
    return rows.X[name].astype(object).map(rates.to_dict()).astype(np.float64).fillna(rate).to_numpy()


@dataclass(frozen=True)
class Scaling:
    """What the training rows say about a design matrix: means and spreads of numbers, number of codes of each category."""

    mean: np.ndarray
    spread: np.ndarray
    n_codes: tuple[int, ...]


def fit_scaling(matrix: Matrix) -> Scaling:
    """Learn what `scaled_design` needs from training rows."""
    values = matrix.values[:, _number_columns(matrix)].astype(np.float64)
    spread = values.std(axis=0)
    n_codes = tuple(int(matrix.values[:, column].max()) + 1 for column in matrix.categorical)
    return Scaling(values.mean(axis=0), np.where(spread == 0, 1.0, spread), n_codes)


def scaled_design(matrix: Matrix, scaling: Scaling) -> np.ndarray:
    """Scaled numbers, then one-hot codes."""
    scaled = (matrix.values[:, _number_columns(matrix)].astype(np.float64) - scaling.mean) / scaling.spread
    one_hot = [
        (matrix.values[:, [column]] == np.arange(n_codes)).astype(np.float64)
        for column, n_codes in zip(matrix.categorical, scaling.n_codes, strict=True)
    ]
    return np.hstack([scaled, *one_hot])


def _number_columns(matrix: Matrix) -> list[int]:
    return [column for column in range(matrix.values.shape[1]) if column not in set(matrix.categorical)]


def sample_rows(examples: Examples, n: int, seed: int) -> Examples:
    """Return n random rows in their order, or all when there are no more."""
    if len(examples.y) <= n:
        return examples
    return examples.take(np.sort(np.random.default_rng(seed).choice(len(examples.y), n, replace=False)))


BASELINES: Mapping[str, Callable[[Examples, Examples, int], np.ndarray]] = {
    "prevalence": _prevalence_scores,
    "best_single_column": _single_column_scores,
}
