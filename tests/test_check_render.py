"""The forms a report can take."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pyoxigraph import Quad, RdfFormat, parse

from kg import check, rdfio, source
from kg.check import shacl
from kg.check.render import FORMATS, render, text
from kg.errors import ConfigError
from kg.findings import Finding, Place, Report, Severity
from kg.source import Room
from kg.vocab import PREFIXES
from tests import browser as browsers

REPORT = Report(
    findings=(
        Finding(
            rule="sh:MinCountConstraintComponent",
            severity=Severity.VIOLATION,
            messages=(("en", "A place has a label."), ("nb", "Et sted har et navn.")),
            place=Place("data/å.ttl", 3, 5, 7),
            focus="https://ex.org/id/roan",
            path="http://www.w3.org/2000/01/rdf-schema#label",
            shape="https://ex.org/shape/place",
            shape_place=Place("shapes/s.ttl", 2, 1, 3),
            excerpt="    id:roan a ex:Village .",
            hint=("Add rdfs:label.", "Legg til rdfs:label."),
            details=(
                Finding(
                    rule="sh:NodeKindConstraintComponent",
                    severity=Severity.VIOLATION,
                    messages=(("en", "A label is text."), ("nb", "Et navn er tekst.")),
                    focus="https://ex.org/id/roan",
                    path="http://www.w3.org/2000/01/rdf-schema#label",
                ),
            ),
        ),
        Finding(
            rule="unknown-term",
            severity=Severity.WARNING,
            messages=(("en", "50% wrong,\nsee: here \x00"),),
            place=Place("data/å.ttl", 9),
            value='"Röan"@nb',
        ),
    ),
    notes=(("A note.", "En merknad."),),
    seconds=(("read", 0.5),),
)


def test_text_groups_by_file_and_ends_in_a_summary() -> None:
    assert render(REPORT, "text", "nb") == (
        "data/å.ttl\n"
        "  3:5 brudd: Et sted har et navn. [sh:MinCountConstraintComponent shapes/s.ttl:2]\n"
        "          id:roan a ex:Village .\n"
        "          ^^^^^^^\n"
        "      - Et navn er tekst. [sh:NodeKindConstraintComponent]\n"
        "      Legg til rdfs:label.\n"
        "  9 advarsel: 50% wrong,\nsee: here ␀ [unknown-term]\n"
        "\n"
        "- En merknad.\n"
        "- `kg check --explain REGEL` sier hva en regel handler om og hvordan den dempes.\n"
        "1 brudd, 1 advarsel.\n"
    )


def test_a_terminal_gets_colours_from_us_and_none_from_the_data() -> None:
    finding = replace(REPORT.findings[1], messages=(("en", "\x1b[31mred\x9b"),), place=Place("\x1b.ttl"))
    shown = text(Report(findings=(finding,)), "en", lambda kind, word: f"<{kind} {word}>")
    assert shown.splitlines()[:2] == [
        "<file ␛.ttl>",
        "  <warning warning>: ␛[31mred\ufffd <rule [unknown-term]>",
    ]


def test_an_empty_report_is_one_sentence() -> None:
    assert render(Report()) == "Nothing to remark.\n"


def test_json_carries_every_field() -> None:
    document = json.loads(render(REPORT, "json"))
    assert document["conforms"] is False
    assert document["counts"] == {"violation": 1, "warning": 1, "info": 0}
    assert document["findings"][0] == {
        "severity": "violation",
        "rule": "sh:MinCountConstraintComponent",
        "file": "data/å.ttl",
        "line": 3,
        "column": 5,
        "length": 7,
        "message": "A place has a label.",
        "focus": "https://ex.org/id/roan",
        "path": "http://www.w3.org/2000/01/rdf-schema#label",
        "value": None,
        "shape": "https://ex.org/shape/place",
        "shape_file": "shapes/s.ttl",
        "shape_line": 2,
        "shape_column": 1,
        "hint": "Add rdfs:label.",
        "details": [
            {
                "severity": "violation",
                "rule": "sh:NodeKindConstraintComponent",
                "file": None,
                "line": None,
                "column": None,
                "length": None,
                "message": "A label is text.",
                "focus": "https://ex.org/id/roan",
                "path": "http://www.w3.org/2000/01/rdf-schema#label",
                "value": None,
                "shape": None,
                "shape_file": None,
                "shape_line": None,
                "shape_column": None,
                "hint": None,
            }
        ],
    }


def test_csv_has_a_row_for_each_finding() -> None:
    rows = list(csv.DictReader(io.StringIO(render(REPORT, "csv"), newline="")))
    assert [(row["rule"], row["line"], row["focus"]) for row in rows] == [
        ("sh:MinCountConstraintComponent", "3", "https://ex.org/id/roan"),
        ("unknown-term", "9", ""),
    ]


def test_sarif_names_rules_levels_and_regions() -> None:
    [run] = json.loads(render(REPORT, "sarif"))["runs"]
    shacl, own = run["tool"]["driver"]["rules"]
    assert shacl == {
        "id": "sh:MinCountConstraintComponent",
        "helpUri": "https://www.w3.org/TR/shacl/#MinCountConstraintComponent",
    }
    assert (own["id"], own["helpUri"]) == (
        "unknown-term",
        "https://w3id.org/bygdegraf/quality/rules/unknown-term",
    )
    assert own["defaultConfiguration"] == {"level": "warning"}
    assert own["help"]["markdown"].startswith("## unknown-term\n\n*warning*. A term of a known vocabulary")
    assert [result["level"] for result in run["results"]] == ["error", "warning"]
    assert run["results"][0]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "data/%C3%A5.ttl"},
                "region": {"startLine": 3, "startColumn": 5, "endColumn": 12},
            }
        }
    ]
    assert run["results"][0]["relatedLocations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "shapes/s.ttl"},
                "region": {"startLine": 2, "startColumn": 1, "endColumn": 4},
            },
            "message": {"text": "Shape"},
        }
    ]


def test_junit_fails_a_file_with_violations_and_is_well_formed() -> None:
    suite = ElementTree.fromstring(render(REPORT, "junit"))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    [failure] = suite.iter("failure")
    assert failure.text == "data/å.ttl:3:5: A place has a label. [sh:MinCountConstraintComponent]"


def test_what_is_no_iri_stands_as_text_in_turtle() -> None:
    finding = replace(REPORT.findings[1], value="relative/")
    said = parse(render(Report(findings=(finding,)), "ttl").encode(), format=RdfFormat.TURTLE)
    assert '"relative/"' in {str(triple.object) for triple in said}


def test_junit_stays_xml_whatever_files_are_called() -> None:
    finding = replace(REPORT.findings[0], place=Place("\x1b<&\uffff.ttl"))
    [case] = ElementTree.fromstring(render(Report(findings=(finding,)), "junit"))
    assert case.get("name") == "\ufffd<&\ufffd.ttl"


def test_github_commands_escape_what_would_end_them() -> None:
    assert render(REPORT, "github").splitlines() == [
        "::error file=data/å.ttl,line=3,col=5,title=sh%3AMinCountConstraintComponent"
        "::A place has a label. Add rdfs:label.",
        "::warning file=data/å.ttl,line=9,title=unknown-term::50%25 wrong,%0Asee: here \x00",
    ]


def test_turtle_is_a_validation_report() -> None:
    sh = "http://www.w3.org/ns/shacl#"
    triples = list(parse(render(REPORT, "ttl").encode(), format=RdfFormat.TURTLE))
    found = {(t.predicate.value.removeprefix(sh), str(t.object)) for t in triples}
    assert {
        ("conforms", '"false"^^<http://www.w3.org/2001/XMLSchema#boolean>'),
        ("focusNode", "<https://ex.org/id/roan>"),
        ("resultSeverity", f"<{sh}Violation>"),
        ("sourceConstraintComponent", f"<{sh}MinCountConstraintComponent>"),
        ("resultPath", "<http://www.w3.org/2000/01/rdf-schema#label>"),
        ("value", '"Röan"@nb'),
    } <= found


SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <urn:x:> .
:S sh:targetClass :A ; sh:node [ sh:property [ sh:path :p ; sh:minCount 1 ] ] ;
    sh:property [ sh:path [ sh:alternativePath ( ( :p [ sh:inversePath ( :q [ sh:zeroOrMorePath :r ] ) ] )
                                                 [ sh:zeroOrOnePath [ sh:oneOrMorePath :p ] ] ) ] ;
        sh:minCount 5 ; sh:severity :Odd ; sh:message "Plain." , "På norsk."@nb ] ;
    sh:sparql [ sh:select "SELECT $this ?path ?value { $this ?path ?value BIND('M' AS ?message) }" ] .
"""


