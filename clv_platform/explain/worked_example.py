"""One account's score taken apart, step by step, so that anyone can add it up.

Here: the choice of the account and its steps. Keep layout out (`reports`).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from clv_platform.datasets import Examples
from clv_platform.explain.batches import iterate_contributions
from clv_platform.explain.families import build_families
from clv_platform.explain.reasons import FamilyWords
from clv_platform.models import ModelArtifact

N_STEPS = 8


def work_example(
    artifact: ModelArtifact, examples: Examples, *, private: Collection[str] = (), n_steps: int = N_STEPS, threads: int = 1
) -> pd.DataFrame:
    """Take the score of the first account of the list apart.

    Parameters
    ----------
    artifact : ModelArtifact
        The model.
    examples : Examples
        The rows at hand. Of the newest date's rows the one with the highest raw score is taken (the first account_id among equals),
        whatever it did later.
    private : collection of str
        Features that are never shown; they are one step together.

    Returns
    -------
    DataFrame
        account_id, as_of_date, outcome (1, 0, NaN unknown), step (start, feature, rest, private), label (of the family), text,
        contribution (log-odds), raw_after (log-odds up to here), chance_after (calibrated chance of `raw_after`). The first row is the
        average score, where the sum starts; the last `raw_after` is the account's raw score, the last `chance_after` its chance. No row
        without examples.
    """
    if not len(examples):
        return pd.DataFrame()
    crowd = examples if examples.is_undated else examples.take(examples.as_of_date == examples.as_of_date.max())
    raw = artifact.raw_score(crowd.X, threads)
    chosen = int(np.lexsort((crowd.account_id.astype(str), -raw))[0])
    row = crowd.take(np.array([chosen]))
    _, contributions, _ = next(iterate_contributions(artifact, row.X, threads=threads))
    families = build_families(crowd.features, list(artifact.manifest.features), private)
    words = FamilyWords(artifact, crowd, families)
    totals = families.totals(contributions)
    speakers = words.speakers(contributions, totals)[0]
    order = np.argsort(-np.abs(totals[0]), kind="stable")
    told, rest = order[:n_steps], order[n_steps:]
    steps = [("start", "average score", "where the sum starts: the average score", float(contributions[0, -1]))]
    for position in told:
        text = words.phrase(chosen, int(position), int(speakers[position]))
        steps.append(("feature", families.labels[position], text, float(totals[0, position])))
    if len(rest):
        smaller = f"everything else ({len(rest)} smaller reasons)"
        steps.append(("rest", "everything else", smaller, float(totals[0, rest].sum())))
    if len(families.hidden):
        hidden = "columns not shown (private)"
        steps.append(("private", hidden, hidden, float(contributions[0, families.hidden].sum())))
    table = pd.DataFrame(steps, columns=["step", "label", "text", "contribution"])
    table["raw_after"] = table["contribution"].cumsum()
    table["chance_after"] = artifact.calibrator.apply(table["raw_after"].to_numpy())
    first = {"account_id": row.account_id[0], "as_of_date": row.as_of_date.astype("datetime64[s]")[0], "outcome": float(row.y[0])}
    return pd.DataFrame({name: [value] * len(table) for name, value in first.items()}).join(table)
