"""What one reading of a dataset saw: enough for every rule to tell which files to look at again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from unicodedata import is_normalized

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from kg.check.lint import terms
from kg.check.place import written
from kg.check.shacl.literals import well_formed
from kg.source import Room, SourceFile
from kg.vocab import LABELS, RDF_TYPE, term

SH = "http://www.w3.org/ns/shacl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
MOST = 1_000
"""How many suspects of one kind are kept: enough to work on, and memory stays bounded."""

MOST_BLANK = 100_000
"""How many statements with blank nodes are kept for each file, to find their places by."""

IRI, BLANK = "an IRI", "a blank node"
"""Kinds of values beside datatypes and languages, which are written `@nb`."""

_ONTOLOGY, _SCHEME = term("owl:Ontology"), term("skos:ConceptScheme")
_NAMESPACE_OF = term("vann:preferredNamespaceUri")
_SCHEMA = frozenset(
    map(term, ("rdfs:domain", "rdfs:range", "rdfs:subClassOf", "owl:unionOf", "rdf:first", "rdf:rest",
               "owl:deprecated", "dcterms:isReplacedBy", "owl:versionIRI", "owl:priorVersion"))
)  # fmt: skip
_STRING = f"{XSD}string"
_NOTHING, _IS_TYPE, _IS_LABEL, _IS_SCHEMA, _IS_SHACL, _IS_NAMESPACE = range(6)
_FLAGS = {
    RDF_TYPE: _IS_TYPE,
    _NAMESPACE_OF: _IS_NAMESPACE,
    **dict.fromkeys(LABELS, _IS_LABEL),
    **dict.fromkeys(_SCHEMA, _IS_SCHEMA),
}

_USUAL: Mapping[str, re.Pattern[str]] = {
    "boolean": re.compile(r"true|false"),
    "integer": re.compile(r"0|-?[1-9][0-9]*"),
    "decimal": re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"),
    "time": re.compile(r"(?!24).*(?<![+-]00:00)", re.DOTALL),
}
INTEGERS = frozenset(
    ["integer", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
     "negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"]
)  # fmt: skip
_TIMES = frozenset(f"{XSD}{name}" for name in ("date", "dateTime", "dateTimeStamp", "gYear", "gYearMonth"))

Suspect = tuple[SourceFile, Quad]


@dataclass
class Uses:
    """What one file uses: the kinds of values of each property, and the IRIs that are values."""

    kinds: dict[NamedNode, set[str]] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)

    def iris(self) -> set[str]:
        """Give every IRI that stands as a predicate or as a value."""
        return self.values.union(predicate.value for predicate in self.kinds)


@dataclass(slots=True, eq=False)
class _Predicate:
    """What is known of a predicate while a file is read: one look-up for each quad."""

    node: NamedNode
    flag: int = _NOTHING
    file: SourceFile | None = None
    kinds: set[str] = field(default_factory=set)
    values: dict[str, SourceFile] | None = None


class Suspects(list[Suspect]):
    """Quads that a rule must look at, the first of them kept and all counted."""

    total = 0

    def note(self, file: SourceFile, quad: Quad) -> None:
        """Keep one more, if there is room."""
        self.total += 1
        if len(self) < MOST:
            self.append((file, quad))


class Seen:
    """One reading under way, and afterwards what it saw."""

    def __init__(self, base: str = "", today: date | None = None) -> None:
        """Begin; `base` is what the dataset's own IRIs begin with, `today` when dates begin to lie ahead."""
        self.uses: dict[SourceFile, Uses] = {}
        self.blanks: dict[SourceFile, list[Quad]] = {}
        self.subjects: dict[str, tuple[SourceFile, ...]] = {}
        self.types: dict[str, tuple[NamedNode, ...]] = {}
        self.properties: dict[str, frozenset[NamedNode]] = {}
        self.labels: dict[tuple[NamedNode, str], list[str]] = {}
        self.linking: set[str] = set()
        self.ranged: dict[NamedNode, dict[str, SourceFile]] = {}
        self.schema: list[Suspect] = []
        self.shapes: list[Suspect] = []
        self.typed: dict[str, SourceFile] = {}
        self.twice: dict[str, tuple[SourceFile, SourceFile]] = {}
        self.namespaces: set[str] = set()
        self.ill_typed, self.odd_literals = Suspects(), Suspects()
        self.odd_texts, self.dates = Suspects(), Suspects()
        self._year = f"{today.year:04}" if today else "9999"
        self._own = f"{base}id/" if base else "\0"
        self._sets: dict[frozenset[_Predicate], frozenset[NamedNode]] = {}
        self._kinds: dict[tuple[NamedNode, ...], tuple[NamedNode, ...]] = {}
        self._alone: dict[SourceFile, tuple[SourceFile, ...]] = {}
        self._predicates: dict[NamedNode, _Predicate] = {}

    @property
    def used(self) -> Mapping[SourceFile, set[str]]:
        """The IRIs that each file uses as predicates and values."""
        return {file: uses.iris() for file, uses in self.uses.items()}

    def watch(self, file: SourceFile, quads: Iterable[Quad]) -> Iterator[Quad]:
        """Pass the quads of a file through, noting what they use and define."""
        uses = self.uses.setdefault(file, Uses())
        find, values, own = self._predicates.get, uses.values, self._own
        last, name, links, about = None, "", False, set[_Predicate]()
        blanks, blank = self.blanks.setdefault(file, []), False
        for quad in quads:
            subject, value = quad.subject, quad.object
            known = find(quad.predicate)
            if known is None or known.file is not file:
                known = self._meet(file, quad.predicate, uses)
            if subject != last:
                self._done(name, links, about)
                last, name, links, about = subject, self._subject(file, subject), False, set()
                blank = type(subject) is BlankNode
            about.add(known)
            if type(value) is NamedNode:
                iri = value.value
                values.add(iri)
                known.kinds.add(IRI)
                if not links and known.flag != _IS_TYPE and iri.startswith(own):
                    links = True
                if known.values is not None:
                    known.values.setdefault(iri, file)
            elif type(value) is Literal:
                known.kinds.add(self._literal(file, quad, value))
            else:
                known.kinds.add(BLANK)
            if (blank or type(value) is BlankNode) and len(blanks) < MOST_BLANK:
                blanks.append(quad)
            if known.flag:
                self._note(known.flag, file, quad, name)
            yield quad
        self._done(name, links, about)

    def _meet(self, file: SourceFile, predicate: NamedNode, uses: Uses) -> _Predicate:
        """Give what is known of a predicate, made ready for a file that has not used it yet."""
        known = self._predicates.get(predicate)
        if known is None:
            known = self._predicates[predicate] = _Predicate(predicate)
        in_shapes = file.room is Room.SHAPES or predicate.value.startswith(SH)
        known.flag = _FLAGS.get(predicate, _IS_SHACL if in_shapes else _NOTHING)
        known.file, known.values = file, self.ranged.get(predicate)
        known.kinds = uses.kinds.setdefault(predicate, set())
        return known

    def _subject(self, file: SourceFile, subject: object) -> str:
        if not isinstance(subject, NamedNode | BlankNode):
            return ""
        name = written(subject)
        files = self.subjects.get(name)
        if files is None:
            self.subjects[name] = self._alone.setdefault(file, (file,))
        elif files[-1] is not file and file not in files:
            self.subjects[name] = (*files, file)
        return name

    def _done(self, name: str, links: bool, about: set[_Predicate]) -> None:
        """Note the properties of a subject, equal sets once, and whether it links to an own entity."""
        if not about:
            return
        key = frozenset(about)
        found = self._sets.get(key)
        if found is None:
            found = self._sets[key] = frozenset(known.node for known in about)
        before = self.properties.get(name)
        self.properties[name] = found if before is None else before | found
        if links:
            self.linking.add(name)

    def _literal(self, file: SourceFile, quad: Quad, value: Literal) -> str:
        text, language = value.value, value.language
        kind = f"@{language}" if language else value.datatype.value
        if language or kind == _STRING:
            odd = not text.isascii() and not is_normalized("NFC", text)
            if odd or (text and (text[0].isspace() or text[-1].isspace())):
                self._odd(file, quad)
        elif kind.startswith(XSD) and len(text) < MOST:
            verdict = _verdict(text, kind)
            if verdict is not None:
                (self.ill_typed if verdict == "ill" else self.odd_literals).note(file, quad)
            if kind in _TIMES and text[:4] >= self._year:
                self.dates.note(file, quad)
        return kind

    def _odd(self, file: SourceFile, quad: Quad) -> None:
        """Keep a text in an odd form; queries in shapes may be laid out as they like."""
        if not quad.predicate.value.startswith(SH):
            self.odd_texts.note(file, quad)

    def _note(self, flag: int, file: SourceFile, quad: Quad, name: str) -> None:
        if flag == _IS_TYPE:
            self._type(file, quad, name)
        elif flag == _IS_LABEL:
            self._label(quad)
        elif flag == _IS_SCHEMA:
            self.schema.append((file, quad))
            if quad.predicate.value.endswith("#range") and isinstance(quad.subject, NamedNode):
                self.ranged.setdefault(quad.subject, {})
        elif flag == _IS_NAMESPACE and isinstance(quad.object, Literal | NamedNode):
            self.namespaces.add(quad.object.value)
        if flag == _IS_SHACL or file.room is Room.SHAPES or (flag == _IS_TYPE and _is_shacl(quad.object)):
            self.shapes.append((file, quad))

    def _type(self, file: SourceFile, quad: Quad, name: str) -> None:
        kind = quad.object
        if not isinstance(quad.subject, NamedNode) or not isinstance(kind, NamedNode):
            return
        kinds = (*self.types.get(name, ()), kind)
        self.types[name] = self._kinds.setdefault(kinds, kinds)
        if file.room is Room.DATA:
            other = self.typed.setdefault(name, file)
            if other is not file:
                self.twice.setdefault(name, (other, file))
        if kind == _ONTOLOGY:
            self.namespaces.add(name if name.endswith(("#", "/")) else name + "#")
        elif kind == _SCHEME and file.room is Room.ONTOLOGY:
            self.namespaces.add(name if name.endswith(("#", "/")) else name + "/")

    def _label(self, quad: Quad) -> None:
        subject, value = quad.subject, quad.object
        if isinstance(subject, NamedNode) and isinstance(value, Literal) and len(value.value) < MOST:
            self.labels.setdefault((quad.predicate, str(value)), []).append(subject.value)

    # -- what it comes to -----------------------------------------------------------------------------

    def stated_in(self, room: Room) -> set[str]:
        """Give the IRIs that a file of this room says something about."""
        return {name for name, files in self.subjects.items() if any(file.room is room for file in files)}

    def vocabularies(self) -> Mapping[str, frozenset[str]]:
        """Give the names of every namespace that can be checked: pinned ones, and the dataset's own."""
        own: dict[str, set[str]] = {namespace: set() for namespace in self.own_namespaces()}
        for iri in (*self.stated_in(Room.ONTOLOGY), *self.typed):
            namespace, local = terms.split(iri)
            if namespace in own:
                own[namespace].add(local)
        pinned = terms.pinned()
        return {**pinned, **{ns: frozenset(names) | pinned.get(ns, frozenset()) for ns, names in own.items()}}

    def own_namespaces(self) -> set[str]:
        """Give the namespaces that the dataset's ontologies and concept schemes define terms in."""
        defined = {terms.split(iri)[0] for iri in self.stated_in(Room.ONTOLOGY)}
        return {namespace for namespace in self.namespaces if namespace in defined}


def _is_shacl(value: object) -> bool:
    return isinstance(value, NamedNode) and value.value.startswith(SH)


@lru_cache(maxsize=65536)
def _verdict(text: str, datatype: str) -> str | None:
    """Say of a form that it is `ill` (none of its datatype), `odd` (not the usual one), or nothing."""
    name = datatype.removeprefix(XSD)
    if not well_formed(text, name):
        return "ill"
    usual = _USUAL.get("integer" if name in INTEGERS else "time" if datatype in _TIMES else name)
    return "odd" if usual is not None and not usual.fullmatch(text) else None
