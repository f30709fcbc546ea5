"""What the clients that people use get over HTTP: SPARQLWrapper and rdflib, on the real data."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rdflib import Graph, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import CSV, JSON, TURTLE, SPARQLWrapper

from kg.snapshot import Snapshot
from tests.conftest import ROOT
from tests.serving import Served, served

QUERIES = sorted((ROOT / "queries").glob("*.rq"))
EXPECTED = ROOT / "tests" / "queries"


@pytest.fixture(scope="module")
def site(published: Snapshot) -> Iterator[Served]:
    with served(ROOT, base=False, home=published.path.parents[1]) as running:
        yield running


def bare(query: str) -> str:
    """Leave out comments: SPARQLWrapper 2.0 takes words such as "with" in every second one for an update."""
    return "".join(line for line in query.splitlines(keepends=True) if not line.startswith("#"))


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_sparqlwrapper_gets_the_expected_rows(path: Path, site: Served) -> None:
    client = SPARQLWrapper(f"{site.address}sparql", returnFormat=CSV)
    client.setQuery(bare(path.read_text("utf-8")))
    found = client.query().convert()
    assert isinstance(found, bytes)
    assert rows(found.decode()) == rows((EXPECTED / f"{path.stem}.csv").read_text("utf-8"))


def test_sparqlwrapper_reads_json_by_post(site: Served) -> None:
    client = SPARQLWrapper(f"{site.address}sparql", returnFormat=JSON)
    client.setMethod("POST")
    client.setQuery("ASK { ?village a <https://w3id.org/bygdegraf/def#Village> }")
    found = client.query().convert()
    assert isinstance(found, dict)
    assert found["boolean"] is True


def test_sparqlwrapper_reads_a_graph(site: Served) -> None:
    client = SPARQLWrapper(f"{site.address}sparql", returnFormat=TURTLE)
    client.setQuery("CONSTRUCT WHERE { <https://w3id.org/bygdegraf/id/village/lonset> a ?class }")
    found = client.query().convert()
    assert isinstance(found, bytes)
    graph = Graph().parse(data=found, format="turtle")
    assert URIRef("https://w3id.org/bygdegraf/def#Village") in set(graph.objects())


def test_rdflib_s_sparql_store_gets_the_expected_rows(site: Served) -> None:
    graph = Graph(SPARQLStore(f"{site.address}sparql"))
    path = QUERIES[0]
    found = [[str(value) for value in row] for row in graph.query(path.read_text("utf-8"))]  # type: ignore[union-attr]
    assert found == rows((EXPECTED / f"{path.stem}.csv").read_text("utf-8"))[1:]


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # rdflib's own
@pytest.mark.parametrize("form", ["ttl", "jsonld", "nt", "rdf"])
def test_rdflib_reads_an_entity_in_each_format(form: str, site: Served) -> None:
    reply = site.ask("GET", f"/doc/village/lonset.{form}")
    names = {"ttl": "turtle", "jsonld": "json-ld", "nt": "nt", "rdf": "xml"}
    graph = Graph().parse(data=reply.body, format=names[form])
    village = URIRef("https://w3id.org/bygdegraf/id/village/lonset")
    assert (village, None, URIRef("https://w3id.org/bygdegraf/def#Village")) in graph
