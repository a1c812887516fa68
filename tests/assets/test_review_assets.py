"""Frames for reviewers in the graph: a run of chosen targets must not wait for figures of the others."""

import json

import numpy as np
import pandas as pd
import pytest
from dagster import materialize

from assets.partitions import register_cutoff
from assets.review import build_frames_asset
from assets.targets import TargetRoom
from clv_platform.review.frames.catalogue import list_frames
from clv_platform.review.frames.store import company_store
from clv_platform.warehouse import write_parquet

CUTOFF = "2026-01-01"


def test_targets_without_an_evaluation_yet_are_left_for_their_own_run(company, instance):
    folder = TargetRoom(company, company.config.target("upgrade")).report_folder(CUTOFF)
    rng = np.random.default_rng(0)
    score = rng.random(60)
    rows = pd.DataFrame({"account_id": [f"a{k}" for k in range(60)], "as_of_date": pd.Timestamp("2025-09-01"), "score": score})
    write_parquet(rows.assign(y_true=(rng.random(60) < score).astype(float)), folder / "predictions.parquet")
    (folder / "training.json").write_text(json.dumps({"model_id": "m1"}), encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps({"model_id": "m1", "f1_threshold": 0.5}), encoding="utf-8")
    register_cutoff(instance, company, CUTOFF)

    assert materialize([build_frames_asset(company)], instance=instance, partition_key=CUTOFF).success

    assert [info.target for info in list_frames(company_store(company.settings, company.paths))] == ["upgrade"]
    assert {target.name for target in company.trained_targets} > {"upgrade"}


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_test_rows_that_all_ended_alike_are_published_with_both_outcomes(company, instance, outcome):
    folder = TargetRoom(company, company.config.target("upgrade")).report_folder(CUTOFF)
    rows = pd.DataFrame({"account_id": [f"a{k}" for k in range(60)], "as_of_date": pd.Timestamp("2025-09-01"), "y_true": outcome})
    write_parquet(rows.assign(score=np.linspace(0.01, 0.4, 60)), folder / "predictions.parquet")
    (folder / "training.json").write_text(json.dumps({"model_id": "m1"}), encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps({"model_id": "m1", "f1_threshold": 0.5}), encoding="utf-8")
    register_cutoff(instance, company, CUTOFF)

    assert materialize([build_frames_asset(company)], instance=instance, partition_key=CUTOFF).success

    (info,) = list_frames(company_store(company.settings, company.paths))
    assert (info.classes, info.positive) == (("didn't upgrade", "upgraded"), "upgraded")
