"""`clv clean`: what goes, what stays, what is said about it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from clv_platform.reports import Contents, clean, current_run, publish_run
from clv_platform.settings import CompanyPaths


@pytest.fixture
def paths(tmp_path: Path) -> CompanyPaths:
    return CompanyPaths(tmp_path / "little")


def _model(paths: CompanyPaths, name: str) -> Path:
    folder = paths.models / "upgrade" / name
    folder.mkdir(parents=True)
    (folder / "model.txt").write_text("x" * 1000)
    return folder


def _with_models(paths: CompanyPaths) -> None:
    for name in ("champion", "before", "scored", "reported", "unused"):
        _model(paths, name)
    pointer = {"model_id": "champion", "promoted_at_cutoff": "2026-01-01", "decision": {}, "previous": [{"model_id": "before"}]}
    (paths.models / "upgrade" / "champion.json").write_text(json.dumps(pointer))
    history = paths.scores / "upgrade" / "history"
    history.mkdir(parents=True)
    (history / "2025-12-01__scored.parquet").write_bytes(b"")
    report = paths.reports / "2026-01-01" / "upgrade"
    report.mkdir(parents=True)
    (report / "metrics.json").write_text('{"model_id": "reported", "pr_auc": 0.2}')


def test_only_models_that_nothing_refers_to_are_removed(paths: CompanyPaths) -> None:
    _with_models(paths)
    report = clean(paths, keep=1)
    assert [item.path.name for item in report] == ["unused"]
    assert sorted(path.name for path in (paths.models / "upgrade").iterdir() if path.is_dir()) == [
        "before",
        "champion",
        "reported",
        "scored",
    ]


def test_the_model_of_a_run_that_is_under_way_stays(paths: CompanyPaths) -> None:
    _with_models(paths)
    _model(paths, "trained_just_now")
    begun = paths.reports / "2026-02-01" / "upgrade"
    begun.mkdir(parents=True)
    (begun / "training.json").write_text('{"model_id": "trained_just_now"}')  # its evaluation hasn't written metrics.json yet
    assert "trained_just_now" not in {item.path.name for item in clean(paths, keep=1)}
    assert (paths.models / "upgrade" / "trained_just_now").is_dir()


def test_models_of_old_cutoffs_go_with_their_turn(paths: CompanyPaths) -> None:
    _with_models(paths)
    newer = paths.reports / "2026-02-01" / "upgrade"
    newer.mkdir(parents=True)
    (newer / "metrics.json").write_text('{"model_id": "champion"}')
    (paths.models / "upgrade" / "champion.json").write_text('{"model_id": "champion", "promoted_at_cutoff": "2026-02-01"}')
    assert sorted(item.path.name for item in clean(paths, keep=1)) == ["2026-01-01", "before", "reported", "unused"]


def test_reports_of_old_cutoffs_go_but_never_those_of_the_champions_cutoff(paths: CompanyPaths) -> None:
    _with_models(paths)  # the champion was promoted at 2026-01-01
    for cutoff in ("2025-12-01", "2026-02-01", "2026-03-01"):
        (paths.reports / cutoff / "upgrade").mkdir(parents=True)
    assert [item.path.name for item in clean(paths, keep=1) if item.kind == "reports"] == ["2026-02-01", "2025-12-01"]
    assert sorted(folder.name for folder in paths.reports.iterdir()) == ["2026-01-01", "2026-03-01"]
    assert (paths.models / "upgrade" / "reported").is_dir()


def test_unreadable_pointer_keeps_all_reports(paths: CompanyPaths) -> None:
    _with_models(paths)
    (paths.reports / "2026-02-01").mkdir()
    (paths.models / "upgrade" / "champion.json").write_text("{half")
    assert len(clean(paths, keep=1)) == 0
    assert len(list(paths.reports.iterdir())) == 2


def test_a_leftover_inside_old_reports_is_counted_once(paths: CompanyPaths) -> None:
    for cutoff in ("2026-01-01", "2026-02-01"):
        (paths.reports / cutoff).mkdir(parents=True)
    old = paths.reports / "2026-01-01" / ".report.html.1a.unfinished"
    old.write_bytes(b"x")
    os.utime(old, (1000, 1000))
    assert [item.path.name for item in clean(paths, keep=1)] == ["2026-01-01"]


def test_unreadable_pointer_keeps_all_models(paths: CompanyPaths) -> None:
    _with_models(paths)
    (paths.models / "upgrade" / "champion.json").write_text("{half")
    assert len(clean(paths, keep=1)) == 0


def test_dry_run_removes_nothing_and_says_what_would_go(paths: CompanyPaths) -> None:
    _with_models(paths)
    report = clean(paths, keep=1, is_dry_run=True)
    assert report.describe().splitlines()[-1] == "would remove 1 item, 1.0 KB"
    assert (paths.models / "upgrade" / "unused").is_dir()


def test_removed_things_are_named_with_kind_place_and_size(paths: CompanyPaths) -> None:
    _with_models(paths)
    report = clean(paths, keep=1)
    assert report.describe().splitlines()[0] == f"removed model {paths.models / 'upgrade' / 'unused'} (1.0 KB)"
    assert report.n_bytes == 1000
    assert clean(paths, keep=1).describe() == "nothing to remove"


def test_current_run_stays_even_when_it_is_not_the_newest(paths: CompanyPaths) -> None:
    contents = Contents({}, {"a.parquet": pd.DataFrame({"x": [1]})})
    for name in ("a", "b", "c"):
        publish_run(paths, name, contents, keep_runs=9)
    (paths.published / "current").unlink()
    (paths.published / "current").symlink_to("runs/a")
    removed = clean(paths, keep=1)
    assert [item.path.name for item in removed] == ["b"]
    assert current_run(paths) == (paths.published / "runs" / "a").resolve()


def test_old_temporary_files_go_and_young_ones_stay(paths: CompanyPaths) -> None:
    paths.marts.mkdir(parents=True)
    old, young, own = (paths.marts / name for name in (".m.parquet.1a.unfinished", ".n.parquet.2b.unfinished", "m.parquet"))
    for path in (old, young, own):
        path.write_bytes(b"x")
    os.utime(old, (1000, 1000))
    os.utime(own, (1000, 1000))
    os.utime(young, (9000, 9000))
    assert [item.path for item in clean(paths, keep=1, now=10_000)] == [old]
    assert young.exists()
    assert own.exists()


def test_temporary_files_beside_the_warehouse_and_of_the_reporting_layer_go_too(paths: CompanyPaths) -> None:
    (paths.root / "reporting").mkdir(parents=True)
    old = [paths.root / ".raw_load.json.1a.unfinished", paths.root / "reporting" / ".rpt_scores.parquet.2b.unfinished"]
    for path in old:
        path.write_bytes(b"x")
        os.utime(path, (1000, 1000))
    assert [item.path for item in clean(paths, keep=1, now=10_000)] == old


def test_company_without_state_is_clean(paths: CompanyPaths) -> None:
    assert clean(paths, keep=3).removed == ()


def test_keep_must_be_at_least_one(paths: CompanyPaths) -> None:
    with pytest.raises(ValueError, match="expected at least 1, found 0"):
        clean(paths, keep=0)
