"""What is predicted over windows longer than any that was learnt from."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from clv_platform.models.value.backtests import Prepared, anchor
from clv_platform.models.value.contenders import Member
from clv_platform.models.value.linear import LinearModel

FAMILIES = {"bg_nbd": np.array([30.0, 10.0]), "mbg_nbd": np.array([15.0, 5.0])}


def prepared(longest_learnt: float = 60.0, usable: tuple[str, ...] = ("bg_nbd", "mbg_nbd")) -> Prepared:
    def view(window: float) -> SimpleNamespace:
        base = SimpleNamespace(spend=FAMILIES | {"mean": np.array([9.0, 9.0])}, purchases={name: v / 10 for name, v in FAMILIES.items()})
        return Sized(rows=SimpleNamespace(window_days=np.full(2, window)), base=base)

    return cast(Prepared, SimpleNamespace(foundation=SimpleNamespace(usable=usable), learn=view(longest_learnt), check=view(120.0)))


class Sized(SimpleNamespace):
    def __len__(self) -> int:
        return 2


class Flat(SimpleNamespace):
    def predict(self, view: object) -> np.ndarray:
        return np.array([4.0, 2.0])


def total(member: Member, ready: Prepared) -> float:
    return float(anchor(member, ready).predict(ready.check).sum())


def test_a_learnt_level_gives_way_to_the_mean_of_the_families_own_totals() -> None:
    levelled = Member("probability_levelled", "spend", key="bg_nbd", level=0.4)
    assert total(levelled, prepared()) == pytest.approx((40 + 20) / 2)
    regression = Member("linear_regression", "spend", linear=cast(LinearModel, Flat()))
    assert total(regression, prepared()) == pytest.approx(30)
    assert total(Member("x", "purchases", linear=cast(LinearModel, Flat())), prepared()) == pytest.approx(3)


def test_families_and_simple_rules_keep_their_own_totals() -> None:
    assert total(Member("bg_nbd", "spend", key="bg_nbd"), prepared()) == 40
    assert total(Member("mean", "spend", key="mean"), prepared()) == 18


def test_where_windows_reach_the_horizon_or_no_family_is_usable_nothing_changes() -> None:
    levelled = Member("probability_levelled", "spend", key="bg_nbd", level=0.4)
    assert total(levelled, prepared(longest_learnt=120)) == pytest.approx(16)
    assert total(levelled, prepared(usable=())) == pytest.approx(16)
