"""Frames with predictions for people to look at, doubt and answer: published here, asked by queries, shown by the app.

Here: `publish`, and the rooms `frames`, `queries`, `feedback`, `access`, `app`. Keep Dash and Flask to `app` and `access`: everything else
works in a notebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clv_platform.review.frames.store import ReviewStore

__all__ = ["publish"]


def publish(
    frame: Any,
    name: str,
    y_true: str | None = None,
    y_pred: str | None = None,
    score: str | None = None,
    account_id: str | None = None,
    as_of_date: str | date | None = None,
    target: str | None = None,
    model_id: str | None = None,
    slices: Sequence[str] = (),
    private: Sequence[str] = (),
    store: ReviewStore | Path | str | None = None,
    *,
    kind: str | None = None,
    positive: object = None,
    threshold: float | None = None,
    types: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> str:
    """Publish a frame with predictions for reviewers and return its address.

    Parameters
    ----------
    frame : DataFrame of pandas, polars or Arrow, or path of a Parquet file
        A row per account (and date): what happened, what was predicted, what describes the row.
    name : str
        What people call it. Publishing under the same name adds a version, keeps the old one, and the app compares them.
    y_true, y_pred, score, account_id : str, optional
        Columns: what happened, what was predicted, the score of it, who. What isn't named is guessed from the columns' names.
    as_of_date : str or date, optional
        A column, or one day for all rows.
    target, model_id : str, optional
        Where the predictions come from: then feedback on a row joins its snapshot.
    slices : sequence of str
        Columns to break down by first.
    private : sequence of str
        Columns that are never shown: their values aren't written.
    store : ReviewStore or path, optional
        By default what `CLV_REVIEW_DIR` names, else the review folder of the config in use.
    kind : {"binary", "multiclass", "regression"}, optional
        By default guessed.
    positive : optional
        Of a yes/no outcome: the value asked for.
    threshold : float, optional
        From this score on an account counts as named, when only scores are given; by default .5.
    types : mapping of column to "category", "number", "date", "boolean" or "text", optional
        Corrections of what is guessed.
    labels : mapping of column to str, optional
        How to call columns before people.

    Returns
    -------
    str
        The link. If no app answers there, a log message says which command starts one.

    Raises
    ------
    FrameError
        When the frame can't be published; the message says what to change.
    """
    from clv_platform.review.frames.links import link_to
    from clv_platform.review.frames.publishing import publish_frame
    from clv_platform.review.frames.store import as_store

    day, column = _day_or_column(frame, as_of_date)
    info = publish_frame(
        as_store(store),
        frame,
        name,
        roles={"y_true": y_true, "y_pred": y_pred, "score": score, "account_id": account_id, "as_of_date": column},
        kind=kind,
        positive=positive,
        threshold=threshold,
        target=target,
        model_id=model_id,
        as_of_date=day,
        slices=slices,
        private=private,
        types=types,
        labels=labels,
    )
    return link_to(info)


def _day_or_column(frame: Any, value: str | date | None) -> tuple[str | date | None, str | None]:
    """A text that reads as a day and names no column is a day for all rows."""
    if value is None:
        return None, None
    if isinstance(value, date):
        return value, None
    try:
        date.fromisoformat(value)
    except ValueError:
        return None, value
    names = getattr(frame, "columns", None)
    is_column = names is not None and value in [str(name) for name in names]
    return (None, value) if is_column else (value, None)
