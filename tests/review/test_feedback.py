"""Feedback: nothing said is lost, whoever writes at the same time, whatever is killed or full."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from clv_platform.review.feedback import tables
from clv_platform.review.feedback.exporting import SCHEMA, export_feedback, read_exported, taken_up_since
from clv_platform.review.feedback.records import Feedback, FeedbackError
from clv_platform.review.feedback.store import EditConflict, FeedbackStore, open_feedback
from clv_platform.review.frames.store import ReviewStore
from clv_platform.warehouse import read_parquet


def said(comment: str = "Germany is wrong", **more: object) -> Feedback:
    return Feedback(**({"frame": "march", "version": 1, "scope": "frame", "comment": comment, "author": "Ada"} | more))  # type: ignore[arg-type]


def test_what_is_added_is_listed_newest_first_and_by_frame(store: ReviewStore) -> None:
    feedback = open_feedback(store)
    first = feedback.add(said(scope="slice", filters="in.country=Germany", verdict="wrong", target="upgrade", model_id="m1"))
    second = feedback.add(said(scope="row", account_id="A1", as_of_date="2025-01-01", corrected_label="low", frame="april"))
    assert feedback.list() == (second, first)
    assert feedback.list(frame="march") == (first,)
    assert feedback.list(account_id="A1") == (second,)
    assert open_feedback(store).get(first.id) == first


def test_edits_keep_every_edition_and_the_slower_editor_is_told(store: ReviewStore) -> None:
    feedback = open_feedback(store)
    first = feedback.add(said())
    second = feedback.edit(first.id, "Bob", first.edition, answer="We look into it", state="taken_up")
    assert [one.edition for one in feedback.history(first.id)] == [2, 1]
    assert feedback.get(first.id) == second
    assert (second.author, second.edited_by, second.comment) == ("Ada", "Bob", first.comment)
    with pytest.raises(EditConflict, match="Bob") as conflict:
        feedback.edit(first.id, "Eve", first.edition, comment="mine")
    assert conflict.value.newest == second
    assert feedback.list(state="taken_up") == (second,)


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (said("  "), "Say something"),
        (said(scope="row"), "row"),
        (said(scope="slice"), "filters"),
        (said(scope="all"), "scope"),
        (said(verdict="bad"), "verdict"),
        (said("x" * 10_001), "10,000"),
        (said(author=""), "author"),
    ],
)
def test_what_says_nothing_is_refused(store: ReviewStore, one: Feedback, word: str) -> None:
    with pytest.raises(FeedbackError, match=word):
        open_feedback(store).add(one)


def test_any_text_comes_back_as_it_was_said(store: ReviewStore) -> None:
    feedback = open_feedback(store)
    for text in ("'); drop table review_feedback; --", "<script>x</script>", "😀 שלום", "=1+1", "a\nb"):
        assert feedback.get(feedback.add(said(text)).id).comment == text


def test_two_reviewers_writing_at_the_same_time_lose_nothing(store: ReviewStore) -> None:
    open_feedback(store)
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from clv_platform.review.feedback.records import Feedback
        from clv_platform.review.feedback.store import open_feedback
        from clv_platform.review.frames.store import ReviewStore
        feedback = open_feedback(ReviewStore(Path(sys.argv[1])))
        for n in range(10):
            feedback.add(Feedback("march", 1, "frame", f"{sys.argv[2]} {n}", sys.argv[2]))
    """)
    writers = [subprocess.Popen([sys.executable, "-c", script, str(store.root), name]) for name in ("Ada", "Bob")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert {one.comment for one in open_feedback(store).list()} == {f"{name} {n}" for name in ("Ada", "Bob") for n in range(10)}


def test_of_many_who_edit_one_edition_one_wins_and_the_others_are_told(store: ReviewStore) -> None:
    feedback = open_feedback(store)
    first = feedback.add(said())
    outcomes: list[str] = []

    def edit(name: str) -> None:
        try:
            open_feedback(store).edit(first.id, name, 1, comment=name)
            outcomes.append("stored")
        except EditConflict:
            outcomes.append("told")

    threads = [threading.Thread(target=edit, args=(f"editor {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["stored"] + ["told"] * 5
    assert len(feedback.history(first.id)) == 2


def test_a_killed_writer_loses_no_comment_that_was_confirmed(store: ReviewStore) -> None:
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from clv_platform.review.feedback.records import Feedback
        from clv_platform.review.feedback.store import open_feedback
        from clv_platform.review.frames.store import ReviewStore
        feedback = open_feedback(ReviewStore(Path(sys.argv[1])))
        n = 0
        while True:
            feedback.add(Feedback("march", 1, "frame", f"comment {n}", "Ada"))
            print(n, flush=True)
            n += 1
    """)
    writer = subprocess.Popen([sys.executable, "-c", script, str(store.root)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    confirmed = [int(writer.stdout.readline()) for _ in range(10)]
    writer.send_signal(signal.SIGKILL)
    confirmed += [int(line) for line in writer.stdout.read().splitlines()]
    writer.stdout.close()
    assert writer.wait(20) == -signal.SIGKILL
    feedback = open_feedback(store)
    stored = {one.comment for one in feedback.list()}
    assert {f"comment {n}" for n in confirmed} <= stored
    assert len(stored) <= len(confirmed) + 1
    assert feedback.add(said()).id


def test_a_full_disk_is_told_and_what_was_said_before_stays(store: ReviewStore, monkeypatch: pytest.MonkeyPatch) -> None:
    feedback = open_feedback(store)
    first = feedback.add(said())
    connect = sqlite3.connect

    def small_disk(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = connect(*arguments, **options)  # type: ignore[arg-type]
        pages = connection.execute("pragma page_count").fetchone()[0]
        connection.execute(f"pragma max_page_count = {pages}")
        return connection

    monkeypatch.setattr(tables.sqlite3, "connect", small_disk)
    with pytest.raises(FeedbackError, match="disk is full"):
        feedback.add(said("x" * 9_000))
    monkeypatch.undo()
    assert feedback.list() == (first,)


def test_a_file_that_somebody_else_is_just_making_is_waited_for(store: ReviewStore) -> None:
    store.root.mkdir(parents=True)
    other = sqlite3.connect(store.feedback_file, isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")
    other.execute(tables.create_sql())
    timer = threading.Timer(0.2, other.commit)
    timer.start()
    assert open_feedback(store).add(said()).id
    timer.join()
    other.close()


def test_a_file_that_is_no_database_is_told(store: ReviewStore) -> None:
    store.root.mkdir(parents=True)
    store.feedback_file.write_bytes(b"no database at all, but long enough to be read as a header of one")
    with pytest.raises(FeedbackError, match="SQLite"):
        open_feedback(store)


@pytest.mark.parametrize("n", [0, 2])
def test_export_gives_typed_rows_to_the_raw_layer(store: ReviewStore, tmp_path: Path, n: int) -> None:
    feedback: FeedbackStore = open_feedback(store)
    added = [feedback.add(said(f"comment {k}", scope="row", row=k)) for k in range(n)]
    newest = [feedback.edit(one.id, "Bob", 1, state="closed") for one in added]
    path = tmp_path / "feedback.parquet"
    assert export_feedback(store, path) == n
    assert pq.read_schema(path) == SCHEMA
    table = read_parquet(path)
    assert list(table["state"]) == ["closed"] * n
    assert list(table["row_number"]) == list(range(n))
    assert read_exported(path) == tuple(newest)


def test_a_store_in_which_nobody_spoke_is_exported_empty_and_stays_unmade(store: ReviewStore, tmp_path: Path) -> None:
    assert export_feedback(store, tmp_path / "feedback.parquet") == 0
    assert not store.root.exists()
    assert read_exported(tmp_path / "feedback.parquet") == ()
    assert read_exported(tmp_path / "nothing.parquet") == ()


def editions(*steps: tuple[str, str | None]) -> list[Feedback]:
    return [
        said(scope="row", row=1, state=state, corrected_label=label, edition=day, edited_at=datetime(2026, 1, day, tzinfo=UTC))
        for day, (state, label) in enumerate(steps, start=1)
    ]


@pytest.mark.parametrize(
    ("steps", "day"),
    [
        ([("open", "left")], None),
        ([("open", "left"), ("taken_up", "left")], 2),
        ([("open", "left"), ("taken_up", "left"), ("closed", "left")], 2),
        ([("open", "left"), ("closed", "left")], None),
        ([("taken_up", "left"), ("open", "left"), ("taken_up", "left")], 3),
        ([("taken_up", "left"), ("taken_up", "stayed")], 2),
        ([("taken_up", "left"), ("open", "left")], None),
    ],
)
def test_a_correction_counts_since_it_was_taken_up_until_it_is_opened_again(steps: list[tuple[str, str | None]], day: int | None) -> None:
    assert taken_up_since(editions(*steps)) == (day and datetime(2026, 1, day, tzinfo=UTC))


@pytest.mark.server
def test_a_database_for_teams_keeps_every_edition_too_and_two_processes_may_make_it(tmp_path: Path, postgres: str) -> None:
    script = """
        import sys
        from pathlib import Path
        from clv_platform.review.feedback.records import Feedback
        from clv_platform.review.feedback.store import open_feedback
        from clv_platform.review.frames.store import ReviewStore
        feedback = open_feedback(ReviewStore(Path(sys.argv[1]), sys.argv[2]))
        for n in range(5):
            feedback.add(Feedback(frame="march", version=1, scope="frame", comment=f"{n}: a 'quote', 100 % ü", author=sys.argv[3]))
    """
    writers = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), str(tmp_path), postgres, author]) for author in ("Ada", "Bob")
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    feedback = open_feedback(ReviewStore(tmp_path, postgres))
    assert sorted(one.author for one in feedback.list()) == ["Ada"] * 5 + ["Bob"] * 5
    first = feedback.list()[0]
    feedback.edit(first.id, "Eve", first.edition, state="taken_up")
    with pytest.raises(EditConflict, match="Eve"):
        feedback.edit(first.id, "Ada", first.edition, comment="mine")
    assert [one.edition for one in feedback.history(first.id)] == [2, 1]
    assert not (tmp_path / "feedback.db").exists()
    export_feedback(ReviewStore(tmp_path, postgres), tmp_path / "said.parquet")
    assert pq.read_table(tmp_path / "said.parquet").num_rows == 10
