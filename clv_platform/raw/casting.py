"""From a column as a source has it to a column as the contract wants it: SQL expressions, one per type.

Here: blanks and null values, dates in several spellings, decimal commas, booleans in words.
Add a spelling to its constant.
Keep out: which column is which (`mapping`) and what values are allowed (`validation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clv_platform.contracts.raw_tables import SQL_TYPES, ColumnType
from clv_platform.warehouse import quote_text

TRUE_WORDS = ("true", "t", "yes", "y", "1", "1.0", "on", "ja", "wahr", "oui", "si", "sí")
FALSE_WORDS = ("false", "f", "no", "n", "0", "0.0", "off", "nein", "falsch", "non")
# Unambiguous spellings beyond ISO; day/month/year and month/day/year can't be told apart, so those need `date_format`.
DATE_SPELLINGS = ("%Y%m%d", "%Y-%m", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y/%m", "%d-%b-%Y", "%d %b %Y", "%d %B %Y")
WANTED: dict[ColumnType, str] = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "money": "an amount of money",
    "boolean": "yes or no (true, false, 1, 0)",
    "timestamp": "a date",
}

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
_FLOATS = ("FLOAT", "DOUBLE", "REAL")


@dataclass(frozen=True)
class Cast:
    """How a column becomes what the contract wants.

    Attributes
    ----------
    value_sql : str
        The value, null where there is none or it can't be understood.
    given_sql : str or None
        What was given, null where nothing was; None when the cast can't fail, so that there is nothing to compare.
    """

    value_sql: str
    given_sql: str | None


@dataclass(frozen=True)
class Spelling:
    """What the config says about the spelling of values."""

    null_values: tuple[str, ...] = ()
    date_format: str | None = None
    decimal: Literal[".", ","] = "."


def cast_column(column_sql: str, source_type: str, target: ColumnType, spelling: Spelling) -> Cast:
    """Expression that casts a column. Text is trimmed, and empty text is null: here, once, where rows are read anyway.

    Parameters
    ----------
    column_sql : str
        The column of the source, quoted.
    source_type : str
        DuckDB's name of its type.
    target : ColumnType
        The contract's type.
    spelling : Spelling
        Null values, date format, decimal mark.
    """
    is_text = source_type == "VARCHAR" or source_type.startswith("ENUM")
    given = _without_null_values(column_sql, is_text, spelling.null_values)
    if target == "text":
        text = given if source_type == "VARCHAR" else _as_text(given, source_type)
        return Cast(f"nullif(trim({text}), '')", None)
    if is_text:
        blank_free = f"nullif(trim({given}), '')"
        return Cast(_from_text(blank_free, target, spelling), blank_free)
    if target == "timestamp":
        return _timestamp_from_typed(given, source_type, spelling)
    if target == "boolean":
        if source_type == "BOOLEAN":
            return Cast(given, None)
        return Cast(f"(case {given} when 1 then true when 0 then false end)", given)
    return _number_from_typed(given, source_type, target)


def _as_text(given: str, source_type: str) -> str:
    # An id that pandas kept as 12345.0 is 12345.
    if source_type in _FLOATS:
        whole = f"{given} = floor({given}) and abs({given}) < 1e15"
        return f"(case when {whole} then cast(cast({given} as bigint) as varchar) else cast({given} as varchar) end)"
    return f"cast({given} as varchar)"


def _without_null_values(column_sql: str, is_text: bool, null_values: tuple[str, ...]) -> str:
    if not null_values:
        return column_sql
    text = f"trim({column_sql})" if is_text else f"cast({column_sql} as varchar)"
    words = ", ".join(quote_text(word.strip()) for word in null_values)
    return f"(case when {text} in ({words}) then null else {column_sql} end)"


def _from_text(text: str, target: ColumnType, spelling: Spelling) -> str:
    if target == "timestamp":
        return _timestamp_from_text(text, spelling)
    if target == "boolean":
        words = {True: TRUE_WORDS, False: FALSE_WORDS}
        cases = " ".join(f"when lower({text}) in ({', '.join(map(quote_text, words[value]))}) then {str(value).lower()}" for value in words)
        return f"(case {cases} end)"
    if spelling.decimal == ",":
        # 1.234,56: dots separate thousands only where they stand at thousands; anything else with a dot is not understood.
        grouped = "'[+-]?\\d{1,3}(\\.\\d{3})+(,\\d*)?'"
        text = (
            f"(case when regexp_full_match({text}, {grouped}) then replace(replace({text}, '.', ''), ',', '.') "
            f"when contains({text}, '.') then null else replace({text}, ',', '.') end)"
        )
    # DuckDB reads 1_000 as a number; people don't write so, and an id that looks so is not one.
    number = f"(case when contains({text}, '_') then null else try_cast({text} as double) end)"
    if target == "integer":
        return f"(case when {number} = floor({number}) then try_cast({number} as bigint) end)"
    if target == "money":
        return f"(case when contains({text}, '_') then null else try_cast({text} as {SQL_TYPES['money']}) end)"
    return number


def _timestamp_from_text(text: str, spelling: Spelling) -> str:
    if spelling.date_format:
        return f"try_strptime({text}, {quote_text(spelling.date_format)})"
    spellings = ", ".join(map(quote_text, DATE_SPELLINGS))
    # Words such as `infinity` and `epoch` are casts that DuckDB knows and people don't mean. With an offset the time goes to UTC.
    return (
        f"(case when {text}[1] between '0' and '9' then "
        f"coalesce(try_cast({text} as timestamptz) at time zone 'UTC', try_strptime({text}, [{spellings}])) end)"
    )


def _timestamp_from_typed(given: str, source_type: str, spelling: Spelling) -> Cast:
    if source_type == "TIMESTAMP":
        return Cast(given, None)
    if source_type.startswith("TIMESTAMP WITH"):
        return Cast(f"({given} at time zone 'UTC')", None)
    if source_type == "DATE" or source_type.startswith("TIMESTAMP"):
        return Cast(f"try_cast({given} as timestamp)", given)
    if source_type in _NUMBERS:
        return Cast(f"try_strptime(cast({given} as varchar), {quote_text(spelling.date_format or '%Y%m%d')})", given)
    return Cast("cast(null as timestamp)", given)


def _number_from_typed(given: str, source_type: str, target: ColumnType) -> Cast:
    wanted = SQL_TYPES[target]
    is_number = source_type in _NUMBERS or source_type in _FLOATS or source_type.startswith("DECIMAL")
    if not is_number and source_type != "BOOLEAN":
        return Cast(f"cast(null as {wanted})", given)
    if target == "number":
        return Cast(given if source_type == "DOUBLE" else f"cast({given} as double)", None)
    if target == "integer":
        if source_type == "BIGINT":
            return Cast(given, None)
        if source_type in _NUMBERS or source_type == "BOOLEAN":
            return Cast(f"try_cast({given} as bigint)", given)
        return Cast(f"(case when {given} = floor({given}) then try_cast({given} as bigint) end)", given)
    return Cast(f"try_cast({given} as {wanted})", given)
