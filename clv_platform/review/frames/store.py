"""Where published frames and feedback lie.

Here: `ReviewStore`, a folder (and the address of a database for feedback). Keep reading and writing out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clv_platform.settings import CompanyPaths, Settings, load_settings


@dataclass(frozen=True)
class ReviewStore:
    """The store of one company's reviews.

    Attributes
    ----------
    root : Path
        The folder: `frames/<slug>/<version>/`, `feedback.db`.
    database : str or None
        PostgreSQL address for feedback instead of `feedback.db` (`CLV_REVIEW_DATABASE`); holds a password, so never show it.
    """

    root: Path
    database: str | None = None

    @property
    def frames(self) -> Path:
        """A folder per frame, in it a folder per version."""
        return self.root / "frames"

    @property
    def feedback_file(self) -> Path:
        """Feedback, unless a database is named."""
        return self.root / "feedback.db"

    def __repr__(self) -> str:
        """Without the database's address, which holds a password."""
        return f"ReviewStore({str(self.root)!r}{', database' if self.database else ''})"


def find_store(settings: Settings | None = None) -> ReviewStore:
    """Return the store that the environment names: `CLV_REVIEW_DIR`, else `data/<config name>/review` of the config in use."""
    settings = settings or load_settings()
    root = settings.review_dir
    if root is None:
        from clv_platform.config import load_config
        from clv_platform.settings import company_paths

        root = company_paths(settings, load_config(settings.config_path, settings).name).review
    return ReviewStore(root, settings.review_database)


def as_store(store: ReviewStore | Path | str | None) -> ReviewStore:
    """Return a store from a store, a folder or nothing (then `find_store`)."""
    if store is None:
        return find_store()
    return store if isinstance(store, ReviewStore) else ReviewStore(Path(store).expanduser().absolute())


def company_store(settings: Settings, paths: CompanyPaths) -> ReviewStore:
    """Return the store of a company whose folders are known; `CLV_REVIEW_DIR` comes first."""
    return ReviewStore(settings.review_dir or paths.review, settings.review_database)
