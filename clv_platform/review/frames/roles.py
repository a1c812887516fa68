"""What the columns of a frame are for: guessed from names and values where the publisher doesn't say, and said back in notes.

Here: names of roles, kind, classes, the positive outcome. Add a name that people use for a role to `_NAMES`. Keep types of columns out
(`profiles`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute

from clv_platform.review.frames.info import KINDS, FrameError, Kind
from clv_platform.review.frames.tables import as_labels

pc: Any = pyarrow.compute  # its functions are made when it is imported, so no type checker sees them
MAX_CLASSES = 50
MOST_CODES = 20  # whole numbers with more values than this are amounts
_NAMES: Mapping[str, tuple[str, ...]] = {
    "y_true": ("y_true", "actual", "label", "target", "outcome", "truth"),
    "y_pred": ("y_pred", "predicted", "prediction", "pred", "predicted_label"),
    "score": ("score", "probability", "y_score", "p", "proba", "probability_1"),
    "account_id": ("account_id", "customer_id", "user_id", "client_id"),
    "as_of_date": ("as_of_date", "snapshot_date"),
}
_POSITIVE = ("1", "true", "yes", "y", "t", "positive", "churned", "upgraded", "left")
_SCALES: tuple[tuple[str, ...], ...] = (
    ("lowest", "very low", "low", "medium low", "medium", "mid", "middle", "average", "medium high", "high", "very high", "highest", "top"),
    ("none", "bronze", "silver", "gold", "platinum", "diamond"),
    ("small", "medium", "large"),
)


@dataclass(frozen=True)
class Roles:
    """Which column is what; None: no column is.

    `classes` are the outcomes in order, `positive` the one that is asked for, `is_given` the roles that the publisher named.
    """

    y_true: str
    y_pred: str | None
    score: str | None
    account_id: str | None
    as_of_date: str | None
    kind: Kind
    classes: tuple[str, ...] = ()
    positive: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def by_name(self) -> dict[str, str]:
        """Column -> role."""
        pairs = {role: getattr(self, role) for role in _NAMES}
        return {name: role for role, name in pairs.items() if name is not None}


def guess_roles(
    table: pa.Table,
    given: Mapping[str, str | None],
    kind: str | None = None,
    positive: object = None,
    order: Mapping[str, Sequence[str]] | None = None,
) -> Roles:
    """Say which column is what, and what kind of prediction this is.

    Parameters
    ----------
    table : Table
        Plain columns (`tables.read_table`).
    given : mapping of role to column name or None
        What the publisher named.
    kind : {"binary", "multiclass", "regression"}, optional
        By default guessed from the values.
    positive : optional
        Of a binary frame: the outcome that is asked for.
    order : mapping of column to levels, optional
        Of ordered categories: their order.

    Raises
    ------
    FrameError
        When a named column is missing, the outcome or every prediction is, or the values don't fit the kind.
    """
    if kind is not None and kind not in KINDS:
        raise FrameError(f"kind: expected {', '.join(KINDS)}, found {kind!r}.")
    named = {name for name in given.values() if name is not None}
    names = {role: _find(table, role, given.get(role), named) for role in _NAMES}
    taken = [name for name in names.values() if name is not None]
    if len(set(taken)) < len(taken):
        twice = next(name for name in taken if taken.count(name) > 1)
        raise FrameError(f"roles: expected a column of its own for each role, found {twice!r} in two. Name another one.")
    notes = [f"{role} was taken to be the column {name!r}." for role, name in names.items() if name and given.get(role) is None]
    y_true = names["y_true"]
    if y_true is None:
        raise FrameError(
            f"y_true: expected the column of what happened, found no name given and none called {_NAMES['y_true'][0]}. {_columns_of(table)}"
        )
    if names["y_pred"] is None and names["score"] is None:
        raise FrameError(f"y_pred: expected the column of predictions (or score=), found neither. {_columns_of(table)}")
    found: Kind = kind or _guess_kind(table, y_true, names["y_pred"])  # type: ignore[assignment]
    if found == "binary" and names["y_pred"] and names["score"] is None and _is_fraction(table.column(names["y_pred"])):
        names |= {"score": names["y_pred"], "y_pred": None}
        notes.append(f"{names['score']!r} holds fractions, so it is read as score=, not as predicted outcomes.")
    roles = Roles(**names, kind=found, notes=tuple(notes))  # type: ignore[arg-type]
    _check_numbers(table, roles)
    return roles if found == "regression" else _with_classes(table, roles, positive, order or {})


def order_classes(levels: Sequence[str]) -> tuple[str, ...]:
    """Put outcomes in order: numbers by size, known scales (very low .. very high) by rank, all else by name."""
    try:
        return tuple(sorted(levels, key=float))
    except ValueError:
        pass
    plain = {level: level.strip().lower().replace("_", " ").replace("-", " ") for level in levels}
    for scale in _SCALES:
        if set(plain.values()) <= set(scale):
            return tuple(sorted(levels, key=lambda level: scale.index(plain[level])))
    return tuple(sorted(levels))


def _find(table: pa.Table, role: str, name: str | None, named: Set[str]) -> str | None:
    """The column of a role as named, or guessed among those that weren't named for another role."""
    if name is not None:
        if name not in table.column_names:
            raise FrameError(f"{role}: expected one of the frame's columns, found {name!r}. {_columns_of(table)}")
        return name
    return next((known for known in _NAMES[role] if known in table.column_names and known not in named), None)


