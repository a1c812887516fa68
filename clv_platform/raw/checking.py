"""What a load would do, without writing anything: the answer of `clv check`.

Here: the same load into memory, then what it rejected, which columns and metrics nobody uses, which targets can be answered.
Keep out: guards that need features (these are in `datasets`).
"""

from __future__ import annotations

import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

from clv_platform.config import CompanyConfig, Target
from clv_platform.contracts.dbt_vars import positive_texts
from clv_platform.contracts.event_features import FEATURES_OF_OPTIONAL_COLUMNS
from clv_platform.contracts.features import build_feature_catalogue
from clv_platform.contracts.plans import plan_as_listed
from clv_platform.contracts.raw_tables import BOOKKEEPING, RAW_TABLES
from clv_platform.raw.errors import listed
from clv_platform.raw.loading import load_tables
from clv_platform.raw.mapping import declared_columns
from clv_platform.raw.spelling import count_respelt
from clv_platform.raw.summary import RawLoad, TableLoad
from clv_platform.settings import Settings
from clv_platform.warehouse import Connection, column_exists, open_memory, quote_name, quote_text

_MONTH_DAYS = 31
_TOP = 5


@dataclass(frozen=True)
class LeftOut:
    """One reason for which rows were rejected or excluded, with an example."""

    reason: str
    n_rows: int
    example: str


@dataclass(frozen=True)
class TableCheck:
    """One raw table: its counts, why rows are left out, columns of the source that nothing uses."""

    load: TableLoad
    left_out: tuple[LeftOut, ...]
    unused_columns: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class TargetCheck:
    """Whether a target can be answered, and why not."""

    name: str
    is_possible: bool
    message: str


@dataclass(frozen=True)
class SourceCheck:
    """What `clv check` says.

    Attributes
    ----------
    load : RawLoad
        What a load would bring.
    tables : tuple of TableCheck
        One for each table of the config.
    features : dict
        Group to the names of its features.
    absent : dict
        Column without a single value (`subscriptions.seats`, say) to the features that stay empty for want of it.
    targets : tuple of TargetCheck
        One for each target of the config.
    """

    title: str
    load: RawLoad
    tables: tuple[TableCheck, ...]
    features: dict[str, tuple[str, ...]]
    absent: dict[str, tuple[str, ...]]
    targets: tuple[TargetCheck, ...]

    @property
    def is_good(self) -> bool:
        """Whether every target can be answered."""
        return all(target.is_possible for target in self.targets)

    def render(self) -> str:
        """Plain text for a terminal."""
        lines = [self.title, ""]
        for table in self.tables:
            counts = table.load
            lines.append(f"{counts.name}  ({counts.source})")
            lines.append(
                f"  read {counts.n_read:,}, accepted {counts.n_accepted:,}, rejected {counts.n_rejected:,}, excluded {counts.n_excluded:,}"
            )
            lines += [f"    {reason.n_rows:,} x {reason.reason}; {reason.example}" for reason in table.left_out]
            if table.unused_columns:
                lines.append(f"  columns that nothing uses: {', '.join(table.unused_columns)}")
            lines += [f"  {note}" for note in table.notes]
        lines.append("")
        if self.load.observed_from and self.load.observed_until:
            lines.append(f"Data reach from {self.load.observed_from} to {self.load.observed_until} (exclusive).")
        else:
            lines.append("Nothing is dated: splits will be random and stratified, and every report says so.")
        lines += [f"Note: {warning}" for warning in self.load.warnings]
        lines += ["", f"Features: {sum(map(len, self.features.values()))}"]
        for group, names in self.features.items():
            lines += textwrap.wrap(f"{group}: {', '.join(names)}", 110, initial_indent="  ", subsequent_indent="    ")
        if self.absent:
            lines += [
                "",
                f"Absent features: {sum(map(len, self.absent.values()))}, because their column is not given or empty",
            ]
            for column, names in self.absent.items():
                lines += textwrap.wrap(f"{column}: {', '.join(names)}", 110, initial_indent="  ", subsequent_indent="    ")
        lines += ["", "Targets:" if self.targets else "Targets: none; features and marts only."]
        lines += [
            f"  {target.name}: {'can be computed' if target.is_possible else 'NOT possible'}. {target.message}" for target in self.targets
        ]
        return "\n".join(lines) + "\n"


