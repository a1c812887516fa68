"""The folder `published/`: its runs, the pointer to the current one, the lock, what a killed publish leaves.

Here: everything that knows how that folder is laid out. Keep what a run holds out (see `publish`).
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clv_platform.settings import CompanyPaths

MANIFEST = "manifest.json"
PARTIAL = ".partial-"  # names that start so belong to an unfinished publish


def current_run(paths: CompanyPaths) -> Path | None:
    """Return the folder of the published run, or None when nothing is published.

    The path is resolved: a reader that keeps it reads one whole run, whatever is published meanwhile.
    """
    return _target_of_pointer(paths.published)


def list_runs(published: Path) -> list[Path]:
    """Return the runs' folders, newest first by order of publishing; unfinished ones aren't runs."""
    folder = published / "runs"
    runs = [path for path in folder.glob("*") if path.is_dir() and not path.name.startswith(".")] if folder.is_dir() else []
    return sorted(runs, key=lambda run: (sequence_of(run), run.name), reverse=True)


def list_old_runs(published: Path, keep: int) -> list[Path]:
    """Return the runs beyond the newest `keep`; the current run is never among them."""
    current = _target_of_pointer(published)
    return [run for run in list_runs(published)[max(keep, 1) :] if run.resolve() != current]


def sequence_of(run: Path) -> int:
    """Return a run's number in order of publishing; 0, the oldest, for a folder without a readable manifest."""
    try:
        return int(json.loads((run / MANIFEST).read_text(encoding="utf-8"))["sequence"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def point_current_at(published: Path, run: Path) -> None:
    """Switch `current` by one rename: a reader sees the old run or the new one, never none."""
    temporary = published / f"{PARTIAL}current"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(Path("runs") / run.name, target_is_directory=True)
    temporary.replace(published / "current")


def remove_run(run: Path) -> None:
    """Remove a run so that a kill in the middle leaves a leftover, not half a run."""
    doomed = run.with_name(f"{PARTIAL}removed-{run.name}")
    run.replace(doomed)
    shutil.rmtree(doomed)


def remove_leftovers(published: Path) -> None:
    """Remove what a killed publish left; call it with the lock held, so that nobody is writing it."""
    for path in (*published.glob(f"{PARTIAL}*"), *published.glob(f"runs/{PARTIAL}*")):
        if path.is_symlink() or path.is_file():
            path.unlink()
        else:
            shutil.rmtree(path)


@contextmanager
def only_publisher(published: Path) -> Iterator[None]:
    """Wait until no other process publishes or cleans; the system frees the lock when this process ends, however it ends."""
    with (published / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _target_of_pointer(published: Path) -> Path | None:
    pointer = published / "current"
    return pointer.resolve() if pointer.exists() else None
