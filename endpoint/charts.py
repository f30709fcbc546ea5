"""Curves of the observations (RDF Data Cube) that are made of a thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Store

from endpoint.timelines import _DATE as DATE
from kg.vocab import term

_DIMENSION, _MEASURE, _ATTRIBUTE = term("qb:dimension"), term("qb:measure"), term("qb:attribute")
_MAX = 2_000
_HEIGHT, _WIDTH, _LEFT, _BOTTOM = 260, 720, 64, 28


@dataclass(frozen=True, slots=True)
class Observation:
    """One point: when, how much, and what else is said of it (IRIs of attributes)."""

    iri: str
    date: str
    datatype: str
    time: float
    value: float
    written: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """The observations of one measure of one thing, in the order of time."""

    iri: str
    measure: str
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart."""

    series: Series
    points: str
    end: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing of the series of one measure on one scale."""

    measure: str
    width: int
    height: int
    left: int
    curves: tuple[Curve, ...]
    levels: tuple[tuple[float, float], ...]
    years: tuple[tuple[int, float], ...]


class Cube:
    """The dimensions, measures and attributes that a snapshot's structures name."""

    def __init__(self, store: Store) -> None:
        """Read the component properties."""
        self._store = store
        self._kept = lru_cache(maxsize=1024)(self._series)
        self.dimensions = self._components(_DIMENSION)
        self.measures = self._components(_MEASURE)
        self.attributes = self._components(_ATTRIBUTE)

    def _components(self, kind: NamedNode) -> tuple[NamedNode, ...]:
        found = {q.object for q in self._store.quads_for_pattern(None, kind, None, DefaultGraph())}
        return tuple(sorted((node for node in found if isinstance(node, NamedNode)), key=str))

    def series(self, iri: str) -> tuple[Series, ...]:
        """Give the series about a thing, one for each measure with at least two points in time."""
        return self._kept(iri)

    def _series(self, iri: str) -> tuple[Series, ...]:
        found: dict[str, dict[float, Observation]] = defaultdict(dict)
        for dimension in self.dimensions:
            quads = self._store.quads_for_pattern(None, dimension, NamedNode(iri), DefaultGraph())
            for number, quad in enumerate(quads):
                if number >= _MAX:
                    break
                for measure, observation in self._observation(quad):
                    found[measure][observation.time] = observation
        return tuple(
            Series(iri, measure, tuple(some[time] for time in sorted(some)))
            for measure, some in sorted(found.items())
            if len(some) > 1
        )

    def _observation(self, quad: Quad) -> Iterable[tuple[str, Observation]]:
        said = list(self._store.quads_for_pattern(quad.subject, None, None, DefaultGraph()))
        when = next(
            (q.object for q in said if q.predicate in self.dimensions and isinstance(q.object, Literal)), None
        )
        time = _time(when.value) if when is not None else None
        if when is None or time is None:
            return
        notes = tuple(
            q.object.value for q in said if q.predicate in self.attributes and isinstance(q.object, NamedNode)
        )
        for q in said:
            if q.predicate in self.measures and isinstance(q.object, Literal):
                try:
                    value = float(q.object.value)
                except ValueError:
                    continue
                yield (
                    q.predicate.value,
                    Observation(
                        str(getattr(quad.subject, "value", "")),
                        when.value,
                        when.datatype.value,
                        time,
                        value,
                        q.object.value,
                        notes,
                    ),
                )


def _time(text: str) -> float | None:
    found = DATE.match(text)
    if found is None:
        return None
    return int(found[1]) + (int(found[2] or 1) - 1) / 12 + (int(found[3] or 1) - 1) / 365


def draw(all_series: Sequence[Series]) -> tuple[Chart, ...]:
    """Give one chart for each measure, all its series on the same scale."""
    by_measure: dict[str, list[Series]] = defaultdict(list)
    for series in all_series:
        by_measure[series.measure].append(series)
    return tuple(_chart(measure, some) for measure, some in sorted(by_measure.items()))


def _chart(measure: str, some: Sequence[Series]) -> Chart:
    times = [o.time for series in some for o in series.observations]
    first, last = min(times), max(times)
    top = max(o.value for series in some for o in series.observations) or 1.0
    step = _step(top)
    ceiling = step * (int(top / step) + 1)
    x_scale = (_WIDTH - _LEFT - 12) / max(0.1, last - first)
    y_scale = (_HEIGHT - _BOTTOM - 10) / ceiling

    def at(o: Observation) -> tuple[float, float]:
        return round(_LEFT + (o.time - first) * x_scale, 1), round(_HEIGHT - _BOTTOM - o.value * y_scale, 1)

    curves = tuple(
        Curve(
            series, " ".join(f"{x},{y}" for x, y in map(at, series.observations)), at(series.observations[-1])
        )
        for series in some
    )
    levels = tuple(
        (step * n, round(_HEIGHT - _BOTTOM - step * n * y_scale, 1)) for n in range(int(ceiling / step) + 1)
    )
    span = next(size for size in (1, 2, 5, 10, 20, 50, 100, 1000) if (last - first) / size <= 11)
    years = tuple(
        (year, round(_LEFT + (year - first) * x_scale, 1))
        for year in range(int(first), int(last) + 1)
        if year % span == 0 and year >= first
    )
    return Chart(measure, _WIDTH, _HEIGHT, _LEFT, curves, levels, years)


def _step(top: float) -> float:
    """Give a round distance between levels, for about five of them."""
    size = 1.0
    while size * 10 <= top:
        size *= 10
    while size > top:
        size /= 10
    return next(size * part for part in (0.2, 0.5, 1, 2) if top / (size * part) <= 6)
