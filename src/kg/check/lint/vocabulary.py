"""Whether terms are used as their vocabularies mean them: known, current, with the right kind of value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from functools import cache, cached_property

from pyoxigraph import NamedNode

from kg.check.lint import terms
from kg.check.lint.facts import BLANK, INTEGERS, IRI, SH, XSD, Facts, Said
from kg.check.lint.rules import finding
from kg.check.lint.seen import Seen
from kg.check.place import Part, Places, Stated, Text, written
from kg.check.walk import reached
from kg.findings import Finding, Place, Severity
from kg.source import Room, SourceFile
from kg.vocab import compact, term


def unknown_terms(seen: Seen, places: Places, queries: Iterable[Text]) -> Iterator[Finding]:
    """Yield a finding for each term, in each file, whose vocabulary is known and does not define it."""
    vocabularies, own = seen.vocabularies(), seen.own_namespaces()
    defined, shapes = seen.stated_in(Room.ONTOLOGY), seen.stated_in(Room.SHAPES)
    for file, facts in seen.facts.items():
        here = defined | shapes if file.room is Room.SHAPES else defined
        for iri, namespace in sorted(_unknown_in(facts, vocabularies)):
            if iri not in here:
                severity = _severity(file, namespace, own)
                yield _unknown_term(iri, vocabularies[namespace], severity, places.term(file, iri))
    for text in queries:
        for iri in sorted(set(_iris(text.text))):
            namespace, local = terms.split(iri)
            if _unknown(namespace, local, vocabularies) and iri not in defined:
                place = text.find(iri) or Place(text.name)
                yield _unknown_term(iri, vocabularies[namespace], Severity.VIOLATION, place)


def _unknown_in(facts: Facts, vocabularies: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
    """Yield the terms that a file uses and their vocabularies do not define, each with its namespace."""
    for namespace in facts.terms.keys() & vocabularies.keys():
        for local in facts.terms[namespace]:
            if not terms.defines(namespace, local, vocabularies[namespace]):
                yield namespace + local, namespace


def _unknown(namespace: str, local: str, vocabularies: Mapping[str, frozenset[str]]) -> bool:
    names = vocabularies.get(namespace)
    return names is not None and not terms.defines(namespace, local, names)


def _severity(file: SourceFile, namespace: str, own: set[str]) -> Severity:
    inert_shape = namespace == SH and file.room is Room.SHAPES
    return Severity.VIOLATION if namespace in own or inert_shape else Severity.WARNING


def _unknown_term(iri: str, names: frozenset[str], severity: Severity, place: Place) -> Finding:
    local = terms.split(iri)[1]
    near = nearest(local, names)
    return finding(
        "unknown-term",
        f"<{iri}> is not defined by its vocabulary.",
        f"<{iri}> er ikke definert av vokabularet sitt.",
        place,
        value=iri,
        hint=(f"Did you mean {near}?", f"Mente du {near}?") if near else None,
        severity=severity,
    )


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Give the name that a misspelt one most likely stands for, or None.

    >>> nearest("MinCount", ["minCount", "maxCount"]), nearest("nodekind", ["NodeKind", "nodeKind"])
    ('minCount', 'nodeKind')
    """
    from rapidfuzz import fuzz, process  # most runs have nothing to guess

    pool = sorted(names)
    same = [known for known in pool if known.lower() == name.lower()]
    if same:
        return min(same, key=lambda known: known[0] != name[0])
    best = process.extractOne(name, pool, scorer=fuzz.ratio, score_cutoff=65)
    return best[0] if best else None


_PREFIXED = re.compile(r"(?<![\w:<?$])([A-Za-z][\w.-]*)?:([A-Za-z0-9_](?:[\w.-]*[\w-])?)")
_DECLARED = re.compile(r"(?i)\bprefix\s+([^\s:]*):\s*<([^>]*)>")
_NO_TERM = re.compile(r"""(?mx) (?:^|(?<=\s))\#.*$ | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' """)
_FULL = re.compile(r"<([^<>\"{}|^`\\\s]+)>")


