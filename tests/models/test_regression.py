"""The logistic regression as a model: recomputed by hand, exact parts, plain files, the same bits every time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from clv_platform.metrics import calibration_error, pr_auc
from clv_platform.models import cross_validate_binary, fit_preprocessing, load_artifact, save_artifact, score_unseen_accounts
from clv_platform.models import train_binary_model as train
from clv_platform.models.regression import MAX_LEVELS, LevelsTerm, NumberTerm, Regression, fit_regression


@pytest.fixture(scope="module")
def linear(make_examples):
    """A function: rows whose log-odds are a weighted sum of `noise` and `is_trial`."""

    def build(n: int, seed: int = 0, n_dates: int = 0):
        rows = make_examples(n, seed=seed, n_dates=n_dates)
        log_odds = -1.5 + 1.2 * rows.X["noise"] + 1.0 * rows.X["is_trial"]
        y = np.random.default_rng(seed + 100).random(len(rows)) < 1 / (1 + np.exp(-log_odds))
        return replace(rows, y=y.to_numpy(dtype=float) if isinstance(y, pd.Series) else y.astype(float))

    return build


@pytest.fixture(scope="module")
def trained(linear, target, training):
    return train(linear(900), target, training, cutoff=None, config_hash="c", data_hash="d")


def matrix_of(rows):
    preprocessing = fit_preprocessing(rows.X, rows.features)
    return preprocessing.transform(rows.X)


def test_contributions_are_coefficient_times_distance_from_the_mean_and_add_up(linear):
    rows = linear(900)
    matrix = matrix_of(rows)
    model = fit_regression(matrix, rows.y, seed=0)
    parts = model.contributions(matrix)
    column = matrix.names.index("noise")
    term = model.terms[column]
    assert isinstance(term, NumberTerm)
    values = matrix.values[:, column].astype(np.float64)
    assert np.allclose(parts[:, column], term.coefficient / values.std() * (values - values.mean()))
    assert np.allclose(parts.sum(axis=1), model.raw_score(matrix), atol=1e-12)
    assert np.allclose(parts[:, :-1].mean(axis=0), 0, atol=1e-9)  # so the base is the mean of all scores
    assert parts[:, -1] == pytest.approx(model.raw_score(matrix).mean())


def test_a_strong_coefficient_is_found_where_it_was_planted(linear):
    rows = linear(6000)
    matrix = matrix_of(rows)
    term = fit_regression(matrix, rows.y, seed=0).terms[matrix.names.index("noise")]
    assert isinstance(term, NumberTerm)
    assert term.coefficient / term.spread == pytest.approx(1.2, abs=0.12)


def test_it_says_what_scikit_learn_says(linear):
    from sklearn.linear_model import LogisticRegression

    from clv_platform.models.baselines import fit_scaling, scaled_design

    rows = linear(700)
    matrix = matrix_of(rows)
    design = scaled_design(matrix, fit_scaling(matrix))
    peer = LogisticRegression(C=1.0, solver="newton-cholesky", max_iter=50).fit(design, rows.y)
    assert np.allclose(fit_regression(matrix, rows.y, seed=0).raw_score(matrix), peer.decision_function(design), atol=1e-10)


def test_values_beyond_what_training_showed_count_as_the_nearest_that_it_did(linear):
    rows = linear(500)
    preprocessing = fit_preprocessing(rows.X, rows.features)
    model = fit_regression(preprocessing.transform(rows.X), rows.y, seed=0)
    frame = rows.X.iloc[[0, 0]].copy()
    frame["noise"] = [rows.X["noise"].max(), 1e9]
    edge, beyond = model.raw_score(preprocessing.transform(frame))
    assert edge == pytest.approx(beyond, abs=1e-6)


def test_the_rarest_levels_of_a_long_category_share_a_weight(make_examples, make_feature):
    names = [f"L{k:02d}" for k in range(60)]
    # Levels of falling frequency: 90 to 31 rows.
    texts = np.repeat(names, np.arange(90, 30, -1))
    y = np.isin(texts, names[55:]).astype(float)
    frame = pd.DataFrame({"level": pd.Categorical(texts)})
    matrix = fit_preprocessing(frame, (make_feature("level", "category"),)).transform(frame)
    term = fit_regression(matrix, y, seed=0).terms[0]
    assert isinstance(term, LevelsTerm)
    assert len(term.effects) == MAX_LEVELS + 1
    scores = fit_regression(matrix, y, seed=0).raw_score(matrix)
    assert len(np.unique(scores[np.isin(texts, names[50:])])) == 1
    assert scores[-1] > scores[0]


def test_one_class_gives_everyone_the_same_chance(linear):
    rows = linear(100)
    matrix = matrix_of(rows)
    scores = fit_regression(matrix, np.zeros(100), seed=0).raw_score(matrix)
    assert np.unique(scores).tolist() == [pytest.approx(np.log(1 / 101))]


def test_a_row_scores_the_same_bits_alone_and_among_others(linear):
    rows = linear(700)
    matrix = matrix_of(rows)
    model = fit_regression(matrix, rows.y, seed=0)
    alone = np.concatenate([model.raw_score(matrix.take(np.array([k]))) for k in range(20)])
    assert np.array_equal(alone, model.raw_score(matrix)[:20])


def test_the_artifact_comes_back_bit_for_bit_from_plain_files(trained, linear, tmp_path):
    folder = save_artifact(trained.regression, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["calibrator.json", "manifest.json", "preprocessing.json", "regression.json"]
    back, X = load_artifact(tmp_path, folder.name), linear(200, seed=5).X
    assert back == trained.regression
    for name in ("raw_score", "score", "contributions"):
        assert np.array_equal(getattr(back, name)(X), getattr(trained.regression, name)(X))
    stored = json.loads((folder / "regression.json").read_text())
    assert {term["name"] for term in stored["terms"]} >= {"x", "is_missing_x", "noise", "territory"}


def test_a_broken_file_says_what_to_do(trained, tmp_path):
    folder = save_artifact(trained.regression, tmp_path)
    (folder / "regression.json").write_text('{"terms": []}')
    with pytest.raises(ValueError, match=r"not a readable model.*train again"):
        load_artifact(tmp_path, folder.name)


def test_contributions_of_the_artifact_are_by_feature_and_a_flag_counts_for_its_feature(trained, linear):
    X = linear(300, seed=5).X
    parts = trained.regression.contributions(X)
    assert parts.shape == (300, 5)
    assert np.allclose(parts.sum(axis=1), trained.regression.raw_score(X), atol=1e-12)
    assert np.abs(parts[X["x"].isna(), 0]).max() > 0


def test_the_manifest_says_what_it_is_and_shares_no_id_with_the_trees(trained):
    manifest = trained.regression.manifest
    assert (manifest.kind, manifest.arm, manifest.rounds, manifest.tuning) == ("logistic_regression", "none", 0, {})
    assert manifest.model_id != trained.artifact.manifest.model_id
    assert "scikit-learn" in manifest.versions
    assert manifest.features == trained.artifact.manifest.features
    assert set(manifest.metrics) == set(trained.artifact.manifest.metrics)


def test_two_threads_give_the_same_bytes(linear, target, training, tmp_path, trained):
    again = train(linear(900), target, training, cutoff=None, config_hash="c", data_hash="d", threads=2)
    one, two = (save_artifact(found.regression, tmp_path / str(k)) for k, found in enumerate((trained, again)))
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_its_chances_are_right_on_rows_that_it_never_saw(linear, target, training):
    artifact = train(linear(2500), target, training, cutoff=None, config_hash="c", data_hash="d").regression
    test = linear(4000, seed=7)
    assert artifact.calibrator.n == 2500  # every row, by a model that wasn't fitted on it
    assert calibration_error(test.y, artifact.score(test.X)) < 0.03


def test_cross_validation_scores_it_by_models_that_never_saw_the_row(linear, target, training):
    noise = linear(600)
    noise = replace(noise, y=np.random.default_rng(3).permutation(noise.y))
    found = cross_validate_binary(noise, target, training).results[0]
    assert pr_auc(noise.y, found.baselines["logistic_regression"]) < noise.y.mean() + 0.08
    signal = linear(600)
    found = cross_validate_binary(signal, target, training).results[0]
    chances = found.baselines["logistic_regression"]
    assert pr_auc(signal.y, chances) > 1.5 * signal.y.mean()
    assert chances.mean() == pytest.approx(signal.y.mean(), abs=0.03)
    assert len(np.unique(found.regression_f1_threshold)) <= target.n_folds


def test_unseen_accounts_are_scored_by_a_regression_without_them(linear, target, training):
    rows = linear(300, n_dates=8)
    known = rows.as_of_date < np.datetime64("2024-07-01")
    past, later = rows.take(known), rows.take(~known)
    artifact = train(past, target, training, cutoff=date(2024, 8, 1), config_hash="c", data_hash="d").regression
    score = score_unseen_accounts(artifact, past, later)
    assert score is not None
    seen = np.isfinite(score)
    assert 0.1 < seen.mean() < 0.4
    assert np.corrcoef(score[seen], artifact.score(later.X)[seen])[0, 1] > 0.95
    assert not np.array_equal(score[seen], artifact.score(later.X)[seen])


def test_equal_regressions_are_equal():
    one, two = (Regression(("x",), (NumberTerm(0.0, 1.0, -1.0, 1.0, 0.5),), 0.1) for _ in range(2))
    assert one == two
