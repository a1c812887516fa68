from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from clv_platform.datasets import ValueSplit

from .conftest import train, value_config


def test_other_algorithms_rank_customers_too_stand_beside_and_never_win(shop_split: ValueSplit) -> None:
    trained = train(shop_split, config=value_config(("random_forest", "neural_network", "xgboost", "catboost", "logistic_regression")))
    board = {str(row["model"]): row for row in trained.leaderboard.to_dict("records")}
    for name, needs in {"random_forest": "sklearn", "neural_network": "sklearn", "xgboost": "xgboost", "catboost": "catboost"}.items():
        if find_spec(needs) is None:
            assert "make zoo" in board[name]["note"]
            continue
        assert np.isfinite(board[name]["ngini"])
        assert board[name]["ngini"] > 0.3
        assert board[name]["kind"] == "comparator"
        assert not board[name]["is_champion"]
        assert np.isfinite(trained.contenders[name]).all()
    assert "logistic_regression" not in board, "it has no counterpart for amounts"
