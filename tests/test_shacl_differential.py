"""Compiled and referee give the same results, on shapes and data that nobody wrote by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Quad, RdfFormat, parse

from kg.check import referee
from kg.check.shacl import Result, validate

SHARED = Path(os.environ.get("KG_SHARED", Path(__file__).parents[2] / "shared"))
PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix ex: <https://ex.org/> .
"""
NODES = ("ex:a", "ex:b", "ex:c", "ex:d")
CLASSES = ("ex:C", "ex:D", "ex:E")
PROPERTIES = ("ex:p", "ex:q", "ex:r")
LITERALS = (
    '"x"',
    '"xyz"',
    '""',
    '"y"@nb',
    '"y"@nn',
    '"z"@en',
    '"z"@en-GB',
    "1",
    "2",
    '"01"^^xsd:integer',
    "1.0",
    '"1.50"^^xsd:decimal',
    '"2"^^xsd:byte',
    '"300"^^xsd:byte',
    '"abc"^^xsd:integer',
    '"2020-01-01"^^xsd:date',
    '"2021-12-31"^^xsd:date',
    '"2021-02-30"^^xsd:date',
    '"2020"^^xsd:gYear',
    '"1e0"^^xsd:double',
    '"x"^^ex:own',
)


def turtle(text: str) -> list[Quad]:
    return list(parse((PREFIXES + text).encode(), format=RdfFormat.TURTLE))


def paths() -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from(PROPERTIES),
        lambda inner: st.one_of(
            inner.map(lambda p: f"[ sh:inversePath {p} ]"),
            st.lists(inner, min_size=2, max_size=3).map(lambda ps: f"( {' '.join(ps)} )"),
            st.lists(inner, min_size=2, max_size=2).map(
                lambda ps: f"[ sh:alternativePath ( {' '.join(ps)} ) ]"
            ),
            st.tuples(st.sampled_from(("zeroOrMore", "oneOrMore", "zeroOrOne")), inner).map(
                lambda pair: f"[ sh:{pair[0]}Path {pair[1]} ]"
            ),
        ),
        max_leaves=3,
    )


TERMS = st.sampled_from((*NODES, *LITERALS))
LIMITS = st.sampled_from(("1", "1.5", '"2020-06-01"^^xsd:date'))
VALUE_CONSTRAINTS = st.one_of(
    st.sampled_from(CLASSES).map(lambda c: f"sh:class {c}"),
    st.sampled_from(
        ("xsd:integer", "xsd:byte", "xsd:decimal", "xsd:date", "xsd:string", "rdf:langString", "ex:own")
    ).map(lambda d: f"sh:datatype {d}"),
    st.sampled_from(
        ("IRI", "Literal", "BlankNode", "BlankNodeOrIRI", "IRIOrLiteral", "BlankNodeOrLiteral")
    ).map(lambda k: f"sh:nodeKind sh:{k}"),
    st.tuples(st.sampled_from(("minInclusive", "maxInclusive", "minExclusive", "maxExclusive")), LIMITS).map(
        lambda pair: f"sh:{pair[0]} {pair[1]}"
    ),
    st.integers(0, 3).map(lambda n: f"sh:minLength {n}"),
    st.integers(0, 3).map(lambda n: f"sh:maxLength {n}"),
    st.sampled_from(("^x", "y$", "[0-9]+", "^https", "^0")).map(lambda r: f'sh:pattern "{r}"'),
    st.sampled_from(('( "nb" )', '( "en" "nn" )')).map(lambda tags: f"sh:languageIn {tags}"),
    st.lists(TERMS, max_size=4, unique=True).map(lambda terms: f"sh:in ( {' '.join(terms)} )"),
    TERMS.map(lambda term: f"sh:hasValue {term}"),
    st.sampled_from(PROPERTIES).map(lambda p: f"sh:equals {p}"),
    st.sampled_from(PROPERTIES).map(lambda p: f"sh:disjoint {p}"),
    st.just("sh:closed true ; sh:ignoredProperties ( rdf:type ex:p )"),
)
PROPERTY_CONSTRAINTS = st.one_of(
    VALUE_CONSTRAINTS,
    st.integers(0, 3).map(lambda n: f"sh:minCount {n}"),
    st.integers(0, 3).map(lambda n: f"sh:maxCount {n}"),
    st.just("sh:uniqueLang true"),
    st.sampled_from(PROPERTIES).map(lambda p: f"sh:lessThan {p}"),
    st.sampled_from(PROPERTIES).map(lambda p: f"sh:lessThanOrEquals {p}"),
)


