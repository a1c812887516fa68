"""The section on where not to trust a model says it in words for people who decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clv_platform.config.schema import SliceSearch
from clv_platform.evaluation import find_weak_slices
from clv_platform.reports.inputs import TargetReportInputs
from clv_platform.reports.sections.weak_slices import build_weak_slices
from clv_platform.reports.tables import Table
from clv_platform.reports.target_report import render_target_report


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    random = np.random.default_rng(0)
    n = 12_000
    columns = pd.DataFrame({"territory": random.choice([f"T{i}" for i in range(1, 9)], n)})
    is_half = random.random(n) < 0.2
    columns["employee_range"] = np.where(is_half, "1-10", "11-50")
    score = np.where(is_half, random.uniform(0.4, 0.6, n), random.uniform(0.02, 0.1, n))
    odds = score / (1 - score) * np.where(columns["territory"] == "T1", 3.0, 1.0)
    y = (random.random(n) < odds / (1 + odds)).astype(float)
    return find_weak_slices(y, score, np.arange(n), columns, SliceSearch(n_draws=39), seed=0, event="upgrades").to_frame()


def test_wrong_groups_stand_apart_from_hard_ones(inputs: TargetReportInputs, found: pd.DataFrame) -> None:
    section = build_weak_slices(replace(inputs, extras={"weak_slices": found}))
    assert section is not None
    wrong, hard = (block for block in section.blocks if isinstance(block, Table))
    assert [row[0].text for row in wrong.rows] == ["territory: T1"]
    assert wrong.rows[0][0].note == "promises too little"
    assert [row[0].text for row in hard.rows] == ["employee range: 1-10"]
    assert str(section.blocks[0]).startswith("In one group of accounts the probabilities are wrong beyond chance")
    page = render_target_report(replace(inputs, extras={"weak_slices": found}))
    assert "Where not to trust it" in page


def test_chances_that_are_off_for_all_groups_are_not_said_to_agree_with_what_happened(
    inputs: TargetReportInputs, found: pd.DataFrame
) -> None:
    level = {"observed_to_expected": 1.96, "observed_to_expected_lo": 1.69, "observed_to_expected_hi": 2.27}
    spread = {"calibration_slope": 0.79, "calibration_slope_lo": 0.66, "calibration_slope_hi": 0.92}
    off = replace(inputs, metrics={**inputs.metrics, **level, **spread}, extras={"weak_slices": found[found["kind"] != "wrong_here"]})
    section = build_weak_slices(off)
    assert section is not None
    said = str(section.blocks[0])
    assert "do the probabilities differ" not in said
    all_are_off = "The chances of all groups are off: 1.96 times as many upgrades as promised (1.69 to 2.27); they lie too far apart"
    assert f"{all_are_off}, slope 0.79 (0.66 to 0.92). Each group was compared with what happened once that is corrected" in said
    assert "the chances in these groups are off by no more than those of all accounts" in str(section.blocks[1])


def test_nothing_found_is_said_and_nothing_searched_is_left_out(inputs: TargetReportInputs, found: pd.DataFrame) -> None:
    assert build_weak_slices(replace(inputs, extras={})) is None
    section = build_weak_slices(replace(inputs, extras={"weak_slices": found.head(0)}))
    assert section is not None
    assert len(section.blocks) == 1
    assert "In none of them do the probabilities differ from what happened beyond chance" in str(section.blocks[0])


def test_private_columns_never_show(inputs: TargetReportInputs, found: pd.DataFrame) -> None:
    private = found.head(1).assign(column_1="territory", column_2="gender", level_2="f")
    section = build_weak_slices(replace(inputs, extras={"weak_slices": private}))
    assert section is not None
    assert "gender" not in str(section)
