"""The files of a value target's report folder: written atomically, read back as they were.

Other programs read these: names and columns are a contract (`schema_version`). Keep rendering out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clv_platform.evaluation.result import GateDecision
from clv_platform.evaluation.store import read_files, write_files
from clv_platform.evaluation.value import ValueEvaluation

FILES = {
    "deciles": "lift",  # the deciles are the lift table of amounts
    "concentration": "concentration",
    "leaderboard": "leaderboard",
    "slices": "slices",
    "predictions": "predictions",
}


@dataclass(frozen=True)
class StoredValueEvaluation:
    """What a report folder holds about a value model."""

    evaluation: ValueEvaluation
    gate: GateDecision


def write_value_evaluation(evaluation: ValueEvaluation, folder: Path, gate: GateDecision) -> dict[str, Any]:
    """Write metrics.json, gate.json and a Parquet file per table; metrics.json comes last, so that it stands for a whole evaluation.

    Returns
    -------
    dict
        The content of metrics.json.
    """
    tables = {stem: getattr(evaluation, field) for field, stem in FILES.items()}
    return write_files(folder, tables, evaluation.metrics, gate)


def read_value_evaluation(folder: Path) -> StoredValueEvaluation:
    """Read what `write_value_evaluation` wrote; null figures become NaN again.

    Raises
    ------
    FileNotFoundError
        When the folder holds no whole evaluation.
    ValueError
        When it was written under another schema version.
    """
    metrics, tables, gate = read_files(folder, FILES.values())
    return StoredValueEvaluation(ValueEvaluation(metrics=metrics, **{field: tables[stem] for field, stem in FILES.items()}), gate)
