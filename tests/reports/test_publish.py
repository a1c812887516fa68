"""Publishing: all of a run or nothing, safe for spreadsheets, private columns left behind."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from clv_platform.config import CompanyConfig
from clv_platform.reports import Contents, build_call_list, current_run, gather_published, publish, publish_run, write_index
from clv_platform.reports.publish import safe_for_spreadsheets, write_call_csv
from clv_platform.settings import CompanyPaths


@pytest.fixture
def paths(tmp_path: Path) -> CompanyPaths:
    return CompanyPaths(tmp_path / "little")


def _contents(text: str = "one") -> Contents:
    return Contents({}, {"upgrade/call_list.csv": pd.DataFrame({"account_id": [text]})})


def _published(paths: CompanyPaths) -> list[str]:
    return sorted(path.name for path in (paths.published / "runs").iterdir())


def test_current_points_to_the_newest_run(paths: CompanyPaths) -> None:
    publish_run(paths, "a", _contents("one"), keep_runs=5)
    run = publish_run(paths, "b", _contents("two"), keep_runs=5)
    assert current_run(paths) == run.folder.resolve()
    assert "two" in (paths.published / "current" / "upgrade" / "call_list.csv").read_text("utf-8-sig")
    assert (paths.published / "current").readlink() == Path("runs/b")  # relative: the folder may be moved


def test_nothing_published_is_none(paths: CompanyPaths) -> None:
    assert current_run(paths) is None


@pytest.mark.parametrize("step", ["_write_contents", "_to_disk", "point_current_at"])
def test_publish_that_fails_leaves_the_old_run_whole(paths: CompanyPaths, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    publish_run(paths, "a", _contents("one"), keep_runs=5)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publish, step, fail)
        with pytest.raises(KeyboardInterrupt):
            publish_run(paths, "b", _contents("two"), keep_runs=5)
    assert "one" in (paths.published / "current" / "upgrade" / "call_list.csv").read_text("utf-8-sig")
    again = publish_run(paths, "c", _contents("three"), keep_runs=5)
    assert current_run(paths) == again.folder.resolve()
    assert not [name for name in _published(paths) if name.startswith(".")]


def test_leftovers_of_a_killed_publish_are_removed_by_the_next(paths: CompanyPaths) -> None:
    half = paths.published / "runs" / ".partial-killed"
    half.mkdir(parents=True)
    (half / "scores.parquet").write_bytes(b"half")
    publish_run(paths, "a", _contents(), keep_runs=5)
    assert _published(paths) == ["a"]


def test_reader_of_an_old_run_keeps_it_while_a_new_one_is_published(paths: CompanyPaths) -> None:
    publish_run(paths, "a", _contents("one"), keep_runs=5)
    held = current_run(paths)
    assert held is not None
    publish_run(paths, "b", _contents("two"), keep_runs=5)
    assert "one" in (held / "upgrade" / "call_list.csv").read_text("utf-8-sig")


def test_only_the_newest_runs_are_kept(paths: CompanyPaths) -> None:
    for name in ("d", "c", "b", "a"):  # newest by order of publishing, not by name
        last = publish_run(paths, name, _contents(), keep_runs=2)
    assert _published(paths) == ["a", "b"]
    assert last.removed == ("c",)


def test_run_published_twice_gets_a_folder_of_its_own(paths: CompanyPaths) -> None:
    publish_run(paths, "a", _contents("one"), keep_runs=5)
    assert publish_run(paths, "a", _contents("two"), keep_runs=5).run_id == "a.2"
    assert _published(paths) == ["a", "a.2"]


def test_manifest_lists_every_file_with_its_size(paths: CompanyPaths) -> None:
    run = publish_run(paths, "a", _contents(), keep_runs=5, facts={"cutoff": "2026-01-01"})
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert manifest["cutoff"] == "2026-01-01"
    assert manifest["files"] == {"upgrade/call_list.csv": (run.folder / "upgrade/call_list.csv").stat().st_size}


@pytest.mark.parametrize("run_id", ["", "../x", "a/b", ".hidden", "a b"])
def test_run_id_that_is_no_plain_name_is_refused(paths: CompanyPaths, run_id: str) -> None:
    with pytest.raises(ValueError, match="it names a folder"):
        publish_run(paths, run_id, _contents(), keep_runs=5)


def test_contents_outside_the_run_are_refused(paths: CompanyPaths) -> None:
    with pytest.raises(ValueError, match="outside the run's folder"):
        publish_run(paths, "a", Contents({}, {"../../champion.json": pd.DataFrame({"x": [1]})}), keep_runs=5)


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-1", "@sum", "\t=1", "\r=1", "\n=1"])
def test_text_that_starts_a_formula_is_disarmed(text: str) -> None:
    assert safe_for_spreadsheets(text) == f"'{text}"


@pytest.mark.parametrize("value", [-1.5, 3, "A-1", "a=b", ""])
def test_numbers_and_plain_text_stay(value: object) -> None:
    assert safe_for_spreadsheets(value) == value


def test_call_list_as_csv_keeps_numbers_and_disarms_ids_reasons_and_header(tmp_path: Path) -> None:
    frame = pd.DataFrame({"account_id": ['=HYPERLINK("x")', "A2"], "score": [0.5, None], "reasons": ["-3 users; ü", "a\nb"], "=x": [-1, 2]})
    write_call_csv(frame, tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["account_id", "score", "reasons", "'=x"]
    assert rows[1:] == [['\'=HYPERLINK("x")', "0.5", "'-3 users; ü", "-1"], ["A2", "", "a\nb", "2"]]
    assert (tmp_path / "list.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_everything_of_a_run_is_gathered_and_private_columns_are_left_behind(paths: CompanyPaths, config: CompanyConfig) -> None:
    folder = paths.reports / "2026-01-01" / "upgrade"
    for place in (
        folder,
        paths.marts,
        paths.root / "reporting",
        paths.scores / "upgrade" / "history",
        paths.reports / "2026-01-01" / "data",
    ):
        place.mkdir(parents=True)
    examples = pd.DataFrame({"account_id": ["A", "B"], "gender": ["f", "m"], "users_mean_3m": [1.0, 2.0]})
    examples.to_parquet(paths.marts / "fct_upgrade_examples.parquet")
    examples.to_parquet(folder / "predictions.parquet")
    examples.to_parquet(paths.root / "reporting" / "rpt_call_list.parquet")
    pd.DataFrame({"feature": ["gender", "plan"], "share": [0.4, 0.6]}).to_parquet(folder / "importance.parquet")
    pd.DataFrame({"column": ["gender", "(all)"], "n": [1, 2]}).to_parquet(folder / "slices.parquet")
    examples.to_parquet(paths.scores / "upgrade" / "history" / "2026-01-01__m1.parquet")
    (folder / "metrics.json").write_text('{"pr_auc": 0.3, "pr_auc_lo": 0.2, "pr_auc_hi": 0.4, "model_id": "m1", "n": 10}')
    (folder / "report.html").write_text("report")
    (paths.reports / "2026-01-01" / "data" / "report.html").write_text("data")
    write_index(paths.reports / "2026-01-01")
    scores = pd.DataFrame({"account_id": ["B", "A"], "score": [0.1, 0.9], "score_rank": [2, 1], "gender": ["f", "m"]})

    run = publish_run(paths, "r1", gather_published(config, paths, "2026-01-01", {"upgrade": scores}), keep_runs=3)

    names = {path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*") if path.is_file()}
    assert names == {
        "manifest.json", "metrics.parquet", "marts/fct_upgrade_examples.parquet", "reporting/rpt_call_list.parquet",
        "upgrade/predictions.parquet", "upgrade/importance.parquet", "upgrade/slices.parquet", "upgrade/metrics.json",
        "upgrade/scores.parquet", "upgrade/call_list.parquet", "upgrade/call_list.csv", "upgrade/scores_history/2026-01-01__m1.parquet",
        "reports/index.html", "reports/upgrade/report.html", "reports/data/report.html",
        "glossary/features.parquet", "glossary/features.json", "glossary/metrics.parquet", "glossary/metrics.json",
    }  # fmt: skip
    for name in names:
        if name.endswith(".parquet") and not name.startswith("glossary"):
            frame = pd.read_parquet(run.folder / name)
            assert "gender" not in frame.columns, name
            assert "gender" not in frame.astype(str).to_numpy(), name
    assert pd.read_parquet(run.folder / "upgrade/call_list.parquet")["account_id"].tolist() == ["A", "B"]
    pd.testing.assert_frame_equal(pd.read_parquet(run.folder / "marts/fct_upgrade_examples.parquet"), examples.drop(columns="gender"))
    metrics = pd.read_parquet(run.folder / "metrics.parquet").set_index("metric")
    assert metrics[["value", "lo", "hi"]].to_dict("index")["pr_auc"] == {"value": 0.3, "lo": 0.2, "hi": 0.4}
    assert set(pd.read_parquet(run.folder / "glossary/metrics.parquet")["name"]) >= {"pr_auc", "ngini", "transactions_mae"}


def test_published_files_do_not_follow_later_changes_of_the_state(paths: CompanyPaths) -> None:
    paths.marts.mkdir(parents=True)
    mart = paths.marts / "m.parquet"
    mart.write_bytes(b"first")
    run = publish_run(paths, "a", Contents({"marts/m.parquet": mart}, {}), keep_runs=3)
    with mart.open("r+b") as file:
        file.write(b"later")
    assert (run.folder / "marts/m.parquet").read_bytes() == b"first"


def test_call_list_without_ranks_goes_by_score() -> None:
    scores = pd.DataFrame({"account_id": ["A", "B", "C"], "score": [0.1, 0.9, 0.5]})
    assert build_call_list(scores, 2)["account_id"].tolist() == ["B", "C"]


def test_empty_scores_give_an_empty_call_list_with_its_columns(paths: CompanyPaths, config: CompanyConfig) -> None:
    empty = pd.DataFrame({"account_id": pd.Series([], dtype="str"), "score": pd.Series([], dtype="float64")})
    run = publish_run(paths, "a", gather_published(config, paths, "2026-01-01", {"upgrade": empty}), keep_runs=3)
    assert pd.read_parquet(run.folder / "upgrade/call_list.parquet").columns.tolist() == ["account_id", "score"]
    assert (run.folder / "upgrade/call_list.csv").read_text("utf-8-sig").splitlines() == ['"account_id","score"']


def test_call_list_leaves_out_whom_it_has_happened_to_and_the_next_move_up() -> None:
    scores = pd.DataFrame(
        {"account_id": ["A", "B", "C"], "score_rank": [1, 2, 3], "happened_on": [pd.Timestamp("2025-12-09"), pd.NaT, pd.NaT]}
    )
    calls = build_call_list(scores, 2)
    assert calls["account_id"].tolist() == ["B", "C"]
    assert "happened_on" not in calls


def test_a_spreadsheet_has_each_reason_once_and_the_parquet_file_all_ways(paths: CompanyPaths, config: CompanyConfig) -> None:
    told = {"reasons": "users: 3 raises the chance", "reasons_up": "users: 3", "reasons_down": ""}
    scores = pd.DataFrame([{"account_id": "A", "score": 0.4, "score_rank": 1, **told}])
    run = publish_run(paths, "a", gather_published(config, paths, "2026-01-01", {"upgrade": scores}), keep_runs=3)
    assert (run.folder / "upgrade/call_list.csv").read_text("utf-8-sig").count("users: 3") == 1
    assert pd.read_parquet(run.folder / "upgrade/call_list.parquet").columns.tolist() == scores.columns.tolist()
