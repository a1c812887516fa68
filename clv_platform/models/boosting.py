"""Gradient-boosted trees (LightGBM) for a rare yes/no: parameters, one fit, the number of rounds.

Here: `fit_booster`, the only place that fits trees; samplers run inside it, on fitted rows only. Add a parameter to `DEFAULTS` together
with docs/adr/0005-default-parameters.md; keep choosing arms (`arms`) and storing (`artifact`) out.

Each booster is fitted on one thread, and callers fit several at a time: the result does not depend on the number of threads, and on busy
cores many single-threaded fits beat one fit with many threads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from clv_platform.models.preprocessing import Matrix
from clv_platform.models.sampling import Arm, add_synthetic, positive_weight

if TYPE_CHECKING:
    import lightgbm as lgb

DEFAULTS: Mapping[str, float | int | bool] = {
    "learning_rate": 0.04,
    "num_leaves": 15,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 127,
    "bin_construct_sample_cnt": 200_000,  # LightGBM's own, named because it decides part of the time and of the figures (ADR 0005)
    "num_iterations": 500,
    "early_stopping_round": 40,
    "n_bags": 4,
    "n_random_bags": 0,
}
_FIXED = {"objective": "binary", "metric": "None", "verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1}
# Bins don't depend on the booster's seed and smallest leaf, so that boosters can share them.
_FIXED |= {"data_random_seed": 1, "feature_pre_filter": False}
_OURS = ("num_iterations", "early_stopping_round", "n_bags", "n_random_bags")
MIN_ROUNDS = 10
_RANDOM_ROUNDS = 1.6  # trees whose splits are drawn learn less each


@dataclass(frozen=True)
class BoosterSettings:
    """Everything that decides a fit, given rows, arm and seed.

    Attributes
    ----------
    params : dict
        LightGBM's own.
    max_rounds, patience : int
        Early stopping ends after `patience` rounds without a better log loss.
    n_bags : int
        Boosters of different seeds whose log-odds are averaged.
    n_random_bags : int
        How many of these draw the splits that they choose from (extremely randomised trees): other mistakes than the others'.
    sampling_ratio : float or None
        Positives per negative after the arm's treatment; None: the arm's own default.
    """

    params: dict[str, Any]
    max_rounds: int
    patience: int
    n_bags: int
    n_random_bags: int = 0
    sampling_ratio: float | None = None

    def of_bag(self, bag: int, rounds: int) -> tuple[BoosterSettings, int]:
        """Settings and rounds of one of the boosters, 0 to `n_bags` - 1, where a plain one has `rounds`."""
        if bag < self.n_bags - self.n_random_bags:
            return self, rounds
        return replace(self, params={**self.params, "extra_trees": True}), round(_RANDOM_ROUNDS * rounds)

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict for the manifest."""
        own = dict(zip(_OURS, (self.max_rounds, self.patience, self.n_bags, self.n_random_bags), strict=True))
        return {**self.params, **own} | ({} if self.sampling_ratio is None else {"sampling_ratio": self.sampling_ratio})

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> BoosterSettings:
        """Read what `to_json` gave."""
        params = {name: value for name, value in content.items() if name not in (*_OURS, "sampling_ratio")}
        rounds, patience, n_bags, n_random = (int(content.get(name, 0)) for name in _OURS)
        return cls(params, rounds, patience, n_bags, n_random, content.get("sampling_ratio"))


