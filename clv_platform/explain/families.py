"""Features that tell one story: lags, windows and trends of one metric are one family, and one reason.

Here: the family of a feature, its name in words, and contributions added up by family. Add a suffix of names to `_WINDOW`, and what its
label adds to `_LABEL_TAILS`. Keep the choice of reasons out (`reasons`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from clv_platform.contracts.features import Feature

# What the features of one metric differ by: windows, lags, and what is done over them.
_WINDOW = re.compile(r"(_lag_\d+m|_(sum|mean|trend)_\d+m|_ratio_\d+m_\d+m|_n_months_\d+m|_\d+[dm])$")
_LABEL_TAILS = re.compile(
    r" \((last month|\d+ months ago)\)$|, (sum|monthly mean) of \d+ months$|, last \d+ months against \d+$| in \d+ days$"
    r"|^trend of |^months with "
)
_SAME_STORY = {"plan_rank": "plan"}  # the rank of the plan is the plan


def family(feature: Feature) -> str:
    """Name shared by features that tell the same story: lags, sums, means and trends of one metric, and its ratios to others."""
    stem = _WINDOW.sub("", feature.name)
    stem = stem.split("_per_")[0] if feature.group == "interactions" else stem
    return _SAME_STORY.get(stem, stem)


@dataclass(frozen=True)
class Families:
    """The families of a model's shown features.

    Attributes
    ----------
    names, labels : tuple of str
        Family names in order of first appearance, and what a manager calls them.
    columns : ndarray of int, shape (p,)
        Positions of the shown features among all features of the model.
    member : ndarray of int, shape (p,)
        Family of each shown feature.
    hidden : ndarray of int
        Positions of private features, which are in no family.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    columns: np.ndarray
    member: np.ndarray
    hidden: np.ndarray

    def own(self, position: int) -> np.ndarray:
        """Positions, among the shown features, of the members of a family."""
        return np.flatnonzero(self.member == position)

    def totals(self, contributions: np.ndarray) -> np.ndarray:
        """Contributions added up by family: shape (n, p or more) to (n, number of families)."""
        shown = contributions[:, self.columns]
        order = np.argsort(self.member, kind="stable")
        starts = np.searchsorted(self.member[order], np.arange(len(self.names)))
        return np.add.reduceat(shown[:, order], starts, axis=1) if len(self.names) else np.zeros((len(shown), 0))


def build_families(features: Sequence[Feature], names: Sequence[str], private: Collection[str] = ()) -> Families:
    """Group the features of a model.

    Parameters
    ----------
    features : sequence of Feature
        The catalogue; holds at least `names`.
    names : sequence of str
        The model's features, in the order of its contributions.
    private : collection of str
        Features that must not show.
    """
    by_name = {feature.name: feature for feature in features}
    hidden = np.array([column for column, name in enumerate(names) if name in set(private)], dtype=int)
    columns = np.array([column for column, name in enumerate(names) if name not in set(private)], dtype=int)
    shown = [by_name[name] for name in names if name not in set(private)]
    stems = [family(feature) for feature in shown]
    positions = {stem: position for position, stem in enumerate(dict.fromkeys(stems))}
    members: dict[str, list[Feature]] = {stem: [] for stem in positions}
    for feature, stem in zip(shown, stems, strict=True):
        members[stem].append(feature)
    labels = tuple(family_label(own) for own in members.values())
    return Families(tuple(positions), labels, columns, np.array([positions[stem] for stem in stems], dtype=int), hidden)


def family_label(members: Sequence[Feature]) -> str:
    """Words for a family: the label of its only member, or what the labels of its members have in common.

    Ratios to other metrics don't give the name unless there is nothing else.
    """
    if len(members) == 1:
        return members[0].label
    candidates = [member for member in members if member.group != "interactions"] or list(members)
    return min((_LABEL_TAILS.sub("", member.label) for member in candidates), key=lambda label: (len(label), label))


def link_computed(families: Families, features: Sequence[Feature], names: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Families whose members are computed from each other: a sum of columns and the columns themselves.

    A regression gives the sum a large weight and the columns large ones the other way; told apart, a reason for and a reason against the
    score are the same fact twice.

    Parameters
    ----------
    families : Families
        From `build_families`.
    features : sequence of Feature
        The catalogue; derived features carry their expression.
    names : sequence of str
        The model's features, in the order of its contributions.

    Returns
    -------
    tuple of tuple of int
        Positions of families that belong together, two or more in each.
    """
    expressions = {feature.name: feature.sql for feature in features if feature.sql}
    home = {names[column]: int(position) for column, position in zip(families.columns, families.member, strict=True)}
    group = list(range(len(families.names)))
    for name, expression in expressions.items():
        if name in home:
            linked = {group[home[word]] for word in re.findall(r"\w+", expression) if word in home} | {group[home[name]]}
            group = [min(linked) if own in linked else own for own in group]
    together: dict[int, list[int]] = {}
    for position, own in enumerate(group):
        together.setdefault(own, []).append(position)
    return tuple(tuple(positions) for positions in together.values() if len(positions) > 1)


def settle(totals: np.ndarray, linked: Sequence[Sequence[int]]) -> np.ndarray:
    """Add up families that belong together: the sum goes to the one that pushes hardest that way, the others keep nothing to tell."""
    settled = totals.copy()
    for positions in linked:
        own = totals[:, list(positions)]
        whole = own.sum(axis=1)
        winner = np.argmax(own * np.sign(whole)[:, None], axis=1)
        settled[:, list(positions)] = 0.0
        settled[np.arange(len(totals)), np.asarray(positions)[winner]] = whole
    return settled
