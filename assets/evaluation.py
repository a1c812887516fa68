"""Evaluation: how good a model is on rows it never saw, beside simple rules, and whether it may be used.

The gate's answer moves the champion pointer here, and only for the newest cutoff. Add a figure to `clv_platform.metrics`, not here.
"""

from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from assets.company import Company
from assets.models import is_backtest
from assets.partitions import build_cutoffs
from assets.promotion import Rival, apply_decision, find_rival, judge
from assets.targets import OWNERS, TargetRoom, floats, markdown_table, picture
from assets.weak_slices import search_groups
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
        from clv_platform.warehouse import read_parquet, write_parquet

        cutoff = context.partition_key
        folder, rival = room.report_folder(cutoff), find_rival(room, cutoff, room.read_training(cutoff)["model_id"])
        found = evaluate_candidate(room, cutoff, rival, with_comparators=not is_backtest(context))
        groups = search_groups(room, cutoff, found)
        gate = judge(room, cutoff, found, rival, groups.new_groups)
        write_parquet(groups.found.to_frame(), folder / "weak_slices.parquet")
        metrics = write_evaluation(found, read_parquet(folder / "arms.parquet"), folder, gate)
        apply_decision(room, cutoff, found, gate)
        board = markdown_table(found.leaderboard.to_dict("records"))
        pictures = draw(found)
        return MaterializeResult(
            metadata={**floats(metrics), "gate": "\n".join(gate.reasons), "leaderboard": board, **groups.metadata(), **pictures}
        )

    return evaluation


def evaluate_candidate(room: TargetRoom, cutoff: str, rival: Rival | None = None, *, with_comparators: bool = True):
    """Evaluate the model of a cutoff, beside the one in use: on its last test dates, or out of fold when the rows have no dates."""
    from clv_platform.evaluation import Contenders, evaluate_binary, evaluate_out_of_fold
    from clv_platform.models import TUNING_FOLDER, Budget, cross_validate_binary, score_contenders, score_unseen_accounts

    config, artifact = room.company.config, room.load_candidate(cutoff)
    threads, trained = room.company.settings.threads, room.read_training(cutoff)
    examples = room.read_examples()
    split = room.split(examples, cutoff)
    options = {"model_id": artifact.manifest.model_id, "seed": config.training.seed, "n_bootstraps": config.training.n_bootstraps}
    options |= {"slice_depth": config.slice_search.max_depth}
    if split is None:
        import numpy as np

        searched = trained["tuning"]  # what is judged is the whole procedure, so each fold searches as long as the model's training did
        budget, journals = (
            Budget(searched["budget_trials"], searched["budget_cpu_seconds"], searched["budget_max_rows"] or None),
            room.models_root / TUNING_FOLDER,
        )
        folds = cross_validate_binary(
            examples, room.target, config.training, threads, budget=budget, journals=journals, private=config.private
        )
        first = folds.results[0]
        return evaluate_out_of_fold(
            folds.y,
            np.stack([result.score for result in folds.results]),
            folds.account_id,
            baselines={name: np.stack([result.baselines[name] for result in folds.results]) for name in first.baselines},
            f1_thresholds=np.stack([result.f1_threshold for result in folds.results]),
            split=folds.split,
            slices=_slices(room, examples.take(folds.rows).X),
            champion_score=rival.score_out_of_fold(folds.account_id, folds.y) if rival else None,
            others=Contenders(first.comparators, first.fit_seconds, first.notes),
            **options,
        )
    test = split.test
    training = config.training if with_comparators else config.training.model_copy(update={"comparators": ()})
    compared = {"max_rows": trained["tuning"]["budget_max_rows"] or None, "private": config.private}
    scored = score_contenders(split.train, test, room.target, training, seed=training.seed, threads=threads, **compared)
    return evaluate_binary(
        test.y,
        artifact.score(test.X),
        test.account_id,
        test.as_of_date,
        baselines={contender.name: contender.score for contender in scored if contender.score is not None and contender.kind == "baseline"},
        f1_threshold=artifact.manifest.metrics["f1_threshold"],
        split=f"time_last_{len(split.test_dates)}",
        slices=_slices(room, test.X),
        champion_score=rival.score(test.X) if rival else None,
        account_disjoint_score=score_unseen_accounts(artifact, split.train, test, threads=threads),
        others=Contenders.of(scored, trained["fit_seconds"]),
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
    config = room.company.config
    return X[[name for name in config.slices if name in X.columns and name not in config.private]].reset_index(drop=True)
