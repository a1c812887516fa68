"""Requests as a browser, or somebody who is none, sends them: login, forged posts, viewers who write, exports, odd names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from clv_platform.review.access import AccessPolicy, add_person, add_token, build_policy, read_audit
from clv_platform.review.app import create_app
from clv_platform.review.app.scene import Sources
from clv_platform.review.feedback.store import open_feedback
from clv_platform.review.frames.catalogue import list_versions
from clv_platform.review.frames.store import ReviewStore

SLUG = "spend-and-segment-march"
PATH = f"/frames/{SLUG}"
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("people") / "users.json"
    add_person(path, "vera", "viewer", "viewer password")
    add_person(path, "anna", "reviewer", "reviewer password")
    return path, add_token(path, "team", "viewer")


@pytest.fixture(scope="module")
def open_app(planted_store: ReviewStore) -> Any:
    return create_app(Sources(planted_store)).server


@pytest.fixture(scope="module")
def team_app(planted_store: ReviewStore, users: tuple[Path, str]) -> Any:
    return create_app(Sources(planted_store), build_policy("127.0.0.1", users=users[0])).server


def _client(server: Any) -> FlaskClient:
    """A browser at `localhost`, to which an open server answers."""
    return server.test_client()


def _csrf(client: FlaskClient) -> str:
    client.get("/health")
    cookie = client.get_cookie("_csrf_token")
    assert cookie is not None
    return cookie.value


def _log_in(server: Any, name: str, password: str = "", token: str = "") -> FlaskClient:
    client = _client(server)
    answer = client.post("/login", data={"name": name, "password": password, "token": token, "csrf": _csrf(client), "next": "/"})
    assert answer.status_code == 302, answer.text
    return client


def _call(client: FlaskClient, output: str, inputs: list[dict[str, Any]], state: list[dict[str, Any]], csrf: str | None = None) -> Any:
    """Run a callback as the browser's script does."""
    parts = output.strip(".").split("...") if output.startswith("..") else [output]
    outputs = [dict(zip(("id", "property"), part.rsplit(".", 1), strict=True)) for part in parts]
    body = {
        "output": output,
        "outputs": outputs if output.startswith("..") else outputs[0],
        "inputs": inputs,
        "state": state,
        "changedPropIds": [f"{inputs[0]['id']}.{inputs[0]['property']}"],
    }
    headers = {"X-CSRFToken": _csrf(client) if csrf is None else csrf}
    return client.post("/_dash-update-component", json=body, headers=headers)


def _route(client: FlaskClient, path: str, search: str = "", csrf: str | None = None) -> Any:
    inputs = [{"id": "route", "property": "data", "value": {"pathname": path, "search": search}}]
    return _call(client, "..page.children...nav.children...person.children..", inputs, [], csrf)


def test_a_server_on_this_machine_draws_a_page_without_login(open_app: Any) -> None:
    client = _client(open_app)
    assert client.get("/").status_code == 200
    drawn = _route(client, PATH, "?in.country=Germany").get_json()["response"]["page"]["children"]
    text = json.dumps(drawn, ensure_ascii=False)
    assert "2,000 rows of 10,000 (20 %)" in text
    assert "47 %" in text
    assert "All rows: 69 %" in text


def test_an_open_server_answers_under_its_own_names_only(open_app: Any) -> None:
    assert open_app.test_client().get("/", headers={"Host": "evil.example"}).status_code == 403


def test_every_page_is_drawn(open_app: Any) -> None:
    client = _client(open_app)
    for page in ("", "/explore", "/weak", "/rows", "/compare", "/feedback", "/columns"):
        text = _route(client, PATH + page).text
        assert "could not be drawn" not in text, page
        assert "Spend and segment, March" in text
    for page in ("/", "/month", "/glossary"):
        assert "could not be drawn" not in _route(client, page).text, page


@pytest.mark.parametrize(
    "path",
    ["/frames/nothing", "/frames/..%2f..%2fetc", "/frames/../../../etc/passwd", "/frames/%00", f"{PATH}/nothing", "/frames/" + "x" * 3000],
)
def test_names_that_lead_nowhere_or_elsewhere_get_a_sentence(open_app: Any, path: str) -> None:
    answer = _route(_client(open_app), path)
    assert answer.status_code == 200
    assert "No such" in answer.text


def test_a_version_that_is_none_gets_a_sentence(open_app: Any) -> None:
    for version in ("99", "abc", "-1", "١"):
        assert "No such frame" in _route(_client(open_app), PATH, f"?v={version}").text


