"""Maps drawn from the geometries in the graph: what to draw, in which frame, as plain SVG paths."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from pathlib import Path

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Store

from endpoint.site import opened
from kg.snapshot import OUTLINES, settled
from kg.vocab import RDF_TYPE, local_name, term

Point = tuple[float, float]
"""Longitude and latitude in degrees, or x and y on the drawing."""

WIDTH = 720
_AS_WKT = term("geo:asWKT")
_GEOMETRIES = tuple(term(f"geo:{name}") for name in ("hasGeometry", "hasDefaultGeometry", "hasCentroid"))
_CREDITS = frozenset(("attribution", "attributionName", "creditText"))
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_PAIR = re.compile(rf"({_NUMBER})\s+({_NUMBER})(?:\s+{_NUMBER})*")
_HEAD = re.compile(
    r"\s*(?:<([^>]*)>)?\s*(POINT|LINESTRING|POLYGON|MULTIPOLYGON|MULTIPOINT)\s*Z?\s*\(", re.IGNORECASE
)
_CRS84 = ("", "http://www.opengis.net/def/crs/OGC/1.3/CRS84")
_LATITUDE_FIRST = "http://www.opengis.net/def/crs/EPSG/0/4326"
_MAX_GEOMETRIES = 20_000
_MIN_SPAN = 1.2
_SHAPE = 1.55
_MAX_NAMED = 24


@dataclass(frozen=True, slots=True)
class Box:
    """A frame in degrees."""

    west: float
    south: float
    east: float
    north: float

    @property
    def centre(self) -> Point:
        """The middle of the frame."""
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    @property
    def area(self) -> float:
        """Width times height, in degrees: for comparing."""
        return (self.east - self.west) * (self.north - self.south)

    def apart(self, other: Box) -> bool:
        """Tell whether two frames have nothing in common."""
        across = self.east < other.west or self.west > other.east
        return across or self.north < other.south or self.south > other.north

    def within(self, other: Box) -> bool:
        """Tell whether this frame lies inside another."""
        across = other.west <= self.west and self.east <= other.east
        return across and other.south <= self.south and self.north <= other.north

    def padded(self, least: float = _MIN_SPAN) -> Box:
        """Give the frame with some room around, and not smaller than a least height."""
        (x, y), half = self.centre, max((self.north - self.south) * 0.58, least / 2)
        wide = max(
            (self.east - self.west) * 0.58, half / math.cos(math.radians(max(-80, min(80, y)))) * _SHAPE
        )
        return Box(x - wide, max(-85, y - half), x + wide, min(85, y + half))


@dataclass(frozen=True, slots=True)
class Geometry:
    """Rings of a surface with the frame of each, or points."""

    rings: tuple[tuple[Point, ...], ...]
    points: tuple[Point, ...]
    boxes: tuple[Box, ...] = ()
    box: Box = field(init=False)
    """The smallest frame around it."""

    def __post_init__(self) -> None:
        """Find the frame."""
        object.__setattr__(self, "box", joined(self.boxes) if self.boxes else around(self.points))


@dataclass(frozen=True, slots=True)
class Place:
    """A thing to show: its geometry, and how it is drawn: "own", "near" or a class's number."""

    iri: str
    geometry: Geometry
    role: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A thing on the drawing; `path` for a surface with its outline in degrees, x and y for a point."""

    iri: str
    role: str
    path: str
    x: float
    y: float
    longitude: float
    latitude: float
    outline: tuple[tuple[Point, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole map: the land behind, the marks on it, and its size."""

    width: int
    height: int
    land: tuple[str, ...]
    marks: tuple[Mark, ...]
    credits: tuple[str, ...]

    @property
    def points(self) -> tuple[Mark, ...]:
        """The marks that are points."""
        return tuple(mark for mark in self.marks if not mark.path)

    @property
    def surfaces(self) -> tuple[Mark, ...]:
        """The marks that are surfaces."""
        return tuple(mark for mark in self.marks if mark.path)


