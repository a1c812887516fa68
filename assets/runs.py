"""Run the graph in this process, as `clv run` does: the same job as in the UI, in the same history.

Here: choose the cutoff and the assets, start the job, turn Dagster's events into plain ones for a progress display. What is shown and how
is the business of `clv_platform.cli`.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from dagster import (
    AssetCheckSeverity,
    AssetKey,
    AssetsDefinition,
    DagsterEvent,
    DagsterEventType,
    DagsterExecutionInterruptedError,
    DagsterInstance,
    DagsterRunStatus,
    Definitions,
    Field,
    LoggerDefinition,
)
from dagster._core.execution.api import execute_run_iterator
from dagster._utils.interrupts import capture_interrupts

from assets.company import Company
from assets.definitions import Overrides, build_defs
from assets.failures import failure_payload, hide_secrets, plain_message, post_failure
from assets.instance import PROCESS_TAG
from assets.models import RETRAIN_TAG
from assets.parallel import build_parallel_job, count_workers, shared_definitions, start_server
from assets.partitions import PARTITION_TAG, newest_cutoff, register_cutoff
from assets.processes import process_tag

EVERYTHING, LOAD = "refresh_everything_job", "load_raw_job"
MIN_PARALLEL_STEPS = 4  # for fewer it isn't worth starting a server of workers


@dataclass(frozen=True)
class Progress:
    """One thing that happened.

    Attributes
    ----------
    kind : {"plan", "start", "done", "failed", "asset", "check", "warning"}
        A plan has `sizes`: each step with its number of assets and checks.
    name : str
        The job, step, asset or check.
    text : str
        `passed` or `failed` of a check; the text of a warning.
    step : str
        Which step an asset or check belongs to: several may be going on.
    """

    kind: str
    name: str
    text: str = ""
    sizes: tuple[tuple[str, int], ...] = ()
    step: str = ""


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Attributes
    ----------
    status : {"success", "failure", "canceled"}
        As in Dagster's history.
    run_id : str
        The run of the last job.
    cutoff : str
        Its partition.
    messages : tuple of str
        What a person should read about a failure, each once; empty on success.
    is_plain : bool
        The messages are the library's own, so that no traceback is needed.
    failed_checks : tuple of str
        Claims that turned out false without stopping the run.
    """

    status: str
    run_id: str
    cutoff: str
    messages: tuple[str, ...] = ()
    is_plain: bool = True
    failed_checks: tuple[str, ...] = ()


@dataclass
class EventReader:
    """Collects what the summary needs while a run goes on, and tells a listener what happens."""

    listen: Callable[[Progress], None]
    instance: DagsterInstance
    messages: list[tuple[str, bool]] = field(default_factory=list)
    failed_checks: list[str] = field(default_factory=list)
    broken_rules: dict[str, list[str]] = field(default_factory=dict)
    was_interrupted: bool = False
    run_id: str = ""

    def build_logger(self) -> LoggerDefinition:
        """Dagster hands every event of a run to its loggers: ours keeps them off the terminal and reads them."""
        handler = _Handler(self)

        def start(_: Any) -> logging.Logger:
            logger = logging.Logger("clv", logging.DEBUG)
            logger.addHandler(handler)
            return logger

        # The same fields as the default console logger has, so that the run's config is valid in the UI too.
        return LoggerDefinition(start, {"log_level": Field(str, is_required=False), "name": Field(str, is_required=False)})

    def read(self, event: DagsterEvent) -> None:
        """Take one event."""
        step = event.step_key or ""
        match event.event_type:
            case DagsterEventType.STEP_START:
                self.listen(Progress("start", step))
            case DagsterEventType.STEP_SUCCESS:
                self.listen(Progress("done", step))
            case DagsterEventType.ASSET_MATERIALIZATION if event.asset_key:
                self.listen(Progress("asset", "/".join(event.asset_key.path), step=step))
            case DagsterEventType.ASSET_CHECK_EVALUATION:
                self._read_check(event, step)
            case DagsterEventType.STEP_FAILURE:
                self._read_failure(event, step)
            case DagsterEventType.ENGINE_EVENT if _tells_of_interrupt(event):
                self._note_interrupt()

    def _read_check(self, event: DagsterEvent, step: str) -> None:
        found = event.asset_check_evaluation_data
        self.listen(Progress("check", found.check_name, "passed" if found.passed else "failed", step=step))
        if found.passed:
            return
        asset, metadata = "/".join(found.asset_key.path), found.metadata
        rows = metadata.get("dagster_dbt/failed_row_count")
        told = found.description or (f"{rows.value} rows break this rule" if rows else "the claim is false")
        line = f"{asset}: {found.check_name}: {told}"
        is_blocking = found.blocking and found.severity == AssetCheckSeverity.ERROR
        (self.broken_rules.setdefault(step, []) if is_blocking else self.failed_checks).append(line)

    def _note_interrupt(self) -> None:
        self.was_interrupted = True
        run = self.instance.get_run_by_id(self.run_id) if self.run_id else None
        if run and run.status == DagsterRunStatus.STARTED:
            # Said before the run ends, the history shows it as canceled; afterwards Dagster would call it failed.
            self.instance.report_run_canceling(run, "Interrupted from the terminal.")

    def _read_failure(self, event: DagsterEvent, step: str) -> None:
        error = event.step_failure_data.error
        assert error is not None
        if error.cls_name in ("DagsterExecutionInterruptedError", "KeyboardInterrupt"):
            self._note_interrupt()
            return
        self.listen(Progress("failed", step))
        if broken := self.broken_rules.pop(step, []):  # the checks say more than the error they raise
            self.messages += [(line, True) for line in broken]
        elif error.cls_name == "ChildProcessCrashException":
            text = "its process ended without a word: killed, or out of memory. CLV_THREADS=1 runs one step at a time, in less memory."
            self.messages.append((f"{step}: {text}", True))
        else:
            self.messages.append(plain_message(error))


