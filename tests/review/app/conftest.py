"""The app over a store with the planted frame, as a test client and as a running server."""

from __future__ import annotations

from types import ModuleType

import pytest

from clv_platform.review import publish
from clv_platform.review.frames.store import ReviewStore


@pytest.fixture(scope="session")
def planted_store(tmp_path_factory: pytest.TempPathFactory, planted: ModuleType) -> ReviewStore:
    """The planted frame in two versions; only the newest matters to most tests."""
    store = ReviewStore(tmp_path_factory.mktemp("app") / "review")
    frame = planted.planted_frame()
    for _ in range(2):
        publish(
            frame,
            "Spend and segment, March",
            "segment",
            "predicted_segment",
            account_id="account_id",
            slices=("country", "industry"),
            store=store,
        )
    return store
