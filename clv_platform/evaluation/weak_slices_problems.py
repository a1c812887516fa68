"""Chances and amounts as problems that the search for wrong groups understands.

Here: `ChanceProblem` (labels 0/1 against probabilities) and `AmountProblem` (amounts against predicted means). Keep the search out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clv_platform.evaluation.weak_slices_draws import amount_draws, label_draws, latent_correlation, residual_correlation
from clv_platform.metrics.slices import Line, Terms, fit_line, score_terms

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ChanceProblem:
    """Labels 0/1 against probabilities.

    Attributes
    ----------
    y, x : arrays of shape (n,)
        Labels, and log-odds as from `metrics.slices.log_odds`.
    accounts : array of shape (n,)
        Whole numbers from 0.
    """

    y: Floats
    x: Floats
    accounts: Integers

    def fit(self, rows: Mask | None = None, start: Line | None = None) -> Line:
        """Logistic recalibration: intercept and slope."""
        return fit_line(self.y, self.x, start) if rows is None else fit_line(self.y[rows], self.x[rows], start)

    def terms(self, line: Line) -> Terms:
        """Residuals y - p with variance p(1 - p)."""
        return score_terms(self.y, self.x, line)

    def draws(self, line: Line, n_draws: int, seed: int) -> Iterator[tuple[Integers | None, Floats]]:
        """Yield the rows drawn as positive; all others add nothing beyond the offset, which makes a draw of a rare event cheap."""
        p = line.chance(self.x)
        correlation = latent_correlation(p, self.correlation(line), self.accounts, seed)
        for drawn in label_draws(p, correlation, self.accounts, n_draws, seed):
            rows = np.flatnonzero(drawn)
            yield rows, np.ones(rows.size)

    def drawn_offset(self, line: Line) -> Floats | None:
        """Minus the chance."""
        return -line.chance(self.x)

    def correlation(self, line: Line) -> float:
        """Correlation of the residuals of one account's rows; 0 when each has one row."""
        terms = self.terms(line)
        scale = np.sqrt(np.maximum(terms.variance, 1e-300))
        return residual_correlation(terms.residual, scale, self.accounts)

    def mean(self, line: Line) -> Floats:
        """Recalibrated chances."""
        return line.chance(self.x)

    def weight(self, line: Line) -> Floats:
        """One: the residual is y - p itself."""
        return np.ones_like(self.x)

    def loss(self, mean: Floats) -> Floats:
        """Log loss of each row, nats."""
        p = np.clip(mean, 1e-12, 1 - 1e-12)
        return -np.where(self.y == 1, np.log(p), np.log1p(-p))

    def gain(self, mean: Floats, other: Floats) -> tuple[Floats, Floats]:
        """What `other` gains over `mean` on a row where just the mean happens, and per unit of y above it."""
        p, q = np.clip(mean, 1e-12, 1 - 1e-12), np.clip(other, 1e-12, 1 - 1e-12)
        if_one, if_zero = np.log(q / p), np.log((1 - q) / (1 - p))
        return p * if_one + (1 - p) * if_zero, if_one - if_zero


@dataclass(frozen=True)
class AmountProblem:
    """Amounts against predicted means, recalibrated by a factor and a power: mean = exp(intercept + slope log prediction).

    Attributes
    ----------
    y : array of shape (n,)
        Amounts.
    x : array of shape (n,)
        Log of the predicted mean, centred.
    working_variance : array of shape (n,)
        Variance of each amount up to a common factor, which is estimated.
    accounts : array of shape (n,)
        Whole numbers from 0.
    """

    y: Floats
    x: Floats
    working_variance: Floats
    accounts: Integers

    def fit(self, rows: Mask | None = None, start: Line | None = None) -> Line:
        """Solve the quasi-score equations by Fisher scoring."""
        y, x, v = (values if rows is None else values[rows] for values in (self.y, self.x, self.working_variance))
        mean = max(float(y.mean()), 1e-9) if y.size else 1.0
        is_flat = not y.size or float(np.ptp(x)) < 1e-9
        beta = np.array([start.intercept, start.slope] if start else [np.log(mean), 0.0 if is_flat else 1.0])
        for _ in range(50):
            m = np.exp(np.clip(beta[0] + beta[1] * x, -50, 50))
            residual, weight = (y - m) * m / v, m * m / v
            wx = weight * x
            a, b, c = weight.sum(), wx.sum(), max(float(wx @ x), 1e-12)
            u0, u1 = residual.sum(), residual @ x
            det = a * c - b * b
            step = np.array([u0 / max(a, 1e-12), 0.0]) if is_flat else np.array([c * u0 - b * u1, a * u1 - b * u0]) / max(det, 1e-12)
            size = float(np.abs(step).max())
            beta = beta + step * min(1.0, 1.0 / max(size, 1e-12))
            if size < 1e-7:
                break
        return Line(float(beta[0]), float(beta[1]), is_flat)

    def terms(self, line: Line) -> Terms:
        """Quasi-score residuals over the dispersion, so that half the statistic is a gain in nats."""
        weight, m = self.weight(line), self.mean(line)
        return Terms((self.y - m) * weight, m * weight, self.x)

    def weight(self, line: Line) -> Floats:
        """What a residual counts: the mean over the variance, the latter scaled so that standardised residuals have variance one."""
        return self.mean(line) / self._variance

    def draws(self, line: Line, n_draws: int, seed: int) -> Iterator[tuple[Integers | None, Floats]]:
        """Yield residuals that changed owners."""
        terms = self.terms(line)
        for drawn in amount_draws(terms.residual, np.sqrt(terms.variance), self.accounts, n_draws, seed):
            yield None, drawn

    def drawn_offset(self, line: Line) -> Floats | None:
        """Nothing: the drawn residuals are whole."""
        return None

    def correlation(self, line: Line) -> float:
        """Correlation of the residuals of one account's rows; 0 when each has one row."""
        terms = self.terms(line)
        scale = np.sqrt(np.maximum(terms.variance, 1e-300))
        return residual_correlation(terms.residual, scale, self.accounts)

    def mean(self, line: Line) -> Floats:
        """Recalibrated means."""
        return np.exp(np.clip(line.intercept + line.slope * self.x, -50, 50))

    def loss(self, mean: Floats) -> Floats:
        """Squared error over twice the variance: nats of the quasi-likelihood."""
        return np.square(self.y - mean) / (2 * self._variance)

    def gain(self, mean: Floats, other: Floats) -> tuple[Floats, Floats]:
        """What `other` gains over `mean` on a row where just the mean happens, and per unit of y above it."""
        return -np.square(mean - other) / (2 * self._variance), (other - mean) / self._variance

    @cached_property
    def _variance(self) -> Floats:
        standard = (self.y - self.mean(self.fit())) / np.sqrt(self.working_variance)
        return self.working_variance * max(float(np.mean(np.square(standard))), 1e-300)
