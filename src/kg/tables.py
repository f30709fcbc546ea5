"""How a CSV file with CSVW metadata beside it becomes triples (W3C csv2rdf, minimal mode), row by row.

The metadata model and the datatypes come from the `csvw` package; this module adds what it lacks: the
mapping to RDF, bytes as input, and problems that name row and column. Beyond minimal mode, annotations on
the table (`"dc:license": {"@id": …}`) become triples about the table's own graph: its provenance.

Left out of CSVW: foreign keys (the shapes check links), standard mode, metadata found over HTTP, schemas
and dialects in files of their own.
"""

from __future__ import annotations

import csv as csv_module
import difflib
import io
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any
from urllib.parse import quote, urljoin

import csvw
from csvw.metadata_utils import NAMESPACES
from pyoxigraph import BlankNode, Literal, NamedNode, Triple
from uritemplate import URITemplate

from kg.errors import InvalidDataError
from kg.vocab import term

METADATA_SUFFIX = "-metadata.json"
"""What stands after the name of a CSV file in the name of its metadata file."""

MOST_PROBLEMS = 100
"""How many problems an error carries; the rest are only counted."""

PROGRESS_STEP = 1000

_XSD = NAMESPACES["xsd"]
_DATATYPE_IRIS = {
    "any": _XSD + "anyAtomicType",
    "binary": _XSD + "base64Binary",
    "datetime": _XSD + "dateTime",
    "html": NAMESPACES["rdf"] + "HTML",
    "json": NAMESPACES["csvw"] + "JSON",
    "number": _XSD + "double",
    "xml": NAMESPACES["rdf"] + "XMLLiteral",
}
_ABSOLUTE = re.compile(r"https?://")
_REMEMBERED = 1024
"""How many cells and IRIs a column remembers: most columns repeat few values, and memory stays bounded."""
_KEEPS_SPACE = frozenset({"string", "json", "xml", "html", "any", "anyAtomicType"})
_ZONE = r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_YEAR = r"-?(?:[1-9][0-9]{3,}|0[0-9]{3})"
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12][0-9]|3[01])"
_DATE, _TIME = f"{_YEAR}-{_MONTH}-{_DAY}", r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_DAYS, _CLOCK = r"(?:[0-9]+D)?", r"(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?"
_MONTHS, _FLOAT = r"(?:[0-9]+Y)?(?:[0-9]+M)?", r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_FORMS = {
    "date": _DATE + _ZONE,
    "dateTime": f"{_DATE}T{_TIME}{_ZONE}",
    "datetime": f"{_DATE}T{_TIME}{_ZONE}",
    "dateTimeStamp": f"{_DATE}T{_TIME}{_ZONE.removesuffix('?')}",
    "dayTimeDuration": f"-?P(?=.){_DAYS}{_CLOCK}",
    "decimal": _FLOAT,
    "double": f"{_FLOAT}(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "duration": f"-?P(?=.){_MONTHS}{_DAYS}{_CLOCK}",
    "float": f"{_FLOAT}(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "gDay": f"---{_DAY}{_ZONE}",
    "gMonth": f"--{_MONTH}{_ZONE}",
    "gMonthDay": f"--{_MONTH}-{_DAY}{_ZONE}",
    "gYear": _YEAR + _ZONE,
    "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}",
    "number": f"{_FLOAT}(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "time": _TIME + _ZONE,
    "yearMonthDuration": f"-?P(?=.){_MONTHS}",
}
_SIGNED = ("byte", "int", "integer", "long", "negativeInteger", "nonPositiveInteger", "short")
_UNSIGNED = ("nonNegativeInteger", "positiveInteger")
_UNSIGNED += ("unsignedByte", "unsignedInt", "unsignedLong", "unsignedShort")
_FORMS |= dict.fromkeys(_SIGNED + _UNSIGNED, r"[+-]?[0-9]+")
_LEXICAL_FORMS = {name: re.compile(form) for name, form in _FORMS.items()}
"""What XML Schema lets a value look like; the `csvw` package reads more: `1_000`, `nan`, the year 206."""

