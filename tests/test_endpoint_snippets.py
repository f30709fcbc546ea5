"""Facts about the programs that ask a query: each runs, whatever the query holds."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoint import snippets

ADDRESS = "https://ex.org/sparql"
QUERIES = [
    "ASK {}",
    "SELECT ?x\nWHERE { ?x ?p 'it''s' }",
    'SELECT ("""a "quoted"\n text""" AS ?x) {}',
    r'SELECT ("a\\b" AS ?x) {}',
    'SELECT * { ?s ?p "ends in a quote"',
    'SELECT (")-" AS ?x) {}',
]

_FAKE = """
class SPARQLWrapper:
    def __init__(self, address): pass
    def setQuery(self, query): open("asked", "w", newline="").write(query)
    def setReturnFormat(self, name): pass
    def query(self): return self
    def convert(self): return {"results": {"bindings": []}}
JSON = TURTLE = None
"""


@pytest.mark.parametrize("query", QUERIES)
def test_the_shell_sends_the_query_as_it_is(query: str, tmp_path: Path) -> None:
    (tmp_path / "curl").write_text('#!/bin/sh\nprintf %s "$4" > asked\n')
    (tmp_path / "curl").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    command = ["sh", "-c", snippets.curl(query, ADDRESS)]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "asked").read_text("utf-8") == f"query={query}"


@pytest.mark.parametrize("query", QUERIES)
def test_python_sends_the_query_as_it_is(query: str, tmp_path: Path) -> None:
    (tmp_path / "SPARQLWrapper.py").write_text(_FAKE)
    (tmp_path / "program.py").write_text(snippets.python(query, ADDRESS), "utf-8")
    subprocess.run([sys.executable, "program.py"], cwd=tmp_path, check=True)
    assert (tmp_path / "asked").read_text("utf-8").strip("\n") == query


@given(st.text(alphabet=')-"( ', max_size=30))
def test_no_query_ends_its_raw_string_in_r(query: str) -> None:
    line = snippets.r(query, ADDRESS).split("query <- ")[1].split("\ntext <-")[0]
    dashes = line[2:].split("(")[0]
    assert line == f'r"{dashes}({query}){dashes}"'
    assert f'){dashes}"' not in query


def test_a_query_for_triples_asks_for_turtle() -> None:
    curl, python, r = snippets.of("DESCRIBE <https://ex.org/>", ADDRESS, "DESCRIBE")
    assert "Accept: text/turtle" in curl.text
    assert "setReturnFormat(TURTLE)" in python.text
    assert 'Accept = "text/turtle"' in r.text


def test_a_question_for_yes_or_no_prints_that() -> None:
    _, python, r = snippets.of("ASK {}", ADDRESS, "ASK")
    assert python.text.endswith('print(answer["boolean"])')
    assert r.text.endswith("cat(text)")
