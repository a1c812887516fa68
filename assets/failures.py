"""What is told when a run fails: one plain message, and the same as JSON to a webhook when there is one.

Here: finding the message that a person can act on inside Dagster's errors, hiding secrets, and the post itself. A failing webhook is
logged, never a second failure.
"""

import json
import logging
import re
import urllib.request
from collections.abc import Iterable
from typing import Any

from assets.company import Company
from clv_platform.settings import secret

TIMEOUT_SECONDS = 10
# The library's own kinds of error: their message is written for people, a traceback would only hide it.
PLAIN_ERRORS = frozenset(
    {
        "AccessError",
        "ConfigError",
        "DbtProjectError",
        "EditConflict",
        "EditionTakenError",
        "FeatureMismatch",
        "FeedbackError",
        "FilterError",
        "FitError",
        "FrameError",
        "LabelError",
        "ModelStoreError",
        "NoDurations",
        "NoUsableFeatures",
        "NotEnoughHistory",
        "PeopleError",
        "RawDataError",
        "RequestError",
        "SettingsError",
        "WarehouseFileError",
        "WarehouseLockedError",
    }
)
_LOG = logging.getLogger(__name__)


def root_cause(error: Any) -> Any:
    """Follow a `SerializableErrorInfo` down to the error that started it."""
    while error.cause is not None:
        error = error.cause
    return error


def plain_message(error: Any) -> tuple[str, bool]:
    """The message of a step's error, and whether it is one of the library's own kinds.

    Parameters
    ----------
    error : SerializableErrorInfo
        As Dagster stores it with the step's failure.
    """
    cause = root_cause(error)
    kind = cause.cls_name or "Error"
    text = cause.message.strip().removeprefix(f"{kind}: ")
    text = re.sub(rf"^(?:[\w.]+\.)?{kind}:\s*", "", text)
    return (text, True) if kind in PLAIN_ERRORS else (f"{kind}: {text}", False)


def hide_secrets(text: str, company: Company) -> str:
    """Replace the values of the variables that the config names as `${NAME}` by `***`."""
    names = {match for source in company.config.sources.values() for origin in (source, *source.inputs.values()) if origin.database
             for match in re.findall(r"\$\{(\w+)\}", origin.database)}  # fmt: skip
    for value in filter(None, (secret(name) for name in sorted(names))):
        text = text.replace(value, "***")
    return re.sub(r"(://[^/\s:@]+):[^@\s/]+@", r"\1:***@", text)


def failure_payload(company: Company, *, job: str, run_id: str, cutoff: str | None, steps: Iterable[str], message: str) -> dict[str, Any]:
    """What the webhook gets; no data, no addresses, no secrets."""
    return {
        "company": company.name,
        "job": job,
        "run_id": run_id,
        "cutoff": cutoff,
        "failed_steps": list(steps),
        "message": hide_secrets(message, company)[:2000],
    }


def post_failure(url: str, payload: dict[str, Any], log: logging.Logger | Any = _LOG) -> bool:
    """Post the payload as JSON; False, and one line in the log, when that doesn't work."""
    try:
        request = urllib.request.Request(url, json.dumps(payload).encode(), {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            return True
    except (OSError, ValueError) as error:
        # The address may hold a token, so only the kind of the error is said.
        log.warning(f"CLV_FAILURE_WEBHOOK could not be reached ({type(error).__name__}); the run's failure was not reported there.")
        return False
