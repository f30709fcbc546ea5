"""Facts about the query page without a browser: the table, the map, what the editor is told."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from endpoint import answers, serve
from endpoint.settings import load
from endpoint.site import Published, Site
from kg.index import Index
from kg.query import Limits, Pool
from tests.books import build

OSLO = """PREFIX geo: <http://www.opengis.net/ont/geosparql#>
SELECT ?town ?wkt { ?town geo:hasGeometry/geo:asWKT ?wkt FILTER(CONTAINS(STR(?town), "oslo")) }"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Give a client of the books' site that answers queries."""
    snapshot = build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))
    with Pool(snapshot.store, Limits(workers=1)) as pool:
        site = Site(load({}, {}), Published(snapshot, Index(snapshot.index)), pool)
        yield serve.application(site).test_client()


def page(client: FlaskClient, query: str) -> str:
    address = f"/sparql?lang=en&query={quote(query)}"
    return client.get(address, headers={"Accept": "text/html"}).get_data(as_text=True)


def test_the_editor_is_told_prefixes_classes_and_properties_with_counts(client: FlaskClient) -> None:
    document = client.get("/sparql/completions.json?lang=en").get_json()
    classes = {entry["name"]: entry for entry in document["classes"]}
    names = [entry["name"] for entry in document["properties"]]
    person = classes["def:Person"]
    assert (person["count"], {names[place] for place in person["properties"]}) == (
        1,
        {"rdf:type", "rdfs:label", "def:wrote"},
    )
    assert document["prefixes"]["def"] == "https://books.example/def#"
    authors = next(entry for entry in document["properties"] if entry["name"] == "def:author")
    assert authors["count"] == 1


def test_an_example_leads_to_its_query_with_the_title_on_top(client: FlaskClient) -> None:
    reply = client.get("/sparql/examples/authors?lang=en")
    assert reply.status_code == 303
    assert "query=%23+Who+wrote?%0ASELECT" in reply.headers["Location"].replace("%20", "+")
    assert client.get("/sparql/examples/none").status_code == 404


def test_things_have_their_name_and_lead_to_their_page(client: FlaskClient) -> None:
    found = page(client, "SELECT ?b { ?b a <https://books.example/def#Town> }")
    link = '<a class="ds-link" href="/doc/town/oslo?lang=en" title="https://books.example/id/town/oslo">'
    assert f'{link}town/oslo</a> <small><bdi lang="nb">Oslo</bdi></small>' in found


def test_geometries_are_drawn_for_those_without_scripts(client: FlaskClient) -> None:
    found = page(client, OSLO)
    assert '<circle class="point point-own"' in found
    data = found.partition('<script type="application/json">')[2].partition("</script>")[0]
    assert json.loads(data) == [
        {
            "row": 1,
            "name": "Oslo",
            "language": "nb",
            "href": "/doc/town/oslo?lang=en",
            "points": [[10.75, 59.91]],
        }
    ]


def test_nothing_in_the_data_ends_its_element(client: FlaskClient) -> None:
    geo = "http://www.opengis.net/ont/geosparql#wktLiteral"
    query = f'SELECT ("</script><b>" AS ?x) (STRDT("POINT(1 2)", <{geo}>) AS ?y) {{}}'
    assert "</script><b>" not in page(client, query)


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("SELECT * { ?b ?a ?c }", ("b", "a", "c")),
        ("SELECT DISTINCT  * { ?c ?b ?a }", ("c", "b", "a")),
        ("SELECT (STR(?c) AS ?a) ?c { ?b ?x ?c { SELECT * { ?b ?x ?c } } }", ("a", "c")),
    ],
)
def test_columns_stand_in_the_order_of_the_query(query: str, columns: tuple[str, ...]) -> None:
    assert answers._columns(sorted(columns), query) == columns


def test_the_field_keeps_what_was_sent_and_begins_with_something_to_run(client: FlaskClient) -> None:
    assert "GROUP BY ?class" in page(client, "")
    assert "SELECT * { ?s" in page(client, "SELECT * { ?s")


def test_the_page_allows_no_style_and_no_script_inside_it(client: FlaskClient) -> None:
    policy = client.get("/sparql", headers={"Accept": "text/html"}).headers["Content-Security-Policy"]
    assert "unsafe" not in policy
