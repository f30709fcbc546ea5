"""Lists of things: which classes a visitor wants lists of, and one page of one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from endpoint.negotiate import fallbacks
from endpoint.vocabulary import Vocabulary
from kg.index import Index, Label
from kg.vocab import PREFIXES

_ABOUT_MODELS = tuple(PREFIXES[prefix] for prefix in ("owl", "rdf", "rdfs", "sh"))


@dataclass(frozen=True, slots=True)
class KindRow:
    """A class with its name and how many things have it; `inner` when they live inside other things."""

    iri: str
    label: Label
    count: int
    inner: bool
    model: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list: `more` is what to ask after for the next, empty on the last page."""

    class_iri: str
    label: Label
    rows: tuple[dict[str, str], ...]
    after: str
    more: str
    count: int


@lru_cache(maxsize=8)
def kinds_of(index: Index, language: str) -> tuple[KindRow, ...]:
    """Give the classes in use, the largest first."""
    kinds = index.kinds()
    names = index.labels([kind.iri for kind in kinds], fallbacks(language))
    return tuple(
        KindRow(
            kind.iri, names[kind.iri], kind.count, _inner(index, kind.iri), kind.iri.startswith(_ABOUT_MODELS)
        )
        for kind in kinds
    )


def foremost(kinds: Sequence[KindRow], vocabulary: Vocabulary, limit: int = 12) -> tuple[KindRow, ...]:
    """Give the classes for the front page: those that shapes say most about, no inner nodes, no model."""
    own = [kind for kind in kinds if not kind.inner and not kind.model]
    ranked = sorted(own, key=lambda kind: -len(vocabulary.fields.get(kind.iri, ())))
    shaped = [kind for kind in ranked if kind.iri in vocabulary.fields]
    return tuple((shaped or ranked)[:limit])


def _inner(index: Index, class_iri: str) -> bool:
    first = index.members(class_iri, limit=1)
    return not first or "#" in first[0] or first[0].startswith("_:")


def listing(index: Index, class_iri: str, language: str, *, after: str, limit: int) -> Listing:
    """Give one page of the things of a class, those after a given IRI."""
    iris = index.members(class_iri, after=after, limit=limit + 1)
    names = index.labels((class_iri, *iris), fallbacks(language))
    rows = tuple(
        {"iri": iri, "label": names[iri].text, "language": names[iri].language} for iri in iris[:limit]
    )
    count = next((kind.count for kind in kinds_of(index, language) if kind.iri == class_iri), 0)
    return Listing(
        class_iri, names[class_iri], rows, after, iris[limit - 1] if len(iris) > limit else "", count
    )
