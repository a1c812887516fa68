"""The few reasons that weigh most for an account, in plain words.

Here: which features are told. Features of one family (lags, sums and means of a metric) are one reason: their contributions are added, and
the strongest of them speaks. Keep phrases out (`wording`).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from clv_platform.datasets import Examples
from clv_platform.explain.wording import ColumnWords, family
from clv_platform.models import ModelArtifact

MIN_LOG_ODDS = 0.01  # a hundredth of the odds is no reason
BATCH_ROWS = 20_000


def top_reasons(
    artifact: ModelArtifact, examples: Examples, n: int = 3, *, private: Collection[str] = (), threads: int = 1
) -> list[list[str]]:
    """Tell for each row what its score rests on.

    Parameters
    ----------
    artifact : ModelArtifact
        The model.
    examples : Examples
        Rows to explain; values are compared with those of all these rows.
    n : int
        At most so many reasons per row, strongest first; fewer when the rest weigh next to nothing.
    private : collection of str
        Features that are never shown.

    Returns
    -------
    list of list of str
        Such as "impressions on X, monthly mean of 3 months: 5,230 (higher than for 92 % of accounts) raises the chance".
        It is what the model goes by, not a cause.
    """
    artifact.check_features(examples.features)
    by_name = {feature.name: feature for feature in examples.features}
    shown = [name for name in artifact.manifest.features if name not in set(private)]
    columns = np.array([column for column, name in enumerate(artifact.manifest.features) if name in set(shown)], dtype=int)
    names = list(artifact.manifest.features)
    families = [family(by_name[names[column]]) for column in columns]
    positions = {name: position for position, name in enumerate(dict.fromkeys(families))}
    member = np.array([positions[name] for name in families], dtype=int)
    words = [ColumnWords(by_name[names[column]], examples.X[names[column]]) for column in columns]
    reasons: list[list[str]] = []
    for start in range(0, len(examples.y), BATCH_ROWS):
        values = artifact.contributions(examples.X.iloc[start : start + BATCH_ROWS], threads)[:, columns]
        totals = np.zeros((len(values), len(positions)))
        for column, position in enumerate(member):
            totals[:, position] += values[:, column]
        order = np.argsort(-np.abs(totals), axis=1, kind="stable")[:, :n]
        for row in range(len(values)):
            told: list[str] = []
            for position in order[row]:
                total = totals[row, position]
                if abs(total) < MIN_LOG_ODDS:
                    break
                own = np.flatnonzero(member == position)
                speaker = own[np.argmax(values[row, own] * np.sign(total))]
                told.append(f"{words[speaker].phrase(start + row)} {'raises' if total > 0 else 'lowers'} the chance")
            reasons.append(told)
    return reasons
