"""The evaluation's files of a report folder: written atomically, read back as they were.

Other programs read these: names and columns are a contract (`schema_version`). Add a file here and in `result`. Keep rendering out.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clv_platform.evaluation.gate import decide_gate
from clv_platform.evaluation.result import SCHEMA_VERSION, BinaryEvaluation, GateDecision

TABLES = ("lift", "gains", "reliability", "pr_curve", "leaderboard", "slices", "predictions")


@dataclass(frozen=True)
class StoredEvaluation:
    """What a report folder holds about a model."""

    evaluation: BinaryEvaluation
    arms: pd.DataFrame
    gate: GateDecision


def write_evaluation(evaluation: BinaryEvaluation, arms: pd.DataFrame, folder: Path, gate: GateDecision | None = None) -> dict[str, Any]:
    """Write metrics.json, gate.json and a Parquet file per table.

    Parameters
    ----------
    evaluation : BinaryEvaluation
    arms : DataFrame
        The sampling arms beside each other, as the training gives them.
    folder : Path
        `reports/<cutoff>/<target>`; made when absent.
    gate : GateDecision, optional
        By default `decide_gate(evaluation)`; its verdict goes into metrics.json.

    Returns
    -------
    dict
        The content of metrics.json.

    Notes
    -----
    Each file is written beside its place and renamed; metrics.json comes last, so that it stands for a whole evaluation.
    """
    tables = {"arms": arms, **{name: getattr(evaluation, name) for name in TABLES}}
    return write_files(folder, tables, evaluation.metrics, gate or decide_gate(evaluation))


def read_evaluation(folder: Path) -> StoredEvaluation:
    """Read what `write_evaluation` wrote; null figures become NaN again.

    Raises
    ------
    FileNotFoundError
        When the folder holds no whole evaluation.
    ValueError
        When it was written under another schema version.
    """
    metrics, tables, gate = read_files(folder, (*TABLES, "arms"))
    arms = tables.pop("arms")
    return StoredEvaluation(BinaryEvaluation(metrics=metrics, **tables), arms, gate)


def write_files(folder: Path, tables: Mapping[str, pd.DataFrame], metrics: Mapping[str, Any], gate: GateDecision) -> dict[str, Any]:
    """Write a Parquet file per table, gate.json, then metrics.json, which stands for a whole evaluation; return the content of that."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        write_atomically(folder / f"{name}.parquet", lambda path, frame=frame: frame.to_parquet(path, index=False))
    figures = {key: plain_value(value) for key, value in {**metrics, "verdict": gate.verdict}.items()}
    for name, content in (("gate", gate.to_json() | {"schema_version": SCHEMA_VERSION}), ("metrics", figures)):
        text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
        write_atomically(folder / f"{name}.json", lambda path, text=text: path.write_text(text, encoding="utf-8"))
    return figures


def read_files(folder: Path, names: Iterable[str]) -> tuple[dict[str, Any], dict[str, pd.DataFrame], GateDecision]:
    """Read what `write_files` wrote: figures (null becomes NaN again), the named tables, the gate's decision.

    Raises
    ------
    FileNotFoundError
        When the folder holds no whole evaluation.
    ValueError
        When it was written under another schema version.
    """
    if not (folder / "metrics.json").is_file():
        raise FileNotFoundError(f"{folder}: expected metrics.json, found none. Run the evaluation of this target and cutoff first.")
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    if metrics.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(
            f"{folder}/metrics.json: expected schema_version {SCHEMA_VERSION}, found {metrics.get('schema_version')!r}. "
            "Run the evaluation again with this version."
        )
    gate: Mapping[str, Any] = json.loads((folder / "gate.json").read_text(encoding="utf-8"))
    decision = GateDecision(gate["is_promoted"], gate["verdict"], tuple(gate["reasons"]), gate["model_id"], gate.get("compared_with"))
    figures = {key: float("nan") if value is None else value for key, value in metrics.items()}
    return figures, {name: pd.read_parquet(folder / f"{name}.parquet") for name in names}, decision


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the place and rename, so that a reader never meets half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def plain_value(value: Any) -> Any:
    """Plain JSON values: JSON has neither NaN nor infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
