"""Spellings of one plan, in Python and in the SQL of staging."""

from __future__ import annotations

import pytest

from clv_platform.contracts.plans import plan_as_listed


@pytest.mark.parametrize(
    ("given", "order", "read_as"),
    [
        ("starter ", ("Starter", "Pro"), "Starter"),
        ("PRO   plus", ("Pro", "Pro Plus"), "Pro Plus"),
        ("Gold", ("Starter", "Pro"), "Gold"),  # not listed
        ("STARTER", ("Starter", "starter"), "STARTER"),  # the config tells the two apart
        ("Pro-Plus", ("Pro Plus",), "Pro-Plus"),  # more than case and spaces
    ],
)
def test_a_plan_is_read_as_the_config_spells_it(given: str, order: tuple[str, ...], read_as: str) -> None:
    assert plan_as_listed(given, order) == read_as
