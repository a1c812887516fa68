"""Evaluation of a value model on its test date: figures with intervals, deciles, concentration, naive rankings beside it, slices.

Here: `evaluate_value` and what it gives. Every figure is of accounts at one date that nothing was learnt or chosen on. Keep the decision
(`value_gate`), files (`value_store`) and the bootstrap itself (`value_draws`) out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from clv_platform.datasets import ValueRows
from clv_platform.evaluation.result import SCHEMA_VERSION
from clv_platform.evaluation.slice_levels import code_columns
from clv_platform.evaluation.value_draws import SortedAmounts, draw_accounts
from clv_platform.evaluation.value_gate import decide_value_gate
from clv_platform.metrics import VALUE_METRICS, coverage, interval_from_draws, mae, wilson_interval

if TYPE_CHECKING:
    from clv_platform.models.value import ValueForecast

Floats = NDArray[np.float64]
__all__ = ["ValueEvaluation", "decide_value_gate", "evaluate_value"]
_BOUNDS = {"bias": (-1.0, np.inf), "spearman": (-1.0, 1.0), "ngini": (-1.0, 1.0), "top10_share": (0.0, 1.0)}
_SLICE_DRAWS = 200
_TOP = 0.05


@dataclass(frozen=True)
class ValueEvaluation:
    """How good a model of amounts is.

    Attributes
    ----------
    metrics : dict
        The content of `metrics.json`: mae, rmse, bias, spearman, ngini, decile_wape, top10_share, coverage_90 (of accounts whose upper
        bound is above 0; `coverage_90_top5` of the twentieth of them expected to bring most, `coverage_90_all` of all accounts),
        `transactions_<name>`, transactions_mae_median,
        transactions_coverage_90, each with `_lo` and `_hi` (95 %, accounts resampled); n, n_accounts, n_buyers, total_expected,
        total_actual, ngini and top10_share of the naive rankings, split, model_id, schema_version. A figure that isn't defined is NaN.
    deciles : DataFrame
        decile (1: highest expected), n, predicted, actual (sums), actual_lo, actual_hi, predicted_share, actual_share, coverage_90 with
        _lo and _hi (of accounts whose upper bound is above 0).
    concentration : DataFrame
        share of accounts (best first), actual_share (as it came), predicted_order_share (held by the top of the list),
        predicted_share (what the list promised).
    leaderboard : DataFrame
        model, kind (model, baseline, contender, comparator, champion), the value metrics, ngini_lo, ngini_hi, ngini_difference and
        rmse_difference (model less this one) with _lo and _hi, is_champion (the row of the model judged).
    slices : DataFrame
        column, level, n, n_buyers, predicted, actual (means), bias with _lo and _hi, mae, ngini, coverage_90.
    predictions : DataFrame
        account_id, as_of_date, y_true, y_pred, lo, hi, n_true, n_pred, champion_score where the model in use was asked, slice columns.
    """

    metrics: dict[str, Any]
    deciles: pd.DataFrame
    concentration: pd.DataFrame
    leaderboard: pd.DataFrame
    slices: pd.DataFrame
    predictions: pd.DataFrame


def evaluate_value(
    test: ValueRows,
    forecast: ValueForecast,
    contenders: pd.DataFrame,
    *,
    split: str,
    model_id: str,
    seed: int = 0,
    n_bootstraps: int = 500,
    slices: pd.DataFrame | None = None,
    champion_spend: ArrayLike | None = None,
    baselines: Sequence[str] = ("mean", "past_spend_rate", "present_subscriptions"),
    kinds: dict[str, str] | None = None,
) -> ValueEvaluation:
    """Evaluate a forecast of test rows.

    Parameters
    ----------
    test : ValueRows
        One row per account of the test date, with outcomes.
    forecast : ValueForecast
        Of the same rows.
    contenders : DataFrame
        account_id, as_of_date, then the expected spend of each contender for the same accounts (`TrainedValueModel.contenders`), in any
        order of rows.
    split, model_id : str
    seed, n_bootstraps : int
    slices : DataFrame of n rows, optional
        Columns to slice by.
    champion_spend : array of shape (n,), optional
        What the model in use expects.
    baselines : sequence of str
        Columns of `contenders`, where they are there, that the gate compares with.
    kinds : dict, optional
        Contender -> kind, for those that aren't `contender` or `baseline`.

    Returns
    -------
    ValueEvaluation

    Raises
    ------
    ValueError
        Without rows, with unknown outcomes, or when contenders lack an account.
    """
    _check(test, forecast)
    y, p = test.amount, np.asarray(forecast.spend, dtype=np.float64)
    others = _align(contenders, test)
    predicted = {"model": p, **others}
    if champion_spend is not None:
        predicted["champion"] = np.asarray(champion_spend, dtype=np.float64)
    kind = {"model": "model", "champion": "champion"} | dict.fromkeys(baselines, "baseline") | (kinds or {})
    columns = pd.DataFrame(index=pd.RangeIndex(len(test))) if slices is None else slices.reset_index(drop=True)
    board = _leaderboard(y, predicted, kind, n_bootstraps, seed)
    metrics = _metrics(test, forecast, n_bootstraps, seed)
    for name in baselines:
        if name in others:
            row = board[board["model"] == name].iloc[0]
            metrics |= {f"{metric}_{name}": float(row[metric]) for metric in ("ngini", "top10_share", "mae", "bias")}
    metrics |= {"split": split, "model_id": model_id, "schema_version": SCHEMA_VERSION}
    predictions = pd.DataFrame(
        {
            "account_id": test.account_id,
            "as_of_date": test.as_of_date.astype("datetime64[s]"),
            "y_true": y,
            "y_pred": p,
            "lo": forecast.lo,
            "hi": forecast.hi,
            "n_true": test.purchases,
            "n_pred": forecast.purchases,
            **({} if champion_spend is None else {"champion_score": predicted["champion"]}),
        }
    )
    predictions = pd.concat([predictions, columns[[name for name in columns.columns if name not in predictions.columns]]], axis=1)
    sliced = _slices(test, forecast, columns, min(n_bootstraps, _SLICE_DRAWS), seed)
    deciles = _deciles(y, forecast, n_bootstraps, seed)
    return ValueEvaluation(metrics, deciles, _concentration(y, p), board, sliced, predictions)


def _check(test: ValueRows, forecast: ValueForecast) -> None:
    if not len(test) or len(forecast) != len(test):
        raise ValueError(f"evaluation: expected a forecast of each of at least one test row, found {len(forecast)} of {len(test)}.")
    unknown = ~(np.isfinite(test.amount) & np.isfinite(test.purchases))
    if unknown.any():
        raise ValueError(
            f"evaluation: expected known outcomes, found {int(unknown.sum())} test rows whose window isn't over at the cutoff."
        )
    bad = ~np.isfinite(forecast.spend)
    if bad.any():
        raise ValueError(f"evaluation: expected an amount for every account, found none for {int(bad.sum())} of {len(test)}.")


def _align(contenders: pd.DataFrame, test: ValueRows) -> dict[str, Floats]:
    keyed = (
        contenders.assign(account_id=contenders["account_id"].astype(str))
        .set_index("account_id")
        .drop(columns="as_of_date", errors="ignore")
    )
    wanted = pd.Index(test.account_id.astype(str))
    absent = ~wanted.isin(keyed.index)
    if absent.any():
        raise ValueError(f"contenders: expected every test account, found no row for {int(absent.sum())} of {len(test)}. Train again.")
    matched = keyed.reindex(wanted)
    return {str(name): matched[name].to_numpy(dtype=np.float64) for name in matched.columns}


def _metrics(test: ValueRows, forecast: ValueForecast, n_draws: int, seed: int) -> dict[str, Any]:
    y, n = test.amount, test.purchases
    inside, above = _inside(y, forecast), forecast.hi > 0
    figures = {name: metric(y, forecast.spend) for name, metric in VALUE_METRICS.items()}
    figures["coverage_90"] = float(inside[above].mean()) if above.any() else float("nan")
    figures |= {f"transactions_{name}": metric(n, forecast.purchases) for name, metric in VALUE_METRICS.items()}
    figures["transactions_mae_median"] = mae(n, forecast.purchases_median)
    counted, some = (n >= forecast.purchases_lo) & (n <= forecast.purchases_hi), forecast.purchases_hi > 0
    figures["transactions_coverage_90"] = float(counted[some].mean()) if some.any() else float("nan")
    spend, purchases = SortedAmounts(y, forecast.spend), SortedAmounts(n, forecast.purchases)
    misses = np.abs(n - forecast.purchases_median)
    drawn: dict[str, list[float]] = {name: [] for name in figures}
    for weights in draw_accounts(len(test), n_draws, seed):
        values = spend.metrics(weights) | {f"transactions_{name}": value for name, value in purchases.metrics(weights).items()}
        there = float(weights[above].sum())
        values["coverage_90"] = float(weights[above] @ inside[above]) / there if there else float("nan")
        there = float(weights[some].sum())
        values["transactions_coverage_90"] = float(weights[some] @ counted[some]) / there if there else float("nan")
        values["transactions_mae_median"] = float(weights @ misses) / float(weights.sum())
        for name, value in values.items():
            drawn[name].append(value)
    found: dict[str, Any] = {}
    for name, value in figures.items():
        plain = name.removeprefix("transactions_")
        interval = interval_from_draws(float(value), np.array(drawn[name]), bounds=_BOUNDS.get(plain, (0.0, np.inf)))
        found |= {name: interval.value, f"{name}_lo": interval.lo, f"{name}_hi": interval.hi}
    top = np.argsort(-forecast.spend, kind="stable")[: max(1, round(_TOP * len(y)))]
    return found | {
        **_covered("coverage_90_top5", inside[top], above[top]),
        "coverage_90_all": coverage(y, forecast.lo, forecast.hi),
        "n": len(test),
        "n_accounts": len(np.unique(test.account_id.astype(str))),
        "n_buyers": int((y > 0).sum()),
        "total_expected": float(forecast.spend.sum()),
        "total_actual": float(y.sum()),
    }


def _inside(y: Floats, forecast: ValueForecast) -> NDArray[np.bool_]:
    return (y >= forecast.lo - 1e-9) & (y <= forecast.hi + 1e-9)


def _covered(name: str, inside: NDArray[np.bool_], above: NDArray[np.bool_]) -> dict[str, float]:
    """How often intervals held among accounts whose upper bound is above 0, with its 95 % interval; NaN without any."""
    n = int(above.sum())
    if not n:
        return dict.fromkeys((name, f"{name}_lo", f"{name}_hi"), float("nan"))
    lo, hi = wilson_interval(np.array(inside[above].sum()), np.array(n))
    return {name: float(inside[above].mean()), f"{name}_lo": float(lo), f"{name}_hi": float(hi)}


def _leaderboard(y: Floats, predicted: dict[str, Floats], kind: dict[str, str], n_draws: int, seed: int) -> pd.DataFrame:
    usable = {name: SortedAmounts(y, values) for name, values in predicted.items() if np.isfinite(values).all()}
    drawn = {name: np.array([]) for name in usable}
    draws = list(draw_accounts(len(y), n_draws, seed))
    errors = dict(drawn)
    for name, prepared in usable.items():
        drawn[name] = np.array([prepared.ngini(weights) for weights in draws])
        squares = np.square(prepared.p - prepared.y)
        errors[name] = np.array([np.sqrt(weights @ squares / weights.sum()) for weights in draws])
    rows: list[dict[str, Any]] = []
    for name in predicted:
        row: dict[str, Any] = {"model": name, "kind": kind.get(name, "contender"), "is_champion": name == "model"}
        if name in usable:
            row |= {metric: function(y, predicted[name]) for metric, function in VALUE_METRICS.items()}
            interval = interval_from_draws(row["ngini"], drawn[name], bounds=_BOUNDS["ngini"])
            row |= {"ngini_lo": interval.lo, "ngini_hi": interval.hi}
            if name != "model":
                # A constant ranks nothing: its Gini is 0 in every draw up to ties.
                gap = interval_from_draws(VALUE_METRICS["ngini"](y, predicted["model"]) - row["ngini"], drawn["model"] - drawn[name])
                row |= {"ngini_difference": gap.value, "ngini_difference_lo": gap.lo, "ngini_difference_hi": gap.hi}
                gap = interval_from_draws(VALUE_METRICS["rmse"](y, predicted["model"]) - row["rmse"], errors["model"] - errors[name])
                row |= {"rmse_difference": gap.value, "rmse_difference_lo": gap.lo, "rmse_difference_hi": gap.hi}
        rows.append(row)
    board = pd.DataFrame(rows)
    return board.sort_values("ngini", ascending=False, kind="stable", na_position="last").reset_index(drop=True)


def _deciles(y: Floats, forecast: ValueForecast, n_draws: int, seed: int) -> pd.DataFrame:
    p, inside, above = forecast.spend, _inside(y, forecast), forecast.hi > 0
    parts = np.array_split(np.argsort(-p, kind="stable"), 10)
    rng = np.random.default_rng(seed)
    rows: list[dict[str, float]] = []
    total, promised = float(y.sum()), float(p.sum())
    for position, members in enumerate(parts):
        if not len(members):
            continue
        sums = y[members][rng.integers(0, len(members), (min(n_draws, 300), len(members)))].sum(axis=1)
        interval = interval_from_draws(float(y[members].sum()), sums.astype(np.float64))
        rows.append(
            {
                "decile": position + 1,
                "n": len(members),
                "predicted": float(p[members].sum()),
                "actual": interval.value,
                "actual_lo": interval.lo,
                "actual_hi": interval.hi,
                "predicted_share": float(p[members].sum()) / promised if promised > 0 else float("nan"),
                "actual_share": interval.value / total if total > 0 else float("nan"),
                **_covered("coverage_90", inside[members], above[members]),
            }
        )
    return pd.DataFrame(rows)


def _concentration(y: Floats, p: Floats) -> pd.DataFrame:
    """Share of the whole amount held by the top of the accounts, as it came and as the list had it."""
    share = np.linspace(0.01, 1.0, 100)
    cut = np.maximum(np.ceil(share * len(y)).astype(int), 1) - 1
    total, promised = max(float(y.sum()), 1e-300), max(float(p.sum()), 1e-300)
    order = np.argsort(-p, kind="stable")
    return pd.DataFrame(
        {
            "share": share,
            "actual_share": np.cumsum(np.sort(y)[::-1])[cut] / total,
            "predicted_order_share": np.cumsum(y[order])[cut] / total,
            "predicted_share": np.cumsum(p[order])[cut] / promised,
        }
    )


_SLICE_COLUMNS = (
    "column", "level", "n", "n_buyers", "predicted", "actual", "bias", "bias_lo", "bias_hi", "mae", "ngini", "coverage_90",
)  # fmt: skip


def _slices(test: ValueRows, forecast: ValueForecast, columns: pd.DataFrame, n_draws: int, seed: int) -> pd.DataFrame:
    y, p = test.amount, forecast.spend
    inside = _inside(y, forecast).astype(np.float64)
    rows: list[dict[str, Any]] = []
    if len(columns.columns):
        coded = code_columns(columns)
        draws = list(draw_accounts(len(y), n_draws, seed))
        for position, name in enumerate(coded.names):
            codes, levels = coded.codes[position], coded.levels[position]
            sums = (
                np.array([[np.bincount(codes, w * values, len(levels)) for values in (p, y)] for w in draws])
                if draws
                else np.zeros((0, 2, len(levels)))
            )
            for code, level in enumerate(levels):
                here = codes == code
                if not here.any():
                    continue
                with np.errstate(invalid="ignore", divide="ignore"):
                    drawn = sums[:, 0, code] / sums[:, 1, code] - 1
                found = interval_from_draws(VALUE_METRICS["bias"](y[here], p[here]), drawn, bounds=_BOUNDS["bias"])
                rows.append(
                    {
                        "column": name, "level": level, "n": int(here.sum()), "n_buyers": int((y[here] > 0).sum()),
                        "predicted": float(p[here].mean()), "actual": float(y[here].mean()), "bias": found.value, "bias_lo": found.lo,
                        "bias_hi": found.hi, "mae": mae(y[here], p[here]), "ngini": VALUE_METRICS["ngini"](y[here], p[here]),
                        "coverage_90": float(inside[here].mean()),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows, columns=list(_SLICE_COLUMNS))