def _tells_of_interrupt(event: DagsterEvent) -> bool:
    """Whether the executor of several steps at once was told to stop; its workers say nothing of steps that hadn't begun."""
    data = event.engine_event_data
    return data.error is None and "steps_interrupted" in data.metadata


class _Handler(logging.Handler):
    def __init__(self, reader: EventReader):
        super().__init__()
        self._reader = reader

    def emit(self, record: logging.LogRecord) -> None:
        metadata = getattr(record, "dagster_meta", None) or {}
        if event := metadata.get("dagster_event"):
            self._reader.read(event)
        elif record.levelno >= logging.WARNING:
            self._reader.listen(Progress("warning", "", metadata.get("orig_message") or record.getMessage()))


def run_graph(
    company: Company,
    instance: DagsterInstance,
    listen: Callable[[Progress], None],
    *,
    cutoff: str | None = None,
    targets: Sequence[str] = (),
    is_retraining: bool = False,
) -> RunOutcome:
    """Run everything for one cutoff, in this process.

    Parameters
    ----------
    cutoff : str, optional
        `YYYY-MM-DD` or `undated`; by default where the data end. When only a load can say that, the load is a run of its own before.
    targets : sequence of str
        Names; empty: all of the config.
    is_retraining : bool
        The search for parameters takes its full budget.

    Returns
    -------
    RunOutcome
        Also for a failed or interrupted run; nothing is raised for these.
    """
    skip: set[str] = set()
    if cutoff is None and not company.is_undated and company.config.observed_until is None:
        loaded = _run_job(company, instance, listen, LOAD, cutoff=None, keep=lambda key: True)
        if loaded.status != "success":
            return loaded
        skip = {"raw"}
    cutoff = cutoff or newest_cutoff(company)
    if cutoff is None:
        return RunOutcome("failure", "", "", ("The sources have no dated row, so there is no cutoff: set `observed_until` in the config.",))
    if _may_run_at_once(company, instance):
        start_server(company)
    register_cutoff(instance, company, cutoff)
    tags = {RETRAIN_TAG: "true"} if is_retraining else {}
    return run_selection(
        company, instance, listen, EVERYTHING, cutoff=cutoff, targets=targets, keep=lambda key: key.path[0] not in skip, tags=tags
    )


def run_selection(
    company: Company,
    instance: DagsterInstance,
    listen: Callable[[Progress], None],
    job_name: str,
    *,
    cutoff: str | None,
    keep: Callable[[AssetKey], bool],
    targets: Sequence[str] = (),
    tags: Mapping[str, str] = MappingProxyType({}),
) -> RunOutcome:
    """Run those assets of a job that are wanted, in this process.

    Parameters
    ----------
    job_name : str
        One of the jobs of the code location.
    cutoff : str or None
        The partition; None for assets that have none.
    keep : function of an asset key
        Which assets of the job.
    targets : sequence of str
        Names; empty: all of the config.
    tags : mapping
        Of the run.

    Returns
    -------
    RunOutcome
        Also for a failed or interrupted run.
    """
    others = {target.name for target in company.trained_targets if targets and target.name not in targets}
    return _run_job(
        company, instance, listen, job_name, cutoff=cutoff, keep=lambda key: keep(key) and not _belongs_to(key, others), tags=tags
    )


