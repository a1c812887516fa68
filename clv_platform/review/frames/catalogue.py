"""Which frames there are, and reading one: the only reader of the store's folders.

Here: lists, the facts of a version, its rows as a frame. Keep figures out (`review.queries`) and writing (`publishing`).
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from clv_platform.review.frames.info import FrameError, FrameInfo
from clv_platform.review.frames.naming import check_slug
from clv_platform.review.frames.store import ReviewStore
from clv_platform.warehouse import read_parquet

FACTS = "frame.json"


def list_frames(store: ReviewStore) -> tuple[FrameInfo, ...]:
    """Return the newest version of every frame, the one published last first; what can't be read isn't listed."""
    slugs = sorted(path.name for path in store.frames.iterdir() if path.is_dir()) if store.frames.is_dir() else []
    newest = [next(iter(list_versions(store, slug)), None) for slug in slugs if not slug.startswith(".")]
    return tuple(sorted((info for info in newest if info is not None), key=lambda info: info.published_at, reverse=True))


def list_versions(store: ReviewStore, slug: str) -> tuple[FrameInfo, ...]:
    """Return all versions of a frame, the newest first; none for a frame that isn't there.

    Raises
    ------
    FrameError
        When the slug can't be one.
    """
    found = [_read_facts(store.frames / slug / name) for name in version_folders(store, check_slug(slug))]
    return tuple(info for info in found if info is not None)


def read_frame_info(store: ReviewStore, slug: str, version: int | None = None) -> FrameInfo:
    """Return what is known of a frame.

    Parameters
    ----------
    store : ReviewStore
        Where it lies.
    slug : str
        From the address.
    version : int, optional
        By default the newest.

    Raises
    ------
    FrameError
        When there is no such frame or version.
    """
    folders = version_folders(store, check_slug(slug))
    if version is not None:
        folders = [name for name in folders if int(name) == version]
    info = next((info for info in (_read_facts(store.frames / slug / name) for name in folders) if info is not None), None)
    if info is None:
        what = "such a frame" if version is None else f"version {version} of this frame"
        raise FrameError(f"{slug}: expected {what} among the published ones, found none. It may have been removed: choose one of the list.")
    return info


def read_rows(info: FrameInfo) -> pd.DataFrame:
    """Return all rows, columns by their own names, private ones left out.

    Raises
    ------
    FrameError
        When the version was removed meanwhile.
    """
    try:
        frame = read_parquet(info.data_path)
    except FileNotFoundError:
        raise removed(info) from None
    return frame.rename(columns={column.field: column.name for column in info.shown_columns})


def version_folders(store: ReviewStore, slug: str) -> list[str]:
    """Return the names of a frame's version folders, the newest first."""
    folder = store.frames / slug
    names = [path.name for path in folder.iterdir() if path.name.isdecimal()] if folder.is_dir() else []
    return sorted(names, key=int, reverse=True)


def frame_path(slug: str) -> str:
    """Return a frame's path in the app."""
    return f"/frames/{check_slug(slug)}"


def removed(info: FrameInfo) -> FrameError:
    """What to say when a version that somebody looks at is gone."""
    return FrameError(f"{info.name}, version {info.version}: its rows were removed from the store. Open the newest version from the list.")


def _read_facts(folder: Path) -> FrameInfo | None:
    try:
        return FrameInfo.from_json(json.loads((folder / FACTS).read_text(encoding="utf-8")), folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None
