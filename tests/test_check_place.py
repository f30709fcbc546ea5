"""Where findings point: file, line, column and length, in every format that a dataset is written in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kg import source, turtle
from kg.check import run
from kg.check.place import Places, Reader, Stated, Text, written
from kg.findings import Place
from kg.turtle import Chunk

PREFIXES = (
    "@prefix sh: <http://www.w3.org/ns/shacl#> .\n@prefix ex: <https://ex.org/> .\n"
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
)
SHAPES = (
    PREFIXES
    + """
ex:Shape a sh:NodeShape ; sh:targetClass ex:T ; sh:closed true ;
    sh:ignoredProperties ( <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> ) ;
    sh:property ex:Shape-name, ex:Shape-number, ex:Shape-part, ex:Shape-whole .
ex:Shape-name sh:path ex:name ; sh:minCount 1 ; sh:uniqueLang true .
ex:Shape-number sh:path ex:number ; sh:datatype xsd:integer .
ex:Shape-part sh:path ( ex:part ex:name ) ; sh:maxLength 3 .
ex:Shape-whole sh:path [ sh:inversePath ex:part ] ; sh:nodeKind sh:BlankNode .
"""
)


def points(tmp_path: Path, files: Mapping[str, str | bytes]) -> list[tuple[str, str]]:
    """Rule and text pointed at (with its place) of each finding."""
    for name, content in {"shapes/s.ttl": SHAPES, **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [
        (finding.rule.removesuffix("ConstraintComponent"), pointed(tmp_path, finding.place))
        for finding in run(source.read([tmp_path])).findings
        if finding.rule.startswith("sh:")
    ]


def pointed(folder: Path, place: Place | None) -> str:
    assert place is not None
    if place.line is None or place.column is None or place.length is None:
        return str(place)
    lines = (folder / place.file).read_text("utf-8").splitlines()
    text = lines[place.line - 1][place.column - 1 :][: place.length]
    return f"{place}: {text}"


def test_each_constraint_points_at_what_it_is_about(tmp_path: Path) -> None:
    data = PREFIXES + (
        'ex:a a ex:T ;\n    ex:name "a"@nb , "b"@nb ;\n    ex:number 7 , "æ😀" , "8" ;\n    ex:odd 1 .\n'
        'ex:b a ex:T .\nex:c a ex:T ; ex:name "c" ;\n    ex:part ex:d .\nex:d a ex:T ; ex:name "long" .\n'
    )
    assert points(tmp_path, {"data/a.ttl": data}) == [
        ("sh:UniqueLang", "data/a.ttl:5:5: ex:name"),
        ("sh:Datatype", 'data/a.ttl:6:19: "æ😀"'),
        ("sh:Datatype", 'data/a.ttl:6:26: "8"'),
        ("sh:Closed", "data/a.ttl:7:5: ex:odd"),
        ("sh:MinCount", "data/a.ttl:8:1: ex:b"),
        ("sh:NodeKind", "data/a.ttl:9:1: ex:c"),
        ("sh:Closed", "data/a.ttl:10:5: ex:part"),
        ("sh:MaxLength", 'data/a.ttl:11:23: "long"'),
    ]


TURTLES = {
    "nested": PREFIXES
    + 'ex:x ex:y [ ex:z ( ex:a ) ] .\nex:a ex:number\n  """x\ny""" ; a ex:T ; ex:name "n" .',
    "prefix redefined": PREFIXES + '@prefix ex: <https://ex.org/#> . ex:a ex:number "x" .\n'
    'PREFIX ex: <https://ex.org/>\nex:a a ex:T ; ex:name "n" ;\n ex:number """x\ny""" .',
    "base": PREFIXES + 'BASE <https://ex.org/b/>\n\n<../a> a ex:T ; ex:name "n" ; <../number>\n """x\ny""" .',
}


@pytest.mark.parametrize("text", TURTLES.values(), ids=TURTLES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_value_is_found_however_turtle_is_written(tmp_path: Path, text: str, end: str, mark: str) -> None:
    expected = next(
        (n, line.index('"""x') + 1) for n, line in enumerate(text.split("\n"), 1) if '"""x' in line
    )
    found = points(tmp_path, {"data/a.ttl": (mark + text.replace("\n", end)).encode()})
    line, column = expected
    assert found == [("sh:Datatype", f'data/a.ttl:{line}:{column}: """x')]


