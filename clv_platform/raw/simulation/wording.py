"""Words of the demo company's customers, in line with their ratings.

Here: sentences by mood and the draw of one or two of them.
Add: sentences; keep each mood's list free of the other's words.
Keep out: ratings themselves (``activity``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clv_platform.raw.simulation.behaviour import Ints

GOOD = (
    "Love the scheduling calendar, it saves us hours every week.",
    "Great tool, the whole team uses it every day.",
    "Support answered quickly and solved the problem.",
    "The Instagram reports are excellent and easy to share.",
    "Very happy, our reach has grown since we started.",
    "Works well and keeps getting better.",
    "Simple, fast and reliable.",
    "Best value of all the tools we tried.",
)
MIXED = (
    "It does the job, nothing more.",
    "Good features, but the interface takes time to learn.",
    "Fine for posting, the analytics are average.",
    "Okay so far, we still compare it with other tools.",
    "Some reports are useful, others we never open.",
    "The price is acceptable for what we use.",
)
BAD = (
    "Support took days to answer and did not help.",
    "Posts fail again and again, very frustrating.",
    "Too expensive for what it offers.",
    "The reports are wrong and nobody fixes them.",
    "Slow, buggy and confusing since the last update.",
    "We had to log in again ten times today, terrible.",
    "Disappointed, we are looking for an alternative.",
    "Billing mistakes every month, annoying.",
)


@dataclass(frozen=True)
class Texts:
    """Distinct texts and the code of each row's text."""

    names: tuple[str, ...]
    codes: Ints


def _all_texts() -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """All single sentences and ordered pairs of each mood, with the range of each mood's codes."""
    names: list[str] = []
    ranges: list[tuple[int, int]] = []
    for mood in (BAD, MIXED, GOOD):
        first = len(names)
        names.extend(mood)
        names.extend(f"{one} {two}" for one in mood for two in mood if one != two)
        ranges.append((first, len(names)))
    return tuple(names), tuple(ranges)


def draw_feedback_texts(rng: np.random.Generator, rating: Ints) -> Texts:
    """Draw a text for each rating of 1 to 5: 1 and 2 are bad, 3 is mixed, 4 and 5 are good."""
    names, ranges = _all_texts()
    mood = np.where(rating <= 2, 0, np.where(rating == 3, 1, 2))
    low, high = np.array(ranges)[mood].reshape(-1, 2).T
    return Texts(names, rng.integers(low, high) if len(rating) else np.zeros(0, dtype=np.int64))
