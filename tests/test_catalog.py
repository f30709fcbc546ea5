"""What a snapshot tells catalogues: DCAT-AP-NO 3, VoID, and the score that data.norge.no would give."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Store, Triple, parse

from endpoint.serve import application
from endpoint.settings import Settings
from endpoint.site import Published, Site
from kg import catalog, config, rdfio, statistics
from kg.catalog import licence
from kg.index import Index
from kg.snapshot import Home, Snapshot
from kg.vocab import PREFIXES, term
from tests.test_snapshot import built

EU = "http://publications.europa.eu/resource/authority/"

MUST = {
    "dcat:Catalog": ("dcterms:title", "dcterms:description", "dcterms:publisher", "dcat:contactPoint"),
    "dcat:Dataset": (
        "dcterms:title", "dcterms:description", "dcterms:publisher", "dcat:contactPoint", "dcat:theme",
    ),
    "dcat:Distribution": ("dcat:accessURL",),
    "dcat:DataService": ("dcterms:title", "dcterms:publisher", "dcat:contactPoint", "dcat:endpointURL"),
    "dcat:CatalogRecord": ("dcterms:modified", "foaf:primaryTopic"),
    "vcard:Kind": ("vcard:fn", "vcard:hasEmail"),
    "foaf:Agent": ("foaf:name",),
}  # fmt: skip
MUST_GAPS = {("vcard:Kind", "vcard:hasEmail"): "The editors publish no e-mail address, but a page."}

SHOULD = {
    "dcat:Catalog": (
        "dcat:dataset", "dcat:service", "dcterms:spatial", "dcterms:modified", "dcterms:issued",
        "dcterms:language", "dcterms:license", "foaf:homepage", "dcat:themeTaxonomy",
    ),
    "dcat:Dataset": (
        "dcat:distribution", "dcterms:spatial", "dcterms:temporal", "dcat:keyword", "dcterms:accessRights",
        "dcterms:subject", "prov:wasGeneratedBy", "dcatap:applicableLegislation",
    ),
    "dcat:Distribution": (
        "dcterms:description", "dcterms:format", "dcterms:license", "adms:status", "dcatap:availability",
        "dcat:downloadURL", "dcat:mediaType", "dcat:byteSize", "spdx:checksum",
    ),
    "dcat:DataService": (
        "dcat:endpointDescription", "dcat:servesDataset", "dcterms:conformsTo", "dcterms:format",
        "dcat:keyword", "dcat:theme", "dcatap:availability",
    ),
    "dcat:CatalogRecord": ("dcterms:conformsTo", "adms:status", "dcterms:issued"),
    "vcard:Kind": ("vcard:hasURL",),
    "foaf:Agent": ("dcterms:identifier", "dcterms:type"),
}  # fmt: skip
SHOULD_GAPS = {
    ("dcat:Dataset", "dcatap:applicableLegislation"): "No law asks for this dataset.",
    (
        "dcat:Dataset",
        "dcterms:subject",
    ): "No concept of a Norwegian concept catalogue has been chosen.",
    ("foaf:Agent", "dcterms:identifier"): "The publisher has no organisation number.",
    ("foaf:Agent", "dcterms:type"): "The publisher is in none of the ADMS types.",
}


@pytest.fixture(scope="module")
def own(published: Snapshot) -> Store:
    """Give the catalogue of this repository's dataset."""
    return load(published)


@pytest.fixture(scope="module")
def client(published: Snapshot) -> FlaskClient:
    """Give a client of the site of this repository's dataset."""
    site = Site(Settings(), Published(published, Index(published.index)))
    return application(site).test_client()


def triples(snapshot: Snapshot) -> tuple[Triple, ...]:
    kept = ((snapshot.id, snapshot.created), ("0" * 64, "2026-11-01T08:00:00+00:00"))
    return catalog.dcat(snapshot, statistics.read(snapshot.statistics), (), kept)


def load(snapshot: Snapshot) -> Store:
    store = Store()
    store.extend(Quad(*triple) for triple in triples(snapshot))
    return store


def values(store: Store, subject: Any, predicate: str) -> list[Any]:
    return [quad.object for quad in store.quads_for_pattern(subject, term(predicate), None)]


def of_class(store: Store, name: str) -> list[Any]:
    return [quad.subject for quad in store.quads_for_pattern(None, term("rdf:type"), term(name))]


