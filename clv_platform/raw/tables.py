"""One raw table: from a relation to accepted, rejected and excluded rows, in SQL.

Here: the statement that fills a table, the one that lists what it left out, the check that no row is lost.
Keep out: reading (`reading`), the order of tables and the summary (`loading`).
"""

from __future__ import annotations

from collections.abc import Sequence

from clv_platform.config import CompanyConfig, Source
from clv_platform.contracts.raw_tables import BOOKKEEPING, SQL_TYPES, RawTable
from clv_platform.raw.currency import convert_expressions
from clv_platform.raw.errors import RawDataError, first_line
from clv_platform.raw.mapping import MappedColumn, declared_columns, map_columns
from clv_platform.raw.reading.relation import Relation, Workbench
from clv_platform.raw.summary import TableLoad
from clv_platform.raw.validation import ORPHAN, Check, build_checks, given_name, value_name
from clv_platform.warehouse import Connection, WarehouseError, quote_name, quote_text

ACCOUNT_IDS = "_clv_account_ids"
"""Temporary table of the accepted account ids, once each."""

_LOG_TABLES = {
    "rejected_rows": "table_name varchar, source_file varchar, source_row bigint, column_name varchar, value varchar, reason varchar, "
    "kind varchar",
    "excluded_rows": "table_name varchar, source_file varchar, source_row bigint, rule varchar",
    "load_report": "table_name varchar, source varchar, n_read bigint, n_accepted bigint, n_rejected bigint, n_excluded bigint",
}


def create_log_tables(connection: Connection) -> None:
    """Make the tables that say what a load did, empty."""
    for name, columns in _LOG_TABLES.items():
        connection.execute(f"create or replace table raw.{name} ({columns})")


def create_absent_table(connection: Connection, table: RawTable, config: CompanyConfig) -> None:
    """Make a table that the config doesn't give: empty and typed, so that dbt compiles."""
    columns = [(column.name, SQL_TYPES[column.type]) for column in table.columns]
    columns += [(name, SQL_TYPES[type_]) for name, type_ in declared_columns(table, config).items()]
    columns += [(column.name, SQL_TYPES[column.type]) for column in BOOKKEEPING]
    declared = ", ".join(f"{quote_name(name)} {type_}" for name, type_ in columns)
    connection.execute(f"create or replace table raw.{table.name} ({declared})")


def create_derived_accounts(connection: Connection, table: RawTable, config: CompanyConfig, origins: Sequence[str]) -> TableLoad:
    """Make `accounts` of the distinct account ids of other tables."""
    create_absent_table(connection, table, config)
    ids = " union ".join(f"select distinct account_id from raw.{name} where account_id is not null" for name in origins)
    source = f"derived from {', '.join(origins)}"
    connection.execute(
        f"insert into raw.accounts (account_id, _source_file, _source_row) "
        f"select account_id, {quote_text(source)}, row_number() over (order by account_id) from ({ids}) order by account_id"
    )
    n_accounts = _count(connection, "raw.accounts")
    return TableLoad("accounts", source, n_accounts, n_accounts, 0, 0)


