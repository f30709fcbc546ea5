"""Facts about the ways to say what is known of a thing: negotiation by profile, and references."""

import json
import re
from collections.abc import Mapping

import pytest
from flask.testing import FlaskClient
from pyoxigraph import NamedNode, Quad, RdfFormat, Triple, parse

from endpoint.negotiate import CITATIONS, DOCUMENTS, PROFILES
from kg.snapshot import Snapshot
from kg.vocab import term
from tests.books import BASE, build, make_client

GROWTH = "/doc/book/growth"
OWN, SCHEMA, ANNOTATED, ALT = (
    f"{BASE}def", "https://schema.org/", f"{BASE}api#profile-annotated", "http://www.w3.org/ns/dx/connegp/altr",
)  # fmt: skip


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give a snapshot of the books."""
    return build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def client(snapshot: Snapshot) -> FlaskClient:
    """Give a client of the site of the books."""
    return make_client(snapshot)


def triples(client: FlaskClient, path: str) -> set[Triple]:
    """Give what a document says."""
    answer = client.get(path)
    assert answer.status_code == 200
    fmt = RdfFormat.from_media_type(answer.mimetype or "")
    assert fmt
    return {Quad(*quad.triple).triple for quad in parse(answer.data, format=fmt)}


def chosen(client: FlaskClient, path: str, headers: Mapping[str, str]) -> str:
    """Give the address of the representation that headers choose."""
    answer = client.get(path, headers=dict(headers))
    return answer.headers.get("Content-Location", str(answer.status_code))


@pytest.mark.parametrize(
    ("accept", "profile", "address"),
    [
        ("text/turtle", f"<{SCHEMA}>", f"{GROWTH}.schema.ttl"),
        ("text/turtle", SCHEMA, f"{GROWTH}.schema.ttl"),
        ("*/*", f"<{SCHEMA}>", f"{GROWTH}.schema.jsonld"),
        ("text/html, */*;q=0.8", f"<{ANNOTATED}>", f"{GROWTH}.annotated.ttl"),
        ("text/turtle", f"<{SCHEMA}>;q=0.5, <{ANNOTATED}>;q=0.9", f"{GROWTH}.annotated.ttl"),
        ("text/html", f"<{SCHEMA}>, <{OWN}>;q=0.1", f"{GROWTH}.html"),
        ("text/turtle", f"<urn:x>, <{SCHEMA}>;q=0.1", f"{GROWTH}.schema.ttl"),
        ("text/turtle", "*", f"{GROWTH}.ttl"),
        ("text/turtle", f"*, <{OWN}>;q=0", f"{GROWTH}.schema.ttl"),
        ("text/turtle", "", f"{GROWTH}.ttl"),
        ("text/turtle", ",,;q=x", f"{GROWTH}.ttl"),
        ("text/turtle", "<urn:x>", "406"),
        ("text/html", f"<{SCHEMA}>", "406"),
    ],
)
def test_accept_and_accept_profile_choose_together(
    client: FlaskClient, accept: str, profile: str, address: str
) -> None:
    assert chosen(client, GROWTH, {"Accept": accept, "Accept-Profile": profile}) == address


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (f"{GROWTH}?_profile=schema", f"{GROWTH}.schema.jsonld"),
        (f"{GROWTH}?_profile={SCHEMA}&format=nt", f"{GROWTH}.schema.nt"),
        (f"{GROWTH}.ttl?_profile=annotated", f"{GROWTH}.annotated.ttl"),
        (f"{GROWTH}?_profile=alt", f"{GROWTH}.alt.ttl"),
        (f"{GROWTH}?_profile=own&format=ttl", f"{GROWTH}.ttl"),
        (f"{GROWTH}?format=schema.ttl", f"{GROWTH}.schema.ttl"),
        (f"{GROWTH}?_profile=nothing", "406"),
        (f"{GROWTH}.html?_profile=schema", "406"),
        ("/doc?iri=http%3A%2F%2Fexample.org%2F", "404"),
        (f"/doc?iri={BASE}def&_profile=schema", f"/doc?iri={BASE}def&format=schema.jsonld"),
    ],
)  # fmt: skip
def test_the_query_string_names_a_profile_by_token_or_iri(
    client: FlaskClient, path: str, address: str
) -> None:
    assert chosen(client, path, {}).replace("%3A", ":").replace("%2F", "/") == address


def test_an_unknown_profile_is_a_406_that_names_those_there_are(client: FlaskClient) -> None:
    answer = client.get(GROWTH, headers={"Accept-Profile": "<urn:x>"})
    document = json.loads(answer.data)
    assert answer.headers["Vary"] == "Accept, Accept-Profile"
    assert document["detail"].endswith(
        f"Profiles: own <{OWN}>, schema <{SCHEMA}>, annotated <{ANNOTATED}>, alt <{ALT}>."
    )
    assert {row["profile"] for row in document["available"]} == {OWN, SCHEMA, ANNOTATED, ALT}


def test_an_answer_says_its_profile_its_canonical_address_and_where_the_others_are(
    client: FlaskClient,
) -> None:
    answer = client.get(GROWTH, headers={"Accept": "text/turtle", "Accept-Profile": f"<{ANNOTATED}>"})
    links = answer.headers.getlist("Link")
    assert answer.headers["Content-Profile"] == f"<{ANNOTATED}>"
    assert answer.headers["Vary"] == "Accept, Accept-Profile, Accept-Encoding"
    assert f'<{BASE}doc/book/growth.annotated.ttl>; rel="canonical"; type="text/turtle"' in links
    assert f'<{ANNOTATED}>; rel="profile"' in links
    other = f'<{GROWTH}.schema.jsonld>; rel="alternate describedby"; type="application/ld+json"'
    assert f'{other}; profile="{SCHEMA}"' in links


def test_a_page_is_canonical_without_suffix_in_the_language_asked_for(client: FlaskClient) -> None:
    for path, address in ((GROWTH, GROWTH), (f"{GROWTH}.html?lang=en", f"{GROWTH}?lang=en")):
        links = client.get(path, headers={"Accept": "text/html"}).headers.getlist("Link")
        assert f'<{BASE}{address[1:]}>; rel="canonical"' in links


def test_each_profile_of_each_form_has_its_own_etag_and_answers_304(client: FlaskClient) -> None:
    tags = set()
    for form in DOCUMENTS:
        answer = client.get(f"{GROWTH}.{form.suffix}")
        assert (answer.status_code, answer.content_type) == (200, form.content_type)
        tag = answer.headers["ETag"]
        again = client.get(f"{GROWTH}.{form.suffix}", headers={"If-None-Match": tag})
        assert (again.status_code, again.headers.get("Content-Profile")) == (
            304, answer.headers.get("Content-Profile")
        )  # fmt: skip
        tags.add(tag)
    assert len(tags) == len(DOCUMENTS)


@pytest.mark.parametrize("profile", [profile.token for profile in PROFILES])
def test_every_form_of_a_profile_says_the_same(client: FlaskClient, profile: str) -> None:
    rows = [form for form in DOCUMENTS if form.kind == "graph" and form.profile == profile]
    said = [triples(client, f"{GROWTH}.{form.suffix}") for form in rows]
    assert len(rows) == 6
    assert [one ^ said[0] for one in said] == [set()] * 6


def test_annotated_is_the_own_document_with_the_names_of_everything_mentioned(client: FlaskClient) -> None:
    own, annotated = triples(client, f"{GROWTH}.ttl"), triples(client, f"{GROWTH}.annotated.ttl")
    named = {t.subject for t in annotated - own}
    assert own <= annotated
    assert {t.predicate for t in annotated - own} == {term("rdfs:label")}
    assert {NamedNode(f"{BASE}{name}") for name in ("def#Book", "def#author", "id/person/hamsun")} <= named


def test_schema_org_is_what_stands_in_the_page(client: FlaskClient) -> None:
    page = client.get(f"{GROWTH}.html?lang=en").text
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert found
    told = json.loads(client.get(f"{GROWTH}.schema.jsonld?lang=en").data)
    context = told.pop("@context")
    assert told | {"@context": SCHEMA} == json.loads(found[1])
    assert context["@vocab"] == SCHEMA


def test_the_list_of_alternates_has_every_representation_and_each_answers(client: FlaskClient) -> None:
    said = triples(client, f"{GROWTH}.alt.ttl")
    listed = [(t.predicate.value, str(t.object)) for t in said if "epresentation" in t.predicate.value]
    by_default, *others = (f"<{BASE}doc/book/growth.{form.suffix}>" for form in DOCUMENTS)
    assert sorted(listed) == sorted(
        [(f"{ALT}#hasDefaultRepresentation", by_default)]
        + [(f"{ALT}#hasRepresentation", other) for other in others]
    )


def test_a_thing_can_be_cited_in_bibtex(client: FlaskClient, snapshot: Snapshot) -> None:
    answer = client.get(GROWTH, headers={"Accept": "application/x-bibtex", "Accept-Language": "en"})
    assert answer.text == (
        "@misc{id-book-growth,\n  author = {{Books}},\n  title = {Growth of the Soil. Books},\n"
        f"  year = {{{snapshot.created[:4]}}},\n  version = {{{snapshot.id[:12]}}},\n"
        f"  url = {{{BASE}id/book/growth}},\n}}\n"
    )


def test_markup_in_a_title_is_no_markup_in_bibtex(client: FlaskClient) -> None:
    text = client.get("/doc/book/L%C3%B8nset.bib").text
    assert r"title = {<script>alert(1)</script> \& co. Bøker}" in text


def test_a_thing_can_be_cited_in_ris(client: FlaskClient, snapshot: Snapshot) -> None:
    answer = client.get(f"{GROWTH}.ris?lang=en")
    day = snapshot.created[:10].replace("-", "/")
    assert answer.content_type == "application/x-research-info-systems"
    assert answer.data.decode().split("\r\n") == [
        "TY  - DATA", "ID  - id-book-growth", "AU  - Books", "TI  - Growth of the Soil", "T2  - Books",
        f"PY  - {day[:4]}", f"DA  - {day}", f"ET  - {snapshot.id[:12]}", "PB  - Books", "LA  - en",
        f"UR  - {BASE}id/book/growth", "ER  - ", "",
    ]  # fmt: skip


def test_a_thing_and_the_dataset_can_be_cited_in_csl_json(client: FlaskClient, snapshot: Snapshot) -> None:
    date = [int(part) for part in snapshot.created[:10].split("-")]
    rest = {
        "author": [{"literal": "Books"}], "publisher": "Books", "issued": {"date-parts": [date]},
        "version": snapshot.id[:12], "language": "en",
    }  # fmt: skip
    assert json.loads(client.get(f"{GROWTH}.csl.json?lang=en").data) == [
        {"id": "id-book-growth", "type": "entry", "title": "Growth of the Soil", "container-title": "Books",
         "URL": f"{BASE}id/book/growth", **rest}
    ]  # fmt: skip
    asked = client.get("/dataset", headers={"Accept": "application/vnd.citationstyles.csl+json"})
    assert json.loads(client.get("/dataset.csl?lang=en").data) == [
        {"id": "dataset", "type": "dataset", "title": "Books", "URL": BASE, **rest}
    ]
    assert client.get("/dataset.csl.json?lang=en").headers["Content-Location"] == "/dataset.csl"
    assert asked.headers["Content-Location"] == "/dataset.csl"


@pytest.mark.parametrize("path", [GROWTH, "/dataset"])
def test_pages_lead_to_their_references(client: FlaskClient, path: str) -> None:
    page = client.get(path, headers={"Accept": "text/html"}).text
    for form in CITATIONS:
        assert f'href="{path}.{form.suffix}" type="{form.media_type}" download' in page
