"""What the SPARQL service says of itself: made from the tables that the service works with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.query import RESULT_FORMATS
from kg.snapshot import Snapshot
from kg.vocab import RDF_TYPE, term

_FUNCTIONS = (
    "area",
    "asGeoJSON",
    "centroid",
    "convexHull",
    "coordinateDimension",
    "difference",
    "dimension",
    "distance",
    "ehContains",
    "ehCoveredBy",
    "ehCovers",
    "ehDisjoint",
    "ehEquals",
    "ehInside",
    "ehMeet",
    "ehOverlap",
    "envelope",
    "getSRID",
    "intersection",
    "isEmpty",
    "isSimple",
    "length",
    "perimeter",
    "rcc8dc",
    "rcc8ec",
    "rcc8eq",
    "rcc8ntpp",
    "rcc8ntppi",
    "rcc8po",
    "rcc8tpp",
    "rcc8tppi",
    "relate",
    "sfContains",
    "sfCrosses",
    "sfDisjoint",
    "sfEquals",
    "sfIntersects",
    "sfOverlaps",
    "sfTouches",
    "sfWithin",
    "spatialDimension",
    "symDifference",
    "union",
)
GEOSPARQL = tuple(f"http://www.opengis.net/def/function/geosparql/{name}" for name in _FUNCTIONS)
"""The GeoSPARQL functions of the engine; a test calls each."""

_INTEGER = term("xsd:integer")


def describe(snapshot: Snapshot, limits: Iterable[tuple[str, float, str, str]]) -> Iterator[Triple]:
    """Yield the SPARQL 1.1 Service Description: languages, formats, functions, limits, graphs, sizes.

    Limits are rows of name, value, unit and meaning.
    """
    base = snapshot.config.base
    service = NamedNode(f"{base}sparql")
    dataset, default = BlankNode("dataset"), BlankNode("default")
    yield Triple(service, RDF_TYPE, term("sd:Service"))
    yield Triple(service, term("sd:endpoint"), service)
    yield Triple(service, term("sd:supportedLanguage"), term("sd:SPARQL11Query"))
    for fmt in RESULT_FORMATS:
        yield Triple(service, term("sd:resultFormat"), NamedNode(fmt.engine.iri))
    yield Triple(service, term("sd:feature"), term("sd:UnionDefaultGraph"))
    for iri in GEOSPARQL:
        yield Triple(service, term("sd:extensionFunction"), NamedNode(iri))
        yield Triple(NamedNode(iri), RDF_TYPE, term("sd:Function"))
    yield Triple(service, term("rdfs:seeAlso"), NamedNode(f"{base}limits"))
    for name, value, unit, meaning in limits:
        yield from _limit(service, BlankNode(f"limit-{name}"), name, value, unit, meaning)
    yield Triple(service, term("sd:defaultDataset"), dataset)
    yield Triple(dataset, RDF_TYPE, term("sd:Dataset"))
    yield Triple(dataset, term("sd:defaultGraph"), default)
    yield Triple(default, RDF_TYPE, term("sd:Graph"))
    for place, graph in enumerate(snapshot.graphs):
        yield from _named_graph(dataset, BlankNode(f"g{place}"), graph.iri, graph.triples)


def _limit(
    service: NamedNode, node: BlankNode, name: str, value: float, unit: str, meaning: str
) -> Iterator[Triple]:
    yield Triple(service, term("schema:additionalProperty"), node)
    yield Triple(node, RDF_TYPE, term("schema:PropertyValue"))
    yield Triple(node, term("schema:name"), Literal(name))
    yield Triple(node, term("schema:maxValue"), Literal(value))
    yield Triple(node, term("schema:unitText"), Literal(unit))
    yield Triple(node, term("schema:description"), Literal(meaning, language="en"))


def _named_graph(dataset: BlankNode, node: BlankNode, iri: str, triples: int) -> Iterator[Triple]:
    inner = BlankNode(f"{node.value}graph")
    yield Triple(dataset, term("sd:namedGraph"), node)
    yield Triple(node, RDF_TYPE, term("sd:NamedGraph"))
    yield Triple(node, term("sd:name"), NamedNode(iri))
    yield Triple(node, term("sd:graph"), inner)
    yield Triple(inner, RDF_TYPE, term("sd:Graph"))
    yield Triple(inner, term("void:triples"), Literal(str(triples), datatype=_INTEGER))
