"""What accounts are worth: model, explanations and scores of a value target; evaluation and report are in files of their own.

Here: assets of targets of kind value, in the place of those of yes-or-no targets, under the same keys. Keep rules out: they are the
library's.
"""

from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, asset

from assets.company import Company
from assets.jobs import LATER
from assets.models import is_backtest
from assets.partitions import build_cutoffs, is_newest_cutoff
from assets.targets import OWNERS, floats, markdown_table, picture, write_json
from assets.value_room import ValueRoom, as_date, as_texts
from clv_platform.config import CompanyConfig, Target, config_hash

if TYPE_CHECKING:
    import pandas as pd

    from clv_platform.datasets import PurchaseMonths, ValueSplit
    from clv_platform.explain import Explanation
    from clv_platform.models.value import TrainedValueModel

_SHOWN = ("account_id", "score", "score_lo", "score_hi", "expected_purchases", "p_alive", "value_tier", "reasons")


def build_value_model_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `models/<target>_model` of a value target."""
    room = ValueRoom(company, target)

    @asset(
        key=room.key("models", "model"),
        deps=[*room.marts, room.days_key],
        group_name="models",
        owners=OWNERS,
        kinds={"python", "lightgbm"},
        partitions_def=build_cutoffs(company),
        description=f"The model of target `{target.name}` as of one cutoff: what an account will spend, how often it will buy. Read "
        "`leaderboard`: every kind of model, compared on dates that none had seen; the champion is chosen by the config's rule.",
    )
    def model(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.datasets import NotEnoughHistory
        from clv_platform.models import save_artifact
        from clv_platform.models.value import train_value_model
        from clv_platform.raw import read_raw_load

        cutoff, as_of, config = context.partition_key, as_date(context.partition_key), choose_contenders(context, company.config)
        try:
            split = room.read_value_split(cutoff)
        except NotEnoughHistory as error:
            return room.give_up(cutoff, str(error))
        hashes = {"config_hash": config_hash(company.config), "data_hash": read_raw_load(company.paths).data_hash}
        trained = train_value_model(
            split, config, target, cutoff=as_of, threads=company.settings.threads, months=read_months(room, config), **hashes
        )
        save_artifact(trained.artifact, room.models_root)
        write_value_training(room, cutoff, trained, split)
        board = markdown_table(trained.leaderboard.to_dict("records"))
        facts = {"model_id": trained.artifact.manifest.model_id, "why": "\n".join(trained.reasons)}
        return MaterializeResult(
            metadata={**facts, "leaderboard": board, "intervals": markdown_table(trained.intervals.to_dict("records"))}
        )

    return model


def choose_contenders(context: AssetExecutionContext, config: CompanyConfig) -> CompanyConfig:
    """The config to train by: a backtest leaves the comparators out, which can't become champion and take most of the time."""
    if not is_backtest(context):
        return config
    return config.model_copy(update={"training": config.training.model_copy(update={"comparators": ()})})


def read_months(room: ValueRoom, config: CompanyConfig) -> "PurchaseMonths | None":
    """What accounts bought by month, where a network that reads it is asked for and can be fitted."""
    from importlib.util import find_spec

    from clv_platform.models.value import RECURRENT

    is_wanted = RECURRENT in config.training.comparators and find_spec("torch") is not None
    return room.read_purchase_months() if is_wanted else None


def write_value_training(room: ValueRoom, cutoff: str, trained: "TrainedValueModel", split: "ValueSplit") -> None:
    """Write what later stages and the report need to know about a training."""
    from clv_platform.evaluation.revenue_forecast import measure_revenue_forecast
    from clv_platform.warehouse import write_parquet

    folder = room.report_folder(cutoff)
    tables = {"backtest_leaderboard": trained.leaderboard, "interval_methods": trained.intervals, "contenders": trained.contenders}
    tables["forecast_months"] = measure_revenue_forecast(trained.totals, split.examples, room.read_worth_of_days())
    for name, table in tables.items():
        write_parquet(table, folder / f"{name}.parquet")
    facts = {
        "model_id": trained.artifact.manifest.model_id,
        "reasons": list(trained.reasons),
        "is_undated": False,
        "split_kind": split.kind,
    }
    dates = {
        "train_dates": [pair.as_of for pair in split.learning],
        "test_dates": [split.test_date],
        "scoring_date": split.scoring_date,
        "train_until": max(pair.until for pair in split.learning),
        "origins": [backtest.name for backtest in split.backtests],
    }
    learning = [{"as_of": str(pair.as_of), "window_days": pair.window_days} for pair in split.learning]
    counts = {
        "n_train": sum(len(split.rows((pair,))) for pair in split.learning),
        "n_test": len(split.test),
        "n_scored": len(split.scoring),
    }
    write_json(folder / "training.json", {**facts, **as_texts(dates), "learning": learning, **counts})