def bodies(shapes: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Make constraints that hold other shapes."""
    return st.one_of(
        shapes.map(lambda s: f"sh:node {s}"),
        shapes.map(lambda s: f"sh:not {s}"),
        shapes.map(lambda s: f"sh:property [ sh:path ex:q ; sh:node {s} ]"),
        st.tuples(st.sampled_from(("and", "or", "xone")), st.lists(shapes, min_size=1, max_size=3)).map(
            lambda pair: f"sh:{pair[0]} ( {' '.join(pair[1])} )"
        ),
        st.tuples(shapes, st.integers(0, 2), st.sampled_from(("Min", "Max"))).map(
            lambda t: (
                f"sh:property [ sh:path ex:p ; sh:qualifiedValueShape {t[0]} ; "
                f"sh:qualified{t[2]}Count {t[1]} ]"
            )
        ),
    )


def property_shapes() -> st.SearchStrategy[str]:
    several = st.lists(PROPERTY_CONSTRAINTS, min_size=1, max_size=3, unique_by=lambda c: c.split()[0])
    return st.tuples(paths(), several).map(lambda pair: f"[ sh:path {pair[0]} ; {' ; '.join(pair[1])} ]")


def node_shapes() -> st.SearchStrategy[str]:
    leaf = st.one_of(VALUE_CONSTRAINTS, property_shapes().map(lambda p: f"sh:property {p}"))
    return st.recursive(
        st.lists(leaf, min_size=1, max_size=2, unique_by=lambda c: c.split()[0]).map(
            lambda cs: f"[ {' ; '.join(cs)} ]"
        ),
        lambda inner: bodies(inner).map(lambda body: f"[ {body} ]"),
        max_leaves=4,
    )


TARGETS = st.one_of(
    st.sampled_from(CLASSES).map(lambda c: f"sh:targetClass {c}"),
    st.sampled_from((*NODES, *LITERALS[:12])).map(lambda n: f"sh:targetNode {n}"),
    st.sampled_from(PROPERTIES).map(lambda p: f"sh:targetSubjectsOf {p}"),
    st.sampled_from(PROPERTIES).map(lambda p: f"sh:targetObjectsOf {p}"),
)
DATA = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(NODES), st.sampled_from(PROPERTIES), TERMS),
        st.tuples(st.sampled_from(NODES), st.just("a"), st.sampled_from(CLASSES)),
    ),
    min_size=5,
    max_size=20,
    unique=True,
).map(
    lambda triples: "ex:D rdfs:subClassOf ex:C .\n" + "".join(f"{' '.join(triple)} .\n" for triple in triples)
)


COMPARES = re.compile("sh:(min|max)(In|Ex)clusive|sh:lessThan")
INCOMPARABLE = ("^^ex:own", '"300"', '"abc"', "02-30", "gYear")


NUMBERS = re.compile(r" [12](\.0)? |xsd:(integer|decimal|byte|double)")


def comparable(data: str, shapes: str) -> str:
    """Leave out the values that the referee compares although SPARQL cannot: of two kinds, say."""
    has_dates, has_numbers = "2020-06-01" in shapes, bool(re.search("clusive 1", shapes))
    lines = [line for line in data.splitlines() if not any(part in line for part in INCOMPARABLE)]
    if has_dates:
        lines = [line for line in lines if not NUMBERS.search(line)]
    if has_numbers or not has_dates:
        lines = [line for line in lines if "xsd:date" not in line]
    return "\n".join(lines)


def key(result: Result) -> tuple[str, ...]:
    path = "" if result.path is None else result.path.predicate or "path"
    shape = "_" if isinstance(result.shape, BlankNode) else str(result.shape)
    return tuple(map(str, (result.focus, result.component, shape, path, result.value or "", result.severity)))


def said(results: Iterable[Result]) -> set[tuple[str, ...]]:
    return {key(result) for result in results}


@settings(max_examples=int(os.environ.get("KG_EXAMPLES", "120")), deadline=None,
          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
@given(st.lists(st.tuples(TARGETS, node_shapes()), min_size=1, max_size=2), DATA)
def test_compiled_and_referee_find_the_same(shapes: list[tuple[str, str]], data: str) -> None:
    text = "".join(
        f"ex:S{i} a sh:NodeShape ; {target} ; {body.removeprefix('[').removesuffix(']')} .\n"
        for i, (target, body) in enumerate(shapes)
    )
    wanted = comparable(data, text) if COMPARES.search(text) else data
    shapes_quads, data_quads = (
        turtle(text),
        turtle(wanted),
    )  # (data, text) if COMPARES.search(text) else data)
    assert said(validate(shapes_quads, data_quads).results) == said(
        referee.validate(shapes_quads, data_quads).results
    )


@pytest.mark.skipif(
    not (SHARED / "bench").is_dir(), reason=f"{SHARED} has no bench/; set KG_SHARED to where it lies"
)
def test_the_synthetic_catalogue_has_exactly_its_known_violations(tmp_path: Path) -> None:
    base = tmp_path / "catalogue"
    command = [sys.executable, str(SHARED / "bench" / "generate_catalogue.py"), "10000", str(base)]
    subprocess.run(command, check=True, capture_output=True)
    shapes = list(parse((SHARED / "bench" / "shapes.ttl").read_bytes(), format=RdfFormat.TURTLE))
    data = parse(base.with_suffix(".ttl").read_bytes(), format=RdfFormat.TURTLE)
    rows = [line.split("\t") for line in base.with_suffix(".expected.tsv").read_text().splitlines()]
    expected = sorted((focus, component) for focus, _, component in rows)
    suffix = "ConstraintComponent"
    found = sorted(
        (r.focus.value, r.component.value.split("#")[1].removesuffix(suffix))
        for r in validate(shapes, data).results
    )
    assert len(expected) == 18
    assert found == expected


@pytest.mark.parametrize(
    ("constraint", "value", "reason"),
    [
        ('sh:minInclusive "m"', '"y"@nb', "a string and a text in a language are not comparable"),
        ("sh:maxInclusive 1", "true", "a truth value and a number are not comparable"),
        ("sh:minInclusive 1", '"x"^^ex:own', "an unknown datatype is not comparable"),
        ("sh:maxInclusive 1", '"300"^^xsd:byte', "an ill-typed literal is not comparable"),
        ('sh:minInclusive "2020-06-01"^^xsd:date', "1", "a number and a date are not comparable"),
    ],
)
def test_where_the_two_differ_the_standard_wants_a_violation(
    constraint: str, value: str, reason: str
) -> None:
    """The standard: where the comparison of SPARQL does not give true, there is a result."""
    shapes = turtle(
        f"ex:S a sh:NodeShape ; sh:targetNode ex:a ; sh:property [ sh:path ex:p ; {constraint} ] ."
    )
    data = turtle(f"ex:a ex:p {value} .")
    assert len(validate(shapes, data).results) == 1, reason
    assert referee.validate(shapes, data).results == (), "the referee has changed: drop this line"


QUERIES = (
    "SELECT $this ?value { $this ex:p ?value FILTER NOT EXISTS { ?value a ex:C } }",
    "SELECT $this (COUNT(?o) AS ?value) { $this ex:p ?o } GROUP BY $this HAVING (COUNT(?o) > 1)",
    "SELECT $this { OPTIONAL { $this ex:q ?q } FILTER(!bound(?q)) }",
    "SELECT $this ?value { { $this ex:p ?value } UNION { $this ex:q ?value } FILTER(isLiteral(?value)) }",
    "SELECT $this ?value { { SELECT $this (MAX(?n) AS ?value) { $this ex:q ?n } GROUP BY $this } }",
    "SELECT $this ?value { BIND($this AS ?me) ?me ex:p/ex:q ?value }",
    "SELECT DISTINCT $this ?path ?value { $this ?path ?value FILTER(?path IN (ex:p, ex:q)) }",
    "SELECT $this ?value { $this ex:p ?value . ?other ex:p ?value FILTER(?other != $this) }",
    "SELECT $this ?value { $this $PATH ?value FILTER(STRLEN(STR(?value)) > 3) }",
    "SELECT $this { FILTER(STRSTARTS(STR($this), 'https://ex.org/b')) }",
    "SELECT $this ?value { $this ex:q ?value FILTER(?value < 7 && EXISTS { $this ex:p ?x }) }",
    "SELECT $this (?o AS ?value) { $this ex:p* ?o FILTER(isIRI(?o)) }",
)
PATHS = ("", "sh:path ex:p ; ", "sh:path ( ex:p ex:q ) ; ", "sh:path [ sh:inversePath ex:p ] ; ")


@pytest.mark.parametrize(("query", "path"), [(q, p) for q in QUERIES for p in PATHS if p or "$PATH" not in q])
def test_queries_of_users_find_the_same(query: str, path: str) -> None:
    shapes = turtle(
        f'''ex:S {path} sh:targetClass ex:C ; sh:targetNode ex:c, "abcde" ;
            sh:sparql [ sh:prefixes ex:P ; sh:select """{query}""" ] .
        ex:P sh:declare [ sh:prefix "ex" ; sh:namespace "https://ex.org/"^^xsd:anyURI ] .'''
    )
    data = turtle(
        """ex:a a ex:C ; ex:p ex:b, ex:c, "abcde" ; ex:q 3, 5 . ex:b a ex:C ; ex:p ex:c ; ex:q 9 .
        ex:c ex:q 2, 1 . ex:bb a ex:C ; ex:p ex:bb, "xy" ."""
    )
    assert said(validate(shapes, data).results) == said(referee.validate(shapes, data).results)
