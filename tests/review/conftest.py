"""Stores and frames that tests of the review room share."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.store import ReviewStore


def _load(name: str) -> ModuleType:
    """A module beside this file: tests are no package."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"review_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def planted() -> ModuleType:
    return _load("planted")


@pytest.fixture
def store(tmp_path: Path) -> ReviewStore:
    return ReviewStore(tmp_path / "review")


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> ReviewStore:
    return ReviewStore(tmp_path_factory.mktemp("review"))


def mixed_frame(kind: str, n: int = 900, seed: int = 3) -> pd.DataFrame:
    """Rows of every type, with gaps everywhere; several rows of some accounts."""
    random = np.random.default_rng(seed)

    def gaps(values: np.ndarray, share: float = 0.08) -> np.ndarray:
        out = values.astype(object)
        out[random.random(n) < share] = None
        return out

    frame = pd.DataFrame(
        {
            "account_id": [f"A{number}" for number in random.integers(0, n // 2, n)],
            "country": gaps(random.choice(["Germany", "France", "Österreich", "日本"], n)),
            "city": gaps(np.array([f"city {number}" for number in random.integers(0, 60, n)], dtype=object)),
            "size": pd.array(gaps(random.integers(0, 9, n)), dtype="Int64"),
            "revenue": pd.to_numeric(pd.Series(gaps(np.round(random.gamma(1.0, 100.0, n), 3)))),
            "seen_at": pd.Timestamp("2025-01-15 13:30") + pd.to_timedelta(random.integers(0, 300, n), unit="D"),
            "is_trial": pd.array(gaps(random.random(n) < 0.4), dtype="boolean"),
            "note": gaps(np.array([f"Note No. {number}" for number in range(n)], dtype=object), 0.3),
        }
    )
    frame.loc[random.random(n) < 0.05, "seen_at"] = pd.NaT
    if kind == "regression":
        frame["y"] = np.where(random.random(n) < 0.4, 0.0, random.gamma(1.0, 50.0, n))
        frame["guess"] = frame["y"] * random.normal(1, 0.3, n) + random.normal(5, 3, n)
        frame.loc[random.random(n) < 0.05, "guess"] = np.nan
    elif kind == "binary":
        score = random.beta(1, 4, n)
        frame["y"] = pd.array((random.random(n) < score).astype(int), dtype="Int64")
        frame["guess"] = score.round(3)
    else:
        frame["y"] = random.choice(["low", "medium", "high"], n)
        frame["guess"] = np.where(random.random(n) < 0.6, frame["y"], random.choice(["low", "medium", "high"], n))
    frame.loc[random.random(n) < 0.05, "y"] = None
    return frame


@pytest.fixture(scope="session")
def make_mixed() -> Callable[..., pd.DataFrame]:
    return mixed_frame


@pytest.fixture(scope="session")
def mixed(shared_store: ReviewStore) -> dict[str, tuple[FrameInfo, pd.DataFrame]]:
    """A published frame of each kind and the rows that it was made of."""
    found = {}
    for kind in ("regression", "binary", "multiclass"):
        frame = mixed_frame(kind)
        guess = {"score": "guess"} if kind == "binary" else {"y_pred": "guess"}
        roles = {"y_true": "y", "account_id": "account_id"} | guess
        found[kind] = (publish_frame(shared_store, frame, f"Mixed {kind}", roles=roles, slices=("country",)), frame)
    return found
