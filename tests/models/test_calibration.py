from __future__ import annotations

import json

import numpy as np
import pytest

from clv_platform.metrics import calibration_error
from clv_platform.models import Calibrator, fit_calibrator


@pytest.fixture
def truth() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    log_odds = rng.normal(-3, 1, 50_000)
    return (rng.random(50_000) < 1 / (1 + np.exp(-log_odds))).astype(float), log_odds


def test_calibrated_log_odds_stay_as_they_are(truth):
    calibrator = fit_calibrator(*truth)
    assert calibrator.slope == pytest.approx(1, abs=0.03)
    assert calibrator.intercept == pytest.approx(0, abs=0.08)


def test_known_shift_and_stretch_are_undone(truth):
    y, log_odds = truth
    calibrator = fit_calibrator(y, 2 * log_odds + 3)  # what class weights do: a shift
    assert calibrator.slope == pytest.approx(0.5, abs=0.02)
    assert calibrator.apply(2 * log_odds + 3).mean() == pytest.approx(y.mean(), abs=1e-4)
    assert calibration_error(y, calibrator.apply(2 * log_odds + 3)) < 0.003


def test_perfectly_separated_scores_give_finite_chances():
    y = np.r_[np.zeros(50), np.ones(5)]
    chance = fit_calibrator(y, np.r_[np.linspace(-3, -1, 50), np.linspace(1, 2, 5)]).apply(np.array([-3.0, 2.0]))
    assert 0 < chance[0] < 0.05
    assert 0.8 < chance[1] < 1


def test_scores_that_rank_backwards_give_the_base_rate():
    rng = np.random.default_rng(0)
    raw = rng.normal(size=5000)
    y = (rng.random(5000) < 1 / (1 + np.exp(2 + raw))).astype(float)
    calibrator = fit_calibrator(y, raw)
    assert calibrator.is_slope_floored
    assert calibrator.apply(raw).mean() == pytest.approx(y.mean(), abs=1e-3)
    assert calibrator.apply(raw).std() < 0.01


def test_constant_scores_give_the_base_rate():
    y = np.r_[np.ones(10), np.zeros(90)]
    assert fit_calibrator(y, np.zeros(100)).apply(np.zeros(1)) == pytest.approx(0.1, abs=0.01)


def test_json_gives_back_the_same_calibrator(truth):
    calibrator = fit_calibrator(*truth)
    assert Calibrator.from_json(json.loads(json.dumps(calibrator.to_json()))) == calibrator


def test_straight_truth_is_not_bent(truth):
    assert fit_calibrator(*truth).bend == 0


def test_chances_that_level_off_among_the_best_scores_are_bent_and_right():
    rng = np.random.default_rng(3)
    raw = rng.normal(-4, 2, 60_000)
    chance = np.minimum(1 / (1 + np.exp(-raw)), 0.25)
    y = (rng.random(len(raw)) < chance).astype(float)
    calibrator = fit_calibrator(y[:30_000], raw[:30_000])
    assert calibrator.bend < 0
    assert calibrator.slope + calibrator.bend > 0
    assert calibration_error(y[30_000:], calibrator.apply(raw[30_000:])) < 0.006
    assert np.all(np.diff(calibrator.apply(np.sort(raw))) >= 0)
