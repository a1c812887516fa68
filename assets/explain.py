"""Explanations: which features moved the scores, over all and per account.

Keep words for reasons out: they are `clv_platform.explain`.
"""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from assets.company import Company
from assets.partitions import build_cutoffs
from assets.targets import OWNERS, TargetRoom, markdown_table, picture
from clv_platform.config import Target


def build_explanations_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `explain/<target>_explanations`."""
    room = TargetRoom(company, target)

    @asset(
        key=room.key("explain", "explanations"),
        deps=[room.key("evaluation", "evaluation")],
        group_name="explain",
        owners=OWNERS,
        kinds={"python", "shap"},
        partitions_def=build_cutoffs(company),
        description=f"What moves the scores of target `{target.name}`: mean absolute SHAP value per feature, and per test row.",
    )
    def explanations(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.explain import explain_examples
        from clv_platform.reports import figures
        from clv_platform.warehouse import write_parquet

        cutoff = context.partition_key
        examples = room.read_examples()
        split = room.split(examples, cutoff)
        rows, threads = split.test if split else examples, company.settings.threads
        explained = explain_examples(room.load_candidate(cutoff), rows, private=company.config.private, threads=threads)
        write_parquet(explained.importance, room.report_folder(cutoff) / "importance.parquet")
        write_parquet(explained.attributions, room.report_folder(cutoff) / "attributions.parquet")
        top = explained.importance.head(20).to_dict("records")
        image = picture(figures.importance_bars(explained.importance, picture_format="png"), "importance")
        return MaterializeResult(
            metadata={"importance": image, "features": markdown_table(top), "dagster/row_count": len(explained.attributions)}
        )

    return explanations
