"""Intervals by quantile regression: 90 % are held, also of groups that differ in their spread alone."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from clv_platform.models import load_artifact, save_artifact
from clv_platform.models.value import ValueArtifact, intervals
from clv_platform.models.value.calibration import OutOfSample
from clv_platform.models.value.design import View
from clv_platform.models.value.intervals import compare_methods
from clv_platform.models.value.quantiles import QuantileModel, learn_quantiles


def origin(seed: int, n: int = 2500, unit: float = 1.0) -> tuple[OutOfSample, View]:
    """Accounts with the same expectation: those with many purchases are steady, the others bring nothing or a lot."""
    rng = np.random.default_rng(seed)
    number, mean = rng.choice([1, 12], n), unit * rng.uniform(50, 60, n)
    lumpy = mean * np.where(rng.random(n) < 0.25, rng.gamma(4, 1.0, n), 0.0)
    actual = np.where(number == 12, mean * rng.normal(1, 0.1, n), lumpy)
    summary = pd.DataFrame({"n_purchases": number, "total_spend": 3 * mean, "T_days": 300.0, "recency_days": 200.0})
    base = SimpleNamespace(value_per_purchase=np.full(n, 20.0 * unit), p_alive=np.full(n, np.nan))
    view = SimpleNamespace(rows=SimpleNamespace(summary=summary, window_days=np.full(n, 90.0)), base=base)
    return OutOfSample(actual, mean, np.full(n, 90.0)), cast(View, view)


def learnt(unit: float = 1.0) -> QuantileModel:
    origins, views = zip(*(origin(seed, unit=unit) for seed in range(3)), strict=True)
    model = learn_quantiles(origins, views, seed=0)
    assert model is not None
    return model


@pytest.fixture(scope="module")
def model() -> QuantileModel:
    return learnt()


def test_nine_in_ten_are_held_in_groups_that_differ_in_spread_alone(model: QuantileModel) -> None:
    fresh, view = origin(9)
    lo, hi = model.apply(view, fresh.predicted)
    inside = (lo <= fresh.actual) & (fresh.actual <= hi)
    steady = view.rows.summary["n_purchases"].to_numpy() == 12
    assert inside[steady].mean() == pytest.approx(0.9, abs=0.04)
    assert inside[~steady].mean() == pytest.approx(0.9, abs=0.04)
    assert (lo[~steady] == 0).all()
    assert np.median((hi - lo)[steady]) < 0.2 * np.median((hi - lo)[~steady])


def test_bounds_are_the_same_from_text_and_in_other_units(model: QuantileModel) -> None:
    fresh, view = origin(9)
    stored = QuantileModel.from_texts(model.texts()).apply(view, fresh.predicted)
    assert np.array_equal(stored, model.apply(view, fresh.predicted))
    cents, in_cents = origin(9, unit=100.0)
    assert np.allclose(np.array(learnt(100.0).apply(in_cents, cents.predicted)) / 100, stored, rtol=1e-6)


def test_few_accounts_or_none_with_an_expectation_teach_nothing() -> None:
    few, view = origin(0, n=100)
    assert learn_quantiles([few], [view], seed=0) is None
    many, view = origin(0)
    assert learn_quantiles([OutOfSample(many.actual, np.zeros(2500), many.window_days)], [view], seed=0) is None
    assert learn_quantiles([], [], seed=0) is None


@pytest.mark.parametrize(("held", "used"), [(0.9, "quantiles"), (0.8, "neighbours")])
def test_of_methods_that_cover_alike_the_narrowest_is_used(held: float, used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    origins = [origin(seed)[0] for seed in range(3)]
    views: Any = range(3)

    def apply(view: int, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Hardly wider than the truth, but for some that bring nothing and are left out."""
        actual = origins[view].actual.copy()
        left_out = np.flatnonzero(actual == 0)[: round((1 - held) * len(actual))]
        actual[left_out] = predicted[left_out]
        return np.minimum(actual, predicted), np.maximum(actual, predicted)

    monkeypatch.setattr(intervals, "learn_quantiles", lambda *_: SimpleNamespace(apply=apply))
    monkeypatch.setattr(intervals, "learn_contract_spread", lambda *_: None)
    bare: Any = [SimpleNamespace(family=None)] * 3
    chosen, table = compare_methods(origins, views, bare, seed=0)
    found = table[table["method"] == "quantiles"]
    assert found["coverage"].mean() == pytest.approx(held, abs=0.01)
    assert (chosen, table["is_used"].sum()) == (used, 3)


def test_a_stored_model_gives_the_same_bounds_around_the_expectation(shop_model, shop_split, model: QuantileModel, tmp_path: Path) -> None:
    artifact = shop_model.artifact
    manifest = replace(artifact.manifest, interval_method="quantiles")
    artifact = replace(artifact, manifest=manifest, model=replace(artifact.model, quantiles=model))
    back = load_artifact(tmp_path, save_artifact(artifact, tmp_path).name, ValueArtifact)
    found, stored = (one.predict(shop_split.test.X, shop_split.test.summary) for one in (artifact, back))
    neighbours = shop_model.artifact.predict(shop_split.test.X, shop_split.test.summary)
    assert np.array_equal((found.lo, found.hi), (stored.lo, stored.hi))
    assert not np.array_equal(found.hi, neighbours.hi)
    assert ((found.lo <= found.spend) & (found.spend <= found.hi) & np.isfinite(found.hi)).all()
