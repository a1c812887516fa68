from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from clv_platform.datasets import ValueSplit

from .conftest import train, value_config


def test_other_algorithms_rank_customers_too_and_are_marked_as_comparators(shop_split: ValueSplit) -> None:
    trained = train(shop_split, config=value_config(("random_forest", "neural_network", "xgboost", "catboost")))
    board = trained.leaderboard.set_index("model")
    for name, needs in {"random_forest": "sklearn", "neural_network": "sklearn", "xgboost": "xgboost", "catboost": "catboost"}.items():
        if find_spec(needs) is None:
            assert "make zoo" in board.loc[name, "note"]
            continue
        assert np.isfinite(board.loc[name, "ngini"])
        assert board.loc[name, "ngini"] > 0.3
        assert board.loc[name, "kind"] == "comparator"
