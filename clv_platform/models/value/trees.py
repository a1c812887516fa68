"""Gradient-boosted trees (LightGBM) for amounts and counts: what multiplies an expectation.

Here: `TreeModel`, a few boosters of different seeds on the log scale, on top of an offset: the level of all accounts ("raw"), the run rate,
or what the probability model expects. Only relations between accounts and the correction of the level are learnt, so few rounds and
large leaves are enough, and windows of different length mix. Keep the choice among them out (`choice`).

Each booster is fitted on one thread: results don't depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from clv_platform.models.boosting import model_text
from clv_platform.models.value.design import View
from clv_platform.models.value.fitting import FitError
from clv_platform.models.value.foundation import LEVEL, groups

if TYPE_CHECKING:
    import lightgbm as lgb

Floats = NDArray[np.float64]
Outcome = Literal["spend", "purchases", "active", "spend_if_active"]
Objective = Literal["tweedie", "poisson"]
N_BAGS, N_TRIAL_BAGS = 3, 1
CHECKPOINTS = (10, 20, 40, 80)
MAX_NUMBERS = 1_200_000  # rows x columns of one booster; more rows than this allows are drawn at random, anew for each booster
_MAX_ROWS, _MIN_ROWS = 50_000, 8_000
TIMES_FOR_COUNTS = 3  # as many rows where purchases are counted: RMSE .2 to 1.7 % lower on five dates; trees of amounts gained nothing
MIN_ROWS = 50
WIDE = 60  # columns; more make a booster dear, and two of them are nearly as steady as three
_PARAMS: Mapping[str, Any] = {
    "learning_rate": 0.07, "num_leaves": 8, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 10.0,
    "max_bin": 63, "verbosity": -1, "deterministic": True, "force_col_wise": True, "num_threads": 1,
}  # fmt: skip
TWEEDIE_POWER = (
    1.3  # of the variance in the mean, LightGBM's default being 1.5: the better order and the smaller error on earlier dates (ADR 0012)
)
_FLOOR = 1e-3


@dataclass(frozen=True)
class TreeSpec:
    """Which trees: outcome, loss, and the expectation that they multiply (a key of `Base.spend` and `Base.purchases`)."""

    outcome: Outcome
    objective: Objective
    offset: str

    def offsets(self, view: View) -> Floats:
        """Log of the expectation over each row's window, shape (n,); never below a thousandth of the mean of all accounts."""
        spend = np.maximum(view.base.spend[self.offset], _FLOOR * view.base.spend[LEVEL])
        purchases = np.maximum(view.base.purchases[self.offset], _FLOOR * view.base.purchases[LEVEL])
        expected = {
            "spend": spend,
            "purchases": purchases,
            "active": -np.expm1(-purchases),  # at least one of a Poisson number
            "spend_if_active": spend / np.maximum(-np.expm1(-purchases), 1e-12),
        }
        return np.log(np.maximum(expected[self.outcome], 1e-300))

    def actual(self, view: View) -> Floats:
        """Outcomes, those below 0 (more refunded than bought) as 0."""
        amount, number = np.maximum(view.rows.amount, 0.0), view.rows.purchases
        return {"purchases": number, "active": (number > 0).astype(np.float64)}.get(self.outcome, amount)

    def learnt_from(self, view: View) -> NDArray[np.intp]:
        """Positions of the rows that this outcome is learnt from."""
        return np.flatnonzero(view.rows.purchases > 0) if self.outcome == "spend_if_active" else np.arange(len(view))


