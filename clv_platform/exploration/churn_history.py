"""The history of departures: who left, when in their life, after what, and who leaves sooner.

Here: the analysis put together (`build_churn_history`). Curves, signals and hazard ratios have a file each. Keep pages out (see `reports`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import pandas as pd

from clv_platform.config import CompanyConfig, Target
from clv_platform.datasets.labels import label_name
from clv_platform.exploration.churn_history_curves import build_curves, departures_by_life
from clv_platform.exploration.churn_history_hazards import attribute_ratios, signal_ratios
from clv_platform.exploration.churn_history_rows import choose_groupings, dated_lifetimes, flat_lifetimes
from clv_platform.exploration.churn_history_signals import build_panel, choose_signals, compare_signals

PREFIX = "history_"


@dataclass(frozen=True)
class ChurnHistory:
    """Tables of the analysis; each becomes a Parquet file `history_<name>` of the report folder. Frames may be empty.

    Attributes
    ----------
    summary : DataFrame
        One row: n, n_left, n_seen_from_start, n_back (came back after leaving), observed_from, observed_until, unit, is_flat.
    curves, groups, tests : DataFrame
        See `churn_history_curves.build_curves`.
    life : DataFrame
        See `churn_history_curves.departures_by_life`.
    signals : DataFrame
        See `churn_history_signals.compare_signals`.
    hazards : DataFrame
        kind (attribute, signal), name, label, level against reference, ratio with lo and hi (all others held equal), alone with its
        interval, n, n_left, p_constant.
    """

    summary: pd.DataFrame
    curves: pd.DataFrame
    groups: pd.DataFrame
    tests: pd.DataFrame
    life: pd.DataFrame
    signals: pd.DataFrame
    hazards: pd.DataFrame

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """File stem to table."""
        return {PREFIX + field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def facts(self) -> dict[str, Any]:
        """The summary as plain values."""
        return {str(name): value for name, value in self.summary.iloc[0].to_dict().items()}


class NoDurations(ValueError):
    """A flat label without a column that says how long accounts have been here; the message says how to name one."""


def build_churn_history(
    config: CompanyConfig, target: Target, examples: pd.DataFrame, lifetimes: pd.DataFrame, cutoff: date | None
) -> ChurnHistory:
    """Analyse the departures of one churn target as known at a cutoff.

    Parameters
    ----------
    examples : DataFrame
        `fct_churn_examples`.
    lifetimes : DataFrame
        `fct_account_lifetimes`; not read for flat labels.
    cutoff : date or None
        None for undated data.

    Raises
    ------
    NoDurations
        For a flat label without `duration_column`.
    """
    groupings = choose_groupings(config, [*lifetimes.columns, *examples.columns])
    label = label_name(target, config.snapshots.is_undated)
    if target.label_column or cutoff is None:
        if not target.duration_column:
            raise NoDurations(
                f"target `{target.name}` has a flat label and no `duration_column`: how long accounts have been here isn't known, so their "
                "history can't be told. Name the column of `account_snapshots` that holds it, in months."
            )
        rows = flat_lifetimes(examples, target, label, groupings)
        present = [name for name in groupings if name in rows.columns]
        curves, groups, tests = build_curves(rows, present)
        hazards, signals = _labelled(config, attribute_ratios(rows, present)), compare_signals(_no_panel(), ())
        return ChurnHistory(_summary(rows, None, examples), curves, groups, tests, departures_by_life(rows), signals, hazards)
    rows = dated_lifetimes(lifetimes, target, cutoff, groupings)
    present = [name for name in groupings if name in rows.columns]
    curves, groups, tests = build_curves(rows, present)
    chosen = choose_signals(config, target, examples)
    panel = build_panel(examples, rows, target, label, cutoff, chosen)
    hazards = [_labelled(config, attribute_ratios(rows, present)), signal_ratios(panel, chosen)]
    return ChurnHistory(
        _summary(rows, cutoff, lifetimes[lifetimes["target"] == target.name]),
        curves,
        groups,
        tests,
        departures_by_life(rows),
        compare_signals(panel, chosen),
        pd.concat([part for part in hazards if len(part)], ignore_index=True) if any(len(part) for part in hazards) else hazards[0],
    )


def label_of(config: CompanyConfig, name: str) -> str:
    """Return what the config calls a column; its name without underscores where it says nothing."""
    columns = {**config.account_columns, **config.snapshot_columns}
    labels = {name: column.label for name, column in columns.items() if column.label}
    return labels.get(name) or name.replace("_", " ")


def _labelled(config: CompanyConfig, hazards: pd.DataFrame) -> pd.DataFrame:
    return hazards.assign(label=[label_of(config, str(name)) for name in hazards["name"]])


def _summary(rows: pd.DataFrame, cutoff: date | None, source: pd.DataFrame) -> pd.DataFrame:
    is_flat = cutoff is None
    back = 0 if is_flat else int(source.loc[source["spell_number"] > 1, "account_id"].nunique())
    begin = None if is_flat or source.empty else pd.to_datetime(source["entered_at"]).min()
    return pd.DataFrame(
        {
            "n": [len(rows)],
            "n_left": [int(rows["is_left"].sum())],
            "n_seen_from_start": [int((rows["entry"] <= 0).sum())],
            "n_left_out": [len(source) - len(rows) if is_flat else 0],
            "n_back": [back],
            "observed_from": [None if begin is None else str(begin.date())],
            "observed_until": [None if cutoff is None else str(cutoff)],
            "is_flat": [is_flat],
        }
    )


def _no_panel() -> pd.DataFrame:
    return pd.DataFrame({"account_id": [], "as_of_date": [], "month_of_life": [], "is_leaving": [], "stays": []}).astype({"stays": bool})
