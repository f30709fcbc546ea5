"""The W3C test suite of SHACL 1.0: the report must be the expected graph, blank node by blank node."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    Literal,
    NamedNode,
    Quad,
    RdfFormat,
    Triple,
    parse,
)

from kg.check.shacl import ShapeError, engine, validate
from kg.check.shacl.results import sh

SHARED = Path(os.environ.get("KG_SHARED", Path(__file__).parents[2] / "shared"))
SUITE = SHARED / "suites" / "shacl10" / "tests"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
SHT = "http://www.w3.org/ns/shacl-test#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

KNOWN_FAILURES: dict[str, str] = {}
"""Tests that are not passed, each with the reason; one that starts to pass fails."""


def read(path: Path) -> list[Quad]:
    found = parse(path.read_bytes(), format=RdfFormat.TURTLE, base_iri=path.as_uri())
    return [quad for quad in found if isinstance(quad, Quad)]


def values(quads: list[Quad], subject: object, predicate: str) -> list[object]:
    return [q.object for q in quads if q.subject == subject and q.predicate.value == predicate]


def members(quads: list[Quad], node: object) -> Iterator[object]:
    while node != NamedNode(RDF + "nil"):
        yield values(quads, node, RDF + "first")[0]
        node = values(quads, node, RDF + "rest")[0]


def path_of(node: object) -> Path:
    assert isinstance(node, NamedNode)
    return Path(node.value.removeprefix("file://"))


@dataclass(frozen=True)
class Case:
    """One entry of a manifest."""

    name: str
    file: Path
    entry: NamedNode


def cases() -> Iterator[Case]:
    """Yield the entries of every file, as one of them is in no manifest."""
    for file in sorted(SUITE.rglob("*.ttl")):
        quads = read(file)
        for entries in values(quads, NamedNode(file.as_uri()), MF + "entries"):
            for entry in members(quads, entries):
                assert isinstance(entry, NamedNode)
                yield Case(f"{file.parent.relative_to(SUITE)}/{entry.value.rsplit('/', 1)[-1]}", file, entry)


NODES = (sh("focusNode"), sh("value"), sh("sourceShape"), sh("sourceConstraint"))


def described(quads: list[Quad], report: object) -> Iterator[Triple]:
    """Yield the report's own triples: its results, and what spells their paths."""
    pending, seen = [report], set[object]()
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        for quad in quads:
            if quad.subject != node:
                continue
            yield Triple(quad.subject, quad.predicate, quad.object)
            if quad.predicate == sh("result") or (
                isinstance(quad.object, BlankNode) and quad.predicate not in NODES
            ):
                pending.append(quad.object)


def canonical(triples: list[Triple]) -> set[str]:
    dataset = Dataset(Quad(t.subject, t.predicate, t.object) for t in triples)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in dataset}


INNER = (sh("detail"), sh("resultPath"))


def as_expected(actual: list[Triple], expected: list[Triple]) -> list[Triple]:
    """Leave out the messages and the details that the test does not ask for."""
    asked = {t.object for t in expected if t.predicate == sh("resultMessage")}
    inside = {t.object for t in actual if t.predicate == sh("detail")}
    while more := {t.object for t in actual if t.subject in inside and t.predicate in INNER} - inside:
        inside |= more
    return [
        t
        for t in actual
        if t.subject not in inside
        and t.predicate != sh("detail")
        and (t.predicate != sh("resultMessage") or t.object in asked)
    ]


CASES = list(cases())


@pytest.mark.skipif(
    not CASES, reason=f"the W3C suite is not at {SUITE}; set KG_SHARED to the folder that has it"
)
def test_the_suite_is_whole() -> None:
    assert len(CASES) == 121
    assert set(KNOWN_FAILURES) <= {case.name for case in CASES}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=[pytest.mark.xfail(reason=KNOWN_FAILURES[case.name])])
        if case.name in KNOWN_FAILURES
        else pytest.param(case, id=case.name)
        for case in CASES
    ],
)
@pytest.mark.parametrize("many", [engine._MANY, 1])
def test_the_report_is_the_expected_one(case: Case, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_MANY", many)
    quads = read(case.file)
    [action] = values(quads, case.entry, MF + "action")
    [result] = values(quads, case.entry, MF + "result")
    [data_file] = values(quads, action, SHT + "dataGraph")
    [shapes_file] = values(quads, action, SHT + "shapesGraph")
    data = quads if path_of(data_file) == case.file else read(path_of(data_file))
    shapes = data if data_file == shapes_file else read(path_of(shapes_file))
    if result == NamedNode(SHT + "Failure"):
        with pytest.raises(ShapeError):
            validate(shapes, data)
        return
    expected = list(described(quads, result))
    outcome = validate(shapes, data)
    actual = as_expected(list(outcome.graph()), expected)
    assert canonical(actual) == canonical(expected)


def test_a_literal_is_the_only_thing_that_the_harness_drops() -> None:
    message = Triple(BlankNode("r"), sh("resultMessage"), Literal("x"))
    assert as_expected([message], []) == []
    assert as_expected([message], [message]) == [message]
