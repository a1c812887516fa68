"""Logistic regression as a model of its own: what boosted trees have to beat, and what is used where they don't.

Here: the fit (fixed penalty, nothing searched for), its calibration on inner folds, and the kind `logistic_regression` of
`predictor.Predictor`, stored as plain numbers. It reads the same matrices as the trees: scaled numbers, a weight per level of a category.
Keep the choice between the two out (`evaluation.candidates`).

A value beyond what the fitted rows showed counts as the nearest that they did: a straight line must not run on where nobody has been, and
trees don't either.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from clv_platform.models.arms import PreparedFold, run_parallel
from clv_platform.models.baselines import fit_scaling, scaled_design
from clv_platform.models.calibration import Calibrator, fit_calibrator
from clv_platform.models.preprocessing import Matrix

if TYPE_CHECKING:
    from clv_platform.models.artifact import Manifest

KIND = "logistic_regression"
MAX_ROWS = 50_000  # more change a weighted sum of some hundred columns in the third digit
MAX_LEVELS = 50  # of a category; the rarest share a weight
PENALTY = 1.0  # scikit-learn's C
DOUBLE_ROWS = 10_000  # with more, half the digits in half the time: log-odds differ in the fourth digit, PR-AUC in the seventh
FILE = "regression.json"


@dataclass(frozen=True)
class NumberTerm:
    """A number, a yes/no or a flag: `coefficient` log-odds per `spread` from the `mean` of the fitted rows, within `low` to `high`."""

    mean: float
    spread: float
    low: float
    high: float
    coefficient: float

    def effect(self, values: np.ndarray) -> np.ndarray:
        """Log-odds against the mean of the fitted rows, shape (n,)."""
        return self.coefficient * ((np.clip(values.astype(np.float64), self.low, self.high) - self.mean) / self.spread)


@dataclass(frozen=True)
class LevelsTerm:
    """A category: log-odds of each code against the mean of the fitted rows; the last one is also that of all codes beyond."""

    effects: tuple[float, ...]

    def effect(self, codes: np.ndarray) -> np.ndarray:
        """Log-odds against the mean of the fitted rows, shape (n,)."""
        return np.asarray(self.effects)[np.minimum(codes.astype(np.int64), len(self.effects) - 1)]


@dataclass(frozen=True)
class Regression:
    """A fitted logistic regression.

    Attributes
    ----------
    names : tuple of str
        Columns of the matrix, for people who read the file.
    terms : tuple of NumberTerm or LevelsTerm
        One per column of the matrix.
    base : float
        Log-odds of an account that is average in everything.
    """

    kind: ClassVar[str] = KIND
    names: tuple[str, ...]
    terms: tuple[NumberTerm | LevelsTerm, ...]
    base: float

    def raw_score(self, matrix: Matrix, threads: int = 1) -> np.ndarray:
        """Log-odds, shape (n,): summed column by column, so that no row's bits depend on the others or on the machine's threads."""
        total = np.full(len(matrix.values), self.base)
        for effect in self._effects(matrix):
            total += effect
        return total

    def contributions(self, matrix: Matrix, threads: int = 1) -> np.ndarray:
        """Coefficient times distance from the mean per matrix column, last the base: exact Shapley values of a weighted sum.

        References
        ----------
        Lundberg and Lee (2017), A unified approach to interpreting model predictions, corollary 1 (linear SHAP).
        """
        return np.column_stack([*self._effects(matrix), np.full(len(matrix.values), self.base)])

    def refit(self, matrix: Matrix, y: np.ndarray, manifest: Manifest, threads: int = 1) -> Regression:
        """Fit on other rows, with the manifest's seed."""
        return fit_regression(matrix, y, seed=manifest.seed)

    def to_files(self) -> dict[str, str]:
        """One JSON file that can be recomputed by hand."""
        terms = [{"name": name, **asdict(term)} for name, term in zip(self.names, self.terms, strict=True)]
        return {FILE: json.dumps({"base": self.base, "terms": terms}, indent=1, ensure_ascii=False) + "\n"}

    @classmethod
    def from_folder(cls, folder: Path) -> Regression:
        """Read what `to_files` gave."""
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        items = [dict(item) for item in content["terms"]]
        names = tuple(item.pop("name") for item in items)
        terms = tuple(LevelsTerm(tuple(item["effects"])) if "effects" in item else NumberTerm(**item) for item in items)
        return cls(names, terms, content["base"])

    def _effects(self, matrix: Matrix) -> Iterator[np.ndarray]:
        for column, term in enumerate(self.terms):
            yield term.effect(matrix.values[:, column])


