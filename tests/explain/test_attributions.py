from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clv_platform.contracts.features import Feature
from clv_platform.datasets import Examples
from clv_platform.explain import PRIVATE, explain_examples


def test_known_drivers_come_first_and_noise_last(small_artifact, small_examples):
    importance = explain_examples(small_artifact, small_examples, max_rows=1000).importance
    assert "noise" in importance["feature"].tail(3).tolist()
    assert {"n_cases_90d", "impressions_x_mean_3m"} < set(importance["feature"].head(4))
    assert importance["share"].sum() == pytest.approx(1)
    assert importance["mean_abs"].is_monotonic_decreasing
    direction = dict(zip(importance["feature"], importance["direction"], strict=True))
    assert direction["n_cases_90d"] < -0.8
    assert direction["impressions_x_mean_3m"] > 0.8
    assert np.isnan(direction["territory"])
    assert dict(zip(importance["feature"], importance["label"], strict=True))["n_cases_90d"] == "support cases in 90 days"


def test_sample_rows_add_up_to_the_raw_score(small_artifact, small_examples):
    few = small_examples.take(np.arange(50))
    attributions = explain_examples(small_artifact, few).attributions
    assert len(attributions) == 50 * 7
    expected = small_artifact.raw_score(few.X) - small_artifact.contributions(few.X)[:, -1]
    total = attributions.groupby("account_id")["contribution"].sum().loc[few.account_id.tolist()]
    assert np.allclose(total, expected, atol=1e-5)
    ranks = attributions["value_rank"].dropna()
    assert ranks.between(0, 1).all()


def test_batches_change_nothing(small_artifact, small_examples):
    few = small_examples.take(np.arange(200))
    one, many = (explain_examples(small_artifact, few, batch_rows=rows).importance for rows in (200, 7))
    assert np.allclose(one["mean_abs"], many["mean_abs"])


def test_large_inputs_are_sampled_the_same_way_every_time(small_artifact, small_examples):
    first, again = (explain_examples(small_artifact, small_examples, max_rows=100, n_sample=10) for _ in range(2))
    assert first.n_rows == 100
    assert first.attributions["account_id"].nunique() == 10
    assert first.attributions.equals(again.attributions)


def test_private_columns_are_never_shown(small_artifact, small_examples):
    found = explain_examples(small_artifact, small_examples.take(np.arange(100)), private=("territory", "is_trial"))
    assert not {"territory", "is_trial"} & {*found.importance["feature"], *found.attributions["feature"]}
    assert PRIVATE in found.importance["feature"].tolist()
    assert PRIVATE not in found.attributions["feature"].tolist()


def test_contributions_that_do_not_add_up_are_refused(small_artifact, small_examples, monkeypatch):
    monkeypatch.setattr(type(small_artifact), "raw_score", lambda self, X, threads=1: np.full(len(X), 9.0))
    with pytest.raises(ArithmeticError, match="contributions miss the raw score"):
        explain_examples(small_artifact, small_examples.take(np.arange(5)))


def test_memory_is_that_of_a_batch_however_many_the_rows(linear_model):
    """Peak beyond the rows themselves: 60 contributions of 20,000 rows would be 9.6 MB, and a batch of 250 is .12 MB."""
    features = tuple(Feature(f"x{k}", "number", "m", "usage", f"x {k}", "", "", "", "usage") for k in range(60))
    model, peaks = linear_model(features, [0.01] * 60), []
    for n in (2_000, 20_000):
        X = pd.DataFrame(np.random.default_rng(0).normal(100, 10, size=(n, 60)), columns=[feature.name for feature in features])
        rows = Examples(X, np.zeros(n), np.arange(n).astype(str).astype(object), np.full(n, "NaT", dtype="datetime64[D]"), features)
        tracemalloc.start()
        explain_examples(model, rows, batch_rows=250, max_rows=None, n_sample=200)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 30 * 18_000  # bytes per further row: the code of its group, not 480 of contributions


def test_other_features_are_refused(small_artifact, small_examples):
    with pytest.raises(ValueError, match="absent: noise"):
        explain_examples(small_artifact, replace(small_examples, features=small_examples.features[:-1]))
