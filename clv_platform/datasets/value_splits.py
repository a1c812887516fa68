"""Splits of value targets: learning pairs (a date and a window after it), rolling origins to compare models at, the test date.

The rules: everything that is learnt or chosen has ended at the test date D, the last date whose whole horizon is known at the cutoff; a
rolling origin v checks models that learnt from windows that had ended at v; D is looked at once, by what was chosen before. Windows may be
shorter than the horizon, so that a short history has something to learn from: models work with rates, so windows of all lengths mix.
Keep folds of yes/no targets out (`splits`, `models.folds`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clv_platform.datasets.splits import NotEnoughHistory, as_date, hold_out_parts
from clv_platform.datasets.value_examples import ValueExamples, ValueRows, stack_rows

N_ORIGINS = 3
N_FOLDS = 3


@dataclass(frozen=True, order=True)
class ValuePair:
    """A date and a window after it, [as_of, as_of + window)."""

    as_of: date
    window_days: int

    @property
    def until(self) -> date:
        """Exclusive end of the window."""
        return as_date(np.datetime64(self.as_of, "D") + self.window_days)


@dataclass(frozen=True)
class ValueBacktest:
    """One comparison of models: learn on some pairs, check on another one.

    Attributes
    ----------
    name : str
        The origin's date, or `fold 1` and so on.
    learn, check : tuple of ValuePair
        For an origin the checked pair is one, and every learning window has ended at its date; for a fold they are the same pairs.
    fold : int or None
        Which part of the accounts is checked, the others being learnt from; None: all accounts are on both sides of time.
    """

    name: str
    learn: tuple[ValuePair, ...]
    check: tuple[ValuePair, ...]
    fold: int | None = None


@dataclass(frozen=True)
class ValueSplit:
    """What a value model learns from, is compared at, is tested on and scores.

    Attributes
    ----------
    examples : ValueExamples
        All rows; outcomes that a run at the cutoff couldn't know are NaN.
    learning : tuple of ValuePair
        Every date before the test with its longest window that has ended by then.
    backtests : tuple of ValueBacktest
        Rolling origins, oldest first; folds by account where no origin has anything to learn from.
    kind : {"rolling_origins", "account_folds"}
    test : ValueRows
        The test date over the horizon.
    scoring : ValueRows
        The newest date at or before the cutoff over the horizon, outcomes unknown.
    test_date, scoring_date, cutoff : date
    horizon_days : int
    """

    examples: ValueExamples
    learning: tuple[ValuePair, ...]
    backtests: tuple[ValueBacktest, ...]
    kind: Literal["rolling_origins", "account_folds"]
    test: ValueRows
    scoring: ValueRows
    test_date: date
    scoring_date: date
    cutoff: date
    horizon_days: int

    def rows(self, pairs: tuple[ValuePair, ...]) -> ValueRows:
        """Rows of all accounts of these pairs under each other, with known outcomes only."""
        parts: list[ValueRows] = []
        for pair in pairs:
            known = np.isfinite(self.examples.amounts[pair.window_days]) & np.isfinite(self.examples.purchases[pair.window_days])
            parts.append(self.examples.rows(pair.window_days, known & (self.examples.as_of_date == np.datetime64(pair.as_of, "D"))))
        return stack_rows(parts)

    def at(self, as_of: date) -> ValueRows:
        """Every eligible account at a date, whatever is known of its future: what the probability models are fitted on."""
        return self.examples.rows(self.horizon_days, self.examples.as_of_date == np.datetime64(as_of, "D")).over(self.horizon_days)

    def learn_rows(self, backtest: ValueBacktest) -> ValueRows:
        """Rows to learn from in a backtest."""
        rows = self.rows(backtest.learn)
        return rows if backtest.fold is None else rows.take(account_part(rows.account_id) != backtest.fold)

    def check_rows(self, backtest: ValueBacktest) -> ValueRows:
        """Rows to check on in a backtest."""
        rows = self.rows(backtest.check)
        return rows if backtest.fold is None else rows.take(account_part(rows.account_id) == backtest.fold)


def account_part(account_id: NDArray[np.object_], seed: int = 0) -> NDArray[np.int64]:
    """Part 0 .. N_FOLDS - 1 of each account, by a hash: the same in every table and row order."""
    return hold_out_parts(account_id, N_FOLDS, seed)


def split_value_by_time(examples: ValueExamples, cutoff: date) -> ValueSplit:
    """Split the examples of a value target as of a cutoff.

    Parameters
    ----------
    examples : ValueExamples
        With outcomes over the horizon and the shorter windows to learn from.
    cutoff : date
        Exclusive: what happened before it is known.

    Returns
    -------
    ValueSplit

    Raises
    ------
    NotEnoughHistory
        When no date's horizon has ended at the cutoff, or no earlier date has a window that ended by that test date; the message says what
        is there and what would do.
    """
    horizon = examples.horizon_days
    end = np.datetime64(cutoff, "D")
    dates = examples.as_of_date
    if len(examples) and np.isnat(dates).any():
        raise ValueError("value targets need dates: these examples have rows without an as-of date.")
    known = _known_at(examples, end)
    past = np.unique(dates[dates <= end])
    has_horizon = np.unique(dates[np.isfinite(known.amounts[horizon])])
    if not past.size or not has_horizon.size:
        raise NotEnoughHistory(_too_short(past, horizon, cutoff))
    test_date = has_horizon[-1]
    learning = _pairs(known, test_date)
    if not learning:
        raise NotEnoughHistory(_nothing_to_learn(past, test_date, known.windows, cutoff))
    origins = [(pair, _pairs(known, np.datetime64(pair.as_of, "D"))) for pair in learning]
    usable = [ValueBacktest(str(pair.as_of), learn, (pair,)) for pair, learn in origins if learn][-N_ORIGINS:]
    folds = [ValueBacktest(f"fold {part + 1}", learning, learning, part) for part in range(N_FOLDS)]
    return ValueSplit(
        examples=known,
        learning=learning,
        backtests=tuple(usable or folds),
        kind="rolling_origins" if usable else "account_folds",
        test=known.rows(horizon, (dates == test_date) & np.isfinite(known.amounts[horizon]) & np.isfinite(known.purchases[horizon])),
        scoring=known.rows(horizon, dates == past[-1]).over(horizon),
        test_date=as_date(test_date),
        scoring_date=as_date(past[-1]),
        cutoff=cutoff,
        horizon_days=horizon,
    )


def _known_at(examples: ValueExamples, end: np.datetime64) -> ValueExamples:
    def mask(outcomes: dict[int, NDArray[np.float64]]) -> dict[int, NDArray[np.float64]]:
        return {w: np.where(examples.as_of_date + np.timedelta64(w, "D") <= end, values, np.nan) for w, values in outcomes.items()}

    return replace(examples, amounts=mask(examples.amounts), purchases=mask(examples.purchases))


def _pairs(examples: ValueExamples, until: np.datetime64) -> tuple[ValuePair, ...]:
    """Each earlier date with its longest window that ended at or before `until` and whose outcomes are known."""
    pairs: list[ValuePair] = []
    for day in np.unique(examples.as_of_date[examples.as_of_date < until]):
        for window in reversed(examples.windows):
            if day + np.timedelta64(window, "D") > until:
                continue
            if np.isfinite(examples.amounts[window][examples.as_of_date == day]).any():
                pairs.append(ValuePair(as_date(day), window))
                break
    return tuple(pairs)


def _too_short(past: NDArray[np.datetime64], horizon: int, cutoff: date) -> str:
    if not past.size:
        return f"Not enough history: no eligible account at any as-of date up to the cutoff {cutoff}. Give more history."
    first = as_date(past[0])
    needed = as_date(past[0] + np.timedelta64(horizon, "D"))
    return (
        f"Not enough history for a horizon of {horizon} days: the first snapshot is {first} and the data are known until {cutoff}, so no "
        f"account's horizon is over. Needed: data until {needed} at least, or a shorter `horizon_days` of the target."
    )


def _nothing_to_learn(past: NDArray[np.datetime64], test_date: np.datetime64, windows: tuple[int, ...], cutoff: date) -> str:
    first, test, shortest = as_date(past[0]), as_date(test_date), windows[0]
    return (
        f"Not enough history to learn value from: the test date is {test} (the last whose horizon is over at the cutoff {cutoff}), "
        f"the first snapshot is {first}, and the shortest window of {shortest} days after it hasn't ended by then. "
        "Give earlier as-of dates, or a shorter window under `learning_windows` of the target."
    )
