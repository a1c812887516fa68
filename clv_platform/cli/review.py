"""`clv review`: serve the review app; `clv review-user`: who may log in to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from clv_platform.cli.messages import OK, UNUSABLE_INPUT, complain, say, with_plain_errors
from clv_platform.settings import Settings, load_settings

if TYPE_CHECKING:
    from clv_platform.review.access import AccessPolicy, Role
    from clv_platform.review.frames.store import ReviewStore

USERS = "users.json"


@with_plain_errors
def serve_review(
    config_path: Path | None,
    *,
    host: str,
    port: int,
    users: Path | None,
    proxy_header: str | None,
    proxies: tuple[str, ...],
    proxy_role: str,
    session_hours: float,
    is_https: bool,
) -> int:
    """`clv review`: serve until interrupted."""
    from clv_platform.review.access import build_policy

    settings, store = _find(config_path)
    listed = users or (store.root / USERS if (store.root / USERS).is_file() else None)
    policy = build_policy(
        host,
        users=listed,
        proxy_header=proxy_header,
        proxies=proxies or ("127.0.0.1", "::1"),
        proxy_role=cast("Role", proxy_role),
        session_hours=session_hours,
        is_https=is_https,
    )
    return _serve(settings, store, policy, host, port)


def _serve(settings: Settings, store: ReviewStore, policy: AccessPolicy, host: str, port: int) -> int:
    from clv_platform.config import ConfigError, load_config
    from clv_platform.review.app import create_app
    from clv_platform.review.app.scene import Sources
    from clv_platform.review.app.server import make_app_server, serve_until_interrupted
    from clv_platform.settings import company_paths

    try:
        config = load_config(settings.config_path, settings)
        paths, title = company_paths(settings, config.name), config.title
    except ConfigError:  # a store of its own needs no company
        paths, title = None, ""
    app = create_app(Sources(store, paths and paths.published, title, paths and paths.models), policy)
    try:
        server = make_app_server(app, host, port)
    except OSError as error:
        complain(f"{host}:{port}: can't listen there ({error.strerror}). Another server may run already; give `--port` another number.")
        return UNUSABLE_INPUT
    shown = f"[{host}]" if ":" in host else host
    who = "nobody needs to log in: this machine only" if policy.is_open else "people log in"
    say(f"Review app: http://{shown}:{server.port}/ ({who}). Frames: {store.root}. Ctrl-C ends it.")
    serve_until_interrupted(server)
    return OK


@with_plain_errors
def add_review_user(config_path: Path | None, name: str, *, role: str, users: Path | None, is_token: bool, password: str | None) -> int:
    """`clv review-user`: add a person, or a token that is shown once."""
    from clv_platform.review.access import add_person, add_token

    path = users or _find(config_path)[1].root / USERS
    if is_token:
        token = add_token(path, name, cast("Role", role))
        say(f"Token of {name} ({role}), shown this once; give it to whom it is for: {token}")
    else:
        add_person(path, name, cast("Role", role), password or "")
        say(f"{name} may log in as {role}: {path}")
    say("A server that is running takes the change over at its next start.")
    return OK


def _find(config_path: Path | None) -> tuple[Settings, ReviewStore]:
    from clv_platform.review.frames.store import find_store

    settings = load_settings()
    if config_path is not None:
        settings = replace(settings, config_path=config_path.absolute())
    return settings, find_store(settings)
