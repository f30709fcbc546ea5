"""The figures of a page: map, time line and curves, each with the names it needs and a table twin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

from pyoxigraph import DefaultGraph, Literal, NamedNode

from endpoint import charts, maps, succession, timelines, vocabulary
from endpoint.charts import Chart, Cube
from endpoint.lists import ABOUT_MODELS, KindRow
from endpoint.maps import Drawing, Place
from endpoint.negotiate import fallbacks
from endpoint.site import opened
from endpoint.succession import Succession
from endpoint.timelines import Timeline
from kg.index import Description, Index, Label
from kg.vocab import RDF_TYPE, term

_MAX_PLACES = 60
_MAX_ON_FRONT = 400
_MAX_CURVES = 6
_EXAMPLES = 8
_SCANNED = 5_000
_THINGS = 50
_MAX_TOLD = 8
_VERSION_OF = term("dcterms:isVersionOf").value


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is to draw about a thing; each may be missing."""

    map: Drawing | None
    timeline: Timeline | None
    charts: tuple[Chart, ...]
    charts_are_own: bool
    names: Mapping[str, Label]
    succession: Succession | None


@dataclass(frozen=True, slots=True)
class FrontMap:
    """The map of the front page: marks by class, with the names of the classes and of the things."""

    drawing: Drawing
    kinds: tuple[KindRow, ...]
    names: Mapping[str, Label]


@lru_cache(maxsize=4)
def _cube(path: Path) -> Cube:
    return Cube(opened(path))


def of(description: Description, index: Index, store: Path, language: str) -> Figures:
    """Give the figures of a thing; what it is linked to is looked at, but not further. Terms have none."""
    if any(kind.startswith(ABOUT_MODELS) for kind in description.types):
        return Figures(None, None, (), False, {}, None)
    linked = dict.fromkeys(
        s.object.value
        for s in description.statements
        if isinstance(s.object, NamedNode) and s.object.value != description.iri
    )
    atlas = maps.of_store(store)
    places = tuple(iri for iri in (description.iri, *linked) if atlas.geometry(iri) is not None)
    drawing = _map(description.iri if description.iri in places else "", places, atlas)
    timeline = timelines.draw(timelines.moments(description, opened(store))[:40])
    cube = _cube(store)
    own_series = cube.series(description.iri)
    drawn = charts.draw(own_series or tuple(s for iri in linked for s in cube.series(iri))[:_MAX_CURVES])
    wanted = [mark.iri for mark in drawing.marks] if drawing else []
    if timeline:
        wanted += [bar.moment.iri for bar in timeline.bars] + [bar.moment.predicate for bar in timeline.bars]
    wanted += [iri for chart in drawn for iri in (chart.measure, *(c.series.iri for c in chart.curves))]
    wanted += [n for chart in drawn for c in chart.curves for o in c.series.observations for n in o.notes]
    names = index.labels([iri for iri in wanted if iri], fallbacks(language))
    then_and_now = succession.of(description, index, store, language)
    return Figures(drawing, timeline, drawn, bool(own_series), names, then_and_now)


@lru_cache(maxsize=256)
def _map(own: str, places: tuple[str, ...], atlas: maps.Atlas) -> Drawing | None:
    """Give the map of places, one of which the page may be about; pages about the same places share it."""
    drawn = [Place(iri, found, "near") for iri in places if (found := atlas.geometry(iri)) is not None]
    near = [place for place in drawn if place.iri != own]
    near.sort(key=lambda place: (not place.geometry.rings, -place.geometry.box.area))
    return atlas.draw([*near[:_MAX_PLACES], *(replace(p, role="own") for p in drawn if p.iri == own)])


