"""The error of this room: bad sources end in one message that names file, column, what was expected, what was found and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


class RawDataError(ValueError):
    """The sources can't be loaded; the message is meant for the person who can repair them."""


def first_line(error: BaseException) -> str:
    """The first line of an error's text without the full stop, to quote within a message."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def listed(names: Sequence[str], limit: int = 12) -> str:
    """Names for a message, the first few of many."""
    shown = ", ".join(names[:limit])
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "") if names else "none"


def suggestion(name: str, among: Sequence[str]) -> str:
    """` Did you mean ...?` when one of the names is close, else nothing."""
    by_lower = {other.lower(): other for other in among}
    close = difflib.get_close_matches(name.lower(), list(by_lower), n=1)
    return f" Did you mean `{by_lower[close[0]]}`?" if close else ""
