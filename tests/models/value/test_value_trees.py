"""Trees of value models: rows put into bins once serve all of them."""

from clv_platform.models.arms import run_parallel
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
