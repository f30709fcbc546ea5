"""Facts about a validation that is kept: after any change it says what a new one would say."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from kg.check.shacl import Result, validate
from kg.check.shacl.changes import Kept, Look, looks_along
from kg.check.shacl.engine import DataStore, Plan
from kg.check.shacl.shapes import ShapesGraph, Step, read_path
from tests.test_shacl_differential import DATA, QUERIES, TARGETS, node_shapes, turtle


def triples(text: str) -> frozenset[Triple]:
    return frozenset(quad.triple for quad in turtle(text))


def keys(results: Iterable[Result]) -> Counter[tuple[str, ...]]:
    """Give what tells results apart, with how often each stands."""
    return Counter(
        (str(r.focus), str(r.component), str(r.shape), r.path.text if r.path else "", str(r.value),
         str(sorted(map(str, r.messages))))
        for r in results
    )  # fmt: skip


CLASSES = tuple(
    f"{one} rdfs:subClassOf {other} ." for one, other in permutations(("ex:C", "ex:D", "ex:a", "_:x"), 2)
)


ASKS = (
    'sh:sparql [ sh:select "SELECT $this ?value { $this <https://ex.org/q> ?value . '
    '?x <https://ex.org/q> ?value FILTER(?x != $this) }" ]'
)
"""Of each node whose value another node has too: a change of one is seen at the other."""


def assert_as_new(shapes_text: str, versions: list[str]) -> Kept:
    """Change data from one version to the next, and compare with validations from scratch."""
    shapes = turtle(shapes_text)
    graph = ShapesGraph(shapes)
    before = triples(versions[0])
    kept = Kept(Plan(graph), DataStore(turtle(versions[0]), graph))
    for text in versions[1:]:
        now = triples(text)
        kept.change(before - now, now - before)
        new = validate(shapes, turtle(text))
        assert (keys(kept.outcome.results), kept.outcome.notes) == (keys(new.results), new.notes)
        before = now
    return kept


@settings(max_examples=int(os.environ.get("KG_EXAMPLES", "150")), deadline=None,
          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
@given(
    st.lists(
        st.tuples(TARGETS, node_shapes(), st.sampled_from(["", "", f"; {ASKS}"])), min_size=1, max_size=3
    ),
    st.lists(st.tuples(DATA, st.sets(st.sampled_from(CLASSES))), min_size=2, max_size=4),
)
def test_after_any_change_the_results_are_those_of_a_new_validation(
    shapes: list[tuple[str, str, str]], versions: list[tuple[str, set[str]]]
) -> None:
    """Classes change their places too, and some shapes have a query."""
    text = "".join(
        f"ex:S{i} a sh:NodeShape ; {target} ; {body.removeprefix('[').removesuffix(']')} {more} .\n"
        for i, (target, body, more) in enumerate(shapes)
    )
    fixed = "ex:D rdfs:subClassOf ex:C .\n"
    assert_as_new(text, [data.removeprefix(fixed) + " ".join(sorted(some)) for data, some in versions])


@settings(max_examples=int(os.environ.get("KG_EXAMPLES", "60")), deadline=None,
          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
@given(node_shapes(), DATA, st.data())
def test_small_changes_are_enough(shape: str, data: str, draw: st.DataObject) -> None:
    """One line comes or goes at a time, so that much of what was found is kept."""
    lines = data.splitlines()
    versions = [data]
    for _ in range(3):
        gone = draw.draw(st.integers(1, len(lines) - 1))
        versions.append("\n".join(line for n, line in enumerate(lines) if n != gone))
        versions.append(data)
    body = shape.removeprefix("[").removesuffix("]")
    assert_as_new(
        f"ex:S a sh:NodeShape ; sh:targetClass ex:C ; sh:targetSubjectsOf ex:p ; {body} .", versions
    )


def named(text: str, name: str) -> list[Quad]:
    """Give the quads of a text, blank nodes named by their order: the same text says the same twice."""
    names: dict[object, BlankNode] = {}

    def same(node: object) -> object:
        if isinstance(node, BlankNode):
            return names.setdefault(node, BlankNode(f"{name}n{len(names)}"))
        return node

    return [Quad(same(q.subject), q.predicate, same(q.object)) for q in turtle(text)]  # type: ignore[arg-type]


def shapes_of(targets: Iterable[tuple[str, str]]) -> list[Quad]:
    """Give named shapes: some with a target, each of which may refer to the next ones."""
    return [
        quad
        for i, (target, body) in enumerate(targets)
        for quad in named(
            f"ex:S{i} a sh:NodeShape ; {target} ; {body.removeprefix('[').removesuffix(']')} .", f"s{i}"
        )
    ]


@settings(max_examples=int(os.environ.get("KG_EXAMPLES", "150")), deadline=None,
          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
@given(
    st.lists(st.tuples(TARGETS, node_shapes()), min_size=2, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), TARGETS, node_shapes()), min_size=1, max_size=3),
    DATA,
)
def test_after_any_change_of_shapes_the_results_are_those_of_a_new_validation(
    shapes: list[tuple[str, str]], edits: list[tuple[int, str, str]], data: str
) -> None:
    """Shapes come, go and change, one at a time; the others stay as they are."""
    graph = ShapesGraph(shapes_of(shapes))
    kept = Kept(Plan(graph), DataStore(turtle(data), graph))
    for number, target, body in edits:
        shapes[number : number + 1] = [(target, body)]
        for some in (shapes, shapes[:-1], shapes):
            kept.replace_shapes(Plan(ShapesGraph(shapes_of(some))))
            assert keys(kept.outcome.results) == keys(validate(shapes_of(some), turtle(data)).results)


REFERRING = """ex:S sh:targetClass ex:C ; sh:property ex:P .
    ex:T sh:targetClass ex:D ; sh:property ex:P, ex:Q . ex:U sh:targetNode ex:a ; sh:node ex:N .
    ex:P sh:path ex:p ; sh:minCount 1 . ex:Q sh:path ex:q ; sh:minCount 1 . ex:N sh:property ex:R .
    ex:R sh:path [ sh:inversePath ex:r ] ; sh:maxCount 0 ."""


@pytest.mark.parametrize(
    ("old", "new", "renewed"),
    [
        ("ex:x", "ex:y", (0, 3)),
        ("ex:q ; sh:minCount 1", "ex:q ; sh:minCount 2", (2, 3)),
        ("ex:p ; sh:minCount 1", "ex:p ; sh:minCount 2", (2, 3)),
        ("sh:maxCount 0", "sh:maxCount 1", (1, 3)),
        ("sh:targetNode ex:a", "sh:targetNode ex:b", (1, 3)),
        ("sh:targetNode ex:a", "sh:targetSubjectsOf ex:p, ex:r", (1, 3)),
        ("ex:U sh:targetNode ex:a ;", "ex:U sh:deactivated true ; sh:targetNode ex:a ;", (1, 3)),
        ("ex:U sh:targetNode ex:a ;", "ex:U", (0, 2)),
        ("ex:S sh:targetClass", "ex:S a sh:NodeShape, rdfs:Class ; sh:targetClass", (2, 3)),
    ],
)
def test_shapes_that_stay_are_not_validated_again(old: str, new: str, renewed: tuple[int, int]) -> None:
    """Those are that tell results of a shape with one that changed, such as S and T of P."""
    data = "ex:a a ex:C, ex:D ; ex:r ex:b . ex:b a ex:D ; ex:p 1 ; ex:r ex:a . ex:c a ex:S ."
    graph = ShapesGraph(turtle(REFERRING))
    kept = Kept(Plan(graph), DataStore(turtle(data), graph))
    shapes = turtle(REFERRING.replace(old, new))
    kept.replace_shapes(Plan(ShapesGraph(shapes)))
    assert (kept.renewed, keys(kept.outcome.results)) == (
        renewed,
        keys(validate(shapes, turtle(data)).results),
    )


def test_a_query_that_asks_for_the_shapes_sees_those_that_are() -> None:
    shapes = """ex:S sh:targetNode ex:a ; sh:sparql [ sh:select
        "SELECT $this ?value { GRAPH $shapesGraph { $this <https://ex.org/note> ?value } }" ] ."""
    graph = ShapesGraph(turtle(shapes))
    kept = Kept(Plan(graph), DataStore(turtle("ex:a ex:p ex:b ."), graph))
    noted = turtle(shapes + " ex:a ex:note 1 .")
    found = kept.replace_shapes(Plan(ShapesGraph(noted)))
    assert ([str(r.value) for r in found.results], kept.renewed) == (
        ['"1"^^<http://www.w3.org/2001/XMLSchema#integer>'],
        None,
    )
    assert kept.replace_shapes(Plan(ShapesGraph(turtle(shapes)))).results == ()


@pytest.mark.parametrize("query", QUERIES)
def test_queries_of_users_are_asked_again_of_all_their_nodes(query: str) -> None:
    shapes = f'''ex:S sh:path ex:p ; sh:targetClass ex:C ; sh:targetNode ex:c ;
            sh:sparql [ sh:prefixes ex:P ; sh:select """{query}""" ] .
        ex:P sh:declare [ sh:prefix "ex" ; sh:namespace "https://ex.org/"^^xsd:anyURI ] .'''
    first = "ex:a a ex:C ; ex:p ex:b, ex:c ; ex:q 3 . ex:b a ex:C ; ex:p ex:c . ex:c ex:q 2 ."
    assert_as_new(shapes, [first, first + " ex:c a ex:C ; ex:q 1 . ex:b ex:p ex:d .", "ex:a a ex:C .", first])


@pytest.mark.parametrize(
    "shapes",
    [
        f"ex:S sh:targetClass ex:C ; sh:class ex:D ; {ASKS} .",
        f"ex:S sh:targetClass ex:C ; sh:property ex:P . ex:T sh:targetClass ex:D ; sh:property ex:P . "
        f"ex:P sh:path ex:p ; sh:minCount 1 ; {ASKS} .",
        f"ex:S sh:targetClass ex:C ; sh:node ex:N, ex:M . ex:N {ASKS} . ex:M sh:closed true .",
        f"ex:S sh:targetClass ex:C ; sh:or ( ex:N ex:M ) ; sh:not ex:N . ex:N {ASKS} . ex:M sh:class ex:D .",
        f"ex:S sh:targetClass ex:C ; sh:not ex:P ; sh:property ex:P, ex:R . ex:T sh:targetClass ex:D ; "
        f"sh:property ex:P . ex:P sh:path ex:p ; sh:maxCount 0 ; sh:node ex:N . ex:N {ASKS} ; "
        "sh:class ex:D . ex:R sh:path ex:q ; sh:minCount 1 .",
        f"ex:S sh:targetClass ex:C ; sh:node ex:N . ex:N sh:property ex:P ; sh:targetClass ex:D . "
        f"ex:P sh:path ex:p ; sh:minCount 1 ; {ASKS} .",
        f"ex:S sh:targetClass ex:C ; sh:property [ sh:path ex:p ; sh:qualifiedValueShape ex:N ; "
        f"sh:qualifiedMinCount 1 ; sh:qualifiedValueShapesDisjoint true ], [ sh:path ex:p ; "
        f"sh:qualifiedValueShape ex:M ; sh:qualifiedMinCount 1 ] . ex:N {ASKS} . ex:M sh:class ex:D .",
    ],
)
def test_what_hangs_on_a_query_is_asked_again_wherever_it_is_told(shapes: str) -> None:
    """The values that a query compares may change far from the nodes that it is about."""
    first = """ex:a a ex:C ; ex:p ex:b ; ex:q 1 . ex:b a ex:D ; ex:q 2 .
        ex:c a ex:C, ex:D ; ex:p ex:c ; ex:q 3 ."""
    more = (" ex:x ex:q 1, 2 .", " ex:x ex:q 3 .", " ex:b ex:q 1 .", " ex:a ex:r 1 .")
    other = first.replace("a ex:C ; ex:p ex:b", "ex:r ex:b")
    kept = assert_as_new(shapes, [first, *(first + one for one in more), other, first])
    assert kept.looked_at is not None


def test_a_change_is_looked_at_where_it_is_seen_from() -> None:
    """A village loses its class: the project that points to it is looked at again, its neighbour is not."""
    shapes = "ex:S sh:targetClass ex:Project ; sh:property [ sh:path ex:at ; sh:class ex:Village ] ."
    data = "ex:a a ex:Project ; ex:at ex:x . ex:b a ex:Project ; ex:at ex:y . ex:y a ex:Village ."
    kept = assert_as_new(shapes, [data + " ex:x a ex:Village .", data])
    assert ([r.focus for r in kept.outcome.results], kept.looked_at) == ([NamedNode("https://ex.org/a")], 2)


def test_what_no_shape_looks_at_is_not_looked_at() -> None:
    shapes = "ex:S sh:targetClass ex:C ; sh:property [ sh:path ex:p ; sh:minCount 1 ] ."
    assert assert_as_new(shapes, ["ex:a a ex:C .", "ex:a a ex:C ; ex:r 1 ."]).looked_at == 0


def test_instances_of_a_class_that_gets_a_superclass_are_looked_at_again_and_who_points_to_them() -> None:
    shapes = """ex:S sh:targetClass ex:C ; sh:property [ sh:path ex:p ; sh:minCount 1 ] .
        ex:T sh:targetSubjectsOf ex:q ; sh:property [ sh:path ex:q ; sh:class ex:C ] ."""
    data = "ex:a a ex:E . ex:E rdfs:subClassOf ex:D . ex:b ex:q ex:a . ex:c a ex:C . ex:d ex:q ex:c ."
    more = " ex:D rdfs:subClassOf ex:C . _:x rdfs:subClassOf ex:C ."
    assert assert_as_new(shapes, [data, data + more, data]).looked_at == 2


def test_two_ways_to_write_a_value_are_one_value_until_both_are_gone() -> None:
    shapes = """ex:S sh:targetNode ex:a ; sh:sparql [ sh:select
        "SELECT $this ?value { $this <https://ex.org/p> ?value FILTER(?value = 1) }" ] ."""
    both = 'ex:a ex:p "01"^^xsd:integer, "001"^^xsd:integer .'
    assert_as_new(shapes, [both, 'ex:a ex:p "001"^^xsd:integer .', "ex:a ex:q 1 .", both])


def test_a_property_shape_that_asks_for_others_is_looked_at_whole() -> None:
    shapes = """ex:S sh:targetClass ex:C ; sh:property [ sh:path ex:p ; sh:property [ sh:path ex:q ;
        sh:minCount 1 ] ] ."""
    data = "ex:a a ex:C ; ex:p ex:x . ex:b a ex:C ; ex:p ex:x ."
    assert assert_as_new(shapes, [data, data + " ex:x ex:q 1 .", data]).looked_at is None


@pytest.mark.parametrize(
    ("path", "looks"),
    [
        ("ex:p", ["p"]),
        ("[ sh:inversePath ex:p ]", ["^p"]),
        ("( ex:p ex:q )", ["p", "p/q"]),
        ("[ sh:inversePath ( ex:p ex:q ) ]", ["^q", "^q/^p"]),
        ("[ sh:alternativePath ( ex:p ex:q ) ]", ["p", "q"]),
        ("[ sh:zeroOrMorePath ex:p ]", ["p*/p"]),
        ("[ sh:inversePath [ sh:oneOrMorePath ex:p ] ]", ["^p*/^p"]),
        ("( [ sh:zeroOrOnePath ex:p ] ex:q )", ["p", "p?/q"]),
    ],
)
def test_a_path_looks_at_each_of_its_steps(path: str, looks: list[str]) -> None:
    graph = ShapesGraph(turtle(f"ex:S sh:path {path} ."))
    owner = NamedNode("https://ex.org/S")
    step = read_path(graph, graph.values(owner, NamedNode("http://www.w3.org/ns/shacl#path"))[0], owner)
    assert [spelt(look) for look in looks_along(step)] == looks


def spelt(look: Look) -> str:
    last = Step("predicate", look.predicate)
    steps = [*look.walk, Step("^", parts=(last,)) if look.back else last]
    text = "/".join(step.text() for step in steps)
    return text.replace("<https://ex.org/", "").replace(">", "").replace("(", "").replace(")", "")


def test_ends_are_subjects_or_values() -> None:
    p = NamedNode("https://ex.org/p")
    found = [Triple(BlankNode("a"), p, Literal("x"))]
    assert list(Look((), p).ends(found)) == [BlankNode("a")]
    assert list(Look((), p, back=True).ends(found)) == [Literal("x")]
    assert list(Look((), NamedNode("https://ex.org/q")).ends(found)) == []


def test_statements_about_statements_that_come_and_go_are_noted_as_by_a_new_validation() -> None:
    shapes = "ex:S sh:targetSubjectsOf ex:p ; sh:property [ sh:path ex:p ; sh:nodeKind sh:Literal ] ."
    plain = "ex:a ex:p ex:b ."
    assert_as_new(shapes, [plain, f"{plain} ex:a ex:q <<( ex:a ex:p ex:b )>> .", plain, "ex:a ex:p 1 ."])
