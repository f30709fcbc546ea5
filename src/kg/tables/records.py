"""How the bytes of a CSV file become records, each with the line it begins on."""

from __future__ import annotations

import csv as csv_module
import io
from collections.abc import Iterator, Sequence
from typing import Any

from kg.tables.problems import METADATA_SUFFIX, RowProblem, TableError, told


def records(csv: bytes, dialect: Any, path: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line that each record begins on, and its cells, header included. Raises TableError."""
    try:
        reader = csv_module.reader(_lines(csv, dialect.python_encoding, path), **_format(dialect))
    except TypeError as error:
        reason, hint = told("csv", str(error), _NOT_CSV)
        raise TableError(path + METADATA_SUFFIX, [RowProblem(None, "", "", reason, hint)]) from error
    begins = 1
    while True:
        try:
            cells = next(reader, None)
        except csv_module.Error as error:
            raise TableError(
                path, [RowProblem(begins, "", "", *told("csv", str(error), _NOT_CSV))]
            ) from error
        if cells is None:
            return
        if begins > dialect.skipRows and not _skipped(cells, dialect):
            yield begins, [dialect.trimmer(cell) for cell in cells[dialect.skipColumns :]]
        begins = reader.line_num + 1


def _lines(csv: bytes, encoding: str, path: str) -> Iterator[str]:
    """Yield the lines of a file as text. Raises TableError where they are not in the encoding."""
    for number, line in enumerate(io.BytesIO(csv.removeprefix(b"\xef\xbb\xbf")), start=1):
        try:
            yield line.decode(encoding)
        except UnicodeDecodeError as error:
            byte, name = f"byte 0x{line[error.start]:02X}", encoding.upper()
            reason = f"{byte} is not {name}", f"{byte} er ikke {name}"
            shown = line[max(0, error.start - 20) : error.end + 20].decode("cp1252", "replace").strip()
            raise TableError(path, [RowProblem(number, "", shown, reason, _OTHER_ENCODING)]) from error


_OTHER_ENCODING = (
    'If the file is in Windows-1252, save it as UTF-8 or put "dialect": {"encoding": "windows-1252"} '
    "into its metadata.",
    'Er filen i Windows-1252, så lagre den som UTF-8 eller legg "dialect": {"encoding": "windows-1252"} '
    "inn i metadataene.",
)
_NOT_CSV = "not CSV", "ikke CSV"


def _format(dialect: Any) -> dict[str, Any]:
    return {
        "delimiter": dialect.delimiter,
        "quotechar": dialect.quoteChar,
        "quoting": csv_module.QUOTE_MINIMAL if dialect.quoteChar else csv_module.QUOTE_NONE,
        "doublequote": dialect.doubleQuote,
        "escapechar": None if dialect.doubleQuote else "\\",
        "skipinitialspace": dialect.skipInitialSpace,
        "strict": True,
    }


def _skipped(cells: Sequence[str], dialect: Any) -> bool:
    """Tell whether a record is no row: blank where blanks are skipped, or a comment."""
    if not any(cells):
        return bool(dialect.skipBlankRows) or not cells
    return bool(dialect.commentPrefix) and cells[0].startswith(dialect.commentPrefix)


def header_rows(dialect: Any) -> int:
    """Give the number of records above the first row."""
    return int(dialect.headerRowCount) if dialect.header else 0


_EMPTY = "the file is empty, a header row was expected", "filen er tom, og skulle ha hatt en overskriftsrad"


def header_of(csv: bytes, dialect: Any, path: str) -> list[str]:
    """Give the header's cells; empty if the dialect says that there is none."""
    first = next(records(csv, dialect, path), None)
    if first is None:
        raise TableError(path, [RowProblem(1, "", "", _EMPTY)])
    return first[1] if header_rows(dialect) else []
