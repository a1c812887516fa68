"""What queries answer with: frozen dataclasses and their tables; pages read nothing else.

Add a field with its meaning. Keep computing out (the other files of this room do it).
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class MetricValue:
    """A figure with its interval.

    Attributes
    ----------
    name : str
        Such as "accuracy", "precision:very high" (of one outcome) or "mean:revenue_90d" (of one column).
    label : str
        A few words.
    value, lo, hi : float
        The figure and its 95 % interval; NaN where it can't be said (no rows, no positives).
    words : str
        One plain sentence with the figure in it.
    shown_as : str
        "share", "score", "times", "count" or "amount": how to print it.
    better : str
        "higher", "lower", "zero" or "none".
    """

    name: str
    label: str
    value: float
    lo: float
    hi: float
    words: str = ""
    shown_as: str = "score"
    better: str = "none"


@dataclass(frozen=True)
class MetricChoice:
    """A metric that fits a frame: what a menu offers.

    `name` is what `breakdown` takes; `is_fast` says whether it is summed by SQL (the others sort rows); `moves_with_share` that groups
    can't be called better or worse by it, since it changes with how common the outcome is.
    """

    name: str
    label: str
    meaning: str
    shown_as: str
    better: str
    is_fast: bool = True
    moves_with_share: bool = False


@dataclass(frozen=True)
class Overview:
    """How good the predictions are on the filtered rows.

    Attributes
    ----------
    metrics : tuple of MetricValue
        Headline first.
    n, n_known, n_accounts : int
        Rows, rows whose outcome and prediction are known (the figures are of these), accounts (rows where no account is named).
    per_class : DataFrame
        Of outcomes: level, n (rows with that outcome), n_predicted, n_right, precision, precision_lo, precision_hi, recall, recall_lo,
        recall_hi, f1, in the order of the classes. Empty for regression.
    confusion : DataFrame
        Of outcomes: actual, predicted, n, for every pair of classes. Empty for regression.
    reliability : DataFrame
        Of scores that are chances: mean_score, observed, lo, hi, n per tenth of the rows. Else empty.
    """

    metrics: tuple[MetricValue, ...]
    n: int
    n_known: int
    n_accounts: int
    per_class: pd.DataFrame
    confusion: pd.DataFrame
    reliability: pd.DataFrame

    def metric(self, name: str) -> MetricValue | None:
        """Return the metric of that name, or None."""
        return next((metric for metric in self.metrics if metric.name == name), None)


@dataclass(frozen=True)
class Breakdown:
    """A metric by the values of one or two columns.

    Attributes
    ----------
    table : DataFrame
        A row per group: level_1 (text; two columns: level_2 too), n, n_known, value, lo, hi. Missing values are the level "(missing)",
        levels beyond the commonest 30 of a column "(other)". In the order of the column: classes, bins and dates rising, else by n.
    overall : MetricValue
        The same metric on all filtered rows.
    by : tuple of str
        The columns.
    """

    table: pd.DataFrame
    overall: MetricValue
    by: tuple[str, ...]


@dataclass(frozen=True)
class RowPage:
    """A page of rows.

    `table` has the shown columns by name, in the frame's order, then `row` (place in the file, from 0; what feedback on a row without an
    account names) and `error` (absolute error; chance given to what didn't happen; 1 for a wrong class); `n` is the number of filtered
    rows. A frame that has columns of these names keeps them: `row_column` and `error_column` say what the added ones are called.
    """

    table: pd.DataFrame
    n: int
    row_column: str = "row"
    error_column: str = "error"


@dataclass(frozen=True)
class Comparison:
    """Two frames side by side on the rows that both have.

    Attributes
    ----------
    table : DataFrame
        metric, label, a, b, difference (b less a), lo, hi, better, shown_as, words.
    n : int
        Rows compared.
    is_paired : bool
        Whether rows were joined by account (and date); else each frame was measured on its own filtered rows.
    note : str
        What was compared, in plain words.
    """

    table: pd.DataFrame
    n: int
    is_paired: bool
    note: str
