"""Who leaves sooner: hazard ratios with intervals from proportional-hazards regressions, and a check of what they assume.

Here: Cox regressions (see `cox`) on lifetimes (attributes) and on account-months (signals that change over time). Keep the choice of
signals out (see `churn_history_signals`), and words of cause too.

References
----------
Cox (1972), JRSS B 34; ties as Efron (1977); the check: correlation of scaled Schoenfeld residuals with time (Grambsch and Therneau 1994,
Biometrika 81), here with the rank of time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from clv_platform.exploration.churn_history_rows import COHORT, grouped
from clv_platform.exploration.churn_history_signals import SILENCE, Signal
from clv_platform.exploration.cox import CoxFit, fit_cox

MIN_EVENTS = 30
CONTROLS = 5  # stayers per departure
MAX_CONDITION = 0.95  # signals more alike than that (rank correlation) can't be told apart: the later one stays out
_COLUMNS = [
    "kind",
    "name",
    "label",
    "level",
    "reference",
    "ratio",
    "lo",
    "hi",
    "p",
    "alone",
    "alone_lo",
    "alone_hi",
    "n",
    "n_left",
    "p_constant",
]


def hazard_ratios(time: np.ndarray, entry: np.ndarray, is_left: np.ndarray, X: pd.DataFrame) -> pd.DataFrame:
    """Fit one proportional-hazards regression.

    Parameters
    ----------
    time, entry, is_left : arrays of shape (n,)
        A row is at risk in (entry, time] and ends with a departure or not.
    X : DataFrame of shape (n, p)
        Finite numbers, no column constant.

    Returns
    -------
    DataFrame
        column, ratio (of hazards per unit), lo, hi (95 %, Wald), p, p_constant: whether the ratio changes over life (small: it does).
    """
    from scipy.stats import norm

    fit = fit_cox(time, entry, is_left == 1, X.to_numpy(float))
    reach = norm.ppf(0.975) * fit.errors
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * norm.sf(np.abs(fit.params / fit.errors))
    return pd.DataFrame(
        {
            "column": list(X.columns),
            "ratio": np.exp(np.clip(fit.params, -50, 50)),
            "lo": np.exp(np.clip(fit.params - reach, -50, 50)),
            "hi": np.exp(np.clip(fit.params + reach, -50, 50)),
            "p": p,
            "p_constant": _constancy(fit, time),
        }
    )


def _constancy(fit: CoxFit, time: np.ndarray) -> np.ndarray:
    """P-value, per column, that scaled Schoenfeld residuals don't move with the rank of time."""
    from scipy.stats import norm, rankdata

    events = np.isfinite(fit.residuals).all(axis=1)
    n = int(events.sum())
    if n < 5:
        return np.full(len(fit.params), np.nan)
    scaled = fit.residuals[events] @ fit.covariance * n
    order = rankdata(time[events])
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.array([np.corrcoef(order, column)[0, 1] for column in scaled.T])
    return 2 * norm.sf(np.abs(np.nan_to_num(correlation)) * np.sqrt(n))


def attribute_ratios(rows: pd.DataFrame, groupings: Sequence[str]) -> pd.DataFrame:
    """Compare the levels of each attribute with its largest level, alone and with the other attributes held equal."""
    groupings = [name for name in groupings if name != COHORT]  # the year of the start says little that time of life doesn't
    levels = {name: grouped(rows, name) for name in groupings}
    levels = {name: values for name, values in levels.items() if len(values.dropna().unique()) > 1}
    if not levels or rows["is_left"].sum() < MIN_EVENTS:
        return pd.DataFrame(columns=_COLUMNS)
    blocks, facts = [], {}
    for name, values in levels.items():
        reference = str(values.value_counts().index[0])
        for level in sorted(set(values.dropna()) - {reference}):
            inside = (values == level).to_numpy()
            if inside.sum() and rows["is_left"].to_numpy()[inside].sum() >= 5:
                blocks.append(pd.Series(inside.astype(float), name=f"{name}={level}"))
                facts[f"{name}={level}"] = (name, level, reference, int(inside.sum()), int(rows["is_left"].to_numpy()[inside].sum()))
    if not blocks:
        return pd.DataFrame(columns=_COLUMNS)
    X = pd.concat(blocks, axis=1)
    own = {name: [column for column, fact in facts.items() if fact[0] == name] for name in levels}
    # Weeks instead of moments: a regression costs as much as there are different times of departure.
    weeks = pd.DataFrame({"time": np.ceil(rows["time"] * 4) / 4, "entry": np.floor(rows["entry"] * 4) / 4, "is_left": rows["is_left"]})
    table = _fit_together_and_alone(weeks, X, [columns for columns in own.values() if columns])
    table["kind"] = "attribute"
    for i, field in enumerate(("name", "level", "reference", "n", "n_left")):
        table[field] = [facts[column][i] for column in table["column"]]
    table["label"] = table["name"].str.replace("_", " ")
    return table[_COLUMNS]