def test_turtle_says_all_that_the_graph_of_the_standard_says(tmp_path: Path) -> None:
    (tmp_path / "s.ttl").write_text(SHAPES)
    (tmp_path / "d.ttl").write_text(
        '[] a <urn:x:A> ; <urn:x:z> "05"^^<http://www.w3.org/2001/XMLSchema#int> .'
    )
    found = source.read([tmp_path / "d.ttl"], shapes=[tmp_path / "s.ttl"])
    shapes, data = (list(found.quads(room)) for room in (Room.SHAPES, Room.DATA))
    report = replace(check.run(found), findings=tuple(f for f in check.run(found).findings if f.shape))
    said = (t for t in parse(render(report, "ttl").encode(), format=RdfFormat.TURTLE))
    ours = [t for t in said if t.predicate.value != f"{PREFIXES['rdfs']}comment"]
    theirs = list(shacl.validate(shapes, data).graph())
    assert len(ours) == len(theirs)
    assert rdfio.canonical(ours) == rdfio.canonical(Quad(*triple) for triple in theirs)


def canonical(body: str, form: RdfFormat) -> bytes:
    return rdfio.canonical(parse(body.encode(), format=form))


def test_json_ld_says_what_turtle_says_as_one_tree() -> None:
    body = render(REPORT, "jsonld")
    assert canonical(body, RdfFormat.JSON_LD) == canonical(render(REPORT, "ttl"), RdfFormat.TURTLE)
    tree = json.loads(body)
    assert (tree["@type"], len(tree["sh:result"])) == ("sh:ValidationReport", 2)
    assert tree["sh:result"][0]["sh:detail"][0]["sh:resultMessage"][0] == {
        "@value": "A label is text.",
        "@language": "en",
    }


