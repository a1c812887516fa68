"""The exploration of a company: what the marts say before any model.

Keep analyses and rendering out (see `clv_platform.exploration` and `clv_platform.reports`).
"""

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue, TableRecord, asset

from assets.company import Company
from assets.jobs import LATER
from assets.partitions import build_cutoffs, parse_cutoff
from assets.reports import write_page

N_SHOWN = 20
MARTS = ("fct_upgrade_examples", "fct_churn_examples", "fct_value_examples", "fct_account_features", "fct_account_months")


def build_exploration_asset(company: Company) -> AssetsDefinition:
    """Return `reports/exploration_report`."""

    @asset(
        key=["reports", "exploration_report"],
        deps=[["marts", name] for name in MARTS],
        group_name="reports",
        owners=["team:analytics"],
        kinds={"python", "html"},
        partitions_def=build_cutoffs(company),
        op_tags=LATER,
        description="Who has much of what, what goes with the targets, what is missing: statements that hold beyond chance, "
        "strongest first, each with an action; `findings` in the metadata lists them. The page has the tables and pictures.",
    )
    def exploration_report(context: AssetExecutionContext) -> MaterializeResult:
        from clv_platform.exploration import explore
        from clv_platform.reports import count_accounts, exploration_files, render_exploration_report
        from clv_platform.warehouse import write_parquet

        marts, cutoff = company.paths.marts, parse_cutoff(context.partition_key)
        found = explore(company.config, marts, cutoff)
        folder = company.paths.reports / context.partition_key / "exploration"
        for name, frame in exploration_files(found).items():
            write_parquet(frame, folder / f"{name}.parquet")
        path = write_page(folder / "report.html", render_exploration_report(company.config, found, count_accounts(marts, cutoff)))
        statements = found.findings.frame.head(N_SHOWN)
        shown = statements[["rank", "statement", "effect", "effect_lo", "effect_hi", "q_value", "action", "audience"]]
        records = [TableRecord({str(name): value for name, value in row.items()}) for row in shown.to_dict("records")]
        counts = {"n_findings": len(found.findings.frame), "n_comparisons": found.findings.n_tests, "n_accounts": found.n_accounts}
        table = {"findings": MetadataValue.table(records)} if records else {}
        return MaterializeResult(metadata={"page": MetadataValue.path(path), **counts, **table})

    return exploration_report
