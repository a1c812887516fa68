"""How commands speak: results on standard output, problems as one plain message on standard error, exit codes that scripts can use.

Add a kind of error here when a person can mend what it complains about. Anything else is a bug and keeps its traceback.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

import click

OK, FAILED, UNUSABLE_INPUT, INTERRUPTED = 0, 1, 2, 130
_Arguments = ParamSpec("_Arguments")


def say(text: str = "") -> None:
    """Print a line of a result."""
    click.echo(text)


def complain(text: str) -> None:
    """Print a problem on standard error."""
    click.echo(text, err=True)


def with_plain_errors(command: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
    """Turn the library's own errors into one message and exit code 2, and Ctrl-C into 130."""

    @functools.wraps(command)
    def plain(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> int:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            complain("Stopped.")
            return INTERRUPTED
        except Exception as error:
            if not is_plain(error):
                raise
            complain(str(error))
            return UNUSABLE_INPUT

    return plain


def is_plain(error: BaseException) -> bool:
    """Whether the message is written for people: the library's own kinds, bad values and missing files."""
    own = type(error).__module__.split(".")[0] in ("clv_platform", "assets")
    return own or isinstance(error, FileExistsError | FileNotFoundError | PermissionError)
