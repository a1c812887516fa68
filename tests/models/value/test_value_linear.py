"""The linear regression of spend: its bound, and its way into a file and back."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from clv_platform.models.preprocessing import Matrix
from clv_platform.models.value.linear import LinearModel, fit_linear


class Rows(SimpleNamespace):
    """What the regression reads of a view."""

    def __len__(self) -> int:
        return len(self.season)

    def take(self, rows: np.ndarray) -> "Rows":
        base, outcomes = SimpleNamespace(days=self.base.days[rows]), SimpleNamespace(amount=self.rows.amount[rows])
        return Rows(matrix=self.matrix.take(rows), base=base, rows=outcomes, season=self.season[rows])


def view(values: np.ndarray, amount: np.ndarray, days: float = 60.0) -> Any:
    names = tuple(f"x{k}" for k in range(values.shape[1]))
    base, n = SimpleNamespace(days=np.full(len(values), days)), len(values)
    return Rows(matrix=Matrix(values, names, names, (), ()), base=base, rows=SimpleNamespace(amount=amount), season=np.ones(n))


@pytest.fixture(scope="module")
def learn() -> Any:
    """Each column multiplies spend, and nobody has large values of several."""
    values = np.random.default_rng(0).uniform(-1, 1, (2000, 4))
    return view(values, 20 * np.exp(values.sum(axis=1)))


def test_nobody_is_expected_to_spend_faster_than_anybody_ever_did(learn) -> None:
    model = fit_linear(learn)
    largest = learn.rows.amount.max() / 60  # per day
    beyond = view(np.full((1, 4), 2.5), np.zeros(1), days=90.0)
    assert replace(model, largest=np.inf).predict(beyond)[0] > 5 * largest * 90
    assert model.predict(beyond)[0] == pytest.approx(largest * 90)


def test_expectations_below_the_bound_are_what_they_were_without_it(learn) -> None:
    model = fit_linear(learn)
    free = replace(model, largest=np.inf).predict(learn)
    inside = free < learn.rows.amount.max()
    assert inside.mean() > 0.99
    assert np.array_equal(model.predict(learn)[inside], free[inside])


def test_the_bound_is_stored_and_models_of_before_have_none(learn) -> None:
    model = fit_linear(learn)
    stored = model.to_json()
    assert LinearModel.from_json(stored).largest == model.largest == pytest.approx(learn.rows.amount.max() / 2)  # per 30 days
    older = LinearModel.from_json({name: value for name, value in stored.items() if name != "largest"})
    assert older.largest == np.inf
    assert LinearModel.from_json(older.to_json()).largest == np.inf


def test_amounts_below_nothing_leave_nothing_to_expect(learn) -> None:
    refunds: Any = Rows(**(vars(learn) | {"rows": SimpleNamespace(amount=-learn.rows.amount)}))
    model = fit_linear(refunds)
    assert model.predict(refunds).tolist() == [0.0] * len(refunds)
