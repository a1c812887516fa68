"""Serve the app: many readers at once, in one process, on one address. Keep building the app out (`factory`)."""

from __future__ import annotations

import gc
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dash import Dash
    from werkzeug.serving import BaseWSGIServer


def make_app_server(app: Dash, host: str, port: int) -> BaseWSGIServer:
    """Return a server that answers each reader in a thread of its own; `serve_forever()` starts it, `shutdown()` from elsewhere ends it.

    Queries run in DuckDB, which lets other threads go on meanwhile. Connections are kept open between requests: a page asks for a dozen
    files.

    Raises
    ------
    OSError
        When the port is taken.
    """
    from werkzeug.serving import WSGIRequestHandler, make_server

    class _KeepAlive(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60  # an idle connection gives its thread back

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Leave single requests out of the log: addresses hold filters, which may hold names of accounts."""

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    return make_server(host, port, app.server, threaded=True, request_handler=_KeepAlive)


def serve_until_interrupted(server: BaseWSGIServer) -> None:
    """Answer readers until Ctrl-C; what was loaded by now is left out of Python's search for garbage, which held up clicks by 150 ms."""
    gc.collect()
    gc.freeze()
    try:
        server.serve_forever()
    finally:
        gc.unfreeze()
