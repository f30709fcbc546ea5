"""Facts about the tokens of SPARQL, and about what a query looks at by them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, QuerySolutions, Store

from kg.sparql import predicates

PREFIX = "PREFIX : <http://e/> "
NAMED = {
    "?k :s ?m ; :t ?n": "st",
    "?k :s* ?m ; :t ?n": "st",
    "?k :t ?n ; (:s/:u)* ?m . ?m :u ?x": "stu",
    "?k :s+ ?m FILTER(?m != ?k)": "s",
    "?k :s ?m FILTER NOT EXISTS { ?m :t ?k }": "st",
    "?k ^:s|:t ?m MINUS { ?m :u ?k }": "stu",
    "?k :s ?m OPTIONAL { ?m :t ?x }": "st",
    "{ SELECT ?k (COUNT(*) AS ?n) { ?k :s ?m } GROUP BY ?k }": "s",
    "?k :s ?m BIND(?m AS ?p) . ?m :t ?o": "st",
}
"""Patterns, and the predicates of which they must be known to look at no others."""
ANY = (
    "?k ?p ?m",
    "?k :s ?m ; ?p ?n",
    "?k :s* ?m",
    "?k :s? ?m",
    "?k (:s|:t)* ?m",
    "?k :s* ?m ; :t* ?n",
    "?a :s ?b ; :t ?c FILTER(?c != ?a) ?k :u* ?m",
    "?k !:s ?m",
    "?k :s [ ?p ?o ]",
    "?k x:s ?m",
    "?k <s> ?m",
    "?k <http://e/\\u0073> ?m",
    "?k :s ?m . ?m ?p ?k",
)


@pytest.mark.parametrize(("pattern", "letters"), NAMED.items())
def test_the_predicates_of_a_plain_query_are_those_it_names(pattern: str, letters: str) -> None:
    found = predicates(f"{PREFIX}SELECT * {{ {pattern} }}")
    assert found == frozenset(("http://e/", *(f"http://e/{letter}" for letter in letters)))


@pytest.mark.parametrize("pattern", ANY)
def test_where_a_predicate_may_be_any_none_is_told(pattern: str) -> None:
    assert predicates(f"{PREFIX}SELECT * {{ {pattern} }}") is None


def test_what_a_query_constructs_is_not_what_it_looks_at() -> None:
    assert predicates("CONSTRUCT { ?x <http://e/a> ?y ; ?p 1 } WHERE { ?x <http://e/b> ?y }") == frozenset(
        ["http://e/b"]
    )
    assert predicates("CONSTRUCT WHERE { ?x <http://e/a> ?y }") == frozenset(["http://e/a"])
    assert predicates("CONSTRUCT") == frozenset()


def node(letter: str) -> NamedNode:
    return NamedNode(f"http://e/{letter}")


TRIPLES = st.frozensets(st.tuples(*[st.sampled_from("abc")] * 2), max_size=4)


@given(st.sampled_from(sorted(NAMED)), st.fixed_dictionaries(dict.fromkeys("stuvw", TRIPLES)), TRIPLES)
def test_triples_with_other_predicates_change_no_answer(
    pattern: str, stated: dict[str, frozenset[tuple[str, str]]], more: frozenset[tuple[str, str]]
) -> None:
    query = f"{PREFIX}SELECT * {{ {pattern} }}"
    looks = predicates(query)
    assert looks is not None
    quads = {Quad(node(s), node(p), node(o)) for p, some in stated.items() for s, o in some}
    near = {quad for quad in quads if quad.predicate.value in looks}
    others = {Quad(node(f"other-{s}"), node("v"), node(o)) for s, o in more}
    assert answers(query, near) == answers(query, quads) == answers(query, near | others)


def answers(query: str, quads: set[Quad]) -> list[str]:
    store = Store()
    store.extend(quads)
    found = store.query(query)
    assert isinstance(found, QuerySolutions)
    return sorted(str([row[variable] for variable in found.variables]) for row in found)
