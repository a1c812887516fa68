"""Which requests are refused before any page sees them: foreign hosts, forged posts, guessers.

Here: pure checks on what a request says, and the count of failed logins. Keep sessions out (see `login`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

MAX_FAILURES = 5
PAUSE_SECONDS = 60.0


def host_name(host: str) -> str:
    """Return the name of a Host header without its port."""
    return urlsplit(f"//{host}").hostname or ""


def is_same_origin(origin: str | None, host: str) -> bool:
    """Whether a post comes from the app's own pages; browsers send `Origin` with every post, programs needn't."""
    return origin is None or urlsplit(origin).netloc == host


class Guesses:
    """Counts failed logins per name and address: after five, that pair waits a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str], list[float]] = {}
        self._lock = threading.Lock()

    def must_wait(self, name: str, address: str) -> bool:
        """Whether this name has failed too often from this address within the last minute."""
        with self._lock:
            return len(self._recent((name, address))) >= MAX_FAILURES

    def failed(self, name: str, address: str) -> None:
        """Count a failure; pairs that are quiet for a minute are forgotten, so that names made up by an attacker don't fill the memory."""
        with self._lock:
            if len(self._failures) > 10_000:
                self._failures = {pair: times for pair in list(self._failures) if (times := self._recent(pair))}
            self._failures[(name, address)] = [*self._recent((name, address)), self._clock()]

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a pair."""
        with self._lock:
            self._failures.pop((name, address), None)

    def _recent(self, pair: tuple[str, str]) -> list[float]:
        return [at for at in self._failures.get(pair, []) if self._clock() - at < PAUSE_SECONDS]
