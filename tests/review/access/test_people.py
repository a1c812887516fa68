"""People, tokens and roles; what a policy refuses; the trail of exports."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from clv_platform.review.access import (
    AccessError,
    PeopleError,
    Person,
    add_person,
    add_token,
    build_policy,
    read_audit,
    read_people,
    write_audit,
)
from clv_platform.review.access.requests import Guesses, host_name, is_same_origin


def test_a_password_is_stored_as_a_slow_hash_in_a_file_of_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    add_person(path, "anna", "reviewer", "correct horse battery")
    assert "correct horse" not in path.read_text()
    assert json.loads(path.read_text())["people"]["anna"]["password"].startswith("scrypt:")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_name_and_password_must_both_fit(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    add_person(path, "anna", "reviewer", "correct horse battery")
    people = read_people(path)
    assert people.by_password("anna", "correct horse battery") == people.find("anna")
    assert people.by_password("anna", "correct horse batter") is None
    assert people.by_password("bert", "correct horse battery") is None
    assert people.by_password("", "") is None


def test_a_token_is_shown_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    token = add_token(path, "team", "viewer")
    assert token not in path.read_text()
    people = read_people(path)
    found = people.by_token(token)
    assert found is not None
    assert (found.name, found.role) == ("team", "viewer")
    assert people.by_token(token[:-1]) is None
    assert people.by_token("") is None


def test_a_new_password_changes_the_mark_so_that_old_sessions_end(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    add_person(path, "anna", "reviewer", "correct horse battery")
    before = read_people(path).find("anna")
    add_person(path, "anna", "reviewer", "another long password")
    after = read_people(path).find("anna")
    assert before is not None
    assert after is not None
    assert before.mark != after.mark


@pytest.mark.parametrize(
    ("role", "may"),
    [("viewer", {"look"}), ("reviewer", {"look", "comment", "export"}), ("publisher", {"look", "comment", "export", "answer", "publish"})],
)
def test_roles_allow_what_they_say(role: str, may: set[str]) -> None:
    person = Person("x", role)  # type: ignore[arg-type]
    assert {act for act in ("look", "comment", "export", "answer", "publish") if person.may(act)} == may


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[]", "expected an object"),
        ("{", "expected JSON"),
        ('{"people": {"anna": {"role": "king", "password": "x"}}}', "people.anna"),
        ('{"tokens": {"team": {"role": "viewer"}}}', "tokens.team"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "users.json"
    path.write_text(content)
    with pytest.raises(PeopleError, match=says):
        read_people(path)


def test_short_passwords_odd_names_and_unknown_roles_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    with pytest.raises(PeopleError, match="at least 10"):
        add_person(path, "anna", "viewer", "short")
    with pytest.raises(PeopleError, match="visible characters"):
        add_person(path, "an|na", "viewer", "correct horse battery")
    with pytest.raises(PeopleError, match="expected one of"):
        add_token(path, "team", "king")  # type: ignore[arg-type]
    assert not path.exists()


def test_an_address_that_others_reach_needs_a_login() -> None:
    with pytest.raises(AccessError, match=r"0\.0\.0\.0: other machines reach this address"):
        build_policy("0.0.0.0")
    assert build_policy("127.0.0.1").is_open
    assert build_policy("::1").is_open
    assert not build_policy("0.0.0.0", proxy_header="X-Remote-User").is_open


def test_a_file_without_anybody_would_lock_everybody_out(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text('{"people": {}, "tokens": {}}')
    with pytest.raises(AccessError, match="nobody is listed"):
        build_policy("127.0.0.1", users=path)


def test_the_trail_keeps_whole_lines_and_skips_a_torn_one(tmp_path: Path) -> None:
    write_audit(tmp_path, "anna", "export", frame="f", n_rows=3)
    with (tmp_path / "audit.jsonl").open("a") as file:
        file.write('{"at": "2026')
    events = read_audit(tmp_path)
    assert [(event["person"], event["act"], event["n_rows"]) for event in events] == [("anna", "export", 3)]


def test_after_five_failures_a_pair_of_name_and_address_waits_a_minute() -> None:
    now = [0.0]
    guesses = Guesses(lambda: now[0])
    for _ in range(5):
        assert not guesses.must_wait("anna", "1.2.3.4")
        guesses.failed("anna", "1.2.3.4")
    assert guesses.must_wait("anna", "1.2.3.4")
    assert not guesses.must_wait("anna", "5.6.7.8")
    now[0] = 61.0
    assert not guesses.must_wait("anna", "1.2.3.4")


def test_origins_are_compared_with_the_host_and_names_lose_their_port() -> None:
    assert is_same_origin(None, "127.0.0.1:8050")
    assert is_same_origin("http://127.0.0.1:8050", "127.0.0.1:8050")
    assert not is_same_origin("http://evil.example", "127.0.0.1:8050")
    assert not is_same_origin("null", "127.0.0.1:8050")
    assert host_name("localhost:8050") == "localhost"
    assert host_name("[::1]:8050") == "::1"
