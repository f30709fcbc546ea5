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
        "A function that the engine does not know is an error of the whole query, not an unbound value.",
        "SELECT (<urn:f>(1) AS ?x) {}",
        "error",
        '""',
        "Leave the function out.",
    ),
)
