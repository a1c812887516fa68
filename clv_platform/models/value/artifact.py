"""A trained value model as files: probability models and tables as JSON, trees as LightGBM text, and a manifest. No pickle.

Here: `ValueArtifact`, its forecast and its contributions. Fresh from training and read from disk are the same object. Keep training
(`training`) and the choice of which model is used (`models.store`) out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.contracts.features import Feature
from clv_platform.datasets import SUMMARY_COLUMNS, ValueRows
from clv_platform.models.artifact import compare_features, frame_types
from clv_platform.models.identity import to_text
from clv_platform.models.preprocessing import Preprocessing
from clv_platform.models.value.calibration import DecileCalibration
from clv_platform.models.value.contenders import Member
from clv_platform.models.value.contract_spread import ContractSpread
from clv_platform.models.value.design import HISTORY, Design, View
from clv_platform.models.value.foundation import Foundation
from clv_platform.models.value.intervals import Spread, bound, bound_counts
from clv_platform.models.value.quantiles import QuantileModel

Floats = NDArray[np.float64]
KIND = "value"
BATCH_ROWS = 50_000
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class ValueManifest:
    """What a value model is and where it came from.

    Attributes
    ----------
    model_id : str
        `<cutoff>-<8 hex digits>` of config hash, data hash, target, seed and what was chosen.
    kind : str
        `value`.
    features : dict
        Name -> type of every feature given at training, in order.
    dropped : dict
        Name -> reason of features that the learning rows could say nothing with.
    champion, purchases_champion : dict
        Contender -> weight of the expected spend and of the expected purchases.
    family : str or None
        Probability model behind p_alive and simulated futures.
    interval_method, median_method : str
        Of amounts (`neighbours`, `simulation`, `quantiles`, `subscriptions`); of the number of purchases (the first two). Whichever kept
        its promise best at the origins.
    learning : list of [date, days]
        The windows learnt from.
    notes : dict
        Why a probability model isn't used.
    params, versions, metrics : dict
        Rounds of trees by contender, library versions, figures at the origins (`backtest_...`; `total_error`, see `origin_totals`).
    """

    model_id: str
    kind: str
    target: str
    target_kind: str
    horizon_days: int
    cutoff: str
    config_hash: str
    data_hash: str
    seed: int
    features: dict[str, str]
    dropped: dict[str, str]
    champion: dict[str, float]
    purchases_champion: dict[str, float]
    family: str | None
    interval_method: str
    median_method: str
    learning: list[list[Any]]
    notes: dict[str, str]
    params: dict[str, Any]
    versions: dict[str, str]
    metrics: dict[str, float]
    n_rows: int
    n_accounts: int
    train_from: str
    train_to: str
    annual_discount_rate: float
    reasons: list[str] = field(default_factory=list)
    schema_version: int = 1


@dataclass(frozen=True)
class ValueForecast:
    """What accounts will bring over a horizon; arrays of shape (n,), finite but for `p_alive`.

    Attributes
    ----------
    spend, spend_median, lo, hi : ndarray
        Expected amount, its median, and the interval that holds 90 % of what will happen; both lie within it.
    discounted : ndarray
        Expected amount, each day's discounted to the as-of date.
    purchases, purchases_median : ndarray
        Expected and median number of days with a purchase.
    p_alive : ndarray
        Chance of being still a customer; NaN where no frequency model applies.
    purchases_lo, purchases_hi : ndarray
        The interval that holds 90 % of what the number of purchases will be.
    """

    spend: Floats
    spend_median: Floats
    lo: Floats
    hi: Floats
    discounted: Floats
    purchases: Floats
    purchases_median: Floats
    p_alive: Floats
    purchases_lo: Floats
    purchases_hi: Floats

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self.spend)


@dataclass(frozen=True)
class ValueModel:
    """The fitted parts.

    Attributes
    ----------
    foundation : Foundation
        Stored at the test date.
    design : Design
    spend, purchases : tuple of (Member, float)
        Members and weights.
    spend_calibration, purchases_calibration : DecileCalibration
    spend_spread, purchases_spread : Spread
    centre : float
        Mean log expectation that trees multiply, the constant of contributions.
    quantiles : QuantileModel or None
        Bounds of the spend where that method is used.
    contracts : ContractSpread or None
        The same of the method `subscriptions`.
    """

    foundation: Foundation
    design: Design
    spend: tuple[tuple[Member, float], ...]
    purchases: tuple[tuple[Member, float], ...]
    spend_calibration: DecileCalibration
    purchases_calibration: DecileCalibration
    spend_spread: Spread
    purchases_spread: Spread
    centre: float = 0.0
    quantiles: QuantileModel | None = None
    contracts: ContractSpread | None = None

    def expect(self, view: View) -> tuple[Floats, Floats]:
        """Expected spend and purchases over each row's window."""
        window = view.rows.window_days
        spend = np.sum([weight * member.predict(view) for member, weight in self.spend], axis=0)
        purchases = np.sum([weight * member.predict(view) for member, weight in self.purchases], axis=0)
        return self.spend_calibration.apply(spend, window), self.purchases_calibration.apply(purchases, window)

    @property
    def trees(self) -> tuple[tuple[Member, float], ...]:
        """Tree members of the spend model; weights add up to 1."""
        own = [(member, weight) for member, weight in self.spend if member.trees]
        total = sum(weight for _, weight in own)
        return tuple((member, weight / total) for member, weight in own)