def fill_table(
    bench: Workbench, table: RawTable, source: Source, relation: Relation, config: CompanyConfig, has_accounts: bool
) -> TableLoad:
    """Fill a raw table from a relation, and list the rows it leaves out.

    Parameters
    ----------
    bench : Workbench
        Where the relation is.
    table, source, config
        The contract, and what the config says about this table.
    relation : Relation
        The rows.
    has_accounts : bool
        Whether the accounts are known, so that rows of unknown ones are orphans.

    Raises
    ------
    RawDataError
        When a column is missing, a rule of the config isn't valid SQL, an exchange rate is missing, or rows were lost.
    """
    columns = map_columns(table, source, relation, config)
    checks = build_checks(table, source, columns)
    rows = _working_select(bench, table, source, relation, columns)
    account = next((position for position, column in enumerate(columns) if column.name == "account_id" and column.source_name), None)
    orphans = account if has_accounts and table.name != "accounts" else None
    connection = bench.connection
    fits = [f"({check.condition}) is not true" for check in checks]
    if source.exclude:
        fits.insert(0, "_clv_rule is null")
    if orphans is not None:
        known = f"{value_name(orphans)} in (select account_id from {ACCOUNT_IDS})"
        is_required = "account_id" in table.required
        fits.append(known if is_required else f"({value_name(orphans)} is null or {known})")
    outputs = _outputs(bench, table, columns, rows, config)
    where = f" where {' and '.join(fits)}" if fits else ""
    try:
        connection.execute(f"create or replace table raw.{table.name} as select {outputs} from ({rows}){where}")
        n_accepted = _count(connection, f"raw.{table.name}")
        n_excluded = _list_excluded(connection, table, source, rows)
        n_rejected = relation.n_malformed
        if n_accepted + n_excluded != relation.n_rows:
            n_rejected += _list_rejected(connection, table, columns, checks, rows, orphans, config, bool(source.exclude))
        _list_malformed(connection, table, relation)
    except WarehouseError as error:
        raise RawDataError(
            f"{relation.label}: expected rows that fit table {table.name}, found that they can't be read ({first_line(error)}). "
            "Check the file, and `exclude` rules of this source."
        ) from error
    if relation.n_read != n_accepted + n_rejected + n_excluded:
        raise RawDataError(
            f"{relation.label}: rows of table {table.name} were lost: read {relation.n_read}, accepted {n_accepted}, "
            f"rejected {n_rejected}, excluded {n_excluded}. This is a fault of the loader, not of the file: please report it with the "
            "source's block of the config."
        )
    return TableLoad(table.name, relation.label, relation.n_read, n_accepted, n_rejected, n_excluded)


def _working_select(bench: Workbench, table: RawTable, source: Source, relation: Relation, columns: Sequence[MappedColumn]) -> str:
    parts: list[str] = []
    for position, column in enumerate(columns):
        if column.source_name is None:
            continue
        parts.append(f"{column.cast.value_sql} as {value_name(position)}")
        if column.cast.given_sql is not None:
            parts.append(f"{column.cast.given_sql} as {given_name(position)}")
    if source.exclude:
        _try_rules(bench.connection, table, source, relation)
        cases = " ".join(f"when ({rule.where}) then {quote_text(rule.rule)}" for rule in source.exclude)
        parts.append(f"case {cases} end as _clv_rule")
    parts += [f"{relation.file_sql} as _clv_file", f"{relation.row_sql} as _clv_row"]
    return f"select {', '.join(parts)} from {relation.from_sql}"


def _try_rules(connection: Connection, table: RawTable, source: Source, relation: Relation) -> None:
    """Run each rule over the rows that the rules before it leave, as the load will: a value that it fails on must name the rule.

    Afterwards is too late: the first error ends the transaction, and nothing can be asked any more.
    """
    earlier = ""
    for rule in source.exclude:
        hint = ""
        try:
            connection.execute(f"describe select ({rule.where}) as is_excluded from {relation.from_sql}").fetchall()
            hint = " `try_cast` and `try_strptime` give null where a value can't be read."
            _count(connection, f"{relation.from_sql} where case {earlier} when ({rule.where}) then true end")
        except WarehouseError as error:
            raise RawDataError(
                f"sources.{table.name}.exclude, rule {rule.rule}: expected a condition over the source's columns, found an error "
                f"({first_line(error)}). Correct `where`; it is DuckDB's dialect.{hint}"
            ) from error
        earlier += f" when ({rule.where}) then false"


