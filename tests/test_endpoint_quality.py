"""Facts about the pages of quality and of shapes."""

import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from kg.check.lint import RULES, Rule, rules, terms
from kg.findings import Finding, Place, Report, Severity, Waiver
from kg.snapshot import Snapshot
from kg.vocab import RDF_TYPE, term
from tests.books import BASE, build, make_client

HTML = {"Accept": "text/html", "Accept-Language": "en"}
REPORT = Report(
    findings=(
        Finding(
            rule="orphan",
            severity=Severity.INFO,
            messages=(("en", "Nothing links to <b>it</b>."), ("nb", "Ingenting lenker hit.")),
            hint=("Link to it.", "Lenk til det."),
            place=Place("data/growth.ttl", 12, 1, 4),
            focus=f"{BASE}id/book/growth#period",
        ),
        Finding(
            rule="sh:MinCountConstraintComponent",
            severity=Severity.WARNING,
            messages=(("en", "A book has an author."),),
            place=Place("data/odd.ttl", 12, 1),
            focus=f"{BASE}id/book/old",
            path=f"{BASE}def#author",
            shape=f"{BASE}shape/Book-author",
        ),
    ),
    notes=(("1 more of orphan are not listed.", "1 til av orphan er ikke listet opp."),),
    waivers=(Waiver(("text-form",), 3, "as printed", "data/odd.ttl:2"),),
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """Give a client of the books with two findings."""
    folder, home = tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home")
    return make_client(build(folder, home, REPORT), page_size=5)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """Give a client of the books without findings."""
    return make_client(build(tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("home")))


def test_findings_are_shown_with_place_thing_rule_and_shape(client: FlaskClient) -> None:
    page = client.get("/quality", headers=HTML).text
    assert "<code>data/growth.ttl:12:1</code>" in page
    assert 'href="/doc/book/growth#period"' in page
    assert "Nothing links to &lt;b&gt;it&lt;/b&gt;." in page
    assert 'href="/shapes#Book-author"' in page
    assert "as printed" in page
    assert "1 more of orphan are not listed." in page


def test_a_constraint_of_the_shapes_leads_to_the_standard(client: FlaskClient) -> None:
    page = client.get("/quality?lang=en", headers={"Accept": "text/html"}).text
    [anchor] = set(re.findall(r'A constraint of the shapes. <a class="ds-link" href="([^"]*)"', page))
    assert anchor == "https://www.w3.org/TR/shacl/#MinCountConstraintComponent"


def test_every_rule_is_listed_with_a_page_of_its_own(client: FlaskClient) -> None:
    page = client.get("/quality/rules", headers=HTML).text
    assert [rule.name for rule in RULES if f'href="/quality/rules/{rule.name}"' not in page] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_page_of_a_rule_explains_it_in_the_language_of_the_page(
    client: FlaskClient, rule: Rule, language: str
) -> None:
    page = client.get(f"/quality/rules/{rule.name}?lang={language}", headers=HTML).text
    text = unescape(re.sub(r"<[^>]*>", "", page))
    said = rule.said(language)
    ways = [part for way in rules.silencing(rule, language) for part in (way[0], way[2])]
    for told in (said.finds, said.why, said.mend, rule.example, *ways):
        assert told.replace("`", "") in text.replace("`", "")


def test_the_page_of_a_rule_leads_to_what_it_found(client: FlaskClient) -> None:
    page = client.get("/quality/rules/orphan", headers=HTML).text
    assert '<a class="ds-link" href="/quality?rule=orphan#list">Here it found 1.</a>' in page


def test_there_is_no_page_of_a_rule_that_nobody_made(client: FlaskClient) -> None:
    assert client.get("/quality/rules/nonsense", headers=HTML).status_code == 404


@pytest.mark.parametrize(("language", "said"), [
    ("nb", "Ingenting lenker hit."), ("nn", "Ingenting lenker hit."), ("en", "Nothing links to"),
])  # fmt: skip
def test_a_message_is_told_in_the_language_of_the_page_or_the_nearest(
    client: FlaskClient, language: str, said: str
) -> None:
    assert said in client.get(f"/quality?lang={language}", headers=HTML).text


@pytest.mark.parametrize(("language", "hint", "note"), [
    ("nb", "<bdi>Lenk til det.</bdi>", "<bdi>1 til av orphan er ikke listet opp.</bdi>"),
    ("nn", '<bdi lang="nb">Lenk til det.</bdi>', '<bdi lang="nb">1 til av orphan er ikke listet opp.</bdi>'),
    ("en", "<bdi>Link to it.</bdi>", "<bdi>1 more of orphan are not listed.</bdi>"),
])  # fmt: skip
def test_hints_and_notes_are_told_in_the_language_of_the_page_or_marked_with_their_own(
    client: FlaskClient, language: str, hint: str, note: str
) -> None:
    page = client.get(f"/quality?lang={language}", headers=HTML).text
    assert (hint in page, note in page) == (True, True)


def test_a_message_in_another_language_than_the_page_is_marked(client: FlaskClient) -> None:
    page = client.get("/quality?lang=nb", headers=HTML).text
    assert '<bdi lang="en">A book has an author.</bdi>' in page


def test_the_findings_of_one_rule_can_be_seen_alone(client: FlaskClient) -> None:
    page = client.get("/quality?rule=orphan", headers=HTML).text
    assert "data/growth.ttl:12:1" in page
    assert "data/odd.ttl:12:1" not in page


@pytest.mark.parametrize("after", ["x", "-1", "99999999999999999999", "7", "²"])
def test_an_odd_page_number_is_no_error(client: FlaskClient, after: str) -> None:
    assert client.get("/quality", query_string={"after": after}, headers=HTML).status_code == 200


def test_json_tells_the_whole_report(client: FlaskClient) -> None:
    found = json.loads(client.get("/quality.json").data)
    assert (found["conforms"], found["counts"]) == (True, {"violation": 0, "warning": 1, "info": 1})
    assert found["rules"] == {"sh:MinCountConstraintComponent": 1, "orphan": 1}
    assert found["waivers"] == [
        {"rules": ["text-form"], "findings": 3, "reason": "as printed", "where": "data/odd.ttl:2"}
    ]
    assert found["notes"] == [
        {"en": "1 more of orphan are not listed.", "nb": "1 til av orphan er ikke listet opp."}
    ]
    assert found["findings"][1]["messages"] == {"en": "A book has an author."}
    assert 0 < found["coverage"]["share"] < 1
    assert [f"{BASE}def#Region", 2] in found["coverage"]["classes"]


def test_turtle_has_measurements_and_the_validation_report(client: FlaskClient) -> None:
    body = client.get("/quality", headers={"Accept": "text/turtle"}).data
    quads = list(parse(body, format=RdfFormat.TURTLE))

    def value(name: str) -> str:
        node = NamedNode(f"{BASE}quality#{name}-measured")
        return next(
            str(q.object.value) for q in quads if (q.subject, q.predicate) == (node, term("dqv:value"))
        )

    assert [value(name) for name in ("violation", "warning", "info", "waived")] == ["0", "1", "1", "3"]
    assert sum(q.object == term("sh:ValidationResult") for q in quads) == 2
    report = next(q.subject for q in quads if q.object == term("sh:ValidationReport"))
    assert Quad(NamedNode(f"{BASE}quality"), term("dcterms:hasPart"), report) in quads
    assert any(q.predicate == RDF_TYPE and q.object == term("dqv:QualityMetadata") for q in quads)


def test_dqv_is_used_as_its_vocabulary_defines_it(client: FlaskClient) -> None:
    quads = list(parse(client.get("/quality.nt").data, format=RdfFormat.N_TRIPLES))
    used = {term.value for q in quads for term in (q.predicate, q.object) if isinstance(term, NamedNode)}
    parts = [terms.split(iri) for iri in used]
    pinned = terms.pinned()
    assert [ns + name for ns, name in parts if ns in pinned and name not in pinned[ns]] == []
    assert {"http://www.w3.org/ns/dqv#", "http://www.w3.org/2016/05/ldqd#"} <= {ns for ns, _ in parts}
    computed = {q.subject for q in quads if q.predicate == term("dqv:computedOn")}
    assert computed == {q.subject for q in quads if q.object == term("dqv:QualityMeasurement")}


@pytest.mark.parametrize("suffix", ["ttl", "jsonld", "nt", "rdf", "json", "html"])
def test_the_same_request_has_the_same_bytes(client: FlaskClient, suffix: str) -> None:
    first, second = (client.get(f"/quality.{suffix}") for _ in range(2))
    assert (first.status_code, first.data) == (200, second.data)


def test_an_unknown_form_is_refused(client: FlaskClient) -> None:
    assert client.get("/quality.xls").status_code == 415
    assert client.get("/shapes.ttl").status_code == 415


def test_the_badge_is_svg_that_says_the_worst(client: FlaskClient, clean: FlaskClient) -> None:
    for each, said in ((client, "warnings: 1"), (clean, "no violations")):
        answer = each.get("/quality.svg", headers={"Accept-Language": "en"})
        assert answer.content_type == "image/svg+xml"
        assert ElementTree.fromstring(answer.text).attrib["aria-label"].startswith(f"quality: {said}, ")


def test_without_findings_the_page_says_so(clean: FlaskClient) -> None:
    page = clean.get("/quality", headers=HTML).text
    assert "The checks found nothing." in page


def test_the_page_of_a_thing_shows_its_findings(client: FlaskClient, clean: FlaskClient) -> None:
    page = client.get("/doc/book/growth", headers=HTML).text
    assert "Findings of the checks" in page
    assert "data/growth.ttl:12:1" in page
    assert "Findings of the checks" not in client.get("/doc/book/L%C3%B8nset", headers=HTML).text
    assert "Findings of the checks" not in clean.get("/doc/book/growth", headers=HTML).text


def test_shapes_are_tables_with_their_names_as_anchors(client: FlaskClient) -> None:
    page = client.get("/shapes?lang=nb", headers=HTML).text
    assert [a for a in ("Book", "Book-author", "Book-pages") if f'id="{a}"' not in page] == []
    assert "hvem skrev den" in page
    assert "0..*" in page


def test_shapes_as_json(client: FlaskClient) -> None:
    found = json.loads(client.get("/shapes.json").data)
    assert [shape["shape"] for shape in found] == [f"{BASE}shape/Book"]
    assert found[0]["targets"] == [{"kind": "targetClass", "iri": f"{BASE}def#Book"}]
    assert found[0]["rules"][1] == {
        "shape": f"{BASE}shape/Book-author",
        "names": {"en": "written by", "nb": "hvem skrev den"},
        "path": "def:author",
        "minCount": 0,
        "maxCount": None,
        "constraints": {},
        "severity": "violation",
        "messages": {},
    }


@pytest.mark.parametrize("path", ["/doc?iri=https%3A%2F%2Fbooks.example%2Fdef%23Book", "/doc/shape/Book"])
def test_classes_and_shapes_lead_to_the_tables(client: FlaskClient, path: str) -> None:
    assert 'href="/shapes#Book"' in client.get(path, headers=HTML).text


def test_every_constraint_has_words() -> None:
    from endpoint import shapes
    from endpoint.words import WORDS

    named = {*shapes._VALUED, *shapes._LISTS} - {"class", "datatype", "nodeKind"}
    assert {f"ask-{name}" for name in named} - WORDS.keys() == set()


SHAPES = """
@prefix e: <https://books.example/shape/> .
@prefix d: <https://books.example/def#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
e:A a sh:NodeShape ; sh:targetClass d:A ; sh:closed true ; sh:property e:A-p, [
    sh:path [ sh:inversePath d:q ] ; sh:minCount 1 ; sh:maxCount 1 ; sh:severity sh:Warning ] .
e:A-p sh:path ( d:p [ sh:zeroOrMorePath d:q ] ) ; sh:in ( 1 "two" ) ; sh:or ( [ sh:datatype xsd:date ] e:B ) ;
    sh:maxCount 2 ; sh:order 1 .
"""


def test_paths_lists_and_cardinalities_are_read(tmp_path: Path) -> None:
    client = make_client(build_with(tmp_path, SHAPES))
    own, first, second = json.loads(client.get("/shapes.json").data)[0]["rules"]
    assert own["path"] is None
    assert (first["path"], first["maxCount"], first["constraints"]) == (
        "def:p / (def:q)*", 2, {"in": ["1", "two"], "or": ["sh:datatype xsd:date", f"{BASE}shape/B"]}
    )  # fmt: skip
    assert (second["path"], second["minCount"], second["severity"]) == ("^def:q", 1, "warning")
    assert client.get("/shapes", headers=HTML).status_code == 200


def build_with(folder: Path, shapes: str) -> Snapshot:
    """Give a snapshot of the books with one more file of shapes."""
    (folder / "books" / "shapes").mkdir(parents=True)
    (folder / "books" / "shapes" / "a.ttl").write_text(shapes, "utf-8")
    return build(folder / "books", folder / "home")
