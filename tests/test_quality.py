"""Facts about what a snapshot keeps of its checks: the report comes back whole, and what it covers."""

import json
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, parse

from kg import check, quality, source
from kg.findings import Finding, Place, Report, Severity, Waiver
from kg.quality import Coverage, Quality, Unseen
from kg.snapshot import Home

from .conftest import Write

PREFIXES = """\
@prefix e: <https://e.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
"""


def covered(data: str, shapes: str, ontology: str = "") -> Coverage:
    data_, ontology_, shapes_ = (
        list(parse(PREFIXES + text, format=RdfFormat.TURTLE)) for text in (data, ontology, shapes)
    )
    return quality.cover(data_, ontology_, shapes_)


def test_a_report_comes_back_as_it_was_written(tmp_path: Path) -> None:
    finding = Finding(
        rule="sh:MinCountConstraintComponent",
        severity=Severity.WARNING,
        messages=(("en", "Give a name."), ("nb", "Gi et navn.")),
        place=Place("data/x.ttl", 3, 1, 4),
        focus="https://e.org/x",
        shape="https://e.org/shape/X",
        shape_place=Place("shapes/x.ttl", 1),
        hint=("Add one.", "Legg til ett."),
    )
    whole = Quality(
        Report(
            findings=(finding,),
            notes=(("a", "b"),),
            waivers=(Waiver(("orphan",), 2, "later", "data/x.ttl:1"),),
        ),
        Coverage(4, 3, (("https://e.org/C", 1),), (Unseen(None, "https://e.org/p", 1, "https://e.org/x"),)),
    )
    quality.write(tmp_path / "report.json", whole)
    assert quality.read(tmp_path / "report.json") == whole


def test_a_report_of_before_hints_and_notes_had_both_languages_can_be_read(tmp_path: Path) -> None:
    finding = Finding(
        rule="r", severity=Severity.INFO, messages=(("en", "Odd."),), hint=("Mend it.", "Rett.")
    )
    quality.write(tmp_path / "report.json", Quality(Report(findings=(finding,)), Coverage()))
    row = json.loads((tmp_path / "report.json").read_text("utf-8"))
    row["notes"] = ["A note."]
    row["findings"][0] |= {"hint": "Mend it.", "hint_nb": None}
    (tmp_path / "report.json").write_text(json.dumps(row), "utf-8")
    report = quality.read(tmp_path / "report.json").report
    assert report.notes == (("A note.", "A note."),)
    assert [one.hint for one in report.findings] == [("Mend it.", "Mend it.")]


def test_findings_of_what_lives_inside_a_thing_are_about_the_thing() -> None:
    def at(focus: str | None) -> Finding:
        return Finding(rule="r", severity=Severity.INFO, messages=(), focus=focus)

    found = tuple(map(at, ("https://e.org/x", "https://e.org/x#part", "https://e.org/xy", None)))
    assert Quality(Report(findings=found), Coverage()).about("https://e.org/x") == found[:2]


def test_statements_that_no_shape_looks_at_are_told_by_class_and_property() -> None:
    found = covered(
        "e:a a e:C ; e:p 1 ; e:q 2 . e:b a e:D ; e:p 3 . e:c e:q 4 .",
        "e:s a sh:NodeShape ; sh:targetClass e:C ; sh:property [ sh:path e:p ] .",
    )
    assert found == Coverage(
        6, 2, (("https://e.org/D", 1),),
        (
            Unseen(None, "https://e.org/q", 1, "https://e.org/c"),
            Unseen("https://e.org/C", "https://e.org/q", 1, "https://e.org/a"),
            Unseen("https://e.org/D", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", 1, "https://e.org/b"),
            Unseen("https://e.org/D", "https://e.org/p", 1, "https://e.org/b"),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("shape", [
    "sh:targetClass e:C ; sh:closed true",
    "sh:targetClass e:Super ; sh:property [ sh:path e:p ], [ sh:path e:q ]",
    "sh:targetNode e:a ; sh:node [ sh:property [ sh:path e:p ; sh:lessThan e:q ] ]",
    "sh:targetSubjectsOf e:p ; sh:or ( [ sh:path e:p ] [ sh:path e:q ] )",
    "sh:targetClass e:C ; sh:property [ sh:path ( e:p e:x ) ], [ sh:path [ sh:inversePath e:q ] ]",
    'sh:targetClass e:C ; sh:sparql [ sh:select "SELECT * { $this <https://e.org/p>/<https://e.org/q> 1 }" ]',
])  # fmt: skip
def test_shapes_look_at_statements_in_many_ways(shape: str) -> None:
    found = covered("e:a a e:C ; e:p 1 ; e:q 2 .", f"e:s {shape} .", "e:C rdfs:subClassOf e:Super .")
    assert (found.looked_at, found.unseen) == (3, ())


def test_a_shape_of_values_looks_at_the_values() -> None:
    found = covered(
        "e:a a e:C ; e:part e:b . e:b e:p 1 .",
        "e:s sh:targetClass e:C ; sh:property [ sh:path e:part ; sh:node [ sh:property [ sh:path e:p ] ] ] .",
    )
    assert found == Coverage(3, 3)


def test_a_deactivated_shape_looks_at_nothing() -> None:
    found = covered("e:a a e:C .", "e:s sh:targetClass e:C ; sh:deactivated true ; sh:closed true .")
    assert (found.looked_at, found.classes) == (0, (("https://e.org/C", 1),))


def test_recursive_shapes_come_to_an_end() -> None:
    found = covered(
        "e:a a e:C ; e:next e:a .",
        "e:s sh:targetClass e:C ; sh:property [ sh:path e:next ; sh:node e:s ] ; sh:node e:s .",
    )
    assert found == Coverage(2, 2)


def test_no_data_is_covered_as_a_whole() -> None:
    assert Coverage().share == 1.0


def test_a_snapshot_keeps_report_waivers_and_coverage(small: Path, tmp_path: Path) -> None:
    found = source.read([small])
    report = check.run(found)
    built = Home(tmp_path / "home").build(found, report)
    kept = quality.read(built.report)
    assert kept.report.findings == report.findings
    assert [(w.rules, w.findings, w.reason) for w in kept.report.waivers] == [
        (("literal-form",), 1, "kept as written")
    ]
    assert (kept.coverage.statements, kept.coverage.looked_at) == (10, 0)


def test_what_settings_silence_is_waived(write: Write) -> None:
    folder = write({
        "kg.toml": 'base = "https://e.org/"\n[silenced]\ntext-form = "as printed"\n',
        "data/a.ttl": PREFIXES + '<https://e.org/id/a> rdfs:label " x "@en .\n',
    })  # fmt: skip
    assert check.run(source.read([folder])).waivers == (Waiver(("text-form",), 1, "as printed"),)
