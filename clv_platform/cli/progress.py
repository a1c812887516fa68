"""What is seen while a run goes on: a bar per step on a terminal, a line per finished step elsewhere.

Everything else that writes to the terminal (Dagster, dbt, libraries) goes to one log file. Keep what a run does out (see `assets.runs`).
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from assets.runs import Progress


@contextlib.contextmanager
def quiet_terminal(log: Path) -> Iterator[TextIO]:
    """Send both standard streams, of child processes too, to `log`; yield the terminal as it was, for the progress display."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {number: os.dup(number) for number in (1, 2)}
    try:
        with log.open("a", encoding="utf-8") as file, os.fdopen(os.dup(kept[2]), "w", encoding="utf-8") as terminal:
            for number in kept:
                os.dup2(file.fileno(), number)
            yield terminal
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, descriptor in kept.items():
            os.dup2(descriptor, number)
            os.close(descriptor)


class Lines:
    """One line per finished step: for logs and `--no-progress`."""

    def __init__(self, terminal: TextIO):
        self._terminal = terminal
        self._started: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, progress: Progress) -> None:
        """Take one thing that happened."""
        if progress.kind == "start":
            self._started[progress.name] = time.monotonic()
        elif progress.kind in ("asset", "check"):
            self._counts[progress.step] = self._counts.get(progress.step, 0) + 1
        elif progress.kind in ("done", "failed"):
            seconds = time.monotonic() - self._started.get(progress.name, time.monotonic())
            count = self._counts.get(progress.name, 1)
            parts = f"  ({count} assets and checks)" if count > 1 else ""
            self._terminal.write(f"{progress.kind:>6}  {progress.name}  {seconds:.1f} s{parts}\n")
            self._terminal.flush()


class Bars:
    """A bar per step that has begun, filled by its assets and checks, under one for the whole run."""

    def __init__(self, terminal: TextIO):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            TextColumn("{task.description:<44}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=terminal, force_terminal=True),
        )
        self._sizes: dict[str, int] = {}
        self._tasks = {}
        self._whole = None

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, progress: Progress) -> None:
        """Take one thing that happened."""
        if progress.kind == "plan":
            self._sizes = dict(progress.sizes)
            self._whole = self._bars.add_task(f"[bold]{progress.name}", total=len(self._sizes))
        elif progress.kind == "start":
            self._tasks[progress.name] = self._bars.add_task(f"  {progress.name}", total=max(self._sizes.get(progress.name, 1), 1))
        elif progress.kind in ("asset", "check") and progress.step in self._tasks:
            self._bars.advance(self._tasks[progress.step])
        elif progress.kind in ("done", "failed") and progress.name in self._tasks:
            task, colour = self._tasks[progress.name], "green" if progress.kind == "done" else "red"
            total = self._bars.tasks[task].total if progress.kind == "done" else None
            self._bars.update(task, description=f"[{colour}]  {progress.name}", **({"completed": total} if total else {}))
            self._bars.stop_task(task)
            if self._whole is not None:
                self._bars.advance(self._whole)