def build_value_explanations_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `explain/<target>_explanations` of a value target."""
    room = ValueRoom(company, target)

    @asset(
        key=room.key("explain", "explanations"),
        deps=[room.key("evaluation", "evaluation")],
        group_name="explain",
        owners=OWNERS,
        kinds={"python", "shap"},
        partitions_def=build_cutoffs(company),
        op_tags=LATER,
        description=f"What moves the expected amounts of target `{target.name}`: SHAP values per feature, group and test row, as factors.",
    )
    def explanations(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.explain.value_view import explain_value
        from clv_platform.warehouse import write_parquet

        cutoff, config, folder = context.partition_key, company.config, room.report_folder(context.partition_key)
        if not room.has_model(cutoff):
            return room.without_model()
        artifact = room.load_value_model(room.read_training(cutoff)["model_id"])
        explained = explain_value(
            artifact, room.read_value_split(cutoff).test, slices=config.slices, private=config.private, seed=config.training.seed
        )
        tables = {name: getattr(explained, name) for name in ("importance", "attributions", "dependence")}
        for name, table in {**tables, "importance_by_slice": explained.by_slice}.items():
            write_parquet(table, folder / f"{name}.parquet")
        top = markdown_table(explained.importance.head(20).to_dict("records"))
        return MaterializeResult(metadata={"explained_rows": explained.n_rows, "features": top, **_draw(explained)})

    return explanations


def _draw(explained: "Explanation") -> dict:
    from clv_platform.reports import figures

    shown = explained.importance[explained.importance["share"] > 0]
    return {"importance": picture(figures.importance_bars(shown, picture_format="png"), "importance")} if len(shown) else {}


def build_value_scores_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `scores/<target>_scores` of a value target."""
    room = ValueRoom(company, target)

    @asset(
        key=room.key("scores", "scores"),
        deps=[room.key("evaluation", "evaluation"), *room.marts],
        group_name="scores",
        owners=OWNERS,
        kinds={"python", "parquet"},
        partitions_def=build_cutoffs(company),
        description=f"Expected amounts of target `{target.name}`: one row per eligible account of the newest date, with interval, chance "
        "to be still a customer, tier and reasons; none without a champion.",
    )
    def scores(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.scores import history_path, write_scores
        from clv_platform.scores.value import VALUE_SCORE_SCHEMA, empty_value_scores

        cutoff = context.partition_key
        model_id = room.scorer_id(cutoff) if room.has_model(cutoff) else None
        if model_id is None:
            write_scores(empty_value_scores("no model in use"), history_path(room.history, cutoff, "none"), VALUE_SCORE_SCHEMA)
            return room.without_model("No model has passed its gate, or there is too little history to score.")
        scored = score_newest(room, cutoff, model_id)
        as_of = str(scored["as_of_date"].iloc[0]) if len(scored) else cutoff
        write_scores(scored, history_path(room.history, as_of, model_id), VALUE_SCORE_SCHEMA)
        totals = {"total_expected": float(scored["score"].sum()), "mean_expected": float(scored["score"].mean())} if len(scored) else {}
        top = markdown_table(scored.head(10)[list(_SHOWN)].to_dict("records"))
        facts = {"dagster/row_count": len(scored), "champion": model_id, "as_of_date": as_of}
        return MaterializeResult(metadata={**facts, **floats(totals), "first_ten": top})

    return scores


def score_newest(room: ValueRoom, cutoff: str, model_id: str) -> "pd.DataFrame":
    """Forecast the accounts of the newest snapshot and tell why."""
    from clv_platform.explain.value_reasons import tell_value_reasons
    from clv_platform.scores.value import score_value

    config, artifact = room.company.config, room.load_value_model(model_id)
    rows = room.read_value_split(cutoff).scoring
    forecast = artifact.predict(rows.X, rows.summary)
    reasons = tell_value_reasons(artifact, rows, forecast, private=config.private, currency=config.currency)
    is_champion = is_newest_cutoff(room.company, cutoff)
    return score_value(artifact, rows, reasons, config.value_tiers, cutoff=cutoff, is_champion=is_champion, forecast=forecast)
