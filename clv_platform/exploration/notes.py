"""Facts about the data's quality, counted and not tested, each with what the data team can do: collect, fix, look.

They aren't findings: a column with gaps has gaps whatever else is true. Add a fact as a function that returns rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from clv_platform.config import CompanyConfig
from clv_platform.exploration.columns import choose_metrics, plain, visible_features
from clv_platform.exploration.findings_words import NBSP
from clv_platform.exploration.frames import ExplorationFrames
from clv_platform.exploration.tables import ExplorationTables

MIN_MISSING_SHARE = 0.02
MIN_TOP_SHARE = 0.3
MIN_TWIN_RHO = 0.97
MIN_ZERO_SHARE = 0.95
_NOTE = ("kind", "column", "note", "action")


def build_notes(config: CompanyConfig, frames: ExplorationFrames, tables: ExplorationTables) -> pd.DataFrame:
    """List what to collect, fix or look at.

    Returns
    -------
    DataFrame
        kind (missing, spelling, outliers, constant, rare, twins, concentrated), column, note, action.
    """
    rows = [
        *_spelling(config, frames.accounts), *_missing(config, tables), *_outliers(tables), *_constant(config, frames.accounts),
        *_twins(tables), *_concentrated(tables),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(_NOTE)).astype("str")


def _spelling(config: CompanyConfig, accounts: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    for feature in visible_features(config):
        if feature.type != "category" or feature.name not in accounts.columns:
            continue
        counts = accounts[feature.name].dropna().astype(str).value_counts()
        usual = {}
        for level in counts.index:
            usual.setdefault("".join(level.casefold().split()), level)
        odd = {level: usual["".join(level.casefold().split())] for level in counts.index}
        odd = {level: right for level, right in odd.items() if level != right}
        if odd:
            listed = ", ".join(f"“{level}” ({counts[level]:,}) for “{right}”" for level, right in list(odd.items())[:4])
            yield "spelling", feature.name, f"{feature.label}: {listed}.", "Fix: write these levels one way in the source's query."


def _missing(config: CompanyConfig, tables: ExplorationTables) -> Iterator[tuple[str, str, str, str]]:
    gaps = tables.missing[tables.missing["share"] >= MIN_MISSING_SHARE] if len(tables.missing) else tables.missing
    lags = {f"{name}_lag_1m": spec.label for name, spec in config.usage_metrics.items()}
    for row in gaps[gaps["group"].isin(["profile", "snapshot"])].to_dict("records"):
        note = f"{row['label']}: missing for {_percent(row['share'])} of the accounts ({row['n_missing']:,})."
        yield "missing", row["column"], note, "Collect: ask for it where accounts are created, or find out where it is lost."
    readings = gaps[gaps["column"].isin(lags)]
    if len(readings):
        listed = ", ".join(f"{lags[row['column']]} ({_percent(row['share'])})" for row in readings.to_dict("records"))
        note = f"Readings of the last month are missing for some accounts: {listed}."
        yield "missing", str(readings["column"].iloc[0]), note, "Collect: find out whether readings come late or are lost, and from where."


def _outliers(tables: ExplorationTables) -> Iterator[tuple[str, str, str, str]]:
    for row in tables.outliers.to_dict("records"):
        if row["n_outliers"]:
            many = "account lies" if row["n_outliers"] == 1 else "accounts lie"
            note = f"{row['label']}: {row['n_outliers']:,} {many} above {plain(row['limit'])}, up to {plain(row['maximum'])} {row['unit']}."
            yield "outliers", row["metric"], note, "Look: test accounts or wrong units? They are left out of the findings' averages."


def _constant(config: CompanyConfig, accounts: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    metrics = {metric.name for metric in choose_metrics(config)}
    for feature in visible_features(config):
        if feature.name not in accounts.columns or accounts[feature.name].notna().sum() < 30:
            continue
        known = accounts[feature.name].dropna()
        if (known == known.iloc[0]).all():
            value = plain(float(known.iloc[0])) if feature.type == "number" else str(known.iloc[0])
            note = f"{feature.label}: the same for every account ({value})."
            yield "constant", feature.name, note, "Look: a column that never varies tells a model nothing."
        elif feature.name in metrics and feature.type == "number" and float((known == 0).mean()) >= MIN_ZERO_SHARE:
            note = f"{feature.label}: zero for {_percent((known == 0).mean())} of the accounts."
            yield "rare", feature.name, note, "Look: rare, or recorded for some accounts only?"


def _twins(tables: ExplorationTables) -> Iterator[tuple[str, str, str, str]]:
    if tables.correlations.empty:
        return
    for row in tables.correlations[tables.correlations["rho"].abs() >= MIN_TWIN_RHO].to_dict("records"):
        note = f"{row['left_label']} and {row['right_label']} order the accounts alike (rank correlation {row['rho']:.2f})."
        yield "twins", row["left"], note, "Model: one of the two is enough; keep the one that is known earlier."


def _concentrated(tables: ExplorationTables) -> Iterator[tuple[str, str, str, str]]:
    heavy = tables.outliers[(tables.outliers["n"] >= 500) & (tables.outliers["median"] > 0)] if len(tables.outliers) else tables.outliers
    for row in heavy.to_dict("records"):
        if row["top_share"] >= MIN_TOP_SHARE:
            note = f"{row['label']}: the top {_percent(0.01, 0)} of the accounts hold {_percent(row['top_share'], 0)} of the total."
            yield "concentrated", row["metric"], note, "Look: know these accounts by name; averages over all say little about the rest."


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f}{NBSP}%"