def test_trig_n_triples_and_n_quads_are_read_with_columns(tmp_path: Path) -> None:
    trig = PREFIXES + '\n{ ex:a a ex:T ; ex:name "n" ; ex:number "x" }'
    triple = '<https://ex.org/{}> <https://ex.org/number> "x" .\n<https://ex.org/{}> a <https://ex.org/T> .'
    triple = triple.replace(" a ", " <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> ")
    triple += '\n<https://ex.org/{}> <https://ex.org/name> "n" .'
    files = {
        "data/a.trig": trig,
        "data/b.nt": triple.format("b", "b", "b"),
        "data/c.nq": triple.format("c", "c", "c").replace(" .", " <https://ex.org/g> ."),
    }
    assert points(tmp_path, files) == [
        ("sh:Datatype", 'data/a.trig:5:41: "x"'),
        ("sh:Datatype", 'data/b.nt:1:44: "x"'),
        ("sh:Datatype", 'data/c.nq:1:44: "x"'),
    ]


def test_rdf_xml_points_at_the_tag(tmp_path: Path) -> None:
    text = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:ex="https://ex.org/"
  xml:base="https://ex.org/">
  <ex:T rdf:about="a" ex:name="n">
    <ex:number>x</ex:number>
    <ex:part><ex:T rdf:about="b"/></ex:part>
  </ex:T>
</rdf:RDF>
"""
    assert points(tmp_path, {"data/a.rdf": text}) == [
        ("sh:NodeKind", "data/a.rdf:4:3: <ex:T"),
        ("sh:Datatype", "data/a.rdf:5:5: <ex:number"),
        ("sh:Closed", "data/a.rdf:6:5: <ex:part"),
        ("sh:MinCount", "data/a.rdf:6:14: <ex:T"),
    ]


def test_json_ld_points_at_the_line_of_the_node(tmp_path: Path) -> None:
    document = {"@context": {"@vocab": "https://ex.org/"}, "@id": "https://ex.org/a", "@type": "T"}
    assert points(tmp_path, {"data/a.jsonld": json.dumps(document, indent=1)}) == [
        ("sh:MinCount", 'data/a.jsonld:5:9: "https://ex.org/a"')
    ]


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ({"ex": "https://ex.org/"}, "ex:a"),
        ({"@base": "https://ex.org/b"}, "a"),
        ({"id": "@id"}, "https://ex.org/a"),
    ],
)
def test_json_ld_points_at_where_a_node_is_described(
    tmp_path: Path, context: dict[str, str], name: str
) -> None:
    key = "id" if "id" in context else "@id"
    node = {key: name, "@type": "T"}
    document = {
        "@context": {"@vocab": "https://ex.org/", **context},
        "@graph": [{key: "https://ex.org/z", "knows": {key: name}}, node],
    }
    text = json.dumps(document).replace("}, {", "},\n{")
    assert points(tmp_path, {"data/a.jsonld": text}) == [
        ("sh:MinCount", f'data/a.jsonld:2:{len(key) + 6}: "{name}"')
    ]


PATHS = """
ex:Shape a sh:NodeShape ; sh:targetClass ex:T ;
    sh:property [ sh:maxLength 3 ; sh:path (
        ex:list [ sh:zeroOrMorePath <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> ]
        <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> ) ] ,
    [ sh:maxLength 3 ; sh:path (
        [ sh:alternativePath ( ex:x ex:y ) ] [ sh:zeroOrOnePath ex:part ] ex:name ) ] ,
    [ sh:maxLength 3 ; sh:path ( [ sh:inversePath ex:x ] ex:name ) ] .