def around(points: Sequence[Point]) -> Box:
    """Give the smallest frame around points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Box(min(xs), min(ys), max(xs), max(ys))


def joined(boxes: Sequence[Box]) -> Box:
    """Give the smallest frame around frames."""
    return around([(b.west, b.south) for b in boxes] + [(b.east, b.north) for b in boxes])


@lru_cache(maxsize=4096)
def parse_wkt(text: str) -> Geometry | None:
    """Read a WKT literal in degrees; None if it is in another system, outside the globe, or no geometry.

    >>> parse_wkt("POINT(10.5 64.25)").points
    ((10.5, 64.25),)
    """
    head = _HEAD.match(text)
    if head is None:
        return None
    crs, kind = head[1] or "", head[2].upper()
    if crs not in (*_CRS84, _LATITUDE_FIRST):
        return None
    rings = tuple(tuple(_pairs(ring, crs)) for ring in re.findall(r"[^()]+", text[head.end() - 1 :]))
    rings = tuple(ring for ring in rings if ring)
    if not rings or any(not (-180 <= x <= 180 and -90 <= y <= 90) for ring in rings for x, y in ring):
        return None
    if "POLYGON" in kind:
        surface = tuple(ring for ring in rings if len(ring) > 3)
        return Geometry(surface, (), tuple(map(around, surface))) if surface else None
    return Geometry((), tuple(point for ring in rings for point in ring))


def _is_surface(text: str) -> bool:
    head = _HEAD.match(text)
    return head is not None and "POLYGON" in head[2].upper()


def _pairs(text: str, crs: str) -> Iterator[Point]:
    for found in _PAIR.finditer(text):
        x, y = float(found[1]), float(found[2])
        yield (y, x) if crs == _LATITUDE_FIRST else (x, y)


def rounded(rings: Iterable[Sequence[Point]], digits: int) -> list[list[Point]]:
    """Give rings with fewer digits and without points that then coincide; those that vanish are left out."""
    kept = (list(dict.fromkeys((round(x, digits), round(y, digits)) for x, y in ring)) for ring in rings)
    return [ring for ring in kept if len(ring) > 2]


class Atlas:
    """The geometries of a snapshot, by the thing they belong to; read once, parsed when first drawn."""

    def __init__(self, store: Store) -> None:
        """Find which things have geometries."""
        self._store = store
        self._wkt, self._graphs = _literals(store, _owners(store))
        self._credits: dict[str, tuple[str, ...]] = {}
        self._parsed: dict[str, Geometry | None] = {}

    @cached_property
    def _land_iris(self) -> tuple[str, ...]:
        """The things that make the land behind all maps."""
        return self._find_land()

    @cached_property
    def _land(self) -> tuple[Geometry, ...]:
        return tuple(found for iri in self._land_iris if (found := self.geometry(iri)) is not None)

    def geometry(self, iri: str) -> Geometry | None:
        """Give a thing's geometry: its surface where it has one, else its points."""
        if iri not in self._parsed:
            found = [geometry for text in self._wkt.get(iri, ()) if (geometry := parse_wkt(text)) is not None]
            found.sort(key=lambda geometry: not geometry.rings)
            self._parsed[iri] = found[0] if found else None
        return self._parsed[iri]

    def __contains__(self, iri: str) -> bool:
        """Tell whether a thing has a geometry."""
        return iri in self._wkt

    def near(self, iri: str, store: Store) -> Geometry | None:
        """Give the geometry of a thing, or the smallest of those that it points to in a store."""
        own = self.geometry(iri)
        if own is not None or iri.startswith("_:"):
            return own
        related = [
            geometry
            for quad in store.quads_for_pattern(NamedNode(iri), None, None, DefaultGraph())
            if isinstance(quad.object, NamedNode)
            and (geometry := self.geometry(quad.object.value)) is not None
        ]
        return min(related, key=lambda geometry: geometry.box.area, default=None)

    def land(self, fineness: int = 3) -> dict[str, object]:
        """Give the land as GeoJSON, with so many decimals."""
        features = [
            {
                "type": "Feature",
                "properties": {},
                "geometry": {
                    "type": "MultiPolygon",
                    "coordinates": [[_thinned(ring, fineness)] for ring in surface.rings],
                },
            }
            for surface in self._land
        ]
        return {"type": "FeatureCollection", "features": features}

    def _find_land(self) -> tuple[str, ...]:
        """Give the things of the class whose surfaces are largest on average."""
        classes: dict[str, dict[str, float]] = defaultdict(dict)
        for iri, texts in self._wkt.items():
            geometry = self.geometry(iri) if any(map(_is_surface, texts)) else None
            if geometry is None:
                continue
            types = self._store.quads_for_pattern(NamedNode(iri), RDF_TYPE, None, DefaultGraph())
            for class_iri in {quad.object.value for quad in types if isinstance(quad.object, NamedNode)}:
                classes[class_iri][iri] = geometry.box.area
        mean = {iri: sum(some.values()) / len(some) for iri, some in classes.items() if len(some) > 1}
        return tuple(classes[max(mean, key=lambda iri: (mean[iri], iri))]) if mean else ()

    def credits(self, iris: Iterable[str]) -> tuple[str, ...]:
        """Give whom a drawing of these things must name, as the named graphs of their geometries ask."""
        graphs = {graph for iri in iris for graph in self._graphs.get(iri, ())}
        return tuple(sorted({text for graph in graphs for text in self._credits_of(graph)}))

    def _credits_of(self, graph: str) -> tuple[str, ...]:
        if graph not in self._credits:
            said = self._store.quads_for_pattern(NamedNode(graph), None, None, DefaultGraph())
            self._credits[graph] = tuple(
                quad.object.value
                for quad in said
                if isinstance(quad.object, Literal) and local_name(quad.predicate.value) in _CREDITS
            )
        return self._credits[graph]

    def draw(self, places: Iterable[Place], box: Box | None = None, width: int = WIDTH) -> Drawing | None:
        """Give the drawing of places in a frame, by default one around them; None without any place."""
        places = tuple(places)
        if not places:
            return None
        frame = box or _frame(places)
        scale = _Scale(frame, width)
        land = tuple(path for surface in self._land if (path := scale.path(surface)))
        marks = tuple(mark for place in places for mark in scale.marks(place))
        credits_ = self.credits((*self._land_iris, *(place.iri for place in places)))
        return Drawing(width, scale.height, land, marks, credits_)

    @property
    def whole(self) -> Box | None:
        """The frame around the land."""
        return joined([geometry.box for geometry in self._land]) if self._land else None


