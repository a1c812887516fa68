"""One proportional-hazards regression, with late entries and ties, in a few matrix products.

Here: the fit and the residuals by which its main assumption is checked. statsmodels' `PHReg` gives the same figures (a test compares them)
in a multiple of the time, because it walks over rows. Keep what is regressed on what out (see `churn_history_hazards`).

References
----------
Cox (1972), JRSS B 34; Efron (1977), JASA 72, for ties; Schoenfeld (1982), Biometrika 69, for residuals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MAX_STEPS = 35
TOLERANCE = 1e-9  # of the log-likelihood, relative


@dataclass(frozen=True)
class CoxFit:
    """A fitted regression.

    Attributes
    ----------
    params : ndarray of shape (p,)
        Log hazard ratios per unit.
    covariance : ndarray of shape (p, p)
        Of these, from the observed information.
    residuals : ndarray of shape (n, p)
        Schoenfeld's: of a row that ends with the event, its values less the mean of the rows at risk then; NaN for the others.
    """

    params: Floats
    covariance: Floats
    residuals: Floats

    @property
    def errors(self) -> Floats:
        """Standard errors, shape (p,)."""
        return np.sqrt(np.diag(self.covariance))


def fit_cox(time: Floats, entry: Floats, has_event: NDArray[np.bool_], X: Floats) -> CoxFit:
    """Fit by Newton's method.

    Parameters
    ----------
    time, entry : ndarray of shape (n,)
        A row is at risk from `entry` to `time`, both included.
    has_event : boolean ndarray of shape (n,)
        Whether it ends with the event.
    X : ndarray of shape (n, p)
        Finite, no column constant.
    """
    at_risk = _RiskSets.of(time, entry, has_event)
    X = X - X.mean(axis=0)  # a shift changes nothing but the rounding
    params = np.zeros(X.shape[1])
    loss, gradient, information = at_risk.look(X, params)
    for _ in range(MAX_STEPS):
        step = np.linalg.lstsq(information, gradient, rcond=None)[0]
        size, before = 1.0, loss
        loss, gradient, information = at_risk.look(X, params + step)
        while not loss <= before and size > 1e-4:
            size /= 2
            loss, gradient, information = at_risk.look(X, params + size * step)
        params = params + size * step
        if abs(before - loss) <= TOLERANCE * max(1.0, abs(loss)):
            break
    covariance = np.asarray(np.linalg.pinv(information, hermitian=True), dtype=np.float64)
    return CoxFit(params, covariance, at_risk.residuals(X, params))


@dataclass(frozen=True)
class _RiskSets:
    """Which rows are at risk at which of the distinct times of an event.

    Attributes
    ----------
    last, first : ndarray of shape (n,)
        Places of these times between which a row is at risk; never, where first > last.
    event : ndarray
        Rows with the event, ordered by time.
    at : ndarray
        For each, the place of its time.
    share : ndarray
        For each, the part of the tied events that Efron leaves out: 0 for the first, 1/d for the second of d, ...
    """

    last: NDArray[np.intp]
    first: NDArray[np.intp]
    event: NDArray[np.intp]
    at: NDArray[np.intp]
    share: Floats

    @classmethod
    def of(cls, time: Floats, entry: Floats, has_event: NDArray[np.bool_]) -> _RiskSets:
        times = np.unique(time[has_event])
        event = np.flatnonzero(has_event)
        event = event[np.argsort(time[event], kind="stable")]
        at = np.searchsorted(times, time[event])
        counts = np.bincount(at)
        place = np.arange(len(event)) - (np.cumsum(counts) - counts)[at]
        return cls(
            np.searchsorted(times, time, side="right") - 1, np.searchsorted(times, entry, side="left"), event, at, place / counts[at]
        )

    def _sums(self, values: Floats) -> Floats:
        """Sums of the rows' values, shape (n, k), over those at risk at each time; shape (times, k)."""
        n_times = int(self.at[-1]) + 1
        ever = self.first <= self.last
        total = np.zeros((n_times + 1, values.shape[1]))
        for column in range(values.shape[1]):
            own = values[ever, column]
            total[:, column] = np.bincount(self.first[ever], own, n_times + 1) - np.bincount(self.last[ever] + 1, own, n_times + 1)
        return np.cumsum(total, axis=0)[:-1]

    def look(self, X: Floats, params: Floats) -> tuple[float, Floats, Floats]:
        """Negative log-likelihood, gradient of the log-likelihood, observed information."""
        raw = X @ params
        raw -= raw.max()
        hazard = np.exp(raw)[:, None]
        whole = self._sums(np.hstack([hazard, hazard * X]))
        own = hazard[self.event] * np.hstack([np.ones((len(self.event), 1)), X[self.event]])
        tied = np.zeros_like(whole)
        np.add.at(tied, self.at, own)
        risk = whole[self.at] - self.share[:, None] * tied[self.at]
        means = risk[:, 1:] / risk[:, :1]
        loss = float(np.log(risk[:, 0]).sum() - raw[self.event].sum())
        gradient = (X[self.event] - means).sum(axis=0)
        # Weight of a row in the sum over times of the mean square: one over each risk it was part of, less what Efron leaves out of ties.
        inverse = 1 / risk[:, 0]
        before = np.concatenate([[0.0], np.cumsum(np.bincount(self.at, inverse))])
        weight = np.where(self.first <= self.last, before[self.last + 1] - before[np.minimum(self.first, self.last + 1)], 0.0)
        weight[self.event] -= np.bincount(self.at, self.share * inverse)[self.at]
        information = X.T @ (X * (weight[:, None] * hazard)) - means.T @ means
        return loss, gradient, information

    def residuals(self, X: Floats, params: Floats) -> Floats:
        """Schoenfeld's residuals of rows with an event; NaN for the others."""
        raw = X @ params
        hazard = np.exp(raw - raw.max())[:, None]
        whole = self._sums(np.hstack([hazard, hazard * X]))
        found = np.full(X.shape, np.nan)
        found[self.event] = X[self.event] - (whole[:, 1:] / whole[:, :1])[self.at]
        return found
