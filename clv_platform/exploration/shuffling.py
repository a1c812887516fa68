"""Copies of the frames in which nothing goes with anything: what the list of findings is checked against.

Every column keeps its values and its gaps, and each moves on its own: attributes among the accounts, features and labels among the rows of
one date, months (and which months there are) within each account. Keep real analyses out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from clv_platform.exploration.frames import ExplorationFrames, TargetRows

_KEYS = ("account_id", "as_of_date", "month_end_date", "known_by_date")


def shuffle_frames(frames: ExplorationFrames, seed: int) -> ExplorationFrames:
    """Return frames with the same columns, each shuffled independently.

    Parameters
    ----------
    seed : int
        Equal seeds give equal frames.
    """
    rng = np.random.default_rng(seed)
    targets = tuple(_shuffle_target(rng, rows) for rows in frames.targets)
    months = _shuffle_months(rng, frames.months) if len(frames.months) else frames.months
    everyone = pd.Series(0, index=frames.accounts.index)
    return replace(frames, accounts=_shuffle_columns(rng, frames.accounts, everyone), targets=targets, months=months)


def _shuffle_target(rng: np.random.Generator, rows: TargetRows) -> TargetRows:
    dates = pd.Series(pd.factorize(rows.frame["as_of_date"])[0], index=rows.frame.index)
    y = pd.DataFrame({"y": rows.y}, index=rows.frame.index)
    return replace(rows, frame=_shuffle_columns(rng, rows.frame, dates), y=_shuffle_columns(rng, y, dates)["y"].to_numpy(float))


def _shuffle_months(rng: np.random.Generator, months: pd.DataFrame) -> pd.DataFrame:
    """Give each account's rows other months of the whole history, and each value another of these rows."""
    account, ends = pd.factorize(months["account_id"])[0], np.sort(months["month_end_date"].unique())
    shuffled = _shuffle_columns(rng, months, pd.Series(account, index=months.index))
    order = rng.random((account.max() + 1, len(ends))).argsort(axis=1)
    place = pd.Series(account).groupby(account).cumcount().to_numpy()
    shuffled["month_end_date"] = ends[order[account, place]]
    return shuffled


def _shuffle_columns(rng: np.random.Generator, frame: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Shuffle each column but the keys within groups of rows."""
    place = np.argsort(groups.to_numpy(), kind="stable")
    sorted_groups = groups.to_numpy()[place]
    columns = {}
    for name in frame.columns:
        values = frame[name]
        if name not in _KEYS:
            order = np.lexsort((rng.random(len(frame)), sorted_groups))
            source = np.empty(len(frame), dtype=np.int64)
            source[place] = place[order]
            values = values.take(source).set_axis(frame.index)
        columns[name] = values
    return pd.DataFrame(columns)
