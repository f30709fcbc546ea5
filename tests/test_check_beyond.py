"""Shapes that only pySHACL can apply: they alone go there, the report says so, and nothing hangs."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg import check, source
from kg.check import beyond
from kg.check.memory import Memory
from kg.findings import Report

SHAPES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix : <urn:x:> .
:S sh:targetClass :A ; sh:property [ sh:path :p ; sh:pattern "^(?!no)" ] .
:T sh:targetClass :A ; sh:node [ sh:or ( [ sh:property [ sh:path :p ; sh:pattern "^(.)\\\\1$" ] ] ) ] .
:U sh:targetClass :A ; sh:property [ sh:path :q ; sh:minCount 1 ] .
:B a owl:Class , sh:NodeShape ; sh:property [ sh:path :r ; sh:minCount 1 ] .
"""
DATA = '<urn:x:a> a <urn:x:A> , <urn:x:B> ; <urn:x:p> "no" .\n'


def checked(folder: Path, shapes: str = SHAPES, memory: Memory | None = None) -> Report:
    (folder / "s.ttl").write_text(shapes)
    (folder / "d.ttl").write_text(DATA)
    return check.run(source.read([folder / "d.ttl"], shapes=[folder / "s.ttl"]), memory=memory)


def told(report: Report) -> list[tuple[str, str | None]]:
    return [(f.rule, str(f.shape_place.line) if f.shape_place else None) for f in report.findings]


@pytest.mark.parametrize("memory", [None, Memory()], ids=["alone", "with a memory"])
def test_just_the_shapes_that_look_around_or_back_go_to_pyshacl(
    tmp_path: Path, memory: Memory | None
) -> None:
    report = checked(tmp_path, memory=memory)
    assert sorted(told(report)) == [
        ("sh:MinCountConstraintComponent", "6"),
        ("sh:MinCountConstraintComponent", "7"),
        ("sh:NodeConstraintComponent", "5"),
        ("sh:PatternConstraintComponent", "4"),
    ]
    own = {f.message() for f in report.findings if f.message().endswith("There is no value.")}
    assert own == {"q: There is no value.", "r: There is no value."}
    places = (
        f"{(tmp_path / 's.ttl').as_posix()}:{at}: pySHACL applied this shape. sh:pattern"
        for at in ("4:36", "5:56")
    )
    assert [note.partition(" '")[0] for note, _ in report.notes] == list(places)


def test_an_ill_formed_shape_beside_them_is_told_as_ever(tmp_path: Path) -> None:
    report = checked(tmp_path, SHAPES + ":X sh:targetClass :A ; sh:nodeKind :x .")
    assert {f.rule for f in report.findings} == {"invalid-shape"}


def test_a_regular_expression_without_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beyond, "SECONDS", 1.0)
    (tmp_path / "d.ttl").write_text(f'<urn:x:a> a <urn:x:A> ; <urn:x:p> "{"a" * 50}b" .\n')
    (tmp_path / "s.ttl").write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . <urn:x:S> sh:targetClass <urn:x:A> ;"
        ' sh:property [ sh:path <urn:x:p> ; sh:pattern "^(?=a)(a+)+$" ] .'
    )
    report = check.run(source.read([tmp_path / "d.ttl"], shapes=[tmp_path / "s.ttl"]))
    assert [f.rule for f in report.findings] == ["unfinished-shape"]
