"""The compiled validator by itself: what it refuses, what it says, and how literals as written count."""

# ruff: noqa: E501 (tables of shapes read best a row a line)
from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse

from kg.check.shacl import Result, ShapeError, engine, results, validate
from kg.check.shacl.results import sh

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix ex: <https://ex.org/> .
"""


def turtle(text: str) -> list[Quad]:
    return list(parse((PREFIXES + text).encode(), format=RdfFormat.TURTLE))


def found(shapes: str, data: str) -> tuple[Result, ...]:
    return validate(turtle(shapes), turtle(data)).results


def values(shapes: str, data: str) -> list[str]:
    return sorted(str(result.value) for result in found(shapes, data))


REFUSED = {
    "recursion": ("ex:S sh:targetNode ex:a ; sh:node ex:T . ex:T sh:property [ sh:path ex:p ; sh:node ex:S ] .", "recursion"),
    "flag that is a text": ('ex:S a sh:NodeShape ; sh:closed "yes" .', "true or false"),
    "message that is no text": ("ex:S a sh:NodeShape ; sh:message ex:M .", "must be a text"),
    "entailment": ("ex:Shapes sh:entailment <http://www.w3.org/ns/entailment/RDFS> .", "not supported"),
    "recursion on itself": ("ex:S a sh:NodeShape ; sh:node ex:S .", "recursion"),
    "property shape with no path": ("ex:S a sh:PropertyShape ; sh:minCount 1 .", "no sh:path"),
    "two paths": ("ex:S a sh:PropertyShape ; sh:path ex:p, ex:q .", "2 values of sh:path"),
    "path that is a literal": ('ex:S a sh:PropertyShape ; sh:path "p" .', "not a property path"),
    "path of one step": ("ex:S a sh:PropertyShape ; sh:path ( ex:p ) .", "fewer than two"),
    "path that is a broken list": ("ex:S a sh:PropertyShape ; sh:path [ rdf:first ex:p ] .", "whole one"),
    "count that is a string": ('ex:S a sh:PropertyShape ; sh:path ex:p ; sh:minCount "1" .', "integer"),
    "two counts": ("ex:S a sh:PropertyShape ; sh:path ex:p ; sh:minCount 1, 2 .", "2 values of sh:minCount"),
    "count on a node shape": ("ex:S a sh:NodeShape ; sh:maxCount 1 .", "belongs to property shapes"),
    "unknown node kind": ("ex:S a sh:NodeShape ; sh:nodeKind sh:Iri .", "sh:nodeKind"),
    "list that never ends": ("ex:S a sh:NodeShape ; sh:in _:l . _:l rdf:first 1 ; rdf:rest _:l .", "whole one"),
    "class that is a literal": ('ex:S a sh:NodeShape ; sh:class "C" .', "must be an IRI"),
    "shape that is a literal": ('ex:S a sh:NodeShape ; sh:node "C" .', "where a shape should be"),
    "pattern that is no regex": ('ex:S a sh:NodeShape ; sh:pattern "(" .', "no regular expression"),
    "pattern that looks around": ('ex:S a sh:NodeShape ; sh:pattern "(?=x)y" .', "no regular expression"),
    "pattern that is enormous": ('ex:S a sh:NodeShape ; sh:pattern "((a{1000}){1000}){1000}" .', "no regular expression"),
    "advanced feature": ("ex:S a sh:NodeShape ; sh:rule [ ] .", "SHACL Advanced Features"),
    "query that does not parse": ('ex:S a sh:NodeShape ; sh:sparql [ sh:select "SELECT $this { " ] .', "does not parse"),
    "query that updates": ('ex:S a sh:NodeShape ; sh:sparql [ sh:select "CLEAR ALL" ] .', "must be a SPARQL SELECT"),
    "query that calls out": (
        'ex:S a sh:NodeShape ; sh:sparql [ sh:select "SELECT $this { SERVICE <http://ex.org/> { $this ?p ?o } }" ] .',
        "SERVICE is not allowed",
    ),
    "query that closes our group": (
        'ex:S a sh:NodeShape ; sh:sparql [ sh:select "SELECT $this { $this ?p ?o } } { ?s ?p ?o" ] .',
        "does not parse",
    ),
    "query that hides the focus node": (
        'ex:S a sh:NodeShape ; sh:sparql [ sh:select "SELECT ?x { $this ?p ?x }" ] .',
        r"must return \$this",
    ),
    "query nested too deep": (
        f'ex:S a sh:NodeShape ; sh:sparql [ sh:select "SELECT $this {"{" * 2240} $this ?p ?o {"}" * 2240}" ] .',
        "nested too deep",
    ),
    "query with too many signs": (
        f'ex:S a sh:NodeShape ; sh:sparql [ sh:select "SELECT $this {{ FILTER({"! " * 5000} true) }}" ] .',
        "nested too deep",
    ),
    "path with too many steps": (
        f"ex:S a sh:PropertyShape ; sh:path ( {'ex:p ' * 201} ) .",
        "201 steps",
    ),
    "no query at all": ("ex:S a sh:NodeShape ; sh:sparql [ ] .", "has no sh:select"),
    "message in two namespaces": (
        'ex:S a sh:NodeShape ; sh:sparql [ sh:prefixes ex:P ; sh:select "SELECT $this { $this a ex:C }" ] . '
        'ex:P sh:declare [ sh:prefix "ex" ; sh:namespace "http://a/" ], [ sh:prefix "ex" ; sh:namespace "http://b/" ] .',
        "two namespaces",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_validated_is_a_clear_error(name: str) -> None:
    shapes, message = REFUSED[name]
    with pytest.raises(ShapeError, match=message):
        validate(turtle(shapes), [])


def test_every_ill_formed_shape_is_named() -> None:
    shapes = turtle('ex:S a sh:NodeShape ; sh:class "C" . ex:T a sh:NodeShape ; sh:maxCount 1 .')
    with pytest.raises(ShapeError) as caught:
        validate(shapes, [])
    nodes = {error.node for error in (caught.value, *caught.value.others)}
    assert nodes == {NamedNode("https://ex.org/S"), NamedNode("https://ex.org/T")}


def test_a_regex_that_explodes_elsewhere_is_answered_at_once() -> None:
    shapes = 'ex:S sh:targetNode ex:a ; sh:property [ sh:path ex:p ; sh:pattern "^(a+)+$" ] .'
    assert len(found(shapes, f'ex:a ex:p "{"a" * 5000}!" .')) == 1


def test_ten_thousand_shapes_and_a_deep_chain_of_them_are_fine() -> None:
    chain = "".join(f"ex:n{a} a sh:NodeShape ; sh:node ex:n{b} .\n" for a, b in pairwise(range(300)))
    wide = "".join(f"ex:w{i} sh:targetClass ex:C{i} ; sh:nodeKind sh:IRI .\n" for i in range(10_000))
    shapes = f"ex:n0 sh:targetNode ex:a . ex:n299 a sh:NodeShape ; sh:class ex:C .\n{chain}{wide}"
    assert len(found(shapes, "ex:a ex:p ex:b . ex:b a ex:C9 .")) == 1


@pytest.mark.parametrize(
    ("constraint", "offending"),
    [
        ('sh:pattern "^0"', ['"1"^^xsd:integer', '"1.0"^^xsd:decimal', '"1"^^xsd:byte', '"300"^^xsd:byte']),
        ("sh:datatype xsd:byte", ['"01"^^xsd:integer', '"1"^^xsd:integer', '"1.0"^^xsd:decimal', '"300"^^xsd:byte']),
        ("sh:maxLength 1", ['"01"^^xsd:integer', '"1.0"^^xsd:decimal', '"300"^^xsd:byte']),
        ("sh:maxExclusive 1", ['"01"^^xsd:integer', '"1"^^xsd:integer', '"1.0"^^xsd:decimal', '"1"^^xsd:byte', '"300"^^xsd:byte']),
        ("sh:minInclusive 1", ['"300"^^xsd:byte']),
        ("sh:in ( 1 )", ['"01"^^xsd:integer', '"1.0"^^xsd:decimal', '"1"^^xsd:byte', '"300"^^xsd:byte']),
    ],
)  # fmt: skip
def test_literals_count_as_they_are_written(constraint: str, offending: list[str]) -> None:
    shapes = f"ex:S sh:targetNode ex:a ; sh:property [ sh:path ex:p ; {constraint} ] ."
    data = 'ex:a ex:p "01"^^xsd:integer, 1, 1.0, "1"^^xsd:byte, "300"^^xsd:byte .'
    expected = sorted(str(quad.object) for quad in turtle(f"ex:a ex:p {', '.join(offending)} ."))
    assert values(shapes, data) == expected


def test_two_ways_to_write_one_value_are_two_values() -> None:
    shapes = "ex:S sh:targetNode ex:a ; sh:property [ sh:path ex:p ; sh:maxCount 1 ] ."
    assert len(found(shapes, 'ex:a ex:p "01"^^xsd:integer, 1 .')) == 1


def test_a_query_sees_values_and_its_results_are_as_written() -> None:
    shapes = """ex:S sh:targetSubjectsOf ex:p ; sh:sparql [ sh:message "{?value} is {$this}'s"@en ;
        sh:select "SELECT $this ?value { $this <https://ex.org/p> ?value FILTER(?value > 6) }" ] ."""
    [result] = found(shapes, 'ex:a ex:p "007"^^xsd:integer . ex:b ex:p "5"^^xsd:byte .')
    assert (result.focus, result.value) == (
        NamedNode("https://ex.org/a"),
        Literal("007", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#integer")),
    )
    assert result.messages == (Literal("007 is https://ex.org/a's", language="en"),)


def test_a_query_over_two_forms_of_one_value_gives_each_once() -> None:
    shapes = """ex:S sh:targetNode ex:a ; sh:sparql [
        sh:select "SELECT $this ?value { $this <https://ex.org/p> ?value }" ] ."""
    assert values(shapes, 'ex:a ex:p "01"^^xsd:integer, 1 . ex:b ex:p "001"^^xsd:integer .') == [
        '"01"^^<http://www.w3.org/2001/XMLSchema#integer>',
        '"1"^^<http://www.w3.org/2001/XMLSchema#integer>',
    ]


def test_a_literal_focus_node_is_a_value_to_a_query() -> None:
    shapes = """ex:S sh:targetObjectsOf ex:p ; sh:sparql [
        sh:select "SELECT $this { FILTER($this + 1 = 8) }" ] ."""
    [result] = found(shapes, 'ex:a ex:p "007"^^xsd:integer, 8 .')
    assert result.focus == Literal("007", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#integer"))


def test_messages_of_the_shape_come_in_every_language_else_ours_in_two() -> None:
    data = "ex:a ex:q 1 ."
    own = 'ex:S sh:targetNode ex:a ; sh:property [ sh:path ex:p ; sh:minCount 1 ; sh:message "Mangler."@nb, "Missing."@en ] .'
    plain = "ex:S sh:targetNode ex:a ; sh:property [ sh:path ex:p ; sh:minCount 1 ] ."
    [[with_own], [with_default]] = found(own, data), found(plain, data)
    assert set(with_own.messages) == {Literal("Mangler.", language="nb"), Literal("Missing.", language="en")}
    assert with_default.messages == (
        Literal("p: There is no value.", language="en"),
        Literal("p: Verdien mangler.", language="nb"),
    )


def test_a_component_fills_its_parameters_into_its_message() -> None:
    shapes = """ex:MaxComponent a sh:ConstraintComponent ; sh:parameter [ sh:path ex:most ] ;
        sh:validator [ a sh:SPARQLAskValidator ; sh:message "At most {$most}, not {$value}." ;
            sh:ask "ASK { FILTER($value <= $most) }" ] .
        ex:S sh:targetNode ex:a ; sh:property [ sh:path ex:p ; ex:most 3 ] ."""
    [result] = found(shapes, "ex:a ex:p 2, 4 .")
    assert result.component == NamedNode("https://ex.org/MaxComponent")
    assert result.messages == (Literal("At most 3, not 4."),)


def test_named_graphs_count_as_one_data_graph() -> None:
    data = [Quad(q.subject, q.predicate, q.object, NamedNode(f"https://ex.org/g{i}")) for i, q in
            enumerate(turtle("ex:a a ex:C . ex:a ex:p 1 . ex:b a ex:C ."))]  # fmt: skip
    shapes = turtle("ex:S sh:targetClass ex:C ; sh:property [ sh:path ex:p ; sh:minCount 1 ] .")
    assert [result.focus for result in validate(shapes, data).results] == [NamedNode("https://ex.org/b")]


def test_marks_of_ours_are_not_data() -> None:
    shapes = """ex:S sh:targetNode ex:a ; sh:sparql [ sh:select "SELECT $this ?value { ?value ?p $this }" ] ;
        sh:property [ sh:path [ sh:inversePath ex:p ] ; sh:maxCount 0 ] ."""
    assert found(shapes, "ex:b ex:q ex:c .") == ()


def test_the_report_is_a_graph_of_the_standard() -> None:
    shapes = "ex:S sh:targetNode ex:a ; sh:property [ sh:path ( ex:p ex:q ) ; sh:minCount 1 ; sh:severity sh:Info ] ."
    outcome = validate(turtle(shapes), [])
    triples = list(outcome.graph())
    assert not outcome.conforms
    assert {t.object for t in triples if t.predicate == sh("resultSeverity")} == {sh("Info")}
    assert {t.object for t in triples if t.predicate.value.endswith("#first")} == {
        NamedNode("https://ex.org/p"),
        NamedNode("https://ex.org/q"),
    }


def test_a_limit_keeps_the_first_results_and_counts_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = turtle("ex:S sh:targetClass ex:C ; sh:property [ sh:path ex:p ; sh:minCount 1 ] .")
    data = turtle("".join(f"ex:n{i} a ex:C ." for i in range(9)))
    cut, whole = validate(shapes, data, limit=4), validate(shapes, data, limit=9)
    assert (len(cut.results), cut.notes) == (4, (results.cut(4, 5),))
    assert (len(whole.results), whole.notes) == (9, ())
    monkeypatch.setattr(engine, "_COUNTED", 3)
    cut = validate(shapes, data, limit=4)
    assert (len(cut.results), cut.notes) == (4, (results.cut(4, 3, is_all=False),))


def name(result: Result) -> str:
    return result.component.value.rpartition("#")[2].removesuffix("ConstraintComponent")


def test_a_result_about_another_shape_says_why() -> None:
    shapes = """ex:S a sh:NodeShape ; sh:targetNode ex:a ;
      sh:property [ sh:path ex:p ; sh:node ex:T ] ;
      sh:property [ sh:path ex:q ; sh:qualifiedValueShape [ sh:datatype xsd:integer ] ;
                    sh:qualifiedMinCount 1 ] .
    ex:T sh:property [ sh:path ex:q ; sh:minCount 1 ] ; sh:or ( [ sh:class ex:C ] [ sh:nodeKind sh:Literal ] ) ."""
    data = 'ex:a ex:p ex:b , ex:c ; ex:q "x" . ex:c ex:q 1 ; a ex:C .'
    told = {
        (str(result.value), name(result)): sorted(
            (str(detail.focus), name(detail), tuple(sorted(map(name, detail.details))))
            for detail in result.details
        )
        for result in found(shapes, data)
    }
    assert told == {
        ("<https://ex.org/b>", "Node"): [
            ("<https://ex.org/b>", "MinCount", ()),
            ("<https://ex.org/b>", "Or", ("Class", "NodeKind")),
        ],
        ("None", "QualifiedMinCount"): [('"x"', "Datatype", ())],
    }


def test_details_of_a_long_chain_of_shapes_end() -> None:
    chain = "".join(f"ex:S{n} a sh:NodeShape ; sh:node ex:S{n + 1} . " for n in range(60))
    [result] = found(chain + "ex:S0 sh:targetNode ex:a . ex:S60 sh:nodeKind sh:Literal .", "")
    depth = 0
    while result.details:
        [result] = result.details
        depth += 1
    assert depth == 3


def test_details_are_part_of_the_report_graph() -> None:
    shapes = "ex:S a sh:NodeShape ; sh:targetNode ex:a ; sh:node [ sh:nodeKind sh:Literal ] ."
    triples = list(validate(turtle(shapes), []).graph())
    [detail] = [t.object for t in triples if t.predicate == sh("detail")]
    assert [t.object for t in triples if t.subject == detail and t.predicate == sh("focusNode")] == [
        NamedNode("https://ex.org/a")
    ]


def told(result: Result) -> tuple[str, str, str]:
    return str(result.focus), name(result), str(result.value)


@pytest.mark.parametrize("few", [0, 1, 2, 3, 50])
def test_results_are_the_same_however_many_nodes_fail_before_a_set_of_them_is_too_large(
    monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    shapes = """ex:S a sh:NodeShape ; sh:targetClass ex:C ;
      sh:property [ sh:path ex:p ; sh:minCount 1 ; sh:datatype xsd:integer ; sh:maxCount 1 ] ,
                  [ sh:path ex:q ; sh:minCount 1 ; sh:hasValue 1 ; sh:pattern "^1" ] ."""
    data = "".join(f'ex:i{n} a ex:C ; ex:p {n} , "x{n}" . ' for n in range(4)) + "ex:j a ex:C ; ex:q 1 ."
    usual = Counter(told(result) for result in found(shapes, data))
    monkeypatch.setattr(engine, "_TOO_MANY", few)
    assert Counter(told(result) for result in found(shapes, data)) == usual
    assert usual.total() == 17


def test_the_focus_node_stands_in_messages_as_it_was_written() -> None:
    query = 'sh:sparql [ sh:message "{$this}" ; sh:select "SELECT $this { ?x <https://ex.org/p> $this }" ]'
    results = found(f"ex:S sh:targetObjectsOf ex:p ; {query} .", "ex:a ex:p 5, 05 .")
    assert {(result.focus.value, *(message.value for message in result.messages)) for result in results} == {
        ("5", "5"),
        ("05", "05"),
    }


def test_a_query_may_report_a_failure_and_then_nothing_is_known() -> None:
    query = 'sh:sparql [ sh:select "SELECT $this ?failure { BIND(true AS ?failure) }" ]'
    with pytest.raises(ShapeError, match="reports a failure"):
        found(f"ex:S sh:targetNode ex:a ; {query} .", "")


def test_a_message_names_twenty_of_the_values_that_are_allowed() -> None:
    values = " ".join(map(str, range(1000)))
    [result] = found(f"ex:S sh:targetNode ex:a ; sh:in ( {values} ) .", "")
    assert result.messages[0].value == f"Not one of {', '.join(map(str, range(20)))}, …."


@pytest.mark.parametrize(
    "where",
    ["GRAPH ?value { ?s ?p $this }", "OPTIONAL { GRAPH  ?value { ?s ?p $this } } FILTER(BOUND(?value))"],
)
def test_queries_do_not_see_the_graph_that_we_work_with(where: str) -> None:
    query = f'sh:sparql [ sh:select "SELECT $this ?value {{ {where} }}" ]'
    assert found(f"ex:S sh:targetNode ex:a ; {query} .", "ex:b ex:p ex:a .") == ()
