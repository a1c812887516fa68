"""Rows to scores with ranks, in one fixed schema.

Add a column to `SCORE_SCHEMA`, here, and to the dbt source that reads the history.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from clv_platform.datasets import Examples
from clv_platform.explain import Reasons
from clv_platform.models import ModelArtifact

SEPARATOR = " · "

SCORE_SCHEMA = pa.schema(
    [
        ("target", pa.string()),
        ("account_id", pa.string()),
        ("as_of_date", pa.date32()),  # null when undated
        ("score", pa.float64()),  # calibrated chance
        ("raw_score", pa.float64()),  # log-odds before calibration
        ("score_rank", pa.int64()),  # 1 = call first
        ("score_percentile", pa.float64()),  # share of accounts at this rank or behind, 0 to 1
        ("reasons", pa.string()),  # the weightiest, whichever way they push
        ("reasons_up", pa.string()),  # what raises the chance
        ("reasons_down", pa.string()),  # what lowers it
        ("chance_words", pa.string()),  # which way the chance moved, from that at the average score
        ("model_id", pa.string()),
        ("cutoff", pa.string()),
        ("is_champion", pa.bool_()),
    ]
)


def score_examples(
    artifact: ModelArtifact,
    examples: Examples,
    reasons: Reasons,
    *,
    cutoff: str | None = None,
    is_champion: bool = True,
    threads: int = 1,
) -> pd.DataFrame:
    """Score and rank the rows of one snapshot.

    Parameters
    ----------
    artifact : ModelArtifact
        The model in use.
    examples : Examples
        One row per account.
    reasons : Reasons
        From `explain.tell_reasons` for the same rows.
    cutoff : str, optional
        Cutoff of the run; by default that of the model.
    is_champion : bool
        False for a backfill's own model.

    Returns
    -------
    DataFrame
        Columns and types of `SCORE_SCHEMA`, best first; equal scores are ordered by account_id.

    Raises
    ------
    FeatureMismatch
        When the rows' features aren't those of the model.
    ValueError
        When rows and reasons differ in number, or an account appears twice.
    """
    artifact.check_features(examples.features)
    n = len(examples.y)
    if len(reasons) != n:
        raise ValueError(f"expected reasons for {n:,} rows, found {len(reasons):,}. Explain the same rows that are scored.")
    accounts = examples.account_id.astype(str)
    distinct, counts = np.unique(accounts, return_counts=True)
    if len(distinct) < n:
        raise ValueError(
            f"expected one row per account, found {n:,} rows of {len(distinct):,} accounts "
            f"(for instance {str(distinct[np.argmax(counts)])!r}). Score one snapshot at a time."
        )
    raw = artifact.raw_score(examples.X, threads)
    order = np.lexsort((accounts, -raw))
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(1, n + 1)
    columns = {
        "target": np.full(n, artifact.manifest.target, dtype=object),
        "account_id": accounts.astype(object),
        "as_of_date": examples.as_of_date.astype("datetime64[D]"),
        "score": artifact.calibrator.apply(raw),
        "raw_score": raw,
        "score_rank": rank,
        "score_percentile": (n - rank + 1) / max(n, 1),
        "reasons": _joined(reasons.strongest),
        "reasons_up": _joined(reasons.up),
        "reasons_down": _joined(reasons.down),
        "chance_words": np.array(reasons.movement, dtype=object),
        "model_id": np.full(n, artifact.manifest.model_id, dtype=object),
        "cutoff": np.full(n, cutoff or artifact.manifest.cutoff, dtype=object),
        "is_champion": np.full(n, is_champion),
    }
    table = pa.table({name: pa.array(values[order], type=SCORE_SCHEMA.field(name).type) for name, values in columns.items()}, SCORE_SCHEMA)
    return to_frame(table)


def _joined(told: list[list[str]]) -> np.ndarray:
    return np.array([SEPARATOR.join(reasons) for reasons in told], dtype=object)


def empty_scores(verdict: str) -> pd.DataFrame:
    """Return no rows, all columns and types, and the verdict in `attrs["verdict"]`: what a run without a champion hands on."""
    frame = to_frame(SCORE_SCHEMA.empty_table())
    frame.attrs["verdict"] = verdict
    return frame


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return a frame whose dates stay dates, also when there is none."""
    return table.to_pandas(types_mapper={pa.date32(): pd.ArrowDtype(pa.date32())}.get)
