"""Single facts about a frame: how many rows fit, one row in full. Keep pages of rows out (`queries.rows`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow.parquet as pq

from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.engine import ask
from clv_platform.review.queries.filters import Filters


def count_rows(frame: FrameInfo, filters: Filters) -> int:
    """Return how many rows fit the filters."""
    return int(ask(frame, filters, "count(*) as n")["n"].iloc[0]) if filters else frame.n_rows


def one_row(frame: FrameInfo, row: int) -> Mapping[str, Any] | None:
    """Return the shown columns of one row by name, or None when the frame has no such row.

    Parameters
    ----------
    frame : FrameInfo
        The frame.
    row : int
        Place in the file, from 0. Only the part of the file that holds it is read.
    """
    if not 0 <= row < frame.n_rows:
        return None
    with pq.ParquetFile(frame.data_path) as file:
        first = 0
        for group in range(file.num_row_groups):
            n = file.metadata.row_group(group).num_rows
            if row < first + n:
                table = file.read_row_group(group, columns=[column.field for column in frame.shown_columns]).slice(row - first, 1)
                values = table.to_pandas().iloc[0].to_dict()
                return {column.name: values[column.field] for column in frame.shown_columns}
            first += n
    return None
