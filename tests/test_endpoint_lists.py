"""Facts about lists: their paths, forms, facets, order and pages, and the query that says what is on them."""

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pyoxigraph import Literal, NamedNode, QuerySolutions, RdfFormat, Store, parse

from endpoint import columns, concepts, lists
from endpoint.lists import Members
from endpoint.negotiate import GRAPHS, MEMBERS
from kg import source
from kg.findings import Report
from kg.index import Index
from kg.snapshot import Home, Snapshot
from tests.books import make_client

BASE = "https://films.example/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
PREFIXES = f"""\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix def: <{BASE}def#> .
@prefix film: <{BASE}id/film/> .
@prefix genre: <{BASE}concept/genre/> .
@prefix other: <{BASE}other#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
FILMS = (("a", "Åsa", "drama", 1999, 2001, 95), ("b", "Bø", "drama", 2001, 2001, 110),
         ("c", "Ål", "comedy", 2005, 2006, 7), ("d", "Bo", "comedy", 2006, 2006, 20))  # fmt: skip
FILES = {
    "kg.toml": f'base = "{BASE}"\nlanguages = ["nb", "en"]\ntitle.nb = "Filmer"\n[prefixes]\n'
    f'def = "{BASE}def#"\nother = "{BASE}other#"\n',
    "ontology/def.ttl": PREFIXES
    + """
def:Film a owl:Class ; rdfs:label "film"@nb, "film"@en .
def:genre a owl:ObjectProperty ; rdfs:label "sjanger"@nb .
def:kind a owl:ObjectProperty ; rdfs:label "slag"@nb .
""",
    "data/films.ttl": PREFIXES
    + "".join(
        f'film:{name} a def:Film ; rdfs:label "{label}"@nb ; def:length {length} ; '
        f"def:made <{BASE}id/film/{name}#made> ;\n"
        f"  def:genre genre:{genre} ; def:kind genre:{genre} .\n"
        f'<{BASE}id/film/{name}#made> dcat:startDate "{start}"^^xsd:gYear ; '
        f'dcat:endDate "{end}"^^xsd:gYear .\n'
        for name, label, genre, start, end, length in FILMS
    )
    + f"""
<{BASE}id/x/1> a other:Film ; rdfs:label "Another kind of film"@en .
<{BASE}id/x/2> a def:City ; rdfs:label "Oslo"@nb .
<{BASE}cities> a def:Odd ; rdfs:label "An IRI that a list would like"@en .
<{BASE}concept/genre> a skos:ConceptScheme ; skos:prefLabel "Sjangre"@nb .
<{BASE}concept/mood> a skos:ConceptScheme ; skos:prefLabel "Stemninger"@nb .
<{BASE}id/y/1> a def:Shot ; rdfs:label "One"@nb ; def:area <{BASE}id/area/a/1>, <{BASE}id/area/c/1> .
<{BASE}id/y/2> a def:Shot ; rdfs:label "Two"@nb ; def:area <{BASE}id/area/b/1> .
<{BASE}id/y/3> a def:Shot ; rdfs:label "Three"@nb ; def:area <{BASE}id/area/b/1>, <{BASE}id/area/a/3> .
<{BASE}id/y/4> a def:Shot ; rdfs:label "Four"@nb ; def:area <{BASE}id/area/d/1> .
<{BASE}id/area/a/1> dcterms:isVersionOf <{BASE}id/area/a> ; dcterms:isReplacedBy <{BASE}id/area/ab/2> .
<{BASE}id/area/b/1> dcterms:isVersionOf <{BASE}id/area/b> ; dcterms:isReplacedBy <{BASE}id/area/ab/2> .
<{BASE}id/area/ab/2> dcterms:isReplacedBy <{BASE}id/area/a/3>, <{BASE}id/area/b/3> .
<{BASE}id/area/a/3> dcterms:isVersionOf <{BASE}id/area/a> .
<{BASE}id/area/b/3> dcterms:isVersionOf <{BASE}id/area/b> .
<{BASE}id/area/c/1> dcterms:isReplacedBy <{BASE}id/area/a/3>, <{BASE}id/area/b/3> .
<{BASE}id/area/d/1> dcterms:isReplacedBy <{BASE}id/area/d/2> .
<{BASE}id/area/d/2> dcterms:isReplacedBy <{BASE}id/area/d/1> .
<{BASE}id/zone/e> a def:Zone ; rdfs:label "East"@nb ;
  dcterms:hasVersion <{BASE}id/zone/e/1>, <{BASE}id/zone/e/2> .
