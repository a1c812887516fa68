"""Looking back: how the lists did that were given out, and how good the models of earlier months were.

Two assets per target in group `reports`, read by the target's report. They train nothing: a backfill over the cutoffs (`backtest_job`) or
`clv backtest` makes the months that they gather. Keep figures out (`clv_platform.evaluation`) and pages (`clv_platform.reports`).
"""

from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue, asset

from assets.company import Company
from assets.partitions import UNDATED, build_cutoffs, parse_cutoff
from assets.reports import write_page
from assets.targets import OWNERS, TargetRoom, floats, markdown_table, picture
from clv_platform.config import Target

if TYPE_CHECKING:
    import pandas as pd

_LISTED = ("as_of_date", "list", "n_known", "n_events", "hit_rate", "base_rate", "lift", "lift_lo", "lift_hi", "contacted_n")
_PLOTTED = ("hit_rate", "base_rate", "lift", "lift_lo", "lift_hi")
_MONTHS = (
    "cutoff",
    "verdict",
    "in_use",
    "base_rate",
    "pr_auc",
    "pr_auc_lo",
    "pr_auc_hi",
    "lift_at_20",
    "calibration_error",
    "events",
    "value",
)


def build_outcomes_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `reports/<target>_outcomes`."""
    room = TargetRoom(company, target)

    @asset(
        key=room.key("reports", "outcomes"),
        deps=[["reporting", "rpt_list_outcomes"]],
        group_name="reports",
        owners=OWNERS,
        kinds={"python", "parquet"},
        partitions_def=build_cutoffs(company),
        description=f"How the lists of target `{target.name}` did that were really given out: `hit_rate` and `lift` of the newest one "
        "that can be judged as of the cutoff. Whom a campaign touched meanwhile is marked.",
    )
    def outcomes(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.evaluation.list_outcomes import evaluate_lists
        from clv_platform.warehouse import write_parquet

        cutoff = context.partition_key
        size, seed = company.config.call_list_size, company.config.training.seed
        found = evaluate_lists(read_outcomes(room), call_list_size=size, known_until=parse_cutoff(cutoff), seed=seed)
        write_parquet(found, room.report_folder(cutoff) / "list_outcomes.parquet")
        known = found[found["is_known"].astype(bool)].sort_values(["as_of_date", "n_listed"]) if len(found) else found
        newest = floats({name: float(known.iloc[-1][name]) for name in _PLOTTED}) if len(known) else {}
        table = markdown_table(known[list(_LISTED)].to_dict("records"))
        return MaterializeResult(metadata={"n_lists_judged": len(known) // 2, **newest, "lists": table})

    return outcomes


def read_outcomes(room: TargetRoom) -> "pd.DataFrame":
    """Every score of the target beside what happened; no row before the first reporting step."""
    import pandas as pd

    from clv_platform.warehouse import read_parquet

    path = room.company.paths.root / "reporting" / "rpt_list_outcomes.parquet"
    if not path.is_file():
        return pd.DataFrame()
    found = read_parquet(path)
    return found[found["target"] == room.target.name]


def build_backtest_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `reports/<target>_backtest`."""
    room = TargetRoom(company, target)

    @asset(
        key=room.key("reports", "backtest"),
        deps=[room.key("evaluation", "evaluation"), room.key("scores", "scores")],
        group_name="reports",
        owners=OWNERS,
        kinds={"python", "html"},
        partitions_def=build_cutoffs(company),
        description=f"The models of target `{target.name}` of all cutoffs up to this one, side by side: how good each was, what its "
        f"list would have "
        "earned, what the gate decided. The page is `backtest.html` in the report folder.",
    )
    def backtest(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.reports.sections.backtest import render_backtest
        from clv_platform.warehouse import write_parquet

        folder = room.report_folder(context.partition_key)
        months, decisions = gather_backtest(room, context.partition_key), gather_decisions(room, context.partition_key)
        write_parquet(months, folder / "backtest.parquet")
        write_parquet(decisions, folder / "decisions.parquet")
        if company.is_undated:
            (folder / "backtest.html").unlink(missing_ok=True)  # of an older version, which made one
            return MaterializeResult(metadata={"n_months": 0, "why": "The data carry no dates, so there are no months and no page."})
        path = write_page(folder / "backtest.html", render_backtest(company.config, target, months, decisions))
        told = {"n_months": len(months), "months": markdown_table(months[list(_MONTHS)].to_dict("records"))}
        decided = markdown_table(decisions.drop(columns=["kind", "is_promoted"]).to_dict("records"))
        return MaterializeResult(metadata={**told, "decisions": decided, "page": MetadataValue.path(path), **_picture(months)})

    return backtest


def gather_backtest(room: TargetRoom, cutoff: str) -> "pd.DataFrame":
    """What the runs of all cutoffs up to this one left; no row for undated data, which have one cutoff."""
    import pandas as pd

    from clv_platform.evaluation.backtest import COLUMNS, Folders, collect_backtest

    if cutoff == UNDATED:
        return pd.DataFrame(columns=list(COLUMNS))
    folders, seed = Folders(room.company.paths.reports, room.history), room.company.config.training.seed
    return collect_backtest(folders, room.target, room.read_examples(), cutoff, seed=seed)


def gather_decisions(room: TargetRoom, cutoff: str) -> "pd.DataFrame":
    """The log of decisions about the cutoffs up to this one as a table, oldest first; of decisions about one model and cutoff the last."""
    from dataclasses import asdict

    import pandas as pd

    from clv_platform.models import LoggedDecision, read_decisions

    names = [*LoggedDecision.__dataclass_fields__, "in_use"]
    known = [found for found in read_decisions(room.models_root) if found.cutoff <= cutoff]
    frame = pd.DataFrame([{**asdict(found), "reasons": list(found.reasons), "in_use": found.in_use} for found in known], columns=names)
    repeated = frame.duplicated(["kind", "cutoff", "model_id", "is_applied"], keep="last") & (frame["kind"] == "gate")
    return frame[~repeated].reset_index(drop=True)


def _picture(months: "pd.DataFrame") -> dict:
    from clv_platform.reports.backtest_figures import Line, over_months

    if len(months) < 2:
        return {}
    png = over_months(months, [Line("pr_auc", "PR-AUC"), Line("base_rate", "random list")], "PR-AUC", picture_format="png")
    return {"pr_auc_by_month": picture(png, "PR-AUC by month")}
