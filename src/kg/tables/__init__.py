"""How a CSV file with CSVW metadata beside it becomes triples (W3C csv2rdf, minimal mode), row by row.

The metadata model and the datatypes come from the `csvw` package; this module adds what it lacks: the
mapping to RDF, bytes as input, and problems that name row and column. Beyond minimal mode, annotations on
the table (`"dc:license": {"@id": …}`) become triples about the table's own graph: its provenance.

Left out of CSVW: foreign keys (the shapes check links), standard mode, metadata found over HTTP, schemas
and dialects in files of their own.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.errors import Bilingual
from kg.tables.problems import (
    METADATA_SUFFIX,
    MOST_PROBLEMS,
    CellError,
    RowProblem,
    TableError,
    more_problems,
    told,
)
from kg.tables.records import header_of, header_rows, records
from kg.vocab import term

if TYPE_CHECKING:
    from kg.tables.description import Column

__all__ = [
    "METADATA_SUFFIX",
    "MOST_PROBLEMS",
    "RowProblem",
    "Table",
    "TableError",
    "more_problems",
    "read_table",
    "triples",
    "triples_by_row",
]

PROGRESS_STEP = 1000


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose header fits its metadata; no row has been read yet."""

    iri: str
    path: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    annotations: tuple[Triple, ...]
    _csv: bytes
    _dialect: Any

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield line number and cells of each row below the header. Raises TableError."""
        reader = records(self._csv, self._dialect, self.path)
        for _ in range(header_rows(self._dialect)):
            next(reader, None)
        return reader


def read_table(csv: bytes, metadata: bytes, *, table_iri: str, path: str) -> Table:
    """Fit a CSV file to its metadata; no row below the header is read.

    `table_iri` is the graph that the annotations are about and the base of relative IRIs; `path` is what
    messages call the file. Raises TableError for metadata or a header that cannot be used.
    """
    from kg.tables import description  # late: it takes csvw and rdflib, which only readers of tables need

    found = description.read(metadata, table_iri, path)
    header = header_of(csv, found.dialect, path)
    columns = found.columns or found.named(header)
    if header_rows(found.dialect):
        _check_header(header, columns, path)
    _check_key(found.primary_key, columns, path)
    return Table(table_iri, path, columns, found.primary_key, found.annotations, csv, found.dialect)


def triples(
    table: Table,
    *,
    keep_going: Callable[[RowProblem], object] | None = None,
    progress: Callable[[int], object] | None = None,
) -> Iterator[Triple]:
    """Yield a table's triples, its annotations first; a triple that several rows state comes several times.

    Strict: from the first bad row on nothing more is yielded, the rest is only checked, and TableError tells
    of all. With `keep_going`, bad rows go there and good ones are yielded. `progress` hears the number of
    rows done, now and then and at the end.
    """
    yield from table.annotations
    problems: list[RowProblem] = []
    total = number = 0
    for number, (good, found) in enumerate(_checked_rows(table), start=1):
        total += len(found)
        problems.extend(found[: MOST_PROBLEMS - len(problems)])
        if keep_going is not None:
            for problem in found:
                keep_going(problem)
        if not found and (keep_going is not None or not total):
            yield from good
        if progress is not None and number % PROGRESS_STEP == 0:
            progress(number)
    if progress is not None:
        progress(number)
    if total and keep_going is None:
        raise TableError(table.path, problems, total=total, hint=_KEEP_GOING)


def triples_by_row(table: Table) -> Iterator[tuple[int, Triple]]:
    """Yield the triples of the good rows, each with the line that its row begins on."""
    for (line, _), (good, _) in zip(table.rows(), _checked_rows(table), strict=True):
        for triple in good:
            yield line, triple


_KEEP_GOING = "Mend these rows, or take the good ones with --keep-going."
_COUNT_CELLS = (
    "Empty cells have their commas too, and a cell with a comma in it stands between quotation marks.",
    "Tomme celler har også komma etter seg, og en celle med komma i står mellom anførselstegn.",
)
_ONE_ROW = (
    "Take one of the rows out, or give them different keys.",
    "Ta bort en av radene, eller gi dem ulike nøkler.",
)
_ADD_COLUMN = (
    "Add it to the table, or take it out of the metadata.",
    "Legg den til i tabellen, eller ta den ut av metadataene.",
)
_DESCRIBE_COLUMN = (
    "Describe it in the metadata, or take it out of the table.",
    "Beskriv den i metadataene, eller ta den ut av tabellen.",
)
_MISSING = "the column is missing", "kolonnen mangler"
_UNKNOWN = "the metadata knows no such column", "metadataene kjenner ingen slik kolonne"
_TWICE = "a column stands there twice", "en kolonne står der to ganger"
_OTHER_ORDER = (
    "the columns stand in another order than in the metadata",
    "kolonnene står i en annen rekkefølge enn i metadataene",
)


def _checked_rows(table: Table) -> Iterator[tuple[list[Triple], list[RowProblem]]]:
    """Yield for each row its triples, or else its problems."""
    real = [column for column in table.columns if not column.virtual]
    keys: dict[tuple[str, ...], int] = {}
    for number, (line, cells) in enumerate(table.rows(), start=1):
        if len(cells) != len(real):
            n, m = len(real), len(cells)
            reason = f"{n} cells were expected, and there are {m}", f"skulle ha {n} celler, og har {m}"
            yield [], [RowProblem(line, "", ",".join(cells), reason, _COUNT_CELLS)]
            continue
        values, problems = _read_cells(line, real, cells)
        problems += _key_problems(line, table.primary_key, values, keys)
        if problems:
            yield [], problems
            continue
        yield _row_triples(table, line, number, values)


def _read_cells(
    line: int, columns: Sequence[Column], cells: Sequence[str]
) -> tuple[dict[str, Any], list[RowProblem]]:
    """Give the value of each cell by column name, and what is wrong with them."""
    values: dict[str, Any] = {}
    problems = []
    for column, cell in zip(columns, cells, strict=True):
        try:
            values[column.name] = column.read(cell)
        except CellError as error:
            problems.append(RowProblem(line, column.name, cell, error.reason, error.hint))
    return values, problems


def _key_problems(
    line: int, names: Sequence[str], values: dict[str, Any], seen: dict[tuple[str, ...], int]
) -> list[RowProblem]:
    """Check a row's primary key against the rows before it, and remember it."""
    if not names or any(name not in values for name in names):
        return []
    key = tuple(str(values[name]) for name in names)
    first = seen.setdefault(key, line)
    if first == line:
        return []
    reason = f"the same key as row {first}", f"samme nøkkel som rad {first}"
    return [RowProblem(line, ", ".join(names), ", ".join(key), reason, _ONE_ROW)]


