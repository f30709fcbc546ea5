"""What a vocabulary of concepts (SKOS) looks like in use: its tree with counts, and what goes together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode

from endpoint.lists import collation
from endpoint.negotiate import fallbacks
from kg.index import Index, Label, Value
from kg.vocab import PREFIXES, term

_IN_SCHEME, _BROADER, _NARROWER, _TOP_OF, _HAS_TOP = (
    term(f"skos:{name}").value
    for name in ("inScheme", "broader", "narrower", "topConceptOf", "hasTopConcept")
)
_MODELLING = tuple(PREFIXES[prefix] for prefix in ("skos", "rdf", "rdfs", "owl", "sh"))
_MAX_CONCEPTS = 2_000
_MAX_DEPTH = 10
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


def tree(scheme: str, index: Index, language: str) -> tuple[Node, ...]:
    """Give the concepts of a scheme from the top down; a circle among them is cut where it closes."""
    most = _MAX_CONCEPTS + 1
    members = {
        *index.incoming(scheme, _IN_SCHEME, limit=most),
        *index.incoming(scheme, _TOP_OF, limit=most),
        *_iris(index.values([scheme], [_HAS_TOP]).get(scheme, {}).get(_HAS_TOP, ())),
    }
    if not members or len(members) > _MAX_CONCEPTS:
        return ()
    narrower: dict[str, set[str]] = defaultdict(set)
    for iri, said in index.values(members, [_BROADER, _NARROWER]).items():
        for broader in _iris(said.get(_BROADER, ())) & members:
            narrower[broader].add(iri)
        narrower[iri] |= _iris(said.get(_NARROWER, ())) & members
    below = {iri for some in narrower.values() for iri in some}
    labels = index.labels(members, fallbacks(language))
    used = {iri: len(users) for iri, users in index.users(members, but=_MODELLING).items()}
    seen: set[str] = set()
    from_the_top = _nodes(members - below, narrower, labels, used, seen)
    return (*from_the_top, *_nodes(members - seen, narrower, labels, used, seen))


def _nodes(
    iris: set[str],
    narrower: Mapping[str, set[str]],
    labels: Mapping[str, Label],
    used: Mapping[str, int],
    seen: set[str],
) -> tuple[Node, ...]:
    made = []
    for iri in sorted(iris, key=lambda iri: (collation(labels[iri].text), iri)):
        if iri not in seen:
            seen.add(iri)
            below = _nodes(narrower.get(iri, set()), narrower, labels, used, seen)
            made.append(Node(iri, labels[iri], used.get(iri, 0), below))
    return tuple(made)


def path(concept: str, index: Index, language: str) -> tuple[tuple[str, Label], ...]:
    """Give what a concept stands below: its scheme, then broader concepts, the broadest first."""
    said = index.values([concept], [_IN_SCHEME]).get(concept, {})
    schemes = sorted(_iris(said.get(_IN_SCHEME, ())))
    if not schemes:
        return ()
    above: list[str] = []
    nearest = concept
    while len(above) < _MAX_DEPTH:
        broader = sorted(_iris(index.values([nearest], [_BROADER]).get(nearest, {}).get(_BROADER, ())))
        nearest = next((iri for iri in broader if iri not in (concept, *above)), "")
        if not nearest:
            break
        above.append(nearest)
    every = [*schemes[:1], *reversed(above)]
    names = index.labels(every, fallbacks(language))
    return tuple((iri, names[iri]) for iri in every)


def companions(concept: str, index: Index, language: str) -> tuple[Companion, ...]:
    """Give the other concepts of its schemes that the users of a concept use too, the most frequent first."""
    schemes = _iris(index.values([concept], [_IN_SCHEME]).get(concept, {}).get(_IN_SCHEME, ()))
    users = index.users([concept], but=_MODELLING).get(concept, ()) if schemes else ()
    if not 2 <= len(users) <= _MAX_USES:
        return ()
    counted: Counter[str] = Counter()
    for said in index.values(users).values():
        own = (some for predicate, some in said.items() if not predicate.startswith(_MODELLING))
        counted.update({iri for some in own for iri in _iris(some)} - {concept})
    often = [iri for iri, count in counted.most_common() if count > 1]
    placed = index.values(often, [_IN_SCHEME])
    several = [iri for iri in often if _iris(placed.get(iri, {}).get(_IN_SCHEME, ())) & schemes][:_TOGETHER]
    labels = index.labels(several, fallbacks(language))
    return tuple(Companion(iri, labels[iri], counted[iri]) for iri in several)


def _iris(values: Iterable[Value]) -> set[str]:
    return {value.value for value in values if isinstance(value, NamedNode)}