def missing(store: Store, table: dict[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    return {
        (class_, predicate)
        for class_, predicates in table.items()
        for predicate in predicates
        for node in of_class(store, class_) or [None]
        if node is None or not values(store, node, predicate)
    }


def test_every_must_of_dcat_ap_no_is_there_but_the_known_gaps(own: Store) -> None:
    assert missing(own, MUST) == set(MUST_GAPS)


def test_every_should_of_dcat_ap_no_is_there_but_the_known_gaps(own: Store) -> None:
    assert missing(own, SHOULD) == set(SHOULD_GAPS)


def test_a_title_or_description_is_said_once_in_each_language(own: Store) -> None:
    for class_ in ("dcat:Catalog", "dcat:Dataset", "dcat:Distribution", "dcat:DataService"):
        for node in of_class(own, class_):
            for predicate in ("dcterms:title", "dcterms:description"):
                tags = [value.language for value in values(own, node, predicate)]
                assert sorted(tags) == ["en", "nb", "nn"], (node, predicate)


@pytest.mark.parametrize(("class_", "predicate", "beginning"), [
    ("dcat:Dataset", "dcterms:accessRights", f"{EU}access-right/"),
    ("dcat:Dataset", "dcterms:accrualPeriodicity", f"{EU}frequency/"),
    ("dcat:Dataset", "dcterms:language", f"{EU}language/"),
    ("dcat:Distribution", "dcterms:format", f"{EU}file-type/"),
    ("dcat:Distribution", "dcterms:license", f"{EU}licence/"),
    ("dcat:Distribution", "adms:status", f"{EU}distribution-status/"),
    ("dcat:Distribution", "dcatap:availability", f"{EU}planned-availability/"),
    ("dcat:Distribution", "dcat:mediaType", "https://www.iana.org/assignments/media-types/"),
])  # fmt: skip
def test_values_come_from_the_lists_that_must_be_used(
    own: Store, class_: str, predicate: str, beginning: str
) -> None:
    found = {value.value for node in of_class(own, class_) for value in values(own, node, predicate)}
    assert found
    assert all(iri.startswith(beginning) for iri in found)


def test_the_catalogue_has_no_blank_node(published: Snapshot) -> None:
    assert not [t for t in triples(published) if any(isinstance(part, BlankNode) for part in t)]


def test_the_catalogue_is_the_same_each_time_in_every_format(published: Snapshot) -> None:
    first, again = triples(published), triples(published)
    expected = {str(triple) for triple in first}
    for fmt in rdfio.FORMATS:
        body = catalog.in_format(first, fmt, PREFIXES)
        assert body == catalog.in_format(again, fmt, PREFIXES)
        assert {str(Triple(*q.triple)) for q in parse(body, format=fmt.engine)} == expected


def test_harvesters_can_rewrite_the_catalogue_as_rdf_xml(published: Snapshot) -> None:
    assert all(rdfio.xml_name(triple.predicate.value) for triple in triples(published))


def test_a_dataset_that_says_little_gets_a_catalogue_without_what_it_does_not_know(
    small: Path, tmp_path: Path
) -> None:
    store = load(built(small, Home(tmp_path / "home")))
    dataset = NamedNode("https://ex.org/dataset")
    said = {quad.predicate.value for quad in store.quads_for_pattern(dataset, None, None)}
    unknown = ("dcat:contactPoint", "dcat:theme", "dcat:keyword", "dcterms:publisher", "dcterms:license",
               "dcterms:temporal", "dcterms:spatial", "dcterms:accessRights")  # fmt: skip
    assert not said & {term(name).value for name in unknown}
    assert [v.value for v in values(store, dataset, "dcterms:title")] == ["Liten", "Small"]
    assert len(of_class(store, "dcat:Distribution")) == 18


def test_the_data_may_describe_the_dataset_where_no_setting_does(small: Path, tmp_path: Path) -> None:
    snapshot = built(small, Home(tmp_path / "home"))
    dataset = NamedNode("https://ex.org/dataset")
    theme = Triple(dataset, term("dcat:theme"), NamedNode("https://ex.org/theme"))
    title = Triple(dataset, term("dcterms:title"), Literal("Another"))
    numbers = statistics.read(snapshot.statistics)
    added = set(catalog.dcat(snapshot, numbers, (theme, title))) - set(catalog.dcat(snapshot, numbers))
    assert added == {theme}


@pytest.mark.parametrize(("url", "spdx"), [
    ("https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
    ("http://creativecommons.org/licenses/by/4.0", "CC-BY-4.0"),
    ("https://data.norge.no/nlod/no/2.0", "NLOD-2.0"),
])  # fmt: skip
def test_a_licence_is_known_however_it_is_written(url: str, spdx: str) -> None:
    found = licence(url)
    assert found
    assert found.spdx == spdx


def test_each_file_of_the_catalogue_is_there_with_its_size(
    own: Store, client: FlaskClient, published: Snapshot
) -> None:
    base = published.config.base
    for node in of_class(own, "dcat:Distribution"):
        (size,), (url,) = values(own, node, "dcat:byteSize"), values(own, node, "dcat:downloadURL")
        with client.head(url.value.replace(base, "/")) as answer:
            assert (answer.status_code, answer.headers["Content-Length"]) == (200, size.value)


def test_every_address_of_the_catalogue_answers(own: Store, client: FlaskClient, published: Snapshot) -> None:
    base = published.config.base
    for predicate in ("dcat:accessURL", "dcat:landingPage", "foaf:homepage", "vcard:hasURL"):
        for quad in own.quads_for_pattern(None, term(predicate), None):
            assert isinstance(quad.object, NamedNode)
            answer = client.get(quad.object.value.replace(base, "/"), follow_redirects=True)
            assert answer.status_code == 200, quad


def count(snapshot: Snapshot, query: str) -> list[tuple[str, ...]]:
    rows = Store.read_only(str(snapshot.store)).query(query)
    return [tuple(value.value for value in row) for row in rows]  # type: ignore[union-attr]


def test_void_says_what_the_store_counts(published: Snapshot) -> None:
    found = Store()
    found.extend(Quad(*t) for t in catalog.void(published, statistics.read(published.statistics)))

    def said(pattern: str, variables: str = "?n") -> list[tuple[str, ...]]:
        rows = found.query(f"PREFIX void: <http://rdfs.org/ns/void#> SELECT {variables} {{ {pattern} }}")
        return [tuple(value.value for value in row) for row in rows]  # type: ignore[union-attr]

    dataset = f"<{published.config.base}dataset>"
    assert said(f"{dataset} void:triples ?n") == count(published, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    assert said(f"{dataset} void:distinctSubjects ?n") == count(
        published, "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s ?p ?o }"
    )
    assert set(said("?x void:class ?c ; void:entities ?n", "?c ?n")) == set(
        count(published, "SELECT ?c (COUNT(DISTINCT ?s) AS ?n) { ?s a ?c FILTER(isIRI(?c)) } GROUP BY ?c")
    )
    properties = said(
        "?x void:property ?p ; void:triples ?n ; void:distinctSubjects ?s ; void:distinctObjects ?o",
        "?p ?n ?s ?o",
    )
    assert set(properties) == set(
        count(
            published,
            "SELECT ?p (COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?ss) (COUNT(DISTINCT ?o) AS ?oo) "
            "{ ?s ?p ?o } GROUP BY ?p",
        )
    )


def test_void_counts_the_links_to_each_target(published: Snapshot) -> None:
    links = {
        (link.predicate, link.namespace): link.triples for link in statistics.read(published.statistics).links
    }
    exact = term("skos:exactMatch").value
    (expected,) = count(
        published,
        f"SELECT (COUNT(*) AS ?n) {{ ?s <{exact}> ?o "
        "FILTER(STRSTARTS(STR(?o), 'http://www.wikidata.org/entity/')) }",
    )
    assert links[exact, "http://www.wikidata.org/entity/"] == int(expected[0])


def listed(iri: str) -> bool:
    return iri.startswith(EU)


def registered(iri: str) -> bool:
    return iri.startswith("https://www.iana.org/assignments/media-types/")


def is_open(iri: str) -> bool:
    formats = ("RDF_TURTLE", "JSON_LD", "RDF_N_TRIPLES", "RDF_TRIG", "RDF_N_QUADS", "RDF_XML", "CSV")
    return iri.rpartition("/")[2] in formats


def parses(snapshot: Snapshot) -> bool:
    """Tell whether each whole dump is in the syntax that it claims, and the same triples long."""
    lengths = set()
    for dump in catalog.whole_dumps(snapshot):
        fmt = rdfio.named(dump.format)
        assert fmt
        if not dump.coding:
            quads = parse(path=str(snapshot.dumps / dump.path), format=fmt.engine)
            lengths.add((fmt.datasets, sum(1 for _ in quads)))
    return len(lengths) == 2


# The score of data.norge.no: 435 points; what each asks for is in Mqa, by the name in the score sheet.
class Mqa:
    """The points that a catalogue gets; every distribution must earn them."""

    def __init__(self, store: Store, answers: Callable[[str], int], sound: bool) -> None:
        self.store, self.answers, self.sound = store, answers, sound
        (self.dataset,) = of_class(store, "dcat:Dataset")
        self.files = of_class(store, "dcat:Distribution")

    def has(self, predicate: str) -> bool:
        return bool(values(self.store, self.dataset, predicate))

    def each(self, predicate: str, wanted: Callable[[str], bool] = bool) -> bool:
        found = [values(self.store, node, predicate) for node in self.files]
        return all(some and all(wanted(value.value) for value in some) for some in found)

    def answers_200(self, predicate: str) -> bool:
        return self.each(predicate, lambda url: self.answers(url) == 200)

    def formats_match(self) -> bool:
        suffixes = {"turtle": "RDF_TURTLE", "ld+json": "JSON_LD", "n-triples": "RDF_N_TRIPLES",
                    "trig": "RDF_TRIG", "n-quads": "RDF_N_QUADS", "rdf+xml": "RDF_XML"}  # fmt: skip
        pairs = [
            (self.local(node, "dcterms:format"), self.local(node, "dcat:mediaType")) for node in self.files
        ]
        return all(suffixes[media_type] == name for name, media_type in pairs)

    def local(self, node: Any, predicate: str) -> str:
        return str(values(self.store, node, predicate)[0].value.rpartition("/")[2])

    def rows(self) -> dict[str, tuple[int, bool]]:
        """Give the points of each line, and whether they are earned."""
        return {
            "keyword": (30, self.has("dcat:keyword")),
            "category": (30, self.has("dcat:theme")),
            "spatial": (20, self.has("dcterms:spatial")),
            "temporal": (20, self.has("dcterms:temporal")),
            "access address answers": (50, self.answers_200("dcat:accessURL")),
            "download address": (20, self.each("dcat:downloadURL")),
            "download address answers": (30, self.answers_200("dcat:downloadURL")),
            "format": (20, self.each("dcterms:format")),
            "media type": (10, self.each("dcat:mediaType")),
            "format and media type from the lists": (
                10, self.each("dcterms:format", listed) and self.each("dcat:mediaType", registered)),
            "not proprietary": (20, self.each("dcterms:format", is_open)),
            "machine-readable": (20, self.each("dcterms:format", is_open)),
            "DCAT-AP-NO": (30, not missing(self.store, MUST)),
            "format is what it says": (15, self.formats_match()),
            "syntax is right": (15, self.sound),
            "licence": (20, self.each("dcterms:license")),
            "licence is known": (10, self.each("dcterms:license", listed)),
            "access rights": (10, self.has("dcterms:accessRights")),
            "access rights from the list": (
                5, all(listed(v.value) for v in values(self.store, self.dataset, "dcterms:accessRights"))),
            "contact point": (20, self.has("dcat:contactPoint")),
            "publisher": (10, self.has("dcterms:publisher")),
            "rights": (5, self.each("dcterms:rights")),
            "size": (5, self.each("dcat:byteSize")),
            "issued": (5, self.has("dcterms:issued")),
            "modified": (5, self.has("dcterms:modified")),
        }  # fmt: skip


MQA_GAPS = {"DCAT-AP-NO": MUST_GAPS["vcard:Kind", "vcard:hasEmail"]}


def test_the_metadata_quality_score_is_405_of_435(
    own: Store, client: FlaskClient, published: Snapshot
) -> None:
    def answers(url: str) -> int:
        with client.get(url.replace(published.config.base, "/")) as answer:
            return answer.status_code

    rows = Mqa(own, answers, parses(published)).rows()
    assert sum(points for points, _ in rows.values()) == 435
    assert {name for name, (_, earned) in rows.items() if not earned} == set(MQA_GAPS)
    assert sum(points for points, earned in rows.values() if earned) == 405


def test_the_catalogue_settings_are_those_of_kg_toml(published: Snapshot) -> None:
    about = published.config.catalogue
    assert about.contact_email is None
    assert (about.temporal_start, about.temporal_end) == ("1990", "2026")
    assert config.of_row(config.to_row(published.config)) == published.config
