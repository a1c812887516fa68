"""When subscribers leave: who left between snapshots, and two models of it.

Here: `Departures`, `CohortCurve` (the shifted beta geometric by age) and `Hazard` (LightGBM on account-months), each with its fit.

Who left is told by the learning rows alone: an account at risk has a row with an active subscription at one date, and has left when it has
none at the next date. So no label is read that could reach past the learning windows, and a pause counts as leaving. A date may also say
something of later periods (the lead): an account with a bad month is likelier to leave soon than in half a year.
Add another model with the same `hazards`. Keep money out (`contractual`).

References
----------
Fader, Hardie (2010), Customer-base valuation in a contractual setting: the perils of ignoring heterogeneity, Marketing Science 29.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from clv_platform.datasets import ValueRows
from clv_platform.datasets.value_splits import account_part
from clv_platform.models.preprocessing import Preprocessing, fit_preprocessing
from clv_platform.models.value.fitting import FitError, FitReport, maximise
from clv_platform.models.value.shifted_beta_geometric import ShiftedBetaGeometric

Floats = NDArray[np.float64]
MAX_LEADS = 12
_MAX_ROWS, _MIN_ROWS, _MAX_NUMBERS = 60_000, 10_000, 1_600_000  # of columns x account-months
_ROUNDS, _PATIENCE = 300, 30
_CHUNK, _NEGLIGIBLE = 2048, 1e-13
_UNEVEN = 0.25  # months differ by a tenth; dates further from their usual distance aren't periods of one length
_PARAMS: Mapping[str, Any] = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 8, "feature_fraction": 0.6, "bagging_fraction": 0.7, "bagging_freq": 1,
    "lambda_l2": 10.0, "max_bin": 127, "verbosity": -1, "deterministic": True, "force_col_wise": True, "num_threads": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Departures:
    """Accounts at risk from one snapshot to the next.

    Attributes
    ----------
    row : ndarray of int, shape (m,)
        Learning row whose features are known at the start.
    lead : ndarray of int, shape (m,)
        Periods from that row to the period at risk: 0 is the next one.
    has_left : ndarray of bool, shape (m,)
        Whether the account left within it.
    period_days : float
        Length of a period: the usual distance of dates.
    """

    row: NDArray[np.intp]
    lead: NDArray[np.intp]
    has_left: NDArray[np.bool_]
    period_days: float


def is_active(X: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows have a subscription that runs; all of them where its number isn't a feature."""
    if "n_active_subscriptions" not in X.columns:
        return np.ones(len(X), dtype=bool)
    return np.nan_to_num(X["n_active_subscriptions"].to_numpy(dtype=np.float64)) > 0


def find_departures(rows: ValueRows, max_leads: int = MAX_LEADS) -> Departures:
    """Follow active accounts from date to date.

    Parameters
    ----------
    rows : ValueRows
        Learning rows of several dates; outcomes aren't read.
    max_leads : int
        Periods to follow from each row.

    Raises
    ------
    FitError
        With fewer than two dates, or dates at uneven distances.
    """
    dates, date_of = np.unique(rows.as_of_date, return_inverse=True)
    if len(dates) < 2:
        raise FitError(f"subscriptions: expected learning rows of at least two dates to see who left between them, found {len(dates)}.")
    gaps = np.diff(dates).astype("timedelta64[D]").astype(np.float64)
    period = float(np.median(gaps))
    if (np.abs(gaps / period - 1) > _UNEVEN).any():
        raise FitError(
            f"subscriptions: expected dates about {period:.0f} days apart, found distances of {gaps.min():.0f} to {gaps.max():.0f} days, "
            "so periods have no common length."
        )
    codes, accounts = pd.factorize(rows.account_id)
    position = np.full((len(accounts), len(dates)), -1, dtype=np.int64)
    active = np.flatnonzero(is_active(rows.X))
    position[codes[active], date_of[active]] = active
    is_here = position >= 0
    parts: list[tuple[NDArray[np.intp], int, NDArray[np.bool_]]] = []
    still = is_here
    for lead in range(min(max_leads, len(dates) - 1)):
        # `still`: active at the row's date and at every one up to the start of the period at risk.
        begins = still[:, : len(dates) - 1 - lead]
        stays = is_here[:, lead + 1 :]
        parts.append((position[:, : begins.shape[1]][begins], lead, ~stays[begins]))
        still = begins & stays
    row = np.concatenate([part[0] for part in parts])
    lead_of = np.concatenate([np.full(len(part[0]), part[1], dtype=np.intp) for part in parts])
    return Departures(row, lead_of, np.concatenate([part[2] for part in parts]), period)


