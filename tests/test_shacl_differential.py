"""Compiled and referee give the same results, on shapes and data that nobody wrote by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Quad, RdfFormat, parse

from kg.check import referee, shacl
from kg.check.shacl import Result, engine, validate
from kg.check.shacl.shapes import read_step

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
    st.sampled_from(("^X", "Y")).map(lambda r: f'sh:pattern "{r}" ; sh:flags "i"'),
    st.sampled_from(('( "nb" )', '( "en" "nn" )', '( "en-GB" )', "()")).map(
        lambda tags: f"sh:languageIn {tags}"
    ),
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
        st.tuples(shapes, shapes, st.integers(0, 2), st.integers(0, 2)).map(
            lambda t: (
                f"sh:property [ sh:path ex:p ; sh:qualifiedValueShape {t[0]} ; sh:qualifiedMinCount {t[2]} ; "
                "sh:qualifiedValueShapesDisjoint true ] , "
                f"[ sh:path ex:p ; sh:qualifiedValueShape {t[1]} ; sh:qualifiedMaxCount {t[3]} ; "
                "sh:qualifiedValueShapesDisjoint true ]"
            )
        ),
        st.tuples(shapes, st.integers(0, 2), st.sampled_from(("Min", "Max"))).map(
            lambda t: (
                f"sh:property [ sh:path ex:p ; sh:qualifiedValueShape {t[0]} ; "
                f"sh:qualified{t[2]}Count {t[1]} ]"
            )
        ),
    )


MANNERS = st.sampled_from(
    ("", "", "", " ; sh:severity sh:Warning", " ; sh:severity ex:Own", " ; sh:deactivated true")
)


def property_shapes() -> st.SearchStrategy[str]:
    several = st.lists(PROPERTY_CONSTRAINTS, min_size=1, max_size=3, unique_by=lambda c: c.split()[0])
    return st.tuples(paths(), several, MANNERS).map(
        lambda t: f"[ sh:path {t[0]} ; {' ; '.join(t[1])}{t[2]} ]"
    )


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
@given(st.lists(st.tuples(TARGETS, node_shapes()), min_size=1, max_size=2), DATA, st.sampled_from((1, 2000)))
def test_compiled_and_referee_find_the_same(shapes: list[tuple[str, str]], data: str, many: int) -> None:
    """From `many` nodes on, compiled shapes look at the data before they ask."""
    text = "".join(
        f"ex:S{i} a sh:NodeShape ; {target} ; {body.removeprefix('[').removesuffix(']')} .\n"
        for i, (target, body) in enumerate(shapes)
    )
    wanted = data
    if COMPARES.search(text):
        text = re.sub(r"sh:targetNode (?!ex:)\S+", "sh:targetNode ex:a", text)
        wanted = comparable(data, text)
    with patch.object(engine, "_MANY", many):
        ours = validate(turtle(text), turtle(wanted)).results
    assert said(ours) == said(referee.validate(turtle(text), turtle(wanted)).results)


@pytest.mark.skipif(
    not (SHARED / "bench").is_dir(), reason=f"{SHARED} has no bench/; set KG_SHARED to where it lies"
)
def test_the_synthetic_catalogue_has_exactly_its_known_violations(tmp_path: Path) -> None:
    base = tmp_path / "catalogue"
    command = [sys.executable, str(SHARED / "bench" / "generate_catalogue.py"), "10000", str(base)]
    subprocess.run(command, check=True, capture_output=True)
    shapes = list(parse((SHARED / "bench" / "shapes.ttl").read_bytes(), format=RdfFormat.TURTLE))
    data = list(parse(base.with_suffix(".ttl").read_bytes(), format=RdfFormat.TURTLE))
    rows = [line.split("\t") for line in base.with_suffix(".expected.tsv").read_text().splitlines()]
    expected = sorted((focus, component) for focus, _, component in rows)
    suffix = "ConstraintComponent"
    results = validate(shapes, data).results
    found = sorted((r.focus.value, r.component.value.split("#")[1].removesuffix(suffix)) for r in results)
    assert len(expected) == 18
    assert found == expected
    assert said(results) == said(referee.validate(shapes, data).results)


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


@pytest.mark.parametrize(
    ("query", "path"), [(QUERIES[0], PATHS[0]), (QUERIES[8], PATHS[1]), (QUERIES[5], PATHS[1])]
)
def test_messages_of_queries_are_filled_in_alike(query: str, path: str) -> None:
    shapes = turtle(
        f'''ex:S {path} sh:targetClass ex:C ; sh:sparql [ sh:prefixes ex:P ; sh:select """{query}""" ;
            sh:message "{{$this}} has {{?value}}."@en, "{{$this}} har {{?value}}."@nb ] .
        ex:P sh:declare [ sh:prefix "ex" ; sh:namespace "https://ex.org/"^^xsd:anyURI ] .'''
    )
    data = turtle('ex:a a ex:C ; ex:p ex:b, "abcde", 7 . ex:b ex:q "xyz" .')
    ours = validate(shapes, data).results
    assert told(ours) == told(referee.validate(shapes, data).results)
    assert {message.language for result in ours for message in result.messages} == {"en", "nb"}


def told(results: Iterable[Result]) -> set[tuple[str, ...]]:
    """Give the keys with the messages; the referee forgets their languages."""
    return {(*key(result), *sorted(message.value for message in result.messages)) for result in results}


COMPONENTS = """
ex:P sh:declare [ sh:prefix "ex" ; sh:namespace "https://ex.org/"^^xsd:anyURI ] .
ex:StartsWith a sh:ConstraintComponent ; sh:parameter [ sh:path ex:begin ] ,
    [ sh:path ex:flags ; sh:optional true ] ;
  sh:validator [ a sh:SPARQLAskValidator ; sh:prefixes ex:P ; sh:message "Begins not with {$begin}."@en ;
    sh:ask "ASK { FILTER(STRSTARTS(STR($value), $begin)) }" ] .
