"""Parquet files that appear all at once: written beside their place, switched in by a rename.

Here: the writer of a set of tables that grow by pieces.
Add: nothing about particular tables.
Keep out: what the tables hold.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from types import TracebackType
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_GROUP = 122_880
"""DuckDB's row group; smaller pieces wait in memory until they fill one."""
UNFINISHED = ".unfinished-"


class ParquetFolder:
    """A folder of Parquet files, one a table, that appears at ``path`` only when all are complete.

    Use as a context manager. An error or a kill leaves whatever was at ``path`` before; left-overs of a killed run are
    removed by the next one.

    Raises
    ------
    FileExistsError
        When ``path`` holds anything else than Parquet files: it will not be replaced.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists() and (not path.is_dir() or any(f.suffix != ".parquet" for f in path.iterdir())):
            raise FileExistsError(
                f"{path}: expected a new folder or one with Parquet files only, found other files. "
                "Simulated files would replace them: give another folder, or move those files away."
            )
        self._work = path.parent / f".{path.name}{UNFINISHED}{uuid4().hex[:8]}"
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.Table]] = {}
        self.n_rows: dict[str, int] = {}

    def __enter__(self) -> ParquetFolder:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for stale in self.path.parent.glob(f".{self.path.name}{UNFINISHED}*"):
            shutil.rmtree(stale, ignore_errors=True)
        self._work.mkdir()
        return self

    def append(self, name: str, table: pa.Table) -> None:
        """Add rows to the table ``name``; its first piece, even an empty one, fixes the columns."""
        waiting = self._waiting.setdefault(name, [])
        waiting.append(table)
        self.n_rows[name] = self.n_rows.get(name, 0) + table.num_rows
        if sum(piece.num_rows for piece in waiting) >= ROWS_PER_GROUP:
            self._write(name)

    def _write(self, name: str) -> None:
        pieces = self._waiting[name]
        if not pieces:
            return
        if name not in self._writers:
            file = self._work / f"{name}.parquet"
            # Numbers and times hardly repeat: looking for repeats doubled the time of writing usage, and made the file larger.
            texts = [field.name for field in pieces[0].schema if pa.types.is_string(field.type)]
            # A list of columns is documented; the signature says bool.
            self._writers[name] = pq.ParquetWriter(
                file,
                pieces[0].schema,
                compression="zstd",
                use_dictionary=texts,  # pyright: ignore[reportArgumentType]
            )
        self._writers[name].write_table(pa.concat_tables(pieces), row_group_size=ROWS_PER_GROUP)
        self._waiting[name] = []

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                for name in self._waiting:
                    self._write(name)
        finally:
            for writer in self._writers.values():
                with contextlib.suppress(OSError):
                    writer.close()
        if kind is not None:
            shutil.rmtree(self._work, ignore_errors=True)
            return
        # Two renames: for an instant there is no folder, but never half of one.
        old = self.path.parent / f".{self.path.name}{UNFINISHED}old"
        if self.path.exists():
            self.path.rename(old)
        self._work.rename(self.path)
        shutil.rmtree(old, ignore_errors=True)
