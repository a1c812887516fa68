"""What the report of a value target is made of, read from its report folder, the newest scores and what the account days say.

Here: `ValueReportInputs`, `gather_value`. Keep sentences (see `value_words`) and layout (see `value_report`) out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clv_platform.config import CompanyConfig, Target
from clv_platform.contracts.features import Feature, build_feature_catalogue
from clv_platform.raw.summary import RawLoad
from clv_platform.reports.bridge import count_accounts
from clv_platform.reports.inputs import find_pages

# Naive rankings that everybody could make, in words; pages compare with the best of them.
SIMPLE = {"past_spend_rate": "past spend", "present_subscriptions": "present recurring revenue"}
SEGMENTS_PAGE = ("../segments/report.html", "segments, cohorts and stages")
_N_POINTS = 51
_TABLES = (
    "lift", "leaderboard", "backtest_leaderboard", "interval_methods", "slices", "weak_slices", "importance", "attributions", "dependence",
    "predictions", "contenders", "decisions", "reviewers", "reviewed_slices", "list_outcomes", "list_tenths", "backtest", "forecast_months",
)  # fmt: skip


def _empty() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True)
class ValueReportInputs:
    """Numbers and facts of the report; frames may be empty: their section is then left out.

    Attributes
    ----------
    metrics, gate, training : mapping
        `metrics.json`, `gate.json`, `training.json`.
    tables : mapping of str to DataFrame
        The Parquet files of the report folder by name: `lift` (tenths of the list), `leaderboard` (on the test date),
        `backtest_leaderboard` (on the rolling origins, by which the champion was chosen), ...
    scores : DataFrame
        The newest expected amounts, see `scores.value`.
    leaving : DataFrame
        account_id, p_leave: newest chances to leave; empty when no churn model is in use.
    past, ahead : DataFrame
        month, amount: whole months before the scores' date, and the expected total by month (with amount_lo, amount_hi where known).
    is_shaped : bool
        The months ahead follow earlier ones; else they are spread evenly.
    pages : tuple of (address, words)
        Pages beside this one, relative to it.
    n_on_file : int or None
        How many accounts there are, asked or not, see `bridge`.
    """

    config: CompanyConfig
    target: Target
    cutoff: date
    metrics: Mapping[str, Any]
    gate: Mapping[str, Any]
    training: Mapping[str, Any]
    features: tuple[Feature, ...] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    scores: pd.DataFrame = field(default_factory=_empty)
    leaving: pd.DataFrame = field(default_factory=_empty)
    past: pd.DataFrame = field(default_factory=_empty)
    ahead: pd.DataFrame = field(default_factory=_empty)
    is_shaped: bool = False
    raw_load: RawLoad | None = None
    pages: tuple[tuple[str, str], ...] = ()
    n_on_file: int | None = None

    def table(self, name: str) -> pd.DataFrame:
        """One of the folder's tables; without rows when it isn't there."""
        return self.tables.get(name, _empty())

    @property
    def has_model(self) -> bool:
        """Whether there was enough history to train."""
        return bool(self.training.get("model_id"))

    @property
    def means(self) -> str:
        """What the amounts are."""
        return "margin" if self.target.value_means == "margin" else "revenue"

    @property
    def simple(self) -> Mapping[str, Any]:
        """The figures of the best naive ranking on the test date; empty when none is in the leaderboard."""
        board = self.table("leaderboard")
        rows = board[board["model"].isin(list(SIMPLE))] if len(board) else board
        best = rows.sort_values("ngini", ascending=False, kind="stable").head(1).to_dict("records") if len(rows) else []
        return {str(name): value for name, value in best[0].items()} if best else {}

    @property
    def simple_rule(self) -> str:
        """The name of the best naive ranking; that by past spend where none is known."""
        return str(self.simple.get("model", next(iter(SIMPLE))))

    @property
    def simple_words(self) -> str:
        """What the best naive ranking goes by."""
        return SIMPLE[self.simple_rule]


def gather_value(
    config: CompanyConfig,
    target: Target,
    folder: Path,
    marts: Path,
    *,
    cutoff: date,
    scores: pd.DataFrame | None = None,
    leaving: pd.DataFrame | None = None,
    forecast: pd.DataFrame | None = None,
    raw_load: RawLoad | None = None,
    extras: Mapping[str, pd.DataFrame] | None = None,
) -> ValueReportInputs:
    """Read back what the stages of one value target wrote.

    Parameters
    ----------
    folder : Path
        `reports/<cutoff>/<target>`.
    marts : Path
        Exported marts, for the months so far.
    scores : DataFrame, optional
        The newest expected amounts.
    leaving : DataFrame, optional
        account_id and score of a churn target of the same date.
    forecast : DataFrame, optional
        `rpt_revenue_forecast`; taken if it is about the same scores.
    extras : mapping of str to DataFrame, optional
        Tables that aren't in the folder (`decisions`).
    """
    found = {name: pd.read_parquet(folder / f"{name}.parquet") for name in _TABLES if (folder / f"{name}.parquet").is_file()}
    scored = _empty() if scores is None else scores
    ahead, is_shaped = expect_months(forecast, target, scored)
    return ValueReportInputs(
        config,
        target,
        cutoff,
        metrics=_read_json(folder / "metrics.json"),
        gate=_read_json(folder / "gate.json"),
        training=_read_json(folder / "training.json"),
        features=build_feature_catalogue(config),
        tables={**found, **(extras or {})},
        scores=scored,
        leaving=_empty() if leaving is None else leaving[["account_id", "score"]].rename(columns={"score": "p_leave"}),
        past=sum_months(marts / "fct_account_days.parquet", target, scored),
        ahead=ahead,
        is_shaped=is_shaped,
        raw_load=raw_load,
        pages=(*find_pages(folder), *((SEGMENTS_PAGE,) if (folder / SEGMENTS_PAGE[0]).is_file() else ())),
        n_on_file=count_accounts(marts, cutoff),
    )


def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def sum_months(path: Path, target: Target, scores: pd.DataFrame, n: int = 18) -> pd.DataFrame:
    """Sum the account days to the last whole months before the scores: month, amount; no row without either."""
    if not path.is_file() or scores.empty:
        return _empty()
    column = "margin" if target.value_means == "margin" else "amount"
    days = pd.read_parquet(path, columns=["ordered_on", column])
    end = pd.Timestamp(scores["as_of_date"].iloc[0]).replace(day=1)
    when = pd.to_datetime(days["ordered_on"])
    known = days[(when < end) & (when >= end - pd.DateOffset(months=n))]
    if known.empty:
        return _empty()
    months = known.assign(month=month_starts(known["ordered_on"]), amount=known[column].astype(float))
    return months.groupby("month", as_index=False)[["amount"]].sum()


def expect_months(forecast: pd.DataFrame | None, target: Target, scores: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """The expected total by month: as `rpt_revenue_forecast` has it when it is about these scores, else spread evenly."""
    if scores.empty:
        return _empty(), False
    if forecast is not None and len(forecast):
        own = forecast[(forecast["target"] == target.name) & forecast["is_forecast"].astype(bool)]
        total = float(scores["score"].sum())
        if len(own) and abs(float(own["revenue"].sum()) - total) <= 1e-3 * abs(total):
            names = {"amount": "revenue", "amount_lo": "revenue_lo", "amount_hi": "revenue_hi"}
            amounts = {name: own[column].astype(float) for name, column in names.items() if column in own}
            months = pd.DataFrame({"month": pd.to_datetime(own["month_start"]), **amounts})
            return months.sort_values("month", ignore_index=True), True
    return months_ahead(scores, target.horizon_days), False


def months_ahead(scores: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """Spread the expected total over the months of the horizon by their days: month, amount, n_days."""
    begin = pd.Timestamp(scores["as_of_date"].iloc[0]).date()
    days = pd.Series([begin + timedelta(days=i) for i in range(horizon_days)])
    months = pd.DataFrame({"month": month_starts(days), "n_days": 1}).groupby("month", as_index=False)["n_days"].sum()
    return months.assign(amount=months["n_days"] / horizon_days * float(scores["score"].sum()))


def month_starts(days: pd.Series) -> pd.Series:
    """First of the month of each day."""
    return pd.to_datetime(days).dt.to_period("M").dt.start_time


def held_curves(predictions: pd.DataFrame, contenders: pd.DataFrame, rule: str = "past_spend_rate") -> pd.DataFrame:
    """Shares of the actual amount held by the top of a list, at 51 depths: share, model, simple (where it is known), perfect.

    Parameters
    ----------
    predictions : DataFrame
        account_id, y_true, y_pred.
    contenders : DataFrame
        account_id and the rule's expectation; may be empty.
    rule : str
        The naive ranking to compare with.
    """
    y = predictions["y_true"].to_numpy(float)
    total = float(y.sum())
    if total <= 0:
        return _empty()
    orders = {"model": predictions["y_pred"].to_numpy(float), "perfect": y}
    if rule in contenders:
        known = contenders.drop_duplicates("account_id").set_index("account_id")[rule]
        orders["simple"] = predictions["account_id"].map(known).fillna(0.0).to_numpy(float)
    depth = np.linspace(0, 1, _N_POINTS)
    curves = {"share": depth}
    for name, values in orders.items():
        held = np.r_[0.0, np.cumsum(y[np.argsort(-values, kind="stable")])] / total
        curves[name] = np.interp(depth * len(y), np.arange(len(held)), held)
    return pd.DataFrame(curves)


def value_at_risk(scores: pd.DataFrame, leaving: pd.DataFrame) -> pd.DataFrame:
    """Expected amounts beside chances to leave: the scores' columns, p_leave, loss (their product), most to lose first; no row without."""
    if scores.empty or leaving.empty:
        return _empty()
    both = scores.merge(leaving.astype({"account_id": str}).drop_duplicates("account_id"), on="account_id", how="inner")
    both = both.assign(loss=both["score"].astype(float) * both["p_leave"].astype(float))
    return both.sort_values(["loss", "account_id"], ascending=[False, True], kind="stable").reset_index(drop=True)
