"""Where trained models live, and which of them is used: `models/<target>/<model_id>/` and the pointer `champion.json`.

Here: saving, loading, promoting, rolling back; each is one rename, so that a reader never meets half a model. The pointer moves only with
a passed gate. Keep the gate itself out (`evaluation`).
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from clv_platform.models.artifact import ModelArtifact

POINTER = "champion.json"


class Decision(Protocol):
    """What a gate says; `evaluation.GateDecision` is one."""

    @property
    def is_promoted(self) -> bool:
        """Whether the model may become the champion."""
        ...

    @property
    def verdict(self) -> str:
        """One word."""
        ...

    @property
    def reasons(self) -> Sequence[str]:
        """Plain words."""
        ...


@dataclass(frozen=True)
class Champion:
    """The model in use.

    Attributes
    ----------
    model_id : str
        Names its folder.
    promoted_at_cutoff : str
        The cutoff that the model was trained for, or `undated`.
    decision : dict
        `verdict` and `reasons` of the gate.
    previous : tuple of dict
        Earlier champions, newest first, as entries of the same three keys.
    """

    model_id: str
    promoted_at_cutoff: str
    decision: dict[str, Any]
    previous: tuple[dict[str, Any], ...] = ()


def save_artifact(artifact: ModelArtifact, root: Path) -> Path:
    """Write a model to `root/<model_id>`, replacing one of the same id.

    Parameters
    ----------
    root : Path
        `models/<target>`.

    Returns
    -------
    Path
        The model's folder.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = root / artifact.manifest.model_id
    new = root / f".{artifact.manifest.model_id}.{uuid.uuid4().hex}.new"
    new.mkdir()
    try:
        artifact.to_folder(new)
        if folder.exists():
            old = new.with_suffix(".old")
            folder.rename(old)  # a folder can't be replaced in one step; same id, same content: only the step itself shows
            new.rename(folder)
            shutil.rmtree(old)
        else:
            new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return folder


def load_artifact(root: Path, model_id: str) -> ModelArtifact:
    """Read a model.

    Raises
    ------
    ValueError
        When it isn't there or is broken; lists the models there are.
    """
    folder = root / model_id
    if not folder.is_dir():
        there = ", ".join(sorted(path.name for path in root.glob("[!.]*") if path.is_dir())) or "none"
        raise ValueError(f"{folder}: no such model; there are: {there}. Train again, or roll back to one of these.")
    return ModelArtifact.from_folder(folder)


def read_champion(root: Path) -> Champion | None:
    """Return the model in use, or None before the first promotion.

    Raises
    ------
    ValueError
        When the pointer is broken.
    """
    path = root / POINTER
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Champion(content["model_id"], content["promoted_at_cutoff"], content["decision"], tuple(content["previous"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: not a readable pointer ({error}). Remove it and run again: a model that passes its gate writes it."
        ) from error


def load_champion(root: Path) -> ModelArtifact | None:
    """Read the model in use, or None before the first promotion."""
    champion = read_champion(root)
    return load_artifact(root, champion.model_id) if champion else None


def promote(root: Path, model_id: str, decision: Decision) -> Champion:
    """Point to a saved model.

    Raises
    ------
    ValueError
        When the gate didn't pass, or the model isn't saved.
    """
    if not decision.is_promoted:
        raise ValueError(
            f"model {model_id}: the gate said {decision.verdict!r}, so it stays out of use. {' '.join(decision.reasons)}".rstrip()
        )
    cutoff = load_artifact(root, model_id).manifest.cutoff
    before = read_champion(root)
    previous = () if before is None else (_entry(before), *before.previous)
    champion = Champion(
        model_id,
        cutoff,
        {"verdict": decision.verdict, "reasons": list(decision.reasons)},
        tuple(entry for entry in previous if entry["model_id"] != model_id),  # the same run again adds nothing to go back to
    )
    _write(root, champion)
    return champion


def rollback(root: Path) -> Champion:
    """Point to the champion before the present one.

    Raises
    ------
    ValueError
        When there is none, or its folder is gone.
    """
    champion = read_champion(root)
    if champion is None or not champion.previous:
        raise ValueError(f"{root / POINTER}: no earlier champion to go back to. Remove the file to have none.")
    entry, *rest = champion.previous
    load_artifact(root, entry["model_id"])
    earlier = Champion(entry["model_id"], entry["promoted_at_cutoff"], entry["decision"], tuple(rest))
    _write(root, earlier)
    return earlier


def _entry(champion: Champion) -> dict[str, Any]:
    return {"model_id": champion.model_id, "promoted_at_cutoff": champion.promoted_at_cutoff, "decision": champion.decision}


def _write(root: Path, champion: Champion) -> None:
    new = root / f".{POINTER}.{uuid.uuid4().hex}"
    try:
        new.write_text(json.dumps(asdict(champion), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        new.replace(root / POINTER)
    finally:
        new.unlink(missing_ok=True)
