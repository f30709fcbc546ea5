"""What is odd about a thing as its data stand, for the reader to know: keys of words with their values."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pyoxigraph import Literal, NamedNode

from endpoint.maps import parse_wkt
from kg.index import Description, Index, Statement
from kg.vocab import LABELS, PREFIXES, local_name, term

_HIERARCHIES = tuple(
    term(name).value for name in ("skos:broader", "rdfs:subClassOf", "rdfs:subPropertyOf", "dcterms:isPartOf")
)
_MANY_NAMES = 100
_MAX_STEPS = 50
_WKT = term("geo:asWKT")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_RUNNING = ("javascript:", "data:", "vbscript:")
_DATE, _YEAR, _MONTH = (PREFIXES["xsd"] + name for name in ("date", "gYear", "gYearMonth"))
_STARTS, _ENDS = ("startDate", "validFrom"), ("endDate", "validUntil")


@dataclass(frozen=True, slots=True)
class Oddity:
    """One odd thing: the key of its sentence, and the values that belong into it."""

    key: str
    values: tuple[str, ...] = ()


def of(description: Description, index: Index) -> tuple[Oddity, ...]:
    """Give what is odd about a thing and its parts, each kind once."""
    every = [*description.statements, *(s for part in description.parts.values() for s in part)]
    found = (*_many_names(description), *_values(every), *_periods(every), *_circles(description, index))
    return tuple(dict.fromkeys(found))


def _many_names(description: Description) -> Iterator[Oddity]:
    if whole := description.whole:
        count = sum(whole.properties.get(predicate.value, 0) for predicate in LABELS)
    else:
        count = sum(statement.predicate in LABELS for statement in description.statements)
    if count > _MANY_NAMES:
        yield Oddity("odd-names", (str(count),))


def _values(every: Sequence[Statement]) -> Iterator[Oddity]:
    for statement in every:
        value = statement.object
        if isinstance(value, NamedNode) and value.value.lower().startswith(_RUNNING):
            yield Oddity("odd-link")
        elif not isinstance(value, Literal):
            continue
        elif statement.predicate == _WKT and parse_wkt(value.value) is None:
            yield Oddity("odd-place")
        elif not _is_date(value):
            yield Oddity("odd-date", (value.value[:40],))
        elif _TURNING.search(value.value):
            yield Oddity("odd-turning")


def _is_date(value: Literal) -> bool:
    """Tell whether a literal is the date that it says it is; what claims to be none is not asked."""
    text, datatype = value.value, value.datatype.value
    if datatype not in (_DATE, _YEAR, _MONTH):
        return True
    filled = {_DATE: text[:10], _MONTH: f"{text[:7]}-01", _YEAR: f"{text[:4]}-01-01"}[datatype]
    try:
        date.fromisoformat(filled)
    except ValueError:
        return text.startswith("-")
    return True


def _periods(every: Sequence[Statement]) -> Iterator[Oddity]:
    """Find what ends before it begins."""
    said: dict[object, dict[bool, list[str]]] = defaultdict(lambda: defaultdict(list))
    for statement in every:
        name = local_name(statement.predicate.value)
        if name in (*_STARTS, *_ENDS) and isinstance(statement.object, Literal):
            said[statement.subject][name in _STARTS].append(statement.object.value)
    for ends in said.values():
        if ends[True] and ends[False]:
            start, end = min(ends[True]), max(ends[False])
            if end < start[: len(end)]:
                yield Oddity("odd-order", (start, end))


def _circles(description: Description, index: Index) -> Iterator[Oddity]:
    """Find whether a thing stands above itself."""
    for predicate in _HIERARCHIES:
        above = {s.object.value for s in description.statements
                 if s.predicate.value == predicate and isinstance(s.object, NamedNode)}  # fmt: skip
        if description.iri in _all_above(above, predicate, index):
            yield Oddity("odd-circle")
            return


def _all_above(above: set[str], predicate: str, index: Index) -> set[str]:
    found: set[str] = set()
    while above and len(found) < _MAX_STEPS:
        found |= above
        said = index.values(above, [predicate])
        above = {v.value for values in said.values() for some in values.values() for v in some
                 if isinstance(v, NamedNode)} - found  # fmt: skip
    return found
