"""Gamma-Gamma: what a customer spends per order, learnt from few orders of many.

Here: likelihood, fit, expected spend. Fit it on all orders, the first included: most customers have no other.

References
----------
Fader, Hardie (2013), The Gamma-Gamma model of monetary value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln

from clv_platform.models.value.fitting import ROUGH_ROWS, FitError, FitReport, Likelihood, maximise

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GammaGamma:
    """Parameters of a Gamma-Gamma model.

    Attributes
    ----------
    p : float
        Shape of a customer's order values: the larger, the more alike they are.
    q, gamma : float
        Shape and scale (an amount) of how customers differ.
    """

    p: float
    q: float
    gamma: float

    @property
    def parameters(self) -> Floats:
        """p, q, gamma."""
        return np.array([self.p, self.q, self.gamma])

    @property
    def mean_spend(self) -> float:
        """Mean order value over all customers; infinite when q is at most 1."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else float("inf")

    def expected_spend(self, n_orders: ArrayLike, mean_value: ArrayLike) -> Floats:
        """Expected order value of customers, shape (n,); of those without orders the mean of all."""
        n = np.asarray(n_orders, dtype=np.float64)
        total = np.where(n > 0, n * np.asarray(mean_value, dtype=np.float64), 0.0)
        return self.p * (self.gamma + total) / (self.p * n + self.q - 1)


def log_likelihood(model: GammaGamma, n_orders: Floats, mean_value: Floats) -> tuple[float, Floats]:
    """Log-likelihood of mean order values and its gradient by p, q, gamma."""
    return _log_likelihood(model, Spending.of(n_orders, mean_value))


@dataclass(frozen=True)
class Spending:
    """Rows of the likelihood with what doesn't depend on the parameters: gamma functions are taken once per distinct number of orders."""

    n: Floats
    total: Floats
    counts: Floats
    n_rows: Floats
    log_mean: float
    weighted_log_total: float

    @classmethod
    def of(cls, n_orders: Floats, mean_value: Floats) -> Spending:
        """Prepare rows with at least one order and a positive mean value."""
        from pandas import factorize

        count_of, counts = factorize(n_orders)
        total, log_value = n_orders * mean_value, np.log(mean_value)
        n_rows = np.bincount(count_of, minlength=len(counts)).astype(np.float64)
        weighted = float(n_orders @ log_value + n_rows @ (counts * np.log(counts)))
        return cls(n_orders, total, np.asarray(counts), n_rows, float(log_value.sum()), weighted)


def _log_likelihood(model: GammaGamma, rows: Spending) -> tuple[float, Floats]:
    p, q, gamma = model.parameters
    px = p * rows.counts
    spread = gamma + rows.total
    log_spread = np.log(spread)
    log_all, log_weighted = float(log_spread.sum()), float(rows.n @ log_spread)
    inverse = np.divide(1.0, spread, out=spread)
    # The density of the mean value: (px - 1) log(mean) + px log(n) = px log(total) - log(mean).
    value = rows.n_rows @ (gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(gamma))
    value += p * rows.weighted_log_total - rows.log_mean - p * log_weighted - q * log_all
    psi = digamma(px + q)
    gradient = np.array(
        [
            (rows.counts * rows.n_rows) @ (psi - digamma(px)) + rows.weighted_log_total - log_weighted,
            rows.n_rows @ (psi - digamma(q) + np.log(gamma)) - log_all,
            rows.n_rows.sum() * q / gamma - p * (rows.n @ inverse) - q * inverse.sum(),
        ]
    )
    return float(value), gradient


def fit_gamma_gamma(n_orders: ArrayLike, mean_value: ArrayLike) -> tuple[GammaGamma, FitReport]:
    """Fit by maximum likelihood.

    Parameters
    ----------
    n_orders, mean_value : arrays of shape (n,)
        Orders behind each mean, and the mean order value; rows without orders or with a mean of 0 or below (refunds) are left out.

    Returns
    -------
    (GammaGamma, FitReport)
        gamma in the unit of the amounts. With q at most 1 the mean is infinite, and the report calls the fit degenerate.

    Raises
    ------
    FitError
        When fewer than two customers have spent anything.
    """
    n, value = np.asarray(n_orders, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
    usable = (n > 0) & (value > 0) & np.isfinite(value)
    if usable.sum() < 2:
        raise FitError(f"Gamma-Gamma: expected at least two customers with a positive order value, found {int(usable.sum())} of {n.size}.")
    n, value = n[usable], value[usable]
    if np.ptp(value) == 0:
        raise FitError(f"Gamma-Gamma: every order is worth {value[0]:g}, so there is nothing to learn about who spends more.")
    scale = float(np.exp(np.log(value).mean()))

    def likelihood_of(rows: Spending) -> Likelihood:
        return lambda values: _log_likelihood(GammaGamma(*values.tolist()), rows)

    some = np.linspace(0, len(n) - 1, min(ROUGH_ROWS, len(n))).astype(np.intp)
    rough = (likelihood_of(Spending.of(n[some], value[some])), float(len(some))) if len(some) < len(n) else None
    starts = ((5.0, 3.0, 0.5), (1.0, 2.0, 1.0))
    names, scales = ("p", "q", "gamma"), (1.0, 1.0, scale)
    values, report = maximise(likelihood_of(Spending.of(n, value)), starts, names, float(len(n)), scales, rough=rough)
    model = GammaGamma(*values.tolist())
    if model.q <= 1 and not report.is_degenerate:
        reason = f"q is {model.q:.2f}: with 1 or less the mean order value is infinite"
        report = FitReport(report.log_likelihood, report.n, report.is_converged, True, reason, report.covariance)
    return model, report
