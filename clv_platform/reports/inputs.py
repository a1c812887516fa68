"""What a report is made of: frozen dataclasses, so that rendering is a pure function of them.

Add a fact that a report shows here, then to the template. Keep reading of files out (see `gather`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from clv_platform.config import CompanyConfig, Target
from clv_platform.contracts.features import Feature, build_feature_catalogue
from clv_platform.datasets import TimeSplit
from clv_platform.evaluation import GateDecision, StoredEvaluation
from clv_platform.evaluation.store import TABLES
from clv_platform.raw.summary import RawLoad
from clv_platform.reports.page import INDEX


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

    @classmethod
    def from_time_split(cls, split: TimeSplit) -> SplitFacts:
        """Take the facts of a split by time."""
        return cls(
            is_undated=False,
            train_from=split.train_dates[0],
            train_until=split.train_dates[-1],
            test_dates=split.test_dates,
            scoring_date=split.scoring_date,
            n_train=len(split.train),
            n_train_positive=int(split.train.y.sum()),
        )

    @classmethod
    def from_folds(cls, target: Target) -> SplitFacts:
        """Describe the random split of undated data, as the config asks for it."""
        return cls(is_undated=True, n_folds=target.n_folds, n_fold_seeds=len(target.fold_seeds))

    def to_json(self) -> dict[str, Any]:
        """Return plain values, dates as text."""
        texts = {key: str(value) for key, value in asdict(self).items() if isinstance(value, date)}
        return asdict(self) | texts | {"test_dates": [str(day) for day in self.test_dates]}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> SplitFacts:
        """Read what `to_json` wrote."""
        dates = {key: content[key] and date.fromisoformat(content[key]) for key in ("train_from", "train_until", "scoring_date")}
        return cls(**{**content, **dates, "test_dates": tuple(date.fromisoformat(day) for day in content["test_dates"])})


@dataclass(frozen=True)
class TargetReportInputs:
    """Everything the report of one target shows. Frames may be empty: their section is then left out.

    Attributes
    ----------
    metrics : mapping
        `metrics.json`.
    gate : GateDecision
        `gate.json`.
    arms, leaderboard, lift, gains, reliability, pr_curve, slices : DataFrame
        The evaluation's files of the same names.
    importance : DataFrame
        feature, label, mean_abs, share.
    call_list : DataFrame
        account_id, score, reasons, best first; empty when there is no champion. Private columns are dropped here again.
    n_scored : int or None
        How many accounts the list was taken from.
    n_happened : int
        How many of these aren't on any list, because the event has happened between the snapshot and the cutoff.
    n_on_file : int or None
        How many accounts there are, asked or not, see `bridge`.
    raw_load : RawLoad or None
        `raw_load.json`: rows read and rejected.
    features : tuple of Feature
        The catalogue; undated attributes are named in the limits.
    warnings : tuple of str
        From loading and the leakage guards, one plain sentence each.
    extras : mapping of str to DataFrame
        The other Parquet files of the report folder by name (`tuning`, `weak_slices`, ...): what `sections` show.
    pages : tuple of (address, words)
        Pages beside this one, relative to it.
    """

    config: CompanyConfig
    target: Target
    cutoff: date | None
    metrics: Mapping[str, Any]
    gate: GateDecision
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
    n_scored: int | None = None
    n_happened: int = 0
    n_on_file: int | None = None
    raw_load: RawLoad | None = None
    warnings: tuple[str, ...] = ()
    extras: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    pages: tuple[tuple[str, str], ...] = ()


def build_target_inputs(
    config: CompanyConfig,
    target: Target,
    cutoff: date | None,
    stored: StoredEvaluation,
    split: SplitFacts,
    *,
    importance: pd.DataFrame | None = None,
    call_list: pd.DataFrame | None = None,
    n_scored: int | None = None,
    n_happened: int = 0,
    n_on_file: int | None = None,
    raw_load: RawLoad | None = None,
    warnings: tuple[str, ...] = (),
    extras: Mapping[str, pd.DataFrame] | None = None,
    pages: tuple[tuple[str, str], ...] = (),
) -> TargetReportInputs:
    """Put together what a target's report shows.

    Parameters
    ----------
    stored : StoredEvaluation
        `evaluation.read_evaluation(folder)`.
    split : SplitFacts
        `SplitFacts.from_time_split(split)` or `SplitFacts.from_folds(target)`.
    importance, call_list : DataFrame, optional
        Absent or empty: their sections are left out.
    raw_load : RawLoad, optional
        Its warnings are shown too.
    extras : mapping of str to DataFrame, optional
        Further tables of the report folder, see `read_extras`.
    """
    found = stored.evaluation
    return TargetReportInputs(
        config=config,
        target=target,
        cutoff=cutoff,
        metrics=found.metrics,
        gate=stored.gate,
        split=split,
        features=build_feature_catalogue(config),
        arms=stored.arms,
        leaderboard=found.leaderboard,
        lift=found.lift,
        gains=found.gains,
        reliability=found.reliability,
        pr_curve=found.pr_curve,
        slices=found.slices,
        importance=_empty() if importance is None else importance,
        call_list=_empty() if call_list is None else call_list,
        n_scored=n_scored,
        n_happened=n_happened,
        n_on_file=n_on_file,
        raw_load=raw_load,
        warnings=(*warnings, *(raw_load.warnings if raw_load else ())),
        extras=extras or {},
        pages=pages,
    )


_PAGES = {
    "history.html": "who left, when and after what",
    "backtest.html": "the same question in earlier months",
    "../exploration/report.html": "what the accounts look like",
    "../data/report.html": "the data behind it",
}


def find_pages(folder: Path) -> tuple[tuple[str, str], ...]:
    """Find the pages beside a target's report, as addresses relative to it; published copies lie the same way."""
    return INDEX, *((address, label) for address, label in _PAGES.items() if (folder / address).is_file())


def read_extras(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the Parquet files of a report folder that aren't the evaluation's own, by name without suffix."""
    own = {*TABLES, "arms", "importance"}
    return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("[!.]*.parquet")) if path.stem not in own}


@dataclass(frozen=True)
class DataReportInputs:
    """Everything the data report shows, from raw rows to marts; frames may be empty.

    Attributes
    ----------
    tables : DataFrame
        table_name, source, n_read, n_accepted, n_rejected, n_excluded, n_duplicates, n_late, n_used: one row per raw table given.
    rejects : DataFrame
        table_name, column_name, reason, kind, n.
    exclusions : DataFrame
        table_name, rule, n: rows left out by a named rule of the config.
    excluded_accounts : DataFrame
        as_of_date, reason, n.
    spine : DataFrame
        as_of_date, n_accounts.
    features : DataFrame
        name, type, group, label, window, unit, n, n_missing, mean, lowest, median, highest, top_level, top_share, is_private: one row per
        feature; lowest and highest are the 5 % and 95 % quantiles; `top` for categories and booleans.
    feature_rows : str
        On which rows the features are summarised, in words.
    activity : DataFrame
        table_name, month, n_rows, n_accounts.
    base_rates : DataFrame
        target, as_of_date, n, n_positive.
    respelt : DataFrame
        table_name, column_name, given, used, n: values that staging spells otherwise (`raw.spelling.count_respelt`).
    absent_features : mapping of str to tuple of str
        Optional column without a value (`subscriptions.seats`) to the features that are left out for want of it; as `clv check` says.
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
    feature_rows: str = ""
    respelt: pd.DataFrame = field(default_factory=_empty)
    absent_features: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    observed_from: date | None = None
    observed_until: date | None = None
    warnings: tuple[str, ...] = ()
