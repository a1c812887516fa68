"""Export of filtered rows as CSV: streamed, safe for spreadsheets, allowed by role, written down before the first row leaves."""

from __future__ import annotations

import re

from flask import Flask, Response, abort, request

from clv_platform.review.access import current_person, write_audit
from clv_platform.review.app.address import Address, read_address
from clv_platform.review.app.scene import Sources
from clv_platform.review.frames.info import FrameError
from clv_platform.review.queries.export import csv_chunks
from clv_platform.review.queries.filters import read_filters, write_filters
from clv_platform.review.queries.lookup import count_rows

PREFIX = "/export"


def export_path(address: Address) -> str:
    """Return where the rows of a view can be fetched."""
    from urllib.parse import quote

    return f"{PREFIX}/{quote(address.slug, safe='')}.csv{address.search}"


def install_export(server: Flask, sources: Sources) -> None:
    """Add the address from which rows are fetched."""
    from clv_platform.review.app.drawing import find_frame
    from clv_platform.review.app.pages.rows import sort_of

    @server.get(f"{PREFIX}/<slug>.csv")
    def _export(slug: str) -> Response:
        person = current_person()
        if not person.may("export"):
            abort(403, f"Role {person.role} may look, not export. Ask a publisher for the role reviewer.")
        address = read_address(f"/frames/{slug}", request.query_string.decode("utf-8", "replace"))
        try:
            frame = find_frame(sources, address)
        except FrameError as error:
            abort(404, str(error))
        read = read_filters(write_filters(address.filters), frame)
        if read.problems or address.problems:  # more rows than asked for must not leave
            abort(400, " ".join((*address.problems, *read.problems)))
        n = count_rows(frame, read.filters)
        write_audit(
            sources.store.root,
            person.name,
            "export",
            frame=frame.slug,
            version=frame.version,
            filters=write_filters(read.filters),
            n_rows=n,
            address=request.remote_addr,
        )
        name = re.sub(r"[^a-z0-9-]", "-", frame.slug)[:60]
        chunks = csv_chunks(frame, read.filters, *sort_of(frame, address))
        headers = {"Content-Disposition": f'attachment; filename="{name}-v{frame.version}.csv"', "Cache-Control": "no-store"}
        return Response((chunk.encode("utf-8") for chunk in chunks), mimetype="text/csv", headers=headers)
