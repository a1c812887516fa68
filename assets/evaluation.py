"""Evaluation: how good a model is on rows it never saw, beside simple rules, and whether it may be used.

The gate's answer moves the champion pointer here, and only for the newest cutoff. Add a figure to `clv_platform.metrics`, not here.
"""

from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from assets.company import Company
from assets.partitions import build_cutoffs
from assets.promotion import Rival, apply_decision, find_rival, judge
from assets.targets import OWNERS, TargetRoom, floats, markdown_table, picture
from clv_platform.config import Target

if TYPE_CHECKING:
    import pandas as pd


def build_evaluation_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `evaluation/<target>_evaluation`."""
    room = TargetRoom(company, target)

    @asset(
        key=room.key("evaluation", "evaluation"),
        deps=[room.key("models", "model")],
        group_name="evaluation",
        owners=OWNERS,
        kinds={"python"},
        partitions_def=build_cutoffs(company),
        description=f"How good the model of target `{target.name}` is on rows it never saw. `pr_auc` over the partitions is the backtest.",
    )
    def evaluation(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.evaluation import write_evaluation
        from clv_platform.warehouse import read_parquet

        cutoff = context.partition_key
        folder, rival = room.report_folder(cutoff), find_rival(room, cutoff, room.read_training(cutoff)["model_id"])
        found = evaluate_candidate(room, cutoff, rival)
        gate = judge(room, cutoff, found, rival)
        metrics = write_evaluation(found, read_parquet(folder / "arms.parquet"), folder, gate)
        apply_decision(room, cutoff, found, gate)
        board = markdown_table(found.leaderboard.to_dict("records"))
        pictures = draw(found)
        return MaterializeResult(metadata={**floats(metrics), "gate": "\n".join(gate.reasons), "leaderboard": board, **pictures})

    return evaluation


def evaluate_candidate(room: TargetRoom, cutoff: str, rival: Rival | None = None):
    """Evaluate the model of a cutoff, beside the one in use: on its last test dates, or out of fold when the rows have no dates."""
    from clv_platform.evaluation import evaluate_binary, evaluate_out_of_fold
    from clv_platform.models import baseline_scores, cross_validate_binary

    config, artifact = room.company.config, room.load_candidate(cutoff)
    examples = room.read_examples()
    split = room.split(examples, cutoff)
    options = {"model_id": artifact.manifest.model_id, "seed": config.training.seed, "n_bootstraps": config.training.n_bootstraps}
    if split is None:
        import numpy as np

        folds = cross_validate_binary(examples, room.target, config.training, room.company.settings.threads)
        names = folds.results[0].baselines
        return evaluate_out_of_fold(
            folds.y,
            np.stack([result.score for result in folds.results]),
            folds.account_id,
            baselines={name: np.stack([result.baselines[name] for result in folds.results]) for name in names},
            f1_thresholds=np.stack([result.f1_threshold for result in folds.results]),
            split=folds.split,
            slices=_slices(room, examples.take(folds.rows).X),
            champion_score=rival.score_out_of_fold(folds.account_id, folds.y) if rival else None,
            **options,
        )
    test = split.test
    return evaluate_binary(
        test.y,
        artifact.score(test.X),
        test.account_id,
        test.as_of_date,
        baselines=baseline_scores(split.train, test, seed=config.training.seed),
        f1_threshold=artifact.manifest.metrics["f1_threshold"],
        split=f"time_last_{len(split.test_dates)}",
        slices=_slices(room, test.X),
        champion_score=rival.score(test.X) if rival else None,
        **options,
    )


def draw(found) -> dict:
    """The curves of the report as pictures for the UI."""
    from clv_platform.reports import figures

    base_rate = float(found.metrics["pr_auc_baseline"])
    return {
        "pr_curve": picture(figures.pr_curve(found.pr_curve, base_rate, picture_format="png"), "precision over recall"),
        "gains_curve": picture(figures.gains_curve(found.gains, picture_format="png"), "gains"),
        "lift": picture(figures.lift_bars(found.lift, picture_format="png"), "lift by tenth"),
        "reliability": picture(figures.reliability_picture(found.reliability, picture_format="png"), "reliability"),
    }


def _slices(room: TargetRoom, X: "pd.DataFrame") -> "pd.DataFrame":
    return X[[name for name in room.company.config.slices if name in X.columns]].reset_index(drop=True)
