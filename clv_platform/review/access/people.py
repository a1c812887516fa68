"""People, tokens and roles: one JSON file, secrets hashed.

Here: reading, writing and checking that file. Add a role to `ROLES` and what it may do to `_MAY`. Keep the web out.

A password is hashed slowly (scrypt), because people choose it; a token is random and long, so one SHA-256 is enough and a request costs
nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

Role = Literal["viewer", "reviewer", "publisher"]
ROLES: tuple[Role, ...] = get_args(Role)
_MAY: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"look"}),
    "reviewer": frozenset({"look", "comment", "export"}),
    "publisher": frozenset({"look", "comment", "export", "answer", "publish"}),
}
_MIN_PASSWORD = 10


class PeopleError(ValueError):
    """The file of people can't be used; the message says what was found and what to write."""


@dataclass(frozen=True)
class Person:
    """Somebody who uses the app: a name, a role, and a mark that changes with the password, so that old sessions end."""

    name: str
    role: Role
    mark: str = ""

    def may(self, act: str) -> bool:
        """Whether the role allows an act: look, comment, export, answer."""
        return act in _MAY[self.role]


@dataclass(frozen=True)
class People:
    """Everybody who may log in.

    Attributes
    ----------
    passwords : mapping of name to (role, hash)
        Hashes as Werkzeug writes them.
    tokens : mapping of name to (role, hash)
        SHA-256 of the token.
    """

    passwords: Mapping[str, tuple[Role, str]]
    tokens: Mapping[str, tuple[Role, str]]

    def find(self, name: str) -> Person | None:
        """Return the person of that name, or None."""
        for known in (self.passwords, self.tokens):
            if name in known:
                role, secret = known[name]
                return Person(name, role, _mark(secret))
        return None

    def by_password(self, name: str, password: str) -> Person | None:
        """Return the person if name and password fit; a wrong name takes as long as a wrong password."""
        from werkzeug.security import check_password_hash

        _, stored = self.passwords.get(name, ("viewer", _NOBODY))
        fits = check_password_hash(stored, password)
        return self.find(name) if fits and name in self.passwords else None

    def by_token(self, token: str) -> Person | None:
        """Return whom a token belongs to, or None; compared in constant time."""
        given = _hash_token(token)
        found = [name for name, (_, stored) in self.tokens.items() if hmac.compare_digest(stored, given)]
        return self.find(found[0]) if found else None


# The hash of no password at all: checking against it costs what checking a real one costs.
_NOBODY = "scrypt:32768:8:1$nobody00nobody00$" + "0" * 128


def read_people(path: Path) -> People:
    """Read the file of people.

    Parameters
    ----------
    path : Path
        JSON: `{"people": {"anna": {"role": "reviewer", "password": "scrypt:..."}}, "tokens": {"team": {"role": "viewer", "sha256":
        "..."}}}`.

    Raises
    ------
    PeopleError
        When the file is missing, no JSON of that form, or names a role that doesn't exist.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PeopleError(f"{path}: no such file. Write it with `clv review-user NAME --role reviewer --users {path}`.") from None
    except ValueError as error:
        raise PeopleError(f"{path}: expected JSON, found something else ({error}).") from None
    if not isinstance(content, dict):
        raise PeopleError(f"{path}: expected an object with the keys `people` and `tokens`, found {type(content).__name__}.")
    return People(_entries(content, "people", "password", path), _entries(content, "tokens", "sha256", path))


def add_person(path: Path, name: str, role: Role, password: str) -> None:
    """Add a person or change role and password of one; the file is switched at once and readable by its owner only.

    Raises
    ------
    PeopleError
        For an empty name, an unknown role, or a password of fewer than 10 characters.
    """
    from werkzeug.security import generate_password_hash

    if len(password) < _MIN_PASSWORD:
        raise PeopleError(
            f"password of {name!r}: expected at least {_MIN_PASSWORD} characters, found {len(password)}. Choose a longer one."
        )
    _write(path, "people", name, role, {"role": role, "password": generate_password_hash(password)})


def add_token(path: Path, name: str, role: Role) -> str:
    """Add a token, or replace the one of that name, and return it: it isn't kept anywhere in the clear."""
    token = secrets.token_urlsafe(32)
    _write(path, "tokens", name, role, {"role": role, "sha256": _hash_token(token)})
    return token


def _write(path: Path, kind: str, name: str, role: str, entry: dict[str, str]) -> None:
    if not name.strip() or any(ord(letter) < 32 for letter in name) or "|" in name:
        raise PeopleError(f"name {name!r}: expected visible characters without `|`.")
    if role not in ROLES:
        raise PeopleError(f"role {role!r}: expected one of {', '.join(ROLES)}.")
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"people": {}, "tokens": {}}
    other = "tokens" if kind == "people" else "people"
    if name in content.get(other, {}):
        raise PeopleError(f"name {name!r}: there is an entry of that name under `{other}` already. Choose another.")
    content.setdefault(kind, {})[name] = entry
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
    temporary.replace(path)


def _entries(content: Mapping[str, Any], kind: str, secret: str, path: Path) -> dict[str, tuple[Role, str]]:
    found: dict[str, tuple[Role, str]] = {}
    for name, entry in dict(content.get(kind) or {}).items():
        if not isinstance(entry, dict) or entry.get("role") not in ROLES or not isinstance(entry.get(secret), str):
            raise PeopleError(f"{path}: {kind}.{name}: expected a role ({', '.join(ROLES)}) and `{secret}`, found {sorted(entry or {})}.")
        found[name] = (entry["role"], entry[secret])
    return found


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _mark(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
