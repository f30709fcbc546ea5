"""How a snapshot presents itself to catalogues: DCAT-AP-NO and VoID, without blank nodes, always the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg import dumps, rdfio
from kg.config import Config
from kg.dumps import Dump
from kg.snapshot import Snapshot
from kg.statistics import ClassCount, LinkCount, PropertyCount, Statistics
from kg.vocab import RDF_TYPE, compact, term

_EU = "http://publications.europa.eu/resource/authority/"
_THEMES = f"{_EU}data-theme"
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
_XSD = {name: term(f"xsd:{name}") for name in ("date", "dateTime", "gYear", "gYearMonth", "integer")}
_SIZE, _HEX = term("xsd:nonNegativeInteger"), term("xsd:hexBinary")
PROFILE = "https://data.norge.no/specification/dcat-ap-no"
SPARQL_PROTOCOL = "https://www.w3.org/TR/sparql11-protocol/"

LANGUAGES: Mapping[str, str] = {
    "da": "DAN", "de": "DEU", "en": "ENG", "es": "SPA", "fi": "FIN", "fkv": "FKV", "fr": "FRA", "is": "ISL",
    "it": "ITA", "nb": "NOB", "nl": "NLD", "nn": "NNO", "no": "NOR", "pl": "POL", "se": "SME", "sma": "SMA",
    "smj": "SMJ", "sv": "SWE", "uk": "UKR",
}  # fmt: skip
"""Language tags in the EU's list of languages."""


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence by its usual address, its SPDX name and its name in the EU's list."""

    url: str
    spdx: str
    authority: str


LICENCES = (
    Licence("https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0", "CC_BY_4_0"),
    Licence("https://creativecommons.org/licenses/by-sa/4.0/", "CC-BY-SA-4.0", "CC_BYSA_4_0"),
    Licence("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0", "CC0"),
    Licence("https://data.norge.no/nlod/no/2.0", "NLOD-2.0", "NLOD_2_0"),
    Licence("https://data.norge.no/nlod/no/1.0", "NLOD-1.0", "NLOD_1_0"),
    Licence("https://opendatacommons.org/licenses/odbl/1-0/", "ODbL-1.0", "ODC_BL"),
)

_FILE_TYPES = {
    "turtle": ("RDF_TURTLE", "https://www.w3.org/TR/turtle/", "Turtle"),
    "jsonld": ("JSON_LD", "https://www.w3.org/TR/json-ld11/", "JSON-LD"),
    "ntriples": ("RDF_N_TRIPLES", "https://www.w3.org/TR/n-triples/", "N_Triples"),
    "rdfxml": ("RDF_XML", "https://www.w3.org/TR/rdf-syntax-grammar/", "RDF_XML"),
    "trig": ("RDF_TRIG", "https://www.w3.org/TR/trig/", "TriG"),
    "nquads": ("RDF_N_QUADS", "https://www.w3.org/TR/n-quads/", "N-Quads"),
}
"""Formats of dumps in the EU's list of file types, their specification, and their name in the W3C's list."""

_STANDARDS = {
    PROFILE: "DCAT-AP-NO",
    SPARQL_PROTOCOL: "SPARQL 1.1 Protocol",
    **{specification: name.replace("_", "-") for _, specification, name in _FILE_TYPES.values()},
}
_RANGES = {
    "dcterms:spatial": "dcterms:Location",
    "dcterms:license": "dcterms:LicenseDocument",
    "dcterms:rights": "dcterms:RightsStatement",
    "dcterms:accessRights": "dcterms:RightsStatement",
    "dcterms:language": "dcterms:LinguisticSystem",
    "dcterms:format": "dcterms:MediaTypeOrExtent",
    "dcat:mediaType": "dcterms:MediaType",
    "dcat:compressFormat": "dcterms:MediaType",
    "dcterms:accrualPeriodicity": "dcterms:Frequency",
    "dcat:landingPage": "foaf:Document",
    "foaf:homepage": "foaf:Document",
}
"""What the values of properties are, by DCAT-AP."""

_RESULT_TYPES = ("JSON", "XML", "CSV", "TSV", "RDF_TURTLE", "JSON_LD", "RDF_N_TRIPLES", "RDF_XML")
_WORDS = {
    "nb": ("Hele datasettet som {format}", "SPARQL-tjeneste", "Spør i hele datasettet med SPARQL 1.1."),
    "nn": ("Heile datasettet som {format}", "SPARQL-teneste", "Spør i heile datasettet med SPARQL 1.1."),
    "en": ("The whole dataset as {format}", "SPARQL service", "Query the whole dataset with SPARQL 1.1."),
}


