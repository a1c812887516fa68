"""What is known of a published frame besides its rows: the file `frame.json`.

Here: `FrameInfo` and `ColumnInfo`, frozen, to JSON and back. Add a fact about a frame or a column with a default, so that frames published
before stay readable. Keep reading rows (`review.queries`) and guessing (`frames.roles`) out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

Kind = Literal["binary", "multiclass", "regression"]
Role = Literal["account_id", "as_of_date", "y_true", "y_pred", "score", "slice", "feature"]
ColumnType = Literal["category", "number", "date", "boolean", "text"]
KINDS: tuple[str, ...] = get_args(Kind)
COLUMN_TYPES: tuple[str, ...] = get_args(ColumnType)

SCHEMA_VERSION = 1


class FrameError(ValueError):
    """A frame can't be published or read; the message says what was expected, what was found and what to change."""


@dataclass(frozen=True)
class ColumnInfo:
    """One column.

    Attributes
    ----------
    name : str
        As the publisher called it: any text at all. Show it escaped, never put it into SQL.
    field : str
        What it is called in the Parquet file and in SQL (`c0`, `c1`, ...): harmless by construction. Empty when private.
    label : str
        How to call it before people; by default the name.
    role : str
        What it is for (see `Role`).
    type : str
        "category" (few values), "number", "date", "boolean", "text" (many values: searched, not listed).
    is_private : bool
        Named here only: its values were never written.
    levels : tuple of str
        Of a category or boolean, the commonest first (classes of the outcome: in their order); a missing value is no level.
    bins : tuple of (float, float)
        Of a number: smallest and largest value of ten groups of about equal size, both included, in rising order.
    low, high : float or None
        Of a number: smallest and largest value.
    first, last : str or None
        Of a date: earliest and latest moment, ISO.
    n_missing : int
        Rows without a value.
    n_distinct : int
        Different values.
    description : str
        From the feature catalogue, where the frame comes from a run.
    """

    name: str
    field: str
    label: str
    role: Role = "feature"
    type: ColumnType = "category"
    is_private: bool = False
    levels: tuple[str, ...] = ()
    bins: tuple[tuple[float, float], ...] = ()
    low: float | None = None
    high: float | None = None
    first: str | None = None
    last: str | None = None
    n_missing: int = 0
    n_distinct: int = 0
    description: str = ""


@dataclass(frozen=True)
class FrameInfo:
    """One version of a published frame; it never changes after it was published.

    Attributes
    ----------
    name : str
        As published: any text; show it escaped.
    slug : str
        Its folder and its part of the address: a-z, 0-9 and hyphens.
    version : int
        1, 2, ... in order of publishing.
    kind : str
        "binary", "multiclass" or "regression".
    columns : tuple of ColumnInfo
        In the publisher's order, private ones included (without values).
    n_rows : int
        Rows.
    published_at : datetime
        UTC.
    classes : tuple of str
        Of a binary or multi-class frame: the outcomes in their order, lowest first.
    positive : str or None
        Of a binary frame: the outcome that is asked for.
    threshold : float or None
        Of a binary frame with scores and without predicted outcomes: from this score on an account counts as named.
    target, model_id, as_of_date : str or None
        Where the predictions come from; `as_of_date` (ISO) when it is one date for all rows and no column.
    origin : str
        "person", or "run" for frames that a run published by itself.
    notes : tuple of str
        What publishing changed or guessed, in plain words.
    folder : Path
        Where this version lies; not part of the JSON.
    """

    name: str
    slug: str
    version: int
    kind: Kind
    columns: tuple[ColumnInfo, ...]
    n_rows: int
    published_at: datetime
    classes: tuple[str, ...] = ()
    positive: str | None = None
    threshold: float | None = None
    target: str | None = None
    model_id: str | None = None
    as_of_date: str | None = None
    origin: str = "person"
    notes: tuple[str, ...] = ()
    folder: Path = Path()

    @property
    def data_path(self) -> Path:
        """The rows."""
        return self.folder / "data.parquet"

    @cached_property
    def shown_columns(self) -> tuple[ColumnInfo, ...]:
        """Columns with values: all but the private ones."""
        return tuple(column for column in self.columns if not column.is_private)

    @cached_property
    def by_name(self) -> dict[str, ColumnInfo]:
        """The shown columns by name: frames of thousands of columns ask for each."""
        return {column.name: column for column in self.shown_columns}

    def column(self, name: str) -> ColumnInfo:
        """Return the shown column of that name.

        Raises
        ------
        FrameError
            When there is none, or it is private.
        """
        if (found := self.by_name.get(name)) is not None:
            return found
        raise FrameError(f"{self.name}: expected one of its columns, found {name!r}. Choose a column of this frame.")

    def column_of(self, role: Role) -> ColumnInfo | None:
        """Return the column that has a role, or None; of slices and features the first."""
        return next((column for column in self.shown_columns if column.role == role), None)

    @property
    def rows_per_account(self) -> float:
        """Rows behind one account: rows of an account are alike, so intervals count them as one."""
        account = self.column_of("account_id")
        return 1.0 if account is None or not account.n_distinct else max(1.0, (self.n_rows - account.n_missing) / account.n_distinct)

    @property
    def has_chances(self) -> bool:
        """Whether the scores of a binary frame can be chances: all between 0 and 1."""
        score = self.column_of("score")
        return self.kind == "binary" and score is not None and score.low is not None and score.low >= 0 and (score.high or 0) <= 1

    def to_json(self) -> dict[str, Any]:
        """Return what `frame.json` holds."""
        values = asdict(self)
        del values["folder"]
        return {"schema_version": SCHEMA_VERSION, **values, "published_at": self.published_at.isoformat()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], folder: Path) -> FrameInfo:
        """Read what `to_json` wrote; unknown keys of later versions are left out."""
        known = {f.name for f in fields(cls)}
        kept: dict[str, Any] = {key: value for key, value in values.items() if key in known}
        tuples: dict[str, Any] = {key: tuple(kept.get(key, ())) for key in ("classes", "notes")}
        columns = tuple(_column(one) for one in values["columns"])
        moment = datetime.fromisoformat(values["published_at"])
        return cls(**(kept | tuples | {"columns": columns, "published_at": moment, "folder": folder}))


def _column(values: Mapping[str, Any]) -> ColumnInfo:
    known = {f.name for f in fields(ColumnInfo)}
    kept: dict[str, Any] = {key: value for key, value in values.items() if key in known}
    bins = tuple((float(lo), float(hi)) for lo, hi in values.get("bins", ()))
    return ColumnInfo(**(kept | {"levels": tuple(values.get("levels", ())), "bins": bins}))
