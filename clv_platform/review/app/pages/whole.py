"""The overview of all rows of a frame, kept: every filtered page compares with it, and a version never changes."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.overview import overview
from clv_platform.review.queries.results import Overview

_KEPT: OrderedDict[Path, Overview] = OrderedDict()
_LOCK = Lock()
_MOST = 64


def whole_overview(frame: FrameInfo) -> Overview:
    """Return the overview of all rows; computed once per version."""
    with _LOCK:
        if frame.folder in _KEPT:
            _KEPT.move_to_end(frame.folder)
            return _KEPT[frame.folder]
    found = overview(frame, ())  # outside the lock: two first readers may both compute it, nobody waits
    with _LOCK:
        _KEPT[frame.folder] = found
        while len(_KEPT) > _MOST:
            _KEPT.popitem(last=False)
    return found
