"""Where a finding points: the file, line and column of the subject, property or value that it is about.

Nothing here runs until there is something to say, and then only the files concerned are read once more:
Turtle and its relatives by `kg.turtle`, RDF/XML by expat, tables row by row. In JSON-LD an IRI is searched
for as text.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from kg import tables, turtle
from kg.check import blanks, xmlplaces
from kg.check.shacl.shapes import Step, read_step
from kg.errors import KgError, SourceError
from kg.findings import Place
from kg.source import Room, SourceFile
from kg.turtle import Chunk, Lines, Span
from kg.vocab import RDF_TYPE

LARGEST_FILE = 8_000_000
"""How many characters of one file are read with positions: in formats that can only be read as a whole,
larger files are searched as text; in the others, rules that look at every use of a property stop there."""
SEARCHES = 300
"""How many such searches a file gets; findings after that name the file alone."""
LONGEST_LINE = 2_000
"""Lines longer than this are not quoted: they are for machines."""

FARTHEST = 1_000
"""How many nodes a path of any length is followed to, to find where it ends."""
CHUNKS = 1_000
"""How many chunks of a text are kept as they were read, before some are forgotten."""


def written(term: NamedNode | BlankNode | Literal | Triple) -> str:
    """Give a term as findings carry it: a bare IRI, else as N-Triples writes it.

    >>> written(NamedNode("https://ex.org/x")), written(Literal("x", language="nb"))
    ('https://ex.org/x', '"x"@nb')
    """
    return term.value if isinstance(term, NamedNode) else str(term)


_Reached = dict[str, Sequence[SourceFile]]
"""Nodes, with the files that say something about them."""


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
_QUOTES = re.compile("\"{3}|'{3}|[\"']")
_INVERSE = re.compile(r"\(?\^\(?<([^<>]*)>\)*")
_JSON_BASE = re.compile(r'"@base"\s*:\s*"([^"]*)"')
_WORD = re.compile(r"\w+")
_STEP = re.compile(r"<([^<>]*)>")
_PREFIX = re.compile(r"""(?i)\bprefix\s+([^\s:]*):\s*<([^>]*)>|"([^"\s:@]*)"\s*:\s*"([^"]*)\"""")


class Stated(NamedTuple):
    """A triple of a file, its terms as findings carry them, and the spans of their tokens."""

    subject: str
    predicate: str
    value: str
    spans: tuple[Span, Span, Span]

    def matches(self, subject: str, predicate: str | None, value: str | None) -> bool:
        """True if the terms are these; None is any."""
        return self.subject == subject and predicate in (None, self.predicate) and value in (None, self.value)

    def spans_of(self, term: str) -> Iterator[Span]:
        """Yield the spans where a term stands."""
        for mine, span in zip(self[:3], self.spans, strict=True):
            if mine == term:
                yield span


@dataclass(frozen=True, slots=True)
class Reader:
    """How a format is read with positions: in which chunks it comes, and what a chunk states."""

    split: Callable[[str], Iterator[Chunk]]
    read: Callable[[str, Chunk], Iterator[Stated]]


class _Chunks:
    """Where the chunks of a text are, packed, as there may be millions of them; and which is about what."""

    def __init__(self, subjects: Collection[str] | None) -> None:
        """Begin; where subjects are given, others are not looked for."""
        self.starts, self.ends = array("q"), array("q")
        self.by_subject: dict[str | None, list[int]] = {}
        self._subjects = subjects
        self._around: list[tuple[str | None, dict[str, str]]] = []
        self._which = array("l")

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, number: int) -> Chunk:
        base, prefixes = self._around[self._which[number]]
        return Chunk(self.starts[number], self.ends[number], None, base, prefixes)

    def add(self, chunk: Chunk) -> None:
        """Add one, behind those there are."""
        around = (chunk.base, chunk.prefixes)
        if not self._around or self._around[-1] != around:
            self._around.append(around)
        if self._subjects is None or chunk.subject is None or chunk.subject in self._subjects:
            self.by_subject.setdefault(chunk.subject, []).append(len(self.starts))
        self.starts.append(chunk.start)
        self.ends.append(chunk.end)
        self._which.append(len(self._around) - 1)


