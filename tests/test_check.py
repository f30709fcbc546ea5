"""What `kg.check.run` says about small datasets, written here file by file."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from kg import source
from kg.check import Engine, run
from kg.check.render import render
from kg.findings import Place, Report, Severity

PREFIXES = """@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix ex: <https://ex.org/def#> .
@prefix id: <https://ex.org/id/> .
"""
ONTOLOGY = (
    PREFIXES
    + """
<https://ex.org/def> a owl:Ontology .
ex:Place a owl:Class .
ex:Village a owl:Class ; rdfs:subClassOf ex:Place .
ex:number a owl:DatatypeProperty .
"""
)
SHAPES = (
    PREFIXES
    + """
ex:PlaceShape a sh:NodeShape ; sh:targetClass ex:Place ;
    sh:property ex:PlaceShape-label .
ex:PlaceShape-label sh:path rdfs:label ; sh:minCount 1 ;
    sh:message "A place has a label."@en, "Et sted har et navn."@nb .
"""
)
GOOD = (
    PREFIXES
    + """
id:roan a ex:Village ; rdfs:label "Roan"@nb .
"""
)


def check(tmp_path: Path, files: Mapping[str, str | bytes], engine: Engine = "compiled") -> Report:
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return run(source.read([tmp_path]), engine=engine)


def said(report: Report) -> list[tuple[str, str, Severity, str | None]]:
    return [(f.rule, str(f.place), f.severity, f.advice()) for f in report.findings]


def test_a_right_dataset_conforms_and_has_no_findings(tmp_path: Path) -> None:
    report = check(tmp_path, {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": SHAPES, "data/a.ttl": GOOD})
    assert (report.findings, report.conforms) == ((), True)


@pytest.mark.parametrize("engine", ["compiled", "pyshacl"])
def test_a_subclass_instance_is_validated_and_the_finding_points_at_its_line(
    tmp_path: Path, engine: Engine
) -> None:
    data = PREFIXES + "\nid:roan a ex:Village ;\n    ex:number 1 .\n"
    report = check(tmp_path, {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": SHAPES, "data/a.ttl": data}, engine)
    [finding] = report.findings
    assert not report.conforms
    assert (finding.rule, finding.place) == ("sh:MinCountConstraintComponent", Place("data/a.ttl", 9, 1, 7))
    assert (finding.focus, finding.path) == (
        "https://ex.org/id/roan",
        "http://www.w3.org/2000/01/rdf-schema#label",
    )
    assert finding.message("nb") == "Et sted har et navn."
    assert finding.shape == "https://ex.org/def#PlaceShape-label"
    assert finding.shape_place == Place("shapes/s.ttl", 11, 1, 19)
    assert finding.excerpt == "id:roan a ex:Village ;"


def test_without_shapes_there_is_a_note_and_no_failure(tmp_path: Path) -> None:
    report = check(tmp_path, {"data/a.ttl": GOOD})
    assert report.conforms
    assert report.notes == (
        (
            "There are no shapes: nothing was validated beyond syntax and vocabulary.",
            "Det er ingen former: ingenting ble validert ut over syntaks og vokabular.",
        ),
    )


def test_a_file_that_does_not_parse_is_left_out_and_the_others_are_checked(tmp_path: Path) -> None:
    bad = PREFIXES + '\nid:roan a ex:Village ; rdfs:label "Roan .\n'
    unlabelled = PREFIXES + "\nid:rissa a ex:Village .\n"
    report = check(
        tmp_path,
        {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": SHAPES, "data/a.ttl": bad, "data/b.ttl": unlabelled},
    )
    assert [(f.rule, f.place.file if f.place else None) for f in report.findings] == [
        ("syntax", "data/a.ttl"),
        ("sh:MinCountConstraintComponent", "data/b.ttl"),
    ]


def test_an_unknown_own_term_is_a_violation_with_the_nearest_name(tmp_path: Path) -> None:
    data = PREFIXES + '\nid:roan a ex:Vilage ; rdfs:label "Roan"@nb .\n'
    report = check(tmp_path, {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": SHAPES, "data/a.ttl": data})
    assert said(report) == [("unknown-term", "data/a.ttl:9:11", Severity.VIOLATION, "Did you mean Village?")]


def test_an_unknown_term_of_a_well_known_vocabulary_is_a_warning(tmp_path: Path) -> None:
    data = PREFIXES + '\nid:roan a ex:Village ; rdfs:lable "Roan"@nb ; rdfs:label "Roan"@nb .\n'
    report = check(tmp_path, {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": SHAPES, "data/a.ttl": data})
    assert said(report) == [("unknown-term", "data/a.ttl:9:24", Severity.WARNING, "Did you mean label?")]


def test_a_misspelt_constraint_in_a_shape_is_a_violation(tmp_path: Path) -> None:
    shapes = SHAPES.replace("sh:minCount", "sh:MinCount")
    report = check(tmp_path, {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": shapes, "data/a.ttl": GOOD})
    assert ("unknown-term", "shapes/s.ttl:11:42", Severity.VIOLATION, "Did you mean minCount?") in said(
        report
    )


def test_an_unknown_term_in_a_query_is_found_and_strings_and_comments_are_not_terms(tmp_path: Path) -> None:
    query = (
        "PREFIX ex: <https://ex.org/def#>\n# about ex:Nothing\n"
        'SELECT ?x { ?x a ex:Villages FILTER(?x != "ex:Never") }\n'
    )
    report = check(
        tmp_path,
        {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": SHAPES, "data/a.ttl": GOOD, "queries/q.rq": query},
    )
    assert said(report) == [
        ("unknown-term", "queries/q.rq:3:18", Severity.VIOLATION, "Did you mean Village?")
    ]


def test_a_subject_typed_in_two_files_is_a_warning_at_the_second(tmp_path: Path) -> None:
    files = {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": SHAPES, "data/a.ttl": GOOD, "data/b.ttl": GOOD}
    [finding] = check(tmp_path, files).findings
    assert (finding.rule, finding.severity, finding.place) == (
        "duplicate-subject",
        Severity.WARNING,
        Place("data/b.ttl", 9, 1, 7),
    )
    assert finding.message() == "data/a.ttl states the type of <https://ex.org/id/roan> too."


def test_the_dataset_can_raise_a_rule_and_silence_another_with_a_reason(tmp_path: Path) -> None:
    data = GOOD + 'id:roan rdfs:lable "x" .\n'
    config = 'violations = ["duplicate-subject"]\n[silenced]\nunknown-term = "old data"\n'
    report = check(
        tmp_path,
        {
            "kg.toml": config,
            "ontology/o.ttl": ONTOLOGY,
            "shapes/s.ttl": SHAPES,
            "data/a.ttl": GOOD,
            "data/b.ttl": data,
        },
    )
    assert [(f.rule, f.severity) for f in report.findings] == [("duplicate-subject", Severity.VIOLATION)]
    assert report.notes == (("1 of unknown-term silenced: old data", "1 av unknown-term dempet: old data"),)


def test_text_faults_are_findings(tmp_path: Path) -> None:
    report = check(
        tmp_path,
        {
            "data/a.ttl": b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(),
            "data/b.ttl": b'<a:b> <a:c> "\xe6" .',
        },
    )
    assert [(f.rule, str(f.place), f.severity) for f in report.findings] == [
        ("crlf", "data/a.ttl:1", Severity.WARNING),
        ("byte-order-mark", "data/a.ttl:1:1", Severity.WARNING),
        ("not-utf-8", "data/b.ttl:1:14", Severity.VIOLATION),
    ]


def test_a_file_in_another_encoding_is_told_which_it_may_be(tmp_path: Path) -> None:
    said = [
        (str(f.place), f.message("nb"), f.advice("nb"))
        for f in check(
            tmp_path,
            {"data/a.ttl": 'ex:å "æ'.encode("cp1252"), "data/b.ttl": GOOD.encode("utf-16")},
        ).findings
    ]
    assert said == [
        (
            "data/a.ttl:1:4",
            "Byte 0xE5 er ikke UTF-8.",
            "Lagre filen som UTF-8; i Windows-1252 er dette «å».",
        ),
        ("data/b.ttl", "Filen er UTF-16.", "Lagre den som UTF-8."),
    ]


def test_a_table_in_another_encoding_is_read_if_its_metadata_says_so(tmp_path: Path) -> None:
    metadata = """{"@context": "http://www.w3.org/ns/csvw", "url": "a.csv",
      "dialect": {"encoding": "windows-1252"}, "tableSchema": {"aboutUrl": "https://ex.org/id/{nr}",
      "columns": [{"name": "nr", "suppressOutput": true},
                  {"name": "navn", "propertyUrl": "rdfs:label", "lang": "nb"}]}}"""
    table = "nr,navn\n1,Åfjord\n".encode("cp1252")
    assert (
        check(tmp_path, {"data/a.csv": table, "data/a.csv-metadata.json": metadata.encode()}).findings == ()
    )


def test_a_bad_cell_is_pointed_at(tmp_path: Path) -> None:
    metadata = """{"@context": "http://www.w3.org/ns/csvw", "url": "a.csv", "tableSchema": {
      "aboutUrl": "https://ex.org/id/{nr}",
      "columns": [{"name": "nr"}, {"name": "dag", "datatype": "date"}]}}"""
    table = {"data/a.csv": "nr,dag\n1,31.1.2006\n", "data/a.csv-metadata.json": metadata}
    [finding] = check(tmp_path, table).findings
    assert (finding.place, finding.excerpt) == (Place("data/a.csv", 2, 3, 9), "1,31.1.2006")


def test_an_ill_formed_shape_is_a_finding_at_its_line_and_the_rest_is_still_checked(tmp_path: Path) -> None:
    shapes = SHAPES + "ex:Odd a sh:NodeShape ; sh:targetClass ex:Place ;\n    sh:maxCount 1 .\n"
    bad = PREFIXES + "\nid:roan a ex:Village ; rdfs:label .\n"
    unknown = PREFIXES + "\nid:roan a ex:Villag .\n"
    report = check(
        tmp_path,
        {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": shapes, "data/a.ttl": bad, "data/b.ttl": unknown},
    )
    assert [(f.rule, str(f.place)) for f in report.findings] == [
        ("syntax", "data/a.ttl:9:35"),
        ("unknown-term", "data/b.ttl:9:11"),
        ("invalid-shape", "shapes/s.ttl:14:17"),
    ]
    assert report.notes == (
        (
            "The shapes cannot be used: nothing was validated beyond syntax and vocabulary.",
            "Formene kan ikke brukes: ingenting ble validert ut over syntaks og vokabular.",
        ),
    )


@pytest.mark.parametrize(
    ("query", "place", "said"),
    [
        (
            "SELECT $this # æ\n{ $this a ex:Place }",
            "shapes/s.ttl:14:11",
            "sh:select er ikke gyldig SPARQL: prefikset ex: er ikke deklarert.",
        ),
        (
            "SELECT $this {\n  $this $PATH 'æøå' FILTER NOT EXIST { ?x ?y ?z } }",
            "shapes/s.ttl:14:42",
            "sh:select er ikke gyldig SPARQL herfra: … TH 'æøå' FILTER NOT EXIST { ?x",
        ),
        (
            "SELECT $this {\n",
            "shapes/s.ttl:14:1",
            "sh:select er ikke gyldig SPARQL herfra: … SELECT $this {",
        ),
        (
            "SELECT $this { FILTER(\\u003C) }",
            "shapes/s.ttl:13:47",
            "sh:select er ikke gyldig SPARQL herfra: … SELECT $this { FILTER(<) }",
        ),
        (
            "SELECT $this {\n  $this ?p ?o MINUS { $this a ?x } }",
            "shapes/s.ttl:14:15",
            "MINUS er ikke tillatt i sh:select.",
        ),
        (
            "SELECT $this {\n  { SELECT ?x { $this ?p ?x } } }",
            "shapes/s.ttl:14:5",
            "En delspørring må gi $this blant variablene.",
        ),
        (
            "SELECT $this { FILTER(<urn:f>($this)) }",
            "shapes/s.ttl:13:47",
            "sh:select kan ikke kjøres: det finnes ingen funksjon <urn:f>.",
        ),
    ],
)
def test_the_fault_of_a_query_is_pointed_at_inside_it(
    tmp_path: Path, query: str, place: str, said: str
) -> None:
    shapes = f'{SHAPES}ex:Odd a sh:NodeShape ; sh:sparql [ sh:select """{query}""" ] .\n'
    files = {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": shapes, "data/a.ttl": GOOD}
    [finding] = [f for f in check(tmp_path, files).findings if f.rule == "invalid-shape"]
    assert (str(finding.place), finding.message("nb")) == (place, said)


def test_a_shape_without_a_name_is_a_blank_node_in_the_report_as_rdf(tmp_path: Path) -> None:
    shapes = (
        SHAPES.replace("sh:property ex:PlaceShape-label .", "sh:property [")
        .replace("ex:PlaceShape-label sh:path", "sh:path")
        .replace("@nb .\n", "@nb ] .\n")
    )
    data = PREFIXES + "\nid:roan a ex:Village .\n"
    report = check(tmp_path, {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": shapes, "data/a.ttl": data})
    assert [(finding.shape or "")[:2] for finding in report.findings] == ["_:"]
    assert "sh:sourceShape _:" in render(report, "ttl")


def test_relative_iris_full_iris_and_named_graphs_are_found_too(tmp_path: Path) -> None:
    data = (
        PREFIXES
        + "@base <https://ex.org/id/> .\n<rissa> a ex:Village .\n\n<https://ex.org/id/hitra> a ex:Village .\n"
        "<https://ex.org/g> {\n    id:froya a ex:Village .\n}\n"
    )
    report = check(tmp_path, {"ontology/o.ttl": ONTOLOGY, "shapes/s.ttl": SHAPES, "data/a.trig": data})
    assert [str(f.place) for f in report.findings] == [
        "data/a.trig:9:1",
        "data/a.trig:11:1",
        "data/a.trig:13:5",
    ]


def test_importing_the_check_loads_no_rdflib() -> None:
    code = (
        "import sys, kg.check, kg.check.render; sys.exit('rdflib' in sys.modules or 'pyshacl' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd="src").returncode == 0


def test_a_file_cut_short_is_one_finding_at_its_end(tmp_path: Path) -> None:
    cut = PREFIXES + 'id:a a ex:Village ; rdfs:label "A"@nb .\nid:b a ex:Village ;\n   rdfs:label'
    [finding] = check(tmp_path, {"data/a.ttl": cut}).findings
    assert (finding.rule, finding.severity) == ("syntax", Severity.VIOLATION)
    assert finding.place is not None
    assert finding.place.line == 10


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\x00\x00", b"<html><p>No</p></html>", b"{}", b"a,b\n1,2\n", b"\x00" * 9]
)
def test_what_is_not_turtle_at_all_is_said_once_and_clearly(tmp_path: Path, content: bytes) -> None:
    found = [f for f in check(tmp_path, {"data/a.ttl": content}).findings if f.severity is Severity.VIOLATION]
    assert [f.rule for f in found] in (["syntax"], ["not-utf-8"])


def test_a_long_literal_is_checked_in_linear_time_and_pointed_at(tmp_path: Path) -> None:
    def seconds(size: int) -> float:
        text = f'{PREFIXES}id:a a ex:Village ;\n  rdfs:lable """ {"x" * size}""" .\n'
        start = time.process_time()
        report = check(tmp_path, {"ontology/o.ttl": ONTOLOGY, "data/a.ttl": text})
        assert [(f.rule, str(f.place)) for f in report.findings] == [
            ("unknown-term", "data/a.ttl:9:3"),
            ("text-form", "data/a.ttl:9:14"),
        ]
        return time.process_time() - start

    seconds(1_000)
    assert seconds(10_000_000) < 20


def test_a_literal_of_a_hundred_megabytes_is_refused_with_a_reason(tmp_path: Path) -> None:
    content = b'<urn:a> <urn:b> """' + b"x" * 100_000_000 + b'""" .\n'
    start = time.process_time()
    [finding] = check(tmp_path, {"data/a.ttl": content, "data/b.ttl": GOOD}).findings
    assert (finding.rule, finding.severity, str(finding.place)) == (
        "syntax",
        Severity.VIOLATION,
        "data/a.ttl",
    )
    assert finding.message().startswith("There is a literal, an IRI or a comment longer than 16 MiB")
    assert time.process_time() - start < 20


CUT = {
    "a.ttl": "<urn:a> <urn:b> <urn:c> ;\n  <urn:d> [ <urn:e> ",
    "a.trig": "<urn:g> {\n<urn:a> <urn:b> <urn:c> .",
    "a.nt": "<urn:a> <urn:b> <urn:c> .\n<urn:a> <urn:b> ",
    "a.jsonld": '{"@id": "urn:a",\n "urn:b": [',
    "a.rdf": '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n<r:Description r:about="urn:a">',
}


@pytest.mark.parametrize("name", CUT)
def test_a_file_that_breaks_off_is_told_with_its_line_and_an_excerpt(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(CUT[name], "utf-8")
    [found] = run(source.read([tmp_path / name])).findings
    assert (found.rule, found.place and found.place.line) == ("syntax", 2)
    assert found.excerpt == CUT[name].splitlines()[1]


def test_entities_that_grow_beyond_measure_are_refused(tmp_path: Path) -> None:
    nested = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise("abcdefghij"))
    (tmp_path / "a.rdf").write_text(
        f'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">{nested}]>'
        '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="urn:e:">'
        '<r:Description r:about="urn:a"><e:p>&j;</e:p></r:Description></r:RDF>'
    )
    [found] = run(source.read([tmp_path / "a.rdf"])).findings
    assert (found.rule, found.message()) == (
        "syntax",
        "The entities of this document grow beyond measure.",
    )


def test_entities_that_stand_for_namespaces_are_as_good_as_ever(tmp_path: Path) -> None:
    (tmp_path / "a.rdf").write_text(
        '<!DOCTYPE r [<!ENTITY x "urn:x:">]><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:e="&x;"><r:Description r:about="&x;a"><e:p r:resource="&x;b"/></r:Description></r:RDF>'
    )
    found = source.read([tmp_path / "a.rdf"])
    assert [str(quad.triple) for quad in found.quads()] == ["<urn:x:a> <urn:x:p> <urn:x:b>"]


def test_a_context_elsewhere_is_not_fetched_and_the_message_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.jsonld").write_text('{"@context": "http://127.0.0.1:9/c", "@id": "urn:a", "urn:p": 1}')
    [found] = run(source.read([tmp_path / "a.jsonld"])).findings
    assert (found.message(), found.advice()) == (
        "The context is another document, and nothing is fetched.",
        "Put it into this one.",
    )


@pytest.mark.parametrize(
    "text", ["<!DOCTYPE html>\n<x>", "\n<html lang='en'>", "<!-- x -->\n<!doctype HTML>"]
)
def test_a_web_page_is_called_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.ttl").write_text(text)
    [found] = run(source.read([tmp_path / "a.ttl"])).findings
    assert found.message() == "This is a web page, and no RDF."


@pytest.mark.parametrize("engine", ["compiled", "pyshacl"])
def test_statements_about_statements_are_passed_over_with_a_note(tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "s.ttl").write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . <urn:x:S> sh:targetSubjectsOf <urn:x:p> ;"
        " sh:property [ sh:path <urn:x:p> ; sh:nodeKind sh:Literal ] ."
    )
    (tmp_path / "d.ttl").write_text(
        "<urn:x:a> <urn:x:p> <urn:x:b> {| <urn:x:q> 1 |} , <<( <urn:x:a> <urn:x:b> <urn:x:c> )>> ."
    )
    report = run(source.read([tmp_path / "d.ttl"], shapes=[tmp_path / "s.ttl"]), engine=engine)
    assert [(f.rule, f.value) for f in report.findings] == [("sh:NodeKindConstraintComponent", "urn:x:b")]
    assert [en for en, _ in report.notes] == [
        "Statements about statements, as RDF 1.2 has them, were passed over: SHACL 1.0 does not know them."
    ]
