"""Remove old state of a company: published runs and reports beyond the rule, models that nothing refers to, leftovers of killed runs.

Add a kind of state that grows here. Never removed: the current run, the champion, the reports of the cutoff that promoted it, any model
whose scores are in the history or whose report stays. Scores are never removed: their history is what trends are read from.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clv_platform.models.store import TUNING_FOLDER
from clv_platform.reports.published_runs import list_old_runs, only_publisher, remove_leftovers, remove_run
from clv_platform.settings import CompanyPaths

Kind = Literal["published run", "reports", "model", "leftover"]
LEFTOVER_AGE_SECONDS = 3600.0  # a younger temporary file may belong to a run that is under way
_LEFTOVER_ENDS = (".unfinished", ".tmp", ".new", ".old")  # the ends of hidden names that rooms write to before they rename


@dataclass(frozen=True)
class Removed:
    """One thing removed: where it was, what it was, how many bytes it took."""

    path: Path
    kind: Kind
    n_bytes: int

    def __str__(self) -> str:
        return f"{self.kind} {self.path} ({_size(self.n_bytes)})"


@dataclass(frozen=True)
class CleanReport:
    """What was removed, or would be; it has a length and can be looped over."""

    removed: tuple[Removed, ...]
    is_dry_run: bool

    def __len__(self) -> int:
        return len(self.removed)

    def __iter__(self) -> Iterator[Removed]:
        return iter(self.removed)

    @property
    def n_bytes(self) -> int:
        """Space in bytes."""
        return sum(item.n_bytes for item in self.removed)

    def describe(self) -> str:
        """Say what was removed and how much space it took, one line per item and a total."""
        verb = "would remove" if self.is_dry_run else "removed"
        if not self.removed:
            return "nothing to remove"
        lines = [f"{verb} {item}" for item in self.removed]
        return "\n".join([*lines, f"{verb} {len(self.removed)} item{'s' if len(self.removed) > 1 else ''}, {_size(self.n_bytes)}"])


def clean(paths: CompanyPaths, keep: int, *, is_dry_run: bool = False, now: float | None = None) -> CleanReport:
    """Remove what isn't needed any more.

    Parameters
    ----------
    paths : CompanyPaths
        The company's state; a missing folder is fine.
    keep : int
        How many published runs, and reports of how many of the newest cutoffs, stay.
    is_dry_run : bool
        Only say what would go.
    now : float, optional
        Seconds since the epoch, for tests; temporary files younger than an hour stay.
    """
    if keep < 1:
        raise ValueError(f"keep: expected at least 1, found {keep}. The current run always stays.")
    found: list[Removed] = []
    if paths.published.is_dir():
        with only_publisher(paths.published):
            found += [Removed(run, "published run", _bytes(run)) for run in list_old_runs(paths.published, keep)]
            if not is_dry_run:
                remove_leftovers(paths.published)
                for item in found:
                    remove_run(item.path)
    kept, old = _split_reports(paths, keep)
    reports = [Removed(folder, "reports", _bytes(folder)) for folder in old]
    leftovers = [item for item in _leftovers(paths, time.time() if now is None else now) if not set(item.path.parents) & set(old)]
    others = [*reports, *_unused_models(paths, kept), *leftovers]
    if not is_dry_run:
        _remove(others)
    return CleanReport((*found, *others), is_dry_run)


def _split_reports(paths: CompanyPaths, keep: int) -> tuple[list[Path], list[Path]]:
    """Return the cutoffs' folders that stay and those that go; the cutoffs that promoted the champions stay, however old."""
    cutoffs = sorted((path for path in paths.reports.glob("*") if path.is_dir() and not path.name.startswith(".")), reverse=True)
    try:
        pointers = [json.loads(pointer.read_text(encoding="utf-8")) for pointer in paths.models.glob("*/champion.json")]
    except ValueError:
        return cutoffs, []  # without a readable pointer nobody can say which reports are the champion's: keep them all
    promoted = {pointer.get("promoted_at_cutoff") for pointer in pointers}
    old = [folder for folder in cutoffs[keep:] if folder.name not in promoted]
    return [folder for folder in cutoffs if folder not in old], old


def _unused_models(paths: CompanyPaths, kept_reports: list[Path]) -> list[Removed]:
    unused: list[Removed] = []
    for target in sorted(path for path in paths.models.glob("*") if path.is_dir() and not path.name.startswith(".")):
        pointers = list(target.glob("*.json"))
        try:
            needed = {text for pointer in pointers for text in _strings(json.loads(pointer.read_text(encoding="utf-8")))}
        except ValueError:
            continue  # without a readable pointer nobody can say which model is the champion: keep them all
        histories = (paths.scores / target.name / "history", paths.root / "scores_value" / target.name / "history")
        needed |= {path.stem.split("__", 1)[-1] for folder in histories for path in folder.glob("*.parquet")}
        needed |= _reported(kept_reports, target.name) | {TUNING_FOLDER}
        models = sorted(path for path in target.iterdir() if path.is_dir() and not path.name.startswith("."))
        unused += [Removed(model, "model", _bytes(model)) for model in models if model.name not in needed]
    return unused


def _reported(cutoffs: list[Path], target: str) -> set[str]:
    names: set[str] = set()
    for cutoff in cutoffs:
        # training.json comes first: a run that is under way, or was killed after training, has a model without figures.
        for name in ("training.json", "metrics.json"):
            path = cutoff / target / name
            if path.is_file():
                names |= set(_strings(json.loads(path.read_text(encoding="utf-8"))))
    return names


def _leftovers(paths: CompanyPaths, now: float) -> list[Removed]:
    found: list[Removed] = []
    # Not what lies below `published` (it has its own, see `published_runs`) and dbt's target, where nothing of ours is renamed.
    places = [paths.root.glob("*")] if paths.root.is_dir() else []
    folders = (paths.marts, paths.models, paths.scores, paths.reports, paths.root / "reporting")
    for found_there in (*places, *(folder.rglob("*") for folder in folders if folder.is_dir())):
        for path in sorted(found_there):
            is_ours = path.name.startswith(".") and path.name.endswith(_LEFTOVER_ENDS)
            # Of a model whose replacement was cut off between two renames, the hidden folder is the only copy.
            is_only_copy = path.suffix == ".old" and not (path.parent / path.name[1:].split(".")[0]).exists()
            if (
                is_ours
                and not is_only_copy
                and not any(parent.path in path.parents for parent in found)
                and now - path.lstat().st_mtime > LEFTOVER_AGE_SECONDS
            ):
                found.append(Removed(path, "leftover", _bytes(path)))
    return found


def _strings(value: Any) -> list[str]:
    """Every text anywhere in a JSON document: a pointer names model ids under more than one key."""
    if isinstance(value, str):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for child in children for text in _strings(child)]


def _remove(items: list[Removed]) -> None:
    for item in items:
        if item.path.is_dir() and not item.path.is_symlink():
            shutil.rmtree(item.path)
        else:
            item.path.unlink(missing_ok=True)


def _bytes(path: Path) -> int:
    if path.is_file() or path.is_symlink():
        return path.lstat().st_size
    return sum(child.lstat().st_size for child in path.rglob("*") if not child.is_dir())


def _size(n_bytes: int) -> str:
    size = float(n_bytes)
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
