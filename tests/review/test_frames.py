"""Publishing: what is guessed, what is refused in which words, versions, hostile names and cells, a disk that is full."""

from __future__ import annotations

import errno
import json
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clv_platform.review import publish
from clv_platform.review.frames import publishing
from clv_platform.review.frames.catalogue import list_frames, list_versions, read_frame_info, read_rows
from clv_platform.review.frames.info import FrameError, FrameInfo
from clv_platform.review.frames.naming import slugify
from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.runs import publish_run_frame
from clv_platform.review.frames.store import ReviewStore
from clv_platform.review.queries.breakdown import breakdown
from clv_platform.review.queries.distribution import distribution
from clv_platform.review.queries.export import csv_chunks
from clv_platform.review.queries.filters import Filter
from clv_platform.review.queries.menus import breakdown_columns, metric_choices
from clv_platform.review.queries.overview import overview
from clv_platform.review.queries.rows import rows
from clv_platform.review.queries.weak import weak_slices

HOSTILE = (
    "<script>alert(1)</script>", '"; drop table rows; --', "'; delete from rows; '", "=1+1", "../../etc/passwd", "a\x00b", "שלום", "😀",
    "%s {x}", "c0", "A", "a", "select", "row", "error", "", " ", "file_row_number", "-2+3", "@SUM(A1)", "\tx", "x\ny",
)  # fmt: skip


def small(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"y_true": [0, 1, 1, 0], "y_pred": [0, 1, 0, 0], **columns})