def test_filters_that_do_not_fit_are_told_and_the_page_stands(open_app: Any) -> None:
    text = _route(_client(open_app), PATH, "?in.nothing=1&range.country=1~2&in.country=Germany").text
    assert "There is no column" in text
    assert "2,000 rows of 10,000" in text


def test_a_post_without_the_sessions_token_is_refused(open_app: Any) -> None:
    client = _client(open_app)
    assert _route(client, "/", csrf="").status_code == 403
    assert _route(client, "/", csrf="forged").status_code == 403
    assert client.post("/logout", data={"csrf": "forged"}).status_code == 403


def test_a_post_from_another_site_is_refused(open_app: Any) -> None:
    client = _client(open_app)
    headers = {"X-CSRFToken": _csrf(client), "Origin": "http://evil.example"}
    assert client.post("/_dash-update-component", json={}, headers=headers).status_code == 403


def test_a_stranger_is_sent_to_the_login_and_gets_no_data(team_app: Any) -> None:
    client = _client(team_app)
    sent = client.get(f"{PATH}/rows?in.country=Germany", headers=HTML)
    assert sent.status_code == 302
    assert sent.headers["Location"].startswith("/login?next=%2Fframes%2F")
    assert _route(client, "/").status_code == 401
    assert client.get(f"/export/{SLUG}.csv").status_code == 401
    assert client.get("/_dash-layout").status_code == 401


def test_login_by_password_and_by_token_and_out_again(team_app: Any, users: tuple[Path, str]) -> None:
    anna = _log_in(team_app, "anna", "reviewer password")
    assert anna.get("/whoami").get_json()["role"] == "reviewer"
    assert anna.post("/logout", data={"csrf": _csrf(anna)}).status_code == 302
    assert anna.get("/whoami").status_code == 401
    assert _log_in(team_app, "", token=users[1]).get("/whoami").get_json()["name"] == "team"


def test_a_wrong_password_is_refused_and_the_sixth_attempt_waits(team_app: Any) -> None:
    client = _client(team_app)
    codes = [client.post("/login", data={"name": "bert", "password": "x" * 12, "csrf": _csrf(client)}).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]


def test_after_the_login_nobody_is_sent_to_another_site(team_app: Any) -> None:
    for going_to in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        client = _client(team_app)
        data = {"name": "anna", "password": "reviewer password", "csrf": _csrf(client), "next": going_to}
        assert client.post("/login", data=data).headers["Location"] == "/"


def test_a_forged_or_foreign_session_is_nobody(team_app: Any, planted_store: ReviewStore, users: tuple[Path, str], tmp_path: Path) -> None:
    client = _client(team_app)
    client.set_cookie("clv_review", "eyJfdXNlcl9pZCI6ImFubmF8eCJ9.aaaa.bbbb")
    assert client.get("/whoami").status_code == 401
    # A session of another server, signed with another key.
    other = create_app(Sources(ReviewStore(tmp_path / "other")), build_policy("127.0.0.1", users=users[0])).server
    cookie = _log_in(other, "anna", "reviewer password").get_cookie("clv_review")
    assert cookie is not None
    client.set_cookie("clv_review", cookie.value)
    assert client.get("/whoami").status_code == 401


