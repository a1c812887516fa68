"""`clv run`, `clv cutoffs`: start the graph in this process and say what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from clv_platform.cli.messages import FAILED, INTERRUPTED, OK, UNUSABLE_INPUT, complain, say, with_plain_errors
from clv_platform.cli.progress import Bars, Lines, quiet_terminal
from clv_platform.cli.results import print_results

if TYPE_CHECKING:
    from assets.company import Company
    from assets.runs import RunOutcome


class RequestError(ValueError):
    """The options of the command don't fit the config; the message says what would."""


@with_plain_errors
def run_once(
    config_path: Path | None, *, targets: tuple[str, ...], cutoff: str | None, show_bars: bool, is_retraining: bool = False
) -> int:
    """Run everything for one cutoff; exit code 0, 2 for what a person can mend, 1 for a bug, 130 after Ctrl-C."""
    company = open_company(config_path, targets, cutoff)
    outcome = _run(company, cutoffs=(cutoff,), targets=targets, show_bars=show_bars, is_retraining=is_retraining)[-1]
    return _conclude(company, outcome, targets)


@with_plain_errors
def list_cutoffs(config_path: Path | None) -> int:
    """Print every cutoff that has reports; the newest is marked."""
    from assets.partitions import newest_cutoff

    company = open_company(config_path, (), None)
    newest = newest_cutoff(company)
    reported = {path.name for path in company.paths.reports.glob("*") if path.is_dir()}
    for key in sorted(reported | ({newest} if newest else set())):
        notes = ", ".join(note for note, holds in (("newest", key == newest), ("no report yet", key not in reported)) if holds)
        say(f"{key}  ({notes})" if notes else key)
    if not reported and newest is None:
        say(f"No run yet, and the config doesn't say where the data end. Start with: clv run --config {company.config_path}")
    return OK


def open_company(config_path: Path | None, targets: tuple[str, ...], cutoff: str | None) -> Company:
    """Read the config and check what was asked for; RequestError says what would fit."""
    from assets.company import load_company
    from clv_platform.settings import load_settings

    settings = load_settings()
    company = load_company((config_path or settings.config_path).absolute(), settings)
    known = [target.name for target in company.config.targets]
    if unknown := [name for name in targets if name not in known]:
        there = ", ".join(known) or "none"
        raise RequestError(f"--target {unknown[0]}: no such target in {company.config_path}; there are: {there}.")
    if skipped := [company.skipped_targets[name] for name in targets if name in company.skipped_targets]:
        raise RequestError(skipped[0])
    _check_cutoff(company, cutoff)
    return company


def _check_cutoff(company: Company, cutoff: str | None) -> None:
    if cutoff is None or (cutoff == "undated") == company.is_undated:
        end = company.config.observed_until
        if cutoff and end and cutoff > end.isoformat():
            raise RequestError(f"--cutoff {cutoff}: after the end of the data ({end}, `observed_until` in {company.config_path}).")
        return
    expected = "`undated`, because the data have no dates" if company.is_undated else "a date such as 2026-01-01"
    raise RequestError(f"--cutoff {cutoff}: this company needs {expected}.")


def _run(
    company: Company, *, cutoffs: tuple[str | None, ...], targets: tuple[str, ...], show_bars: bool, is_retraining: bool = False
) -> list[RunOutcome]:
    outcomes: list[RunOutcome] = []
    with open_session(company, show_bars=show_bars) as session:
        from assets.runs import run_graph

        for cutoff in cutoffs:
            with session.show() as progress:
                outcomes.append(run_graph(company, session.instance, progress, cutoff=cutoff, targets=targets, is_retraining=is_retraining))
            if outcomes[-1].status != "success":
                break
    return outcomes


@dataclass(frozen=True)
class Session:
    """A terminal with a progress display, and Dagster's history, while runs go on."""

    instance: Any  # the history; the library knows no Dagster type
    terminal: TextIO
    show: Callable[[], Bars | Lines]


@contextmanager
def open_session(company: Company, *, show_bars: bool) -> Iterator[Session]:
    """Keep Dagster's and dbt's words off the terminal, and mark runs that had been killed."""
    log = company.paths.root / "logs" / "clv_run.log"
    log.unlink(missing_ok=True)
    with quiet_terminal(log) as terminal:
        show = Bars if show_bars and terminal.isatty() else Lines
        from assets.instance import open_instance, release_abandoned_runs

        with open_instance(company) as instance:
            for run in release_abandoned_runs(instance):
                terminal.write(
                    f"An earlier run ({run.run_id[:8]}) had been killed; it is marked as failed and holds nothing up any more.\n"
                )
            yield Session(instance, terminal, lambda: show(terminal))


def _conclude(company: Company, outcome: RunOutcome, targets: tuple[str, ...]) -> int:
    if outcome.status != "success":
        return conclude_failure(company, outcome)
    print_results(company.config, company.paths, outcome.cutoff, targets or tuple(target.name for target in company.trained_targets))
    for line in outcome.failed_checks:
        complain(f"note  {line}")
    for reason in company.skipped_targets.values():
        say(reason)
    return OK


def conclude_failure(company: Company, outcome: RunOutcome) -> int:
    """Say why a run didn't end well, and return the exit code."""
    if outcome.status == "canceled":
        complain("Stopped. Nothing is broken: what was there before is untouched, and the same command starts again.")
        return INTERRUPTED
    for message in outcome.messages:
        complain(message)
    if outcome.is_plain:
        return UNUSABLE_INPUT
    complain(f"The run's log: {company.paths.root / 'logs' / 'clv_run.log'}; the run itself: `make dev`, run {outcome.run_id[:8]}.")
    return FAILED
