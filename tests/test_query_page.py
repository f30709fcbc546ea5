"""Facts about the query page in a real browser: what scripts add, and that nothing needs them."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.browser import MISSING, Browser, Page, browser
from tests.serving import Served, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.xdist_group("sparql-browser"),
]

FILES = {
    "kg.toml": 'base = "https://ex.org/"\ntitle.nb = "Liten"\ntitle.en = "Small"\nlanguages = ["nb", "en"]\n'
    'prefixes.ex = "https://ex.org/def#"\n',
    "ontology/def.ttl": """\
@prefix ex: <https://ex.org/def#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://ex.org/def> a owl:Ontology .
ex:Village a owl:Class ; rdfs:label "bygd"@nb, "village"@en .
ex:County a owl:Class ; rdfs:label "fylke"@nb, "county"@en .
ex:near a owl:ObjectProperty ; rdfs:label "nær"@nb, "near"@en .
ex:people a owl:DatatypeProperty ; rdfs:label "folketall"@nb, "population"@en .
""",
    "data/places.ttl": """\
@prefix ex: <https://ex.org/def#> .
@prefix geo: <http://www.opengis.net/ont/geosparql#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix id: <https://ex.org/id/village/> .
<> prov:hadPrimarySource <https://example.no/> .
id:bessaker a ex:Village ; rdfs:label "Bessaker"@nb ; ex:people 200  ;
    geo:hasGeometry <https://ex.org/id/village/bessaker#g> .
<https://ex.org/id/village/bessaker#g> geo:asWKT "POINT(10.3 64.2)"^^geo:wktLiteral .
id:lonset a ex:Village ; rdfs:label "Lønset"@nb ; ex:people 1000 ; ex:near id:bessaker  ;
    geo:hasGeometry <https://ex.org/id/village/lonset#g> .
<https://ex.org/id/village/lonset#g> geo:asWKT "POINT(9.4 62.6)"^^geo:wktLiteral .
<https://ex.org/id/county/a> a ex:County ; rdfs:label "A"@nb  ;
    geo:hasGeometry <https://ex.org/id/county/a#g> .
<https://ex.org/id/county/a#g> geo:asWKT "POLYGON((8 62, 12 62, 12 63, 8 63, 8 62))"^^geo:wktLiteral .
<https://ex.org/id/county/b> a ex:County ; rdfs:label "B"@nb  ;
    geo:hasGeometry <https://ex.org/id/county/b#g> .
<https://ex.org/id/county/b#g> geo:asWKT "POLYGON((8 63, 12 63, 12 65, 8 65, 8 63))"^^geo:wktLiteral .
""",
    "queries/people.rq": """\
