# ruff: noqa: E501 (the messages are given as people see them)
"""Examples that can't be learnt from, each with the whole message that a person reads, and odd ones that can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import Target, Training
from clv_platform.datasets import Examples, LabelError, NotEnoughHistory, check_label_column, find_leaks, split_by_time
from clv_platform.models import NoUsableFeatures, train_binary_model

MORE = (
    "Give more accounts or a longer history, lengthen `horizon_days`, or (at the price of chance results) lower `training.min_positives`."
)
HERE = "target `upgrade`, label column `y_upgrade`"


def with_labels(examples: Examples, *labels: float) -> Examples:
    y = np.resize(np.array(labels), len(examples.y))
    return replace(examples, y=y)


def without_variation(examples: Examples) -> Examples:
    n = len(examples.y)
    X = pd.DataFrame({"x": np.full(n, np.nan), "noise": np.ones(n), "is_trial": np.zeros(n)})
    return replace(examples, X=X, features=examples.features[:3])


CASES: dict[str, tuple[int, Callable[[Examples], Examples], type[Exception], str]] = {
    "no account with the event": (
        200, lambda e: with_labels(e, 0), LabelError,
        f"{HERE}: expected at least 30 positives to learn from, found 0 among 200 training rows. {MORE}",
    ),
    "no account without the event": (
        200, lambda e: with_labels(e, 1), LabelError,
        f"{HERE}: expected at least 30 negatives to learn from, found 0 among 200 training rows. {MORE}",
    ),
    "no label known": (
        200, lambda e: with_labels(e, np.nan), LabelError,
        f"{HERE}: expected usable labels in the training rows, found none. Give a longer history or check `label_column`.",
    ),
    "three accounts": (
        3, lambda e: with_labels(e, 1, 0, 0), LabelError,
        f"{HERE}: expected at least 30 positives to learn from, found 1 among 3 training rows. {MORE}",
    ),
    "constant and all-null features only": (
        400, without_variation, NoUsableFeatures,
        "expected features that vary, found none among 3 in 400 training rows (x: no value in the training rows; noise: always 1 in the "
        "training rows; is_trial: always 0 in the training rows). Check the sources of these features, and `unused` in the config.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_examples_that_cannot_be_learnt_from_are_refused(make_examples, target: Target, training: Training, case: str):
    n, change, kind, message = CASES[case]
    with pytest.raises(kind) as error:
        train_binary_model(change(make_examples(n)), target, training, cutoff=None, config_hash="c", data_hash="d")
    assert str(error.value) == message


def test_a_label_of_three_values_is_refused(target: Target):
    with pytest.raises(LabelError) as error:
        check_label_column(np.array([0.0, 1.0, 2.0, 2.0, np.nan]), target, "y_upgrade")
    assert str(error.value) == (
        f"{HERE}: expected 0, 1 and null, found 0 (1 rows), 1 (1 rows), 2 (2 rows). Turn the label into 1 for yes and 0 for no in the "
        "source's `query`, and null where it isn't known."
    )


def test_a_leaking_column_is_named(make_examples):
    examples = make_examples(600)
    leaking = replace(examples, X=examples.X.assign(seats_after=examples.y * 3))
    assert find_leaks(leaking, None).message == (
        "Column `seats_after` alone separates the classes with a ROC-AUC of 1.000 (expected below 0.98): it probably holds what is only known "
        "afterwards. Add `seats_after` to `unused` in the config, or take its value from before the snapshot."
    )


def test_a_horizon_longer_than_the_history_is_refused(make_examples):
    with pytest.raises(NotEnoughHistory) as error:
        split_by_time(make_examples(20, n_dates=6), date(2024, 7, 1), 365, 1)
    assert str(error.value) == (
        "Not enough history for a horizon of 365 days: the first snapshot is 2024-01-01 and the data are known until 2024-07-01, 182 days, in "
        "which the labels of 0 as-of dates are usable. Needed: 731 days, until 2026-01-01, for 1 test date and a training date a full horizon "
        "before them. Give more history, or choose a shorter `horizon_days` of the target or fewer `training.n_test_dates`."
    )


def test_ten_thousand_levels_an_empty_and_a_constant_column_are_left_out_by_name(make_examples, target: Target, training: Training):
    examples = make_examples(3000, with_category=False)
    levels = np.random.default_rng(0).integers(0, 10_000, 3000)
    city = pd.Categorical.from_codes(levels, categories=pd.Index([f"city {k}" for k in range(10_000)]))
    names = replace(examples.features[0], name="city", type="category", label="city")
    X = examples.X.assign(noise=np.nan, is_trial=1.0, city=city)
    odd = replace(examples, X=X, features=(*examples.features, names))
    trained = train_binary_model(odd, target, training, cutoff=None, config_hash="c", data_hash="d")
    assert trained.artifact.manifest.dropped == {
        "noise": "no value in the training rows",
        "is_trial": "always 1 in the training rows",
        "city": "2602 levels, none with 20 rows",
    }
    assert np.isfinite(trained.artifact.score(odd.X)).all()
