"""Evaluation: how good a model is on rows it never saw, beside simple rules, and whether it may be used.

The gate's answer moves the champion pointer here, and only for the newest cutoff. Add a figure to `clv_platform.metrics`, not here.
"""

from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from assets.company import Company
from assets.models import is_backtest
from assets.partitions import build_cutoffs
from assets.promotion import Rival, apply_decision, find_rival, judge
from assets.reviewed import columns_to_slice, name_reviewed
from assets.targets import OWNERS, TargetRoom, floats, markdown_table, picture
from assets.weak_slices import search_groups
from clv_platform.config import Target

if TYPE_CHECKING:
    import pandas as pd

    from clv_platform.datasets import Examples, TimeSplit
    from clv_platform.evaluation import Cast, Choice


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
        folder, rival = room.report_folder(cutoff), find_rival(room, cutoff, *room.trained_ids(cutoff))
        examples = room.read_examples()
        choice = evaluate_candidates(room, cutoff, examples, rival, with_comparators=not is_backtest(context))
        found = name_reviewed(room, cutoff, choice.evaluation)
        groups = search_groups(room, cutoff, examples, found)
        gate = judge(room, cutoff, choice, rival, groups.new_groups)
        write_parquet(groups.found.to_frame(), folder / "weak_slices.parquet")
        metrics = write_evaluation(found, read_parquet(folder / "arms.parquet"), folder, gate)
        apply_decision(room, cutoff, found, gate)
        board = markdown_table(found.leaderboard.to_dict("records"))
        pictures = draw(found)
        return MaterializeResult(
            metadata={**floats(metrics), "gate": "\n".join(gate.reasons), "leaderboard": board, **groups.metadata(), **pictures}
        )

    return evaluation


def evaluate_candidates(
    room: TargetRoom, cutoff: str, examples: "Examples", rival: Rival | None = None, *, with_comparators: bool = True
) -> "Choice":
    """Evaluate the models of a cutoff, beside the one in use: on their last test dates, or out of fold when the rows have no dates."""
    split = room.split(examples, cutoff)
    return (
        evaluate_out_of_folds(room, cutoff, examples, rival)
        if split is None
        else evaluate_on_last_dates(room, cutoff, split, rival, with_comparators=with_comparators)
    )


def evaluate_on_last_dates(
    room: TargetRoom, cutoff: str, split: "TimeSplit", rival: Rival | None, *, with_comparators: bool = True
) -> "Choice":
    """Score the rows of the test dates by both stored models, the simple rules and other algorithms."""
    from clv_platform.evaluation import Cast, Field, choose_candidate, evaluate_binary
    from clv_platform.models import load_artifact, score_contenders, score_unseen_accounts

    config, threads, trained, test = room.company.config, room.company.settings.threads, room.read_training(cutoff), split.test
    training = config.training if with_comparators else config.training.model_copy(update={"comparators": ()})
    compared = {"max_rows": trained["tuning"]["budget_max_rows"] or None, "private": config.private}
    scored = score_contenders(split.train, test, room.target, training, seed=training.seed, threads=threads, **compared)
    artifacts = {model_id: load_artifact(room.models_root, model_id) for model_id in room.trained_ids(cutoff)}
    seconds = (trained["fit_seconds"], trained["regression_fit_seconds"])
    champion_score = rival.score(test.X) if rival else None

    def evaluate(cast: Cast):
        return evaluate_binary(
            test.y,
            cast.model.score,
            test.account_id,
            test.as_of_date,
            f1_threshold=artifacts[cast.model.model_id].manifest.metrics["f1_threshold"],
            split=f"time_last_{len(split.test_dates)}",
            slices=_slices(room, test.X),
            champion_score=champion_score,
            account_disjoint_score=score_unseen_accounts(artifacts[cast.model.model_id], split.train, test, threads=threads),
            **_options(room, cast),
        )

    return choose_candidate(Field.of_artifacts(tuple(artifacts.values()), seconds, test.X, scored), evaluate)


def evaluate_out_of_folds(room: TargetRoom, cutoff: str, examples: "Examples", rival: Rival | None) -> "Choice":
    """Repeat the making of both models in folds, so that each row is scored by models that haven't seen it."""
    from clv_platform.evaluation import Cast, Field, choose_candidate, evaluate_out_of_fold
    from clv_platform.models import TUNING_FOLDER, Budget, cross_validate_binary

    config, threads, searched = room.company.config, room.company.settings.threads, room.read_training(cutoff)["tuning"]
    # What is judged is the whole procedure, so each fold searches as long as the model's training did.
    budget = Budget(searched["budget_trials"], searched["budget_cpu_seconds"], searched["budget_max_rows"] or None)
    journals = room.models_root / TUNING_FOLDER
    folds = cross_validate_binary(examples, room.target, config.training, threads, budget=budget, journals=journals, private=config.private)
    champion_score = rival.score_out_of_fold(folds.account_id, folds.y) if rival else None

    def evaluate(cast: Cast):
        return evaluate_out_of_fold(
            folds.y,
            cast.model.score,
            folds.account_id,
            f1_thresholds=cast.model.f1_threshold,
            split=folds.split,
            slices=_slices(room, examples.take(folds.rows).X),
            champion_score=champion_score,
            **_options(room, cast),
        )

    return choose_candidate(Field.of_folds(folds, *room.trained_ids(cutoff)), evaluate)


def _options(room: TargetRoom, cast: "Cast") -> dict:
    """What both ways of evaluating are told about a model and those beside it."""
    training = room.company.config.training
    names = {"model_id": cast.model.model_id, "model_kind": cast.model.kind, "baselines": cast.baselines, "others": cast.others}
    return {
        **names,
        "seed": training.seed,
        "n_bootstraps": training.n_bootstraps,
        "slice_depth": room.company.config.slice_search.max_depth,
    }


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
    return X[columns_to_slice(room, X.columns)].reset_index(drop=True)
