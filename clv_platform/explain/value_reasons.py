"""Why an account is expected to bring what it does, in plain words: features as for chances, purchases as people would tell them.

Here: "bought on 5 days in 9 months, last 12 days ago, 35 EUR a time", and the choice of reasons. Keep phrases of features out (`wording`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clv_platform.contracts.feature import Feature
from clv_platform.datasets import ValueRows
from clv_platform.explain.batches import BATCH_ROWS, iterate_contributions
from clv_platform.explain.families import Families, build_families, link_computed, settle
from clv_platform.explain.reasons import FamilyWords, Reasons, tell_row
from clv_platform.explain.value_view import HISTORY, ValueView, summary_of, view_rows

if TYPE_CHECKING:
    from clv_platform.models.value import ValueArtifact, ValueForecast

_MONTH = 30.4375  # days
ORDER_GROUPS = ("rfm", HISTORY.group)
_LATE = 3.0  # of the usual gap between purchases


class ValueWords(FamilyWords):
    """Words for families of features, and for the purchases."""

    def __init__(self, view: Any, examples: Any, families: Families, currency: str) -> None:
        super().__init__(view, examples, families)
        self._history = families.names.index(HISTORY.name) if HISTORY.name in families.names else -1
        self._purchases = purchase_words(summary_of(examples.X), currency)

    def phrase(self, row: int, position: int, speaker: int) -> str:
        """Tell one family of one account."""
        return self._purchases[row] if position == self._history else super().phrase(row, position, speaker)


def tell_value_reasons(
    artifact: ValueArtifact,
    rows: ValueRows,
    forecast: ValueForecast,
    n: int = 3,
    *,
    private: Collection[str] = (),
    currency: str = "",
    batch_rows: int = BATCH_ROWS,
) -> Reasons:
    """Tell for each account what its expected amount rests on.

    Parameters
    ----------
    artifact : ValueArtifact
        The model.
    rows : ValueRows
        One row per account; values are compared with those of all these rows.
    forecast : ValueForecast
        Of the same rows, for the sentence about the whole.
    n : int
        At most so many reasons of each kind per account.
    private : collection of str
        Features that are never shown.
    currency : str
        Unit of amounts.

    Returns
    -------
    Reasons
        `movement` compares the expected amount with a typical account's.

    Raises
    ------
    ArithmeticError
        When contributions don't add up to the log of the amount.
    """
    view: Any = ValueView(artifact)
    examples = view_rows(rows)
    view.check_features(examples.features)
    families = join_purchases(build_families(examples.features, list(view.manifest.features), private), examples.features, view.manifest)
    linked = link_computed(families, examples.features, list(view.manifest.features))  # means of models may hold a regression
    words = ValueWords(view, examples, families, currency)
    ending = {1: " raises the expected amount", -1: " lowers the expected amount"}
    told = Reasons()
    for part, contributions, _ in iterate_contributions(view, examples.X, batch_rows=batch_rows):
        totals = settle(families.totals(contributions), linked)
        speakers = words.speakers(contributions, totals)
        order = np.argsort(-np.abs(totals), axis=1, kind="stable")
        for row in range(len(totals)):
            strongest, up, down = tell_row(words, part.start + row, totals[row], speakers[row], order[row], n, ending)
            told.strongest.append(strongest)
            told.up.append(up)
            told.down.append(down)
    told.movement.extend(_movements(forecast.spend, currency))
    return told


def join_purchases(families: Families, features: Sequence[Feature], manifest: Any) -> Families:
    """Put all features made of orders into the family of the purchase history.

    Trees correct what the purchase history promises, so that "high revenue" alone would often be said to lower the amount; only their sum
    means something to people.
    """
    of_orders = {feature.name for feature in features if feature.group in ORDER_GROUPS}
    names = list(manifest.features)
    is_joined = np.array([names[column] in of_orders for column in families.columns], dtype=bool)
    if not is_joined.any():
        return families
    stems = [HISTORY.name if joined else families.names[member] for member, joined in zip(families.member, is_joined, strict=True)]
    labels = dict(zip(families.names, families.labels, strict=True)) | {HISTORY.name: HISTORY.label}
    positions = {stem: position for position, stem in enumerate(dict.fromkeys(stems))}
    member = np.array([positions[stem] for stem in stems], dtype=int)
    return Families(tuple(positions), tuple(labels[stem] for stem in positions), families.columns, member, families.hidden)


def purchase_words(summary: pd.DataFrame, currency: str = "") -> list[str]:
    """Tell what each account has bought so far.

    Parameters
    ----------
    summary : DataFrame
        n_purchases, T_days, recency_days, mean_value.
    currency : str
        Unit of amounts; may be empty.

    Returns
    -------
    list of str
        Such as "bought on 5 days in 9 months, last 12 days ago, 35 EUR a time".
    """
    told: list[str] = []
    for row in summary.to_dict("records"):
        n, watched, value = int(row["n_purchases"]), row["T_days"], row["mean_value"]
        if n <= 0 or np.isnan(watched):
            told.append("nothing bought so far")
            continue
        silent = watched - row["recency_days"] + 1  # T ends on the day before
        amount = f"{_amount(value)} {currency}".rstrip() if value > 0 else ""
        if n == 1:
            told.append(f"bought once, {_ago(silent)}{', for ' + amount if amount else ''}")
            continue
        text = f"bought on {n} days in {_span(watched + 1)}, last {_ago(silent)}{', ' + amount + ' a time' if amount else ''}"
        told.append(f"{text}; usually sooner" if silent > _LATE * max(row["recency_days"] / (n - 1), 1) else text)
    return told


def _movements(spend: np.ndarray, currency: str) -> list[str]:
    middle = float(np.median(spend)) if len(spend) else 0.0
    unit = f" {currency}" if currency else ""
    if middle <= 0:
        return [f"{_amount(value)}{unit} expected" for value in spend]
    return [f"{_amount(value)}{unit} expected, {value / middle:.1f} times what the account in the middle brings" for value in spend]


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:,.2f}"


def _ago(days: float) -> str:
    whole = round(days)
    return "yesterday" if whole <= 1 else f"{_span(days)} ago"


def _span(days: float) -> str:
    if days < 61:
        return f"{round(days)} days"
    months = days / _MONTH
    return f"{months:.0f} months" if months < 24 else f"{months / 12:.1f} years"
