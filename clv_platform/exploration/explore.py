"""One call from marts to everything that an exploration says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from clv_platform.config import CompanyConfig
from clv_platform.exploration.findings import Findings, find_findings
from clv_platform.exploration.frames import read_exploration
from clv_platform.exploration.notes import build_notes
from clv_platform.exploration.tables import ExplorationTables, build_tables


@dataclass(frozen=True)
class Exploration:
    """What an exploration says.

    Attributes
    ----------
    as_of_date : date or None
        Of the accounts; None when undated.
    n_accounts : int
        Each counted once.
    notes : DataFrame
        See `build_notes`.
    """

    as_of_date: date | None
    n_accounts: int
    tables: ExplorationTables
    findings: Findings
    notes: pd.DataFrame


def explore(config: CompanyConfig, marts: Path, cutoff: date | None) -> Exploration:
    """Read the marts as of a cutoff, tabulate and test.

    Parameters
    ----------
    config : CompanyConfig
        Names metrics, dimensions and targets.
    marts : Path
        Folder of the marts' Parquet files.
    cutoff : date or None
        None for undated data.

    Raises
    ------
    FileNotFoundError
        When no mart with features has been exported.
    """
    frames = read_exploration(config, marts, cutoff)
    tables = build_tables(config, frames)
    return Exploration(frames.as_of_date, len(frames.accounts), tables, find_findings(config, frames), build_notes(config, frames, tables))
