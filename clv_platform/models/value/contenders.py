"""The models that compete for being used: what each is made of, and how it is fitted to learning rows.

Here: `Member` (a fitted, storable model of one outcome) and `CONTENDERS` (how each is made). A member predicts spend or purchases over each
row's window. Add a contender to `CONTENDERS` with a reason why it might win; algorithms that can't be stored as text or JSON belong to
`comparators`. Keep the choice out (`choice`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from clv_platform.datasets import ValueRows
from clv_platform.models.value.contractual import Contractual, Kind, fit_contractual
from clv_platform.models.value.design import View
from clv_platform.models.value.fitting import FitError
from clv_platform.models.value.foundation import LEVEL, RUN_RATE, Foundation
from clv_platform.models.value.linear import LinearModel, fit_linear
from clv_platform.models.value.trees import TreeModel, TreeSpec, read_trees, season_level

Floats = NDArray[np.float64]
Purpose = Literal["spend", "purchases"]
BASELINES = ("mean", "past_spend_rate")
MAX_CONTRACTUAL_ROWS = 10_000  # the hazard reads each account-month several times
PROBABILITY = "(the chosen family)"  # as offset: the family of the foundation


@dataclass(frozen=True)
class Member:
    """A fitted model of one outcome.

    Attributes
    ----------
    name : str
    purpose : {"spend", "purchases"}
    key : str or None
        An expectation of `Base` that is taken as it is.
    trees : tuple of TreeModel
        Their product, such as chance x amount.
    times_value : bool
        Multiplied by the expected value of a purchase.
    linear : LinearModel or None
    contractual : Contractual or None
        Subscriptions: how long they stay x what they bring a month.
    level : float
        Multiplies everything.
    """

    name: str
    purpose: Purpose
    key: str | None = None
    trees: tuple[TreeModel, ...] = ()
    times_value: bool = False
    linear: LinearModel | None = None
    contractual: Contractual | None = None
    level: float = 1.0

    def predict(self, view: View) -> Floats:
        """Expectation over each row's window, shape (n,), finite and at least 0."""
        if self.key is not None:
            values = (view.base.spend if self.purpose == "spend" else view.base.purchases)[self.key]
        elif self.contractual is not None:
            values = self.contractual.predict(view.rows)
        elif self.linear is not None:
            values = self.linear.predict(view)
        else:
            values = np.exp(self.log_mean(view))
        return np.maximum(values, 0.0) * (1.0 if self.trees else self.level)  # that of trees is in their logarithm

    def log_mean(self, view: View) -> Floats:
        """Log of the expectation of trees, before which contributions add up."""
        total = np.log(self.level) + sum((model.log_mean(view) for model in self.trees), np.zeros(len(view)))
        return total + np.log(np.maximum(view.base.value_per_purchase, 1e-300)) if self.times_value else total

    def path(self, view: View, rounds: Sequence[int]) -> dict[int, Floats]:
        """What `predict` gives with the first so many rounds of the trees, by rising numbers of rounds."""
        constant = np.log(self.level) + (np.log(np.maximum(view.base.value_per_purchase, 1e-300)) if self.times_value else 0.0)
        logs = np.sum([model.log_path(view, rounds) for model in self.trees], axis=0)
        return {number: np.exp(constant + log) for number, log in zip(rounds, logs, strict=True)}

    def log_start(self, view: View) -> Floats:
        """The part of `log_mean` that isn't the trees': what they multiply."""
        total = np.log(self.level) + sum((model.spec.offsets(view) + model.level for model in self.trees), np.zeros(len(view)))
        return total + np.log(np.maximum(view.base.value_per_purchase, 1e-300)) if self.times_value else total

    def at(self, rounds: int) -> Member:
        """The same with the first so many rounds of its trees."""
        return replace(self, trees=tuple(model.at(rounds) for model in self.trees))

    def contributions(self, view: View) -> Floats:
        """Shapley values of the matrix's columns on the log scale, then the constant; what the offset says isn't in it."""
        return np.sum([model.contributions(view) for model in self.trees], axis=0)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; trees' texts are stored apart, in order."""
        return {
            "name": self.name,
            "purpose": self.purpose,
            "key": self.key,
            "trees": [model.describe() | {"n_boosters": len(model.boosters)} for model in self.trees],
            "times_value": self.times_value,
            "linear": None if self.linear is None else self.linear.to_json(),
            "contractual": None if self.contractual is None else self.contractual.to_json(),
            "level": self.level,
        }

    def texts(self) -> tuple[str, ...]:
        """LightGBM's text of every booster."""
        return tuple(text for model in self.trees for text in model.texts())

    @classmethod
    def from_json(cls, content: Mapping[str, Any], texts: Sequence[str]) -> Member:
        """Read what `to_json` and `texts` gave."""
        left = list(texts)
        trees: list[TreeModel] = []
        for item in content["trees"]:
            own, left = left[: item["n_boosters"]], left[item["n_boosters"] :]
            trees.append(read_trees(item, own))
        linear = None if content["linear"] is None else LinearModel.from_json(content["linear"])
        contractual = None if content["contractual"] is None else Contractual.from_json(content["contractual"])
        name, purpose, key, times_value = (content[field] for field in ("name", "purpose", "key", "times_value"))
        return cls(name, purpose, key, tuple(trees), times_value, linear, contractual, content["level"])


