"""Claims about where a model can be trusted, read from `weak_slices.parquet` of the report folder: what was written counts."""

from typing import TYPE_CHECKING

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, asset_check

from assets.checks.models import cutoff_of
from assets.company import Company
from assets.targets import TargetRoom
from assets.weak_slices import weak_table
from clv_platform.config import Target

if TYPE_CHECKING:
    import pandas as pd


def build_weak_slice_check(company: Company, target: Target) -> AssetChecksDefinition:
    """Return `no_confirmed_weak_slice` of one target."""
    room = TargetRoom(company, target)

    @asset_check(
        asset=room.key("evaluation", "evaluation"),
        name="no_confirmed_weak_slice",
        description="No group of accounts is found in which the predictions are wrong beyond chance, however many groups were looked at.",
    )
    def no_confirmed_weak_slice(context: AssetCheckExecutionContext) -> AssetCheckResult:
        from clv_platform.warehouse import read_parquet

        rows = read_parquet(room.report_folder(cutoff_of(context, company)) / "weak_slices.parquet")
        return judge_weak_slices(rows)

    return no_confirmed_weak_slice


def judge_weak_slices(rows: "pd.DataFrame") -> AssetCheckResult:
    """Fail when any group is in the list of wrong ones."""
    wrong = rows[rows["kind"] == "wrong_here"]
    return AssetCheckResult(
        passed=wrong.empty,
        severity=AssetCheckSeverity.WARN,
        description="; ".join(wrong["sentence"]) or "None found.",
        metadata={"n_weak_slices": len(wrong), "weak_slices": weak_table(wrong)},
    )
