"""Facts about what machines read first: catalogue, VoID, signposts, site map, schema.org."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from pyoxigraph import BlankNode, RdfFormat, Store, parse

from endpoint.negotiate import DOCUMENTS
from endpoint.variants import principal
from kg.snapshot import Snapshot
from tests.books import BASE, build, make_client

PREFIXES = """\
PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX void: <http://rdfs.org/ns/void#>
PREFIX spdx: <http://spdx.org/rdf/terms#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give a snapshot of the books."""
    return build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def client(snapshot: Snapshot) -> FlaskClient:
    """Give a client of the site of the books."""
    return make_client(snapshot)


def load(client: FlaskClient, path: str, **headers: str) -> Store:
    """Give the Turtle document at an address as a store."""
    store = Store()
    store.load(client.get(path, headers=headers).data, RdfFormat.TURTLE)
    return store


def ask(store: Store, pattern: str) -> bool:
    """Tell whether a graph pattern is in a store."""
    return bool(store.query(f"{PREFIXES} ASK {{ {pattern} }}"))


def test_the_catalogue_is_turtle_unless_asked_otherwise(client: FlaskClient) -> None:
    assert client.get("/catalog").content_type == "text/turtle; charset=utf-8"
    assert (
        client.get("/catalog", headers={"Accept": "application/rdf+xml"}).content_type
        == "application/rdf+xml"
    )
    page = client.get("/catalog", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["Location"]) == (303, "/dataset")


def test_the_catalogue_has_no_blank_nodes_and_is_the_same_bytes_each_time(client: FlaskClient) -> None:
    store = load(client, "/catalog")
    assert not [q for q in store if isinstance(q.subject, BlankNode) or isinstance(q.object, BlankNode)]
    assert client.get("/catalog").data == client.get("/catalog").data


@pytest.mark.parametrize("pattern", [
    f"<{BASE}catalog> a dcat:Catalog ; dcterms:title 'Books'@en ; dcat:dataset <{BASE}dataset> .",
    f"<{BASE}dataset> a dcat:Dataset ; dcterms:title 'Bøker'@nb ; dcterms:identifier '{BASE}dataset' .",
    f"<{BASE}dataset> dcterms:language <http://publications.europa.eu/resource/authority/language/NOB> .",
    f"<{BASE}dataset> dcat:distribution ?d . ?d dcat:downloadURL <{BASE}dumps/dataset.ttl> ; "
    "dcat:accessURL ?a ; "
    "dcterms:license <http://publications.europa.eu/resource/authority/licence/CC_BY_4_0> ; "
    "dcterms:format <http://publications.europa.eu/resource/authority/file-type/RDF_TURTLE> ; "
    "dcat:mediaType <https://www.iana.org/assignments/media-types/text/turtle> ; dcat:byteSize ?size .",
    f"?service a dcat:DataService ; dcat:endpointURL <{BASE}sparql> ; dcat:servesDataset <{BASE}dataset> .",
])  # fmt: skip
def test_the_catalogue_says_what_dcat_asks_for(client: FlaskClient, pattern: str) -> None:
    assert ask(load(client, "/catalog"), pattern)


def test_each_file_of_the_catalogue_answers_with_its_size_and_checksum(client: FlaskClient) -> None:
    store = load(client, "/catalog")
    rows = store.query(
        f"{PREFIXES} SELECT ?url ?size ?sum WHERE {{ ?d dcat:downloadURL ?url ; dcat:byteSize ?size ; "
        "spdx:checksum [ spdx:checksumValue ?sum ] }"
    )
    files = [(row["url"].value, int(row["size"].value), row["sum"].value) for row in rows]  # type: ignore[union-attr]
    assert len(files) == 15
    for url, size, checksum in files:
        answer = client.get("/" + url.removeprefix(BASE), buffered=True)
        assert (answer.content_length, answer.headers["ETag"]) == (size, f'"{checksum}"')