@dataclass(frozen=True)
class Contender:
    """How a member is made.

    Attributes
    ----------
    name : str
    purpose : {"spend", "purchases"}
    key : str or None
        An expectation taken as it is: nothing to fit.
    specs : tuple of TreeSpec
        Trees to fit; `PROBABILITY` as offset stands for the foundation's family.
    times_value, is_linear : bool
    contractual : {"hazard", "cohort_curve"} or None
        How staying of subscribers is learnt.
    """

    name: str
    purpose: Purpose
    key: str | None = None
    specs: tuple[TreeSpec, ...] = ()
    times_value: bool = False
    is_linear: bool = False
    contractual: Kind | None = None

    def missing(self, foundation: Foundation) -> str:
        """Why it can't be fitted on this foundation, in plain words; empty when it can."""
        if self.key is not None and self.key in foundation.notes:
            return foundation.notes[self.key]
        needs = any(spec.offset == PROBABILITY for spec in self.specs) or (self.key is not None and self.key not in _ALWAYS)
        if needs and (foundation.family is None or (self.key not in (None, PROBABILITY) and self.key not in foundation.usable)):
            return "no probability model of purchases is usable here"
        return ""

    def resolved(self, foundation: Foundation) -> tuple[TreeSpec, ...]:
        """Its trees, with the foundation's family as offset where one is wanted."""
        return tuple(replace(spec, offset=str(foundation.family)) if spec.offset == PROBABILITY else spec for spec in self.specs)

    def fit(self, learn: View, foundation: Foundation, trees: Mapping[TreeSpec, TreeModel], *, seed: int) -> Member:
        """Fit to learning rows.

        Parameters
        ----------
        learn : View
            Rows with outcomes.
        trees : mapping of TreeSpec to TreeModel
            Fitted to these rows; contenders share them.

        Raises
        ------
        FitError
            When the rows can't determine it, in plain words.
        """
        if self.key == PROBABILITY:
            member = Member(self.name, self.purpose, key=foundation.family)
            return replace(member, level=float(np.exp(season_level(self._outcome(learn), member.predict(learn), learn.season))))
        if self.key is not None:
            return Member(self.name, self.purpose, key=self.key)
        if self.contractual is not None:
            rows = sample_accounts(learn.rows, MAX_CONTRACTUAL_ROWS) if self.contractual == "hazard" else learn.rows
            return Member(self.name, self.purpose, contractual=fit_contractual(rows, self.contractual, seed=seed))
        if self.is_linear:
            return Member(self.name, self.purpose, linear=fit_linear(learn, seed))
        own = self.resolved(foundation)
        if any(spec not in trees for spec in own):
            raise FitError("nobody bought anything in the learning windows, or there are too few rows for trees")
        member = Member(self.name, self.purpose, trees=tuple(trees[spec] for spec in own), times_value=self.times_value)
        if len(own) == 1 and not self.times_value:
            return member
        # A product of two expectations isn't the expectation of the product: bring the total back.
        actual, expected = float(learn.season @ self._outcome(learn)), float(learn.season @ member.predict(learn))
        if not (actual > 0 and expected > 0):
            raise FitError("nothing was spent in the learning windows")
        return replace(member, level=actual / expected)

    def _outcome(self, learn: View) -> Floats:
        return np.maximum(learn.rows.amount if self.purpose == "spend" else learn.rows.purchases, 0.0)


def sample_accounts(rows: ValueRows, n: int) -> ValueRows:
    """About n rows: a random choice of the accounts, each with all its dates; all rows when there are no more."""
    if len(rows) <= n:
        return rows
    accounts, position = np.unique(rows.account_id.astype(str), return_inverse=True)
    is_kept = np.random.default_rng(0).permutation(len(accounts)) < len(accounts) * n / len(rows)
    return rows.take(is_kept[position])


_ALWAYS = (*BASELINES, LEVEL, RUN_RATE)


def _trees(name: str, purpose: Purpose, *specs: TreeSpec, times_value: bool = False) -> Contender:
    return Contender(name, purpose, specs=specs, times_value=times_value)


def _same(name: str, key: str | None = None) -> tuple[Contender, Contender]:
    return Contender(name, "spend", key=key or name), Contender(name, "purchases", key=key or name)


CONTENDERS: tuple[Contender, ...] = (
    *_same("mean"),
    *_same("past_spend_rate"),
    *_same("bg_nbd"),
    *_same("mbg_nbd"),
    *_same("pareto_nbd"),
    *_same("probability_levelled", PROBABILITY),
    Contender("contractual_hazard", "spend", contractual="hazard"),
    Contender("contractual_curve", "spend", contractual="cohort_curve"),
    Contender("linear_regression", "spend", is_linear=True),
    _trees("tweedie", "spend", TreeSpec("spend", "tweedie", LEVEL)),
    _trees("tweedie_on_run_rate", "spend", TreeSpec("spend", "tweedie", RUN_RATE)),
    _trees("tweedie_on_probability", "spend", TreeSpec("spend", "tweedie", PROBABILITY)),
    _trees("poisson_times_value", "spend", TreeSpec("purchases", "poisson", PROBABILITY), times_value=True),
    _trees("hurdle", "spend", TreeSpec("active", "poisson", RUN_RATE), TreeSpec("spend_if_active", "tweedie", RUN_RATE)),
    _trees("poisson", "purchases", TreeSpec("purchases", "poisson", LEVEL)),
    _trees("poisson_on_run_rate", "purchases", TreeSpec("purchases", "poisson", RUN_RATE)),
    _trees("poisson_on_probability", "purchases", TreeSpec("purchases", "poisson", PROBABILITY)),
)