"""


def test_a_value_at_the_end_of_a_path_is_pointed_at(tmp_path: Path) -> None:
    data = PREFIXES + (
        'ex:a a ex:T ; ex:list ( "one" "three" "four" ) ; ex:y ex:b .\n'
        'ex:b ex:part [ ex:name "inner" ] ; ex:name "outer" .\nex:c ex:x ex:a ; ex:name "back" .'
    )
    assert points(tmp_path, {"shapes/s.ttl": PREFIXES + PATHS, "data/a.ttl": data}) == [
        ("sh:MaxLength", "data/a.ttl:4:1: ex:a"),
        ("sh:MaxLength", 'data/a.ttl:4:31: "three"'),
        ("sh:MaxLength", 'data/a.ttl:4:39: "four"'),
        ("sh:MaxLength", 'data/a.ttl:5:24: "inner"'),
        ("sh:MaxLength", 'data/a.ttl:5:44: "outer"'),
    ]


def test_a_table_points_at_the_row_and_the_cell(tmp_path: Path) -> None:
    metadata = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": "t.csv",
        "tableSchema": {
            "aboutUrl": "https://ex.org/{id}",
            "columns": [
                {"name": "id", "suppressOutput": True},
                {"name": "number", "propertyUrl": "https://ex.org/number"},
                {"name": "name", "propertyUrl": "https://ex.org/name"},
                {"name": "kind", "virtual": True, "propertyUrl": "rdf:type", "valueUrl": "https://ex.org/T"},
            ],
        },
    }
    files = {
        "data/t.csv": 'id,number,name\na,x,n\nb,"y",\n',
        "data/t.csv-metadata.json": json.dumps(metadata),
    }
    assert points(tmp_path, files) == [
        ("sh:Datatype", "data/t.csv:2:3: x"),
        ("sh:MinCount", 'data/t.csv:3:1: b,"y",'),
        ("sh:Datatype", "data/t.csv:3:4: y"),
    ]


def test_looking_up_every_row_of_a_table_looks_at_each_statement_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at: list[Stated] = []
    matches = Stated.matches

    def counted(self: Stated, subject: str, predicate: str | None, value: str | None) -> bool:
        looked_at.append(self)
        return matches(self, subject, predicate, value)

    monkeypatch.setattr(Stated, "matches", counted)
    rows = [Stated(f"https://ex.org/{n}", "https://ex.org/p", "x", ((n, n),) * 3) for n in range(100)]
    text = Text("t.csv", "x", Reader(lambda _: iter([Chunk(0, 1, None, None, {})]), lambda *_: iter(rows)))
    assert [one for row in rows for one in text.triples(row.subject)] == rows
    assert len(looked_at) == len(rows)


@pytest.mark.parametrize("kept", [0, 1_000])
def test_blank_nodes_are_found_by_what_is_said_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """Also where a text is so large that what was read of it is forgotten: what has blank nodes is kept."""
    monkeypatch.setattr("kg.check.place.CHUNKS", kept)
    shapes = PREFIXES + (
        "ex:S a sh:NodeShape ; sh:targetClass ex:T ;\n  sh:property [ sh:path ex:n ; sh:minCount 1 ] ;\n"
        "  sh:property [ sh:path ex:p ; sh:nodeKind sh:IRI ] .\n"
    )
    data = (
        PREFIXES + "[] a ex:T ; ex:n 1 .\nex:x ex:y [ a ex:T ; ex:p [ ex:n 2 ] ] ,\n [ a ex:T ; ex:q 1 ] .\n"
    )
    for name, text in {"shapes/s.ttl": shapes, "data/a.ttl": data}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    told = [(f.rule, str(f.place), str(f.shape_place)) for f in run(source.read([tmp_path])).findings]
    assert [one for one in told if one[0].startswith("sh:")] == [
        ("sh:MinCountConstraintComponent", "data/a.ttl:5:11", "shapes/s.ttl:5:15"),
        ("sh:NodeKindConstraintComponent", "data/a.ttl:5:27", "shapes/s.ttl:6:15"),
        ("sh:MinCountConstraintComponent", "data/a.ttl:6:2", "shapes/s.ttl:5:15"),
    ]


def test_a_large_text_has_an_index_of_the_subjects_that_it_will_be_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kg.check.place.LARGEST_FILE", 10)
    lines = "<urn:a> <urn:p> 1 .\n<urn:b> <urn:p> 2 .\n<urn:a> <urn:p> 3 .\n"
    text = Text("", lines, Reader(turtle.lines_in, _read_lines))
    text.expect({"urn:a"})
    found = [text.place(one.spans[2]).line for one in text.triples("urn:a")]
    assert (found, set(text._chunks.by_subject)) == ([1, 3], {"urn:a"})
    assert [text.place(one.spans[2]).line for one in text.triples("urn:b")] == [2]
    assert set(text._chunks.by_subject) == {"urn:a", "urn:b"}


def _read_lines(text: str, chunk: Chunk) -> Iterator[Stated]:
    for one in turtle.quads_in_line(text, chunk, {}):
        yield Stated(written(one.subject), one.predicate.value, written(one.object), one.spans)


def test_something_missing_is_missing_where_the_type_is_stated(tmp_path: Path) -> None:
    files = {
        "data/a.ttl": PREFIXES + "ex:a ex:number 1 .\n",
        "data/b.ttl": PREFIXES + "ex:a a ex:T .\n",
    }
    assert points(tmp_path, files) == [("sh:MinCount", "data/b.ttl:4:1: ex:a")]


def test_a_focus_that_is_no_subject_is_found_as_a_value(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text(PREFIXES + "ex:a ex:b ex:c .\n")
    places = Places(source.read([tmp_path]).files)
    assert places.locate("https://ex.org/c") == Place("a.ttl", 4, 11, 4)


def test_a_line_for_machines_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text(f'<urn:a> <urn:b> "{"x" * 5_000}" .\n<urn:c> <urn:d> 1 .\n')
    places = Places(source.read([tmp_path]).files)
    quoted = [places.excerpt(place) for iri in ("urn:a", "urn:c") if (place := places.locate(iri))]
    assert quoted == [None, "<urn:c> <urn:d> 1 ."]