@dataclass(frozen=True)
class TreeModel:
    """Boosters whose mean, added to offset and level, is the log of the expectation.

    Attributes
    ----------
    spec : TreeSpec
    level : float
        What all expectations of the offset are off by, as a logarithm.
    rounds : int
        Trees that count, of each booster.
    boosters : tuple of Booster
    """

    spec: TreeSpec
    level: float
    rounds: int
    boosters: tuple[lgb.Booster, ...]

    def log_mean(self, view: View) -> Floats:
        """Log of the expectation over each row's window, shape (n,)."""
        return self.log_path(view, (self.rounds,))[0]

    def log_path(self, view: View, rounds: Sequence[int]) -> tuple[Floats, ...]:
        """`log_mean` with the first so many rounds, for rising numbers of them; each tree is asked once."""
        start, total = self.spec.offsets(view) + self.level, np.zeros(len(view))
        path: list[Floats] = []
        for begin, end in pairwise((0, *rounds)):
            for booster in self.boosters:
                own = booster.predict(view.matrix.values, begin, end - begin, raw_score=True, num_threads=1)
                total += np.asarray(own)
            path.append(start + total / len(self.boosters))
        return tuple(path)

    def predict(self, view: View) -> Floats:
        """Expectation over each row's window, shape (n,)."""
        return np.exp(self.log_mean(view))

    def contributions(self, view: View) -> Floats:
        """Shapley values of the matrix's columns on the log scale, then the constant, shape (n, columns + 1); the offset isn't in it."""
        total = np.zeros((len(view), view.matrix.values.shape[1] + 1))
        for booster in self.boosters:
            total += np.asarray(booster.predict(view.matrix.values, pred_contrib=True, num_iteration=self.rounds, num_threads=1))
        return total / len(self.boosters)

    def at(self, rounds: int) -> TreeModel:
        """The same with fewer rounds."""
        return TreeModel(self.spec, self.level, rounds, self.boosters)

    def describe(self) -> dict[str, Any]:
        """Plain values of everything but the boosters."""
        return {"spec": asdict(self.spec), "level": self.level, "rounds": self.rounds}

    def texts(self) -> tuple[str, ...]:
        """LightGBM's own text of each booster, cut at the rounds that count."""
        import lightgbm as lgb

        return tuple(model_text(lgb.Booster(model_str=booster.model_to_string(num_iteration=self.rounds))) for booster in self.boosters)


