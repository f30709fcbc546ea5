"""Which properties of the things of a class are columns of a list, and which are facets."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode

from endpoint import vocabulary
from endpoint.entity import HIDDEN_IN_LISTS
from endpoint.timelines import ABOUT_THE_RECORD
from endpoint.vocabulary import Vocabulary
from kg.index import Index, Value
from kg.vocab import RDF_TYPE, term

PERIOD = (term("dcat:startDate").value, term("dcat:endDate").value)
YEARS = re.compile(r"(\d{4})(?:/(\d{4}))?")
"""How years are asked for: one, or the first and the last."""
REPLACED, _VERSION_OF = term("dcterms:isReplacedBy").value, term("dcterms:isVersionOf").value
HAS_VERSION = term("dcterms:hasVersion").value
TODAY = ".today"
"""What stands after a property's name where what its values are today is meant."""
VERSIONS = ".versions"
"""What stands after a property's name where what a thing's versions say is meant."""
_DATES = frozenset(term(f"xsd:{name}").value for name in ("date", "gYear", "gYearMonth", "dateTime"))
_MOST_IN_MEMORY = 5_000
_COLUMNS = 3
_FACETS = 8
_FACET_VALUES = 80

Values = Mapping[str, Mapping[str, tuple[Value, ...]]]
"""The things of a class with their values by property."""


@dataclass(frozen=True, slots=True)
class Table:
    """The things of a class with their values, the years these cover, and which are columns and facets.

    `were` has, by facet and what things are today, what they were.
    """

    values: Values
    years: Mapping[str, Mapping[str, tuple[tuple[int, int], ...]]]
    columns: tuple[str, ...]
    facets: tuple[str, ...]
    were: Mapping[tuple[str, str], frozenset[str]]

    def has(self, iri: str, predicate: str, value: str) -> bool:
        """Tell whether a thing has a value, or a period that overlaps with some years."""
        asked = YEARS.fullmatch(value)
        if asked is not None:
            first, last = int(asked[1]), int(asked[2] or asked[1])
            return any(
                begun <= last and ended >= first
                for begun, ended in self.years.get(predicate, {}).get(iri, ())
            )
        return any(
            isinstance(found, NamedNode) and found.value == value
            for found in self.values[iri].get(predicate, ())
        )


@lru_cache(maxsize=32)
def of_class(index: Index, store: Path, class_iri: str) -> Table | None:
    """Read the table of a class once a snapshot; None if it is too large to hold."""
    iris = index.members(class_iri, limit=_MOST_IN_MEMORY + 1)
    if len(iris) > _MOST_IN_MEMORY:
        return None
    said = index.values(iris)
    known = vocabulary.of_store(store)
    values = _with_versions({iri: said.get(iri, {}) for iri in iris}, index, known)
    return _with_today(_laid_out(values, _years(values, index), known, class_iri), index)


def _with_versions(values: Values, index: Index, known: Vocabulary) -> Values:
    """Add to things that have versions what these are said to be related to, and they themselves are not.

    Where shapes tell what a version has, that is what counts.
    """
    versions = {iri: _iris(said.get(HAS_VERSION, ())) for iri, said in values.items()}
    said = index.values({iri for some in versions.values() for iri in some})
    classes = {kind for some in said.values() for kind in _iris(some.get(RDF_TYPE.value, ()))}
    shaped = {field.path for field in known.fields_of(sorted(classes)) if not field.inverse}
    own = HIDDEN_IN_LISTS.union(*values.values())
    found: dict[str, dict[str, tuple[Value, ...]]] = {}
    for iri, some in versions.items():
        more: dict[str, set[str]] = defaultdict(set)
        for version in some:
            for predicate, ends in said.get(version, {}).items():
                if predicate not in own and (predicate in shaped or not shaped):
                    more[predicate + VERSIONS] |= _iris(ends)
        nodes = {name: tuple(map(NamedNode, sorted(iris))) for name, iris in more.items() if iris}
        found[iri] = {**values[iri], **nodes}
    return found


def _with_today(table: Table, index: Index) -> Table:
    """Add beside each facet whose values have been replaced one of what they are today."""
    values = {iri: dict(said) for iri, said in table.values.items()}
    facets: list[str] = []
    were: dict[tuple[str, str], set[str]] = defaultdict(set)
    for predicate in table.facets:
        facets.append(predicate)
        used = set() if predicate in table.years else _used(table.values, predicate)
        today = _today(used, index)
        if not used & today.keys():
            continue
        later = predicate + TODAY
        for then in used:
            for now in today.get(then, (then,)):
                were[later, now].add(then)
        for said in values.values():
            ends = (today.get(value.value, (value.value,)) for value in said.get(predicate, ()))
            said[later] = tuple(NamedNode(iri) for iri in sorted({iri for some in ends for iri in some}))
        facets += [later] if _is_facet(values, later) else []
    frozen = {key: frozenset(iris) for key, iris in were.items()}
    return replace(table, values=values, facets=tuple(facets), were=frozen)


def _used(values: Values, predicate: str) -> set[str]:
    return {value.value for said in values.values() for value in said.get(predicate, ())}


