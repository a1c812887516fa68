"""Why a row got its score: published reasons are reused, a model of the store is asked for the rows on screen, and adds up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import Target, Training, Tuning
from clv_platform.contracts.features import Feature
from clv_platform.datasets import Examples
from clv_platform.models import ModelArtifact, save_artifact, train_binary_model
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.store import ReviewStore
from clv_platform.review.queries.reasons import model_of, reasons_of

TYPES = {"x": "number", "is_trial": "boolean", "territory": "category"}


def _rows(n: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=n), "is_trial": random.random(n) < 0.3, "territory": random.choice(["T1", "T2"], n)})
    frame.loc[random.random(n) < 0.1, "x"] = np.nan
    frame["y"] = (random.random(n) < 1 / (1 + np.exp(1.5 - 2 * frame["x"].fillna(0)))).astype(float)
    return frame


@pytest.fixture(scope="module")
def artifact() -> ModelArtifact:
    frame = _rows(400)
    features = tuple(Feature(name, type_, "", "", name, "", "", "", "") for name, type_ in TYPES.items())  # type: ignore[arg-type]
    X = frame[list(TYPES)].assign(territory=frame["territory"].astype("category"), is_trial=frame["is_trial"].astype(float))
    names, undated = frame.index.astype(str).to_numpy(dtype=object), np.full(len(frame), "NaT", dtype="datetime64[D]")
    examples = Examples(X, frame["y"].to_numpy(), names, undated, features, "y_upgrade")
    quick = {"num_iterations": 20, "early_stopping_round": 5, "n_bags": 1, "feature_fraction": 1.0}
    training = Training(lightgbm=quick, tuning=Tuning(trials=0), comparators=())
    return train_binary_model(
        examples, Target(name="upgrade", kind="upgrade", n_folds=2), training, cutoff=None, config_hash="c", data_hash="d"
    ).artifact


def _publish(store: ReviewStore, frame: pd.DataFrame, model_id: str) -> FrameInfo:
    scored = frame.assign(score=0.2, account_id=[f"A{number}" for number in range(len(frame))])
    return publish_frame(
        store, scored, "Own", roles={"y_true": "y", "score": "score"}, model_id=model_id, labels={"x": "how busy"} if "x" in frame else None
    )


def test_a_model_of_the_store_is_asked_for_the_rows_on_screen_and_its_reasons_add_up(
    store: ReviewStore, tmp_path: Path, artifact: ModelArtifact
) -> None:
    models, frame = tmp_path / "models", _rows(60)
    (models / "upgrade").mkdir(parents=True)
    save_artifact(artifact, models / "upgrade")
    info = _publish(store, frame, artifact.manifest.model_id)
    found = reasons_of(info, [41, 7], models)
    assert found["row"].drop_duplicates().tolist() == [41, 7]
    X = frame.iloc[[41, 7]][list(TYPES)]
    X = X.assign(territory=X["territory"].astype("category"), is_trial=X["is_trial"].astype(float))
    raw, start = artifact.raw_score(X), artifact.contributions(X)[:, -1]
    np.testing.assert_allclose(found.groupby("row", sort=False)["effect"].sum().to_numpy(), raw - start, atol=1e-9)
    assert found.groupby("row")["effect"].apply(lambda effect: effect.abs().is_monotonic_decreasing).all()
    assert "how busy" in set(found["feature"])
    assert len(reasons_of(info, range(60), models, most=1)) <= 60


def test_without_the_model_or_its_columns_there_are_no_reasons_and_no_error(
    store: ReviewStore, tmp_path: Path, artifact: ModelArtifact
) -> None:
    models, frame = tmp_path / "models", _rows(20)
    (models / "upgrade").mkdir(parents=True)
    save_artifact(artifact, models / "upgrade")
    for model_id, rows in (
        ("of-somebody-else", frame),
        (artifact.manifest.model_id, frame.drop(columns="x")),
        (artifact.manifest.model_id, frame.assign(x="text")),
        (f"../upgrade/{artifact.manifest.model_id}", frame),
        ("*", frame),
    ):
        info = _publish(store, rows, model_id)
        assert model_of(info, models) is None, model_id
        assert reasons_of(info, [0, 1], models).empty
    assert reasons_of(_publish(store, frame, artifact.manifest.model_id), [0], None).empty


def test_published_reasons_come_before_computed_ones(store: ReviewStore, artifact: ModelArtifact, tmp_path: Path) -> None:
    told = pd.DataFrame({"row": [3, 3, 4], "feature": ["weak", "strong", "other"], "value": ["", "9", ""], "effect": [0.1, -2.0, 1.0]})
    info = publish_frame(
        store, _rows(10).assign(score=0.2), "Told", roles={"y_true": "y", "score": "score"}, model_id="m", extras={"reasons": told}
    )
    found = reasons_of(info, [3, 999, -1], tmp_path)
    assert found["feature"].tolist() == ["strong", "weak"]
    assert reasons_of(replace(info, n_rows=0), [3]).empty
