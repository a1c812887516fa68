"""The review room in the graph: what a run publishes for reviewers, and what they said.

Here: the frames of the trained targets. Keep what a frame is out (`clv_platform.review.frames`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, MetadataValue, asset

from assets.company import Company
from assets.partitions import build_cutoffs, is_newest_cutoff
from assets.raw import column_schema
from assets.reviewed import read_said
from assets.targets import OWNERS, TargetRoom, markdown_table
from assets.warehouse import WAREHOUSE_POOL
from clv_platform.contracts.review_feedback import REVIEW_FEEDBACK

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
        kinds={"python", "duckdb"},
        pool=WAREHOUSE_POOL,
        description="What reviewers said, in its newest edition: grain is one piece of feedback. Taken from the review store once per run, "
        "so that all later stages see the same; empty when nobody has said anything.",
        metadata={"dagster/column_schema": column_schema(REVIEW_FEEDBACK.columns), "dagster/table_name": "raw.review_feedback"},
    )
    def review_feedback() -> MaterializeResult:
        from clv_platform.raw import load_review_feedback
        from clv_platform.review.feedback.exporting import export_feedback
        from clv_platform.review.frames.store import company_store

        path = company.paths.review_feedback
        export_feedback(company_store(company.settings, company.paths), path)
        n_rows = load_review_feedback(path, company.paths, company.settings)
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
        done = [one for room in rooms if _is_judged(room, cutoff) for one in _publish(room, cutoff, features)]
        table = [{"frame": info.slug, "version": info.version, "rows": info.n_rows, "new": is_new} for info, is_new in done]
        return MaterializeResult(metadata={"published": True, "frames": markdown_table(table)})

    return frames


def _is_judged(room: TargetRoom, cutoff: str) -> bool:
    """Whether a model was evaluated: a run may be of chosen targets, and too little history ends in a verdict alone."""
    return (room.report_folder(cutoff) / "metrics.json").is_file() and bool(room.read_training(cutoff)["model_id"])


def _publish(room: TargetRoom, cutoff: str, features: "Sequence[Feature]") -> "list[tuple[FrameInfo, bool]]":
    """Publish one target's test rows, and measure what reviewers called wrong on them."""
    import pandas as pd

    from clv_platform.review.feedback.said import list_said
    from clv_platform.review.feedback.slices import judge_reviewed_slices
    from clv_platform.review.frames.runs import publish_run_frame, publish_tier_frame
    from clv_platform.review.frames.store import company_store
    from clv_platform.warehouse import write_parquet

    company, folder, said = room.company, room.report_folder(cutoff), read_said(room)
    store, tiers = company_store(company.settings, company.paths), company.config.value_tiers
    told = {
        "labels": {feature.name: feature.label for feature in features},
        "descriptions": {feature.name: feature.meaning for feature in features},
        "private": company.config.private,
    }
    done = [publish_run_frame(store, folder, room.target.name, kind=room.target.kind, **told)]
    if room.target.kind == "value":
        done.append(publish_tier_frame(store, folder, room.target.name, tiers, **told))
    judged = [judge_reviewed_slices(info, said, store=store) for info, _ in done]
    write_parquet(pd.concat(judged, ignore_index=True), folder / "reviewed_slices.parquet")
    write_parquet(list_said(said, room.target.name, [info.slug for info, _ in done]), folder / "reviewers.parquet")
    return done