def _today(iris: set[str], index: Index) -> dict[str, tuple[str, ...]]:
    """Give what each thing that was replaced is today: where the chain of its successors ends.

    A chain that branches leads to the version of the same thing, if one of its ends is that, else nowhere: of
    what was merged and split again, nobody knows which part is meant.
    """
    after: dict[str, set[str]] = {}
    wholes: dict[str, frozenset[str]] = {}
    while new := iris - wholes.keys():
        said = index.values(new, [REPLACED, _VERSION_OF])
        wholes |= {iri: _iris(said.get(iri, {}).get(_VERSION_OF, ())) for iri in new}
        after |= {iri: set(_iris(one[REPLACED])) for iri, one in said.items() if REPLACED in one}
        iris = {iri for some in after.values() for iri in some}
    found: dict[str, tuple[str, ...]] = {}
    for iri in after:
        ends = _reached(iri, after) - after.keys()
        same = {end for end in ends if wholes[end] & wholes[iri]}
        found[iri] = tuple(same if len(same) == 1 else ends if len(ends) == 1 else ())
    return found


def _iris(values: Iterable[Value]) -> frozenset[str]:
    return frozenset(value.value for value in values if isinstance(value, NamedNode))


def _reached(iri: str, after: Mapping[str, set[str]]) -> set[str]:
    found, new = set[str](), {iri}
    while new:
        found |= new
        new = {later for one in new for later in after.get(one, ())} - found
    return found


def _years(values: Values, index: Index) -> dict[str, dict[str, tuple[tuple[int, int], ...]]]:
    """Give the first and the last year of each dated value, by property and thing."""
    inner = [
        value.value
        for iri, said in values.items()
        for some in said.values()
        for value in some
        if isinstance(value, NamedNode) and value.value.startswith(f"{iri}#")
    ]
    periods = {iri: _span(said) for iri, said in index.values(inner, PERIOD).items()}
    found: dict[str, dict[str, tuple[tuple[int, int], ...]]] = defaultdict(dict)
    for iri, said in values.items():
        for predicate, some in said.items():
            spans = [
                periods.get(value.value) if isinstance(value, NamedNode) else _span({predicate: (value,)})
                for value in some
            ]
            if predicate not in ABOUT_THE_RECORD and any(spans):
                found[predicate][iri] = tuple(span for span in spans if span)
    return found


def _span(said: Mapping[str, tuple[Value, ...]]) -> tuple[int, int] | None:
    """Give the first and the last year among dates; an end that is not told is taken for the start."""
    dates = [
        v for some in said.values() for v in some if isinstance(v, Literal) and v.datatype.value in _DATES
    ]
    years = [int(date.value[:4]) for date in dates if re.match(r"\d{4}", date.value)]
    return (min(years), max(years)) if years else None


def _laid_out(
    values: Values,
    years: Mapping[str, Mapping[str, tuple[tuple[int, int], ...]]],
    known: Vocabulary,
    class_iri: str,
) -> Table:
    used = Counter(predicate for said in values.values() for predicate in said)
    order = {
        field.path: place for place, field in enumerate(known.fields_of([class_iri])) if not field.inverse
    }
    general = {p for q in used for p in _general(q, known)}
    candidates = sorted(
        (p for p in used if p not in HIDDEN_IN_LISTS and p not in general),
        key=lambda p: (order.get(p, len(order)), -used[p], p),
    )
    columns = [
        p
        for p in candidates
        if not p.endswith(VERSIONS) and used[p] >= len(values) * 0.3 and _short(values, p)
    ]
    often = [p for p in candidates if used[p] >= max(2, len(values) * 0.15)]
    facets: dict[object, str] = {}
    for predicate in often:
        if are_years(years.get(predicate, {})):
            facets.setdefault(predicate, predicate)
        elif _is_facet(values, predicate):
            facets.setdefault(_parts(values, predicate), predicate)
    return Table(values, years, tuple(columns[:_COLUMNS]), tuple(facets.values())[:_FACETS], {})


def _general(predicate: str, known: Vocabulary) -> Iterator[str]:
    """Yield the properties that say less than this one."""
    ending = VERSIONS if predicate.endswith(VERSIONS) else ""
    for more in known.superproperties.get(predicate.removesuffix(ending), frozenset()):
        yield more + ending


def _short(values: Values, predicate: str) -> bool:
    """Tell whether the values of a property fit in a cell: few names, dates and numbers, no prose."""
    some = [said[predicate] for said in values.values() if predicate in said]
    if any("#" in v.value or isinstance(v, BlankNode) for found in some for v in found if _is_node(v)):
        return False
    prose = sum(bool(value.language) for found in some for value in found if isinstance(value, Literal))
    return prose == 0 and sum(map(len, some)) <= 4 * len(some)


def _is_node(value: Value) -> bool:
    return not isinstance(value, Literal)


def _is_facet(values: Values, predicate: str) -> bool:
    some = [value for said in values.values() for value in said.get(predicate, ())]
    if any(not isinstance(value, NamedNode) or "#" in value.value for value in some):
        return False
    return 2 <= len(set(some)) <= _FACET_VALUES and len(set(some)) < len(some)


def are_years(spans: Mapping[str, tuple[tuple[int, int], ...]]) -> bool:
    """Tell whether a property has years to choose from."""
    return len({year for some in spans.values() for span in some for year in span}) > 1


def _parts(values: Values, predicate: str) -> frozenset[frozenset[str]]:
    """Give how a property divides the things: two that divide them alike need not both be offered."""
    things: dict[Value, set[str]] = defaultdict(set)
    for iri, said in values.items():
        for value in said.get(predicate, ()):
            things[value].add(iri)
    return frozenset(map(frozenset, things.values()))
