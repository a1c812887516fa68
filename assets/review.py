"""The review room in the graph: what a run publishes for reviewers, and what they said.

Here: the frames of the trained targets. Keep what a frame is out (`clv_platform.review.frames`).
"""

from typing import Any

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from assets.company import Company
from assets.partitions import build_cutoffs, is_newest_cutoff
from assets.targets import OWNERS, TargetRoom, markdown_table


def build_frames_asset(company: Company) -> AssetsDefinition:
    """Return `review/frames`."""
    rooms = [TargetRoom(company, target) for target in company.trained_targets]

    @asset(
        key=["review", "frames"],
        deps=[room.key("explain", "explanations") for room in rooms],
        group_name="review",
        owners=OWNERS,
        kinds={"parquet"},
        partitions_def=build_cutoffs(company),
        description="The test rows of every target for reviewers, a new version per model. An older cutoff publishes nothing.",
    )
    def frames(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.contracts.features import build_feature_catalogue
        from clv_platform.review.frames.runs import publish_run_frame
        from clv_platform.review.frames.store import company_store

        if not is_newest_cutoff(company, context.partition_key):
            return MaterializeResult(metadata={"published": False})
        features, store = build_feature_catalogue(company.config), company_store(company.settings, company.paths)
        words: dict[str, Any] = {
            "labels": {feature.name: feature.label for feature in features},
            "descriptions": {feature.name: feature.meaning for feature in features},
        }
        words["private"] = company.config.private
        done = [
            publish_run_frame(store, room.report_folder(context.partition_key), room.target.name, kind=room.target.kind, **words)
            for room in rooms
        ]
        table = [{"frame": info.slug, "version": info.version, "rows": info.n_rows, "new": is_new} for info, is_new in done]
        return MaterializeResult(metadata={"published": True, "frames": markdown_table(table)})

    return frames
