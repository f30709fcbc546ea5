"""Lists of things: which classes there are, one page of one list, its columns and its facets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pyoxigraph import DefaultGraph, Literal, NamedNode

from endpoint import vocabulary
from endpoint.entity import HIDDEN_IN_LISTS
from endpoint.literals import readable
from endpoint.negotiate import fallbacks
from endpoint.site import opened
from endpoint.vocabulary import Vocabulary
from kg.index import Index, Label
from kg.vocab import PREFIXES

ABOUT_MODELS = tuple(PREFIXES[prefix] for prefix in ("owl", "rdf", "rdfs", "sh"))
_MOST_IN_MEMORY = 5_000
_COLUMNS = 3
_FACETS = 6
_FACET_VALUES = 80


@dataclass(frozen=True, slots=True)
class KindRow:
    """A class with its name and how many things have it; `inner` when they live inside other things."""

    iri: str
    label: Label
    count: int
    inner: bool
    model: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """The values of one column for one thing."""

    values: tuple[tuple[str, Label], ...]

    @property
    def text(self) -> str:
        """The values as text, for files."""
        return "; ".join(label.text for _, label in self.values)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of a list."""

    iri: str
    label: Label
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet, how many of the listed things have it, and whether it is chosen."""

    iri: str
    label: Label
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A property to narrow a list by."""

    predicate: str
    label: Label
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list: `more` is what to ask after for the next, empty on the last page."""

    class_iri: str
    label: Label
    columns: tuple[tuple[str, Label], ...]
    rows: tuple[Row, ...]
    facets: tuple[Facet, ...]
    every: tuple[str, ...]
    after: str
    more: str
    count: int

    def records(self) -> list[dict[str, str]]:
        """Give the rows as flat records, for CSV and JSON."""
        heads = [label.text for _, label in self.columns]
        return [
            {"iri": row.iri, "label": row.label.text, "language": row.label.language}
            | dict(zip(heads, (cell.text for cell in row.cells), strict=True))
            for row in self.rows
        ]


@lru_cache(maxsize=8)
def kinds_of(index: Index, language: str) -> tuple[KindRow, ...]:
    """Give the classes in use, the largest first."""
    kinds = index.kinds()
    names = index.labels([kind.iri for kind in kinds], fallbacks(language))
    return tuple(
        KindRow(
            kind.iri,
            names[kind.iri],
            kind.count,
            _inner(index, kind.iri),
            kind.iri.startswith(ABOUT_MODELS),
        )
        for kind in kinds
    )


def foremost(kinds: Sequence[KindRow], known: Vocabulary, limit: int = 12) -> tuple[KindRow, ...]:
    """Give the classes for the front page: those that shapes say most about, no inner nodes, no model."""
    own = [kind for kind in kinds if not kind.inner and not kind.model]
    ranked = sorted(own, key=lambda kind: -len(known.fields.get(kind.iri, ())))
    shaped = [kind for kind in ranked if kind.iri in known.fields]
    return tuple((shaped or ranked)[:limit])


def _inner(index: Index, class_iri: str) -> bool:
    first = index.members(class_iri, limit=1)
    return not first or "#" in first[0] or first[0].startswith("_:")


@dataclass(frozen=True, slots=True)
class _Table:
    """The things of a class with their values by property, and which properties are columns and facets."""

    values: Mapping[str, Mapping[str, tuple[NamedNode | Literal, ...]]]
    columns: tuple[str, ...]
    facets: tuple[str, ...]


@lru_cache(maxsize=32)
def _table(index: Index, store: Path, class_iri: str) -> _Table | None:
    """Read the table of a class once a snapshot; None if it is too large to hold."""
    iris = index.members(class_iri, limit=_MOST_IN_MEMORY + 1)
    if len(iris) > _MOST_IN_MEMORY:
        return None
    graph = opened(store)
    values: dict[str, dict[str, tuple[NamedNode | Literal, ...]]] = {}
    for iri in iris:
        found: dict[str, dict[NamedNode | Literal, None]] = defaultdict(dict)
        if not iri.startswith("_:"):
            for quad in graph.quads_for_pattern(NamedNode(iri), None, None, DefaultGraph()):
                if isinstance(quad.object, NamedNode | Literal):
                    found[quad.predicate.value][quad.object] = None
        values[iri] = {predicate: tuple(some) for predicate, some in found.items()}
    return _laid_out(values, vocabulary.of_store(store), class_iri)


def _laid_out(
    values: Mapping[str, Mapping[str, tuple[NamedNode | Literal, ...]]], known: Vocabulary, class_iri: str
) -> _Table:
    used = Counter(predicate for said in values.values() for predicate in said)
    order = {
        field.path: place for place, field in enumerate(known.fields_of([class_iri])) if not field.inverse
    }
    general = {p for q in used for p in known.superproperties.get(q, frozenset())}
    candidates = sorted(
        (p for p in used if p not in HIDDEN_IN_LISTS and p not in general),
        key=lambda p: (order.get(p, len(order)), -used[p], p),
    )
    columns = [p for p in candidates if used[p] >= len(values) * 0.3 and _short(values, p)]
    facets = [p for p in candidates if used[p] >= max(2, len(values) * 0.15) and _is_facet(values, p)]
    return _Table(values, tuple(columns[:_COLUMNS]), tuple(facets[:_FACETS]))


def _short(values: Mapping[str, Mapping[str, tuple[NamedNode | Literal, ...]]], predicate: str) -> bool:
    """Tell whether the values of a property fit in a cell: few names, dates and numbers, no prose."""
    some = [said[predicate] for said in values.values() if predicate in said]
    if any("#" in value.value for found in some for value in found if isinstance(value, NamedNode)):
        return False
    prose = sum(bool(value.language) for found in some for value in found if isinstance(value, Literal))
    return prose == 0 and sum(map(len, some)) <= 4 * len(some)


def _is_facet(values: Mapping[str, Mapping[str, tuple[NamedNode | Literal, ...]]], predicate: str) -> bool:
    some = [value for said in values.values() for value in said.get(predicate, ())]
    if any(isinstance(value, Literal) or "#" in value.value for value in some):
        return False
    return 2 <= len(set(some)) <= _FACET_VALUES and len(set(some)) < len(some)


def listing(
    index: Index,
    store: Path,
    class_iri: str,
    language: str,
    *,
    chosen: Sequence[tuple[str, str]] = (),
    after: str = "",
    limit: int = 50,
) -> Listing:
    """Give one page of the things of a class that have the chosen values, in the order of their names.

    A class too large for that has no facets and the order of its IRIs.
    """
    table = _table(index, store, class_iri)
    chain = fallbacks(language)
    if table is None:
        iris = index.members(class_iri, after=after, limit=limit + 1)
        names = index.labels((class_iri, *iris), chain)
        rows = tuple(Row(iri, names[iri], ()) for iri in iris[:limit])
        count = next((kind.count for kind in kinds_of(index, language) if kind.iri == class_iri), 0)
        more = iris[limit - 1] if len(iris) > limit else ""
        return Listing(class_iri, names[class_iri], (), rows, (), (), after, more, count)
    every = [iri for iri, said in table.values.items() if all(_has(said, p, v) for p, v in chosen)]
    names = index.labels((class_iri, *table.values), chain)
    every.sort(key=lambda iri: (collation(names[iri].text), iri))
    start = every.index(after) + 1 if after in every else 0
    page = every[start : start + limit]
    mentioned = [v.value for iri in page for p in table.columns for v in table.values[iri].get(p, ())
                 if isinstance(v, NamedNode)]  # fmt: skip
    labels = index.labels((*table.columns, *table.facets, *mentioned), chain)
    labels |= _field_names(vocabulary.of_store(store), class_iri, chain)
    columns = tuple((p, labels[p]) for p in table.columns)
    rows = tuple(
        Row(
            iri,
            names[iri],
            tuple(_cell(table.values[iri].get(p, ()), labels, language) for p in table.columns),
        )
        for iri in page
    )
    facets = tuple(_facet(table, p, labels[p], every, chosen, index, chain) for p in table.facets)
    more = page[-1] if start + limit < len(every) else ""
    return Listing(
        class_iri,
        names[class_iri],
        columns,
        rows,
        tuple(facet for facet in facets if facet.choices),
        tuple(every),
        after,
        more,
        len(every),
    )


def _field_names(known: Vocabulary, class_iri: str, chain: Sequence[str]) -> dict[str, Label]:
    """Give what the shape of a class calls its properties: that fits here better than their general name."""
    found: dict[str, Label] = {}
    for field in known.fields_of([class_iri]):
        tag = next((tag for tag in chain if tag in field.names), None)
        if tag is not None and not field.inverse:
            found[field.path] = Label(field.names[tag], tag)
    return found


def _has(said: Mapping[str, tuple[NamedNode | Literal, ...]], predicate: str, value: str) -> bool:
    return any(isinstance(found, NamedNode) and found.value == value for found in said.get(predicate, ()))


def _cell(values: Iterable[NamedNode | Literal], labels: Mapping[str, Label], language: str) -> Cell:
    made = [
        (v.value, labels[v.value])
        if isinstance(v, NamedNode)
        else ("", Label(readable(v.value, v.datatype.value, language), v.language or ""))
        for v in values
    ]
    return Cell(tuple(sorted(made, key=lambda pair: collation(pair[1].text))))


def _facet(
    table: _Table,
    predicate: str,
    label: Label,
    every: Sequence[str],
    chosen: Sequence[tuple[str, str]],
    index: Index,
    chain: Sequence[str],
) -> Facet:
    counted = Counter(value.value for iri in every for value in table.values[iri].get(predicate, ()))
    labels = index.labels(counted, chain)
    picked = {value for p, value in chosen if p == predicate}
    choices = [Choice(iri, labels[iri], count, iri in picked) for iri, count in counted.items()]
    choices.sort(key=lambda choice: (not choice.chosen, -choice.count, collation(choice.label.text)))
    return Facet(predicate, label, tuple(choices))


_NORWEGIAN = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}"})


def collation(text: str) -> str:
    """Give the key that sorts names as Norwegian lists do: æ, ø and å last.

    >>> sorted(["Åfjord", "Bø", "Bo", "Østre", "Ål"], key=collation)
    ['Bo', 'Bø', 'Østre', 'Åfjord', 'Ål']
    """
    return text.casefold().translate(_NORWEGIAN)
