"""Names of frames and their folders: no name, whatever it holds, leads out of the store.

Here: slugs, checks of slugs that come from an address. Keep reading folders out (`catalogue`).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from clv_platform.review.frames.info import FrameError

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
MAX_NAME = 200


def slugify(name: str) -> str:
    """Return a folder name for a frame's name: a-z, 0-9 and hyphens; a digest of names that have no such letters.

    Raises
    ------
    FrameError
        When the name is empty or longer than 200 characters.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise FrameError(f"name: expected a text of 1 to {MAX_NAME} characters, found {str(name)[:40]!r}. Say what the frame is.")
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    return slug or f"frame-{digest(name)}"


def digest(name: str) -> str:
    """Eight characters that stand for a name."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def check_slug(slug: str) -> str:
    """Return a slug that came from outside if it can be one.

    Raises
    ------
    FrameError
        When it holds anything but a-z, 0-9 and hyphens (`..` and slashes, say).
    """
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        raise FrameError(
            f"frame: expected a name of small letters, digits and hyphens, found {str(slug)[:60]!r}. Follow a link of the list."
        )
    return slug
