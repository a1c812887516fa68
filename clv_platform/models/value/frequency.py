"""Probability models of one date: how often and for how much accounts will buy, fitted on what they had done before it.

Here: `FrequencyFit` (a frequency model with its spending model, or the reason why there is none), its expectations over a window in days,
its draws and its JSON. Fitting looks at purchase summaries alone, so a fit at the test date uses no outcome. Add a family to `FAMILIES`;
keep likelihoods (`bg_nbd`, `pareto_nbd`, `gamma_gamma`) and what is learnt from outcomes (`foundation`) out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.models.value.bg_nbd import BgNbd, fit_bg_nbd
from clv_platform.models.value.fitting import FitError, FitReport
from clv_platform.models.value.gamma_gamma import GammaGamma, fit_gamma_gamma
from clv_platform.models.value.pareto_nbd import ParetoNbd, fit_pareto_nbd
from clv_platform.models.value.prediction import FrequencyModel, discounted_purchases, draw_purchases, draw_spend
from clv_platform.models.value.summary import PurchaseSummary

Floats = NDArray[np.float64]
FAMILIES = ("bg_nbd", "mbg_nbd", "pareto_nbd")
MAX_CUSTOMERS = 50_000  # more customers move no parameter's second decimal, and every date needs its own fit
_BATCH = 2_000_000


@dataclass(frozen=True)
class FrequencyFit:
    """A family fitted at one date.

    Attributes
    ----------
    family : str
        One of `FAMILIES`.
    unit_days : int
        Days in the model's unit of time.
    model, spending : model or None
        None: nothing could be fitted.
    note : str
        Why counts (or spend) by this family may not be used; empty when they may.
    spend_note : str
        The same of the spending model.
    """

    family: str
    unit_days: int
    model: FrequencyModel | None
    spending: GammaGamma | None
    note: str = ""
    spend_note: str = ""

    @property
    def can_count(self) -> bool:
        """Whether expected purchases may be used."""
        return self.model is not None and not self.note

    @property
    def can_value(self) -> bool:
        """Whether expected spend may be used."""
        return self.can_count and self.spending is not None and not self.spend_note

    def purchases(self, summary: pd.DataFrame, window_days: float) -> Floats:
        """Expected purchase days within a window; NaN for accounts that never bought."""
        has = has_history(summary)
        expected = np.full(len(summary), np.nan)
        if has.any():
            expected[has] = self._model.expected_purchases(purchase_summary(summary[has], self.unit_days), window_days / self.unit_days)
        return expected

    def value_per_purchase(self, summary: pd.DataFrame) -> Floats:
        """Expected amount of a purchase day, shape (n,)."""
        return self._spending.expected_spend(summary["n_valued"].to_numpy(), summary["mean_value"].to_numpy())

    def p_alive(self, summary: pd.DataFrame) -> Floats:
        """Chance of being still a customer; NaN for accounts that never bought."""
        has = has_history(summary)
        alive = np.full(len(summary), np.nan)
        if has.any():
            alive[has] = self._model.p_alive(purchase_summary(summary[has], self.unit_days))
        return alive

    def discount_factor(self, summary: pd.DataFrame, window_days: float, annual_rate: float) -> Floats:
        """Discounted over undiscounted expected purchases within a window, shape (n,); NaN for accounts that never bought."""
        has = has_history(summary)
        factor = np.full(len(summary), np.nan)
        if has.any():
            own = purchase_summary(summary[has], self.unit_days)
            horizon = window_days / self.unit_days
            total = self._model.expected_purchases(own, horizon)
            later = discounted_purchases(self._model, own, horizon, annual_rate=annual_rate, days_per_unit=self.unit_days, n_steps=12)
            with np.errstate(invalid="ignore", divide="ignore"):
                factor[has] = np.where(total > 1e-12, later / total, np.nan)
        return factor

    def quantiles(
        self, summary: pd.DataFrame, window_days: float, levels: tuple[float, ...], n_draws: int, seed: int
    ) -> tuple[Floats, Floats]:
        """Quantiles of what will be spent and of how often, by simulated futures; two arrays of shape (levels, n), NaN without history."""
        has = np.flatnonzero(has_history(summary))
        spend, counts = np.full((len(levels), len(summary)), np.nan), np.full((len(levels), len(summary)), np.nan)
        rng = np.random.default_rng(seed)
        step = max(1, _BATCH // n_draws)
        for start in range(0, len(has), step):
            rows = has[start : start + step]
            part = summary.iloc[rows]
            number = draw_purchases(self._model, purchase_summary(part, self.unit_days), window_days / self.unit_days, n_draws, rng)
            counts[:, rows] = np.quantile(number, levels, axis=1, method="higher")
            if self.spending is not None:
                money = draw_spend(self.spending, part["n_valued"].to_numpy(), part["mean_value"].to_numpy(), number, rng)
                spend[:, rows] = np.quantile(money, levels, axis=1)
        return spend, counts

    @property
    def _model(self) -> FrequencyModel:
        if self.model is None:
            raise FitError(f"{self.family}: {self.note}")
        return self.model

    @property
    def _spending(self) -> GammaGamma:
        if self.spending is None:
            raise FitError(f"{self.family}: {self.spend_note}")
        return self.spending

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "family": self.family,
            "unit_days": self.unit_days,
            "model": None if self.model is None else asdict(self.model),
            "spending": None if self.spending is None else asdict(self.spending),
            "note": self.note,
            "spend_note": self.spend_note,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> FrequencyFit:
        """Read what `to_json` gave."""
        kind = ParetoNbd if content["family"] == "pareto_nbd" else BgNbd
        model = None if content["model"] is None else kind(**content["model"])
        spending = None if content["spending"] is None else GammaGamma(**content["spending"])
        return cls(content["family"], content["unit_days"], model, spending, content["note"], content["spend_note"])


def has_history(summary: pd.DataFrame) -> NDArray[np.bool_]:
    """Which accounts have bought before their date."""
    return np.isfinite(summary["T_days"].to_numpy(dtype=np.float64))


def purchase_summary(summary: pd.DataFrame, unit_days: int) -> PurchaseSummary:
    """Summary columns in days to the models' input in their unit of time."""
    return PurchaseSummary.of(
        summary["frequency"].to_numpy(dtype=np.float64),
        summary["recency_days"].to_numpy(dtype=np.float64) / unit_days,
        summary["T_days"].to_numpy(dtype=np.float64) / unit_days,
    )


