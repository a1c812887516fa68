from __future__ import annotations

import numpy as np
import pytest

from clv_platform.models import boosting as boosting_module
from clv_platform.models import fit_preprocessing, training
from clv_platform.models.boosting import resolve_settings
from clv_platform.models.folds import build_folds, stratified_folds
from clv_platform.models.preprocessing import Matrix
from clv_platform.models.sampling import add_synthetic, positive_weight


def _matrix(values, names, categorical=(), discrete=()) -> Matrix:
    return Matrix(np.asarray(values, dtype=np.float32), tuple(names), tuple(names), tuple(categorical), tuple(discrete))


def test_synthetic_rows_lie_between_positives_and_given_rows_stay():
    rng = np.random.default_rng(0)
    values = np.vstack([rng.uniform(10, 11, (20, 2)), rng.uniform(0, 1, (200, 2))])
    y = np.r_[np.ones(20), np.zeros(200)]
    grown, labels = add_synthetic(_matrix(values, ["a", "b"]), y, seed=0)
    assert np.array_equal(grown[:220], values.astype(np.float32))
    assert labels[220:].tolist() == [1.0] * 30  # one positive per four negatives
    assert grown[220:].min() >= 10
    assert grown[220:].max() <= 11


def test_synthetic_categories_and_booleans_are_values_that_exist():
    rng = np.random.default_rng(0)
    n = 300
    values = np.column_stack([rng.normal(size=n), rng.integers(0, 3, n), rng.integers(0, 2, n)])
    y = np.r_[np.ones(30), np.zeros(n - 30)]
    grown, _ = add_synthetic(_matrix(values, ["x", "territory", "is_trial"], [1], [1, 2]), y, seed=0)
    assert set(np.unique(grown[n:, 1])) <= {0.0, 1.0, 2.0}
    assert set(np.unique(grown[n:, 2])) <= {0.0, 1.0}


def test_synthetic_rows_flagged_missing_have_zero():
    rng = np.random.default_rng(1)
    n = 400
    flag = (rng.random(n) < 0.5).astype(float)
    values = np.column_stack([np.where(flag == 1, 0.0, rng.uniform(5, 6, n)), flag, rng.normal(size=n)])
    y = np.r_[np.ones(40), np.zeros(n - 40)]
    new = add_synthetic(_matrix(values, ["x", "is_missing_x", "z"], (), [1]), y, seed=0)[0][n:]
    assert (new[:, 1] == 1).any()
    assert (new[new[:, 1] == 1, 0] == 0).all()


def test_same_seed_gives_the_same_synthetic_rows(make_examples):
    examples = make_examples(500)
    matrix = fit_preprocessing(examples.X, examples.features).transform(examples.X)
    first, again, other = (add_synthetic(matrix, examples.y, seed)[0] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_two_positives_are_enough_for_smote():
    values = np.r_[[[0.0], [2.0]], np.linspace(5, 9, 40)[:, None]]
    grown, labels = add_synthetic(_matrix(values, ["a"]), np.r_[1, 1, np.zeros(40)], seed=0)
    assert len(labels) == 50
    assert ((grown[42:] >= 0) & (grown[42:] <= 2)).all()


def test_class_weight_makes_both_classes_weigh_the_same():
    y = np.r_[np.ones(10), np.zeros(90)]
    assert positive_weight(y, "class_weight") == 9
    assert positive_weight(y, "none") == 1


def test_sampler_never_sees_a_checked_row(make_examples, target, training, monkeypatch):
    examples = make_examples(400, n_dates=14)
    examples.X["noise"] = np.arange(len(examples.y), dtype=float)  # names the row
    seen: list[np.ndarray] = []
    original = boosting_module.add_synthetic

    def spy(matrix, y, seed, ratio=None):
        seen.append(matrix.values[:, matrix.names.index("noise")].astype(int))
        return original(matrix, y, seed, ratio)

    monkeypatch.setattr(boosting_module, "add_synthetic", spy)
    only_smote = training.model_copy(update={"arms": ("smote",)})
    fitted = _train(examples, target, only_smote)
    folds = build_folds(examples.y, examples.account_id, examples.as_of_date, horizon_days=90, n_time=2, n_stratified=3, seed=0)
    assert folds.kind == "time_ordered"
    for fold, rows in zip(folds.folds, seen, strict=False):
        assert set(rows) == set(fold.fit)
        assert not set(rows) & set(fold.check)
    assert fitted.artifact.manifest.arm == "smote"


def _train(examples, target, settings):
    return training.train_binary_model(examples, target, settings, cutoff=None, config_hash="c", data_hash="d")


def test_checked_dates_are_a_full_horizon_after_the_fitted_ones(make_examples):
    examples = make_examples(200, n_dates=16)
    folds = build_folds(examples.y, examples.account_id, examples.as_of_date, horizon_days=90, n_time=2, n_stratified=3, seed=0).folds
    assert len(folds) == 2
    for fold in folds:
        last_fitted = examples.as_of_date[fold.fit].max()
        first_checked = examples.as_of_date[fold.check].min()
        assert last_fitted + np.timedelta64(90, "D") <= first_checked
    assert examples.as_of_date[folds[0].check].max() < examples.as_of_date[folds[1].check].min()
    assert examples.as_of_date[folds[1].check].max() == examples.as_of_date.max()


def test_few_dates_fall_back_to_folds_without_shared_accounts(make_examples):
    examples = make_examples(200, n_dates=4)
    folds = build_folds(examples.y, examples.account_id, examples.as_of_date, horizon_days=90, n_time=2, n_stratified=3, seed=0)
    assert folds.kind == "account_disjoint"
    for fold in folds.folds:
        assert not set(examples.account_id[fold.fit]) & set(examples.account_id[fold.check])


def test_stratified_folds_check_every_row_once(make_examples):
    examples = make_examples(300)
    folds = stratified_folds(examples.y, examples.account_id, n_folds=5, seed=3)
    assert folds.kind == "stratified"
    assert np.array_equal(np.sort(np.concatenate([fold.check for fold in folds.folds])), np.arange(300))
    counts = [examples.y[fold.check].sum() for fold in folds.folds]
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(("seed", "rate", "n_folds"), [(0, 0.06, 5), (1, 0.5, 3), (2, 0.01, 2)])
def test_accounts_are_dealt_as_scikit_learn_deals_them(seed, rate, n_folds):
    from sklearn.model_selection import StratifiedGroupKFold

    rng = np.random.default_rng(seed)
    account_id = rng.integers(0, 300, 2000).astype(str)
    y = (rng.random(2000) < rate * rng.integers(0, 2, 300)[account_id.astype(int)]).astype(float)
    folds = stratified_folds(y, account_id, n_folds=n_folds, seed=seed)
    expected = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(y, y, groups=account_id)
    for fold, (fit, check) in zip(folds.folds, expected, strict=True):
        assert np.array_equal(fold.fit, fit)
        assert np.array_equal(fold.check, check)


def test_small_tables_get_small_leaves_unless_the_config_says_otherwise():
    assert resolve_settings({}, 500).params["min_data_in_leaf"] == 10
    assert resolve_settings({}, 1_000_000).params["min_data_in_leaf"] == 100
    assert resolve_settings({"min_data_in_leaf": 3}, 500).params["min_data_in_leaf"] == 3
