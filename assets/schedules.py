"""Schedules: weekly scoring and monthly retraining. Off until somebody switches them on in the UI.

Nothing asks the clock which data there are: a run's cutoff is where the data of the last load end.
"""

from collections.abc import Collection

from dagster import DefaultScheduleStatus, RunRequest, ScheduleDefinition, ScheduleEvaluationContext, SkipReason, schedule

from assets.company import Company
from assets.partitions import newest_cutoff, register_cutoff

NOT_LOADED = "The data have not been loaded yet, so where they end isn't known: run load_raw_job or `clv run` once."


_SCHEDULES = {
    "refresh_scores_job": ("0 5 * * 1", "Weekly: load what is new and score it with the present champion."),
    "refresh_everything_job": ("0 5 2 * *", "Monthly: retrain, evaluate, explain, score, report, publish."),
}


def build_schedules(company: Company, job_names: Collection[str]) -> list[ScheduleDefinition]:
    """Return the schedules of the jobs that the company has: Mondays at 05:00 new scores, on the 2nd at 05:00 everything (UTC)."""
    return [_build_schedule(company, name, *_SCHEDULES[name]) for name in _SCHEDULES if name in job_names]


def _build_schedule(company: Company, job_name: str, cron: str, description: str) -> ScheduleDefinition:
    @schedule(
        name=f"{job_name}_schedule",
        job_name=job_name,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.STOPPED,
        description=description,
    )
    def scheduled(context: ScheduleEvaluationContext):
        cutoff = newest_cutoff(company)
        if cutoff is None:
            return SkipReason(NOT_LOADED)
        register_cutoff(context.instance, company, cutoff)
        return RunRequest(partition_key=cutoff)

    return scheduled
