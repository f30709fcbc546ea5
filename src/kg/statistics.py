"""What a dataset holds in numbers: classes, properties and links to others, counted in one pass."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from kg.vocab import PREFIXES, RDF_TYPE, term

_TYPE = str(RDF_TYPE)
_ONTOLOGY = str(term("owl:Ontology"))
_MEASURE = str(term("qb:MeasureProperty"))
_CUBE = str(term("qb:DataSet"))
_MATCHES = frozenset(
    f"<{PREFIXES[prefix]}{name}>"
    for prefix, name in (
        ("owl", "sameAs"), ("schema", "sameAs"), ("skos", "exactMatch"), ("skos", "closeMatch"),
        ("skos", "broadMatch"), ("skos", "narrowMatch"), ("skos", "relatedMatch"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClassCount:
    """A class, how many things have it, and the first of those that the base names."""

    iri: str
    entities: int
    example: str | None


@dataclass(frozen=True, slots=True)
class PropertyCount:
    """A property, how many triples have it, and how many different subjects and objects."""

    iri: str
    triples: int
    subjects: int
    objects: int


@dataclass(frozen=True, slots=True)
class LinkCount:
    """How many triples say by one predicate that a thing is like another in a namespace outside the base."""

    predicate: str
    namespace: str
    triples: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """The numbers of a dataset; a triple that stands in several graphs counts once.

    `entities` are things with an IRI below the base, without those that live inside another (hash IRIs).
    """

    triples: int
    written: int
    derived: int
    entities: int
    subjects: int
    objects: int
    ontologies: tuple[str, ...]
    measures: tuple[str, ...]
    cubes: tuple[str, ...]
    classes: tuple[ClassCount, ...]
    properties: tuple[PropertyCount, ...]
    links: tuple[LinkCount, ...]


def count(content: bytes, base: str, derived_graph: str) -> Statistics:
    """Give the numbers of canonical N-Quads, whose order puts the same triple of several graphs together."""
    counter = _Counter(f"<{base}")
    derived = f"<{derived_graph}>"
    said, graphs = ("", "", ""), set[bool]()
    for subject, predicate, value, graph in statements(content):
        if (subject, predicate, value) != said:
            counter.add_triple(said, graphs)
            said, graphs = (subject, predicate, value), set()
        graphs.add(graph == derived)
    counter.add_triple(said, graphs)
    return counter.statistics()


def statements(content: bytes) -> Iterator[tuple[str, str, str, str]]:
    r"""Yield subject, predicate, object and graph of each line of N-Quads, as they are written there.

    >>> list(statements(b'<a> <b> "c <d>"@en <g> .\n'))
    [('<a>', '<b>', '"c <d>"@en', '<g>')]
    """
    for line in content.decode().split("\n"):
        if line:
            subject, predicate, rest = line.split(" ", 2)
            value, _, graph = rest[:-2].rpartition(" ")
            yield subject, predicate, value, graph


class _Counter:
    def __init__(self, base: str) -> None:
        self.base = base
        self.triples = self.written = self.derived = 0
        self.subjects: set[str] = set()
        self.objects: set[str] = set()
        self.classes: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self.properties: Counter[str] = Counter()
        self.property_subjects: Counter[str] = Counter()
        self.property_objects: dict[str, set[str]] = defaultdict(set)
        self.links: Counter[tuple[str, str]] = Counter()
        self.of_class: dict[str, list[str]] = {_ONTOLOGY: [], _MEASURE: [], _CUBE: []}
        self.last = ("", "")

    def add_triple(self, said: tuple[str, str, str], derived: set[bool]) -> None:
        subject, predicate, value = said
        if not predicate:
            return
        self.triples += 1
        self.written += False in derived
        self.derived += derived == {True}
        self.subjects.add(subject)
        self.objects.add(value)
        self.properties[predicate] += 1
        if self.last != (subject, predicate):
            self.property_subjects[predicate] += 1
            self.last = (subject, predicate)
        self.property_objects[predicate].add(value)
        if predicate == _TYPE:
            self.classes[value] += 1
            if value in self.of_class:
                self.of_class[value].append(_bare(subject))
            if subject.startswith(self.base) and "#" not in subject:
                self.examples.setdefault(value, subject)
        elif predicate in _MATCHES and value[0] == "<" and not value.startswith(self.base):
            self.links[predicate, _namespace(value)] += 1

    def statistics(self) -> Statistics:
        own = {subject for subject in self.subjects if subject.startswith(self.base) and "#" not in subject}
        classes = sorted(self.classes.items(), key=lambda item: (-item[1], item[0]))
        return Statistics(
            triples=self.triples,
            written=self.written,
            derived=self.derived,
            entities=len(own),
            subjects=len(self.subjects),
            objects=len(self.objects),
            ontologies=tuple(self.of_class[_ONTOLOGY]),
            measures=tuple(self.of_class[_MEASURE]),
            cubes=tuple(self.of_class[_CUBE]),
            classes=tuple(
                ClassCount(_bare(iri), n, _bare(self.examples[iri]) if iri in self.examples else None)
                for iri, n in classes
                if iri[0] == "<"
            ),
            properties=tuple(
                PropertyCount(_bare(p), n, self.property_subjects[p], len(self.property_objects[p]))
                for p, n in sorted(self.properties.items(), key=lambda item: (-item[1], item[0]))
            ),
            links=tuple(LinkCount(_bare(p), ns, n) for (p, ns), n in sorted(self.links.items())),
        )


def _bare(written: str) -> str:
    return written[1:-1]


def _namespace(written: str) -> str:
    """Give the part of an IRI that tells whose it is: up to the hash, else the host and the first folder.

    >>> _namespace("<http://www.wikidata.org/entity/Q1>"), _namespace("<https://sws.geonames.org/3/>")
    ('http://www.wikidata.org/entity/', 'https://sws.geonames.org/')
    """
    iri = _bare(written).rstrip("/")
    if "#" in iri:
        return iri[: iri.index("#") + 1]
    folders = iri.split("/")[:-1]
    return "/".join(folders[:4]) + "/" if len(folders) > 1 else iri


def write(path: Path, statistics: Statistics) -> None:
    """Write the numbers to a file."""
    path.write_text(json.dumps(asdict(statistics), ensure_ascii=False, indent=1), "utf-8")


def read(path: Path) -> Statistics:
    """Read what `write` wrote."""
    row = json.loads(path.read_text("utf-8"))
    for name in ("ontologies", "measures", "cubes"):
        row[name] = tuple(row[name])
    row["classes"] = tuple(ClassCount(**one) for one in row["classes"])
    row["properties"] = tuple(PropertyCount(**one) for one in row["properties"])
    row["links"] = tuple(LinkCount(**one) for one in row["links"])
    return Statistics(**row)
