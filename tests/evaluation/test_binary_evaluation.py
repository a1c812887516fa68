"""Figures of an evaluation: the promised keys, right values, intervals, baselines beside the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score
from sklearn.metrics import log_loss as sklearn_log_loss

from clv_platform.evaluation import cross_fitted_thresholds, evaluate_binary, evaluate_out_of_fold
from clv_platform.metrics import f1_at, pr_auc

FIGURES = ["pr_auc", "pr_auc_baseline", "roc_auc", "f1", "log_loss", "brier", "lift_at_10", "lift_at_20", "capture_at_20"]
FIGURES += ["calibration_error"]


def test_metrics_have_every_promised_key_and_an_interval_around_each_figure(signal):
    metrics = signal.metrics
    assert {"f1_threshold", "n", "n_positive", "split", "model_id", "verdict", "schema_version"} <= set(metrics)
    for name in FIGURES:
        assert metrics[f"{name}_lo"] <= metrics[name] <= metrics[f"{name}_hi"], name


def test_metrics_equal_those_of_scikit_learn(signal, signal_rows):
    y, score = signal_rows["y"], signal_rows["score"]
    assert signal.metrics["pr_auc"] == pytest.approx(average_precision_score(y, score), abs=1e-12)
    assert signal.metrics["log_loss"] == pytest.approx(sklearn_log_loss(y, score), abs=1e-12)
    assert signal.metrics["f1"] == pytest.approx(f1_score(y, score >= 0.15), abs=1e-12)
    assert signal.metrics["pr_auc_baseline"] == pytest.approx(y.mean())
    assert signal.metrics["f1_threshold"] == 0.15


def test_leaderboard_shows_the_model_and_all_baselines_with_paired_differences(signal, signal_rows):
    board = signal.leaderboard.set_index("model")
    assert board.index.tolist() == ["model", "prevalence", "best_single_column", "logistic_regression"]
    expected = pr_auc(signal_rows["y"], signal_rows["score"]) - pr_auc(signal_rows["y"], signal_rows["baselines"]["logistic_regression"])
    row = board.loc["logistic_regression"]
    assert row["pr_auc_difference"] == pytest.approx(expected)
    assert row["pr_auc_difference_lo"] < expected < row["pr_auc_difference_hi"]
    assert np.isnan(board.loc["model", "pr_auc_difference"])


def test_a_baseline_equal_to_the_model_differs_by_nothing_in_every_draw(signal_rows, evaluation_of):
    twin = evaluation_of(signal_rows | {"baselines": {"prevalence": signal_rows["baselines"]["prevalence"], "twin": signal_rows["score"]}})
    row = twin.leaderboard.set_index("model").loc["twin"]
    assert row[["pr_auc_difference", "pr_auc_difference_lo", "pr_auc_difference_hi"]].tolist() == [0, 0, 0]


def test_the_same_seed_gives_the_same_evaluation(signal, signal_rows, evaluation_of):
    again = evaluation_of(signal_rows)
    assert again.metrics == signal.metrics
    pd.testing.assert_frame_equal(again.leaderboard, signal.leaderboard)


def test_figures_do_not_depend_on_the_order_of_rows(signal, signal_rows, evaluation_of):
    order = np.random.default_rng(0).permutation(len(signal_rows["y"]))
    shuffled = {name: values[order] for name, values in signal_rows.items() if name != "baselines"}
    shuffled["baselines"] = {name: values[order] for name, values in signal_rows["baselines"].items()}
    again = evaluation_of(shuffled)
    for name, value in signal.metrics.items():
        assert again.metrics[name] == (pytest.approx(value, abs=1e-9) if isinstance(value, float) else value), name


def test_predictions_hold_keys_truth_score_and_slices(signal_rows, evaluation_of):
    n = len(signal_rows["y"])
    evaluation = evaluation_of(signal_rows, slices=pd.DataFrame({"territory": np.resize(["T1", "T2"], n)}))
    assert evaluation.predictions.columns.tolist() == ["account_id", "as_of_date", "y_true", "score", "territory"]
    assert pr_auc(evaluation.predictions["y_true"], evaluation.predictions["score"]) == evaluation.metrics["pr_auc"]


def test_the_account_disjoint_score_uses_the_rows_that_have_one(signal_rows, evaluation_of):
    held = np.arange(len(signal_rows["y"])) // 3 % 5 == 0
    metrics = evaluation_of(signal_rows, account_disjoint_score=np.where(held, signal_rows["score"], np.nan)).metrics
    assert metrics["pr_auc_account_disjoint"] == pytest.approx(pr_auc(signal_rows["y"][held], signal_rows["score"][held]))
    assert metrics["n_account_disjoint"] == held.sum()


def test_no_test_rows_is_an_error_with_a_remedy():
    with pytest.raises(ValueError, match="expected test rows, found none"):
        evaluate_binary([], [], [], [], baselines={}, f1_threshold=0.1, split="time_last_3", model_id="m")


def test_scores_of_another_length_name_the_model(signal_rows, evaluation_of):
    with pytest.raises(ValueError, match="prevalence: expected 4500 scores, one per row, found 3"):
        evaluation_of(signal_rows | {"baselines": {"prevalence": np.ones(3)}})


class TestOutOfFold:
    n = 1200

    def _rows(self):
        random = np.random.default_rng(4)
        truth = 1 / (1 + np.exp(-random.normal(-2.5, 1.2, self.n)))
        y = (random.random(self.n) < truth).astype(float)
        scores = np.clip(truth * np.exp(random.normal(0, 0.4, (3, self.n))), 0, 1)
        folds = random.integers(0, 5, (3, self.n))
        return y, scores, folds

    def _evaluate(self, **options):
        y, scores, folds = self._rows()
        arguments = {"baselines": {"prevalence": np.full(self.n, y.mean())}, "model_id": "m", "folds": folds, "n_bootstraps": 60} | options
        return evaluate_out_of_fold(y, scores, np.arange(self.n), **arguments)

    def test_figures_are_means_over_fold_seeds(self):
        y, scores, _ = self._rows()
        evaluation = self._evaluate()
        assert evaluation.metrics["pr_auc"] == pytest.approx(np.mean([pr_auc(y, row) for row in scores]), abs=1e-12)
        assert evaluation.metrics["split"] == "oof_stratified_5"
        assert evaluation.metrics["n"] == self.n

    def test_tables_agree_with_the_mean_figures(self):
        evaluation = self._evaluate()
        assert evaluation.lift["cumulative_capture"][1] == pytest.approx(evaluation.metrics["capture_at_20"])
        assert evaluation.gains.set_index("share")["capture"].iloc[20] == pytest.approx(evaluation.metrics["capture_at_20"])
        assert evaluation.lift["n"].sum() == self.n
        assert evaluation.lift["n_positive"].sum() == pytest.approx(evaluation.metrics["n_positive"])

    def test_the_threshold_of_a_fold_is_chosen_on_the_others(self):
        y, scores, folds = self._rows()
        thresholds = cross_fitted_thresholds(y, scores, folds)
        changed = y.copy()
        changed[folds[0] == 2] = 1 - changed[folds[0] == 2]
        again = cross_fitted_thresholds(changed, scores, folds)
        np.testing.assert_array_equal(again[0, folds[0] == 2], thresholds[0, folds[0] == 2])
        assert (again[0] != thresholds[0]).any()

    def test_given_thresholds_are_used_as_they_are(self):
        y, scores, _ = self._rows()
        evaluation = self._evaluate(folds=None, f1_thresholds=np.full(scores.shape, 0.2))
        assert evaluation.metrics["f1"] == pytest.approx(np.mean([f1_at(y, row, 0.2) for row in scores]))
        assert evaluation.metrics["f1_threshold"] == 0.2

    def test_neither_folds_nor_thresholds_is_an_error(self):
        with pytest.raises(ValueError, match="expected f1_thresholds or folds, found neither"):
            self._evaluate(folds=None)

    def test_with_one_row_per_account_the_figure_is_account_disjoint(self):
        metrics = self._evaluate().metrics
        assert metrics["pr_auc_account_disjoint"] == metrics["pr_auc"]

    def test_predictions_keep_each_seeds_scores(self):
        predictions = self._evaluate().predictions
        assert [name for name in map(str, predictions) if name.startswith("score")] == [
            "score",
            "score_seed_0",
            "score_seed_1",
            "score_seed_2",
        ]
        assert predictions["as_of_date"].isna().all()
