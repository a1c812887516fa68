"""Processes: a number used again isn't the same process; a killed run's dbt is ended, a living run's isn't."""

import subprocess
import sys
import time

import pytest

from assets.processes import end_orphan, is_gone, note_child, process_tag

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper():
    with subprocess.Popen(SLEEP) as process:
        yield process
        process.kill()


def test_this_process_is_alive():
    assert not is_gone(process_tag())


def test_an_ended_process_is_gone(sleeper):
    tag = process_tag(sleeper.pid)
    assert not is_gone(tag)
    sleeper.kill()
    sleeper.wait()
    assert is_gone(tag)


def test_another_process_of_the_same_number_is_not_it(sleeper):
    host, pid, started = process_tag(sleeper.pid).split(":", 2)
    assert is_gone(f"{host}:{pid}:{int(started) - 1}")


def test_of_another_host_nothing_is_known():
    assert not is_gone("elsewhere:1:1")


def test_the_child_of_a_living_run_is_left_alone(tmp_path, sleeper):
    note_child(tmp_path / "note", sleeper.pid)
    assert not end_orphan(tmp_path / "note")
    assert sleeper.poll() is None


def test_the_child_of_a_killed_run_is_ended(tmp_path):
    note = tmp_path / "note"
    code = (
        "import subprocess, sys, time; from pathlib import Path; from assets.processes import note_child; "
        f"child = subprocess.Popen({SLEEP!r}); note_child(Path({str(note)!r}), child.pid); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        give_up_at = time.monotonic() + 30
        while not note.exists() and time.monotonic() < give_up_at:
            time.sleep(0.05)
        time.sleep(0.2)
        child = note.read_text().split()[0]
        parent.kill()
    assert end_orphan(note)
    assert is_gone(child)
    assert not note.exists()


def test_a_child_that_had_ended_before_its_note_was_written_is_gone(tmp_path):
    note = tmp_path / "note"
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    note_child(note, ended.pid)
    begun = time.monotonic()
    assert is_gone(note.read_text().split()[0])
    assert not end_orphan(note)
    assert time.monotonic() - begun < 2  # nobody waits for it to end
    assert not note.exists()


def test_a_note_that_was_cut_off_stops_no_later_run(tmp_path):
    note = tmp_path / "note"
    for text in ("", "host:1"):
        note.write_text(text)
        assert not end_orphan(note)
        assert not note.exists()