def fit_families(summary: pd.DataFrame, unit_days: int, families: tuple[str, ...] = FAMILIES) -> dict[str, FrequencyFit]:
    """Fit every family to the accounts of one date; the spending model, which they share, once.

    Parameters
    ----------
    summary : DataFrame
        One row per account of one date, with `SUMMARY_COLUMNS`; accounts that never bought are left out.
    unit_days : int
        Days in the models' unit of time.

    Returns
    -------
    dict of family to FrequencyFit
        A family that can't be fitted, didn't converge or is degenerate says so in its note; nothing raises for that.
    """
    bought = summary[has_history(summary)]
    if len(bought) > MAX_CUSTOMERS:
        bought = bought.iloc[np.sort(np.random.default_rng(0).choice(len(bought), MAX_CUSTOMERS, replace=False))]
    spending, spend_note = _fit_spending(bought)
    fits: dict[str, FrequencyFit] = {}
    for family in families:
        model, note = _fit(bought, unit_days, family)
        fits[family] = FrequencyFit(family, unit_days, model, spending, note, spend_note)
    return fits


def _fit(bought: pd.DataFrame, unit_days: int, family: str) -> tuple[FrequencyModel | None, str]:
    try:
        histories = purchase_summary(bought, unit_days)
        fitted: tuple[FrequencyModel, FitReport]
        fitted = fit_pareto_nbd(histories) if family == "pareto_nbd" else fit_bg_nbd(histories, is_modified=family == "mbg_nbd")
    except FitError as error:
        return None, str(error)
    model, report = fitted
    return model, "" if report.is_usable else report.reason


def _fit_spending(bought: pd.DataFrame) -> tuple[GammaGamma | None, str]:
    try:
        model, report = fit_gamma_gamma(bought["n_valued"].to_numpy(dtype=np.float64), bought["mean_value"].to_numpy(dtype=np.float64))
    except FitError as error:
        return None, str(error)
    return model, "" if report.is_usable else f"Gamma-Gamma: {report.reason}"
