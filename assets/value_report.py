"""The report of a value target: the list, how good it is, what is at risk, the months ahead; one page.

Keep rendering out (see `clv_platform.reports.value_report`).
"""

from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, MetadataValue, asset

from assets.backtest import gather_decisions
from assets.company import SEGMENT_KEYS, Company
from assets.partitions import build_cutoffs
from assets.reports import write_page
from assets.review import FRAMES_KEY
from assets.targets import OWNERS, TargetRoom, floats
from assets.value_room import ValueRoom, as_date
from clv_platform.config import Target

if TYPE_CHECKING:
    import pandas as pd

    from clv_platform.reports.value_inputs import ValueReportInputs


def build_value_report_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `reports/<target>_report` of a value target."""
    room = ValueRoom(company, target)
    own = [room.key("scores", "scores"), *([AssetKey(SEGMENT_KEYS[-1])] if company.has_segments else [])]
    leavers = [TargetRoom(company, other).key("scores", "scores") for other in company.trained_targets if other.kind == "churn"]

    @asset(
        key=room.key("reports", "report"),
        deps=[
            room.key("explain", "explanations"),
            room.key("reports", "outcomes"),
            room.key("reports", "backtest"),
            *own,
            ["marts", "fct_account_days"],
            ["marts", "fct_target_events"],
            ["reporting", "rpt_revenue_forecast"],
            FRAMES_KEY,
            *leavers,
        ],
        group_name="reports",
        owners=OWNERS,
        kinds={"python", "html"},
        partitions_def=build_cutoffs(company),
        description=f"The report of target `{target.name}`: what accounts will bring, how sure that is, and what is at risk; one page.",
    )
    def report(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.reports.value_report import render_value_report
        from clv_platform.warehouse import write_parquet

        cutoff, folder = context.partition_key, room.report_folder(context.partition_key)
        inputs = gather_value_inputs(room, cutoff)
        write_parquet(inputs.table("decisions"), folder / "decisions.parquet")
        path = write_page(folder / "report.html", render_value_report(inputs))
        facts = {"page": MetadataValue.path(path), "n_bytes": path.stat().st_size}
        return MaterializeResult(metadata={**facts, **floats(dict(inputs.metrics))})

    return report


def gather_value_inputs(room: ValueRoom, cutoff: str) -> "ValueReportInputs":
    """Read back what the stages of a value target wrote as of a cutoff."""
    from clv_platform.raw import read_raw_load
    from clv_platform.reports.value_inputs import gather_value
    from clv_platform.warehouse import read_parquet

    forecast = room.company.paths.root / "reporting" / "rpt_revenue_forecast.parquet"
    return gather_value(
        room.company.config,
        room.target,
        room.report_folder(cutoff),
        room.company.paths.marts,
        cutoff=as_date(cutoff),
        scores=room.read_list(cutoff) if room.has_model(cutoff) else None,
        leaving=read_leaving(room.company, cutoff),
        forecast=read_parquet(forecast) if forecast.is_file() else None,
        raw_load=read_raw_load(room.company.paths),
        extras={"decisions": gather_decisions(room, cutoff)},
    )


def read_leaving(company: Company, cutoff: str) -> "pd.DataFrame | None":
    """The newest chances to leave of the first churn target that has a model in use, of the accounts that haven't left since."""
    from clv_platform.scores.happened import still_open

    for target in company.trained_targets:
        room = TargetRoom(company, target)
        if target.kind == "churn" and (room.report_folder(cutoff) / "gate.json").is_file():
            scores = room.read_list(cutoff)
            if scores is not None and len(scores):
                return still_open(scores)
    return None
