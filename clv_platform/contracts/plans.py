"""Names of plans: spellings that differ in case and spaces alone are one plan, and so are names that `plans.also_called` gives it.

Here: the rule, for whatever reads raw rows; staging looks names up in `plan_names` as well (macro `plan_as_listed`). Keep ranks out: they
are the place in `plans.order`.
"""

from __future__ import annotations

from clv_platform.config import Plans
from clv_platform.contracts.spellings import fold


def plan_names(plans: Plans | None) -> dict[str, str]:
    """Return the plan of `plans.order` that each folded name means; a name listed in two spellings isn't in it, and stays as it is."""
    if plans is None:
        return {}
    folded = [fold(name) for name in plans.order]
    names = {fold(other): name for name, others in plans.also_called.items() for other in others}
    names |= dict(zip(folded, plans.order, strict=True))
    return {name: plan for name, plan in names.items() if folded.count(name) < 2}


def plan_as_listed(name: str, plans: Plans) -> str:
    """Spell a plan as `plans.order` does; one that isn't listed, or is listed in two spellings, stays as it is."""
    return plan_names(plans).get(fold(name), name)