def licence(url: str | None) -> Licence | None:
    """Give what is known of a licence by its address, however it is written.

    >>> licence("http://creativecommons.org/licenses/by/4.0").spdx
    'CC-BY-4.0'
    """
    bare = _bare_url(url or "")
    return next((known for known in LICENCES if _bare_url(known.url) == bare), None)


def _bare_url(url: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", url).rstrip("/")


def dcat(
    snapshot: Snapshot,
    statistics: Statistics,
    own: Iterable[Triple] = (),
    versions: Sequence[tuple[str, str]] = (),
) -> tuple[Triple, ...]:
    """Give the DCAT-AP-NO 3 description of a snapshot: catalogue, record, dataset, distributions, service.

    `own` is what the data themselves say of the dataset: it fills in what no setting says. `versions` are the
    snapshots that are kept, the newest first: their ids and when they were made.
    """
    return _Dcat(snapshot, statistics).triples(own, versions)


def version(base: str, identity: str) -> str:
    """Give the IRI of the dataset as one snapshot has it."""
    return f"{base}dataset/{identity}"


def void(snapshot: Snapshot, statistics: Statistics) -> tuple[Triple, ...]:
    """Give the VoID description of a snapshot: totals, partitions, links to others, where to get it."""
    return _Void(snapshot, statistics).triples()


def whole_dumps(snapshot: Snapshot) -> tuple[Dump, ...]:
    """Give the files that hold the whole dataset as it was written, in order of names."""
    return tuple(d for d in dumps.by_path(snapshot.dumps).values() if d.path.startswith(f"{dumps.WHOLE}."))


def node(iri: str) -> NamedNode:
    """Give a node of an IRI that may come from a file: what no IRI may hold is escaped."""
    return NamedNode(quote(iri, safe="/:?#[]@!$&'()*+,;=%~-._" + "".join(c for c in iri if ord(c) > 0x9F)))


def instant(text: str) -> Literal:
    """Give a point in time at the precision it is written with."""
    kinds = {4: "gYear", 7: "gYearMonth", 10: "date"}
    return Literal(text, datatype=_XSD[kinds.get(len(text), "dateTime")])


class _Writer:
    """Collects triples; what is missing is left out."""

    def __init__(self, snapshot: Snapshot, statistics: Statistics) -> None:
        self.snapshot, self.statistics = snapshot, statistics
        self.config: Config = snapshot.config
        self.about = self.config.catalogue
        self.base = self.config.base
        self.dataset = f"{self.base}dataset"
        self.collected: list[Triple] = []

    def add(self, subject: str, predicate: str, *objects: str | Literal | None) -> None:
        """Add a triple for each object that there is; a text is an IRI."""
        for value in objects:
            if value is not None:
                written = value if isinstance(value, Literal) else node(value)
                self.collected.append(Triple(node(subject), term(predicate), written))

    def typed(self, subject: str, *classes: str) -> None:
        """Say which classes a thing has."""
        for name in classes:
            self.collected.append(Triple(node(subject), RDF_TYPE, term(name)))

    def texts(self, subject: str, predicate: str, texts: Mapping[str, str]) -> None:
        """Say a text in all its languages."""
        for tag in sorted(texts):
            self.add(subject, predicate, Literal(texts[tag], language=tag) if texts[tag] else None)

    def number(self, subject: str, predicate: str, value: int) -> None:
        """Say a whole number."""
        self.add(subject, predicate, Literal(str(value), datatype=_XSD["integer"]))

    def written(self) -> tuple[Triple, ...]:
        """Give all triples, each once, those of one subject together, in the order of first mention."""
        order = {
            subject: place for place, subject in enumerate(dict.fromkeys(t.subject for t in self.collected))
        }
        return tuple(sorted(dict.fromkeys(self.collected), key=lambda triple: order[triple.subject]))

    @property
    def contact(self) -> str | None:
        """The node to turn to, if the dataset says how."""
        about, found = self.about, self.config.publisher
        known = about.contact_name or about.contact_email or about.contact_url
        if found is not None:
            known = known or found.email or found.homepage
        return f"{self.base}catalog#contact" if known else None

    @property
    def publisher(self) -> str | None:
        """The node of who answers for the dataset."""
        found = self.config.publisher
        return None if found is None else found.iri or f"{self.base}catalog#publisher"

    @property
    def languages(self) -> Sequence[str]:
        """The languages of the texts, in the EU's list."""
        return [f"{_EU}language/{LANGUAGES[tag]}" for tag in self.config.languages if tag in LANGUAGES]

    @property
    def licence(self) -> str | None:
        """The licence, from the EU's list where it is there."""
        known = licence(self.config.license)
        return f"{_EU}licence/{known.authority}" if known else self.config.license

    @property
    def modified(self) -> Literal:
        """When the snapshot was made."""
        return instant(self.snapshot.created)

    @property
    def issued(self) -> Literal:
        """When the dataset was first issued: as the dataset says, else when the snapshot was made."""
        return instant(self.config.created or self.snapshot.created)


class _Dcat(_Writer):
    def triples(self, own: Iterable[Triple], versions: Sequence[tuple[str, str]] = ()) -> tuple[Triple, ...]:
        self.catalogue()
        self.record()
        self.the_dataset()
        self.own(own)
        self.versions(versions)
        for dump in whole_dumps(self.snapshot):
            self.distribution(dump)
        self.service()
        self.people()
        self.lists()
        return self.written()

    def catalogue(self) -> None:
        catalog = f"{self.base}catalog"
        self.typed(catalog, "dcat:Catalog")
        self.described(catalog)
        self.add(catalog, "dcat:dataset", self.dataset)
        self.add(catalog, "dcat:service", f"{self.base}sparql")
        self.add(catalog, "dcat:record", f"{catalog}#record")
        self.add(catalog, "dcterms:spatial", *self.about.spatial)
        self.add(catalog, "dcterms:license", self.licence)
        self.add(catalog, "foaf:homepage", self.base)
        self.add(catalog, "dcterms:conformsTo", PROFILE)
        if any(theme.startswith(_THEMES) for theme in self.about.themes):
            self.add(catalog, "dcat:themeTaxonomy", _THEMES)

    def described(self, subject: str) -> None:
        """Say what catalogue, dataset and service have in common."""
        self.texts(subject, "dcterms:title", self.config.title)
        self.texts(subject, "dcterms:description", self.config.description)
        self.add(subject, "dcterms:publisher", self.publisher)
        self.add(subject, "dcat:contactPoint", self.contact)
        self.add(subject, "dcterms:language", *self.languages)
        self.add(subject, "dcterms:issued", self.issued)
        self.add(subject, "dcterms:modified", self.modified)

    def record(self) -> None:
        record = f"{self.base}catalog#record"
        self.typed(record, "dcat:CatalogRecord")
        self.add(record, "foaf:primaryTopic", self.dataset)
        self.add(record, "dcterms:issued", self.issued)
        self.add(record, "dcterms:modified", self.modified)
        self.add(record, "dcterms:conformsTo", PROFILE)
        self.add(record, "adms:status", self.about.status)

    def the_dataset(self) -> None:
        dataset, about = self.dataset, self.about
        self.typed(dataset, "dcat:Dataset")
        self.described(dataset)
        self.add(dataset, "dcterms:identifier", Literal(dataset))
        self.add(dataset, "dcterms:creator", self.publisher)
        self.add(dataset, "dcat:version", Literal(self.config.version) if self.config.version else None)
        self.add(dataset, "dcat:theme", *about.themes)
        self.add(dataset, "dcterms:subject", *about.subjects)
        for tag, words in sorted(about.keywords.items()):
            self.add(dataset, "dcat:keyword", *(Literal(word, language=tag) for word in words))
        self.add(dataset, "dcterms:spatial", *about.spatial)
        if about.temporal_start or about.temporal_end:
            self.add(dataset, "dcterms:temporal", f"{dataset}#period")
        self.add(dataset, "dcterms:accrualPeriodicity", about.frequency)
        self.add(dataset, "dcterms:accessRights", about.access_rights)
        self.add(dataset, "dcterms:license", self.licence)
        self.add(dataset, "dcterms:conformsTo", *self.statistics.ontologies)
        self.add(dataset, "prov:wasDerivedFrom", *about.sources)
        self.add(dataset, "prov:wasGeneratedBy", about.activity)
        self.add(dataset, "prov:wasAttributedTo", self.publisher)
        self.add(dataset, "dcat:landingPage", self.base)
        self.add(dataset, "dcat:distribution", *map(self.file, whole_dumps(self.snapshot)))
        self.add(dataset, "dcterms:relation", *self.statistics.cubes)
        for cube in self.statistics.cubes:
            self.typed(cube, "qb:DataSet")
        self.period()

    def versions(self, versions: Sequence[tuple[str, str]]) -> None:
        """Say which snapshots are kept: as entities, or catalogues would take each for a dataset."""
        iris = [version(self.base, identity) for identity, _ in versions]
        self.add(self.dataset, "dcat:hasVersion", *iris)
        for place, (identity, created) in enumerate(versions):
            iri, before = iris[place], iris[place + 1 : place + 2]
            if identity == self.snapshot.id:
                self.add(self.dataset, "dcat:hasCurrentVersion", iri)
            self.typed(iri, "prov:Entity")
            self.add(iri, "dcat:isVersionOf", self.dataset)
            self.add(iri, "dcat:previousVersion", *before)
            self.add(iri, "dcat:version", Literal(identity))
            self.add(iri, "dcterms:issued", instant(created))

    def own(self, triples: Iterable[Triple]) -> None:
        subject = node(self.dataset)
        said = {t.predicate for t in self.collected if t.subject == subject} - {RDF_TYPE}
        self.collected += (
            t
            for t in triples
            if t.subject == subject and t.predicate not in said and not isinstance(t.object, BlankNode)
        )

    def period(self) -> None:
        about, period = self.about, f"{self.dataset}#period"
        if about.temporal_start or about.temporal_end:
            self.typed(period, "dcterms:PeriodOfTime")
            self.add(
                period, "dcat:startDate", instant(about.temporal_start) if about.temporal_start else None
            )
            self.add(period, "dcat:endDate", instant(about.temporal_end) if about.temporal_end else None)

    def file(self, dump: Dump) -> str:
        return f"{self.dataset}#{dump.path}"

    def distribution(self, dump: Dump) -> None:
        iri, url = self.file(dump), f"{self.base}dumps/{dump.path}"
        fmt = rdfio.named(dump.format)
        assert fmt is not None
        file_type, specification, _ = _FILE_TYPES[dump.format]
        name = f"{fmt.label}, {dump.coding}" if dump.coding else fmt.label
        self.typed(iri, "dcat:Distribution")
        self.texts(iri, "dcterms:title", dict.fromkeys(self.tags(), name))
        self.texts(
            iri, "dcterms:description", {tag: _WORDS[tag][0].format(format=name) for tag in self.tags()}
        )
        self.add(iri, "dcat:accessURL", f"{self.base}dumps/")
        self.add(iri, "dcat:downloadURL", url)
        self.add(iri, "dcat:mediaType", f"{_MEDIA_TYPES}{fmt.media_type}")
        if dump.coding:
            self.add(iri, "dcat:compressFormat", f"{_MEDIA_TYPES}{dump.file_type}")
        self.add(iri, "dcterms:format", f"{_EU}file-type/{file_type}")
        self.add(iri, "dcat:byteSize", Literal(str(dump.bytes), datatype=_SIZE))
        self.add(iri, "spdx:checksum", f"{iri}-sha256")
        self.add(iri, "dcterms:license", self.licence)
        self.add(iri, "dcterms:rights", f"{self.dataset}#rights" if self.about.rights else None)
        self.add(iri, "dcterms:conformsTo", specification)
        self.add(iri, "dcterms:language", *self.languages)
        self.add(iri, "dcterms:issued", self.issued)
        self.add(iri, "dcterms:modified", self.modified)
        self.add(iri, "adms:status", self.about.status)
        self.add(iri, "dcatap:availability", self.about.availability)
        self.typed(f"{iri}-sha256", "spdx:Checksum")
        self.add(f"{iri}-sha256", "spdx:algorithm", term("spdx:checksumAlgorithm_sha256").value)
        self.add(f"{iri}-sha256", "spdx:checksumValue", Literal(dump.sha256, datatype=_HEX))

    def service(self) -> None:
        service, about = f"{self.base}sparql", self.about
        self.typed(service, "dcat:DataService")
        self.texts(service, "dcterms:title", {tag: _WORDS[tag][1] for tag in self.tags()})
        self.texts(service, "dcterms:description", {tag: _WORDS[tag][2] for tag in self.tags()})
        self.add(service, "dcterms:publisher", self.publisher)
        self.add(service, "dcat:contactPoint", self.contact)
        self.add(service, "dcat:endpointURL", service)
        self.add(service, "dcat:endpointDescription", service)
        self.add(service, "dcat:servesDataset", self.dataset)
        self.add(service, "dcterms:conformsTo", SPARQL_PROTOCOL)
        self.add(service, "dcterms:format", *(f"{_EU}file-type/{name}" for name in _RESULT_TYPES))
        for tag, words in sorted(about.keywords.items()):
            self.add(service, "dcat:keyword", *(Literal(word, language=tag) for word in words))
        self.add(service, "dcat:theme", *about.themes)
        self.add(service, "dcterms:license", self.licence)
        self.add(service, "dcterms:accessRights", about.access_rights)
        self.add(service, "dcatap:availability", about.availability)
        self.add(service, "dcat:landingPage", service)

    def tags(self) -> Iterable[str]:
        return [tag for tag in _WORDS if tag in self.config.languages] or ["en"]

    def people(self) -> None:
        found, contact = self.config.publisher, self.contact
        if found is not None and self.publisher is not None:
            self.typed(self.publisher, "foaf:Agent")
            self.add(self.publisher, "foaf:name", Literal(found.name))
            self.add(self.publisher, "foaf:homepage", found.homepage)
        if contact is not None:
            self.typed(contact, "vcard:Organization", "vcard:Kind")
            names = self.about.contact_name or ({"": found.name} if found else {})
            for tag in sorted(names):
                self.add(
                    contact, "vcard:fn", Literal(names[tag], language=tag) if tag else Literal(names[tag])
                )
            email = self.about.contact_email or (found.email if found else None)
            self.add(contact, "vcard:hasEmail", f"mailto:{email}" if email else None)
            url = self.about.contact_url or (found.homepage if found else None)
            self.add(contact, "vcard:hasURL", url)

    def lists(self) -> None:
        """Say what the IRIs of others are, so that nobody has to fetch them."""
        values = {(t.predicate, t.object.value) for t in self.collected if isinstance(t.object, NamedNode)}
        for name, class_ in _RANGES.items():
            for predicate, iri in sorted(values, key=lambda pair: pair[1]):
                if predicate == term(name):
                    self.typed(iri, class_)
        for iri, title in _STANDARDS.items():
            if (term("dcterms:conformsTo"), iri) in values:
                self.typed(iri, "dcterms:Standard")
                self.add(iri, "dcterms:title", Literal(title, language="en"))
        if self.licence is not None and self.licence != self.config.license:
            self.add(self.licence, "rdfs:seeAlso", self.config.license)
        if self.about.rights:
            self.texts(f"{self.dataset}#rights", "rdfs:label", self.about.rights)


class _Void(_Writer):
    def triples(self) -> tuple[Triple, ...]:
        self.document = f"{self.base}.well-known/void"
        self.itself()
        self.totals()
        self.access()
        self.parts()
        for found in self.statistics.classes:
            self.class_partition(found)
        for counted in self.statistics.properties:
            self.property_partition(counted)
        targets = sorted({link.namespace for link in self.statistics.links})
        for target in targets:
            self.typed(self.target(target), "void:Dataset")
            self.add(self.target(target), "void:uriSpace", Literal(target))
        for link in self.statistics.links:
            self.linkset(link)
        return self.written()

    def itself(self) -> None:
        self.typed(self.document, "void:DatasetDescription")
        self.texts(self.document, "dcterms:title", {"en": "VoID description", "nb": "VoID-beskrivelse"})
        self.add(self.document, "foaf:primaryTopic", self.dataset)
        self.add(self.document, "dcterms:modified", self.modified)
        self.add(self.document, "void:inDataset", self.dataset)

    def totals(self) -> None:
        numbers = self.statistics
        self.typed(self.dataset, "void:Dataset")
        self.texts(self.dataset, "dcterms:title", self.config.title)
        self.texts(self.dataset, "dcterms:description", self.config.description)
        self.add(self.dataset, "dcterms:publisher", self.publisher)
        self.add(self.dataset, "dcterms:license", self.config.license)
        self.add(self.dataset, "dcterms:issued", self.issued)
        self.add(self.dataset, "dcterms:modified", self.modified)
        for name, value in (
            ("triples", numbers.triples), ("entities", numbers.entities), ("classes", len(numbers.classes)),
            ("properties", len(numbers.properties)), ("distinctSubjects", numbers.subjects),
            ("distinctObjects", numbers.objects),
        ):  # fmt: skip
            self.number(self.dataset, f"void:{name}", value)

    def access(self) -> None:
        self.add(self.dataset, "foaf:homepage", self.base)
        self.add(self.dataset, "foaf:page", self.dataset)
        self.add(self.dataset, "void:sparqlEndpoint", f"{self.base}sparql")
        self.add(self.dataset, "void:uriSpace", Literal(self.base))
        self.add(self.dataset, "void:vocabulary", *self.vocabularies())
        examples = dict.fromkeys(found.example for found in self.statistics.classes if self.is_example(found))
        self.add(self.dataset, "void:exampleResource", *list(examples)[:5])
        for dump in whole_dumps(self.snapshot):
            self.add(self.dataset, "void:dataDump", f"{self.base}dumps/{dump.path}")
            feature = f"http://www.w3.org/ns/formats/{_FILE_TYPES[dump.format][2]}"
            self.add(self.dataset, "void:feature", feature)

    def is_example(self, found: ClassCount) -> bool:
        return found.example is not None and found.example.startswith(f"{self.base}id/")

    def vocabularies(self) -> list[str]:
        """Give the namespaces of the terms that are used."""
        used = (*(c.iri for c in self.statistics.classes), *(p.iri for p in self.statistics.properties))
        return sorted({iri[: max(iri.rfind("#"), iri.rfind("/")) + 1] for iri in used} - {""})

    def parts(self) -> None:
        """Tell what was written from what follows from it."""
        derived = f"{self.base}graph/derived"
        written = f"{self.document}#written"
        for part, triples, stem in (
            (written, self.statistics.written, dumps.WHOLE),
            (derived, self.statistics.derived, dumps.DERIVED),
        ):
            self.add(self.dataset, "void:subset", part)
            self.typed(part, "void:Dataset")
            self.number(part, "void:triples", triples)
            for dump in dumps.by_path(self.snapshot.dumps).values():
                if dump.path.startswith(f"{stem}."):
                    self.add(part, "void:dataDump", f"{self.base}dumps/{dump.path}")
        self.texts(written, "dcterms:title", {"en": "As written", "nb": "Det som er skrevet"})
        self.texts(derived, "dcterms:title", {"en": "What follows", "nb": "Det som følger"})

    def class_partition(self, found: ClassCount) -> None:
        part = f"{self.document}#class-{self.name(found.iri)}"
        self.add(self.dataset, "void:classPartition", part)
        self.add(part, "void:class", found.iri)
        self.number(part, "void:entities", found.entities)

    def property_partition(self, found: PropertyCount) -> None:
        part = f"{self.document}#property-{self.name(found.iri)}"
        self.add(self.dataset, "void:propertyPartition", part)
        self.add(part, "void:property", found.iri)
        self.number(part, "void:triples", found.triples)
        self.number(part, "void:distinctSubjects", found.subjects)
        self.number(part, "void:distinctObjects", found.objects)

    def target(self, namespace: str) -> str:
        return f"{self.document}#target-{_slug(namespace)}"

    def linkset(self, link: LinkCount) -> None:
        part = f"{self.document}#links-{self.name(link.predicate)}-{_slug(link.namespace)}"
        self.typed(part, "void:Linkset")
        self.add(self.dataset, "void:subset", part)
        self.add(part, "void:subjectsTarget", self.dataset)
        self.add(part, "void:objectsTarget", self.target(link.namespace))
        self.add(part, "void:linkPredicate", link.predicate)
        self.number(part, "void:triples", link.triples)

    def name(self, iri: str) -> str:
        short = compact(iri, self.config.prefixes)
        return short.replace(":", "-") if short else _slug(iri)


def _slug(iri: str) -> str:
    """Give an IRI as part of another IRI's fragment.

    >>> _slug("http://www.wikidata.org/entity/")
    'www.wikidata.org-entity'
    """
    return re.sub(r"[^A-Za-z0-9._]+", "-", iri.partition("://")[2] or iri).strip("-")


def in_format(triples: Iterable[Triple], fmt: rdfio.Format, prefixes: Mapping[str, str]) -> bytes:
    """Give a document of the description, with the prefixes that it uses."""
    written = tuple(triples)
    return rdfio.write(written, fmt, prefixes=dict(sorted(rdfio.used(written, prefixes).items())))