def check_sources(config: CompanyConfig, settings: Settings) -> SourceCheck:
    """Read all sources as a load does, and say what would come of them; nothing is written.

    Parameters
    ----------
    config : CompanyConfig
        The company.
    settings : Settings
        Threads and memory.

    Raises
    ------
    RawDataError
        When a load would stop.
    """
    with open_memory(settings) as connection, tempfile.TemporaryDirectory(prefix="clv_check_") as folder:
        load = load_tables(connection, config, Path(folder))
        tables = tuple(_check_table(connection, config, table) for table in load.tables)
        targets = tuple(_check_target(connection, config, target, load) for target in config.targets)
        absent = find_absent_features(connection, config)
    missing = {name for names in absent.values() for name in names}
    features: dict[str, tuple[str, ...]] = {}
    for feature in build_feature_catalogue(config):
        if feature.name not in missing:
            features[feature.group] = (*features.get(feature.group, ()), feature.name)
    return SourceCheck(f"{config.title} ({config.name})", load, tables, features, absent, targets)


def find_absent_features(connection: Connection, config: CompanyConfig) -> dict[str, tuple[str, ...]]:
    """Find features of optional columns without a value, by column (`subscriptions.seats`): what check and data report leave out.

    Parameters
    ----------
    connection : Connection
        With the raw tables loaded; one that isn't there has no absent column.
    config : CompanyConfig
        Whose features they are.
    """
    found: dict[str, tuple[str, ...]] = {}
    known = {feature.name for feature in build_feature_catalogue(config)}
    for (table, column), names in FEATURES_OF_OPTIONAL_COLUMNS.items():
        wanted = tuple(name for name in names if name in known)
        if not wanted or table not in config.sources or not column_exists(connection, "raw", table, column):
            continue
        row = connection.execute(f"select count({quote_name(column)}) from raw.{table}").fetchone()
        if row == (0,):
            found[f"{table}.{column}"] = wanted
    return found


def _check_table(connection: Connection, config: CompanyConfig, load: TableLoad) -> TableCheck:
    table = RAW_TABLES[load.name]
    rejected = connection.execute(
        "select column_name, reason, count(*), arg_min(value, source_row), arg_min(source_file, source_row), min(source_row) "
        f"from raw.rejected_rows where table_name = ? group by all order by 3 desc, 1, 2 limit {_TOP}",
        [load.name],
    ).fetchall()
    excluded = connection.execute(
        "select rule, count(*), arg_min(source_file, source_row), min(source_row) "
        "from raw.excluded_rows where table_name = ? group by all order by 2 desc, 1",
        [load.name],
    ).fetchall()
    left_out = [
        LeftOut(
            f"{column}: {reason}" if column else reason, n, f"first in {file}, row {row}" + (f": {value!r}" if value is not None else "")
        )
        for column, reason, n, value, file, row in rejected
    ]
    left_out += [LeftOut(f"excluded by rule {rule}", n, f"first in {file}, row {row}") for rule, n, file, row in excluded]
    keys = config.sources[load.name].key if load.name in config.sources else ()
    known = {
        name.lower() for name in (*table.column_names, *keys, *declared_columns(table, config), *(column.name for column in BOOKKEEPING))
    }
    present = [row[0] for row in connection.execute(f"describe raw.{load.name}").fetchall()]
    unused = tuple(name for name in present if name.lower() not in known)
    return TableCheck(load, tuple(left_out), unused, tuple(_notes(connection, config, load.name)))


