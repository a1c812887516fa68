"""Training of value models: what is chosen, what is stored, what is predicted, and what must not matter."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import ValueChoice
from clv_platform.datasets import ValueSplit
from clv_platform.metrics import ngini
from clv_platform.models import FeatureMismatch, ModelArtifact, load_artifact, promote, read_champion, save_artifact
from clv_platform.models.store import ModelStoreError
from clv_platform.models.value import TrainedValueModel, ValueArtifact, ValueForecast

from .conftest import simulate_days, train, value_split

FIELDS = tuple(ValueForecast.__dataclass_fields__)


def predict(trained: TrainedValueModel, split: ValueSplit) -> ValueForecast:
    return trained.artifact.predict(split.test.X, split.test.summary)


def test_champion_ranks_the_test_date_better_than_past_spend(shop_model, shop_split) -> None:
    test = shop_split.test
    forecast = predict(shop_model, shop_split)
    assert ngini(test.amount, forecast.spend) > ngini(test.amount, shop_model.contenders["past_spend_rate"].to_numpy())
    assert abs(forecast.spend.sum() / test.amount.sum() - 1) < 0.25


def test_leaderboard_holds_baselines_contenders_and_blends_of_both_purposes(shop_model) -> None:
    board = shop_model.leaderboard
    assert {"mean", "past_spend_rate", "bg_nbd", "pareto_nbd", "tweedie", "hurdle", "mean_of_2"} <= set(board["model"])
    assert board.groupby("purpose")["is_champion"].sum().to_dict() == {"purchases": 1, "spend": 1}
    champion = board[board["is_champion"]]
    assert not champion["kind"].isin(["baseline", "comparator"]).any()
    assert (champion["bias"].abs() <= ValueChoice().max_bias).all()


def test_every_number_is_there_and_ordered(shop_model, shop_split) -> None:
    forecast = predict(shop_model, shop_split)
    for name in FIELDS:
        if name != "p_alive":
            assert np.isfinite(getattr(forecast, name)).all(), name
            assert (getattr(forecast, name) >= 0).all(), name
    for inner in (forecast.spend, forecast.spend_median):
        assert ((forecast.lo <= inner) & (inner <= forecast.hi)).all()
    assert ((forecast.purchases_lo <= forecast.purchases_median) & (forecast.purchases_median <= forecast.purchases_hi)).all()
    assert (forecast.purchases_hi >= np.floor(forecast.purchases)).all()
    assert (forecast.discounted <= forecast.spend).all()


def test_accounts_that_never_bought_get_what_such_accounts_brought(shop_model, shop_split) -> None:
    never = ~np.isfinite(shop_split.test.summary["T_days"].to_numpy())
    forecast = predict(shop_model, shop_split)
    assert never.sum() == 40
    assert np.isnan(forecast.p_alive[never]).all()
    assert np.isfinite(forecast.p_alive[~never]).all()
    assert forecast.spend[never].max() < 0.1 * forecast.spend[~never].mean()


def test_a_longer_horizon_brings_more_but_less_than_in_proportion(shop_model, shop_split) -> None:
    test = shop_split.test
    once, twice = (shop_model.artifact.predict(test.X, test.summary, horizon).spend.sum() for horizon in (60, 120))
    assert 1.2 * once < twice < 2.0 * once


def test_contributions_add_up_to_the_log_of_what_is_expected(shop_model, shop_split) -> None:
    test, artifact = shop_split.test, shop_model.artifact
    values = artifact.contributions(test.X, test.summary)
    assert values.shape == (len(test), len(artifact.contribution_names))
    assert np.allclose(values.sum(axis=1), artifact.log_spend(test.X, test.summary))
    assert np.ptp(values[:, -1]) < 1e-9


def test_stored_model_predicts_the_same_to_the_last_bit(shop_model, shop_split, tmp_path) -> None:
    save_artifact(shop_model.artifact, tmp_path)
    back = load_artifact(tmp_path, shop_model.artifact.manifest.model_id, ValueArtifact)
    assert back.manifest == shop_model.artifact.manifest
    test = shop_split.test
    for name in FIELDS:
        expected, found = (getattr(artifact.predict(test.X, test.summary), name) for artifact in (shop_model.artifact, back))
        assert np.array_equal(expected, found, equal_nan=True), name
    assert not [path for path in tmp_path.rglob("*") if path.suffix not in ("", ".json", ".txt")]


def test_store_promotes_value_models_and_refuses_the_other_kind(shop_model, tmp_path) -> None:
    class Passed:
        is_promoted, verdict, reasons = True, "promoted", ("good",)

    model_id = shop_model.artifact.manifest.model_id
    save_artifact(shop_model.artifact, tmp_path)
    promote(tmp_path, model_id, Passed())
    champion = read_champion(tmp_path)
    assert champion is not None
    assert champion.model_id == model_id
    with pytest.raises(ModelStoreError, match="expected a ModelArtifact, found a ValueArtifact"):
        load_artifact(tmp_path, model_id, ModelArtifact)


def test_a_broken_folder_names_itself_and_the_remedy(shop_model, tmp_path) -> None:
    folder = save_artifact(shop_model.artifact, tmp_path)
    (folder / "value_model.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"not a readable value model .*train again"):
        load_artifact(tmp_path, folder.name)


def test_an_absent_feature_is_named(shop_model, shop_split) -> None:
    test = shop_split.test
    with pytest.raises(FeatureMismatch, match="absent: revenue_90d"):
        shop_model.artifact.predict(test.X.drop(columns="revenue_90d"), test.summary)
    with pytest.raises(ValueError, match="without T_days"):
        shop_model.artifact.predict(test.X, test.summary.drop(columns="T_days"))


def test_result_depends_neither_on_threads_nor_on_outcomes_of_the_test_date(shop_model, shop_split) -> None:
    rng = np.random.default_rng(1)
    examples = shop_split.examples
    at_test = examples.as_of_date == np.datetime64(shop_split.test_date)
    amounts = {w: np.where(at_test, rng.gamma(1, 500, len(y)), y) for w, y in examples.amounts.items()}
    other = replace(shop_split, examples=replace(examples, amounts=amounts))
    other = replace(other, test=replace(other.test, amount=other.examples.amounts[60][at_test]))
    again = train(other, threads=2)
    assert again.artifact.manifest.model_id == shop_model.artifact.manifest.model_id
    for name in FIELDS:
        expected, found = getattr(predict(shop_model, shop_split), name), getattr(predict(again, other), name)
        assert np.array_equal(expected, found, equal_nan=True), name


def test_amounts_in_cents_or_millions_give_the_same_answer() -> None:
    cents, base, millions = (value_split(simulate_days(80, seed=3, scale=scale)) for scale in (0.01, 1.0, 10_000.0))
    expected = train(base)
    one = predict(expected, base)
    for scale, split in ((0.01, cents), (10_000.0, millions)):
        found = train(split)
        assert found.artifact.manifest.champion.keys() == expected.artifact.manifest.champion.keys()
        other = predict(found, split)
        assert np.allclose(other.spend, one.spend * scale, rtol=2e-3)
        assert np.allclose(other.hi, one.hi * scale, rtol=2e-2)
        assert np.allclose(other.purchases, one.purchases, rtol=2e-3)


def test_contenders_are_what_each_model_expects_of_the_test_accounts(shop_model, shop_split) -> None:
    table = shop_model.contenders
    assert table["account_id"].tolist() == shop_split.test.account_id.tolist()
    own = [weight * table[name].to_numpy() for name, weight in shop_model.artifact.manifest.champion.items()]
    if not shop_model.artifact.model.spend_calibration.log_rates:
        assert np.allclose(np.sum(own, axis=0), predict(shop_model, shop_split).spend)
    assert isinstance(table, pd.DataFrame)
