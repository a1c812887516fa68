"""BG/NBD and its modified form: buying at a personal rate until the customer drops out after a purchase.

Here: likelihood, fit, P(alive) and expected purchases. The modified form also lets a customer drop out right after the first purchase, so
that one-time buyers may be gone; otherwise the formulas are the same with one more coin flip.

BG/NBD's P(alive) is 1 for every one-time buyer: it is no score of churn.

References
----------
Fader, Hardie, Lee (2005), "Counting your customers" the easy way: an alternative to the Pareto/NBD model, Marketing Science 24.
Batislam, Denizel, Filiztekin (2007), Empirical validation and comparison of models for customer base analysis, IJRM 24.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, expit, gammaln

from clv_platform.models.value.fitting import ROUGH_ROWS, FitError, FitReport, Likelihood, maximise
from clv_platform.models.value.summary import Distinct, PurchaseSummary

Floats = NDArray[np.float64]
_MAX_TERMS = 1_000_000


@dataclass(frozen=True)
class BgNbd:
    """Parameters of a (modified) BG/NBD model.

    Attributes
    ----------
    r, alpha : float
        Purchase rates are gamma distributed with shape r and rate alpha (a time).
    a, b : float
        Drop-out chances after a purchase are beta distributed.
    is_modified : bool
        Whether a customer can drop out after the first purchase.
    """

    r: float
    alpha: float
    a: float
    b: float
    is_modified: bool = False

    @property
    def parameters(self) -> Floats:
        """r, alpha, a, b."""
        return np.array([self.r, self.alpha, self.a, self.b])

    def log_odds_dead(self, summary: PurchaseSummary) -> Floats:
        """Logarithm of P(gone) / P(alive) at T; minus infinity where the model can't think so."""
        return self._log_odds_dead(summary.frequency, summary.recency, summary.T)

    def _log_odds_dead(self, x: Floats, last: Floats, watched: Floats) -> Floats:
        flips = x - 1 + self.is_modified
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = np.log(self.a) - np.log(self.b + flips) + (self.r + x) * np.log((self.alpha + watched) / (self.alpha + last))
        return odds if self.is_modified else np.where(x > 0, odds, -np.inf)

    def p_alive(self, summary: PurchaseSummary) -> Floats:
        """Chance of being still a customer at T, shape (n,)."""
        return expit(-self.log_odds_dead(summary))

    def expected_purchases(self, summary: PurchaseSummary, horizon: float) -> Floats:
        """Expected purchases in (T, T + horizon], shape (n,).

        Notes
        -----
        The published formula divides by a - 1 and multiplies a power that overflows with a hypergeometric function. Euler's
        transformation turns both into ((1 - z)^e (1 + e S) - 1) / e with e = a - 1, which has a limit at a = 1: S is summed as a series.
        """
        rows = summary.distinct
        x, last, watched = rows.x[rows.x_of], rows.recencies[rows.recency_of], rows.watched[rows.T_of]
        z = horizon / (self.alpha + watched + horizon)
        e = self.a - 1
        c = self.a + self.b + x - 1 + self.is_modified
        p = self.a + self.b - 1 + self.is_modified - self.r
        log_rest = np.log1p(-z)
        slope = log_rest if e == 0 else np.expm1(e * log_rest) / e
        alive = -c * slope - np.exp(e * log_rest) * _series(p, e, c, z)
        return (np.maximum(alive, 0.0) * expit(-self._log_odds_dead(x, last, watched)))[rows.row_of]

    def scaled(self, factor: float) -> BgNbd:
        """The same model with time in a unit `factor` times as small."""
        return BgNbd(self.r, self.alpha * factor, self.a, self.b, self.is_modified)


def _series(p: float, e: float, c: Floats, z: Floats) -> Floats:
    """Sum over k of (p)_k (e + 1)_(k-1) / ((c + 1)_(k-1) k!) z^k; c + 1 is positive."""
    term = p * z
    total, sums = np.zeros_like(term), term.copy()
    here = np.arange(len(term))
    for k in range(1, _MAX_TERMS):
        term *= z
        term *= (p + k) * (e + k) / (k + 1)
        term /= c + k
        sums += term
        # Ended rows go in bulk: leaving them out after every term took twice as long.
        if k % 8 == 0 or not here.size:
            live = np.abs(term) > 1e-17 * np.abs(sums)
            if not live.any():
                total[here] = sums
                return total
            if live.mean() < 0.8:
                total[here] = sums
                here, term, sums, c, z = here[live], term[live], sums[live], c[live], z[live]
    raise FitError("expected purchases: the horizon is too long for these parameters (the series doesn't end). Shorten the horizon.")


