"""Names of segments from what sets them apart: "high spend, long silence".

Here: the choice of traits and their words. A name is a summary of a profile table, which always stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_CLEAR = 0.5  # standard deviations between a segment and all accounts
_GRADES = ((1.5, "very high", "very low"), (_CLEAR, "high", "low"))


def name_segments(centres: Floats, features: Sequence[str], labels: Mapping[str, str], n_traits: int = 2) -> tuple[str, ...]:
    """Name each segment after its most distinctive traits.

    Parameters
    ----------
    centres : ndarray of shape (k, p)
        In standard deviations from the mean of all accounts.
    features : sequence of p names
    labels : mapping
        Feature to words; absent ones keep their name.
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


def _name(centre: Floats, features: Sequence[str], labels: Mapping[str, str], n_traits: int) -> str:
    strongest = np.argsort(-np.abs(centre), kind="stable")[:n_traits]
    graded = [(_grade(float(centre[column])), str(features[column])) for column in strongest.tolist()]
    traits = [f"{grade} {labels.get(feature, feature)}" for grade, feature in graded if grade]
    return ", ".join(traits) if traits else "average in everything"


def _grade(distance: float) -> str:
    for limit, high, low in _GRADES:
        if abs(distance) >= limit:
            return high if distance > 0 else low
    return ""
