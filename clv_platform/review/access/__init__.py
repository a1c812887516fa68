"""Who may open the review app, and what each person may do there.

Here: people and tokens with their roles (`people`), what a server demands (`policy`), login, sessions and request forgery (`login`,
`requests`),
the trail of exports (`audit`). Add a way to log in here. Keep pages and queries out: a page only asks `current_person().may(...)`.
"""

from clv_platform.review.access.audit import read_audit, write_audit
from clv_platform.review.access.login import current_person, install_access
from clv_platform.review.access.people import People, PeopleError, Person, Role, add_person, add_token, read_people
from clv_platform.review.access.policy import AccessError, AccessPolicy, build_policy

__all__ = [
    "AccessError",
    "AccessPolicy",
    "People",
    "PeopleError",
    "Person",
    "Role",
    "add_person",
    "add_token",
    "build_policy",
    "current_person",
    "install_access",
    "read_audit",
    "read_people",
    "write_audit",
]
