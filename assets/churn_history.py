"""The history of departures: who left, when in their life, after what; one page per churn target.

Keep estimates and rendering out (see `clv_platform.exploration.churn_history` and `clv_platform.reports`).
"""

from typing import TYPE_CHECKING, Any

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, MetadataValue, asset

from assets.company import Company
from assets.jobs import LATER
from assets.partitions import build_cutoffs, parse_cutoff
from assets.reports import write_page
from assets.targets import OWNERS, TargetRoom, floats, markdown_table, picture
from clv_platform.config import Target

if TYPE_CHECKING:
    from clv_platform.exploration.churn_history import ChurnHistory

LIFETIMES = AssetKey(["marts", "fct_account_lifetimes"])


def build_history_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `reports/<target>_history_report`."""
    room = TargetRoom(company, target)

    @asset(
        key=room.key("reports", "history_report"),
        deps=[room.examples_key, LIFETIMES],
        group_name="reports",
        owners=OWNERS,
        kinds={"python", "html"},
        partitions_def=build_cutoffs(company),
        op_tags=LATER,
        description=f"Departures of target `{target.name}` up to the cutoff: share still here by time of life and by group, signals before "
        "leaving, hazard ratios. `tests`: which groups differ beyond chance.",
    )
    def history_report(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.exploration.churn_history import build_churn_history
        from clv_platform.reports.bridge import count_accounts
        from clv_platform.reports.churn_history_report import render_churn_history
        from clv_platform.warehouse import read_parquet, write_parquet

        cutoff, marts = parse_cutoff(context.partition_key), company.paths.marts
        examples, lifetimes = (read_parquet(marts / f"{key.path[-1]}.parquet") for key in (room.examples_key, LIFETIMES))
        history = build_churn_history(company.config, target, examples, lifetimes, cutoff)
        folder = room.report_folder(context.partition_key)
        for name, table in history.tables().items():
            write_parquet(table, folder / f"{name}.parquet")
        page = render_churn_history(company.config, target, history, cutoff, count_accounts(marts, cutoff))
        path = write_page(folder / "history.html", page)
        tests = markdown_table(history.tests.to_dict("records"))
        return MaterializeResult(
            metadata={"page": MetadataValue.path(path), **floats(history.facts), "tests": tests, **draw_still_here(history)}
        )

    return history_report


def draw_still_here(history: "ChurnHistory") -> dict[str, Any]:
    """The share still here, of all accounts together, for the UI; nothing where there were too few."""
    from clv_platform.reports.survival_figures import survival_curves

    everyone = history.curves[history.curves["grouping"] == ""]
    return {"still_here": picture(survival_curves(everyone, picture_format="png"), "share still here")} if len(everyone) else {}
