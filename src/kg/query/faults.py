"""What the engine gets wrong, told to whoever asks: a test fails when one of these is mended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One known fault: what happens, a query that shows it, what it gives, and what SPARQL says it should.

    `given` and `wanted` are results in CSV, the header line left out, rows joined by spaces. `way_round` says
    how to ask instead.
    """

    what: str
    query: str
    given: str
    wanted: str
    way_round: str


FAULTS: tuple[Fault, ...] = (
    Fault(
        "A path of length zero from a term that is nowhere in the data is not found.",
        "SELECT ?x { <urn:nowhere> <urn:p>* ?x }",
        "",
        "urn:nowhere",
        "Add the term itself: { ... } UNION { BIND(<urn:nowhere> AS ?x) }.",
    ),
    Fault(
        'BNODE("x") gives the same blank node in every row.',
        'SELECT (COUNT(DISTINCT ?b) AS ?n) { VALUES ?v { 1 2 } BIND(BNODE("x") AS ?b) }',
        "1",
        "2",
        "Use BNODE() without an argument, or BNODE(CONCAT(...)) with something of the row.",
    ),
    Fault(
        "GROUP_CONCAT of texts that share a language tag keeps the tag; it should give a plain text.",
        'SELECT (LANG(GROUP_CONCAT(?t)) AS ?l) { VALUES ?t { "a"@nb "b"@nb } }',
        "nb",
        '""',
        "Write STR(GROUP_CONCAT(...)).",
    ),
    Fault(
        "Numbers, booleans and times are kept by value: 01 comes as 1, 1.50 as 1.5, xsd:int as xsd:integer.",
        'SELECT ("01"^^<http://www.w3.org/2001/XMLSchema#integer> AS ?x) {}',
        "1",
        "01",
        "Take the documents of things or the dumps, which hold what was written.",
    ),
    Fault(
        "A sub-query in GRAPH ?g is evaluated over all graphs at once; MINUS and VALUES there see ?g bound.",
        "SELECT ?n { GRAPH ?g { SELECT (COUNT(*) AS ?n) { ?s ?p ?o } } }",
        "0",
        "",
        "Write SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ... } } GROUP BY ?g, and FILTER NOT EXISTS for MINUS.",
    ),
    Fault(
        "A function that the engine does not know is an error of the whole query, not an unbound value.",
        "SELECT (<urn:f>(1) AS ?x) {}",
        "error",
        '""',
        "Leave the function out.",
    ),
)
