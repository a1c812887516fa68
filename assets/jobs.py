"""Jobs: one for all, and one per stage. A job is a selection of assets with their checks; it has no code of its own.

Add a job here when people start it by name. Keep timing out (see `schedules` and `sensors`).
"""

from dagster import AssetKey, AssetSelection, ExecutorDefinition, define_asset_job, in_process_executor
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.company import SEGMENT_KEYS, Company

WAREHOUSE_LAYERS = ("staging", "intermediate", "features", "labels", "marts")
CONFIG_TAG = "clv/config"

_EVERYTHING = "Everything, from the raw files to the published reports, as of one cutoff."
_STAGES: dict[str, tuple[tuple[str, ...], str]] = {
    "load_raw_job": (("raw",), "Files and databases to typed raw tables."),
    "build_warehouse_job": (WAREHOUSE_LAYERS, "dbt: staging to marts, with their tests, and the marts as Parquet."),
    "retrain_models_job": (("models", "evaluation", "explain"), "Train, evaluate and explain the model of every target, as of one cutoff."),
    "score_accounts_job": (("scores", "reporting"), "Score the newest accounts with the champion and rebuild the tables that people read."),
    "render_reports_job": (("reports", "review"), "Render the reports; publish them and reviewers' frames, if the cutoff is the newest."),
}
BACKTEST_JOB, BACKTEST_TAG = "backtest_job", "clv/backtest"
_BACKTEST = (
    "Train, evaluate, explain, score and report as of older cutoffs, on the tables that are there: a backfill over the cutoffs is the "
    "backtest. Nothing is loaded, promoted or published by it; parameters aren't searched for, other algorithms aren't fitted."
)
# Of steps that are ready at once, those go first on which dbt's reporting waits; these fill the time beside it.
LATER = {"dagster/priority": "-1"}
REPORT_NOUNS = ("outcomes", "backtest", "report")  # what is reported of a target as of every cutoff
SCORING_LAYERS = ("raw", *WAREHOUSE_LAYERS, "scores", "reporting")
PUBLISHED = AssetKey(["reports", "published"])


def build_jobs(company: Company, executor: ExecutorDefinition = in_process_executor) -> list[UnresolvedAssetJobDefinition]:
    """Return all jobs; stages that a company has no assets for are left out."""
    layers = existing_layers(company)
    tags = {CONFIG_TAG: company.name}
    jobs = [
        _job("refresh_everything_job", AssetSelection.all(), _EVERYTHING, tags, executor),
    ]
    for name, (groups, description) in _STAGES.items():
        if selected := [group for group in groups if group in layers]:
            jobs.append(_job(name, AssetSelection.groups(*selected), description, tags, executor))
    if company.trained_targets:
        # One month after the other (`tag_concurrency_limits` in dagster.yaml): a model is compared with the champion of the month before.
        tagged = {**tags, BACKTEST_TAG: company.name}
        jobs.append(_job(BACKTEST_JOB, build_backtest_selection(company), _BACKTEST, tagged, executor))
        description = "New data, new scores by the present champion, no training; then published beside the reports of the last training."
        selection = AssetSelection.groups(*SCORING_LAYERS) | AssetSelection.assets(PUBLISHED)
        jobs.append(_job("refresh_scores_job", selection, description, tags, executor))
    return jobs


def build_backtest_selection(company: Company) -> AssetSelection:
    """What is made anew for an older cutoff: everything that depends on it, but for what reads the warehouse and what is published."""
    own = [AssetKey(["reports", f"{target.name}_{noun}"]) for target in company.trained_targets for noun in REPORT_NOUNS]
    # Segments are found once and kept: there is nothing to look back at.
    segments = [AssetKey(path) for path in SEGMENT_KEYS] if company.has_segments else []
    made = AssetSelection.groups("models", "evaluation", "explain", "scores") | AssetSelection.assets(*own)
    return made - AssetSelection.assets(*segments) if segments else made


def existing_layers(company: Company) -> set[str]:
    """The groups that have assets: without a trained target there are no evaluations, without segments no models and scores either."""
    layers = {"raw", *WAREHOUSE_LAYERS, "reporting", "reports"}
    layers |= {"models", "scores"} if company.has_segments else set()
    return layers | {"models", "evaluation", "explain", "scores", "review"} if company.trained_targets else layers


def _job(
    name: str, selection: AssetSelection, description: str, tags: dict[str, str], executor: ExecutorDefinition
) -> UnresolvedAssetJobDefinition:
    return define_asset_job(name, selection, description=description, tags=tags, executor_def=executor)