def test_a_session_ends_and_a_changed_password_ends_it_at_once(
    planted_store: ReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "users.json"
    add_person(path, "anna", "reviewer", "reviewer password")
    server = create_app(Sources(planted_store), build_policy("127.0.0.1", users=path, session_hours=2)).server
    client = _log_in(server, "anna", "reviewer password")
    add_person(path, "anna", "reviewer", "a new password")
    restarted = create_app(Sources(planted_store), build_policy("127.0.0.1", users=path)).server
    cookie = client.get_cookie("clv_review")
    assert cookie is not None
    again = _client(restarted)
    again.set_cookie("clv_review", cookie.value)
    assert again.get("/whoami").status_code == 401
    import clv_platform.review.access.login as login

    now = login.time.time()
    monkeypatch.setattr(login.time, "time", lambda: now + 2 * 3600 + 60)
    assert client.get("/whoami").status_code == 401


def test_a_viewer_cannot_comment_whatever_the_browser_sends(team_app: Any, planted_store: ReviewStore) -> None:
    vera = _log_in(team_app, "vera", "viewer password")
    before = len(open_feedback(planted_store).list())
    answer = _save(vera, "I am no reviewer")
    assert "may look, not comment" in answer.text
    assert len(open_feedback(planted_store).list()) == before


def test_a_comment_is_stored_with_its_author_whatever_name_the_browser_sends(team_app: Any, planted_store: ReviewStore) -> None:
    anna = _log_in(team_app, "anna", "reviewer password")
    assert "Saved" in _save(anna, "<script>alert(1)</script> =1+1 😀").text
    newest = open_feedback(planted_store).list(frame=SLUG)[0]
    assert (newest.author, newest.scope, newest.filters, newest.version) == ("anna", "slice", "in.country=Germany", 2)
    assert newest.comment == "<script>alert(1)</script> =1+1 😀"


def _save(client: FlaskClient, comment: str) -> Any:
    values = {"verdict": "wrong", "comment": comment, "label": None, "author": "the boss"}
    state = [{"id": f"feedback-{name}", "property": "value", "value": value} for name, value in values.items()]
    state += [
        {"id": "url", "property": "pathname", "value": f"{PATH}/feedback"},
        {"id": "url", "property": "search", "value": "?in.country=Germany"},
    ]
    inputs = [{"id": "feedback-save", "property": "n_clicks", "value": 1}]
    output = next(one["output"] for one in client.get("/_dash-dependencies").get_json() if "feedback-told" in one["output"])
    return _call(client, output, inputs, state)


def test_nobody_but_a_publisher_publishes_a_correction_whatever_the_browser_sends(team_app: Any, planted_store: ReviewStore) -> None:
    before = len(list_versions(planted_store, SLUG))
    for name in ("vera", "anna"):
        client = _log_in(team_app, name, {"vera": "viewer password", "anna": "reviewer password"}[name])
        assert "Correct a column" not in _route(client, f"{PATH}/columns").text
        values = {"name": "employees", "type": "category", "role": None, "label": None}
        state = [{"id": f"columns-{part}", "property": "value", "value": value} for part, value in values.items()]
        state += [{"id": "url", "property": part, "value": value} for part, value in (("pathname", f"{PATH}/columns"), ("search", ""))]
        answer = _call(client, "columns-told.children", [{"id": "columns-save", "property": "n_clicks", "value": 1}], state)
        assert "may not publish" in answer.text
    assert len(list_versions(planted_store, SLUG)) == before


def test_lists_of_the_month_have_no_way_out_of_the_published_folder(open_app: Any) -> None:
    client = _client(open_app)
    for name in ("..%2f..%2fsecrets", "calls-..%2f..%2fx", "at_risk%00", "calls-"):
        assert client.get(f"/month/{name}.csv").status_code == 404 or client.get(f"/month/{name}.csv").mimetype == "text/html"


def test_an_export_is_the_filtered_rows_and_is_written_down(team_app: Any, planted_store: ReviewStore) -> None:
    anna = _log_in(team_app, "anna", "reviewer password")
    answer = anna.get(f"/export/{SLUG}.csv?in.country=Germany")
    assert answer.status_code == 200
    assert len(answer.get_data(as_text=True).strip().splitlines()) == 2001
    event = read_audit(planted_store.root)[-1]
    assert (event["person"], event["act"], event["frame"], event["n_rows"]) == ("anna", "export", SLUG, 2000)


def test_an_export_that_may_not_or_cannot_be_is_refused(team_app: Any) -> None:
    assert _log_in(team_app, "vera", "viewer password").get(f"/export/{SLUG}.csv").status_code == 403
    anna = _log_in(team_app, "anna", "reviewer password")
    assert anna.get("/export/..%2f..%2fsecrets.csv").mimetype == "text/html"  # no export: the app's empty page
    assert anna.get("/export/nothing.csv").status_code == 404
    assert anna.get("/export/...csv").status_code == 404
    assert anna.get(f"/export/{SLUG}.csv?in.nothing=1").status_code == 400  # else more rows than asked for would leave


def test_a_proxy_names_people_only_from_its_own_address(planted_store: ReviewStore) -> None:
    policy = AccessPolicy(proxy_header="X-Remote-User", proxies=("10.0.0.9",), proxy_role="reviewer")
    client = _client(create_app(Sources(planted_store), policy).server)
    named = {"X-Remote-User": "otto"}
    assert client.get("/whoami", headers=named).status_code == 401
    found = client.get("/whoami", headers=named, environ_overrides={"REMOTE_ADDR": "10.0.0.9"}).get_json()
    assert (found["name"], found["role"]) == ("otto", "reviewer")


def test_pages_tell_browsers_to_fetch_and_run_nothing_else(open_app: Any) -> None:
    headers = _client(open_app).get("/", headers=HTML).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe-eval" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert "http://" not in _client(open_app).get("/").text.replace("http://127.0.0.1", "")
