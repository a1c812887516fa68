"""What a run publishes by itself: the rows on which each target's model was judged, with the weak groups and reasons that the run found.

Here: `publish_run_frame`, from the files of a report folder. Keep Dagster out, and frames of people (`publishing`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from clv_platform.review.frames.catalogue import list_versions
from clv_platform.review.frames.info import FrameError, FrameInfo
from clv_platform.review.frames.naming import slugify
from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.store import ReviewStore
from clv_platform.warehouse import read_parquet

_KEYS = ("account_id", "as_of_date")
_HIDDEN = ("champion_score",)
OUTCOMES: Mapping[str, tuple[str, str]] = {"upgrade": ("didn't upgrade", "upgraded"), "churn": ("stayed", "left")}


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
    path = folder / "metrics.json"
    if not path.is_file():
        raise FrameError(f"{path}: expected the figures of an evaluation, found none. Run the evaluation of target {target!r} first.")
    metrics = json.loads(path.read_text(encoding="utf-8"))
    name, model_id = f"{target.replace('_', ' ').capitalize()}: what was predicted and what came", str(metrics["model_id"])
    known = next(iter(list_versions(store, slugify(name))), None)
    predictions = read_parquet(folder / "predictions.parquet")
    if known is not None and (known.model_id, known.n_rows) == (model_id, len(predictions)):
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
        slices=[column for column in rows.columns if column not in (*_KEYS, "y_true", "y_pred", "score", "lo", "hi", *private)],
        private=[column for column in private if column in rows.columns],
        labels={column: text for column, text in (labels or {}).items() if column in rows.columns},
        descriptions=descriptions,
        origin="run",
        extras=_extras(folder, rows),
    )
    return info, True


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
