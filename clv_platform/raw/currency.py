"""Orders in more than one currency: converted with the config's exchange rates, the original amounts kept beside.

Keep out: conversion by date; the config gives one rate for each currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clv_platform.config import CompanyConfig
from clv_platform.contracts.raw_tables import SQL_TYPES, RawTable
from clv_platform.raw.errors import RawDataError, listed
from clv_platform.raw.mapping import MappedColumn
from clv_platform.raw.validation import value_name
from clv_platform.warehouse import Connection, quote_text


def convert_expressions(
    connection: Connection, table: RawTable, columns: Sequence[MappedColumn], values: Mapping[str, str], rows: str, config: CompanyConfig
) -> dict[str, str]:
    """Expressions that replace and complete a table's output when its amounts are in several currencies.

    Returns
    -------
    dict
        Empty when all rows are in the config's currency; else `<money column>` (converted) and `<money column>_original`.

    Raises
    ------
    RawDataError
        When a currency has no rate in `exchange_rates`.
    """
    position = next((place for place, column in enumerate(columns) if column.name == "currency" and column.source_name), None)
    if position is None or "currency" not in table.column_names:
        return {}
    code = f"upper(trim({value_name(position)}))"
    kept = " and _clv_rule is null" if "_clv_rule" in rows else ""
    found = connection.execute(
        f"select {code} as code, count(*) from ({rows}) where nullif({code}, '') is not null{kept} group by 1 order by 1"
    ).fetchall()
    own = config.currency.upper()
    rates = {name.upper(): rate for name, rate in config.exchange_rates.items()} | {own: 1.0}
    missing = [f"{name} ({n_rows} rows)" for name, n_rows in found if name not in rates]
    if missing:
        raise RawDataError(
            f"sources.{table.name}: expected amounts in {own}, found {listed(missing)}. Add `exchange_rates: {{XXX: <one XXX in {own}>}}` "
            "to the config for each of these currencies, or leave their rows out with an `exclude` rule."
        )
    if {name for name, _ in found} <= {own}:
        return {}
    cases = " ".join(f"when {quote_text(name)} then {rates[name]!r}" for name, _ in found)
    rate = f"(case {code} {cases} else 1.0 end)"
    money = [column for column in columns if column.source_name and column.type == "money" and column.contract]
    converted = {column.name: f"cast(cast({values[column.name]} as double) * {rate} as {SQL_TYPES['money']})" for column in money}
    return converted | {f"{column.name}_original": values[column.name] for column in money}
