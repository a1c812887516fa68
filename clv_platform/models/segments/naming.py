"""Names of segments from what sets them apart: "large orders, long silent".

Here: the choice of traits and their words. A name is a summary of a profile table, which always stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clv_platform.contracts.feature import Feature

Floats = NDArray[np.float64]
_CLEAR = 0.5  # standard deviations between a segment and all accounts
_EXTREME = 1.5


@dataclass(frozen=True)
class Trait:
    """How a feature is called, and what an account with much and with little of it is: "orders", "many orders", "few orders"."""

    label: str
    high: str
    low: str

    @classmethod
    def of(cls, label: str) -> Trait:
        """Make the words of an amount."""
        return cls(label, f"high {label}", f"low {label}")


_TRAITS = {
    "days_since_last_order": Trait("days since the last order", "long silent", "bought lately"),
    "days_since_first_order": Trait("days since the first order", "old customers", "new customers"),
    "tenure_days": Trait("age of the account", "long here", "new"),
    "mean_order_value": Trait("size of an order", "large orders", "small orders"),
    "revenue_365d": Trait("spending in a year", "high spending", "low spending"),
    "n_orders_365d": Trait("orders in a year", "many orders", "few orders"),
}
_AMOUNTS = ("share", "ratio", "rank", "days", "")  # units of which there isn't "many"


def build_traits(features: Sequence[Feature], currency: str = "") -> dict[str, Trait]:
    """Find short words for features: what is counted is many or few, other amounts are high or low."""
    traits: dict[str, Trait] = {}
    for feature in features:
        short = feature.label.split(",")[0]
        is_counted = feature.unit not in (*_AMOUNTS, currency)
        counted = Trait(short, f"many {short}", f"few {short}")
        traits[feature.name] = _TRAITS.get(feature.name) or (counted if is_counted else Trait.of(short))
    return traits


def name_segments(centres: Floats, features: Sequence[str], labels: Mapping[str, str | Trait], n_traits: int = 2) -> tuple[str, ...]:
    """Name each segment after its most distinctive traits.

    Parameters
    ----------
    centres : ndarray of shape (k, p)
        In standard deviations from the mean of all accounts.
    features : sequence of p names
    labels : mapping
        Feature to a label or a trait; absent ones keep their name.
    n_traits : int
        Traits in a name; more are added where two segments would be called the same.

    Returns
    -------
    tuple of k different names
    """
    names = [_name(centre, features, labels, n_traits) for centre in centres]
    for depth in range(n_traits + 1, len(features) + 1):
        repeated = {name for name in names if names.count(name) > 1}
        if not repeated:
            break
        names = [_name(centre, features, labels, depth) if name in repeated else name for name, centre in zip(names, centres, strict=True)]
    return tuple(f"{name} ({names[: i + 1].count(name)})" if names.count(name) > 1 else name for i, name in enumerate(names))


def _name(centre: Floats, features: Sequence[str], labels: Mapping[str, str | Trait], n_traits: int) -> str:
    strongest = [column for column in np.argsort(-np.abs(centre), kind="stable")[:n_traits].tolist() if abs(centre[column]) >= _CLEAR]
    named = [(float(centre[column]), str(features[column])) for column in strongest]
    traits = [_tell(distance, labels.get(name, name)) for distance, name in named]
    return ", ".join(traits) if traits else "average in everything"


def _tell(distance: float, label: str | Trait) -> str:
    trait = label if isinstance(label, Trait) else Trait.of(label)
    very = "very " if abs(distance) >= _EXTREME else ""
    return f"{very}{trait.high if distance > 0 else trait.low}"
