"""Claims about what reviewers doubted, read from `reviewed_slices.parquet` of the report folders: what was written counts."""

from typing import TYPE_CHECKING

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, AssetKey, asset_check

from assets.checks.models import cutoff_of
from assets.company import Company
from assets.targets import TargetRoom, markdown_table

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ("frame", "slice", "sentence", "author", "state")


def build_reviewed_slices_check(company: Company) -> AssetChecksDefinition:
    """Return `reviewed_slices_hold` of the frames."""
    rooms = [TargetRoom(company, target) for target in company.trained_targets]

    @asset_check(
        asset=AssetKey(["review", "frames"]),
        name="reviewed_slices_hold",
        description="In every group that a reviewer marked as wrong the newest model is at most 5 points worse than overall.",
    )
    def reviewed_slices_hold(context: AssetCheckExecutionContext) -> AssetCheckResult:
        import pandas as pd

        from clv_platform.warehouse import read_parquet

        paths = [room.report_folder(cutoff_of(context, company)) / "reviewed_slices.parquet" for room in rooms]
        return judge_reviewed(pd.concat([read_parquet(path) for path in paths if path.is_file()] or [pd.DataFrame()]))

    return reviewed_slices_hold


def judge_reviewed(rows: "pd.DataFrame") -> AssetCheckResult:
    """Fail when a slice doesn't hold; one with too few rows neither holds nor fails."""
    failed = rows[rows["holds"].eq(False).fillna(False)] if len(rows) else rows
    known = rows[rows["is_new"].eq(False).fillna(False)] if len(rows) else rows
    held = "All hold."
    if len(known):
        held += f" {len(known)} of {len(rows)} are of the model and rows that were marked: nothing new to judge."
    return AssetCheckResult(
        passed=failed.empty,
        severity=AssetCheckSeverity.WARN,
        description="; ".join(failed["sentence"]) if len(failed) else held if len(rows) else "Nobody marked a group as wrong.",
        metadata={
            "n_reviewed": len(rows),
            "n_failed": len(failed),
            "n_nothing_new": len(known),
            "slices": markdown_table(rows.reindex(columns=list(SHOWN)).to_dict("records") if len(rows) else []),
        },
    )
