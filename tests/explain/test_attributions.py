from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clv_platform.explain import PRIVATE, explain_examples


def test_known_drivers_come_first_and_noise_last(artifact, examples):
    importance = explain_examples(artifact, examples, max_rows=1000).importance
    assert "noise" in importance["feature"].tail(3).tolist()
    assert {"n_cases_90d", "impressions_x_mean_3m"} < set(importance["feature"].head(4))
    assert importance["share"].sum() == pytest.approx(1)
    assert importance["mean_abs"].is_monotonic_decreasing
    direction = dict(zip(importance["feature"], importance["direction"], strict=True))
    assert direction["n_cases_90d"] < -0.8
    assert direction["impressions_x_mean_3m"] > 0.8
    assert np.isnan(direction["territory"])
    assert dict(zip(importance["feature"], importance["label"], strict=True))["n_cases_90d"] == "support cases in 90 days"


def test_sample_rows_add_up_to_the_raw_score(artifact, examples):
    few = examples.take(np.arange(50))
    attributions = explain_examples(artifact, few).attributions
    assert len(attributions) == 50 * 7
    expected = artifact.raw_score(few.X) - artifact.contributions(few.X)[:, -1]
    total = attributions.groupby("account_id")["contribution"].sum().loc[few.account_id.tolist()]
    assert np.allclose(total, expected, atol=1e-5)
    ranks = attributions["value_rank"].dropna()
    assert ranks.between(0, 1).all()


def test_batches_change_nothing(artifact, examples):
    few = examples.take(np.arange(200))
    one, many = (explain_examples(artifact, few, batch_rows=rows).importance for rows in (200, 7))
    assert np.allclose(one["mean_abs"], many["mean_abs"])


def test_large_inputs_are_sampled_the_same_way_every_time(artifact, examples):
    first, again = (explain_examples(artifact, examples, max_rows=100, n_sample=10) for _ in range(2))
    assert first.n_rows == 100
    assert first.attributions["account_id"].nunique() == 10
    assert first.attributions.equals(again.attributions)


def test_private_columns_are_never_shown(artifact, examples):
    found = explain_examples(artifact, examples.take(np.arange(100)), private=("territory", "is_trial"))
    assert not {"territory", "is_trial"} & {*found.importance["feature"], *found.attributions["feature"]}
    assert PRIVATE in found.importance["feature"].tolist()
    assert PRIVATE not in found.attributions["feature"].tolist()


def test_contributions_that_do_not_add_up_are_refused(artifact, examples, monkeypatch):
    monkeypatch.setattr(type(artifact), "raw_score", lambda self, X, threads=1: np.full(len(X), 9.0))
    with pytest.raises(ArithmeticError, match="contributions miss the raw score"):
        explain_examples(artifact, examples.take(np.arange(5)))


@pytest.mark.filterwarnings("ignore")  # shap's own imports warn
def test_attributions_equal_those_of_the_shap_package(artifact, examples):
    import shap

    rows = examples.take(np.arange(40))
    matrix = artifact.preprocessing.transform(rows.X)
    by_column = np.mean([np.asarray(shap.TreeExplainer(b).shap_values(matrix.values)).reshape(40, -1) for b in artifact.boosters], axis=0)
    expected = np.zeros((40, len(artifact.manifest.features)))
    names = list(artifact.manifest.features)
    for column, source in enumerate(matrix.sources):
        expected[:, names.index(source)] += by_column[:, column]
    assert np.allclose(artifact.contributions(rows.X)[:, :-1], expected, atol=1e-6)


def test_other_features_are_refused(artifact, examples):
    with pytest.raises(ValueError, match="absent: noise"):
        explain_examples(artifact, replace(examples, features=examples.features[:-1]))
