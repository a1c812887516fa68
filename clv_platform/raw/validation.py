"""What makes a row unfit, as SQL: one condition, column and reason each; the first that holds names the row's problem.

Here: required values, types, finite numbers, minima, plausible dates, order of dates, keys, accounts that don't exist.
Add a rule to `build_checks`.
Keep out: where rows come from and go to (`loading`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clv_platform.config import Source
from clv_platform.contracts.raw_tables import RawTable
from clv_platform.raw.casting import DATE_SPELLINGS, WANTED
from clv_platform.raw.mapping import MappedColumn
from clv_platform.warehouse import quote_text

EARLIEST, LATEST = "1900-01-01", "2101-01-01"
NO_SUCH_DAY = "not a date of the calendar"
ORPHAN = "account_id is not among the accounts"
# Ends that can't lie before their beginnings.
_ENDS = ("ended_at", "closed_at", "responded_at")
# Parts of a date as regular expressions; months and days within their ranges.
_PARTS = {
    "%Y": r"\d{4}", "%y": r"\d{2}", "%m": "(0?[1-9]|1[0-2])", "%d": "(0?[1-9]|[12][0-9]|3[01])",
    "%H": r"\d{1,2}", "%M": r"\d{1,2}", "%S": r"\d{1,2}",
}  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One way in which a row can be unfit.

    Attributes
    ----------
    position : int
        Of the column in the mapped columns; its value is shown beside the reason.
    condition : str
        SQL over the columns `value_<position>` and `given_<position>`, true for unfit rows.
    reason : str
        For people.
    """

    position: int
    condition: str
    reason: str


def value_name(position: int) -> str:
    """Working name of a cast column."""
    return f"_clv_value_{position}"


def given_name(position: int) -> str:
    """Working name of what the source gave for it."""
    return f"_clv_given_{position}"


def build_checks(table: RawTable, source: Source, columns: Sequence[MappedColumn]) -> tuple[Check, ...]:
    """List the checks of a table's rows, in the order in which a row's first problem is sought."""
    positions = {column.name: position for position, column in enumerate(columns) if column.source_name}
    checks: list[Check] = []
    for position in positions.values():
        checks += _column_checks(columns[position], position, source)
    checks += _order_checks(table, positions)
    required = set(table.required)
    for name in source.key:
        position = next((positions[other] for other in positions if other.lower() == name.lower()), None)
        if position is not None and name not in required:
            checks.append(Check(position, f"{value_name(position)} is null", "a column of the key is empty"))
    return tuple(checks)


def _column_checks(column: MappedColumn, position: int, source: Source) -> Iterator[Check]:
    value, given = value_name(position), given_name(position)
    type_ = column.type
    if type_ is None:
        return
    if column.cast.given_sql is not None:
        if type_ == "timestamp" and (shape := _day_shape(_date_format(column, source))):
            text = f"cast({given} as varchar)"
            yield Check(position, f"{value} is null and regexp_full_match({text}, {quote_text(shape)})", NO_SUCH_DAY)
        yield Check(position, f"{value} is null and {given} is not null", _expected(column, source))
    if column.contract and column.contract.is_required:
        yield Check(position, f"{value} is null", "a required value is missing")
    if type_ == "number" and column.source_type not in {"BIGINT", "INTEGER", "SMALLINT", "TINYINT", "BOOLEAN"}:
        yield Check(position, f"not isfinite({value})", "expected a finite number")
    if type_ == "timestamp":
        yield Check(
            position, f"{value} < timestamp '{EARLIEST}' or {value} >= timestamp '{LATEST}'", "expected a date between 1900 and 2100"
        )
    if column.contract and column.contract.minimum is not None:
        yield Check(position, f"{value} < {column.contract.minimum:g}", f"expected at least {column.contract.minimum:g}")


def _order_checks(table: RawTable, positions: dict[str, int]) -> Iterator[Check]:
    begin = table.happens_at
    if begin not in positions:
        return
    for end in _ENDS:
        if end in positions:
            position = positions[end]
            yield Check(position, f"{value_name(position)} < {value_name(positions[begin])}", f"{end} is before {begin}")


def _expected(column: MappedColumn, source: Source) -> str:
    assert column.type is not None
    if column.type != "timestamp":
        return f"expected {WANTED[column.type]}"
    format_ = _date_format(column, source)
    return f"expected a date spelt {format_}" if format_ else "expected a date, year first (set date_format for another spelling)"


def _date_format(column: MappedColumn, source: Source) -> str | None:
    return source.date_format.get(column.name) if isinstance(source.date_format, dict) else source.date_format


def _day_shape(date_format: str | None) -> str:
    """Regular expression of what is spelt as it should be, month and day in their ranges: if no date, then a day that the month hasn't.

    Empty where a format has parts that have no shape here.
    """
    shapes: list[str] = []
    for spelling in (date_format,) if date_format else ("%Y-%m-%d", "%Y-%m-%d[ T].*", *DATE_SPELLINGS):
        text = spelling if spelling.endswith(".*") else re.sub(r"[^\w%\s]", lambda mark: re.escape(mark[0]), spelling)
        shape = re.sub("%.", lambda part: _PARTS.get(part[0], "%"), text)
        shapes.append(shape.replace("0?", "0") if re.search("%[Ymd]%[Ymd]", spelling) else shape)  # 2024131 may be anything
    return "|".join(f"({shape})" for shape in shapes if "%" not in shape)
