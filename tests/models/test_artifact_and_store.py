from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from clv_platform.models import (
    FeatureMismatch,
    load_artifact,
    load_champion,
    promote,
    read_champion,
    rollback,
    save_artifact,
    train_binary_model,
)


@dataclass(frozen=True)
class Gate:
    is_promoted: bool = True
    verdict: str = "promoted"
    reasons: tuple[str, ...] = ("It beats the baselines.",)


@pytest.fixture(scope="module")
def trained(make_examples, target, training):
    return train_binary_model(make_examples(600), target, training, cutoff=None, config_hash="cfg", data_hash="d").artifact


def _named(artifact, model_id):
    return replace(artifact, manifest=replace(artifact.manifest, model_id=model_id))


def test_artifact_comes_back_bit_for_bit(trained, make_examples, tmp_path):
    X = make_examples(300, seed=5).X
    back = load_artifact(tmp_path, save_artifact(trained, tmp_path).name)
    assert back.manifest == trained.manifest
    assert back.preprocessing == trained.preprocessing
    assert back.calibrator == trained.calibrator
    for name in ("raw_score", "score", "contributions"):
        assert np.array_equal(getattr(back, name)(X), getattr(trained, name)(X))


def test_artifact_is_text_and_json_only(trained, tmp_path):
    files = sorted(path.name for path in save_artifact(trained, tmp_path).iterdir())
    assert files == ["calibrator.json", "manifest.json", "model_0.txt", "model_1.txt", "preprocessing.json"]


