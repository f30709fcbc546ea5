"""What a snapshot's ontology and shapes say about how to show and name things; read once a snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store

from endpoint.site import opened
from kg.derive import read_axioms
from kg.jsonld import Property, declared
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


@lru_cache(maxsize=4)
def of_store(path: Path) -> Vocabulary:
    """Read the vocabulary of the snapshot whose store this is; the folder of a snapshot never changes."""
    return read(opened(path))


def read(store: Store) -> Vocabulary:
    """Read the vocabulary from a store whose default graph holds ontology and shapes."""
    axioms = read_axioms(_axioms(store))
    return Vocabulary(
        fields=_fields(store),
        groups=_groups(store),
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


def _fields(store: Store) -> dict[str, tuple[Field, ...]]:
    by_class: dict[str, list[Field]] = defaultdict(list)
    targets = [
        (q.subject, q.object) for q in store.quads_for_pattern(None, _SH["targetClass"], None, DefaultGraph())
    ]
    for class_ in (term("owl:Class"), term("rdfs:Class")):
        targets += [
            (q.subject, q.subject)
            for q in store.quads_for_pattern(None, RDF_TYPE, class_, DefaultGraph())
            if any(store.quads_for_pattern(q.subject, _SH["property"], None, DefaultGraph()))
        ]
    for shape, class_iri in targets:
        if isinstance(class_iri, NamedNode) and isinstance(shape, NamedNode | BlankNode):
            for property_shape in _values(store, shape, _SH["property"]):
                field = _field(store, property_shape)
                if field is not None and field not in by_class[class_iri.value]:
                    by_class[class_iri.value].append(field)
    return {iri: tuple(fields) for iri, fields in by_class.items()}


def _field(store: Store, shape: object) -> Field | None:
    if not isinstance(shape, NamedNode | BlankNode):
        return None
    path = next(iter(_values(store, shape, _SH["path"])), None)
    inverse = False
    if isinstance(path, BlankNode):
        path, inverse = next(iter(_values(store, path, _SH["inversePath"])), None), True
    if not isinstance(path, NamedNode):
        return None
    group = next(iter(_values(store, shape, _SH["group"])), None)
    return Field(
        path.value,
        inverse,
        _texts(store, shape, _SH["name"]),
        group.value if isinstance(group, NamedNode) else None,
        _order(store, shape),
    )


def _groups(store: Store) -> dict[str, Group]:
    nodes = {q.object for q in store.quads_for_pattern(None, _SH["group"], None, DefaultGraph())}
    return {
        node.value: Group(node.value, _texts(store, node, RDFS_LABEL), _order(store, node))
        for node in nodes
        if isinstance(node, NamedNode)
    }


def _values(store: Store, subject: NamedNode | BlankNode, predicate: NamedNode) -> list[object]:
    found = {q.object for q in store.quads_for_pattern(subject, predicate, None, DefaultGraph())}
    return sorted(found, key=str)


def _texts(store: Store, subject: NamedNode | BlankNode, predicate: NamedNode) -> dict[str, str]:
    literals = [v for v in _values(store, subject, predicate) if isinstance(v, Literal)]
    return {literal.language or "": literal.value for literal in literals}


def _order(store: Store, subject: NamedNode | BlankNode) -> float:
    for value in _values(store, subject, _SH["order"]):
        try:
            return float(getattr(value, "value", ""))
        except ValueError:
            continue
    return float("inf")
