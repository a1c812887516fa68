"""Asking DuckDB about the rows of a published version.

Here: one way in, `ask`. SQL is made of `c0, c1, ...`, quoted literals of ours and bound parameters; the rows are called `rows`, their
place in the file `file_row_number`. Keep what is asked out.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from clv_platform.review.frames.catalogue import removed
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.filters import Filter, filters_sql
from clv_platform.settings import load_settings
from clv_platform.warehouse import Connection, WarehouseError, memory_cursor, quote_text


def ask(info: FrameInfo, filters: Sequence[Filter], select: str, tail: str = "", parameters: Sequence[object] = ()) -> pd.DataFrame:
    """Answer `select ... from rows where <filters> <tail>` as a frame.

    Parameters
    ----------
    info : FrameInfo
        Whose rows.
    filters : sequence of Filter
        Which of them.
    select, tail : str
        What stands between `select` and `from`, and after the condition.
    parameters : sequence
        Of `select`, bound before those of the filters.

    Raises
    ------
    FrameError
        When the version was removed.
    FilterError
        When a filter doesn't fit the frame.
    """
    condition, values = filters_sql(filters, info)
    with memory_cursor(load_settings()) as cursor:
        return execute(cursor, info, f"select {select} from {source(info)} as rows where {condition} {tail}", [*parameters, *values]).df()


def source(info: FrameInfo) -> str:
    """The rows of a version as a table function."""
    return f"read_parquet({quote_text(str(info.data_path))}, file_row_number = true)"


def execute(cursor: Connection, info: FrameInfo, sql: str, parameters: Sequence[object]) -> Connection:
    """Run a query; a version that was removed meanwhile is said so."""
    try:
        return cursor.execute(sql, list(parameters))
    except WarehouseError:
        if not info.data_path.is_file():
            raise removed(info) from None
        raise