def _row_triples(
    table: Table, line: int, number: int, values: dict[str, Any]
) -> tuple[list[Triple], list[RowProblem]]:
    """Give the triples of a good row, or a problem where a template does not make an IRI."""
    row: dict[str, object] = {**values, "_row": number, "_sourceRow": line}
    nobody = BlankNode(f"row{number}")
    made: list[Triple] = []
    for column in table.columns:
        if column.suppressed:
            continue
        try:
            made.extend(_cell_triples(column, row, nobody))
        except ValueError as error:
            value = values.get(column.name)
            return [], [RowProblem(line, column.name, str(value or ""), *_no_iri(str(error)))]
    return made, []


def _no_iri(words: str) -> tuple[Bilingual, Bilingual | None]:
    """Give the reason, and the hint, where a template makes none."""
    (en, nb), hint = told("iri", words, ("it is none", "det er ingen"))
    return (f"makes no IRI: {en.rstrip('.')}", f"gir ingen IRI: {nb.rstrip('.')}"), hint


def _cell_triples(column: Column, row: dict[str, object], nobody: BlankNode) -> Iterator[Triple]:
    """Yield what one cell says: about whom, which property, which IRI or literals."""
    value = row.get(column.name)
    if not column.virtual and value in (None, ()):
        return
    row["_name"] = column.name
    subject = column.about(row) if column.about else nobody
    predicate = column.property(row)
    if column.value is not None:
        yield Triple(subject, predicate, column.value(row))
    elif isinstance(value, tuple) and column.ordered:
        yield from _list(subject, predicate, [column.literal(item) for item in value])
    elif isinstance(value, tuple):
        for item in value:
            yield Triple(subject, predicate, column.literal(item))
    elif isinstance(value, str):
        yield Triple(subject, predicate, column.literal(value))


def _list(subject: NamedNode | BlankNode, predicate: NamedNode, items: Sequence[Literal]) -> Iterator[Triple]:
    """Yield an RDF list and the triple that points to it."""
    nodes: list[NamedNode | BlankNode] = [BlankNode() for _ in items]
    nodes.append(term("rdf:nil"))
    yield Triple(subject, predicate, nodes[0])
    for node, item, rest in zip(nodes, items, nodes[1:], strict=False):
        yield Triple(node, term("rdf:first"), item)
        yield Triple(node, term("rdf:rest"), rest)


def _check_header(header: Sequence[str], columns: Sequence[Column], path: str) -> None:
    """Raise TableError where the header does not name the metadata's columns in their order."""
    real = [column for column in columns if not column.virtual]
    known = frozenset[str]().union(*(column.titles for column in real))
    if len(header) == 1 and header[0] not in known and (other := _OTHER_DELIMITER.search(header[0])):
        raise TableError(path, [RowProblem(1, "", header[0], *_delimited(other[0]))])
    problems = [
        RowProblem(1, column.name, "", _MISSING, _did_you_mean(column, header))
        for column in real
        if not column.titles.intersection(header)
    ]
    problems += [
        RowProblem(1, title, "", _UNKNOWN, _DESCRIBE_COLUMN) for title in header if title not in known
    ]
    if not problems and len(header) == len(real):
        problems = [
            RowProblem(1, column.name, title, _OTHER_ORDER)
            for column, title in zip(real, header, strict=True)
            if title not in column.titles
        ][:1]
    elif not problems:
        problems = [RowProblem(1, "", ",".join(header), _TWICE)]
    if problems:
        raise TableError(path, problems)


_OTHER_DELIMITER = re.compile(r"[;\t|]")


def _delimited(mark: str) -> tuple[Bilingual, Bilingual]:
    """Give the reason and the hint for a header whose cells are not parted as the metadata has it."""
    shown = json.dumps(mark)
    return (
        (f"cells seem to stand apart by {shown}", f"cellene ser ut til å være skilt med {shown}"),
        (
            f'Put "dialect": {{"delimiter": {shown}}} into the metadata.',
            f'Legg "dialect": {{"delimiter": {shown}}} inn i metadataene.',
        ),
    )


def _did_you_mean(column: Column, header: Sequence[str]) -> Bilingual:
    near = difflib.get_close_matches(column.name, header, n=1)
    return (f"Did you mean {near[0]}?", f"Mente du {near[0]}?") if near else _ADD_COLUMN


def _check_key(key: Sequence[str], columns: Sequence[Column], path: str) -> None:
    unknown = set(key) - {column.name for column in columns}
    if unknown:
        names = ", ".join(sorted(unknown))
        reason = f"primaryKey names no column: {names}", f"primaryKey nevner ingen kolonne: {names}"
        raise TableError(path + METADATA_SUFFIX, [RowProblem(None, "", "", reason)])
