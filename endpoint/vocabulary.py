"""What a snapshot's ontology and shapes say about how to show and name things; read once a snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store

from endpoint.site import opened
from kg.derive import read_axioms
from kg.jsonld import Property, declared
from kg.snapshot import MODELS, settled
from kg.vocab import RDF_TYPE, RDFS_LABEL, term

_SH = {
    name: term(f"sh:{name}")
    for name in ("targetClass", "property", "path", "inversePath", "name", "group", "order", "deactivated")
}
_COMMON_INVERSES = (
    ("skos:broader", "skos:narrower"),
    ("skos:topConceptOf", "skos:hasTopConcept"),
    ("dcterms:hasPart", "dcterms:isPartOf"),
    ("dcterms:hasVersion", "dcterms:isVersionOf"),
    ("dcterms:replaces", "dcterms:isReplacedBy"),
    ("foaf:primaryTopic", "foaf:isPrimaryTopicOf"),
    ("prov:wasDerivedFrom", "prov:hadDerivation"),
)


@dataclass(frozen=True, slots=True)
class Field:
    """One property as a shape lays it out on the page of a class."""

    path: str
    inverse: bool
    names: Mapping[str, str]
    group: str | None
    order: float


@dataclass(frozen=True, slots=True)
class Group:
    """A heading that fields stand under."""

    iri: str
    labels: Mapping[str, str]
    order: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What pages and contexts need to know beyond the statements themselves."""

    fields: Mapping[str, tuple[Field, ...]]
    groups: Mapping[str, Group]
    inverses: Mapping[str, frozenset[str]]
    superproperties: Mapping[str, frozenset[str]]
    properties: Mapping[str, Property]

    def fields_of(self, types: Sequence[str]) -> tuple[Field, ...]:
        """Give the fields of a thing with these classes, in order, each path once."""
        found: dict[tuple[str, bool], Field] = {}
        for type_iri in types:
            for field in self.fields.get(type_iri, ()):
                found.setdefault((field.path, field.inverse), field)
        return tuple(sorted(found.values(), key=lambda field: (self._group_order(field), field.order)))

    def _group_order(self, field: Field) -> float:
        group = self.groups.get(field.group or "")
        return group.order if group else float("inf")


def of_store(path: Path) -> Vocabulary:
    """Read the vocabulary of the snapshot whose store this is; the folder of a snapshot never changes."""
    return _of_store(settled(path, MODELS))


@lru_cache(maxsize=4)
def _of_store(path: Path) -> Vocabulary:
    return read(opened(path))


def read(store: Store) -> Vocabulary:
    """Read the vocabulary from a store whose default graph holds ontology and shapes."""
    axioms, said = read_axioms(_axioms(store)), _Said(store)
    return Vocabulary(
        fields=_fields(store, said),
        groups=_groups(store, said),
        inverses=_with_common(_names(axioms.inverses)),
        superproperties=_names(axioms.superproperties),
        properties=declared(store),
    )


def _names(axioms: Mapping[NamedNode, frozenset[NamedNode]]) -> dict[str, frozenset[str]]:
    return {node.value: frozenset(other.value for other in others) for node, others in axioms.items()}


def _with_common(inverses: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Add the inverses that everybody's vocabularies have, whether or not the ontology repeats them."""
    joined: dict[str, frozenset[str]] = dict(inverses)
    for one, other in _COMMON_INVERSES:
        for here, there in ((one, other), (other, one)):
            joined[term(here).value] = joined.get(term(here).value, frozenset()) | {term(there).value}
    return joined


def _axioms(store: Store) -> Iterator[Quad]:
    for predicate in ("rdfs:subPropertyOf", "owl:inverseOf", "owl:equivalentProperty"):
        yield from store.quads_for_pattern(None, term(predicate), None, DefaultGraph())
    yield from store.quads_for_pattern(None, RDF_TYPE, term("owl:SymmetricProperty"), DefaultGraph())


class _Said:
    """What is said by the properties that lay out pages, of all subjects at once."""

    def __init__(self, store: Store) -> None:
        self._values: dict[tuple[object, str], set[object]] = defaultdict(set)
        for name, predicate in _SH.items():
            for quad in store.quads_for_pattern(None, predicate, None, DefaultGraph()):
                self._values[quad.subject, name].add(quad.object)

    def values(self, subject: object, name: str) -> list[object]:
        """Give the values of a property of SHACL, in order."""
        return sorted(self._values.get((subject, name), ()), key=str)

    def first(self, subject: object, name: str) -> object:
        """Give the first of them, or None."""
        return next(iter(self.values(subject, name)), None)

    def pairs(self, name: str) -> Iterator[tuple[object, object]]:
        """Yield the subjects and values of a property."""
        for (subject, other), values in self._values.items():
            if other == name:
                yield from ((subject, value) for value in values)

    def order(self, subject: object) -> float:
        """Give the first number that is said to be the place of a subject among others."""
        for value in self.values(subject, "order"):
            try:
                return float(getattr(value, "value", ""))
            except ValueError:
                continue
        return float("inf")


def _fields(store: Store, said: _Said) -> dict[str, tuple[Field, ...]]:
    by_class: dict[str, list[Field]] = defaultdict(list)
    targets = list(said.pairs("targetClass"))
    for class_ in (term("owl:Class"), term("rdfs:Class")):
        classes = store.quads_for_pattern(None, RDF_TYPE, class_, DefaultGraph())
        targets += ((quad.subject, quad.subject) for quad in classes)
    for shape, class_iri in targets:
        if isinstance(class_iri, NamedNode):
            for property_shape in said.values(shape, "property"):
                field = _field(said, property_shape)
                if field is not None and field not in by_class[class_iri.value]:
                    by_class[class_iri.value].append(field)
    return {iri: tuple(fields) for iri, fields in by_class.items()}


def _field(said: _Said, shape: object) -> Field | None:
    path, inverse = said.first(shape, "path"), False
    if isinstance(path, BlankNode):
        path, inverse = said.first(path, "inversePath"), True
    if not isinstance(path, NamedNode):
        return None
    group = said.first(shape, "group")
    return Field(
        path.value,
        inverse,
        _by_language(said.values(shape, "name")),
        group.value if isinstance(group, NamedNode) else None,
        said.order(shape),
    )


def _groups(store: Store, said: _Said) -> dict[str, Group]:
    nodes = {value for _, value in said.pairs("group") if isinstance(value, NamedNode)}
    return {node.value: Group(node.value, _labels(store, node), said.order(node)) for node in nodes}


def _labels(store: Store, node: NamedNode) -> dict[str, str]:
    quads = store.quads_for_pattern(node, RDFS_LABEL, None, DefaultGraph())
    return _by_language(sorted((quad.object for quad in quads), key=str))


def _by_language(values: Iterable[object]) -> dict[str, str]:
    return {value.language or "": value.value for value in values if isinstance(value, Literal)}