class Text:
    """A file's text: its lines, and what it states where. Only the chunks that are asked for are read."""

    def __init__(self, name: str, text: str, reader: Reader | None = None) -> None:
        """Keep the text; without a reader, terms are searched for as text."""
        self.name = name
        self.text = text
        self._reader = reader
        self._known: dict[int, Sequence[Stated]] = {}
        self._grouped: dict[int, Mapping[str, Sequence[Stated]]] = {}
        self._room = CHUNKS
        self._expected: Collection[str] | None = None
        self.begin()

    def expect(self, subjects: Collection[str]) -> None:
        """Let a large text know which subjects it will be asked for: an index of all takes much memory."""
        if len(self.text) > LARGEST_FILE and "_chunks" not in self.__dict__:
            self._expected = subjects

    def begin(self) -> None:
        """Count searches anew."""
        self._searches = 0
        self.cut = False

    @cached_property
    def lines(self) -> Lines:
        """Where its lines begin."""
        return Lines(self.text)

    @cached_property
    def _chunks(self) -> _Chunks:
        found = _Chunks(self._expected)
        with suppress(ValueError, KgError):
            for chunk in self._reader.split(self.text) if self._reader else ():
                found.add(chunk)
            return found
        return _Chunks(self._expected)

    def _numbers(self, subject: str) -> Sequence[int]:
        """Give the chunks that are about a subject, or may be."""
        if self._expected is not None and subject not in self._expected:
            self._expected = None
            del self._chunks
        by_subject = self._chunks.by_subject
        return sorted((*by_subject.get(subject, ()), *by_subject.get(None, ())))

    def _stated(self, number: int) -> Sequence[Stated]:
        """Read one chunk, and keep it for a while; for good if it has blank nodes, which get labels then."""
        if number not in self._known:
            if len(self._known) >= self._room:
                self._forget()
            with suppress(ValueError, KgError):
                self._known[number] = tuple(
                    self._reader.read(self.text, self._chunks[number]) if self._reader else ()
                )
        return self._known.setdefault(number, ())

    def _forget(self) -> None:
        self._grouped.clear()
        self._known = {
            number: some
            for number, some in self._known.items()
            if any(blanks.is_blank(one.subject) or blanks.is_blank(one.value) for one in some)
        }
        self._room = len(self._known) + CHUNKS

    def _stated_of(self, number: int) -> Mapping[str, Sequence[Stated]]:
        """Give what one chunk states, by subject: a chunk may be a whole table."""
        stated = self._stated(number)
        if number not in self._grouped:
            found: dict[str, list[Stated]] = {}
            for one in stated:
                found.setdefault(one.subject, []).append(one)
            self._grouped[number] = found
        return self._grouped[number]

    def _mentioning(self, term: str) -> Iterator[int]:
        """Yield the chunks that have the last word of a term in them, or all where it has no such word."""
        clue = _WORD.findall(term.rpartition('"')[0] or term)[-1:]
        if not clue or term == RDF_TYPE.value:
            yield from range(len(self._chunks))
            return
        last = -1
        for found in re.finditer(re.escape(clue[0]), self.text):
            number = bisect_right(self._chunks.starts, found.start()) - 1
            if number > last:
                last = number
                yield number

    def stated(self, predicate: str | None = None) -> Iterator[Stated]:
        """Yield what the file states, in order; with one property where one is named."""
        read = 0
        for number in self._mentioning(predicate or ""):
            read += self._chunks.ends[number] - self._chunks.starts[number]
            if read > LARGEST_FILE:
                self.cut = True
                return
            for one in self._stated(number):
                if predicate in (None, one.predicate):
                    yield one

    def triples(
        self, subject: str, predicate: str | None = None, value: str | None = None
    ) -> Iterator[Stated]:
        """Yield what is stated about a subject, in order."""
        for one in self._about(subject):
            if one.matches(subject, predicate, value):
                yield one

    def _about(self, subject: str) -> Iterator[Stated]:
        """Yield what may be about a subject; blank nodes may be described inside others' statements."""
        if blanks.is_blank(subject):
            yield from self._about_blank.get(subject, ())
            return
        for number in self._numbers(subject):
            yield from self._stated_of(number).get(subject, ())

    @cached_property
    def _about_blank(self) -> Mapping[str, Sequence[Stated]]:
        found: dict[str, list[Stated]] = {}
        for one in self.stated():
            if blanks.is_blank(one.subject):
                found.setdefault(one.subject, []).append(one)
        return found

    def place(self, span: Span) -> Place:
        """Give the place of a span; of one over several lines the length counts what is on the first."""
        line, column = self.lines.place(span[0])
        return Place(self.name, line, column, self.lines.length(span))

    def find(self, term: str) -> Place | None:
        """Give the place where a term first stands."""
        for number in self._mentioning(term):
            spans = [span for one in self._stated(number) for span in one.spans_of(term)]
            if spans:
                return self.place(min(spans))
        span = None if len(self._chunks) else self._search(term)
        return self.place(span) if span else None

    def _search(self, term: str) -> Span | None:
        """Find an IRI as text, written out or as the prefixed names of queries and JSON-LD contexts."""
        if term.startswith(('"', "_:")) or self._searches >= SEARCHES:
            return None
        self._searches += 1
        if described := self._described(term):
            return described
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

    def _described(self, iri: str) -> Span | None:
        """Find the node object of JSON-LD that describes a node, not one that only names it."""
        if self._names_nodes is None:
            return None
        base = self._names_nodes
        names = [iri, *(f"{p}:{iri[len(n) :]}" for p, n in self._prefixes.items() if n and iri.startswith(n))]
        if base and iri.startswith(base[: base.rfind("/") + 1]):
            names += [iri[base.rfind("/") + 1 :], iri.removeprefix(base)]
        name = "|".join(re.escape(json.dumps(one, ensure_ascii=False)) for one in names if one)
        found = re.search(rf'"@?id"\s*:\s*({name})\s*,|,\s*"@?id"\s*:\s*({name})', self.text)
        return found and found.span(found.lastindex or 0)

    @cached_property
    def _names_nodes(self) -> str | None:
        """The base of a JSON-LD document as far as it says, None for any other text."""
        if self._reader is not None or not re.match(r"\s*[\[{]", self.text):
            return None
        found = _JSON_BASE.search(self.text)
        return found.group(1) if found else ""

    @cached_property
    def _prefixes(self) -> Mapping[str, str]:
        return {a or c: b or d for a, b, c, d in _PREFIX.findall(self.text)}