def resolve_settings(overrides: Mapping[str, float | int | bool], n_rows: int) -> BoosterSettings:
    """Merge the defaults with `training.lightgbm` of the config.

    Parameters
    ----------
    overrides : mapping
        LightGBM parameters by their full names, `n_bags` and `n_random_bags`.
    n_rows : int
        Training rows: below 5,000 the default smallest leaf shrinks to 2 % of them, at least 5 rows.
    """
    merged: dict[str, Any] = {**DEFAULTS, "min_data_in_leaf": int(np.clip(n_rows // 50, 5, DEFAULTS["min_data_in_leaf"])), **overrides}
    for name in _OURS:
        if name != "n_random_bags" and int(merged[name]) < 1:
            raise ValueError(f"training.lightgbm.{name}: expected a whole number of at least 1, found {merged[name]!r}.")
    if not 0 <= int(merged["n_random_bags"]) <= int(merged["n_bags"]):
        limits = f"0 to n_bags ({merged['n_bags']})"
        raise ValueError(f"training.lightgbm.n_random_bags: expected a whole number from {limits}, found {merged['n_random_bags']!r}.")
    params = {name: value for name, value in merged.items() if name not in _OURS}
    return BoosterSettings({**params, **_FIXED}, *(int(merged[name]) for name in _OURS))


@dataclass(frozen=True)
class BoosterFit:
    """A fitted booster and the number of its rounds that count."""

    booster: lgb.Booster
    best_rounds: int

    def raw_score(self, values: np.ndarray) -> np.ndarray:
        """Log-odds for matrix values of shape (n, p)."""
        return np.asarray(self.booster.predict(values, raw_score=True, num_iteration=self.best_rounds, num_threads=1), dtype=np.float64)


@dataclass(frozen=True)
class Bins:
    """Rows in bins, made once for several boosters: those to fit on, and those that stop early."""

    fit: lgb.Dataset
    check: lgb.Dataset | None


def bin_rows(matrix: Matrix, y: np.ndarray, settings: BoosterSettings, check: tuple[Matrix, np.ndarray] | None = None) -> Bins:
    """Put rows into bins, which takes a third of a fit's time: `fit_booster` takes them for every arm that adds no rows.

    Parameters
    ----------
    matrix, y, check
        As for `fit_booster`.
    settings : BoosterSettings
        Of any of the boosters; they may differ in everything but how bins are made.
    """
    import lightgbm as lgb

    names = [f"f{column}" for column in range(matrix.values.shape[1])]  # LightGBM refuses some characters in names; the manifest has ours
    common: dict[str, Any] = {"feature_name": names, "categorical_feature": list(matrix.categorical), "params": settings.params}
    data = lgb.Dataset(matrix.values, y, **common).construct()
    return Bins(data, lgb.Dataset(check[0].values, check[1], reference=data, **common).construct() if check else None)


def fit_booster(
    matrix: Matrix,
    y: np.ndarray,
    arm: Arm,
    settings: BoosterSettings,
    *,
    seed: int,
    rounds: int | None = None,
    check: tuple[Matrix, np.ndarray] | None = None,
    bins: Bins | None = None,
) -> BoosterFit:
    """Fit trees on rows treated by an arm.

    Parameters
    ----------
    matrix, y : Matrix, ndarray
        Rows to fit on; labels 0/1.
    arm : {"none", "class_weight", "smote"}
        Applied to these rows only.
    rounds : int, optional
        Fixed number of rounds; without it `check` decides.
    check : (Matrix, ndarray), optional
        Untouched later or held-out rows for early stopping on log loss. The weight or the added rows of the arm are taken out of the
        scores first (log-odds minus the log of the class ratio's change), so that all arms are stopped by the same yardstick.
    bins : Bins, optional
        What `bin_rows` gave for these very rows; an arm that adds rows makes its own.
    """
    import lightgbm as lgb

    values, labels = add_synthetic(matrix, y, seed, settings.sampling_ratio) if arm == "smote" else (matrix.values, y)
    weight = positive_weight(y, arm, settings.sampling_ratio)
    odds_ratio = weight * (labels == 1).sum() / max(1, (y == 1).sum())
    params = {**settings.params, "seed": seed, "scale_pos_weight": weight}
    if bins is None or arm == "smote":
        bins = bin_rows(replace(matrix, values=values), labels, settings, check)
    if bins.check is None:
        booster = lgb.train(params, bins.fit, num_boost_round=rounds or settings.max_rounds)
        return BoosterFit(booster, booster.num_trees())
    booster = lgb.train(
        params,
        bins.fit,
        num_boost_round=settings.max_rounds,
        valid_sets=[bins.check],
        feval=_log_loss_without(odds_ratio),
        callbacks=[lgb.early_stopping(settings.patience, verbose=False)],
    )
    return BoosterFit(booster, max(booster.best_iteration, MIN_ROUNDS))


def model_text(booster: lgb.Booster) -> str:
    """LightGBM's own text, without the parameters block (the manifest has them): equal models give equal text."""
    return re.sub(r"\nparameters:\n.*?end of parameters\n", "\n", booster.model_to_string(num_iteration=-1), flags=re.DOTALL)


def _log_loss_without(odds_ratio: float) -> Any:
    def log_loss(chance: np.ndarray, data: lgb.Dataset) -> tuple[str, float, bool]:
        y = data.get_label()
        odds = np.clip(chance, 1e-12, 1 - 1e-12)
        odds = odds / (1 - odds) / odds_ratio
        # log(1 + odds) - y log(odds): the log loss in terms of odds
        return "log_loss", float(np.mean(np.log1p(odds) - y * np.log(odds))), False

    return log_loss