<{BASE}id/zone/w> a def:Zone ; rdfs:label "West"@nb ; dcterms:hasVersion <{BASE}id/zone/w/1> .
<{BASE}id/zone/e/1> a def:ZoneVersion ; def:area <{BASE}id/area/d/1> ; def:note "old" .
<{BASE}id/zone/e/2> a def:ZoneVersion ; def:area <{BASE}id/area/c/1> .
<{BASE}id/zone/w/1> a def:ZoneVersion ; def:area <{BASE}id/area/d/1> .
genre:drama a skos:Concept ; skos:prefLabel "Drama"@nb ; skos:inScheme <{BASE}concept/genre> .
genre:comedy a skos:Concept ; skos:prefLabel "Komedie"@nb ; skos:inScheme <{BASE}concept/genre> .
<{BASE}concept/mood/sad> a skos:Concept ; skos:prefLabel "Trist"@nb ; skos:inScheme <{BASE}concept/mood> .
""",
}
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Give a snapshot of some films."""
    folder: Path = tmp_path_factory.mktemp("films")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return Home(tmp_path_factory.mktemp("home")).build(source.read([folder]), Report())


@pytest.fixture(scope="module")
def client(snapshot: Snapshot) -> FlaskClient:
    """Give a client of the site of the films."""
    return make_client(snapshot)


def labels(client: FlaskClient, path: str) -> list[str]:
    """Give the names on a list, in order."""
    answer = client.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    return [row["label"] for row in json.loads(answer.data)]


def test_lists_have_the_plural_names_of_their_classes(client: FlaskClient) -> None:
    page = client.get("/kinds", headers=HTML).text
    found = set(re.findall(r'<th scope="row"><a class="ds-link" href="/([^"]+)"', page))
    assert {"films", "other-films", "def-cities", "odds", "concepts", "concept-schemes", "classes"} <= found
    assert labels(client, "/other-films") == ["Another kind of film"]


PLURALS = """\
@prefix : <https://ex.org/def#> .
@prefix label: <http://purl.org/net/vocab/2004/03/label#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:Child a owl:Class ; rdfs:label "child"@en, "barn"@nb ; label:plural "children"@en, "barn"@nb .
:Goose a owl:Class ; rdfs:label "goose"@en, "gås"@nb ; label:plural "geese"@en .
:Cow a owl:Class ; rdfs:label "cow"@en, "ku"@nb .
<https://ex.org/id/a> a :Child ; rdfs:label "A" . <https://ex.org/id/b> a :Goose ; rdfs:label "B" .
<https://ex.org/id/c> a :Cow ; rdfs:label "C" .
"""


def test_lists_are_named_in_the_plural_that_the_dataset_gives_in_the_language(tmp_path: Path) -> None:
    """Where there is none in the reader's language the singular stands; the address is the English one."""
    (tmp_path / "data.ttl").write_text(PLURALS, "utf-8")
    built = Home(tmp_path / "home").build(
        source.read([tmp_path / "data.ttl"], base="https://ex.org/"), Report()
    )
    client = make_client(built)
    named = {}
    for tag in ("en", "nb"):
        page = client.get(f"/kinds?lang={tag}", headers=HTML).text
        rows = r'<th scope="row"><a class="ds-link" href="/([a-z]+)\?lang=..">.*?<bdi[^>]*>(.*?)</bdi>'
        named[tag] = {at: name for at, name in re.findall(rows, page) if at != "classes"}
    assert named == {
        "en": {"children": "children", "geese": "geese", "cows": "cow"},
        "nb": {"children": "barn", "geese": "gås", "cows": "ku"},
    }
    assert re.search(r"<h1[^>]*>.*geese", client.get("/geese?lang=en", headers=HTML).text)
    assert "<bdi>children</bdi>" in client.get("/doc/a?lang=en", headers=HTML).text