@dataclass(frozen=True)
class FittedRegression:
    """A regression on all training rows, calibrated by inner folds.

    Attributes
    ----------
    raw_score : ndarray of shape (n,)
        Out-of-fold log-odds; NaN for rows that no fold checked.
    calibrator : Calibrator
        Fitted on these.
    fit_seconds : float
        Time of the fit on all rows.
    """

    predictor: Regression
    raw_score: np.ndarray
    calibrator: Calibrator
    fit_seconds: float


def train_regression(matrix: Matrix, y: np.ndarray, folds: Sequence[PreparedFold], *, seed: int, threads: int = 1) -> FittedRegression:
    """Fit on each inner fold to calibrate, then on all rows.

    Parameters
    ----------
    matrix, y : Matrix, ndarray of shape (n,)
        All training rows; labels 0/1.
    folds : sequence of PreparedFold
        Each with preprocessing learnt on its fitted rows alone.
    threads : int
        Fits at a time; the caller limits BLAS to one thread each, so that the result doesn't depend on it.
    """
    fits = run_parallel(lambda part: fit_regression(part.fit, y[part.fold.fit], seed=seed).raw_score(part.check), folds, threads)
    raw = np.full(len(y), np.nan)
    for part, scores in zip(folds, fits, strict=True):
        raw[part.fold.check] = scores
    checked = ~np.isnan(raw)
    started = time.perf_counter()
    predictor = fit_regression(matrix, y, seed=seed)
    return FittedRegression(predictor, raw, fit_calibrator(y[checked], raw[checked]), time.perf_counter() - started)


def fit_regression(matrix: Matrix, y: np.ndarray, *, seed: int) -> Regression:
    """Fit on at most `MAX_ROWS` rows.

    Parameters
    ----------
    matrix, y : Matrix, ndarray of shape (n,)
        Rows to fit on; labels 0/1. With one class, or no column, every row gets the same log-odds.
    seed : int
        Chooses the rows where there are more.
    """
    n = len(y)
    kept = np.arange(n) if n <= MAX_ROWS else np.sort(np.random.default_rng(seed).choice(n, MAX_ROWS, replace=False))
    labels, rows = y[kept], _merge_rare_levels(matrix.take(kept))
    if not matrix.values.shape[1] or len(np.unique(labels)) < 2:
        chance = (labels.sum() + 1) / (len(labels) + 2)
        flat = tuple(NumberTerm(0.0, 1.0, 0.0, 0.0, 0.0) for _ in matrix.names)
        return Regression(matrix.names, flat, float(np.log(chance / (1 - chance))))
    scaling = fit_scaling(rows)
    weights, intercept = _solve(scaled_design(rows, scaling), labels)
    terms: list[NumberTerm | LevelsTerm | None] = [None] * len(matrix.names)
    numbers = [column for column in range(len(matrix.names)) if column not in set(matrix.categorical)]
    for position, column in enumerate(numbers):
        values = rows.values[:, column].astype(np.float64)
        mean, spread = float(scaling.mean[position]), float(scaling.spread[position])
        terms[column] = NumberTerm(mean, spread, float(values.min()), float(values.max()), float(weights[position]))
    start, base = len(numbers), intercept
    for column, n_codes in zip(matrix.categorical, scaling.n_codes, strict=True):
        own = weights[start : start + n_codes]
        shares = np.bincount(rows.values[:, column].astype(np.int64), minlength=n_codes) / len(labels)
        mean = float(own @ shares)
        terms[column] = LevelsTerm(tuple(float(weight) - mean for weight in own))
        start, base = start + n_codes, base + mean
    return Regression(matrix.names, tuple(term for term in terms if term is not None), base)


def _solve(design: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    model = LogisticRegression(C=PENALTY, solver="newton-cholesky", max_iter=50)
    if len(y) > DOUBLE_ROWS:
        design = design.astype(np.float32)
    # Two BLAS threads on busy cores cost more than they bring, and would let the last bits depend on the machine.
    with threadpool_limits(limits=1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # after 50 Newton steps it is as good as it gets
        model.fit(design, y)
    return np.asarray(model.coef_, dtype=np.float64)[0], float(np.asarray(model.intercept_)[0])


def _merge_rare_levels(matrix: Matrix) -> Matrix:
    """Give the rarest levels of long categories one code; codes are ordered by frequency."""
    if not matrix.categorical:
        return matrix
    values = matrix.values.copy()
    columns = list(matrix.categorical)
    values[:, columns] = np.minimum(values[:, columns], MAX_LEVELS)
    return replace(matrix, values=values)
