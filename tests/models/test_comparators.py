"""Other algorithms beside the model: they learn, they are calibrated, odd rows don't break them, absent ones say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import Training
from clv_platform.metrics import calibration_error, pr_auc
from clv_platform.models import comparators as module
from clv_platform.models import cross_validate_binary, score_contenders, score_unseen_accounts, train_binary_model
from clv_platform.models.comparators import fit_comparator

ALGORITHMS = ("random_forest", "neural_network", "xgboost", "catboost")


@pytest.mark.parametrize("name", ALGORITHMS)
def test_algorithm_learns_and_its_chances_are_right_also_for_a_level_never_seen(make_examples, target, name):
    if name in module.NEEDS:
        pytest.importorskip(module.NEEDS[name], reason="the extra `zoo` isn't installed")
    train, test = make_examples(2000), make_examples(2500, seed=1)
    levels = test.X["territory"].astype(object).to_numpy(copy=True)
    levels[:100] = "T9"
    test.X["territory"] = pd.Categorical(levels)
    found = fit_comparator(name, train, replace(test, y=np.full(2500, np.nan)), target, seed=0)
    assert found.score is not None
    assert np.isfinite(found.score).all()
    assert pr_auc(test.y, found.score) > 2 * test.y.mean()
    assert calibration_error(test.y, found.score) < 0.06
    assert found.fit_seconds > 0
    again = fit_comparator(name, train, test, target, seed=0)
    assert again.score is not None
    assert np.array_equal(found.score, again.score)  # labels of test rows play no part, and the seed decides


def test_algorithm_that_is_not_installed_gets_a_row_that_says_so(make_examples, target, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    training = Training(comparators=("xgboost", "catboost"))
    found = {c.name: c for c in score_contenders(make_examples(300), make_examples(50, seed=1), target, training, seed=0)}
    assert list(found) == ["prevalence", "best_single_column", "xgboost", "catboost"]
    assert found["xgboost"].score is None
    assert found["xgboost"].note == "not installed: `make zoo` adds it"
    assert found["prevalence"].kind == "baseline"


def test_the_best_single_column_is_named_unless_it_is_private(make_examples, target):
    train, test = make_examples(1500), make_examples(50, seed=1)
    train.X["x"] = -(train.y + 0.01 * np.arange(1500) / 1500)  # low values are the positives
    options = {"seed": 0, "with_comparators": False}
    found = {c.name: c.note for c in score_contenders(train, test, target, Training(), **options)}
    assert found == {"prevalence": "", "best_single_column": "“x”, lowest first"}
    hidden = {c.name: c.note for c in score_contenders(train, test, target, Training(), private=("x",), **options)}
    assert hidden["best_single_column"] == "a private column"


def test_many_rows_are_sampled_and_the_note_says_so(make_examples, target):
    found = fit_comparator("random_forest", make_examples(1000), make_examples(50, seed=1), target, seed=0, max_rows=400)
    assert found.note == "fitted on 400 of 1,000 training rows"


def test_features_that_never_vary_give_a_note_instead_of_a_score(make_examples, target):
    train = make_examples(300)
    flat = replace(train, X=pd.DataFrame({"x": np.ones(300)}), features=train.features[:1])
    assert fit_comparator("random_forest", flat, flat, target, seed=0).note == "not fitted: no feature varies"


def test_cross_validation_compares_on_the_first_fold_seed_only(make_examples, target, training):
    target = target.model_copy(update={"fold_seeds": (3, 4)})
    found = cross_validate_binary(make_examples(600), target, training.model_copy(update={"comparators": ("random_forest",)}))
    first, second = found.results
    assert first.comparators["random_forest"] is not None
    assert np.isfinite(first.comparators["random_forest"]).all()
    assert second.comparators == {}
    assert first.notes["best_single_column"].startswith("“")
    assert set(first.fit_seconds) == {"model", "prevalence", "best_single_column", "logistic_regression", "random_forest"}


def test_unseen_accounts_are_scored_by_a_model_that_never_met_them(make_examples, target, training):
    """Accounts with fixed luck: a model that has met them knows it by heart, one that hasn't can't."""
    from datetime import date

    rng = np.random.default_rng(0)
    examples = make_examples(400, n_dates=8, with_category=False)
    luck = np.tile(rng.random(400), 8)
    y = (np.tile(rng.random(400), 8) < 0.2).astype(float)  # the same at every date, for reasons that no feature shows
    X = examples.X.assign(x=luck)  # but this number names the account
    examples = replace(examples, X=X, y=y)
    known = examples.as_of_date < np.datetime64("2024-08-01")
    train, test = examples.take(known), examples.take(~known)
    quick = training.model_copy(update={"arms": ("none",), "lightgbm": {**training.lightgbm, "min_data_in_leaf": 2, "num_leaves": 63}})
    artifact = train_binary_model(train, target, quick, cutoff=date(2024, 8, 1), config_hash="c", data_hash="d").artifact
    score = score_unseen_accounts(artifact, train, test)
    assert score is not None
    rows = np.isfinite(score)
    assert 0.15 < rows.mean() < 0.35
    known_by_heart, never_met = pr_auc(test.y[rows], artifact.score(test.X)[rows]), pr_auc(test.y[rows], score[rows])
    assert known_by_heart > 0.4
    assert never_met < 0.3


def test_no_event_among_unseen_accounts_gives_no_score(make_examples, target, training):
    from datetime import date

    examples = make_examples(200, n_dates=6)
    artifact = train_binary_model(examples, target, training, cutoff=date(2024, 9, 1), config_hash="c", data_hash="d").artifact
    assert score_unseen_accounts(artifact, examples, replace(examples, y=np.zeros(len(examples)))) is None
