"""What happened when: the dated things around an entity, laid out on one axis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Store

from kg.index import Description
from kg.vocab import PREFIXES, term

_DATES = frozenset(PREFIXES["xsd"] + name for name in ("date", "gYear", "gYearMonth", "dateTime"))
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_STARTS = frozenset(("startDate", "validFrom", "hasBeginning", "startedAtTime"))
_ENDS = frozenset(("endDate", "validUntil", "hasEnd", "endedAtTime"))
_SINCE, _UNTIL = "validFrom", "validUntil"
_PERIODS = frozenset((term("dcterms:temporal").value, term("dcterms:PeriodOfTime").value))
ABOUT_THE_RECORD = frozenset(
    PREFIXES["dcterms"] + name for name in ("created", "modified", "dateSubmitted", "dateAccepted")
)
_MAX_RELATED, _SCANNED = 60, 200


@dataclass(frozen=True, slots=True)
class Moment:
    """A dated thing: `start` and `end` are years with fractions, the texts are the literals as written.

    `open` is "start" or "end" for what was in force until a day, or has been since one; `valid` marks
    all that was or is in force: it does not stretch the axis where something happened.
    """

    iri: str
    predicate: str
    start: float
    end: float
    texts: tuple[str, ...]
    datatypes: tuple[str, ...]
    open: str = ""
    valid: bool = False

    @property
    def lasting(self) -> bool:
        """Whether it has an extent on the axis."""
        return self.end - self.start > 1.05


@dataclass(frozen=True, slots=True)
class Bar:
    """A moment on the drawing."""

    moment: Moment
    x: float
    width: float
    y: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The drawing: bars one below the other, and the years that are marked."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    years: tuple[tuple[int, float], ...]


def moments(description: Description, store: Store) -> tuple[Moment, ...]:
    """Give the dated things: the entity and its parts, then what it is linked to that has a date."""
    own = [
        quad for quad in description.quads() if _name(quad) == description.iri or _is_part(quad, description)
    ]
    found = dict.fromkeys(_of_subjects(own, description.iri))
    related = dict.fromkeys(
        s.object.value
        for s in description.statements
        if isinstance(s.object, NamedNode) and s.object.value not in description.parts
    )
    for iri in list(related)[:_MAX_RELATED]:
        if iri != description.iri:
            found.update(dict.fromkeys(_related(iri, store)))
    return tuple(sorted(found, key=lambda moment: (moment.start, moment.end, moment.iri)))


def bounds(iri: str, store: Store) -> tuple[Literal | None, Literal | None]:
    """Give the first and the last time that a thing itself states, as written."""
    said = [
        (_local(q.predicate.value), q.object)
        for q in _said(NamedNode(iri), store)
        if isinstance(q.object, Literal) and q.object.datatype.value in _DATES
    ]
    starts = sorted((value for name, value in said if name in _STARTS), key=lambda value: value.value)
    ends = sorted((value for name, value in said if name in _ENDS), key=lambda value: value.value)
    return next(iter(starts), None), next(reversed(ends), None)


def _said(node: NamedNode, store: Store) -> list[Quad]:
    """Give what is said of a node, or the first of it: no page waits for all that is said of one thing."""
    return list(islice(store.quads_for_pattern(node, None, None, DefaultGraph()), _SCANNED))


def _is_part(quad: Quad, description: Description) -> bool:
    return _name(quad) in description.parts


def _name(quad: Quad) -> str:
    return str(getattr(quad.subject, "value", ""))


@lru_cache(maxsize=4096)
def _related(iri: str, store: Store) -> tuple[Moment, ...]:
    """Give the dated things about something that pages are linked to: many are linked to the same."""
    node = NamedNode(iri)
    quads = _said(node, store)
    parts = [
        q.object for q in quads if isinstance(q.object, NamedNode) and q.object.value.startswith(f"{iri}#")
    ]
    for part in list(dict.fromkeys(parts))[:_MAX_RELATED]:
        dated = _said(part, store)
        if any(q.object.value in _PERIODS for q in dated if isinstance(q.object, NamedNode)):
            quads += dated
    return tuple(_of_subjects(quads, iri))


def _of_subjects(quads: Iterable[Quad], owner: str) -> Iterator[Moment]:
    by_subject: dict[str, dict[tuple[str, str], Literal]] = {}
    for quad in quads:
        value, predicate = quad.object, quad.predicate.value
        if (
            not isinstance(value, Literal)
            or value.datatype.value not in _DATES
            or predicate in ABOUT_THE_RECORD
        ):
            continue
        by_subject.setdefault(_name(quad), {})[predicate, value.value] = value
    for subject, dated in by_subject.items():
        yield from _moments_of(owner if _only_period(dated) else subject, dated)


def _only_period(dated: Iterable[tuple[str, str]]) -> bool:
    return all(_local(predicate) in _STARTS | _ENDS for predicate, _ in dated)


def _local(predicate: str) -> str:
    return re.split(r"[/#]", predicate)[-1]


def _moments_of(iri: str, dated: dict[tuple[str, str], Literal]) -> Iterator[Moment]:
    starts = sorted((v.value, v.datatype.value) for (p, _), v in dated.items() if _local(p) in _STARTS)
    ends = sorted((v.value, v.datatype.value) for (p, _), v in dated.items() if _local(p) in _ENDS)
    if starts or ends:
        first, last = (starts or ends)[0], (ends or starts)[-1]
        if (span := _span(first[0], last[0])) is not None:
            texts = (first, last) if starts and ends and first != last else (first,)
            known, typed = tuple(t for t, _ in texts), tuple(d for _, d in texts)
            said = {_local(p) for p, _ in dated}
            yield Moment(iri, "", *span, known, typed, _open(said), bool(said & {_SINCE, _UNTIL}))
    for (predicate, _), value in dated.items():
        if _local(predicate) not in _STARTS | _ENDS and (span := _span(value.value, value.value)) is not None:
            yield Moment(iri, predicate, *span, (value.value,), (value.datatype.value,))


def _open(said: set[str]) -> str:
    """Give which end of a validity is not said, if only one is."""
    if _UNTIL in said and not said & _STARTS:
        return "start"
    return "end" if _SINCE in said and not said & _ENDS else ""


def _span(first: str, last: str) -> tuple[float, float] | None:
    """Give a span in years; None for what is no date, or ends before it begins."""
    begin, end = _DATE.match(first), _DATE.match(last)
    if begin is None or end is None:
        return None
    start = int(begin[1]) + (int(begin[2] or 1) - 1) / 12 + (int(begin[3] or 1) - 1) / 365
    month, day = int(end[2]) if end[2] else 0, int(end[3]) if end[3] else 0
    stop = int(end[1]) + ((month - 1) / 12 + (day / 365 if day else 1 / 12) if month else 1.0)
    return (start, stop) if stop >= start else None


def draw(found: Sequence[Moment], width: int = 720) -> Timeline | None:
    """Give the drawing of moments; None for fewer than two, which need none."""
    first, last = _frame(found)
    found = [m for m in found if not m.valid or (m.start < last and m.end > first)]
    if len(found) < 2:
        return None
    row, top = 26, 8
    scale = (width - 8) / max(1, last - first)
    bars = tuple(_bar(m, first, last, scale, top + row * n) for n, m in enumerate(found))
    step = next(size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if (last - first) / size <= 12)
    years = tuple(
        (year, round((year - first) * scale, 1)) for year in range(first, last + 1) if year % step == 0
    )
    return Timeline(width, top + row * len(found) + 22, bars, years)


def _frame(found: Sequence[Moment]) -> tuple[int, int]:
    """Give the years to draw: those of what happened, with some around; else those of what was in force."""
    happened = [m for m in found if not m.valid]
    framed, room = (happened, 1) if 0 < len(happened) < len(found) else (found, 0)
    if not framed:
        return 0, 1
    return int(min(m.start for m in framed)) - room, int(max(m.end for m in framed)) + 1 + room


def _bar(moment: Moment, first: int, last: int, scale: float, y: float) -> Bar:
    """Give the bar of a moment; one that goes on beyond the drawing runs out of it on that side."""
    start = first - 1 if moment.open == "start" else max(moment.start, first - 1)
    end = last + 1 if moment.open == "end" else min(moment.end, last + 1)
    return Bar(moment, round((start - first) * scale, 1), round(max(8, (end - start) * scale), 1), y)
