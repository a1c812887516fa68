"""Boosters that share the bins of their rows are those that they would be alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clv_platform.models.arms import bin_folds, check_fold, fit_bags, prepare_folds, thin_folds
from clv_platform.models.boosting import BoosterSettings, bin_rows, fit_booster, model_text, resolve_settings
from clv_platform.models.folds import build_folds
from clv_platform.models.preprocessing import fit_preprocessing
from clv_platform.models.sampling import Arm


@pytest.fixture(scope="module")
def prepared(make_examples):
    rows = make_examples(900)
    folds = build_folds(rows.y, rows.account_id, rows.as_of_date, horizon_days=90, n_time=2, n_stratified=2, seed=0)

    def matrix_of(fitted):
        learnt = fit_preprocessing(rows.X.iloc[fitted], rows.features)
        return lambda positions: learnt.transform(rows.X.iloc[positions])

    return prepare_folds(matrix_of, folds), rows.y


def test_every_arm_seed_and_smallest_leaf_gets_the_trees_that_it_gets_from_bins_of_its_own(prepared):
    (part, *_), y = prepared
    labels, check = y[part.fold.fit], (part.check, y[part.fold.check])
    settings = resolve_settings({"num_iterations": 20}, 900)
    shared = bin_rows(part.fit, labels, settings, check)
    tried: list[tuple[Arm, int, int]] = [("none", 18, 0), ("class_weight", 18, 1), ("smote", 18, 0), ("none", 3, 2), ("none", 60, 0)]
    for arm, leaf, seed in tried:
        own = replace(settings, params={**settings.params, "min_data_in_leaf": leaf})
        alone = fit_booster(part.fit, labels, arm, own, seed=seed, check=check)
        again = fit_booster(part.fit, labels, arm, own, seed=seed, check=check, bins=shared)
        assert again.best_rounds == alone.best_rounds
        assert model_text(again.booster) == model_text(alone.booster)


def test_fewer_rows_of_a_fold_are_never_fitted_on_the_bins_of_all(prepared):
    whole, y = prepared
    settings = resolve_settings({"num_iterations": 20}, 900)
    thin = thin_folds(bin_folds(whole, y, settings), 200, 0)
    assert [part.bins for part in thin] == [None, None]
    own = thin_folds(whole, 200, 0)
    scores = [check_fold(part[0], y, "none", settings, 0).raw_score for part in (thin, own, bin_folds(own, y, settings))]
    assert np.array_equal(scores[0], scores[1])
    assert np.array_equal(scores[0], scores[2])


def test_the_last_boosters_of_a_model_draw_their_splits_and_have_more_rounds(prepared):
    (part, *_), y = prepared
    labels = y[part.fold.fit]
    settings = resolve_settings({"n_bags": 3, "n_random_bags": 1}, 900)
    fits = fit_bags(part.fit, labels, "none", settings, seed=5, rounds=10, threads=2)
    assert [fit.booster.num_trees() for fit in fits] == [10, 10, 16]
    assert ["[extra_trees: 1]" in fit.booster.model_to_string() for fit in fits] == [False, False, True]
    plain = fit_booster(part.fit, labels, "none", settings, seed=7, rounds=16)
    assert not np.array_equal(plain.raw_score(part.check.values), fits[2].raw_score(part.check.values))


def test_settings_come_back_from_a_manifest_also_from_one_without_random_boosters():
    settings = resolve_settings({"n_bags": 3, "n_random_bags": 2}, 900)
    assert BoosterSettings.from_json(settings.to_json()) == settings
    older = {name: value for name, value in settings.to_json().items() if name != "n_random_bags"}
    assert BoosterSettings.from_json(older).n_random_bags == 0


def test_more_random_boosters_than_boosters_are_refused_with_the_limits():
    with pytest.raises(ValueError, match="n_random_bags: expected a whole number from 0 to n_bags"):
        resolve_settings({"n_bags": 2, "n_random_bags": 3}, 900)