def test_an_iri_of_the_dataset_comes_before_a_list(client: FlaskClient) -> None:
    assert client.get("/cities").headers["Location"] == "/doc/cities"
    assert labels(client, "/def-cities") == ["Oslo"]


def test_the_concepts_of_each_scheme_are_a_list(client: FlaskClient) -> None:
    assert labels(client, "/concepts/genre") == ["Drama", "Komedie"]
    assert labels(client, "/concepts/mood") == ["Trist"]
    assert labels(client, "/concepts") == ["Drama", "Komedie", "Trist"]
    page = client.get("/concepts", headers=HTML).text
    assert '<a class="ds-link" href="/concepts/genre">Sjangre</a>' in page
    assert ">Sjangre</bdi></h1>" in client.get("/concepts/genre", headers=HTML).text


@pytest.mark.parametrize("path", ["/list/def:Film", "/films/x", "/concepts/nothing", "/film"])
def test_there_is_no_other_way_to_a_list(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers=HTML).status_code == 404


def test_a_suffix_that_no_list_has_is_a_415_that_names_those_there_are(client: FlaskClient) -> None:
    answer = client.get("/films.docx")
    assert answer.status_code == 415
    available = [row["href"] for row in json.loads(answer.data)["available"]]
    assert available == [f"/films.{form.suffix}" for form in MEMBERS]


@pytest.mark.parametrize("form", MEMBERS, ids=lambda form: form.name)
def test_each_form_of_a_list_is_had_by_accept_suffix_and_format(client: FlaskClient, form: object) -> None:
    assert isinstance(form, type(MEMBERS[0]))
    by_accept = client.get("/films", headers={"Accept": form.media_type})
    by_suffix, by_format = client.get(f"/films.{form.suffix}"), client.get(f"/films?format={form.suffix}")
    assert {answer.content_type for answer in (by_accept, by_suffix, by_format)} == {form.content_type}
    assert by_suffix.headers["Content-Location"] == f"/films.{form.suffix}"
    if form.name != "html":
        assert by_accept.data == by_suffix.data == by_format.data


def test_graphs_say_exactly_what_the_page_shows(client: FlaskClient) -> None:
    query = f"def:genre={BASE}concept/genre/drama&sort=-"
    shown = json.loads(client.get(f"/films.json?{query}").data)
    assert [row["label"] for row in shown] == ["Åsa", "Bø"]
    for form in GRAPHS:
        fmt = RdfFormat.from_media_type(form.media_type)
        assert fmt
        said = {q.triple for q in parse(client.get(f"/films.{form.suffix}?{query}").data, format=fmt)}
        by = {(str(t.subject), t.predicate.value.rpartition("#")[2], str(t.object)) for t in said}
        assert {s for s, p, o in by if p == "type"} == {f"<{row['iri']}>" for row in shown}
        assert {o for s, p, o in by if p == "label"} == {'"Åsa"@nb', '"Bø"@nb', '"Drama"@nb'}
        assert {o for s, p, o in by if p == "length"} == {
            f'"{row["length"]}"^^<http://www.w3.org/2001/XMLSchema#integer>' for row in shown
        }
        assert {o for s, p, o in by if p == "member"} == {f"<{row['iri']}>" for row in shown}


def test_a_table_has_the_columns_of_the_page(client: FlaskClient) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/films.csv").text)))
    assert list(rows[0].values()) == [f"{BASE}id/film/d", "Bo", "nb", "Komedie", "Komedie", "20"]
    assert list(rows[0]) == ["iri", "label", "language", "sjanger", "slag", "length"]


