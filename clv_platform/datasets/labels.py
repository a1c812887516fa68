"""Whether a label can be learnt at all, with messages that name the target, the column, what was found and how to fix it.

Here: the checks of their values and counts. How labels are computed is dbt's business, how their columns are called `contracts.dbt_vars`'.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from clv_platform.config import Target, Training
from clv_platform.contracts.dbt_vars import label_name

__all__ = ["LabelError", "check_label_column", "check_label_values", "check_trainable", "label_name"]


class LabelError(ValueError):
    """The label can't be learnt; the message names target, column, what was found and the remedy."""


def check_label_values(counts: Iterable[tuple[object, int]], target: Target) -> None:
    """Check the values of a flat table's label column before they become 0 and 1.

    Parameters
    ----------
    counts : iterable of (value, n)
        Every distinct value of the column with its number of rows; null rows aren't usable and don't count.
    target : Target
        `positive_values` says what counts as 1; anything else is 0, so there may be one other value only.

    Raises
    ------
    LabelError
        When nothing is positive, nothing is negative, or more than one value would silently become 0.
    """
    positive = {_plain(value) for value in target.positive_values}
    found: dict[str, tuple[str, int]] = {}
    for value, n in counts:
        if value is None or value != value or not str(value).strip():
            continue
        shown, so_far = found.get(_plain(value), (str(value), 0))
        found[_plain(value)] = (shown, so_far + n)
    column = target.label_column or f"y_{target.name}"
    where = f"target `{target.name}`, label column `{column}`"
    commonest_first = sorted(found.values(), key=lambda pair: (-pair[1], pair[0]))
    listed = ", ".join(f"{shown!r} ({n:,} rows)" for shown, n in commonest_first[:8]) or "only nulls"
    listed += f" and {len(found) - 8} more values" if len(found) > 8 else ""
    negatives = [value for value in found if value not in positive]
    if len(negatives) > 1:
        raise LabelError(
            f"{where}: expected two values, found {len(found)}: {listed}. It isn't clear which of them mean no: "
            "turn them into 1, 0 and null in the source's `query`, or leave rows out with an `exclude` rule."
        )
    if len(found) < 2:
        raise LabelError(
            f"{where}: expected two values, found {listed}. There is nothing to tell apart: give rows of both kinds, "
            "or point `label_column` at another column."
        )
    if len(negatives) == len(found) or not negatives:
        accepted = ", ".join(repr(value) for value in target.positive_values)
        raise LabelError(
            f"{where}: found {listed}; {'all' if not negatives else 'none'} of them count as yes (`positive_values`: {accepted}). "
            "List the values that mean yes under `positive_values` of the target."
        )


def check_label_column(y: NDArray[np.float64], target: Target, label: str) -> None:
    """Check the finished label: 0, 1 and null only, and not a single class; no usable label at all is left to the split.

    Raises
    ------
    LabelError
        With the values found.
    """
    values, counts = np.unique(y[~np.isnan(y)], return_counts=True)
    found = ", ".join(f"{value:g} ({n:,} rows)" for value, n in list(zip(values, counts, strict=True))[:8])
    where = f"target `{target.name}`, label column `{label}`"
    if not np.isin(values, (0, 1)).all():
        raise LabelError(
            f"{where}: expected 0, 1 and null, found {found}. Turn the label into 1 for yes and 0 for no in the source's `query`, "
            "and null where it isn't known."
        )
    if values.size == 1:
        what = "no account with the event" if values[0] == 0 else "no account without the event"
        raise LabelError(
            f"{where}: expected both 0 and 1, found only {found}: {what}. Check `label_column` and `positive_values` "
            "(or `plans.order` and `horizon_days`) of the target, or give a longer history."
        )


def check_trainable(y: NDArray[np.float64], target: Target, training: Training, label: str = "") -> None:
    """Check that training rows hold enough positives and negatives.

    Parameters
    ----------
    y : array of shape (n,)
        Labels of the training rows; NaN = not usable.

    Raises
    ------
    LabelError
        When there are no usable labels, or fewer than `training.min_positives` of either class.
    """
    n_positive, n_negative = int((y == 1).sum()), int((y == 0).sum())
    where = f"target `{target.name}`, label column `{label or f'y_{target.name}'}`"
    if n_positive + n_negative == 0:
        raise LabelError(
            f"{where}: expected usable labels in the training rows, found none. Give a longer history or check `label_column`."
        )
    for n, kind in ((n_positive, "positives"), (n_negative, "negatives")):
        if n < training.min_positives:
            raise LabelError(
                f"{where}: expected at least {training.min_positives} {kind} to learn from, found {n:,} among {n_positive + n_negative:,} "
                f"training rows. Give more accounts or a longer history, lengthen `horizon_days`, or (at the price of chance results) "
                f"lower `training.min_positives`."
            )


def _plain(value: object) -> str:
    """Compare labels without case, spaces and the `.0` that a whole number gets when a column has nulls."""
    text = str(value).strip().lower()
    try:
        return f"{float(text):g}"
    except ValueError:
        return text
