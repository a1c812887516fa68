"""Segments as assets: found once, kept, assigned for two dates, left out of a backtest."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from dagster import AssetKey, DagsterInstance, materialize

from assets.jobs import build_backtest_selection, existing_layers
from assets.models import RETRAIN_TAG
from assets.partitions import register_cutoff
from assets.segments import SegmentRoom, build_segment_assets

CUTOFF = "2026-01-01"


def write_marts(company, n: int = 90) -> None:
    """The same accounts at two dates in the marts of two targets; the first account becomes one of the largest."""
    rng = np.random.default_rng(0)
    for key in SegmentRoom(company).marts:
        rows = []
        for day in (date(2025, 12, 1), date(2026, 1, 1)):
            level = np.repeat([10.0, 100.0, 200.0], n // 3)
            if day.year == 2026:
                level[0] = 200.0
            features = {f.name: level * rng.uniform(0.9, 1.1, n) for f in company.segment_features}
            rows.append(pd.DataFrame(features).assign(account_id=[f"A{i:03d}" for i in range(n)], as_of_date=pd.Timestamp(day)))
        path = company.paths.marts / f"{key.path[-1]}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.concat(rows).to_parquet(path, index=False)


@pytest.fixture
def ready(open_tiny):
    company = open_tiny(segments={"n_segments": [3], "n_resamples": 2})
    write_marts(company)
    return company


def run(company, instance: DagsterInstance, cutoff: str = CUTOFF, **tags: str):
    register_cutoff(instance, company, cutoff)
    assets = build_segment_assets(company)
    return materialize(assets[:2], instance=instance, partition_key=cutoff, tags=tags)


def model_ids(company) -> list[str]:
    return sorted(path.name for path in (company.paths.models / "segments").iterdir() if path.is_dir())


def test_segments_are_kept_until_a_retraining(ready, instance):
    assert run(ready, instance).success
    first = model_ids(ready)
    assert run(ready, instance).success
    assert model_ids(ready) == first
    assert SegmentRoom(ready).read_training(CUTOFF)["is_new"] is False
    assert run(ready, instance, **{RETRAIN_TAG: "true"}).success
    assert SegmentRoom(ready).read_training(CUTOFF)["is_new"] is True


def test_both_dates_are_assigned_by_the_same_segments(ready, instance):
    assert run(ready, instance).success
    history = ready.paths.root / "segments" / "history"
    now, before = (pd.read_parquet(history / f"{day}.parquet") for day in ("2026-01-01", "2025-12-01"))
    assert len(now) == len(before) == 90
    assert now["model_id"].unique().tolist() == before["model_id"].unique().tolist() == model_ids(ready)
    moved = now.set_index("account_id")["segment"] != before.set_index("account_id")["segment"]
    assert moved[moved].index.tolist() == ["A000"]


def test_an_older_cutoff_leaves_what_people_work_with(ready, instance):
    assert run(ready, instance).success
    history = ready.paths.root / "segments" / "history"
    before = {path.name: path.read_bytes() for path in history.iterdir()}
    (ready.paths.reports / CUTOFF).mkdir(parents=True, exist_ok=True)
    assert run(ready, instance, "2025-12-01").success
    assert SegmentRoom(ready).read_training("2025-12-01")["is_new"] is True
    assert {path.name: path.read_bytes() for path in history.iterdir()} == before
    assert run(ready, instance).success
    assert SegmentRoom(ready).read_training(CUTOFF)["is_new"] is False


def test_too_few_accounts_end_in_a_verdict(open_tiny, instance):
    company = open_tiny(segments={"n_segments": [3], "n_resamples": 2})
    write_marts(company, 9)
    assert run(company, instance).success
    assert "found 9" in SegmentRoom(company).read_training(CUTOFF)["words"]
    assert len(pd.read_parquet(company.paths.root / "segments" / "history" / "2026-01-01.parquet")) == 0


def test_a_backtest_leaves_segments_alone(demo, demo_defs):
    graph = demo_defs.resolve_asset_graph()
    made = build_backtest_selection(demo).resolve(graph)
    assert AssetKey(["scores", "upgrade_scores"]) in made
    assert not {key for key in made if "segments" in key.path[-1]}


def test_a_company_with_nothing_to_compare_by_has_no_segments(open_tiny):
    company = open_tiny(
        sources={"account_snapshots": {"files": "x.csv"}}, snapshots={"is_undated": True}, usage_metrics={}, plans=None, interactions=[],
        snapshot_columns={"a": {}, "label": {}}, derived_features={}, slices=[], private=[], observed_until=None,
        targets=[{"name": "upgrade", "kind": "upgrade", "label_column": "label"}],
    )  # fmt: skip
    assert not company.has_segments
    assert build_segment_assets(company) == []
    assert existing_layers(company) >= {"models", "scores"}
