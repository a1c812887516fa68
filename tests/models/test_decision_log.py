"""The log of decisions: append-only, said once, readable after a crash; going back leaves a trace and holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from clv_platform.models import (
    LoggedDecision,
    append_decision,
    champion_before,
    promote,
    read_decisions,
    rollback,
    save_artifact,
    train_binary_model,
    withdrawal_of,
)

GATE = LoggedDecision("gate", "2025-03-01", "m3", "promoted", True, True, "m2", ("Better.",))


@dataclass(frozen=True)
class Passed:
    is_promoted: bool = True
    verdict: str = "promoted"
    reasons: tuple[str, ...] = ("Better.",)


@pytest.fixture(scope="module")
def trained(make_examples, target, training):
    return train_binary_model(make_examples(600), target, training, cutoff=None, config_hash="cfg", data_hash="d").artifact


@pytest.fixture
def three(trained, tmp_path):
    """Three models that were in use one after the other."""
    before = None
    for model_id in ("m1", "m2", "m3"):
        save_artifact(replace(trained, manifest=replace(trained.manifest, model_id=model_id)), tmp_path)
        promote(tmp_path, model_id, Passed())
        append_decision(tmp_path, LoggedDecision("gate", "undated", model_id, "promoted", True, True, before, ("Better.",)))
        before = model_id
    return tmp_path


def test_the_same_decision_is_written_down_once(tmp_path):
    assert [append_decision(tmp_path, GATE) for _ in range(3)] == [True, False, False]
    (only,) = read_decisions(tmp_path)
    assert only.says_the_same(GATE)
    assert only.at.endswith("+00:00")


def test_another_answer_about_the_same_model_is_added_and_the_first_stays(tmp_path):
    append_decision(tmp_path, GATE)
    assert append_decision(tmp_path, replace(GATE, compared_with="m1"))
    assert [decision.compared_with for decision in read_decisions(tmp_path)] == ["m2", "m1"]


def test_a_line_cut_off_by_a_power_failure_is_no_obstacle(tmp_path):
    append_decision(tmp_path, GATE)
    with (tmp_path / "decisions.jsonl").open("a") as file:
        file.write('{"kind": "gate", "cutoff": "2025-0')
    assert len(read_decisions(tmp_path)) == 1


def test_after_a_cut_off_line_the_next_decision_stands_on_its_own_line(tmp_path):
    append_decision(tmp_path, GATE)
    with (tmp_path / "decisions.jsonl").open("a") as file:
        file.write('{"kind": "gate", "cutoff": "2025-0')
    append_decision(tmp_path, replace(GATE, model_id="m4"))
    assert [decision.model_id for decision in read_decisions(tmp_path)] == ["m3", "m4"]


def test_a_broken_line_in_the_middle_is_named(tmp_path):
    (tmp_path / "decisions.jsonl").write_text('{"kind": 1}\n{"kind": 2}\n')
    with pytest.raises(ValueError, match=r"decisions.jsonl, line 1: not a readable decision"):
        read_decisions(tmp_path)


def test_the_champion_of_an_earlier_day_is_what_the_gates_had_passed_by_then():
    log = [
        LoggedDecision("gate", "2025-01-01", "m1", "promoted", True, False, None, ()),
        LoggedDecision("gate", "2025-02-01", "m2", "champion_kept", False, False, "m1", ()),
        LoggedDecision("gate", "2025-03-01", "m3", "promoted", True, False, "m1", ()),
    ]
    assert [champion_before(log, f"2025-0{month}-01") for month in (1, 2, 3, 4)] == [None, "m1", "m1", "m3"]


def test_rollback_writes_down_who_and_why_and_the_model_left_behind_stays_out(three):
    assert rollback(three, by="ada", why="called the wrong accounts").model_id == "m2"
    last = read_decisions(three)[-1]
    assert (last.kind, last.model_id, last.compared_with, last.by) == ("rollback", "m2", "m3", "ada")
    assert last.reasons == ("ada went back from m3 to m2: called the wrong accounts.",)
    withdrawal = withdrawal_of(read_decisions(three), "m3")
    assert withdrawal is not None
    assert withdrawal_of(read_decisions(three), "m2") is None


def test_one_can_go_back_further_and_forward_again(three):
    assert rollback(three, "m1").previous == ()
    assert [entry["model_id"] for entry in rollback(three, "m3").previous] == ["m1"]
    assert withdrawal_of(read_decisions(three), "m3") is None


@pytest.mark.parametrize(("to", "message"), [("m3", "is the model in use already"), ("m9", r"never was|was never in use.*m2, m1")])
def test_going_back_to_what_makes_no_sense_is_refused_with_what_there_is(three, to, message):
    with pytest.raises(ValueError, match=message):
        rollback(three, to)
    assert len(read_decisions(three)) == 3


def test_going_back_without_a_model_in_use_is_one_plain_message(tmp_path):
    with pytest.raises(ValueError, match="no model is in use, so there is nothing to go back from"):
        rollback(tmp_path)
