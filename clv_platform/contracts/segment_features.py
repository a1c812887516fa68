"""Which features accounts are compared by when segments are found.

Here: the choice among the features that a company has. Keep finding segments out (`models.segments`).
"""

from __future__ import annotations

from collections.abc import Sequence

from clv_platform.contracts.feature import Feature

_PURCHASES = ("days_since_last_order", "n_orders_365d", "revenue_365d", "mean_order_value")
_N_METRICS = 4  # more of them would outvote the purchases


def choose_segment_features(catalogue: Sequence[Feature], wanted: Sequence[str] = (), private: Sequence[str] = ()) -> tuple[Feature, ...]:
    """Choose what accounts are compared by.

    Parameters
    ----------
    catalogue : sequence of Feature
        What the company has.
    wanted : sequence of str
        The config's list; empty: purchases (how recently, how often, how much, since when), the recurring revenue and the first usage
        metrics, as far as they are there.
    private : sequence of str
        Never used, because profiles are shown.

    Raises
    ------
    ValueError
        When a wanted feature doesn't exist, isn't a number or is private.
    """
    numbers = {feature.name: feature for feature in catalogue if feature.type == "number" and feature.name not in private}
    if wanted:
        if unknown := [name for name in wanted if name not in numbers]:
            there = ", ".join(list(numbers)[:12]) or "none"
            raise ValueError(f"segments.features: expected features that are numbers and not private ({there}, ...), found {unknown[0]!r}.")
        return tuple(numbers[name] for name in wanted)
    metrics = [name for name, feature in numbers.items() if feature.group == "usage" and name.endswith("_mean_3m")]
    since = "tenure_days" if "tenure_days" in numbers else "days_since_first_order"
    names = [*_PURCHASES, since, *([] if "revenue_365d" in numbers else ["mrr"]), *metrics[:_N_METRICS]]
    return tuple(numbers[name] for name in names if name in numbers)
