"""Segments on planted groups: found, named, stable, and kept for next month."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from clv_platform.models.segments import SegmentModel, fit_segments

FEATURES = ["revenue", "n_orders", "days_since_last_order"]


def _planted(seed: int, n: int = 200) -> tuple[pd.DataFrame, np.ndarray]:
    """Three groups: big and recent, small and recent, gone; revenue skewed as in life."""
    rng = np.random.default_rng(seed)
    groups = [(8.0, 30, 15), (4.0, 4, 20), (5.0, 5, 400)]
    parts = [
        pd.DataFrame(
            {
                "revenue": rng.lognormal(mean, 0.3, n),
                "n_orders": rng.poisson(orders, n),
                "days_since_last_order": rng.gamma(30, days / 30, n),
            }
        )
        for mean, orders, days in groups
    ]
    return pd.concat(parts, ignore_index=True), np.repeat(np.arange(3), n)


@pytest.fixture(scope="module")
def fit():
    return fit_segments(_planted(0)[0], FEATURES, labels={"revenue": "revenue", "days_since_last_order": "silence"})


def test_planted_groups_are_found(fit):
    assert adjusted_rand_score(_planted(0)[1], fit.labels) > 0.95
    assert fit.choice.loc[fit.choice["is_chosen"], "n_segments"].tolist() == [3]
    assert fit.choice.loc[fit.choice["is_chosen"], "stability"].item() > 0.95


def test_names_are_different_and_tell_the_traits(fit):
    assert len(set(fit.model.names)) == 3
    gone = fit.profile.loc[fit.profile["days_since_last_order"].idxmax(), "name"]
    assert "high silence" in gone


def test_next_months_accounts_go_into_the_same_segments(fit):
    kept = SegmentModel.from_json(json.loads(json.dumps(fit.model.to_json())))
    later, truth = _planted(1)
    assert adjusted_rand_score(truth, kept.assign(later)) > 0.95
    np.testing.assert_array_equal(kept.assign(_planted(0)[0]), fit.labels)


def test_the_profile_counts_everybody_once(fit):
    segments = fit.profile[fit.profile["segment"] > 0]
    assert segments["n"].sum() == 600
    assert segments["n"].is_monotonic_decreasing
    assert fit.profile.loc[fit.profile["segment"] == 0, "n"].item() == 600


def test_a_density_search_finds_the_same_groups(fit):
    row = fit.alternatives.iloc[0]
    assert row["n_segments"] == 3
    assert row["agreement"] > 0.9


def test_accounts_without_structure_are_reported_as_unstable():
    rng = np.random.default_rng(4)
    cloud = pd.DataFrame(rng.normal(size=(400, 5)), columns=list("abcde"))
    fit = fit_segments(cloud, list("abcde"))
    assert fit.choice["silhouette"].max() < 0.25
    assert fit.choice["stability"].max() < 0.75


def test_gaps_and_constant_columns_do_no_harm():
    frame, truth = _planted(0)
    frame["constant"] = 1.0
    frame["empty"] = np.nan
    frame.loc[::10, "revenue"] = np.nan
    fit = fit_segments(frame, [*FEATURES, "constant", "empty"])
    assert fit.model.scaling.features == tuple(FEATURES)
    assert adjusted_rand_score(truth, fit.labels) > 0.85


def test_too_few_accounts_and_equal_accounts_are_named():
    with pytest.raises(ValueError, match="at least 30 accounts for 3 segments, found 5"):
        fit_segments(_planted(0)[0].head(5), FEATURES)
    with pytest.raises(ValueError, match="a feature that differs between accounts, found none among a"):
        fit_segments(pd.DataFrame({"a": np.ones(100)}), ["a"])
    with pytest.raises(ValueError, match="expected the feature 'n_orders'"):
        fit_segments(_planted(0)[0], FEATURES).model.assign(pd.DataFrame({"revenue": [1.0]}))