@dataclass(frozen=True)
class ValueArtifact:
    """A trained value model; what a champion is."""

    manifest: ValueManifest
    model: ValueModel

    def predict(self, X: pd.DataFrame, summary: pd.DataFrame, horizon_days: float | None = None) -> ValueForecast:
        """Forecast accounts.

        Parameters
        ----------
        X : DataFrame of shape (n, p)
            The manifest's features.
        summary : DataFrame of shape (n, 7)
            `SUMMARY_COLUMNS` of the same accounts.
        horizon_days : float, optional
            By default the target's.

        Returns
        -------
        ValueForecast
            No value depends on which other accounts are asked for, but for the last digits of simulated bounds.

        Raises
        ------
        FeatureMismatch
            When a feature is absent or of another type.
        """
        horizon = float(horizon_days or self.manifest.horizon_days)
        parts = [self._forecast(view, horizon) for view in self._views(X, summary, horizon)]
        return ValueForecast(*(np.concatenate([getattr(part, name) for part in parts]) for name in ValueForecast.__dataclass_fields__))

    def _forecast(self, view: View, horizon: float) -> ValueForecast:
        model, seed = self.model, self.manifest.seed
        spend, purchases = model.expect(view)
        method, ways = self.manifest.interval_method, (model.quantiles, model.contracts)
        lo, median, hi = bound(method, model.spend_spread, view, model.foundation, spend, seed, *ways)
        least, number, most = bound_counts(self.manifest.median_method, model.purchases_spread, view, model.foundation, purchases, seed)
        return ValueForecast(
            spend,
            median,
            lo,
            hi,
            spend * self._discount(view, horizon),
            purchases,
            number,
            view.base.p_alive,
            least,
            most,
        )

    def _discount(self, view: View, horizon: float) -> Floats:
        rate = self.manifest.annual_discount_rate
        years = horizon / _DAYS_PER_YEAR
        even = 1.0 if rate == 0 else -np.expm1(-years * np.log1p(rate)) / (years * np.log1p(rate))
        factor = np.full(len(view), np.nan)
        foundation = self.model.foundation
        if foundation.family is not None:
            factor = foundation.fits_at(None)[foundation.family].discount_factor(view.rows.summary, horizon, rate)
        return np.where(np.isfinite(factor), factor, even)

    @property
    def preprocessing(self) -> Preprocessing:
        """How features (and columns of the history) become numbers."""
        return self.model.design.preprocessing

    @property
    def contribution_names(self) -> tuple[str, ...]:
        """Columns of `contributions`."""
        return (*self.manifest.features, HISTORY, "(constant)")

    def contributions(self, X: pd.DataFrame, summary: pd.DataFrame) -> Floats:
        """Exact Shapley values of the spend model's trees on the log scale.

        Returns
        -------
        ndarray of shape (n, p + 2)
            A column per feature of the manifest (dropped ones are 0), then everything that the purchase history says (its columns and the
            expectation that trees multiply), last the constant. Rows add up to `log_spend`. Without trees all is purchase history.
        """
        position = {name: column for column, name in enumerate(self.manifest.features)}
        parts: list[Floats] = []
        for view in self._views(X, summary, float(self.manifest.horizon_days)):
            part = np.zeros((len(view), len(position) + 2))
            for member, weight in self.model.trees:
                values = weight * member.contributions(view)
                for column, source in enumerate(view.matrix.sources):
                    part[:, position.get(source, -2)] += values[:, column]
                part[:, -1] += values[:, -1]
            part[:, -1] += self.model.centre
            part[:, -2] += self._log_spend(view) - part.sum(axis=1)
            parts.append(part)
        return np.vstack(parts)

    def log_spend(self, X: pd.DataFrame, summary: pd.DataFrame) -> Floats:
        """What contributions explain: the weighted mean of the logs of the spend model's trees (without trees: the log of the spend)."""
        return np.concatenate([self._log_spend(view) for view in self._views(X, summary, float(self.manifest.horizon_days))])

    def _log_spend(self, view: View) -> Floats:
        if not self.model.trees:
            return np.log(np.maximum(self.model.expect(view)[0], 1e-12))
        return np.sum([weight * member.log_mean(view) for member, weight in self.model.trees], axis=0)

    def _views(self, X: pd.DataFrame, summary: pd.DataFrame, horizon: float) -> list[View]:
        compare_features(self.manifest, frame_types(self.manifest.features), frame_types(X))
        absent = [name for name in SUMMARY_COLUMNS if name not in summary.columns]
        if absent or len(summary) != len(X):
            raise ValueError(
                f"purchase summaries: expected {len(X)} rows with {', '.join(SUMMARY_COLUMNS)}, found {len(summary)} rows"
                + (f" without {', '.join(absent)}" if absent else "")
                + ". Take them from fct_purchase_summaries for the same accounts and date."
            )
        views: list[View] = []
        for start in range(0, max(len(X), 1), BATCH_ROWS):
            part = slice(start, start + BATCH_ROWS)
            n = len(X.iloc[part])
            unknown = np.full(n, np.nan)
            rows = ValueRows(
                X.iloc[part].reset_index(drop=True), summary.iloc[part].reset_index(drop=True)[list(SUMMARY_COLUMNS)], unknown, unknown,
                np.full(n, horizon), np.full(n, "", dtype=object), np.full(n, "NaT", dtype="datetime64[D]"), (),
            )  # fmt: skip
            views.append(self.model.design.view(rows, self.model.foundation))
        return views

    def check_features(self, features: Sequence[Feature]) -> None:
        """Check names and types against a feature catalogue; FeatureMismatch names what is absent or of another type."""
        compare_features(self.manifest, self.manifest.features, {feature.name: feature.type for feature in features})

    def fitted_files(self) -> dict[str, str]:
        """Texts of everything that was fitted, by file name: all of the folder but the manifest."""
        texts: list[str] = []
        outcomes: dict[str, list[dict[str, Any]]] = {"spend": [], "purchases": []}
        for name, members in (("spend", self.model.spend), ("purchases", self.model.purchases)):
            for member, weight in members:
                outcomes[name].append({"weight": weight, "member": member.to_json(), "n_texts": len(member.texts())})
                texts += member.texts()
        content = {
            "foundation": self.model.foundation.to_json(),
            "design": self.model.design.to_json(),
            **outcomes,
            "centre": self.model.centre,
            **{name: getattr(self.model, name).to_json() for name in _TABLES},
            **({} if self.model.contracts is None else {"contracts": self.model.contracts.to_json()}),
        }
        bounds = self.model.quantiles.texts() if self.model.quantiles else ()
        return {
            **{f"model_{position}.txt": text for position, text in enumerate(texts)},
            **{f"quantile_{position}.txt": text for position, text in enumerate(bounds)},
            "value_model.json": to_text(content),
        }

    def to_folder(self, folder: Path) -> None:
        """Write into an existing empty folder; `store.save_artifact` makes that atomic."""
        for name, text in {**self.fitted_files(), "manifest.json": to_text(asdict(self.manifest))}.items():
            (folder / name).write_text(text, encoding="utf-8")

    @classmethod
    def from_folder(cls, folder: Path) -> ValueArtifact:
        """Read what `to_folder` wrote.

        Raises
        ------
        ValueError
            When a file is missing or broken; names the folder and the remedy.
        """
        try:
            manifest = ValueManifest(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
            content = json.loads((folder / "value_model.json").read_text(encoding="utf-8"))
            quantiles = _read_texts(folder, "quantile_")
            model = replace(_read_model(content, _read_texts(folder, "model_")), quantiles=_read_quantiles(quantiles))
            return cls(manifest, model)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{folder}: not a readable value model ({error}). Remove the folder and train again.") from error


_TABLES = ("spend_calibration", "purchases_calibration", "spend_spread", "purchases_spread")


def _read_texts(folder: Path, prefix: str) -> list[str]:
    files = sorted(folder.glob(f"{prefix}*.txt"), key=lambda file: int(file.stem.removeprefix(prefix)))
    return [file.read_text(encoding="utf-8") for file in files]


def _read_quantiles(texts: Sequence[str]) -> QuantileModel | None:
    return QuantileModel.from_texts(texts) if texts else None


def _read_model(content: Mapping[str, Any], texts: list[str]) -> ValueModel:
    outcomes: dict[str, tuple[tuple[Member, float], ...]] = {}
    for name in ("spend", "purchases"):
        members: list[tuple[Member, float]] = []
        for item in content[name]:
            own, texts = texts[: item["n_texts"]], texts[item["n_texts"] :]
            members.append((Member.from_json(item["member"], own), float(item["weight"])))
        outcomes[name] = tuple(members)
    return ValueModel(
        Foundation.from_json(content["foundation"]),
        Design.from_json(content["design"]),
        outcomes["spend"],
        outcomes["purchases"],
        DecileCalibration.from_json(content["spend_calibration"]),
        DecileCalibration.from_json(content["purchases_calibration"]),
        Spread.from_json(content["spend_spread"]),
        Spread.from_json(content["purchases_spread"]),
        content["centre"],
        contracts=ContractSpread.from_json(content["contracts"]) if "contracts" in content else None,
    )
