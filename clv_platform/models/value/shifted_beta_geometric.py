"""Shifted beta geometric: how long subscribers stay when some are more faithful than others.

Here: likelihood, fit, survival and expected remaining renewals.

References
----------
Fader, Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, digamma

from clv_platform.models.value.fitting import FitError, FitReport, maximise

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ShiftedBetaGeometric:
    """Chances not to renew are beta(alpha, beta) distributed over subscribers."""

    alpha: float
    beta: float

    @property
    def parameters(self) -> Floats:
        """alpha, beta."""
        return np.array([self.alpha, self.beta])

    def survival(self, t: ArrayLike) -> Floats:
        """Share of subscribers left after t periods."""
        return np.exp(betaln(self.alpha, self.beta + np.asarray(t, dtype=np.float64)) - betaln(self.alpha, self.beta))

    def retention(self, t: ArrayLike) -> Floats:
        """Share of those left after t - 1 periods that renew for period t."""
        periods = np.asarray(t, dtype=np.float64)
        return (self.beta + periods - 1) / (self.alpha + self.beta + periods - 1)

    def discounted_remaining(self, age: ArrayLike, rate: float, n_periods: int) -> Floats:
        """Expected renewals within the next `n_periods`, each discounted by `rate` per period, of subscribers that have lasted `age`."""
        ages = np.asarray(age, dtype=np.float64)
        ahead = np.arange(1, n_periods + 1)
        alive = self.survival(ages[..., None] + ahead) / self.survival(ages)[..., None]
        return alive @ (1 + rate) ** -ahead.astype(np.float64)


def log_likelihood(model: ShiftedBetaGeometric, lost: Floats, left: float) -> tuple[float, Floats]:
    """Log-likelihood and gradient of subscribers lost in periods 1, 2, ... and of those left after the last."""
    alpha, beta = model.parameters
    t = np.arange(1, len(lost) + 1, dtype=np.float64)
    end = float(len(lost))
    none = betaln(alpha, beta)
    total = float(lost @ (betaln(alpha + 1, beta + t - 1) - none) + left * (betaln(alpha, beta + end) - none))
    n = lost.sum() + left
    psi = digamma(alpha + beta)
    at_loss = digamma(alpha + beta + t)
    at_end = digamma(alpha + beta + end)
    by_alpha = lost @ (digamma(alpha + 1) - at_loss) + left * (digamma(alpha) - at_end) - n * (digamma(alpha) - psi)
    by_beta = lost @ (digamma(beta + t - 1) - at_loss) + left * (digamma(beta + end) - at_end) - n * (digamma(beta) - psi)
    return total, np.array([by_alpha, by_beta])


def fit_shifted_beta_geometric(survivors: ArrayLike) -> tuple[ShiftedBetaGeometric, FitReport]:
    """Fit to the survivors of one cohort.

    Parameters
    ----------
    survivors : array of shape (n_periods + 1,)
        Subscribers at the start and left after 1, 2, ... periods; numbers or shares of any base.

    Raises
    ------
    FitError
        With fewer than two periods, rising survivors, or nobody lost.
    """
    counts = np.asarray(survivors, dtype=np.float64)
    if counts.ndim != 1 or len(counts) < 3 or not np.isfinite(counts).all() or (np.diff(counts) > 0).any() or (counts < 0).any():
        raise FitError(f"sBG: expected the survivors of at least two periods, never rising, found {counts.tolist()}.")
    if counts[-1] == counts[0]:
        raise FitError("sBG: nobody left in the periods given, so there is nothing to learn about leaving.")
    lost, left = -np.diff(counts), float(counts[-1])

    def likelihood(values: Floats) -> tuple[float, Floats]:
        return log_likelihood(ShiftedBetaGeometric(*values.tolist()), lost, left)

    starts = ((1.0, 1.0), (0.5, 4.0))
    values, report = maximise(likelihood, starts, ("alpha", "beta"), float(counts[0]), (1.0, 1.0))
    return ShiftedBetaGeometric(*values.tolist()), report