def front(kinds: tuple[KindRow, ...], index: Index, store: Path, language: str) -> FrontMap | None:
    """Give the map of the foremost things that are points, and of one kind that points to places."""
    atlas = maps.of_store(store)
    own = [
        found for kind in kinds if (found := _located(kind, index, atlas.geometry)) and _are_points(found[1])
    ]
    taken = {kind.iri for kind, _ in own[:2]}
    near_by = partial(atlas.near, store=opened(store))
    near = [found for kind in kinds if kind.iri not in taken and (found := _located(kind, index, near_by))]
    layers = [*near[:1], *own[:2]]
    places = [
        Place(iri, maps.Geometry((), (geometry.box.centre,)), str(number))
        for number, (_, some) in enumerate(layers)
        for iri, geometry in some
    ]
    drawing = atlas.draw(places, atlas.whole, 520)
    if drawing is None:
        return None
    names = index.labels([mark.iri for mark in drawing.marks], fallbacks(language))
    return FrontMap(drawing, tuple(kind for kind, _ in layers), names)


def told(
    kinds: tuple[KindRow, ...], every: tuple[KindRow, ...], index: Index, store: Path
) -> tuple[KindRow, ...]:
    """Give the classes to tell in numbers: what has versions rather than the versions, no lonely things."""
    by_iri = {kind.iri: kind for kind in every}
    versions = succession.narrower(_VERSION_OF, vocabulary.of_store(store))
    plain = (_unversioned(kind, by_iri, versions, index, store) for kind in kinds)
    return tuple(kind for kind in dict.fromkeys(plain) if kind.count > 1)[:_MAX_TOLD]


def _unversioned(
    kind: KindRow, every: Mapping[str, KindRow], versions: tuple[str, ...], index: Index, store: Path
) -> KindRow:
    first = next(iter(index.members(kind.iri, limit=1)), "_:")
    if first.startswith("_:"):
        return kind
    for predicate in versions:
        for quad in opened(store).quads_for_pattern(
            NamedNode(first), NamedNode(predicate), None, DefaultGraph()
        ):
            types = opened(store).quads_for_pattern(quad.object, RDF_TYPE, None, DefaultGraph())  # type: ignore[arg-type]
            found = [
                every[q.object.value]
                for q in types
                if isinstance(q.object, NamedNode) and q.object.value in every
            ]
            return min(found, key=lambda found: found.count, default=kind)
    return kind


Located = tuple[KindRow, list[tuple[str, maps.Geometry]]]


def _located(kind: KindRow, index: Index, find: Callable[[str], maps.Geometry | None]) -> Located | None:
    """Give the things of a kind with their geometries, if it is not too many and some have one."""
    if kind.count > _MAX_ON_FRONT:
        return None
    iris = index.members(kind.iri, limit=_MAX_ON_FRONT)
    found = [(iri, geometry) for iri in iris if (geometry := find(iri)) is not None]
    return (kind, found) if len(found) > 2 else None


def _are_points(found: list[tuple[str, maps.Geometry]]) -> bool:
    return all(not geometry.rings for _, geometry in found)


@dataclass(frozen=True, slots=True)
class Usage:
    """How often a property is used, and its first uses: what says what."""

    count: int
    examples: tuple[tuple[str, str, str], ...]
    names: Mapping[str, Label]


def usage(predicate: str, count: int, index: Index, store: Path, language: str) -> Usage | None:
    """Give the use of a property that so many triples have; None if nothing uses it."""
    if not count:
        return None
    quads = opened(store).quads_for_pattern(None, NamedNode(predicate), None, DefaultGraph())
    found = [(q.subject, q.object) for q in islice(quads, _EXAMPLES) if isinstance(q.subject, NamedNode)]
    rows = tuple(
        (s.value, o.value if isinstance(o, NamedNode) else "", o.value if isinstance(o, Literal) else "")
        for s, o in found
    )
    names = index.labels([iri for row in rows for iri in row[:2] if iri], fallbacks(language))
    return Usage(count, rows, names)


def things_in(graph: str, store: Path) -> tuple[str, ...]:
    """Give some of the things that a named graph says something about, in the order of their IRIs."""
    found: set[str] = set()
    for quad in islice(opened(store).quads_for_pattern(None, None, None, NamedNode(graph)), _SCANNED):
        if isinstance(quad.subject, NamedNode) and "#" not in quad.subject.value:
            found.add(quad.subject.value)
        if len(found) > _THINGS:
            break
    return tuple(sorted(found - {graph})[:_THINGS])
