"""Groups of alike accounts: found once, then next month's accounts are put into the same ones.

Here: `scaling` (what is compared), `clustering` (K-means, its number of clusters, the density-based alternative, stability), `naming`.
Segments describe, they don't predict. Keep pictures out.
"""

from clv_platform.models.segments.clustering import SegmentFit, SegmentModel, fit_segments

__all__ = ["SegmentFit", "SegmentModel", "fit_segments"]
