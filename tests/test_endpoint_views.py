"""Facts about the site's resources, seen from outside, on a dataset that no template was made for."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pyoxigraph import Quad, RdfFormat, parse

from endpoint import limits, views, words
from endpoint.negotiate import ENTITY
from endpoint.settings import Settings
from kg import source
from kg.findings import Report
from kg.snapshot import Home, Snapshot
from tests.books import BASE, PREFIXES, build, make_client

HTML = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give a snapshot of the books."""
    return build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def client(snapshot: Snapshot) -> FlaskClient:
    """Give a client of the site of the books."""
    return make_client(snapshot)


def lines(body: bytes, fmt: RdfFormat) -> set[str]:
    """Give the triples of a document as N-Triples."""
    return {str(Quad(*q.triple).triple) for q in parse(body, format=fmt, base_iri=BASE)}


def status(client: FlaskClient, path: str) -> int:
    """Give the status of an answer, which is closed: some are open files."""
    with client.get(path, headers=HTML) as answer:
        return answer.status_code


def test_the_iri_of_a_thing_sees_other_its_document(client: FlaskClient) -> None:
    answer = client.get("/id/book/growth")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/doc/book/growth")


@pytest.mark.parametrize("path", ["/shape/Book", "/graph/data/growth", "/def/1", "/id/person/hamsun"])
def test_each_known_iri_of_the_base_sees_other_its_document(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/doc{path.removeprefix('/id')}")


def test_a_suffix_and_a_query_go_along_to_the_document(client: FlaskClient) -> None:
    assert client.get("/id/book/growth.ttl").headers["Location"] == "/doc/book/growth.ttl"
    assert client.get("/id/book/growth?lang=en").headers["Location"] == "/doc/book/growth?lang=en"


@pytest.mark.parametrize("form", ENTITY, ids=lambda form: form.name)
def test_accept_suffix_and_format_give_the_same_bytes(client: FlaskClient, form: object) -> None:
    assert isinstance(form, type(ENTITY[0]))
    by_accept = client.get("/doc/book/growth", headers={"Accept": form.media_type})
    by_suffix = client.get(f"/doc/book/growth.{form.suffix}")
    by_format = client.get(f"/doc/book/growth?format={form.suffix}")
    assert by_accept.status_code == by_suffix.status_code == by_format.status_code == 200
    assert by_accept.content_type.startswith(form.media_type)
    assert by_suffix.headers["Content-Location"] == f"/doc/book/growth.{form.suffix}"
    if form.name != "html":
        assert by_accept.data == by_suffix.data == by_format.data


def test_every_graph_format_says_the_same_and_keeps_literals_as_written(client: FlaskClient) -> None:
    said = [
        lines(client.get(f"/doc/book/growth.{suffix}").data, fmt)
        for suffix, fmt in (
            ("ttl", RdfFormat.TURTLE), ("nt", RdfFormat.N_TRIPLES), ("jsonld", RdfFormat.JSON_LD),
            ("rdf", RdfFormat.RDF_XML), ("trig", RdfFormat.TRIG), ("nq", RdfFormat.N_QUADS),
        )
    ]  # fmt: skip
    assert all(one == said[0] for one in said)
    assert (
        "<https://books.example/id/book/growth> <https://books.example/def#pages> "
        '"0350"^^<http://www.w3.org/2001/XMLSchema#integer>'
    ) in said[0]
    assert (
        "<https://books.example/doc/book/growth> <http://xmlns.com/foaf/0.1/primaryTopic> "
        "<https://books.example/id/book/growth>"
    ) in said[0]


def test_json_ld_reads_like_plain_json(client: FlaskClient) -> None:
    document = json.loads(client.get("/doc/book/growth.jsonld").data)
    del document["@context"], document["@included"], document["dcterms:creator"]
    assert document == {
        "id": "https://books.example/id/book/growth",
        "type": ["def:Book"],
        "dcterms:description": {"nb": "En roman."},
        "rdfs:label": {"en": "Growth of the Soil", "nb": "Markens grøde"},
        "author": "https://books.example/id/person/hamsun",
        "pages": "0350",
        "period": {
            "id": "https://books.example/id/book/growth#period",
            "dcat:startDate": [{"@value": "1915", "@type": "xsd:gYear"}],
            "dcat:endDate": [{"@value": "1917", "@type": "xsd:gYear"}],
        },
    }


def test_the_context_of_a_document_is_part_of_the_published_one(client: FlaskClient) -> None:
    used = json.loads(client.get("/doc/book/growth.jsonld").data)["@context"]
    answer = client.get("/context.jsonld")
    assert used.items() <= json.loads(answer.data)["@context"].items()
    assert answer.content_type == "application/ld+json"


def test_named_graphs_stay_apart_where_the_format_can_hold_them(client: FlaskClient) -> None:
    graphs = {
        str(q.graph_name) for q in parse(client.get("/doc/book/growth.nq").data, format=RdfFormat.N_QUADS)
    }
    assert graphs == {
        "<https://books.example/graph/data/growth>",
        "<https://books.example/graph/derived>",
        "<https://books.example/doc/book/growth>",
    }


def test_rdf_xml_is_refused_where_a_property_is_no_xml_name(client: FlaskClient) -> None:
    answer = client.get("/doc/book/nameless.rdf")
    assert (answer.status_code, json.loads(answer.data)["detail"]) == (
        406,
        "RDF/XML has no name for the property <https://books.example/p/1>: it does not end in an XML name.",
    )


@pytest.mark.parametrize("path", [
    "/doc/book/L%C3%B8nset", "/doc/book/a%20b", "/doc/book/50%25", "/doc/book/x(1)", "/doc/book/x%281%29",
    "/doc/book/v1.5", "/doc/book/v1.5.ttl", "/doc/book/L%C3%B8nset.nt",
])  # fmt: skip
def test_unusual_iris_have_documents(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(("path", "location"), [
    ("/id/book/L%C3%B8nset", "/doc/book/L%C3%B8nset"), ("/id/book/a%20b", "/doc/book/a%20b"),
    ("/id/book/50%25", "/doc/book/50%25"), ("/id/book/x(1)", "/doc/book/x(1)"),
])  # fmt: skip
def test_unusual_iris_survive_the_redirect(client: FlaskClient, path: str, location: str) -> None:
    answer = client.get(path)
    followed = client.get(path, follow_redirects=True)
    assert (answer.headers["Location"], followed.status_code) == (location, 200)


def test_links_on_pages_lead_to_unusual_iris(client: FlaskClient) -> None:
    page = client.get("/books", headers=HTML).text
    addresses = re.findall(r'<li><a class="ds-link" href="(/doc[^"]+)"', page)
    assert len(addresses) == 9
    assert {status(client, address) for address in addresses} == {200, 410}


def test_caching_headers_tell_what_the_answer_depends_on(client: FlaskClient) -> None:
    negotiated = client.get("/doc/book/growth", headers={"Accept": "text/turtle"}).headers
    page = client.get("/doc/book/growth", headers=HTML).headers
    fixed = client.get("/doc/book/growth.ttl").headers
    assert negotiated["Vary"] == "Accept, Accept-Profile, Accept-Encoding"
    assert page["Vary"] == "Accept, Accept-Profile, Accept-Language, Accept-Encoding"
    assert fixed["Vary"] == "Accept-Encoding"
    assert page["Content-Language"] == "en"
    assert re.fullmatch('"[0-9a-f]{24}"', fixed["ETag"])


def test_each_variant_has_its_own_etag_and_answers_304(client: FlaskClient) -> None:
    tags = set()
    for path in (
        "/doc/book/growth.ttl",
        "/doc/book/growth.nt",
        "/doc/book/growth?lang=en",
        "/doc/book/growth?lang=nb",
    ):
        tag = client.get(path).headers["ETag"]
        again = client.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
        tags.add(tag)
    assert len(tags) == 4


def test_head_has_the_headers_of_get_and_no_body(client: FlaskClient) -> None:
    got, asked = client.get("/doc/book/growth.ttl"), client.head("/doc/book/growth.ttl")
    assert (asked.status_code, asked.data) == (200, b"")
    assert {k: v for k, v in asked.headers.items() if k != "Date"} == {
        k: v for k, v in got.headers.items() if k != "Date"
    }


def test_links_name_the_thing_and_the_other_forms(client: FlaskClient) -> None:
    links = client.get("/doc/book/growth.ttl").headers.getlist("Link")
    assert '</doc/book/growth>; rel="describes"; type="text/html"' in links
    assert '</dataset>; rel="collection"' in links
    assert '</doc/book/growth.html>; rel="alternate"; type="text/html"' in links
    assert '</doc/book/growth.jsonld>; rel="alternate describedby"; type="application/ld+json"' in links
    assert '<https://creativecommons.org/licenses/by/4.0/>; rel="license"' in links


def test_what_nothing_accepts_is_a_406_that_lists_what_there_is(client: FlaskClient) -> None:
    answer = client.get("/doc/book/growth", headers={"Accept": "image/png"})
    document = json.loads(answer.data)
    assert (answer.status_code, answer.headers["Vary"]) == (406, "Accept, Accept-Profile")
    turtle = {"type": "text/turtle", "href": "/doc/book/growth.ttl", "profile": f"{BASE}def"}
    assert turtle in document["available"]


@pytest.mark.parametrize("path", [
    "/doc/book/growth.docx", "/id/book/growth.docx", "/doc/book/growth?format=docx", "/def.docx",
])  # fmt: skip
def test_a_suffix_that_no_format_has_is_a_415_with_the_list(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 415
    assert "'docx' is no format here. There is: html, ttl" in json.loads(answer.data)["detail"]


def test_an_unknown_thing_is_a_404_that_names_what_is_near(client: FlaskClient) -> None:
    answer = client.get("/id/book/growth-of-the-sol")
    assert answer.status_code == 404
    assert json.loads(answer.data)["nearest"][0] == {
        "iri": "https://books.example/id/book/growth",
        "label": "Markens grøde",
        "href": "/doc/book/growth",
    }


def test_a_retired_thing_is_a_410_that_names_its_successor(client: FlaskClient) -> None:
    answer = client.get("/doc/book/old")
    assert answer.status_code == 410
    assert json.loads(answer.data)["successor"][0]["href"] == "/doc/book/growth"


def test_a_page_says_the_facts_in_the_order_of_the_shapes_with_their_sources(client: FlaskClient) -> None:
    page = client.get("/doc/book/growth", headers=HTML).text.partition("</head>")[2]
    what, who, source_list = page.index(">What<"), page.index(">Who<"), page.index('id="source-1"')
    assert (
        what
        < page.index(">350<")
        < who
        < page.index(">written by<")
        < page.index("Knut Hamsun")
        < source_list
    )
    assert '<a class="ds-link" href="https://library.example/growth">library.example/growth</a>' in page
    assert "1915 – 1917" in page


def test_a_page_leaves_out_what_only_repeats_a_more_special_property(client: FlaskClient) -> None:
    assert "dcterms:creator" not in client.get("/doc/book/growth", headers=HTML).text


def test_a_page_shows_what_refers_to_the_thing_unless_an_inverse_says_so(client: FlaskClient) -> None:
    growth = client.get("/doc/book/growth", headers=HTML).text
    hamsun = client.get("/doc/person/hamsun", headers=HTML).text
    assert 'id="links-here"' in growth
    assert 'id="links-here"' not in hamsun
    assert "wrote" in hamsun


def test_a_text_in_another_language_carries_its_language(client: FlaskClient) -> None:
    page = client.get("/doc/book/growth", headers=HTML).text
    assert '<bdi lang="nb">En roman.</bdi><span class="language-tag"' in page


@pytest.mark.parametrize("tag", ["nb", "nn", "en"])
def test_the_language_of_the_page_goes_along_in_its_links(client: FlaskClient, tag: str) -> None:
    answer = client.get(f"/doc/book/growth?lang={tag}", headers={"Accept": "text/html"})
    assert answer.headers["Content-Language"] == tag
    assert f'<html lang="{tag}"' in answer.text
    assert f'href="/doc/person/hamsun?lang={tag}"' in answer.text


def test_markup_and_script_in_the_data_stay_text(client: FlaskClient) -> None:
    page = client.get("/doc/book/L%C3%B8nset", headers=HTML).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in page
    assert not re.search(r"<script(?! type=.application/ld.json.>)", page)
    assert 'href="javascript' not in page


def test_a_thing_without_a_name_is_called_by_the_end_of_its_iri(client: FlaskClient) -> None:
    assert ">nameless<" in client.get("/doc/book/nameless", headers=HTML).text


def test_a_blank_node_is_shown_inside_the_thing(client: FlaskClient) -> None:
    assert "A blank node" in client.get("/doc/book/nested", headers=HTML).text


def test_iris_of_others_have_a_page_too(client: FlaskClient) -> None:
    page = client.get("/doc?iri=https%3A%2F%2Felsewhere.example%2Fa%28b%29%3Fc%3Dd%26e%3Df", headers=HTML)
    turtle = client.get("/doc?iri=https%3A%2F%2Felsewhere.example%2Fa%28b%29%3Fc%3Dd%26e%3Df&format=ttl")
    assert (page.status_code, turtle.content_type) == (200, "text/turtle; charset=utf-8")
    assert client.get("/doc?iri=https%3A%2F%2Felsewhere.example%2Fnone").status_code == 404
    assert client.get("/doc?iri=growth").status_code == 400


def test_the_ontology_page_has_every_term_with_the_way_to_its_page(client: FlaskClient) -> None:
    page = client.get("/def", headers=HTML).text
    terms = ("Book", "Person", "author", "wrote", "pages")
    assert all(f'id="{term}"' in page for term in terms)
    assert all(f'href="/doc?iri=https%3A%2F%2Fbooks.example%2Fdef%23{term}"' in page for term in terms)
    assert "<bdi>Something to read.</bdi>" in page
    assert "<bdi>bok</bdi>" in client.get("/def?lang=nn", headers=HTML).text
    assert client.get("/def.ttl").content_type == "text/turtle; charset=utf-8"
    assert client.get("/def", headers={"Accept": "application/ld+json"}).content_type == "application/ld+json"


def test_an_ontology_of_many_terms_is_listed_whole(tmp_path: Path) -> None:
    """A term that is missing on the page would leave its IRI without a place."""
    terms = "".join(f'def:t{n} a owl:Class ; rdfs:label "T {n}"@en .\n' for n in range(300))
    (tmp_path / "def.ttl").write_text(f"{PREFIXES}<{BASE}def> a owl:Ontology .\n{terms}", "utf-8")
    built = Home(tmp_path / "home").build(source.read([tmp_path / "def.ttl"], base=BASE), Report())
    page = make_client(built).get("/def", headers=HTML).text
    assert {int(n) for n in re.findall(r'id="t(\d+)"', page)} == set(range(300))


def test_the_page_of_a_property_shows_how_it_is_used(client: FlaskClient) -> None:
    page = client.get(f"/doc?iri={BASE}def%23author", headers=HTML).text
    assert "How it is used" in page
    assert "Growth of the Soil" in page
    assert "How it is used" not in client.get(f"/doc?iri={BASE}def%23Book", headers=HTML).text


def test_the_page_of_a_named_graph_shows_its_size_its_things_and_its_files(client: FlaskClient) -> None:
    page = client.get("/doc/graph/data/growth", headers=HTML).text
    assert ">data/growth</bdi></h1>" in page
    assert "<code>data/growth.ttl</code>" in page
    assert 'href="/dumps/graph/data/growth.ttl"' in page
    assert "Knut Hamsun" in page


@pytest.mark.parametrize(
    ("tag", "word"), [("nb", "underegenskap av"), ("nn", "undereigenskap av"), ("en", "subproperty of")]
)
def test_terms_of_the_modelling_languages_are_named_in_the_language_of_the_page(
    client: FlaskClient, tag: str, word: str
) -> None:
    assert word in client.get(f"/doc?iri={BASE}def%23author&lang={tag}", headers=HTML).text


def test_a_page_can_be_cited_as_text_and_bibtex(client: FlaskClient, snapshot: Snapshot) -> None:
    page = client.get("/doc/book/growth", headers=HTML).text
    year = snapshot.created[:4]
    assert (
        f"Books ({year}). Growth of the Soil. Books, snapshot {snapshot.id[:12]}. {BASE}id/book/growth"
        in page
    )
    assert "@misc{id-book-growth,\n  author = {{Books}},\n  title = {Growth of the Soil. Books}," in page


def test_a_list_can_be_had_as_page_csv_and_json(client: FlaskClient) -> None:
    rows = json.loads(client.get("/persons.json?lang=en").data)
    assert rows == [
        {
            "iri": "https://books.example/id/person/hamsun",
            "label": "Knut Hamsun",
            "language": "nb",
            "wrote": "Growth of the Soil",
        }
    ]
    assert list(csv.DictReader(io.StringIO(client.get("/persons.csv?lang=en").text))) == rows
    assert "Knut Hamsun" in client.get("/persons", headers=HTML).text
    assert client.get("/nothings").status_code == 404


def test_a_long_list_is_read_page_by_page(snapshot: Snapshot) -> None:
    client = make_client(snapshot, page_size=5)

    def pages() -> Iterator[list[str]]:
        address = "/books"
        while address:
            page = client.get(address, headers=HTML).text
            yield re.findall(r'<li><a class="ds-link" href="(/doc[^"]+)"', page)
            found = re.search(r'rel="next" href="([^"]+)"', page)
            address = found[1].replace("&amp;", "&") if found else ""

    sizes = [len(page) for page in pages()]
    assert sizes == [5, 4]


def test_a_list_is_in_the_order_of_names_as_norwegian_sorts_them(client: FlaskClient) -> None:
    rows = json.loads(client.get("/regions.json").data)
    assert [row["label"] for row in rows] == ["Vestlandet", "Østlandet"]


def test_a_list_can_be_narrowed_by_what_its_things_point_to(client: FlaskClient) -> None:
    page = client.get("/shops", headers=HTML).text
    assert 'href="/shops?def:in=https://books.example/id/town/oslo"' in page
    narrowed = json.loads(client.get(f"/shops.json?def:in={BASE}id/town/oslo").data)
    assert [row["label"] for row in narrowed] == ["Ark", "Norli"]
    assert json.loads(client.get(f"/shops.json?def:in={BASE}id/town/nowhere").data) == []
    assert client.get("/shops?def:in=x%22y", headers=HTML).status_code == 200


def test_a_list_of_things_with_places_has_a_map(client: FlaskClient) -> None:
    assert "Show map" in client.get("/shops", headers=HTML).text
    assert "<svg" in client.get("/shops?map=1", headers=HTML).text
    assert "Show map" not in client.get("/books", headers=HTML).text


def test_all_that_refers_to_a_thing_is_a_list_of_its_own(client: FlaskClient) -> None:
    rows = json.loads(client.get(f"/links?to={BASE}id/book/growth&by={BASE}def%23cites&format=json").data)
    assert [row["iri"] for row in rows] == ["https://books.example/id/book/Lønset"]


def test_search_finds_by_beginnings_and_plain_spellings(client: FlaskClient) -> None:
    rows = json.loads(client.get("/search.json?q=grode").data)
    assert rows["hits"][0]["iri"] == "https://books.example/id/book/growth"
    assert "Markens grøde" in client.get("/search?q=mark", headers=HTML).text
    assert json.loads(client.get("/suggest?q=ham").data)[0]["label"] == "Knut Hamsun"
    assert "Knut Hamsun" in client.get("/search?q=hamsum", headers=HTML).text


def test_questions_lead_to_their_query(client: FlaskClient) -> None:
    for path in ("/", "/questions"):
        page = client.get(path, headers=HTML).text
        assert "Who wrote?" in page
        assert 'href="/sparql?query=%23+title.nb' in page


def test_dumps_come_from_the_list_whole_and_in_ranges(client: FlaskClient, snapshot: Snapshot) -> None:
    page = client.get("/dumps/", headers=HTML).text
    whole, part = (
        client.get("/dumps/dataset.nq"),
        client.get("/dumps/dataset.nq", headers={"Range": "bytes=0-9"}),
    )
    assert 'href="/dumps/dataset.nq"' in page
    assert whole.data == (snapshot.dumps / "dataset.nq").read_bytes()
    assert (part.status_code, part.data, part.headers["ETag"]) == (
        206,
        whole.data[:10],
        whole.headers["ETag"],
    )
    assert (
        client.get(
            "/dumps/dataset.nq", headers={"If-None-Match": whole.headers["ETag"]}, buffered=True
        ).status_code
        == 304
    )
    assert (
        client.get("/dumps/dataset.nq", headers={"Range": "bytes=99999999-"}, buffered=True).status_code
        == 416
    )


@pytest.mark.parametrize(
    "path",
    ["/dumps/dumps.json", "/dumps/../manifest.json", "/dumps/%2e%2e/manifest.json", "/dumps//etc/passwd"],
)
def test_nothing_but_dumps_can_be_downloaded(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


PAGES = ("/", "/kinds", "/questions", "/dumps/", "/dataset", "/about", "/accessibility", "/limits",
         "/problems", "/search", "/search?q=x", "/doc/book/growth", "/def", "/books")  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_below_a_root_path_every_link_of_a_page_stays_below_it(snapshot: Snapshot, path: str) -> None:
    page = make_client(snapshot, root_path="/kg").get(f"/kg{path}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    addresses = set(re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text))
    assert [address for address in addresses if not address.startswith("/kg/")] == []


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_within_the_site_answers(client: FlaskClient, path: str) -> None:
    page = client.get(path, headers=HTML).text
    addresses = {found.replace("&amp;", "&") for found in re.findall(r'(?:href|src)="(/[^"]*)"', page)}
    inside = sorted(address for address in addresses if not address.startswith("/sparql"))
    dead = [address for address in inside if status(client, address) not in (200, 303, 410)]
    assert dead == [] or dead == ["/doc/book/nameless.rdf"]


def test_vendored_files_are_what_the_manifest_says() -> None:
    folder = Path(views.__file__).parent / "static" / "vendor"
    rows = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert {row["file"]: row["sha256"] for row in rows} == {
        row["file"]: hashlib.sha256((folder / row["file"]).read_bytes()).hexdigest() for row in rows
    }
    assert all((folder / row["license_file"]).is_file() for row in rows)


def test_the_page_of_the_dataset_tells_its_quality_and_the_snapshots_that_are_kept(
    client: FlaskClient, snapshot: Snapshot
) -> None:
    page = client.get("/dataset", headers=HTML).text
    assert 'href="/quality"' in page
    assert snapshot.id[:12] in page
    assert 'href="/dumps/dataset.nq.gz"' in page


def test_each_limit_is_told_in_the_language_of_the_page(client: FlaskClient) -> None:
    rows = limits.rows(Settings())
    assert {name for name, *_ in rows} <= set(words.LIMITS)
    assert {unit for _, _, unit, _ in rows} <= set(words.UNITS)
    assert "lengden på spørringen" in client.get("/limits?lang=nb", headers=HTML).text
    assert "length of the query text" in client.get("/limits?lang=en", headers=HTML).text