def test_saving_again_replaces_and_leaves_nothing_behind(trained, tmp_path):
    save_artifact(trained, tmp_path)
    save_artifact(trained, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [trained.manifest.model_id]


def test_a_model_whose_replacement_was_cut_off_is_put_back(trained, tmp_path):
    folder = save_artifact(trained, tmp_path)
    hidden = tmp_path / f".{folder.name}.0123.old"
    folder.rename(hidden)  # where a kill between the two renames leaves it
    assert load_artifact(tmp_path, folder.name).manifest == trained.manifest
    assert not hidden.exists()


def test_failed_save_leaves_the_earlier_model(trained, tmp_path, monkeypatch):
    save_artifact(trained, tmp_path)

    def fail(self, folder):
        (folder / "manifest.json").write_text("{")
        raise OSError("disk full")

    monkeypatch.setattr(type(trained), "to_folder", fail)
    with pytest.raises(OSError, match="disk full"):
        save_artifact(trained, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [trained.manifest.model_id]
    assert load_artifact(tmp_path, trained.manifest.model_id).manifest == trained.manifest


def test_contributions_add_up_to_the_raw_score(trained, make_examples):
    X = make_examples(300, seed=5).X
    contributions = trained.contributions(X)
    assert contributions.shape == (300, 5)
    assert np.allclose(contributions.sum(axis=1), trained.raw_score(X), atol=1e-9)


def test_absent_and_changed_features_are_named_with_a_remedy(trained, make_examples):
    X = make_examples(10).X
    X["x"] = X["x"].astype(str).astype("category")
    with pytest.raises(FeatureMismatch) as caught:
        trained.score(X.drop(columns="noise"))
    assert str(caught.value) == (
        f"model {trained.manifest.model_id} of target 'upgrade' was trained on 4 features; the rows to score don't match: "
        "absent: noise; of another type: x (expected number, found category). "
        "Train again with the present config, or bring back the config with hash cfg."
    )


def test_catalogue_with_another_type_is_refused(trained, make_examples):
    features = [replace(f, type="number") if f.name == "is_trial" else f for f in make_examples(10).features]
    with pytest.raises(FeatureMismatch, match=r"of another type: is_trial \(expected boolean, found number\)"):
        trained.check_features(features)


def test_features_the_model_does_not_know_are_no_obstacle(trained, make_examples):
    X = make_examples(10).X
    assert np.array_equal(trained.score(X.assign(new=1.0)), trained.score(X))


def test_unseen_category_is_scored(trained, make_examples):
    X = make_examples(10).X
    X["territory"] = X["territory"].cat.add_categories(["T9"]).fillna("T9")
    X.loc[:, "territory"] = "T9"
    assert np.isfinite(trained.score(X)).all()


def test_no_rows_give_no_scores(trained, make_examples):
    X = make_examples(10).X.iloc[:0]
    assert trained.score(X).shape == (0,)
    assert trained.contributions(X).shape == (0, 5)


def test_there_is_no_champion_before_the_first_promotion(tmp_path):
    assert read_champion(tmp_path) is None
    assert load_champion(tmp_path) is None


def test_failed_gate_moves_nothing(trained, tmp_path):
    save_artifact(trained, tmp_path)
    gate = Gate(False, "nothing_learnt", ("It is no better than the base rate.",))
    with pytest.raises(ValueError, match=r"the gate said 'nothing_learnt', so it stays out of use. It is no better than the base rate."):
        promote(tmp_path, trained.manifest.model_id, gate)
    assert read_champion(tmp_path) is None


def test_promotion_points_to_the_model_and_remembers_the_one_before(trained, tmp_path):
    for model_id in ("undated-1", "undated-2"):
        save_artifact(_named(trained, model_id), tmp_path)
        promote(tmp_path, model_id, Gate())
    champion = read_champion(tmp_path)
    assert champion is not None
    assert (champion.model_id, champion.promoted_at_cutoff) == ("undated-2", "undated")
    assert champion.decision == {"verdict": "promoted", "reasons": ["It beats the baselines."]}
    assert [entry["model_id"] for entry in champion.previous] == ["undated-1"]
    loaded = load_champion(tmp_path)
    assert loaded is not None
    assert loaded.manifest.model_id == "undated-2"


def test_promoting_the_same_model_twice_changes_nothing(trained, tmp_path):
    save_artifact(trained, tmp_path)
    first = promote(tmp_path, trained.manifest.model_id, Gate())
    assert promote(tmp_path, trained.manifest.model_id, Gate()) == first


def test_rollback_goes_back_one_champion_and_then_says_there_is_none(trained, tmp_path):
    for model_id in ("undated-1", "undated-2"):
        save_artifact(_named(trained, model_id), tmp_path)
        promote(tmp_path, model_id, Gate())
    assert rollback(tmp_path).model_id == "undated-1"
    champion = read_champion(tmp_path)
    assert champion is not None
    assert champion.model_id == "undated-1"
    with pytest.raises(ValueError, match="no earlier champion to go back to"):
        rollback(tmp_path)


def test_pointer_is_switched_by_one_rename(trained, tmp_path, monkeypatch):
    save_artifact(trained, tmp_path)
    promote(tmp_path, trained.manifest.model_id, Gate())
    before = (tmp_path / "champion.json").read_text()
    save_artifact(_named(trained, "undated-2"), tmp_path)

    def fail(self, target):
        raise OSError("killed")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="killed"):
        promote(tmp_path, "undated-2", Gate())
    assert (tmp_path / "champion.json").read_text() == before
    assert not list(tmp_path.glob(".champion*"))


def test_model_that_is_not_there_cannot_be_promoted(tmp_path):
    with pytest.raises(ValueError, match=r"no such model; there are: none. Train again, or roll back"):
        promote(tmp_path, "undated-9", Gate())


def test_broken_pointer_and_broken_model_say_what_to_do(trained, tmp_path):
    (tmp_path / "champion.json").write_text("{")
    with pytest.raises(ValueError, match=r"champion.json: not a readable pointer.*Remove it and run again"):
        read_champion(tmp_path)
    folder = save_artifact(trained, tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"kind": "pickle"}))
    with pytest.raises(
        ValueError,
        match=r"\(kind 'pickle', expected one of lightgbm, logistic_regression\). Remove the folder and train",
    ):
        load_artifact(tmp_path, folder.name)
