# ruff: noqa: E501 - Turtle and addresses read better in whole lines
"""Facts about data that nobody should publish, and pages that stay whole all the same."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kg import source
from kg.findings import Report
from kg.snapshot import Home, Snapshot
from tests.books import PREFIXES, make_client

BASE = "https://odd.example/"
HTML = {"Accept": "text/html", "Accept-Language": "en"}


def thing(name: str) -> str:
    """Give a thing's IRI in Turtle."""
    return f"<{BASE}id/thing/{name}>"


def turtle() -> str:
    """Give the data: one thing for each oddity."""
    type_, label = f"a <{BASE}def#Thing>", "rdfs:label"
    lines = [
        f'{thing("long")} {type_} ; {label} "Long"@en ; rdfs:comment "{"x" * 1_000_000}"@en .',
        f"{thing('names')} {type_} ; " + " ; ".join(f'{label} "Name {n}"@en' for n in range(5000)) + " .",
        f"{thing('many')} {type_} ; " + " ; ".join(f'<{BASE}def#p{n}> "v{n}"' for n in range(500)) + " .",
        *(f"{thing(f'fan-{n}')} <{BASE}def#likes> {thing('star')} ." for n in range(10_000)),
        f'{thing("star")} {type_} ; {label} "Star"@en .',
        f"{thing('a')} {type_} ; <http://www.w3.org/2004/02/skos/core#broader> {thing('b')} .",
        f"{thing('b')} {type_} ; <http://www.w3.org/2004/02/skos/core#broader> {thing('a')} .",
        f"{thing('self')} {type_} ; <{BASE}def#likes> {thing('self')} .",
        f'{thing("bidi")} {type_} ; {label} "\\u202Egnirts\\u202C <b>&\\"quoted\\"\'"@en .',
        f'{thing("tongue")} {type_} ; {label} "nuqneH"@tlh .',
        f'{thing("unordered")} {type_} ; dcat:startDate "2010"^^xsd:gYear ; dcat:endDate "2006"^^xsd:gYear ;'
        ' dcterms:issued "not a date"^^xsd:date, "9999-12-31"^^xsd:date, "2001-02-30"^^xsd:date .',
        f'{thing("nowhere")} {type_} ; <http://www.opengis.net/ont/geosparql#asWKT> "POINT(999 999)", "POINT(", "" .',
        f'{thing("script")} {type_} ; {label} "</script><script>alert(1)</script>"@en ; '
        "rdfs:seeAlso <javascript:alert(1)>, <data:text/html,x>, <https://ok.example/?a=1&b='2'> .",
        f"{thing('loop')} {type_} ; <{BASE}def#has> {thing('loop#one')} .",
        f"{thing('loop#one')} <{BASE}def#has> {thing('loop#two')} .",
        f"{thing('loop#two')} <{BASE}def#has> {thing('loop#one')} .",
        f"{thing('chain')} <{BASE}def#has> [ <{BASE}def#has> [ <{BASE}def#has> [ <{BASE}def#has> [ "
        f'<{BASE}def#has> [ {label} "deep"@en ] ] ] ] ] .',
    ]
    return PREFIXES + "\n".join(lines)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give a snapshot of the odd things."""
    folder: Path = tmp_path_factory.mktemp("odd")
    (folder / "kg.toml").write_text(f'base = "{BASE}"\n', "utf-8")
    (folder / "data").mkdir()
    (folder / "data" / "odd.ttl").write_text(turtle(), "utf-8")
    return Home(tmp_path_factory.mktemp("home")).build(source.read([folder]), Report())


@pytest.fixture(scope="module")
def client(snapshot: Snapshot) -> FlaskClient:
    """Give a client of the site of the odd things."""
    return make_client(snapshot)


@pytest.mark.parametrize("name", [
    "long", "names", "many", "star", "a", "b", "self", "bidi", "tongue", "unordered", "nowhere", "script", "loop",
    "chain", "fan-77",
])  # fmt: skip
def test_every_odd_thing_has_a_page_and_documents(client: FlaskClient, name: str) -> None:
    page = client.get(f"/doc/thing/{name}", headers=HTML)
    assert page.status_code == 200
    assert len(page.data) < 1_200_000
    for suffix in ("ttl", "jsonld", "nq", "rdf"):
        assert client.get(f"/doc/thing/{name}.{suffix}").status_code == 200


def test_a_very_long_text_is_cut_on_the_page_and_whole_in_the_data(client: FlaskClient) -> None:
    page = client.get("/doc/thing/long", headers=HTML)
    assert len(page.data) < 40_000
    assert "cut short here" in page.text
    assert len(client.get("/doc/thing/long.nt").data) > 1_000_000


def test_ten_thousand_links_are_counted_and_listed_page_by_page(client: FlaskClient) -> None:
    page = client.get("/doc/thing/star", headers=HTML)
    assert len(page.data) < 30_000
    assert "All 10,000" in page.text
    assert (
        client.get(f"/links?to={BASE}id/thing/star&by={BASE}def%23likes", headers=HTML).text.count("fan-")
        > 50
    )


def test_no_value_becomes_markup_or_a_link_that_runs(client: FlaskClient) -> None:
    page = client.get("/doc/thing/script", headers=HTML).text
    assert re.findall(r"<script[^>]*>", page) == ['<script type="application/ld+json">']
    assert not re.search(r'href="(?:javascript|data):', page)
    assert 'href="https://ok.example/?a=1&amp;b=&#39;2&#39;"' in page


def test_characters_that_turn_the_reading_direction_are_fenced_in(client: FlaskClient) -> None:
    page = client.get("/doc/thing/bidi", headers=HTML).text
    assert "<bdi>\u202egnirts\u202c &lt;b&gt;&amp;&#34;quoted&#34;&#39;</bdi>" in page


def test_a_language_nobody_has_is_named(client: FlaskClient) -> None:
    assert '<bdi lang="tlh">nuqneH</bdi>' in client.get("/doc/thing/tongue", headers=HTML).text


def test_a_folder_without_ontology_and_shapes_has_a_whole_site(client: FlaskClient) -> None:
    for path in ("/", "/kinds", "/dataset", "/dumps/", "/questions", "/search?q=star", "/catalog",
                 "/sitemap.xml", "/things"):  # fmt: skip
        assert client.get(path, headers=HTML).status_code in (200, 303)
    assert client.get("/def", headers=HTML).status_code == 404


@pytest.mark.parametrize("path", [
    "/doc/%00", "/doc/%ff%fe", "/doc/" + "a/" * 2000, "/doc/x?format=" + "y" * 5000, "/doc?iri=%00:", "/doc?iri=http://[",
    "/list/x:y:z", "/things?sort=%22%3E", "/things?a:b=9999/0000", "/doc/thing/star?_profile=%3Cscript%3E",
    "/history/%00", "/history/thing/star?lang=xx", "/things?sort=" + "-" * 3000, "/dataset/" + "é" * 64, "/doc/x" + "." * 3000, "/links", "/links?to=x&by=y", "/statements", "/statements?of=x&after=-1", "/statements?of=%22&by=%3E", "/search?q=%00%22*(", "/search?q=" + "é" * 9000,
    "/suggest?q=NEAR(a%20b)", "//evil.example/", "/id//evil.example", "/dumps/%2e%2e%2f", "/sitemap/../x.xml", "/linkset/nope",
    "/doc/thing/star?lang=xx", "/doc/thing/star?lang=%0d%0aX:1", "/doc?iri=javascript:alert(1)",
])  # fmt: skip
def test_no_request_makes_the_site_fail_or_leads_away(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=HTML)
    assert answer.status_code < 500
    assert "evil" not in answer.headers.get("Location", "")


@pytest.mark.parametrize(("name", "said"), [
    ("names", ["The data give 5000 names; one was chosen, more are at the end."]),
    ("a", ["The hierarchy runs in a circle: this stands above itself."]),
    ("bidi", ["A text here has characters that turn the reading direction. They work only within the text itself."]),
    ("unordered", ["“not a date” should be a date, but is none.", "“2001-02-30” should be a date, but is none.",
                   "A period ends (2006) before it begins (2010)."]),
    ("nowhere", ["A geometry cannot be drawn: it lies outside the map, or is not written in degrees."]),
    ("script", ["An address here could run something in the browser. The link here leads only to the page about it."]),
    ("star", []),
])  # fmt: skip
def test_a_page_says_what_is_odd(client: FlaskClient, name: str, said: list[str]) -> None:
    page = client.get(f"/doc/thing/{name}", headers=HTML).text
    found = re.search(r'<section class="ds-alert cautions".*?</section>', page, re.DOTALL)
    told = re.findall(r"<li><bdi>(.*?)</bdi></li>", found[0]) if found else []
    assert sorted(told) == sorted(said)


def test_a_thing_without_a_name_says_so(client: FlaskClient) -> None:
    assert "The data give no name" in client.get("/doc/thing/self", headers=HTML).text
    assert "The data give no name" not in client.get("/doc/thing/star", headers=HTML).text


def test_a_page_about_much_shows_a_part_and_leads_to_all(client: FlaskClient) -> None:
    page = client.get("/doc/thing/many", headers=HTML).text
    assert 20 < len(set(re.findall(r"def#(p\d+)", page))) < 40
    assert "501 statements" in page
    at = f"/statements?of={BASE}id/thing/many"
    assert f'href="{at}">All that is said of this</a>' in page
    found = walked(client, at)
    assert len(found) == 501
    assert {row["value"] for row in found if row["property"].endswith("def#p499")} == {"v499"}


def test_values_beyond_the_first_are_a_list_of_their_own(client: FlaskClient) -> None:
    label = "http://www.w3.org/2000/01/rdf-schema%23label"
    at = f"/statements?of={BASE}id/thing/names&by={label}"
    page = client.get("/doc/thing/names", headers=HTML).text
    assert f'href="{at}">All 5000</a>' in page.replace("&amp;", "&")
    assert sorted(row["value"] for row in walked(client, at)) == sorted(f"Name {n}" for n in range(5000))


def test_documents_have_all_that_pages_have_no_room_for(client: FlaskClient) -> None:
    assert client.get("/doc/thing/names.nt").data.count(b"Name ") == 5000
    assert client.get("/doc/thing/many.ttl").data.count(b'"v') == 500


def walked(client: FlaskClient, at: str) -> list[dict[str, str]]:
    """Give the rows of a list from its first page to its last."""
    rows: list[dict[str, str]] = []
    while at:
        answer = client.get(at.replace("/statements?", "/statements.json?"))
        rows += answer.json or []
        following = [link for link in answer.headers.getlist("Link") if 'rel="next"' in link]
        at = following[0].partition(">")[0][1:] if following else ""
    return rows