def _outputs(bench: Workbench, table: RawTable, columns: Sequence[MappedColumn], rows: str, config: CompanyConfig) -> str:
    values: dict[str, str] = {}
    for position, column in enumerate(columns):
        value = value_name(position) if column.source_name else "null"
        is_cast = column.sql_type and not (column.source_name and _has_type(column))
        values[column.name] = f"cast({value} as {column.sql_type})" if is_cast else value
    values |= convert_expressions(bench.connection, table, columns, values, rows, config)
    parts = [f"{sql} as {quote_name(name)}" for name, sql in values.items()]
    return ", ".join([*parts, "cast(_clv_file as varchar) as _source_file", "cast(_clv_row as bigint) as _source_row"])


def _has_type(column: MappedColumn) -> bool:
    """Whether the value already has the type of the contract, so that no cast is needed."""
    plain = {"text": "VARCHAR", "number": "DOUBLE", "timestamp": "TIMESTAMP", "boolean": "BOOLEAN", "integer": "BIGINT"}
    return column.type is not None and plain.get(column.type) == column.source_type


def _list_excluded(connection: Connection, table: RawTable, source: Source, rows: str) -> int:
    if not source.exclude:
        return 0
    connection.execute(
        f"insert into raw.excluded_rows select {quote_text(table.name)}, _clv_file, _clv_row, _clv_rule from ({rows}) "
        "where _clv_rule is not null"
    )
    return _count(connection, f"raw.excluded_rows where table_name = {quote_text(table.name)}")


def _list_rejected(
    connection: Connection, table: RawTable, columns: Sequence[MappedColumn], checks: Sequence[Check], rows: str, orphans: int | None,
    config: CompanyConfig, has_rules: bool,
) -> int:  # fmt: skip
    problems = list(checks)
    join = ""
    if orphans is not None:
        join = f" left join (select account_id as _clv_known from {ACCOUNT_IDS}) on {value_name(orphans)} = _clv_known"
        problems.append(Check(orphans, f"{value_name(orphans)} is not null and _clv_known is null", ORPHAN))
    if not problems:
        return 0
    number = " ".join(f"when {check.condition} then {place}" for place, check in enumerate(problems))
    left_in = " where _clv_rule is null" if has_rules else ""
    names = " ".join(f"when {place} then {quote_text(columns[check.position].name)}" for place, check in enumerate(problems))
    values = " ".join(f"when {place} then {_shown(columns, check, config)}" for place, check in enumerate(problems))
    reasons = " ".join(f"when {place} then {quote_text(check.reason)}" for place, check in enumerate(problems))
    orphan_number = len(problems) - 1 if orphans is not None else -1
    before = _count(connection, "raw.rejected_rows")
    connection.execute(
        f"insert into raw.rejected_rows select {quote_text(table.name)}, _clv_file, _clv_row, case _clv_problem {names} end, "
        f"left(case _clv_problem {values} end, 200), case _clv_problem {reasons} end, "
        f"case when _clv_problem = {orphan_number} then 'orphan' else 'invalid' end "
        f"from (select *, case {number} end as _clv_problem from ({rows}){join}{left_in}) where _clv_problem is not null"
    )
    return _count(connection, "raw.rejected_rows") - before


def _shown(columns: Sequence[MappedColumn], check: Check, config: CompanyConfig) -> str:
    column = columns[check.position]
    if column.name in config.private:
        return "'(private)'"
    # Both exist where a cast can fail; the given text says more than the null it became.
    name = given_name(check.position) if column.cast.given_sql is not None else value_name(check.position)
    return f"cast({name} as varchar)"


def _list_malformed(connection: Connection, table: RawTable, relation: Relation) -> None:
    if relation.malformed and relation.n_malformed:
        connection.execute(
            f"insert into raw.rejected_rows select {quote_text(table.name)}, source_file, source_row, null, value, reason, 'invalid' "
            f"from {quote_name(relation.malformed)}"
        )


def _count(connection: Connection, from_sql: str) -> int:
    row = connection.execute(f"select count(*) from {from_sql}").fetchone()
    return int(row[0]) if row else 0
