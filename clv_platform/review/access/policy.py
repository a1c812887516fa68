"""What a server demands of those who open it: nothing on the loopback address, else a login.

Here: `AccessPolicy` and the rules that make one from options. Keep Flask out.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from clv_platform.review.access.people import ROLES, People, Role, read_people

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


class AccessError(ValueError):
    """The server would be open to people who shouldn't see it; the message says what to set."""


@dataclass(frozen=True)
class AccessPolicy:
    """Who gets in, and how.

    Attributes
    ----------
    people : People or None
        Who may log in; None: nobody needs to (loopback only).
    proxy_header : str or None
        Header in which a proxy of the network names the person it has logged in; believed only from `proxies`.
    proxies : tuple of str
        Addresses of that proxy.
    proxy_role : role
        Role of people whom only the proxy knows.
    session_hours : float
        After so long everybody logs in again.
    is_https : bool
        Browsers reach the app by HTTPS: cookies then never travel by HTTP.
    hosts : frozenset of str
        Names under which an open server answers. A page elsewhere that points a name of its own at 127.0.0.1 is refused so.
    """

    people: People | None = None
    proxy_header: str | None = None
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    proxy_role: Role = "viewer"
    session_hours: float = 12.0
    is_https: bool = False
    hosts: frozenset[str] = _LOOPBACK_NAMES

    @property
    def is_open(self) -> bool:
        """Nobody logs in."""
        return self.people is None and self.proxy_header is None

    @property
    def session_length(self) -> timedelta:
        """How long a login lasts."""
        return timedelta(hours=self.session_hours)


def build_policy(
    host: str,
    *,
    users: Path | None = None,
    proxy_header: str | None = None,
    proxies: tuple[str, ...] = ("127.0.0.1", "::1"),
    proxy_role: Role = "viewer",
    session_hours: float = 12.0,
    is_https: bool = False,
) -> AccessPolicy:
    """Make the policy of a server on an address.

    Parameters
    ----------
    host : str
        Where the server listens.
    users : Path, optional
        The file of people and tokens (see `read_people`).
    proxy_header, proxies, proxy_role
        Single sign-on by a proxy: the header that names the person, from which addresses it is believed, and the role of people whom the
        file doesn't list.
    session_hours : float
        How long a login lasts.
    is_https : bool
        Whether browsers reach it by HTTPS.

    Raises
    ------
    AccessError
        When the address can be reached from elsewhere and nobody would have to log in, or an option makes no sense.
    PeopleError
        When the file of people can't be used.
    """
    if session_hours <= 0:
        raise AccessError(f"session hours: expected more than 0, found {session_hours:g}. 12 is usual.")
    if proxy_role not in ROLES:
        raise AccessError(f"role of the proxy's people: expected one of {', '.join(ROLES)}, found {proxy_role!r}.")
    people = read_people(users) if users else None
    if people is not None and not people.passwords and not people.tokens and proxy_header is None:
        raise AccessError(f"{users}: nobody is listed, so nobody could log in. Add somebody with `clv review-user NAME --role reviewer`.")
    policy = AccessPolicy(people, proxy_header, proxies, proxy_role, session_hours, is_https)
    if policy.is_open and not is_loopback(host):
        raise AccessError(
            f"host {host}: other machines reach this address, and nobody would have to log in. Give a file of people "
            "(`--users FILE`, made with "
            "`clv review-user`), a proxy's header (`--proxy-header`), or stay on 127.0.0.1."
        )
    return policy


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
