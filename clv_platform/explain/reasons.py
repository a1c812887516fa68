"""The few reasons that weigh most for an account, for and against, in plain words with what changed.

Here: which features are told. Features of one family (lags, sums and means of a metric) are one reason: their contributions are added, and
the strongest of them speaks. Keep phrases out (`wording`, `changes`, `chance`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from clv_platform.datasets import Examples
from clv_platform.explain.batches import BATCH_ROWS, iterate_contributions
from clv_platform.explain.chance import check_order, event_of, movement_words
from clv_platform.explain.changes import Change, find_change
from clv_platform.explain.families import Families, build_families, link_computed, settle
from clv_platform.explain.wording import column_words
from clv_platform.models import ModelArtifact

REGRESSION = "logistic_regression"  # the kind whose weights of columns and of their sums cancel out
MIN_LOG_ODDS = 0.01  # a hundredth of the odds is no reason


@dataclass(frozen=True)
class Reasons:
    """Why each of n accounts scores as it does: what the model goes by, not causes.

    Attributes
    ----------
    strongest : list of list of str
        The weightiest reasons whichever way they push, such as "impressions on X rose 40 % in three months (from 3,700 to 5,230) raises the
        chance to upgrade".
    up, down : list of list of str
        The weightiest that raise the chance, and that lower it, strongest first; fewer when the rest weigh next to nothing.
    movement : list of str
        Which way the calibrated chance moved: "raised from 4.1 % at the average score to 18 % (mean of all accounts: 6.6 %)".
    """

    strongest: list[list[str]] = field(default_factory=list)
    up: list[list[str]] = field(default_factory=list)
    down: list[list[str]] = field(default_factory=list)
    movement: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self.movement)


class FamilyWords:
    """Words for the families of a model among the accounts at hand.

    Parameters
    ----------
    artifact : ModelArtifact
        Says which levels of categories are known.
    examples : Examples
        The accounts: values are compared with those of all of them.
    families : Families
        From `build_families`; private features are in none.
    """

    def __init__(self, artifact: ModelArtifact, examples: Examples, families: Families) -> None:
        by_name = {feature.name: feature for feature in examples.features}
        manifest_names = list(artifact.manifest.features)
        names = [manifest_names[column] for column in families.columns]
        metrics = {name: families.labels[position] for name, position in zip(names, families.member, strict=True)}
        self._is_category = np.array([by_name[name].type == "category" for name in names], dtype=bool)
        self._families = families
        self._words = column_words(by_name, examples.X, names, artifact, metrics)
        tenure = examples.X["tenure_days"] if "tenure_days" in names else None
        self._changes: list[Change | None] = []
        for position, label in enumerate(families.labels):
            columns = {names[column]: examples.X[names[column]] for column in families.own(position)}
            self._changes.append(find_change(label, columns, tenure))

    def speakers(self, contributions: np.ndarray, totals: np.ndarray) -> np.ndarray:
        """Member of each family (position among shown features) that speaks for it, shape (n, number of families).

        The one that pushes hardest the way the family does; a category before the number that ranks it.
        """
        shown = contributions[:, self._families.columns]
        speakers = np.zeros(totals.shape, dtype=int)
        for position in range(totals.shape[1]):
            own = self._families.own(position)
            if self._is_category[own].any():
                own = own[self._is_category[own]]
            speakers[:, position] = own[np.argmax(shown[:, own] * np.sign(totals[:, [position]]), axis=1)]
        return speakers

    def phrase(self, row: int, position: int, speaker: int) -> str:
        """Tell one family of one account: what its speaker says, and what changed where that points the same way."""
        words, change = self._words[speaker], self._changes[position]
        direction = change.direction(row) if change else 0
        if change is None or not direction:
            return words.phrase(row)
        if words.is_movement:
            return change.sentence(row) if words.movement(row) == direction else words.phrase(row)
        # A lifetime's total never falls: what changed lately is no part of it.
        is_same_way = words.is_amount and not words.is_lifetime and direction == words.is_high(row)
        return f"{words.phrase(row)}, {change.short(row)}" if is_same_way else words.phrase(row)


def tell_reasons(
    artifact: ModelArtifact,
    examples: Examples,
    n: int = 3,
    *,
    private: Collection[str] = (),
    batch_rows: int = BATCH_ROWS,
    threads: int = 1,
) -> Reasons:
    """Tell for each row what its score rests on.

    Parameters
    ----------
    artifact : ModelArtifact
        The model.
    examples : Examples
        Rows to explain; values are compared with those of all these rows.
    n : int
        At most so many reasons of each kind per row.
    private : collection of str
        Features that are never shown.

    Raises
    ------
    ArithmeticError
        When contributions don't add up to the raw score, or calibration turns the order of scores round.
    """
    artifact.check_features(examples.features)
    families = build_families(examples.features, list(artifact.manifest.features), private)
    names = list(artifact.manifest.features)
    linked = link_computed(families, examples.features, names) if artifact.manifest.kind == REGRESSION else ()
    words = FamilyWords(artifact, examples, families)
    event = event_of(artifact)
    ending = {1: f" raises the chance {event}".rstrip(), -1: f" lowers the chance {event}".rstrip()}
    told = Reasons()
    raw_scores, base = np.zeros(len(examples)), 0.0
    for rows, contributions, raw in iterate_contributions(artifact, examples.X, batch_rows=batch_rows, threads=threads):
        raw_scores[rows], base = raw, float(contributions[0, -1])
        totals = settle(families.totals(contributions), linked)
        speakers = words.speakers(contributions, totals)
        order = np.argsort(-np.abs(totals), axis=1, kind="stable")
        for row in range(len(raw)):
            strongest, up, down = tell_row(words, rows.start + row, totals[row], speakers[row], order[row], n, ending)
            told.strongest.append(strongest)
            told.up.append(up)
            told.down.append(down)
    check_order(artifact, raw_scores)
    mean_chance = float(artifact.calibrator.apply(raw_scores).mean()) if len(raw_scores) else 0.0
    told.movement.extend(movement_words(artifact, raw_scores, base, mean_chance))
    return told


def tell_row(
    words: FamilyWords, row: int, totals: np.ndarray, speakers: np.ndarray, order: np.ndarray, n: int, ending: dict[int, str]
) -> tuple[list[str], list[str], list[str]]:
    """Tell the strongest reasons of one row, and the strongest for and against; families come in `order`, the weightiest first."""
    strongest: list[str] = []
    sides: dict[int, list[str]] = {1: [], -1: []}
    for position in order:
        total = totals[position]
        if abs(total) < MIN_LOG_ODDS or len(sides[1]) == len(sides[-1]) == n:
            break
        side = 1 if total > 0 else -1
        if len(sides[side]) == n:
            continue
        phrase = words.phrase(row, int(position), int(speakers[position]))
        sides[side].append(phrase)
        if len(strongest) < n:  # families come by weight, and the first n of them find room on their side
            strongest.append(phrase + ending[side])
    return strongest, sides[1], sides[-1]