def _notes(connection: Connection, config: CompanyConfig, table: str) -> list[str]:
    notes: list[str] = []
    if table == "usage":
        found = {row[0] for row in connection.execute("select distinct trim(metric) from raw.usage").fetchall()}
        spare, missing = sorted(found - set(config.usage_metrics)), sorted(set(config.usage_metrics) - found)
        return [
            *([f"metrics that usage_metrics doesn't name, so that nothing uses them: {', '.join(spare)}"] if spare else []),
            *([f"metrics of usage_metrics without a row: {', '.join(missing)}"] if missing else []),
        ]
    if table == "subscriptions" and config.plans:
        found = {row[0] for row in connection.execute("select distinct trim(plan) from raw.subscriptions").fetchall()}
        spare = [plan for plan in sorted(found - {None}) if plan_as_listed(plan, config.plans) not in config.plans.order]
        notes += [f"plans that plans.order doesn't name: {', '.join(spare)}"] if spare else []
    respelt: dict[str, list[str]] = {}
    for row in count_respelt(connection, config):
        if row.table_name == table:
            respelt.setdefault(row.column_name, []).append(f"{row.given!r} as {row.used} ({row.n:,} rows)")
    return notes + [f"{column} read as the same name: {listed(values)}" for column, values in respelt.items()]


def _check_target(connection: Connection, config: CompanyConfig, target: Target, load: RawLoad) -> TargetCheck:
    if target.label_column:
        return _check_label(connection, config, target)
    churn = target.activity if target.churn_means == "silent" else ("subscriptions",)
    needed = {"upgrade": ("subscriptions",), "churn": churn, "value": ("orders",)}[target.kind]
    if not any(name in config.sources for name in needed):
        return TargetCheck(
            target.name, False, f"It needs {' or '.join(needed)}, or a label_column of account_snapshots; add such a source."
        )
    if load.observed_from is None or load.observed_until is None:
        return TargetCheck(target.name, False, "It needs dated events, and nothing is dated. Map the date columns of the sources.")
    n_days = (load.observed_until - load.observed_from).days
    horizon, n_dates = target.horizon_days, config.training.n_test_dates
    learnt_on = horizon
    if target.kind == "value":  # judged at one date; may learn on shorter windows before it
        learnt_on, n_dates = min((horizon, *target.learning_windows)), 1
    wanted = horizon + learnt_on + n_dates * _MONTH_DAYS + config.eligibility.min_tenure_days
    spans = "two horizons" if learnt_on == horizon else f"{learnt_on} days to learn on, a horizon"
    span = f"{n_days} days, {load.observed_from} to {load.observed_until}"
    if horizon >= n_days:
        return TargetCheck(
            target.name, False,
            f"Its horizon of {horizon} days is longer than the history ({span}); about {wanted} days are needed. "
            "Shorten horizon_days or give more history.",
        )  # fmt: skip
    if wanted > n_days:
        return TargetCheck(
            target.name, False,
            f"It needs about {wanted} days of history ({spans} of {horizon} days, {n_dates} test date{'s' if n_dates > 1 else ''}, "
            f"{config.eligibility.min_tenure_days} days of tenure), found {span}. Shorten horizon_days or give more history.",
        )  # fmt: skip
    return TargetCheck(target.name, True, f"History of {span}; about {wanted} days are needed.")


def _check_label(connection: Connection, config: CompanyConfig, target: Target) -> TargetCheck:
    positives = ", ".join(map(quote_text, positive_texts(target)))
    # Compared as the warehouse does: without case, and 1.0 is 1.
    label = f"nullif(regexp_replace(lower(trim({quote_name(target.label_column or '')})), '[.]0+$', ''), '')"
    row = connection.execute(
        f"select count({label}), count(*) filter (where {label} in ({positives})), count(distinct {label}) from raw.account_snapshots"
    ).fetchone()
    assert row is not None
    n_labels, n_positives, n_values = row
    least = config.training.min_positives
    found = f"{n_positives:,} of {n_labels:,} rows are positive ({target.label_column} in {', '.join(target.positive_values)})"
    if n_values != 2:
        return TargetCheck(
            target.name, False, f"Its label has {n_values} different values instead of two. Correct label_column, or exclude rows."
        )
    if n_positives < least or n_labels - n_positives < least:
        return TargetCheck(
            target.name, False, f"{found}; at least {least} of each class are needed. Correct positive_values, or give more rows."
        )
    return TargetCheck(target.name, True, f"{found}.")
