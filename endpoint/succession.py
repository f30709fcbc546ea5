"""Then and now: what came before a thing and after it, by dcterms:isReplacedBy and what is narrower."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path

from pyoxigraph import DefaultGraph, Literal, NamedNode, Store

from endpoint import timelines, vocabulary
from endpoint.negotiate import fallbacks
from endpoint.site import opened
from endpoint.vocabulary import Vocabulary
from kg.index import Description, Index, Label
from kg.vocab import term

REPLACED = term("dcterms:isReplacedBy").value
_VERSION, _TIME = term("dcterms:hasVersion").value, term("dcterms:temporal").value
_MAX_LINKED, _MAX_SEEDS, _MAX_STAGES, _SCANNED, _MAX_THEN = 200, 12, 40, 2_000, 4


@dataclass(frozen=True, slots=True)
class Stage:
    """What something was for a time: its first and last day, what came next, and what went on meanwhile."""

    iri: str
    start: Literal | None
    end: Literal | None
    next: tuple[str, ...]
    meanwhile: tuple[str, ...]
    meanwhile_count: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """Stages in the order of time; `linear` when each has become the one that follows it."""

    stages: tuple[Stage, ...]

    @property
    def linear(self) -> bool:
        """Tell whether nothing was parted or merged."""
        following = [(stage.iri,) for stage in self.stages[1:]]
        return [stage.next for stage in self.stages] == [*following, ()]


@dataclass(frozen=True, slots=True)
class Succession:
    """The lineages a page shows, and the names of all they mention."""

    lineages: tuple[Lineage, ...]
    names: Mapping[str, Label]


def narrower(predicate: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Give a property and those that are subproperties of it."""
    found = (p for p, every in vocabulary.superproperties.items() if predicate in every)
    return tuple(dict.fromkeys((predicate, *sorted(found))))


def of(description: Description, index: Index, store: Path, language: str) -> Succession | None:
    """Give what came before and after a thing and its versions, and after what it is linked to."""
    walk = _walk(store)
    if not walk.anything:
        return None
    dated = bool(walk.times & {s.predicate.value for s in description.statements})
    lineages = tuple(walk.lineage(stages, dated) for stages in _joined(walk.reached(description)))
    lineages = tuple(lineage for lineage in lineages if len(lineage.stages) > 1)
    if not lineages:
        return None
    stages = [stage for lineage in lineages for stage in lineage.stages]
    named = [iri for stage in stages for iri in (stage.iri, *stage.next, *stage.meanwhile)]
    return Succession(lineages, index.labels(named, fallbacks(language)))


@lru_cache(maxsize=4)
def _walk(store: Path) -> _Walk:
    return _Walk(opened(store), vocabulary.of_store(store))


def _joined(sets: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Give sets that have nothing in common: those that share something are made one."""
    joined: list[frozenset[str]] = []
    for some in sets:
        apart = [other for other in joined if not other & some]
        joined = [*apart, some.union(*(other for other in joined if other & some))]
    return joined


class _Walk:
    """Follows replacements through a store, in both directions."""

    def __init__(self, store: Store, vocabulary: Vocabulary) -> None:
        self.store = store
        self.replaced = narrower(REPLACED, vocabulary)
        self.versions = frozenset(narrower(_VERSION, vocabulary))
        self.times = frozenset(narrower(_TIME, vocabulary))
        self.lineage = lru_cache(maxsize=1024)(self._lineage)

    @cached_property
    def anything(self) -> bool:
        """Whether the data know of any replacement at all."""
        return any(
            True
            for predicate in self.replaced
            for _ in self.store.quads_for_pattern(None, NamedNode(predicate), None, DefaultGraph())
        )

    def reached(self, description: Description) -> Iterator[frozenset[str]]:
        """Give what is reached from each place to start: also backward from the thing and its versions."""
        starts = {description.iri: True}
        for statement in description.statements:
            if isinstance(statement.object, NamedNode):
                both = statement.predicate.value in self.versions
                starts[statement.object.value] = both or starts.get(statement.object.value, False)
        some = islice(starts.items(), _MAX_LINKED)
        seeds = ((iri, both) for iri, both in some if self.after(iri) or self.before(iri))
        for iri, both in islice(seeds, _MAX_SEEDS):
            yield self.closure(iri, self.after) | (self.closure(iri, self.before) if both else frozenset())

    def after(self, iri: str) -> tuple[str, ...]:
        return self.near(iri, NamedNode(iri), None)

    def before(self, iri: str) -> tuple[str, ...]:
        return self.near(iri, None, NamedNode(iri))

    def near(self, iri: str, subject: NamedNode | None, object_: NamedNode | None) -> tuple[str, ...]:
        """Give what a thing has become or came of: the other ends of its replacements."""
        found: set[str] = set()
        for predicate in self.replaced:
            quads = self.store.quads_for_pattern(subject, NamedNode(predicate), object_, DefaultGraph())
            ends = (quad.object if subject else quad.subject for quad in islice(quads, _MAX_STAGES))
            found |= {end.value for end in ends if isinstance(end, NamedNode)}
        return tuple(sorted(found - {iri}))

    def closure(self, iri: str, step: Callable[[str], tuple[str, ...]]) -> frozenset[str]:
        found, waiting = {iri: None}, [iri]
        while waiting and len(found) < _MAX_STAGES:
            new = [other for other in step(waiting.pop()) if other not in found]
            found.update(dict.fromkeys(new))
            waiting += new
        return frozenset(found)

    def _lineage(self, iris: frozenset[str], dated: bool) -> Lineage:
        stages = [self.stage(iri, iris, dated) for iri in iris]
        stages.sort(key=lambda s: (s.start.value if s.start else "", s.end.value if s.end else "9999", s.iri))
        return Lineage(tuple(stages))

    def stage(self, iri: str, iris: frozenset[str], dated: bool) -> Stage:
        start, end = timelines.bounds(iri, self.store)
        then = [] if dated else list(self.meanwhile(iri))
        following = tuple(other for other in self.after(iri) if other in iris)
        return Stage(iri, start, end, following, tuple(then[:_MAX_THEN]), len(then))

    def meanwhile(self, iri: str) -> Iterator[str]:
        """Give the things with a period of their own that point to a stage."""
        quads = self.store.quads_for_pattern(None, None, NamedNode(iri), DefaultGraph())
        subjects = {q.subject.value for q in islice(quads, _SCANNED) if isinstance(q.subject, NamedNode)}
        for subject in sorted(subjects):
            if any(self.said(subject, time) for time in self.times):
                yield subject

    def said(self, iri: str, predicate: str) -> bool:
        return any(self.store.quads_for_pattern(NamedNode(iri), NamedNode(predicate), None, DefaultGraph()))
