"""Groups of alike accounts: found once, then next month's accounts are put into the same ones.

Here: `scaling` (what is compared), `clustering` (K-means, its number of clusters, the density-based alternative, stability), `naming`,
`keeping` (the folder they are kept in, and when they are found anew), `projection` (a plane to draw them on). Segments describe, they
don't predict. Keep pictures out.
"""

from clv_platform.models.segments.clustering import SegmentFit, SegmentModel, fit_segments, profile_segments
from clv_platform.models.segments.keeping import (
    KeptSegments,
    Refreshed,
    SegmentRequest,
    load_current,
    load_segments,
    refresh_segments,
    save_segments,
)
from clv_platform.models.segments.naming import Trait, build_traits
from clv_platform.models.segments.projection import Projection, project_accounts

__all__ = [
    "KeptSegments",
    "Projection",
    "Refreshed",
    "SegmentFit",
    "SegmentModel",
    "SegmentRequest",
    "Trait",
    "build_traits",
    "fit_segments",
    "load_current",
    "load_segments",
    "profile_segments",
    "project_accounts",
    "refresh_segments",
    "save_segments",
]