def signal_ratios(panel: pd.DataFrame, signals: Sequence[Signal]) -> pd.DataFrame:
    """Hazard of leaving until the next snapshot, from accounts low in a signal to accounts high in it.

    Values are replaced by their rank among all accounts of the date (0 to 1), so that units and outliers play no part; a ratio compares the
    90th with the 10th percentile. Missing values take the middle rank, a silence without any event before it the last. Beside each
    departure stand at most `CONTROLS` stayers of the same month of life, drawn at random (nested case-control: Thomas 1977, JRSS A 140),
    which costs a sixth of the precision and saves most of the time.
    """
    if panel["is_leaving"].sum() < MIN_EVENTS:
        return pd.DataFrame(columns=_COLUMNS)
    n, n_left = int(panel["account_id"].nunique()), int(panel["is_leaving"].sum())
    ranks = pd.DataFrame({signal.name: _ranks(panel, signal) for signal in signals})
    chosen: list[str] = []
    correlation = ranks.corr(method="pearson").abs()
    for name in ranks.columns:
        if ranks[name].std() > 0.01 and bool((correlation.loc[name, chosen] <= MAX_CONDITION).all()):
            chosen.append(name)
    if not chosen:
        return pd.DataFrame(columns=_COLUMNS)
    kept = _sample_controls(panel)
    panel, ranks = panel[kept], ranks[kept]
    rows = pd.DataFrame(
        {"time": panel["month_of_life"] + 1.0, "entry": panel["month_of_life"].astype(float), "is_left": panel["is_leaving"].astype(int)}
    )
    table = _fit_together_and_alone(rows, ranks[chosen], [[name] for name in chosen])
    labels = {signal.name: signal for signal in signals}
    table["kind"] = "signal"
    table["name"] = table["column"]
    table["label"] = [labels[name].label for name in table["column"]]
    table["level"], table["reference"] = "high", "low"
    table["n"], table["n_left"] = n, n_left
    return table[_COLUMNS]


def _sample_controls(panel: pd.DataFrame) -> np.ndarray:
    """Mark all departures and, for each month of life, a fixed number of stayers per departure; the same rows at every run."""
    is_left = panel["is_leaving"].to_numpy() == 1
    n_wanted = CONTROLS * panel["is_leaving"].groupby(panel["month_of_life"]).transform("sum").to_numpy()
    luck = pd.Series(np.where(is_left, np.inf, np.random.default_rng(0).random(len(panel))), index=panel.index)
    place = luck.groupby(panel["month_of_life"]).rank(method="first").to_numpy()
    return is_left | (place <= n_wanted)


def _ranks(panel: pd.DataFrame, signal: Signal) -> pd.Series:
    values = panel[signal.name]
    if signal.family == SILENCE:
        values = values.fillna(np.inf)
    ranks = values.groupby(panel["as_of_date"]).rank(pct=True, method="average")
    return (ranks.fillna(0.5) - 0.5) / 0.8


def _fit_together_and_alone(rows: pd.DataFrame, X: pd.DataFrame, blocks: Sequence[Sequence[str]]) -> pd.DataFrame:
    time, entry, is_left = (rows[name].to_numpy(float) for name in ("time", "entry", "is_left"))
    together = hazard_ratios(time, entry, is_left, X)
    alone = pd.concat([hazard_ratios(time, entry, is_left, X[list(block)]) for block in blocks], ignore_index=True)
    alone = alone[["column", "ratio", "lo", "hi"]].rename(columns={"ratio": "alone", "lo": "alone_lo", "hi": "alone_hi"})
    return together.merge(alone, on="column", how="left", validate="one_to_one")
