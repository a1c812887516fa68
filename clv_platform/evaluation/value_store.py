"""The files of a value target's report folder: written atomically, read back as they were.

Other programs read these: names and columns are a contract (`schema_version`). Keep rendering out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clv_platform.evaluation.result import SCHEMA_VERSION, GateDecision
from clv_platform.evaluation.store import plain_value, write_atomically
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
    folder.mkdir(parents=True, exist_ok=True)
    for field, stem in FILES.items():
        frame: pd.DataFrame = getattr(evaluation, field)
        write_atomically(folder / f"{stem}.parquet", lambda path, frame=frame: frame.to_parquet(path, index=False))
    metrics = {name: plain_value(value) for name, value in (evaluation.metrics | {"verdict": gate.verdict}).items()}
    for stem, content in (("gate", gate.to_json() | {"schema_version": SCHEMA_VERSION}), ("metrics", metrics)):
        text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
        write_atomically(folder / f"{stem}.json", lambda path, text=text: path.write_text(text, encoding="utf-8"))
    return metrics


def read_value_evaluation(folder: Path) -> StoredValueEvaluation:
    """Read what `write_value_evaluation` wrote; null figures become NaN again.

    Raises
    ------
    FileNotFoundError
        When the folder holds no whole evaluation.
    ValueError
        When it was written under another schema version.
    """
    if not (folder / "metrics.json").is_file():
        raise FileNotFoundError(f"{folder}: expected metrics.json, found none. Run the evaluation of this target and cutoff first.")
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    if metrics.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(
            f"{folder}/metrics.json: expected schema_version {SCHEMA_VERSION}, found {metrics.get('schema_version')!r}. "
            "Run the evaluation again with this version."
        )
    gate = json.loads((folder / "gate.json").read_text(encoding="utf-8"))
    tables = {field: pd.read_parquet(folder / f"{stem}.parquet") for field, stem in FILES.items()}
    values = {name: float("nan") if value is None else value for name, value in metrics.items()}
    decision = GateDecision(gate["is_promoted"], gate["verdict"], tuple(gate["reasons"]), gate["model_id"], gate.get("compared_with"))
    return StoredValueEvaluation(ValueEvaluation(metrics=values, **tables), decision)
