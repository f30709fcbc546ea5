"""What a finding says about how to mend it."""

from __future__ import annotations

import pytest
from pyoxigraph import RdfFormat, parse

from kg.check.hints import mend
from kg.check.shacl import validate

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix ex: <https://ex.org/> .
"""


@pytest.mark.parametrize(
    ("constraint", "value", "hint"),
    [
        ('sh:in ( "planned" "active" )', '"plannd"', ('Did you mean "planned"?', 'Mente du "planned"?')),
        (
            "sh:in ( skos:Concept skos:Collection )",
            "skos:Concpt",
            ("Did you mean skos:Concept?", "Mente du skos:Concept?"),
        ),
        ('sh:in ( "planned" )', '"zzz"', None),
        (
            "sh:datatype xsd:decimal",
            '"1880000"',
            ('Write "1880000"^^xsd:decimal.', 'Skriv "1880000"^^xsd:decimal.'),
        ),
        ("sh:datatype xsd:date", '"yesterday"', None),
        (
            'sh:languageIn ( "nb" "nn" )',
            '"Roan"',
            ("Add a language: @nb, @nn.", "Legg til et språk: @nb, @nn."),
        ),
        ('sh:languageIn ( "nb" )', '"Roan"@de', None),
        (
            "sh:nodeKind sh:IRI",
            '"https://ex.org/x"',
            (
                "Write <https://ex.org/x>, without quotation marks.",
                "Skriv <https://ex.org/x>, uten anførselstegn.",
            ),
        ),
        ("sh:nodeKind sh:IRI", '"ex.org"', None),
        ("sh:lessThan ex:q", "9", ("The two values may be swapped.", "De to verdiene kan være byttet om.")),
    ],
)
def test_a_hint_says_what_was_probably_meant(
    constraint: str, value: str, hint: tuple[str, str] | None
) -> None:
    shapes = f"ex:S sh:targetNode ex:a ; sh:property [ sh:path ex:p ; {constraint} ] ."
    both = [
        list(parse((PREFIXES + text).encode(), format=RdfFormat.TURTLE))
        for text in (shapes, f"ex:a ex:p {value} ; ex:q 5 .")
    ]
    [result] = validate(*both).results
    assert mend(result) == hint
