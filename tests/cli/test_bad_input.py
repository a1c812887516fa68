# ruff: noqa: E501 (the messages are given as people see them)
"""Input that can't be learnt from, through the whole graph: exit code 2, one plain message per target, no traceback, no model."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def write_flat_company(folder: Path, n_accounts: int, labels: tuple[str, ...]) -> Path:
    """A flat table without dates: an honest column, an empty one, a constant one, one that holds the answer; one target per label."""
    draw = random.Random(3)
    lines = ["id,age,empty,same,bought,good,never,three"]
    for number in range(n_accounts):
        good = int(draw.random() < 0.2)
        lines.append(f"a{number},{draw.random():.3f},,1,{good + 0.001 * draw.random():.4f},{good},0,{('yes', 'no', 'maybe')[number % 3]}")
    (folder / "flat.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config: dict[str, Any] = {
        "name": "flat",
        "title": "A flat table that can't be learnt from",
        "sources": {
            "account_snapshots": {"files": str(folder / "flat.csv"), "columns": {"account_id": "id"}},
            "accounts": {"derive_from": "account_snapshots"},
        },
        "snapshots": {"is_undated": True},
        "snapshot_columns": {name: {} for name in ("age", "empty", "same", "bought")},
        "targets": [{"name": f"of_{label}", "kind": "upgrade", "label_column": label} for label in labels],
        "training": {"n_bootstraps": 50},
    }
    path = folder / "flat.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def test_leak_one_class_and_three_values_stop_training_each_with_its_message(place):
    config = write_flat_company(place.folder, 600, ("good", "never", "three"))
    done = place.clv("run", "--no-progress", "--config", str(config))
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if not line.startswith(("  done", "failed"))] == [
        "marts/fct_upgrade_examples: no_leakage_of_of_good: Column `bought` alone separates the classes with a ROC-AUC of 1.000 (expected "
        "below 0.98): it probably holds what is only known afterwards. Add `bought` to `unused` in the config, or take its value from before "
        "the snapshot.",
        "target `of_never`, label column `never`: expected two values, found '0' (600 rows). There is nothing to tell apart: give rows of "
        "both kinds, or point `label_column` at another column.",
        "target `of_three`, label column `three`: expected two values, found 3: 'maybe' (200 rows), 'no' (200 rows), 'yes' (200 rows). It "
        "isn't clear which of them mean no: turn them into 1, 0 and null in the source's `query`, or leave rows out with an `exclude` rule.",
    ]
    assert "Traceback" not in done.stderr
    assert not (place.folder / "data" / "flat" / "models").exists()
