"""Pareto/NBD: buying at a personal rate until a personal, exponential lifetime ends.

Here: likelihood, fit, P(alive) and expected purchases. The textbook's difference of two hypergeometric functions cancels and overflows;
the integral over the unknown end of the lifetime, of which it is a closed form, is smooth and positive, so it is integrated instead
(Gauss-Legendre in the logarithm of time; the same nodes give the gradient).

References
----------
Schmittlein, Morrison, Colombo (1987), Counting your customers: who are they and what will they do next?, Management Science 33.
Fader, Hardie (2005), A note on deriving the Pareto/NBD model and related expressions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from clv_platform.models.value.fitting import ROUGH_ROWS, FitError, FitReport, Likelihood, maximise
from clv_platform.models.value.summary import Distinct, PurchaseSummary

Floats = NDArray[np.float64]
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(40)  # once: a fit needs them some hundred times
_MAX_DECAY = 40.0  # beyond exp(-40) of its start the integrand adds nothing


@dataclass(frozen=True)
class ParetoNbd:
    """Parameters of a Pareto/NBD model.

    Attributes
    ----------
    r, alpha : float
        Purchase rates are gamma distributed with shape r and rate alpha (a time).
    s, beta : float
        Drop-out rates likewise.
    """

    r: float
    alpha: float
    s: float
    beta: float

    @property
    def parameters(self) -> Floats:
        """r, alpha, s, beta."""
        return np.array([self.r, self.alpha, self.s, self.beta])

    def p_alive(self, summary: PurchaseSummary) -> Floats:
        """Chance of being still a customer at T, shape (n,)."""
        rows = summary.distinct
        alive, gone, _ = _parts(self, rows.x[rows.x_of], rows.recencies[rows.recency_of], rows.watched[rows.T_of])
        return np.exp(alive - np.logaddexp(alive, gone))[rows.row_of]

    def expected_purchases(self, summary: PurchaseSummary, horizon: float) -> Floats:
        """Expected purchases in (T, T + horizon], shape (n,)."""
        watched = summary.T
        e = self.s - 1
        log_rest = np.log((self.beta + watched) / (self.beta + watched + horizon))
        lifetime = -(self.beta + watched) * (log_rest if e == 0 else np.expm1(e * log_rest) / e)
        return (self.r + summary.frequency) / (self.alpha + watched) * lifetime * self.p_alive(summary)

    def scaled(self, factor: float) -> ParetoNbd:
        """The same model with time in a unit `factor` times as small."""
        return ParetoNbd(self.r, self.alpha * factor, self.s, self.beta * factor)


def _parts(model: ParetoNbd, x: Floats, last: Floats, watched: Floats) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """Log of the alive part, log of the gone part, and the nodes (times of the end, their shares of the gone part), shape (m, nodes)."""
    r, alpha, s, beta = model.parameters
    alive = -(r + x) * np.log(alpha + watched) - s * np.log(beta + watched)
    floor = min(alpha, beta)
    begin = np.log(floor + last)
    width = np.log(floor + watched) - begin
    # Per unit of log time the integrand falls at most by exp(-(r + x + s)): past `_MAX_DECAY` it is over. Its slowest fall decides.
    slowest = np.maximum((r + x) * (floor + last) / (alpha + last) + (s + 1) * (floor + last) / (beta + last) - 1, 1e-3)
    width = np.minimum(width, _MAX_DECAY / slowest)
    v = begin[:, None] + width[:, None] * (_POINTS + 1) / 2
    end = np.exp(v) - floor
    with np.errstate(divide="ignore"):
        log_value = (
            np.log(_WEIGHTS / 2) + np.log(width)[:, None] + v - (r + x)[:, None] * np.log(alpha + end) - (s + 1) * np.log(beta + end)
        )
    most = log_value.max(axis=1, initial=-np.inf)
    is_possible = np.isfinite(most)
    value = np.where(is_possible[:, None], np.exp(log_value - np.where(is_possible, most, 0.0)[:, None]), 0.0)
    total = value.sum(axis=1)
    with np.errstate(divide="ignore"):
        gone = np.log(s) + most + np.log(total)
    share = value / np.where(is_possible, total, 1.0)[:, None]
    return alive, gone, (end, share)


def log_likelihood(model: ParetoNbd, rows: Distinct) -> tuple[float, Floats]:
    """Log-likelihood over customers and its gradient by r, alpha, s, beta."""
    r, alpha, s, beta = model.parameters
    x, last, watched, n = rows.x[rows.x_of], rows.recencies[rows.recency_of], rows.watched[rows.T_of], rows.count
    alive, gone, (end, share) = _parts(model, x, last, watched)
    both = np.logaddexp(alive, gone)
    head = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    p_gone = np.exp(gone - both)
    p_alive = 1 - p_gone

    def mixed(at_end: Floats, at_T: Floats) -> Floats:
        return p_alive * at_T + p_gone * (share * at_end).sum(axis=1)

    gradient = np.array(
        [
            n @ (digamma(r + x) - digamma(r) + np.log(alpha) - mixed(np.log(alpha + end), np.log(alpha + watched))),
            n @ (r / alpha - (r + x) * mixed(1 / (alpha + end), 1 / (alpha + watched))),
            n @ (np.log(beta) + p_gone / s - mixed(np.log(beta + end), np.log(beta + watched))),
            n @ (s / beta - p_alive * s / (beta + watched) - p_gone * (s + 1) * (share / (beta + end)).sum(axis=1)),
        ]
    )
    return float(n @ (head + both)), gradient


def fit_pareto_nbd(summary: PurchaseSummary) -> tuple[ParetoNbd, FitReport]:
    """Fit by maximum likelihood.

    Returns
    -------
    (ParetoNbd, FitReport)
        alpha and beta in the summary's unit of time. A fit that ran to a limit says so in the report: don't use it.

    Raises
    ------
    FitError
        Without customers or without any repeat purchase.
    """
    if not len(summary):
        raise FitError("Pareto/NBD: expected customers, found none.")
    if not summary.frequency.any():
        raise FitError(
            f"Pareto/NBD: nobody bought twice among {len(summary):,} customers, so there is nothing to learn about repeat purchases."
        )
    rows, scale = summary.distinct, summary.time_scale

    def likelihood_of(of: Distinct) -> Likelihood:
        return lambda values: log_likelihood(ParetoNbd(*values.tolist()), of)

    some = rows.sample(ROUGH_ROWS)
    rough = (likelihood_of(some), float(some.count.sum())) if len(some) < len(rows) else None
    starts = ((0.5, 0.3, 0.5, 0.4), (1.5, 1.0, 1.5, 3.0))
    names, scales = ("r", "alpha", "s", "beta"), (1.0, scale, 1.0, scale)
    values, report = maximise(likelihood_of(rows), starts, names, float(len(summary)), scales, rough=rough)
    return ParetoNbd(*values.tolist()), report
