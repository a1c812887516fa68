"""Where trained models live, and which of them is used: `models/<target>/<model_id>/` and the pointer `champion.json`.

Here: saving, loading, promoting, rolling back; each is one rename, so that a reader never meets half a model. The pointer moves only with
a passed gate, or when a person goes back to an earlier model. Keep the gate itself out (`evaluation`), and the log (`decision_log`).
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from clv_platform.models.artifact import ModelArtifact
from clv_platform.models.decision_log import LoggedDecision, append_decision, read_decisions

if TYPE_CHECKING:
    from clv_platform.models.value.artifact import ValueArtifact

POINTER = "champion.json"
TUNING_FOLDER = "tuning"  # beside the models: journals from which a killed search for parameters goes on


Stored = TypeVar("Stored", "ModelArtifact", "ValueArtifact")


class ModelStoreError(ValueError):
    """A model that isn't there, can't be read, or can't be put into use; the message says which and what to do."""


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


def save_artifact(artifact: ModelArtifact | ValueArtifact, root: Path) -> Path:
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


@overload
def load_artifact(root: Path, model_id: str) -> ModelArtifact: ...
@overload
def load_artifact(root: Path, model_id: str, kind: type[Stored]) -> Stored: ...


def load_artifact(root: Path, model_id: str, kind: type[Any] | None = None) -> Any:
    """Read a model of either kind; its manifest says which.

    Parameters
    ----------
    root : Path
        `models/<target>`.
    model_id : str
    kind : type, optional
        `ModelArtifact` or `ValueArtifact`: what it has to be. Without it, callers get what the target's models are.

    Raises
    ------
    ModelStoreError
        When it isn't there (lists the models there are) or is of another kind.
    ValueError
        When it is broken.
    """
    folder = root / model_id
    if not folder.is_dir():
        # A kill between the two renames of `save_artifact` leaves the model under its hidden name: put it back.
        for kept in sorted(root.glob(f".{model_id}.*.old"))[:1]:
            kept.rename(folder)
    if not folder.is_dir():
        there = ", ".join(sorted(path.name for path in root.glob("[!.]*") if path.is_dir() and path.name != TUNING_FOLDER)) or "none"
        raise ModelStoreError(f"{folder}: no such model; there are: {there}. Train again, or roll back to one of these.")
    artifact = _read(folder)
    if kind is not None and not isinstance(artifact, kind):
        raise ModelStoreError(
            f"{folder}: expected a {kind.__name__}, found a {type(artifact).__name__}: the target was of another kind when it was trained. "
            "Train again."
        )
    return artifact


def _read(folder: Path) -> ModelArtifact | ValueArtifact:
    from clv_platform.models.value.artifact import KIND, ValueArtifact

    try:
        kind = json.loads((folder / "manifest.json").read_text(encoding="utf-8")).get("kind")
    except (OSError, ValueError, AttributeError):
        kind = None  # the reader says what is wrong with the folder
    return ValueArtifact.from_folder(folder) if kind == KIND else ModelArtifact.from_folder(folder)


def read_champion(root: Path) -> Champion | None:
    """Return the model in use, or None before the first promotion.

    Raises
    ------
    ModelStoreError
        When the pointer is broken.
    """
    path = root / POINTER
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Champion(content["model_id"], content["promoted_at_cutoff"], content["decision"], tuple(content["previous"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ModelStoreError(
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
    ModelStoreError
        When the gate didn't pass, or the model isn't saved.
    """
    if not decision.is_promoted:
        raise ModelStoreError(
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


def rollback(root: Path, to: str | None = None, *, by: str = "", why: str = "") -> Champion:
    """Point to an earlier champion, and write down who did it and why.

    Parameters
    ----------
    root : Path
        `models/<target>`.
    to : str, optional
        A model that was in use before; by default the one before the present one.
    by, why : str
        Who goes back, and the reason in their words.

    Returns
    -------
    Champion
        The model in use now. The one left behind doesn't come back by itself: the gate refuses it until somebody goes back to it.

    Raises
    ------
    ModelStoreError
        When there is none, it never was in use, it is in use, or its folder is gone.
    """
    champion = read_champion(root)
    if champion is None:
        raise ModelStoreError(f"{root / POINTER}: no model is in use, so there is nothing to go back from. Run the training first.")
    known = _earlier_champions(root, champion)
    if not champion.previous and to is None:
        there = f" Models that were in use once: {', '.join(known)}; choose one with --to." if known else ""
        raise ModelStoreError(f"{root / POINTER}: no earlier champion to go back to, so nothing was changed.{there}")
    wanted = to or champion.previous[0]["model_id"]
    if wanted == champion.model_id:
        raise ModelStoreError(f"{wanted} is the model in use already; nothing was changed.")
    if wanted not in known:
        raise ModelStoreError(
            f"{wanted} was never in use, so nobody knows that it is fit for it. Models that were: {', '.join(known) or 'none'}."
        )
    load_artifact(root, wanted)
    entries = [entry for entry in champion.previous if entry["model_id"] != wanted]
    before = next((i for i, entry in enumerate(champion.previous) if entry["model_id"] == wanted), None)
    # Going back drops what came after; going forward again keeps the present one as the one before.
    rest = [_entry(champion), *entries] if before is None else list(champion.previous[before + 1 :])
    earlier = Champion(wanted, known[wanted]["promoted_at_cutoff"], known[wanted]["decision"], tuple(rest))
    _write(root, earlier)
    reason = f"{by or 'Somebody'} went back from {champion.model_id} to {wanted}{': ' + why if why else ', without saying why'}."
    append_decision(
        root,
        LoggedDecision("rollback", earlier.promoted_at_cutoff, wanted, "rolled_back_to", True, True, champion.model_id, (reason,), by),
    )
    return earlier


def _earlier_champions(root: Path, champion: Champion) -> dict[str, dict[str, Any]]:
    """Models that were in use once, newest first, as entries of the pointer."""
    entries = {entry["model_id"]: entry for entry in champion.previous}
    for decision in reversed(read_decisions(root)):
        if decision.is_applied and decision.is_promoted and decision.model_id not in (champion.model_id, *entries):
            told = {"verdict": decision.verdict, "reasons": list(decision.reasons)}
            entries[decision.model_id] = {"model_id": decision.model_id, "promoted_at_cutoff": decision.cutoff, "decision": told}
    return entries


def _entry(champion: Champion) -> dict[str, Any]:
    return {"model_id": champion.model_id, "promoted_at_cutoff": champion.promoted_at_cutoff, "decision": champion.decision}


def _write(root: Path, champion: Champion) -> None:
    new = root / f".{POINTER}.{uuid.uuid4().hex}"
    try:
        new.write_text(json.dumps(asdict(champion), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        new.replace(root / POINTER)
    finally:
        new.unlink(missing_ok=True)
