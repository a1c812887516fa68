"""Any frame to one Arrow table that Parquet and DuckDB can hold: pandas, polars, Arrow or a Parquet file.

Here: reading what people hand over, and making odd cells (mixed types, lists, lone surrogates) plain. Keep guessing what columns are for
out (`roles`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from clv_platform.review.frames.info import COLUMN_TYPES, FrameError

pc: Any = pyarrow.compute  # its functions are made when it is imported, so no type checker sees them


def read_table(frame: Any) -> pa.Table:
    """Return what was handed over as an Arrow table with plain columns: text, numbers, booleans, days and moments.

    Raises
    ------
    FrameError
        When it is no frame, the file can't be read or two columns have the same name.
    """
    table = _to_arrow(frame)
    twice = [name for name, n in Counter(table.column_names).items() if n > 1]
    if twice:
        raise FrameError(f"columns: expected different names, found {twice[0]!r} {table.column_names.count(twice[0])} times. Rename one.")
    if not table.num_columns:
        raise FrameError("frame: expected columns, found none. Give a frame with the outcome, the prediction and what describes the rows.")
    return pa.table({name: plain_column(table.column(name)) for name in table.column_names})


def plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as text, double, integer, boolean, day or moment (UTC); NaN and infinite numbers are missing values."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        # Taken by index, not cast: Arrow can't cast dictionaries of polars' text.
        parts = [plain_column(pa.chunked_array([chunk.dictionary])).take(chunk.indices) for chunk in column.chunks]
        return pa.chunked_array([piece for part in parts for piece in part.chunks], parts[0].type if parts else pa.string())
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_decimal(kind):
        return plain_column(column.cast(pa.float64()))
    if pa.types.is_floating(kind):
        wide = column.cast(pa.float64())
        return pc.if_else(pc.is_finite(wide), wide, pa.scalar(None, pa.float64()))
    if pa.types.is_timestamp(kind):
        naive = column.cast(pa.timestamp("us", kind.tz), safe=False)
        return naive.cast(pa.timestamp("us")) if kind.tz else naive
    if pa.types.is_date64(kind):
        return column.cast(pa.date32())
    if pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date32(kind):
        return column
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    return pa.chunked_array([pa.array([_text(value) for value in column.to_pylist()], pa.string())])


def change_type(column: pa.ChunkedArray, name: str, wanted: str) -> pa.ChunkedArray:
    """Return a column as the publisher says it is to be read ("category", "number", "date", "boolean" or "text").

    Raises
    ------
    FrameError
        When a value can't be read so.
    """
    aims: Mapping[str, pa.DataType] = {
        "category": pa.string(), "text": pa.string(), "number": pa.float64(), "date": pa.timestamp("us"), "boolean": pa.bool_(),
    }  # fmt: skip
    if wanted not in COLUMN_TYPES:
        raise FrameError(f"types: expected one of {', '.join(COLUMN_TYPES)} for column {name!r}, found {wanted!r}.")
    try:
        return plain_column(column.cast(aims[wanted]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise FrameError(
            f"types: column {name!r} can't be read as {wanted} ({str(error).splitlines()[0]}). Leave it out of `types`."
        ) from None


def as_labels(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return outcomes as text, so that 1, 1.0 and "1" are the same outcome, and True and "true"."""
    kind = column.type
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "true", "false")
    if pa.types.is_floating(kind):
        whole = column.cast(pa.int64(), safe=False)
        if pc.all(pc.equal(whole.cast(pa.float64()), column), skip_nulls=True).as_py() is not False:
            return whole.cast(pa.string())
    return column.cast(pa.string())


def _to_arrow(frame: Any) -> pa.Table:
    if isinstance(frame, str | Path):
        return _read_file(Path(frame))
    if isinstance(frame, pa.Table):
        return frame.rename_columns([str(name) for name in frame.column_names])
    if isinstance(frame, pd.DataFrame):
        return _from_pandas(frame)
    if isinstance(frame, Mapping):
        return _from_pandas(pd.DataFrame(dict(frame)))
    if hasattr(frame, "collect") and not hasattr(frame, "__arrow_c_stream__"):  # a lazy frame of polars
        frame = frame.collect()
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.table(frame)
    if hasattr(frame, "to_arrow"):
        return _to_arrow(frame.to_arrow())
    raise FrameError(
        f"frame: expected a DataFrame (pandas, polars, Arrow) or the path of a Parquet file, found {type(frame).__name__}. "
        "Turn it into a DataFrame first."
    )


def _read_file(path: Path) -> pa.Table:
    if not path.is_file():
        raise FrameError(f"{path}: expected a Parquet file, found none. Check the path.")
    try:
        return pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise FrameError(
            f"{path}: expected a Parquet file, found something else ({str(error).splitlines()[0]}). Save it as Parquet."
        ) from None


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    named = [name for name in frame.index.names if name is not None]
    if named:
        frame = frame.reset_index()
    names = [" / ".join(map(str, name)) if isinstance(name, tuple) else _text(name) or "" for name in frame.columns]
    return pa.Table.from_arrays([_column(frame.iloc[:, place]) for place in range(frame.shape[1])], names=names)


def _column(values: pd.Series) -> pa.ChunkedArray:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object) if values.cat.categories.dtype == object else values.astype(values.cat.categories.dtype)
    if values.dtype == object:
        return _objects(values)
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeEncodeError):
        array = pa.array([_text(value) for value in values], pa.string())
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _objects(values: pd.Series) -> pa.ChunkedArray:
    try:
        array = pa.array(values, from_pandas=True)
        if not (pa.types.is_nested(array.type) or pa.types.is_binary(array.type)):
            return pa.chunked_array([array])
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, UnicodeEncodeError, OverflowError):
        pass
    return pa.chunked_array([pa.array([_text(value) for value in values], pa.string())])


def _text(value: Any) -> str | None:
    """A cell of any kind as text; missing stays missing."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float | np.floating) and math.isnan(value)):
        return None
    if isinstance(value, Decimal) and value.is_nan():
        return None
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.encode("utf-8", "replace").decode("utf-8")
