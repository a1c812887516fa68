"""Labels that can't be learnt are refused with a message for people."""

from __future__ import annotations

import numpy as np
import pytest

from clv_platform.config import Target, Training
from clv_platform.datasets import LabelError, check_label_values, check_trainable, label_name

TARGET = Target(name="churn", kind="churn", horizon_days=30, label_column="Churn")


@pytest.mark.parametrize(
    "counts",
    [
        [(0, 90), (1, 10)],
        [("No", 5), ("Yes", 3)],
        [(False, 2), (True, 2)],
        [(0.0, 4), (1.0, 2), (None, 7), (float("nan"), 1), ("", 3)],
    ],
)
def test_two_values_of_which_one_means_yes_are_accepted(counts):
    check_label_values(counts, TARGET)


def test_three_values_are_refused_with_all_of_them():
    with pytest.raises(LabelError) as error:
        check_label_values([("yes", 10), ("no", 80), ("unknown", 7)], TARGET)
    assert str(error.value) == (
        "target `churn`, label column `Churn`: expected two values, found 3: 'no' (80 rows), 'yes' (10 rows), 'unknown' (7 rows). "
        "It isn't clear which of them mean no: turn them into 1, 0 and null in the source's `query`, "
        "or leave rows out with an `exclude` rule."
    )


def test_one_value_is_refused():
    with pytest.raises(LabelError, match=r"`Churn`: expected two values, found 'no' \(80 rows\)\. There is nothing to tell"):
        check_label_values([("no", 80)], TARGET)


def test_a_column_of_nulls_is_refused():
    with pytest.raises(LabelError, match="found only nulls"):
        check_label_values([(None, 80)], TARGET)


def test_two_values_of_which_none_means_yes_are_refused():
    with pytest.raises(LabelError, match=r"expected two values, found 2: 'Stayed' .*It isn't clear which of them mean no"):
        check_label_values([("Left", 2), ("Stayed", 8)], TARGET)


def test_two_values_that_both_mean_yes_are_refused_naming_the_key_to_set():
    with pytest.raises(LabelError, match=r"all of them count as yes .* List the values that mean yes under `positive_values`"):
        check_label_values([("1", 2), ("true", 8)], TARGET)


def test_a_customised_yes_is_accepted_without_case():
    check_label_values([("LEFT", 2), ("stayed", 8)], TARGET.model_copy(update={"positive_values": ("left",)}))


def test_too_few_positives_say_how_many_there_are_and_are_needed():
    y = np.r_[np.ones(5), np.zeros(100), np.full(20, np.nan)]
    with pytest.raises(LabelError, match=r"target `churn`, label column `y_churn_30d`: expected at least 30 positives .*found 5 among 105"):
        check_trainable(y, TARGET, Training(), "y_churn_30d")
    check_trainable(y, TARGET, Training(min_positives=5))


def test_training_rows_without_labels_are_refused():
    with pytest.raises(LabelError, match="expected usable labels in the training rows, found none"):
        check_trainable(np.full(4, np.nan), TARGET, Training())


def test_label_names_carry_the_horizon_unless_undated():
    assert label_name(TARGET, is_undated=False) == "y_churn_30d"
    assert label_name(TARGET, is_undated=True) == "y_churn"
