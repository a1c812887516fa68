"""The filtered rows themselves, a page at a time.

Here: `rows`. Why the model said so is `reasons`, the file for a spreadsheet `export`. Keep figures out.
"""

from __future__ import annotations

from collections.abc import Sequence

from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.engine import ask
from clv_platform.review.queries.filters import Filter
from clv_platform.review.queries.measures import prediction_sql, ranked_sql, truth_sql
from clv_platform.review.queries.results import RowPage
from clv_platform.warehouse import quote_text

MAX_ROWS = 1_000


def rows(
    info: FrameInfo,
    filters: Sequence[Filter] = (),
    sort: str | None = None,
    is_descending: bool = True,
    offset: int = 0,
    limit: int = 50,
    columns: Sequence[str] | None = None,
) -> RowPage:
    """Return a page of the filtered rows.

    Parameters
    ----------
    info, filters
        Whose rows, and which of them.
    sort : str, optional
        A column, or the page's `error_column`; rows of equal value, and all without it, stand as in the file. Missing values are last.
    is_descending : bool
        Largest first.
    offset, limit : int
        From which row, and how many (at most 1,000).
    columns : sequence of str, optional
        Only these, for frames with thousands; by default all shown ones.

    Raises
    ------
    FrameError, FilterError
        When a column isn't there or a filter doesn't fit.
    """
    shown = info.shown_columns if columns is None else tuple(info.column(name) for name in columns)
    fields = "".join(f"{column.field}, " for column in shown)
    select = f"{fields}file_row_number as row_place, {error_sql(info)} as row_error, count(*) over () as n_rows"
    size, start = min(max(int(limit), 0), MAX_ROWS), max(int(offset), 0)
    found = ask(info, filters, select, f"{order_sql(info, sort, is_descending)} limit {size} offset {start}")
    n = int(found["n_rows"].iloc[0]) if len(found) else int(ask(info, filters, "count(*) as n")["n"].iloc[0])
    row_column, error_column = added_names(info)
    names = {column.field: column.name for column in shown} | {"row_place": row_column, "row_error": error_column}
    return RowPage(found.drop(columns="n_rows").rename(columns=names), n, row_column, error_column)


def added_names(info: FrameInfo) -> tuple[str, str]:
    """What the columns of the row's place and of its error are called, so that no column of the frame is hidden."""
    taken = {column.name for column in info.columns}
    return tuple(next(f"{name}{'_' * n}" for n in range(len(taken) + 1) if f"{name}{'_' * n}" not in taken) for name in ("row", "error"))  # type: ignore[return-value]


def order_sql(info: FrameInfo, sort: str | None, is_descending: bool) -> str:
    """Return the `order by`: the place in the file breaks ties, so that pages never overlap."""
    if sort is None:
        return "order by file_row_number"
    key = error_sql(info) if sort == added_names(info)[1] else info.column(sort).field
    return f"order by {key} {'desc' if is_descending else 'asc'} nulls last, file_row_number"


def error_sql(info: FrameInfo) -> str:
    """How wrong a row's prediction is: off by how much; the chance given to what didn't happen; 1 for a wrong outcome."""
    truth, predicted = truth_sql(info), prediction_sql(info)
    if info.kind == "regression":
        return f"abs(cast({predicted} as double) - cast({truth} as double))"
    if info.has_chances:
        yes = quote_text(info.positive or "")
        return f"abs({ranked_sql(info)} - case when {truth} is null then null when {truth} = {yes} then 1 else 0 end)"
    return f"case when {truth} is null or ({predicted}) is null then null when {truth} = ({predicted}) then 0 else 1 end"
