"""Trees of value models: rows put into bins once serve all of them."""

import pytest

from clv_platform.models.arms import run_parallel
from clv_platform.models.value import trees
from clv_platform.models.value.backtests import prepare
from clv_platform.models.value.foundation import LEVEL, RUN_RATE, Foundations
from clv_platform.models.value.trees import SharedBins, TreeSpec, fit_trees

SPECS = (
    TreeSpec("spend", "tweedie", LEVEL),
    TreeSpec("purchases", "poisson", RUN_RATE),
    TreeSpec("active", "poisson", RUN_RATE),
    TreeSpec("spend_if_active", "tweedie", RUN_RATE),
)


def test_trees_of_shared_bins_are_those_they_would_be_alone_and_side_by_side(shop_split) -> None:
    split = shop_split
    learn = prepare(Foundations(split, 7), split.rows(split.learning), split.test.over(split.horizon_days), split.test_date).learn
    bins = SharedBins()
    alone = [fit_trees(learn, spec, rounds=10, seed=3, n_bags=2) for spec in SPECS]
    shared = run_parallel(lambda spec: fit_trees(learn, spec, rounds=10, seed=3, n_bags=2, bins=bins), SPECS, 2)
    assert [model.texts() for model in shared] == [model.texts() for model in alone]
    assert [model.level for model in shared] == [model.level for model in alone]
    assert len({text for model in alone for text in model.texts()}) == 2 * len(SPECS)


@pytest.mark.parametrize(("columns_are_many", "times"), [(False, 3), (True, 1)])
def test_counts_are_learnt_from_three_times_the_rows_unless_columns_are_many(shop_split, monkeypatch, columns_are_many, times) -> None:
    split = shop_split
    learn = prepare(Foundations(split, 7), split.rows(split.learning), split.test.over(split.horizon_days), split.test_date).learn
    n_columns = learn.matrix.values.shape[1]
    few = len(learn) // 4
    monkeypatch.setattr(trees, "MAX_NUMBERS", few * n_columns)
    monkeypatch.setattr(trees, "_MIN_ROWS", 1)
    monkeypatch.setattr(trees, "WIDE", n_columns - 1 if columns_are_many else n_columns)

    def rows_read(spec: TreeSpec) -> int:
        tree = fit_trees(learn, spec, rounds=1, seed=0, n_bags=1).boosters[0].dump_model()["tree_info"][0]["tree_structure"]
        return round(tree["internal_count"] / 0.7)  # each tree is grown on about seven tenths of its booster's rows, drawn at random

    assert rows_read(TreeSpec("spend", "tweedie", RUN_RATE)) == pytest.approx(few, rel=0.1)
    assert rows_read(TreeSpec("purchases", "poisson", RUN_RATE)) == pytest.approx(times * few, rel=0.1)


def test_all_rows_are_read_where_they_are_few() -> None:
    assert len(trees._sample(1000, 30, seed=0)) == 1000
    assert len(trees._sample(60_000, 30, seed=0)) == 40_000
    assert len(trees._sample(60_000, 30, seed=0, times=3)) == 60_000
