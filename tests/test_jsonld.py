"""Facts about JSON-LD documents."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Triple

from kg.jsonld import Context

THING = NamedNode("https://ex.org/x")


def test_the_context_in_a_document_has_only_what_the_document_uses() -> None:
    context = Context({}, {"ex": "https://ex.org/", "rdfs": "http://www.w3.org/2000/01/rdf-schema#"})
    label = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    assert json.loads(context.write([Triple(THING, label, Literal("Å", language="nb"))], THING.value)) == {
        "@context": {
            "id": "@id",
            "type": "@type",
            "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
            "rdfs:label": {"@id": "http://www.w3.org/2000/01/rdf-schema#label", "@container": "@language"},
        },
        "id": "https://ex.org/x",
        "rdfs:label": {"nb": "Å"},
    }


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, unique=True))
def test_documents_are_laid_out_as_json_with_an_indent_of_two(texts: list[str]) -> None:
    triples = [Triple(THING, NamedNode("https://ex.org/p"), Literal(text)) for text in texts]
    written = Context({}, {}).write(triples, THING.value).decode()
    assert written == json.dumps(json.loads(written), ensure_ascii=False, indent=2) + "\n"
