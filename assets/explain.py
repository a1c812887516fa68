"""Explanations: which features moved the scores, over all, for groups and for one account.

Keep words for reasons out: they are `clv_platform.explain`.
"""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from assets.company import Company
from assets.jobs import LATER
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
        op_tags=LATER,
        description=f"What moves the scores of target `{target.name}`: SHAP values per feature, group and test row; one row step by step.",
    )
    def explanations(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.explain import explain_examples, work_example
        from clv_platform.warehouse import write_parquet

        cutoff, config, threads = context.partition_key, company.config, company.settings.threads
        examples = room.read_examples()
        split = room.split(examples, cutoff)
        artifact, rows = room.load_judged(cutoff), split.test if split else examples
        explained = explain_examples(
            artifact, rows, slices=config.slices, private=config.private, seed=config.training.seed, threads=threads
        )
        example = work_example(artifact, rows, private=config.private, threads=threads)
        tables = {
            "importance": explained.importance,
            "attributions": explained.attributions,
            "importance_by_slice": explained.by_slice,
            "dependence": explained.dependence,
            "worked_example": example,
        }
        for name, table in tables.items():
            write_parquet(table, room.report_folder(cutoff) / f"{name}.parquet")
        top = markdown_table(explained.importance.head(20).to_dict("records"))
        counts = {"dagster/row_count": len(explained.attributions), "explained_rows": explained.n_rows}
        return MaterializeResult(metadata={**counts, **draw(explained, example, room), "features": top})

    return explanations


def draw(explained, example, room: TargetRoom) -> dict:
    """The pictures of the report for the UI; those without data are left out."""
    from clv_platform.contracts.features import build_feature_catalogue
    from clv_platform.reports import explain_figures, figures

    types = {feature.name: feature.type for feature in build_feature_catalogue(room.company.config)}
    wanted = {
        "importance": (explained.importance, lambda: figures.importance_bars(explained.importance, picture_format="png")),
        "beeswarm": (explained.attributions, lambda: explain_figures.beeswarm(explained.attributions, types, picture_format="png")),
        "worked_example": (example, lambda: explain_figures.waterfall(example, picture_format="png")),
    }
    drawn = {name: picture(make(), name.replace("_", " ")) for name, (frame, make) in wanted.items() if len(frame)}
    for position, points in explained.dependence.groupby("position") if len(explained.dependence) else ():
        title = f"effect of {points['label'].iloc[0]}"
        drawn[f"dependence_{position}"] = picture(explain_figures.dependence_plot(points, picture_format="png"), title)
    return drawn
