"""Contributions of any number of rows in memory that doesn't grow with them.

Here: batches of contributions, each checked to add up to the raw score. Everything that explains goes through this, so `contributions` and
`raw_score` are all that a model has to offer. Keep what is made of contributions out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clv_platform.models import ModelArtifact

TOLERANCE = 1e-6  # log-odds
BATCH_ROWS = 2_500  # x 101 columns of float64: 2 MB


def iterate_contributions(
    artifact: ModelArtifact, X: pd.DataFrame, *, batch_rows: int = BATCH_ROWS, threads: int = 1
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yield contributions batch by batch.

    Parameters
    ----------
    artifact : ModelArtifact
        The model.
    X : DataFrame of shape (n, p)
        Features of the rows.
    batch_rows : int
        Rows held as contributions at a time.

    Yields
    ------
    rows : slice
        Which rows of X.
    contributions : ndarray of shape (rows, p + 1)
        Log-odds per feature in the manifest's order, last the expected value.
    raw_score : ndarray of shape (rows,)
        What they add up to.

    Raises
    ------
    ArithmeticError
        When contributions don't add up to the raw score: the model text and LightGBM's version don't belong together.
    """
    for start in range(0, len(X), batch_rows):
        rows = slice(start, min(start + batch_rows, len(X)))
        part = artifact.contributions(X.iloc[rows], threads)
        raw = artifact.raw_score(X.iloc[rows], threads)
        gap = float(np.abs(part.sum(axis=1) - raw).max())
        if not gap <= TOLERANCE:
            written_with = ", ".join(f"{name} {version}" for name, version in artifact.manifest.versions.items())
            raise ArithmeticError(
                f"model {artifact.manifest.model_id}: contributions miss the raw score by {gap:.2g} log-odds, expected at most "
                f"{TOLERANCE:g}. It was written with {written_with}: train again with the present versions."
            )
        yield rows, part, raw
