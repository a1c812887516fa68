"""Splits by time and by account: what may be learnt from, what is tested on, what is scored.

The rules: a label counts when its window has ended at the cutoff (known later is not known); the test is the last dates of those; training
ends a full horizon before the test begins; the newest snapshot is scored. Random folds belong to `models`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clv_platform.datasets.examples import Examples

if TYPE_CHECKING:
    from clv_platform.datasets.corrections import LabelCorrections


class NotEnoughHistory(ValueError):
    """The history is too short for the horizon; the message says how much there is and how much is needed."""


@dataclass(frozen=True)
class TimeSplit:
    """Training, test and scoring rows as of a cutoff.

    Attributes
    ----------
    train, test : Examples
        Rows with usable labels only.
    scoring : Examples
        All rows of the newest snapshot; labels that aren't mature at the cutoff are NaN.
    train_until : date
        Exclusive end of the last training label's window; at or before the first test date.
    train_dates, test_dates : tuple of date
        In order.
    scoring_date : date
        The newest as-of date at or before the cutoff.
    cutoff : date
        The moment as of which everything is known, exclusive.
    horizon_days : int
        Length of a label's window.
    corrections : LabelCorrections or None
        What became of labels that reviewers corrected (`corrections.correct_training`); None: nobody has looked.
    """

    train: Examples
    test: Examples
    scoring: Examples
    train_until: date
    train_dates: tuple[date, ...]
    test_dates: tuple[date, ...]
    scoring_date: date
    cutoff: date
    horizon_days: int
    corrections: LabelCorrections | None = None


def split_by_time(examples: Examples, cutoff: date, horizon_days: int, n_test_dates: int) -> TimeSplit:
    """Split examples as of a cutoff.

    Parameters
    ----------
    examples : Examples
        Dated rows; labels may be known that a run at the cutoff could not have known: these are dropped.
    cutoff : date
        Exclusive: what happened before it is known.
    horizon_days : int
        Length of a label's window [as_of, as_of + H).
    n_test_dates : int
        How many as-of dates to test on.

    Returns
    -------
    TimeSplit

    Raises
    ------
    NotEnoughHistory
        When there are too few dates whose labels are mature for that many test dates and at least one training date.
    ValueError
        When the examples are undated.
    """
    if len(examples) and examples.is_undated:
        raise ValueError("examples without as-of dates can't be split by time: judge them on stratified folds (cross_validate_binary).")
    horizon = np.timedelta64(horizon_days, "D")
    end = np.datetime64(cutoff, "D")
    dates = examples.as_of_date
    is_mature = dates + horizon <= end
    known = replace(examples, y=np.where(is_mature, examples.y, np.nan))
    past = np.unique(dates[dates <= end])
    usable = np.unique(dates[known.is_usable])
    test_dates = usable[-n_test_dates:]
    train_dates = usable[usable + horizon <= test_dates[0]] if test_dates.size else usable
    if test_dates.size < n_test_dates or not train_dates.size:
        raise NotEnoughHistory(_too_short(past, usable, cutoff, horizon_days, n_test_dates))
    return TimeSplit(
        train=known.take(known.is_usable & np.isin(dates, train_dates)),
        test=known.take(known.is_usable & np.isin(dates, test_dates)),
        scoring=known.take(dates == past[-1]),
        train_until=as_date(train_dates[-1] + horizon),
        train_dates=tuple(as_date(d) for d in train_dates),
        test_dates=tuple(as_date(d) for d in test_dates),
        scoring_date=as_date(past[-1]),
        cutoff=cutoff,
        horizon_days=horizon_days,
    )


def account_disjoint(train: Examples, test: Examples) -> NDArray[np.bool_]:
    """Mark the test rows whose account never occurs in training (new accounts; often none)."""
    return ~np.isin(test.account_id.astype(str), np.unique(train.account_id.astype(str)))


def hold_out_accounts(examples: Examples, share: float, seed: int = 0) -> NDArray[np.bool_]:
    """Mark the rows of a fixed share of accounts, chosen by a hash of account and seed.

    An account falls on the same side in every table, run and row order, so a model trained without the marked accounts can be tested on
    them at any date: the account-disjoint score.

    Parameters
    ----------
    examples : Examples
        Rows to mark.
    share : float
        0 to 1; about that share of accounts is marked.
    seed : int
        Another seed, another choice.

    Returns
    -------
    array of bool of shape (n,)
    """
    return _place(examples.account_id, seed) < share


def hold_out_parts(account_id: NDArray[np.object_], n_parts: int, seed: int = 0) -> NDArray[np.int64]:
    """Part 0 .. n_parts - 1 of each row's account, by the same hash: equal shares of the accounts."""
    return np.minimum((_place(account_id, seed) * n_parts).astype(np.int64), n_parts - 1)


def _place(account_id: NDArray[np.object_], seed: int) -> NDArray[np.float64]:
    """A number from 0 to 1 per row that depends on its account and the seed alone."""
    accounts, position = np.unique(account_id.astype(str), return_inverse=True)
    key = str(seed).encode()
    placed = [int.from_bytes(hashlib.blake2b(account.encode(), digest_size=8, key=key).digest()) / 2.0**64 for account in accounts.tolist()]
    return np.array(placed, dtype=np.float64)[position]


def _too_short(past: NDArray[np.datetime64], usable: NDArray[np.datetime64], cutoff: date, horizon_days: int, n_test_dates: int) -> str:
    tests = f"{n_test_dates} test date{'s' * (n_test_dates != 1)}"
    fix = "Give more history, or choose a shorter `horizon_days` of the target or fewer `training.n_test_dates`."
    if not past.size:
        return f"Not enough history: no eligible account at any as-of date up to the cutoff {cutoff}. {fix}"
    start, until = as_date(past[0]), _needed_until(as_date(past[0]), horizon_days, n_test_dates)
    have, need = (cutoff - start).days, (until - start).days
    message = (
        f"Not enough history for a horizon of {horizon_days} days: the first snapshot is {start} and the data are known until {cutoff}, "
        f"{have} days, in which the labels of {usable.size} as-of date{'s' * (usable.size != 1)} are usable. "
    )
    if have >= need:
        return message + (
            f"That is long enough for {tests} and a training date a full horizon before them, but most dates have no usable label. "
            f"Check `as_of_dates` and the eligibility of accounts. {fix}"
        )
    return message + f"Needed: {need} days, until {until}, for {tests} and a training date a full horizon before them. {fix}"


def _needed_until(start: date, horizon_days: int, n_test_dates: int) -> date:
    """First cutoff that suffices on a monthly grid: first snapshot, a horizon, the test dates, a horizon."""
    first_test = start
    while (first_test - start).days < horizon_days:
        first_test = _next_month(first_test)
    last_test = first_test
    for _ in range(n_test_dates - 1):
        last_test = _next_month(last_test)
    return last_test + timedelta(days=horizon_days)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=day.day)


def as_date(value: np.datetime64) -> date:
    """Turn numpy's day into Python's."""
    return value.astype("datetime64[D]").item()