def test_facets_count_values_and_years_and_leave_out_what_divides_alike(client: FlaskClient) -> None:
    page = client.get("/films", headers=HTML).text
    facets = re.findall(r'<summary><span class="named"><bdi[^>]*>([^<]+)', page)
    years = re.findall(r'href="/films\?def:made=(\d+)".*?<bdi>(\d+)</bdi>.*?<span class="count">(\d)', page)
    assert facets == ["sjanger", "made"]
    assert years == [("1999", "1999", "1"), ("2000", "2000", "1"), ("2001", "2001", "2"),
                     ("2005", "2005", "1"), ("2006", "2006", "2")]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"def:genre={BASE}concept/genre/drama", ["Bø", "Åsa"]),
        ("def:made=2000", ["Åsa"]),
        ("def:made=2001", ["Bø", "Åsa"]),
        ("def:made=2000/2005", ["Bø", "Ål", "Åsa"]),
        (f"def:made=2001&def:genre={BASE}concept/genre/comedy", []),
        (f"{BASE}def%23made=2006", ["Bo", "Ål"]),
    ],
)
def test_a_list_is_narrowed_by_values_and_years_and_its_query_finds_the_same(
    client: FlaskClient, snapshot: Snapshot, query: str, expected: list[str]
) -> None:
    assert labels(client, f"/films?{query}") == expected
    page = client.get(f"/films?{query}&lang=nb", headers=HTML).text
    assert found_by_query(client, snapshot, page) == sorted(expected)


def found_by_query(client: FlaskClient, snapshot: Snapshot, page: str) -> list[str]:
    """Give the names that the query of a page finds."""
    (link,) = re.findall(r'href="/sparql\?(query=[^"]+)"', page)
    asked = link.replace("&amp;", "&")
    with client.application.test_request_context(f"/?{asked}") as context:
        sparql = context.request.args["query"]
    found = Store.read_only(str(snapshot.store)).query(sparql)
    assert isinstance(found, QuerySolutions)
    return sorted(str(row["label"].value) for row in found if isinstance(row["label"], Literal))


@pytest.mark.parametrize(
    ("area", "expected"), [("a/3", ["One", "Three"]), ("b/3", ["Three", "Two"]), ("ab/2", []), ("c/1", [])]
)
def test_values_that_were_replaced_can_be_chosen_by_what_they_are_today(
    client: FlaskClient, snapshot: Snapshot, area: str, expected: list[str]
) -> None:
    query = f"def:area.today={BASE}id/area/{area}"
    assert labels(client, f"/shots?{query}") == expected
    page = client.get(f"/shots?{query}&lang=nb", headers=HTML).text
    assert (
        re.findall(r'<summary><span class="named"><bdi[^>]*>([^<]+)', page)[-1:]
        == ["area i dag"][: len(expected)]
    )
    assert found_by_query(client, snapshot, page) == expected


@pytest.mark.parametrize(("area", "expected"), [("d/1", ["East", "West"]), ("c/1", ["East"]), ("a/1", [])])
def test_things_are_found_by_what_their_versions_say(
    client: FlaskClient, snapshot: Snapshot, area: str, expected: list[str]
) -> None:
    query = f"def:area.versions={BASE}id/area/{area}"
    assert labels(client, f"/zones?{query}") == expected
    page = client.get(f"/zones?{query}&lang=nb", headers=HTML).text
    assert found_by_query(client, snapshot, page) == expected
    assert "def:note.versions" not in page


def test_the_query_of_a_scheme_finds_its_concepts(client: FlaskClient, snapshot: Snapshot) -> None:
    page = client.get("/concepts/genre", headers=HTML).text
    (link,) = re.findall(r'href="/sparql\?(query=[^"]+)"', page)
    with client.application.test_request_context(f"/?{link}") as context:
        found = Store.read_only(str(snapshot.store)).query(context.request.args["query"])
    assert isinstance(found, QuerySolutions)
    assert {row["thing"] for row in found} == {
        NamedNode(f"{BASE}concept/genre/{name}") for name in ("drama", "comedy")
    }


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["Bo", "Bø", "Ål", "Åsa"]),
        ("-", ["Åsa", "Ål", "Bø", "Bo"]),
        ("def:length", ["Ål", "Bo", "Åsa", "Bø"]),
        ("-def:length", ["Bø", "Åsa", "Bo", "Ål"]),
        ("def:genre", ["Bø", "Åsa", "Bo", "Ål"]),
        ("def:nothing", ["Bo", "Bø", "Ål", "Åsa"]),
    ],
)
def test_a_list_is_sorted_by_name_or_column(client: FlaskClient, sort: str, expected: list[str]) -> None:
    assert labels(client, f"/films?sort={sort}") == expected


