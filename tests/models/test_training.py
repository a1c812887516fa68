from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from clv_platform.datasets import LabelError
from clv_platform.metrics import calibration_error, pr_auc
from clv_platform.models import NoUsableFeatures, baseline_scores, cross_validate_binary, train_binary_model
from clv_platform.models.arms import rank_arms


def _train(examples, target, training, *, cutoff=None, config_hash="c" * 12, data_hash="d" * 12, threads=1):
    return train_binary_model(examples, target, training, cutoff=cutoff, config_hash=config_hash, data_hash=data_hash, threads=threads)


def test_model_finds_the_signal_and_its_chances_are_right(make_examples, target, training):
    trained = _train(make_examples(4000), target, training)
    test = make_examples(4000, seed=1)
    score = trained.artifact.score(test.X)
    assert pr_auc(test.y, score) > 2.5 * test.y.mean()
    assert calibration_error(test.y, score) < 0.02
    assert set(trained.arms["arm"]) == {"none", "class_weight", "smote"}
    assert trained.arms["is_chosen"].tolist() == [True, False, False]
    assert trained.arms["pr_auc"].iloc[1:].is_monotonic_decreasing


def _arm(name, *pr_aucs):
    from clv_platform.models.arms import ArmResult
    from clv_platform.models.boosting import resolve_settings
    from clv_platform.models.calibration import Calibrator

    return ArmResult(name, pr_aucs, 50, np.zeros(3), Calibrator(0.0, 1.0, 100, 10), 0.2, 1.0, resolve_settings({}, 1000))


def test_first_arm_of_the_list_stays_when_another_is_better_in_some_folds_only():
    ranked = rank_arms([_arm("none", 0.30, 0.40), _arm("smote", 0.36, 0.39), _arm("class_weight", 0.29, 0.41)])
    assert [result.arm for result in ranked] == ["none", "smote", "class_weight"]


def test_arm_that_is_better_in_every_fold_is_chosen():
    ranked = rank_arms([_arm("none", 0.30, 0.40), _arm("smote", 0.31, 0.41), _arm("class_weight", 0.33, 0.44)])
    assert [result.arm for result in ranked] == ["class_weight", "smote", "none"]


@pytest.mark.parametrize("arm", ["class_weight", "smote"])
def test_base_rate_is_restored_after_resampling(make_examples, target, training, arm):
    only = training.model_copy(update={"arms": (arm,)})
    examples = make_examples(4000)
    trained = _train(examples, target, only)
    raw = trained.artifact.raw_score(examples.X)
    assert (1 / (1 + np.exp(-raw))).mean() > examples.y.mean() + 0.03  # the resampled model alone overstates
    assert trained.artifact.score(examples.X).mean() == pytest.approx(examples.y.mean(), abs=0.02)


def test_dated_rows_are_checked_on_later_dates_only(make_examples, target, training):
    examples = make_examples(300, n_dates=16)
    trained = _train(examples, target, training, cutoff=date(2025, 8, 1))
    manifest = trained.artifact.manifest
    assert manifest.folds == "time_ordered"
    assert manifest.model_id.startswith("2025-08-01-")
    assert (manifest.train_from, manifest.train_to, manifest.n_accounts) == ("2024-01-01", "2025-04-01", 300)
    checked = examples.as_of_date[trained.out_of_fold["row"].to_numpy()]
    assert checked.min() > examples.as_of_date.min()
    assert sorted(trained.out_of_fold["fold"].unique()) == [0, 1]


def test_same_input_config_and_seed_give_the_same_model_whatever_the_threads(make_examples, target, training):
    examples = make_examples(1500)
    one, two = (_train(examples, target, training, threads=threads) for threads in (1, 2))
    assert one.artifact.manifest == two.artifact.manifest
    assert one.artifact.predictor.to_files() == two.artifact.predictor.to_files()
    assert np.array_equal(one.artifact.score(examples.X), two.artifact.score(examples.X, threads=2))
    pd.testing.assert_frame_equal(one.arms.drop(columns="fit_seconds"), two.arms.drop(columns="fit_seconds"))


@pytest.mark.parametrize("change", [{"config_hash": "x"}, {"data_hash": "x"}])
def test_model_id_changes_with_config_and_data(make_examples, target, training, change):
    examples = make_examples(400)
    first = _train(examples, target, training).artifact.manifest.model_id
    assert _train(examples, target, training, **change).artifact.manifest.model_id != first


def test_rows_without_a_label_teach_nothing(make_examples, target, training):
    examples = make_examples(800)
    y = examples.y.copy()
    y[::2] = np.nan
    half = replace(examples, y=y)
    trained = _train(half, target, training)
    alone = _train(half.take(half.is_usable), target, training)
    assert trained.artifact.predictor.to_files() == alone.artifact.predictor.to_files()
    assert trained.artifact.manifest.n_rows == 400
    assert set(trained.out_of_fold["row"]) == set(range(1, 800, 2))


def test_one_class_is_refused_with_a_remedy(make_examples, target, training):
    examples = replace(make_examples(200), y=np.zeros(200))
    with pytest.raises(LabelError, match=r"target `upgrade`.*expected at least 30 positives to learn from, found 0 among 200"):
        _train(examples, target, training)


