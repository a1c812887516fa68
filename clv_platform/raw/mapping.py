"""Which column of a source becomes which column of a raw table, and how it is cast.

Here: the config's mapping, columns of the same name, extra columns (kept as they are), declared columns (cast), labels (text).
Keep out: what values are allowed (`validation`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clv_platform.config import ColumnFeature, CompanyConfig, Source
from clv_platform.contracts.raw_tables import SQL_TYPES, Column, ColumnType, RawTable
from clv_platform.raw.casting import Cast, Spelling, cast_column
from clv_platform.raw.errors import RawDataError, listed, suggestion
from clv_platform.raw.reading.relation import Relation
from clv_platform.warehouse import quote_name

_DECLARED: dict[str, ColumnType] = {"number": "number", "boolean": "boolean", "category": "text"}


@dataclass(frozen=True)
class MappedColumn:
    """One column of a raw table.

    Attributes
    ----------
    name : str
        In the raw table.
    source_name : str or None
        In the source; None: the source doesn't give it.
    source_type : str
        DuckDB's type of it there.
    type : ColumnType or None
        What it is cast to; None: kept as it is.
    cast : Cast
        The expressions.
    contract : Column or None
        The contract's column; None: an extra or declared column.
    """

    name: str
    source_name: str | None
    source_type: str
    type: ColumnType | None
    cast: Cast
    contract: Column | None

    @property
    def sql_type(self) -> str | None:
        """The type in the raw table; None: as in the source."""
        return SQL_TYPES[self.type] if self.type else None


def map_columns(table: RawTable, source: Source, relation: Relation, config: CompanyConfig) -> tuple[MappedColumn, ...]:
    """Pair the contract's columns, then declared ones, then extras, with the columns of a source.

    Raises
    ------
    RawDataError
        When a mapped, required, declared or key column is missing.
    """
    by_lower = {name.lower(): (name, type_) for name, type_ in relation.columns}
    declared = declared_columns(table, config)
    wanted = {name: _find(table, name, column, by_lower, relation) for name, column in source.columns.items()}
    taken = {name for name, _ in wanted.values()}
    mapped: list[MappedColumn] = []
    for column in table.columns:
        found = wanted.get(column.name) or by_lower.get(column.name)
        if found is None and column.is_required:
            raise _missing_required(table, column, relation)
        if found:
            taken.add(found[0])
        mapped.append(_mapped(column.name, found, column.type, _spelling(source, column.name), column))
    for name, type_ in declared.items():
        found = wanted.get(name) or by_lower.get(name.lower())
        if found is None:
            raise _missing_declared(table, name, relation, config)
        taken.add(found[0])
        mapped.append(_mapped(name, found, type_, _spelling(source, name), None))
    names = {column.name.lower() for column in mapped}
    renamed = [(name, found) for name, found in wanted.items() if name.lower() not in names]
    kept = [(name, (name, type_)) for name, type_ in relation.columns if name not in taken]
    for name, found in (*renamed, *kept):
        free = _free_name(name, names)
        names.add(free.lower())
        mapped.append(MappedColumn(free, found[0], found[1], None, Cast(quote_name(found[0]), None), None))
    missing_keys = [name for name in source.key if name.lower() not in names]
    if missing_keys:
        raise RawDataError(
            f"{relation.label}: expected the key column {listed(missing_keys)} of sources.{table.name}.key, found columns "
            f"{listed([column.name for column in mapped if column.source_name])}. Correct `key`, or map the column under `columns`."
        )
    return tuple(mapped)


def declared_columns(table: RawTable, config: CompanyConfig) -> dict[str, ColumnType]:
    """Columns beyond the contract that the config declares for a table, with the type they are cast to; labels are text."""
    columns: Mapping[str, ColumnFeature] = {}
    labels: tuple[str, ...] = ()
    if table.name == "accounts":
        columns = config.account_columns
    elif table.name == "account_snapshots":
        columns = config.snapshot_columns
        labels = tuple(target.label_column for target in config.targets if target.label_column)
    contract = set(table.column_names)
    typed: dict[str, ColumnType] = {str(name): _DECLARED[column.type] for name, column in columns.items() if name not in contract}
    for label in labels:
        typed[label] = "text"
    return typed


def _mapped(name: str, found: tuple[str, str] | None, type_: ColumnType, spelling: Spelling, column: Column | None) -> MappedColumn:
    if found is None:
        return MappedColumn(name, None, "", type_, Cast("null", None), column)
    return MappedColumn(name, found[0], found[1], type_, cast_column(quote_name(found[0]), found[1], type_, spelling), column)


def _spelling(source: Source, name: str) -> Spelling:
    format_ = source.date_format.get(name) if isinstance(source.date_format, dict) else source.date_format
    return Spelling(source.null_values, format_, source.decimal)


def _find(table: RawTable, name: str, wanted: str, by_lower: Mapping[str, tuple[str, str]], relation: Relation) -> tuple[str, str]:
    found = by_lower.get(wanted.lower())
    if found is None:
        raise RawDataError(
            f"{relation.label}: expected a column {wanted!r} (sources.{table.name}.columns.{name}), found columns {listed(relation.names)}."
            f"{suggestion(wanted, relation.names)} Correct the name in the config."
        )
    return found


def _missing_required(table: RawTable, column: Column, relation: Relation) -> RawDataError:
    return RawDataError(
        f"{relation.label}: expected a column for `{column.name}` of {table.name}, found columns {listed(relation.names)}."
        f"{suggestion(column.name, relation.names)} Add `{column.name}: <its name in the file>` to sources.{table.name}.columns."
    )


def _missing_declared(table: RawTable, name: str, relation: Relation, config: CompanyConfig) -> RawDataError:
    target = next((target.name for target in config.targets if target.label_column == name), None)
    where = f"label_column of target {target}" if target else f"{'account' if table.name == 'accounts' else 'snapshot'}_columns.{name}"
    return RawDataError(
        f"{relation.label}: expected a column {name!r} ({where}), found columns {listed(relation.names)}."
        f"{suggestion(name, relation.names)} Correct the name in the config."
    )


def _free_name(name: str, names: set[str]) -> str:
    while name.lower() in names or name in {"_source_file", "_source_row"}:
        name = f"source_{name}"
    return name