def test_pages_follow_each_other_in_any_order_and_form(snapshot: Snapshot) -> None:
    client = make_client(snapshot)
    site = client.application.extensions["kg"]
    site.settings = replace(site.settings, page_size=3)

    def pages(address: str) -> Iterator[list[str]]:
        while address:
            answer = client.get(address)
            yield [row["label"] for row in json.loads(answer.data)]
            following = re.search(r'<([^>]+)>; rel="next"', " ".join(answer.headers.getlist("Link")))
            address = following[1] if following else ""

    assert list(pages("/films.json?sort=-def:length")) == [["Bø", "Åsa", "Bo"], ["Ål"]]


def test_columns_lead_to_the_list_sorted_by_them(client: FlaskClient) -> None:
    page = client.get("/films?sort=def:length", headers=HTML).text
    assert 'aria-sort="ascending"><a class="ds-link named" href="/films?sort=-def:length"' in page
    assert '<a class="ds-link named" href="/films?sort=def:genre"' in page


@contextmanager
def counted(index: Index) -> Iterator[list[str]]:
    """Give the statements that an index is asked in a block."""
    asked: list[str] = []
    index._db.set_trace_callback(asked.append)
    yield asked
    index._db.set_trace_callback(None)


def test_a_tree_of_concepts_costs_the_same_look_ups_however_many_there_are(snapshot: Snapshot) -> None:
    costs = set()
    for name in ("genre", "mood"):
        index = Index(snapshot.index)
        with counted(index) as asked:
            concepts.tree(f"{BASE}concept/{name}", index, "nb")
        costs.add(len(asked))
    assert len(costs) == 1


def test_a_page_of_a_list_costs_the_same_look_ups_however_long_it_is(snapshot: Snapshot) -> None:
    costs = set()
    for limit in (1, 2, 4):
        index = Index(snapshot.index)
        with counted(index) as asked:
            lists.listing(index, snapshot.store, Members(f"{BASE}def#Film"), "nb", limit=limit)
        costs.add(len(asked))
    assert len(costs) == 1


def test_a_list_too_long_to_hold_still_has_its_things_in_pages(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "_MOST_IN_MEMORY", 1)
    index = Index(snapshot.index)
    genre = Members(f"{SKOS}Concept", f"{BASE}concept/genre")
    first = lists.listing(index, snapshot.store, genre, "nb", limit=1)
    second = lists.listing(index, snapshot.store, genre, "nb", after=first.more)
    assert [row.label.text for row in (*first.rows, *second.rows)] == ["Komedie", "Drama"]
    assert (first.count, first.facets, second.more) == (2, (), "")


def test_crawlers_are_not_led_through_every_choice_and_order(client: FlaskClient) -> None:
    page = client.get("/films", headers=HTML).text
    links = re.findall(r'<a [^>]*href="/films\?[^"]*"[^>]*>', page)
    led = [
        link for link in links if 'rel="nofollow"' not in link and "lang=" not in link and "map=" not in link
    ]
    assert len(links) > 8
    assert led == []


def test_a_list_names_its_other_forms_narrowed_and_sorted_alike(client: FlaskClient) -> None:
    links = client.get("/films.csv?sort=-&def:made=2001").headers.getlist("Link")
    others = [form for form in MEMBERS if form.name != "csv"]
    assert links == [
        f'</films.{form.suffix}?sort=-&def:made=2001>; rel="alternate"; type="{form.media_type}"'
        for form in others
    ]


def test_a_list_changed_when_its_snapshot_was_made(client: FlaskClient, snapshot: Snapshot) -> None:
    answer = client.get("/films.csv")
    assert answer.last_modified == datetime.fromisoformat(snapshot.created)