ex:AtMost a sh:ConstraintComponent ; sh:parameter [ sh:path ex:most ] ;
  sh:propertyValidator [ a sh:SPARQLSelectValidator ; sh:prefixes ex:P ; sh:message "More than {$most}." ;
    sh:select "SELECT $this { $this $PATH ?v } GROUP BY $this HAVING (COUNT(?v) > $most)" ] ;
  sh:nodeValidator [ a sh:SPARQLSelectValidator ; sh:prefixes ex:P ;
    sh:select "SELECT DISTINCT $this { $this ex:q ?v FILTER(?v > $most) }" ] .
"""
USES = (
    'ex:S sh:targetClass ex:C ; sh:property [ sh:path ex:p ; ex:begin "x" ] .',
    'ex:S sh:targetClass ex:C ; sh:property [ sh:path ex:p ; ex:begin "https" ; ex:flags "i" ; ex:most 1 ] .',
    "ex:S sh:targetClass ex:C ; ex:most 3 .",
    "ex:S sh:targetClass ex:C ; sh:property [ sh:path ( ex:p ex:q ) ; ex:most 0 ] ."
    ' ex:T sh:targetClass ex:C ; ex:begin "https://ex.org/a" .',
    'ex:S sh:targetClass ex:C ; sh:not [ ex:begin "https://ex.org/a" ] ; sh:severity sh:Info .',
    'ex:S sh:targetClass ex:C ; sh:or ( [ ex:most 2 ] [ sh:property [ sh:path ex:p ; ex:begin "x" ] ] ) .',
)


@pytest.mark.parametrize("use", USES)
def test_components_of_users_find_the_same(use: str) -> None:
    shapes = turtle(COMPONENTS + use)
    data = turtle(
        """ex:a a ex:C ; ex:p "xy", "yx" ; ex:q 4, 2 . ex:b a ex:C ; ex:p ex:a ; ex:q 1 .
        ex:ab a ex:C ; ex:p "x" ."""
    )
    ours, theirs = (said(one.validate(shapes, data).results) for one in (shacl, referee))
    assert {without_asked_value(one) for one in ours} == {without_asked_value(one) for one in theirs}
    assert ours


def without_asked_value(one: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out the value of a component with ASK: the referee forgets it at property shapes."""
    return (*one[:4], "", *one[5:]) if one[1].endswith("StartsWith>") else one


def test_where_the_two_differ_about_components_the_standard_wants_values() -> None:
    """The standard: the value that ASK denies is the result's, and a SELECT may bind ?value itself."""
    data = turtle('ex:a a ex:C ; ex:p "x" ; ex:q 4 .')
    asks = turtle(COMPONENTS + 'ex:S sh:targetClass ex:C ; sh:property [ sh:path ex:p ; ex:begin "y" ] .')
    binds = turtle(
        COMPONENTS.replace(
            "DISTINCT $this { $this ex:q ?v FILTER(?v", "$this ?value { $this ex:q ?value FILTER(?value"
        )
        + "ex:S sh:targetClass ex:C ; ex:most 3 ."
    )
    ours = [str(result.value) for shapes in (asks, binds) for result in validate(shapes, data).results]
    theirs = [result.value for shapes in (asks, binds) for result in referee.validate(shapes, data).results]
    assert ours == ['"x"', '"4"^^<http://www.w3.org/2001/XMLSchema#integer>']
    assert theirs == [None], "the referee has changed: compare these too"


