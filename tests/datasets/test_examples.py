"""Example tables become typed arrays in a fixed order."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import CompanyConfig
from clv_platform.datasets import LabelError, build_examples


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": ["b", "a", "c", "a", "d"],
            "as_of_date": pd.to_datetime(["2024-02-01", "2024-02-01", "2024-01-01", "2024-01-01", "2024-01-01"]),
            "is_eligible": [True, True, True, True, False],
            "country": ["DE", None, "AT", "DE", "CH"],
            "n_logins": [Decimal("2.5"), None, np.inf, 4, 5],
            "has_team": pd.array([True, None, False, True, True], dtype="boolean"),
            "y_upgrade_90d": pd.array([1, 0, None, 0, 1], dtype="Int64"),
            "extra": [1, 2, 3, 4, 5],
        }
    )


def test_features_come_in_catalogue_order_with_the_promised_types(frame, config):
    examples = build_examples(frame, config, config.targets[0])
    assert list(examples.X.columns) == ["n_logins", "has_team", "country"] == [feature.name for feature in examples.features]
    assert examples.X["n_logins"].dtype == np.float64
    assert examples.X["has_team"].dtype == np.float64
    assert isinstance(examples.X["country"].dtype, pd.CategoricalDtype)
    assert examples.X["country"].cat.categories.tolist() == ["AT", "DE"]


def test_only_eligible_rows_stay_sorted_by_date_and_account(frame, config):
    examples = build_examples(frame.sample(frac=1, random_state=3), config, config.targets[0])
    assert examples.account_id.tolist() == ["a", "c", "a", "b"]
    assert examples.as_of_date.tolist() == sorted(examples.as_of_date.tolist())
    np.testing.assert_array_equal(examples.y, [0, np.nan, 0, 1])


def test_missing_stays_missing_and_infinite_becomes_missing(frame, config):
    examples = build_examples(frame, config, config.targets[0])
    np.testing.assert_array_equal(examples.X["n_logins"], [4, np.nan, np.nan, 2.5])
    np.testing.assert_array_equal(examples.X["has_team"], [1, 0, np.nan, 1])
    assert examples.X["country"].isna().tolist() == [False, False, True, False]


def test_an_all_null_and_a_numeric_category_are_read(frame, config):
    frame["country"] = [None] * 5
    assert build_examples(frame, config, config.targets[0]).X["country"].isna().all()
    frame["country"] = [1, 2, 1, 2, 1]
    assert build_examples(frame, config, config.targets[0]).X["country"].cat.categories.tolist() == ["1", "2"]


def test_undated_examples_have_a_label_without_horizon_and_no_dates(frame, config):
    undated = CompanyConfig.model_validate(config.model_dump(exclude_unset=True) | {"snapshots": {"is_undated": True}})
    flat = frame.assign(as_of_date=None).rename(columns={"y_upgrade_90d": "y_upgrade"})
    examples = build_examples(flat, undated, undated.targets[0])
    assert examples.label == "y_upgrade"
    assert examples.is_undated


def test_a_target_with_its_own_dates_gets_their_rows_only(frame, config):
    target = config.targets[0].model_copy(update={"as_of_dates": (pd.Timestamp("2024-02-01").date(),)})
    assert build_examples(frame, config, target).account_id.tolist() == ["a", "b"]


def test_take_accepts_masks_and_positions_and_keeps_levels(frame, config):
    examples = build_examples(frame, config, config.targets[0])
    by_mask, by_position = examples.take(examples.is_usable), examples.take(np.array([3, 0]))
    assert by_mask.account_id.tolist() == ["a", "a", "b"]
    assert by_position.account_id.tolist() == ["b", "a"]
    assert by_position.X["country"].cat.categories.tolist() == ["AT", "DE"]
    assert by_position.X.index.tolist() == [0, 1]


def test_a_missing_feature_column_is_named(frame, config):
    with pytest.raises(ValueError, match="fct_upgrade_examples: expected 7 columns, found no n_logins"):
        build_examples(frame.drop(columns="n_logins"), config, config.targets[0])


def test_text_in_a_number_feature_names_column_and_remedy(frame, config):
    with pytest.raises(ValueError, match=r"fct_upgrade_examples\.n_logins: expected a number.*type `category`"):
        build_examples(frame.assign(n_logins=["a", "b", "c", "d", "e"]), config, config.targets[0])


def test_a_label_of_one_class_is_refused(frame, config):
    with pytest.raises(LabelError, match=r"target `upgrade`, label column `y_upgrade_90d`: expected both 0 and 1, found only 0 \(4 rows\)"):
        build_examples(frame.assign(y_upgrade_90d=0), config, config.targets[0])


def test_a_label_of_three_values_is_refused(frame, config):
    with pytest.raises(LabelError, match=r"expected 0, 1 and null, found 0 \(2 rows\), 1 \(1 rows\), 2 \(1 rows\)"):
        build_examples(frame.assign(y_upgrade_90d=[0, 1, 2, 0, 0]), config, config.targets[0])