class Places:
    """Finds the places of nodes in the files of a dataset; files are read when first needed."""

    def __init__(
        self,
        files: Iterable[SourceFile],
        subjects: Mapping[str, tuple[SourceFile, ...]] | None = None,
        blank: Mapping[SourceFile, Sequence[Quad]] | None = None,
        texts: dict[str, Text] | None = None,
    ) -> None:
        """Keep the files in the order in which they are searched, and what a reading saw of them.

        That is which files have which subject, and their statements with blank nodes: without these, blank
        nodes have no place, as every reading gives them other labels. `texts` are those that earlier places
        read of files that are as they were; what is read is added.
        """
        self._blank = {} if blank is None else blank
        self._matched: dict[SourceFile, Mapping[str, str]] = {}
        self._files = tuple(files)
        self._texts: dict[str, Text] = {}
        self._earlier = {} if texts is None else texts
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
            text = self._earlier.get(file.relative) or self._new_text(file)
            text.begin()
            text.expect(self._wanted or ())
            self._texts[file.relative] = self._earlier[file.relative] = text
        return self._texts[file.relative]

    def _new_text(self, file: SourceFile) -> Text:
        try:
            content = file.content().decode("utf-8", "replace")
        except SourceError:
            content = ""
        reader = _reader(file)
        if reader is not None and reader.split is _whole and len(content) > LARGEST_FILE:
            reader = None
        return Text(file.relative, content, reader)

    def cut(self) -> Iterator[str]:
        """Yield the files that were too large to look at every use of a property."""
        yield from (text.name for text in self._texts.values() if text.cut)

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
        yield from self.text(file).stated(predicate)

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
        if blanks.is_blank(focus) and files:
            focus = self._ours(files[0], focus)
        if value is not None and blanks.is_blank(value) and files:
            value = self._ours(files[0], value)
        if path is not None and rule not in _MISSING:
            found = self._on_path(files, focus, path, value, rule)
            if found is not None:
                return found
        return self._home(files, focus) or self._mentioned(focus, rooms)

    def _ours(self, file: SourceFile, label: str) -> str:
        """Give the label that a blank node has when a file is read with positions."""
        if file not in self._matched:
            ours = (one[:3] for one in self.text(file).stated())
            said = (one for one in ours if blanks.is_blank(one[0]) or blanks.is_blank(one[2]))
            self._matched[file] = blanks.matched(blanks.spoken(self._blank.get(file, ())), said)
        return self._matched[file].get(label, label)

    def _on_path(
        self, files: Sequence[SourceFile], focus: str, path: str, value: str | None, rule: str
    ) -> Place | None:
        if (inverse := _INVERSE.fullmatch(path)) and value is not None:
            others = self._subjects.get(value, ())
            return self._first(others, value, inverse.group(1), focus, Part.SUBJECT)
        first = _STEP.search(path)
        if first is not None:
            there = self._at_end(files, focus, read_step(path), value) if value is not None else None
            return there or self._first(files, focus, first.group(1), None, Part.VALUE)
        part = Part.PREDICATE if rule in _PROPERTY else Part.VALUE
        return self._first(files, focus, path, value, part) or self._first(files, focus, path, None, part)

    def _at_end(self, files: Sequence[SourceFile], focus: str, path: Step, value: str | None) -> Place | None:
        """Give the place of a value at the end of several steps, the last of which is a property."""
        *before, last = path.parts if path.kind == "/" else (path,)
        if last.predicate is None:
            return None
        there: _Reached = {focus: tuple(files)}
        for step in before:
            there = self._reached(there, step)
        each = (self._first(at, node, last.predicate.value, value, Part.VALUE) for node, at in there.items())
        return next(filter(None, each), None)

    def _reached(self, starts: _Reached, step: Step) -> _Reached:
        """Give the nodes that a path leads to, with the files about them; nothing for paths backwards."""
        if step.predicate is not None:
            return dict(self._following(starts, step.predicate.value))
        if step.kind == "/":
            for part in step.parts:
                starts = self._reached(starts, part)
            return starts
        if step.kind == "|":
            return {node: at for part in step.parts for node, at in self._reached(starts, part).items()}
        found: _Reached = dict(starts) if step.kind in ("*", "?") else {}
        new = {} if step.kind == "^" else self._reached(starts, step.parts[0])
        while new and len(found) < FARTHEST:
            found |= new
            ahead = self._reached(new, step.parts[0]) if step.kind != "?" else {}
            new = {node: at for node, at in ahead.items() if node not in found}
        return found

    def _following(self, starts: _Reached, predicate: str) -> Iterator[tuple[str, Sequence[SourceFile]]]:
        for node, files in starts.items():
            for file in files:
                for one in self.text(file).triples(node, predicate):
                    near = blanks.is_blank(one.value)
                    yield one.value, (file,) if near else self._subjects.get(one.value, ())

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
        if blanks.is_blank(term):
            return None
        clue = re.split(r"[/#:]", term)[-1] if not term.startswith('"') else term[1 : term.rindex('"')]
        for file in self._files:
            if file.room in rooms and clue in self.text(file).text and (found := self.text(file).find(term)):
                return found
        return None

    def inside(self, place: Place, at: int) -> Place:
        """Give the place at an offset in a literal that is at a place; that itself where escapes hide it."""
        text = self._texts.get(place.file)
        if text is None or not place.line or not place.column:
            return place
        start = text.lines.offset(place.line, place.column)
        quotes = _QUOTES.match(text.text, start)
        if quotes is None or "\\" in text.text[start : quotes.end() + at]:
            return place
        return text.place((quotes.end() + at, quotes.end() + at + 1))

    def excerpt(self, place: Place) -> str | None:
        """Give the line that a place points at, if it is short enough to be read."""
        text = self._texts.get(place.file)
        if text is None or place.line is None or place.line > len(text.lines):
            return None
        line = text.lines.line(place.line)
        return line if len(line) <= LONGEST_LINE else None


def _reader(file: SourceFile) -> Reader | None:
    """Give what reads a file of this format with positions."""
    name, base = file.format.name if file.format else "table", file.graph.value
    labels: dict[str, BlankNode] = {}
    if name == "turtle":
        return Reader(
            lambda text: turtle.chunks(text, base),
            lambda text, chunk: _of_statements(turtle.statements_in(text, chunk, labels)),
        )
    if name in ("ntriples", "nquads"):
        return Reader(
            turtle.lines_in, lambda text, chunk: _of_statements(turtle.quads_in_line(text, chunk, labels))
        )
    if name == "trig":
        return Reader(_whole, lambda text, _: _of_statements(turtle.statements(text, base)))
    if name == "rdfxml":
        return Reader(_whole, lambda text, _: (Stated(*one) for one in xmlplaces.stated(text, base)))
    if name == "table":
        return Reader(_whole, lambda text, _: _of_table(text, file))
    return None


def _whole(text: str) -> Iterator[Chunk]:
    yield Chunk(0, len(text), None, None, {})


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