def log_likelihood(model: BgNbd, rows: Distinct) -> tuple[float, Floats]:
    """Log-likelihood over customers and its gradient by r, alpha, a, b.

    Parameters
    ----------
    rows : Distinct
        Distinct histories with their counts.
    """
    r, alpha, a, b = model.parameters
    extra = 1.0 if model.is_modified else 0.0
    x, n = rows.x, rows.count
    shape = r + x
    by_x = gammaln(shape) - gammaln(r) + r * np.log(alpha)
    by_x += gammaln(a + b) + gammaln(b + x + extra) - gammaln(b) - gammaln(a + b + x + extra)
    can_be_gone = np.ones(len(x), dtype=bool) if model.is_modified else x > 0
    flips = np.where(can_be_gone, b + x - 1 + extra, 1.0)
    log_ratio = np.where(can_be_gone, np.log(a) - np.log(flips), -np.inf)
    power = shape[rows.x_of]
    log_T, log_last = np.log(alpha + rows.watched)[rows.T_of], np.log(alpha + rows.recencies)[rows.recency_of]
    gap = log_ratio[rows.x_of] + power * (log_T - log_last)  # log odds of being gone
    small = np.exp(-np.abs(gap))
    rise = np.maximum(gap, 0) + np.log1p(small)  # log(1 + exp(gap)) without overflow
    gone = n * np.where(gap > 0, 1.0, small) / (1 + small)
    here = n - gone
    total = float(rows.count_of_x @ by_x + n @ (rise - power * log_T))
    both = digamma(a + b) - digamma(a + b + x + extra)
    power_T = (here * power) @ (1 / (alpha + rows.watched))[rows.T_of]
    power_last = (gone * power) @ (1 / (alpha + rows.recencies))[rows.recency_of]
    gradient = np.array(
        [
            rows.count_of_x @ (digamma(shape) - digamma(r) + np.log(alpha)) - here @ log_T - gone @ log_last,
            n.sum() * r / alpha - power_T - power_last,
            rows.count_of_x @ both + gone.sum() / a,
            rows.count_of_x @ (both + digamma(b + x + extra) - digamma(b)) - gone @ (1 / flips)[rows.x_of],
        ]
    )
    return total, gradient


def fit_bg_nbd(summary: PurchaseSummary, *, is_modified: bool = False) -> tuple[BgNbd, FitReport]:
    """Fit by maximum likelihood.

    Parameters
    ----------
    summary : PurchaseSummary
        One row per customer.
    is_modified : bool
        Fit MBG/NBD instead.

    Returns
    -------
    (BgNbd, FitReport)
        alpha in the summary's unit of time. A fit that ran to a limit says so in the report: don't use it.

    Raises
    ------
    FitError
        Without customers or without any repeat purchase.
    """
    name = "MBG/NBD" if is_modified else "BG/NBD"
    if not len(summary):
        raise FitError(f"{name}: expected customers, found none.")
    if not summary.frequency.any():
        raise FitError(
            f"{name}: nobody bought twice among {len(summary):,} customers, so there is nothing to learn about repeat purchases."
        )
    rows, scale = summary.distinct, summary.time_scale

    def likelihood_of(of: Distinct) -> Likelihood:
        return lambda values: log_likelihood(BgNbd(*values.tolist(), is_modified=is_modified), of)

    some = rows.sample(ROUGH_ROWS)
    rough = (likelihood_of(some), float(some.count.sum())) if len(some) < len(rows) else None
    starts = ((0.5, 0.3, 0.8, 2.5), (1.5, 1.0, 0.2, 2.0))
    names, scales = ("r", "alpha", "a", "b"), (1.0, scale, 1.0, 1.0)
    values, report = maximise(likelihood_of(rows), starts, names, float(len(summary)), scales, rough=rough)
    return BgNbd(*values.tolist(), is_modified=is_modified), report
