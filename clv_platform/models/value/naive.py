"""The naive rules: what anybody could say of accounts without learning anything, and what every model must beat.

Here: their names, and the rule of companies with subscriptions, which is far stronger there than past spend: who pays most today will pay
most. Add a rule here, its expectation to `foundation`, and its words to the gate and the reports. Keep what is fitted out (`contenders`).
"""

from __future__ import annotations

from dataclasses import dataclass

from clv_platform.datasets import ValueRows
from clv_platform.models.value.contenders import BASELINES as _OF_ALL
from clv_platform.models.value.contenders import Contender
from clv_platform.models.value.foundation import PRESENT, Foundation

BASELINES = (*_OF_ALL, PRESENT)


@dataclass(frozen=True)
class NaiveContender(Contender):
    """A rule that needs no probability model and nothing to fit."""

    def missing(self, foundation: Foundation) -> str:
        """Nothing is ever missing."""
        return ""


def naive_contenders(rows: ValueRows) -> tuple[Contender, ...]:
    """Rules that these rows allow beyond those of every company: present subscriptions carried on, where recurring revenue is known."""
    return (NaiveContender(PRESENT, "spend", key=PRESENT),) if "mrr" in rows.X.columns else ()
