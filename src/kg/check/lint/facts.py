"""What one file says and uses, as far as the rules want to know: gathered while its statements pass by."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple
from unicodedata import is_normalized

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from kg.check.lint import terms
from kg.check.place import written
from kg.check.shacl.literals import well_formed
from kg.source import Room
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
_TERMS = frozenset(
    term(name)
    for name in ("owl:Class", "rdfs:Class", "owl:ObjectProperty", "owl:DatatypeProperty", "rdf:Property")
)
_NAMESPACE_OF, _RANGE = term("vann:preferredNamespaceUri"), term("rdfs:range")
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


class Around(NamedTuple):
    """What the facts of a file depend on beside its statements.

    That is what the dataset's own entities begin with, the year in which dates begin to lie ahead, and the
    properties that files before it declare a range for.
    """

    own: str
    year: str
    ranged: frozenset[NamedNode]

    @property
    def base(self) -> str:
        """What the dataset's own IRIs begin with."""
        return self.own.removesuffix("id/")


class Said(NamedTuple):
    """What is said of a subject: which properties it has, and its types."""

    properties: frozenset[NamedNode]
    types: tuple[NamedNode, ...]


@dataclass(eq=False)
class Facts:
    """What one file says: of its subjects, which labels there are, what looks odd, and so on.

    `kinds` has the kinds of values of each property, `values` the IRIs that are values, `ranged` those of
    the properties with a range, `ranges` the properties that the file declares one for.
    """

    kinds: dict[NamedNode, set[str]] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)
    blanks: list[Quad] = field(default_factory=list)
    subjects: dict[str, Said] = field(default_factory=dict)
    labels: dict[tuple[NamedNode, str], list[str]] = field(default_factory=dict)
    linking: set[str] = field(default_factory=set)
    ranged: dict[NamedNode, dict[str, None]] = field(default_factory=dict)
    ranges: set[NamedNode] = field(default_factory=set)
    schema: list[Quad] = field(default_factory=list)
    shapes: list[Quad] = field(default_factory=list)
    namespaces: set[str] = field(default_factory=set)
    ill_typed: list[Quad] = field(default_factory=list)
    odd_literals: list[Quad] = field(default_factory=list)
    odd_texts: list[Quad] = field(default_factory=list)
    dates: list[Quad] = field(default_factory=list)

    @cached_property
    def typed(self) -> frozenset[str]:
        """The nodes whose type is stated."""
        return frozenset(name for name, said in self.subjects.items() if said.types)

    @cached_property
    def kinds_of_subjects(self) -> tuple[Said, ...]:
        """What is said of subjects, each once."""
        return tuple({id(said): said for said in self.subjects.values()}.values())

    @cached_property
    def iris(self) -> frozenset[str]:
        """Every IRI that stands as a predicate or as a value."""
        return frozenset(self.values.union(predicate.value for predicate in self.kinds))

    @cached_property
    def leads(self) -> tuple[tuple[str, NamedNode, str], ...]:
        """The triples that may lead from one shape to another, or to what it targets."""
        quads = (*self.shapes, *self.schema)
        return tuple((written(quad.subject), quad.predicate, written(quad.object)) for quad in quads)

    @cached_property
    def entities(self) -> frozenset[str]:
        """The IRIs that are values, without fragments."""
        return frozenset({iri.partition("#")[0] if "#" in iri else iri for iri in self.values})

    @cached_property
    def terms(self) -> Mapping[str, tuple[str, ...]]:
        """The same by what may be their namespaces, as local names."""
        found: dict[str, list[str]] = {}
        for iri in self.iris:
            namespace, local = terms.split(iri)
            found.setdefault(namespace, []).append(local)
        return {namespace: tuple(names) for namespace, names in found.items()}


def gathered(quads: Iterable[Quad], room: Room, around: Around) -> Facts:
    """Give the facts of a file with these statements."""
    facts = Facts()
    deque(gather(facts, quads, room, around), maxlen=0)
    return facts


def gather(facts: Facts, quads: Iterable[Quad], room: Room, around: Around) -> Iterator[Quad]:
    """Pass the statements of a file through, and note its facts."""
    return _Gathering(facts, room, around).watch(quads)


@dataclass(slots=True, eq=False)
class _Predicate:
    """What is known of a predicate while a file is read: one look-up for each quad."""

    node: NamedNode
    flag: int
    kinds: set[str]
    values: dict[str, None] | None


