"""What every reader returns: something to select from, and where to work while reading.

Add a field only when every format can fill it. Keep SQL of the contract out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clv_platform.warehouse import Connection, quote_name

FILE_COLUMN = "_clv_source_file"
ROW_COLUMN = "_clv_source_row"


@dataclass(frozen=True)
class Relation:
    """Rows of a source as they are there, within DuckDB.

    Attributes
    ----------
    from_sql : str
        What follows `from`.
    columns : tuple of (name, type)
        The source's own columns with DuckDB's types.
    file_sql, row_sql : str
        Expressions over the relation: the file a row came from, and its number there (from 1, the header not counted).
    n_rows : int
        Rows of the relation.
    malformed : str or None
        A temporary table (source_file, source_row, value, reason) of rows that have no columns to speak of.
    n_malformed : int
        Its rows.
    label : str
        The origin in words, for reports and messages.
    temporary : tuple of str
        Temporary tables behind it, to be dropped when it has been used.
    """

    from_sql: str
    columns: tuple[tuple[str, str], ...]
    file_sql: str
    row_sql: str
    n_rows: int
    label: str
    malformed: str | None = None
    n_malformed: int = 0
    temporary: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [name for name, _ in self.columns]

    @property
    def n_read(self) -> int:
        """Rows that the source gives, malformed ones included."""
        return self.n_rows + self.n_malformed


@dataclass(frozen=True)
class Workbench:
    """Where reading happens: a connection and a folder for temporary files."""

    connection: Connection
    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_name(self) -> str:
        """A name that no other temporary table or file of this load has."""
        return f"_clv_{next(self._numbers)}"

    def columns_of(self, select_sql: str) -> tuple[tuple[str, str], ...]:
        """Names and types that a SELECT gives."""
        return tuple((row[0], row[1]) for row in self.connection.execute(f"describe {select_sql}").fetchall())

    def count(self, from_sql: str) -> int:
        """Rows of a table or a sub-select."""
        row = self.connection.execute(f"select count(*) from {from_sql}").fetchone()
        return int(row[0]) if row else 0

    def drop(self, relation: Relation) -> None:
        """Remove the temporary tables behind a relation."""
        for name in (*relation.temporary, *((relation.malformed,) if relation.malformed else ())):
            self.connection.execute(f"drop table if exists {quote_name(name)}")


def materialised(bench: Workbench, name: str, columns: tuple[tuple[str, str], ...], label: str, **rest: str | int | None) -> Relation:
    """The relation of a temporary table that has the two bookkeeping columns."""
    return Relation(
        from_sql=quote_name(name), columns=columns, file_sql=FILE_COLUMN, row_sql=ROW_COLUMN, n_rows=bench.count(quote_name(name)),
        label=label, temporary=(name,), **rest,  # type: ignore[arg-type]
    )  # fmt: skip
