"""What a load says about itself, and its file `raw_load.json`.

Add a field with a default, so that files of earlier loads can still be read.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from clv_platform.settings import CompanyPaths
from clv_platform.warehouse import replacing

FILE_NAME = "raw_load.json"


@dataclass(frozen=True)
class TableLoad:
    """Row counts of one raw table: n_read = n_accepted + n_rejected + n_excluded.

    Attributes
    ----------
    name : str
        The raw table.
    source : str
        Its files, database table or query in words.
    n_read, n_accepted, n_rejected, n_excluded : int
        Rows that the source gives, and what became of them.
    """

    name: str
    source: str
    n_read: int
    n_accepted: int
    n_rejected: int
    n_excluded: int


@dataclass(frozen=True)
class RawLoad:
    """What a load brought.

    Attributes
    ----------
    tables : tuple of TableLoad
        One for each table that the config gives, and for derived accounts.
    observed_from : date or None
        Day of the first event; None: nothing is dated.
    observed_until : date or None
        Where the data end, exclusive; None: nothing is dated.
    data_hash : str
        Twelve hex digits that are the same for the same rows, whatever their order and the files they lie in.
    warnings : tuple of str
        In plain words.
    """

    tables: tuple[TableLoad, ...]
    observed_from: date | None
    observed_until: date | None
    data_hash: str
    warnings: tuple[str, ...]

    def table(self, name: str) -> TableLoad | None:
        """The counts of one table; None when the config doesn't give it."""
        return next((table for table in self.tables if table.name == name), None)


def write_raw_load(load: RawLoad, paths: CompanyPaths) -> Path:
    """Write `raw_load.json` in one go."""
    path = paths.root / FILE_NAME
    with replacing(path) as unfinished:
        unfinished.write_text(json.dumps(asdict(load), default=str, indent=2) + "\n", encoding="utf-8")
    return path


def read_raw_load(paths: CompanyPaths) -> RawLoad:
    """Read what the last load said.

    Raises
    ------
    FileNotFoundError
        When nothing has been loaded yet.
    """
    path = paths.root / FILE_NAME
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected the summary of a load, found none. Run the raw assets (or `clv run`) first.")
    content = json.loads(path.read_text(encoding="utf-8"))
    return RawLoad(
        tables=tuple(TableLoad(**table) for table in content["tables"]),
        observed_from=_day(content["observed_from"]),
        observed_until=_day(content["observed_until"]),
        data_hash=content["data_hash"],
        warnings=tuple(content["warnings"]),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
