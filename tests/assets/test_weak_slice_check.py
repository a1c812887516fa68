"""The check of weak slices reads what was written and warns with the groups as rows of its metadata."""

from __future__ import annotations

import numpy as np
import pandas as pd
from dagster import AssetCheckSeverity

from assets.checks.weak_slices import judge_weak_slices
from assets.weak_slices import GroupSearch
from clv_platform.config.schema import SliceSearch
from clv_platform.evaluation import find_weak_slices


def found(factor: float):
    random = np.random.default_rng(0)
    plan, score = random.choice(["P1", "P2", "P3", "P4"], 6000), random.uniform(0.05, 0.3, 6000)
    y = (random.random(6000) < np.where(plan == "P1", score * factor, score)).astype(float)
    columns = pd.DataFrame({"plan": plan})
    return find_weak_slices(y, score, np.arange(6000), columns, SliceSearch(n_draws=39), seed=0, event="upgrades")


def test_a_wrong_group_warns_and_is_a_row_of_the_metadata():
    result = judge_weak_slices(found(2.5).to_frame())
    assert (result.passed, result.severity) == (False, AssetCheckSeverity.WARN)
    assert "accounts with plan P1: the model expects" in (result.description or "")
    assert "plan P1" in str(result.metadata["weak_slices"].value)


def test_no_wrong_group_passes():
    result = judge_weak_slices(found(1.0).to_frame())
    assert (result.passed, result.description) == (True, "None found.")


def test_the_evaluation_shows_the_groups_in_the_ui():
    metadata = GroupSearch(found(2.5), ()).metadata()
    assert (metadata["n_weak_slices"], metadata["n_slices_tested"]) == (1, 4)