def test_three_lines_publish_a_frame_and_give_its_link(store: ReviewStore, planted: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLV_REVIEW_DIR", str(store.root))
    monkeypatch.setenv("CLV_REVIEW_URL", "http://127.0.0.1:9")
    url = publish(
        planted.planted_frame(), name="Spend and segment, March", y_true="segment", y_pred="predicted_segment", account_id="account_id"
    )
    assert url == "http://127.0.0.1:9/frames/spend-and-segment-march"
    info = list_frames(store)[0]
    assert (info.kind, info.classes, info.version) == ("multiclass", planted.SEGMENTS, 1)
    types = {column.name: column.type for column in info.columns}
    assert types["employees"] == "number"
    assert types["signed_up_at"] == "date"
    assert types["is_trial"] == "boolean"
    assert types["note"] == "text"


def test_without_a_server_the_log_says_how_to_start_one(
    store: ReviewStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLV_REVIEW_URL", "http://127.0.0.1:9")
    publish(small(), "Small", store=store)
    assert "clv review" in caplog.text


@pytest.mark.parametrize(
    ("frame", "kind", "positive"),
    [
        (small(), "binary", "1"),
        (small().astype(bool), "binary", "true"),
        (pd.DataFrame({"y_true": ["stay", "stay", "go"], "y_pred": ["stay", "go", "go"]}), "binary", "go"),
        (pd.DataFrame({"y_true": [1, 2, 3], "y_pred": [1, 2, 2]}), "multiclass", None),
        (pd.DataFrame({"y_true": [1.5, 2, 0], "y_pred": [1.0, 2, 3]}), "regression", None),
        (pd.DataFrame({"y_true": range(100), "y_pred": range(100)}), "regression", None),
        (pd.DataFrame({"y_true": [0, 0, 0], "score": [0.1, 0.2, 0.9]}), "binary", "1"),
        (pd.DataFrame({"y_true": [0, 1], "y_pred": [0.25, 0.5]}), "binary", "1"),
    ],
)
def test_kind_and_positive_outcome_are_guessed(store: ReviewStore, frame: pd.DataFrame, kind: str, positive: str | None) -> None:
    info = publish_frame(store, frame, "Guess", roles={})
    assert (info.kind, info.positive) == (kind, positive)


def test_any_kind_of_frame_gives_the_same_rows(store: ReviewStore, tmp_path: Path, planted: ModuleType) -> None:
    frame = planted.planted_frame().head(200)
    path = tmp_path / "frame.parquet"
    frame.to_parquet(path)
    roles = {"y_true": "segment", "y_pred": "predicted_segment"}
    made = [
        publish_frame(store, one, f"Any {n}", roles=roles) for n, one in enumerate((frame, pa.Table.from_pandas(frame), path, str(path)))
    ]
    figures = [overview(info).metrics for info in made]
    assert all(one == figures[0] for one in figures)
    pd.testing.assert_frame_equal(read_rows(made[0]), read_rows(made[2]))


@pytest.mark.parametrize(
    ("frame", "options", "words"),
    [
        (small(), {"roles": {"y_true": "segmnt"}}, ["y_true", "'segmnt'", "'y_pred'"]),
        (pd.DataFrame({"x": [1]}), {}, ["y_true", "'x'"]),
        (pd.DataFrame({"y_true": [1]}), {}, ["y_pred", "score"]),
        (small(), {"roles": {"y_true": "y_pred", "y_pred": "y_pred"}}, ["two"]),
        (small(), {"slices": "country"}, ["slices", "list"]),
        (small(), {"private": ["nobody"]}, ["private", "'nobody'"]),
        (small(), {"private": ["y_true"]}, ["private", "y_true"]),
        (small(), {"kind": "binar"}, ["kind", "binary"]),
        (small(), {"positive": "maybe"}, ["positive", "maybe"]),
        (small(s=list("abcd")), {"roles": {"score": "s"}}, ["score", "numbers"]),
        (small(s=list("abcd")), {"types": {"s": "number"}}, ["types", "'s'"]),
        (pd.DataFrame({"y_true": [f"t{n}" for n in range(99)], "y_pred": "t1"}), {}, ["50", "regression"]),
        (pd.DataFrame(np.zeros((2, 2)), columns=["y_true", "y_true"]), {}, ["different names"]),
        ([1, 2], {}, ["DataFrame", "list"]),
        ("nowhere.parquet", {}, ["nowhere.parquet", "Parquet"]),
        (small(), {"as_of_date": "soon"}, ["as_of_date", "soon"]),
    ],
)
def test_wrong_input_gets_a_sentence_and_leaves_nothing(store: ReviewStore, frame: object, options: dict, words: list[str]) -> None:
    with pytest.raises(FrameError) as error:
        publish_frame(store, frame, "Wrong", **cast("dict[str, Any]", {"roles": {}} | options))
    assert all(word in str(error.value) for word in words), str(error.value)
    assert list_frames(store) == ()


def test_a_new_version_keeps_the_old_one_and_its_reader(store: ReviewStore) -> None:
    first = publish_frame(store, small(), "Small", roles={})
    before = overview(first, (Filter("y_true", "in", ("1",)),))
    second = publish_frame(store, small(y_pred=[0, 1, 1, 0]), "Small", roles={})
    assert [info.version for info in list_versions(store, "small")] == [2, 1]
    assert read_frame_info(store, "small").version == 2
    assert rows(first).table["y_pred"].tolist() == ["0", "1", "0", "0"]
    assert overview(first, (Filter("y_true", "in", ("1",)),)).metrics == before.metrics
    assert overview(second).metrics[0].value == 1


def test_a_frame_that_is_removed_while_looked_at_is_said_so(store: ReviewStore) -> None:
    info = publish_frame(store, small(), "Small", roles={})
    info.data_path.unlink()
    with pytest.raises(FrameError, match="removed"):
        breakdown(info, (), ("y_true",), "n")
    with pytest.raises(FrameError, match="removed"):
        read_rows(info)


def test_publishers_and_readers_at_the_same_time_see_whole_versions(store: ReviewStore) -> None:
    publish_frame(store, small(), "Busy", roles={})
    errors: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(5):
                publish_frame(store, small(), "Busy", roles={})
        except BaseException as error:
            errors.append(error)

    def read() -> None:
        try:
            for _ in range(20):
                assert rows(read_frame_info(store, "busy")).n == 4
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for work in (write, write, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [info.version for info in list_versions(store, "busy")] == list(range(11, 0, -1))


def test_a_full_disk_is_said_so_and_leaves_no_half_version(store: ReviewStore, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_frame(store, small(), "Small", roles={})

    def full(table: pa.Table, path: Path, **_: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(publishing.pq, "write_table", full)
    with pytest.raises(FrameError, match="disk is full"):
        publish_frame(store, small(), "Small", roles={})
    assert [path.name for path in (store.frames / "small").iterdir()] == ["0001"]


@pytest.mark.parametrize("slug", ["..", "../x", "a/b", "/etc", "", "A", "a" * 99, "a\x00", "%2e%2e", ".hidden"])
def test_addresses_that_lead_out_of_the_store_are_refused(store: ReviewStore, slug: str) -> None:
    for read in (read_frame_info, list_versions):
        with pytest.raises(FrameError):
            read(store, slug)


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "..", "<b>x</b>", "😀", "שלום", "a\x00b", "COM1", "x" * 200])
def test_any_name_stays_in_the_store(store: ReviewStore, name: str) -> None:
    info = publish_frame(store, small(), name, roles={})
    assert info.folder.resolve().parent.parent == store.frames.resolve()
    assert read_frame_info(store, info.slug).name == name


def test_names_that_look_alike_are_frames_of_their_own(store: ReviewStore) -> None:
    one, two = (publish_frame(store, small(), name, roles={}) for name in ("March!", "March?"))
    assert one.slug != two.slug
    assert (one.version, two.version) == (1, 1)
    with pytest.raises(FrameError, match="1 to 200"):
        slugify("  ")


def test_hostile_names_and_cells_are_data(store: ReviewStore) -> None:
    n = len(HOSTILE)
    frame = pd.DataFrame({name: list(HOSTILE) for name in HOSTILE} | {"y_true": [0, 1] * (n // 2), "y_pred": [0, 1] * (n // 2)})
    info = publish_frame(store, frame, HOSTILE[0], roles={})
    assert [column.name for column in info.columns] == [*HOSTILE, "y_true", "y_pred"]
    assert not set(breakdown_columns(info)) - set(info.columns)
    for name in HOSTILE:
        table = breakdown(info, (), (name,), "accuracy").table
        assert sorted(table["level_1"]) == sorted(HOSTILE)
        assert table["n"].eq(1).all()
        assert overview(info, (Filter(name, "in", (name,)), Filter(name, "text", (name,)))).n == 1, name
    page = rows(info, (), "error", limit=5)
    assert (page.row_column, page.error_column) == ("row_", "error_")
    assert page.table["error"].tolist() == page.table["row"].tolist()
    assert read_rows(info)[HOSTILE[0]].tolist() == list(HOSTILE)


def test_a_csv_for_spreadsheets_holds_no_formula(store: ReviewStore) -> None:
    cells = ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "\u200b=cmd|' /C calc'!A0", "＝1", "ok", "a=1", "'x", "%0A=1"]
    frame = pd.DataFrame({"=head": cells, "amount": np.arange(12) - 6.5, "y_true": [0, 1] * 6, "y_pred": [0, 1] * 6})
    text = "".join(csv_chunks(publish_frame(store, frame, "Cells", roles={})))
    found = pd.read_csv(__import__("io").StringIO(text.removeprefix("\ufeff")))
    assert found.columns[0] == "'=head"
    assert found["'=head"].tolist() == [cell if cell in ("ok", "a=1", "'x") else f"'{cell}" for cell in cells]
    assert found["amount"].tolist() == (np.arange(12) - 6.5).tolist()


def test_private_columns_are_named_and_never_written(store: ReviewStore) -> None:
    frame = small(email=["secret@example.com"] * 4)
    info = publish_frame(store, frame, "Private", roles={}, private=["email"])
    assert next(column for column in info.columns if column.name == "email").is_private
    written = b"".join(path.read_bytes() for path in info.folder.iterdir())
    assert b"secret" not in written
    assert "email" not in rows(info).table.columns
    assert "email" not in "".join(csv_chunks(info))
    with pytest.raises(FrameError):
        breakdown(info, (), ("email",), "n")


def test_odd_cells_become_plain_text_or_missing(store: ReviewStore) -> None:
    frame = small(
        mixed=[1, "a", None, 2.5],
        nested=[[1], {"a": 1}, None, (2,)],
        lone=pd.Series(["\ud800", 1, "c", "d"], dtype=object),
        wild=[np.inf, -np.inf, np.nan, 1.0],
    )
    info = publish_frame(store, frame, "Odd", roles={})
    table = read_rows(info)
    assert table["mixed"].tolist()[:2] == ["1", "a"]
    assert table["nested"].tolist()[0] == "[1]"
    assert table["wild"].isna().sum() == 3
    json.loads((info.folder / "frame.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_a_frame_without_rows_says_nothing_and_breaks_nothing(store: ReviewStore, kind: str) -> None:
    frame = pd.DataFrame({"y_true": [], "y_pred": [], "x": [], "d": pd.to_datetime([])})
    info = publish_frame(store, frame, "Empty", roles={}, kind=kind)
    found = overview(info)
    assert (found.n, found.n_known) == (0, 0)
    assert all(np.isnan(metric.value) for metric in found.metrics)
    for column in breakdown_columns(info):
        for choice in metric_choices(info):
            assert len(breakdown(info, (), (column.name,), choice.name).table) == 0
        assert distribution(info, (), column.name)["n"].sum() == 0
    assert rows(info).n == 0
    assert "".join(csv_chunks(info)).count("\n") == 1
    assert weak_slices(info).wrong_here == ()


def test_three_thousand_columns_are_published_and_asked(store: ReviewStore) -> None:
    frame = pd.DataFrame({f"x{number}": np.arange(20) % (number % 7 + 1) for number in range(3_000)})
    info = publish_frame(store, frame.assign(y_true=[0, 1] * 10, y_pred=[0, 1] * 10), "Wide", roles={})
    assert len(info.columns) == 3_002
    assert breakdown(info, (Filter("x5", "range", (0, 3)),), ("x2999",), "accuracy").overall.value == 1
    assert rows(info, limit=5).table.shape == (5, 3_004)
    assert FrameInfo.from_json(json.loads(json.dumps(info.to_json())), info.folder) == info


def test_of_two_names_of_one_slug_published_at_once_each_keeps_a_folder_of_its_own(
    store: ReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, roles = pd.DataFrame({"y": [0, 1] * 10, "p": [0.2, 0.7] * 10}), {"y_true": "y", "score": "p"}
    look, before = publishing.version_folders, [[]]  # the second looked when the first hadn't arrived yet
    first = publish_frame(store, frame, "A b", roles=roles)
    monkeypatch.setattr(publishing, "version_folders", lambda *place: before.pop() if before else look(*place))
    second = publish_frame(store, frame, "A-b", roles=roles)
    assert not before
    assert (first.slug, first.version, second.version) == ("a-b", 1, 1)
    assert second.slug.startswith("a-b-")
    assert {(info.slug, info.name) for info in list_frames(store)} == {("a-b", "A b"), (second.slug, "A-b")}
    assert [info.name for info in list_versions(store, "a-b")] == ["A b"]


def test_a_run_publishes_its_test_rows_once_with_reasons(store: ReviewStore, tmp_path: Path) -> None:
    folder, n = tmp_path / "upgrade", 400
    folder.mkdir()
    random = np.random.default_rng(0)
    score = random.random(n)
    days = pd.to_datetime(["2025-01-01", "2025-02-01"] * (n // 2))
    frame = pd.DataFrame(
        {
            "account_id": [f"A{k // 2}" for k in range(n)],
            "as_of_date": days,
            "y_true": (random.random(n) < score).astype(int),
            "score": score,
        }
    )
    frame.assign(plan="P1", email="x").to_parquet(folder / "predictions.parquet")
    keys = frame[["account_id", "as_of_date"]].iloc[[7]]
    keys.assign(feature="f", label="logins", value=3.0, contribution=-0.2).to_parquet(folder / "attributions.parquet")
    (folder / "metrics.json").write_text(json.dumps({"model_id": "m1", "f1_threshold": 0.4}), encoding="utf-8")
    info, is_new = publish_run_frame(store, folder, "upgrade", kind="upgrade", labels={"plan": "Plan"}, private=("email",))
    assert is_new
    assert (info.kind, info.positive, info.threshold, info.model_id, info.origin) == ("binary", "upgraded", 0.4, "m1", "run")
    assert info.rows_per_account == 2
    assert pq.read_table(info.folder / "reasons.parquet").to_pylist() == [{"row": 7, "feature": "logins", "value": "3.0", "effect": -0.2}]
    assert publish_run_frame(store, folder, "upgrade", kind="upgrade") == (read_frame_info(store, info.slug), False)


def test_categories_of_text_as_polars_hands_them_over_are_read(store: ReviewStore) -> None:
    country = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0], pa.uint32()), pa.array(["DE", "FR"], pa.string_view()))
    table = pa.table({"y": [0, 1, 1, 0], "p": [0, 1, 0, 0], "country": pa.chunked_array([country.slice(0, 2), country.slice(2, 2)])})
    info = publish_frame(store, table, "Polars", roles={"y_true": "y", "y_pred": "p"})
    assert read_rows(info)["country"].astype(object).where(lambda values: values.notna(), None).tolist() == ["DE", "FR", None, "DE"]


def test_a_column_that_was_named_is_not_guessed_for_another_role(store: ReviewStore) -> None:
    info = publish_frame(store, pd.DataFrame({"y": [0, 1, 1, 0], "p": [0, 1, 0, 0]}), "Named", roles={"y_true": "y", "y_pred": "p"})
    assert {column.name: column.role for column in info.columns} == {"y": "y_true", "p": "y_pred"}
