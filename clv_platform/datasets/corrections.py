"""Labels that reviewers corrected: in the training rows of models that may know them, counted everywhere else.

The rules: a correction is the truth of its snapshot, however late it came; but a model as of a cutoff knows only what was taken up before.
Test rows keep the label that the data give, because reviewers look where a model seems wrong, and mending just these rows would flatter
it. Which corrections there are, and why one doesn't count, dbt says (`fct_label_corrections`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv_platform.datasets.examples import Examples
from clv_platform.datasets.splits import TimeSplit

TRAINING, TEST, LATER, ELSEWHERE, REPLACED, SAME = "training", "test", "later", "elsewhere", "replaced", "same"
COLUMNS = ("feedback_id", "as_of_date", "recorded_label", "corrected_label", "taken_up_at", "place")
_NEEDED = ("feedback_id", "target", "account_id", "as_of_date", "recorded_label", "corrected_label", "taken_up_at", "status")


@dataclass(frozen=True)
class LabelCorrections:
    """What became of the labels that reviewers proposed for one target, as of one cutoff.

    Attributes
    ----------
    table : DataFrame
        A row per proposal: feedback_id, as_of_date, recorded_label, corrected_label, taken_up_at, place: `training`, `test`, `later` (taken
        up at or after the cutoff), `elsewhere` (its row is in neither part), `replaced` (by a later one for the same row), `same` (as the
        data say by now), or why it doesn't count (`fct_label_corrections.status`).
    is_used : bool
        Whether the config lets them into training; else they are counted only.
    digest : str
        Changes with what was replaced in the training rows; "" when nothing was.
    """

    table: pd.DataFrame
    is_used: bool
    digest: str = ""

    def count(self, place: str) -> int:
        """How many proposals ended in a place."""
        return int((self.table["place"] == place).sum())

    def sign(self, data_hash: str) -> str:
        """The hash of the data with what was replaced in them: another label makes another model."""
        return hashlib.sha256(f"{data_hash} {self.digest}".encode()).hexdigest()[:12] if self.digest else data_hash

    def to_frame(self) -> pd.DataFrame:
        """What the report reads: the table, and whether the config lets corrections into training."""
        return self.table.assign(is_used=self.is_used)

    def to_json(self) -> dict[str, Any]:
        """Counts by place, for `training.json`."""
        counts = self.table["place"].value_counts().sort_index()
        return {"is_used": self.is_used, "n": len(self.table), **{f"n_{place}": int(n) for place, n in counts.items()}}


def correct_training(split: TimeSplit, proposed: pd.DataFrame | None, target: str, *, is_used: bool) -> TimeSplit:
    """Put corrected labels into the training rows of a split.

    Parameters
    ----------
    split : TimeSplit
        Rows as the data give them.
    proposed : DataFrame or None
        `fct_label_corrections`; None: the mart isn't there.
    target : str
        The target's name.
    is_used : bool
        What the config says; else nothing is replaced.

    Returns
    -------
    TimeSplit
        With `corrections`; of its rows only labels of `train` differ.
    """
    found = _place(split, _own(proposed, target))
    changes = found[found["place"] == TRAINING]
    if not is_used or changes.empty:
        return replace(split, corrections=LabelCorrections(_shown(found), is_used))
    y = split.train.y.copy()
    y[changes["position"].to_numpy(dtype=np.int64)] = changes["corrected_label"].to_numpy(dtype=np.float64)
    rows = sorted(zip(changes["account_id"], changes["as_of_date"].astype(str), changes["corrected_label"], strict=True))
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()[:12]
    return replace(split, train=replace(split.train, y=y), corrections=LabelCorrections(_shown(found), is_used, digest))


def _own(proposed: pd.DataFrame | None, target: str) -> pd.DataFrame:
    """The proposals of a target, oldest first."""
    if proposed is None:
        return pd.DataFrame(columns=list(_NEEDED))
    own = proposed.loc[proposed["target"] == target, list(_NEEDED)]
    return own.sort_values(["taken_up_at", "feedback_id"], kind="stable", na_position="first").reset_index(drop=True)


def _place(split: TimeSplit, own: pd.DataFrame) -> pd.DataFrame:
    """Say where each proposal ended, and at which position of the training rows."""
    found = own.assign(place=own["status"].astype(object), position=-1)
    if own.empty:
        return found
    counts = own["status"].to_numpy() == "counts"
    known = counts & (pd.to_datetime(own["taken_up_at"]) < pd.Timestamp(split.cutoff)).to_numpy()
    is_last = known & ~found[known].duplicated(["account_id", "as_of_date"], keep="last").reindex(found.index, fill_value=True).to_numpy()
    in_train, in_test = _positions(split.train, found), _positions(split.test, found)
    is_change = (own["corrected_label"] != own["recorded_label"]).to_numpy(dtype=bool, na_value=True)
    places = [
        (counts & ~known, LATER),
        (known & ~is_last, REPLACED),
        (is_last & ~is_change, SAME),
        (is_last & is_change & (in_train >= 0), TRAINING),
        (is_last & is_change & (in_test >= 0), TEST),
        (is_last & is_change & (in_train < 0) & (in_test < 0), ELSEWHERE),
    ]
    for rows, place in places:
        found.loc[rows, "place"] = place
    return found.assign(position=in_train)


def _positions(rows: Examples, found: pd.DataFrame) -> NDArray[np.int64]:
    """Where the row of each proposal stands; -1: nowhere."""
    index = pd.MultiIndex.from_arrays([rows.account_id.astype(str), rows.as_of_date.astype("datetime64[s]")])
    wanted = pd.MultiIndex.from_arrays(
        [found["account_id"].astype(str), pd.to_datetime(found["as_of_date"]).to_numpy().astype("datetime64[s]")]
    )
    return index.get_indexer(wanted).astype(np.int64)


def _shown(found: pd.DataFrame) -> pd.DataFrame:
    """Without accounts: these tables are published beside the report."""
    return found[list(COLUMNS)].reset_index(drop=True)