class SharedBins:
    """Bins of a view's rows for all trees learnt from the same rows: filling them costs half as much as a booster; boosters are the same.

    Fits may run side by side: each has a copy of its own, which has only to be given its outcomes.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[tuple[int, int], lgb.Dataset] = {}

    def bin(self, rows: tuple[int, int], make: Callable[[], lgb.Dataset]) -> lgb.Dataset:
        """A copy of the data set that `make` gives for these rows (seed and number of rows); the first one's bins are everybody's."""
        with self._lock:
            if rows not in self._found:
                self._found[rows] = make().construct()
        return self._found[rows].subset(list(range(rows[1]))).construct()


def fit_trees(view: View, spec: TreeSpec, *, rounds: int, seed: int, n_bags: int = N_BAGS, bins: SharedBins | None = None) -> TreeModel:
    """Fit trees on learning rows.

    Parameters
    ----------
    view : View
        Rows with outcomes.
    spec : TreeSpec
    rounds : int
        Trees of each booster.
    n_bags : int
        Boosters of different seeds and samples of the rows.
    bins : SharedBins, optional
        Of this very view.

    Raises
    ------
    FitError
        When nobody bought anything in the learning windows.
    """
    import lightgbm as lgb

    own = spec.learnt_from(view)
    shared = bins if bins is not None and len(own) == len(view) else SharedBins()
    view = view if len(own) == len(view) else view.take(own)
    season = view.season
    outcome, offset = spec.actual(view), spec.offsets(view)
    if not outcome.any():
        raise FitError(f"trees for {spec.outcome}: nobody bought anything in the windows of {len(view):,} learning rows.")
    if len(view) < MIN_ROWS or not view.matrix.values.shape[1]:
        raise FitError(f"trees for {spec.outcome}: expected {MIN_ROWS} learning rows or more with columns that vary, found {len(view)}.")
    settings = {**_PARAMS, "objective": spec.objective, **_by_size(view)}
    if spec.objective == "tweedie":
        settings["tweedie_variance_power"] = TWEEDIE_POWER
    n_columns = view.matrix.values.shape[1]
    names = [f"f{column}" for column in range(n_columns)]
    scale = float(outcome.mean())  # in units of the mean, results don't depend on the currency's size
    y, start = outcome / scale, offset + _date_levels(view, outcome, np.exp(offset)) - np.log(scale)
    boosters: list[lgb.Booster] = []
    for bag in range(min(n_bags, 2) if n_columns > WIDE else n_bags):
        rows = _sample(len(view), n_columns, 1000 * seed + bag, _times(spec, n_columns))

        def make(rows: NDArray[np.intp] = rows) -> lgb.Dataset:
            values, nothing = view.matrix.values[rows], np.zeros(len(rows))
            return lgb.Dataset(values, nothing, feature_name=names, categorical_feature=list(view.matrix.categorical), params=settings)

        data = shared.bin((1000 * seed + bag, len(rows)), make)
        data.set_label(y[rows]).set_init_score(start[rows])
        boosters.append(lgb.train({**settings, "seed": 1000 * seed + bag}, data, num_boost_round=rounds))
    model = TreeModel(spec, 0.0, rounds, tuple(boosters))
    return replace(model, level=season_level(outcome, model.predict(view), season))


def _date_levels(view: View, actual: Floats, expected: Floats) -> Floats:
    """What each learning date's total is off by, as a logarithm per row.

    Trees start from there, so that they learn how accounts of one date differ. Otherwise the age of accounts, which tells the date where
    all came together, would carry the ups and downs of the past into the future.
    """
    levels = np.zeros(len(view))
    few = 0.01 * float(actual.sum()) + 1e-300
    for rows, _, _ in groups(view.rows):
        levels[rows] = np.log((float(actual[rows].sum()) + few) / (float(expected[rows].sum()) + few))
    return levels


def season_level(actual: Floats, fitted: Floats, season: Floats) -> float:
    """What the rows of the season to predict are off by, as a logarithm: shapes come from all rows, the level from these."""
    happened, expected = float(season @ actual), float(season @ fitted)
    return float(np.log(happened / expected)) if happened > 0 and expected > 0 else 0.0


def _by_size(view: View) -> dict[str, float | int]:
    n, p = view.matrix.values.shape
    return {"min_data_in_leaf": int(np.clip(n // 100, 10, 500)), "feature_fraction": float(np.clip(30 / max(p, 1), 0.25, 0.6))}


def tweedie_deviance(y: Floats, mean: Floats, power: float = TWEEDIE_POWER) -> float:
    """Mean Tweedie deviance for a power between 1 and 2; amounts below 0 count as 0."""
    amount, mu = np.maximum(y, 0.0), np.maximum(mean, 1e-12)
    parts = amount ** (2 - power) / ((1 - power) * (2 - power)) - amount * mu ** (1 - power) / (1 - power) + mu ** (2 - power) / (2 - power)
    return float(2 * parts.mean())


def poisson_deviance(y: Floats, mean: Floats) -> float:
    """Mean Poisson deviance of counts; means below 1e-12 count as that."""
    mu = np.maximum(mean, 1e-12)
    return float(2 * np.mean(np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0) / mu), 0.0) - y + mu))


def _times(spec: TreeSpec, n_columns: int) -> int:
    """How many times the usual rows a booster reads; where columns are many, the time they take decides."""
    return TIMES_FOR_COUNTS if spec.outcome == "purchases" and n_columns <= WIDE else 1


def _sample(n: int, n_columns: int, seed: int, times: int = 1) -> NDArray[np.intp]:
    most = times * int(np.clip(MAX_NUMBERS // max(n_columns, 1), _MIN_ROWS, _MAX_ROWS))
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def read_trees(content: Mapping[str, Any], texts: Sequence[str]) -> TreeModel:
    """Build from what `describe` and `texts` gave."""
    import lightgbm as lgb

    boosters = tuple(lgb.Booster(model_str=text) for text in texts)
    return TreeModel(TreeSpec(**content["spec"]), content["level"], content["rounds"], boosters)