def _run_job(
    company: Company,
    instance: DagsterInstance,
    listen: Callable[[Progress], None],
    job_name: str,
    *,
    cutoff: str | None,
    keep: Callable[[AssetKey], bool],
    tags: Mapping[str, str] = MappingProxyType({}),
) -> RunOutcome:
    reader = EventReader(listen, instance)
    own = Overrides(company=company, loggers={"console": reader.build_logger()})
    is_parallel = _may_run_at_once(company, instance)
    defs = shared_definitions(company) if is_parallel else build_defs(own)
    selected = sorted(key for key in defs.resolve_job_def(job_name).asset_layer.executable_asset_keys if keep(key))
    sizes = _step_sizes(defs, set(selected))
    if is_parallel and len(sizes) <= MIN_PARALLEL_STEPS:
        is_parallel, defs = False, build_defs(own)
    listen(Progress("plan", job_name, sizes=sizes))
    reader.run_id = run_id = _new_run_id()
    loggers = {
        "loggers": {"console": {"config": {"log_level": "ERROR"}}}
    }  # what a worker logs goes to the run's log; fits the UI's jobs, too
    request = {"tags": {PROCESS_TAG: process_tag(), **tags}, "run_id": run_id, "run_config": loggers}
    try:
        if is_parallel:
            status = _execute_in_workers(company, instance, reader, job_name, frozenset(selected), cutoff, request)
        else:
            result = defs.resolve_job_def(job_name).execute_in_process(
                instance=instance, partition_key=cutoff, asset_selection=selected, raise_on_error=False, **request
            )
            status = "success" if result.success else "failure"
    except (KeyboardInterrupt, DagsterExecutionInterruptedError):
        status = "canceled"
    if status == "canceled" or reader.was_interrupted:
        return _close_canceled(instance, run_id, cutoff or "")
    outcome = RunOutcome(status, run_id, cutoff or "", failed_checks=tuple(sorted(set(reader.failed_checks))))
    return outcome if status == "success" else _close_failed(company, job_name, outcome, reader)


def _may_run_at_once(company: Company, instance: DagsterInstance) -> bool:
    """Whether there are threads for several steps, and a history that their processes can write to."""
    return count_workers(company.settings.threads) > 1 and instance.is_persistent


def _execute_in_workers(
    company: Company,
    instance: DagsterInstance,
    reader: EventReader,
    job_name: str,
    selected: frozenset[AssetKey],
    cutoff: str | None,
    request: Mapping[str, Any],
) -> str:
    """Run several steps at once; the events come from the workers, so the logger of this process isn't asked."""
    job = build_parallel_job(company, job_name).get_subset(asset_selection=selected)
    run = instance.create_run_for_job(
        job.get_definition(),
        run_id=request["run_id"],
        run_config=request["run_config"],
        tags={**request["tags"], **({PARTITION_TAG: cutoff} if cutoff else {})},
        asset_selection=selected,
        job_code_origin=job.get_python_origin(),
    )
    is_success = False
    with capture_interrupts():
        for event in execute_run_iterator(job, run, instance):
            reader.read(event)
            is_success |= event.event_type == DagsterEventType.RUN_SUCCESS
    return "success" if is_success else "failure"


def _close_canceled(instance: DagsterInstance, run_id: str, cutoff: str) -> RunOutcome:
    run = instance.get_run_by_id(run_id)
    if run and run.status != DagsterRunStatus.CANCELED:
        instance.report_run_canceled(run, "Interrupted from the terminal.")
    instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    return RunOutcome("canceled", run_id, cutoff)


def _close_failed(company: Company, job_name: str, outcome: RunOutcome, reader: EventReader) -> RunOutcome:
    # In the order of their texts: steps that run at once fail in any order, and two runs should say the same.
    told = dict.fromkeys(hide_secrets(text, company) for text, _ in sorted(reader.messages))
    outcome = replace(outcome, messages=tuple(told) or ("The run failed.",), is_plain=all(plain for _, plain in reader.messages))
    if company.settings.failure_webhook:
        text = "\n".join(outcome.messages)
        payload = failure_payload(company, job=job_name, run_id=outcome.run_id, cutoff=outcome.cutoff, steps=(), message=text)
        post_failure(company.settings.failure_webhook, payload)
    return outcome


def _belongs_to(key: AssetKey, targets: set[str]) -> bool:
    own = key.path[-1].removesuffix("_history_report")  # a page beside `<target>_report`
    of = own if own != key.path[-1] else own.rpartition("_")[0]
    return key.path[0] in ("models", "evaluation", "explain", "scores", "reports") and of in targets


def _step_sizes(defs: Definitions, selected: set[AssetKey]) -> tuple[tuple[str, int], ...]:
    """Steps of a selection with their numbers of assets and checks."""
    made = [*(defs.assets or ()), *(defs.asset_checks or ())]
    sizes = {
        d.node_def.name: sum(key in selected for key in d.keys) + sum(check.asset_key in selected for check in d.check_keys)
        for d in made
        if isinstance(d, AssetsDefinition)
    }
    return tuple((name, size) for name, size in sizes.items() if size)


def _new_run_id() -> str:
    from dagster._core.utils import make_new_run_id

    return make_new_run_id()