def _iris(query: str) -> Iterator[str]:
    """Yield the IRIs that a query names outside comments, strings and its prologue."""
    prefixes = dict(_DECLARED.findall(query))
    body = _NO_TERM.sub(" ", _DECLARED.sub(" ", query))
    yield from _FULL.findall(body)
    for prefix, local in _PREFIXED.findall(_FULL.sub(" ", body)):
        if prefix in prefixes:
            yield prefixes[prefix] + local


def deprecated_terms(seen: Seen, schema: Schema, places: Places) -> Iterator[Finding]:
    """Yield a finding for each deprecated term in each file of shapes and data that uses it."""
    if not schema.deprecated:
        return
    for file, facts in seen.facts.items():
        if file.room is Room.ONTOLOGY:
            continue
        for iri in sorted(schema.deprecated.keys() & facts.iris):
            instead = schema.deprecated[iri]
            yield finding(
                "deprecated-term",
                f"{short(iri)} is deprecated.",
                f"{short(iri)} er foreldet.",
                places.term(file, iri),
                value=iri,
                hint=(f"Use {short(instead)}.", f"Bruk {short(instead)}.") if instead else None,
            )


def short(iri: str) -> str:
    """Give an IRI as messages show it: prefixed where the prefix table allows."""
    return compact(iri) or f"<{iri}>"


class Schema:
    """What the dataset's ontologies say of classes and properties."""

    def __init__(self, seen: Seen) -> None:
        """Sort the statements that were seen."""
        self._said: dict[str, dict[str, list[str]]] = {}
        for _, quad in seen.schema:
            about = self._said.setdefault(quad.predicate.value, {})
            about.setdefault(written(quad.subject), []).append(written(quad.object))
        self._seen = seen

    def says(self, predicate: str) -> bool:
        """True if there is such a statement at all."""
        return term(predicate).value in self._said

    def _values(self, predicate: str, subject: str) -> list[str]:
        return self._said.get(term(predicate).value, {}).get(subject, [])

    @cached_property
    def deprecated(self) -> Mapping[str, str | None]:
        """Deprecated terms, each with what replaces it."""
        said = self._said.get(term("owl:deprecated").value, {})
        return {
            iri: next(iter(self._values("dcterms:isReplacedBy", iri)), None)
            for iri, values in said.items()
            if any(value.startswith(('"true"', '"1"')) for value in values)
        }

    def classes(self, predicate: str, iri: str) -> frozenset[str]:
        """Give the classes that a property's domain or range is one of; nothing where it cannot be told."""
        declared = self._values(predicate, iri)
        if len(declared) != 1:
            return frozenset()
        if not declared[0].startswith("_:"):
            return frozenset(declared)
        union = self._values("owl:unionOf", declared[0])
        return frozenset(self._list(union[0])) if union else frozenset()

    def _list(self, node: str) -> Iterator[str]:
        nil, seen = term("rdf:nil").value, set[str]()
        while node != nil and node not in seen:
            seen.add(node)
            yield from self._values("rdf:first", node)
            node = next(iter(self._values("rdf:rest", node)), nil)

    def above(self, iri: str) -> frozenset[str]:
        """Give a class and all its superclasses, as far as they are declared."""
        known: frozenset[str] | None = self._above.get(iri)
        if known is None:
            found = reached([iri], lambda cls: self._values("rdfs:subClassOf", cls))
            known = self._above[iri] = frozenset(found)
        return known

    @cached_property
    def _above(self) -> dict[str, frozenset[str]]:
        return {}

    def fits(self, types: Iterable[str], wanted: Set[str]) -> bool:
        """True if a thing of these types may be one of the wanted classes, seen from below or from above."""
        if _ANYTHING & wanted:
            return True
        for kind in types:
            if self.above(kind) & wanted or any(kind in self.above(want) for want in wanted):
                return True
        return False

    @cached_property
    def classes_known(self) -> frozenset[str]:
        """The classes that the ontologies place under another or declare."""
        return frozenset(
            iri
            for facts in self._seen.facts.values()
            if any(not _CLASSES.isdisjoint(said.types) for said in facts.kinds_of_subjects)
            for iri in facts.typed
            if not _CLASSES.isdisjoint(facts.subjects[iri].types)
        )

    def wanted(self, predicate: str, iri: str) -> frozenset[str]:
        """Give the classes of a property's domain or range; nothing where not all of them are known."""
        classes = self.classes(predicate, iri)
        return classes if self.classes_known.issuperset(classes) else frozenset()

    def strays(self, types: Iterable[NamedNode], wanted: Set[str]) -> bool:
        """True if a thing of these types, of which one is known, can be none of the wanted classes."""
        names = [kind.value for kind in types]
        return not self.classes_known.isdisjoint(names) and not self.fits(names, wanted)