class _Gathering:
    """One reading of a file under way."""

    def __init__(self, facts: Facts, room: Room, around: Around) -> None:
        self._facts, self._room, self._around = facts, room, around
        self._known: dict[tuple[frozenset[_Predicate], tuple[NamedNode, ...]], Said] = {}
        self._types: list[NamedNode] = []
        self._predicates: dict[NamedNode, _Predicate] = {}

    def watch(self, quads: Iterable[Quad]) -> Iterator[Quad]:
        """Pass quads through."""
        find, values, own = self._predicates.get, self._facts.values, self._around.own
        last, name, links, about = None, "", False, set[_Predicate]()
        blanks, blank = self._facts.blanks, False
        for quad in quads:
            subject, value = quad.subject, quad.object
            known = find(quad.predicate) or self._meet(quad.predicate)
            if subject != last:
                self._done(name, links, about)
                last, name, links, about = subject, written(subject), False, set()
                blank = type(subject) is BlankNode
            about.add(known)
            if type(value) is NamedNode:
                iri = value.value
                values.add(iri)
                known.kinds.add(IRI)
                if not links and known.flag != _IS_TYPE and iri.startswith(own):
                    links = True
                if known.values is not None:
                    known.values[iri] = None
            elif type(value) is Literal:
                known.kinds.add(self._literal(quad, value))
            else:
                known.kinds.add(BLANK)
            if (blank or type(value) is BlankNode) and len(blanks) < MOST_BLANK:
                blanks.append(quad)
            if known.flag:
                self._note(known.flag, quad, name)
            yield quad
        self._done(name, links, about)

    def _meet(self, predicate: NamedNode) -> _Predicate:
        """Give what there is to know of a predicate that the file has not used yet."""
        facts = self._facts
        in_shapes = self._room is Room.SHAPES or predicate.value.startswith(SH)
        is_ranged = predicate in self._around.ranged or predicate in facts.ranges
        known = self._predicates[predicate] = _Predicate(
            predicate,
            _FLAGS.get(predicate, _IS_SHACL if in_shapes else _NOTHING),
            facts.kinds.setdefault(predicate, set()),
            facts.ranged.setdefault(predicate, {}) if is_ranged else None,
        )
        return known

    def _done(self, name: str, links: bool, about: set[_Predicate]) -> None:
        """Note what was said of a subject, the same things once, and whether it links to an own entity."""
        if not about:
            return
        key = frozenset(about), tuple(self._types)
        self._types.clear()
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Said(frozenset(known.node for known in about), key[1])
        before = self._facts.subjects.setdefault(name, found)
        if before is not found:
            both = Said(before.properties | found.properties, before.types + found.types)
            self._facts.subjects[name] = both
        if links:
            self._facts.linking.add(name)

    def _literal(self, quad: Quad, value: Literal) -> str:
        """Give the kind of a literal, and note if it looks odd."""
        text, language = value.value, value.language
        kind = f"@{language}" if language else value.datatype.value
        if language or kind == _STRING:
            odd = not text.isascii() and not is_normalized("NFC", text)
            if odd or (text and (text[0].isspace() or text[-1].isspace())):
                self._odd(quad)
        elif kind.startswith(XSD) and len(text) < MOST:
            verdict = _verdict(text, kind)
            if verdict is not None:
                _keep(self._facts.ill_typed if verdict == "ill" else self._facts.odd_literals, quad)
            if kind in _TIMES and text[:4] >= self._around.year:
                _keep(self._facts.dates, quad)
        return kind

    def _odd(self, quad: Quad) -> None:
        """Keep a text in an odd form; queries in shapes may be laid out as they like."""
        if not quad.predicate.value.startswith(SH):
            _keep(self._facts.odd_texts, quad)

    def _note(self, flag: int, quad: Quad, name: str) -> None:
        if flag == _IS_TYPE:
            self._type(quad, name)
        elif flag == _IS_LABEL:
            self._label(quad)
        elif flag == _IS_SCHEMA:
            self._facts.schema.append(quad)
            if quad.predicate == _RANGE and isinstance(quad.subject, NamedNode):
                self._facts.ranges.add(quad.subject)
        elif flag == _IS_NAMESPACE and isinstance(quad.object, Literal | NamedNode):
            self._facts.namespaces.add(quad.object.value)
        if flag == _IS_SHACL or self._room is Room.SHAPES or (flag == _IS_TYPE and _is_shacl(quad.object)):
            self._facts.shapes.append(quad)

    def _type(self, quad: Quad, name: str) -> None:
        kind = quad.object
        if not isinstance(quad.subject, NamedNode) or not isinstance(kind, NamedNode):
            return
        self._types.append(kind)
        if kind == _ONTOLOGY:
            self._facts.namespaces.add(name if name.endswith(("#", "/")) else name + "#")
        elif kind == _SCHEME and self._room is Room.ONTOLOGY:
            self._facts.namespaces.add(name if name.endswith(("#", "/")) else name + "/")
        elif kind in _TERMS and self._room is Room.ONTOLOGY and name.startswith(self._around.base):
            self._facts.namespaces.add(terms.split(name)[0])

    def _label(self, quad: Quad) -> None:
        subject, value = quad.subject, quad.object
        if isinstance(subject, NamedNode) and isinstance(value, Literal) and len(value.value) < MOST:
            self._facts.labels.setdefault((quad.predicate, str(value)), []).append(subject.value)


def _keep(suspects: list[Quad], quad: Quad) -> None:
    if len(suspects) < MOST:
        suspects.append(quad)


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
