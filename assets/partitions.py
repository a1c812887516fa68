"""Cutoffs: the moments as of which everything is known; one partition each, so that a backfill over them is the backtest.

Here: the partitions definition, how a run finds its cutoff, and which cutoff may promote and publish. Keep the time rules of rows
(who is in train, test, scoring) out: those are `clv_platform.datasets`.
"""

from datetime import date

from dagster import DagsterInstance, DynamicPartitionsDefinition

from assets.company import Company

UNDATED = "undated"
PARTITION_TAG = "dagster/partition"


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
    return cutoff is None or end is None or (cutoff.year, cutoff.month) >= (end.year, end.month)


def monthly_cutoffs(first: date, last: date) -> tuple[str, ...]:
    """Keys of the firsts of month from `first` to `last`, both included; `last` itself is added when it is no first of month."""
    start = first.year * 12 + first.month - 1 + (first.day > 1)
    keys = [date(month // 12, month % 12 + 1, 1).isoformat() for month in range(start, last.year * 12 + last.month)]
    return tuple(keys) if not keys or keys[-1] == last.isoformat() else (*keys, last.isoformat())


def register_cutoff(instance: DagsterInstance, company: Company, key: str) -> None:
    """Add a cutoff to the company's partitions; nothing happens when it is there."""
    instance.add_dynamic_partitions(cutoffs_name(company), [key])