_ANYTHING = {term("owl:Thing").value, term("rdfs:Resource").value}
_CLASSES = frozenset((term("owl:Class"), term("rdfs:Class")))
_NODES = {IRI, BLANK}
_OBJECT, _DATATYPE = term("owl:ObjectProperty"), term("owl:DatatypeProperty")


def property_kinds(seen: Seen, places: Places) -> Iterator[Finding]:
    """Yield a finding for each literal of an object property, and each node of a datatype property."""
    predicates = {predicate for facts in seen.facts.values() for predicate in facts.kinds}
    types = {predicate: seen.types_of(predicate.value) for predicate in predicates}
    wants_node = {
        predicate: _OBJECT in some
        for predicate, some in types.items()
        if (_OBJECT in some) != (_DATATYPE in some)
    }
    for file, facts in seen.facts.items():
        for predicate in facts.kinds.keys() & wants_node.keys():
            want = wants_node[predicate]
            if (facts.kinds[predicate] - _NODES) if want else (facts.kinds[predicate] & _NODES):
                yield from _wrong_kinds(file, predicate.value, places, want_node=want)


def _wrong_kinds(file: SourceFile, predicate: str, places: Places, *, want_node: bool) -> Iterator[Finding]:
    name = short(predicate)
    for one in places.each(file, predicate):
        if one.value.startswith('"') == want_node:
            yield finding(
                "property-kind",
                f"{name} is {'an object' if want_node else 'a datatype'} property, but its value here is "
                f"{'a literal' if want_node else 'a node'}.",
                f"{name} er en {'objekt' if want_node else 'data'}egenskap, men verdien her er "
                f"{'en literal' if want_node else 'en node'}.",
                places.at(file, one, Part.VALUE),
                focus=one.subject,
                path=predicate,
                value=one.value,
            )


def domains(seen: Seen, schema: Schema, places: Places) -> Iterator[Finding]:
    """Yield a finding for each property on a thing whose types have nothing to do with its domain."""

    @cache
    def misfits(said: Said) -> Mapping[str, frozenset[str]]:
        each = {p.value: schema.wanted("rdfs:domain", p.value) for p in said.properties}
        return {name: some for name, some in each.items() if some and schema.strays(said.types, some)}

    for subject, said in _told_of(seen, misfits) if schema.says("rdfs:domain") else ():
        for predicate, wanted in misfits(said).items():
            yield _not_in_domain(seen, places, subject, predicate, wanted)


def _told_of(seen: Seen, are_odd: Callable[[Said], object]) -> Iterator[tuple[str, Said]]:
    """Yield each subject with what all files say of it, if that is odd."""
    for facts in seen.facts.values():
        odd = {id(said) for said in facts.kinds_of_subjects if said.types and are_odd(said)}
        for name, said in facts.subjects.items() if odd else ():
            if id(said) in odd and name not in seen.shared:
                yield name, said
    for name in sorted(seen.shared):
        said = seen.said_of(name)
        if said.types and are_odd(said):
            yield name, said


def _not_in_domain(
    seen: Seen, places: Places, subject: str, predicate: str, wanted: frozenset[str]
) -> Finding:
    en, nb = _names(wanted, seen.types_of(subject))
    return finding(
        "property-domain",
        f"{short(predicate)} is for {en[0]}, but stands on a thing of type {en[1]}.",
        f"{short(predicate)} er for {nb[0]}, men står på noe av type {nb[1]}.",
        places.of(seen.subjects[subject], subject, predicate, part=Part.PREDICATE),
        focus=subject,
        path=predicate,
    )


