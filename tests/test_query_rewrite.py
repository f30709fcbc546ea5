"""A rewritten query has the answer of the query as it was written, on any graph."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, Store

from kg.query import worker
from kg.query.rewrite import Statistics, count, rewrite

PREFIXES = "PREFIX : <http://x/> PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> "
EQUAL = (
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "SELECT (COUNT(?s) AS ?n) WHERE { ?s :p ?o . }",
    "SELECT (COUNT(?o) AS ?n) { ?s :absent ?o }",
    "SELECT (COUNT(*) AS ?n) { ?s a ?o }",
    "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p ORDER BY DESC(?n) ?p",
    "SELECT (COUNT(?s) AS ?n) ?p { ?s ?p ?o } GROUP BY ?p",
    "SELECT ?c (COUNT(?x) AS ?n) { ?x a ?c } GROUP BY ?c",
    "SELECT ?c (COUNT(?x) AS ?n) { ?x rdf:type ?c } GROUP BY ?c ORDER BY ?c",
    "SELECT ?x { ?x :p/:q* :n1 }",
    "SELECT ?x { ?x :p* :n1 }",
    "SELECT ?x { ?x :p+ :absent }",
    "SELECT ?x { ?x :p* :absent }",
    "SELECT ?x { ?x ^:p/(:q|:p)* :n1 . FILTER(1 = 1) }",
    "SELECT (COUNT(DISTINCT ?x) AS ?n) { ?x :p/:q*/^:p :n2 }",
    "SELECT ?x ?y { ?x :q+ :n0 . ?y :p/:p? :n1 }",
    "SELECT ?x { ?x (:p/:q)* :n3 OPTIONAL { :n1 :p ?z } } ORDER BY ?x",
    "SELECT ?y { { ?x :p*/:q :n1 } UNION { :n1 :q ?y } }",
    "SELECT ?a ?l (COUNT(?x) AS ?n) { ?x :p ?a . ?a :label ?l } GROUP BY ?a ?l",
    "SELECT ?a ?l (COUNT(?x) AS ?n) { ?x :p ?a . ?a :label ?l FILTER(lang(?l) = 'en') } GROUP BY ?a ?l",
    "SELECT ?l (COUNT(*) AS ?n) (SAMPLE(?a) AS ?s) { ?x :p ?a ; :q ?b . ?a :label ?l } GROUP BY ?a ?l",
    "SELECT ?a ?l (SUM(?v) AS ?n) (AVG(?v) AS ?m) { ?x :p ?a ; :value ?v . ?a :label ?l } GROUP BY ?a ?l",
    "SELECT ?a (COUNT(DISTINCT ?y) AS ?n) { ?x :p ?a ; :q/:p* ?y . ?a :label ?l ; :q ?k } GROUP BY ?l ?k ?a",
    "SELECT ?a ?l (SUM(?v) AS ?n) { ?x :p ?a ; :value ?v . ?a :label ?l FILTER(?v > 1) } GROUP BY ?a ?l",
    "SELECT ?l (MIN(?v) AS ?n) { ?x :p ?a ; :value ?v ; :label ?l . ?a :q ?k } GROUP BY ?l ?x ?a ?k",
)  # fmt: skip
TYPED = (
    "SELECT ?x ?y (COUNT(*) AS ?n) { ?x a :n1 ; :p ?y } GROUP BY ?x ?y",
    "SELECT ?y (COUNT(?x) AS ?n) { ?x a :n1 . ?x :p ?y FILTER(?y != :n2) } GROUP BY ?y ORDER BY ?y",
    "SELECT (COUNT(*) AS ?n) { ?x :p ?y ; a :n1 , :n2 }".replace(" , ", " . ?x a "),
    "SELECT (COUNT(?x) AS ?n) { ?x rdf:type <http://x/n1> ; :p ?y . ?y :p ?z ; a :n1 }",
    "SELECT (COUNT(*) AS ?n) { ?x :p ?y . ?x a :n1 }",
)
"""Put differently where all subjects of :p are in :n1."""
UNTYPED = (
    "SELECT (COUNT(*) AS ?n) { ?x a :n2 ; :p ?y }",
    "SELECT (COUNT(*) AS ?n) { ?x a :n1 ; :q ?y }",
    "SELECT (COUNT(*) AS ?n) { ?x a :n1 . ?y :p ?x }",
    "SELECT (COUNT(*) AS ?n) { ?x a :n1 ; :p* ?y }",
    "SELECT (COUNT(*) AS ?n) { ?x a :n1 OPTIONAL { ?x :p ?y } }",
    "SELECT (COUNT(*) AS ?n) { ?x a ?c ; :p ?y }",
    "SELECT (COUNT(*) AS ?n) { ?x a :n1 . GRAPH ?g { ?x :p ?y } }",
    "SELECT ?x (COUNT(*) AS ?n) { ?x a :n1 ; :p ?y }",
)
LEFT_ALONE = (
    "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s :p ?o }",
    "SELECT (COUNT(*) AS ?n) { ?s :p ?s }",
    "SELECT (COUNT(*) AS ?n) { ?s :p :n1 }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o FILTER(?o = 1) }",
    "SELECT (COUNT(*) AS ?n) FROM <http://x/g> { ?s ?p ?o }",
    "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o } HAVING (COUNT(*) > 1)",
    "SELECT (COUNT(*) AS ?n) { ?s <p> ?o }",
    "SELECT DISTINCT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "SELECT ?x { ?x :p* ?y }",
    "SELECT ?x { ?x :p|:q* :n1 }",
    "SELECT ?x { ?x !:p* :n1 }",
    "SELECT ?x { ?x :p* :n1 ; :q ?y }",
    "SELECT ?x { ?x :p* :n1 , :n2 }",
    "SELECT ?x { ?x :p* :n1 . ?x :q ?y }",
    "SELECT ?a ?l (COUNT(?x) AS ?n) { ?x :p ?a . ?a :label ?l } GROUP BY ?a ?l HAVING (COUNT(?x) > 1)",
    "SELECT ?a ?l (COUNT(?x) AS ?n) { ?x :p ?a . ?a :label ?l FILTER(?x != ?l) } GROUP BY ?a ?l",
    "SELECT ?a (COUNT(?l) AS ?n) { ?x :p ?a . ?a :label ?l } GROUP BY ?a",
    "SELECT ?a ?l (COUNT(?x) AS ?n) { ?x :p ?a OPTIONAL { ?a :label ?l } } GROUP BY ?a ?l",
    "SELECT ?x { ?x ?p ?o } # count *",
)  # fmt: skip

LABELS = [Literal("a", language="en"), Literal("b", language="en"), Literal("a", language="nb")]
nodes = st.sampled_from([NamedNode(f"http://x/n{i}") for i in range(4)])
predicates = st.sampled_from([NamedNode(f"http://x/{name}") for name in ("p", "q")])
TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
statements = st.one_of(
    st.builds(Quad, nodes, predicates, nodes),
    st.builds(Quad, nodes, st.just(TYPE), nodes),
    st.builds(Quad, nodes, st.just(NamedNode("http://x/label")), st.sampled_from(LABELS)),
    st.builds(Quad, nodes, st.just(NamedNode("http://x/value")), st.sampled_from([*map(Literal, range(4))])),
)  # fmt: skip


def rows(store: Store, text: str, statistics: Statistics | None, *, plain: bool) -> Counter[str]:
    asked: dict[str, Any] = {"text": text, "default": [], "named": [], "base": None, "format": "json",
                             "cap": 10**7, "plain": plain}  # fmt: skip
    reply = worker.answer(store, asked, statistics)
    assert "failure" not in reply.head, reply.head
    found = json.loads(bytes(reply.body))["results"]["bindings"]
    return Counter(json.dumps(row, sort_keys=True) for row in found)


@pytest.mark.parametrize("query", EQUAL)
def test_these_queries_are_put_differently(query: str) -> None:
    assert rewrite(PREFIXES + query, Statistics({}, {})) is not None


@settings(max_examples=150, deadline=None)
@given(st.lists(statements, max_size=25))
def test_a_rewritten_query_has_the_same_answer(graph: list[Quad]) -> None:
    store = Store()
    store.bulk_extend(graph)
    statistics = count(store, large=0)
    for query in (*EQUAL, *TYPED):
        if "SAMPLE" in query:
            continue
        text = PREFIXES + query
        assert rows(store, text, statistics, plain=False) == rows(store, text, None, plain=True), query


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(Quad, nodes, predicates, nodes), max_size=15))
def test_a_class_that_follows_need_not_be_asked_for(graph: list[Quad]) -> None:
    store = Store()
    store.bulk_extend([*graph, *(Quad(q.subject, TYPE, NamedNode("http://x/n1")) for q in graph)])
    statistics = count(store, large=0)
    for query in TYPED:
        text = PREFIXES + query
        assert rows(store, text, statistics, plain=False) == rows(store, text, None, plain=True), query


DOMAINS = Statistics({"http://x/p": 1}, {}, {"http://x/p": frozenset({"http://x/n1"})})


@pytest.mark.parametrize("query", TYPED)
def test_a_class_that_follows_is_left_out(query: str) -> None:
    changed = rewrite(PREFIXES + query, DOMAINS)
    assert changed is not None
    assert ":n1 " not in changed.partition("{")[2].replace("a :n2", "")


@pytest.mark.parametrize("query", UNTYPED)
def test_a_class_that_does_not_follow_is_asked_for(query: str) -> None:
    assert rewrite(PREFIXES + query, DOMAINS) is None


def test_domains_are_the_classes_of_all_subjects() -> None:
    store = Store()
    n, p, q = (NamedNode(f"http://x/{name}") for name in ("n", "p", "q"))
    store.extend([Quad(n, TYPE, q), Quad(n, p, q), Quad(q, p, n), Quad(n, q, p)])
    assert count(store, large=0).domains == {TYPE.value: {q.value}, q.value: {q.value}}
    assert count(store).domains == {}


@pytest.mark.parametrize("query", LEFT_ALONE)
def test_these_queries_are_left_as_they_are(query: str) -> None:
    assert rewrite(PREFIXES + query, Statistics({"http://x/p": 1}, {})) is None


def test_without_statistics_nothing_is_counted_beforehand() -> None:
    assert rewrite("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }") is None


@given(st.text(alphabet="SELECT?x{}.:pq*/+()COUNT GROUPBY<http://>^|\"'#", max_size=120))
def test_any_text_can_be_tried(text: str) -> None:
    rewrite(text, Statistics({}, {}))
