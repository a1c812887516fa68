"""What the files of a folder hold: columns, kinds of values, spellings of dates and numbers.

Keep out: what it means (`guessing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from clv_platform.config import Input
from clv_platform.raw.casting import FALSE_WORDS, TRUE_WORDS, Spelling, cast_column
from clv_platform.raw.drafting.vocabulary import MISSING_MARKS, PLACES, plain
from clv_platform.raw.errors import RawDataError
from clv_platform.raw.reading.origins import read_input
from clv_platform.raw.reading.relation import Relation, Workbench
from clv_platform.warehouse import quote_name, quote_text

Kind = Literal["number", "boolean", "date", "text", "empty"]
PATTERNS = (
    "*.csv",
    "*.csv.gz",
    "*.tsv",
    "*.tsv.gz",
    "*.txt",
    "*.txt.gz",
    "*.parquet",
    "*.json",
    "*.jsonl",
    "*.ndjson",
    "*.json.gz",
    "*.xlsx",
    "*.xls",
)
# Tried where dates are not ISO; day first before month first, because a wrong day-first guess fails on the 13th.
DATE_FORMATS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d-%m-%Y",
    "%m/%d/%y",
    "%d.%m.%y",
)
_FEW = 30
# Enough to know what a column is; looking at every row of a large file would take minutes.
_SAMPLE_ROWS = 20_000
_DATES_LOOKED_AT = 500


@dataclass(frozen=True)
class ColumnLook:
    """One column: the kind of its values, how many and how many different, the values where they are few, the spelling of dates."""

    name: str
    kind: Kind
    n_filled: int
    n_distinct: int
    values: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = ()
    is_decimal_comma: bool = False
    is_datelike: bool = False  # a number such as 20240131 is a date, too


@dataclass(frozen=True)
class FileLook:
    """Files of the same columns, read as one; of large ones a sample of `n_looked_at` rows has been looked at."""

    paths: tuple[Path, ...]
    n_rows: int
    n_looked_at: int
    columns: tuple[ColumnLook, ...]
    relation: Relation = field(repr=False)
    missing_marks: tuple[str, ...] = ()  # texts that stand for "no value", as they are spelt here

    def column(self, name: str) -> ColumnLook:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def stem(self) -> str:
        """The first file's name without suffixes."""
        return self.paths[0].name.split(".")[0]


def look_at_folder(bench: Workbench, folder: Path) -> tuple[list[FileLook], list[str]]:
    """Look at all files of a folder; files of the same columns go together.

    Returns
    -------
    looks, problems
        What could be read, and a sentence for each file that couldn't.

    Raises
    ------
    RawDataError
        When the folder doesn't exist or holds no file of a known format.
    """
    if not folder.is_dir():
        raise RawDataError(f"{folder}: expected a folder with data files, found no folder. Give the path of the folder.")
    paths = sorted({path for pattern in PATTERNS for path in folder.glob(pattern) if path.is_file() and not path.name.startswith(".")})
    if not paths:
        raise RawDataError(
            f"{folder}: expected CSV, Parquet, JSON or Excel files, found none. Put the files directly into this folder, not below it."
        )
    groups: dict[tuple[str, ...], list[Path]] = {}
    problems: list[str] = []
    for path in paths:
        try:
            relation = read_input(bench, path.stem, Input(files=(str(path),)))
        except RawDataError as error:
            problems.append(str(error))
            continue
        assert relation is not None
        groups.setdefault((path.suffix, *relation.names), []).append(path)
        bench.drop(relation)
    return [_look(bench, group) for group in groups.values()], problems


def _look(bench: Workbench, paths: list[Path]) -> FileLook:
    relation = read_input(bench, paths[0].stem, Input(files=tuple(map(str, paths))))
    assert relation is not None
    names = ", ".join(map(quote_name, relation.names))
    sample = bench.new_name()
    sampling = f" using sample reservoir({_SAMPLE_ROWS} rows) repeatable (0)" if relation.n_rows > _SAMPLE_ROWS else ""
    bench.connection.execute(f"create temp table {quote_name(sample)} as select {names} from {relation.from_sql}{sampling}")
    marks = _missing_marks(bench, quote_name(sample), relation.columns)
    columns = tuple(_look_at_column(bench, quote_name(sample), name, type_, marks) for name, type_ in relation.columns)
    return FileLook(tuple(paths), relation.n_rows, min(relation.n_rows, _SAMPLE_ROWS), columns, relation, marks)