def _names(wanted: Iterable[str], types: Iterable[NamedNode]) -> tuple[tuple[str, str], tuple[str, str]]:
    """Give the classes that were wanted and those that are, in words: in English, and in Norwegian."""
    first, second = sorted(map(short, wanted)), sorted({short(kind.value) for kind in types})
    return (" or ".join(first), " and ".join(second)), (" eller ".join(first), " og ".join(second))


def ranges(seen: Seen, schema: Schema, places: Places) -> Iterator[Finding]:
    """Yield a finding for each value that has nothing to do with its property's range."""
    for predicate, values in seen.ranged.items():
        wanted, strays = schema.wanted("rdfs:range", predicate.value), dict[tuple[NamedNode, ...], bool]()
        for value, file in values.items() if wanted else ():
            types = seen.types_of(value)
            if types not in strays:
                strays[types] = schema.strays(types, wanted)
            if strays[types]:
                en, nb = _names(wanted, types)
                told = (en[0], f"of type {en[1]}"), (nb[0], f"av type {nb[1]}")
                one = next((one for one in places.each(file, predicate.value) if one.value == value), None)
                yield _not_in_range(file, predicate.value, one, told, places)
    yield from _datatypes(seen, schema, places)


def _not_in_range(
    file: SourceFile, predicate: str, one: Stated | None, told: tuple[tuple[str, str], ...], places: Places
) -> Finding:
    en, nb = told
    return finding(
        "property-range",
        f"{short(predicate)} takes {en[0]}, but its value here is {en[1]}.",
        f"{short(predicate)} tar {nb[0]}, men verdien her er {nb[1]}.",
        places.at(file, one, Part.VALUE),
        focus=one.subject if one else None,
        path=predicate,
        value=one.value if one else None,
    )


def _datatypes(seen: Seen, schema: Schema, places: Places) -> Iterator[Finding]:
    for file, facts in seen.facts.items():
        for predicate, kinds in facts.kinds.items():
            if predicate not in seen.ranged:
                continue
            wanted = schema.classes("rdfs:range", predicate.value)
            if not wanted or not all(want.startswith(XSD) or want in _TEXTS for want in wanted):
                continue
            wrong = {kind for kind in kinds - {IRI, BLANK} if not _datatype_fits(kind, wanted)}
            for one in places.each(file, predicate.value) if wrong else ():
                kind = kind_of(one.value)
                if kind in wrong:
                    yield _not_in_range(file, predicate.value, one, _told(kind, wanted), places)


def _told(kind: str, wanted: Iterable[str]) -> tuple[tuple[str, str], ...]:
    (en, _), (nb, _) = _names(wanted, ())
    if kind.startswith("@"):
        return (en, f"a text in {kind[1:]!r}"), (nb, f"en tekst på {kind[1:]!r}")
    return (en, f"of type {short(kind)}"), (nb, f"av type {short(kind)}")


_TEXTS = {term("rdf:langString").value, term("rdfs:Literal").value, term("rdf:PlainLiteral").value}
_NARROWER = {
    "dateTime": {"dateTimeStamp"},
    "string": {"normalizedString", "token", "language", "Name", "NCName", "NMTOKEN"},
}


def kind_of(value: str) -> str:
    """Give the datatype of a literal as findings carry it, its language as `@nb`.

    >>> kind_of('"x"@nb'), kind_of('"1"^^<http://www.w3.org/2001/XMLSchema#integer>')
    ('@nb', 'http://www.w3.org/2001/XMLSchema#integer')
    """
    suffix = value[value.rindex('"') + 1 :]
    return suffix[3:-1] if suffix.startswith("^^") else suffix or f"{XSD}string"


def _datatype_fits(kind: str, wanted: Set[str]) -> bool:
    if kind in wanted or term("rdfs:Literal").value in wanted:
        return True
    if kind.startswith("@"):
        return not _TEXTS.isdisjoint(wanted)
    name, names = kind.removeprefix(XSD), {want.removeprefix(XSD) for want in wanted}
    if name in INTEGERS and names & {"integer", "decimal"}:
        return True
    return any(name in _NARROWER.get(want, ()) for want in names)
