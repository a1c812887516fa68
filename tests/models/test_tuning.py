"""The search for parameters: its rule against luck, its budget, and that a kill changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import Training, Tuning
from clv_platform.models import train_binary_model
from clv_platform.models.tuning import Budget, beats, gain_error, objective

QUICK: dict[str, float | int | bool] = {"num_iterations": 40, "early_stopping_round": 10, "n_bags": 1}


def train(examples, target, training, *, trials=8, cpu_seconds=1e6, journals=None, threads=1):
    budget = Budget(trials, cpu_seconds)
    return train_binary_model(
        examples, target, training, cutoff=None, config_hash="c", data_hash="d", threads=threads, budget=budget, journals=journals
    )


@pytest.fixture
def training() -> Training:
    return Training(arms=("none", "class_weight"), lightgbm=QUICK)


@pytest.fixture
def poor() -> Training:
    """Defaults that learn next to nothing within their few rounds."""
    return Training(arms=("none",), lightgbm={**QUICK, "learning_rate": 0.0005, "lambda_l2": 1e4, "num_leaves": 2})


def without_times(history: pd.DataFrame) -> pd.DataFrame:
    return history.drop(columns="cpu_seconds")


def test_defaults_are_kept_unless_every_fold_is_better_beyond_the_luck_of_many_trials():
    default = [0.30, 0.40, 0.50]
    assert beats([0.31, 0.41, 0.51], default, 0.006, 1)  # 1.645 standard errors are .0099
    assert not beats([0.31, 0.41, 0.51], default, 0.006, 8)  # among eight trials 2.5 of them are asked for
    assert not beats([0.35, 0.45, 0.50], default, 0.001, 1)


def test_error_of_a_gain_is_that_of_a_difference_of_two_scores_on_the_same_accounts():
    rng = np.random.default_rng(0)
    y = (rng.random(4000) < 0.1).astype(float)
    good = y + rng.normal(size=4000)
    accounts = np.arange(4000).astype(str)
    checks = [np.arange(2000), np.arange(2000, 4000)]
    assert gain_error(y, accounts, checks, good, good, 0) == 0
    assert gain_error(y, accounts, checks, 2 * good + 1, good, 0) == 0  # the same order
    near, far = (gain_error(y, accounts, checks, good + s * rng.normal(size=4000), good, 0) for s in (0.1, 1.0))
    assert 0 < near < far < 0.05
    doubled = gain_error(np.r_[y, y], np.r_[accounts, accounts], [np.r_[c, c + 4000] for c in checks], np.r_[good, good] * 0.0,
                         np.r_[good, good], 0)  # fmt: skip
    single = gain_error(y, accounts, checks, good * 0.0, good, 0)
    assert doubled == pytest.approx(single)  # rows of one account know no more than one row


def test_log_loss_breaks_ties_only():
    assert objective(0.30004, 0.1) > objective(0.30001, 0.2)
    assert objective(0.3002, 0.9) > objective(0.3001, 0.1)


def test_poor_defaults_are_beaten(make_examples, target, poor):
    found = train(make_examples(1500), target, poor)
    facts = found.artifact.manifest.tuning
    assert facts["chosen_trial"] > 0
    assert facts["n_beat_defaults"] >= 1
    history = found.tuning.set_index("trial")
    best = history.loc[facts["chosen_trial"]]
    assert float(best["pr_auc"]) - float(history["pr_auc"].iloc[0]) > max(0.03, float(best["gain_error"]))
    assert found.artifact.manifest.params["learning_rate"] == best["learning_rate"]
    assert found.arms["is_chosen"].tolist() == [True]


def test_trial_that_loses_a_fold_is_stopped_there(make_examples, target, training):
    history = train(make_examples(1200), target, training).tuning.set_index("trial")
    folds = [name for name in history.columns if name.startswith("fold_")]
    defaults = history.loc[0, folds]
    pruned = history[history["state"] == "pruned"]
    assert len(folds) == 3
    assert len(pruned) >= 1
    for _, row in pruned.iterrows():
        done = row[folds].dropna()
        assert len(done) < 3
        assert done.iloc[-1] <= defaults[done.index[-1]]
        assert (done.iloc[:-1] > defaults[done.index[:-1]]).all()
    assert history["is_chosen"].sum() == 1


def test_search_is_the_same_whatever_the_threads(make_examples, target, poor):
    examples = make_examples(800)
    one, two = (train(examples, target, poor, trials=6, threads=threads) for threads in (1, 2))
    pd.testing.assert_frame_equal(without_times(one.tuning), without_times(two.tuning))
    assert one.artifact.predictor.to_files() == two.artifact.predictor.to_files()
    assert one.artifact.manifest.model_id == two.artifact.manifest.model_id


def test_seconds_end_the_search_and_the_manifest_says_so(make_examples, target, training):
    facts = train(make_examples(800), target, training, trials=50, cpu_seconds=0.001).artifact.manifest.tuning
    assert facts == facts | {"n_trials": 4, "ended": "seconds", "budget_trials": 50, "budget_cpu_seconds": 0.001}


def test_no_trials_means_the_defaults(make_examples, target, training):
    found = train(make_examples(800), target, training, trials=0)
    assert found.tuning["state"].tolist() == ["defaults"]
    assert found.artifact.manifest.tuning["ended"] == "off"


def test_longer_search_goes_on_from_the_shorter_one(make_examples, target, poor, tmp_path):
    examples = make_examples(800)
    train(examples, target, poor, trials=4, journals=tmp_path)
    journal = next(tmp_path.glob("*.log")).read_text()
    longer = train(examples, target, poor, trials=8, journals=tmp_path)
    assert next(tmp_path.glob("*.log")).read_text().startswith(journal)
    pd.testing.assert_frame_equal(without_times(longer.tuning), without_times(train(examples, target, poor, trials=8).tuning))


def test_journal_of_other_labels_is_not_used(make_examples, target, poor, tmp_path):
    examples = make_examples(800)
    train(examples, target, poor, trials=4, journals=tmp_path)
    flipped = np.where(np.arange(800) % 40 == 0, 1 - examples.y, examples.y)
    train(replace(examples, y=flipped), target, poor, trials=4, journals=tmp_path)
    assert len(list(tmp_path.glob("*.log"))) == 2


def test_torn_last_line_of_a_journal_is_dropped(make_examples, target, poor, tmp_path):
    examples = make_examples(800)
    whole = train(examples, target, poor, trials=4, journals=tmp_path)
    journal = next(tmp_path.glob("*.log"))
    journal.write_bytes(journal.read_bytes()[:-7])  # killed while it wrote its last trial
    again = train(examples, target, poor, trials=4, journals=tmp_path)
    pd.testing.assert_frame_equal(without_times(whole.tuning), without_times(again.tuning))
    assert whole.artifact.predictor.to_files() == again.artifact.predictor.to_files()


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import pytest
from conftest import make_examples
from clv_platform.config import Target, Training
from clv_platform.models import train_binary_model
from clv_platform.models.tuning import Budget
examples = make_examples.__wrapped__()(1500)
training = Training(arms=("none",), lightgbm={"num_iterations": 40, "early_stopping_round": 10, "n_bags": 1,
                                              "learning_rate": 0.0005, "lambda_l2": 1e4, "num_leaves": 2})
train_binary_model(examples, Target(name="upgrade", kind="upgrade", n_folds=3), training, cutoff=None, config_hash="c", data_hash="d",
                   budget=Budget(60, 1e6), journals=Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_search_killed_half_way_and_continued_ends_with_the_same_model(make_examples, target, poor, tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "killed"), str(Path(__file__).parent)]
    with subprocess.Popen(command, env=environment) as process:
        deadline = time.monotonic() + 120
        while process.poll() is None and count_trials(tmp_path / "killed") < 5:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
    before = count_trials(tmp_path / "killed")
    assert 5 <= before < 60
    examples = make_examples(1500)
    continued = train(examples, target, poor, trials=16, journals=tmp_path / "killed")
    whole = train(examples, target, poor, trials=16)
    pd.testing.assert_frame_equal(without_times(continued.tuning), without_times(whole.tuning))
    assert continued.artifact.manifest == replace(whole.artifact.manifest, tuning=continued.artifact.manifest.tuning)
    assert continued.artifact.predictor.to_files() == whole.artifact.predictor.to_files()


def count_trials(folder: Path) -> int:
    return sum(text.read_text().count('"slot"') for text in folder.glob("*.log"))


def test_everyday_budget_is_the_default_and_the_full_one_is_asked_for():
    tuning = Tuning(trials=3, seconds=5, max_rows=2000, retrain_trials=40, retrain_seconds=60)
    assert Budget.of(tuning) == Budget(3, 5, 2000)
    assert Budget.of(tuning, is_full=True) == Budget(40, 60, None)


def test_settings_compared_on_a_part_of_the_rows_are_fitted_and_calibrated_on_all(make_examples, target, training):
    examples = make_examples(1500)
    on_all, on_part = (train_within(examples, target, training, max_rows) for max_rows in (None, 300))
    assert on_part.arms["pr_auc"].tolist() != on_all.arms["pr_auc"].tolist()
    assert on_part.artifact.manifest.arm == on_all.artifact.manifest.arm
    pd.testing.assert_frame_equal(on_part.out_of_fold, on_all.out_of_fold)
    assert on_part.artifact.predictor.to_files() == on_all.artifact.predictor.to_files()


def train_within(examples, target, training, max_rows):
    return train_binary_model(examples, target, training, cutoff=None, config_hash="c", data_hash="d", budget=Budget(0, 1.0, max_rows))


def test_scores_that_are_all_equal_break_nothing(make_examples, target, training):
    examples = make_examples(600)
    X = examples.X.assign(x=0.0, noise=0.0, is_trial=np.r_[np.ones(3), np.zeros(597)]).drop(columns="territory")
    flat = replace(examples, X=X, features=examples.features[:3])
    found = train(flat, target, training, trials=4)
    score = found.artifact.score(flat.X)
    assert np.ptp(score) == 0
    assert score[0] == pytest.approx(flat.y.mean(), abs=0.01)
    assert found.artifact.manifest.tuning["chosen_trial"] == 0