@dataclass(frozen=True)
class CohortCurve:
    """Shifted beta geometric by an account's age in periods: the longer it has stayed, the more faithful it is likely to be."""

    curve: ShiftedBetaGeometric
    age_column: str

    def hazards(self, X: pd.DataFrame, n_periods: int, period_days: float) -> Floats:
        """Chance to leave in each of the next periods, given that it came to that, shape (n, n_periods)."""
        age = ages_in_periods(X, self.age_column, period_days)
        return 1 - self.curve.retention(age[:, None] + np.arange(1, n_periods + 1))

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"kind": "cohort_curve", "alpha": self.curve.alpha, "beta": self.curve.beta, "age_column": self.age_column}


@dataclass(frozen=True)
class Hazard:
    """Chance to leave in a coming period, by LightGBM on account-months.

    Attributes
    ----------
    preprocessing : Preprocessing
    booster : str
        LightGBM's own text; its last column is the lead in periods.
    n_leads : int
        Leads seen in the learning rows; later periods are taken for the last of them.
    log_odds : float
        Added to raw scores.
    """

    preprocessing: Preprocessing
    booster: str
    n_leads: int
    log_odds: float

    def hazards(self, X: pd.DataFrame, n_periods: int, period_days: float) -> Floats:
        """Chance to leave in each of the next periods, given that it came to that, shape (n, n_periods); `period_days` isn't read."""
        import lightgbm as lgb

        booster = lgb.Booster(model_str=self.booster)
        values = self.preprocessing.transform(X).values
        known = min(n_periods, self.n_leads)
        found = np.zeros((len(X), n_periods))
        for lead in range(known):
            raw = booster.predict(_with_lead(values, np.full(len(X), lead)), raw_score=True, num_threads=1)
            found[:, lead] = expit(np.asarray(raw) + self.log_odds)
        found[:, known:] = found[:, known - 1 : known]
        return found

    def to_json(self) -> dict[str, Any]:
        """Return plain values; trees as LightGBM's text."""
        own = {"kind": "hazard", "booster": self.booster, "n_leads": self.n_leads, "log_odds": self.log_odds}
        return own | {"preprocessing": self.preprocessing.to_json()}


def read_leaving(content: Mapping[str, Any]) -> CohortCurve | Hazard:
    """Read what `to_json` gave."""
    if content["kind"] == "hazard":
        return Hazard(Preprocessing.from_json(content["preprocessing"]), content["booster"], content["n_leads"], content["log_odds"])
    return CohortCurve(ShiftedBetaGeometric(content["alpha"], content["beta"]), content["age_column"])


def discounted_lifetime(model: ShiftedBetaGeometric, age: ArrayLike, rate: float) -> Floats:
    """Expected renewals without end, each discounted by `rate` per period, of subscribers that have lasted `age` periods.

    Notes
    -----
    Fader and Hardie's discounted expected residual lifetime, whose first renewal is due at once, is this times (1 + rate). Summed term by
    term: all terms are positive, while SciPy's hypergeometric function gives NaN for parameters above a thousand.
    """
    if rate <= 0:
        raise ValueError(f"discounted lifetime: expected a discount rate above 0, found {rate:g}; without one the sum may have no end.")
    ages, own = np.unique(np.asarray(age, dtype=np.float64), return_inverse=True)
    ahead = np.arange(_CHUNK, dtype=np.float64)
    last, total = np.ones(len(ages)), np.zeros(len(ages))
    while (last > _NEGLIGIBLE * rate * total).any():  # what is left is at most the last term / rate
        base = model.beta + ages[:, None] + ahead
        terms = last[:, None] * np.cumprod(base / (model.alpha + base) / (1 + rate), axis=1)
        total += terms.sum(axis=1)
        last = terms[:, -1]
        ahead += _CHUNK
    return total[own].reshape(np.shape(age))


def fit_cohort_hazards(at_risk: ArrayLike, lost: ArrayLike) -> tuple[ShiftedBetaGeometric, FitReport]:
    """Fit the shifted beta geometric to accounts at risk and lost at each age, whenever they were first seen.

    Parameters
    ----------
    at_risk, lost : arrays of shape (n_periods,)
        Of those that had lasted 0, 1, ... periods: how many were watched for one more, and how many of these left. For one cohort that is
        followed from its start this is the likelihood of `fit_shifted_beta_geometric`.

    Raises
    ------
    FitError
        Without anybody at risk or lost, or with more lost than at risk.
    """
    n, gone = np.asarray(at_risk, dtype=np.float64), np.asarray(lost, dtype=np.float64)
    if n.shape != gone.shape or n.ndim != 1 or (gone > n).any() or (gone < 0).any():
        raise FitError("sBG: expected at each age at most as many lost as at risk.")
    if not gone.any() or not (n - gone).any():
        raise FitError(f"sBG: of {n.sum():,.0f} account-months {gone.sum():,.0f} ended, so there is nothing to learn about leaving.")
    t, stayed = np.arange(len(n), dtype=np.float64), n - gone

    def likelihood(values: Floats) -> tuple[float, Floats]:
        alpha, beta = values.tolist()
        total = float(gone.sum() * np.log(alpha) + stayed @ np.log(beta + t) - n @ np.log(alpha + beta + t))
        both = n @ (1 / (alpha + beta + t))
        return total, np.array([gone.sum() / alpha - both, stayed @ (1 / (beta + t)) - both])

    values, report = maximise(likelihood, ((1.0, 1.0), (0.5, 4.0), (1.0, 30.0)), ("alpha", "beta"), float(n.sum()), (1.0, 1.0))
    return ShiftedBetaGeometric(*values.tolist()), report


