"""What follows from what was written."""

import os
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Triple

from kg import derive, rdfio
from kg.derive import Axioms, Derivation, Rule, read_axioms
from kg.errors import SourceError

PREFIXES = """\
@prefix : <http://x/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""


def derived(text: str, *rules: str) -> list[str]:
    quads = list(rdfio.read((PREFIXES + text).encode(), rdfio.FORMATS[0]))
    found = derive.derive(quads, quads, [Rule(f"rule {n}", rule) for n, rule in enumerate(rules)])
    return sorted(str(triple).replace("http://x/", "") for triple in found)


def test_types_and_values_climb_to_superclasses_and_superproperties() -> None:
    text = ":A rdfs:subClassOf :B . :B rdfs:subClassOf :C . :p rdfs:subPropertyOf :q . :x a :A ; :p 1 ."
    assert derived(text) == [
        '<x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <B>',
        '<x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <C>',
        '<x> <q> "1"^^<http://www.w3.org/2001/XMLSchema#integer>',
    ]  # fmt: skip


def test_inverse_and_symmetric_properties_turn_round_but_not_for_literals() -> None:
    text = ":p owl:inverseOf :q . :s a owl:SymmetricProperty . :a :p :b, 1 . :c :q :d . :e :s :f ."
    assert derived(text) == ["<b> <q> <a>", "<d> <p> <c>", "<f> <s> <e>"]


def test_chains_and_transitive_properties_join() -> None:
    axioms = ":u owl:propertyChainAxiom (:p :q) . :t a owl:TransitiveProperty ."
    text = f"{axioms} :a :p :b . :b :q :c . :c :t :d . :d :t :e ."
    assert derived(text) == ["<a> <u> <c>", "<c> <t> <e>"]


def test_a_chain_sees_what_another_axiom_derived() -> None:
    text = ":u owl:propertyChainAxiom (:p :q) . :r owl:inverseOf :p . :b :r :a . :b :q :c ."
    assert derived(text) == ["<a> <p> <b>", "<a> <u> <c>"]


def test_rules_and_axioms_feed_each_other() -> None:
    rule = "PREFIX : <http://x/> CONSTRUCT { ?a :funds ?b } WHERE { ?b :by ?a }"
    assert derived(":fundedBy owl:inverseOf :funds . :p :by :o .", rule) == [
        "<o> <funds> <p>",
        "<p> <fundedBy> <o>",
    ]


def test_what_is_written_is_not_derived_again() -> None:
    assert derived(":s a owl:SymmetricProperty . :a :s :b . :b :s :a .") == []


def test_a_rule_that_is_no_construct_query_is_named() -> None:
    with pytest.raises(SourceError, match="rule 0: a rule must be a CONSTRUCT query"):
        derived(":a :b :c .", "SELECT * { ?s ?p ?o }")


def test_a_rule_that_is_no_sparql_is_named() -> None:
    with pytest.raises(SourceError, match="rule 0: not SPARQL"):
        derived(":a :b :c .", "CONSTRUCT {")


AXIOMS = (
    ":A rdfs:subClassOf :B .",
    ":B rdfs:subClassOf :C .",
    ":p rdfs:subPropertyOf :q .",
    ":q owl:inverseOf :r .",
    ":s a owl:SymmetricProperty .",
    ":t a owl:TransitiveProperty .",
    ":u owl:propertyChainAxiom (:p :t) .",
    ":t rdfs:subPropertyOf :s .",
)
RULES = (
    "PREFIX : <http://x/> CONSTRUCT { ?b :t ?a } WHERE { ?a :u ?b }",
    "PREFIX : <http://x/> CONSTRUCT { ?a a :A } WHERE { ?a :r ?b FILTER NOT EXISTS { ?a :s ?b } }",
    "PREFIX : <http://x/> CONSTRUCT { ?a :v ?b } WHERE { ?a :p ?any ; :q* ?b }",
    "PREFIX : <http://x/> CONSTRUCT { ?a :w ?b } WHERE { ?a :t* ?b }",
    "PREFIX : <http://x/> CONSTRUCT { ?a :x ?p } WHERE { ?a ?p ?b . ?b a :C }",
)
STATED = st.frozensets(
    st.one_of(
        st.tuples(st.sampled_from(":a :b :c :d".split()), st.sampled_from(":p :q :r :s :t :u".split()),
                  st.sampled_from(":a :b :c :d 1 01".split())),
        st.tuples(st.sampled_from(":a :b".split()), st.just("a"), st.sampled_from(":A :B".split())),
    ),
    max_size=10,
)  # fmt: skip


def triples(stated: frozenset[tuple[str, ...]]) -> set[Triple]:
    text = PREFIXES + "".join(f"{' '.join(triple)} .\n" for triple in stated)
    return {quad.triple for quad in rdfio.read(text.encode(), rdfio.FORMATS[0])}


def axioms_of(said: Iterable[str]) -> Axioms:
    return read_axioms(rdfio.read((PREFIXES + " ".join(sorted(said))).encode(), rdfio.FORMATS[0]))


@settings(max_examples=int(os.environ.get("KG_EXAMPLES", "300")), deadline=None)
@given(
    versions=st.lists(st.tuples(STATED, st.sets(st.sampled_from(AXIOMS))), min_size=2, max_size=4),
    chosen=st.sets(st.sampled_from(RULES)),
)
def test_after_any_change_the_same_follows_as_from_scratch(
    versions: list[tuple[frozenset[tuple[str, ...]], set[str]]], chosen: set[str]
) -> None:
    """Axioms come and go too."""
    rules = [Rule(f"rule {n}", text) for n, text in enumerate(RULES) if text in chosen]
    before, axioms = triples(versions[0][0]), axioms_of(versions[0][1])
    changing = Derivation(before, axioms, rules)
    for stated, said in versions[1:]:
        now, axioms = triples(stated), axioms_of(said)
        kept = derive.stored(now & before)
        gone = derive.stored(before - now) - kept
        changing.change(gone, now - before, axioms)
        assert changing.derived == Derivation(now, axioms, rules).derived
        before = now