def test_void_counts_the_triples_and_partitions_them(client: FlaskClient, snapshot: Snapshot) -> None:
    void = load(client, "/.well-known/void")
    merged = {q.triple for q in parse(snapshot.content.read_bytes(), format=RdfFormat.N_QUADS)}
    assert ask(void, f"<{BASE}dataset> void:triples {len(merged)} .")
    assert ask(
        void,
        f"<{BASE}dataset> void:classPartition [ void:class <{BASE}def#Person> ; void:entities 1 ] ; "
        f"void:propertyPartition [ void:property <{BASE}def#cites> ; void:triples 4 ] .",
    )
    assert ask(
        void, f"<{BASE}dataset> void:dataDump <{BASE}dumps/dataset.nq> ; void:sparqlEndpoint <{BASE}sparql> ."
    )


def test_a_page_has_the_signposts_to_cite_describe_and_license_it(client: FlaskClient) -> None:
    links = client.get("/doc/book/growth", headers={"Accept": "text/html"}).headers.getlist("Link")
    relations = [found for link in links for found in re.findall(r'rel="([^"]+)"', link)[0].split()]
    assert relations.count("cite-as") == 1
    assert relations.count("describedby") == len(list(principal(DOCUMENTS))) - 1
    assert {"license", "collection", "linkset", "type"} <= set(relations)
    assert f'<{BASE}id/book/growth>; rel="cite-as"' in links
    assert '<https://schema.org/AboutPage>; rel="type"' in links
    assert len(", ".join(links)) < 8192


def test_the_link_set_repeats_the_signposts_with_whole_addresses(client: FlaskClient) -> None:
    answer = client.get("/linkset/book/growth")
    entry, *back = json.loads(answer.data)["linkset"]
    assert answer.content_type == "application/linkset+json"
    assert entry["anchor"] == f"{BASE}doc/book/growth"
    assert entry["cite-as"] == [{"href": f"{BASE}id/book/growth"}]
    turtle = {"href": f"{BASE}doc/book/growth.ttl", "type": "text/turtle", "profile": f"{BASE}def"}
    assert turtle in entry["describedby"]
    assert [row["anchor"] for row in back if "describes" in row] == [
        row["href"] for row in entry["describedby"]
    ]


def test_the_site_map_names_every_page_once(client: FlaskClient) -> None:
    index = ElementTree.fromstring(client.get("/sitemap.xml").data)
    maps = [node.text or "" for node in index.iter(f"{SITEMAP}loc")]
    pages: list[str] = []
    for address in maps:
        urls = ElementTree.fromstring(client.get("/" + address.removeprefix(BASE)).data)
        pages += [node.text or "" for node in urls.iter(f"{SITEMAP}loc")]
    assert maps == [f"{BASE}sitemap/{name}.xml" for name in ("site", "1")]
    assert f"{BASE}doc/book/growth" in pages
    assert f"{BASE}doc/book/L%C3%B8nset" in pages
    assert len(pages) == len(set(pages))


def test_robots_may_read_all_but_queries(client: FlaskClient) -> None:
    text = client.get("/robots.txt").text
    assert "Disallow: /sparql?" in text
    assert text.endswith(f"Sitemap: {BASE}sitemap.xml\n")


def test_pages_carry_schema_org_for_search_engines(client: FlaskClient) -> None:
    def embedded(path: str) -> dict[str, object]:
        page = client.get(path, headers={"Accept": "text/html", "Accept-Language": "en"}).text
        found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
        assert found is not None
        return dict(json.loads(found[1]))

    dataset = embedded("/dataset")
    assert (dataset["@type"], dataset["name"], dataset["license"]) == (
        "Dataset",
        "Books",
        "https://creativecommons.org/licenses/by/4.0/",
    )
    thing = embedded("/doc/book/L%C3%B8nset")
    assert (thing["@id"], thing["name"]) == (f"{BASE}id/book/Lønset", "<script>alert(1)</script> & co")


def test_the_dataset_is_a_page_and_a_graph(client: FlaskClient) -> None:
    assert client.get("/dataset", headers={"Accept": "text/html"}).content_type == "text/html; charset=utf-8"
    assert client.get("/dataset", headers={"Accept": "text/turtle"}).data == client.get("/catalog").data
    assert client.get("/dataset.docx").status_code == 415


