"""Maximum likelihood for a handful of positive parameters: one way for all probability models.

Here: `maximise`, its report (converged? degenerate?) and the parameters' uncertainty. Keep likelihoods out: each family brings its own with
its gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Likelihood = Callable[[Floats], tuple[float, Floats]]
# A parameter beyond these (in units where time and money are of order one) stands for a limit: the family has become a simpler one.
SMALLEST, LARGEST = 1e-5, 1e4
ROUGH_ROWS = 5_000  # of the sample on which starts compete
_GRADIENT_TOLERANCE = 1e-7
_FLAT = 1e-6  # a sample's curvature below this says nothing about where to go


class FitError(ValueError):
    """The data can't determine the model; the message says why."""


@dataclass(frozen=True)
class FitReport:
    """How a fit ended.

    Attributes
    ----------
    log_likelihood : float
        Sum over customers.
    n : int
        Customers.
    is_converged, is_degenerate : bool
        A degenerate fit has run to a limit of its parameters or can't tell them apart: don't use it.
    reason : str
        In plain words, when one of both is wrong.
    covariance : ndarray of shape (k, k)
        Of the logarithms of the parameters; NaN when degenerate.
    """

    log_likelihood: float
    n: int
    is_converged: bool
    is_degenerate: bool
    reason: str
    covariance: Floats

    @property
    def is_usable(self) -> bool:
        """Whether the model may be a champion."""
        return self.is_converged and not self.is_degenerate


def maximise(
    likelihood: Likelihood,
    starts: Sequence[Sequence[float]],
    names: Sequence[str],
    n: float,
    scales: Sequence[float],
    *,
    rough: tuple[Likelihood, float] | None = None,
) -> tuple[Floats, FitReport]:
    """Maximise a log-likelihood over positive parameters, in their logarithms.

    Parameters
    ----------
    likelihood : function
        Parameters of shape (k,) to the log-likelihood and its gradient by the parameters.
    starts : sequence of k-tuples
        Where to begin, in units of order one; the best end counts.
    names : sequence of str
        For messages.
    n : float
        Customers: the tolerance is per customer.
    scales : sequence of float
        Unit of each parameter (1 for shapes, the time or money scale for rates), so that results are scale-free.
    rough : (function, float), optional
        The likelihood of a sample and its number of customers: the starts compete there, and the best end starts the fit on all rows,
        which then takes a few steps.

    Returns
    -------
    (ndarray of shape (k,), FitReport)
    """
    from scipy.optimize import minimize

    unit = np.asarray(scales, dtype=np.float64)

    def loss_of(function: Likelihood, size: float) -> Likelihood:
        def loss(logs: Floats) -> tuple[float, Floats]:
            values = np.exp(logs) * unit
            total, gradient = function(values)
            return -total / size, -gradient * values / size

        return loss

    bounds = [(np.log(SMALLEST / 10), np.log(LARGEST * 10))] * len(names)
    options: dict[str, Any] = {"maxiter": 1000, "ftol": 1e-15, "gtol": _GRADIENT_TOLERANCE, "maxls": 50}

    def search(loss: Likelihood, begins: Sequence[Sequence[float]]) -> Any:
        ends = [
            minimize(loss, np.asarray(begin, dtype=np.float64), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
            for begin in begins
        ]
        return min(ends, key=lambda end: float(end.fun) if np.isfinite(end.fun) else np.inf)

    begins = [np.log(np.asarray(start, dtype=np.float64)).tolist() for start in starts]
    loss = loss_of(likelihood, n)
    best = None
    if rough is not None:
        rough_loss = loss_of(*rough)
        begins = [search(rough_loss, begins).x.tolist()]
        best = _descend(loss, np.asarray(begins[0]), _hessian(rough_loss, np.asarray(begins[0])))
    if best is None:
        best = search(loss, begins)
    logs = np.asarray(best.x, dtype=np.float64)
    hessian = _hessian(loss, logs)
    gradient = np.abs(loss(logs)[1]).max()
    at_limit = [name for name, value in zip(names, np.exp(logs), strict=True) if not SMALLEST < value < LARGEST]
    # ftol may stop before gtol: a gradient this small moves no parameter's third decimal.
    is_converged = bool(np.isfinite(best.fun) and gradient < 1e-5)
    curvature = np.linalg.eigvalsh(hessian) if np.isfinite(hessian).all() else np.array([np.nan])
    is_flat = not (curvature > 1e-9).all()
    reason = ""
    if at_limit:
        reason = f"{' and '.join(at_limit)} ran to a limit: these data fit a simpler model"
    elif not is_converged:
        reason = f"the search stopped before a maximum (gradient {gradient:.1g} per customer)"
    elif is_flat:
        reason = "the data can't tell the parameters apart (flat likelihood)"
    is_degenerate = bool(at_limit) or is_flat
    covariance = np.full(hessian.shape, np.nan) if is_degenerate else np.asarray(np.linalg.inv(hessian * n), dtype=np.float64)
    return np.exp(logs) * unit, FitReport(-float(best.fun) * n, int(n), is_converged, is_degenerate, reason, covariance)


def _descend(loss: Likelihood, begin: Floats, curvature: Floats) -> Any:
    """Quasi-Newton from an end on a sample with the sample's curvature: 4 looks at all rows instead of 15; None when that isn't safe."""
    from scipy.optimize import minimize

    if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature)[0] < _FLAT:
        return None
    inverse = np.linalg.inv(curvature)
    options = {"gtol": _GRADIENT_TOLERANCE, "maxiter": 50, "hess_inv0": (inverse + inverse.T) / 2}
    with np.errstate(all="ignore"):  # a step too far is judged by where it ends
        end = minimize(loss, begin, jac=True, method="BFGS", options=options)
    inside = (np.exp(end.x) > SMALLEST).all() and (np.exp(end.x) < LARGEST).all()
    return end if inside and np.abs(end.jac).max() < 10 * _GRADIENT_TOLERANCE else None


def _hessian(loss: Likelihood, logs: Floats) -> Floats:
    """Central differences of the analytic gradient, made symmetric."""
    step = 1e-4
    rows = []
    for position in range(len(logs)):
        shift = np.zeros(len(logs))
        shift[position] = step
        rows.append((loss(logs + shift)[1] - loss(logs - shift)[1]) / (2 * step))
    matrix = np.array(rows)
    return (matrix + matrix.T) / 2


def draw_parameters(values: Floats, report: FitReport, n_draws: int, rng: np.random.Generator) -> Floats:
    """Draw parameters from their estimated uncertainty, normal in the logarithms; shape (n_draws, k)."""
    if not report.is_usable:
        raise FitError(f"no uncertainty for a fit that isn't usable: {report.reason}.")
    return np.exp(rng.multivariate_normal(np.log(values), report.covariance, size=n_draws, method="cholesky"))
