"""Where lists of scores are kept: `scores/<target>/history/<as_of_date>__<model_id>.parquet`, one file per list.

Append-only: a list of another date or model is another file; the same list written again replaces itself. `is_champion` tells lists that
were really given out from those that a backtest made later; a backtest never replaces a list that was given out. A cutoff that is run
again after a change of code or config gives its date a second model's list: `scored_at` says which of the two took the other's place
(`rpt_scores_history.is_in_force`).
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clv_platform.scores.scoring import SCORE_SCHEMA, to_frame

STAMP = pa.field("scored_at", pa.timestamp("us"))  # when the list was written, UTC


def history_path(folder: Path, as_of_date: str, model_id: str) -> Path:
    """File of one list.

    Parameters
    ----------
    folder : Path
        `scores/<target>/history`.
    as_of_date : str
        `YYYY-MM-DD` or `undated`.
    model_id : str
        The model, or `none` when nothing was promoted.
    """
    for part, name in ((as_of_date, "as_of_date"), (model_id, "model_id")):
        if not re.fullmatch(r"[A-Za-z0-9-]+", part):
            raise ValueError(f"{name}: expected letters, digits and hyphens for a file name, found {part!r}.")
    return folder / f"{as_of_date}__{model_id}.parquet"


def write_scores(frame: pd.DataFrame, path: Path, schema: pa.Schema = SCORE_SCHEMA) -> Path:
    """Write a list with the time (`scored_at`) under a temporary name and rename it; `attrs["verdict"]` goes into the file's metadata.

    A list that was given out by the same model stays as it is when a backtest comes to the same date.

    Raises
    ------
    ValueError
        When columns or types aren't those of the schema.
    """
    try:
        table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    except (KeyError, pa.ArrowException) as error:
        raise ValueError(
            f"{path.name}: expected the columns of a list of scores, found other ones ({error}). Build it with score_examples."
        ) from error
    if len(frame) and not frame["is_champion"].any() and _was_given_out(path):
        return path
    now = datetime.now(UTC).replace(tzinfo=None)
    table = table.append_column(STAMP, pa.array([now] * len(frame), STAMP.type))
    table = table.replace_schema_metadata({"verdict": json.dumps(frame.attrs.get("verdict", ""))})
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        pq.write_table(table, new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return path


def _was_given_out(path: Path) -> bool:
    """Whether a list is there that people have worked with: nobody may change afterwards what it said."""
    return path.is_file() and any(pq.read_table(path, columns=["is_champion"])["is_champion"].to_pylist())


def read_scores(path: Path) -> pd.DataFrame:
    """Read a list, with `scored_at`; `attrs["verdict"]` is what was written."""
    table = pq.read_table(path)
    verdict = json.loads((table.schema.metadata or {}).get(b"verdict", b'""'))
    frame = to_frame(table)
    frame.attrs["verdict"] = verdict
    return frame


def read_columns(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read some columns of a list; one of an older version doesn't say when it was written, so that its `scored_at` is null.

    Raises
    ------
    ValueError
        When another column is missing.
    """
    there = pq.read_schema(path).names
    missing = [name for name in columns if name not in (*there, STAMP.name)]
    if missing:
        raise ValueError(f"{path}: expected a list of scores, found a file without {', '.join(missing)}. Score that cutoff again.")
    frame = pq.read_table(path, columns=[name for name in columns if name in there]).to_pandas().reindex(columns=list(columns))
    return frame.astype({STAMP.name: "datetime64[us]"}) if STAMP.name in columns else frame
