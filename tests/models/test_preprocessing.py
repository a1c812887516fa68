from __future__ import annotations

import json

import numpy as np
import pandas as pd

from clv_platform.models import Preprocessing, fit_preprocessing
from clv_platform.models.preprocessing import CategoryColumn, DroppedColumn


def test_gaps_become_zero_with_a_flag_learnt_on_training_rows(make_feature):
    learnt = fit_preprocessing(pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": [1.0, 2.0, 3.0]}), [make_feature("a"), make_feature("b")])
    matrix = learnt.transform(pd.DataFrame({"a": [5.0, np.nan], "b": [np.nan, 7.0]}))
    assert matrix.names == ("a", "is_missing_a", "b")
    assert matrix.values.tolist() == [[5, 0, 0], [0, 1, 7]]
    assert matrix.sources == ("a", "a", "b")


def test_later_rows_change_nothing_that_was_learnt(make_feature):
    features = [make_feature("a"), make_feature("t", "category")]
    train = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "t": pd.Categorical(["x", "x", "y", "y"])})
    learnt = fit_preprocessing(train, features)
    before = learnt.to_json()
    learnt.transform(pd.DataFrame({"a": [np.nan], "t": pd.Categorical(["z"])}))
    assert learnt.to_json() == before


def test_infinite_values_count_as_gaps(make_feature):
    learnt = fit_preprocessing(pd.DataFrame({"a": [1.0, np.inf, 3.0]}), [make_feature("a")])
    assert learnt.transform(pd.DataFrame({"a": [-np.inf]})).values.tolist() == [[0, 1]]


def test_constant_and_empty_columns_are_dropped_and_listed(make_feature):
    frame = pd.DataFrame({"same": [7.0] * 4, "empty": [np.nan] * 4, "one": pd.Categorical(["x"] * 4), "none": pd.Categorical([None] * 4)})
    features = [make_feature("same"), make_feature("empty"), make_feature("one", "category"), make_feature("none", "category")]
    learnt = fit_preprocessing(frame, features)
    assert learnt.columns == ()
    assert learnt.dropped == (
        DroppedColumn("same", "number", "always 7 in the training rows"),
        DroppedColumn("empty", "number", "no value in the training rows"),
        DroppedColumn("one", "category", "always 'x' in the training rows"),
        DroppedColumn("none", "category", "no value in the training rows"),
    )
    assert learnt.transform(frame).values.shape == (4, 0)


def test_constant_with_gaps_keeps_only_its_flag(make_feature):
    learnt = fit_preprocessing(pd.DataFrame({"a": [7.0, np.nan, 7.0]}), [make_feature("a")])
    matrix = learnt.transform(pd.DataFrame({"a": [7.0, np.nan]}))
    assert matrix.names == ("is_missing_a",)
    assert matrix.values.tolist() == [[0], [1]]


def test_category_gaps_get_the_most_frequent_level(make_feature):
    learnt = fit_preprocessing(pd.DataFrame({"t": pd.Categorical(["b", "b", "b", "a", "a", None])}), [make_feature("t", "category")])
    assert learnt.columns == (CategoryColumn("t", ("b", "a"), False),)
    assert learnt.transform(pd.DataFrame({"t": pd.Categorical([None, "a", "b"])})).values.ravel().tolist() == [0, 1, 0]


def test_unseen_category_gets_other_or_else_the_most_frequent_level(make_feature):
    without = fit_preprocessing(pd.DataFrame({"t": pd.Categorical(["b"] * 3 + ["a"] * 2)}), [make_feature("t", "category")])
    assert without.transform(pd.DataFrame({"t": pd.Categorical(["never"])})).values.tolist() == [[0]]
    with_rare = fit_preprocessing(pd.DataFrame({"t": pd.Categorical(["b"] * 3 + ["a"] * 2 + ["rare"])}), [make_feature("t", "category")])
    assert with_rare.transform(pd.DataFrame({"t": pd.Categorical(["never", "rare", "a"])})).values.ravel().tolist() == [2, 2, 1]


def test_ten_thousand_levels_become_two_hundred_and_other(make_feature):
    rng = np.random.default_rng(0)
    levels = np.minimum(rng.zipf(1.2, 100_000), 10_000)
    frame = pd.DataFrame({"t": pd.Categorical(levels.astype(str))})
    column = fit_preprocessing(frame, [make_feature("t", "category")]).columns[0]
    assert isinstance(column, CategoryColumn)
    assert len(column.levels) == 200
    assert column.has_other
    counts = pd.Series(levels.astype(str)).value_counts()
    assert column.levels[0] == counts.index[0]
    assert min(counts[level] for level in column.levels) >= 20


def test_all_levels_rare_is_dropped_with_the_reason(make_feature):
    frame = pd.DataFrame({"t": pd.Categorical([f"id{k}" for k in range(100)])})
    assert fit_preprocessing(frame, [make_feature("t", "category")]).dropped[0].reason == "100 levels, none with 2 rows"


def test_json_gives_back_the_same_preprocessing(make_examples):
    examples = make_examples(500)
    learnt = fit_preprocessing(examples.X, examples.features)
    back = Preprocessing.from_json(json.loads(json.dumps(learnt.to_json())))
    assert back == learnt
    assert np.array_equal(back.transform(examples.X).values, learnt.transform(examples.X).values)
    assert back.feature_types == {"x": "number", "noise": "number", "is_trial": "boolean", "territory": "category"}
