"""What customers will do over a horizon: expectations, discounted value, and whole distributions by simulation.

Here: posterior-predictive draws of counts and spend, which give intervals and medians, and discounting. An interval of the mean alone would
miss nearly every customer: what one person does scatters far more than its expectation is uncertain. Keep fitting out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clv_platform.models.value.bg_nbd import BgNbd
from clv_platform.models.value.gamma_gamma import GammaGamma
from clv_platform.models.value.pareto_nbd import ParetoNbd
from clv_platform.models.value.summary import PurchaseSummary

Floats = NDArray[np.float64]
FrequencyModel = BgNbd | ParetoNbd
_BATCH = 2_000_000  # numbers held at a time, so that memory doesn't grow with the customers
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Forecast:
    """What customers will do over one horizon; arrays of shape (n,).

    Attributes
    ----------
    purchases, purchases_median, purchases_lo, purchases_hi : ndarray
        Expected number of purchase days, its median and the bounds of the interval for what will happen.
    spend, spend_median, spend_lo, spend_hi : ndarray
        The same for the amount spent.
    """

    purchases: Floats
    purchases_median: Floats
    purchases_lo: Floats
    purchases_hi: Floats
    spend: Floats
    spend_median: Floats
    spend_lo: Floats
    spend_hi: Floats


def forecast(
    models: Sequence[FrequencyModel],
    spending: Sequence[GammaGamma],
    summary: PurchaseSummary,
    n_orders: ArrayLike,
    mean_value: ArrayLike,
    horizon: float,
    *,
    level: float = 0.9,
    n_draws: int = 1000,
    seed: int = 0,
) -> Forecast:
    """Forecast purchases and spend with intervals for what will happen.

    Parameters
    ----------
    models, spending : sequences of models
        The fitted models first; further ones, drawn from the uncertainty of the parameters, widen the draws by it. Expectations are the
        first's.
    n_orders, mean_value : arrays of shape (n,)
        Orders so far and their mean value, for the spending model.
    horizon : float
        In the summary's unit of time.
    level : float
        Of the interval.
    n_draws : int
        Futures per customer.

    Returns
    -------
    Forecast
    """
    expected = models[0].expected_purchases(summary, horizon)
    per_order = spending[0].expected_spend(n_orders, mean_value)
    counts, amounts = np.asarray(n_orders, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
    rng = np.random.default_rng(seed)
    tails = ((1 - level) / 2, 0.5, (1 + level) / 2)
    size = max(1, _BATCH // n_draws)
    parts: list[Floats] = []
    for start in range(0, len(summary), size):
        rows = slice(start, start + size)
        own = PurchaseSummary(summary.frequency[rows], summary.recency[rows], summary.T[rows])
        share = -(-n_draws // len(models))
        drawn = [draw_purchases(model, own, horizon, share, rng) for model in models]
        by_turn = [spending[position % len(spending)] for position in range(len(drawn))]
        spent = [draw_spend(model, counts[rows], amounts[rows], number, rng) for model, number in zip(by_turn, drawn, strict=True)]
        numbers, money = np.hstack(drawn), np.hstack(spent)
        parts.append(np.vstack([np.quantile(numbers, tails, axis=1, method="higher"), np.quantile(money, tails, axis=1)]))
    lo, median, hi, spend_lo, spend_median, spend_hi = np.hstack(parts) if parts else np.zeros((6, 0))
    return Forecast(expected, median, lo, hi, expected * per_order, spend_median, spend_lo, spend_hi)


def draw_purchases(model: FrequencyModel, summary: PurchaseSummary, horizon: float, n_draws: int, rng: np.random.Generator) -> Floats:
    """Draw futures: purchases in (T, T + horizon] per customer and draw, shape (n, n_draws)."""
    shape = (len(summary), n_draws)
    is_alive = rng.random(shape) < model.p_alive(summary)[:, None]
    rate = rng.gamma((model.r + summary.frequency)[:, None], 1.0, shape) / (model.alpha + summary.T)[:, None]
    if isinstance(model, ParetoNbd):
        with np.errstate(divide="ignore"):
            leaving = rng.gamma(model.s, 1.0, shape) / (model.beta + summary.T)[:, None]
            lifetime = rng.exponential(1.0, shape) / leaving
        return np.where(is_alive, rng.poisson(rate * np.minimum(lifetime, horizon)), 0).astype(np.float64)
    # Alive: the customer has passed one coin flip per repeat purchase (and one for the first in the modified form).
    chance = rng.beta(model.a, (model.b + summary.frequency + model.is_modified)[:, None], shape)
    # Purchases until the drop-out; a tiny chance means never within any horizon.
    until_gone = rng.geometric(np.clip(chance, 1e-12, 1.0))
    return np.where(is_alive, np.minimum(rng.poisson(rate * horizon), until_gone), 0).astype(np.float64)


def draw_spend(model: GammaGamma, n_orders: Floats, mean_value: Floats, purchases: Floats, rng: np.random.Generator) -> Floats:
    """Draw the amount of each drawn number of purchases, shape (n, n_draws)."""
    total = np.where(n_orders > 0, n_orders * mean_value, 0.0)
    # The customer's own scale, given what was spent so far; then the sum of that many gamma distributed orders.
    scale = rng.gamma((model.q + model.p * n_orders)[:, None], 1.0, purchases.shape) / (model.gamma + total)[:, None]
    amount = np.zeros_like(purchases)
    buys = purchases > 0
    amount[buys] = rng.gamma(model.p * purchases[buys]) / scale[buys]
    return amount


def discounted_purchases(
    model: FrequencyModel, summary: PurchaseSummary, horizon: float, *, annual_rate: float, days_per_unit: float, n_steps: int = 24
) -> Floats:
    """Expected purchases over a horizon, each discounted to T by a yearly rate; shape (n,).

    Parameters
    ----------
    annual_rate : float
        Such as .1 for 10 % a year.
    days_per_unit : float
        Days in the summary's unit of time.
    n_steps : int
        Parts of the horizon, each discounted at its middle.
    """
    edges = np.linspace(0.0, horizon, n_steps + 1)
    before = np.zeros(len(summary))
    total = np.zeros(len(summary))
    for begin, end in pairwise(edges):
        until = model.expected_purchases(summary, end)
        years = (begin + end) / 2 * days_per_unit / _DAYS_PER_YEAR
        total += (until - before) * (1 + annual_rate) ** -years
        before = until
    return total
