"""Models: one per target and cutoff, trained on what was known then.

Add a kind of target here when `clv_platform.models` can train it. Keep figures about how good it is out (see `evaluation`).
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from assets.company import Company
from assets.jobs import BACKTEST_JOB
from assets.partitions import build_cutoffs, parse_cutoff
from assets.targets import OWNERS, TargetRoom, floats, markdown_table, picture, write_json
from clv_platform.config import Target, Tuning, config_hash

if TYPE_CHECKING:
    from clv_platform.datasets import TimeSplit
    from clv_platform.models import Budget

RETRAIN_JOB, RETRAIN_TAG = "retrain_models_job", "clv/retrain"


def build_model_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `models/<target>_model`."""
    room = TargetRoom(company, target)

    @asset(
        key=room.key("models", "model"),
        deps=[room.examples_key],
        group_name="models",
        owners=OWNERS,
        kinds={"python", "lightgbm"},
        partitions_def=build_cutoffs(company),
        description=f"The models of target `{target.name}` as of one cutoff: boosted trees, and a logistic regression, used where they "
        "aren't clearly better. Read `arms`: what resampling the rare class would have done.",
    )
    def model(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.models import TUNING_FOLDER, save_artifact, train_binary_model
        from clv_platform.raw import read_raw_load

        config, cutoff = company.config, context.partition_key
        examples = room.read_examples()
        split = room.split(examples, cutoff)
        trained = train_binary_model(
            split.train if split else examples,
            target,
            config.training,
            cutoff=parse_cutoff(cutoff),
            config_hash=config_hash(config),
            data_hash=sign_data(read_raw_load(company.paths).data_hash, split),
            threads=company.settings.threads,
            budget=choose_budget(context, config.training.tuning),
            journals=room.models_root / TUNING_FOLDER,
        )
        for artifact in (trained.artifact, trained.regression):
            save_artifact(artifact, room.models_root)
        write_training(trained, split, room.report_folder(cutoff))
        manifest = trained.artifact.manifest
        facts = {
            "model_id": manifest.model_id,
            "regression_id": trained.regression.manifest.model_id,
            "arm": manifest.arm,
            "n_rows": manifest.n_rows,
            "n_positive": manifest.n_positive,
            **corrected_labels(split),
        }
        return MaterializeResult(metadata={**facts, **floats(manifest.metrics), **floats(manifest.tuning), **show_training(trained)})

    return model


def write_training(trained, split, folder: Path) -> None:
    """Write what later stages and reports need to know about a training."""
    from clv_platform.warehouse import write_parquet

    write_parquet(trained.tuning, folder / "tuning.parquet")
    write_parquet(trained.arms, folder / "arms.parquet")
    if split is not None and split.corrections is not None:
        write_parquet(split.corrections.to_frame(), folder / "label_corrections.parquet")
    write_json(folder / "training.json", describe_training(trained, split))


def sign_data(data_hash: str, split: "TimeSplit | None") -> str:
    """The hash of the data, and of labels that reviewers corrected in the training rows."""
    return data_hash if split is None or split.corrections is None else split.corrections.sign(data_hash)


def corrected_labels(split: "TimeSplit | None") -> dict:
    """Counts of labels that reviewers proposed, by what became of them, for the UI; nothing where nobody did."""
    counts = split.corrections.to_json() if split is not None and split.corrections is not None else {"n": 0}
    return {f"labels_{name}": value for name, value in counts.items()} if counts["n"] else {}


def show_training(trained) -> dict:
    """Arms and the search for parameters, as the UI shows them."""
    from clv_platform.reports.tuning_figures import tuning_history

    tables = {"arms": markdown_table(trained.arms.to_dict("records")), "tuning": markdown_table(trained.tuning.to_dict("records"))}
    if len(trained.tuning) > 1:
        tables["tuning_history"] = picture(tuning_history(trained.tuning, picture_format="png"), "PR-AUC by trial")
    return tables


def is_retraining(context: AssetExecutionContext) -> bool:
    """Whether the search for parameters may take its full budget: in `retrain_models_job`, and in `clv run --retrain` by its tag."""
    return context.run.job_name == RETRAIN_JOB or context.run.tags.get(RETRAIN_TAG) == "true"


def choose_budget(context: AssetExecutionContext, tuning: Tuning) -> "Budget":
    """How long to search for parameters: the full budget, the everyday one, or not at all where many months are made in a row."""
    from clv_platform.models import Budget

    everyday = Budget.of(tuning, is_full=is_retraining(context))
    return replace(everyday, trials=0) if is_backtest(context) else everyday


def is_backtest(context: AssetExecutionContext) -> bool:
    """Whether many months are made in a row: then without a search for parameters and without comparators, which take most of the time."""
    return context.run.job_name == BACKTEST_JOB


def describe_training(trained, split) -> dict:
    """What later stages need to know about a training: the ids of both models and which rows were used."""
    manifest = trained.artifact.manifest
    facts = {
        "model_id": manifest.model_id,
        "regression_id": trained.regression.manifest.model_id,
        "n_train": manifest.n_rows,
        "n_train_positive": manifest.n_positive,
        "best_iteration": trained.best_iteration,
        "tuning": manifest.tuning,
        "fit_seconds": trained.fit_seconds,
        "regression_fit_seconds": trained.regression_fit_seconds,
    }
    if split is None:
        return {**facts, "is_undated": True}
    dates = {
        "train_dates": split.train_dates,
        "test_dates": split.test_dates,
        "scoring_date": split.scoring_date,
        "train_until": split.train_until,
    }
    if split.corrections is not None:
        facts["corrections"] = split.corrections.to_json()
    return {**facts, "is_undated": False, **{name: [str(d) for d in v] if isinstance(v, tuple) else str(v) for name, v in dates.items()}}
