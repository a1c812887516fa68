"""The trail of what left the app: who exported which rows, and who logged in.

Here: one line of JSON per event in `<store>/audit.jsonl`, appended only. Keep contents out: the trail says how many rows and by which
filters, not
what stood in them.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NAME = "audit.jsonl"


def write_audit(store: Path, person: str, act: str, **facts: Any) -> None:
    """Append an event, whole lines only, and wait until it is on disk: an export that can't be written down must not happen.

    Raises
    ------
    OSError
        When the line can't be written (a full disk, say).
    """
    store.mkdir(parents=True, exist_ok=True)
    event = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "person": person, "act": act, **facts}
    line = (json.dumps(event, ensure_ascii=False, default=str) + "\n").encode()
    descriptor = os.open(store / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        written = os.write(descriptor, line)
        if written != len(line):
            raise OSError(f"{store / NAME}: only {written} of {len(line)} bytes could be written; is the disk full?")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_audit(store: Path) -> list[dict[str, Any]]:
    """Return all events, oldest first; a torn last line (the machine stopped) is left out."""
    path = store / NAME
    events: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    return events
