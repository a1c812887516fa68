"""Expected amounts of the newest snapshot's accounts: ranked, with intervals, tiers and reasons; kept as `history` keeps chances.

Here: the table of value scores and its tiers. They lie in `scores_value/<target>/history/`, apart from chances,
because one glob of dbt can't hold two schemas. Keep forecasts out (`models.value`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from clv_platform.config import ValueTiers
from clv_platform.explain import Reasons
from clv_platform.scores.scoring import SEPARATOR, to_frame

if TYPE_CHECKING:
    from clv_platform.datasets import ValueRows
    from clv_platform.models.value import ValueArtifact, ValueForecast

VALUE_SCORE_SCHEMA = pa.schema(
    [
        ("target", pa.string()),
        ("account_id", pa.string()),
        ("as_of_date", pa.date32()),
        ("score", pa.float64()),  # expected amount over the horizon
        ("score_median", pa.float64()),  # as likely more as less
        ("score_lo", pa.float64()),  # 90 % of the accounts end between these two
        ("score_hi", pa.float64()),
        ("discounted_value", pa.float64()),  # the expected amount as it counts today
        ("expected_purchases", pa.float64()),
        ("expected_purchases_median", pa.float64()),
        ("p_alive", pa.float64()),  # chance that the account still buys at all; null where no frequency model applies
        ("score_rank", pa.int64()),  # 1 = worth most
        ("score_percentile", pa.float64()),  # share of accounts worth at most as much
        ("value_tier", pa.string()),  # low, mid, high, very high
        ("reasons", pa.string()),
        ("reasons_up", pa.string()),
        ("reasons_down", pa.string()),
        ("model_id", pa.string()),
        ("cutoff", pa.string()),
        ("is_champion", pa.bool_()),
        ("total_error", pa.float64()),  # what the sum of all accounts may be off by together, as a share; null where no origin tells it
    ]
)
TIERS = ("low", "mid", "high", "very high")


def score_value(
    artifact: ValueArtifact,
    rows: ValueRows,
    reasons: Reasons,
    tiers: ValueTiers,
    *,
    cutoff: str,
    is_champion: bool = True,
    forecast: ValueForecast | None = None,
) -> pd.DataFrame:
    """Forecast and rank the accounts of one snapshot.

    Parameters
    ----------
    artifact : ValueArtifact
        The model in use.
    rows : ValueRows
        One row per account, over the target's horizon.
    reasons : Reasons
        From `explain.tell_value_reasons` for the same rows.
    tiers : ValueTiers
        Shares of the accounts in each tier.
    cutoff : str
        Of the run.
    is_champion : bool
        False for a backfill's own model.
    forecast : ValueForecast, optional
        Of these rows, when it is there already.

    Returns
    -------
    DataFrame
        Columns and types of `VALUE_SCORE_SCHEMA`, the most valuable first; equal amounts are ordered by account_id.

    Raises
    ------
    ValueError
        When rows and reasons differ in number, an account appears twice, or a forecast isn't a number.
    """
    n = len(rows)
    if len(reasons) != n:
        raise ValueError(f"expected reasons for {n:,} rows, found {len(reasons):,}. Explain the same rows that are scored.")
    accounts = rows.account_id.astype(str)
    if len(np.unique(accounts)) < n:
        raise ValueError(f"expected one row per account, found {n:,} rows of fewer accounts. Score one snapshot at a time.")
    found = forecast or artifact.predict(rows.X, rows.summary)
    if not np.isfinite(found.spend).all():
        raise ValueError(f"model {artifact.manifest.model_id}: expected amounts, found {(~np.isfinite(found.spend)).sum():,} that aren't.")
    order = np.lexsort((accounts, -found.spend))
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(1, n + 1)
    columns = {
        "target": np.full(n, artifact.manifest.target, dtype=object),
        "account_id": accounts.astype(object),
        "as_of_date": rows.as_of_date.astype("datetime64[D]"),
        "score": found.spend,
        "score_median": found.spend_median,
        "score_lo": found.lo,
        "score_hi": found.hi,
        "discounted_value": found.discounted,
        "expected_purchases": found.purchases,
        "expected_purchases_median": found.purchases_median,
        "p_alive": found.p_alive,
        "score_rank": rank,
        "score_percentile": (n - rank + 1) / max(n, 1),
        "value_tier": assign_tiers(rank, tiers),
        "reasons": _joined(reasons.strongest),
        "reasons_up": _joined(reasons.up),
        "reasons_down": _joined(reasons.down),
        "model_id": np.full(n, artifact.manifest.model_id, dtype=object),
        "cutoff": np.full(n, cutoff, dtype=object),
        "is_champion": np.full(n, is_champion),
        "total_error": np.full(n, artifact.manifest.metrics.get("total_error", np.nan)),
    }
    arrays = {
        name: pa.array(values[order], type=VALUE_SCORE_SCHEMA.field(name).type, from_pandas=True)  # NaN is null
        for name, values in columns.items()
    }
    return to_frame(pa.table(arrays, VALUE_SCORE_SCHEMA))


def assign_tiers(rank: np.ndarray, tiers: ValueTiers) -> np.ndarray:
    """Tier of each account by its rank (1 = worth most): the last `low` share is low, and so on, sizes rounded."""
    below = (len(rank) - rank + 0.5) / max(len(rank), 1)  # share of accounts worth less, half of itself counted
    limits = np.cumsum([tiers.low, tiers.mid, tiers.high])
    return np.array(TIERS, dtype=object)[np.searchsorted(limits, below, side="right")]


def empty_value_scores(verdict: str) -> pd.DataFrame:
    """Return no rows, all columns and types, and the verdict in `attrs["verdict"]`: what a run without a champion hands on."""
    frame = to_frame(VALUE_SCORE_SCHEMA.empty_table())
    frame.attrs["verdict"] = verdict
    return frame


def _joined(told: list[list[str]]) -> np.ndarray:
    return np.array([SEPARATOR.join(reasons) for reasons in told], dtype=object)
