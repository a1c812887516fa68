"""`clv run`, `clv backtest`, `clv cutoffs`: start the graph in this process and say what came out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clv_platform.cli.messages import FAILED, INTERRUPTED, OK, UNUSABLE_INPUT, complain, say, with_plain_errors
from clv_platform.cli.progress import Bars, Lines, quiet_terminal
from clv_platform.cli.results import print_backtest, print_results

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
    company = _open_company(config_path, targets, cutoff)
    outcome = _run(company, cutoffs=(cutoff,), targets=targets, show_bars=show_bars, is_retraining=is_retraining)[-1]
    return _conclude(company, outcome, targets)


@with_plain_errors
def run_backtest(config_path: Path | None, *, first: str | None, last: str | None, targets: tuple[str, ...], show_bars: bool) -> int:
    """Run everything for each month of a period, oldest first; stops at the first failure."""
    from assets.partitions import end_of_data

    company = _open_company(config_path, targets, first)
    if company.is_undated:
        raise RequestError(f"{company.config_path}: the data are undated, so there are no earlier cutoffs to go back to. Use `clv run`.")
    end = end_of_data(company)
    if end is None:
        raise RequestError("Where the data end isn't known yet: run `clv run` once, or set `observed_until` in the config.")
    cutoffs = _months(company, first, last)
    if not cutoffs:
        raise RequestError(f"No month between --from {first} and --to {last}; the data end at {end}.")
    outcomes = _run(company, cutoffs=cutoffs, targets=targets, show_bars=show_bars)
    code = _conclude_failure(company, outcomes[-1]) if outcomes[-1].status != "success" else OK
    print_backtest(company.config, company.paths, [outcome.cutoff for outcome in outcomes if outcome.status == "success"])
    return code


@with_plain_errors
def list_cutoffs(config_path: Path | None) -> int:
    """Print every cutoff that has reports; the newest is marked."""
    from assets.partitions import newest_cutoff

    company = _open_company(config_path, (), None)
    newest = newest_cutoff(company)
    reported = {path.name for path in company.paths.reports.glob("*") if path.is_dir()}
    for key in sorted(reported | ({newest} if newest else set())):
        notes = ", ".join(note for note, holds in (("newest", key == newest), ("no report yet", key not in reported)) if holds)
        say(f"{key}  ({notes})" if notes else key)
    if not reported and newest is None:
        say(f"No run yet, and the config doesn't say where the data end. Start with: clv run --config {company.config_path}")
    return OK


def _open_company(config_path: Path | None, targets: tuple[str, ...], cutoff: str | None) -> Company:
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
    log = company.paths.root / "logs" / "clv_run.log"
    log.unlink(missing_ok=True)
    outcomes: list[RunOutcome] = []
    with quiet_terminal(log) as terminal:
        show = Bars if show_bars and terminal.isatty() else Lines
        from assets.instance import open_instance, release_abandoned_runs
        from assets.runs import run_graph

        with open_instance() as instance:
            for run in release_abandoned_runs(instance):
                terminal.write(
                    f"An earlier run ({run.run_id[:8]}) had been killed; it is marked as failed and holds nothing up any more.\n"
                )
            for cutoff in cutoffs:
                with show(terminal) as progress:
                    outcomes.append(run_graph(company, instance, progress, cutoff=cutoff, targets=targets, is_retraining=is_retraining))
                if outcomes[-1].status != "success":
                    break
    return outcomes


def _months(company: Company, first: str | None, last: str | None) -> tuple[str, ...]:
    from datetime import date

    from assets.partitions import end_of_data, monthly_cutoffs

    end = end_of_data(company)
    assert end is not None
    until = date.fromisoformat(last) if last else date(end.year, end.month, 1)
    if first:
        return monthly_cutoffs(date.fromisoformat(first), until)
    # Without a start: the five months before the end, which most histories allow.
    back = until.year * 12 + until.month - 1 - 5
    return monthly_cutoffs(date(back // 12, back % 12 + 1, 1), until)


def _conclude(company: Company, outcome: RunOutcome, targets: tuple[str, ...]) -> int:
    if outcome.status != "success":
        return _conclude_failure(company, outcome)
    print_results(company.config, company.paths, outcome.cutoff, targets or tuple(target.name for target in company.trained_targets))
    for line in outcome.failed_checks:
        complain(f"note  {line}")
    for reason in company.skipped_targets.values():
        say(reason)
    return OK


def _conclude_failure(company: Company, outcome: RunOutcome) -> int:
    if outcome.status == "canceled":
        complain("Stopped. Nothing is broken: what was there before is untouched, and the same command starts again.")
        return INTERRUPTED
    for message in outcome.messages:
        complain(message)
    if outcome.is_plain:
        return UNUSABLE_INPUT
    complain(f"The run's log: {company.paths.root / 'logs' / 'clv_run.log'}; the run itself: `make dev`, run {outcome.run_id[:8]}.")
    return FAILED
