"""What a report is made of: frozen dataclasses, so that rendering is a pure function of them.

Add a fact that a report shows here, then to the template. Keep reading of files out (see `gather`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from clv_platform.config import CompanyConfig, Target
from clv_platform.contracts.features import Feature


def _empty() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True)
class SplitFacts:
    """How the rows were split; dates are inclusive firsts of month, None when the data are undated.

    Attributes
    ----------
    is_undated : bool
        The split was random, not by time.
    train_from, train_until : date or None
        First and last as-of date that the model learnt from.
    test_dates : tuple of date
        As-of dates of the test rows.
    scoring_date : date or None
        The as-of date of the call list.
    n_train, n_train_positive : int or None
        Rows learnt from.
    n_folds, n_fold_seeds : int
        Undated data: the parts of the random split, and how often it was repeated.
    calibrated_on : str
        What the probabilities were calibrated on, in words.
    """

    is_undated: bool
    train_from: date | None = None
    train_until: date | None = None
    test_dates: tuple[date, ...] = ()
    scoring_date: date | None = None
    n_train: int | None = None
    n_train_positive: int | None = None
    n_folds: int = 0
    n_fold_seeds: int = 0
    calibrated_on: str = "out-of-fold predictions of the training rows, none of them resampled"


@dataclass(frozen=True)
class TargetReportInputs:
    """Everything the report of one target shows. Frames may be empty: their section is then left out.

    Attributes
    ----------
    metrics : mapping
        `metrics.json`.
    gate : mapping
        `gate.json`: `is_promoted`, `verdict`, `reasons`.
    arms, leaderboard, lift, gains, reliability, pr_curve, slices : DataFrame
        The evaluation's files of the same names.
    importance : DataFrame
        feature, label, mean_abs, share.
    call_list : DataFrame
        account_id, score, reasons, best first; empty when there is no champion. Private columns are dropped here again.
    raw_load : mapping
        `raw_load.json`; its `tables` give rows read and rejected.
    features : tuple of Feature
        The catalogue; undated attributes are named in the limits.
    warnings : tuple of str
        From loading and the leakage guards, one plain sentence each.
    """

    config: CompanyConfig
    target: Target
    cutoff: date | None
    metrics: Mapping[str, Any]
    gate: Mapping[str, Any]
    split: SplitFacts
    features: tuple[Feature, ...] = ()
    arms: pd.DataFrame = field(default_factory=_empty)
    leaderboard: pd.DataFrame = field(default_factory=_empty)
    lift: pd.DataFrame = field(default_factory=_empty)
    gains: pd.DataFrame = field(default_factory=_empty)
    reliability: pd.DataFrame = field(default_factory=_empty)
    pr_curve: pd.DataFrame = field(default_factory=_empty)
    slices: pd.DataFrame = field(default_factory=_empty)
    importance: pd.DataFrame = field(default_factory=_empty)
    call_list: pd.DataFrame = field(default_factory=_empty)
    raw_load: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataReportInputs:
    """Everything the data report shows, from raw rows to marts; frames may be empty.

    Attributes
    ----------
    tables : DataFrame
        name, source, n_read, n_accepted, n_rejected, n_excluded, n_duplicates, n_used: one row per raw table.
    rejects : DataFrame
        table_name, column_name, reason, kind, n.
    exclusions : DataFrame
        table_name, rule, n: rows left out by a named rule of the config.
    excluded_accounts : DataFrame
        as_of_date, reason, n.
    spine : DataFrame
        as_of_date, n_accounts.
    features : DataFrame
        One row per feature: see `clv_platform.reports.data_facts.summarise_features`.
    activity : DataFrame
        table_name, month, n_rows, n_accounts.
    base_rates : DataFrame
        target, as_of_date, n, n_positive.
    observed_from, observed_until : date or None
        Where the data begin and end (exclusive).
    """

    config: CompanyConfig
    tables: pd.DataFrame = field(default_factory=_empty)
    rejects: pd.DataFrame = field(default_factory=_empty)
    exclusions: pd.DataFrame = field(default_factory=_empty)
    excluded_accounts: pd.DataFrame = field(default_factory=_empty)
    spine: pd.DataFrame = field(default_factory=_empty)
    features: pd.DataFrame = field(default_factory=_empty)
    activity: pd.DataFrame = field(default_factory=_empty)
    base_rates: pd.DataFrame = field(default_factory=_empty)
    observed_from: date | None = None
    observed_until: date | None = None
    warnings: tuple[str, ...] = ()
