"""The `clv` command.

Here: one file per family of commands; `main` puts them together. Every command imports what it needs when it is called, so that
`clv --help` answers at once. Add a command to `commands` and its work to the file it fits. Keep computing out: a command calls the library
or starts a run.
"""

from clv_platform.cli.commands import main

__all__ = ["main"]