# title.nb: Hvor mange bor hvor?
# title.en: How many live where?
PREFIX ex: <https://ex.org/def#>
SELECT ?village ?people WHERE { ?village ex:people ?people } ORDER BY ?people
""",
}
MAPPED = """PREFIX geo: <http://www.opengis.net/ont/geosparql#>
PREFIX ex: <https://ex.org/def#>
SELECT ?village ?wkt WHERE { ?village a ex:Village ; geo:hasGeometry/geo:asWKT ?wkt } ORDER BY ?village"""
NOTHING = "SELECT ?s { ?s ?p 'nothing' }"
PEOPLE = "SELECT ?v ?n { ?v <https://ex.org/def#people> ?n } ORDER BY ?n"
CONTENT = "document.querySelector('.sparql-editor')?.shadowRoot.querySelector('.cm-content')"
SHADOW = "document.querySelector('.sparql-editor').shadowRoot"
OPTIONS = f"[...{SHADOW}.querySelectorAll('.cm-tooltip-autocomplete .cm-completionLabel')]"
FIRST_COLUMN = (
    "[...document.querySelectorAll('.answer-table tbody tr')].map(r => r.cells[0].firstChild.textContent)"
)

PLACES = [
    ("", {"at": "start"}),
    ("PREFIX ", {"at": "prefix"}),
    ("SELECT * { ", {"at": "start"}),
    ("SELECT * { ?s ", {"at": "predicate", "types": []}),
    ("SELECT * { ?s a x:A ; x:b 'c', \"d\"@en . ?s ", {"at": "predicate", "types": ["x:A"]}),
    ("SELECT * { ?s a x:A ; x:b [ ", {"at": "predicate", "types": []}),
    ("SELECT * { ?s a x:A ; x:b [ a x:B ] ; ", {"at": "predicate", "types": ["x:A"]}),
    ("SELECT * { ?s x:a/x:b+/", {"at": "predicate", "types": []}),
    ("SELECT * { ?s (x:a|x:b) ", {"at": "object"}),
    ("SELECT * { ?s rdf:type ", {"at": "class"}),
    ("SELECT * { ?s x:near <http://x/#a>, ", {"at": "object"}),
    ("SELECT * { ?s ?p ?o FILTER(", {"at": "expression"}),
    ("SELECT * { ?s ?p ?o FILTER(?o > 3) ?s ", {"at": "predicate", "types": []}),
    ("SELECT * { ?s ?p ?o } # a ", None),
    ("SELECT * { ?s ?p 'a ", None),
    ("SELECT * { ?s ?p <http://x/", None),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("places")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    with served(folder, base=False) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.page()
    page.size(1100, 900)
    yield page
    page.close()


def go(page: Page, server: Served, query: str = "", language: str = "en") -> None:
    """Open the query page and wait for the editor."""
    page.open(f"{server.address}sparql?lang={language}" + (f"&query={quote(query)}" if query else ""))
    page.wait(f"{CONTENT} != null")


def write(page: Page, text: str) -> None:
    """Put a text in place of what the editor holds, by the keyboard."""
    page.run(f"{CONTENT}.focus()")
    page.press("a", 65, 2)
    page.press("Delete", 46)
    page.type(text)


def test_the_editor_loads_without_complaint_and_asks_no_other_host(page: Page, server: Served) -> None:
    go(page, server, MAPPED)
    page.wait("document.querySelector('.answer-map-live .map-point') != null")
    assert page.wrong == []
    assert page.hosts == {f"{server.host}:{server.port}"}


def test_ctrl_enter_runs_the_query_and_the_address_keeps_it(page: Page, server: Served) -> None:
    go(page, server)
    write(page, "SELECT (1 + 1 AS ?two) {}")
    page.press("Enter", 13, 2)
    assert page.wait("document.querySelector('.answer-table tbody')?.textContent.trim()") == "2"
    query = page.run("new URLSearchParams(location.search).get('query')")
    assert query == "SELECT (1 + 1 AS ?two) {}"
    status = page.wait("document.querySelector('.sparql-status').textContent")
    assert re.fullmatch(r"1 row, [\d.]+ ms, [\d.]+ of them in the service", status)


def test_a_shared_link_opens_the_same_query_and_answer(page: Page, server: Served, chromium: Browser) -> None:
    go(page, server)
    write(page, PEOPLE)
    page.press("Enter", 13, 2)
    page.wait("document.querySelector('.answer-table') != null")
    other = chromium.page()
    other.open(page.run("location.href"))
    other.wait(f"{CONTENT} != null")
    assert other.run(f"{CONTENT}.textContent") == PEOPLE
    assert other.run(FIRST_COLUMN) == page.run(FIRST_COLUMN)
    other.close()
    page.run("history.back()")
    page.wait("!document.querySelector('.answer-table')")


@pytest.mark.parametrize(("typed", "offered"), [("bygd", "ex:Village"), ("ex:C", "ex:County")])
def test_a_class_is_offered_by_its_name_in_the_readers_language(
    page: Page, server: Served, typed: str, offered: str
) -> None:
    go(page, server, language="nb")
    write(page, f"SELECT * {{ ?s a {typed}")
    first = f"{OPTIONS}.find(l => l.parentNode.ariaSelected)?.textContent"
    assert page.wait(first) == offered
    page.run("new Promise(done => setTimeout(done, 150))")
    page.press("Enter", 13)
    page.wait(f"{CONTENT}.textContent.includes('PREFIX ex: <https://ex.org/def#>')")
    assert page.run(f"{CONTENT}.textContent.includes('?s a {offered}')")


def test_properties_of_the_class_come_first(page: Page, server: Served) -> None:
    go(page, server)
    write(page, "SELECT * { ?s a ex:Village ; ex:")
    labels = f"{OPTIONS}.map(l => l.textContent)"
    page.wait(f"{labels}.length > 1")
    assert page.run(labels) == ["ex:people", "ex:near"]


def test_a_thing_is_offered_by_its_name(page: Page, server: Served) -> None:
    go(page, server)
    write(page, "SELECT * { ?s ex:near bess")
    assert page.wait(f"{OPTIONS}[0]?.textContent") == "<https://ex.org/id/village/bessaker>"


def test_the_prefixes_of_this_graph_are_offered(page: Page, server: Served) -> None:
    go(page, server)
    write(page, "PREFIX ex")
    page.wait(f"{OPTIONS}[0]?.textContent === 'ex:'")
    page.run("new Promise(done => setTimeout(done, 150))")
    page.press("Enter", 13)
    page.wait(f"{CONTENT}.textContent === 'PREFIX ex: <https://ex.org/def#>'")


def test_a_prefix_that_nothing_declares_is_marked_and_can_be_added(page: Page, server: Served) -> None:
    go(page, server)
    write(page, "SELECT * { ?s ex:near ?o }")
    page.wait(f"{SHADOW}.querySelector('.cm-lintRange-error')?.textContent === 'ex:near'")
    place = page.run(
        f"(({{left, top, width, height}}) => [left + width / 2, top + height / 2])"
        f"({SHADOW}.querySelector('.cm-lintRange-error').getBoundingClientRect())"
    )
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
    action = f"{SHADOW}.querySelector('.cm-diagnosticAction')"
    assert page.wait(f"{action}?.textContent").startswith("Add PREFIX ex:")
    page.run(f"{action}.dispatchEvent(new MouseEvent('mousedown', {{bubbles: true, cancelable: true}}))")
    page.run(f"{action}?.click()")
    page.wait(f"{CONTENT}.textContent.startsWith('PREFIX ex: <https://ex.org/def#>SELECT')")


def test_an_example_fills_the_editor_and_shows_its_answer(page: Page, server: Served) -> None:
    go(page, server)
    page.run("document.querySelector('.sparql-examples a').click()")
    page.wait("document.querySelector('.answer-table') != null")
    assert "?village ex:people ?people" in page.run(f"{CONTENT}.textContent")
    assert page.run("document.querySelector('.answer-table a').getAttribute('href')").startswith(
        "/doc/village/"
    )


def test_a_column_sorts_by_number_up_and_down(page: Page, server: Served) -> None:
    go(page, server, PEOPLE)
    bessaker, lonset = "village/bessaker", "village/lonset"
    assert page.run(FIRST_COLUMN) == [bessaker, lonset]
    page.run("document.querySelectorAll('.sort')[1].click(), document.querySelectorAll('.sort')[1].click()")
    assert page.run(FIRST_COLUMN) == [lonset, bessaker]
    assert page.run("document.querySelector('th[aria-sort]').getAttribute('aria-sort')") == "descending"


def test_an_error_is_marked_where_it_is(page: Page, server: Served) -> None:
    go(page, server)
    write(page, "SELECT * { ?s fofa:name ?o }")
    page.press("Enter", 13, 2)
    mark = f"{SHADOW}.querySelector('.cm-lintRange-error')?.textContent"
    assert page.wait(mark) == "fofa:name"
    page.wait("document.querySelector('#query-problem button') != null")
    page.run("document.querySelector('#query-problem button').click()")
    assert page.run(f"{SHADOW}.activeElement === {CONTENT}")


def test_geometries_are_on_a_map_whose_points_lead_to_the_pages(page: Page, server: Served) -> None:
    go(page, server, MAPPED)
    page.wait("document.querySelector('.answer-map-live .map-point') != null")
    counts = "[document.querySelectorAll('.map-point').length, document.querySelectorAll('.map-land').length]"
    assert page.run(counts) == [2, 2]
    page.run("document.querySelector('.map-point').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    links = "[...document.querySelectorAll('.leaflet-popup a')].map(a => a.getAttribute('href'))"
    page.wait(f"{links}.length > 0")
    assert page.run(links)[:2] == ["/doc/village/bessaker?lang=en", "#row-1"]


def test_a_row_of_the_map_is_found_in_the_table_without_asking_again(page: Page, server: Served) -> None:
    go(page, server, MAPPED)
    page.run("document.querySelector('.answer-table').dataset.same = 'yes', location.hash = 'row-1'")
    page.run("new Promise(done => setTimeout(done, 300))")
    assert page.run("document.querySelector('.answer-table').dataset.same") == "yes"
    assert page.run("document.querySelector(':target').id") == "row-1"


def test_a_query_can_be_stopped(page: Page, server: Served) -> None:
    go(page, server)
    write(page, "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }")
    page.press("Enter", 13, 2)
    button = "document.querySelector('.sparql-run')"
    page.wait(f"{button}.textContent === 'Stop'")
    page.run(f"{button}.click()")
    assert page.wait("document.querySelector('.sparql-status').textContent === 'Stopped.'")
    assert page.run(f"{button}.textContent") == "Run"


def test_the_editor_knows_what_stands_next(page: Page, server: Served) -> None:
    go(page, server)
    texts = json.dumps([text for text, _ in PLACES])
    found = page.run(f"import('/static/sparql-text.js').then(m => {texts}.map(t => m.placeAt(t, t.length)))")
    assert dict(zip([text for text, _ in PLACES], found, strict=True)) == dict(PLACES)


def test_tab_leaves_the_editor(page: Page, server: Served) -> None:
    go(page, server)
    page.run(f"{CONTENT}.focus()")
    page.press("Tab", 9)
    assert page.run("document.activeElement.className").endswith("sparql-run")


def test_the_plain_field_takes_over_with_the_text_and_is_remembered(page: Page, server: Served) -> None:
    go(page, server)
    write(page, "ASK {}")
    page.run("document.querySelector('.sparql-top button').click()")
    assert page.run("[document.getElementById('query').hidden, document.getElementById('query').value]") == [
        False,
        "ASK {}",
    ]
    go(page, server)
    assert page.run("document.getElementById('query').hidden") is False
    page.run("document.querySelector('.sparql-run').click()")
    page.wait("document.querySelector('.answer-table') != null")


def test_snippets_name_the_address_that_the_page_has(page: Page, server: Served) -> None:
    go(page, server, PEOPLE)
    texts = page.run("[...document.querySelectorAll('.snippet code')].map(c => c.textContent)")
    assert len(texts) == 3
    assert all(f"{server.address}sparql" in text and "https://ex.org/sparql" not in text for text in texts)


COPIED = "navigator.clipboard.writeText = async (text) => { window.copied = text }"


def test_the_link_to_share_is_the_address_of_the_text_in_the_editor(page: Page, server: Served) -> None:
    go(page, server)
    write(page, PEOPLE)
    page.run(COPIED)
    page.run("document.querySelector('.sparql-link').click()")
    assert page.wait("window.copied") == page.run(
        f"`{server.address}sparql?` + new URLSearchParams({{query: {json.dumps(PEOPLE)}, lang: 'en'}})"
    )
    assert page.wait("document.querySelector('.sparql-status').textContent") == "Copied."
    other = "fetch(window.copied, {headers: {Accept: 'text/html'}}).then(r => r.text())"
    assert "<td" in page.run(other)


def test_each_snippet_is_copied_by_its_button_and_gives_the_answer(
    page: Page, server: Served, tmp_path: Path
) -> None:
    go(page, server, PEOPLE)
    page.run(COPIED)
    copied = {}
    for name in ("curl", "python", "r"):
        page.run(f"document.querySelector('#snippet-{name}').parentNode.querySelector('button').click()")
        copied[name] = page.wait("window.copied")
        page.run("window.copied = null")
    given = subprocess.run(["sh", "-c", copied["curl"]], capture_output=True, text=True, check=True).stdout
    assert [line.partition(",")[2] for line in given.splitlines()] == ["n", "200", "1000"]
    (tmp_path / "program.py").write_text(copied["python"], "utf-8")
    command = [sys.executable, "-W", "ignore", str(tmp_path / "program.py")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"'n': '(\d+)'", printed) == ["200", "1000"]
    assert f'request("{server.address}sparql")' in copied["r"]


@pytest.mark.parametrize("label", ["CSV", "CSV (Excel)", "TSV", "JSON", "XML"])
def test_the_answer_can_be_downloaded(page: Page, server: Served, label: str) -> None:
    go(page, server, PEOPLE)
    link = f"[...document.querySelectorAll('.answer-files a')].find(a => a.textContent === '{label}')"
    assert page.run(f"{link}.hasAttribute('download')")
    reply = server.ask("GET", page.run(f"{link}.getAttribute('href')"))
    assert reply.status == 200
    assert reply.body.count(b"https://ex.org/id/village/") == 2
    if label.startswith("CSV"):
        assert reply.body.decode("utf-8-sig").splitlines()[0] == "v,n"
        assert reply.headers["content-disposition"].startswith("attachment")


def test_everything_is_there_without_scripts(page: Page, server: Served) -> None:
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.open(f"{server.address}sparql?lang=en&query={quote(MAPPED)}")
    body = page.send("DOM.getDocument", depth=-1)["root"]["nodeId"]
    for selector in ("textarea:not([hidden])", ".answer-table td", "svg.map-static circle", ".snippet code"):
        assert page.send("DOM.querySelector", nodeId=body, selector=selector)["nodeId"], selector


@pytest.mark.parametrize(
    "query", ["", MAPPED, PEOPLE, "SELECT * {", "ASK {}", "DESCRIBE <https://ex.org/def>", NOTHING]
)
@pytest.mark.parametrize(("width", "dark"), [(1100, False), (360, True)])
def test_axe_finds_nothing_wrong(page: Page, server: Served, query: str, width: int, dark: bool) -> None:
    page.size(width, 900, dark=dark)
    go(page, server, query)
    page.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
    if query == MAPPED:
        page.run("document.querySelector('.answer-map').scrollIntoView()")
        page.wait("document.querySelector('.answer-map-live .map-point') != null")
    assert page.axe() == []
    assert not page.is_too_wide()


def test_axe_finds_nothing_wrong_without_scripts_running(page: Page, server: Served, tmp_path: Path) -> None:
    page.send("Network.setBlockedURLs", urls=["*sparql.js"])
    page.open(f"{server.address}sparql?lang=nb&query={quote(MAPPED)}")
    assert page.run("document.querySelector('.sparql-editor')") is None
    assert page.axe() == []


def test_the_plain_page_is_light(server: Served) -> None:
    packed = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    page = server.ask("GET", "/sparql", headers=packed)
    plain = server.ask("GET", "/sparql", headers={"Accept": "text/html"}).body.decode()
    parts = set(re.findall(r'(?:href|src)="(/static/[^"]*)"', plain))
    sizes = {part: len(server.ask("GET", part, headers=packed).body) for part in parts}
    assert len(page.body) + sum(sizes.values()) < 35_000, json.dumps(sizes)
