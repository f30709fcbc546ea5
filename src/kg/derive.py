"""What we compute from what was written: the OWL closure the ontology states, then the dataset's rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, QueryTriples, Store, Triple

from kg.errors import SourceError
from kg.sparql import predicates
from kg.vocab import RDF_TYPE, term

VERSION = "1"
"""Raise when the same source would derive other triples: it is part of a snapshot's id."""

_MAX_ROUNDS = 20
_SUBCLASS = term("rdfs:subClassOf")
_SUBPROPERTY = term("rdfs:subPropertyOf")
_EQUIVALENT_CLASS = term("owl:equivalentClass")
_EQUIVALENT_PROPERTY = term("owl:equivalentProperty")
_INVERSE = term("owl:inverseOf")
_SYMMETRIC = term("owl:SymmetricProperty")
_TRANSITIVE = term("owl:TransitiveProperty")
_CHAIN = term("owl:propertyChainAxiom")
_FIRST, _REST = term("rdf:first"), term("rdf:rest")


@dataclass(frozen=True, slots=True)
class Rule:
    """A SPARQL CONSTRUCT query of the dataset, run over everything known so far."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Axioms:
    """The axioms that derive triples, closed: each maps a name to all that follows from it at once."""

    superclasses: Mapping[NamedNode, frozenset[NamedNode]]
    superproperties: Mapping[NamedNode, frozenset[NamedNode]]
    inverses: Mapping[NamedNode, frozenset[NamedNode]]
    chains: tuple[tuple[tuple[NamedNode, ...], NamedNode], ...]

    @property
    def predicates(self) -> frozenset[NamedNode]:
        """The predicates whose triples something follows from."""
        in_chains = {step for steps, _ in self.chains for step in steps}
        return frozenset({RDF_TYPE, *self.superproperties, *self.inverses, *in_chains})

    def difference(self, other: Axioms) -> Iterator[tuple[NamedNode, NamedNode | None]]:
        """Yield the predicates of triples from which something else follows by other axioms.

        Of types, each comes with the class.
        """
        steps = {step for steps, _ in set(self.chains) ^ set(other.chains) for step in steps}
        steps |= _unlike(self.superproperties, other.superproperties)
        steps |= _unlike(self.inverses, other.inverses)
        yield from ((step, None) for step in steps)
        yield from ((RDF_TYPE, cls) for cls in _unlike(self.superclasses, other.superclasses))


def derive(quads: Iterable[Quad], ontology: Iterable[Quad], rules: Sequence[Rule] = ()) -> tuple[Triple, ...]:
    """Give every triple that follows and is not written, each once, in no particular order.

    From OWL 2 RL: subclass, subproperty and their equivalents, inverse, symmetric, transitive, property
    chain. Domain and range type nothing: that would hide the mistakes that shapes look for.
    Raises SourceError if a rule is not a CONSTRUCT query.
    """
    return tuple(Derivation((quad.triple for quad in quads), read_axioms(ontology), rules).derived)


class Derivation:
    """All that follows from what is written, and goes on following when triples come and go.

    Literals are as the store has them: two ways to write a value are one.
    """

    def __init__(self, written: Iterable[Triple], axioms: Axioms, rules: Sequence[Rule]) -> None:
        """Derive everything. Raises SourceError for a rule that cannot be used."""
        self._axioms, self._rules = axioms, rules
        self._store = Store()
        self._store.bulk_extend(Quad(*triple) for triple in written)
        self._closed = set(_close(self._store, axioms, _premises(self._store, axioms)))
        self._looks = {rule: predicates(rule.text) for rule in rules}
        self._first: dict[Rule, list[Triple]] = {}
        self._ruled = self._by_rules(rules)

    @property
    def derived(self) -> set[Triple]:
        """Everything that follows and is not written."""
        return self._closed | self._ruled

    def change(self, gone: Iterable[Triple], come: Iterable[Triple], axioms: Axioms | None = None) -> None:
        """Let triples be written no more, and others be written; the latter win where both name one.

        Other axioms may count from now on.
        """
        _ = self._written  # found out before anything changes
        for triple in self._ruled:
            self._store.remove(Quad(*triple))
        added, removed = stored(come), stored(gone)
        touched = set[Triple]() if axioms is None else set(self._replace_axioms(axioms))
        touched |= {*self._withdraw(removed - added), *self._enter(added)}
        asked = self._asked({*touched, *removed, *added})
        for triple in touched:
            follows = Quad(*triple) in self._store and Quad(*triple) not in self._written
            (self._closed.add if follows else self._closed.discard)(triple)
        self._ruled = self._by_rules(asked)

    @cached_property
    def _written(self) -> Store:
        """What is written: needed only where something changes."""
        derived, found = self.derived, Store()
        found.bulk_extend(quad for quad in self._store if quad.triple not in derived)
        return found

    def _withdraw(self, gone: set[Triple]) -> Iterable[Triple]:
        """Take out triples and all that they helped to derive, and put back what follows without them."""
        for triple in gone:
            self._written.remove(Quad(*triple))
        doubtful = self._followers(triple for triple in gone if Quad(*triple) in self._store)
        for triple in doubtful:
            self._store.remove(Quad(*triple))
        _close(self._store, self._axioms, self._near({triple.subject for triple in doubtful}))
        return doubtful

    def _followers(self, triples: Iterable[Triple]) -> dict[Triple, None]:
        """Give triples, and all unwritten ones that they helped to derive."""
        found: dict[Triple, None] = {}
        queue = list(triples)
        while queue:
            triple = queue.pop()
            if triple not in found:
                found[triple] = None
                queue += (
                    follower
                    for follower in _consequences(self._store, self._axioms, triple)
                    if Quad(*follower) in self._store and Quad(*follower) not in self._written
                )
        return found

    def _replace_axioms(self, axioms: Axioms) -> Iterable[Triple]:
        """Take out what follows by axioms that are others now, and put in what follows by these."""
        meant = [
            quad.triple
            for predicate, value in self._axioms.difference(axioms)
            for quad in list(self._store.quads_for_pattern(None, predicate, value))
        ]
        doubtful = {t: None for t in self._followers(meant) if Quad(*t) not in self._written}
        for triple in doubtful:
            self._store.remove(Quad(*triple))
        self._axioms = axioms
        again = [triple for triple in meant if Quad(*triple) in self._store]
        near = self._near({triple.subject for triple in doubtful})
        return (*doubtful, *_close(self._store, axioms, (*again, *near)))

    def _near(self, subjects: Iterable[NamedNode | BlankNode | Triple]) -> Iterator[Triple]:
        """Yield every triple that something about these subjects may follow from."""
        for subject in subjects:
            if not isinstance(subject, Triple):
                yield from (quad.triple for quad in list(self._store.quads_for_pattern(subject, None, None)))
                for predicate in self._axioms.inverses:
                    back = list(self._store.quads_for_pattern(None, predicate, subject))
                    yield from (quad.triple for quad in back)

    def _enter(self, come: set[Triple]) -> Iterable[Triple]:
        quads = [Quad(*triple) for triple in come]
        new = [quad for quad in quads if quad not in self._store]
        self._written.extend(quads)
        self._store.extend(new)
        return (*come, *_close(self._store, self._axioms, (quad.triple for quad in new)))

    def _asked(self, changed: Iterable[Triple]) -> list[Rule]:
        """Give the rules that some triples may mean something to."""
        met = {triple.predicate.value for triple in changed}
        return [rule for rule, looks in self._looks.items() if looks is None or not looks.isdisjoint(met)]

    def _by_rules(self, asked: Iterable[Rule]) -> set[Triple]:
        """Add to the store what the rules find, and what follows from that, until they find nothing new.

        At first only some rules need be asked: what the others found before, they find again.
        """
        self._first |= {rule: _construct(self._store, rule) for rule in asked}
        found: set[Triple] = set()
        produced = {triple for triples in self._first.values() for triple in triples}
        for _ in range(_MAX_ROUNDS):
            new = stored(t for t in produced if Quad(*t) not in self._store)
            if not new:
                return found
            self._store.extend(Quad(*t) for t in new)
            closed = _close(self._store, self._axioms, new)
            found.update(new, closed)
            produced = {t for rule in self._asked((*new, *closed)) for t in _construct(self._store, rule)}
        raise SourceError(
            f"The rules still find something new after {_MAX_ROUNDS} rounds.",
            hint=f"Look for rules that feed each other: {', '.join(rule.name for rule in self._rules)}.",
        )


def stored(triples: Iterable[Triple]) -> set[Triple]:
    """Give triples with their literals as a store has them."""
    found = set(triples)
    literal = {triple for triple in found if isinstance(triple.object, Literal | Triple)}
    scratch = Store()
    scratch.extend(Quad(*triple) for triple in literal)
    return found - literal | {quad.triple for quad in scratch}


def _premises(store: Store, axioms: Axioms) -> Iterator[Triple]:
    for predicate in sorted(axioms.predicates, key=str):
        for quad in list(store.quads_for_pattern(None, predicate, None)):
            yield quad.triple


def _close(store: Store, axioms: Axioms, triples: Iterable[Triple]) -> list[Triple]:
    """Add to the store all that follows from these triples; give what was new."""
    added: list[Triple] = []
    queue = list(triples)
    while queue:
        for found in _consequences(store, axioms, queue.pop()):
            quad = Quad(*found)
            if quad not in store:
                store.add(quad)
                added.append(found)
                queue.append(found)
    return added


def _consequences(store: Store, axioms: Axioms, triple: Triple) -> Iterator[Triple]:
    subject, predicate, value = triple
    if predicate == RDF_TYPE and isinstance(value, NamedNode):
        for superclass in axioms.superclasses.get(value, ()):
            yield Triple(subject, RDF_TYPE, superclass)
    for superproperty in axioms.superproperties.get(predicate, ()):
        yield Triple(subject, superproperty, value)
    if isinstance(value, NamedNode | BlankNode):
        for inverse in axioms.inverses.get(predicate, ()):
            yield Triple(value, inverse, subject)
    for steps, whole in axioms.chains:
        for position, step in enumerate(steps):
            if step == predicate:
                yield from _chained(store, steps, position, whole, triple)


def _chained(
    store: Store, steps: tuple[NamedNode, ...], position: int, whole: NamedNode, triple: Triple
) -> Iterator[Triple]:
    starts = {triple.subject}
    for step in reversed(steps[:position]):
        starts = {q.subject for node in starts for q in store.quads_for_pattern(None, step, node)}
    ends = {triple.object}
    for step in steps[position + 1 :]:
        ends = {
            q.object
            for node in ends
            if isinstance(node, NamedNode | BlankNode)
            for q in store.quads_for_pattern(node, step, None)
        }
    for start in starts:
        for end in ends:
            if isinstance(start, NamedNode | BlankNode):
                yield Triple(start, whole, end)


def _construct(store: Store, rule: Rule) -> list[Triple]:
    try:
        result = store.query(rule.text)
    except SyntaxError as error:
        raise SourceError(f"{rule.name}: not SPARQL: {error.msg}.") from error
    if not isinstance(result, QueryTriples):
        raise SourceError(f"{rule.name}: a rule must be a CONSTRUCT query.")
    return list(result)


def read_axioms(ontology: Iterable[Quad]) -> Axioms:
    """Read the axioms of an ontology; class expressions and literals are passed over."""
    direct: dict[NamedNode, dict[NamedNode, set[NamedNode]]] = defaultdict(lambda: defaultdict(set))
    lists: dict[object, dict[NamedNode, object]] = defaultdict(dict)
    chain_heads: list[tuple[NamedNode, object]] = []
    for quad in ontology:
        subject, predicate, value = quad.subject, quad.predicate, quad.object
        if predicate in (_FIRST, _REST):
            lists[subject][predicate] = value
        elif predicate == _CHAIN and isinstance(subject, NamedNode):
            chain_heads.append((subject, value))
        elif isinstance(subject, NamedNode) and isinstance(value, NamedNode):
            direct[predicate][subject].add(value)
    classes = _union(direct[_SUBCLASS], _both_ways(direct[_EQUIVALENT_CLASS]))
    properties = _union(direct[_SUBPROPERTY], _both_ways(direct[_EQUIVALENT_PROPERTY]))
    inverses = _both_ways(direct[_INVERSE])
    kinds = direct[RDF_TYPE]
    for symmetric in (p for p, types in kinds.items() if _SYMMETRIC in types):
        inverses[symmetric].add(symmetric)
    chains = [(_list(lists, head), whole) for whole, head in chain_heads]
    chains += [((p, p), p) for p, types in kinds.items() if _TRANSITIVE in types]
    return Axioms(
        _transitive(classes),
        _transitive(properties),
        {p: frozenset(values) for p, values in inverses.items()},
        tuple(chain for chain in chains if chain[0]),
    )


def _unlike(
    one: Mapping[NamedNode, frozenset[NamedNode]], other: Mapping[NamedNode, frozenset[NamedNode]]
) -> set[NamedNode]:
    """Give the names that two maps differ about; nothing is as good as an empty set."""
    nothing = frozenset[NamedNode]()
    return {key for key in {*one, *other} if one.get(key, nothing) != other.get(key, nothing)}


def _both_ways(pairs: Mapping[NamedNode, set[NamedNode]]) -> dict[NamedNode, set[NamedNode]]:
    both: dict[NamedNode, set[NamedNode]] = defaultdict(set)
    for one, others in pairs.items():
        for other in others:
            both[one].add(other)
            both[other].add(one)
    return both


def _union(*maps: Mapping[NamedNode, set[NamedNode]]) -> dict[NamedNode, set[NamedNode]]:
    joined: dict[NamedNode, set[NamedNode]] = defaultdict(set)
    for pairs in maps:
        for key, values in pairs.items():
            joined[key] |= values
    return joined


def _transitive(direct: Mapping[NamedNode, set[NamedNode]]) -> dict[NamedNode, frozenset[NamedNode]]:
    closed: dict[NamedNode, frozenset[NamedNode]] = {}
    for start in direct:
        reached: set[NamedNode] = set()
        queue = [start]
        while queue:
            fresh = direct.get(queue.pop(), set()) - reached
            reached |= fresh
            queue += fresh
        closed[start] = frozenset(reached - {start})
    return closed


def _list(lists: Mapping[object, Mapping[NamedNode, object]], head: object) -> tuple[NamedNode, ...]:
    """Read an RDF list of names; an ill-formed one gives nothing."""
    items: list[NamedNode] = []
    seen: set[object] = set()
    while head in lists and head not in seen:
        seen.add(head)
        item = lists[head].get(_FIRST)
        if not isinstance(item, NamedNode):
            return ()
        items.append(item)
        head = lists[head].get(_REST)
    return tuple(items)
