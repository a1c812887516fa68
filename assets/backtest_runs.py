"""The backtest from the command line: which months, which of them are finished already, and the runs.

Here: one load and one dbt build for all months, then `backtest_job` for each. The same job, started as a backfill from the UI, does the
same months without the load. What is printed is the business of `clv_platform.cli`.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from dagster import DagsterInstance

from assets.company import Company
from assets.jobs import BACKTEST_JOB, REPORT_NOUNS, WAREHOUSE_LAYERS
from assets.partitions import N_RECENT, end_of_data, monthly_cutoffs, newest_cutoff, parse_cutoff, register_cutoffs
from assets.runs import EVERYTHING, LOAD, Progress, RunOutcome, run_selection
from assets.targets import TargetRoom
from assets.value_room import ValueRoom, room_of
from clv_platform.config import Target

_FILES = ("metrics.json", "gate.json", "training.json", "backtest.parquet", "report.html")


@dataclass(frozen=True)
class Plan:
    """What a backtest does.

    Attributes
    ----------
    months : tuple of (str, tuple of str)
        Cutoffs, oldest first, each with the targets that have enough history by then.
    too_early : tuple of str
        A sentence per target whose first months had to be left out.
    """

    months: tuple[tuple[str, tuple[str, ...]], ...]
    too_early: tuple[str, ...]


def prepare(company: Company, instance: DagsterInstance, listen: Callable[[Progress], None]) -> RunOutcome:
    """Load the sources and build the tables once for all months; dbt's tables hold every snapshot anyway."""
    loaded = run_selection(company, instance, listen, LOAD, cutoff=None, keep=lambda key: True)
    if loaded.status != "success":
        return loaded
    return run_selection(company, instance, listen, "build_warehouse_job", cutoff=None, keep=lambda key: key.path[0] in WAREHOUSE_LAYERS)


def plan_backtest(company: Company, *, first: str | None, last: str | None, targets: Sequence[str]) -> Plan:
    """Choose the months: those asked for, by default the twelve before the one in which the data end, less those with too little history.

    Raises
    ------
    NotEnoughHistory, LabelError
        When no month has enough, with what is needed.
    """
    from clv_platform.datasets import LabelError, NotEnoughHistory

    end = end_of_data(company)
    assert end is not None, "a load or the config says where the data end"
    months = _months(end, first, last)
    trained = [target for target in company.trained_targets if not targets or target.name in targets]
    able: dict[str, list[str]] = {month: [] for month in months}
    too_early: list[str] = []
    failures: list[Exception] = []
    for target in trained:
        check_history = _history_check(company, target)
        missing: list[tuple[str, Exception]] = []
        for month in months:
            cutoff = parse_cutoff(month)
            assert cutoff is not None
            try:
                check_history(cutoff)
                able[month].append(target.name)
            except (NotEnoughHistory, LabelError) as error:
                missing.append((month, error))
        failures += [error for _, error in missing[-1:]]
        if missing:
            there = [month for month in months if target.name in able[month]]
            begin = f"the first with enough history is {there[0]}" if there else "none has enough history"
            too_early.append(f"{target.name}: {len(there)} of {len(months)} months can be tested, {begin}. {missing[-1][1]}")
    if failures and not any(able.values()):
        raise failures[0]
    return Plan(tuple((month, tuple(names)) for month, names in able.items() if names), tuple(too_early))


def _history_check(company: Company, target: Target) -> Callable[[date], object]:
    """A function that raises when there is too little history for the target as of a cutoff; rows are read once for all months."""
    from clv_platform.datasets import check_trainable, split_by_time, split_value_by_time

    room = room_of(company, target)
    if isinstance(room, ValueRoom):
        rows = room.read_value_examples()
        return lambda cutoff: split_value_by_time(rows, cutoff)
    examples, training = room.read_examples(), company.config.training

    def check(cutoff: date) -> None:
        train = split_by_time(examples, cutoff, target.horizon_days, training.n_test_dates).train
        check_trainable(train.y, target, training, train.label)

    return check


def run_month(
    company: Company, instance: DagsterInstance, listen: Callable[[Progress], None], cutoff: str, targets: Sequence[str]
) -> RunOutcome:
    """Train, judge, score and report as of one month."""
    register_cutoffs(instance, company, [cutoff])
    return run_selection(company, instance, listen, BACKTEST_JOB, cutoff=cutoff, targets=targets, keep=lambda key: True)


def conclude_backtest(
    company: Company, instance: DagsterInstance, listen: Callable[[Progress], None], targets: Sequence[str]
) -> RunOutcome | None:
    """Put the new lists into the tables that people read, and the months into the report of the newest cutoff, if there is one."""
    newest = newest_cutoff(company)
    assert newest is not None
    reported = [t for t in company.trained_targets if (company.paths.reports / newest / t.name / "training.json").is_file()]
    names = {f"{t.name}_{noun}" for t in reported if not targets or t.name in targets for noun in REPORT_NOUNS}
    return run_selection(
        company, instance, listen, EVERYTHING, cutoff=newest,
        keep=lambda key: key.path[0] == "reporting" or (key.path[0] == "reports" and key.path[-1] in names),
    )  # fmt: skip


def is_finished(company: Company, cutoff: str, targets: Sequence[str]) -> bool:
    """Whether a month is there as this backtest would make it: all files, the same config and data, compared with the same champion."""
    from clv_platform.config import config_hash
    from clv_platform.raw import read_raw_load

    wanted = {"config_hash": config_hash(company.config), "data_hash": read_raw_load(company.paths).data_hash}
    rooms = [room_of(company, target) for target in company.trained_targets if target.name in targets]
    return all(_is_finished(room, cutoff, wanted) for room in rooms)


def _is_finished(room: TargetRoom, cutoff: str, wanted: dict[str, str]) -> bool:
    from clv_platform.models import champion_before, read_decisions

    folder = room.report_folder(cutoff)
    if not all((folder / name).is_file() for name in _FILES):
        return False
    gate = json.loads((folder / "gate.json").read_text(encoding="utf-8"))
    if gate.get("compared_with") != champion_before(read_decisions(room.models_root), cutoff):
        return False
    manifest = room.models_root / room.read_training(cutoff)["model_id"] / "manifest.json"
    if not manifest.is_file() or (gate["in_use"] and not list(room.history.glob(f"*__{gate['in_use']}.parquet"))):
        return False
    made = json.loads(manifest.read_text(encoding="utf-8"))
    return all(made[key] == value for key, value in wanted.items())


def _months(end: date, first: str | None, last: str | None) -> tuple[str, ...]:
    """The months asked for; the month in which the data end is left out, because only `clv run` may promote and publish."""
    before = end.year * 12 + end.month - 2
    newest = date(before // 12, before % 12 + 1, 1)
    until = min(date.fromisoformat(last), newest) if last else newest
    back = until.year * 12 + until.month - N_RECENT
    start = date.fromisoformat(first) if first else date(back // 12, back % 12 + 1, 1)
    return monthly_cutoffs(start, until) if start <= until else ()
