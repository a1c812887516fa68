"""What a publisher corrects of a frame from the app: a column's type, whether it is a slice, how it is called; as a new version.

Here: `publish_corrected`. Versions never change, so that a link that was sent shows what it showed. Keep the form out (`pages.columns`).
"""

from __future__ import annotations

from clv_platform.review.access import Person
from clv_platform.review.frames.catalogue import read_rows
from clv_platform.review.frames.info import COLUMN_TYPES, FrameError, FrameInfo
from clv_platform.review.frames.publishing import publish_frame
from clv_platform.review.frames.store import ReviewStore
from clv_platform.review.queries.reasons import STEM
from clv_platform.warehouse import read_parquet

CORRECTABLE = ("feature", "slice")  # the roles of outcome, prediction and account are named when a frame is published
_LONGEST = 200


def publish_corrected(
    store: ReviewStore, frame: FrameInfo, person: Person, column: str, type_: str | None, role: str | None, label: str | None
) -> FrameInfo:
    """Publish the frame again with one column read otherwise; reasons stay with their rows, weak groups are searched anew.

    Parameters
    ----------
    store, frame
        Where the frame lies, and the version that is corrected.
    person : Person
        Needs the role publisher.
    column : str
        The column's name.
    type_, role, label : str or None
        What it is from now on; None or empty: as it was.

    Raises
    ------
    FrameError
        When the person may not publish, nothing would change, or the values can't be read so.
    """
    if not person.may("publish"):
        raise FrameError(f"role {person.role} may not publish. Ask a publisher.")
    found = frame.column(column)
    wanted_type, wanted_role = type_ or found.type, role or found.role
    called = (label or "").strip()[:_LONGEST] or found.label
    if wanted_type not in COLUMN_TYPES:
        raise FrameError(f"type: expected one of {', '.join(COLUMN_TYPES)}, found {wanted_type!r}.")
    if wanted_role != found.role and not {wanted_role, found.role} <= set(CORRECTABLE):
        raise FrameError(f"{column!r} is the frame's {found.role}: publish it again from Python or the shell to say otherwise.")
    if wanted_type != found.type and found.role not in CORRECTABLE:
        raise FrameError(f"{column!r} is the frame's {found.role}: its type follows from that.")
    if (wanted_type, wanted_role, called) == (found.type, found.role, found.label):
        raise FrameError("nothing would change. Choose another type, use or name first.")
    roles = {one.role: one.name for one in frame.shown_columns if one.role not in CORRECTABLE}
    # Said for every column, so that no second guess turns up beside the correction.
    types = {one.name: one.type for one in frame.shown_columns if one.role in CORRECTABLE} | (
        {column: wanted_type} if found.role in CORRECTABLE else {}
    )
    slices = [one.name for one in frame.shown_columns if (wanted_role if one.name == column else one.role) == "slice"]
    labels = {one.name: one.label for one in frame.shown_columns} | {column: called}
    kept = frame.folder / f"{STEM}.parquet"
    return publish_frame(
        store,
        read_rows(frame),
        frame.name,
        roles=roles,
        kind=frame.kind,
        positive=frame.positive,
        threshold=frame.threshold,
        target=frame.target,
        model_id=frame.model_id,
        as_of_date=frame.as_of_date,
        slices=slices,
        types=types,
        labels=labels,
        descriptions={one.name: one.description for one in frame.shown_columns if one.description},
        origin=frame.origin,
        extras={STEM: read_parquet(kept)} if kept.is_file() else None,
    )
