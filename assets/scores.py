"""Scores: the champion's chances for every eligible account of the newest snapshot, with reasons; kept for ever.

An older cutoff is scored by its own model. Without a model that passed its gate the scores are empty, but typed.
"""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from assets.company import Company
from assets.partitions import build_cutoffs, is_newest_cutoff
from assets.targets import OWNERS, TargetRoom, as_of_name, markdown_table
from clv_platform.config import Target


def build_scores_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `scores/<target>_scores`."""
    room = TargetRoom(company, target)

    @asset(
        key=room.key("scores", "scores"),
        deps=[room.key("evaluation", "evaluation"), room.examples_key],
        group_name="scores",
        owners=OWNERS,
        kinds={"python", "parquet"},
        partitions_def=build_cutoffs(company),
        description=f"Chances of target `{target.name}`: one row per eligible account of the newest snapshot; none without a champion.",
    )
    def scores(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.explain import tell_reasons
        from clv_platform.scores import empty_scores, history_path, score_examples, write_scores

        cutoff, threads = context.partition_key, company.settings.threads
        artifact = room.load_scorer(cutoff)
        if artifact is None:
            write_scores(empty_scores("no model has passed its gate"), history_path(room.history, cutoff, "none"))
            return MaterializeResult(metadata={"dagster/row_count": 0, "champion": "none: no model has passed its gate"})
        rows = room.scoring_rows(room.read_examples(), cutoff)
        reasons = tell_reasons(artifact, rows, private=company.config.private, threads=threads)
        is_champion = is_newest_cutoff(company, cutoff)
        scored = score_examples(artifact, rows, reasons, cutoff=cutoff, is_champion=is_champion, threads=threads)
        model_id, as_of = artifact.manifest.model_id, as_of_name(None if rows.is_undated else rows.as_of_date.max())
        write_scores(scored, history_path(room.history, as_of, model_id))
        top = markdown_table(
            scored.sort_values("score_rank")
            .head(10)[["account_id", "score", "chance_words", "reasons_up", "reasons_down"]]
            .to_dict("records")
        )
        return MaterializeResult(metadata={"dagster/row_count": len(scored), "champion": model_id, "as_of_date": as_of, "first_ten": top})

    return scores
