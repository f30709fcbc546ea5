"""What a vocabulary of concepts (SKOS) looks like in use: its tree with counts, and what goes together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode, Store

from endpoint.lists import collation
from endpoint.negotiate import fallbacks
from endpoint.site import opened
from kg.index import Index, Label
from kg.vocab import PREFIXES, term

_IN_SCHEME, _BROADER, _NARROWER = term("skos:inScheme"), term("skos:broader"), term("skos:narrower")
_TOP_OF, _HAS_TOP = term("skos:topConceptOf"), term("skos:hasTopConcept")
_MODELLING = tuple(PREFIXES[prefix] for prefix in ("skos", "rdf", "rdfs", "owl", "sh"))
_MAX_CONCEPTS = 2_000
_TOGETHER = 8
_MAX_USES = 2_000


@dataclass(frozen=True, slots=True)
class Node:
    """A concept in its tree, with the number of things that use it."""

    iri: str
    label: Label
    used: int
    narrower: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Companion:
    """A concept that the same things use, and how many of them."""

    iri: str
    label: Label
    count: int


def tree(scheme: str, index: Index, path: Path, language: str) -> tuple[Node, ...]:
    """Give the concepts of a scheme from the top down; a circle among them is cut where it closes."""
    store = opened(path)
    tops = _subjects(store, _TOP_OF, scheme) | _objects(store, scheme, _HAS_TOP)
    members = _subjects(store, _IN_SCHEME, scheme) | tops
    if not members or len(members) > _MAX_CONCEPTS:
        return ()
    narrower: dict[str, set[str]] = defaultdict(set)
    for iri in members:
        for broader in (_objects(store, iri, _BROADER) | _subjects(store, _NARROWER, iri)) & members:
            narrower[broader].add(iri)
    below = {iri for some in narrower.values() for iri in some}
    labels = index.labels(members, fallbacks(language))
    seen: set[str] = set()
    from_the_top = _nodes(members - below, narrower, labels, store, seen)
    return (*from_the_top, *_nodes(members - seen, narrower, labels, store, seen))


def _nodes(
    iris: set[str],
    narrower: Mapping[str, set[str]],
    labels: Mapping[str, Label],
    store: Store,
    seen: set[str],
) -> tuple[Node, ...]:
    made = []
    for iri in sorted(iris, key=lambda iri: (collation(labels[iri].text), iri)):
        if iri not in seen:
            seen.add(iri)
            below = _nodes(narrower.get(iri, set()), narrower, labels, store, seen)
            made.append(Node(iri, labels[iri], len(_users(store, iri)), below))
    return tuple(made)


def companions(concept: str, index: Index, path: Path, language: str) -> tuple[Companion, ...]:
    """Give the other concepts of its schemes that the users of a concept use too, the most frequent first."""
    store = opened(path)
    schemes = _objects(store, concept, _IN_SCHEME)
    users = _users(store, concept)
    if not schemes or not 2 <= len(users) <= _MAX_USES:
        return ()
    counted: Counter[str] = Counter()
    for user in users:
        used = {
            q.object.value
            for q in store.quads_for_pattern(NamedNode(user), None, None, DefaultGraph())
            if isinstance(q.object, NamedNode) and not q.predicate.value.startswith(_MODELLING)
        }
        counted.update(used - {concept})
    often = [iri for iri, count in counted.most_common() if count > 1]
    several = [iri for iri in often if _objects(store, iri, _IN_SCHEME) & schemes]
    labels = index.labels(several[:_TOGETHER], fallbacks(language))
    return tuple(Companion(iri, labels[iri], counted[iri]) for iri in several[:_TOGETHER])


def _users(store: Store, concept: str) -> set[str]:
    """Give the things that point to a concept otherwise than to order concepts."""
    quads = store.quads_for_pattern(None, None, NamedNode(concept), DefaultGraph())
    return {
        q.subject.value
        for q in quads
        if isinstance(q.subject, NamedNode) and not q.predicate.value.startswith(_MODELLING)
    }


def _subjects(store: Store, predicate: NamedNode, value: str) -> set[str]:
    quads = store.quads_for_pattern(None, predicate, NamedNode(value), DefaultGraph())
    return {q.subject.value for q in quads if isinstance(q.subject, NamedNode)}


def _objects(store: Store, subject: str, predicate: NamedNode) -> set[str]:
    quads = store.quads_for_pattern(NamedNode(subject), predicate, None, DefaultGraph())
    return {q.object.value for q in quads if isinstance(q.object, NamedNode)}
