"""Why the model said what it said of the rows on screen.

Here: `reasons_of`. What a run has computed and published beside its rows is reused; for a frame that was published with a model of the
platform's own store (`model_id`) and with the columns that this model reads, contributions are computed for the rows asked for. Keep the
mathematics out (`models`, `explain`) and pages too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.engine import ask
from clv_platform.warehouse import read_parquet

if TYPE_CHECKING:
    from clv_platform.models import ModelArtifact

STEM = "reasons"  # the table beside the rows: row, feature, value, effect
COLUMNS = ("row", "feature", "value", "effect")
MAX_ROWS = 200
_MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def reasons_of(info: FrameInfo, places: Sequence[int], models: Path | None = None, most: int = 8) -> pd.DataFrame:
    """Return the strongest reasons of some rows.

    Parameters
    ----------
    info : FrameInfo
        Whose rows.
    places : sequence of int
        Their places in the file, from 0; at most 200 are looked at.
    models : Path, optional
        The model store of the company, `data/<name>/models`; without it only published reasons are known.
    most : int
        Reasons per row.

    Returns
    -------
    DataFrame
        row, feature (in words), value, effect (log-odds; above 0 it raises the score), rows in the order asked for, the strongest reason
        first. Empty where there are none: no reasons published, no such model, or columns that the model reads are missing or private.
    """
    wanted = [int(place) for place in places if 0 <= int(place) < info.n_rows][:MAX_ROWS]
    empty = pd.DataFrame({name: pd.Series(dtype=float if name == "effect" else "int64" if name == "row" else object) for name in COLUMNS})
    path = info.folder / f"{STEM}.parquet"
    found = _published(path, tuple(wanted)) if path.is_file() else _computed(info, wanted, models)
    if found is None or found.empty:
        return empty
    order = {place: number for number, place in enumerate(wanted)}
    keys = pd.DataFrame({"order": found["row"].map(order), "size": -found["effect"].abs()}, index=found.index)
    ranked = found.loc[keys.sort_values(["order", "size"], kind="stable").index, list(COLUMNS)]
    return ranked[ranked.groupby("row").cumcount() < most].reset_index(drop=True)


def model_of(info: FrameInfo, models: Path | None) -> ModelArtifact | None:
    """Return the model that a frame names, if it is in the store and the frame has all that it reads; None else."""
    if models is None or not info.model_id or not _MODEL_ID.fullmatch(info.model_id):
        return None
    folder = next((path for path in sorted(models.glob(f"*/{info.model_id}")) if (path / "manifest.json").is_file()), None)
    artifact = None if folder is None else _load(folder)
    return artifact if artifact is not None and _has_features(info, artifact) else None


def _has_features(info: FrameInfo, artifact: ModelArtifact) -> bool:
    """Whether every column that the model reads is there, shown and of its type."""
    for name, type_ in artifact.manifest.features.items():
        column = info.by_name.get(name)
        if column is None or (type_ != "category" and column.type not in ("number", "boolean")):
            return False
    return True


@lru_cache(maxsize=4)
def _load(folder: Path) -> ModelArtifact | None:
    from clv_platform.models import ModelArtifact
    from clv_platform.models.store import ModelStoreError, load_artifact

    try:
        return load_artifact(folder.parent, folder.name, ModelArtifact)
    except (ModelStoreError, ValueError):  # a value model, or one that can't be read: rows are shown without reasons
        return None


@lru_cache(maxsize=64)
def _published(path: Path, places: tuple[int, ...]) -> pd.DataFrame:
    found = read_parquet(path)
    return found[found["row"].isin(places)]


def _computed(info: FrameInfo, places: Sequence[int], models: Path | None) -> pd.DataFrame | None:
    artifact = model_of(info, models)
    if artifact is None or not places:
        return None
    features = artifact.manifest.features
    fields = ", ".join(f"{info.column(name).field} as f{number}" for number, name in enumerate(features))
    numbers = ", ".join(map(str, places))  # whole numbers of ours
    rows = ask(info, (), f"file_row_number as place, {fields}", f"and file_row_number in ({numbers})")
    X = pd.DataFrame({name: _typed(rows[f"f{number}"], type_) for number, (name, type_) in enumerate(features.items())})
    values = artifact.contributions(X)[:, :-1]
    labels = [info.column(name).label for name in features]
    return pd.DataFrame(
        {
            "row": rows["place"].to_numpy().repeat(len(labels)),
            "feature": labels * len(rows),
            "value": [text for row in X.astype(object).itertuples(index=False, name=None) for text in map(_text, row)],
            "effect": values.reshape(-1),
        }
    ).query("effect != 0")


def _typed(values: pd.Series, type_: str) -> pd.Series:
    """A column as the model was trained on it: categories, else numbers."""
    if type_ == "category":
        return values.astype("string").astype("category")
    return values.astype("boolean").astype("float64") if values.dtype == object else values.astype("float64")


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]
