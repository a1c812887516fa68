"""Claims about a target's rows, model and scores. `no_leakage` blocks training; the others show what to doubt.

They read the files of the report folder, so that a claim is about what was written, not about what was in memory.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, asset_check

from assets.company import Company
from assets.partitions import PARTITION_TAG, newest_cutoff
from assets.targets import TargetRoom
from clv_platform.config import Target

MAX_CALIBRATION_ERROR = 0.02


def build_model_checks(company: Company, target: Target) -> list[AssetChecksDefinition]:
    """Return the checks of one target."""
    room = TargetRoom(company, target)
    of_kind = [other.name for other in company.trained_targets if other.kind == target.kind]
    return [
        _no_leakage(room, "no_leakage" if len(of_kind) == 1 else f"no_leakage_of_{target.name}"),
        _figure_check(room, "pr_auc_beats_baseline", "PR-AUC, with its whole 95 % interval, is above the base rate.", _beats_baseline),
        _figure_check(
            room, "calibration_error_is_small", f"Ten groups of rows miss their chances by less than {MAX_CALIBRATION_ERROR}.", _calibrated
        ),
        _figure_check(room, "lift_at_20_above_one", "The best fifth of the list holds more events than a random fifth.", _lifts),
        _scores_cover(room),
    ]


def cutoff_of(context: AssetCheckExecutionContext, company: Company) -> str:
    """The cutoff of the run that a check belongs to; started alone, a check looks at the newest."""
    return context.run.tags.get(PARTITION_TAG) or newest_cutoff(company) or ""


def _no_leakage(room: TargetRoom, name: str) -> AssetChecksDefinition:
    @asset_check(asset=room.examples_key, name=name, blocking=True, description="No feature holds the answer, no training row the future.")
    def no_leakage(context: AssetCheckExecutionContext) -> AssetCheckResult:
        from clv_platform.datasets import find_leaks

        examples = room.read_examples()
        report = find_leaks(examples, room.split(examples, cutoff_of(context, room.company)))
        return AssetCheckResult(
            passed=report.is_clean,
            description=report.message,
            metadata={"warnings": "\n".join(leak.message for leak in report.warnings) or "none", "n_rows": len(examples)},
        )

    return no_leakage


def _figure_check(room: TargetRoom, name: str, description: str, judge) -> AssetChecksDefinition:
    @asset_check(asset=room.key("evaluation", "evaluation"), name=name, description=description)
    def claim(context: AssetCheckExecutionContext) -> AssetCheckResult:
        folder = room.report_folder(cutoff_of(context, room.company))
        passed, told = judge_figures(json.loads((folder / "metrics.json").read_text(encoding="utf-8")), judge)
        return AssetCheckResult(passed=passed, severity=AssetCheckSeverity.WARN, description=told)

    return claim


def judge_figures(metrics: Mapping[str, Any], judge: Callable[[Any], tuple[bool, str]]) -> tuple[bool, str]:
    """Judge a claim; without a single positive among the test rows most figures are null, so it is doubted and the gate says more."""
    if not metrics["n_positive"]:
        return False, f"No positive among {metrics['n']:,} test rows, so nothing can be judged."
    return judge(metrics)


def _beats_baseline(metrics: dict) -> tuple[bool, str]:
    low, base = metrics["pr_auc_lo"], metrics["pr_auc_baseline"]
    told = f"PR-AUC {metrics['pr_auc']:.3f}, base rate {base:.3f}."
    return (
        (False, f"{told} Too few positives for an interval.") if low is None else (low > base, f"{told} The interval begins at {low:.3f}.")
    )


def _calibrated(metrics: dict) -> tuple[bool, str]:
    error = metrics["calibration_error"]
    return (
        error < MAX_CALIBRATION_ERROR,
        f"Calibration error {error:.4f} (10 groups of equal size; below {MAX_CALIBRATION_ERROR} is small).",
    )


def _lifts(metrics: dict) -> tuple[bool, str]:
    return metrics["lift_at_20"] > 1, f"Lift in the best fifth: {metrics['lift_at_20']:.2f}."


def _scores_cover(room: TargetRoom) -> AssetChecksDefinition:
    @asset_check(
        asset=room.key("scores", "scores"),
        name="scores_cover_every_eligible_account",
        description="Every eligible account of the newest snapshot has exactly one score, unless there is no champion.",
    )
    def scores_cover(context: AssetCheckExecutionContext) -> AssetCheckResult:
        cutoff = cutoff_of(context, room.company)
        artifact = room.load_scorer(cutoff)
        if artifact is None:
            return AssetCheckResult(passed=True, description="There is no champion, so nothing is scored.")
        expected = list(room.scoring_rows(room.read_examples(), cutoff).account_id)
        scored = room.read_scores(cutoff)
        assert scored is not None, "the asset wrote a file"
        is_right = sorted(scored["account_id"]) == sorted(expected) and bool(scored["score"].between(0, 1).all())
        told = f"{len(scored):,} scores for {len(expected):,} eligible accounts."
        return AssetCheckResult(passed=is_right, description=told, metadata={"n_scores": len(scored), "n_eligible": len(expected)})

    return scores_cover
