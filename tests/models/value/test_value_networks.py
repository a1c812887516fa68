"""Networks with a zero-inflated lognormal head, where PyTorch is installed; what is said where it isn't."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from clv_platform.models.value import comparators
from clv_platform.models.value.backtests import Prepared
from clv_platform.models.value.comparators import NEEDS, RECURRENT, compare_algorithms
from clv_platform.models.value.networks import fit_network


def customers(n: int, seed: int, months: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, amounts and their true expectation; the second column (of the latest month) says who buys, the first how much."""
    rng = np.random.default_rng(seed)
    shape = (n, 2) if months is None else (n, months, 2)
    inputs = rng.normal(size=shape).astype(np.float32)
    last = inputs if months is None else inputs[:, -1]
    chance, mean = 1 / (1 + np.exp(1.0 - 1.5 * last[:, 1])), 0.8 * last[:, 0]
    amount = np.where(rng.random(n) < chance, np.exp(mean + 0.5 * rng.normal(size=n)), 0.0)
    return inputs, amount, chance * np.exp(mean + 0.125)


@pytest.mark.parametrize("months", [None, 6])
def test_network_finds_who_buys_and_how_much_and_the_seed_decides(months: int | None) -> None:
    pytest.importorskip("torch", reason="the extra `deep` isn't installed")
    inputs, amount, _ = customers(4000, 0, months)
    fresh, _, truth = customers(1000, 1, months)
    expected = fit_network(inputs, amount, seed=3)(fresh)
    assert np.corrcoef(np.log(expected), np.log(truth))[0, 1] > 0.9
    assert expected.sum() == pytest.approx(truth.sum(), rel=0.15)
    assert expected.max() <= amount.max()
    assert np.array_equal(fit_network(inputs, amount, seed=3)(fresh), expected)
    assert not np.array_equal(fit_network(inputs, amount, seed=4)(fresh), expected)


def test_what_is_not_installed_says_how_to_add_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparators, "find_spec", lambda name: None)
    ready = cast(Prepared, SimpleNamespace())
    notes = {one.name: one.note for one in compare_algorithms(ready, list(NEEDS), seed=0, threads=1)}
    assert notes["dense_network"] == notes[RECURRENT] == "not installed: `make deep` adds it"
    assert notes["xgboost"] == "not installed: `make zoo` adds it"


def test_without_months_the_recurrent_network_says_that_they_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Any = SimpleNamespace()
    monkeypatch.setattr(comparators, "find_spec", lambda name: found)
    (one,) = compare_algorithms(cast(Prepared, SimpleNamespace()), [RECURRENT], seed=0, threads=1)
    assert one.spend is None
    assert one.note == "not fitted: no months of purchases were given"
