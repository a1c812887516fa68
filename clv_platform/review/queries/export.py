"""Filtered rows as a CSV file that a spreadsheet can open without running anything that a cell says.

Here: `csv_chunks`, pieces of text for a download of any size. Keep files and the web out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.engine import execute, source
from clv_platform.review.queries.filters import Filter, filters_sql
from clv_platform.review.queries.rows import order_sql
from clv_platform.settings import load_settings
from clv_platform.warehouse import memory_cursor

CHUNK_ROWS = 2_000
# What begins a formula in Excel, LibreOffice or Google Sheets; wide forms are read as the plain ones in East Asian settings.
_FORMULA = frozenset("=+-@|%\t\r\n＝＋－＠")
BYTE_ORDER_MARK = "\ufeff"  # Excel takes the file for UTF-8 only with it


def csv_chunks(info: FrameInfo, filters: Sequence[Filter] = (), sort: str | None = None, is_descending: bool = True) -> Iterator[str]:
    """Yield the filtered rows as pieces of a CSV file: shown columns by name, in the frame's order.

    Texts that a spreadsheet would run as a formula get an apostrophe in front; numbers stay numbers.

    Parameters
    ----------
    info, filters, sort, is_descending
        As for `rows.rows`.

    Raises
    ------
    FrameError, FilterError
        Before the first piece.
    """
    condition, values = filters_sql(filters, info)
    shown = info.shown_columns
    fields = ", ".join(column.field for column in shown) or "null"
    sql = f"select {fields} from {source(info)} as rows where {condition} {order_sql(info, sort, is_descending)}"
    return _pieces(info, sql, values, [column.name for column in shown])


def safe_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula; anything but text is returned as it is."""
    if not isinstance(value, str):
        return value
    text = value.replace("\x00", "")
    return (
        f"'{text}"
        if text.lstrip(" \u00a0\u200b\ufeff\u200e\u200f\u202a\u202b\u202d\u202e\u2066\u2067\u2068")[:1] in _FORMULA and text
        else text
    )


def _pieces(info: FrameInfo, sql: str, values: list[object], names: list[str]) -> Iterator[str]:
    yield BYTE_ORDER_MARK + _lines([names])
    with memory_cursor(load_settings()) as cursor:
        execute(cursor, info, sql, values)
        while piece := cursor.fetchmany(CHUNK_ROWS):
            yield _lines(piece)


def _lines(table: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([[safe_cell(value) for value in row] for row in table])
    return text.getvalue()
