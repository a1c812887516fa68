"""Names of plans: spellings that differ in case and spaces alone are one plan.

Here: the rule, for whatever reads raw rows; staging has the same one in SQL (`plan_as_listed`). Keep ranks out: they are the place in
`plans.order`.
"""

from __future__ import annotations

from collections.abc import Iterable


def fold_plan(name: str) -> str:
    """What two spellings of one plan have in common: lower case, one space between words."""
    return " ".join(name.split()).lower()


def plan_as_listed(name: str, order: Iterable[str]) -> str:
    """Spell a plan as `plans.order` does; one that isn't listed, or is listed in two spellings, stays as it is."""
    same = [listed for listed in order if fold_plan(listed) == fold_plan(name)]
    return same[0] if len(same) == 1 else name
