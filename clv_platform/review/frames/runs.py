"""What a run publishes by itself: the rows on which each target's model was judged, with the weak groups and reasons that the run found.

Here: `publish_run_frame` and, for amounts, `publish_tier_frame`, from the files of a report folder. Keep Dagster out, and frames of people
(`publishing`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clv_platform.config import ValueTiers
from clv_platform.contracts.review_feedback import OUTCOMES
from clv_platform.review.frames.catalogue import list_versions
from clv_platform.review.frames.info import FrameError, FrameInfo
from clv_platform.review.frames.naming import slugify
from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.store import ReviewStore
from clv_platform.scores.value import TIERS, assign_tiers
from clv_platform.warehouse import read_parquet

_KEYS = ("account_id", "as_of_date")
_HIDDEN = ("champion_score",)
_FIGURES = (*_HIDDEN, "y_true", "y_pred", "score", "lo", "hi", "n_true", "n_pred")
_TIER_WORDS = {"tier_true": "tier that came", "tier_pred": "predicted tier"}


def publish_run_frame(
    store: ReviewStore,
    folder: Path,
    target: str,
    *,
    kind: str = "",
    labels: Mapping[str, str] | None = None,
    descriptions: Mapping[str, str] | None = None,
    private: Sequence[str] = (),
) -> tuple[FrameInfo, bool]:
    """Publish the test rows of a target as of a cutoff; the same rows of the same model aren't published twice.

    Parameters
    ----------
    store : ReviewStore
        Where to.
    folder : Path
        `reports/<cutoff>/<target>`: predictions.parquet, metrics.json and, where they are, weak_slices.parquet and attributions.parquet.
    target : str
        The target's name.
    kind : str
        The target's kind: how outcomes are called before people (0 and 1 where it isn't known).
    labels, descriptions : mapping of column to text
        From the feature catalogue.
    private : sequence of str
        Columns that the config lists as private.

    Returns
    -------
    FrameInfo, bool
        The version, and whether it is new.

    Raises
    ------
    FrameError
        When the folder holds no evaluation.
    """
    metrics = _read_metrics(folder, target)
    name, model_id = f"{target.replace('_', ' ').capitalize()}: what was predicted and what came", str(metrics["model_id"])
    predictions = read_parquet(folder / "predictions.parquet")
    if known := _published(store, name, model_id, len(predictions)):
        return known, False
    rows = predictions.drop(columns=[column for column in _HIDDEN if column in predictions])
    if rows["as_of_date"].isna().all():
        rows = rows.drop(columns="as_of_date")  # undated data
    outcomes = OUTCOMES.get(kind, ("0", "1"))
    is_chance = "y_pred" not in rows.columns
    info = publish_frame(
        store,
        rows.assign(y_true=_named(rows["y_true"], outcomes)) if is_chance else rows,
        name,
        roles={"y_true": "y_true", "account_id": "account_id"} | ({"score": "score"} if is_chance else {"y_pred": "y_pred"}),
        kind="binary" if is_chance else "regression",
        positive=outcomes[1] if is_chance else None,
        threshold=metrics.get("f1_threshold"),
        target=target,
        model_id=model_id,
        slices=_slice_columns(rows, private),
        private=[column for column in private if column in rows.columns],
        labels={column: text for column, text in (labels or {}).items() if column in rows.columns},
        descriptions=descriptions,
        origin="run",
        extras=_extras(folder, rows),
    )
    return info, True


def publish_tier_frame(
    store: ReviewStore,
    folder: Path,
    target: str,
    tiers: ValueTiers,
    *,
    labels: Mapping[str, str] | None = None,
    descriptions: Mapping[str, str] | None = None,
    private: Sequence[str] = (),
) -> tuple[FrameInfo, bool]:
    """Publish the test rows of a value target as value tiers: the one that an account was predicted to be in, and the one it came to.

    Parameters
    ----------
    tiers : ValueTiers
        The company's shares. Predicted tiers are those of the lists, by rank; an account came to a tier by the amounts at the same shares,
        so that equal amounts are never in two tiers: where half of the accounts brought nothing, the lowest tier is larger than its share.
    store, folder, target, labels, descriptions, private
        As `publish_run_frame`.

    Raises
    ------
    FrameError
        When the folder holds no evaluation.
    """
    metrics = _read_metrics(folder, target)
    name, model_id = f"{target.replace('_', ' ').capitalize()}: tier predicted and tier that came", str(metrics["model_id"])
    predictions = read_parquet(folder / "predictions.parquet")
    if known := _published(store, name, model_id, len(predictions)):
        return known, False
    order = pd.CategoricalDtype(list(TIERS), ordered=True)
    rank = predictions["y_pred"].rank(ascending=False, method="first").to_numpy()
    limits = np.quantile(predictions["y_true"], np.cumsum([tiers.low, tiers.mid, tiers.high]), method="lower")
    came = np.array(TIERS, dtype=object)[np.searchsorted(limits, predictions["y_true"].to_numpy(), side="left")]
    keys = [column for column in _KEYS if not predictions[column].isna().all()]
    slices = _slice_columns(predictions, private)
    outcomes = {"tier_true": pd.Series(came).astype(order), "tier_pred": pd.Series(assign_tiers(rank, tiers)).astype(order)}
    info = publish_frame(
        store,
        predictions[[*keys, *slices]].assign(**outcomes),
        name,
        roles={"y_true": "tier_true", "y_pred": "tier_pred", "account_id": "account_id"},
        kind="multiclass",
        target=target,
        model_id=model_id,
        slices=slices,
        labels=_TIER_WORDS | {column: text for column, text in (labels or {}).items() if column in slices},
        descriptions=descriptions,
        origin="run",
    )
    return info, True


def _published(store: ReviewStore, name: str, model_id: str, n_rows: int) -> FrameInfo | None:
    """The newest version, if it is of the same rows by the same model."""
    known = next(iter(list_versions(store, slugify(name))), None)
    return known if known is not None and (known.model_id, known.n_rows) == (model_id, n_rows) else None


def _read_metrics(folder: Path, target: str) -> dict[str, Any]:
    path = folder / "metrics.json"
    if not path.is_file():
        raise FrameError(f"{path}: expected the figures of an evaluation, found none. Run the evaluation of target {target!r} first.")
    return json.loads(path.read_text(encoding="utf-8"))


def _slice_columns(rows: pd.DataFrame, private: Sequence[str]) -> list[str]:
    return [column for column in rows.columns if column not in (*_KEYS, *_FIGURES, *private)]


def _named(outcome: pd.Series, names: tuple[str, str]) -> pd.Series:
    return outcome.map({0: names[0], 1: names[1]}).astype(pd.CategoricalDtype(list(names), ordered=True))


def _extras(folder: Path, rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    found: dict[str, pd.DataFrame] = {}
    if (folder / "weak_slices.parquet").is_file():
        found["weak_slices"] = read_parquet(folder / "weak_slices.parquet")
    if (folder / "attributions.parquet").is_file():
        found["reasons"] = _reasons(read_parquet(folder / "attributions.parquet"), rows)
    return found


def _reasons(attributions: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Attributions by the place of their row: row, feature (in words), value, effect."""
    keys = [key for key in _KEYS if key in rows.columns and key in attributions.columns]
    places = rows[keys].assign(row=range(len(rows)))
    joined = attributions.merge(places, on=keys, how="inner")
    names: dict[str, Any] = {"feature": joined["label" if "label" in joined else "feature"], "value": joined["value"].astype(str)}
    return pd.DataFrame({"row": joined["row"], **names, "effect": joined["contribution"]})