def _columns_of(table: pa.Table) -> str:
    shown = ", ".join(repr(name) for name in table.column_names[:12])
    return f"The frame has {shown}{' and more' if table.num_columns > 12 else ''}. Name one of these."


def _guess_kind(table: pa.Table, y_true: str, y_pred: str | None) -> Kind:
    outcome = table.column(y_true)
    if pa.types.is_boolean(outcome.type):
        return "binary"
    n_actual = pc.count_distinct(outcome, mode="only_valid").as_py()
    is_number = _is_number(outcome)
    if is_number and (_is_fraction(outcome) or n_actual > MOST_CODES):
        return "regression"
    if y_pred is None or (is_number and _is_fraction(table.column(y_pred))):
        return "binary" if n_actual <= 2 else "regression" if is_number else "multiclass"
    levels = _levels(table, (y_true, y_pred))
    if len(levels) <= 2:
        return "binary"
    return "regression" if is_number and len(levels) > MOST_CODES else "multiclass"


def _with_classes(table: pa.Table, roles: Roles, positive: object, order: Mapping[str, Sequence[str]]) -> Roles:
    sides = tuple(name for name in (roles.y_true, roles.y_pred) if name is not None)
    levels = _levels(table, sides)
    if len(levels) > MAX_CLASSES:
        raise FrameError(
            f"y_true: expected at most {MAX_CLASSES} different outcomes, found {len(levels):,}. "
            "Give kind='regression' for amounts, or another column."
        )
    if roles.kind == "binary" and len(levels) > 2:
        raise FrameError(
            f"kind: expected two outcomes for a binary frame, found {len(levels)}: {', '.join(levels[:6])}. Give kind='multiclass'."
        )
    known = next((tuple(map(str, order[side])) for side in sides if side in order), ())
    classes = tuple(level for level in known if level in levels) if set(levels) <= set(known) else order_classes(levels)
    if roles.kind != "binary":
        return replace(roles, classes=classes)
    if len(known) == 2 and set(levels) <= set(known):
        classes = known  # an outcome that nobody had is an outcome all the same
    if roles.y_pred is None and len(classes) == 1 and classes[0] in ("0", "1", "true", "false"):
        classes = ("0", "1") if classes[0] in "01" else ("false", "true")  # nobody, or everybody, did it
    asked, note = _positive(table, roles, classes, positive)
    ordered = (*(level for level in classes if level != asked), *((asked,) if asked is not None else ()))
    return replace(roles, classes=ordered, positive=asked, notes=(*roles.notes, *note))


def _positive(table: pa.Table, roles: Roles, classes: tuple[str, ...], given: object) -> tuple[str | None, tuple[str, ...]]:
    if given is not None:
        text = {True: "true", False: "false"}.get(given, str(given)) if isinstance(given, bool) else str(given)
        if text not in classes and not (isinstance(given, bool) and str(int(given)) in classes):
            raise FrameError(f"positive: expected one of the outcomes {', '.join(classes)}, found {text!r}.")
        return (text if text in classes else str(int(bool(given)))), ()
    known = next((level for level in classes if level.strip().lower() in _POSITIVE), None)
    if known is not None or not classes:
        return known, ()
    labels = as_labels(table.column(roles.y_true))
    counts = {level: pc.sum(pc.equal(labels, level)).as_py() or 0 for level in classes}
    rarer = min(classes, key=lambda level: counts[level])
    return rarer, (f"The outcome asked for was taken to be {rarer!r}, the rarer one; give positive= to say otherwise.",)


def _levels(table: pa.Table, sides: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for side in sides:
        distinct = pc.unique(table.column(side))
        found.update(dict.fromkeys(value for value in as_labels(pa.chunked_array([distinct])).to_pylist() if value is not None))
    return list(found)


def _check_numbers(table: pa.Table, roles: Roles) -> None:
    needed = [("score", roles.score)] if roles.kind != "regression" else [("y_true", roles.y_true), ("y_pred", roles.y_pred)]
    if roles.kind == "regression" and roles.y_pred is None:
        raise FrameError("y_pred: expected the column of predicted amounts, found only a score. Name the column of predicted amounts.")
    for role, name in needed:
        if name is not None and not _is_number(table.column(name)):
            raise FrameError(
                f"{role}: expected numbers in column {name!r}, found {table.column(name).type}. Name another column, or convert it."
            )


def _is_number(column: pa.ChunkedArray) -> bool:
    return pa.types.is_integer(column.type) or pa.types.is_floating(column.type)


def _is_fraction(column: pa.ChunkedArray) -> bool:
    """Whether some number isn't whole."""
    if not pa.types.is_floating(column.type):
        return False
    return bool(pc.any(pc.not_equal(pc.floor(column), column), skip_nulls=True).as_py())
