"""`clv backtest`: a model for each of the last months, finished months kept, and what came out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clv_platform.cli.messages import OK, complain, say, with_plain_errors
from clv_platform.cli.results import print_backtest
from clv_platform.cli.run import RequestError, Session, conclude_failure, open_company, open_session

if TYPE_CHECKING:
    from assets.backtest_runs import Plan
    from assets.company import Company
    from assets.runs import RunOutcome


@with_plain_errors
def run_backtest(
    config_path: Path | None, *, first: str | None, last: str | None, targets: tuple[str, ...], is_again: bool, show_bars: bool
) -> int:
    """Load once, then train and judge a model as of each month, oldest first; stops at the first failure.

    Months that are finished for the same data and config are kept, unless `is_again`.
    """
    company = open_company(config_path, targets, first)
    if company.is_undated:
        raise RequestError(f"{company.config_path}: the data are undated, so there are no earlier cutoffs to go back to. Use `clv run`.")
    if not company.trained_targets:
        raise RequestError(f"{company.config_path}: no target gets a model, so there is nothing to test. Add one to `targets`.")
    if first and last and first > last:
        raise RequestError(f"--from {first} lies after --to {last}.")
    done: list[str] = []
    with open_session(company, show_bars=show_bars) as session:
        outcome = _run_all(company, session, first=first, last=last, targets=targets, is_again=is_again, done=done)
    code = conclude_failure(company, outcome) if outcome.status != "success" else OK
    print_backtest(company.config, company.paths, done)
    if code != OK and done:
        complain(f"{len(done)} month{'s are' if len(done) > 1 else ' is'} finished; the same command goes on with the next.")
    _print_pages(company, done, targets)
    return code


def _run_all(
    company: Company, session: Session, *, first: str | None, last: str | None, targets: tuple[str, ...], is_again: bool, done: list[str]
) -> RunOutcome:
    from assets.backtest_runs import conclude_backtest, is_finished, plan_backtest, prepare, run_month

    with session.show() as progress:
        outcome = prepare(company, session.instance, progress)
    if outcome.status != "success":
        return outcome
    plan = plan_backtest(company, first=first, last=last, targets=targets)
    _announce(session, plan, first, last)
    for month, able in plan.months:
        if not is_again and is_finished(company, month, able):
            session.terminal.write(f"{month}: finished before, kept.\n")
            done.append(month)
            continue
        session.terminal.write(f"{month}: {', '.join(able)}\n")
        with session.show() as progress:
            outcome = run_month(company, session.instance, progress, month, able)
        if outcome.status != "success":
            return outcome
        done.append(month)
    with session.show() as progress:
        return conclude_backtest(company, session.instance, progress, targets) or outcome


def _announce(session: Session, plan: Plan, first: str | None, last: str | None) -> None:
    for sentence in plan.too_early:
        session.terminal.write(sentence + "\n")
    if not plan.months:
        raise RequestError(f"No month to test between --from {first or 'the default'} and --to {last or 'the month before the data end'}.")
    session.terminal.write(f"Backtest of {len(plan.months)} months, {plan.months[0][0]} to {plan.months[-1][0]}.\n")
    session.terminal.flush()


def _print_pages(company: Company, done: list[str], targets: tuple[str, ...]) -> None:
    for target in company.trained_targets:
        pages = sorted(company.paths.reports.glob(f"*/{target.name}/backtest.html"))
        if done and pages and (not targets or target.name in targets):
            say(f"{target.name + ' backtest':<18} {pages[-1]}")
