"""Which segment each account is in, month by month: `segments/history/<as_of_date>.parquet`, and who moved since the month before.

Here: the table, its file, migration. Keep finding segments out (`models.segments`).
"""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clv_platform.models.segments import KeptSegments
from clv_platform.scores.scoring import to_frame

SEGMENT_SCHEMA = pa.schema(
    [
        ("account_id", pa.string()),
        ("as_of_date", pa.date32()),  # null: undated data
        ("segment", pa.string()),
        ("segment_number", pa.int64()),  # 1 = the largest when the segments were found
        ("model_id", pa.string()),
        ("cutoff", pa.string()),
    ]
)
NEW, GONE = "(new)", "(no longer there)"


def assign_segments(kept: KeptSegments, accounts: pd.DataFrame, *, cutoff: str) -> pd.DataFrame:
    """Put the accounts of one snapshot into segments.

    Parameters
    ----------
    kept : KeptSegments
        The segments in use.
    accounts : DataFrame
        account_id, as_of_date and the features; one row per account.

    Returns
    -------
    DataFrame
        Columns and types of `SEGMENT_SCHEMA`, by account.

    Raises
    ------
    ValueError
        When an account appears twice or a feature is missing.
    """
    if accounts["account_id"].duplicated().any():
        raise ValueError("segments: expected one row per account, found an account twice. Assign one snapshot at a time.")
    numbers = kept.model.assign(accounts)
    n = len(accounts)
    frame = pd.DataFrame(
        {
            "account_id": accounts["account_id"].astype(str).to_numpy(dtype=object),
            "as_of_date": accounts["as_of_date"].to_numpy(),
            "segment": np.array(kept.model.names, dtype=object)[numbers],
            "segment_number": numbers.astype(np.int64) + 1,
            "model_id": np.full(n, kept.model_id, dtype=object),
            "cutoff": np.full(n, cutoff, dtype=object),
        }
    )
    ordered = frame.sort_values("account_id", kind="stable")
    columns = {name: pa.array(ordered[name].to_numpy(), type=SEGMENT_SCHEMA.field(name).type) for name in SEGMENT_SCHEMA.names}
    return to_frame(pa.table(columns, SEGMENT_SCHEMA))


def empty_segments() -> pd.DataFrame:
    """Return no rows, all columns and types: what a company hands on in which no segments can be found."""
    return to_frame(SEGMENT_SCHEMA.empty_table())


def write_segments(frame: pd.DataFrame, path: Path) -> Path:
    """Write the segments of one snapshot under a temporary name and rename it."""
    table = pa.Table.from_pandas(frame, schema=SEGMENT_SCHEMA, preserve_index=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        pq.write_table(table, new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return path


def read_segments(path: Path) -> pd.DataFrame:
    """Read the segments of one snapshot."""
    return to_frame(pq.read_table(path, schema=SEGMENT_SCHEMA))


def count_migration(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Count who moved between two snapshots.

    Parameters
    ----------
    before, now : DataFrame
        As `assign_segments` gives them, by the same segments.

    Returns
    -------
    DataFrame
        segment_before, segment_now, n, share (of the accounts of `segment_before`); accounts of one snapshot only come from `(new)` or
        go to `(no longer there)`.

    Raises
    ------
    ValueError
        When the two were put into different segments.
    """
    if len(before) and len(now) and set(before["model_id"]) != set(now["model_id"]):
        raise ValueError("segments: expected two snapshots in the same segments, found those of two models. Assign the earlier one again.")
    both = before[["account_id", "segment"]].merge(
        now[["account_id", "segment"]], on="account_id", how="outer", suffixes=("_before", "_now")
    )
    both = both.fillna({"segment_before": NEW, "segment_now": GONE})
    counts = both.groupby(["segment_before", "segment_now"], sort=True).size().rename("n").reset_index()
    counts["share"] = counts["n"] / counts.groupby("segment_before")["n"].transform("sum")
    return counts
