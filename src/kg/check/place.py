"""Where a finding points: the file, line and column of the subject, property or value that it is about.

Nothing here runs until there is something to say, and then only the files concerned are read once more:
Turtle and its relatives by `kg.turtle`, RDF/XML by expat, tables row by row. In JSON-LD an IRI is searched
for as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg import tables, turtle
from kg.check import xmlplaces
from kg.errors import KgError, SourceError
from kg.findings import Place
from kg.source import Room, SourceFile
from kg.turtle import Lines, Span
from kg.vocab import RDF_TYPE

LARGEST_FILE = 8_000_000
"""Files of more characters than this are not read with positions: their IRIs are searched for as text."""
SEARCHES = 300
"""How many such searches a file gets; findings after that name the file alone."""
LONGEST_LINE = 2_000
"""Lines longer than this are not quoted: they are for machines."""

HEAD = 65_536
"""How many bytes the beginning of a file has."""


def written(term: NamedNode | BlankNode | Literal | Triple) -> str:
    """Give a term as findings carry it: a bare IRI, else as N-Triples writes it.

    >>> written(NamedNode("https://ex.org/x")), written(Literal("x", language="nb"))
    ('https://ex.org/x', '"x"@nb')
    """
    return term.value if isinstance(term, NamedNode) else str(term)


class Part(Enum):
    """Which token of a triple to point at."""

    SUBJECT = 0
    PREDICATE = 1
    VALUE = 2


_MISSING = frozenset(
    f"sh:{name}ConstraintComponent" for name in ("MinCount", "HasValue", "QualifiedMinCount", "SPARQL")
)
"""Constraints that are about the focus node itself: something is missing, or a query says so."""
_PROPERTY = frozenset(f"sh:{name}ConstraintComponent" for name in ("Closed", "UniqueLang"))
"""Constraints that are about the use of a property, not about one value."""
_INVERSE = re.compile(r"\(?\^\(?<([^<>]*)>\)*")
_STEP = re.compile(r"<([^<>]*)>")
_PREFIX = re.compile(r"""(?i)\bprefix\s+([^\s:]*):\s*<([^>]*)>|"([^"\s:@]*)"\s*:\s*"([^"]*)\"""")


class Stated(NamedTuple):
    """A triple of a file, its terms as findings carry them, and the spans of their tokens."""

    subject: str
    predicate: str
    value: str
    spans: tuple[Span, Span, Span]


class Text:
    """A file's text: its lines, and what it states where."""

    def __init__(self, name: str, text: str, stated: Callable[[str], Iterator[Stated]] | None = None) -> None:
        """Keep the text; `stated` reads it with positions, without it terms are searched for as text."""
        self.name = name
        self.text = text
        self._read = stated
        self._searches = 0

    @cached_property
    def lines(self) -> Lines:
        """Where its lines begin."""
        return Lines(self.text)

    @cached_property
    def stated(self) -> Sequence[Stated]:
        """Everything the file states, in order; nothing where its format has no reader."""
        if self._read is None:
            return ()
        try:
            return tuple(self._read(self.text))
        except (ValueError, KgError):
            return ()

    @cached_property
    def _by_subject(self) -> Mapping[str, Sequence[Stated]]:
        found: dict[str, list[Stated]] = {}
        for one in self.stated:
            found.setdefault(one.subject, []).append(one)
        return found

    @cached_property
    def _first(self) -> Mapping[str, Span]:
        """Where each term first stands."""
        found: dict[str, Span] = {}
        for one in self.stated:
            for term, span in zip(one[:3], one.spans, strict=True):
                if term not in found or span < found[term]:
                    found[term] = span
        return found

    def place(self, span: Span) -> Place:
        """Give the place of a span; of one over several lines the length counts what is on the first."""
        line, column = self.lines.place(span[0])
        return Place(self.name, line, column, self.lines.length(span))

    def find(self, term: str) -> Place | None:
        """Give the place where a term first stands."""
        span = self._first.get(term) or self._search(term)
        return self.place(span) if span else None

    def _search(self, term: str) -> Span | None:
        """Find an IRI as text, written out or as the prefixed names of queries and JSON-LD contexts."""
        if self.stated or term.startswith(('"', "_:")) or self._searches >= SEARCHES:
            return None
        self._searches += 1
        offset = min(
            (at for form in (f"<{term}>", f'"{term}"') if (at := self.text.find(form)) >= 0), default=-1
        )
        if offset >= 0:
            return offset, offset + len(term) + 2
        for prefix, namespace in self._prefixes.items():
            if namespace and term.startswith(namespace):
                name = re.escape(f"{prefix}:{term[len(namespace) :]}")
                if found := re.search(rf"(?<![\w:<]){name}(?![\w-]|\.\w)", self.text):
                    return found.span()
        return None

    @cached_property
    def _prefixes(self) -> Mapping[str, str]:
        pairs = re.findall(
            r"""(?i)\bprefix\s+([^\s:]*):\s*<([^>]*)>|"([^"\s:@]*)"\s*:\s*"([^"]*)\"""", self.text
        )
        return {a or c: b or d for a, b, c, d in pairs}

    def triples(
        self, subject: str, predicate: str | None = None, value: str | None = None
    ) -> Iterator[Stated]:
        """Yield what is stated about a subject, in order."""
        for one in self._by_subject.get(subject, ()):
            if predicate in (None, one.predicate) and value in (None, one.value):
                yield one


class Places:
    """Finds the places of nodes in the files of a dataset; files are read when first needed."""

    def __init__(
        self, files: Iterable[SourceFile], subjects: Mapping[str, tuple[SourceFile, ...]] | None = None
    ) -> None:
        """Keep the files in the order in which they are searched, and which files have which subject."""
        self._files = tuple(files)
        self._texts: dict[str, Text] = {}
        self._known = subjects
        self._wanted: Collection[str] | None = None

    def look_for(self, nodes: Collection[str]) -> None:
        """Keep to these nodes from now on, which spares an index of all the others."""
        self._wanted = nodes
        self.__dict__.pop("_subjects", None)

    @cached_property
    def _subjects(self) -> Mapping[str, tuple[SourceFile, ...]]:
        if self._known is not None:
            return self._known
        found: dict[str, dict[SourceFile, None]] = {}
        for file in self._files if self._wanted is None or self._wanted else ():
            for quad in file.quads(named=False):
                if isinstance(quad.subject, NamedNode | BlankNode):
                    name = written(quad.subject)
                    if self._wanted is None or name in self._wanted:
                        found.setdefault(name, {})[file] = None
        return {subject: tuple(files) for subject, files in found.items()}

    def text(self, file: SourceFile) -> Text:
        """Give a file's text, read once."""
        if file.relative not in self._texts:
            try:
                content = file.content().decode("utf-8", "replace")
            except SourceError:
                content = ""
            reader = _reader(file) if len(content) <= LARGEST_FILE else None
            self._texts[file.relative] = Text(file.relative, content, reader)
        return self._texts[file.relative]

    def head(self, file: SourceFile) -> str:
        """Give the beginning of a file's text, where prefixes are declared; nothing more is kept of it."""
        try:
            return file.content()[:HEAD].decode("utf-8", "replace")
        except SourceError:
            return ""

    def term(self, file: SourceFile, iri: str) -> Place:
        """Give the place where an IRI first stands in a file, the file alone if the line is not found."""
        return self.text(file).find(iri) or Place(file.relative)

    def stated(
        self,
        file: SourceFile,
        subject: str,
        predicate: str | None = None,
        value: str | None = None,
        *,
        part: Part = Part.SUBJECT,
    ) -> Place:
        """Give the place of a part of the first such triple in a file, the file alone if there is none."""
        text = self.text(file)
        one = next(text.triples(subject, predicate, value), None)
        return text.place(one.spans[part.value]) if one else self.term(file, subject)

    def each(self, file: SourceFile, predicate: str | None = None) -> Iterator[Stated]:
        """Yield what a file states, with one property where one is named."""
        for one in self.text(file).stated:
            if predicate in (None, one.predicate):
                yield one

    def at(self, file: SourceFile, one: Stated | None, part: Part) -> Place:
        """Give the place of a part of a triple that `each` gave; the file alone for None."""
        return self.text(file).place(one.spans[part.value]) if one else Place(file.relative)

    def of(self, files: Sequence[SourceFile], subject: str, predicate: str | None, *, part: Part) -> Place:
        """Give the place of a part of the first such triple in some files, else the first of these alone."""
        return self._first(files, subject, predicate, None, part) or Place(files[0].relative)

    def locate(
        self,
        focus: str,
        *,
        path: str | None = None,
        value: str | None = None,
        rule: str = "",
        rooms: frozenset[Room] = frozenset(Room),
    ) -> Place | None:
        """Give the place of what a result is about, all as findings carry it.

        That is the value where it is at fault, the property where its use is, else the focus node: there
        where its type is stated, or where it first stands. None where no file has it.
        """
        files = [file for file in self._subjects.get(focus, ()) if file.room in rooms]
        if path is not None and rule not in _MISSING:
            found = self._on_path(files, focus, path, value, rule)
            if found is not None:
                return found
        return self._home(files, focus) or self._mentioned(focus, rooms)

    def _on_path(
        self, files: Sequence[SourceFile], focus: str, path: str, value: str | None, rule: str
    ) -> Place | None:
        if (inverse := _INVERSE.fullmatch(path)) and value is not None:
            others = self._subjects.get(value, ())
            return self._first(others, value, inverse.group(1), focus, Part.SUBJECT)
        step = _STEP.search(path)
        if step is not None:
            return self._first(files, focus, step.group(1), None, Part.VALUE)
        part = Part.PREDICATE if rule in _PROPERTY else Part.VALUE
        return self._first(files, focus, path, value, part) or self._first(files, focus, path, None, part)

    def _first(
        self, files: Iterable[SourceFile], subject: str, predicate: str | None, value: str | None, part: Part
    ) -> Place | None:
        for file in files:
            text = self.text(file)
            for one in text.triples(subject, predicate, value):
                return text.place(one.spans[part.value])
        return None

    def _home(self, files: Sequence[SourceFile], focus: str) -> Place | None:
        there = self._first(files, focus, RDF_TYPE.value, None, Part.SUBJECT)
        if there is None and files:
            there = self.stated(files[0], focus)
        return there

    def _mentioned(self, term: str, rooms: frozenset[Room]) -> Place | None:
        """Give the first place of a node that is no subject anywhere."""
        if term.startswith("_:"):
            return None
        clue = re.split(r"[/#:]", term)[-1] if not term.startswith('"') else term[1 : term.rindex('"')]
        for file in self._files:
            if file.room in rooms and clue in self.text(file).text and (found := self.text(file).find(term)):
                return found
        return None

    def excerpt(self, place: Place) -> str | None:
        """Give the line that a place points at, if it is short enough to be read."""
        text = self._texts.get(place.file)
        if text is None or place.line is None or place.line > len(text.lines):
            return None
        line = text.lines.line(place.line)
        return line if len(line) <= LONGEST_LINE else None


def _reader(file: SourceFile) -> Callable[[str], Iterator[Stated]] | None:
    """Give what reads a file of this format with positions."""
    name, base = file.format.name if file.format else "table", file.graph.value
    if name in ("turtle", "trig"):
        return lambda text: _of_statements(turtle.statements(text, base))
    if name in ("ntriples", "nquads"):
        return lambda text: _of_statements(turtle.quads_by_line(text))
    if name == "rdfxml":
        return lambda text: (Stated(*one) for one in xmlplaces.stated(text, base))
    if name == "table":
        return lambda text: _of_table(text, file)
    return None


def _of_statements(statements: Iterable[turtle.Statement]) -> Iterator[Stated]:
    for one in statements:
        yield Stated(written(one.subject), one.predicate.value, written(one.object), one.spans)


def _of_table(text: str, file: SourceFile) -> Iterator[Stated]:
    """Yield the triples of a table, each at its row, or at the cell that holds its value as written."""
    assert file.metadata is not None
    csv, metadata = text.encode(), file.metadata.read_bytes()
    table = tables.read_table(csv, metadata, table_iri=file.graph.value, path=file.relative)
    lines = Lines(text)
    for number, triple in tables.triples_by_row(table):
        row = lines.span(number)
        cell = _cell(text, row, triple.object.value if isinstance(triple.object, Literal) else None)
        value = triple.object
        yield Stated(written(triple.subject), triple.predicate.value, written(value), (row, row, cell))


def _cell(text: str, row: Span, value: str | None) -> Span:
    """Find a cell by its text; the row where no cell says just that."""
    if not value:
        return row
    found = re.compile(rf'(?<![^,;\t"\n]){re.escape(value)}(?![^,;\t"\r\n])').search(text, *row)
    return found.span() if found else row