def _missing_marks(bench: Workbench, rows: str, columns: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Texts of the file that stand for "no value"; NA isn't one where some column of places has it (Namibia, North America)."""
    words = ", ".join(map(quote_text, MISSING_MARKS))
    texts = [name for name, type_ in columns if type_ == "VARCHAR"]
    if not texts:
        return ()
    asked = " union all ".join(
        f"select distinct {i}, trim({quote_name(name)}) from {rows} where lower(trim({quote_name(name)})) in ({words})"
        for i, name in enumerate(texts)
    )
    found = bench.connection.execute(asked).fetchall()
    has_place = any(mark.lower() == "na" and PLACES.search(plain(texts[i])) for i, mark in found)
    return tuple(sorted({mark for _, mark in found if not (has_place and mark.lower() == "na")}))


def _look_at_column(bench: Workbench, rows: str, name: str, type_: str, marks: tuple[str, ...]) -> ColumnLook:
    column = quote_name(name)
    plainly = Spelling(marks)
    # As a load spells it: a label that pandas kept as 1.0 is 1.
    text = f"nullif(trim({cast_column(column, type_, 'text', plainly).value_sql}), '')"
    number = cast_column(column, type_, "number", plainly).value_sql
    comma = cast_column(column, type_, "number", Spelling(marks, decimal=",")).value_sql
    words = ", ".join(map(quote_text, (*TRUE_WORDS, *FALSE_WORDS)))
    row = bench.connection.execute(
        f"select count({text}), count(distinct {text}), count({number}), count({comma}), "
        f"count(*) filter (where lower({text}) in ({words})) from {rows}"
    ).fetchone()
    assert row is not None
    n_filled, n_distinct, n_number, n_comma, n_words = row
    # Trying nine spellings of dates is slow: some of the different values tell as much.
    when = cast_column(column, type_, "timestamp", plainly).value_sql
    formats = ", ".join(f"count(try_strptime({text}, {quote_text(format_)}))" for format_ in DATE_FORMATS)
    some = f"(select distinct {column} from {rows} where {text} is not null limit {_DATES_LOOKED_AT})"
    row = bench.connection.execute(f"select count(*), count({when}), {formats} from {some}").fetchone()
    assert row is not None
    n_looked, n_date = row[:2]
    # One impossible day (31/02) is a row to reject, not a reason to lose the column.
    most = max(row[2:])
    spelt = tuple(format_ for format_, n in zip(DATE_FORMATS, row[2:], strict=True) if n == most) if 0 < 0.95 * n_looked <= most else ()
    is_datelike = 0 < 0.95 * n_looked <= n_date
    values: tuple[str, ...] = ()
    if 0 < n_distinct <= _FEW:
        found = bench.connection.execute(f"select distinct {text} from {rows} where {text} is not null order by 1").fetchall()
        values = tuple(str(value[0]) for value in found)
    # A few odd values don't change what a column is: they will be rejected or null, and `clv check` shows them.
    nearly = 0.95 * n_filled
    kind: Kind = "text"
    if not n_filled:
        kind = "empty"
    elif n_words == n_filled and n_distinct <= 2:
        kind = "boolean"
    elif type_.startswith(("DATE", "TIMESTAMP")) or (type_ == "VARCHAR" and is_datelike and n_number < nearly) or spelt:
        kind = "date"
    elif max(n_number, n_comma) >= nearly and not type_.startswith(("DATE", "TIMESTAMP")):
        kind = "number"
    is_comma = kind == "number" and n_number < nearly <= n_comma
    return ColumnLook(name, kind, n_filled, n_distinct, values, spelt if kind == "date" and not is_datelike else (), is_comma, is_datelike)