def fit_curve(rows: ValueRows, departures: Departures) -> CohortCurve:
    """Fit the shifted beta geometric by age; FitError when the features tell no age or the fit isn't usable."""
    column = next((name for name in ("tenure_days", "days_since_plan_start") if name in rows.X.columns), None)
    if column is None:
        raise FitError("sBG: expected tenure_days or days_since_plan_start among the features, found neither.")
    first = departures.lead == 0
    age = ages_in_periods(rows.X, column, departures.period_days)[departures.row[first]].astype(np.int64)
    lost = np.bincount(age, departures.has_left[first])
    model, report = fit_cohort_hazards(np.bincount(age), lost)
    if not report.is_usable:
        raise FitError(f"sBG: {report.reason}.")
    return CohortCurve(model, column)


def fit_hazard(rows: ValueRows, departures: Departures, seed: int = 0) -> Hazard:
    """Fit LightGBM to account-months: a row per account at risk and lead, features as known at the row's date."""
    import lightgbm as lgb

    from clv_platform.models.boosting import model_text

    preprocessing = fit_preprocessing(rows.X, rows.features)
    matrix = preprocessing.transform(rows.X)
    most = int(np.clip(_MAX_NUMBERS // max(matrix.values.shape[1], 1), _MIN_ROWS, _MAX_ROWS))
    chosen, weight = _thin_out(departures.has_left, most, seed)
    row, y = departures.row[chosen], departures.has_left[chosen].astype(np.float64)
    values = _with_lead(matrix.values[row], departures.lead[chosen])
    log_odds = float(np.log((y * weight).sum()) - np.log(((1 - y) * weight).sum()))
    settings = {**_PARAMS, "seed": seed, "min_data_in_leaf": int(np.clip(len(y) // 100, 10, 500))}
    names = [f"f{column}" for column in range(values.shape[1])]

    def data(here: NDArray[np.bool_]) -> lgb.Dataset:
        start = np.full(int(here.sum()), log_odds)
        return lgb.Dataset(
            values[here], y[here], weight=weight[here], init_score=start, feature_name=names,
            categorical_feature=list(matrix.categorical), params=settings,
        )  # fmt: skip

    # How many trees: by accounts that weren't learnt from.
    held = account_part(rows.account_id[row], seed) == 0
    rounds = _ROUNDS // 3
    if 0 < y[held].sum() < held.sum() and y[~held].sum() > 0:
        stop = lgb.early_stopping(_PATIENCE, verbose=False)
        learn = data(~held)
        tried = lgb.train(settings, learn, _ROUNDS, valid_sets=[data(held).set_reference(learn)], callbacks=[stop])
        rounds = max(1, tried.best_iteration)
    booster = lgb.train(settings, data(np.ones(len(y), dtype=bool)), rounds)
    return Hazard(preprocessing, model_text(booster), int(departures.lead.max()) + 1, log_odds)


def _thin_out(has_left: NDArray[np.bool_], n: int, seed: int) -> tuple[NDArray[np.intp], Floats]:
    """Positions of all departures and of as many others as fit into n rows, and the weights that make up for those left out."""
    left, stayed = np.flatnonzero(has_left), np.flatnonzero(~has_left)
    rng = np.random.default_rng(seed)
    parts: list[NDArray[np.intp]] = []
    weights: list[Floats] = []
    for some, most in ((left, n // 2), (stayed, n // 2)):
        kept = some if len(some) <= most else rng.choice(some, most, replace=False)
        parts.append(kept)
        weights.append(np.full(len(kept), len(some) / max(len(kept), 1)))
    order = np.argsort(np.concatenate(parts), kind="stable")
    return np.concatenate(parts)[order], np.concatenate(weights)[order]


def _with_lead(values: NDArray[np.float32], lead: NDArray[np.intp]) -> NDArray[np.float32]:
    return np.column_stack([values, lead.astype(np.float32)])


def ages_in_periods(X: pd.DataFrame, column: str, period_days: float) -> Floats:
    """Whole periods lasted; 0 where unknown."""
    return np.floor(np.nan_to_num(np.maximum(X[column].to_numpy(dtype=np.float64), 0.0)) / period_days)