def _frame(places: Sequence[Place]) -> Box:
    """Give the frame around what the map is about, with room: the things themselves before what is near."""
    own = [place for place in places if place.role == "own"] or _small(places)
    points = [point for place in own for point in place.geometry.points]
    return (around(points) if points else joined([place.geometry.box for place in own])).padded()


def _small(places: Sequence[Place]) -> list[Place]:
    """Leave out what is much larger than the smallest: the county around a municipality."""
    least = min(place.geometry.box.area for place in places)
    return [place for place in places if place.geometry.box.area <= max(least * 8, 0.01)]


@dataclass(frozen=True, slots=True)
class Caption:
    """A name on the drawing, where it overlaps no other."""

    text: str
    x: float
    y: float
    anchor: str


def captions(drawing: Drawing, names: Mapping[str, str]) -> tuple[Caption, ...]:
    """Give the names that fit: points before surfaces, small things before large ones."""
    if len(drawing.marks) > _MAX_NAMED:
        return ()
    taken: list[tuple[float, float, float, float]] = []
    placed: list[Caption] = []
    for mark in (*drawing.points, *reversed(drawing.surfaces)):
        for caption, box in _positions(mark, names[mark.iri]):
            inside = box[0] >= 0 and box[2] <= drawing.width and box[1] >= 0 and box[3] <= drawing.height
            if inside and not any(_overlap(box, other) for other in taken):
                placed.append(caption)
                taken.append(box)
                break
    return tuple(placed)


def _positions(mark: Mark, text: str) -> Iterator[tuple[Caption, tuple[float, float, float, float]]]:
    wide, high = len(text) * 7.6, 16
    offsets = ((0, "middle"),) if mark.path else ((11, "start"), (-11, "end"))
    for offset, anchor in offsets:
        x, y = mark.x + offset, mark.y + 4
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        yield Caption(text, x, y, anchor), (left, y - high + 3, left + wide, y + 3)


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


