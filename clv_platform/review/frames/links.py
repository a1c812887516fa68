"""The address of a frame, and a word about the app when none answers there.

Keep starting servers out (`clv review`).
"""

from __future__ import annotations

import logging
import socket
from urllib.parse import urlsplit

from clv_platform.review.frames.catalogue import frame_path
from clv_platform.review.frames.info import FrameInfo
from clv_platform.settings import Settings, load_settings

START = "clv review"
_log = logging.getLogger("clv_platform.review")


def link_to(info: FrameInfo, settings: Settings | None = None) -> str:
    """Return the address of a frame; when no app answers there, log which command starts one."""
    base = (settings or load_settings()).review_url
    if not is_answering(base):
        _log.warning("%r is published. No review app answers at %s yet; start one: %s", info.name, base, START)
    return f"{base}{frame_path(info.slug)}"


def is_answering(address: str, wait_seconds: float = 0.2) -> bool:
    """Whether something listens at the address's host and port."""
    parts = urlsplit(address)
    try:
        port = parts.port or {"https": 443}.get(parts.scheme, 80)
        with socket.create_connection((parts.hostname or "127.0.0.1", port), timeout=wait_seconds):
            return True
    except (OSError, ValueError):
        return False
