"""Which process is which, for good: numbers are used again, so a process is its host, its number and when it started.

Here: the identity of a process, whether it still lives, its environment, and ending a dbt whose run was killed. Keep Dagster out
(see `instance`).
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

_GRACE_SECONDS = 5.0


def process_tag(pid: int | None = None) -> str:
    """Host, number and start of a process (by default this one); the start is empty when there is no such process."""
    pid = pid or os.getpid()
    return f"{socket.gethostname()}:{pid}:{_started_at(pid)}"


def is_gone(tag: str) -> bool:
    """Whether the process of a tag has ended; of another host's processes nothing is known, so they count as alive."""
    host, pid, started = tag.split(":", 2)
    return host == socket.gethostname() and (not started or process_tag(int(pid)) != tag)


def note_child(note: Path, pid: int) -> None:
    """Write down a child and this process beside it, so that a later run can tell whether the child was orphaned."""
    from clv_platform.warehouse import replacing  # slow to import, and most who import this module only ask who lives

    with replacing(note) as unfinished:
        unfinished.write_text(f"{process_tag(pid)}\n{process_tag()}\n", encoding="utf-8")


def end_orphan(note: Path) -> bool:
    """End the child of a note when its parent is gone: a killed run's dbt would go on writing to the warehouse.

    Returns
    -------
    bool
        Whether a process was ended.
    """
    if not note.is_file():
        return False
    tags = note.read_text(encoding="utf-8").split()
    if len(tags) != 2:  # cut off by a full disk, say: it names nobody, and must not stop every later run
        note.unlink()
        return False
    child, parent = tags
    was_alive = is_gone(parent) and not is_gone(child)
    if was_alive:
        _end(child)
    if is_gone(child):
        note.unlink(missing_ok=True)
    return was_alive


def _end(tag: str) -> None:
    pid = int(tag.split(":")[1])
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)
        give_up_at = time.monotonic() + _GRACE_SECONDS
        while not is_gone(tag) and time.monotonic() < give_up_at:
            time.sleep(0.05)
        if is_gone(tag):
            return


def _started_at(pid: int) -> str:
    """When a process started, in whatever unit the system has; a zombie counts as gone."""
    if Path("/proc/self/stat").exists():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if fields[0] == "Z" else fields[19]
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip().replace(" ", "_")


@contextlib.contextmanager
def changed_environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables of this process for a while, and put back what was there."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