APPLICATION_PROFILE = """
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
ex:Catalogue a sh:NodeShape ; sh:targetClass dcat:Catalog ;
  sh:property [ sh:path dcterms:title ; sh:minCount 1 ; sh:nodeKind sh:Literal ; sh:uniqueLang true ] ,
    [ sh:path dcterms:publisher ; sh:minCount 1 ; sh:maxCount 1 ; sh:class foaf:Agent ; sh:node ex:Agent ] ,
    [ sh:path dcat:dataset ; sh:minCount 1 ; sh:class dcat:Dataset ; sh:severity sh:Warning ] ,
    [ sh:path dcterms:license ; sh:maxCount 1 ; sh:nodeKind sh:BlankNodeOrIRI ] .
ex:Dataset a sh:NodeShape ; sh:targetClass dcat:Dataset ;
  sh:property [ sh:path dcterms:title ; sh:minCount 1 ;
      sh:or ( [ sh:datatype rdf:langString ] [ sh:datatype xsd:string ] ) ] ,
    [ sh:path dcterms:issued ; sh:maxCount 1 ;
      sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:dateTime ] [ sh:datatype xsd:gYear ] ) ] ,
    [ sh:path dcat:theme ; sh:nodeKind sh:IRI ; sh:qualifiedMinCount 1 ;
      sh:qualifiedValueShape ex:DataTheme ] ,
    [ sh:path dcterms:temporal ; sh:node ex:Period ] ,
    [ sh:path dcat:distribution ; sh:class dcat:Distribution ; sh:nodeKind sh:BlankNodeOrIRI ] ,
    [ sh:path dcat:contactPoint ; sh:minCount 1 ; sh:node ex:Contact ; sh:severity sh:Warning ] .
ex:Distribution a sh:NodeShape ; sh:targetClass dcat:Distribution ; sh:targetObjectsOf dcat:distribution ;
  sh:property [ sh:path dcat:accessURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ; sh:pattern "^https?://" ] ,
    [ sh:path dcat:byteSize ; sh:maxCount 1 ; sh:datatype xsd:nonNegativeInteger ; sh:minInclusive 0 ] ,
    [ sh:path dcat:mediaType ; sh:node ex:MediaType ] ,
    [ sh:path ( [ sh:inversePath dcat:distribution ] dcterms:title ) ; sh:minCount 1 ] .
ex:Agent a sh:NodeShape ; sh:property [ sh:path foaf:name ; sh:minCount 1 ; sh:minLength 2 ] .
ex:Contact a sh:NodeShape ; sh:or (
  [ sh:property [ sh:path vcard:hasEmail ; sh:minCount 1 ; sh:pattern "^mailto:" ] ]
  [ sh:property [ sh:path vcard:hasURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ] ) .
ex:Period a sh:NodeShape ; sh:class dcterms:PeriodOfTime ;
  sh:closed true ; sh:ignoredProperties ( rdf:type ) ;
  sh:property [ sh:path dcat:startDate ; sh:maxCount 1 ; sh:datatype xsd:date ;
      sh:lessThanOrEquals dcat:endDate ] ,
    [ sh:path dcat:endDate ; sh:maxCount 1 ; sh:datatype xsd:date ] .
ex:DataTheme a sh:NodeShape ; sh:property [ sh:path skos:inScheme ; sh:hasValue ex:themes ] .
ex:MediaType a sh:NodeShape ; sh:nodeKind sh:IRI ; sh:pattern "media-types/" .
"""
CATALOGUE = """
ex:cat a dcat:Catalog .
ex:cat dcterms:title "Katalog"@nb .
ex:cat dcterms:title "Fortegnelse"@nb .
ex:cat dcterms:publisher ex:org .
ex:cat dcterms:publisher ex:other .
ex:cat dcterms:license "fri" .
ex:cat dcat:dataset ex:set .
ex:cat dcat:dataset ex:series .
ex:org a foaf:Agent .
ex:org foaf:name "Etaten" .
ex:org foaf:name "E" .
ex:Office rdfs:subClassOf foaf:Agent .
ex:other a ex:Office .
ex:set a dcat:Dataset .
ex:set dcterms:title "Bygder"@nb .
ex:set dcterms:title 7 .
ex:set dcterms:title "Villages" .
ex:set dcterms:issued "2024-02-30"^^xsd:date .
ex:set dcterms:issued "2024"^^xsd:gYear .
ex:set dcterms:issued "i fjor" .
ex:set dcat:theme ex:region .
ex:set dcat:theme "REGI" .
ex:region skos:inScheme ex:themes .
ex:set dcterms:temporal ex:period .
ex:period a dcterms:PeriodOfTime .
ex:period rdfs:label "2010-tallet"@nb .
ex:period dcat:startDate "2019-12-31"^^xsd:date .
ex:period dcat:endDate "2010-01-01"^^xsd:date .
ex:set dcat:contactPoint ex:desk .
ex:desk vcard:hasEmail <mailto:post@example.org> .
ex:desk vcard:hasURL "her" .
ex:set dcat:distribution ex:file .
ex:file a dcat:Distribution .
ex:file dcat:accessURL <https://example.org/x> .
ex:file dcat:accessURL "https://example.org/x" .
ex:file dcat:accessURL <ftp://example.org/x> .
ex:file dcat:byteSize "-1"^^xsd:integer .
ex:file dcat:byteSize "007"^^xsd:nonNegativeInteger .
ex:file dcat:mediaType <https://www.iana.org/assignments/media-types/text/turtle> .
ex:file dcat:mediaType "text/turtle" .
ex:series a dcat:Dataset .
ex:series dcat:distribution [ dcat:accessURL <https://example.org/y> ] .
"""
STATEMENTS = CATALOGUE.strip().splitlines()
"""The statements of a catalogue in the manner of DCAT-AP, of which some are wrong."""


