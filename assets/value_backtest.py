"""Looking back on amounts: what the lists of earlier months then brought, and how good the models of earlier months were.

Two assets per value target in group `reports`, read by its report, as `backtest` has them for chances. They train nothing. Keep figures
out (`clv_platform.evaluation`) and pages (`clv_platform.reports`).
"""

from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue, asset

from assets.backtest import gather_decisions
from assets.company import Company
from assets.partitions import build_cutoffs
from assets.reports import write_page
from assets.targets import OWNERS, floats, markdown_table, picture
from assets.value_room import ValueRoom, as_date
from clv_platform.config import Target

if TYPE_CHECKING:
    import pandas as pd

_PLOTTED = ("bias", "ngini", "top20_share", "coverage_90")
_LISTED = ("as_of_date", "n_known", "expected", "actual", *_PLOTTED)
_MONTHS = ("cutoff", "verdict", "in_use", "ngini", "ngini_lo", "ngini_hi", "bias", "coverage_90", "list_as_of", "list_bias")


def build_value_outcomes_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `reports/<target>_outcomes` of a value target."""
    room = ValueRoom(company, target)

    @asset(
        key=room.key("reports", "outcomes"),
        deps=[room.key("scores", "scores"), room.examples_key],
        group_name="reports",
        owners=OWNERS,
        kinds={"python", "parquet"},
        partitions_def=build_cutoffs(company),
        description=f"What the lists of target `{target.name}` that were really given out then brought: `bias`, `ngini` and the share held "
        "by the best fifth of the newest one that can be judged as of the cutoff.",
    )
    def outcomes(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.evaluation.value_outcomes import split_tenths
        from clv_platform.warehouse import write_parquet

        joined, folder = join_lists(room), room.report_folder(context.partition_key)
        lists = judge_lists(room, joined, context.partition_key)
        write_parquet(lists, folder / "list_outcomes.parquet")
        write_parquet(split_tenths(joined, lists, company.config.training.seed), folder / "list_tenths.parquet")
        known = lists[lists["is_known"].astype(bool)] if len(lists) else lists
        newest = floats({name: float(known.iloc[-1][name]) for name in _PLOTTED}) if len(known) else {}
        return MaterializeResult(
            metadata={"n_lists_judged": len(known), **newest, "lists": markdown_table(known[list(_LISTED)].to_dict("records"))}
        )

    return outcomes


def build_value_backtest_asset(company: Company, target: Target) -> AssetsDefinition:
    """Return `reports/<target>_backtest` of a value target."""
    room = ValueRoom(company, target)

    @asset(
        key=room.key("reports", "backtest"),
        deps=[room.key("evaluation", "evaluation"), room.key("scores", "scores")],
        group_name="reports",
        owners=OWNERS,
        kinds={"python", "html"},
        partitions_def=build_cutoffs(company),
        description=f"The models of target `{target.name}` of all cutoffs up to this one, side by side: how well each ranked, how far its "
        "total was off, how often its ranges held, and what its list then brought. The page is `backtest.html` in the report folder.",
    )
    def backtest(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.evaluation.value_backtest import collect_value_backtest
        from clv_platform.reports.sections.value_backtest import render_value_backtest
        from clv_platform.warehouse import write_parquet

        cutoff, folder = context.partition_key, room.report_folder(context.partition_key)
        lists = judge_lists(room, join_lists(room), cutoff, only_given_out=False)
        months = collect_value_backtest(company.paths.reports, target.name, lists, cutoff)
        write_parquet(months, folder / "backtest.parquet")
        html = render_value_backtest(company.config, target, months, gather_decisions(room, cutoff))
        told = {"n_months": len(months), "months": markdown_table(months[list(_MONTHS)].to_dict("records"))}
        return MaterializeResult(
            metadata={**told, "page": MetadataValue.path(write_page(folder / "backtest.html", html)), **_picture(months)}
        )

    return backtest


def join_lists(room: ValueRoom) -> "pd.DataFrame":
    """Every list of the target beside what its accounts brought."""
    import pandas as pd

    from clv_platform.contracts.dbt_vars import value_label
    from clv_platform.evaluation.value_outcomes import LIST_COLUMNS, join_outcomes
    from clv_platform.scores.history import read_columns
    from clv_platform.warehouse import read_parquet

    parts = [read_columns(path, LIST_COLUMNS) for path in sorted(room.history.glob("[!.]*.parquet"))]
    parts = [part for part in parts if len(part)]
    scores = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(LIST_COLUMNS))
    label = value_label(room.target, room.target.horizon_days)
    mart = room.company.paths.marts / f"{room.examples_key.path[-1]}.parquet"
    return join_outcomes(scores, read_parquet(mart, ["account_id", "as_of_date", label]), label)


def judge_lists(room: ValueRoom, joined: "pd.DataFrame", cutoff: str, *, only_given_out: bool = True) -> "pd.DataFrame":
    """A row per list: what it promised and what came, as far as it is known at the cutoff."""
    from clv_platform.evaluation.value_outcomes import evaluate_value_lists

    seed, horizon = room.company.config.training.seed, room.target.horizon_days
    return evaluate_value_lists(joined, horizon_days=horizon, known_until=as_date(cutoff), only_given_out=only_given_out, seed=seed)


def _picture(months: "pd.DataFrame") -> dict:
    from clv_platform.reports.backtest_figures import Line, over_months

    if len(months) < 2:
        return {}
    png = over_months(months, [Line("ngini", "normalised Gini")], "normalised Gini", picture_format="png")
    return {"ngini_by_month": picture(png, "normalised Gini by month")}
