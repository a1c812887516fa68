"""What the search for weak slices found, as a frozen dataclass, and what is new against the model in use.

Here: `WeakSlices`, its file form and `new_weak_slices`. Keep computing out (`weak_slices_search`, `weak_slices_lists`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

KINDS = ("wrong_here", "naturally_hard", "recoverable")
MAX_DEPTH = 3
CONDITIONS = tuple(f"{part}_{i}" for i in range(1, MAX_DEPTH + 1) for part in ("column", "level"))
TEXTS = ("kind", "slice", *CONDITIONS, "direction", "sentence")
FIGURES = (
    "depth",
    "n",
    "n_accounts",
    "n_positive",
    "expected",
    "observed",
    "observed_lo",
    "observed_hi",
    "mean_score",
    "log_loss",
    "log_loss_overall",
    "gain",
    "gain_total",
    "statistic",
    "p_adjusted",
)
COLUMNS = ("kind", "slice", *CONDITIONS, *FIGURES, "direction", "sentence")
TESTED = ("slice", "statistic", "direction", "n", "p_single")
_KEEPS_WRONG = 0.05  # one slice that was named beforehand is one test


def empty_list() -> pd.DataFrame:
    """A list without rows, typed."""
    return pd.DataFrame({name: pd.Series(dtype="object" if name in TEXTS else "float64") for name in COLUMNS})


def _empty_tested() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="object" if name in ("slice", "direction") else "float64") for name in TESTED})


@dataclass(frozen=True)
class WeakSlices:
    """Where a model can't be trusted; the three lists have the same columns.

    Attributes
    ----------
    wrong_here, naturally_hard, recoverable : DataFrame
        kind, slice (text that is the same for the same group in every search over the same rows), column_1, level_1 .. level_3, depth, n,
        n_accounts, n_positive, expected (mean prediction after recalibrating all rows), observed, observed_lo, observed_hi (Wilson, the
        accounts' rows counted as alike as they are), mean_score (mean prediction as given), log_loss (of the recalibrated score),
        log_loss_overall, gain (recoverable nats per row), gain_total (nats), statistic, p_adjusted (chance that a search over rows
        without a fault finds anything as strong), direction ("over-confident": fewer happen than expected; "under-confident": more;
        "mis-ranked": the level is right, the order isn't), sentence. Of amounts expected and observed are means and log_loss is the
        quasi-likelihood's loss.
    tested : DataFrame
        Every group tested: slice, statistic, direction, n, p_single (as if it had been the only one).
    threshold : float
        What a statistic must exceed.
    correlation : float
        Of the residuals of one account's rows: 0 when each account has one.
    n : int
        Rows searched.
    alarm_rate : float
        Share of searches over rows without a fault that find something.
    """

    wrong_here: pd.DataFrame = field(default_factory=empty_list)
    naturally_hard: pd.DataFrame = field(default_factory=empty_list)
    recoverable: pd.DataFrame = field(default_factory=empty_list)
    tested: pd.DataFrame = field(default_factory=_empty_tested)
    threshold: float = float("inf")
    correlation: float = 0.0
    n: int = 0
    alarm_rate: float = 0.05

    @classmethod
    def empty(cls, n: int = 0) -> WeakSlices:
        """Nothing could be tested on n rows."""
        return cls(n=n)

    @property
    def confirmed(self) -> pd.DataFrame:
        """The groups whose predictions are wrong: what the check and the gate look at."""
        return self.wrong_here

    @property
    def n_slices(self) -> int:
        """Groups tested."""
        return len(self.tested)

    def to_frame(self) -> pd.DataFrame:
        """The three lists under each other, told apart by `kind`: what goes into `weak_slices.parquet`."""
        filled = [frame for frame in (self.wrong_here, self.naturally_hard, self.recoverable) if len(frame)]
        return pd.concat(filled, ignore_index=True) if filled else empty_list()


def new_weak_slices(candidate: WeakSlices, champion: WeakSlices) -> pd.DataFrame:
    """Groups in which the candidate is wrong and the champion isn't.

    Parameters
    ----------
    candidate, champion : WeakSlices
        Of the same rows and columns.

    Returns
    -------
    DataFrame
        Rows of `candidate.confirmed`. A group isn't new when the champion is confirmed to be wrong in it or in a wider group, or when it
        errs there in the same direction beyond chance: for a group named beforehand that is one test, at 5 %.
    """
    confirmed = candidate.confirmed
    if confirmed.empty:
        return confirmed
    known = [_conditions(row) for row in champion.confirmed.to_dict("records")]
    wrong_alone = champion.tested[champion.tested["p_single"] <= _KEEPS_WRONG]
    errs = set(zip(wrong_alone["slice"], wrong_alone["direction"], strict=True))
    is_new = [
        not any(conditions <= _conditions(row) for conditions in known) and (row["slice"], row["direction"]) not in errs
        for row in confirmed.to_dict("records")
    ]
    return confirmed[np.array(is_new, dtype=bool)].reset_index(drop=True)


def _conditions(row: dict) -> frozenset[tuple[str, str]]:
    pairs = ((row[f"column_{i}"], row[f"level_{i}"]) for i in range(1, MAX_DEPTH + 1))
    return frozenset((column, level) for column, level in pairs if isinstance(column, str))
