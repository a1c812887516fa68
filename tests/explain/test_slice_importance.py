from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clv_platform.explain import explain_examples
from clv_platform.explain.slice_importance import cut_levels


def test_importance_of_a_slice_is_that_of_its_rows_alone(small_artifact, small_examples):
    rows = small_examples.take(np.arange(900))
    table = explain_examples(small_artifact, rows, slices=("territory",), batch_rows=70).by_slice
    contributions = small_artifact.contributions(rows.X)[:, :-1]
    impressions = contributions[:, :3].sum(axis=1)
    for level in ("T1", "T2", "T3"):
        own = (rows.X["territory"] == level).to_numpy()
        found = table[(table["level"] == level) & (table["family"] == "impressions_x")].iloc[0]
        assert found["n"] == own.sum()
        assert found["mean_abs"] == pytest.approx(np.abs(impressions[own]).mean(), abs=1e-9)
        assert found["mean"] == pytest.approx(impressions[own].mean(), abs=1e-9)
    everyone = table[(table["column"] == "(all)") & (table["family"] == "impressions_x")].iloc[0]
    assert everyone["mean_abs"] == pytest.approx(np.abs(impressions).mean(), abs=1e-9)
    assert (table.groupby(["column", "level"])["share"].sum().round(9) == 1).all()
    assert everyone["label"] == "impressions on X"


def test_private_slices_and_private_features_are_left_out(small_artifact, small_examples):
    rows = small_examples.take(np.arange(300))
    table = explain_examples(small_artifact, rows, slices=("territory", "is_trial"), private=("territory", "noise")).by_slice
    assert set(table["column"]) == {"(all)", "is_trial"}
    assert not {"territory", "noise"} & set(table["family"])
    assert set(table["level"]) == {"(all)", "yes", "no"}


def test_columns_are_cut_as_people_would():
    codes, levels = cut_levels(pd.Series(pd.Categorical(["b", "a", "b", None])))
    assert (levels, codes.tolist()) == (["b", "(no value)", "a"], [0, 2, 0, 1])
    codes, levels = cut_levels(pd.Series([*np.arange(1.0, 101.0), np.nan]))
    assert sorted(levels, key=lambda level: levels.index(level))[-1] == "(no value)"
    assert np.bincount(codes)[:4].tolist() == [25, 25, 25, 25]
    assert cut_levels(pd.Series([np.nan, np.nan]))[1] == ["(no value)"]
    assert cut_levels(pd.Series([7.0, 7.0]))[1] == ["7"]


def test_many_levels_are_cut_to_the_most_frequent():
    values = pd.Series(pd.Categorical([f"L{k}" for k in range(50_000)] + ["big"] * 10))
    codes, levels = cut_levels(values)
    assert len(levels) == 12
    assert levels[0] == "big"
    assert (codes == -1).sum() == 50_000 - 11


def test_slices_of_few_rows_and_unknown_columns_are_left_out(small_artifact, small_examples):
    rows = small_examples.take(np.arange(100))
    X = rows.X.assign(territory=pd.Categorical(["T1"] * 95 + ["T2"] * 5))
    from dataclasses import replace

    table = explain_examples(small_artifact, replace(rows, X=X), slices=("territory", "no_such_column")).by_slice
    assert set(table["level"]) == {"(all)", "T1"}
