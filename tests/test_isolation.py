"""Facts about queries that do not end: they are given up, their shape is named, and the rest is validated."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, QuerySolutions, Store

from kg import check, isolation, source
from kg.check.memory import Memory
from kg.check.shacl import engine, validate
from kg.findings import Place, Severity
from kg.isolation import Unfinished
from tests.test_check import GOOD, ONTOLOGY, PREFIXES, SHAPES
from tests.test_shacl_differential import turtle

EVERYTHING = " ".join(f"?a{n} ?b{n} ?c{n} ." for n in range(9))
BOMB = f'sh:select "SELECT $this {{ $this ?p ?o . {EVERYTHING} FILTER(?a0 = ?c8 && ?b3 = ?c1) }}"'
BLOAT = (
    f'sh:select "SELECT $this (GROUP_CONCAT(?c0) AS ?value) {{ $this ?p ?o . {EVERYTHING} }} GROUP BY $this"'
)
DATA = " ".join(f"ex:n{n} ex:p ex:n{(n * 7) % 60}, ex:n{(n * 5) % 60} ; a ex:C ." for n in range(60))


def assert_no_process_is_left() -> None:
    """Wait for threads that bury what was ended; then there is none."""
    for thread in threading.enumerate():
        if thread.name.endswith("(_bury)"):
            thread.join(10)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let queries run for no more than a moment; afterwards no process is left."""
    monkeypatch.setattr(engine, "SECONDS", 0.4)
    yield
    assert_no_process_is_left()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("query", [BOMB, BLOAT])
def test_a_query_that_does_not_end_is_given_up_and_the_rest_is_validated(query: str) -> None:
    shapes = turtle(f"""ex:Slow sh:targetClass ex:C ; sh:sparql [ {query} ] .
        ex:Quick sh:targetClass ex:C ; sh:nodeKind sh:Literal .""")
    start = time.monotonic()
    outcome = validate(shapes, turtle(DATA))
    assert time.monotonic() - start < 10
    assert len(outcome.results) == 60
    assert outcome.unfinished == (
        (
            NamedNode("https://ex.org/Slow"),
            ("did not end within 0.4 seconds", "ble ikke ferdig på 0.4 sekunder"),
        ),
    )
    assert not outcome.conforms


@pytest.mark.usefixtures("hasty")
def test_one_that_others_refer_to_is_given_up_too() -> None:
    shapes = turtle(f"ex:S sh:targetClass ex:C ; sh:node ex:Slow . ex:Slow sh:sparql [ {BOMB} ] .")
    outcome = validate(shapes, turtle(DATA))
    assert [node for node, _ in outcome.unfinished] == [NamedNode("https://ex.org/Slow")]


@pytest.mark.usefixtures("hasty")
def test_many_of_them_take_no_more_than_twice_the_time_of_one() -> None:
    shapes = turtle(" ".join(f"ex:S{n} sh:targetClass ex:C ; sh:sparql [ {BOMB} ] ." for n in range(30)))
    start = time.process_time() + time.monotonic()
    outcome = validate(shapes, turtle(DATA))
    assert (len(outcome.unfinished), time.process_time() + time.monotonic() - start < 15) == (30, True)


@pytest.mark.usefixtures("hasty")
def test_a_path_of_any_length_through_everything_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SECONDS", 0.05)
    star = "[ sh:zeroOrMorePath [ sh:alternativePath ( ex:p [ sh:inversePath ex:p ] ) ] ]"
    shapes = turtle(f"ex:S sh:targetClass ex:C ; sh:property [ sh:path ( {star} {star} ) ; sh:maxCount 1 ] .")
    data = turtle(" ".join(f"ex:n{n} ex:p ex:n{(n * 7) % 900} ; a ex:C ." for n in range(900)))
    assert len(validate(shapes, data).unfinished) == 1


@pytest.mark.usefixtures("hasty")
def test_the_finding_names_the_shape_with_its_line_and_keeps_data_from_being_published(
    tmp_path: Path,
) -> None:
    slow = f"\nex:Slow sh:targetClass ex:Place ;\n    sh:sparql [ {BOMB} ] .\n"
    many = PREFIXES + "".join(f'id:v{n} a ex:Village ; rdfs:label "v{n}"@nb .\n' for n in range(60))
    files = {
        "ontology/o.ttl": ONTOLOGY,
        "shapes/s.ttl": SHAPES + slow,
        "data/a.ttl": GOOD,
        "data/b.ttl": many,
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    memory = Memory()
    for _ in range(2):
        report = check.run(source.read([tmp_path]), memory=memory)
        [finding] = [f for f in report.findings if f.rule == "unfinished-shape"]
        assert finding.place == Place("shapes/s.ttl", 14, 1, 7)
        assert (finding.severity, report.conforms) == (Severity.VIOLATION, False)
        assert finding.message().startswith("A query of this shape did not end within 0.4 seconds")
    (tmp_path / "shapes/s.ttl").write_text(SHAPES, "utf-8")
    assert check.run(source.read([tmp_path]), memory=memory).conforms


def solutions(query: str) -> QuerySolutions:
    found = Store().query(query)
    assert isinstance(found, QuerySolutions)
    return found


def test_rows_come_as_they_are_and_in_order() -> None:
    values = " ".join(f"({n} UNDEF)" for n in range(1200))
    rows = list(isolation.rows(lambda: solutions(f"SELECT ?n ?m {{ VALUES (?n ?m) {{ {values} }} }}"), 30))
    assert [(str(row["n"]).partition('"^^')[0][1:], row["m"]) for row in rows] == [
        (str(n), None) for n in range(1200)
    ]


def test_whoever_has_enough_may_leave() -> None:
    rows = isolation.rows(lambda: solutions("SELECT ?n { VALUES ?n { 1 2 3 } }"), 30)
    assert next(rows)
    rows.close()
    assert_no_process_is_left()


def test_it_holds_nothing_else_open(tmp_path: Path) -> None:
    with (tmp_path / "held").open("w") as held:

        def ask() -> QuerySolutions:
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(held.fileno())
            return solutions("SELECT ?n { BIND(1 AS ?n) }")

        assert len(list(isolation.rows(ask, 30))) == 1


def test_a_process_that_breaks_is_told_of() -> None:
    with pytest.raises(Unfinished, match="too much"):
        list(isolation.rows(lambda: os._exit(1), 30))
    with pytest.raises(SyntaxError):
        list(isolation.rows(lambda: solutions("SELECT"), 30))


def test_where_nothing_can_be_forked_it_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    [row] = isolation.rows(lambda: solutions("SELECT ?n { BIND(1 AS ?n) }"), 30)
    assert str(row["n"]).startswith('"1"')
