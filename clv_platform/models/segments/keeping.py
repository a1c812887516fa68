"""Segments that stay: found once, kept as a folder of JSON, found anew only for a reason.

Here: the folder `models/segments/<model_id>/`, the pointer `current.json`, and when segments are found anew. People work with segments
for months: names that change at every run would be useless. Keep reading of tables and pages out.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clv_platform.contracts.feature import Feature
from clv_platform.models.segments.clustering import SegmentModel, fit_segments
from clv_platform.models.segments.naming import build_traits

POINTER, _FILE = "current.json", "segments.json"


@dataclass(frozen=True)
class SegmentRequest:
    """What segments are asked for; another request means other segments.

    Attributes
    ----------
    features : tuple of Feature
        What accounts are compared by.
    n_segments : tuple of int
        Numbers to try.
    n_resamples : int
        Refits on resampled accounts behind the stability.
    seed : int
    currency : str
        The unit of amounts, for names.
    """

    features: tuple[Feature, ...]
    n_segments: tuple[int, ...]
    n_resamples: int
    seed: int = 0
    currency: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values, by which requests are compared."""
        names = [feature.name for feature in self.features]
        return {"features": names, "n_segments": list(self.n_segments), "n_resamples": self.n_resamples, "seed": self.seed}


@dataclass(frozen=True)
class KeptSegments:
    """A model of segments with its evidence.

    Attributes
    ----------
    model_id : str
        Cutoff and a hash of the content.
    cutoff, as_of_date : str
        When it was found, and on which snapshot.
    n_accounts : int
        Accounts it was found on.
    request : mapping
        `SegmentRequest.to_json`.
    model : SegmentModel
    choice, alternatives : DataFrame
        See `SegmentFit`.
    """

    model_id: str
    cutoff: str
    as_of_date: str
    n_accounts: int
    request: Mapping[str, Any]
    model: SegmentModel
    choice: pd.DataFrame
    alternatives: pd.DataFrame


@dataclass(frozen=True)
class Refreshed:
    """The segments to use, None when none can be found, and what was done, in words."""

    kept: KeptSegments | None
    words: str
    is_new: bool = False


def refresh_segments(
    root: Path,
    accounts: pd.DataFrame,
    request: SegmentRequest,
    *,
    cutoff: str,
    as_of_date: str,
    is_retraining: bool = False,
    is_newest: bool = True,
) -> Refreshed:
    """Take the segments in use, or find them anew when there is a reason.

    Parameters
    ----------
    root : Path
        `models/segments`.
    accounts : DataFrame
        One row per account with the request's features.
    cutoff, as_of_date : str
        Of this run, and of the accounts.
    is_retraining : bool
        Somebody asked for new ones.
    is_newest : bool
        Only then the pointer moves; an older cutoff never uses segments that were found later.

    Returns
    -------
    Refreshed
        Without segments, and with the reason in plain words, when there are too few accounts or they are all alike.
    """
    kept = load_current(root)
    why = _why_anew(kept, request, cutoff, is_retraining, is_newest)
    if kept is not None and not why:
        return Refreshed(kept, f"The segments found on {kept.as_of_date} are kept.")
    try:
        found = _fit(accounts, request, cutoff, as_of_date)
    except ValueError as error:  # too few accounts, or all alike: a fact about the data, no bug
        return Refreshed(None, str(error))
    save_segments(root, found, is_current=is_newest)
    return Refreshed(found, why, is_new=True)


def _why_anew(kept: KeptSegments | None, request: SegmentRequest, cutoff: str, is_retraining: bool, is_newest: bool) -> str:
    if kept is None:
        return "Segments were found for the first time."
    if not is_newest and kept.cutoff > cutoff:
        return "Segments were found as of this cutoff, because those in use were found later."
    if is_retraining and is_newest:
        return "Segments were found anew, because a retraining was asked for."
    if dict(kept.request) != request.to_json():
        changed = [name for name, value in request.to_json().items() if kept.request.get(name) != value]
        return f"Segments were found anew, because {' and '.join(changed)} changed."
    return ""


def _fit(accounts: pd.DataFrame, request: SegmentRequest, cutoff: str, as_of_date: str) -> KeptSegments:
    traits = build_traits(request.features, request.currency)
    fit = fit_segments(
        accounts.sort_values("account_id"),  # K-means starts from rows drawn by their place: in another order it ends elsewhere
        list(traits),
        labels=traits,
        n_segments=request.n_segments,
        n_resamples=request.n_resamples,
        seed=request.seed,
    )
    content = json.dumps([fit.model.to_json(), request.to_json()], sort_keys=True)
    model_id = f"{cutoff}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    return KeptSegments(model_id, cutoff, as_of_date, len(accounts), request.to_json(), fit.model, fit.choice, fit.alternatives)


def save_segments(root: Path, kept: KeptSegments, *, is_current: bool) -> Path:
    """Write `root/<model_id>/segments.json`, and point to it when it is the one in use from now on."""
    folder, new = root / kept.model_id, root / f".{kept.model_id}.{uuid.uuid4().hex}"
    new.mkdir(parents=True)
    content = {
        **{name: getattr(kept, name) for name in ("model_id", "cutoff", "as_of_date", "n_accounts")},
        "request": dict(kept.request),
        "model": kept.model.to_json(),
        "choice": kept.choice.to_dict("records"),
        "alternatives": kept.alternatives.to_dict("records"),
    }
    try:
        (new / _FILE).write_text(json.dumps(content, indent=1, default=float) + "\n", encoding="utf-8")
        if folder.exists():
            (new / _FILE).replace(folder / _FILE)
        else:
            new.rename(folder)
        if is_current:
            pointer = root / f".{POINTER}.{uuid.uuid4().hex}"
            pointer.write_text(json.dumps({"model_id": kept.model_id}) + "\n", encoding="utf-8")
            pointer.replace(root / POINTER)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return folder


def load_current(root: Path) -> KeptSegments | None:
    """Read the segments in use; None before the first."""
    pointer = root / POINTER
    if not pointer.is_file():
        return None
    model_id = json.loads(pointer.read_text(encoding="utf-8"))["model_id"]
    return load_segments(root, model_id) if (root / model_id / _FILE).is_file() else None


def load_segments(root: Path, model_id: str) -> KeptSegments:
    """Read segments by their id; FileNotFoundError names the file."""
    content = json.loads((root / model_id / _FILE).read_text(encoding="utf-8"))
    facts = {name: content[name] for name in ("model_id", "cutoff", "as_of_date", "n_accounts", "request")}
    model = SegmentModel.from_json(content["model"])
    return KeptSegments(**facts, model=model, choice=pd.DataFrame(content["choice"]), alternatives=pd.DataFrame(content["alternatives"]))
