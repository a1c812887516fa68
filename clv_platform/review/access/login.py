"""Login, sessions and the check of every request, as a thin layer over Flask and Flask-Login.

Here: `install_access(server, policy, store)`, which guards every address of a Flask server, and `current_person()`. Keep pages out,
except the login
form: it is plain HTML, so that nothing of the app is served to a stranger.

The session is a signed cookie: name, mark of the password, time of login. Who is removed from the file, or gets another password, is out
at the next
restart; the mark of a cookie must fit the file that the server has read. Posts must carry a token that fits the session: the browser's
script copies
it from a cookie into a header, which a page elsewhere can't do.
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, g, make_response, redirect, request, session
from werkzeug.wrappers import Response as AnyResponse

from clv_platform.review.access.audit import write_audit
from clv_platform.review.access.login_page import render_login
from clv_platform.review.access.people import People, Person
from clv_platform.review.access.policy import AccessPolicy
from clv_platform.review.access.requests import Guesses, host_name, is_same_origin

CSRF_COOKIE = "_csrf_token"
CSRF_HEADER = "X-CSRFToken"
_NOT_YET = frozenset({"/login", "/health"})
_ALONE = Person("this machine", "publisher")


def current_person() -> Person:
    """Return who asks, within a request; outside of one (a notebook, a test of a page) the person at this machine.

    Raises
    ------
    werkzeug.exceptions.Unauthorized
        When nobody is logged in on a server that demands it; `install_access` has refused such a request before.
    """
    from flask import has_request_context

    if not has_request_context():
        return _ALONE
    found = g.get("clv_person")
    if found is None:
        abort(401)
    return found


def install_access(server: Flask, policy: AccessPolicy, store: Path) -> None:
    """Guard every address of a server.

    Parameters
    ----------
    server : Flask
        The server; its secret key is set from `<store>/session.key`, made at the first start, so that a restart doesn't log people out.
    policy : AccessPolicy
        Who gets in.
    store : Path
        The review store: the key and the audit trail.
    """
    from flask_login import LoginManager, UserMixin, login_user, logout_user
    from flask_login import current_user as session_user

    class _Session(UserMixin):
        def __init__(self, person: Person) -> None:
            self.person = person

        def get_id(self) -> str:
            return f"{self.person.name}|{self.person.mark}"

    server.secret_key = session_key(store)
    server.config.update(
        SESSION_COOKIE_NAME="clv_review",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=policy.is_https,
        PERMANENT_SESSION_LIFETIME=policy.session_length,
        SESSION_REFRESH_EACH_REQUEST=False,  # the end of a session is fixed at login
        MAX_CONTENT_LENGTH=4 << 20,
    )
    manager = LoginManager(server)
    manager.session_protection = None  # type: ignore[assignment]  # it would log out whoever's network changes; the marks below are enough
    guesses = Guesses()

    @manager.user_loader
    def _load(session_id: str) -> _Session | None:
        name, _, mark = session_id.rpartition("|")
        person = policy.people.find(name) if policy.people else None
        return _Session(person) if person and hmac.compare_digest(person.mark, mark) else None

    @server.before_request
    def _guard() -> AnyResponse | str | None:
        if policy.is_open and host_name(request.host) not in policy.hosts:
            abort(403, "This server answers under 127.0.0.1 and localhost only.")
        person = _person_of(policy, session_user)
        g.clv_person = person
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            _refuse_forged()
        if person is None and request.path not in _NOT_YET:
            if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
                return redirect(f"/login?{_return_to()}")
            abort(401, "Log in first: your session may have ended.")
        return None

    @server.after_request
    def _mark_response(response: Response) -> Response:
        if CSRF_COOKIE not in request.cookies or not hmac.compare_digest(request.cookies[CSRF_COOKIE], _csrf()):
            response.set_cookie(CSRF_COOKIE, _csrf(), samesite="Strict", secure=policy.is_https)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response

    @server.get("/health")
    def _health() -> str:
        return "ok"

    @server.get("/login")
    def _login_form() -> AnyResponse | str:
        if g.clv_person is not None:
            return redirect(_local(request.args.get("next")))
        return render_login(_csrf(), _local(request.args.get("next")), request.args.get("token", ""))

    @server.post("/login")
    def _log_in() -> AnyResponse:
        name, token = request.form.get("name", "").strip(), request.form.get("token", "").strip()
        address, going_to = request.remote_addr or "", _local(request.form.get("next"))
        who = name or "token"
        if guesses.must_wait(who, address):
            return make_response(render_login(_csrf(), going_to, "", "Too many attempts. Wait a minute, then try again."), 429)
        person = _check(policy.people, name, request.form.get("password", ""), token)
        if person is None:
            guesses.failed(who, address)
            write_audit(store, who, "login refused", address=address)
            return make_response(render_login(_csrf(), going_to, "", "That didn't fit. Check name and password, or the token."), 401)
        guesses.succeeded(who, address)
        session.clear()  # a session from before the login must not carry on
        session.permanent = True
        session["logged_in_at"] = time.time()
        login_user(_Session(person))
        write_audit(store, person.name, "login", address=address, role=person.role)
        return redirect(going_to)

    @server.post("/logout")
    def _log_out() -> AnyResponse:
        logout_user()
        session.clear()
        return redirect("/login")

    @server.get("/whoami")
    def _whoami() -> dict[str, Any]:
        person = current_person()
        return {"name": person.name, "role": person.role, "needs_login": not policy.is_open}


def session_key(store: Path) -> bytes:
    """Return the key that signs sessions, made once per store and readable by its owner only."""
    path = store / "session.key"
    store.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) >= 32:
            return key
        path.unlink(missing_ok=True)  # a start that was killed while writing it
        return session_key(store)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
    return path.read_bytes()


def _person_of(policy: AccessPolicy, session_user: Any) -> Person | None:
    if policy.is_open:
        return _ALONE
    if policy.proxy_header and request.remote_addr in policy.proxies:
        name = request.headers.get(policy.proxy_header, "").strip()
        if name:
            known = policy.people.find(name) if policy.people else None
            return known or Person(name, policy.proxy_role)
    if not session_user.is_authenticated or time.time() - session.get("logged_in_at", 0) > policy.session_length.total_seconds():
        return None
    return session_user.person


def _refuse_forged() -> None:
    """Refuse a post that no page of this app sent. The token of the session must come back in a header or form field."""
    if not is_same_origin(request.headers.get("Origin"), request.host):
        abort(403, "This request comes from another site.")
    given = request.headers.get(CSRF_HEADER) or (request.form.get("csrf", "") if request.mimetype != "application/json" else "")
    if not given or not hmac.compare_digest(given.encode(), _csrf().encode()):
        abort(403, "This page is out of date: load it again.")


def _csrf() -> str:
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
    return session["csrf"]


def _check(people: People | None, name: str, password: str, token: str) -> Person | None:
    if people is None:
        return None
    return people.by_token(token) if token else people.by_password(name, password)


def _return_to() -> str:
    from urllib.parse import urlencode

    return urlencode({"next": request.full_path.rstrip("?")})


def _local(address: str | None) -> str:
    """Return an address within the app: a link to a login must not send people elsewhere afterwards."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")) or any(ord(letter) < 32 for letter in address):
        return "/"
    return address