_NOT_SPECIAL = re.compile(r"(?!(?:NaN|-?INF)\Z).*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong in a table: the line the row begins on (the header is 1), the column, and why."""

    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        value = f" (found {_shortened(self.value)!r})" if self.value else ""
        return f"row {self.row}{column}: {self.reason}{value}"


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


class TableError(InvalidDataError):
    """A table cannot be read, or has bad rows; carries the first of its problems and their number."""

    def __init__(
        self, path: str, problems: Sequence[RowProblem], *, total: int | None = None, hint: str | None = None
    ) -> None:
        """Say where and what, one problem a line."""
        self.path = path
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        lines = [f"{path}: {problem}." for problem in self.problems]
        if self.total > len(self.problems):
            lines.append(f"{path}: and {self.total - len(self.problems)} more.")
        super().__init__("\n".join(lines), hint=hint)


_Value = str | tuple[str, ...] | None
"""What a cell holds: a lexical form, several, or nothing."""

_Template = Callable[[Mapping[str, object]], NamedNode]
"""Makes an IRI from the values of a row. Raises ValueError if it is none."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the metadata with everything that it inherits resolved."""

    name: str
    titles: frozenset[str]
    virtual: bool
    suppressed: bool
    about: _Template | None
    property: _Template
    value: _Template | None
    read: Callable[[str], _Value]
    literal: Callable[[str], Literal]
    ordered: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose header fits its metadata; no row has been read yet."""

    iri: str
    path: str
    columns: tuple[_Column, ...]
    primary_key: tuple[str, ...]
    annotations: tuple[Triple, ...]
    _csv: bytes
    _dialect: Any

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield line number and cells of each row below the header. Raises TableError."""
        reader = _records(self._csv, self._dialect, self.path)
        for _ in range(_header_rows(self._dialect)):
            next(reader, None)
        return reader


def read_table(csv: bytes, metadata: bytes, *, table_iri: str, path: str) -> Table:
    """Fit a CSV file to its metadata; no row below the header is read.

    `table_iri` is the graph that the annotations are about and the base of relative IRIs; `path` is what
    messages call the file. Raises TableError for metadata or a header that cannot be used.
    """
    description = _description(metadata, path)
    dialect = description.inherit("dialect") or csvw.Dialect()
    templates = cache(partial(_template, base=table_iri))
    columns = tuple(_column(column, description, templates) for column in description.tableSchema.columns)
    header = _header(csv, dialect, path)
    if not columns:
        columns = tuple(_column(csvw.Column(name=name), description, templates) for name in header)
    _check_header(header, columns, dialect, path)
    key = tuple(description.tableSchema.primaryKey or ())
    _check_key(key, columns, path)
    annotations = tuple(_annotations(description, NamedNode(table_iri), path))
    return Table(table_iri, path, columns, key, annotations, csv, dialect)


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


def _checked_rows(table: Table) -> Iterator[tuple[list[Triple], list[RowProblem]]]:
    """Yield for each row its triples, or else its problems."""
    real = [column for column in table.columns if not column.virtual]
    keys: dict[tuple[str, ...], int] = {}
    for number, (line, cells) in enumerate(table.rows(), start=1):
        if len(cells) != len(real):
            reason = f"expected {len(real)} cells, found {len(cells)}"
            yield [], [RowProblem(line, "", ",".join(cells), reason)]
            continue
        values, problems = _read_cells(line, real, cells)
        problems += _key_problems(line, table.primary_key, values, keys)
        if problems:
            yield [], problems
            continue
        yield _row_triples(table, line, number, values)


def _read_cells(
    line: int, columns: Sequence[_Column], cells: Sequence[str]
) -> tuple[dict[str, Any], list[RowProblem]]:
    """Give the value of each cell by column name, and what is wrong with them."""
    values: dict[str, Any] = {}
    problems = []
    for column, cell in zip(columns, cells, strict=True):
        try:
            values[column.name] = column.read(cell)
        except ValueError as error:
            problems.append(RowProblem(line, column.name, cell, str(error)))
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
    reason = f"the same key as row {first}"
    return [RowProblem(line, ", ".join(names), ", ".join(key), reason)]


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
            return [], [RowProblem(line, column.name, str(value or ""), f"makes no IRI: {error}")]
    return made, []


def _cell_triples(column: _Column, row: dict[str, object], nobody: BlankNode) -> Iterator[Triple]:
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


# -- the CSV file


def _records(csv: bytes, dialect: Any, path: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line that each record begins on, and its cells, header included. Raises TableError."""
    reader = csv_module.reader(_lines(csv, dialect.python_encoding, path), **_format(dialect))
    begins = dialect.skipRows + 1
    while True:
        try:
            cells = next(reader, None)
        except csv_module.Error as error:
            raise TableError(path, [RowProblem(begins, "", "", f"not CSV: {error}")]) from error
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
            reason = f"byte 0x{line[error.start]:02x} is not {encoding.upper()}"
            shown = line[max(0, error.start - 20) : error.end + 20].decode("cp1252", "replace").strip()
            raise TableError(path, [RowProblem(number, "", shown, reason)], hint=_ENCODING_HINT) from error


_ENCODING_HINT = (
    'If the file is in Windows-1252, save it as UTF-8 or put "dialect": {"encoding": "windows-1252"} '
    "into its metadata."
)


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


def _header_rows(dialect: Any) -> int:
    return int(dialect.headerRowCount) if dialect.header else 0


def _header(csv: bytes, dialect: Any, path: str) -> list[str]:
    """Give the header's cells; empty if the dialect says that there is none."""
    first = next(_records(csv, dialect, path), None)
    if first is None:
        raise TableError(path, [RowProblem(1, "", "", "the file is empty, a header row was expected")])
    return first[1] if _header_rows(dialect) else []


def _check_header(header: Sequence[str], columns: Sequence[_Column], dialect: Any, path: str) -> None:
    """Raise TableError where the header does not name the metadata's columns in their order."""
    if not _header_rows(dialect):
        return
    real = [column for column in columns if not column.virtual]
    problems = [
        RowProblem(1, column.name, "", f"the column is missing{_did_you_mean(column, header)}")
        for column in real
        if not column.titles.intersection(header)
    ]
    known = frozenset[str]().union(*(column.titles for column in real))
    problems += [
        RowProblem(1, title, "", "the metadata knows no such column")
        for title in header
        if title not in known
    ]
    if not problems and len(header) == len(real):
        problems = [
            RowProblem(1, column.name, title, "the columns stand in another order than in the metadata")
            for column, title in zip(real, header, strict=True)
            if title not in column.titles
        ][:1]
    elif not problems:
        problems = [RowProblem(1, "", ",".join(header), "a column stands there twice")]
    if problems:
        raise TableError(path, problems)


def _did_you_mean(column: _Column, header: Sequence[str]) -> str:
    near = difflib.get_close_matches(column.name, header, n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def _check_key(key: Sequence[str], columns: Sequence[_Column], path: str) -> None:
    unknown = set(key) - {column.name for column in columns}
    if unknown:
        reason = f"primaryKey names no column: {', '.join(sorted(unknown))}"
        raise TableError(path + METADATA_SUFFIX, [RowProblem(1, "", "", reason)])


# -- the metadata


def _description(metadata: bytes, path: str) -> Any:
    """Give the description of the table. Raises TableError for anything the metadata model warns of."""
    place = path + METADATA_SUFFIX
    try:
        document = json.loads(metadata)
    except ValueError as error:
        raise TableError(place, [RowProblem(1, "", "", f"not JSON: {error}")]) from error
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            description = _parsed(document, path)
    except (ValueError, TypeError, AttributeError, AssertionError, KeyError) as error:
        raise TableError(place, [RowProblem(1, "", "", f"not CSVW metadata: {error}")]) from error
    if caught:
        raise TableError(place, [RowProblem(1, "", "", str(warning.message)) for warning in caught])
    return description


def _parsed(document: Any, path: str) -> Any:
    """Give the table description of a document about one table, or about several with one of this name."""
    if NAMESPACES["csvw"].rstrip("#") not in document["@context"]:
        raise ValueError("no @context http://www.w3.org/ns/csvw")
    _check_inline(document)
    if "tables" not in document:
        return csvw.Table.fromvalue(document)
    group = csvw.TableGroup.fromvalue(document)
    name = path.rpartition("/")[2]
    for table in group.tables:
        if str(table.url).rpartition("/")[2] == name:
            return table
    raise ValueError(f"no table with the url {name}")


def _check_inline(document: Any) -> None:
    """Refuse parts in files of their own: the metadata model would fetch them."""
    for part in (document, *document.get("tables", ())):
        for key in ("tableSchema", "dialect"):
            if isinstance(part.get(key), str):
                raise ValueError(f"{key} must be written out, not linked")


def _column(column: Any, table: Any, templates: Callable[[str], _Template]) -> _Column:
    """Resolve what a column inherits; `templates` makes each template once for all columns."""
    if column._parent is None:
        column._parent = table.tableSchema
    name = str(column)
    about, value = column.inherit("aboutUrl"), column.inherit("valueUrl")
    fallback = f"#{_variable_name(name)}"
    return _Column(
        name=name,
        titles=frozenset({name, *(title for found in (column.titles or {}).values() for title in found)}),
        virtual=column.virtual,
        suppressed=column.suppressOutput,
        about=templates(about.uri) if about else None,
        property=templates(getattr(column.inherit("propertyUrl"), "uri", fallback)),
        value=templates(value.uri) if value else None,
        read=_reader(column),
        literal=_literal_maker(column),
        ordered=bool(column.inherit("ordered")),
    )


def _variable_name(name: str) -> str:
    """Encode a column's name as the variables of URI templates are: letters, digits, `_`, `.`, percents."""
    return quote(name, safe="").replace("-", "%2D").replace("~", "%7E")


def _template(text: str, base: str) -> _Template:
    """Make the function that fills a URI template; it remembers what it lately made."""
    template = URITemplate(text)
    names = tuple(template.variable_names)

    @lru_cache(maxsize=_REMEMBERED)
    def made(*values: Any) -> NamedNode:
        filled = template.expand(dict(zip(names, values, strict=True)))
        return NamedNode(filled if _ABSOLUTE.match(filled) else urljoin(base, _expanded_prefix(filled)))

    return lambda row: made(*map(row.get, names))


def _expanded_prefix(text: str) -> str:
    """Spell out a prefixed name whose prefix CSVW knows; anything else stays."""
    prefix, colon, local = text.partition(":")
    namespace = NAMESPACES.get(prefix) if colon and not local.startswith("//") else None
    return namespace + local if namespace else text


def _reader(column: Any) -> Callable[[str], _Value]:
    """Make the function from a cell's text to the lexical form of its value, its values, or None."""
    datatype = column.inherit("datatype") or csvw.Datatype.fromvalue("string")
    default, separator = column.inherit("default"), column.inherit("separator")
    strip = datatype.base not in _KEEPS_SPACE
    form, lexical = _form(datatype), _normaliser(datatype)
    absent = frozenset({"", *column.inherit_null()})

    @lru_cache(maxsize=_REMEMBERED)
    def read(cell: str) -> _Value:
        text = (cell.strip() if strip else cell) or default
        parts = text.split(separator) if separator and text else [text]
        for part in parts:
            if form is not None and part not in absent and not form.pattern.fullmatch(part):
                raise ValueError(form.reason)
        value = _parsed_cell(column, datatype, text)
        if isinstance(value, list):
            pairs = zip(value, parts, strict=False)
            return tuple(lexical(item, part) for item, part in pairs if item is not None)
        return None if value is None else lexical(value, text)

    return read


def _parsed_cell(column: Any, datatype: Any, text: str) -> Any:
    """Give the value of a cell. Raises ValueError with a reason that a person can read."""
    try:
        return column.read(text)
    except (ValueError, ArithmeticError) as error:
        reason = str(error)
        if not reason or "re.compile" in reason:
            reason = f"is not a {datatype.base} of the format {datatype.format}"
        raise ValueError(reason) from error


@dataclass(frozen=True, slots=True)
class _Form:
    """What the text of a value must match as a whole, and what to say if it does not."""

    pattern: re.Pattern[str]
    reason: str


def _form(datatype: Any) -> _Form | None:
    """Give what is checked before the `csvw` package reads a value."""
    reason = f"is not of the datatype {datatype.base}"
    if datatype.base == "string" and datatype.format is not None:
        return _Form(re.compile(datatype.format), f"does not match {datatype.format}")
    if datatype.format is not None:
        return None if datatype.base in ("double", "float", "number") else _Form(_NOT_SPECIAL, reason)
    pattern = _LEXICAL_FORMS.get(datatype.base)
    return _Form(pattern, reason) if pattern else None


def _normaliser(datatype: Any) -> Callable[[Any, str], str]:
    """Make the function from a parsed value and its text to a lexical form of XML Schema.

    Text that needed no `format` to be read stays as written.
    """
    if datatype.format is None or datatype.base in ("string", "anyURI"):
        return lambda _value, text: text
    if datatype.base == "time":
        return lambda value, _text: str(value.timetz().isoformat())
    if datatype.base.lower() in ("datetime", "datetimestamp"):
        return lambda value, _text: str(value.isoformat())
    plain = csvw.Datatype.fromvalue(datatype.base)
    return lambda value, _text: str(plain.formatted(value))


def _literal_maker(column: Any) -> Callable[[str], Literal]:
    """Make the function from a lexical form to a literal with the column's datatype or language."""
    datatype = column.inherit("datatype") or csvw.Datatype.fromvalue("string")
    own = datatype.at_props.get("id")
    language = _language(column)
    if own is None and datatype.base == "string":
        return lambda text: Literal(text, language=language) if language else Literal(text)
    node = NamedNode(own or _DATATYPE_IRIS.get(datatype.base, _XSD + datatype.base))
    return lambda text: Literal(text, datatype=node)


def _language(description: Any) -> str | None:
    """Give the nearest `lang` of a column or what holds it; the metadata model does not inherit it."""
    while description is not None:
        if getattr(description, "lang", "und") != "und":
            return str(description.lang)
        description = description._parent
    return None


def _annotations(table: Any, subject: NamedNode, path: str) -> Iterator[Triple]:
    """Yield the table's common properties as triples about its graph. Raises TableError."""
    language = _context_language(table)
    for name, value in table.common_props.items():
        try:
            predicate = NamedNode(_expanded_prefix(name))
            for item in value if isinstance(value, list) else [value]:
                yield Triple(subject, predicate, _annotation(item, language))
        except (ValueError, KeyError, TypeError) as error:
            reason = f"the annotation {name} is no string, number, @id or @value: {error}"
            raise TableError(path + METADATA_SUFFIX, [RowProblem(1, "", "", reason)]) from error


def _annotation(item: Any, language: str | None) -> NamedNode | Literal:
    """Give the node that a JSON value of an annotation stands for."""
    if isinstance(item, str):
        return Literal(item, language=language) if language else Literal(item)
    if not isinstance(item, dict):
        return Literal(item)
    if "@id" in item:
        return NamedNode(_expanded_prefix(item["@id"]))
    if "@type" in item:
        return Literal(item["@value"], datatype=NamedNode(_expanded_prefix(item["@type"])))
    return Literal(item["@value"], language=item.get("@language"))


def _context_language(table: Any) -> str | None:
    """Give the `@language` of the metadata's context, the language of strings without one."""
    context = table.at_props.get("context") or (table._parent and table._parent.at_props.get("context"))
    for part in context if isinstance(context, list) else ():
        if isinstance(part, dict) and "@language" in part:
            return str(part["@language"])
    return None
