"""The demo company from seed to files: chunks of accounts, each from its own random stream, streamed to Parquet.

Here: ``simulate_company`` and what it returns.
Add: another output table (build it in ``tables`` or ``activity``).
Keep out: the model itself, and any reading of the oracle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from clv_platform.raw.simulation import activity, company, tables
from clv_platform.raw.simulation.behaviour import draw_accounts, draw_behaviour
from clv_platform.raw.simulation.campaigns import Campaigns, build_offer_effects, draw_campaigns, draw_contacts
from clv_platform.raw.simulation.columns import ACCOUNT, numbered
from clv_platform.raw.simulation.decisions import build_chances, draw_events
from clv_platform.raw.simulation.months import Calendar, build_calendar
from clv_platform.raw.simulation.truth import build_truth
from clv_platform.raw.simulation.writing import ParquetFolder

MAX_ACCOUNTS = 9_999_999
ORACLE_TABLES = ("truth", "truth_top_plan", "offer_effects")


@dataclass(frozen=True)
class SimulationSummary:
    """What was written.

    Attributes
    ----------
    out, oracle : Path
        Folders of the raw files and of the truth.
    n_rows : dict of str to int
        Rows of each file, by name without the suffix.
    n_accounts, n_months, seed : int
        The request.
    end : date
        End of the history (exclusive).
    """

    out: Path
    oracle: Path
    n_rows: dict[str, int]
    n_accounts: int
    n_months: int
    seed: int
    end: date


def simulate_company(
    out: Path,
    *,
    n_accounts: int,
    n_months: int,
    seed: int,
    end: date = date(2026, 1, 1),
    oracle: Path | None = None,
    threads: int = 1,
) -> SimulationSummary:
    """Write the raw files of the demo company and, apart, the truth about it.

    The same ``seed``, ``n_months`` and ``end`` give the same rows for an account, however many accounts there are and
    whatever the number of threads. Memory doesn't grow with ``n_accounts``.

    Parameters
    ----------
    out : Path
        Folder of the nine raw Parquet files; replaced at the end, as a whole.
    n_accounts, n_months : int
        Size: accounts, and calendar months of history that end at ``end``.
    seed : int
        Not negative.
    end : date
        First day after the history; the first of a month.
    oracle : Path, optional
        Folder of ``truth.parquet``, ``truth_top_plan.parquet`` and ``offer_effects.parquet``; by default ``oracle``
        beside ``out``.
    threads : int
        Chunks simulated at the same time.

    Raises
    ------
    ValueError
        When a number or date is out of range, or the oracle's folder isn't apart from ``out``.
    FileExistsError
        When a folder holds other files than Parquet files.
    """
    oracle = out.parent / "oracle" if oracle is None else oracle
    _check(out, oracle, n_accounts, seed, threads)
    calendar = build_calendar(end, n_months)
    # Chunks use the keys 0, 1, ...; the campaigns are drawn once, from a stream that no chunk uses.
    campaigns = draw_campaigns(np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1 << 31,))), calendar)
    with ParquetFolder(oracle) as truth, ParquetFolder(out) as raw:
        raw.append("campaigns", activity.build_campaigns(calendar, campaigns))
        truth.append("offer_effects", build_offer_effects())
        for chunk in _chunks(calendar, campaigns, n_accounts, seed, threads):
            for name, table in chunk.items():
                (truth if name in ORACLE_TABLES else raw).append(name, table)
    return SimulationSummary(out, oracle, {**raw.n_rows, **truth.n_rows}, n_accounts, n_months, seed, end)


def _check(out: Path, oracle: Path, n_accounts: int, seed: int, threads: int) -> None:
    if not 1 <= n_accounts <= MAX_ACCOUNTS:
        raise ValueError(f"n_accounts: expected 1 to {MAX_ACCOUNTS:,}, found {n_accounts:,}.")
    if seed < 0:
        raise ValueError(f"seed: expected 0 or more, found {seed}.")
    if threads < 1:
        raise ValueError(f"threads: expected at least 1, found {threads}.")
    here, there = out.resolve(), oracle.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise ValueError(
            f"oracle: expected a folder apart from the raw files, found {oracle} with raw files in {out}. "
            "The platform must not see the truth: give folders that don't contain each other."
        )


def _chunks(calendar: Calendar, campaigns: Campaigns, n_accounts: int, seed: int, threads: int) -> Iterator[dict[str, pa.Table]]:
    """Tables of each chunk in order, at most ``threads`` + 1 chunks in memory."""
    n_chunks = -(-n_accounts // company.CHUNK_ACCOUNTS)
    if threads == 1:
        for chunk in range(n_chunks):
            yield _simulate_chunk(calendar, campaigns, n_accounts, seed, chunk)
        return
    with ThreadPoolExecutor(threads) as pool:
        running: deque[Future[dict[str, pa.Table]]] = deque()
        for chunk in range(n_chunks):
            running.append(pool.submit(_simulate_chunk, calendar, campaigns, n_accounts, seed, chunk))
            if len(running) > threads:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _simulate_chunk(calendar: Calendar, campaigns: Campaigns, n_accounts: int, seed: int, chunk: int) -> dict[str, pa.Table]:
    """Tables of one chunk: always all of its accounts are drawn, then those beyond ``n_accounts`` are left out."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(chunk,)))
    size = company.CHUNK_ACCOUNTS
    first = chunk * size + 1
    ids = numbered("A", np.arange(first, first + size), 7)
    accounts = draw_accounts(rng, calendar, first, size)
    behaviour = draw_behaviour(rng, calendar, accounts)
    contacts = draw_contacts(rng, calendar, accounts, campaigns)
    chances = build_chances(calendar, accounts, behaviour, contacts)
    events = draw_events(rng, calendar, accounts, chances)
    built = {
        "accounts": tables.build_accounts(rng, accounts, ids),
        "subscriptions": tables.build_subscriptions(rng, calendar, accounts, events, ids),
        "orders": tables.build_orders(rng, calendar, accounts, events, ids),
        "usage": activity.build_usage(rng, calendar, accounts, behaviour, events, ids),
        "support_cases": activity.build_support_cases(rng, calendar, accounts, behaviour, events, ids),
        "web_sessions": activity.build_web_sessions(rng, calendar, accounts, behaviour, events, ids),
        "feedback": activity.build_feedback(rng, calendar, accounts, behaviour, events, ids),
        "campaign_contacts": activity.build_campaign_contacts(rng, accounts, contacts, campaigns, events, ids),
    }
    built["truth"], built["truth_top_plan"] = build_truth(calendar, accounts, chances, events, ids)
    n_kept = min(size, n_accounts - chunk * size)
    return {name: table.filter(pa.array(table[ACCOUNT].to_numpy() < n_kept)).drop_columns([ACCOUNT]) for name, table in built.items()}