def test_one_positive_is_refused_with_a_remedy(make_examples, target, training):
    examples = replace(make_examples(200), y=np.r_[1.0, np.zeros(199)])
    with pytest.raises(LabelError, match=r"found 1 among 200 training rows.*lower `training.min_positives`"):
        _train(examples, target, training)


def test_three_accounts_are_refused_with_a_remedy(make_examples, target, training):
    examples = replace(make_examples(3), y=np.array([1.0, 0.0, 0.0]))
    with pytest.raises(LabelError, match="expected at least 30 positives to learn from, found 1 among 3 training rows"):
        _train(examples, target, training)


def test_few_positives_train_when_the_config_allows_them(make_examples, target, training):
    allowed = training.model_copy(update={"min_positives": 2})
    examples = replace(make_examples(60), y=np.r_[1.0, 1.0, 1.0, np.zeros(57)])
    trained = _train(examples, target, allowed)
    assert np.isfinite(trained.artifact.score(examples.X)).all()


def test_arm_that_cannot_be_fitted_is_listed_with_the_reason(make_examples, target, training):
    allowed = training.model_copy(update={"min_positives": 2})
    examples = replace(make_examples(60), y=np.r_[1.0, 1.0, np.zeros(58)])
    arms = _train(examples, target, allowed).arms.set_index("arm")
    assert arms.loc["smote", "note"] == "not fitted: a fold has fewer than two positives"
    assert arms["pr_auc"].isna().tolist() == [False, False, True]


def test_smote_alone_with_too_few_positives_says_which_arm_to_add(make_examples, target, training):
    alone = training.model_copy(update={"min_positives": 2, "arms": ("smote",)})
    examples = replace(make_examples(60), y=np.r_[1.0, 1.0, np.zeros(58)])
    with pytest.raises(LabelError, match=r"found only smote. Add `none` to `training.arms`."):
        _train(examples, target, alone)


def test_features_that_never_vary_are_refused_by_name(make_examples, target, training):
    examples = make_examples(400)
    flat = replace(examples, X=pd.DataFrame({"x": np.ones(400)}), features=examples.features[:1])
    with pytest.raises(NoUsableFeatures, match="expected features that vary, found none among 1 in 400 training rows \\(x: always 1"):
        _train(flat, target, training)


def test_baselines_find_the_best_column_and_its_direction(make_examples):
    train, test = make_examples(3000, with_category=False, base=-2), make_examples(3000, seed=1, with_category=False, base=-2)
    train.X["falls"], test.X["falls"] = -train.X["noise"], -test.X["noise"]
    y = [
        (np.random.default_rng(k).random(3000) < 1 / (1 + np.exp(2 + 2 * e.X["noise"]))).astype(float) for k, e in enumerate((train, test))
    ]
    train, test = replace(train, y=y[0]), replace(test, y=np.full(3000, np.nan))
    scores = baseline_scores(train, test)
    assert scores["prevalence"].tolist() == [train.y.mean()] * 3000
    order = np.argsort(test.X["noise"].to_numpy())
    assert (np.diff(scores["best_single_column"][order]) <= 0).all()
    assert pr_auc(y[1], scores["best_single_column"]) > 2 * y[1].mean()
    assert scores["best_single_column"].mean() == pytest.approx(train.y.mean(), abs=0.02)


def test_category_can_be_the_best_column_and_unseen_levels_get_the_base_rate(make_examples):
    train, test = make_examples(600), make_examples(600, seed=1)
    train = replace(train, y=(train.X["territory"] == "T2").to_numpy(dtype=float))
    test.X["territory"] = pd.Categorical(["T2"] * 300 + ["T9"] * 300)
    score = baseline_scores(train, test)["best_single_column"]
    assert score[0] > 0.9
    assert score[-1] < score[0]


def test_out_of_fold_scores_of_pure_noise_are_worth_nothing(make_examples, target, training):
    rng = np.random.default_rng(0)
    examples = replace(make_examples(900), y=(rng.random(900) < 0.2).astype(float))
    found = cross_validate_binary(examples, target, training)
    for score in (found.scores[0], *(values[0] for values in found.arm_scores.values())):
        assert pr_auc(examples.y, score) < 0.3  # fitted and scored on the same rows it would be above 0.5
    assert np.isfinite(found.scores).all()
    assert np.bincount(found.folds[0]).tolist() == [300, 300, 300]
    assert set(found.arm_scores) == {"none", "class_weight", "smote"}
    assert set(found.baselines) == {"prevalence", "best_single_column", "logistic_regression"}
    assert found.split == "oof_stratified_3"
    assert len(found.arms) == 9
    assert found.results[0].chosen_arms == tuple(found.arms.loc[found.arms["is_chosen"], "arm"])


def test_dated_rows_are_refused_by_cross_validation(make_examples, target, training):
    with pytest.raises(ValueError, match=r"expected undated rows, found dates. Random folds would train on the future"):
        cross_validate_binary(make_examples(100, n_dates=3), target, training)
