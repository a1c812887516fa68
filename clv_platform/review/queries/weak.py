"""Where the predictions of a published frame can't be trusted: three lists of groups, each one click from its rows.

Here: `weak_slices`, by `clv_platform.evaluation.find_weak_slices`. What a run has found is published with the frame and reused; else the
search runs once and is kept beside the rows. Keep the search itself out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clv_platform.review.frames.catalogue import read_rows
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.filters import Filters
from clv_platform.review.queries.weak_filters import bin_texts, group_filters
from clv_platform.warehouse import read_parquet, write_parquet

STEM = "weak_slices"
MAX_COLUMNS = 12  # searched, two at a time: 12 give 78 combinations
MAX_SEARCHED = 50_000
SEED = 0


@dataclass(frozen=True)
class WeakGroup:
    """A group of rows whose predictions are wrong, hard, or worse than need be.

    Attributes
    ----------
    sentence : str
        What is the matter, in plain words.
    filters : tuple of Filter
        The group; empty when it can't be said in filters (several rare levels together).
    n : int
        Rows.
    expected, observed, lo, hi : float
        Mean of what was predicted there, what happened, and the 95 % interval of that.
    direction : str
        "over-confident", "under-confident" or "mis-ranked".
    label : str
        The group in a few words.
    """

    sentence: str
    filters: Filters
    n: int
    expected: float
    observed: float
    lo: float
    hi: float
    direction: str
    label: str


@dataclass(frozen=True)
class WeakLists:
    """The three lists; `note` says what was searched."""

    wrong_here: tuple[WeakGroup, ...]
    naturally_hard: tuple[WeakGroup, ...]
    recoverable: tuple[WeakGroup, ...]
    note: str


def weak_slices(info: FrameInfo) -> WeakLists:
    """Return the groups of rows in which the predictions can't be trusted.

    A frame of outcomes without chances is searched for groups in which predictions of an outcome are right less (or more) often than such
    predictions are overall.

    Raises
    ------
    FrameError
        When the version was removed.
    """
    path = info.folder / f"{STEM}.parquet"
    if path.is_file():
        table, note = (
            read_parquet(path),
            "As found when the model was evaluated." if info.origin == "run" else "As found when it was first asked for.",
        )
    else:
        table, note = _search(info)
        try:
            write_parquet(table, path)
        except OSError:
            note += " The result could not be kept, since the folder can't be written to."
    lists = {kind: tuple(_group(info, row) for row in rows.to_dict("records")) for kind, rows in table.groupby("kind")}
    return WeakLists(lists.get("wrong_here", ()), lists.get("naturally_hard", ()), lists.get("recoverable", ()), note)


def _group(info: FrameInfo, row: Mapping[Any, Any]) -> WeakGroup:
    pairs = [(row[f"column_{place}"], row[f"level_{place}"]) for place in range(1, 4) if isinstance(row.get(f"column_{place}"), str)]
    labels = {column.name: column.label for column in info.shown_columns}
    return WeakGroup(
        sentence=str(row["sentence"]),
        filters=group_filters(info, pairs),
        n=int(row["n"]),
        expected=float(row["expected"]),
        observed=float(row["observed"]),
        lo=float(row["observed_lo"]),
        hi=float(row["observed_hi"]),
        direction=str(row["direction"]),
        label=" and ".join(f"{labels.get(column, column)}: {level}" for column, level in pairs),
    )


def _search(info: FrameInfo) -> tuple[pd.DataFrame, str]:
    from clv_platform.config.schema import SliceSearch
    from clv_platform.evaluation.weak_slices import find_weak_slices, find_weak_value_slices
    from clv_platform.evaluation.weak_slices_result import empty_list

    prepared = _prepare(info)
    if prepared is None or not prepared[2].shape[1]:
        return empty_list(), "There was nothing to search: no rows whose outcome is known, or no columns to part them by."
    y, predicted, columns, accounts, event = prepared
    labels = {column.name: column.label for column in info.shown_columns}
    find = find_weak_value_slices if info.kind == "regression" else find_weak_slices
    found = find(y, predicted, accounts, columns, SliceSearch(), seed=SEED, event=event, labels=labels)
    note = f"Searched {len(y):,} rows by {columns.shape[1]} columns, alone and in pairs: {found.n_slices:,} groups."
    return found.to_frame(), note


def _prepare(info: FrameInfo) -> tuple[np.ndarray, np.ndarray, pd.DataFrame, np.ndarray, str] | None:
    """Outcome, prediction, columns to look at and accounts of the rows to search, and what the outcome is called."""
    frame = read_rows(info)
    if len(frame) > MAX_SEARCHED:
        frame = frame.sample(MAX_SEARCHED, random_state=SEED).sort_index()
    names = {role: column.name for role in ("y_true", "y_pred", "score", "account_id") if (column := info.column_of(role)) is not None}
    used = [names[role] for role in ("y_true", "y_pred" if "y_pred" in names else "score") if role in names]
    frame = frame.dropna(subset=[*used, *([names["score"]] if info.has_chances else [])])
    if not len(frame):
        return None
    accounts = frame[names["account_id"]].to_numpy() if "account_id" in names else np.arange(len(frame))
    truth = frame[names["y_true"]]
    if info.kind == "regression":
        y, predicted, event = truth.to_numpy(dtype=float), np.maximum(frame[names["y_pred"]].to_numpy(dtype=float), 0.0), "amounts"
        return y, predicted, _columns(info, frame, ()), accounts, event
    if info.has_chances:
        y = (truth == info.positive).to_numpy(dtype=float)
        return y, frame[names["score"]].to_numpy(dtype=float), _columns(info, frame, ()), accounts, f"“{info.positive}”"
    predicted = (
        frame[names["y_pred"]] if "y_pred" in names else pd.Series(np.where(frame[names["score"]] >= (info.threshold or 0.5), "1", "0"))
    )
    is_right = (truth.to_numpy() == predicted.to_numpy()).astype(float)
    chance = pd.Series(is_right).groupby(predicted.to_numpy()).transform("mean").to_numpy()
    extra = (names["y_pred"],) if "y_pred" in names else ()
    return is_right, np.clip(chance, 1e-6, 1 - 1e-6), _columns(info, frame, extra), accounts, "right predictions"


def _columns(info: FrameInfo, frame: pd.DataFrame, extra: tuple[str, ...]) -> pd.DataFrame:
    """The columns to part rows by: the slices that the publisher named, else the ones with the fewest values."""
    named = [column for column in info.shown_columns if column.role == "slice" and column.type != "text"]
    usable = [c for c in info.shown_columns if c.role == "feature" and c.type in ("category", "boolean", "number") and c.n_distinct > 1]
    rest = sorted(usable, key=lambda column: (column.type == "number", column.n_distinct))
    chosen = [*extra, *(column.name for column in (*named, *rest)[: MAX_COLUMNS - len(extra)])]
    kinds = {column.name: column for column in info.shown_columns if column.type == "number"}
    parts = {name: bin_texts(frame[name], kinds[name]) if name in kinds else frame[name] for name in chosen}
    return pd.DataFrame(parts, index=frame.index).reset_index(drop=True)
