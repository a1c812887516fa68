"""The Dash app: one layout, one router, one callback for every control; pages bring the rest.

How a click travels. A link changes the URL; `route` (in the browser) hands it to the router, which draws the page. A control's value goes
to
`_controls_changed`, which draws the page's view and writes the URL in the same answer; the browser knows that it wrote this URL itself
(`own`) and
doesn't ask the router again. So a click costs one request, and the back button works.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import dash_ag_grid
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update
from flask import Flask, Response, request

from clv_platform.review.access import AccessPolicy, current_person, install_access
from clv_platform.review.app.address import Address, read_address
from clv_platform.review.app.drawing import draw_page, draw_view
from clv_platform.review.app.export import install_export
from clv_platform.review.app.filter_panel import read_controls
from clv_platform.review.app.markup import lean
from clv_platform.review.app.pages import register_pages
from clv_platform.review.app.scene import Sources
from clv_platform.review.app.shell import build_layout, navigation, person_menu

_ASSETS = Path(__file__).parent / "assets"


def create_app(sources: Sources, policy: AccessPolicy | None = None) -> Dash:
    """Build the app.

    Parameters
    ----------
    sources : Sources
        The review store, and what runs have published.
    policy : AccessPolicy, optional
        Who gets in; default: everybody on this machine, under 127.0.0.1 and localhost only.

    Returns
    -------
    Dash
        `app.server` is the Flask server, guarded.
    """
    policy = policy or AccessPolicy()
    server = Flask("clv_review")
    _load_grid_late()
    install_access(server, policy, sources.store.root)
    app = Dash(
        "clv_review",
        server=server,  # type: ignore[arg-type]  # a Flask server, as documented
        assets_folder=str(_ASSETS),
        serve_locally=True,
        suppress_callback_exceptions=True,
        title="Review",
        update_title="",
        compress=False,
        eager_loading=False,
        enable_mcp=False,
        use_pages=False,
        description="Published predictions, to look at, doubt and answer.",
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}, {"name": "referrer", "content": "same-origin"}],
    )
    app.layout = build_layout
    _register(app, sources, policy)
    register_pages(app, sources)
    install_export(server, sources)
    _harden(app, server)
    return app


def _load_grid_late() -> None:
    """Leave the grid's script (1.3 MB) out of the first page: `route` in the browser fetches it for the page that has a grid."""
    for resource in dash_ag_grid._js_dist:
        if resource["relative_package_path"] == "dash_ag_grid.min.js":
            resource["async"] = "lazy"


def _register(app: Dash, sources: Sources, policy: AccessPolicy) -> None:
    # In the browser: pass the URL on unless the page itself wrote it.
    app.clientside_callback(
        ClientsideFunction("review", "route"),
        Output("route", "data"),
        Output("own", "data", allow_duplicate=True),
        Input("url", "pathname"),
        Input("url", "search"),
        State("own", "data"),
        State("route", "data"),
        prevent_initial_call="initial_duplicate",
    )

    @app.callback(
        Output("page", "children"),
        Output("nav", "children"),
        Output("person", "children"),
        Input("route", "data"),
        prevent_initial_call=True,
    )
    def _route(route: dict[str, str]) -> tuple[Any, Any, Any]:
        person = current_person()
        address = read_address(route.get("pathname"), route.get("search"))
        return draw_page(sources, address, person), lean(navigation(address)), person_menu(person, not policy.is_open)

    @app.callback(
        Output("view", "children"),
        Output("chips", "children"),
        Output("tabs", "children"),
        Output("url", "search"),
        Output("own", "data"),
        Input({"option": ALL}, "value"),
        Input({"filter": ALL, "part": ALL}, "value"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def _controls_changed(_options: list[Any], _filters: list[Any], pathname: str, search: str) -> tuple[Any, ...]:
        if len(ctx.triggered_prop_ids) > 1:  # the controls were just drawn; a person changes one at a time
            return (no_update,) * 5
        before = read_address(pathname, search)
        address = _address_of_controls(sources, before)
        if address.search == before.search:  # controls that were just drawn say what the URL says
            return (no_update,) * 5
        if address.option("v") != before.option("v"):  # another version: other columns, other controls
            return no_update, no_update, no_update, address.search, no_update
        view, marks, places = draw_view(sources, address, current_person())
        return view, marks, places, address.search, {"pathname": address.path, "search": address.search}

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("add-filter", "value"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def _add_filter(column: str | None, pathname: str, search: str) -> Any:
        if not column:
            return no_update
        address = read_address(pathname, search)
        return address.with_option("show", *dict.fromkeys((*address.all_of("show"), column))).search

    app.clientside_callback(
        ClientsideFunction("review", "log_out"), Output("log-out", "disabled"), Input("log-out", "n_clicks"), prevent_initial_call=True
    )


def _address_of_controls(sources: Sources, before: Address) -> Address:
    """Return the address that the page's controls say."""
    from clv_platform.review.app.drawing import find_frame

    address = before
    options, filters = ctx.inputs_list
    for one in options:
        value = one.get("value")
        values = value if isinstance(value, list) else [value]
        address = address.with_option(str(one["id"]["option"]), *(v for v in values if isinstance(v, str) and v))
    if address.slug:
        frame = find_frame(sources, before)
        if not before.option("v") and address.option("v") == str(frame.version):
            address = address.with_option("v")  # the newest, which an address without version names
        values = {(one["id"]["filter"], one["id"]["part"]): one.get("value") for one in filters}
        address = address.with_filters(read_controls(frame, values, before.filters))
    return address


def _harden(app: Dash, server: Flask) -> None:
    """Let browsers fetch and run nothing but what this server sends; the scripts of the page are named by their hashes."""

    @lru_cache(maxsize=1)
    def _policy() -> str:
        scripts = " ".join(app.csp_hashes())
        return (
            f"default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
            "font-src 'self' data:; "
            "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
        )

    @server.after_request
    def _security_headers(response: Response) -> Response:
        if response.mimetype == "text/html" and request.path != "/login":
            response.headers["Content-Security-Policy"] = _policy()
        if response.mimetype in ("application/json", "text/html"):
            response.headers["Cache-Control"] = "no-store"
        return response
