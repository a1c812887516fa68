"""Cutoffs: the moments as of which everything is known; one partition each, so that a backfill over them is the backtest.

Here: the partitions definition, how a run finds its cutoff, and which cutoff may promote and publish. Keep the time rules of rows
(who is in train, test, scoring) out: those are `clv_platform.datasets`.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from dagster import DagsterInstance, DynamicPartitionsDefinition

from assets.company import Company

UNDATED = "undated"
PARTITION_TAG = "dagster/partition"
N_RECENT = 12  # cutoffs that a load registers, and that a backtest covers by default


def cutoffs_name(company: Company) -> str:
    """Name of the company's partitions in Dagster's storage; companies share one instance, so it ends with the company."""
    return f"monthly_cutoffs_{company.name}"


def build_cutoffs(company: Company) -> DynamicPartitionsDefinition:
    """Dynamic, so that a sensor, a schedule or `clv run` can add a cutoff without a reload of the code location."""
    return DynamicPartitionsDefinition(name=cutoffs_name(company))


def end_of_data(company: Company) -> date | None:
    """Where the data end (exclusive): the config says so, else what the last raw load found; None before the first load."""
    if company.config.observed_until or company.is_undated:
        return company.config.observed_until
    from clv_platform.raw import read_raw_load

    loaded = read_raw_load(company.paths) if (company.paths.root / "raw_load.json").is_file() else None
    return loaded.observed_until if loaded else None


def newest_cutoff(company: Company) -> str | None:
    """The partition key of the newest cutoff; None when the data have not been loaded and the config doesn't say where they end."""
    if company.is_undated:
        return UNDATED
    end = end_of_data(company)
    return end.isoformat() if end else None


def parse_cutoff(key: str) -> date | None:
    """A partition key as a date; None for `undated`."""
    return None if key == UNDATED else date.fromisoformat(key)


def is_newest_cutoff(company: Company, key: str) -> bool:
    """Whether a run of this cutoff may promote and publish.

    The month counts, not the day: a scheduled run gets its key before it loads, and the load may add some days of data.
    """
    end, cutoff = end_of_data(company), parse_cutoff(key)
    if cutoff is None or end is None:
        return True
    is_newest_month = (cutoff.year, cutoff.month) >= (end.year, end.month)
    # Within that month a later cutoff may have been done already: going back to the first of the month must not take its place.
    return is_newest_month and not any(folder.name > key for folder in company.paths.reports.glob("[0-9]*"))


def monthly_cutoffs(first: date, last: date) -> tuple[str, ...]:
    """Keys of the firsts of month from `first` to `last`, both included; `last` itself is added when it is no first of month."""
    start = first.year * 12 + first.month - 1 + (first.day > 1)
    keys = [date(month // 12, month % 12 + 1, 1).isoformat() for month in range(start, last.year * 12 + last.month)]
    return tuple(keys) if not keys or keys[-1] == last.isoformat() else (*keys, last.isoformat())


def recent_cutoffs(company: Company, observed_from: date | None, n: int = N_RECENT) -> tuple[str, ...]:
    """Keys of the newest cutoff and of the firsts of month before it, oldest first, at most n in all.

    Cutoffs that can't have enough history are left out: for the target that needs least, two horizons and the test dates lie between the
    begin of the data and the cutoff. Whether there is enough is only known when the accounts are (`clv_platform.datasets.split_by_time`).
    """
    newest = newest_cutoff(company)
    end = parse_cutoff(newest) if newest else None
    if newest is None or end is None:
        return (newest,) if newest else ()
    horizons = [target.horizon_days for target in company.trained_targets]
    n_months = company.config.training.n_test_dates - 1
    first = date.min if observed_from is None or not horizons else observed_from + timedelta(days=2 * min(horizons) + 28 * n_months)
    back = end.year * 12 + end.month - 1 - n
    months = monthly_cutoffs(date(back // 12, back % 12 + 1, 1), end)
    return tuple(key for key in months if key == newest or date.fromisoformat(key) >= first)[-n:]


def register_cutoffs(instance: DagsterInstance, company: Company, keys: Sequence[str]) -> None:
    """Add cutoffs to the company's partitions, so that they can be chosen in the UI, oldest first; those that are there stay."""
    name = cutoffs_name(company)
    known = instance.get_dynamic_partitions(name)
    new = set(keys) - set(known)
    # The UI lists and plots partitions in the order in which they were added, so later ones are added once more, behind the new. What was
    # materialised for them is kept by their key.
    later = [key for key in known if new and key > min(new)]
    for key in later:
        instance.delete_dynamic_partition(name, key)
    instance.add_dynamic_partitions(name, sorted(new.union(later)))


def register_cutoff(instance: DagsterInstance, company: Company, key: str) -> None:
    """Add a cutoff to the company's partitions; nothing happens when it is there."""
    register_cutoffs(instance, company, [key])
