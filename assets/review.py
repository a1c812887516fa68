"""The review room in the graph: what a run publishes for reviewers, and what they said.

Here: the frames of the trained targets. Keep what a frame is out (`clv_platform.review.frames`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, MetadataValue, asset

from assets.company import Company
from assets.partitions import build_cutoffs, is_newest_cutoff
from assets.targets import OWNERS, TargetRoom, markdown_table

if TYPE_CHECKING:
    from clv_platform.contracts.feature import Feature
    from clv_platform.review.frames.info import FrameInfo

FEEDBACK_KEY = AssetKey(["raw", "review_feedback"])
FRAMES_KEY = AssetKey(["review", "frames"])


def build_feedback_asset(company: Company) -> AssetsDefinition:
    """Return `raw/review_feedback`."""

    @asset(
        key=FEEDBACK_KEY,
        group_name="raw",
        owners=OWNERS,
        kinds={"parquet"},
        description="What reviewers said, in its newest edition: one row per piece of feedback, in `review_feedback.parquet`.",
    )
    def review_feedback() -> MaterializeResult:
        from clv_platform.review.feedback.store import open_feedback
        from clv_platform.review.frames.store import company_store

        path = company.paths.review_feedback
        n_rows = open_feedback(company_store(company.settings, company.paths)).export(path)
        return MaterializeResult(metadata={"dagster/row_count": n_rows, "file": MetadataValue.path(path)})

    return review_feedback


def build_frames_asset(company: Company) -> AssetsDefinition:
    """Return `review/frames`."""
    rooms = [TargetRoom(company, target) for target in company.trained_targets]

    @asset(
        key=FRAMES_KEY,
        deps=[FEEDBACK_KEY, *(room.key("explain", "explanations") for room in rooms)],
        group_name="review",
        owners=OWNERS,
        kinds={"parquet"},
        partitions_def=build_cutoffs(company),
        description="The test rows of every target for reviewers, a new version per model. An older cutoff publishes nothing.",
    )
    def frames(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.contracts.features import build_feature_catalogue

        cutoff = context.partition_key
        if not is_newest_cutoff(company, cutoff):
            return MaterializeResult(metadata={"published": False})
        features = build_feature_catalogue(company.config)
        done = [_publish(room, cutoff, features) for room in rooms]
        table = [{"frame": info.slug, "version": info.version, "rows": info.n_rows, "new": is_new} for info, is_new in done]
        return MaterializeResult(metadata={"published": True, "frames": markdown_table(table)})

    return frames


def _publish(room: TargetRoom, cutoff: str, features: "Sequence[Feature]") -> "tuple[FrameInfo, bool]":
    """Publish one target's test rows and measure what reviewers called wrong on them."""
    from clv_platform.review.feedback.slices import judge_reviewed_slices
    from clv_platform.review.feedback.store import open_feedback
    from clv_platform.review.frames.runs import publish_run_frame
    from clv_platform.review.frames.store import company_store
    from clv_platform.warehouse import write_parquet

    company, folder = room.company, room.report_folder(cutoff)
    store = company_store(company.settings, company.paths)
    info, is_new = publish_run_frame(
        store,
        folder,
        room.target.name,
        kind=room.target.kind,
        labels={feature.name: feature.label for feature in features},
        descriptions={feature.name: feature.meaning for feature in features},
        private=company.config.private,
    )
    write_parquet(judge_reviewed_slices(info, open_feedback(store).list()), folder / "reviewed_slices.parquet")
    return info, is_new
