"""Spellings of one plan, in Python and in the SQL of staging."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from clv_platform.config import Plans
from clv_platform.contracts.plans import plan_as_listed


@pytest.mark.parametrize(
    ("given", "order", "read_as"),
    [
        ("starter ", ("Starter", "Pro"), "Starter"),
        ("PRO   plus", ("Pro", "Pro Plus"), "Pro Plus"),
        ("Gold", ("Starter", "Pro"), "Gold"),  # not listed
        ("STARTER", ("Starter", "starter"), "STARTER"),  # the config tells the two apart
        ("Pro-Plus", ("Pro Plus",), "Pro-Plus"),  # more than case and spaces
        ("TEAM plan", ("Team", "Pro Plus"), "Team"),  # another name, however it is spelt
        ("Pro Plan", ("Team", "Pro Plus"), "Pro Plan"),
    ],
)
def test_a_plan_is_read_as_the_config_spells_it(given: str, order: tuple[str, ...], read_as: str) -> None:
    also_called = {"Team": ("Team Plan", "team-plan")} if "Team" in order else {}
    assert plan_as_listed(given, Plans(order=order, also_called=also_called)) == read_as


@pytest.mark.parametrize(
    ("also_called", "said"),
    [
        ({"Teams": ("Team Plan",)}, "other names of Teams, expected plans of `order`: Team, Pro"),
        ({"Team": ("Pro",)}, "names Pro, which is a plan of `order`"),
        ({"Team": ("T",), "Pro": ("T",)}, "names T, which is"),
    ],
)
def test_a_name_means_one_plan_of_the_order(also_called: dict[str, tuple[str, ...]], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        Plans(order=("Team", "Pro"), also_called=also_called)