class _Scale:
    """From degrees to the drawing: flat, with the shrinking of longitudes at the frame's middle."""

    def __init__(self, frame: Box, width: int) -> None:
        self.frame = frame
        margin = (frame.east - frame.west) * 0.02
        self.outer = Box(frame.west - margin, frame.south - margin, frame.east + margin, frame.north + margin)
        squeeze = math.cos(math.radians(frame.centre[1]))
        self.x = width / (frame.east - frame.west)
        self.y = self.x / squeeze
        self.height = round((frame.north - frame.south) * self.y)

    def at(self, point: Point) -> Point:
        return (point[0] - self.frame.west) * self.x, (self.frame.north - point[1]) * self.y

    def path(self, surface: Geometry) -> str:
        """Give rings as the text of an SVG path: cut to the frame, on whole pixels, specks left out."""
        parts: list[str] = []
        west, north, wide, high = self.frame.west, self.frame.north, self.x, self.y
        for ring, box in zip(surface.rings, surface.boxes, strict=True):
            if box.apart(self.outer) or max(box.east - box.west, box.north - box.south) * self.y < 3:
                continue
            seen = ring if box.within(self.outer) else clip(ring, self.outer)
            dots = list(
                dict.fromkeys([(round((x - west) * wide), round((north - y) * high)) for x, y in seen])
            )
            if len(dots) < 3 or _speck(dots):
                continue
            steps = (f"{bx - ax} {by - ay}" for (ax, ay), (bx, by) in pairwise(dots))
            parts.append(f"M{dots[0][0]} {dots[0][1]}l{' '.join(steps)}z")
        return "".join(parts)

    def marks(self, place: Place) -> Iterator[Mark]:
        if place.geometry.rings:
            longitude, latitude = place.geometry.box.centre
            x, y = self.at((longitude, latitude))
            yield Mark(
                place.iri,
                place.role,
                self.path(place.geometry),
                round(x, 1),
                round(y, 1),
                longitude,
                latitude,
                place.geometry.rings,
            )
            return
        for longitude, latitude in place.geometry.points:
            x, y = self.at((longitude, latitude))
            yield Mark(place.iri, place.role, "", round(x, 1), round(y, 1), longitude, latitude)


def _thinned(ring: Sequence[Point], fineness: int) -> list[Point]:
    dots = list(dict.fromkeys((round(x, fineness), round(y, fineness)) for x, y in ring))
    return [*dots, dots[0]]


def _speck(dots: Sequence[tuple[int, int]]) -> bool:
    xs, ys = [x for x, _ in dots], [y for _, y in dots]
    return (max(xs) - min(xs)) * (max(ys) - min(ys)) < 6


def clip(ring: Sequence[Point], box: Box) -> list[Point]:
    """Give the part of a ring inside a frame (Sutherland and Hodgman's way)."""
    points = list(ring)
    for axis, limit, keep_above in (
        (0, box.west, True),
        (0, box.east, False),
        (1, box.south, True),
        (1, box.north, False),
    ):
        furthest = (min if keep_above else max)([point[axis] for point in points])
        if (furthest < limit) == keep_above:  # something lies beyond
            points = _clip_side(points, axis, limit, keep_above)
        if not points:
            return []
    return points


def _clip_side(points: Sequence[Point], axis: int, limit: float, keep_above: bool) -> list[Point]:
    kept: list[Point] = []
    for place, here in enumerate(points):
        before = points[place - 1]
        inside, was_inside = (here[axis] >= limit) == keep_above, (before[axis] >= limit) == keep_above
        if inside != was_inside:
            share = (limit - before[axis]) / (here[axis] - before[axis])
            kept.append(
                (before[0] + share * (here[0] - before[0]), before[1] + share * (here[1] - before[1]))
            )
        if inside:
            kept.append(here)
    return kept


def _owners(store: Store) -> Mapping[str, tuple[str, ...]]:
    """Give the things that each geometry node belongs to."""
    owners: dict[str, list[str]] = defaultdict(list)
    for predicate in _GEOMETRIES:
        for quad in store.quads_for_pattern(None, predicate, None, DefaultGraph()):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode | BlankNode):
                owners[quad.object.value].append(quad.subject.value)
    return {node: tuple(things) for node, things in owners.items()}


def _literals(
    store: Store, owners: Mapping[str, tuple[str, ...]]
) -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, frozenset[str]]]:
    """Give the WKT of each thing, and the named graphs that state it."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    graphs: dict[str, set[str]] = defaultdict(set)
    for quad in islice(store.quads_for_pattern(None, _AS_WKT, None, None), 2 * _MAX_GEOMETRIES):
        if not isinstance(quad.object, Literal) or not isinstance(quad.subject, NamedNode | BlankNode):
            continue
        for owner in owners.get(quad.subject.value) or (quad.subject.value,):
            found[owner][quad.object.value] = None
            if isinstance(quad.graph_name, NamedNode):
                graphs[owner].add(quad.graph_name.value)
    texts = {iri: tuple(texts) for iri, texts in found.items()}
    return texts, {iri: frozenset(some) for iri, some in graphs.items()}


def of_store(path: Path) -> Atlas:
    """Give the atlas of the snapshot whose store this is; the folder of a snapshot never changes."""
    return _of_store(settled(path, OUTLINES))


@lru_cache(maxsize=4)
def _of_store(path: Path) -> Atlas:
    return Atlas(opened(path))
