# ruff: noqa: E501 - Turtle reads better in whole lines
"""A dataset of books, which no template was made for, and clients of its site."""

from pathlib import Path

from flask.testing import FlaskClient

from endpoint import views
from endpoint.app import create_app
from endpoint.settings import Settings
from endpoint.site import Published, Site
from kg import source
from kg.findings import Report
from kg.index import Index
from kg.snapshot import Home, Snapshot

BASE = "https://books.example/"
NOTHING_FOUND = Report()
PREFIXES = """\
@prefix book: <https://books.example/id/book/> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix def: <https://books.example/def#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
FILES = {
    "kg.toml": (
        f'base = "{BASE}"\ntitle.en = "Books"\ntitle.nb = "Bøker"\nlanguages = ["nb", "en"]\n'
        'license = "https://creativecommons.org/licenses/by/4.0/"\n[prefixes]\ndef = "https://books.example/def#"\n'
    ),
    "ontology/def.ttl": PREFIXES
    + """
<https://books.example/def> a owl:Ontology ; rdfs:label "Book terms"@en ; owl:versionIRI <https://books.example/def/1> .
def:Book a owl:Class ; rdfs:label "bok"@nb, "bok"@nn, "book"@en ; rdfs:comment "Something to read."@en .
def:Person a owl:Class ; rdfs:label "person"@nb, "person"@en .
def:author a owl:ObjectProperty ; rdfs:label "forfatter"@nb, "author"@en ; owl:inverseOf def:wrote ;
    rdfs:subPropertyOf dcterms:creator .
def:wrote a owl:ObjectProperty ; rdfs:label "skrev"@nb, "wrote"@en .
def:cites a owl:ObjectProperty ; rdfs:label "siterer"@nb, "cites"@en .
def:pages a owl:DatatypeProperty ; rdfs:label "sider"@nb, "pages"@en ; rdfs:range xsd:integer .
def:period a owl:ObjectProperty ; rdfs:label "periode"@nb, "period"@en .
""",
    "shapes/book.ttl": PREFIXES
    + """
<https://books.example/shape/Book> a sh:NodeShape ; sh:targetClass def:Book ;
    sh:property <https://books.example/shape/Book-author>, <https://books.example/shape/Book-pages> .
<https://books.example/shape/Book-author> sh:path def:author ; sh:name "hvem skrev den"@nb, "written by"@en ;
    sh:group <https://books.example/shape/who> ; sh:order 1 .
<https://books.example/shape/Book-pages> sh:path def:pages ; sh:group <https://books.example/shape/what> ; sh:order 1 .
<https://books.example/shape/who> a sh:PropertyGroup ; rdfs:label "Hvem"@nb, "Who"@en ; sh:order 2 .
<https://books.example/shape/what> a sh:PropertyGroup ; rdfs:label "Hva"@nb, "What"@en ; sh:order 1 .
""",
    "data/growth.ttl": PREFIXES
    + """
<> a prov:Entity ; prov:hadPrimarySource <https://library.example/growth> .
book:growth a def:Book ; rdfs:label "Markens grøde"@nb, "Growth of the Soil"@en ;
    dcterms:description "En roman."@nb ; def:pages "0350"^^xsd:integer ;
    def:author <https://books.example/id/person/hamsun> ; def:period <https://books.example/id/book/growth#period> .
<https://books.example/id/book/growth#period> dcat:startDate "1915"^^xsd:gYear ; dcat:endDate "1917"^^xsd:gYear .
<https://books.example/id/person/hamsun> a def:Person ; rdfs:label "Knut Hamsun"@nb .
""",
    "data/odd.ttl": PREFIXES
    + """
<https://books.example/id/book/Lønset> a def:Book ; rdfs:label "<script>alert(1)</script> & co"@nb ;
    def:cites book:growth, <javascript:alert(1)>, <https://elsewhere.example/a(b)?c=d&e=f> .
<https://books.example/id/book/a%20b> a def:Book ; rdfs:label "With a space"@en .
<https://books.example/id/book/50%25> a def:Book ; rdfs:label "Fifty per cent"@en .
<https://books.example/id/book/x(1)> a def:Book ; rdfs:label "In parentheses"@en .
<https://books.example/id/book/v1.5> a def:Book ; rdfs:label "With a dot"@en .
<https://books.example/id/book/nameless> a def:Book ; <https://books.example/p/1> "no XML name" .
<https://books.example/id/book/old> a def:Book ; rdfs:label "Old"@en ; owl:deprecated true ; dcterms:isReplacedBy book:growth .
<https://books.example/id/book/nested> a def:Book ; rdfs:label "Nested"@en ; def:cites [ rdfs:label "A blank node"@en ] .
""",
    "data/places.ttl": PREFIXES
    + """
@prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix qb: <http://purl.org/linked-data/cube#> .
@prefix town: <https://books.example/id/town/> .
town:oslo a def:Town ; rdfs:label "Oslo"@nb ; def:in town:east ; geo:hasGeometry town:oslo-point ;
    dcterms:issued "1048"^^xsd:gYear ; def:period <https://books.example/id/town/oslo#period> .
<https://books.example/id/town/oslo#period> dcat:startDate "1925"^^xsd:gYear .
town:oslo-point geo:asWKT "POINT(10.75 59.91)"^^geo:wktLiteral .
town:east a def:Region ; rdfs:label "Østlandet"@nb ; geo:hasGeometry town:east-shape .
town:east-shape geo:asWKT "POLYGON((9 59, 12 59, 12 62, 9 62, 9 59))"^^geo:wktLiteral .
town:west a def:Region ; rdfs:label "Vestlandet"@nb ; geo:hasGeometry town:west-shape .
town:west-shape geo:asWKT "POLYGON((5 59, 9 59, 9 62, 5 62, 5 59))"^^geo:wktLiteral .
town:shop1 a def:Shop ; rdfs:label "Norli"@nb ; def:in town:oslo .
town:shop2 a def:Shop ; rdfs:label "Ark"@nb ; def:in town:oslo .
town:shop3 a def:Shop ; rdfs:label "Strand"@nb ; def:in town:west .
town:shop4 a def:Shop ; rdfs:label "Bok"@nb ; def:in town:west .
town:structure qb:component town:c1, town:c2, town:c3 .
town:c1 qb:dimension def:area . town:c2 qb:dimension def:date . town:c3 qb:measure def:people .
town:o1 a qb:Observation ; def:area town:oslo ; def:date "2006-01-01"^^xsd:date ; def:people 538411 .
town:o2 a qb:Observation ; def:area town:oslo ; def:date "2016-01-01"^^xsd:date ; def:people 658390 .
""",
    "data/genres.ttl": PREFIXES
    + """
@prefix genre: <https://books.example/concept/genre/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<https://books.example/concept/genre> a skos:ConceptScheme ; skos:prefLabel "Sjangrer"@nb, "Genres"@en .
genre:prose a skos:Concept ; skos:prefLabel "Prosa"@nb ; skos:inScheme <https://books.example/concept/genre> .
genre:novel a skos:Concept ; skos:prefLabel "Roman"@nb ; skos:broader genre:prose ; skos:inScheme <https://books.example/concept/genre> .
genre:saga a skos:Concept ; skos:prefLabel "Ættesaga"@nb ; skos:broader genre:novel ; skos:inScheme <https://books.example/concept/genre> .
genre:ring a skos:Concept ; skos:prefLabel "Ring"@nb ; skos:broader genre:ring ; skos:inScheme <https://books.example/concept/genre> .
<https://books.example/id/film/a> a def:Film ; rdfs:label "A"@nb ; def:genre genre:novel, genre:saga .
<https://books.example/id/film/b> a def:Film ; rdfs:label "B"@nb ; def:genre genre:novel, genre:saga, genre:prose .
""",
    "queries/authors.rq": (
        "# title.nb: Hvem skrev?\n# title.en: Who wrote?\n# why.en: To know.\n"
        "SELECT * WHERE { ?book <https://books.example/def#author> ?author }\n"
    ),
}  # fmt: skip


def build(folder: Path, home: Path, report: Report = NOTHING_FOUND) -> Snapshot:
    """Give a snapshot of the books, published."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    built = Home(home).build(source.read([folder]), report)
    Home(home).publish(built)
    return built


def make_client(snapshot: Snapshot, **settings: object) -> FlaskClient:
    """Give a client of the site of a snapshot."""
    site = Site(Settings(**settings), Published(snapshot, Index(snapshot.index)))  # type: ignore[arg-type]
    return create_app(site, (views.blueprint,)).test_client()