def test_the_api_catalogue_names_the_query_service(client: FlaskClient) -> None:
    answer = client.get("/.well-known/api-catalog")
    assert answer.content_type == (
        'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
    )
    assert json.loads(answer.data)["linkset"][0]["item"][0] == {"href": f"{BASE}sparql"}


def test_the_site_map_names_each_page_in_each_language(client: FlaskClient) -> None:
    for name in ("site", "1"):
        for url in ElementTree.fromstring(client.get(f"/sitemap/{name}.xml").data):
            loc = url.findtext(f"{SITEMAP}loc") or ""
            links = {
                link.get("hreflang"): link.get("href", "")
                for link in url.iter("{http://www.w3.org/1999/xhtml}link")
            }
            sign = "&" if "?" in loc else "?"
            assert links == {
                **{tag: f"{loc}{sign}lang={tag}" for tag in ("nb", "nn", "en")},
                "x-default": loc,
            }
            if loc == f"{BASE}sparql":  # which these tests have no service for
                continue
            page = client.get("/" + links["nn"].removeprefix(BASE), headers={"Accept": "text/html"})
            assert (page.status_code, page.headers["Content-Language"]) == (200, "nn")


def test_lists_that_people_look_for_are_in_the_site_map(client: FlaskClient) -> None:
    found = set(re.findall(rf"<loc>{BASE}([^<]*)</loc>", client.get("/sitemap/site.xml").text))
    assert {"books", "persons", "concepts/genre", "api"} <= found
    assert not {"classes", "node-shapes", "ontologies"} & found


LEFT_OUT = re.compile(
    r"history/|doc/graph/"  # what stands behind other pages
    r"|classes$|ontologies$|[a-z]+-properties$|node-shapes$|property-groups$"  # lists of model terms
    rf"|doc\?iri=(?!{re.escape(quote(BASE, safe=''))})|doc/def/1$"  # what others say something about
)
"""Pages that are reached by links and stand in no site map, and why."""


def test_each_page_that_links_lead_to_is_in_a_site_map(client: FlaskClient) -> None:
    listed = {
        unescape(at).removeprefix(BASE)
        for site_map in re.findall("<loc>([^<]*)</loc>", client.get("/sitemap.xml").text)
        for at in re.findall("<loc>([^<]*)</loc>", client.get(site_map.removeprefix(BASE[:-1])).text)
    }
    reached = set(pages_from(client, ""))
    assert sorted(path for path in reached - listed if not LEFT_OUT.match(path)) == []
    assert sorted(listed - reached) == ["sparql"]  # which these tests have no service for


def pages_from(client: FlaskClient, first: str) -> Iterator[str]:
    """Yield the pages that links lead to from one on: no searches, filters or further pages."""
    seen, waiting = {first}, [first]
    while waiting:
        path = waiting.pop()
        answer = client.get(f"/{path}", headers={"Accept": "text/html"})
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        yield path
        for found in re.findall(r'<a [^>]*href="/([^"#]*)', answer.text):
            at, _, query = unescape(found).partition("?")
            plain = not query or (at == "doc" and "&" not in query)
            if plain and unescape(found) not in seen:
                seen.add(unescape(found))
                waiting.append(unescape(found))


def test_a_thing_changed_when_the_site_map_and_its_document_say(client: FlaskClient) -> None:
    index = ElementTree.fromstring(client.get("/sitemap.xml").data)
    newest = {node.findtext(f"{SITEMAP}loc"): node.findtext(f"{SITEMAP}lastmod") for node in index}
    days = []
    for url in ElementTree.fromstring(client.get("/sitemap/1.xml").data):
        loc, changed = url.findtext(f"{SITEMAP}loc") or "", url.findtext(f"{SITEMAP}lastmod") or ""
        answer = client.get("/" + loc.removeprefix(BASE), headers={"Accept": "text/turtle"})
        assert answer.last_modified == datetime.fromisoformat(changed)
        days.append(changed)
    assert newest[f"{BASE}sitemap/1.xml"] == max(days)
