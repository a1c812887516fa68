"""Plain text from whatever a text file is: gzip or not, any encoding; its delimiter and its header.

Here: looks at the first bytes only, and copies to UTF-8 in a temporary folder where DuckDB can't read the file itself.
Keep out: cells (that is `delimited`).
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from clv_platform.raw.errors import RawDataError, first_line
from clv_platform.raw.reading.relation import Workbench

_GZIP = b"\x1f\x8b"
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_DELIMITERS = (",", ";", "\t", "|")
_HEADER_LIMIT = 4_000_000
_PIECE = 1 << 20


@dataclass(frozen=True)
class TextFile:
    """A text file that DuckDB can read: UTF-8, perhaps gzip.

    Attributes
    ----------
    path : Path
        The file itself, or a copy of it in UTF-8.
    original : Path
        What people know it as.
    is_gzip : bool
        Whether `path` is compressed.
    """

    path: Path
    original: Path
    is_gzip: bool

    def open(self) -> IO[bytes]:
        """The decompressed bytes."""
        return gzip.open(self.path) if self.is_gzip else self.path.open("rb")  # type: ignore[return-value]


def open_text_file(bench: Workbench, path: Path, encoding: str) -> TextFile:
    """Find out how a file is compressed and encoded; a copy is made where it isn't UTF-8.

    Raises
    ------
    RawDataError
        When the file is empty, wrongly or not completely compressed, binary, or not in `encoding`.
    """
    with path.open("rb") as stream:
        head = stream.read(8)
    if not head:
        raise RawDataError(f"{path}: expected text with a header and rows, found an empty file (0 bytes). Export it again.")
    if head.startswith((b"PK\x03\x04", b"PAR1", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ")):
        kind = {b"PK": "a zip or Excel file", b"PA": "a Parquet file"}.get(head[:2], "a compressed file of another kind")
        raise RawDataError(f"{path}: expected plain text or gzip, found {kind}. Set `format`, or unpack the file or compress it with gzip.")
    is_gzip = head.startswith(_GZIP)
    if path.suffix == ".gz" and not is_gzip:
        raise RawDataError(
            f"{path}: expected gzip by its name, found bytes that are not gzip. Remove `.gz` from the name, or compress the file."
        )
    text = TextFile(path, path, is_gzip)
    if is_gzip:
        _check_gzip(text)
    mark = _byte_order_mark(text)
    declared = _codec(encoding, path)
    if mark in {"utf-16", "utf-32"}:
        return _copy_as_utf8(bench, text, mark)
    if declared not in {"utf-8", "ascii", "utf-8-sig"} and mark is None:
        return _copy_as_utf8(bench, text, encoding)
    # DuckDB goes by the suffix; a gzip file under another name is told so by the caller.
    return text


def read_header(text: TextFile, delimiter: str | None) -> tuple[list[str], str, bool]:
    """Names of the first row, the delimiter (the given one, or the most frequent candidate in that row), whether line ends are mixed.

    Mixed: rows end with CR LF and a name holds a lone LF, as Excel writes it. DuckDB, which takes the first line end that it sees for that
    of all rows, has to be told.

    Raises
    ------
    RawDataError
        When the file has no first row or is not text in UTF-8.
    """
    try:
        with text.open() as stream:
            lines = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            first = lines.readline(_HEADER_LIMIT)
            # A quoted name may hold a line break: read on until the quotes are closed.
            while first.count('"') % 2 and len(first) < _HEADER_LIMIT and (more := lines.readline(_HEADER_LIMIT)):
                first += more
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise truncated_gzip(text.original, error) from error
    except UnicodeDecodeError as error:
        raise wrong_encoding(text.original) from error
    if "\x00" in first:
        raise RawDataError(
            f"{text.original}: expected text, found zero bytes. Set `encoding` (utf-16, say) or `format` to what the file is."
        )
    if not first.strip():
        raise RawDataError(f"{text.original}: expected a header in the first line, found an empty line. Remove empty lines at the top.")
    chosen = delimiter or max(_DELIMITERS, key=lambda candidate: (_outside_quotes(first, candidate), -_DELIMITERS.index(candidate)))
    if len(chosen) == 1:
        names = next(csv.reader(io.StringIO(first, newline=""), delimiter=chosen))
    else:
        names = [name.strip('"') for name in first.rstrip("\r\n").split(chosen)]
    has_mixed_ends = first.endswith("\r\n") and "\n" in first.replace("\r\n", "")
    return [name.strip() for name in names], chosen, has_mixed_ends


def truncated_gzip(path: Path, error: BaseException) -> RawDataError:
    """The error for a gzip file that ends too early or is damaged."""
    return RawDataError(
        f"{path}: expected a complete gzip file, found one that is cut off or damaged ({first_line(error)}). Copy or export it again."
    )


def wrong_encoding(path: Path) -> RawDataError:
    """The error for bytes that are not in the declared encoding."""
    return RawDataError(
        f"{path}: expected text in utf-8, found bytes that are not. Set `encoding` of this source, for example `encoding: latin-1`."
    )


def _codec(encoding: str, path: Path) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise RawDataError(
            f"{path}: expected a known `encoding`, found {encoding!r}. Use utf-8, utf-16, latin-1, cp1252 or another of Python's."
        ) from error


def _check_gzip(text: TextFile) -> None:
    """Read a gzip file to its end: DuckDB 1.5 takes one that is cut off for a short one, and rows would be missing without a word."""
    try:
        with text.open() as stream:
            while stream.read(_PIECE):
                pass
    except (EOFError, OSError, zlib.error) as error:
        raise truncated_gzip(text.original, error) from error


def _byte_order_mark(text: TextFile) -> str | None:
    try:
        with text.open() as stream:
            head = stream.read(4)
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise truncated_gzip(text.original, error) from error
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def _copy_as_utf8(bench: Workbench, text: TextFile, encoding: str) -> TextFile:
    copy = bench.folder / f"{bench.new_name()}.csv"
    try:
        with text.open() as stream, copy.open("w", encoding="utf-8", newline="") as out:
            decoded = io.TextIOWrapper(stream, encoding=encoding, newline="")
            while piece := decoded.read(_PIECE):
                out.write(piece)
    except UnicodeError as error:
        raise RawDataError(
            f"{text.original}: expected text in {encoding}, found bytes that are not. Set `encoding` of this source to what the file is."
        ) from error
    except (EOFError, gzip.BadGzipFile) as error:
        raise truncated_gzip(text.original, error) from error
    return TextFile(copy, text.original, False)


def _outside_quotes(line: str, delimiter: str) -> int:
    return sum(part.count(delimiter) for part in line.split('"')[::2])
