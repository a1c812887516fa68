"""Publish a frame: look at it, write it as a new version that appears all at once, give its address.

Here: `publish_frame`, what `clv_platform.review.publish` and `clv publish` call. Keep what columns are out (`roles`, `profiles`).
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clv_platform.review.frames.catalogue import FACTS, read_frame_info, version_folders
from clv_platform.review.frames.info import ColumnInfo, FrameError, FrameInfo
from clv_platform.review.frames.naming import digest, slugify
from clv_platform.review.frames.profiles import ordered_levels, profile_column
from clv_platform.review.frames.roles import Roles, guess_roles
from clv_platform.review.frames.store import ReviewStore
from clv_platform.review.frames.tables import as_labels, change_type, read_table

ROW_GROUP = 122_880  # DuckDB reads row groups in parallel, in its own vectors' multiple
_UNFINISHED = ".unfinished-"
_OLD_SECONDS = 3600.0  # what a killed publish left is removed after an hour, when nobody can be writing it any more
_MANY_VALUES = 0.25  # share of rows: numbers with more different values are stored by bytes, not by a dictionary


def publish_frame(
    store: ReviewStore,
    frame: Any,
    name: str,
    *,
    roles: Mapping[str, str | None],
    kind: str | None = None,
    positive: object = None,
    threshold: float | None = None,
    target: str | None = None,
    model_id: str | None = None,
    as_of_date: str | date | None = None,
    slices: Sequence[str] = (),
    private: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    descriptions: Mapping[str, str] | None = None,
    origin: str = "person",
    extras: Mapping[str, pd.DataFrame] | None = None,
) -> FrameInfo:
    """Write a frame as a new version.

    Parameters
    ----------
    store : ReviewStore
        Where to.
    frame : DataFrame of pandas, polars or Arrow, or path of a Parquet file
        Rows.
    name : str
        What people call it; publishing under the same name again adds a version and keeps the old one.
    roles : mapping of role to column
        y_true, y_pred, score, account_id, as_of_date; what isn't given is guessed.
    kind, positive, threshold, target, model_id, as_of_date
        As in `FrameInfo`; by default guessed or unknown.
    slices : sequence of str
        Columns to break down by first.
    private : sequence of str
        Columns that are named and whose values aren't written.
    types, labels, descriptions : mapping of column to text
        Corrections of types; how to call columns before people; what they mean.
    origin : str
        "person" or "run".
    extras : mapping of file stem to DataFrame
        Tables that belong to this version, such as weak_slices.

    Returns
    -------
    FrameInfo

    Raises
    ------
    FrameError
        When the frame can't be published; the message says what to change. Nothing is left behind.
    """
    base = slugify(name)
    levels = ordered_levels(frame)
    table = read_table(frame)
    _check_named(table, {"slices": slices, "private": private, "types": tuple(types or ()), "labels": tuple(labels or ())})
    for column, wanted in (types or {}).items():
        place = table.column_names.index(column)
        table = table.set_column(place, column, change_type(table.column(column), column, wanted))
    guessed = guess_roles(table, roles, kind, positive, levels)
    _check_private(guessed, private)
    columns, stored = _describe(table, guessed, slices, frozenset(private), types or {}, labels or {}, descriptions or {}, levels)
    info = FrameInfo(
        name=name,
        slug=base,
        version=0,
        kind=guessed.kind,
        columns=columns,
        n_rows=table.num_rows,
        published_at=datetime.now(UTC).replace(microsecond=0),
        classes=guessed.classes,
        positive=guessed.positive,
        threshold=_threshold(guessed, threshold),
        target=target,
        model_id=model_id,
        as_of_date=_day(as_of_date),
        origin=origin,
        notes=guessed.notes,
    )
    return _write(store, info, stored, extras or {})


def _describe(
    table: pa.Table,
    roles: Roles,
    slices: Sequence[str],
    private: frozenset[str],
    types: Mapping[str, str],
    labels: Mapping[str, str],
    descriptions: Mapping[str, str],
    levels: Mapping[str, tuple[str, ...]],
) -> tuple[tuple[ColumnInfo, ...], pa.Table]:
    infos: list[ColumnInfo] = []
    stored: dict[str, pa.ChunkedArray] = {}
    for place, name in enumerate(table.column_names):
        label, role = labels.get(name, name), roles.by_name.get(name, "slice" if name in slices else "feature")
        if name in private:
            infos.append(ColumnInfo(name, "", label, is_private=True, description=descriptions.get(name, "")))
            continue
        is_outcome = roles.kind != "regression" and role in ("y_true", "y_pred")
        column = as_labels(table.column(name)) if is_outcome or role == "account_id" else table.column(name)
        wanted = "category" if is_outcome else types.get(name)
        known = roles.classes if is_outcome else levels.get(name, ())
        info = profile_column(column, name, f"c{place}", role, label, known, wanted)  # type: ignore[arg-type]
        infos.append(replace(info, description=descriptions.get(name, "")))
        stored[info.field] = column
    return tuple(infos), pa.table(stored)


def _write(store: ReviewStore, info: FrameInfo, rows: pa.Table, extras: Mapping[str, pd.DataFrame]) -> FrameInfo:
    home = store.frames / info.slug
    with _plain_disk_errors(store.root):
        home.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(home)
        unfinished = home / f"{_UNFINISHED}{uuid4().hex[:8]}"
        try:
            unfinished.mkdir()
            _write_rows(rows, info, unfinished / "data.parquet")
            for stem, table in extras.items():
                pq.write_table(pa.Table.from_pandas(table, preserve_index=False), unfinished / f"{stem}.parquet", compression="zstd")
            return _place(store, info, unfinished)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _place(store: ReviewStore, info: FrameInfo, unfinished: Path) -> FrameInfo:
    """Rename the finished folder to the next free version; of two publishers at the same time each gets a number of its own."""
    while True:
        slug, version = _next_place(store, info)
        numbered = replace(info, slug=slug, version=version, folder=store.frames / slug / f"{version:04d}")
        numbered.folder.parent.mkdir(exist_ok=True)
        with (unfinished / FACTS).open("w", encoding="utf-8") as file:
            json.dump(numbered.to_json(), file, ensure_ascii=False, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        try:
            unfinished.rename(numbered.folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            continue
        return numbered


def _write_rows(rows: pa.Table, info: FrameInfo, path: Path) -> None:
    """Numbers with many values are stored byte by byte (a fifth smaller), all else with dictionaries."""
    many = [c.field for c in info.shown_columns if c.type == "number" and c.n_distinct > _MANY_VALUES * info.n_rows]
    split = [name for name in many if pa.types.is_floating(rows.schema.field(name).type)]
    dictionaries: Any = [name for name in rows.column_names if name not in many]
    pq.write_table(
        rows,
        path,
        compression="zstd",
        row_group_size=ROW_GROUP,
        use_dictionary=dictionaries,
        column_encoding=dict.fromkeys(split, "BYTE_STREAM_SPLIT") or None,
    )


def _next_place(store: ReviewStore, info: FrameInfo) -> tuple[str, int]:
    """The frame's folder and its next version; another frame whose name makes the same slug keeps its folder.

    Both come from one look at the folder: who publishes there first meanwhile takes the number, and the renaming fails.
    """
    taken = version_folders(store, info.slug)
    if not taken or _is_named(store, info, taken[0]):
        return info.slug, max((int(name) for name in taken), default=0) + 1
    own = f"{info.slug}-{digest(info.name)}"
    return own, max((int(name) for name in version_folders(store, own)), default=0) + 1


def _is_named(store: ReviewStore, info: FrameInfo, newest: str) -> bool:
    try:
        return read_frame_info(store, info.slug, int(newest)).name == info.name
    except FrameError:
        return True  # a version that can't be read: numbers go on after it


def _remove_leftovers(home: Path) -> None:
    for folder in home.glob(f"{_UNFINISHED}*"):
        # Another publisher's folder gets its final name between being listed here and being looked at.
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > _OLD_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _plain_disk_errors(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise FrameError(
                f"{root}: the disk is full; nothing was published. Free some space, or set CLV_REVIEW_DIR, and publish again."
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise FrameError(
                f"{root}: the folder can't be written to; nothing was published. Set CLV_REVIEW_DIR to one that can."
            ) from error
        raise


def _check_named(table: pa.Table, named: Mapping[str, Sequence[str]]) -> None:
    for key, names in named.items():
        if isinstance(names, str):
            raise FrameError(f"{key}: expected a list of columns, found the text {names!r}. Write [{names!r}].")
        odd = next((name for name in names if name not in table.column_names), None)
        if odd is not None:
            shown = ", ".join(repr(name) for name in table.column_names[:12])
            raise FrameError(f"{key}: expected columns of the frame, found {odd!r}. The frame has {shown}. Name one of these.")


def _check_private(roles: Roles, private: Sequence[str]) -> None:
    for name, role in roles.by_name.items():
        if name in private:
            raise FrameError(
                f"private: {name!r} is needed as {role}, so it can't be private. Leave it out of private=, or name another column."
            )


def _threshold(roles: Roles, given: float | None) -> float | None:
    if roles.kind != "binary" or roles.y_pred is not None:
        return None
    return 0.5 if given is None else float(given)


def _day(value: str | date | None) -> str | None:
    if value is None:
        return None
    try:
        return (value if isinstance(value, date) else date.fromisoformat(str(value)[:10])).isoformat()[:10]
    except ValueError:
        raise FrameError(f"as_of_date: expected a column or a day such as 2026-03-01, found {value!r}.") from None
