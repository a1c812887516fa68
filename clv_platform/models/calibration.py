"""Calibration as data: a few numbers that turn raw log-odds into chances that can be multiplied by money.

Here: Platt's logistic map, fitted on unresampled out-of-fold scores. Two parameters can't overfit a few hundred positives, keep the
ranking, and undo what class weights and SMOTE do to the base rate. Where the true chance levels off among the best scores (a model
goes on raising scores within a group whose chance is flat), a straight line promises too much at the top: there the line may bend
once, if the likelihood clearly asks for it. Keep scoring out.

References
----------
Platt (1999), Probabilistic outputs for support vector machines; Niculescu-Mizil and Caruana (2005), Predicting good probabilities.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

MIN_SLOPE = 0.01
KNOT_SHARES = (0.80, 0.85, 0.90, 0.95)
MIN_POSITIVES_TO_BEND = 200
MIN_GAIN_TO_BEND = 5.0  # nats; half the chi-square of one parameter at .002, as the best of four knots is taken


@dataclass(frozen=True)
class Calibrator:
    """Chance = 1 / (1 + exp(-(intercept + slope * raw_score + bend * max(0, raw_score - knot)))).

    Attributes
    ----------
    intercept, slope : float
        On the log-odds scale; a well-behaved unweighted model has about 0 and 1.
    knot, bend : float
        Where the line bends, and by how much; slope + bend is positive, so the ranking stays. 0 and 0: a straight line.
    n, n_positive : int
        Rows it was fitted on.
    is_slope_floored : bool
        True when scores ranked no better than chance: chances are then close to the base rate, in the order of the scores.
    """

    intercept: float
    slope: float
    n: int
    n_positive: int
    is_slope_floored: bool = False
    knot: float = 0.0
    bend: float = 0.0

    def apply(self, raw_score: np.ndarray) -> np.ndarray:
        """Return chances in 0 to 1 for raw log-odds."""
        raw = np.asarray(raw_score, dtype=np.float64)
        return sigmoid(self.intercept + self.slope * raw + self.bend * np.maximum(0.0, raw - self.knot))

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Calibrator:
        """Read what `to_json` gave."""
        return cls(**content)


def sigmoid(log_odds: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-x)) without overflow."""
    positive = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, positive) / (1.0 + positive)


def fit_calibrator(y: np.ndarray, raw_score: np.ndarray) -> Calibrator:
    """Fit intercept, slope and, where it pays, one bend by maximum likelihood (Newton's method).

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels 0/1 of rows in their natural proportion; both classes present.
    raw_score : ndarray of shape (n,)
        Log-odds that the model gave for rows it was not fitted on.

    Notes
    -----
    Platt's smoothed targets, (n_positive + 1) / (n_positive + 2) and 1 / (n_negative + 2), keep the fit finite when scores separate the
    classes perfectly; with hundreds of rows they change nothing that shows.
    """
    x = np.asarray(raw_score, dtype=np.float64)
    n, n_positive = len(x), int((y == 1).sum())
    target = np.where(y == 1, (n_positive + 1) / (n_positive + 2), 1 / (n - n_positive + 2))
    centre = float(x.mean())
    spread = float(x.std()) or 1.0
    design = np.column_stack([np.ones(n), (x - centre) / spread])
    weights = _newton(design, target)
    slope = float(weights[1]) / spread
    if slope >= MIN_SLOPE:
        straight = Calibrator(float(weights[0]) - slope * centre, slope, n, n_positive)
        return _bend(straight, x, target, centre, spread) if n_positive >= MIN_POSITIVES_TO_BEND else straight
    offset = MIN_SLOPE * (x - centre)
    intercept = float(_newton(design[:, :1], target, offset)[0])
    return Calibrator(intercept - MIN_SLOPE * centre, MIN_SLOPE, n, n_positive, is_slope_floored=True)


def _bend(straight: Calibrator, x: np.ndarray, target: np.ndarray, centre: float, spread: float) -> Calibrator:
    """Return the map with the best single bend, or the straight one where a bend gains too little or would turn the ranking round."""
    best, best_loss = straight, _loss(straight.intercept + straight.slope * x, target) - MIN_GAIN_TO_BEND
    for knot in np.unique(np.quantile(x, KNOT_SHARES)):
        design = np.column_stack([np.ones(len(x)), (x - centre) / spread, np.maximum(0.0, x - knot) / spread])
        weights = _newton(design, target)
        slope, bend = float(weights[1]) / spread, float(weights[2]) / spread
        loss = _loss(design @ weights, target)
        if loss < best_loss and slope >= MIN_SLOPE and slope + bend >= MIN_SLOPE:
            best_loss = loss
            best = replace(straight, intercept=float(weights[0]) - slope * centre, slope=slope, knot=float(knot), bend=bend)
    return best


def _newton(design: np.ndarray, target: np.ndarray, offset: np.ndarray | float = 0.0) -> np.ndarray:
    weights = np.zeros(design.shape[1])
    rate = float(target.mean())
    weights[0] = np.log(rate / (1 - rate))
    loss = _loss(design @ weights + offset, target)
    for _ in range(100):
        chance = sigmoid(design @ weights + offset)
        gradient = design.T @ (chance - target)
        hessian = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-9 * np.eye(len(weights))
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-6 and _loss(design @ (weights - size * step) + offset, target) > loss:
            size /= 2  # a full step may overshoot when scores nearly separate the classes
        weights = weights - size * step
        before, loss = loss, _loss(design @ weights + offset, target)
        if abs(before - loss) <= 1e-12 * max(1.0, loss):
            break
    return weights


def _loss(log_odds: np.ndarray, target: np.ndarray) -> float:
    return float(np.sum(np.logaddexp(0.0, log_odds) - target * log_odds))