@settings(max_examples=int(os.environ.get("KG_EXAMPLES", "25")), deadline=None,
          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
@given(st.sets(st.sampled_from(range(len(STATEMENTS)))))
@example(set())
def test_shapes_in_the_manner_of_dcat_ap_find_the_same(left_out: set[int]) -> None:
    shapes = turtle(APPLICATION_PROFILE)
    prefixes = "".join(line for line in APPLICATION_PROFILE.splitlines(True) if line.startswith("@prefix"))
    data = turtle(prefixes + " ".join(one for n, one in enumerate(STATEMENTS) if n not in left_out))
    ours, theirs = validate(shapes, data).results, referee.validate(shapes, data).results
    assert unlabelled(said(ours)) == unlabelled(said(theirs))
    assert left_out or len(ours) > 20


def unlabelled(keys: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    return {tuple("_" if part.startswith("_:") else part for part in one) for one in keys}


def test_paths_of_several_kinds_are_told_alike_by_both() -> None:
    shapes = turtle("""ex:S sh:targetClass ex:C ; sh:property [ sh:minCount 5 ; sh:path [ sh:alternativePath (
        ( ex:p [ sh:inversePath ( ex:q [ sh:zeroOrMorePath ex:r ] ) ] ) [ sh:zeroOrOnePath ex:p ] ) ] ] .""")
    data = turtle("ex:a a ex:C .")
    [[ours], [theirs]] = (run(shapes, data).results for run in (validate, referee.validate))
    assert ours.path is not None
    assert theirs.path is not None
    assert read_step(ours.path.text) == read_step(theirs.path.text)


@pytest.mark.parametrize(
    ("shapes", "data"),
    [
        (
            "ex:S sh:targetClass ex:C ; sh:nodeKind sh:BlankNode ; "
            "sh:property [ sh:path ex:p ; sh:class ex:D ] .",
            "ex:K rdfs:subClassOf [ rdfs:subClassOf ex:C , ex:E ] . ex:a a ex:K ; ex:p ex:b , ex:c . "
            "ex:b a [ rdfs:subClassOf [ rdfs:subClassOf ex:D ] ] .",
        ),
        (
            "ex:S sh:targetObjectsOf ex:p ; sh:sparql [ "
            'sh:select "SELECT $this ?value { ?value <https://ex.org/p> $this }" ] .',
            'ex:a ex:p "x"@nb , 05 , "x"^^xsd:integer , "NaN"^^xsd:double , "300"^^xsd:byte , "7"^^xsd:int .',
        ),
        (
            'ex:S sh:targetNode "01"^^xsd:integer, 2 ; sh:minInclusive 1 ; sh:maxExclusive 2 ; '
            'sh:pattern "^1" ; sh:or ( [ sh:minInclusive 1 ] [ sh:in ( 1 ) ] ) .',
            "ex:a ex:p 1 .",
        ),
    ],
    ids=[
        "subclasses by way of blank nodes",
        "literals of every kind as focus nodes of a query",
        "targets in a form that the data do not have",
    ],
)
def test_shapes_that_once_were_judged_wrong_are_judged_alike(shapes: str, data: str) -> None:
    ours, theirs = (run(turtle(shapes), turtle(data)).results for run in (validate, referee.validate))
    assert said(ours) == said(theirs)
    assert ours