class Outline(HTMLParser):
    """The tags and the text of a page; every element that is opened must be closed in turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_one_file_that_asks_for_nothing_else() -> None:
    page = Outline(render(REPORT, "html", "nb"))
    assert page.open == []
    assert {tag for tag, _ in page.seen} & {"script", "link", "img", "iframe", "object"} == set()
    assert [a for _, attrs in page.seen for a in attrs if a in ("src", "onclick", "style")] == []
    assert [attrs["href"] for tag, attrs in page.seen if tag == "a"] == [
        "https://www.w3.org/TR/shacl/#MinCountConstraintComponent",
        "https://w3id.org/bygdegraf/quality/rules/unknown-term",
    ]
    assert {tag for tag, attrs in page.seen if "href" in attrs} == {"a"}
    assert ("html", {"lang": "nb"}) in page.seen
    assert [attrs["id"] for tag, attrs in page.seen if tag == "input"] == ["show-violation", "show-warning"]
    for told in (
        "Et sted har et navn.",
        "1 brudd, 1 advarsel.",
        "Et navn er tekst.",
        "En merknad.",
        "data/å.ttl",
    ):
        assert told in page.text


def test_html_marks_what_is_told_in_another_language_and_escapes_what_the_data_say() -> None:
    odd = Finding(rule="<r>", severity=Severity.INFO, messages=(("en", "<script>&"),),
                  place=Place("<f>", 1, 1, 9), excerpt="<script>", hint=("<i>", "<b>"))  # fmt: skip
    body = render(Report(findings=(odd,)), "html", "nn")
    assert '<span lang="en">&lt;script&gt;&amp;</span>' in body
    assert "<mark>&lt;script&gt;</mark>" in body
    assert Outline(body).open == []


@pytest.mark.browser
@pytest.mark.skipif(bool(browsers.MISSING), reason=browsers.MISSING)
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_wrong_with_the_html_report(tmp_path: Path, dark: bool) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(REPORT, "html", "nb"), "utf-8")
    with browsers.browser(tmp_path) as browser:
        page = browser.page()
        page.send("Page.setBypassCSP", enabled=True)
        page.size(360, 800, dark=dark)
        page.open(file.as_uri())
        assert (page.axe(), page.is_too_wide()) == ([], False)
        page.run("document.querySelector('#show-warning').click()")
        assert page.run("[...document.querySelectorAll('li')].filter(e => e.checkVisibility()).length") == 3


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"There are: text, json, .*, ttl, jsonld, html\."):
        render(REPORT, "xlsx")
    assert list(FORMATS) == ["text", "json", "csv", "sarif", "junit", "github", "ttl", "jsonld", "html"]


def test_a_place_far_out_on_a_long_line_is_shown_with_its_surroundings() -> None:
    line = "x" * 500 + "HERE" + "y" * 500
    found = Finding(
        rule="r",
        severity=Severity.INFO,
        messages=(("en", "m"),),
        place=Place("f", 1, 501, 4),
        excerpt=line,
    )
    _, _, quoted, carets, *_ = render(Report(findings=(found,))).splitlines()
    assert quoted.startswith("      …xxx")
    assert quoted[carets.index("^") : carets.rindex("^") + 1] == "HERE"
    assert len(quoted) == 160 + 6
